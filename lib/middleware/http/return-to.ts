/** The only judge of a return path: what it lets through stays on this site, however a browser reads it. */

const LONGEST = 512;
/** Any origin will do: a path either stays on it or does not. */
const ORIGIN = 'http://return-to.invalid';
/** Names between single slashes, and nothing else. */
const PLAIN = /^\/(?:[\w-]+\/)*[\w-]*$/;

/**
 * A return path as it may go into a Location header, or `undefined` where it is none of ours.
 *
 * @param value what somebody asked for: a path from the root of this origin, with query and fragment
 * @param ownRoutes the public paths of login, callback and logout, none of which is a page to come back to
 * @param longest in bytes; what was judged before may have grown by percent-encoding
 */
export function sanitizeReturnTo(
  value: unknown,
  ownRoutes: readonly string[],
  longest = LONGEST,
): string | undefined {
  if (typeof value !== 'string' || Buffer.byteLength(value) > longest) return undefined;
  if (!/^\/(?!\/)/.test(value) || /[\\\p{Control}\p{Surrogate}]/u.test(value)) return undefined;
  // Most are such: they mean the same however they are read.
  if (PLAIN.test(value)) return isOwnRoute(value, ownRoutes) ? undefined : value;
  const path = onThisOrigin(value);
  // Read again, because reading takes dot segments away: /.//evil.example becomes //evil.example.
  if (path === undefined || onThisOrigin(path) !== path) return undefined;
  const clean = withoutCode(path);
  return isOwnRoute(new URL(clean, ORIGIN).pathname, ownRoutes) ? undefined : clean;
}

function onThisOrigin(value: string): string | undefined {
  if (!URL.canParse(value, ORIGIN)) return undefined;
  const url = new URL(value, ORIGIN);
  return url.origin === ORIGIN ? url.pathname + url.search + url.hash : undefined;
}

/** A shared link may carry a code and a state: both are spent, and neither belongs into an address. */
function withoutCode(path: string): string {
  const url = new URL(path, ORIGIN);
  if (!url.searchParams.has('code') || !url.searchParams.has('state')) return path;
  // By hand: URLSearchParams would spell the other parameters anew.
  const rest = url.search
    .slice(1)
    .split('&')
    .filter((pair) => !isCodeOrState(pair));
  return url.pathname + (rest.length > 0 ? `?${rest.join('&')}` : '') + url.hash;
}

function isCodeOrState(pair: string): boolean {
  const params = new URLSearchParams(pair);
  return params.has('code') || params.has('state');
}

function isOwnRoute(pathname: string, ownRoutes: readonly string[]): boolean {
  if (ownRoutes.length === 0) return false;
  const here = comparablePath(pathname);
  return ownRoutes.some((route) => comparablePath(route) === here);
}

/** Hosts route without regard to case, to a slash at the end, some to percent-encoding. */
export function comparablePath(path: string): string {
  let plain = path;
  try {
    plain = decodeURIComponent(path);
  } catch {
    // Not decodable: compared as it is.
  }
  return plain.toLowerCase().replace(/\/+/g, '/').replace(/\/$/, '');
}
