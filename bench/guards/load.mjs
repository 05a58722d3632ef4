// As many requests as a server answers, over some kept connections; as cheap as a client can be.
import net from 'node:net';

/** How many requests were answered. Every answer must be as long as the first, which must be a 200. */
export async function load(port, cookie, { connections = 8, ms = 500 } = {}) {
  const request = `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\n\r\n`;
  const until = performance.now() + ms;
  const counts = await Promise.all(Array.from({ length: connections }, () => line(port, request, until)));
  return counts.reduce((sum, count) => sum + count, 0);
}

function line(port, request, until) {
  return new Promise((resolve, reject) => {
    let count = 0;
    let size;
    let received = 0;
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(request));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      if (size === undefined) {
        if (!chunk.toString('latin1').startsWith('HTTP/1.1 200 ')) reject(new Error(`It answered ${chunk}`));
        size = chunk.length;
      }
      received += chunk.length;
      if (received < size) return;
      if (received > size) reject(new Error('An answer is longer than the first.'));
      received = 0;
      count++;
      if (performance.now() < until) socket.write(request);
      else socket.end(() => resolve(count));
    });
  });
}
