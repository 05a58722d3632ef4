import type { EmulatorUser } from '../../world/people/users';
import type { World } from '../../world/world';
import { websiteCallbackURL } from '../callback-url';
import type { WebsiteRequest } from './request';

/** A fresh code for a person who confirmed on the phone. */
export function issueWebsiteCode(
  request: Pick<WebsiteRequest, 'app' | 'scopes'>,
  user: EmulatorUser,
  world: World,
): string {
  return world.codes.issue({ app: request.app, user, scopes: request.scopes, virtual: false });
}

/** The page itself goes there once the poll brought a code. */
export function allowedWebsiteCallback(request: WebsiteRequest, code: string): string {
  return websiteCallbackURL(request.redirectURI, { code, state: request.state });
}

/** Nothing comes back from a refused QR login; the English documentation alone tells of a redirect with `state`. */
export function deniedWebsiteCallback(request: WebsiteRequest, world: World): string | undefined {
  return world.switches.denial === 'state-only'
    ? websiteCallbackURL(request.redirectURI, { state: request.state })
    : undefined;
}
