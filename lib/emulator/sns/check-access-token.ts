import { grantIdentity, type Grant } from '../world/credentials/grants';
import type { World } from '../world/world';
import { Refusal } from './refusal';
import { requireParameter, type Parameters } from './sns-call';

/**
 * Checks an access token and returns its grant. `/sns/auth` and `/sns/userinfo` share the checks and their
 * order.
 *
 * @throws Refusal for the first check that fails.
 */
export function checkAccessToken(
  parameters: Parameters,
  world: World,
  foreignOpenid: 'refuse' | 'ignore' = 'refuse',
): Grant {
  const token = requireParameter(parameters['access_token'], 41001);
  const openid = requireParameter(parameters['openid'], 41009);
  const pair = world.tokens.byAccessToken(token);
  if (!pair && isOtherToken(token, world)) throw new Refusal(40014);
  if (!pair || pair.passwordChanged) throw new Refusal(40001);
  if (world.clock.now() >= pair.accessExpiresAt) throw new Refusal(42001);
  const isForeign = openid !== grantIdentity(pair.grant).openid;
  if (isForeign && foreignOpenid === 'refuse') throw new Refusal(40003);
  return pair.grant;
}

/**
 * Whether it is a refresh token or the token of an account. Such a token is not an unknown one: WeChat
 * returns another errcode.
 */
function isOtherToken(token: string, { tokens, accountTokens }: World): boolean {
  return tokens.byRefreshToken(token) !== undefined || accountTokens.find(token) !== undefined;
}
