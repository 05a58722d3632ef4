/** What Connect lacks: path, query, origin, redirect, JSON. Typed on node:http, as Express and Connect both are. */
import type { IncomingMessage } from 'node:http';

/** A request as Connect and Express hand it on. */
export interface HostRequest extends IncomingMessage {
  /** The address before a mount path was taken off. */
  readonly originalUrl?: string | undefined;
  /** What the session middleware put here, if any. */
  readonly session?: unknown;
  /** Express: whether the browser came by https, as `trust proxy` says. */
  readonly secure?: boolean | undefined;
  /** Express: the app, and with it what `trust proxy` says. */
  readonly app?: { get?(name: string): unknown } | undefined;
}

/** Hands the request on; with an error, to the app's error handler. */
export type Next = (error?: unknown) => void;

/** The path of an address, without query; of an absolute one too. */
export function pathOf(url: string): string {
  const target = relative(url);
  const end = target.search(/[?#]/);
  return end < 0 ? target : target.slice(0, end);
}

export function queryOf(url: string): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start));
}

/** `GET http://host/path` is allowed by HTTP/1.1, and asked of proxies. */
export function relative(url: string): string {
  if (url.startsWith('/')) return url;
  return /^https?:\/\//i.test(url) ? url.replace(/^[^/]*\/\/[^/?#]*/, '') || '/' : url;
}

export function fullURL(req: HostRequest): string {
  return req.originalUrl ?? req.url ?? '/';
}

/**
 * The path under which the middleware was mounted, as this request spelled it; empty at the root.
 *
 * @param url what was left of the address when the middleware saw it: further mounts take more off
 */
export function mountOf(req: HostRequest, url: string): string {
  const whole = pathOf(fullURL(req));
  const below = pathOf(url);
  if (whole.endsWith(below)) return whole.slice(0, whole.length - below.length);
  // Mounted at /auth and asked for /auth: the rest is a slash that was not there.
  return below === '/' ? whole : '';
}

/** Whether the browser came by https, as far as this process can tell. */
export function isSecure(req: HostRequest): boolean {
  return req.secure ?? Boolean((req.socket as { encrypted?: boolean }).encrypted);
}

/** Whether Express was told to believe the proxy that this request came from. */
export function trustsProxy(req: HostRequest): boolean {
  const trust = req.app?.get?.('trust proxy fn');
  return (
    typeof trust === 'function' &&
    Boolean((trust as (address?: string, hop?: number) => unknown)(req.socket.remoteAddress, 0))
  );
}

/** DNS names have at most 253 characters. */
const MAX_HOST_LENGTH = 255;

/**
 * The host that the browser says it asked for, in lower case and otherwise unchecked. Empty if there is none, or if it is longer than a
 * host can be. Only a trusted proxy may name another host than the browser's.
 */
export function hostOf(req: HostRequest): string {
  const forwarded = trustsProxy(req) ? firstValue(req.headers['x-forwarded-host']) : undefined;
  // HTTP/2 sends `:authority` in place of Host, and it counts where a client sends both (RFC 9113 section 8.3.1).
  const host = forwarded ?? (header(req, ':authority') || header(req, 'host'));
  if (host.length > MAX_HOST_LENGTH) return '';
  // The host of a pending login is kept. A part of a header would keep the whole header in memory, so this is a copy.
  return Buffer.from(host.toLowerCase()).toString();
}

function firstValue(header: string | string[] | undefined): string | undefined {
  const value = Array.isArray(header) ? header[0] : header;
  return value?.split(',')[0]?.trim();
}

/** Whether the browser only looks ahead: nobody has asked for this page yet. */
export function isPrefetch(req: IncomingMessage): boolean {
  if (req.method !== 'GET') return false;
  const purpose = firstValue(req.headers['sec-purpose']) ?? firstValue(req.headers['purpose']) ?? '';
  return /^prefetch\b/i.test(purpose);
}

/** Whether the request only asks for a page. */
export function isSafe({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
}

export function header(req: IncomingMessage, name: string): string {
  const value = req.headers[name];
  return (Array.isArray(value) ? value.join(',') : value) ?? '';
}

/** Whether a person looks at the answer: then it is a page, else JSON. */
export function wantsPage(req: IncomingMessage): boolean {
  const mode = header(req, 'sec-fetch-mode');
  if (mode) return mode === 'navigate';
  // WeChat on Android sends its own name in X-Requested-With, with every page.
  if (header(req, 'x-requested-with').toLowerCase() === 'xmlhttprequest') return false;
  return header(req, 'accept').includes('text/html');
}
