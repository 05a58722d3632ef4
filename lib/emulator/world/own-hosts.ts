import { isIP } from 'node:net';

/**
 * WeChat's hosts. Some clients cannot be configured with another address: DNS, a proxy or an HTTP agent leads
 * their requests to the emulator.
 */
export const WECHAT_HOSTS: readonly string[] = [
  'open.weixin.qq.com',
  'api.weixin.qq.com',
  'api2.weixin.qq.com',
  'mp.weixin.qq.com',
  'res.wx.qq.com',
];

/**
 * The hosts for which an emulator serves requests. It refuses every other name because of DNS rebinding: an
 * attacker points a name of their own at the developer's machine, and the browser then lets the attacker's
 * page read the emulator. `localhost` and IP addresses cannot be rebound.
 */
export class OwnHosts {
  readonly #names: ReadonlySet<string>;
  readonly #machines: ReadonlySet<string>;

  /**
   * @param names host names that lead to this emulator alone
   * @param machines hosts whose other ports may lead elsewhere: those of the options `host` and `publicURL`
   */
  constructor(names: readonly string[], machines: readonly string[]) {
    this.#names = hostnamesOf([...WECHAT_HOSTS, ...names]);
    this.#machines = hostnamesOf(machines);
  }

  includes(hostname: string): boolean {
    return isLocalhostOrAddress(hostname) || this.#names.has(hostname) || this.#machines.has(hostname);
  }

  /**
   * Whether it is one of WeChat's hosts or of the option `names`. Such a name leads to this emulator alone,
   * so its port need not be checked. `localhost` and IP addresses lead elsewhere at other ports.
   */
  hasName(hostname: string): boolean {
    return this.#names.has(hostname) && !isLocalhostOrAddress(hostname);
  }
}

function hostnamesOf(hosts: readonly string[]): ReadonlySet<string> {
  const parsed = hosts.map((host) => parseHost(host));
  return new Set(parsed.flatMap((host) => (host ? [host.hostname] : [])));
}

/** Such a host cannot be rebound. */
function isLocalhostOrAddress(hostname: string): boolean {
  return hostname === 'localhost' || isAddress(hostname);
}

function isAddress(hostname: string): boolean {
  return isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}

/** Whether it is an address of this machine alone. */
export function isLoopback(address = ''): boolean {
  return address === '::1' || (/^(?:::ffff:)?127\./i.test(address) && isIP(address) !== 0);
}

export interface ParsedHost {
  /** In lower case and without a port; an IPv6 address has brackets. */
  readonly hostname: string;
  /** Host name and port. The default port of the scheme is left out. */
  readonly host: string;
}

/** Parses a Host header, or a host name without a port; undefined if it is malformed. */
export function parseHost(text: string, scheme: 'http' | 'https' = 'http'): ParsedHost | undefined {
  if (!/^[^\s/?#@\\%]+$/.test(text) || !URL.canParse(`${scheme}://${text}`)) return undefined;
  const { hostname, host } = new URL(`${scheme}://${text}`);
  // A fully qualified name may end in a dot, which stands for the DNS root.
  return { hostname: hostname.replace(/\.$/, ''), host };
}
