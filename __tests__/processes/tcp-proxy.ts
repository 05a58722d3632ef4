import net, { type AddressInfo } from 'node:net';

/** What the proxy does with the replies of Redis. */
export type Mood = 'well' | 'silent' | 'garbage';

/** A proxy between an app and its Redis, with which a test can delay, cut or garble the connection. */
export interface Wire {
  readonly url: string;
  readonly port: number;
  mood: Mood;
  /** By how many ms a reply is late. */
  delay: number;
  /** Cuts all connections. New ones are accepted. */
  cut(): void;
  close(): Promise<void>;
}

export async function wireTo(redisPort: number): Promise<Wire> {
  const open = new Set<net.Socket>();
  const server = net.createServer((near) => {
    const far = net.connect(redisPort, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          open.delete(socket);
          other.destroy();
        });
    }
    near.pipe(far);
    far.on('data', (answer) => {
      if (wire.mood === 'silent') return;
      const sent = wire.mood === 'well' ? answer : Buffer.from('HTTP/1.1 200 OK\r\n\r\n<html>');
      if (wire.delay > 0) setTimeout(() => near.write(sent), wire.delay);
      else near.write(sent);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const wire: Wire = {
    url: `redis://127.0.0.1:${port}`,
    port,
    mood: 'well',
    delay: 0,
    cut: () => {
      for (const socket of open) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        wire.cut();
      }),
  };
  return wire;
}
