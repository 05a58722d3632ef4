/** What the option `check` sees of the phone: its request is over when the PC collects the login. */
import { clientAddress, type HostRequest } from '../../http/request';
import type { WechatAuthOptions } from '../../options/options';

/** The kept part of the request with which a phone confirmed a scan login. The option `check` documents it. */
export type PhoneRequest = Parameters<
  NonNullable<Exclude<WechatAuthOptions['scanLogin'], boolean | undefined>['check']>
>[1];

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
