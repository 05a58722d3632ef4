/**
 * Helpers that Connect lacks on requests: path, query, mount path, host. They take requests of node:http, as
 * those of Express and Connect are.
 */
import type { IncomingMessage } from 'node:http';
import { isObject } from '../../is-object';
import { copyOf } from './copy-of';

/** A request as Express and Connect hand it to a middleware. */
export interface HostRequest extends IncomingMessage {
  /** The path and query as the browser requested them. Frameworks remove the mount path from `url`. */
  readonly originalUrl?: string | undefined;
  /** The session, if a session middleware ran before. */
  readonly session?: unknown;
  /** Express: whether the browser used https. Behind a proxy, this depends on `trust proxy`. */
  readonly secure?: boolean | undefined;
  /** Express: the app, which holds the setting `trust proxy`. */
  readonly app?: { get?(name: string): unknown } | undefined;
}

/** Calls the next handler; with an error, the app's error handler. */
export type Next = (error?: unknown) => void;

/** The path of a URL, without its query. The URL may be absolute. */
export function pathOf(url: string): string {
  const target = withoutOrigin(url);
  // Two searches for one character take half as long as one with a regular expression.
  return before('#', before('?', target));
}

/** The text before this character; without the character, all of it. */
function before(character: string, text: string): string {
  const end = text.indexOf(character);
  return end < 0 ? text : text.slice(0, end);
}

export function queryOf(url: string): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start));
}

/**
 * Whether a parameter is repeated or is a list, such as `code[]`: two programs that read such a query may
 * read different values.
 */
export function hasAmbiguousNames(query: URLSearchParams): boolean {
  const names = [...query.keys()];
  return new Set(names).size < names.length || names.some((name) => /[[\]]/.test(name));
}

/** Removes the origin: a request line may hold `GET http://host/path` (RFC 9112 section 3.2.2). */
export function withoutOrigin(url: string): string {
  // Enough for most targets, and cheaper than the regular expression: this runs on every request.
  if (url.startsWith('/')) return url;
  return /^https?:\/\//i.test(url) ? url.replace(/^[^/]*\/\/[^/?#]*/, '') || '/' : url;
}

export function fullURL(req: HostRequest): string {
  return req.originalUrl ?? req.url ?? '/';
}

/**
 * The mount path of the middleware, as this request spelled it; empty at the root.
 *
 * @param url `req.url` when the middleware ran: frameworks remove the path of every further mount from it
 */
export function mountOf(req: HostRequest, url: string): string {
  const whole = pathOf(fullURL(req));
  const below = pathOf(url);
  if (whole.endsWith(below)) return whole.slice(0, whole.length - below.length);
  // If the request is for the mount path itself, frameworks set `url` to a slash that the request lacks.
  return below === '/' ? whole : '';
}

/** Whether the browser used https, as far as this process can tell. */
export function isSecure(req: HostRequest): boolean {
  return req.secure ?? Boolean((req.socket as { encrypted?: boolean }).encrypted);
}

/** Whether Express trusts the proxy that sent this request (the setting `trust proxy`). */
export function trustsProxy(req: HostRequest): boolean {
  const trust = req.app?.get?.('trust proxy fn');
  return (
    typeof trust === 'function' &&
    Boolean((trust as (address?: string, hop?: number) => unknown)(req.socket.remoteAddress, 0))
  );
}

/**
 * In characters, with the port. A DNS name has at most 253 (RFC 1035: 255 bytes). Names in use are shorter,
 * which leaves room for the port.
 */
export const MAX_HOST_LENGTH = 255;

/**
 * The host that the browser requested, in lower case and otherwise unchecked. Empty if the request names
 * none, or one that is longer than a host can be. Only a trusted proxy may name another host than the Host
 * header does.
 */
export function hostOf(req: HostRequest): string {
  return copyOf(hostToCompare(req));
}

/** As hostOf(), but not to be kept: it may hold the whole head of the request in memory. */
export function hostToCompare(req: HostRequest): string {
  // An empty X-Forwarded-Host names no host, and counts as absent, as in Express.
  const forwarded = trustsProxy(req) ? firstValue(req.headers['x-forwarded-host']) : '';
  // HTTP/2 sends `:authority`. It counts even if there is a Host header too (RFC 9113 section 8.3.1).
  const host = forwarded || header(req, ':authority') || header(req, 'host');
  return host.length > MAX_HOST_LENGTH ? '' : host.toLowerCase();
}

/** Empty if the request does not have the header. */
function firstValue(header: string | string[] | undefined): string {
  const value = Array.isArray(header) ? header[0] : header;
  return value?.split(',')[0]?.trim() ?? '';
}

/** Whether the browser loads the page ahead of time: the user has not asked for it yet. */
export function isPrefetch(req: IncomingMessage): boolean {
  if (req.method !== 'GET') return false;
  const purpose = firstValue(req.headers['sec-purpose']) || firstValue(req.headers['purpose']);
  return /^prefetch\b/i.test(purpose);
}

/**
 * Whether the request must change nothing: HEAD, and a page that the browser loads ahead of time. The user
 * has asked for neither a login nor a logout.
 */
export function mustChangeNothing(req: IncomingMessage): boolean {
  return req.method === 'HEAD' || isPrefetch(req);
}

/** Whether the method only reads (the safe methods of RFC 9110 section 9.2.1, except OPTIONS and TRACE). */
export function isSafeMethod({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** The value of a header; empty if the request does not have it. The name is given in lower case. */
export function header(req: Pick<IncomingMessage, 'headers'>, name: string): string {
  const value = req.headers[name];
  return (Array.isArray(value) ? value.join(',') : value) ?? '';
}

/**
 * What a body parser has made of the body; undefined if none has read it. body-parser 1, as in Express 4,
 * also sets an empty object for a body that it does not read.
 */
export function parsedBody(req: IncomingMessage): unknown {
  const { body } = req as { body?: unknown };
  return isObject(body) && Object.keys(body).length === 0 ? undefined : body;
}

/** The address of the client: `req.ip` where the framework sets it (Express), otherwise that of the peer. */
export function clientAddress(req: HostRequest): string {
  const { ip } = req as { ip?: unknown };
  return typeof ip === 'string' ? ip : (req.socket.remoteAddress ?? '');
}

/** Whether a person will see the response, so that it must be a page. Scripts get JSON. */
export function wantsPage(req: IncomingMessage): boolean {
  const mode = header(req, 'sec-fetch-mode');
  if (mode) return mode === 'navigate';
  // Only this value marks a script: WeChat on Android sends its own name here with every page.
  if (header(req, 'x-requested-with').toLowerCase() === 'xmlhttprequest') return false;
  return header(req, 'accept').includes('text/html');
}
