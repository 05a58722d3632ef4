import { grantIdentity, type Grant } from '../world/credentials/grants';
import type { World } from '../world/world';
import { Refusal } from './refusal';
import { need, type Parameters } from './sns-call';

/**
 * Checks an access token and returns its grant. `/sns/auth` and `/sns/userinfo` share the checks and their
 * order.
 *
 * @throws Refusal for the first check that fails.
 */
export function bearer(parameters: Parameters, world: World): Grant {
  const token = need(parameters['access_token'], 41001);
  const openid = need(parameters['openid'], 41009);
  const pair = world.tokens.byAccessToken(token);
  // A refresh token in place of an access token is not an unknown token: WeChat returns another errcode.
  if (!pair && world.tokens.byRefreshToken(token)) throw new Refusal(40014);
  if (!pair || pair.passwordChanged) throw new Refusal(40001);
  if (world.clock.now() >= pair.accessExpiresAt) throw new Refusal(42001);
  if (openid !== grantIdentity(pair.grant).openid) throw new Refusal(40003);
  return pair.grant;
}
