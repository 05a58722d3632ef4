import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { parseHost, type ParsedHost } from '../world/own-hosts';
import { MAX_SHOWN, printable } from '../world/printable';
import type { World } from '../world/world';
import type { ConnectionDetails } from './incoming-request';
import { ownError, type OutgoingResponse } from './outgoing-response';

type Admitted = Omit<ConnectionDetails, 'signal'>;

/**
 * Refuses a request for another host (DNS rebinding), and a request by which a page of another site could
 * change something (CSRF), before it has any effect. Returns the refusal, or how the client addressed the
 * emulator.
 */
export function admitRequest(
  message: IncomingMessage,
  changesState: boolean,
  world: World,
): Admitted | OutgoingResponse {
  const scheme = message.socket instanceof TLSSocket ? 'https' : 'http';
  const requested = requestedHost(message);
  const host = parseHost(requested, scheme);
  if (!host || !world.hosts.includes(host.hostname)) return misdirected(message, requested, host);
  const evidence = changesState ? crossSiteHeader(message, host) : undefined;
  if (evidence !== undefined) return forbidden(message, evidence);
  return { secure: scheme === 'https', origin: `${scheme}://${host.host}` };
}

/**
 * The host that a request is for. An absolute request target takes precedence over Host (RFC 9112, 3.2.2).
 */
function requestedHost({ url = '/', headers }: IncomingMessage): string {
  const [, target] = /^https?:\/\/([^/?#]*)/i.exec(url) ?? [];
  return target ?? headers.host ?? '';
}

/** 421 Misdirected Request (RFC 9110, 15.5.20). */
function misdirected(
  { url = '/' }: IncomingMessage,
  requested: string,
  host: ParsedHost | undefined,
): OutgoingResponse {
  const shown = printable(requested.slice(0, MAX_SHOWN));
  const name = host ? printable(host.hostname.slice(0, MAX_SHOWN)) : '<name>';
  return ownError(
    url,
    421,
    `"${shown}" is not a host of this emulator. Use localhost, an IP address or a host of WeChat, ` +
      `or start the emulator with --name ${name} (in Node: the option names).`,
  );
}

/**
 * The header that shows that a page of another site sent this request; undefined if there is none. The
 * browser sends `Origin: null` for a page with an opaque origin.
 */
function crossSiteHeader({ headers }: IncomingMessage, host: ParsedHost): string | undefined {
  const { origin } = headers;
  if (origin !== undefined && !isOriginOf(host, origin)) return `Origin: ${origin}`;
  return headers['sec-fetch-site'] === 'cross-site' ? 'Sec-Fetch-Site: cross-site' : undefined;
}

/** Only host and port count: behind a proxy that terminates TLS, the browser's origin has another scheme. */
function isOriginOf({ host }: ParsedHost, origin: string): boolean {
  const [, scheme, authority = ''] = /^(https?):\/\/(.*)$/i.exec(origin) ?? [];
  return scheme !== undefined && parseHost(authority)?.host === parseHost(host)?.host;
}

/** 403, against cross-site request forgery (CSRF). */
function forbidden({ url = '/' }: IncomingMessage, evidence: string): OutgoingResponse {
  return ownError(
    url,
    403,
    `A page of another site sent this request (${printable(evidence.slice(0, MAX_SHOWN))}), ` +
      'and it could change something. ' +
      `Use the emulator's own pages, or send the request without a browser. A proxy must pass the Host header on.`,
  );
}
