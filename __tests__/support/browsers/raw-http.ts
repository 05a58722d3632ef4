// HTTP/1.1 over a raw socket: requests byte by byte, and responses as they arrived.
import net from 'node:net';

/** A response as it was received; each byte is one character. */
export interface RawResponse {
  readonly status: number;
  readonly head: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Replaces spaces and control characters: in a request line or header, they would end or split it. */
export function withoutBreaks(bytes: string, write: (char: string) => string): string {
  return Array.from(bytes, (char) => (char <= ' ' || char === '\u007f' ? write(char) : char)).join('');
}

export function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** All values of a header, in their order. */
export function valuesOf(response: RawResponse, name: string): string[] {
  return response.headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

export function valueOf(response: RawResponse, name: string): string {
  return valuesOf(response, name).join(', ');
}

/** The body, decoded from UTF-8. */
export function textOf({ body }: RawResponse): string {
  return Buffer.from(body, 'latin1').toString();
}

interface SendOptions {
  /** The client closes its side after this many responses. @default it waits for the server to close */
  readonly responses?: number;
}

const DEADLINE_MS = 15_000;

/** Sends exactly these bytes. Returns all responses, perhaps none, once the connection is closed. */
export async function sendBytes(
  port: number,
  bytes: string,
  { responses = Infinity }: SendOptions = {},
): Promise<RawResponse[]> {
  const received = await new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => {
      socket.write(Buffer.from(bytes, 'latin1'));
    });
    const deadline = setTimeout(() => {
      socket.destroy();
      const start = JSON.stringify(text.slice(0, 200));
      reject(new Error(`after ${start}, the server neither sent more nor closed the connection`));
    }, DEADLINE_MS);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (responses < Infinity && finalResponsesIn(text, bytes).length >= responses) socket.end();
    });
    socket.on('end', () => socket.end());
    // A server that closes before it has read everything resets the connection.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(deadline);
      resolve(text);
    });
  });
  return finalResponsesIn(received, bytes);
}

/** The responses to these requests, without interim responses such as 100 Continue. */
function finalResponsesIn(text: string, requests: string): RawResponse[] {
  const mayLackBody = /^HEAD /m.test(requests);
  return parse(text, mayLackBody).filter(({ status }) => status >= 200);
}

function parse(text: string, mayLackBody: boolean): RawResponse[] {
  const responses: RawResponse[] = [];
  let rest = text;
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const head = rest.slice(0, end);
    const [statusLine = '', ...lines] = head.split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1] ?? Number.NaN);
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const [body, after] = splitBody(rest.slice(end + 4), headers, mayLackBody);
    responses.push({ status, head, headers, body });
    rest = after;
  }
  return responses;
}

function splitBody(
  rest: string,
  headers: readonly (readonly [string, string])[],
  mayLackBody: boolean,
): [body: string, after: string] {
  // The response to a HEAD request has a Content-Length, but no body: the next response follows its head.
  if (mayLackBody && rest.startsWith('HTTP/1.')) return ['', rest];
  const find = (name: string) => headers.find(([each]) => each.toLowerCase() === name)?.[1];
  const length = find('content-length');
  if (length !== undefined) return [rest.slice(0, Number(length)), rest.slice(Number(length))];
  if (find('transfer-encoding') === undefined) return ['', rest];
  let body = '';
  let at = 0;
  for (;;) {
    const line = rest.indexOf('\r\n', at);
    const size = Number.parseInt(rest.slice(at, line), 16);
    if (line < 0 || !(size > 0)) return [body, line < 0 ? '' : rest.slice(line + 4)];
    body += rest.slice(line + 2, line + 2 + size);
    at = line + 4 + size;
  }
}
