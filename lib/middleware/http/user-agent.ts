/**
 * Which kind of browser sent a request, by its User-Agent header and the client hint for phones. This is only
 * a guess: a client can send anything.
 */
import type { IncomingMessage } from 'node:http';
import type { BrowserKind } from '../../oauth/flows';
import { header } from './request';

/** The kind of the browser, for the choice of a flow. */
export function browserKind(req: Pick<IncomingMessage, 'headers'>): BrowserKind {
  const userAgent = header(req, 'user-agent');
  if (/micromessenger/i.test(userAgent) && !isWeCom(userAgent)) return 'wechat';
  // Chromium sends this hint with every request, over https (wicg.github.io/ua-client-hints).
  return header(req, 'sec-ch-ua-mobile') === '?1' || isPhone(userAgent) ? 'phone' : 'computer';
}

/** WeCom (企业微信) also sends MicroMessenger, but it does not log users in with WeChat. */
function isWeCom(userAgent: string): boolean {
  return /wxwork/i.test(userAgent);
}

/**
 * An iPad also sends `Mobile`. Android and HarmonyOS send it on phones; their tablets leave it out, or name
 * themselves.
 */
function isPhone(userAgent: string): boolean {
  if (/iphone|ipod/i.test(userAgent)) return true;
  if (/\b(?:tablet|ipad|pc);/i.test(userAgent)) return false;
  if (/\(phone;/i.test(userAgent)) return true;
  return /android|harmony/i.test(userAgent) && /\bmobile\b/i.test(userAgent);
}
