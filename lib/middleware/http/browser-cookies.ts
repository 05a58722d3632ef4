/** Which cookies browsers keep, and to which addresses they send them (RFC 6265bis). */
import { ipVersion } from './ip-version';

export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string | undefined;
  readonly path: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  /** In lower case; empty if it is not set. */
  readonly sameSite: string;
  /** In ms since 1970; undefined for a cookie that lives until the browser closes. */
  readonly expires: number | undefined;
}

/** The rule of browsers that a cookie breaks. */
export type CookieRefusal = 'secure' | 'domain' | 'prefix' | 'none' | 'size' | 'expired';

/** In bytes, of name and value together. */
const MAX_SIZE = 4_096;

/** Reads a Set-Cookie line of a response from this address. */
export function parseSetCookie(line: string, url: URL): Cookie {
  const [, ...rest] = line.split(';');
  const attributes = new Map(
    rest.map((part) => split(part)).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const [name, value] = cookiePair(line);
  const maxAge = secondsIn(attributes.get('max-age') ?? '');
  const date = Date.parse(attributes.get('expires') ?? '');
  const path = attributes.get('path') ?? '';
  const domain = attributes.get('domain')?.replace(/^\./, '').toLowerCase();
  return {
    name,
    value,
    domain: domain === '' ? undefined : domain,
    path: path.startsWith('/') ? path : defaultPath(url),
    secure: attributes.has('secure'),
    httpOnly: attributes.has('httponly'),
    sameSite: (attributes.get('samesite') ?? '').toLowerCase(),
    expires: Number.isNaN(maxAge) ? (Number.isNaN(date) ? undefined : date) : Date.now() + maxAge * 1000,
  };
}

/** The value of Max-Age: browsers ignore one that is not a whole number in digits. */
function secondsIn(maxAge: string): number {
  return /^-?\d+$/.test(maxAge) ? Number(maxAge) : NaN;
}

/** The name and the value in a Set-Cookie line. */
export function cookiePair(line: string): [name: string, value: string] {
  const end = line.indexOf(';');
  return split(end < 0 ? line : line.slice(0, end));
}

/** The cookies of a Cookie header, in their order; a name may occur twice. */
export function parseCookieHeader(header: string): (readonly [name: string, value: string])[] {
  return header === '' ? [] : header.split(';').map((part) => split(part));
}

function split(part: string): [name: string, value: string] {
  const index = part.indexOf('=');
  return index < 0 ? [part.trim(), ''] : [part.slice(0, index).trim(), part.slice(index + 1).trim()];
}

/** The default Path of a cookie: the folder of the address (RFC 6265bis, section 5.1.4). */
function defaultPath({ pathname }: URL): string {
  return pathname.slice(0, pathname.lastIndexOf('/')) || '/';
}

/** Why a browser drops this cookie of a response from this address; undefined if it keeps the cookie. */
export function refusalOf(cookie: Cookie, url: URL): CookieRefusal | undefined {
  const { name, value, domain, secure, sameSite, expires } = cookie;
  if (expires !== undefined && expires <= Date.now()) return 'expired';
  if (name.length + value.length > MAX_SIZE) return 'size';
  if (secure && !isTrustworthy(url)) return 'secure';
  if (sameSite === 'none' && !secure) return 'none';
  if (domain !== undefined && !domainMatches(domain, url.hostname)) return 'domain';
  return breaksPrefix(cookie) ? 'prefix' : undefined;
}

/** Browsers compare the prefixes without regard to case. */
function breaksPrefix({ name, secure, domain, path }: Cookie): boolean {
  if (/^__secure-/i.test(name)) return !secure;
  return /^__host-/i.test(name) && !(secure && domain === undefined && path === '/');
}

/**
 * Whether a cookie with this Domain belongs to this host. Browsers refuse the cookies of a whole top-level
 * domain, which has no dot.
 */
export function domainMatches(domain: string, host: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && domain.includes('.') && ipVersion(host) === 0);
}

/** Whether a cookie with this Path is sent to an address with this path. */
export function pathMatches(path: string, cookiePath: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}

/** Browsers except Safari also accept Secure cookies over http from localhost. */
export function isTrustworthy({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || /^(?:localhost|[^/]*\.localhost|127\.[\d.]*|\[::1\])$/.test(hostname);
}
