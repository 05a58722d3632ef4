/** The frame of our pages: no outside resource, no script, a strict policy, Chinese or English. */
import crypto from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import escapeHTML from 'escape-html';
import Negotiator from 'negotiator';
import { noStore, send, vary } from '../http';

export type PageLanguage = 'zh' | 'en';

/** The language of the browser; Chinese where it asks for neither. */
export function languageOf(req: IncomingMessage): PageLanguage {
  return new Negotiator(req).language(['zh', 'en']) === 'en' ? 'en' : 'zh';
}

export interface PageContent {
  readonly title: string;
  readonly text: string;
  /** Trusted markup between text and buttons. */
  readonly body?: string;
  readonly sign: 'info' | 'warn';
  readonly links: readonly { readonly href: string; readonly label: string }[];
  /** One line for whoever is asked for help. */
  readonly small?: string | undefined;
}

const STYLE = `
:root{color-scheme:light dark;--bg:#ededed;--card:#fff;--text:#191919;--soft:#737373;--line:#e5e5e5;--main:#07c160;--warn:#fa9d3b}
@media(prefers-color-scheme:dark){:root{--bg:#111;--card:#1e1e1e;--text:#d5d5d5;--soft:#8f8f8f;--line:#333}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;background:var(--bg);color:var(--text);font:17px/1.5 system-ui,-apple-system,"PingFang SC","Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
main{width:100%;max-width:480px;min-height:100vh;padding:48px 24px 32px;background:var(--card);text-align:center;display:flex;flex-direction:column}
@media(min-width:520px){main{min-height:0;border-radius:12px;margin:32px 0}}
.sign{width:64px;height:64px;margin:0 auto 24px;border-radius:50%;color:#fff;font-size:40px;line-height:64px;font-weight:600}
.info{background:var(--main)}.warn{background:var(--warn)}
h1{margin:0 0 12px;font-size:22px;line-height:1.4}
p{margin:0 0 16px;overflow-wrap:anywhere}
ul{margin:0 0 16px;padding:0 0 0 20px;text-align:left;font-size:15px;color:var(--soft)}
li{margin:6px 0;overflow-wrap:anywhere}li strong{color:var(--text)}
pre{margin:0 0 16px;padding:12px;text-align:left;font-size:13px;line-height:1.5;white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--line);border-radius:8px;color:var(--soft)}
svg{width:220px;height:220px;margin:8px auto 24px;border-radius:8px}
.links{margin-top:auto;padding-top:24px}
a{display:block;max-width:240px;margin:0 auto 12px;padding:10px 24px;border-radius:8px;font-weight:500;text-decoration:none;background:var(--main);color:#fff}
a+a{background:transparent;color:var(--soft)}
small{display:block;margin-top:12px;font-size:13px;color:var(--soft);overflow-wrap:anywhere}
`;

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${crypto.createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function sendPage(
  res: ServerResponse,
  status: number,
  language: PageLanguage,
  content: PageContent,
): void {
  res.statusCode = status;
  noStore(res);
  vary(res, 'Accept', 'Accept-Language');
  res.setHeader('Content-Type', 'text/html; charset=utf-8');
  res.setHeader('Content-Security-Policy', POLICY);
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('X-Frame-Options', 'DENY');
  send(res, render(language, content));
}

function render(language: PageLanguage, { title, text, body = '', sign, links, small }: PageContent): string {
  const buttons = links
    .map(({ href, label }) => `<a href="${escapeHTML(href)}">${escapeHTML(label)}</a>`)
    .join('');
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">
<meta name="robots" content="noindex">
<title>${escapeHTML(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<div class="sign ${sign}" aria-hidden="true">${sign === 'warn' ? '!' : 'i'}</div>
<h1>${escapeHTML(title)}</h1>
<p>${escapeHTML(text)}</p>
${body}
<div class="links">${buttons}</div>
${small === undefined ? '' : `<small>${escapeHTML(small)}</small>`}
</main>
</body>
</html>
`;
}
