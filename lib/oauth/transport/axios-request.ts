/** Sends requests with axios, for options that only axios supports. */
import { Axios, type AxiosRequestConfig } from 'axios';
import type { ResolvedHttpOptions } from './http-options';
import { HEADERS, ResponseTooLarge, type Transport } from './transport';

/** Options that keep a call safe. They override those of the app. */
const SAFE_OPTIONS = {
  method: 'GET',
  maxRedirects: 0,
  responseType: 'arraybuffer',
  validateStatus: () => true,
  transformResponse: (body: unknown): unknown => body,
  proxy: false,
  // Our own limit covers a call and its retry; that of axios would cover each attempt alone.
  timeout: 0,
} satisfies AxiosRequestConfig;

export function axiosTransport(address: string, options: ResolvedHttpOptions): Transport {
  // A new instance, because an app may have set defaults on the shared axios that must not reach WeChat, such
  // as an Authorization header.
  const client = new Axios({ adapter: 'http', headers: { common: HEADERS } as never });
  return {
    client: 'axios',
    send: async ({ path, cancellation, agents, largestBody }) => {
      try {
        return await client.request<Uint8Array, never>({
          ...options,
          ...SAFE_OPTIONS,
          httpAgent: agents.httpAgent,
          httpsAgent: agents.httpsAgent,
          params: mergeParams(options.params, path),
          maxContentLength: largestBody,
          signal: cancellation.signal,
          url: address + path,
        });
      } catch (error) {
        throw isSizeError(error) ? new ResponseTooLarge(largestBody) : error;
      }
    },
  };
}

/** Axios has no error code for a body that is too large, only this message. */
function isSizeError(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('maxContentLength');
}

/** A gateway's parameters are added to WeChat's, but do not replace them. */
function mergeParams(params: unknown, path: string): Record<string, unknown> {
  const given = params instanceof URLSearchParams ? [...params] : Object.entries(params ?? {});
  const taken = new URLSearchParams(path.slice(path.indexOf('?')));
  return Object.fromEntries(given.filter(([name]) => !taken.has(name)));
}
