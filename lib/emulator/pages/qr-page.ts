import type { OutgoingResponse } from '../http/outgoing-response';
import { PATHS } from '../http/paths';
import { appName, type EmulatorApp } from '../world/apps/apps';
import type { Language } from './language';
import { renderPage } from './layout';
import { markup, type Markup } from './markup';

export interface QrView {
  readonly app: EmulatorApp;
  readonly uuid: string;
  /** The callback address, with the uuid in place of the code. The page's script replaces it by the code. */
  readonly callback: string;
  /** The callback address for a person who denies; undefined if WeChat does not redirect. */
  readonly denied: string | undefined;
  readonly language: Language;
  readonly emulatorLanguage: Language;
  /** Whether the page is in the frame of wxLogin.js. */
  readonly embedded: boolean;
  /** The parameter `self_redirect`: `true`, `false`, or any other text for WeChat's default. */
  readonly selfRedirect: string;
  /** The parameter `style`: `white` means light text, for a dark site. */
  readonly style: string | undefined;
  readonly stylesheet: string | undefined;
  /** The plain style (极简样式): the QR code without a title. */
  readonly lite: boolean;
}

/** The page with the QR code. Its script polls for the status and shows the text of that status. */
export function qrPage(view: QrView): OutgoingResponse {
  const text = TEXTS[view.language];
  const emulatorText = EMULATOR_TEXTS[view.emulatorLanguage];
  return renderPage({
    language: view.language,
    emulatorLanguage: view.emulatorLanguage,
    title: text.title,
    surface: view.embedded ? 'embedded' : 'desk',
    framable: true,
    scripts: ['qr'],
    stylesheet: safeStylesheet(view.stylesheet),
    body: markup`<main class="qr impowerBox ${view.style === 'white' ? 'on-dark' : ''}" id="qr"
 data-uuid="${view.uuid}" data-callback="${view.callback}" data-denied="${view.denied ?? ''}"
 data-self-redirect="${view.selfRedirect}">
${!view.lite && markup`<h1 class="title">${text.title}</h1>`}
<div class="qrcode-frame">${image(view.uuid)}</div>
<div class="info">
<div class="status" data-status="408"><strong>${text.scan}</strong><p>${appName(view.app)}</p></div>
${status(404, text.scanned, markup`<p>${text.tap}</p>`)}
${status(403, text.cancelled, markup`<p>${text.again}</p>`)}
${status(402, text.expired, markup`<button type="button" class="refresh js_refresh">${text.refresh}</button>`)}
</div>
<a class="emulated-phone js_phone" target="_blank" rel="noopener" href="${PATHS.confirm}?uuid=${view.uuid}">
${emulatorText.phone}</a>
<div class="phone-buttons js_buttons" hidden>
<button type="button" class="button secondary" value="deny">${emulatorText.deny}</button>
<button type="button" class="button" value="allow">${emulatorText.allow}</button></div>
<p class="phone-blocked js_blocked" hidden>${emulatorText.blocked}</p>
</main>`,
  });
}

/** The image of the QR code. Its classes are those of WeChat's page, because sites' style sheets use them. */
function image(uuid: string): Markup {
  return markup`<img class="qrcode js_qrcode_img web_qrcode_img" alt="QR" src="${PATHS.qrImages}${uuid}">`;
}

function status(code: number, title: string, detail: Markup): Markup {
  return markup`<div class="status" data-status="${code}" hidden><strong>${title}</strong>
${detail}</div>`;
}

/** The embedding site chooses the address, so only http:, https: and `data:text/css` are accepted. */
function safeStylesheet(href: string | undefined): string | undefined {
  return href !== undefined && /^(https?:\/\/|data:text\/css[;,])/i.test(href) ? href : undefined;
}

const TEXTS = {
  zh: {
    title: '微信登录',
    scan: '使用微信扫一扫登录',
    scanned: '扫描成功',
    tap: '在微信中轻触允许即可登录',
    cancelled: '你已取消此次登录',
    again: '你可再次扫描登录，或关闭窗口',
    expired: '二维码已过期',
    refresh: '点击刷新',
  },
  en: {
    title: 'WeChat Login',
    scan: 'Scan with WeChat to log in',
    scanned: 'Scanned',
    tap: 'Tap Allow in WeChat to log in',
    cancelled: 'You cancelled this login',
    again: 'Scan again to log in, or close the window',
    expired: 'The QR code has expired',
    refresh: 'Refresh',
  },
};

const EMULATOR_TEXTS = {
  zh: {
    phone: '用模拟的手机扫一扫',
    allow: '允许',
    deny: '拒绝',
    blocked: '这个 iframe 的 sandbox 禁止打开新窗口：请加上 allow-popups，或在模拟器首页扫码。',
  },
  en: {
    phone: 'Scan with the emulated phone',
    allow: 'Allow',
    deny: 'Reject',
    blocked:
      'The sandbox of this frame forbids new windows: add allow-popups, or scan on the emulator’s home page.',
  },
};
