import net from 'node:net';

/** An answer as it stood on the wire; each byte is one character. */
export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Bytes that end or break a line: what may not stand in a head is written in another way. */
export function withoutBreaks(bytes: string, write: (char: string) => string): string {
  return Array.from(bytes, (char) => (char <= ' ' || char === '\u007f' ? write(char) : char)).join('');
}

export function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** All values of a header, in their order. */
export function valuesOf(answer: RawAnswer, name: string): string[] {
  return answer.headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

export function valueOf(answer: RawAnswer, name: string): string {
  return valuesOf(answer, name).join(', ');
}

/** The body as people read it. */
export function textOf({ body }: RawAnswer): string {
  return Buffer.from(body, 'latin1').toString();
}

interface Talk {
  /** After so many answers, we say that nothing more will come; else the server must close by itself. */
  readonly answers?: number;
}

const DEADLINE_MS = 15_000;

/** Sends exactly these bytes, and reads until the server closes: as many answers as it gives, none where it only hangs up. */
export async function speak(
  port: number,
  bytes: string,
  { answers = Infinity }: Talk = {},
): Promise<RawAnswer[]> {
  const received = await new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => {
      socket.write(Buffer.from(bytes, 'latin1'));
    });
    const deadline = setTimeout(() => {
      socket.destroy();
      reject(new Error(`The server neither closed nor went on, after ${JSON.stringify(text.slice(0, 200))}`));
    }, DEADLINE_MS);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (answers < Infinity && parse(text).filter(({ status }) => status >= 200).length >= answers)
        socket.end();
    });
    socket.on('end', () => socket.end());
    // A server that hangs up before it has read all resets the connection.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(deadline);
      resolve(text);
    });
  });
  return parse(received).filter(({ status }) => status >= 200);
}

function parse(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
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
    const [body, after] = takeBody(rest.slice(end + 4), headers);
    answers.push({ status, head, headers, body });
    rest = after;
  }
  return answers;
}

function takeBody(
  rest: string,
  headers: readonly (readonly [string, string])[],
): [body: string, after: string] {
  // The answer to a HEAD has a length, and no body.
  if (rest.startsWith('HTTP/1.')) return ['', rest];
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
