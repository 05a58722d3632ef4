/** The app's session (`req.session`), whichever middleware provides it: read, saved, and given a new id. */
import { inspect } from 'node:util';
import { WechatAuthError, withRemedy } from '../../errors';
import { isObject } from '../../is-object';
import { callHook } from '../../oauth/callbacks';
import { STORE_LIMIT_MS } from '../../async/time-limit';
import { callStore, type StoreFacts } from '../../stores/call-store';
import type { HostRequest } from '../http/request';
import type { Warnings } from '../../warnings';
import { largestField } from './storable';

/** The common part of the sessions of cookie-session, express-session and similar middleware. */
export type Session = Record<string, unknown>;

/**
 * The value of an own property. A value that a bug elsewhere has put on `Object.prototype` must not log
 * anybody in.
 */
export function ownValue(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined;
}

type Work = (callback: (error?: Error | null) => void) => unknown;

export function getSession(req: HostRequest): Session | undefined {
  const { session } = req;
  return typeof session === 'object' && session !== null ? (session as Session) : undefined;
}

/** The session of a request that had one when it began. */
function existingSession(req: HostRequest): Session {
  const session = getSession(req);
  if (session) return session;
  throw new WechatAuthError('session_missing', SESSION_ENDED);
}

export const SESSION_ENDED =
  'The session of this request has ended: the app has set req.session to null, or has destroyed it. ' +
  'Do so only after the login or logout of this request, or log out with req.wechat.logout().';

/**
 * Waits until express-session has stored the session: the browser's next request must find it. For
 * cookie-session, checks that the cookie is not too large.
 */
export async function saveSession(
  req: HostRequest,
  { warnings }: { readonly warnings: Warnings },
): Promise<void> {
  const session = existingSession(req);
  if (typeof session['save'] === 'function')
    await callSessionStore(req, 'save', session['save'].bind(session) as Work);
  else checkCookieSize(req, session, warnings);
}

/**
 * Gives the session a new id (session fixation) and keeps the keys that may stay. A session of cookie-session
 * has no id: there, the other keys are deleted.
 */
export async function regenerateSession(
  req: HostRequest,
  mayStay: (key: string) => boolean,
): Promise<Session> {
  const before = existingSession(req);
  if (typeof before['regenerate'] !== 'function') {
    for (const key of Object.keys(before)) if (!mayStay(key)) Reflect.deleteProperty(before, key);
    return before;
  }
  // The new session of express-session has a cookie of its own, with the options of the middleware.
  const stay = Object.entries(before).filter(([key]) => key !== 'cookie' && mayStay(key));
  await callSessionStore(req, 'regenerate', before['regenerate'].bind(before) as Work);
  return Object.assign(existingSession(req), Object.fromEntries(stay));
}

/** Gives the session a new id, and keeps everything in it. A session of cookie-session has no id. */
export async function renewId(req: HostRequest): Promise<void> {
  const before = existingSession(req);
  carryOverCookie(before, await regenerateSession(req, () => true));
}

/**
 * Copies the settings that the app made on `req.session.cookie` (express-session) to the new session, such as
 * the `maxAge` of "remember me".
 */
export function carryOverCookie(before: Session, after: Session): void {
  const [from, to] = [cookieIn(before), cookieIn(after)];
  if (!from || !to || from === to) return;
  for (const name of COOKIE_SETTINGS) if (from[name] !== undefined) to[name] = from[name];
  // express-session computes `expires` from it.
  if (from['originalMaxAge'] !== undefined) to['maxAge'] = from['originalMaxAge'];
}

function cookieIn({ cookie }: Session): Record<string, unknown> | undefined {
  return isObject(cookie) ? (cookie as Record<string, unknown>) : undefined;
}

const COOKIE_SETTINGS = ['path', 'domain', 'secure', 'httpOnly', 'sameSite', 'priority', 'partitioned'];

async function callSessionStore(req: HostRequest, call: string, work: Work): Promise<void> {
  const session = existingSession(req);
  const secrets = (): string[] => secretsIn(session);
  try {
    await callStore(SESSION_STORE, { call, secrets, limitMs: STORE_LIMIT_MS }, () =>
      callHook(work as Parameters<typeof callHook>[0]),
    );
  } catch (error) {
    dropSession(req);
    throw error;
  }
}

/**
 * Takes the session away from the request. Otherwise express-session would try to save it again when the
 * response ends, wait without a limit, and send the id of a half-written session.
 */
function dropSession(req: HostRequest): void {
  const target = req as { session?: unknown; sessionID?: unknown };
  // Without its id, express-session does not delete the stored session (its option `unset: 'destroy'`).
  if (target.sessionID !== undefined) target.sessionID = undefined;
  // Other session middleware may define a property that cannot be set.
  Reflect.set(target, 'session', undefined);
}

const SESSION_STORE: StoreFacts = { name: 'The session store', kind: 'session_missing' };

/**
 * Values to mask in store errors: some drivers echo the whole command, which holds the session id and our
 * records.
 */
function secretsIn(session: Session): string[] {
  const secrets = inspect(session, { depth: 5 }).match(SECRET) ?? [];
  return typeof session['id'] === 'string' ? [session['id'], ...secrets] : secrets;
}

/** A state; the ticket of a scan login; the id of a phone, and the one that binds links to the session. */
const SECRET =
  /(?<![\w-])(?:\d[\da-f]{32}|[\w-]{52})(?![\w-])|(?<=(?:\blinkId|:phone['"]): ')[\w-]{22}(?=')/g;

/** In bytes, name included. Browsers silently drop a larger cookie, and the login with it. */
const COOKIE_LIMIT = 4_096;
/**
 * The operator is warned from this size on: another user's name may be longer, and the app may add something.
 */
const COOKIE_WARNING = 3_072;

/** The size that the cookie of cookie-session will have; `undefined` for sessions that a store holds. */
function cookieSize(req: HostRequest, session: Session): number | undefined {
  const { sessionOptions } = req as { sessionOptions?: { name?: string } };
  if (!sessionOptions || typeof session['save'] === 'function') return undefined;
  const { name = 'session' } = sessionOptions;
  return name.length + 1 + 4 * Math.ceil(Buffer.byteLength(JSON.stringify(session)) / 3);
}

/** Whether browsers will keep the session cookie. */
export function cookieFits(req: HostRequest, session: Session): boolean {
  return (cookieSize(req, session) ?? 0) <= COOKIE_LIMIT;
}

function checkCookieSize(req: HostRequest, session: Session, warnings: Warnings): void {
  const size = cookieSize(req, session) ?? 0;
  if (size <= COOKIE_WARNING) return;
  const en = 'Keep less in the session (onLogin may return a smaller user), or use express-session.';
  const remedyZh = '请减少会话内容（onLogin 可返回更小的用户对象），或改用 express-session。';
  const zh = `${size} 字节，超过 ${COOKIE_LIMIT} 字节时浏览器会丢弃它。${remedyZh}`;
  if (size > COOKIE_LIMIT) {
    const { path, bytes } = largestField(session, 'req.session');
    const message =
      `The session cookie would have ${size} bytes, and browsers drop cookies over ${COOKIE_LIMIT} bytes: ` +
      `${path} has ${bytes} bytes. ${en}`;
    throw withRemedy(new WechatAuthError('config', message), { en, zh: `会话 cookie 将有 ${zh}` });
  }
  warnings.once('WECHAT_COOKIE_SIZE', {
    en:
      `The session cookie has grown to ${size} bytes. ` +
      `Browsers drop cookies over ${COOKIE_LIMIT} bytes, and the login with them. ${en}`,
    zh: `会话 cookie 已有 ${zh}`,
  });
}
