/**
 * One GET and nothing around it. What axios puts around a request (merging of options and headers, transforms, streams) is a third of
 * a login's CPU in a fresh process: see docs/benchmarks.md. Who configures what only axios knows gets axios (axios-request.ts).
 */
import http from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { Agents } from './agents';
import type { ResolvedHttpOptions } from './http-options';
import type { Stop } from './stop';

/** What is asked of WeChat, in one attempt. */
export interface HttpRequest {
  /** Below WeChat's address, with its query. */
  readonly path: string;
  readonly stop: Stop;
  readonly agents: Agents;
  /** In bytes. */
  readonly largestBody: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly data: Uint8Array;
}

export type Transport = (asked: HttpRequest) => Promise<HttpResponse>;

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

/** Sends to this address by these options, or `undefined` where only axios knows what they mean. */
export function plainSender(address: string, options: ResolvedHttpOptions): Transport | undefined {
  const headers = plainHeaders(options.headers ?? {});
  if (!headers || Object.keys(options).some((name) => !PLAIN.has(name))) return undefined;
  const url = new URL(address);
  const { protocol, hostname, port } = urlToHttpOptions(url);
  // Part by part: Node prints what else it is given of an address under NODE_DEBUG.
  const target = { protocol, hostname, port, headers };
  const prefix = url.pathname.replace(/\/$/, '');
  return (asked) => send({ ...asked, path: prefix + asked.path }, target);
}

/** Names in lower case, so that the app's go before ours; `undefined` where a value is no plain text. */
function plainHeaders(given: object): Record<string, string> | undefined {
  const headers = Object.entries(given).map(([name, value]) => [name.toLowerCase(), value as unknown]);
  const arePlain = headers.every(([, value]) => typeof value === 'string' && /^[\x20-\x7e]*$/.test(value));
  return arePlain ? { ...HEADERS, ...(Object.fromEntries(headers) as Record<string, string>) } : undefined;
}

function send(
  { path, stop, agents, largestBody }: HttpRequest,
  target: https.RequestOptions,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const [protocol, agent] =
      target.protocol === 'https:' ? [https, agents.httpsAgent] : [http, agents.httpAgent];
    const request = protocol.get({ ...target, path, agent }, (response) => {
      const { statusCode: status = 0, headers } = response;
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > largestBody) response.destroy(tooLarge(largestBody));
      });
      response.on('error', reject);
      const read = (): void => {
        const [only] = chunks;
        const body = chunks.length === 1 && only ? only : Buffer.concat(chunks);
        const unpack = UNPACK.get(headers['content-encoding']?.toLowerCase() ?? '');
        if (!unpack || size === 0) resolve({ status, headers, data: body });
        else unpacked(body, unpack, largestBody).then((data) => resolve({ status, headers, data }), reject);
      };
      // An answer may overtake the news that its question is written; until then its connection serves no other.
      response.on('end', () => (request.writableFinished ? read() : request.once('finish', read)));
    });
    request.on('error', reject);
    stop.onCome(() => request.destroy());
  });
}

/** In axios's words. */
function tooLarge(limit: number): Error {
  return new Error(`maxContentLength size of ${limit} exceeded`);
}

type Unpack = (body: Buffer, limits: zlib.ZlibOptions) => Promise<Buffer>;

const UNPACK: ReadonlyMap<string, Unpack> = new Map<string, Unpack>([
  ['gzip', promisify(zlib.unzip)],
  ['x-gzip', promisify(zlib.unzip)],
  ['deflate', promisify(zlib.unzip)],
  ['br', promisify(zlib.brotliDecompress)],
]);

/** A gateway may pack what nobody asked it to pack. */
async function unpacked(body: Buffer, unpack: Unpack, limit: number): Promise<Buffer> {
  try {
    return await unpack(body, { maxOutputLength: limit });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(limit) : error;
  }
}
