// Tests may connect to this machine only: any other connection fails at once, and the error names the host.
import net from 'node:net';
import dns from 'node:dns';

type Call = (this: unknown, ...args: unknown[]) => unknown;

const isLocal = (host: string): boolean =>
  ['localhost', '::1', '0.0.0.0'].includes(host) || host.startsWith('127.') || host.endsWith('.localhost');

const socket = net.Socket.prototype as unknown as { connect: Call };
const connect = socket.connect;
socket.connect = function (...args) {
  const first = Array.isArray(args[0]) ? (args[0] as unknown[])[0] : args[0];
  const host =
    (first as { host?: string } | undefined)?.host ?? (typeof args[1] === 'string' ? args[1] : 'localhost');
  if (!isLocal(host)) throw new Error(`tests may not connect to ${host}: it is not this machine`);
  return connect.apply(this, args);
};

const resolver = dns as unknown as { lookup: Call };
const lookup = resolver.lookup;
resolver.lookup = (...args) => {
  const host = String(args[0]);
  if (isLocal(host)) return lookup.apply(dns, args);
  const done = args.at(-1) as (error: Error) => void;
  process.nextTick(done, Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }));
  return undefined;
};
