import { html, type OutgoingResponse } from '../http/outgoing-response';
import type { Language } from './language';
import { markup, type Markup } from './markup';

export interface Page {
  readonly language: Language;
  readonly title: string;
  readonly body: Markup;
  /** Of what the emulator adds, where it differs. */
  readonly emulatorLanguage?: Language;
  /** Class of the body: which of WeChat's surfaces this looks like. */
  readonly surface: 'phone' | 'desk' | 'embedded' | 'home';
  /** Own scripts, by name. */
  readonly scripts?: readonly string[];
  /** A style sheet that the embedding site asked for (`href` of wxLogin.js). */
  readonly stylesheet?: string | undefined;
  readonly status?: number;
  /** Opens the app's callback in a frame. */
  readonly framesTheApp?: boolean;
}

const FOOTER = {
  zh: '这是本机的微信模拟器，不是微信',
  en: 'A local emulator, not WeChat',
};

// No inline script or style: whatever is echoed into a page stays text.
function contentSecurityPolicy({ stylesheet, framesTheApp }: Page): string {
  return [
    `default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' https: http: data:`,
    `style-src 'self'${stylesheet === undefined ? '' : ' https: data:'}`,
    ...(framesTheApp ? ['frame-src http: https:'] : []),
  ].join('; ');
}

export function render(page: Page): OutgoingResponse {
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
${surface !== 'embedded' && markup`<footer class="emulator"><a href="/">express-wechat-auth</a> · ${FOOTER[page.emulatorLanguage ?? language]}</footer>`}
${scripts.map((name) => markup`<script src="/emulator/${name}.js"></script>`)}
</body>
</html>
`;
  const answer = html(document.text, page.status);
  return {
    ...answer,
    headers: { ...answer.headers, 'Content-Security-Policy': contentSecurityPolicy(page) },
  };
}
