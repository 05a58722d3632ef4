import type { Language, Phrase } from '../pages/language';

/** WeChat's own words for the numbers of its authorize page (网页授权, 错误返回码说明). */
const TEXTS_BY_CODE = {
  10003: 'redirect_uri域名与后台配置不一致',
  10004: '此公众号被封禁',
  10005: '此公众号并没有这些scope的权限',
  10006: '必须关注此测试号',
  10009: '操作太频繁了，请稍后重试',
  10010: 'scope不能为空',
  10011: 'redirect_uri不能为空',
  10012: 'appid不能为空',
  10013: 'state不能为空',
  10015: '公众号未授权第三方平台，请检查授权状态',
  10016: '不支持微信开放平台的Appid，请使用公众号Appid',
} as const;

/** Why a page shows an error that a test asked for. */
export const FAULT_ON_DEMAND: Phrase = { zh: '测试要求的故障', en: 'a fault on demand' };

/** Texts that come without a number. */
export const TEXTS_WITHOUT_CODE = {
  appId: 'AppID 参数错误',
  scope: 'Scope 参数错误或没有 Scope 权限',
  redirectURI: 'redirect_uri 参数错误',
  state: 'state参数过长',
  link: '该链接无法访问',
} as const;

/** A login page that WeChat refuses to show (网页授权, 错误返回码说明): it says so itself and never calls the app back. */
export class PageRefusal extends Error {
  /** `PageRefusal` */
  override readonly name: string = 'PageRefusal';
  /** The emulator's own word, in English: what was wrong with which value. */
  readonly advice: string;
  readonly #advice: Phrase;

  /** @internal */
  constructor(
    /** WeChat's text, in Chinese. */
    readonly text: string,
    /** WeChat's number (错误码), where it gives one. */
    readonly code: number | undefined,
    advice: Phrase,
  ) {
    super(`${code === undefined ? text : `${text}，错误码:${code}`} (${advice.en})`);
    this.advice = advice.en;
    this.#advice = advice;
  }

  /**
   * WeChat documents its texts in Chinese alone; the emulator's own word follows the browser.
   *
   * @internal
   */
  adviceIn(language: Language): string {
    return this.#advice[language];
  }

  /** @internal */
  static withCode(code: number, advice: Phrase): PageRefusal {
    return new PageRefusal(
      (TEXTS_BY_CODE as Readonly<Record<number, string>>)[code] ?? '系统错误',
      code,
      advice,
    );
  }
}
