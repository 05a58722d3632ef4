import type { JsonObject } from '../../http/wechat-json';
import { ACCOUNT_TOKEN_LIFETIME } from '../../world/credentials/account-tokens';
import type { World } from '../../world/world';
import { Refusal } from '../refusal';
import { requireParameter, type Parameters } from '../sns-call';

const TYPES = ['jsapi', 'wx_card'];

/** The ticket with which an account signs the parameters of the JSSDK (获取 jsapi_ticket). */
export function ticket(parameters: Parameters, world: World): JsonObject {
  const issued = world.accountTokens.find(requireParameter(parameters['access_token'], 41001));
  if (!issued) throw new Refusal(40001);
  if (world.accountTokens.isExpired(issued)) throw new Refusal(42001);
  const type = parameters['type'] ?? '';
  if (!TYPES.includes(type)) throw new Refusal(40097);
  const { token, expiresAt } = world.tickets.currentOrNew(`${issued.appId} ${type}`);
  const seconds = Math.ceil((expiresAt - world.clock.now()) / 1000);
  return { errcode: 0, errmsg: 'ok', ticket: token, expires_in: Math.min(ACCOUNT_TOKEN_LIFETIME, seconds) };
}
