import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { TcpSockets } from './http/tcp-sockets';
import { createConnectProxy } from './listen/connect-proxy';
import { acceptConnection } from './listen/shared-port';
import type { Services } from './operations/operation';
import { serveRequest } from './serve-request';

export interface ServerOptions {
  readonly port: number;
  readonly host: string;
  readonly https: { readonly key: string | Buffer; readonly cert: string | Buffer } | undefined;
  /** The port of the CONNECT proxy; undefined for none. */
  readonly proxyPort: number | undefined;
}

export interface RunningServer {
  readonly httpURL: string;
  readonly proxyURL: string | undefined;
  /** Closes the servers and every open connection. May be called more than once. */
  close(): Promise<void>;
}

/** Starts the server, and the proxy if there is to be one, and sets `world.url`. */
export async function startServer(services: Services, options: ServerOptions): Promise<RunningServer> {
  const { host, https, proxyPort } = options;
  const sockets = new TcpSockets();
  const listener: RequestListener = (message, response) =>
    serveRequest(message, response, services, () => sockets.reset(message.socket));
  const plain = createServer(listener);
  const secure = https && createSecureServer(https, listener);
  const accept = (socket: Duplex): void => acceptConnection(socket, plain, secure);
  const front = secure ? createTcpServer(accept) : plain;
  const proxy = proxyPort === undefined ? undefined : createConnectProxy({ accept, serve: listener });
  const fronts = proxy ? [front, proxy] : [front];
  for (const server of fronts) sockets.watch(server);
  const close = async (): Promise<void> => {
    const closed = fronts.map((server) => new Promise((resolve) => server.close(resolve)));
    sockets.closeAll();
    await Promise.all(closed);
  };
  try {
    const authority = await listen(front, options.port, host, services);
    const proxyURL = proxy && `http://${await listen(proxy, proxyPort ?? 0, host, services)}`;
    services.world.url = `${https ? 'https' : 'http'}://${authority}`;
    let closing: Promise<void> | undefined;
    return { httpURL: `http://${authority}`, proxyURL, close: () => (closing ??= close()) };
  } catch (error) {
    // The proxy's port may be in use although the server's was free.
    if (front.listening) await close();
    throw error;
  }
}

/** Listens, and resolves to the host and port for clients on this machine. */
function listen(server: Server, port: number, host: string, { world }: Services): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // An error after the start, such as too many open files, would end the process without a listener.
      server.on('error', (error) => world.notices.once(error.message, `The server failed: ${error.message}`));
      resolve(`${reachableHost(host)}:${(server.address() as AddressInfo).port}`);
    });
  });
}

/** The host for clients on this machine. A wildcard address is only for listening: clients need another. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
