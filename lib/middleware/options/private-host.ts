/** Hosts that the public network does not reach. */
import { BlockList } from 'node:net';
import { ipVersion } from '../http/ip-version';

/** Loopback, link-local and private networks (RFC 1918, RFC 3927, RFC 4193, RFC 4291). */
const PRIVATE_NETWORKS = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 32],
  ['10.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  PRIVATE_NETWORKS.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  PRIVATE_NETWORKS.addSubnet(network, prefix, 'ipv6');

/**
 * Names that only a local network resolves (RFC 6761, RFC 6762, RFC 8375), and those in common use, such as
 * `svc` of Kubernetes.
 */
const PRIVATE_NAME = /(?:^|\.)(?:localhost|local|internal|intranet|lan|svc|consul|home\.arpa|test|invalid)$/i;

/** The host of an address, without the brackets of IPv6. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

export function isPrivateHost(url: URL): boolean {
  const host = bareHost(url);
  const version = ipVersion(host);
  if (version > 0) return PRIVATE_NETWORKS.check(host, version === 6 ? 'ipv6' : 'ipv4');
  return !host.includes('.') || PRIVATE_NAME.test(host);
}
