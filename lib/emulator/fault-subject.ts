import { personOf } from './connect/person';
import { isOfPlatform } from './faults/endpoints';
import type { FaultSubject } from './faults/fault-plan';
import type { IncomingRequest } from './http/incoming-request';
import { PATHS } from './http/paths';
import { postedParameters } from './sns/account/json-parameters';
import type { Grant } from './world/credentials/grants';
import type { EmulatorUser } from './world/people/users';
import type { World } from './world/world';

type Parameters = Readonly<Record<string, string | undefined>>;

/** The app, user and code that a request is about, for the option `match` of a planned fault. */
export function faultSubject(incoming: IncomingRequest, world: World): FaultSubject {
  const parameters = parametersOf(incoming);
  const code = parameters['code'] ?? parameters['js_code'];
  const grant = world.codes.grantOf(code) ?? grantOfToken(parameters, world);
  const qrLogin = world.qrLogins.find(parameters['uuid']);
  const accountToken = world.accountTokens.find(parameters['access_token'] ?? '');
  return {
    app: parameters['appid'] ?? (qrLogin ?? grant)?.app.appId ?? accountToken?.appId,
    user: (grant?.user ?? qrLogin?.user ?? personAtPage(incoming, world))?.id,
    code,
  };
}

function parametersOf(incoming: IncomingRequest): Parameters {
  const { path, query, form } = incoming;
  if (path === '/cgi-bin/stable_token') return postedParameters(incoming);
  // The platform asks for its own token: its AppID stands in place of an app's.
  if (isOfPlatform(path)) return { appid: postedParameters(incoming)['component_appid'] };
  return { ...query, ...form };
}

function grantOfToken(
  { access_token: access = '', refresh_token: refresh = '' }: Parameters,
  { tokens }: World,
): Grant | undefined {
  return (tokens.byAccessToken(access) ?? tokens.byRefreshToken(refresh))?.grant;
}

const PAGES: readonly string[] = [PATHS.authorize, PATHS.qrconnect, PATHS.confirm];

function personAtPage(incoming: IncomingRequest, world: World): EmulatorUser | undefined {
  if (!PAGES.includes(incoming.path)) return undefined;
  return world.users.find(incoming.form['person']) ?? personOf(incoming, world);
}
