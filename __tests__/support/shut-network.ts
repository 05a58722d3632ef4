// The tests talk to this machine only: a request that would leave it fails at once and names the host.
import net from 'node:net';
import dns from 'node:dns';

const isLocal = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.') || host.endsWith('.localhost');

type Connect = typeof net.Socket.prototype.connect;
const connect = net.Socket.prototype.connect as (this: net.Socket, ...args: unknown[]) => net.Socket;

net.Socket.prototype.connect = function guarded(this: net.Socket, ...args: unknown[]): net.Socket {
  const first = Array.isArray(args[0]) ? (args[0] as unknown[])[0] : args[0];
  const host =
    (first as { host?: string } | undefined)?.host ?? (typeof args[1] === 'string' ? args[1] : 'localhost');
  if (!isLocal(host)) throw new Error(`The tests' network is shut: ${host} is not this machine`);
  return connect.apply(this, args);
} as Connect;

const lookup = dns.lookup.bind(dns) as (host: string, ...rest: unknown[]) => void;
dns.lookup = ((host: string, ...rest: unknown[]): void => {
  if (isLocal(host)) return lookup(host, ...rest);
  const done = rest.at(-1) as (error: NodeJS.ErrnoException) => void;
  const error: NodeJS.ErrnoException = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), {
    code: 'ENOTFOUND',
  });
  process.nextTick(done, error);
}) as typeof dns.lookup;
