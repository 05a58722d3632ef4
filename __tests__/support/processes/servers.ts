import http from 'node:http';
import net, { type AddressInfo } from 'node:net';

export interface Server {
  readonly url: string;
  readonly port: number;
  /** How many connections it has accepted. */
  readonly connections: () => number;
  close(): Promise<void>;
}

/** Starts any server on a free port of 127.0.0.1. */
export async function startServer(server: net.Server): Promise<Server> {
  const open = new Set<net.Socket>();
  let connections = 0;
  server.on('connection', (socket: net.Socket) => {
    connections += 1;
    open.add(socket);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** A port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  const server = await startServer(net.createServer());
  await server.close();
  return server.port;
}

/** Starts an HTTP server in place of WeChat, a gateway for example. */
export function startHttpServer(respond: http.RequestListener): Promise<Server> {
  return startServer(http.createServer(respond));
}

/** Starts a server whose connections the test handles itself. */
export function startTcpServer(onConnection: (socket: net.Socket) => void): Promise<Server> {
  return startServer(net.createServer(onConnection));
}

/** Each server that is passed to the returned function is closed after the test that started it. */
export function useServers(): <T extends Server>(starting: Promise<T>) => Promise<T> {
  const servers: Server[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  return async (starting) => {
    const server = await starting;
    servers.push(server);
    return server;
  };
}
