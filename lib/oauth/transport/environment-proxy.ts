/** The proxy that the environment names for an address: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY. */
import { getProxyForUrl } from 'proxy-from-env';

export interface EnvironmentProxy {
  /** The variable that names it, as it is spelled in the environment. */
  readonly variable: string;
  /** Its value, which may hold a password. */
  readonly address: string;
}

/** `undefined` if there is none, if NO_PROXY excludes the address, or if the address is on this machine. */
export function environmentProxy(url: string): EnvironmentProxy | undefined {
  const { protocol, hostname } = new URL(url);
  // The loopback interface of the proxy's machine is not ours: what listens there is not WeChat.
  if (isLoopback(hostname)) return undefined;
  const address = getProxyForUrl(url);
  if (!address) return undefined;
  // In the order in which proxy-from-env reads them.
  const names = [`${protocol.slice(0, -1)}_proxy`, 'all_proxy'].flatMap((name) => [name, name.toUpperCase()]);
  return { variable: names.find((name) => process.env[name]) ?? 'HTTPS_PROXY', address };
}

export function isLoopback(hostname: string): boolean {
  return /^(?:.*\.)?localhost\.?$|^127(?:\.\d{1,3}){3}$|^\[::1\]$|^\[::ffff:7f[\da-f]{2}:/.test(hostname);
}
