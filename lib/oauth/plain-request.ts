/**
 * One GET and nothing around it. What axios puts around a request (merging of options and headers, transforms, streams) costs as much
 * as the request: see docs/benchmarks.md. Who configures what only axios knows gets axios (axios-request.ts).
 */
import http from 'node:http';
import https from 'node:https';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { Agents } from './agents';
import type { SettledHTTP } from './http-options';

/** What is asked of WeChat, in one attempt. */
export interface Asked {
  readonly url: string;
  readonly signal: AbortSignal;
  readonly agents: Agents;
  /** In bytes. */
  readonly largestBody: number;
}

export interface Answered {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly data: Uint8Array;
}

export type Send = (asked: Asked) => Promise<Answered>;

/** What is sent unless the app says otherwise. Answers are shorter than what unpacking them would save. */
export const HEADERS = {
  accept: 'application/json, */*',
  'accept-encoding': 'identity',
  'user-agent': 'express-wechat-auth',
} as const;

/** Options that need no axios: they are about the way, which the agents are, and about the end. */
const PLAIN: ReadonlySet<string> = new Set([
  'timeout',
  'signal',
  'proxy',
  'httpAgent',
  'httpsAgent',
  'headers',
]);

/** Sends by these options, or `undefined` where only axios knows what they mean. */
export function plainSender(options: SettledHTTP): Send | undefined {
  const headers = plainHeaders(options.headers ?? {});
  if (!headers || Object.keys(options).some((name) => !PLAIN.has(name))) return undefined;
  return (asked) => send(asked, headers);
}

/** Names in lower case, so that the app's go before ours; `undefined` where a value is no plain text. */
function plainHeaders(given: object): Record<string, string> | undefined {
  const headers = Object.entries(given).map(([name, value]) => [name.toLowerCase(), value as unknown]);
  const arePlain = headers.every(([, value]) => typeof value === 'string' && /^[\x20-\x7e]*$/.test(value));
  return arePlain ? { ...HEADERS, ...(Object.fromEntries(headers) as Record<string, string>) } : undefined;
}

function send(
  { url, signal, agents, largestBody }: Asked,
  headers: Record<string, string>,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const [protocol, agent] = url.startsWith('https:')
      ? [https, agents.httpsAgent]
      : [http, agents.httpAgent];
    const request = protocol.get(url, { agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > largestBody) response.destroy(tooLarge(largestBody));
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, headers: received } = response;
        unpacked(Buffer.concat(chunks), received['content-encoding'], largestBody).then(
          (data) => resolve({ status: statusCode, headers: received, data }),
          reject,
        );
      });
    });
    const abort = (): void => {
      request.destroy();
    };
    signal.addEventListener('abort', abort);
    request.on('error', reject);
    request.on('close', () => signal.removeEventListener('abort', abort));
  });
}

/** In axios's words. */
function tooLarge(limit: number): Error {
  return new Error(`maxContentLength size of ${limit} exceeded`);
}

const UNPACK: Readonly<Record<string, (body: Buffer, limits: zlib.ZlibOptions) => Promise<Buffer>>> = {
  gzip: promisify(zlib.unzip),
  'x-gzip': promisify(zlib.unzip),
  deflate: promisify(zlib.unzip),
  br: promisify(zlib.brotliDecompress),
};

/** A gateway may pack what nobody asked it to pack. */
async function unpacked(body: Buffer, encoding: string | undefined, limit: number): Promise<Buffer> {
  const unpack = encoding === undefined ? undefined : UNPACK[encoding.toLowerCase()];
  if (!unpack || body.length === 0) return body;
  try {
    return await unpack(body, { maxOutputLength: limit });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(limit) : error;
  }
}
