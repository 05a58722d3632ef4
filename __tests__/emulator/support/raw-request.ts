// Sends requests as bytes, because an HTTP client would correct or refuse them.
import net from 'node:net';

export interface RawResponse {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly body: string;
}

export interface RawRequest {
  readonly method?: string;
  /** The Host header. @default the emulator's own; '' for none */
  readonly host?: string;
  /** Whole header lines, in Latin-1. */
  readonly headers?: readonly string[];
  readonly body?: string;
  /** @default 'HTTP/1.1' */
  readonly version?: string;
}

export function sendRaw(emulatorURL: string, target: string, request: RawRequest = {}): Promise<RawResponse> {
  const { hostname, port, host: ownHost } = new URL(emulatorURL);
  const { method = 'GET', host = ownHost, headers = [], body = '', version = 'HTTP/1.1' } = request;
  const bytes = Buffer.from(body);
  const lines = [
    `${method} ${target} ${version}`,
    ...(host === '' ? [] : [`Host: ${host}`]),
    ...headers,
    `Content-Length: ${bytes.length}`,
    'Connection: close',
  ];
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = net.connect(Number(port), hostname);
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => (received += part));
    socket.on('error', reject);
    socket.on('close', () => {
      const end = received.indexOf('\r\n\r\n');
      resolve({
        status: Number(received.slice(9, 12)),
        head: received.slice(0, end),
        body: received.slice(end + 4),
      });
    });
    socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]));
  });
}
