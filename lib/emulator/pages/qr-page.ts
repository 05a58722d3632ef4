import type { OutgoingResponse } from '../http/outgoing-response';
import { appName, type EmulatorApp } from '../world/apps';
import type { Language } from './language';
import { render } from './layout';
import { markup } from './markup';

export interface QrView {
  readonly app: EmulatorApp;
  readonly uuid: string;
  /** Where the page goes with the code, which is put in the place of the uuid. */
  readonly callback: string;
  /** Where it goes after a refusal, if anywhere. */
  readonly refused: string | undefined;
  readonly language: Language;
  readonly emulatorLanguage: Language;
  /** In the iframe of wxLogin.js. */
  readonly embedded: boolean;
  /** `true`, `false`, or anything else for WeChat's default. */
  readonly selfRedirect: string;
  readonly style: string | undefined;
  readonly stylesheet: string | undefined;
  /** 极简样式: the QR code without a title. */
  readonly lite: boolean;
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

const EMULATOR_TEXTS = { zh: '用模拟的手机扫一扫', en: 'Scan with the emulated phone' };

// Only what a style sheet of an embedding site may be; a script address is none.
function safeStylesheet(href: string | undefined): string | undefined {
  return href !== undefined && /^(https?:\/\/|data:text\/css[;,])/i.test(href) ? href : undefined;
}

/** The page with the QR code. Its script polls and shows one of the four states. */
export function qrPage(view: QrView): OutgoingResponse {
  const text = TEXTS[view.language];
  const state = (name: string, title: string, detail: string, button = false) =>
    markup`<div class="status" data-status="${name}" hidden><strong>${title}</strong>
${button ? markup`<button type="button" class="refresh js_refresh">${detail}</button>` : markup`<p>${detail}</p>`}</div>`;
  return render({
    language: view.language,
    emulatorLanguage: view.emulatorLanguage,
    title: text.title,
    surface: view.embedded ? 'embedded' : 'desk',
    scripts: ['qr'],
    stylesheet: safeStylesheet(view.stylesheet),
    body: markup`<main class="qr impowerBox ${view.style === 'white' ? 'on-dark' : ''}" id="qr" data-uuid="${view.uuid}"
 data-callback="${view.callback}" data-refused="${view.refused ?? ''}" data-self-redirect="${view.selfRedirect}">
${
  !view.lite &&
  markup`<h1 class="title">${text.title}</h1>
`
}<div class="qrcode-frame"><img class="qrcode js_qrcode_img web_qrcode_img" alt="QR" src="/connect/qrcode/${view.uuid}"></div>
<div class="info">
<div class="status" data-status="408"><strong>${text.scan}</strong><p>${appName(view.app)}</p></div>
${state('404', text.scanned, text.tap)}
${state('403', text.cancelled, text.again)}
${state('402', text.expired, text.refresh, true)}
</div>
<a class="emulated-phone js_phone" target="_blank" rel="noopener" href="/connect/confirm?uuid=${view.uuid}">
${EMULATOR_TEXTS[view.emulatorLanguage]}</a>
</main>`,
  });
}
