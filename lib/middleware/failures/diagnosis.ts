/**
 * Why logins get lost, as far as a request shows it. The console names a cause when a login starts. The error
 * page names the causes when a login was lost.
 */
import type { WechatError } from '../../errors';
import { header, hostOf, isSecure, trustsProxy, type HostRequest } from '../http/request';
import type { Cause } from '../pages/texts';
import { getSession, ownValue, type Session } from '../state/session';
import type { Context } from '../context';

interface CookieOptions {
  readonly secure?: unknown;
  readonly sameSite?: unknown;
}

/** express-session keeps the options of its cookie in the session, cookie-session on the request. */
function cookieOptions(req: HostRequest, session: Session | undefined): CookieOptions {
  const { sessionOptions } = req as { sessionOptions?: CookieOptions };
  const ofSession = session && ownValue(session, 'cookie');
  return sessionOptions ?? (ofSession as CookieOptions | undefined) ?? {};
}

function isStrict({ sameSite }: CookieOptions): boolean {
  return sameSite === true || (typeof sameSite === 'string' && sameSite.toLowerCase() === 'strict');
}

/** Warns if this session will be lost on the way to WeChat and back. */
export function diagnoseSession(context: Context, session: Session): void {
  const { req, config } = context;
  diagnoseCookie(context, cookieOptions(req, session));
  if (!config.base && isBehindUntrustedProxy(req) && forwardsHTTPS(req)) {
    config.warnings.once(
      'WECHAT_TRUST_PROXY',
      'A proxy says that the browser used https, but the app does not trust the proxy, and gives WeChat an ' +
        "http: redirect URI. Set baseURL, or call app.set('trust proxy', 1).",
    );
  }
  const host = hostOf(req);
  const publicHost = config.base && new URL(config.base.origin).host;
  if (publicHost !== undefined && host !== publicHost && isBrowserHost(req, host))
    warnOfOtherHost(context, host, publicHost);
  diagnoseStore(context);
}

function diagnoseCookie({ req, config }: Context, cookie: CookieOptions): void {
  if (isStrict(cookie)) {
    config.warnings.once(
      'WECHAT_COOKIE_SAME_SITE',
      "The session cookie is sameSite: 'strict'. Browsers do not send such a cookie when they come back " +
        "from WeChat, so every login is lost. Use sameSite: 'lax'.",
    );
  }
  if (isLostOverHTTP(req, cookie)) {
    const remedy = isBehindUntrustedProxy(req)
      ? 'A proxy says that the browser used https, but the app does not trust the proxy: call ' +
        "app.set('trust proxy', 1)"
      : 'Serve the app over https, or leave `secure` out in development';
    config.warnings.once(
      'WECHAT_COOKIE_SECURE',
      'The session cookie is `secure`, but this request came over http: browsers do not keep the cookie, ' +
        `and every login is lost. ${remedy}.`,
    );
  }
}

function diagnoseStore({ req, config }: Context): void {
  const { sessionStore } = req as { sessionStore?: { constructor?: { name?: string } } };
  if (process.env['NODE_ENV'] !== 'production' || sessionStore?.constructor?.name !== 'MemoryStore') return;
  config.warnings.once(
    'WECHAT_MEMORY_SESSIONS',
    'Sessions are stored in the memory of this process (MemoryStore): a restart or a second process loses ' +
      'every login. Give express-session a store.',
  );
}

function isLostOverHTTP(req: HostRequest, { secure }: CookieOptions): boolean {
  if (secure !== true || isSecure(req)) return false;
  // Connect has no `trust proxy`. There, express-session has the option `proxy`, which cannot be read here.
  return req.app !== undefined || !forwardsHTTPS(req);
}

function forwardsHTTPS(req: HostRequest): boolean {
  return /^https\b/i.test(header(req, 'x-forwarded-proto'));
}

function isBehindUntrustedProxy(req: HostRequest): boolean {
  return req.app !== undefined && header(req, 'x-forwarded-proto') !== '' && !trustsProxy(req);
}

/**
 * Whether browsers use this host. Behind a proxy, the Host header may be an internal name, so such names do
 * not count in production. In development they are what the browser uses.
 */
function isBrowserHost(req: HostRequest, host: string): boolean {
  if (header(req, 'x-forwarded-host')) return false;
  const isInternal = !/[a-z]/i.test(host) || !host.includes('.') || /^localhost\b/.test(host);
  return !isInternal || process.env['NODE_ENV'] !== 'production';
}

function warnOfOtherHost({ config }: Context, loginHost: string, callbackHost: string): void {
  config.warnings.once(
    'WECHAT_OTHER_HOST',
    `A login started at ${JSON.stringify(loginHost)}, but WeChat sends the browser back to ` +
      `${JSON.stringify(callbackHost)}, where the session cookie is not sent. Redirect all pages to one host, ` +
      'make the proxy pass the Host header on, or correct baseURL.',
  );
}

const LIKELY: readonly Cause[] = ['no-session', 'secure-cookie', 'trust-proxy', 'other-host'];

/** `found`: the causes for which this request is evidence. `likely`: the causes to name in any case. */
export function likelyCauses(context: Context, state: string): { found: Cause[]; likely: readonly Cause[] } {
  const { req, config } = context;
  const cookie = cookieOptions(req, getSession(req));
  const startedAt = config.callbacks.startHostOf(state);
  const found: Cause[] = [];
  if (startedAt !== undefined && startedAt !== hostOf(req)) {
    found.push('other-host');
    warnOfOtherHost(context, startedAt, hostOf(req));
  }
  if (isLostOverHTTP(req, cookie)) found.push('secure-cookie');
  if (isBehindUntrustedProxy(req)) found.push('trust-proxy');
  if (isStrict(cookie)) found.push('same-site');
  return { found, likely: LIKELY };
}

/** Prints a warning for an error that the user cannot fix, only the operator; once per kind. */
export function warnOperator({ config }: Context, error: WechatError): void {
  if (error.status !== 500) return;
  const code = error.kind === 'session_missing' ? 'WECHAT_NO_SESSION' : 'WECHAT_LOGIN_FAILED';
  config.warnings.once(code, `${error.kind}: ${error.message}`, error.kind);
}
