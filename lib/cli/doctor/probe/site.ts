/** A running app: where it listens, and the address by which browsers know it. */
import { isPrivateHost } from '../../../middleware/options/private-host';

export interface AppRoutes {
  /**
   * The path at which `wechatAuth()` is mounted: the path of `--account`, if that is a path, followed by the
   * path of `--mount`.
   */
  readonly mount: string;
  readonly login: string;
  readonly callback: string;
}

export interface Site {
  /** Where the doctor sends its requests. */
  readonly url: URL;
  /** The address that browsers show, and to which WeChat redirects them. */
  readonly public: URL;
  readonly routes: AppRoutes;
}

/**
 * If the app listens on a private address and has another public one, the doctor sends requests the way the
 * app's proxy would: with the public Host and `X-Forwarded-*`, and without the path that the proxy strips.
 * Otherwise it sends them as they are.
 */
export function siteOf(url: URL, baseURL: URL | undefined, routes: AppRoutes): Site {
  const isBehindProxy = baseURL !== undefined && isPrivateHost(url) && baseURL.origin !== url.origin;
  return { url, public: isBehindProxy ? baseURL : url, routes };
}

export function actsAsProxy({ url, public: seen }: Site): boolean {
  return url.origin !== seen.origin;
}

/** The address of one of the app's paths, as browsers see it. */
export function publicURL({ public: seen }: Site, path: string): URL {
  return new URL(seen.origin + withoutSlash(seen.pathname) + path);
}

export function loginPath({ routes }: Site): string {
  return routes.mount + routes.login;
}

export function callbackPath({ routes }: Site): string {
  return routes.mount + routes.callback;
}

/** Removes the slashes at the end of a path or an address. */
export function withoutSlash(path: string): string {
  return path.replace(/(?<!\/)\/+$/, '');
}
