import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';

/** The first byte of a TLS connection: a record of the type handshake (RFC 8446, 5.1). */
const TLS_HANDSHAKE = 0x16;

/**
 * Hands a connection to the server for its protocol, which its first byte shows. So one port serves http and
 * https.
 */
export function acceptConnection(socket: Duplex, plain: HttpServer, secure: HttpsServer | undefined): void {
  if (!secure) {
    plain.emit('connection', socket);
    return;
  }
  // Until a server has the socket, a reset by the client would otherwise be an uncaught exception.
  const ignore = (): void => undefined;
  socket.on('error', ignore);
  socket.once('readable', () => {
    const bytes = socket.read() as Buffer | null;
    // The client has closed the connection without sending a byte.
    if (bytes === null) {
      socket.destroy();
      return;
    }
    socket.off('error', ignore);
    socket.unshift(bytes);
    (bytes[0] === TLS_HANDSHAKE ? secure : plain).emit('connection', socket);
  });
}
