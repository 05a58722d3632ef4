/** Cookies as browsers keep and send them (RFC 6265bis), with the reason where one is not kept. */
import { isIP } from 'node:net';

export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string | undefined;
  readonly path: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: string;
  /** In ms since 1970; none for the life of the browser. */
  readonly expires: number | undefined;
}

export type Refusal = 'secure' | 'domain' | 'prefix' | 'none' | 'size' | 'expired';

export interface ReceivedCookie {
  readonly cookie: Cookie;
  /** Why a browser would not keep it. */
  readonly refusal: Refusal | undefined;
}

const LARGEST = 4_096;

export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  /** What an answer from this address sets, and what of it is kept. */
  take(lines: readonly string[], url: URL): ReceivedCookie[] {
    return lines.map((line) => {
      const cookie = parse(line, url);
      const refusal = refusalOf(cookie, url);
      if (!refusal) this.#cookies.set(cookie.name, cookie);
      else if (refusal === 'expired') this.#cookies.delete(cookie.name);
      return { cookie, refusal };
    });
  }

  /** The Cookie header for this address. Who comes from another site does not bring strict ones. */
  header(url: URL, isFromElsewhere: boolean): string {
    return [...this.#cookies.values()]
      .filter(({ path }) => isUnder(url.pathname, path))
      .filter(({ secure }) => !secure || isTrustworthy(url))
      .filter(({ sameSite }) => !isFromElsewhere || sameSite !== 'strict')
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
    path: path.startsWith('/') ? path : url.pathname.replace(/\/[^/]*$/, '') || '/',
    secure: attributes.has('secure'),
    httpOnly: attributes.has('httponly'),
    sameSite: (attributes.get('samesite') ?? '').toLowerCase(),
    expires: Number.isNaN(maxAge) ? (Number.isNaN(date) ? undefined : date) : Date.now() + maxAge * 1000,
  };
}

function split(part: string): [name: string, value: string] {
  const at = part.indexOf('=');
  return at < 0 ? [part.trim(), ''] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
}

function refusalOf(cookie: Cookie, url: URL): Refusal | undefined {
  const { name, value, domain, secure, sameSite, expires, path } = cookie;
  if (expires !== undefined && expires <= Date.now()) return 'expired';
  if (name.length + value.length > LARGEST) return 'size';
  if (secure && !isTrustworthy(url)) return 'secure';
  if (sameSite === 'none' && !secure) return 'none';
  if (domain !== undefined && !covers(domain, url.hostname)) return 'domain';
  if (name.startsWith('__Secure-') && !secure) return 'prefix';
  if (name.startsWith('__Host-') && !(secure && domain === undefined && path === '/')) return 'prefix';
  return undefined;
}

function covers(domain: string, host: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && isIP(host) === 0);
}

function isUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

/** Browsers, but for Safari, take Secure cookies from this very machine over http too. */
function isTrustworthy({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || /^(?:localhost|.*\.localhost|127\..*|\[::1\])$/.test(hostname);
}
