import { PATHS } from '../http/paths';
import { badInput } from '../world/bad-input';
import type { FaultMatch } from './fault';

/**
 * The path of an endpoint that can fail.
 *
 * @throws Error if there is no such endpoint, because a misspelled one would never fail.
 */
export function endpointPath(name: string): string {
  const found = Object.entries(ENDPOINTS).find(([path, names]) => path === name || names.includes(name));
  if (found) return found[0];
  throw badInput(
    new Error(
      `The emulator has no endpoint ${JSON.stringify(name)}. ` +
        `Give one of ${ENDPOINT_NAMES.join(', ')}, or its whole path.`,
    ),
  );
}

const CODE_ENDPOINTS = [
  '/sns/oauth2/access_token',
  '/sns/jscode2session',
  '/sns/oauth2/component/access_token',
  '/sns/component/jscode2session',
];

/** The API at which a third-party platform asks for its own token: its requests are of no app. */
const PLATFORM_ENDPOINT = '/cgi-bin/component/api_component_token';

/** Every path that can fail, and its short names. */
const ENDPOINTS: Readonly<Record<string, readonly string[]>> = {
  '/sns/oauth2/access_token': ['access_token'],
  '/sns/oauth2/refresh_token': ['refresh_token'],
  '/sns/auth': ['auth'],
  '/sns/userinfo': ['userinfo'],
  '/sns/jscode2session': ['jscode2session'],
  '/sns/oauth2/component/access_token': ['component/access_token'],
  '/sns/oauth2/component/refresh_token': ['component/refresh_token'],
  '/sns/component/jscode2session': ['component/jscode2session'],
  '/cgi-bin/token': ['token'],
  '/cgi-bin/stable_token': ['stable_token'],
  '/cgi-bin/ticket/getticket': ['getticket'],
  [PLATFORM_ENDPOINT]: ['api_component_token'],
  [PATHS.authorize]: ['authorize'],
  [PATHS.qrconnect]: ['qrconnect'],
  [PATHS.poll]: ['l/qrconnect', 'poll'],
  [PATHS.confirm]: ['confirm'],
};

/** The conditions that a request to this path can fit. */
export function conditionsOf(path: string): Readonly<Record<keyof FaultMatch, boolean>> {
  return { app: true, user: !path.startsWith('/cgi-bin/'), code: CODE_ENDPOINTS.includes(path) };
}

/** Whether the AppID of a request to this path is that of a third-party platform. */
export function isOfPlatform(path: string): boolean {
  return path === PLATFORM_ENDPOINT;
}

export const ENDPOINT_NAMES: readonly string[] = Object.values(ENDPOINTS).flat();
