/** A request by axios, for options that only axios knows. Loaded when first needed: it takes longer to load than all else here. */
import { Axios, type AxiosRequestConfig } from 'axios';
import { HEADERS, type Transport } from './node-request';
import type { ResolvedHttpOptions } from './http-options';

/** What keeps a call safe is not for the app to change. */
const SAFE_OPTIONS = {
  method: 'GET',
  maxRedirects: 0,
  responseType: 'arraybuffer',
  validateStatus: () => true,
  transformResponse: (body: unknown): unknown => body,
  proxy: false,
  // Our own limit covers the whole call; axios's own would only cover one attempt.
  timeout: 0,
} satisfies AxiosRequestConfig;

export function axiosSender(address: string, options: ResolvedHttpOptions): Transport {
  // None of the defaults that an app gives its own axios: an Authorization header meant for others, say.
  const client = new Axios({ adapter: 'http', headers: { common: HEADERS } as never });
  return ({ path, stop, agents, largestBody }) =>
    client.request<Uint8Array, never>({
      ...options,
      ...SAFE_OPTIONS,
      ...agents,
      params: mergeParams(options.params, path),
      maxContentLength: largestBody,
      signal: stop.signal,
      url: address + path,
    });
}

/** What a gateway asks for may stand beside WeChat's parameters, but not in their place. */
function mergeParams(params: unknown, path: string): Record<string, unknown> {
  const all = params instanceof URLSearchParams ? [...params] : Object.entries(params ?? {});
  const taken = new URLSearchParams(path.slice(path.indexOf('?')));
  return Object.fromEntries(all.filter(([name]) => !taken.has(name)));
}
