import type { IncomingMessage, ServerResponse } from 'node:http';
import escapeHTML from 'escape-html';
import { isWeChatAPIError, type WechatError, type WechatErrorKind } from '../../errors';
import { languageOf, sendPage, type PageLanguage } from './page';
import { CAUSES, textsOf, type Cause } from './texts';

export interface ErrorPage {
  /** Where the login starts anew; absent where that is no help. */
  readonly retry: string | undefined;
  readonly home: string;
  /** For a login that this session knows nothing of: the likely causes, and those that were found. */
  readonly causes?: { readonly found: readonly Cause[]; readonly likely: readonly Cause[] } | undefined;
}

/** What a program gets: the error's own words, or, in production, no more than what everybody may know. */
export function messageFor(req: IncomingMessage, error: WechatError): string {
  if (!isProduction()) return error.message;
  const { title, text } = textsOf(error.kind, languageOf(req));
  return languageOf(req) === 'zh' ? `${title}。${text}` : `${title}. ${text}`;
}

/** What a person gets when a login failed: what happened, what to do, and what to tell whoever helps. */
export function sendErrorPage(
  req: IncomingMessage,
  res: ServerResponse,
  error: WechatError,
  page: ErrorPage,
): void {
  const language = languageOf(req);
  const { title, text } = textsOf(error.kind, language);
  const { again, home } = LABELS[language];
  sendPage(res, error.status, language, {
    title,
    text,
    sign: HARMLESS.includes(error.kind) ? 'info' : 'warn',
    body: corner(error) + causes(page, language) + forDevelopers(error),
    links: [
      ...(page.retry === undefined ? [] : [{ href: page.retry, label: again, main: true }]),
      { href: page.home, label: home },
    ],
    small: error.kind === 'snapshot_user' ? undefined : reference(error, language),
  });
}

const LABELS = {
  zh: {
    again: '重新登录',
    home: '返回首页',
    code: '错误代码：',
    causes: '如果反复出现，请告知网站管理员。可能的原因：',
  },
  en: {
    again: 'Log in again',
    home: 'Back to the start',
    code: 'Error code: ',
    causes: 'If it happens again, tell the operator of this site. The likely cause:',
  },
} as const;

/** Nothing is broken: somebody changed their mind, or has to press another button first. */
const HARMLESS: readonly WechatErrorKind[] = ['access_denied', 'snapshot_user', 'scope', 'unauthenticated'];

/** WeChat shows its button below a snapshot page, at the right. */
function corner(error: WechatError): string {
  return error.kind === 'snapshot_user' ? '<p class="corner" lang="zh-CN">使用完整服务 ↘</p>' : '';
}

/** What to tell whoever is asked for help. */
function reference(error: WechatError, language: PageLanguage): string {
  const ofWechat = isWeChatAPIError(error)
    ? [`errcode ${error.code}`, ...(error.rid ? [`rid ${error.rid}`] : [])]
    : [];
  return LABELS[language].code + [error.kind, ...ofWechat].join(' · ');
}

function causes({ causes: known }: ErrorPage, language: PageLanguage): string {
  if (!known) return '';
  const item = (cause: Cause): string => escapeHTML(CAUSES[cause][language]);
  const found = known.found.map((cause) => `<li><strong>${item(cause)}</strong></li>`);
  const likely = known.likely
    .filter((cause) => !known.found.includes(cause))
    .map((cause) => `<li>${item(cause)}</li>`);
  return `<p class="soft">${escapeHTML(LABELS[language].causes)}</p><ul>${[...found, ...likely].join('')}</ul>`;
}

/** The words of the error, with its remedy, for whoever builds the app. */
function forDevelopers(error: WechatError): string {
  return isProduction() ? '' : `<pre>${escapeHTML(error.message)}</pre>`;
}

function isProduction(): boolean {
  return process.env['NODE_ENV'] === 'production';
}
