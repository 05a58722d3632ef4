/** What the option `check` sees of the phone: its request is over when the PC collects the login. */
import { clientAddress, type HostRequest } from '../../http/request';

/**
 * The kept part of the callback with which a phone finished a scan login. It comes after the tap, from
 * WeChat's redirect.
 */
export interface PhoneRequest {
  /**
   * `req.ip` where the framework sets it (Express, with its `trust proxy`), otherwise the address of the
   * peer.
   */
  readonly ip: string;
  /** The address of the peer: of the proxy, if there is one. */
  readonly socket: { readonly remoteAddress: string };
  /**
   * At most 50 headers, without `cookie`, `authorization`, `proxy-authorization` and `referer`. Values are
   * cut at 512 characters.
   */
  readonly headers: Readonly<Record<string, string>>;
}

/** They hold secrets: sessions, passwords, and the code of the callback. */
const OMITTED = new Set(['cookie', 'authorization', 'proxy-authorization', 'referer']);
const MAX_VALUE = 512;
const MAX_HEADERS = 50;

export function phoneRequestOf(req: HostRequest): PhoneRequest {
  const headers = Object.entries(req.headers)
    .filter(([name, value]) => value !== undefined && !OMITTED.has(name))
    .slice(0, MAX_HEADERS)
    .map(([name, value]) => [name, String(value).slice(0, MAX_VALUE)] as const);
  const { remoteAddress = '' } = req.socket;
  return {
    ip: clientAddress(req),
    socket: { remoteAddress },
    headers: Object.fromEntries(headers),
  };
}
