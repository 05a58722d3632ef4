import { html, type OutgoingResponse } from '../http/outgoing-response';
import type { Language } from './language';
import { markup, type Markup } from './markup';

export interface Page {
  readonly language: Language;
  readonly title: string;
  readonly body: Markup;
  /** The language of the emulator's own texts. @default `language` */
  readonly emulatorLanguage?: Language;
  /** The look of the page: a phone, a desktop, the frame of wxLogin.js, or the home page. */
  readonly surface: 'phone' | 'desk' | 'embedded' | 'home';
  /** Names of the emulator's scripts. @default none */
  readonly scripts?: readonly string[];
  /** A style sheet of the embedding site (`href` of wxLogin.js). */
  readonly stylesheet?: string | undefined;
  /** Whether the page opens the app's callback in a frame. @default false */
  readonly framesTheApp?: boolean;
  /**
   * Whether other sites may show the page in a frame. Only the QR code page and its error page need that, for
   * wxLogin.js and for frames that sites make themselves. Clickjacking does no harm there: it can only log an
   * emulated person in at the app that the page names.
   *
   * @default false
   */
  readonly framable?: boolean;
}

export function renderPage(page: Page): OutgoingResponse {
  const { language, title, body, surface, scripts = [], stylesheet } = page;
  const document = markup`<!DOCTYPE html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/emulator/icon.svg">
<link rel="stylesheet" href="/emulator/style.css">${
    stylesheet !== undefined &&
    markup`
<link rel="stylesheet" href="${stylesheet}">`
  }
</head>
<body class="${surface}">
${body}
${surface !== 'embedded' && footer(page.emulatorLanguage ?? language)}
${scripts.map((name) => markup`<script src="/emulator/${name}.js"></script>`)}
</body>
</html>
`;
  const response = html(document.text);
  return {
    ...response,
    headers: { ...response.headers, 'Content-Security-Policy': contentSecurityPolicy(page) },
  };
}

const FOOTER = {
  zh: '这是本机的微信模拟器，不是微信',
  en: 'A local emulator, not WeChat',
};

function footer(language: Language): Markup {
  return markup`<footer class="emulator"><a href="/">express-wechat-auth</a> · ${FOOTER[language]}</footer>`;
}

// Inline scripts and styles are forbidden, so that request parameters in a page cannot become code (XSS).
// Other sites may not frame the page, so that they cannot make a person press a button without knowing it
// (clickjacking).
function contentSecurityPolicy({ stylesheet, framesTheApp, framable }: Page): string {
  return [
    `default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' https: http: data:`,
    `style-src 'self'${stylesheet === undefined ? '' : ' https: http: data:'}`,
    ...(framesTheApp ? ['frame-src http: https:'] : []),
    ...(framable ? [] : [`frame-ancestors 'self'`]),
  ].join('; ');
}
