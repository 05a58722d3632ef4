/** What a request shows about a lost session. */
import { copyOf } from '../../http/copy-of';
import { header, hostOf, isSecure, MAX_HOST_LENGTH, trustsProxy, type HostRequest } from '../../http/request';
import { isPrivateHost } from '../../options/private-host';
import type { Context } from '../../context';
import { routePath } from '../../addresses';

/** Whether a proxy says that the browser used https. */
export function isForwardedHTTPS(req: HostRequest): boolean {
  return /^https\b/i.test(header(req, 'x-forwarded-proto'));
}

/** Whether a proxy says that the browser used https, and the app does not trust that proxy. */
export function isFromUntrustedProxy(req: HostRequest): boolean {
  return isForwardedHTTPS(req) && !isSecure(req) && !trustsProxy(req);
}

/**
 * The host that the browser requested, as the request names it. The value only explains a failure, so a
 * header that a client can forge is good enough: behind a proxy, the Host header may be an internal name.
 */
export function requestedHost(req: HostRequest): string {
  const [forwarded = ''] = header(req, 'x-forwarded-host').split(',', 1);
  // The browser itself says that the page before had the same origin.
  const before = header(req, 'sec-fetch-site') === 'same-origin' ? header(req, 'referer') : '';
  const named = forwarded.trim() || (before !== '' && URL.canParse(before) ? new URL(before).host : '');
  return named === '' ? hostOf(req) : copyOf(named.slice(0, MAX_HOST_LENGTH));
}

/** In lower case and without a port, because cookies ignore ports. */
export function hostname(host: string): string {
  return urlOfHost(host)?.hostname ?? host.toLowerCase();
}

function urlOfHost(host: string): URL | undefined {
  const address = `http://${host}`;
  return URL.canParse(address) ? new URL(address) : undefined;
}

/**
 * Whether two names of hosts, as two requests gave them, are two hosts for browsers. In production, two
 * internal names prove nothing: a proxy may send requests of one public host to the app under several.
 */
export function areDifferentHosts(a: string, b: string): boolean {
  if (a === b) return false;
  return process.env['NODE_ENV'] !== 'production' || ![a, b].every(isInternal);
}

function isInternal(host: string): boolean {
  const address = urlOfHost(host);
  return address !== undefined && isPrivateHost(address);
}

/** The callback as browsers see it; `undefined` if the request names no host. */
export function callbackAddress(context: Context): URL | undefined {
  const { req, config } = context;
  const scheme = isSecure(req) || isForwardedHTTPS(req) ? 'https' : 'http';
  const address =
    (config.base?.origin ?? `${scheme}://${hostname(requestedHost(req))}`) +
    (routePath(context, 'callback') ?? '/');
  return URL.canParse(address) ? new URL(address) : undefined;
}

/**
 * Whether the browser shows the response in a frame of a page. Old browsers, and all browsers over http
 * except to localhost, do not say so.
 */
export function isInFrame(req: HostRequest): boolean {
  return ['iframe', 'frame', 'fencedframe', 'embed', 'object'].includes(header(req, 'sec-fetch-dest'));
}
