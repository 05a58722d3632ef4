import type { EmulatorUser } from '../../world/people/users';
import type { World } from '../../world/world';
import { websiteCallbackURL } from '../callback-url';
import type { WebsiteRequest } from './request';

/** A new code for a person who allowed the login on the phone. */
export function issueWebsiteCode(
  { app, scopes }: Pick<WebsiteRequest, 'app' | 'scopes'>,
  user: EmulatorUser,
  world: World,
): string {
  return world.codes.issue({ app, user, scopes, virtual: false });
}

/**
 * The callback address for a person who allowed. The QR code page opens it when its poll returns a code.
 */
export function allowedWebsiteCallback(request: WebsiteRequest, code: string): string {
  return websiteCallbackURL(request.redirectURI, { code, state: request.state });
}

/**
 * The callback address for a person who denied; undefined if WeChat does not redirect. Only the English
 * documentation describes a redirect with `state`.
 */
export function deniedWebsiteCallback(request: WebsiteRequest, world: World): string | undefined {
  if (world.switches.denial !== 'state-only') return undefined;
  return websiteCallbackURL(request.redirectURI, { state: request.state });
}
