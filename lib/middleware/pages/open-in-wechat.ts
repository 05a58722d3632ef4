import type { IncomingMessage, ServerResponse } from 'node:http';
import { renderSVG } from 'uqr';
import { languageOf, sendPage } from './page';

/**
 * What a browser gets in which nobody can log in here: a QR code of the address, for the phone; or, inside WeChat where only the
 * website app is configured, the advice to take a computer.
 */
export function sendOpenInWechat(
  req: IncomingMessage,
  res: ServerResponse,
  address: string,
  isInWechat: boolean,
): void {
  const language = languageOf(req);
  const { title, text } = (isInWechat ? ON_COMPUTER : IN_WECHAT)[language];
  const code = isInWechat ? '' : renderSVG(address, { border: 2, pixelSize: 4 });
  sendPage(res, 200, language, { title, text, sign: 'info', body: code, links: [], small: address });
}

const IN_WECHAT = {
  zh: { title: '请在微信中打开', text: '用微信扫描二维码，或将地址复制到微信中打开。' },
  en: {
    title: 'Please open this in WeChat',
    text: 'Scan the code with WeChat, or copy the address into a chat and tap it there.',
  },
};

const ON_COMPUTER = {
  zh: { title: '请在电脑上打开', text: '本站使用微信扫码登录：请在电脑浏览器中打开此地址，再用微信扫码。' },
  en: {
    title: 'Please open this on a computer',
    text: 'This site logs in by QR code: open the address in a browser on a computer, and scan it with WeChat.',
  },
};
