import type { JsonObject } from '../http/wechat-json';
import type { World } from '../world/world';
import { checkAccessToken } from './check-access-token';
import type { Parameters } from './sns-call';

/** Checks an access token (检验授权凭证（access_token）是否有效). */
export function auth(parameters: Parameters, world: World): JsonObject {
  checkAccessToken(parameters, world);
  return { errcode: 0, errmsg: 'ok' };
}
