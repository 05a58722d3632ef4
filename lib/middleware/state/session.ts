/** What we keep in req.session, whichever middleware put it there; and how its id changes. */
import { inspect } from 'node:util';
import { WechatAuthError } from '../../errors';
import { callHook } from '../../oauth/callbacks';
import { STORE_LIMIT_MS } from '../../async/time-limit';
import { callStore, type StoreFacts } from '../../stores/call-store';
import type { HostRequest } from '../http/request';
import type { Warnings } from '../../warnings';

/** The common ground of cookie-session, express-session and their kin. */
export type Session = Record<string, unknown>;

type Work = (callback: (error?: Error | null) => void) => unknown;

/** The session, which must be there: a login without one could not be checked, nor kept. */
export function requireSession(req: HostRequest): Session {
  const session = getSession(req);
  if (session) return session;
  throw new WechatAuthError(
    'session_missing',
    'req.session is missing when wechatAuth() runs. Mount cookie-session or express-session before wechatAuth(), not after it, and see that its store is reachable.',
  );
}

export function getSession(req: HostRequest): Session | undefined {
  const { session } = req;
  return typeof session === 'object' && session !== null ? (session as Session) : undefined;
}

/** Waits until the session is stored, where its middleware stores it on request: what comes next must find it. */
export async function saveSession(
  req: HostRequest,
  { warnings }: { readonly warnings: Warnings },
): Promise<void> {
  const session = requireSession(req);
  if (typeof session['save'] === 'function')
    await callSessionStore(req, 'save', session['save'].bind(session) as Work);
  else checkCookieSize(req, session, warnings);
}

/**
 * Changes the session's id, against fixation, where the session has one, and takes over what may stay.
 * cookie-session has none: there, what may not stay is deleted.
 */
export async function regenerateSession(
  req: HostRequest,
  mayStay: (key: string) => boolean,
): Promise<Session> {
  const before = requireSession(req);
  if (typeof before['regenerate'] !== 'function') {
    for (const key of Object.keys(before)) if (!mayStay(key)) Reflect.deleteProperty(before, key);
    return before;
  }
  // express-session keeps its cookie's options there, and gives the new session its own.
  const stay = Object.entries(before).filter(([key]) => key !== 'cookie' && mayStay(key));
  await callSessionStore(req, 'regenerate', before['regenerate'].bind(before) as Work);
  return Object.assign(requireSession(req), Object.fromEntries(stay));
}

async function callSessionStore(req: HostRequest, call: string, work: Work): Promise<void> {
  const session = requireSession(req);
  const secrets = (): string[] => secretsIn(session);
  try {
    await callStore(SESSION_STORE, { call, secrets, limitMs: STORE_LIMIT_MS }, () =>
      callHook(work as Parameters<typeof callHook>[0]),
    );
  } catch (error) {
    // express-session would otherwise try to save the session again when the response ends, wait without a limit,
    // and send the id of a half-written session.
    (req as { session?: unknown }).session = undefined;
    throw error;
  }
}

const SESSION_STORE: StoreFacts = { name: 'The session store', kind: 'session_missing' };

/** What a driver that repeats its command in its error would tell: the session's id, and the states of the logins under way. */
function secretsIn(session: Session): string[] {
  const states = inspect(session, { depth: 5 }).match(/\b\d[\da-f]{32}\b/g) ?? [];
  return typeof session['id'] === 'string' ? [session['id'], ...states] : states;
}

/** What browsers keep of a cookie, its name included; a larger one is dropped without a word, and the login with it. */
const COOKIE_LIMIT = 4_096;
/** From here on the operator is warned: another user's name may be longer, and the app may want to add something. */
const COOKIE_IS_CROWDED = 3_072;

function checkCookieSize(req: HostRequest, session: Session, warnings: Warnings): void {
  const { sessionOptions } = req as { sessionOptions?: { name?: string } };
  if (!sessionOptions) return;
  const { name = 'session' } = sessionOptions;
  const size = name.length + 1 + 4 * Math.ceil(Buffer.byteLength(JSON.stringify(session)) / 3);
  const remedy = 'Keep less in the session (onLogin may return a smaller user), or use express-session.';
  if (size > COOKIE_LIMIT) {
    throw new WechatAuthError(
      'config',
      `The session cookie would have ${size} bytes, and browsers drop what is over ${COOKIE_LIMIT}. ${remedy}`,
    );
  }
  if (size > COOKIE_IS_CROWDED) {
    warnings.once(
      'WECHAT_COOKIE_SIZE',
      `The session cookie has grown to ${size} bytes. Browsers drop what is over ${COOKIE_LIMIT}, and the login with it. ${remedy}`,
    );
  }
}
