import { grantIdentity, isBaseOnly, type Grant } from '../../world/credentials/grants';
import { identityOf } from '../../world/people/identity';
import type { EmulatorUser } from '../../world/people/users';
import type { World } from '../../world/world';
import { officialCallbackURL } from '../callback-url';
import { PageRefusal } from '../page-refusal';
import type { OfficialRequest } from './request';

/** What a person sees at the authorize page: nothing (a redirect), the consent page or the snapshot page. */
export type AuthorizeView = 'silent' | 'consent' | 'snapshot';

export function authorizeViewOf(request: OfficialRequest, user: EmulatorUser, world: World): AuthorizeView {
  if (isBaseOnly(request)) return 'silent';
  // WeChat documents that a follower who comes from the account's chat is not asked. forcePopup and
  // forceSnapShot do not change that.
  if (user.follower) return 'silent';
  if (hasRecentConsent(request, user, world)) return 'silent';
  const { snapshot } = world.switches;
  if (snapshot === 'never') return 'consent';
  return snapshot === 'always' || user.snapshot || request.forceSnapShot ? 'snapshot' : 'consent';
}

function hasRecentConsent(request: OfficialRequest, user: EmulatorUser, world: World): boolean {
  if (world.switches.recentLogin === 'ask' || request.forcePopup) return false;
  return world.consents.get(identityOf(user, request.app).openid) === true;
}

/**
 * The last check of the authorize page. It comes after the others because it depends on the person.
 *
 * @throws PageRefusal if the app is a test account and the person does not follow it (必须关注此测试号).
 */
export function checkFollower(request: OfficialRequest, user: EmulatorUser): void {
  if (!request.app.followersOnly || user.follower) return;
  throw PageRefusal.withCode(10006, {
    zh: `${user.id} 没有关注 ${request.app.appId}`,
    en: `${user.id} does not follow ${request.app.appId}`,
  });
}

export interface GrantOptions {
  /** Whether the code stands for the snapshot page's virtual user. @default false */
  readonly virtual?: boolean;
}

/** The callback address with a new code, for a person who allowed. */
export function allowedOfficialCallback(
  request: OfficialRequest,
  user: EmulatorUser,
  world: World,
  { virtual = false }: GrantOptions = {},
): string {
  const component = request.componentAppId;
  const grant: Grant = { app: request.app, user, scopes: request.scopes, virtual, component };
  if (!virtual && !isBaseOnly(request)) world.consents.set(grantIdentity(grant).openid, true);
  const code = world.codes.issue(grant);
  const appId = component === undefined ? undefined : request.app.appId;
  return officialCallbackURL(request.redirectURI, { code, state: request.state, appId }, world.switches);
}

/** The callback address for a person who denied; undefined if WeChat does not redirect. */
export function deniedOfficialCallback(request: OfficialRequest, world: World): string | undefined {
  const { denial } = world.switches;
  if (denial === 'silent') return undefined;
  const code = denial === 'authdeny' ? 'authdeny' : undefined;
  return officialCallbackURL(request.redirectURI, { code, state: request.state }, world.switches);
}
