/**
 * Watches the start of a login: records facts that may explain a loss later, and warns of a set-up that loses
 * every login.
 */
import { cookiePair } from '../../http/browser-cookies';
import { isSecure, type HostRequest } from '../../http/request';
import { getSession } from '../../state/session';
import {
  isRecognized,
  isSessionCookie,
  sentValues,
  sessionCookieOf,
  type SessionCookie,
} from '../../state/session-cookie';
import { digestOf, type LoginStart } from '../../state/session-watch';
import type { Context } from '../../context';
import { secureCause } from './cause-of-loss';
import { CAUSES, type Cause } from './causes';
import { warnOfCause } from './explain-loss';
import { isFromUntrustedProxy, requestedHost, isForwardedHTTPS } from './evidence';

/**
 * Called before the response of the login route, or of any other request that starts a login.
 *
 * @param replaces the state of the login that this one replaces, if it is a restart
 */
export function watchLogin(context: Context, state: string, replaces: string | undefined): void {
  const { req, res, config } = context;
  const { sessionWatch } = config;
  const before = replaces === undefined ? undefined : sessionWatch.startOf(replaces);
  const isHTTPS = before?.isHTTPS ?? (isSecure(req) || isForwardedHTTPS(req));
  const start: LoginStart = { host: requestedHost(req), at: Date.now(), isHTTPS, cookieDigest: undefined };
  sessionWatch.recordStart(state, start);
  // Session middleware sets its cookie when the response is sent.
  res.once('finish', () => {
    try {
      examineResponse(context, start);
    } catch {
      // Nobody catches what a listener throws, such as an error of the app's session: it would end the
      // process.
    }
  });
}

function examineResponse(context: Context, start: LoginStart): void {
  const cookie = sessionCookieOf(context.req, context.config.sessionWatch.cookieName);
  start.cookieDigest = cookie && digestAfter(context, cookie);
  const lost = cookie && causeOfEveryLoss(context, cookie, start);
  if (lost) warnOfCause(context, { en: 'Every login will be lost', zh: '每次登录都会丢失' }, lost);
  else warnOfRedirectURI(context);
  warnOfMemoryStore(context);
}

/** A hash of the session cookie that the browser has after this response. */
function digestAfter({ req, res, config }: Context, cookie: SessionCookie): string | undefined {
  const session = getSession(req);
  if (!session) return undefined;
  for (const line of [res.getHeader('set-cookie') ?? []].flat()) {
    const [name, value] = cookiePair(String(line));
    if (!isSessionCookie(req, cookie, { name, value })) continue;
    config.sessionWatch.recordCookieName(name);
    return digestOf(value);
  }
  const sent = sentValues(req, cookie);
  const [value = ''] = sent;
  return isRecognized(req, session, sent) ? digestOf(value) : undefined;
}

/** The fault that makes every browser lose its session, if there is one. */
function causeOfEveryLoss(context: Context, cookie: SessionCookie, start: LoginStart): Cause | undefined {
  if (cookie.sameSite === 'strict') return CAUSES.sameSiteStrict();
  return secureCause(context, cookie, start);
}

function warnOfRedirectURI({ req, config }: Context): void {
  if (config.base || req.app === undefined || !isFromUntrustedProxy(req)) return;
  config.warnings.once('WECHAT_TRUST_PROXY', {
    en:
      'A proxy says that the browser used https, but the app does not trust the proxy, and gives WeChat an ' +
      "http: redirect URI. Set baseURL, or call app.set('trust proxy', 1).",
    zh: "代理表明浏览器使用了 https，而应用不信任代理。请设置 baseURL，或 app.set('trust proxy', 1)。",
  });
}

/**
 * express-session's MemoryStore keeps the sessions in an object, by their ids. A bundler may rename its
 * class.
 */
function isInMemory(req: HostRequest): boolean {
  const { sessionStore, sessionID } = req as { sessionStore?: { sessions?: unknown }; sessionID?: unknown };
  const sessions = sessionStore?.sessions;
  return (
    typeof sessions === 'object' &&
    sessions !== null &&
    typeof sessionID === 'string' &&
    Object.hasOwn(sessions, sessionID)
  );
}

function warnOfMemoryStore({ req, config }: Context): void {
  if (!isInMemory(req) || process.env['NODE_ENV'] !== 'production') return;
  config.warnings.once('WECHAT_MEMORY_SESSIONS', {
    en:
      'Sessions are stored in the memory of this process (MemoryStore): a restart or a second process loses ' +
      'every login. Give express-session a store.',
    zh: '会话只存在本进程的内存里，重启或多进程就会丢失登录。请给 express-session 配置一个会话存储。',
  });
}
