import type { OutgoingResponse } from '../http/outgoing-response';
import type { Language } from './language';
import { markup } from './markup';
import { messagePage } from './message-page';

/**
 * The authorize page outside WeChat. Below WeChat's text, the emulator offers a link with which any browser
 * can go on.
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
  zh: { note: '这个浏览器不是微信。仅在模拟器中：', link: '模拟在微信中打开' },
  en: { note: 'This browser is not WeChat. In the emulator only:', link: 'Continue as if in WeChat' },
};
