/** The page for a browser that cannot log in here: it tells the user where to open the address. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import escapeHTML from 'escape-html';
import type { BrowserKind } from '../../oauth/flows';
import { header, wantsPage } from '../http/request';
import { sendJSON } from '../http/response';
import { COPY_SCRIPT, copyableLink } from './copy-link';
import { languageOf, sendPage, type PageLanguage } from './page';
import { qrSVG } from './qr-svg';
import { SCAN_STYLE } from './scan/style';
import type { Texts } from './texts';

export interface LoginElsewhere {
  /** The address that starts the login where it is possible. */
  readonly address: string;
  /** The browser of this request. */
  readonly browser: BrowserKind;
  /** The path of the QR code login, if this browser can show it, too. */
  readonly qrLogin: string | undefined;
}

/**
 * Shows the address, and a QR code of it for a phone to scan, unless it is too long for one. Inside WeChat,
 * if only a website app is configured, the page tells the user to open the address on a computer.
 */
export function sendOpenInWechat(
  req: IncomingMessage,
  res: ServerResponse,
  { address, browser, qrLogin }: LoginElsewhere,
): void {
  const language = languageOf(req);
  if (requestsJSON(req)) {
    const { title } = TEXTS[browser][language];
    sendJSON(res, 401, { error: 'unauthenticated', message: `${title}: ${address}`, loginURL: address });
    return;
  }
  const isInWechat = browser === 'wechat';
  const code = isInWechat ? '' : qrCode(address);
  const { title, text } = (isInWechat || code !== '' ? TEXTS[browser] : WITHOUT_CODE)[language];
  const isOnPhone = browser === 'phone';
  const shown = isOnPhone ? copyableLink(address, language) : `<p class="address">${escapeHTML(address)}</p>`;
  sendPage(
    res,
    200,
    language,
    {
      title,
      text,
      icon: isInWechat ? 'computer' : 'scan',
      body: code + shown,
      links: qrLogin === undefined ? [] : [{ href: qrLogin, label: QR_LOGIN[language] }],
      kind: 'open-elsewhere',
    },
    isOnPhone ? { style: SCAN_STYLE, script: COPY_SCRIPT } : undefined,
  );
}

/** A client that accepts any type gets the page: a person may see it, and can only continue from there. */
function requestsJSON(req: IncomingMessage): boolean {
  return !wantsPage(req) && /\bjson\b/i.test(header(req, 'accept'));
}

/** The dots of a longer address are too small for a camera. */
const MAX_LENGTH_IN_CODE = 400;

/** Parameters of a login link without which it starts another login. */
const CHANGES_LOGIN = /[?&](?:scope|flow|data|session)=/;

/**
 * The code holds a long address without its query: a login link then ends at the default return path, and a
 * page of the app lacks its parameters. There is no code if it would start another login.
 */
function qrCode(whole: string): string {
  const isLong = whole.length > MAX_LENGTH_IN_CODE;
  if (isLong && CHANGES_LOGIN.test(whole)) return '';
  const address = isLong ? whole.replace(/\?[^]*$/, '') : whole;
  // The mount path may be a pattern, so that the request chooses its length. A QR code holds 3 kB.
  if (address.length > MAX_LENGTH_IN_CODE) return '';
  return `<div class="code">${qrSVG(address, { border: 1, pixelSize: 4 })}</div>`;
}

const QR_LOGIN: Readonly<Record<PageLanguage, string>> = {
  zh: '扫码登录',
  en: 'Use a QR code',
};

const TEXTS: Readonly<Record<BrowserKind, Texts>> = {
  wechat: {
    zh: {
      title: '请在电脑上打开',
      text: '本站使用微信扫码登录：请在电脑浏览器中打开下方的地址，再用微信扫码。',
    },
    en: {
      title: 'Please open this on a computer',
      text: 'This site uses a QR code login: open the address below on a computer, then scan with WeChat.',
    },
  },
  computer: {
    zh: { title: '请在微信中打开', text: '请打开手机微信「扫一扫」，扫描二维码并在微信中登录。' },
    en: {
      title: 'Please open this in WeChat',
      text: 'Scan the QR code with WeChat on your phone, and log in there.',
    },
  },
  // A phone cannot scan its own screen.
  phone: {
    zh: {
      title: '请在微信中打开',
      text: '请复制下方的地址，发送到微信聊天中点击打开；也可以用另一部手机扫描二维码。',
    },
    en: {
      title: 'Please open this in WeChat',
      text: 'Send the address below to a WeChat chat and tap it there, or scan the QR code with another phone.',
    },
  },
};

const WITHOUT_CODE: Texts = {
  zh: { title: '请在微信中打开', text: '请复制下方的地址，发送到微信聊天中，再在手机微信里点击打开。' },
  en: {
    title: 'Please open this in WeChat',
    text: 'Send the address below to a WeChat chat, and tap it there on your phone.',
  },
};
