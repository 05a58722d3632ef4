import { grantIdentity, type Grant } from '../../world/credentials/grants';
import { identityOf } from '../../world/people/identity';
import type { EmulatorUser } from '../../world/people/users';
import type { World } from '../../world/world';
import type { OfficialRequest } from './request';
import { officialCallbackURL } from '../callback-url';
import { PageRefusal } from '../page-refusal';

/** What a person meets on the authorize page. */
export type AuthorizeView = 'silent' | 'consent' | 'snapshot';

function isBase(request: OfficialRequest): boolean {
  return request.scopes.every((scope) => scope === 'snsapi_base');
}

function isExempt(request: OfficialRequest, user: EmulatorUser, world: World): boolean {
  if (world.switches.recentLogin === 'ask' || request.forcePopup) return false;
  return world.consents.get(identityOf(user, request.app).openid) === true;
}

export function authorizeViewOf(request: OfficialRequest, user: EmulatorUser, world: World): AuthorizeView {
  if (isBase(request)) return 'silent';
  // Entering from the account's chat is a special silent scenario: neither forcePopup nor forceSnapShot change it.
  if (user.follower) return 'silent';
  if (isExempt(request, user, world)) return 'silent';
  const { snapshot } = world.switches;
  if (snapshot === 'never') return 'consent';
  return snapshot === 'always' || user.snapshot || request.forceSnapShot ? 'snapshot' : 'consent';
}

/** 必须关注此测试号: the last check, as it needs to know who is there. */
export function checkFollower(request: OfficialRequest, user: EmulatorUser): void {
  if (!request.app.followersOnly || user.follower) return;
  throw PageRefusal.withCode(10006, {
    zh: `${user.id} 没有关注 ${request.app.appId}`,
    en: `${user.id} does not follow ${request.app.appId}`,
  });
}

function platformAppId(request: OfficialRequest): string | undefined {
  return request.componentAppId === undefined ? undefined : request.app.appId;
}

export interface GrantOptions {
  /** As the snapshot page's virtual user. @default false */
  readonly virtual?: boolean;
}

/** The address that a person who allowed is sent to, with a fresh code. */
export function allowedOfficialCallback(
  request: OfficialRequest,
  user: EmulatorUser,
  world: World,
  { virtual = false }: GrantOptions = {},
): string {
  const grant: Grant = { app: request.app, user, scopes: request.scopes, virtual };
  if (!grant.virtual && !isBase(request)) world.consents.set(grantIdentity(grant).openid, true);
  const code = world.codes.issue(grant);
  return officialCallbackURL(
    request.redirectURI,
    { code, state: request.state, appId: platformAppId(request) },
    world.switches,
  );
}

/** The same for a person who refused; undefined where WeChat does not redirect. */
export function deniedOfficialCallback(request: OfficialRequest, world: World): string | undefined {
  const { denial } = world.switches;
  if (denial === 'silent') return undefined;
  const code = denial === 'authdeny' ? 'authdeny' : undefined;
  return officialCallbackURL(request.redirectURI, { code, state: request.state }, world.switches);
}
