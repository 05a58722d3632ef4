/** Hosts that the public network does not reach. */
import { isIP } from 'node:net';

const PRIVATE_IP =
  /^(?:127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|0\.0\.0\.0$|::1$|f[cd][\da-f]{2}:|fe80:)/i;
const PRIVATE_NAME = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home\.arpa|test|invalid)$/i;

/** Without the brackets of an IPv6 address. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

export function isPrivateHost(url: URL): boolean {
  const host = bareHost(url);
  return isIP(host) ? PRIVATE_IP.test(host) : !host.includes('.') || PRIVATE_NAME.test(host);
}
