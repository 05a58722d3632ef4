/** Keeps and sends cookies as browsers do (RFC 6265bis), and says why a browser would drop one. */
import { isIP } from 'node:net';

export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string | undefined;
  readonly path: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: string;
  /** In ms since 1970; undefined for a cookie that lives until the browser closes. */
  readonly expires: number | undefined;
}

export type Refusal = 'secure' | 'domain' | 'prefix' | 'none' | 'size' | 'expired';

export interface ReceivedCookie {
  readonly cookie: Cookie;
  /** Why a browser would drop it; undefined for one that it keeps. */
  readonly refusal: Refusal | undefined;
}

/** In bytes, of name and value together. */
const MAX_SIZE = 4_096;

export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  /** Reads the Set-Cookie lines of a response from this address, and keeps what a browser would keep. */
  take(lines: readonly string[], url: URL): ReceivedCookie[] {
    return lines.map((line) => {
      const cookie = parse(line, url);
      const refusal = refusalOf(cookie, url);
      if (!refusal) this.#cookies.set(cookie.name, cookie);
      else if (refusal === 'expired') this.#cookies.delete(cookie.name);
      return { cookie, refusal };
    });
  }

  /**
   * The Cookie header of a request to this address. If the request comes from another site, browsers do not
   * send SameSite=Strict cookies.
   */
  header(url: URL, isFromOtherSite: boolean): string {
    return [...this.#cookies.values()]
      .filter(({ path }) => pathMatches(url.pathname, path))
      .filter(({ secure }) => !secure || isTrustworthy(url))
      .filter(({ sameSite }) => !isFromOtherSite || sameSite !== 'strict')
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }
}

function parse(line: string, url: URL): Cookie {
  const [pair = '', ...rest] = line.split(';');
  const attributes = new Map(
    rest.map((part) => split(part)).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const [name, value] = split(pair);
  const maxAge = Number(attributes.get('max-age') ?? NaN);
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

function split(part: string): [name: string, value: string] {
  const index = part.indexOf('=');
  return index < 0 ? [part.trim(), ''] : [part.slice(0, index).trim(), part.slice(index + 1).trim()];
}

/** The default Path of a cookie: the folder of the address (RFC 6265bis, section 5.1.4). */
function defaultPath({ pathname }: URL): string {
  return pathname.slice(0, pathname.lastIndexOf('/')) || '/';
}

function refusalOf(cookie: Cookie, url: URL): Refusal | undefined {
  const { name, value, domain, secure, sameSite, expires, path } = cookie;
  if (expires !== undefined && expires <= Date.now()) return 'expired';
  if (name.length + value.length > MAX_SIZE) return 'size';
  if (secure && !isTrustworthy(url)) return 'secure';
  if (sameSite === 'none' && !secure) return 'none';
  if (domain !== undefined && !domainMatches(domain, url.hostname)) return 'domain';
  if (name.startsWith('__Secure-') && !secure) return 'prefix';
  if (name.startsWith('__Host-') && !(secure && domain === undefined && path === '/')) return 'prefix';
  return undefined;
}

function domainMatches(domain: string, host: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && isIP(host) === 0);
}

/** Whether a cookie with this Path is sent to an address with this path. */
export function pathMatches(path: string, cookiePath: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}

/** Browsers except Safari also accept Secure cookies over http from localhost. */
function isTrustworthy({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || /^(?:localhost|[^/]*\.localhost|127\.[\d.]*|\[::1\])$/.test(hostname);
}
