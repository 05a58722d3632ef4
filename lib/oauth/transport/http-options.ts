/** What an app may say of the requests to WeChat, and what it may not. */
import { inspect } from 'node:util';
import type { AxiosRequestConfig } from 'axios';
import { WechatAuthError } from '../../errors';
import { warn } from '../../warnings';

const DEFAULT_TIMEOUT_MS = 5_000;
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

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

/** Options of requests, without those that keep a call safe. */
export type ResolvedHttpOptions = Omit<AxiosRequestConfig, (typeof PROTECTED_OPTIONS)[number]>;

/**
 * Options of every request to WeChat: those of axios (agent, proxy, headers, lookup, …), but for what keeps a
 * call safe: redirects, the checks of status and size, the response type, the address itself. `timeout` is in
 * ms and covers a call from name lookup to last byte, its retry included; 0 is no limit.
 */
export type WechatHttpOptions = {
  [Name in keyof ResolvedHttpOptions]?: ResolvedHttpOptions[Name] | undefined;
};

/** A copy of what the app may say; it is warned of the rest. */
export function resolveHttpOptions(options: WechatHttpOptions): ResolvedHttpOptions {
  const refused: string[] = PROTECTED_OPTIONS.filter(
    (name) => (options as Record<string, unknown>)[name] !== undefined,
  );
  // Another way of axios (fetch, say) would follow redirects; a function is the app's own doing.
  if (options.adapter !== undefined && typeof options.adapter !== 'function') refused.push('adapter');
  if (refused.length > 0) {
    warn(
      'WECHAT_HTTP_OPTION_IGNORED',
      `These options of requests to WeChat keep a login safe and stay as they are: ${refused.join(', ')}.`,
    );
  }
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => !refused.includes(name) && value !== undefined),
  );
}

/** @throws WechatAuthError of kind `config` where it is none. */
export function timeoutOf({ timeout }: WechatHttpOptions): number {
  if (timeout === undefined) return DEFAULT_TIMEOUT_MS;
  if (typeof timeout === 'number' && timeout >= 0 && timeout <= LONGEST_TIMEOUT_MS) return timeout;
  throw new WechatAuthError(
    'config',
    `timeout is ${inspect(timeout)}; use milliseconds from 0 (no limit) to ${LONGEST_TIMEOUT_MS}.`,
  );
}
