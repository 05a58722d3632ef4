/**
 * The layout of our pages: in Chinese or English, without external resources, under a strict
 * Content-Security-Policy. Only the pages of a scan login and of a link to copy have a script.
 */
import crypto from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import escapeHTML from 'escape-html';
import type NegotiatorClass from 'negotiator';
import { header } from '../http/request';
import { noStore, send, vary } from '../http/response';

export type PageLanguage = 'zh' | 'en';

/**
 * Browsers send about ten languages. Sorting the thousands that fit into a header would take milliseconds.
 */
const MAX_ACCEPT_LANGUAGE = 500;

/** The language that the browser prefers; Chinese if it accepts neither. */
export function languageOf(req: IncomingMessage): PageLanguage {
  const accepted = header(req, 'accept-language').slice(0, MAX_ACCEPT_LANGUAGE);
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late: most logins show no page
  const Negotiator = require('negotiator') as typeof NegotiatorClass;
  const negotiator = new Negotiator({ headers: { 'accept-language': accepted } });
  return negotiator.language(['zh', 'en']) === 'en' ? 'en' : 'zh';
}

export interface PageContent {
  readonly title: string;
  readonly text: string;
  /** HTML between the text and the links. Text from outside must be escaped already. */
  readonly body?: string;
  readonly icon?: Icon;
  /** The main link is the green button. */
  readonly links: readonly { readonly href: string; readonly label: string; readonly isMain?: boolean }[];
  /** What the page is about, for programs that read it: the error kind, `open-elsewhere`, or `scan-…`. */
  readonly kind: string;
  /** One line in small print. */
  readonly footer?: string | undefined;
}

/** What a page adds to the layout: its own style rules, and a script. */
export interface PageExtras {
  readonly style?: string;
  /** The only script of the page. It may request addresses of this site. */
  readonly script?: string;
  /** Where its form may lead, redirects included, such as `'self'`. */
  readonly formAction?: string;
  /** Whether no page may show this one in a frame (clickjacking). */
  readonly isUnframed?: boolean;
}

export type Icon = 'info' | 'warn' | 'scan' | 'computer' | 'done';

/** SVG paths, drawn as white lines on a coloured disc in a view box of 64 × 64. */
const ICONS: Readonly<Record<Icon, string>> = {
  info: '<path d="M32 29v18"/><path d="M32 18.5v.1" stroke-width="6"/>',
  warn: '<path d="M32 17v20"/><path d="M32 46.4v.1" stroke-width="6"/>',
  scan: '<path d="M19 26v-7h7M38 19h7v7M45 38v7h-7M26 45h-7v-7M17 32h30"/>',
  done: '<path d="M19 33l9.5 9.5L46 24"/>',
  computer: '<path d="M18 20h28v19H18zM32 39v7M25 46h14"/>',
};

// The colours and sizes are those of WeChat's own pages (WeUI).
const STYLE = `
:root{color-scheme:light dark;--bg:#ededed;--card:#fff;--text:#191919;--soft:#6b6b6b;--line:#e5e5e5;
  --plain:#f2f2f2;--main:#07c160;--press:#06ad56;--info:#10aeff;--warn:#fa9d3b}
@media(prefers-color-scheme:dark){:root{--bg:#111;--card:#191919;--text:#d5d5d5;--soft:#989898;--line:#333;
  --plain:#2c2c2c}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;min-height:100vh;min-height:100dvh;display:flex;align-items:center;justify-content:center;
  background:var(--bg);color:var(--text);font:17px/1.5 system-ui,-apple-system,"PingFang SC",
  "Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
main{width:100%;max-width:520px;min-height:100vh;min-height:100dvh;padding:48px 24px 28px;
  background:var(--card);text-align:center;display:flex;flex-direction:column}
@media(min-width:560px){main{min-height:0;margin:32px 0;padding:48px 40px 28px;border-radius:12px}}
.icon{display:block;width:64px;height:64px;margin:0 auto 28px;fill:none;stroke:#fff;stroke-width:4.5;
  stroke-linecap:round;stroke-linejoin:round}
.icon circle{stroke:none}.info circle{fill:var(--info)}.warn circle{fill:var(--warn)}
.scan circle,.computer circle,.done circle{fill:var(--main)}
h1{margin:0 0 12px;font-size:22px;font-weight:600;line-height:1.4;text-wrap:balance}
p{margin:0 0 16px;overflow-wrap:anywhere;text-wrap:pretty}
.soft{margin:8px 0;font-size:15px;color:var(--soft)}
ul{margin:0 0 16px;padding:0 0 0 20px;text-align:left;font-size:15px;color:var(--soft)}
li{margin:6px 0;overflow-wrap:anywhere}li strong{color:var(--text);font-weight:600}
code{font-size:.9em}
pre{margin:8px 0 16px;padding:12px;text-align:left;font-size:13px;line-height:1.5;white-space:pre-wrap;
  overflow-wrap:anywhere;border:1px solid var(--line);border-radius:8px;color:var(--soft)}
.code{margin:8px auto 16px;padding:8px;width:216px;background:#fff;border-radius:8px}
.code svg{display:block;width:200px;height:200px}
.address{padding:12px;font-size:14px;line-height:1.45;word-break:break-all;text-wrap:wrap;
  border-radius:8px;background:var(--plain);-webkit-user-select:all;user-select:all}
.corner{position:fixed;right:16px;bottom:16px;margin:0;font-size:15px;font-weight:600;color:var(--main)}
.links{margin-top:auto;padding-top:24px}
a{display:block;width:fit-content;min-width:200px;max-width:100%;margin:0 auto 16px;padding:11px 20px;border-radius:8px;
  font-weight:500;text-decoration:none;background:var(--plain);color:var(--text)}
a.main{background:var(--main);color:#fff}a.main:active{background:var(--press)}
small{display:block;margin-top:8px;font-size:12px;line-height:1.5;color:var(--soft);overflow-wrap:anywhere}
`;

function policyOf({ style = '', script, formAction = "'none'", isUnframed }: PageExtras): string {
  return [
    "default-src 'none'",
    `style-src ${hashOf(STYLE + style)}`,
    ...(script === undefined ? [] : [`script-src ${hashOf(script)}`, "connect-src 'self'"]),
    // For the empty favicon below. Without it, browsers would request one from the app.
    'img-src data:',
    "base-uri 'none'",
    `form-action ${formAction}`,
    // wxLogin.js shows the QR code in a frame. With `self_redirect`, our error page appears in that frame.
    `frame-ancestors ${isUnframed ? "'none'" : "'self'"}`,
  ].join('; ');
}

function hashOf(text: string): string {
  return `'sha256-${crypto.createHash('sha256').update(text).digest('base64')}'`;
}

const POLICY = policyOf({});

export function sendPage(
  res: ServerResponse,
  status: number,
  language: PageLanguage,
  content: PageContent,
  extras?: PageExtras,
): void {
  res.statusCode = status;
  noStore(res);
  vary(res, 'Accept', 'Accept-Language');
  res.setHeader('Content-Type', 'text/html; charset=utf-8');
  res.setHeader('Content-Security-Policy', extras ? policyOf(extras) : POLICY);
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('X-Frame-Options', extras?.isUnframed ? 'DENY' : 'SAMEORIGIN');
  send(res, render(language, content, extras));
}

export function iconOf(icon: Icon): string {
  const disc = `<circle cx="32" cy="32" r="32"/>${ICONS[icon]}`;
  return `<svg class="icon ${icon}" viewBox="0 0 64 64" aria-hidden="true">${disc}</svg>`;
}

function render(
  language: PageLanguage,
  content: PageContent,
  { style = '', script }: PageExtras = {},
): string {
  const { title, text, body = '', icon, links, kind, footer } = content;
  const buttons = links
    .map(
      ({ href, label, isMain }) =>
        `<a${isMain ? ' class="main"' : ''} href="${escapeHTML(href)}">${escapeHTML(label)}</a>`,
    )
    .join('');
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">
<meta name="robots" content="noindex">
<title>${escapeHTML(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}${style}</style>
</head>
<body>
<main data-kind="${kind}">
${icon ? iconOf(icon) : ''}
<h1>${escapeHTML(title)}</h1>
${text && `<p>${escapeHTML(text)}</p>`}
${body}
${buttons && `<div class="links">${buttons}</div>`}
${footer ? `<small>${escapeHTML(footer)}</small>` : ''}
</main>
${script === undefined ? '' : `<script>${script}</script>`}
</body>
</html>
`;
}
