import type { Language, Phrase } from '../pages/language';
import { printable } from '../world/printable';

/**
 * WeChat refuses to show a login page. It shows an error page instead, and does not call the app back.
 */
export class PageRefusal extends Error {
  /** `PageRefusal` */
  override readonly name: string = 'PageRefusal';
  /** WeChat's text, in Chinese. */
  readonly text: string;
  /** The emulator's explanation, in English: what is wrong, with the value. */
  readonly advice: string;
  readonly #advice: Phrase;

  /** @internal */
  constructor(
    text: string,
    /** WeChat's error code (错误码); undefined if the page shows none. */
    readonly code: number | undefined,
    advice: Phrase,
  ) {
    super(printable(`${code === undefined ? text : `${text}，错误码:${code}`} (${advice.en})`));
    this.text = printable(text);
    this.advice = printable(advice.en);
    this.#advice = advice;
  }

  /**
   * The explanation in the browser's language. WeChat's own text is always Chinese, because WeChat documents
   * no other.
   *
   * @internal
   */
  adviceIn(language: Language): string {
    return printable(this.#advice[language]);
  }

  /** @internal */
  static withCode(code: number, advice: Phrase): PageRefusal {
    const text = (TEXTS_BY_CODE as Readonly<Record<number, string>>)[code] ?? '系统错误';
    return new PageRefusal(text, code, advice);
  }
}

/** The error codes of the authorize page with WeChat's texts (网页授权, 错误返回码说明). */
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

/** WeChat's texts of error pages without an error code. */
export const TEXTS_WITHOUT_CODE = {
  appId: 'AppID 参数错误',
  scope: 'Scope 参数错误或没有 Scope 权限',
  redirectURI: 'redirect_uri 参数错误',
  state: 'state参数过长',
  link: '该链接无法访问',
} as const;

/**
 * The error page that a test planned by `fail()`, with WeChat's text for the code unless the test gave one.
 */
export function plannedRefusal(errcode: number, errmsg?: string): PageRefusal {
  if (errmsg === undefined) return PageRefusal.withCode(errcode, PLANNED);
  return new PageRefusal(errmsg, errcode, PLANNED);
}

const PLANNED: Phrase = {
  zh: '由测试通过 fail() 指定的错误',
  en: 'a test planned this error by fail()',
};
