/** The options of requests to WeChat: which of them an app may set, and their defaults. */
import { inspect } from 'node:util';
import type { AxiosRequestConfig } from 'axios';
import { WechatAuthError } from '../../errors';
import { warn } from '../../warnings';

const DEFAULT_TIMEOUT_MS = 5_000;
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * With these, an app could make a login unsafe: a redirect could be followed, or the response of another
 * server trusted.
 */
const PROTECTED_OPTIONS = [
  'url',
  'method',
  'baseURL',
  'data',
  'maxRedirects',
  'beforeRedirect',
  'transport',
  'maxContentLength',
  'responseType',
  'validateStatus',
  'transformResponse',
] as const;

/** The request options of axios, without those that keep a call safe. */
export type ResolvedHttpOptions = Omit<AxiosRequestConfig, (typeof PROTECTED_OPTIONS)[number]>;

/**
 * Options of every request to WeChat: axios's request options (agent, proxy, headers, lookup, …), except
 * those that keep a call safe: the address, the method, redirects, the checks of status and size, the
 * response type.
 *
 * `timeout` is in ms. It covers a call from the name lookup to the last byte, including its retry; 0 means no
 * limit.
 *
 * Node's own HTTP client serves the calls if there are no options other than `timeout`, `signal`, `proxy`,
 * `httpAgent`, `httpsAgent`, and `headers` whose values are plain text. Any other option, such as `params`,
 * `lookup`, `decompress` or `adapter`, moves every call to axios, which takes longer to load and more CPU in
 * each call. The debug output `wechat-auth:api` names the client that served (`node` or `axios`).
 */
export type WechatHttpOptions = {
  [Name in keyof ResolvedHttpOptions]?: ResolvedHttpOptions[Name] | undefined;
};

export const PROXY_FORM =
  'Give an object with host and port (and protocol http or https, auth), as axios takes it, or false; or set ' +
  'HTTPS_PROXY in the environment. For SOCKS, pass an agent of your own as http.httpsAgent (socks-proxy-agent).';

/** Whether `http.proxy` can be used. */
export function isProxy(proxy: unknown): boolean {
  if (proxy === undefined || proxy === null || proxy === false) return true;
  const { host, port = '', protocol = 'http' } = proxy as Record<string, unknown>;
  if (typeof host !== 'string' || host === '' || !/^https?:?$/.test(protocol as string)) return false;
  return ['string', 'number'].includes(typeof port) && URL.canParse(`http://${host}:${port as string}`);
}

/**
 * Copies the options, except undefined and protected ones. Protected ones cause a warning.
 *
 * @throws WechatAuthError of kind `config` if `proxy` is not one.
 */
export function resolveHttpOptions(options: WechatHttpOptions): ResolvedHttpOptions {
  if (!isProxy(options.proxy))
    throw new WechatAuthError('config', `http.proxy is not a proxy. ${PROXY_FORM}`);
  const refused: string[] = PROTECTED_OPTIONS.filter(
    (name) => (options as Record<string, unknown>)[name] !== undefined,
  );
  // The name of an adapter, such as 'fetch', selects one that follows redirects. A function is accepted: it
  // is the app's own, such as a mock in its tests.
  if (options.adapter !== undefined && typeof options.adapter !== 'function') refused.push('adapter');
  if (refused.length > 0) {
    warn('WECHAT_HTTP_OPTION_IGNORED', {
      en:
        `These options would make a login unsafe, so they are ignored: ${refused.join(', ')}. ` +
        'Remove them from the options of requests to WeChat.',
      zh: `以下配置会让登录不安全，已被忽略：${refused.join('、')}。请从请求微信的配置中去掉它们。`,
    });
  }
  return Object.fromEntries(
    Object.entries(copyHttpOptions(options)).filter(
      ([name, value]) => !refused.includes(name) && value !== undefined,
    ),
  );
}

/** A copy, also of the headers and of their groups (`common`): the app may change its object afterwards. */
export function copyHttpOptions(options: WechatHttpOptions): WechatHttpOptions {
  return options.headers ? { ...options, headers: copyHeaders(options.headers) } : { ...options };
}

type Headers = NonNullable<WechatHttpOptions['headers']>;

/** @throws WechatAuthError of kind `config` if a getter or a Proxy throws. */
function copyHeaders(given: Headers): Headers {
  try {
    const headers = Object.entries(given).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : value,
    ]);
    return Object.fromEntries(headers) as Headers;
  } catch {
    throw new WechatAuthError(
      'config',
      'http.headers throws when it is read. Give a plain object of headers.',
    );
  }
}

/** @throws WechatAuthError of kind `config` if it is not a number of milliseconds. */
export function timeoutOf({ timeout }: WechatHttpOptions): number {
  if (timeout === undefined) return DEFAULT_TIMEOUT_MS;
  if (typeof timeout === 'number' && timeout >= 0 && timeout <= LONGEST_TIMEOUT_MS) return timeout;
  throw new WechatAuthError(
    'config',
    `timeout is ${inspect(timeout, { depth: -1 })}; use milliseconds from 0 (no limit) to ${LONGEST_TIMEOUT_MS}.`,
  );
}
