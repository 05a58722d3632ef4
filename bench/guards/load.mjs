// Sends as many requests as a server can serve, over a few kept-alive connections, with a client that takes
// little CPU.
import net from 'node:net';

/** The longest time without a byte; the apps respond within a millisecond. */
const SILENCE_MS = 5_000;

/** Counts responses. The first one must have status 200, and the others the same length. */
export async function load(port, cookie, { connections = 8, ms = 500 } = {}) {
  const request = `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\n\r\n`;
  const until = performance.now() + ms;
  const counts = await Promise.all(
    Array.from({ length: connections }, () => connection(port, request, until)),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

function connection(port, request, until) {
  return new Promise((resolve, reject) => {
    let count = 0;
    let size;
    let received = 0;
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(request));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('The app closed a connection.')));
    // A response that is shorter than the first one would be waited for without an end.
    socket.setTimeout(SILENCE_MS, () =>
      socket.destroy(new Error('A response is shorter than the first one, or the app has stopped.')),
    );
    socket.on('data', (chunk) => {
      if (size === undefined) {
        if (!chunk.toString('latin1').startsWith('HTTP/1.1 200 '))
          reject(new Error(`The app responded ${chunk}`));
        size = chunk.length;
      }
      received += chunk.length;
      if (received < size) return;
      if (received > size) reject(new Error('A response is longer than the first one.'));
      received = 0;
      count++;
      if (performance.now() < until) socket.write(request);
      else socket.end(() => resolve(count));
    });
  });
}
