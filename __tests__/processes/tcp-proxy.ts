import net, { type AddressInfo } from 'node:net';

/** What the proxy does with the responses of Redis. */
export type Condition = 'healthy' | 'silent' | 'garbage';

/** A TCP proxy between an app and its Redis, which can delay, drop, cut or replace what Redis sends. */
export interface TcpProxy {
  readonly url: string;
  readonly port: number;
  condition: Condition;
  /** By how much it delays responses, in ms. */
  delay: number;
  /** Closes all connections; new ones are accepted. */
  cut(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(redisPort: number): Promise<TcpProxy> {
  const open = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const redis = net.connect(redisPort, '127.0.0.1');
    for (const [socket, other] of [
      [client, redis],
      [redis, client],
    ] as const) {
      open.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          open.delete(socket);
          other.destroy();
        });
    }
    client.pipe(redis);
    redis.on('data', (response) => {
      if (proxy.condition === 'silent') return;
      const sent = proxy.condition === 'healthy' ? response : Buffer.from('HTTP/1.1 200 OK\r\n\r\n<html>');
      if (proxy.delay > 0) setTimeout(() => client.write(sent), proxy.delay);
      else client.write(sent);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy: TcpProxy = {
    url: `redis://127.0.0.1:${port}`,
    port,
    condition: 'healthy',
    delay: 0,
    cut: () => {
      for (const socket of open) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        proxy.cut();
      }),
  };
  return proxy;
}
