/** Every address that a browser is sent to: origin, routes, return paths. */
import type { ResolvedOptions } from './options/resolve-options';
import type { Context } from './context';
import { hostOf, isSecure, mountOf, relative, fullURL } from './http/request';
import { WechatAuthError } from '../errors';
import { sanitizeReturnTo } from './http/return-to';

export function basePath(config: ResolvedOptions): string {
  return config.base?.path ?? '';
}

/** The origin that browsers see, as the options say, else as the request does. */
export function originOf({ req, config }: Context): string {
  if (config.base) return config.base.origin;
  if (process.env['NODE_ENV'] === 'production') {
    config.warnings.once(
      'WECHAT_NO_BASE_URL',
      'wechatAuth() derives its public address from the Host header, which a client can forge. Set baseURL (or WECHAT_BASE_URL).',
    );
  }
  const host = hostOf(req);
  if (HOST.test(host)) return `${isSecure(req) ? 'https' : 'http'}://${host}`;
  throw new WechatAuthError(
    'config',
    `The Host header is no host name: ${JSON.stringify(host.slice(0, 80))}. Set baseURL.`,
    {
      status: 400,
    },
  );
}

const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/;

/** The public path of one of our routes, or `undefined` where the options leave it out. */
export function routePath(context: Context, name: keyof ResolvedOptions['routes']): string | undefined {
  const route = context.config.routes[name];
  return route === false ? undefined : publicMount(context) + route;
}

/** The path that browsers see before our routes: what the proxy strips, and the mount. */
export function publicMount({ req, url, config }: Context): string {
  return basePath(config) + asPath(mountOf(req, url));
}

/**
 * Where a mount is a pattern, the request chooses its spelling, and our redirects begin with it: two slashes in a row, or what
 * browsers take for that, would lead to another host.
 */
function asPath(mount: string): string {
  return mount
    .replace(/[^\u0021-\u007e]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(/[\\/]+/g, '/')
    .replace(/\/$/, '');
}

function ownRoutes(context: Context): string[] {
  return (['login', 'callback', 'logout'] as const).flatMap((name) => routePath(context, name) ?? []);
}

/** Whether somebody may be sent there after a login. */
export function isReturnTo(context: Context, asked: string | null | undefined): asked is string {
  return asked != null && safeReturnTo(context, asked) !== undefined;
}

/** Where somebody is sent who asked for this: there, if it is a page of this app, else where logins end by default. */
export function returnToOrDefault(context: Context, asked: string | null | undefined): string {
  return safeReturnTo(context, asked) ?? safeReturnTo(context, context.config.returnTo ?? '/') ?? '/';
}

/**
 * What somebody asked for, as they may be sent there: spelled for a header, without a spent code; `undefined` where they may not.
 * Judged as it was asked for, and again with the path that the proxy strips.
 */
export function safeReturnTo(context: Context, asked: string | null | undefined): string | undefined {
  const path = sanitizeReturnTo(asked, []);
  return path === undefined
    ? undefined
    : sanitizeReturnTo(underBase(path, basePath(context.config)), ownRoutes(context), Infinity);
}

function underBase(path: string, base: string): string {
  const isUnder = path.startsWith(base) && /^(?:[/?#]|$)/.test(path.slice(base.length));
  return isUnder ? path : base + path;
}

/** The page this request asks for, as browsers see it. */
export function currentPage({ req, config }: Context): string {
  return basePath(config) + relative(fullURL(req));
}

/** The path of an Origin or Referer header of this very site, or `undefined`. */
export function sameOriginPath(context: Context, header: string): string | undefined {
  if (!URL.canParse(header)) return undefined;
  const url = new URL(header);
  return url.host === hostOf(context.req) || url.origin === context.config.base?.origin
    ? url.pathname + url.search
    : undefined;
}

export function callbackURL(context: Context): string {
  const path = routePath(context, 'callback');
  if (path !== undefined) return originOf(context) + path;
  throw new WechatAuthError(
    'config',
    'routes.callback is false: WeChat has no address to come back to. Give it a path, or start the login where it has one.',
  );
}

/** What a link to the login route may say. */
export interface LoginLink {
  readonly returnTo?: string | undefined;
  readonly scope?: string | undefined;
}

/** The path of the login route, for links. */
export function loginURL(context: Context, { returnTo, scope }: LoginLink): string {
  const path = routePath(context, 'login');
  if (path === undefined) {
    throw new WechatAuthError(
      'config',
      'routes.login is false: there is no login route to link to. Give it a path, or call req.wechat.login().',
    );
  }
  const query = Object.entries({ returnTo, scope }).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}=${encodeURIComponent(value)}`,
  );
  return query.length > 0 ? `${path}?${query.join('&')}` : path;
}

/** The public address of this login, for another device. */
export function loginAddress(context: Context, { returnTo }: LoginLink): string {
  const asked = { returnTo: isReturnTo(context, returnTo) ? returnTo : undefined };
  const path =
    routePath(context, 'login') === undefined
      ? returnToOrDefault(context, returnTo)
      : loginURL(context, asked);
  return originOf(context) + path;
}
