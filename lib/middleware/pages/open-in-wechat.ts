import type { IncomingMessage, ServerResponse } from 'node:http';
import escapeHTML from 'escape-html';
import { renderSVG } from 'uqr';
import { header, wantsPage } from '../http/request';
import { languageOf, sendPage, type PageLanguage } from './page';
import { sendJSON } from '../http/response';

/**
 * What a browser gets in which nobody can log in here: the address, and for a phone to scan, its QR code; or, inside WeChat where only
 * the website app is configured, the advice to take a computer.
 */
export function sendOpenInWechat(
  req: IncomingMessage,
  res: ServerResponse,
  address: string,
  isInWechat: boolean,
): void {
  const language = languageOf(req);
  const { title, text } = textsFor(isInWechat, header(req, 'user-agent'))[language];
  if (asksForJSON(req)) {
    sendJSON(res, 401, { error: 'unauthenticated', message: `${title}: ${address}`, loginURL: address });
    return;
  }
  sendPage(res, 200, language, {
    title,
    text,
    sign: isInWechat ? 'computer' : 'scan',
    body: (isInWechat ? '' : qrCode(address)) + `<p class="address">${escapeHTML(address)}</p>`,
    links: [],
  });
}

/** Who accepts anything may well be shown a page: this is no failure, and the page is the only way on. */
function asksForJSON(req: IncomingMessage): boolean {
  return !wantsPage(req) && /\bjson\b/i.test(header(req, 'accept'));
}

/** Longer ones make a code too fine for a camera: then it leads to the login, and that to where logins end by default. */
const LONGEST_IN_CODE = 400;

function qrCode(whole: string): string {
  const address = whole.length > LONGEST_IN_CODE ? whole.replace(/\?[^]*$/, '') : whole;
  return `<div class="code">${renderSVG(address, { border: 1, pixelSize: 4 })}</div>`;
}

type Texts = Readonly<Record<PageLanguage, { readonly title: string; readonly text: string }>>;

/** A phone cannot scan its own screen. */
function textsFor(isInWechat: boolean, userAgent: string): Texts {
  if (isInWechat) return ON_COMPUTER;
  return /mobile|android|iphone/i.test(userAgent) ? BY_COPYING : BY_SCANNING;
}

const BY_SCANNING: Texts = {
  zh: { title: '请在微信中打开', text: '请用手机微信「扫一扫」扫描二维码，在微信中登录。' },
  en: {
    title: 'Please open this in WeChat',
    text: 'Scan the code with WeChat on your phone, and log in there.',
  },
};

const BY_COPYING: Texts = {
  zh: {
    title: '请在微信中打开',
    text: '请复制下方的地址，发送到微信聊天中点击打开；也可以用另一台手机扫描二维码。',
  },
  en: {
    title: 'Please open this in WeChat',
    text: 'Copy the address below into a WeChat chat and tap it there, or scan the code with another phone.',
  },
};

const ON_COMPUTER: Texts = {
  zh: {
    title: '请在电脑上打开',
    text: '本站使用微信扫码登录：请在电脑浏览器中打开下方的地址，再用微信扫码。',
  },
  en: {
    title: 'Please open this on a computer',
    text: 'This site logs in by QR code: open the address below in a browser on a computer, and scan the code there with WeChat.',
  },
};
