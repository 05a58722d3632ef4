import { wechatJSON } from '../http/wechat-json';
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

/** The body of an error response: errcode, and errmsg with its suffix. */
export function refusalBody({ errcode, errmsg }: Refusal, world: World): string {
  const suffix = SUFFIXES[world.switches.suffix](world.clock.now());
  return wechatJSON({ errcode, errmsg: errmsg + suffix });
}

const SUFFIXES = {
  rid: (now: number) => `, rid: ${randomRid(now)}`,
  hints: () => `, hints: [ req_id: ${randomRequestId()} ]`,
  none: () => '',
};

/** The errmsg of each errcode (全局返回码), as WeChat sends it. */
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
  40125: 'invalid appsecret',
  40163: 'code been used',
  40226: 'code blocked',
  41001: 'access_token missing',
  41002: 'appid missing',
  41003: 'refresh_token missing',
  41004: 'appsecret missing',
  41008: 'missing code',
  41009: 'missing openid',
  42001: 'access_token expired',
  42002: 'refresh_token expired',
  42003: 'code expired',
  42007: 'access_token and refresh_token exception',
  43003: 'require https',
  45009: 'reach max api daily quota limit',
  45011: 'api minute-quota reach limit, must slower, retry next minute',
  48001: 'api unauthorized',
  50001: 'user unauthorized',
  50002: 'user limited',
};
