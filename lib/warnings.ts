/** What goes wrong outside of our reach is said once, where the developer looks: on the console, with a code. */
export type WarningCode =
  | 'WECHAT_NO_BASE_URL'
  | 'WECHAT_NO_SESSION'
  | 'WECHAT_COOKIE_SAME_SITE'
  | 'WECHAT_COOKIE_SECURE'
  | 'WECHAT_COOKIE_SIZE'
  | 'WECHAT_TRUST_PROXY'
  | 'WECHAT_MEMORY_SESSIONS'
  | 'WECHAT_OTHER_HOST'
  | 'WECHAT_VERIFICATION_FILE'
  | 'WECHAT_LOGIN_FAILED';

export class Warnings {
  readonly #said = new Set<string>();

  once(code: WarningCode, message: string, about = ''): void {
    const key = `${code} ${about}`;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    process.emitWarning(message, { type: 'WechatAuthWarning', code });
  }
}
