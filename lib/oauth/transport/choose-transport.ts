/** Chooses the HTTP client for calls to WeChat. */
import type * as axiosRequest from './axios-request';
import type { ResolvedHttpOptions } from './http-options';
import { nodeTransport } from './node-request';
import type { Transport } from './transport';

/**
 * Chooses Node's own client if it supports every option, otherwise axios: axios costs more CPU in each call
 * and takes longer to load (docs/benchmarks.md).
 */
export function chooseTransport(address: string, options: ResolvedHttpOptions): Transport {
  return needsAxios(options) ? axiosTransport(address, options) : nodeTransport(address, options);
}

function needsAxios(options: ResolvedHttpOptions): boolean {
  // An option that is not in the list is meant for the app's own adapter, which only axios supports.
  const isForAxios = (name: string): boolean => (NEEDS_AXIOS as Record<string, boolean>)[name] ?? true;
  return Object.keys(options).some(isForAxios) || !Object.values(options.headers ?? {}).every(isPlainText);
}

/** Axios also takes lists, numbers, `null` and groups of headers (`common`). */
function isPlainText(header: unknown): boolean {
  return typeof header === 'string' && /^[\x20-\x7e]*$/.test(header);
}

/** Whether an option moves every call to axios. The compiler keeps the list complete. */
const NEEDS_AXIOS: Readonly<Record<keyof ResolvedHttpOptions, boolean>> = {
  // Node's client supports these, too.
  timeout: false,
  signal: false,
  proxy: false,
  httpAgent: false,
  httpsAgent: false,
  headers: false,
  // Only axios supports these.
  adapter: true,
  allowAbsoluteUrls: true,
  allowedSocketPaths: true,
  auth: true,
  cancelToken: true,
  decompress: true,
  env: true,
  family: true,
  fetchOptions: true,
  formDataHeaderPolicy: true,
  formSerializer: true,
  http2Options: true,
  httpVersion: true,
  insecureHTTPParser: true,
  lookup: true,
  maxBodyLength: true,
  maxRate: true,
  onDownloadProgress: true,
  onUploadProgress: true,
  params: true,
  paramsSerializer: true,
  parseReviver: true,
  redact: true,
  responseEncoding: true,
  sensitiveHeaders: true,
  socketPath: true,
  timeoutErrorMessage: true,
  transformRequest: true,
  transitional: true,
  withCredentials: true,
  withXSRFToken: true,
  xsrfCookieName: true,
  xsrfHeaderName: true,
};

function axiosTransport(address: string, options: ResolvedHttpOptions): Transport {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- axios takes longer to load than all the rest
  return (require('./axios-request') as typeof axiosRequest).axiosTransport(address, options);
}
