/** Every address that a browser is sent to: origin, routes, return paths. */
import type { ResolvedOptions } from './options/resolve-options';
import type { Context } from './context';
import { copyOf } from './http/copy-of';
import { fullURL, header, hostOf, hostToCompare, isSecure, mountOf, withoutOrigin } from './http/request';
import { WechatAuthError } from '../errors';
import { relayRedirectURI } from '../relay/redirect-uri';
import { isPageFlow, type PageFlow } from '../oauth/flows';
import { isOfficialScope } from '../oauth/scope';
import { comparablePath, isBelow, matchesRoute, sanitizeReturnTo } from './http/return-to';
import { shown } from './options/options-error';

function basePath(config: ResolvedOptions): string {
  return config.base?.path ?? '';
}

/** The origin that browsers see: that of `baseURL`, otherwise the one that the request names. */
export function originOf({ req, config }: Context): string {
  if (config.base) return config.base.origin;
  if (process.env['NODE_ENV'] === 'production') {
    config.warnings.once('WECHAT_NO_BASE_URL', {
      en:
        'wechatAuth() derives its public address from the Host header, which a client can forge. ' +
        'Set baseURL (or WECHAT_BASE_URL). For several hosts, let the option account accept only these.',
      zh:
        '应用的公网地址取自 Host 头，而客户端可以伪造它。请设置 baseURL（或 WECHAT_BASE_URL）。' +
        '有多个域名时，改由配置 account 只接受这些域名。',
    });
  }
  const host = hostOf(req);
  const origin = `${isSecure(req) ? 'https' : 'http'}://${host}`;
  // Not every text of that form is a host: 999.999.999.999 is none, and 99999 is no port.
  if (HOST.test(host) && URL.canParse(origin)) return origin;
  throw new WechatAuthError(
    'config',
    'The request names no valid host (Host, :authority, or X-Forwarded-Host of a trusted proxy): ' +
      `${shown(host)}. Set baseURL.`,
    { status: 400 },
  );
}

const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/;

/** The public path of one of our routes, or `undefined` if the options leave it out. */
export function routePath(context: Context, name: keyof ResolvedOptions['routes']): string | undefined {
  const route = context.config.routes[name];
  return route === false ? undefined : publicMount(context) + route;
}

/** @throws WechatAuthError of kind `config` with this message if the options leave the route out. */
export function requirePath(
  context: Context,
  name: keyof ResolvedOptions['routes'],
  message: string,
): string {
  const path = routePath(context, name);
  if (path !== undefined) return path;
  throw new WechatAuthError('config', message);
}

/** The path of a scan login. With `scanLogin`, `routes.scan: false` is a fault of the options. */
export function scanPath(context: Context): string {
  return publicMount(context) + String(context.config.routes.scan);
}

/** The path that browsers see before our routes: the path that the proxy strips, and the mount path. */
export function publicMount({ req, url, config }: Context): string {
  return basePath(config) + escapeMount(mountOf(req, url));
}

/**
 * Percent-encodes a mount path, and collapses its slashes and backslashes. If the mount is a pattern such as
 * `/:tenant`, part of it comes from the request, and `//evil.example` would become an open redirect. Node
 * decodes request targets as Latin-1, so each character is one byte.
 */
function escapeMount(mount: string): string {
  return mount
    .replace(/[^\u0021-\u007e]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(/[\\/]+/g, '/')
    .replace(/\/$/, '');
}

/** The mounts of the middleware that were seen at a request, and the sites at which each was seen. */
class Mounts {
  /** The mount path → its sites. */
  readonly #sites = new Map<string, Set<string>>();
  /**
   * The public paths of login, callback, logout and scan → the sites of their mounts. No login may end there.
   */
  readonly #routes = new Map<string, readonly ReadonlySet<string>[]>();
  /** The same for routes that stand for every path below them. */
  readonly #routesBelow = new Map<string, readonly ReadonlySet<string>[]>();
  /**
   * The numbers of names in the paths of the mounts that are not recorded above, because there are too many
   * of them, or their path is too long.
   */
  readonly #depths = new Set<number>();
  /** The routes of login, callback and logout of those mounts, without the mount path. */
  #names: readonly string[] = [];

  /** Runs on every request, so it parses no path of a mount that is known already. */
  record(context: Context): void {
    const site = siteOf(context);
    if (isSeenAt(this.#sitesOf(unparsedMountOf(context)), site)) return;
    const mountPath = mountOf(context.req, context.url);
    const sites = this.#sitesOf(mountPath);
    if (isSeenAt(sites, site)) return;
    if (sites) sites.add(copyOf(site));
    else this.#add(context, mountPath, site);
  }

  /** Routers ignore case: one mount must not count as many. */
  #sitesOf(mountPath: string): Set<string> | undefined {
    return this.#sites.get(mountPath) ?? this.#sites.get(comparablePath(mountPath));
  }

  #add(context: Context, mountPath: string, site: string): void {
    if (this.#sites.size < MAX_MOUNTS && mountPath.length <= MAX_LENGTH) {
      const sites = new Set([copyOf(site)]);
      this.#sites.set(copyOf(comparablePath(mountPath)), sites);
      for (const route of ownRoutes(context).map(comparablePath)) {
        const routes = isBelow(route) ? this.#routesBelow : this.#routes;
        routes.set(copyOf(route), [...(routes.get(route) ?? []), sites]);
      }
    } else if (this.#depths.size < MAX_MOUNTS) {
      this.#depths.add(depthOf(comparablePath(publicMount(context))));
      if (this.#names.length === 0) this.#names = ownRouteNames(context).map(comparablePath);
    }
  }

  /** @param route a path in the form of comparablePath() */
  hasRoute(site: string, route: string): boolean {
    const isAt = (sites: ReadonlySet<string>): boolean => isSeenAt(sites, site);
    if (this.#routes.get(route)?.some(isAt)) return true;
    for (const [own, sites] of this.#routesBelow)
      if (matchesRoute(route, own) && sites.some(isAt)) return true;
    return this.#names.some(
      (name) => route.endsWith(name) && this.#depths.has(depthOf(route.slice(0, -name.length))),
    );
  }
}

/** Whether a mount was seen at this site, or at so many sites that it counts as a mount of every site. */
function isSeenAt(sites: ReadonlySet<string> | undefined, site: string): boolean {
  return sites !== undefined && (sites.has(site) || sites.size >= MAX_SITES);
}

/**
 * The mount path by the lengths of the two URLs, which costs less than mountOf(). It is the same unless a
 * middleware has rewritten the URL, or the request line holds an origin.
 */
function unparsedMountOf({ req, url }: Context): string {
  const { originalUrl = url } = req;
  const length = originalUrl.length - url.length;
  if (length <= 0) return '';
  // If the request is for the mount path itself, frameworks set `url` to a slash that the request lacks.
  const isMountItself = (url.length === 1 || url[1] === '?') && originalUrl[length] !== '/';
  return originalUrl.slice(0, isMountItself ? length + 1 : length);
}

/** The number of names in a path. */
function depthOf(path: string): number {
  return path.split('/').length - 1;
}

/**
 * By session key and routes: the mounts of every `wechatAuth()` of this process. A login must not end at the
 * logout of another mount. A mount is recorded at its first request. For Express, mayBeOwnRoute() needs no
 * record.
 *
 * The Host header and a mount that is a pattern, such as `/:tenant`, come from the request, so an attacker
 * could invent any number of them. Recorded mounts stay. A mount that was seen at many hosts counts as a
 * mount of every host. If there are too many mount paths, a further one is recorded by its depth alone, and
 * every path of that depth counts as a mount.
 */
const MOUNTS = new Map<string, Mounts>();
const BY_CONFIG = new WeakMap<ResolvedOptions, Mounts>();
const MAX_MOUNTS = 50;
const MAX_SITES = 50;
const MAX_LENGTH = 500;

/** The logout routes of every `wechatAuth()` of this process, as the options name them. */
const LOGOUTS = new Set<string>();

/** Returns the function that records the mount that a request came through. */
export function routeRecorder({ routes }: ResolvedOptions): (context: Context) => void {
  if (routes.logout !== false) LOGOUTS.add(comparablePath(routes.logout));
  let config: ResolvedOptions;
  let mounts: Mounts;
  return (context) => {
    // This runs on every request. Most middleware have one config, and to compare it costs less than a
    // lookup.
    if (context.config !== config) {
      ({ config } = context);
      mounts = mountsOf(config);
    }
    mounts.record(context);
  };
}

function mountsOf(config: ResolvedOptions): Mounts {
  const known = BY_CONFIG.get(config);
  if (known) return known;
  const key = JSON.stringify([config.sessionKey, config.routes, basePath(config)]);
  const mounts = MOUNTS.get(key) ?? new Mounts();
  MOUNTS.set(key, mounts);
  BY_CONFIG.set(config, mounts);
  return mounts;
}

function isKnownRoute(context: Context, pathname: string): boolean {
  const site = siteOf(context);
  const route = comparablePath(pathname);
  return [...MOUNTS.values()].some((mounts) => mounts.hasRoute(site, route));
}

/**
 * Whether the path may be a route of this mount where a pattern stands for another text: a login below `/a`
 * must not end at `/b/logout`, even if nobody has requested `/b` yet. In Express, the pattern of an outer
 * router is unknown, and an optional part changes the depth of the mount. So every path that ends in the name
 * of a logout route of this process counts as one; this also loses pages such as `/help/logout`. Connect has
 * no patterns.
 */
function mayBeOwnRoute(context: Context, pathname: string): boolean {
  const { params } = context;
  if (!params) return false;
  const whole = comparablePath(pathname);
  if ([...LOGOUTS].some((name) => whole.endsWith(name))) return true;
  const parts = Object.entries(params);
  if (parts.length === 0) return false;
  const mount = publicMount(context);
  const names = ownRoutes(context).map((route) => comparablePath(route.slice(mount.length)));
  // A wildcard and a regular expression may stand for several names, an optional part for none.
  if (parts.some(([name, value]) => /^\d/.test(name) || typeof value !== 'string'))
    return names.some((name) => (isBelow(name) ? whole.includes(name.slice(0, -1)) : whole.endsWith(name)));
  // Express does not decode a slash, some proxies do.
  return [pathname.replace(/\/+/g, '/'), whole].some((spelled) => {
    const below = spelled.split('/').slice(depthOf(mount) + 1);
    return names.some((name) => matchesRoute(comparablePath(`/${below.join('/')}`), name));
  });
}

/**
 * The origin or host under which routes are known, so that apps on different hosts do not affect each other.
 */
function siteOf({ req, config }: Context): string {
  return config.base?.origin ?? hostToCompare(req);
}

const ROUTE_NAMES = ['login', 'callback', 'logout'] as const;

/** The routes of login, callback and logout, as the options name them: below the mount point. */
function ownRouteNames({ config }: Context): string[] {
  return ROUTE_NAMES.flatMap((name) => config.routes[name] || []);
}

function ownRoutes(context: Context): string[] {
  const scan = context.config.hasScanRoutes ? routePath(context, 'scan') : undefined;
  return [
    ...ROUTE_NAMES.flatMap((name) => routePath(context, name) ?? []),
    ...(scan === undefined ? [] : [scan, `${scan}/*`]),
  ];
}

/** Whether a login may end at this path. */
export function isSafeReturnTo(context: Context, requested: string | null | undefined): requested is string {
  return safeReturnTo(context, requested) !== undefined;
}

/** The requested return path if it is safe, otherwise the default. */
export function returnToOrDefault(context: Context, requested: string | null | undefined): string {
  return safeReturnTo(context, requested) ?? defaultReturnTo(context);
}

function defaultReturnTo(context: Context): string {
  const { returnTo, warnings } = context.config;
  // The usual case, without the checks below: they would return the same.
  if (returnTo === undefined && basePath(context.config) === '') return '/';
  // Without mayBeOwnRoute(): the app chose this path, so one that only looks like a route is a page.
  const path = checkedReturnTo(context, returnTo ?? '/', isKnownRoute);
  if (path !== undefined || returnTo === undefined) return path ?? '/';
  // Known only now: the routes depend on the path at which the app has mounted the middleware.
  warnings.once('WECHAT_RETURN_TO', {
    en:
      `The option returnTo is ${shown(returnTo)}, which is a route of wechatAuth(), so no login may end there. ` +
      'Logins end at / instead. Give returnTo the path of a page.',
    zh: '配置 returnTo 是 wechatAuth() 自己的路由，登录改为结束于 /。请把它设为某个页面的路径。',
  });
  return '/';
}

/**
 * The requested return path in the form that a Location header takes, without a spent code; `undefined` if it
 * is not safe. It is checked as it was requested; then the path of `baseURL` is put in front, unless it is
 * there already, and the result is checked again.
 */
export function safeReturnTo(context: Context, requested: string | null | undefined): string | undefined {
  return checkedReturnTo(
    context,
    requested,
    (_, pathname) => isKnownRoute(context, pathname) || mayBeOwnRoute(context, pathname),
  );
}

function checkedReturnTo(
  context: Context,
  requested: string | null | undefined,
  isRoute: (context: Context, pathname: string) => boolean,
): string | undefined {
  const path = sanitizeReturnTo(requested, []);
  if (path === undefined) return undefined;
  const safe = sanitizeReturnTo(underBase(path, basePath(context.config)), ownRoutes(context), Infinity);
  return safe === undefined || isRoute(context, safe.replace(/[?#].*/s, '')) ? undefined : safe;
}

function underBase(path: string, base: string): string {
  const isUnder = path.startsWith(base) && /^(?:[/?#]|$)/.test(path.slice(base.length));
  return isUnder ? path : base + path;
}

/** The path of this request, as browsers see it. */
export function currentPage({ req, config }: Context): string {
  return basePath(config) + withoutOrigin(fullURL(req));
}

/**
 * The path of an Origin or Referer header of this site; `undefined` for another site. This site is the origin
 * of `baseURL`, otherwise the one that the request names.
 */
export function pathOnThisSite({ req, config }: Context, address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { origin, pathname, search } = new URL(address);
  const own = originIn(config.base?.origin ?? `${isSecure(req) ? 'https' : 'http'}://${hostOf(req)}`);
  // The host of an http: origin is this site over https, too: a proxy that ends TLS may not say that the
  // browser used https. The host of an https: origin is another site over http: an attacker in the network of
  // a user can forge such pages.
  const isOwn = origin === own || origin === originIn(own.replace(/^http:/, 'https:'));
  return isOwn ? pathname + search : undefined;
}

/**
 * The origin of an address, without a default port: browsers leave it out, and some proxies add it to Host.
 * Empty if the address is not valid.
 */
function originIn(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : '';
}

/**
 * Whether the browser says that another site sent this request. Old browsers, and all browsers over http
 * except to localhost, send no Sec-Fetch-Site, only Origin or Referer. A request with none of them counts as
 * one of this site.
 */
export function isCrossSite(context: Context): boolean {
  const site = header(context.req, 'sec-fetch-site');
  if (site) return site === 'cross-site';
  const from = header(context.req, 'origin') || header(context.req, 'referer');
  return from !== '' && pathOnThisSite(context, from) === undefined;
}

/**
 * The redirect URI: our callback route, or the relay that sends browsers on to it.
 *
 * @throws WechatAuthError of kind `config` if `routes.callback` is false.
 */
export function redirectURI(context: Context): string {
  const path = requirePath(
    context,
    'callback',
    'routes.callback is false: there is no redirect URI. ' +
      'Give it a path, or start the login from a wechatAuth() that has one.',
  );
  const callback = originOf(context) + path;
  const { relay } = context.config;
  return relay === undefined ? callback : relayRedirectURI(relay, callback);
}

/** The parameters of a link to the login route. */
export interface LoginLink {
  readonly returnTo?: string | undefined;
  readonly scope?: string | undefined;
  /**
   * The `data` of the login: signed by itself or, in a link of one session, together with the other
   * parameters.
   */
  readonly data?: string | undefined;
  readonly flow?: PageFlow | undefined;
  /** The signature of a link that only one session may use. */
  readonly sessionSignature?: string | undefined;
}

/** Leaves out a return path, a scope or a flow that no link may have. */
export function validLink(context: Context, link: LoginLink): LoginLink {
  const { returnTo, scope, flow } = link;
  return {
    ...link,
    returnTo: isSafeReturnTo(context, returnTo) ? returnTo : undefined,
    scope: isOfficialScope(scope) ? scope : undefined,
    flow: isPageFlow(flow) ? flow : undefined,
  };
}

/**
 * The path of the login route, for links.
 *
 * @throws WechatAuthError of kind `config` if there is no login route.
 */
export function loginPath(
  context: Context,
  { returnTo, scope, flow, data, sessionSignature: session }: LoginLink,
): string {
  const path = requirePath(
    context,
    'login',
    'There is no login route to link to: routes.login is false, or no account logs browsers in. ' +
      'Give routes.login a path and configure such an account, or call req.wechat.login().',
  );
  const query = Object.entries({ returnTo, scope, flow, data, session }).flatMap(([name, value]) =>
    // An app may pass on what a query parser made of `?returnTo[a]=b`.
    typeof value === 'string' ? `${name}=${encodeURIComponent(value)}` : [],
  );
  return query.length > 0 ? `${path}?${query.join('&')}` : path;
}

/**
 * The public address that starts the same login on another device: the login route, or without one the page
 * to return to, whose guard starts the login.
 */
export function loginURL(context: Context, link: LoginLink): string {
  const path =
    routePath(context, 'login') === undefined
      ? returnToOrDefault(context, link.returnTo)
      : loginPath(context, validLink(context, link));
  return originOf(context) + path;
}
