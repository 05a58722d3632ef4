import { printable } from './printable';

/**
 * Every warning that this package prints on the console, for the operator to act on. Each has a row in
 * docs/warnings.md.
 */
export const WARNING_CODES = [
  'WECHAT_NO_BASE_URL',
  'WECHAT_NO_SESSION',
  'WECHAT_COOKIE_SAME_SITE',
  'WECHAT_COOKIE_SECURE',
  'WECHAT_COOKIE_SIZE',
  'WECHAT_COOKIE_PATH',
  'WECHAT_COOKIE_DOMAIN',
  'WECHAT_COOKIE_PREFIX',
  'WECHAT_COOKIE_MAX_AGE',
  'WECHAT_COOKIE_SIGNATURE',
  'WECHAT_COOKIE_NAME',
  'WECHAT_TRUST_PROXY',
  'WECHAT_MEMORY_SESSIONS',
  'WECHAT_OTHER_HOST',
  'WECHAT_FRAME',
  'WECHAT_SESSION_GONE',
  'WECHAT_VERIFICATION_FILE',
  'WECHAT_LOGIN_FAILED',
  'WECHAT_HTTP_OPTION_IGNORED',
  'WECHAT_RELAY_REFUSED',
  'WECHAT_SCAN_LOGIN_STORE',
] as const;

export type WarningCode = (typeof WARNING_CODES)[number];

/** @param detail more lines, such as a stack. The caller has masked the secrets in it. */
export function warn(code: WarningCode, message: string, detail?: string): void {
  // A message may quote a header or an error response, which an attacker may control.
  process.emitWarning(printable(message), {
    type: 'WechatAuthWarning',
    code,
    ...(detail !== undefined && { detail: detail.split('\n').map(printable).join('\n') }),
  });
}

/** The limit of the warnings that one middleware prints: WeChat's side may choose the causes. */
const MAX_PRINTED = 500;

/** The warnings of one middleware: each is printed once, however many requests cause it. */
export class Warnings {
  readonly #printed = new Set<string>();

  /** Prints a warning, unless one with the same code and the same `about` was printed before. */
  once(code: WarningCode, message: string, about = ''): void {
    const key = `${code} ${about}`;
    if (this.#printed.has(key) || this.#printed.size >= MAX_PRINTED) return;
    this.#printed.add(key);
    warn(code, message);
  }
}
