/**
 * Sends requests with Node's own client. With axios, a login takes a third more CPU in a fresh process
 * (docs/benchmarks.md): axios merges options and headers, transforms bodies, and wraps streams.
 */
import http from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { promisify } from 'node:util';
import type * as zlibModule from 'node:zlib';
import type { ResolvedHttpOptions } from './http-options';
import { HEADERS, ResponseTooLarge, type HttpRequest, type HttpResponse, type Transport } from './transport';

export function nodeTransport(address: string, options: ResolvedHttpOptions): Transport {
  const url = new URL(address);
  const { protocol, hostname, port } = urlToHttpOptions(url);
  // Only the parts that are needed, because under NODE_DEBUG Node prints the other parts of an address.
  const headers = headersOf(options);
  const target: https.RequestOptions = { protocol, hostname, port, headers };
  // Otherwise Node computes the servername for each request. If the app gives a Host header, Node takes the
  // servername from it.
  if (!('host' in headers)) target.servername = IP_ADDRESS.test(url.hostname) ? '' : url.hostname;
  const prefix = url.pathname.replace(/\/$/, '');
  return { client: 'node', send: (request) => get({ ...request, path: prefix + request.path }, target) };
}

/** As a URL has it: IPv4 in decimals, IPv6 in brackets. */
const IP_ADDRESS = /^(?:[\d.]+|\[.*)$/;

/** Names in lower case, so that the app's headers replace the default ones. */
function headersOf({ headers }: ResolvedHttpOptions): Record<string, string> {
  const given = Object.entries((headers ?? {}) as Record<string, string>);
  return { ...HEADERS, ...Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value])) };
}

function get(
  { path, cancellation, agents, largestBody }: HttpRequest,
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
        if (size > largestBody) response.destroy(new ResponseTooLarge(largestBody));
      });
      response.on('error', reject);
      const read = (): void => {
        const [only] = chunks;
        const body = chunks.length === 1 && only ? only : Buffer.concat(chunks);
        const decompress = decompressor(headers['content-encoding']);
        if (!decompress || size === 0) resolve({ status, headers, data: body });
        else
          decompressed(body, decompress, largestBody).then(
            (data) => resolve({ status, headers, data }),
            reject,
          );
      };
      // The response can end before Node emits `finish` on the request. Until then, its connection is not
      // reused.
      response.on('end', () => (request.writableFinished ? read() : request.once('finish', read)));
    });
    request.on('error', reject);
    cancellation.onCancel(() => request.destroy());
  });
}

const DECOMPRESSORS: ReadonlyMap<string, 'unzip' | 'brotliDecompress'> = new Map([
  ['gzip', 'unzip'],
  ['x-gzip', 'unzip'],
  ['deflate', 'unzip'],
  ['br', 'brotliDecompress'],
]);
type Decompress = (body: Buffer, limits: zlibModule.ZlibOptions) => Promise<Buffer>;

function decompressor(encoding: string | undefined): Decompress | undefined {
  const name = DECOMPRESSORS.get(encoding?.toLowerCase() ?? '');
  if (!name) return undefined;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late: most processes never need it
  return promisify((require('node:zlib') as typeof zlibModule)[name]);
}

/** A gateway may compress a response although `accept-encoding` is `identity`. */
async function decompressed(body: Buffer, decompress: Decompress, limit: number): Promise<Buffer> {
  try {
    return await decompress(body, { maxOutputLength: limit });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? new ResponseTooLarge(limit)
      : error;
  }
}
