/**
 * The addresses to which a relay sends browsers. They are compared after URL parsing, as a browser reads
 * them: an address that only looks like one of the list would make the relay an open redirect, and hand the
 * authorization code to an attacker (RFC 9700 section 4.1).
 */

/** Why the relay does not send a browser to an address. */
export type RelayRefusal =
  'missing' | 'repeated' | 'too-long' | 'not-an-address' | 'user' | 'own-code' | 'not-listed';

/** Longer than any callback address; without a limit, a request could make the response long. */
export const MAX_TARGET_LENGTH = 2048;

export class AllowList {
  /** Origins: every path on them is allowed. */
  readonly #origins = new Set<string>();
  /** Addresses with a path: only exactly these are allowed. */
  readonly #addresses = new Set<string>();

  /** @param entries without faults, see `entryFault` */
  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const { origin, pathname, href } = new URL(entry);
      if (pathname === '/') this.#origins.add(origin);
      else this.#addresses.add(href);
    }
  }

  /** The parsed address, or why a browser must not be sent to it. */
  find(address: string): URL | RelayRefusal {
    if (address.length > MAX_TARGET_LENGTH) return 'too-long';
    if (!URL.canParse(address)) return 'not-an-address';
    const url = new URL(address);
    // The origin of `blob:https://app.example.com/…` is that of the app.
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'not-an-address';
    if (url.username !== '' || url.password !== '') return 'user';
    if (hasCodeOrState(url)) return 'own-code';
    return this.#origins.has(url.origin) || this.#addresses.has(url.href) ? url : 'not-listed';
  }
}

/**
 * An attacker could put an authorization code of their own in front of WeChat's. Some frameworks take the
 * first of two parameters, ignore case, trim names, read `code[]` as a list, or separate parameters by `;`.
 */
function hasCodeOrState({ search }: URL): boolean {
  return search
    .slice(1)
    .split(/[&;]/)
    .some((pair) => {
      const [name = ''] = new URLSearchParams(pair).keys();
      return /^(?:code|state)(?:\[|$)/i.test(name.trim());
    });
}

/** Says what is wrong with an entry of the list, if anything. */
export function entryFault(entry: string): string | undefined {
  if (!/^https?:\/\/[^/\\]/i.test(entry) || !URL.canParse(entry)) return 'is not an http: or https: address';
  const { hostname, username, password } = new URL(entry);
  if (/[\\\p{Control}\p{White_Space}]/u.test(entry))
    return 'has a blank, a backslash or a control character in it';
  if (entry.includes('*') || hostname.includes('*')) return 'has a wildcard';
  if (/[?#]/.test(entry)) return 'has a query or a fragment';
  if (username || password) return 'has a user name or a password in it';
  // Browsers remove them: `https://app.example.com/x/..` would allow every path of that origin.
  if (entry.split('/').some(isDotSegment)) return 'has dot segments in its path';
  return undefined;
}

function isDotSegment(segment: string): boolean {
  return /^(?:\.|%2e){1,2}$/i.test(segment);
}
