import type { IncomingMessage } from 'node:http';

/** A request whose body has been received. */
export interface IncomingRequest {
  readonly method: string;
  readonly path: string;
  /** Names of the query's parameters in the order in which they came, repeated ones included. */
  readonly order: readonly string[];
  readonly rawQuery: string;
  readonly query: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
  /** The body as text. */
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secure: boolean;
  /** The emulator's origin as the client addressed it: scheme and Host. */
  readonly origin: string;
  /** Aborts when the client closes the connection. */
  readonly signal: AbortSignal;
  /** Adds a warning to the entry of this request in the log. */
  warn(text: string): void;
}

/** An incoming request before it is in the request log. */
export type ReceivedRequest = Omit<IncomingRequest, 'warn'>;

/** The details of a request that are known before its body is read. */
export interface ConnectionDetails {
  readonly secure: boolean;
  /** The emulator's origin as the client addressed it. */
  readonly origin: string;
  readonly signal: AbortSignal;
}

/**
 * Reads a request with its whole body.
 *
 * @throws BodyTooLarge if the body is longer than 1 MiB.
 */
export async function receiveRequest(
  message: IncomingMessage,
  connection: ConnectionDetails,
): Promise<ReceivedRequest> {
  const { path, rawQuery } = splitTarget(message.url ?? '/');
  const headers = flatHeaders(message);
  const body = await receiveBody(message);
  const isForm = headers['content-type']?.toLowerCase().startsWith(FORM) ?? false;
  const parameters = [...new URLSearchParams(rawQuery)];
  return {
    method: message.method ?? 'GET',
    path,
    rawQuery,
    order: parameters.map(([name]) => name),
    query: toRecord(parameters),
    form: toRecord(isForm ? new URLSearchParams(body) : []),
    body,
    headers,
    ...connection,
  };
}

const FORM = 'application/x-www-form-urlencoded';

/** Splits a request target into path and query. A proxy's client sends a whole address (RFC 9112, 3.2.2). */
export function splitTarget(wholeTarget: string): { path: string; rawQuery: string } {
  const target = wholeTarget.replace(/^https?:\/\/[^/?#]*\/?/i, '/');
  const questionMark = target.indexOf('?');
  if (questionMark < 0) return { path: target, rawQuery: '' };
  return { path: target.slice(0, questionMark), rawQuery: target.slice(questionMark + 1) };
}

/** The first value of each name. The prototype is null, because a client may name a parameter `__proto__`. */
export function toRecord(pairs: Iterable<readonly [string, string]>): Record<string, string> {
  const record = Object.create(null) as Record<string, string>;
  for (const [name, value] of pairs) record[name] ??= value;
  return record;
}

function flatHeaders(message: IncomingMessage): Record<string, string> {
  const headers = Object.entries(message.headers);
  return toRecord(
    headers.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

const MAX_BODY_BYTES = 1024 * 1024;

async function receiveBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    size += (chunk as Buffer).length;
    // The rest of a body that is too large is read and dropped. If the connection were closed while the
    // client still sends, the client would never read the response.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk as Buffer);
  }
  if (size > MAX_BODY_BYTES) {
    throw new BodyTooLarge(`The body has ${size} bytes. Send at most ${MAX_BODY_BYTES}.`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The body is longer than the emulator accepts. The response has status 413. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}
