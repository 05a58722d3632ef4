/** The page that a browser gets when a login failed, and the message that a script gets. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import escapeHTML from 'escape-html';
import type { Bilingual } from '../../bilingual';
import { isWeChatAPIError, type WechatError, type WechatErrorKind } from '../../errors';
import { languageOf, sendPage, type PageLanguage } from './page';
import { textsOf, type Texts } from './texts';

export interface ErrorPage {
  /** The address that starts the login again. Absent if that cannot help. */
  readonly retry?: string | undefined;
  readonly home?: string;
  /** In place of the texts of the error's kind. */
  readonly texts?: Texts;
  /** For a login that the session has lost: why, and what to do. Only development shows it. */
  readonly cause?: { readonly what: Bilingual; readonly remedy: Bilingual } | undefined;
  /** The stack of the app's own error, without secrets. Only development shows it. */
  readonly trace?: string | undefined;
}

/** The message for a script. In production it is the public text of the page, without technical details. */
export function messageFor(req: IncomingMessage, error: WechatError, texts = textsOf(error)): string {
  if (!isProduction()) return error.message;
  const language = languageOf(req);
  const { title, text } = texts[language];
  return language === 'zh' ? `${title}。${text}` : `${title}. ${text}`;
}

/** Says what happened, what the user can do, and which error code to report. */
export function sendErrorPage(
  req: IncomingMessage,
  res: ServerResponse,
  error: WechatError,
  page: ErrorPage,
): void {
  const language = languageOf(req);
  const { title, text } = (page.texts ?? textsOf(error))[language];
  const { retry, home } = LABELS[language];
  sendPage(res, error.status, language, {
    title,
    text,
    icon: HARMLESS.includes(error.kind) ? 'info' : 'warn',
    body:
      arrowToFullService(error) +
      causeForDeveloper(page, language) +
      messageForDeveloper(error, page, language),
    links: [
      ...(page.retry === undefined ? [] : [{ href: page.retry, label: retry, isMain: true }]),
      ...(page.home === undefined ? [] : [{ href: page.home, label: home }]),
    ],
    kind: error.kind,
    footer: error.kind === 'snapshot_user' ? undefined : errorCode(error, language),
  });
}

const LABELS = {
  zh: {
    retry: '重新登录',
    home: '返回首页',
    code: '错误代码：',
    cause: '原因：',
  },
  en: {
    retry: 'Log in again',
    home: 'Back to the home page',
    code: 'Error code: ',
    cause: 'The cause:',
  },
} as const;

/** Nothing is broken: the user cancelled, or has to do something else first. */
const HARMLESS: readonly WechatErrorKind[] = ['access_denied', 'snapshot_user', 'scope', 'unauthenticated'];

/** WeChat shows the button of this name at the bottom right of a snapshot page. */
function arrowToFullService(error: WechatError): string {
  return error.kind === 'snapshot_user' ? '<p class="corner" lang="zh-CN">使用完整服务 ↘</p>' : '';
}

/** The error kind, and the two numbers that WeChat's support asks for. */
function errorCode(error: WechatError, language: PageLanguage): string {
  const ofWechat = isWeChatAPIError(error)
    ? [`errcode ${error.code}`, ...(error.rid ? [`rid ${error.rid}`] : [])]
    : [];
  return LABELS[language].code + [error.kind, ...ofWechat].join(' · ');
}

/** Visitors of a production site see no technical cause: the console names it. */
function causeForDeveloper({ cause }: ErrorPage, language: PageLanguage): string {
  if (!cause || isProduction()) return '';
  const { what, remedy } = cause;
  const end = language === 'zh' ? '。' : '. ';
  const item = `<strong>${escapeHTML(what[language])}</strong>${end}${escapeHTML(remedy[language])}`;
  return `<p class="soft">${LABELS[language].cause}</p><ul><li>${item}</li></ul>`;
}

/**
 * The message of the error, for the developer of the app, and what to do in the language of the page.
 * Production pages do not show it.
 */
function messageForDeveloper(error: WechatError, { trace }: ErrorPage, language: PageLanguage): string {
  if (isProduction()) return '';
  const remedy = language === 'zh' && !error.message.includes(error.remedy.zh) ? [error.remedy.zh] : [];
  const text = [...remedy, error.message, ...(trace === undefined ? [] : [trace])].join('\n\n');
  return `<pre>${escapeHTML(text)}</pre>`;
}

function isProduction(): boolean {
  return process.env['NODE_ENV'] === 'production';
}
