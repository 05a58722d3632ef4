/** The errors of a failed call to WeChat. None of them contains a secret that was sent. */
import { WechatAuthError } from '../../errors';
import type { Agents } from './agents';
import { ResponseTooLarge } from './transport';

/** Masks the secrets of a call in text that came from outside. */
export type Mask = (text: string) => string;

export function timedOut(ms: number, path: string, proxy: Agents['proxy']): WechatAuthError {
  return new WechatAuthError(
    'timeout',
    `WeChat did not respond to ${path}${through(proxy)} within ${ms} ms. Try again, or raise \`timeout\`.`,
  );
}

/**
 * Names the proxy, because it may be to blame, and the operator may not know that the environment has one.
 */
function through(proxy: Agents['proxy']): string {
  return proxy ? ` through the proxy of ${proxy.source} (${proxy.host})` : '';
}

/** @param option the http option that ended the call */
export function endedByApp(path: string, reason: unknown, option: 'signal' | 'cancelToken'): WechatAuthError {
  const kind = (reason as Error | undefined)?.name === 'TimeoutError' ? 'timeout' : 'network';
  return new WechatAuthError(kind, `The app ended the call to ${path} (\`${option}\` of its http options).`);
}

/**
 * Turns the error of an HTTP client into one of this package: kind `config` for a wrong option, `bad_answer`
 * for an unreadable response, otherwise `network`.
 */
export function requestFailed(
  error: unknown,
  path: string,
  { mask, proxy }: { readonly mask: Mask; readonly proxy: Agents['proxy'] },
): WechatAuthError {
  const [message, code] = [textOf(error, 'message'), textOf(error, 'code')];
  // Our own cancellation, and the app's `signal`, have already ended the call.
  if (code === 'ERR_CANCELED') return endedByApp(path, undefined, 'cancelToken');
  // If all addresses of a host refuse, Node's AggregateError has no message.
  const what = mask(message || code || 'the HTTP client gave no reason');
  // A copy, because an error of axios contains the address of the request, and so the secret.
  const cause = Object.assign(new Error(what), { code });
  if (WRONG_OPTION.test(code)) {
    return new WechatAuthError(
      'config',
      `An option of requests to WeChat is wrong: ${what}. Correct \`http\` or setOpts().`,
      { cause },
    );
  }
  if (error instanceof ResponseTooLarge || UNREADABLE.test(code)) {
    return new WechatAuthError(
      'bad_answer',
      `The response to ${path} cannot be read: ${what}. ${CHECK_ENDPOINTS}`,
      { cause },
    );
  }
  return new WechatAuthError(
    'network',
    `WeChat was not reached for ${path}${through(proxy)}: ${what}. ` +
      'Check DNS, proxy, firewall and certificates of this machine.',
    { cause },
  );
}

/** A property of what the client threw. An adapter of the app may throw anything, such as `undefined`. */
function textOf(error: unknown, name: 'message' | 'code'): string {
  if (typeof error === 'string') return name === 'message' ? error : '';
  const value = (error as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Codes of axios and Node for a wrong option, which a retry cannot fix. */
const WRONG_OPTION = /^ERR_(BAD_OPTION|INVALID_|NOT_SUPPORT|UNKNOWN_)/;

/** Codes of Node for a response that is not HTTP, or that does not match its Content-Encoding. */
const UNREADABLE = /^HPE_|^Z(STD)?_|^ERR__ERROR_FORMAT|^ERR_BR/i;

export function notFromWechat(path: string, what: string): WechatAuthError {
  return new WechatAuthError(
    'bad_answer',
    `The response to ${path} is not WeChat's: ${what}. ${CHECK_ENDPOINTS}`,
  );
}

const CHECK_ENDPOINTS = 'Check `endpoints`, and the gateway or proxy in between.';

export function emulatorInProduction(address: string): WechatAuthError {
  return new WechatAuthError(
    'config',
    `${address} is an emulated WeChat, and NODE_ENV is production: anybody could log in as anybody. ` +
      'Remove `endpoints` (or WECHAT_API_URL and WECHAT_OPEN_URL); ' +
      'for a closed test system, set dangerouslyAllowEmulatorInProduction: true.',
  );
}
