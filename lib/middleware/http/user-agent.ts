/**
 * Which kind of browser sent a request, by its User-Agent header. This is only a hint: a client can send
 * anything.
 */
import type { BrowserKind } from '../../oauth/flows';

/** `wechat` is WeChat's own browser, on a phone or a PC, where the login of an official account works. */
export function browserKind(userAgent: string): BrowserKind {
  return /micromessenger/i.test(userAgent) && !isWeCom(userAgent) ? 'wechat' : 'other';
}

/** WeCom (企业微信) also sends MicroMessenger, but it does not log users in with WeChat. */
function isWeCom(userAgent: string): boolean {
  return /wxwork/i.test(userAgent);
}
