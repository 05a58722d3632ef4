/**
 * Watches the start of a login: records what explains its loss, should it be lost, and warns of what loses
 * every login.
 */
import { parseSetCookie } from '../../http/browser-cookies';
import { isSecure, type HostRequest } from '../../http/request';
import { getSession } from '../../state/session';
import { isRecognized, isSessionCookie, sentValues, sessionCookieOf } from '../../state/session-cookie';
import { digestOf, type LoginStart } from '../../state/session-watch';
import type { Context } from '../../context';
import { secureCause } from './cause-of-loss';
import { CAUSES, type Cause } from './causes';
import { warnOfCause } from './explain-loss';
import { browserHost, isFromUntrustedProxy, saysHTTPS } from './evidence';

/**
 * Called before the response of the login route, or of any other request that starts a login.
 *
 * @param replaces the state of the login that this one replaces, if it is a restart
 */
export function watchLogin(context: Context, state: string, replaces: string | undefined): void {
  const { req, res, config } = context;
  const { sessions } = config;
  const before = replaces === undefined ? undefined : sessions.startOf(replaces);
  const isHTTPS = before?.isHTTPS ?? (isSecure(req) || saysHTTPS(req));
  const start: LoginStart = { host: browserHost(req), at: Date.now(), isHTTPS, cookieDigest: undefined };
  sessions.recordStart(state, start);
  // Session middleware sets its cookie when the response is sent.
  res.once('finish', () => {
    const started = { ...start, cookieDigest: digestAfter(context) };
    sessions.recordStart(state, started);
    const lost = causeOfEveryLoss(context, started);
    if (lost) warnOfCause(context, 'Every login will be lost', lost);
    else warnOfRedirectURI(context);
    warnOfMemoryStore(context);
  });
}

/** Of the session cookie that the browser has after this response. */
function digestAfter({ req, res, config }: Context): string | undefined {
  const cookie = sessionCookieOf(req, config.sessions.cookieName);
  const session = getSession(req);
  if (!cookie || !session) return undefined;
  const lines = [res.getHeader('set-cookie') ?? []].flat().map(String);
  const set = lines
    .map((line) => parseSetCookie(line, ANY_ADDRESS))
    .find((each) => isSessionCookie(req, cookie, each));
  if (set) {
    config.sessions.recordCookieName(set.name);
    return digestOf(set.value);
  }
  const sent = sentValues(req, cookie);
  const [value = ''] = sent;
  return isRecognized(req, session, sent) ? digestOf(value) : undefined;
}

/** For the default path of a cookie, which is not needed here. */
const ANY_ADDRESS = new URL('http://localhost/');

/** What loses the session of every browser, whatever it does. */
function causeOfEveryLoss(context: Context, start: LoginStart): Cause | undefined {
  const cookie = sessionCookieOf(context.req, context.config.sessions.cookieName);
  if (!cookie) return undefined;
  if (cookie.sameSite === 'strict') return CAUSES.sameSiteStrict();
  return secureCause(context, cookie, start);
}

function warnOfRedirectURI({ req, config }: Context): void {
  if (config.base || req.app === undefined || !isFromUntrustedProxy(req)) return;
  config.warnings.once(
    'WECHAT_TRUST_PROXY',
    'A proxy says that the browser used https, but the app does not trust the proxy, and gives WeChat an ' +
      "http: redirect URI. Set baseURL, or call app.set('trust proxy', 1).",
  );
}

/** express-session's MemoryStore keeps the sessions in an object, by their ids. A bundler may rename its class. */
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
  if (process.env['NODE_ENV'] !== 'production' || !isInMemory(req)) return;
  config.warnings.once(
    'WECHAT_MEMORY_SESSIONS',
    'Sessions are stored in the memory of this process (MemoryStore): a restart or a second process loses ' +
      'every login. Give express-session a store.',
  );
}
