import type { IncomingMessage, ServerResponse } from 'node:http';
import escapeHTML from 'escape-html';
import { isWeChatAPIError, type WechatError } from '../../errors';
import { languageOf, sendPage, type PageLanguage } from './page';
import { CAUSES, textsOf, type Cause } from './texts';

export interface ErrorPage {
  /** Where the login starts anew; absent where that is no help. */
  readonly retry: string | undefined;
  readonly home: string;
  /** For a login that this session knows nothing of: the likely causes, and those that were found. */
  readonly causes?: { readonly found: readonly Cause[]; readonly likely: readonly Cause[] } | undefined;
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
  const retry =
    page.retry === undefined
      ? []
      : [{ href: page.retry, label: language === 'zh' ? '重新登录' : 'Log in again' }];
  sendPage(res, error.status, language, {
    title,
    text,
    sign: 'warn',
    body: causes(page, language) + forDevelopers(error),
    links: [...retry, { href: page.home, label: language === 'zh' ? '返回首页' : 'Back to the start' }],
    small: [
      error.kind,
      isWeChatAPIError(error) ? `errcode ${error.code}` : '',
      isWeChatAPIError(error) && error.rid ? `rid ${error.rid}` : '',
    ]
      .filter(Boolean)
      .join(' · '),
  });
}

function causes({ causes: known }: ErrorPage, language: PageLanguage): string {
  if (!known) return '';
  const item = (cause: Cause): string => escapeHTML(CAUSES[cause][language]);
  const found = known.found.map((cause) => `<li><strong>${item(cause)}</strong></li>`);
  const likely = known.likely
    .filter((cause) => !known.found.includes(cause))
    .map((cause) => `<li>${item(cause)}</li>`);
  const heading =
    language === 'zh' ? '如果反复出现，可能的原因：' : 'If it happens again, the likely cause is:';
  return `<p>${heading}</p><ul>${[...found, ...likely].join('')}</ul>`;
}

/** The words of the error, with its remedy, for whoever builds the app. */
function forDevelopers(error: WechatError): string {
  return process.env['NODE_ENV'] === 'production' ? '' : `<pre>${escapeHTML(error.message)}</pre>`;
}
