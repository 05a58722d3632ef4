/** Why logins get lost, read off the request: said once on the console at login, and on the page when one did get lost. */
import { header, hostOf, isSecure, trustsProxy, type HostRequest } from './http';
import type { Cause } from './pages/texts';
import { peekSession, type Session } from './session';
import type { Visit } from './visit';

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
export function diagnoseSession({ req, settled: { warnings, base } }: Visit, session: Session): void {
  const cookie = cookieOptions(req, session);
  if (isStrict(cookie)) {
    warnings.once(
      'WECHAT_COOKIE_SAME_SITE',
      "The session cookie is sameSite: 'strict': browsers do not send it when they come back from WeChat, and every login is lost. Use 'lax'.",
    );
  }
  if (cookie.secure === true && !isSecure(req)) {
    const remedy =
      header(req, 'x-forwarded-proto') && !trustsProxy(req)
        ? "a proxy stands before the app: app.set('trust proxy', 1)"
        : 'serve the app over https, or leave `secure` out in development';
    warnings.once(
      'WECHAT_COOKIE_SECURE',
      `The session cookie is \`secure\`, but this request came over http: it will not be set, and every login is lost. Remedy: ${remedy}.`,
    );
  }
  const host = hostOf(req);
  if (base && host !== new URL(base.origin).host && !header(req, 'x-forwarded-host')) {
    warnings.once(
      'WECHAT_OTHER_HOST',
      `A login was started at ${JSON.stringify(host)}, but WeChat will come back to ${base.origin}, where the session cookie is not sent. Redirect all pages to one host, let the proxy pass the Host header on, or correct baseURL.`,
    );
  }
  const { sessionStore } = req as { sessionStore?: { constructor?: { name?: string } } };
  if (process.env['NODE_ENV'] === 'production' && sessionStore?.constructor?.name === 'MemoryStore') {
    warnings.once(
      'WECHAT_MEMORY_SESSIONS',
      'Sessions rest in the memory of this process (MemoryStore): a restart or a second process loses every login. Give express-session a store.',
    );
  }
}

const LIKELY: readonly Cause[] = ['no-session', 'secure-cookie', 'trust-proxy', 'other-host'];

/** What may have lost the login of this state, and what certainly speaks for it. */
export function causesOfLoss(
  { req, settled }: Visit,
  state: string,
): { found: Cause[]; likely: readonly Cause[] } {
  const cookie = cookieOptions(req, peekSession(req));
  const startedAt = settled.logins.hostOf(state);
  const found: Cause[] = [];
  if (startedAt !== undefined && startedAt !== hostOf(req)) found.push('other-host');
  if (cookie.secure === true && !isSecure(req)) found.push('secure-cookie');
  if (header(req, 'x-forwarded-proto') && req.app && !trustsProxy(req)) found.push('trust-proxy');
  if (isStrict(cookie)) found.push('same-site');
  return { found, likely: LIKELY };
}
