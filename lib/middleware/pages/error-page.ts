/** The page that a browser gets when a login failed, and the message that a script gets. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import escapeHTML from 'escape-html';
import type { Bilingual } from '../../bilingual';
import { docsPage, isWeChatAPIError, type WechatError, type WechatErrorKind } from '../../errors';
import { languageOf, sendPage, type PageLanguage } from './page';
import { textsOf, type Texts } from './texts';
import { whatHappened } from './what-happened';

export interface ErrorPage {
  /** The address that starts the login again. Absent if that cannot help. */
  readonly retry?: string | undefined;
  /** The page where the login was to end, if no link can start the login again. */
  readonly back?: string | undefined;
  readonly home?: string;
  /** In place of the texts of the error's kind. */
  readonly texts?: Texts;
  /** For a login that the session has lost: why, and what to do. Only development shows it. */
  readonly cause?: LossCause | undefined;
  /** The stack of the app's own error, without secrets. Only development shows it. */
  readonly trace?: string | undefined;
}

export interface LossCause {
  /** The message of the error, without the cause and the remedy, which follow in it. */
  readonly symptom: string;
  readonly what: Bilingual;
  readonly remedy: Bilingual;
}

/** The message for a script. In production it is the public text of the page, without technical details. */
export function messageFor(req: IncomingMessage, error: WechatError, texts = textsOf(error)): string {
  if (!isProduction()) return error.message;
  const language = languageOf(req);
  const { title, text } = texts[language];
  return language === 'zh' ? `${title}。${text}` : `${title}. ${text}`;
}

/**
 * The message for a script that shows it to a person. In development it has the kind and a link, and in
 * Chinese it says first what happened.
 */
export function messageToShow(req: IncomingMessage, error: WechatError): string {
  if (isProduction()) return messageFor(req, error);
  const language = languageOf(req);
  const help = docsPage(`errors.md#${error.kind}`)[language];
  if (language === 'en') return `${error.message} (${error.kind}) ${help}`;
  return `${whatHappened(error).replaceAll('`', '')}（${error.kind}）。${error.message} ${help}`;
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
  const { retry, back, home } = LABELS[language];
  sendPage(res, error.status, language, {
    title,
    text,
    icon: HARMLESS.includes(error.kind) ? 'info' : 'warn',
    body:
      arrowToFullService(error) +
      // Visitors of a production site see no technical cause: the console names it.
      (isProduction() ? '' : boxForDeveloper(error, page, language)),
    links: [
      ...(page.retry === undefined ? [] : [{ href: page.retry, label: retry, isMain: true }]),
      ...(page.back === undefined ? [] : [{ href: page.back, label: back, isMain: true }]),
      ...(page.home === undefined ? [] : [{ href: page.home, label: home }]),
    ],
    kind: error.kind,
    footer: error.kind === 'snapshot_user' ? undefined : errorCode(error, language),
  });
}

const LABELS = {
  zh: {
    retry: '重新登录',
    back: '返回原页面',
    home: '返回首页',
    code: '错误代码：',
    cause: '原因：',
    original: '英文原文（便于搜索）：',
    help: '文档中的说明',
  },
  en: {
    retry: 'Log in again',
    back: 'Back to the page',
    home: 'Back to the home page',
    code: 'Error code: ',
    cause: 'The cause:',
    help: 'This error in the documentation',
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

/**
 * What the developer of the app needs: on a Chinese page first what happened and what to do, in Chinese. The
 * message of the error follows in English, because the log has it so, and developers search for it.
 */
function boxForDeveloper(error: WechatError, page: ErrorPage, language: PageLanguage): string {
  const explanation = explanationOf(error, page, language);
  const start = language === 'zh' ? `<p class="soft">${LABELS.zh.original}</p><pre lang="en">` : '<pre>';
  return [
    explanation === undefined
      ? ''
      : `<p class="soft">${LABELS[language].cause}</p><ul><li>${explanation}</li></ul>`,
    `${start}${escapeHTML(messageIn(error, page, language))}</pre>`,
    page.trace === undefined ? '' : `<pre>${escapeHTML(page.trace)}</pre>`,
    `<p class="soft"><a href="${docsPage(`errors.md#${error.kind}`)[language]}">${LABELS[language].help}</a></p>`,
  ].join('');
}

/**
 * What happened, and the remedy. An English page needs them only for a lost login: the messages of other
 * errors have both in English.
 */
function explanationOf(error: WechatError, { cause }: ErrorPage, language: PageLanguage): string | undefined {
  if (language === 'en') return cause && `${inBold(cause.what.en)}. ${withCode(cause.remedy.en)}`;
  const what = cause ? cause.what.zh : whatHappened(error);
  return `${inBold(what)}。${withCode((cause ?? error).remedy.zh)}`;
}

/** The message without what the page has said already. */
function messageIn(error: WechatError, { cause }: ErrorPage, language: PageLanguage): string {
  if (cause && language === 'en') return cause.symptom;
  // The message of an error of WeChat's ends with the remedy in Chinese.
  return error.message.replace(` ${error.remedy.zh}`, '');
}

function inBold(text: string): string {
  return `<strong>${withCode(text)}</strong>`;
}

/** The text as HTML. What stands between backticks is code. */
function withCode(text: string): string {
  return escapeHTML(text).replaceAll(/`([^`]*)`/g, '<code>$1</code>');
}

function isProduction(): boolean {
  return process.env['NODE_ENV'] === 'production';
}
