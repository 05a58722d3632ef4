import type { IncomingMessage } from 'node:http';

/** A request, read whole. */
export interface IncomingRequest {
  readonly method: string;
  readonly path: string;
  /** Names of the query's parameters as they came, repetitions too. */
  readonly order: readonly string[];
  readonly rawQuery: string;
  readonly query: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly secure: boolean;
  /** Where the client believes to be: scheme and Host. */
  readonly origin: string;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
  /** Takes note of what WeChat might refuse and the emulator lets pass. */
  warn(text: string): void;
}

const MAX_BODY = 1024 * 1024;
const FORM = 'application/x-www-form-urlencoded';

/** A null prototype: parameters are called what a stranger likes, `__proto__` too. */
export function toRecord(pairs: Iterable<readonly [string, string]>): Record<string, string> {
  const record = Object.create(null) as Record<string, string>;
  for (const [name, value] of pairs) record[name] ??= value;
  return record;
}

export function splitTarget(target: string): { path: string; rawQuery: string } {
  const at = target.indexOf('?');
  return at < 0
    ? { path: target, rawQuery: '' }
    : { path: target.slice(0, at), rawQuery: target.slice(at + 1) };
}

/** Answered with a 413. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    size += (chunk as Buffer).length;
    // Read to its end and forgotten: a client that is cut off while it writes never sees the answer.
    if (size <= MAX_BODY) chunks.push(chunk as Buffer);
  }
  if (size > MAX_BODY) throw new BodyTooLarge(`The body has ${size} bytes; ${MAX_BODY} are allowed`);
  return Buffer.concat(chunks).toString('utf8');
}

function flatHeaders(message: IncomingMessage): Record<string, string> {
  return toRecord(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

const HOST = /^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i;

/** Everything of a request but where its warnings go. */
export type ReceivedRequest = Omit<IncomingRequest, 'warn'>;

export interface ConnectionDetails {
  readonly secure: boolean;
  /** The emulator's own origin, for requests whose Host makes no sense. */
  readonly origin: string;
  readonly signal: AbortSignal;
}

export async function receiveRequest(
  message: IncomingMessage,
  around: ConnectionDetails,
): Promise<ReceivedRequest> {
  const { path, rawQuery } = splitTarget(message.url ?? '/');
  const headers = flatHeaders(message);
  const host = headers['host'];
  const body = await readBody(message);
  const isForm = headers['content-type']?.toLowerCase().startsWith(FORM) ?? false;
  const parameters = [...new URLSearchParams(rawQuery)];
  return {
    method: message.method ?? 'GET',
    path,
    rawQuery,
    order: parameters.map(([name]) => name),
    query: toRecord(parameters),
    form: toRecord(isForm ? new URLSearchParams(body) : []),
    headers,
    secure: around.secure,
    origin:
      host !== undefined && HOST.test(host) ? `${around.secure ? 'https' : 'http'}://${host}` : around.origin,
    signal: around.signal,
  };
}
