import type { JsonObject } from '../http/wechat-json';
import { grantIdentity } from '../world/credentials/grants';
import { ACCESS_TOKEN_LIFETIME, type TokenPair } from '../world/credentials/tokens';
import type { World } from '../world/world';
import { Refusal } from './refusal';
import { requireParameter, requireApp, type Parameters } from './sns-call';

/**
 * Refreshes an access token (刷新 access_token). WeChat requires no secret, and looks for refresh_token before
 * appid.
 */
export function refreshToken(parameters: Parameters, world: World): JsonObject {
  const token = requireParameter(parameters['refresh_token'], 41003);
  const app = requireApp(requireParameter(parameters['appid'], 41002), world);
  if (parameters['grant_type'] !== 'refresh_token') throw new Refusal(40002);
  return refreshed(token, app.appId, world);
}

/** Refreshes the access token of a refresh token that belongs to this app. */
export function refreshed(token: string, appId: string, world: World): JsonObject {
  const pair = validPair(token, appId, world);
  world.tokens.refresh(pair, world.switches.refreshRotation);
  return {
    access_token: pair.accessToken,
    expires_in: ACCESS_TOKEN_LIFETIME,
    refresh_token: pair.refreshToken,
    openid: grantIdentity(pair.grant).openid,
    scope: pair.grant.scopes.join(','),
  };
}

function validPair(token: string, appId: string, world: World): TokenPair {
  const pair = world.tokens.byRefreshToken(token);
  if (pair?.grant.app.appId !== appId || pair.revoked) throw new Refusal(40030);
  if (world.clock.now() >= pair.refreshExpiresAt) throw new Refusal(42002);
  if (pair.passwordChanged) throw new Refusal(42007);
  return pair;
}
