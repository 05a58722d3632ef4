import { plain, type OutgoingResponse } from '../http/outgoing-response';
import { wechatJSON, type JsonObject } from '../http/wechat-json';
import { randomRequestId, randomRid } from '../world/random';
import type { World } from '../world/world';

/** The error of an API, which the response reports as errcode and errmsg. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly errcode: number,
    readonly errmsg: string = MESSAGES[errcode] ?? 'system error',
  ) {
    super(`${errcode} ${errmsg}`);
  }
}

/**
 * An error response: errcode, and errmsg with its suffix. `/sns` sends JSON as text/plain, other APIs as
 * application/json, and their suffix has no comma.
 */
export function refusalResponse({ errcode, errmsg }: Refusal, path: string, world: World): OutgoingResponse {
  const isSns = path.startsWith('/sns/');
  const suffix = SUFFIXES[world.switches.suffix](world.clock.now());
  const json = { errcode, errmsg: errmsg + (isSns ? suffix : suffix.replace(/^,/, '')) };
  return apiResponse(json, path);
}

/** JSON of WeChat's APIs. */
export function apiResponse(json: JsonObject, path: string): OutgoingResponse {
  const response = plain(wechatJSON(json));
  const type = { 'Content-Type': 'application/json; encoding=utf-8' };
  return path.startsWith('/sns/') ? { ...response, json } : { ...response, json, headers: type };
}

const SUFFIXES = {
  rid: (now: number) => `, rid: ${randomRid(now)}`,
  hints: () => `, hints: [ req_id: ${randomRequestId()} ]`,
  none: () => '',
};

/** The errmsg of each errcode (全局返回码), as WeChat sends it. That of 40243 is not known. */
const MESSAGES: Readonly<Record<number, string>> = {
  [-1]: 'system error',
  40001: 'invalid credential, access_token is invalid or not latest',
  40002: 'invalid grant_type',
  40003: 'invalid openid',
  40013: 'invalid appid',
  40014: 'invalid access_token',
  40029: 'invalid code',
  40030: 'invalid refresh_token',
  40066: 'invalid url',
  40097: 'invalid args',
  40125: 'invalid appsecret',
  40163: 'code been used',
  40164: 'invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist',
  40226: 'code blocked',
  40243: 'appsecret is frozen',
  41001: 'access_token missing',
  41002: 'appid missing',
  41003: 'refresh_token missing',
  41004: 'appsecret missing',
  41008: 'missing code',
  41009: 'missing openid',
  41018: 'missing component_appid',
  42001: 'access_token expired',
  42002: 'refresh_token expired',
  42003: 'code expired',
  42006: 'component_access_token expired',
  42007: 'access_token and refresh_token exception',
  43002: 'require POST method',
  43003: 'require https',
  45009: 'reach max api daily quota limit',
  45011: 'api minute-quota reach limit, must slower, retry next minute',
  48001: 'api unauthorized',
  50001: 'user unauthorized',
  50002: 'user limited',
  61003: 'component is not authorized by this account',
  61004: 'access clientip is not registered requestIP: 127.0.0.1',
  61006: 'component ticket is invalid',
  61007: 'api is unauthorized to component',
};
