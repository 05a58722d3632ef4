import type { OutgoingResponse } from '../http/outgoing-response';
import type { Language } from './language';
import { markup } from './markup';
import { messagePage } from './message-page';

/**
 * The authorize page in a browser that is not WeChat's. Below WeChat's text, the emulator offers a link by
 * which this browser can continue.
 */
export function openInWechatPage(continueURL: string, language: Language): OutgoingResponse {
  const { note, link } = TEXTS[language];
  return messagePage({
    language,
    title: '抱歉，出错了',
    icon: 'info',
    text: '请在微信客户端打开链接',
    more: markup`<div class="advice"><p>${note}</p>
<a class="button secondary" id="continue" href="${continueURL}">${link}</a></div>`,
  });
}

const TEXTS = {
  zh: { note: '当前浏览器不是微信。以下链接只在模拟器中有：', link: '模拟在微信中打开' },
  en: {
    note: 'This browser is not WeChat. Only the emulator offers this link:',
    link: 'Continue as if in WeChat',
  },
};
