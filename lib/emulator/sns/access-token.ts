import type { JsonObject } from '../http/wechat-json';
import type { IssuedCode } from '../world/credentials/codes';
import { grantIdentity, isBaseOnly, type Grant } from '../world/credentials/grants';
import { ACCESS_TOKEN_LIFETIME } from '../world/credentials/tokens';
import type { World } from '../world/world';
import { redeem, type Exchange } from './redeem';
import type { Parameters } from './sns-call';

const WEB: Exchange = {
  codeParameter: 'code',
  grantTypeRequired: true,
  appTypes: ['official', 'website'],
};

/** Exchanges a code for tokens (通过 code 换取网页授权 access_token). */
export function accessToken(parameters: Parameters, world: World): JsonObject {
  return tokenResponse(redeem(parameters, WEB, world), world);
}

/** Issues tokens for a code that was redeemed. */
export function tokenResponse(issued: IssuedCode, world: World): JsonObject {
  const { grant } = issued;
  if (world.switches.loginVoidsRefreshTokens) revokeEarlierTokens(grant, world);
  const pair = world.tokens.issue(grant);
  issued.tokens = pair;
  const { openid, unionid } = grantIdentity(grant);
  return {
    access_token: pair.accessToken,
    expires_in: ACCESS_TOKEN_LIFETIME,
    refresh_token: pair.refreshToken,
    openid,
    scope: grant.scopes.join(','),
    unionid: isBaseOnly(grant) || !world.switches.unionid ? undefined : unionid,
    is_snapshotuser: grant.virtual && world.switches.snapshotFlag ? 1 : undefined,
  };
}

function revokeEarlierTokens(grant: Grant, world: World): void {
  const { openid } = grantIdentity(grant);
  const earlier = world.tokens.filter(
    (pair) => pair.grant.app === grant.app && grantIdentity(pair.grant).openid === openid,
  );
  for (const pair of earlier) world.tokens.revoke(pair.refreshToken);
}
