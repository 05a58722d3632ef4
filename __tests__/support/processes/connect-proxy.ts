import http from 'node:http';
import net from 'node:net';
import { startServer, type Server } from './servers';

interface ProxyOptions {
  /** Called for each CONNECT request. The proxy refuses the tunnel if it returns false. */
  readonly onConnect?: (request: http.IncomingMessage) => boolean;
  /** Called for each other request, which the proxy refuses. */
  readonly onPlain?: (request: http.IncomingMessage) => void;
}

/** An HTTP proxy as in company networks: CONNECT opens a tunnel to any port of this machine. */
export function startConnectProxy({ onConnect, onPlain }: ProxyOptions = {}): Promise<Server> {
  const server = http.createServer((req, res) => {
    onPlain?.(req);
    res.writeHead(400).end();
  });
  server.on('connect', (req: http.IncomingMessage, client: net.Socket, head: Buffer) => {
    if (onConnect?.(req) === false) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n');
      return;
    }
    const target = net.connect(Number(new URL(`http://${req.url ?? ''}`).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.write(head);
      client.pipe(target).pipe(client);
    });
    target.on('error', () => client.destroy());
    client.on('error', () => undefined).on('close', () => target.destroy());
  });
  return startServer(server);
}
