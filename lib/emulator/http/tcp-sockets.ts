import type { Server, Socket } from 'node:net';

/**
 * The open TCP connections of an emulator. A TLS socket cannot send a TCP reset, but the connection below it
 * can.
 */
export class TcpSockets {
  readonly #open = new Map<string, Socket>();

  watch(server: Server): void {
    server.on('connection', (socket) => this.#add(socket));
  }

  #add(socket: Socket): void {
    const key = keyOf(socket);
    this.#open.set(key, socket);
    socket.once('close', () => this.#open.delete(key));
  }

  /** Resets the TCP connection of a socket, which may be the TLS socket on top of it. */
  reset(socket: Socket): void {
    this.#open.get(keyOf(socket))?.resetAndDestroy();
  }

  closeAll(): void {
    for (const socket of [...this.#open.values()]) socket.destroy();
  }
}

function keyOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return [localAddress, localPort, remoteAddress, remotePort].join(' ');
}
