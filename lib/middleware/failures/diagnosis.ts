/** Why logins get lost, read off the request: said once on the console at login, and on the page when one did get lost. */
import type { WechatError } from '../../errors';
import { header, hostOf, isSecure, trustsProxy, type HostRequest } from '../http/request';
import type { Cause } from '../pages/texts';
import { getSession, type Session } from '../state/session';
import type { Context } from '../context';

interface CookieOptions {
  readonly secure?: unknown;
  readonly sameSite?: unknown;
}

/** express-session keeps the options of its cookie in the session, cookie-session on the request. */
function cookieOptions(req: HostRequest, session: Session | undefined): CookieOptions {
  const { sessionOptions } = req as { sessionOptions?: CookieOptions };
  return sessionOptions ?? (session?.['cookie'] as CookieOptions | undefined) ?? {};
}

function isStrict({ sameSite }: CookieOptions): boolean {
  return sameSite === true || (typeof sameSite === 'string' && sameSite.toLowerCase() === 'strict');
}

/** Warns of a session that will not survive the way to WeChat and back. */
export function diagnoseSession(context: Context, session: Session): void {
  const { req, config } = context;
  const { warnings, base } = config;
  const cookie = cookieOptions(req, session);
  if (isStrict(cookie)) {
    warnings.once(
      'WECHAT_COOKIE_SAME_SITE',
      "The session cookie is sameSite: 'strict': browsers do not send it when they come back from WeChat, and every login is lost. Use sameSite: 'lax'.",
    );
  }
  if (isLostOverHTTP(req, cookie)) {
    const remedy = isBehindUntrustedProxy(req)
      ? "A proxy says that the browser came by https, but the app does not believe it: app.set('trust proxy', 1)"
      : 'Serve the app over https, or leave `secure` out in development';
    warnings.once(
      'WECHAT_COOKIE_SECURE',
      `The session cookie is \`secure\`, but this request came over http: it will not be set, and every login is lost. ${remedy}.`,
    );
  }
  if (!base && isBehindUntrustedProxy(req) && forwardsHTTPS(req)) {
    warnings.once(
      'WECHAT_TRUST_PROXY',
      "A proxy says that the browser came by https, but the app does not believe it, and gives WeChat an http: address to come back to. Set baseURL, or app.set('trust proxy', 1).",
    );
  }
  const host = hostOf(req);
  if (base && host !== hostIn(base) && isPublicHost(req, host)) warnOfOtherHost(context, host, hostIn(base));
  const { sessionStore } = req as { sessionStore?: { constructor?: { name?: string } } };
  if (process.env['NODE_ENV'] === 'production' && sessionStore?.constructor?.name === 'MemoryStore') {
    warnings.once(
      'WECHAT_MEMORY_SESSIONS',
      'Sessions rest in the memory of this process (MemoryStore): a restart or a second process loses every login. Give express-session a store.',
    );
  }
}

function isLostOverHTTP(req: HostRequest, { secure }: CookieOptions): boolean {
  if (secure !== true || isSecure(req)) return false;
  // Connect knows no `trust proxy`: there, the session middleware has a switch of its own, which nobody can read.
  return req.app !== undefined || !forwardsHTTPS(req);
}

function forwardsHTTPS(req: HostRequest): boolean {
  return /^https\b/i.test(header(req, 'x-forwarded-proto'));
}

function isBehindUntrustedProxy(req: HostRequest): boolean {
  return req.app !== undefined && header(req, 'x-forwarded-proto') !== '' && !trustsProxy(req);
}

function hostIn(base: { readonly origin: string }): string {
  return new URL(base.origin).host;
}

/** Proxies often ask for the app by an inner name, which no browser sees; on a developer's machine, browsers see just that. */
function isPublicHost(req: HostRequest, host: string): boolean {
  if (header(req, 'x-forwarded-host')) return false;
  const inner = !/[a-z]/i.test(host) || !host.includes('.') || /^localhost\b/.test(host);
  return !inner || process.env['NODE_ENV'] !== 'production';
}

function warnOfOtherHost({ config }: Context, login: string, callback: string): void {
  config.warnings.once(
    'WECHAT_OTHER_HOST',
    `A login was started at ${JSON.stringify(login)}, but WeChat comes back to ${JSON.stringify(callback)}, where the session cookie is not sent. Redirect all pages to one host, let the proxy pass the Host header on, or correct baseURL.`,
  );
}

const LIKELY: readonly Cause[] = ['no-session', 'secure-cookie', 'trust-proxy', 'other-host'];

/** What may have lost the login of this state, and what certainly speaks for it. */
export function likelyCauses(context: Context, state: string): { found: Cause[]; likely: readonly Cause[] } {
  const { req, config } = context;
  const cookie = cookieOptions(req, getSession(req));
  const startedAt = config.logins.hostOf(state);
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

/** What only the operator can mend is said on the console too, once a kind: the person at the browser cannot help it. */
export function warnOperator({ config }: Context, error: WechatError): void {
  if (error.status !== 500) return;
  const code = error.kind === 'session_missing' ? 'WECHAT_NO_SESSION' : 'WECHAT_LOGIN_FAILED';
  config.warnings.once(code, `${error.kind}: ${error.message}`, error.kind);
}
