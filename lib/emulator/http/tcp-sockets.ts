import type { Server, Socket } from 'node:net';

/**
 * The open TCP connections of a server. A TLS socket cannot send a TCP reset, but the connection below it
 * can.
 */
export class TcpSockets {
  readonly #open = new Map<string, Socket>();

  constructor(server: Server) {
    server.on('connection', (socket) => {
      const key = keyOf(socket);
      this.#open.set(key, socket);
      socket.once('close', () => this.#open.delete(key));
    });
  }

  /** Resets the TCP connection of a socket, which may be the TLS socket on top of it. */
  reset(socket: Socket): void {
    this.#open.get(keyOf(socket))?.resetAndDestroy();
  }
}

function keyOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return [localAddress, remoteAddress, remotePort].join(' ');
}
