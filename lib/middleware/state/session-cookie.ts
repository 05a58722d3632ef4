/** The cookie of the app's session, as far as cookie-session and express-session show its options. */
import { isObject } from '../../is-object';
import { parseCookieHeader, type Cookie } from '../http/browser-cookies';
import { header, type HostRequest } from '../http/request';
import { shortHash } from './hash';
import { getSession, ownValue, type Session } from './session';

export interface SessionCookie {
  /** `undefined` as long as it is not known: express-session does not show it on a request. */
  readonly name: string | undefined;
  readonly path: string;
  readonly domain: string | undefined;
  readonly isSecure: boolean;
  /** In lower case; empty if it is not set. */
  readonly sameSite: string;
  /** In ms; `undefined` for a cookie that lives until the browser closes. */
  readonly maxAge: number | undefined;
  /** Whether its signature is in a second cookie, `<name>.sig`, as cookie-session has it. */
  readonly hasSignature: boolean;
}

/** The suffix of the name of cookie-session's second cookie, which holds the signature of the first. */
export const SIGNATURE_SUFFIX = '.sig';

/**
 * The options of the session cookie; `undefined` if another middleware than these two provides the session.
 *
 * @param seenName the name of express-session's cookie, if a response has shown it
 */
export function sessionCookieOf(req: HostRequest, seenName: string | undefined): SessionCookie | undefined {
  const { sessionOptions } = req as { sessionOptions?: unknown };
  if (isObject(sessionOptions)) {
    return cookieFrom(sessionOptions, {
      name: textOf(optionIn(sessionOptions, 'name')) ?? 'session',
      maxAge: optionIn(sessionOptions, 'maxAge'),
      hasSignature: optionIn(sessionOptions, 'signed') !== false,
    });
  }
  const session = getSession(req);
  const options = session && ownValue(session, 'cookie');
  if (!isObject(options)) return undefined;
  // `originalMaxAge` is the option: `maxAge` is the time that is left.
  return cookieFrom(options, {
    name: seenName,
    maxAge: optionIn(options, 'originalMaxAge'),
    hasSignature: false,
  });
}

function cookieFrom(
  options: object,
  own: { name: string | undefined; maxAge: unknown; hasSignature: boolean },
): SessionCookie {
  const sameSite = optionIn(options, 'sameSite');
  const domain = textOf(optionIn(options, 'domain'));
  return {
    name: own.name,
    path: textOf(optionIn(options, 'path')) ?? '/',
    domain: domain?.replace(/^\./, '').toLowerCase(),
    isSecure: optionIn(options, 'secure') === true,
    sameSite: sameSite === true ? 'strict' : (textOf(sameSite)?.toLowerCase() ?? ''),
    maxAge: typeof own.maxAge === 'number' ? own.maxAge : undefined,
    hasSignature: own.hasSignature,
  };
}

/** cookie-session gives each request an object that inherits from the app's options. */
function optionIn(options: object, name: string): unknown {
  // The usual case. Otherwise the search avoids what a bug elsewhere has put on `Object.prototype`.
  const found = (options as Record<string, unknown>)[name];
  if (!(name in Object.prototype) && (found !== undefined || !Object.hasOwn(options, name))) return found;
  for (let at: unknown = options; isObject(at) && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    const value = ownValue(at, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Whether `sameSite` keeps the session cookie out of requests that other sites make, except for links. */
export function isSameSiteCookie(req: HostRequest): boolean {
  return ['lax', 'strict'].includes(sessionCookieOf(req, undefined)?.sameSite ?? '');
}

/**
 * A hash of the Cookie header. It identifies the browser and its session only if the header holds a secret:
 * see secretCookieHash(). Empty if the request has no cookies.
 */
export function cookieHash(req: HostRequest): string {
  const known = COOKIE_HASHES.get(req);
  if (known !== undefined) return known;
  const cookies = header(req, 'cookie');
  const hashed = cookies === '' ? '' : shortHash([cookies]);
  COOKIE_HASHES.set(req, hashed);
  return hashed;
}

/** One login needs it several times. */
const COOKIE_HASHES = new WeakMap<HostRequest, string>();

/**
 * Whether a cookie of this request holds the id of the session. The cookie may hold a signature, too.
 */
export function holdsSessionId(req: HostRequest, id: string): boolean {
  const cookies = header(req, 'cookie');
  return id !== '' && (cookies.includes(encodeURIComponent(id)) || cookies.includes(id));
}

/** The values of the session cookie in the Cookie header: usually one, in the order in which they came. */
export function sentValues(req: HostRequest, cookie: SessionCookie | undefined): string[] {
  if (!cookie) return [];
  return parseCookieHeader(header(req, 'cookie'))
    .filter(([name, value]) => (cookie.name === undefined ? isSignedId(value) : name === cookie.name))
    .map(([, value]) => value);
}

/** Whether the session comes from the cookie that the browser sent, and is not a new one. */
export function isRecognized(req: HostRequest, session: Session, values: readonly string[]): boolean {
  const { sessionID } = req as { sessionID?: unknown };
  if (typeof sessionID === 'string') return values.some((value) => holdsId(value, sessionID));
  return values.length > 0 && (session as { isNew?: unknown }).isNew !== true;
}

/** Finds the session cookie among those that a response sets. */
export function isSessionCookie(
  req: HostRequest,
  cookie: SessionCookie,
  { name, value }: Pick<Cookie, 'name' | 'value'>,
): boolean {
  const { sessionID } = req as { sessionID?: unknown };
  return typeof sessionID === 'string' ? holdsId(value, sessionID) : name === cookie.name;
}

/** express-session sets `s:<id>.<signature>`, percent-encoded. */
function holdsId(value: string, id: string): boolean {
  return value.startsWith(`s%3A${encodeURIComponent(id)}.`) || value.startsWith(`s:${id}.`);
}

function isSignedId(value: string): boolean {
  return /^s(?:%3A|:)/i.test(value);
}
