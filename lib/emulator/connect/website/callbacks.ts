import type { EmulatorUser } from '../../world/people/users';
import type { World } from '../../world/world';
import { websiteCallback } from '../callback-url';
import type { WebsiteRequest } from './request';

/** A fresh code for a person who confirmed on the phone. */
export const websiteCode = (
  request: Pick<WebsiteRequest, 'app' | 'scopes'>,
  user: EmulatorUser,
  world: World,
): string => world.codes.issue({ app: request.app, user, scopes: request.scopes, virtual: false });

/** The page itself goes there once the poll brought a code. */
export const confirmedCallback = (request: WebsiteRequest, code: string): string =>
  websiteCallback(request.redirectURI, { code, state: request.state });

/** Nothing comes back from a refused QR login; the English documentation alone tells of a redirect with `state`. */
export const refusedCallback = (request: WebsiteRequest, world: World): string | undefined =>
  world.switches.denial === 'state-only'
    ? websiteCallback(request.redirectURI, { state: request.state })
    : undefined;
