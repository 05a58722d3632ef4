/** Which kind of browser asks, by its User-Agent. Only a hint: a client can say anything there. */
import type { BrowserKind } from '../../oauth/flows';

/** `wechat` is WeChat's own browser, on a phone or a PC, where the login of an official account works. */
export function browserKind(userAgent: string): BrowserKind {
  return /micromessenger/i.test(userAgent) && !isWeCom(userAgent) ? 'wechat' : 'other';
}

/** WeCom (企业微信) names MicroMessenger as well, but it does not log users in with WeChat. */
function isWeCom(userAgent: string): boolean {
  return /wxwork/i.test(userAgent);
}
