/**
 * Checks return paths. A path that passes stays on this origin in every browser: otherwise an attacker could
 * use a link of this site to send users to another site (open redirect). addresses.ts also refuses paths that
 * are routes of other mounts.
 */

const MAX_BYTES = 512;
/** Stands in for the origin of the app: a path that leaves this origin would leave that one, too. */
const ORIGIN = 'http://return-to.invalid';
/**
 * Names between single slashes. Most return paths look like this, and every parser reads them the same way.
 */
const PLAIN = /^\/(?:[\w-]+\/)*[\w-]*$/;

/**
 * A return path in the form that a Location header takes, or `undefined` if it is not safe.
 *
 * @param value the requested path of this origin, with query and fragment
 * @param ownRoutes the public paths of login, callback, logout and scan, `/scan/*` for everything below
 * `/scan`: a login that ended there would loop, or log out
 * @param maxBytes the limit for `value`; a path that was checked before may have grown by percent-encoding
 */
export function sanitizeReturnTo(
  value: unknown,
  ownRoutes: readonly string[],
  maxBytes = MAX_BYTES,
): string | undefined {
  if (typeof value !== 'string' || Buffer.byteLength(value) > maxBytes) return undefined;
  // Browsers read a backslash as a slash, and skip tabs and line breaks.
  if (!/^\/(?!\/)/.test(value) || /[\\\p{Control}\p{Surrogate}]/u.test(value)) return undefined;
  if (PLAIN.test(value)) return isOwnRoute(value, ownRoutes) ? undefined : value;
  const path = onThisOrigin(value);
  // Checked a second time, because the first parse removes dot segments: `/.//evil.example` becomes
  // `//evil.example`.
  if (path === undefined || onThisOrigin(path) !== path) return undefined;
  const clean = withoutCode(path);
  return isOwnRoute(new URL(clean, ORIGIN).pathname, ownRoutes) ? undefined : clean;
}

/** The path, query and fragment as browsers spell them. */
function onThisOrigin(value: string): string | undefined {
  if (!URL.canParse(value, ORIGIN)) return undefined;
  const url = new URL(value, ORIGIN);
  return url.origin === ORIGIN ? url.pathname + url.search + url.hash : undefined;
}

/**
 * A user may share the address of a callback. Its code and state are spent, and must not stay in an address.
 */
function withoutCode(path: string): string {
  const url = new URL(path, ORIGIN);
  if (!url.searchParams.has('code') || !url.searchParams.has('state')) return path;
  // URLSearchParams would change the spelling of the other parameters.
  const others = url.search
    .slice(1)
    .split('&')
    .filter((pair) => !isCodeOrState(pair));
  return url.pathname + (others.length > 0 ? `?${others.join('&')}` : '') + url.hash;
}

function isCodeOrState(pair: string): boolean {
  const params = new URLSearchParams(pair);
  return params.has('code') || params.has('state');
}

function isOwnRoute(pathname: string, ownRoutes: readonly string[]): boolean {
  const path = comparablePath(pathname);
  return ownRoutes.some((route) => matchesRoute(path, comparablePath(route)));
}

/** Both are comparable paths. A route that ends with `/*` stands for everything below it. */
export function matchesRoute(path: string, route: string): boolean {
  return isBelow(route) ? path.startsWith(route.slice(0, -1)) : path === route;
}

export function isBelow(route: string): boolean {
  return route.endsWith('/*');
}

/** Frameworks ignore case and a slash at the end when they route, and some decode the path first. */
export function comparablePath(path: string): string {
  if (IS_COMPARABLE.test(path)) return path;
  return decoded(path).toLowerCase().replace(/\/+/g, '/').replace(/\/$/, '');
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // It is not valid percent-encoding, so no framework decodes it.
    return path;
  }
}

/**
 * Most paths are in the form of comparablePath() already, and this test is cheaper than to rewrite them. It
 * runs on every request below a mount path that is not recorded, such as one of a thousand tenants.
 */
const IS_COMPARABLE = /^(?:\/[a-z\d_.~-]+)*$/;
