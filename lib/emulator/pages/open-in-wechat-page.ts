import type { OutgoingResponse } from '../http/outgoing-response';
import type { Language } from './language';
import { markup } from './markup';
import { messagePage } from './message-page';

const TEXTS = {
  zh: { note: '这个浏览器不是微信。仅在模拟器中：', go: '当作在微信里，继续' },
  en: { note: 'This browser is not WeChat. In the emulator only:', go: 'Continue as if in WeChat' },
};

/** What authorize shows outside WeChat; below it, the emulator's door for a desktop browser. */
export function openInWechatPage(continueURL: string, language: Language): OutgoingResponse {
  return messagePage({
    language,
    title: '抱歉，出错了',
    icon: 'info',
    text: '请在微信客户端打开链接',
    more: markup`<div class="advice"><p>${TEXTS[language].note}</p>
<a class="button secondary" id="continue" href="${continueURL}">${TEXTS[language].go}</a></div>`,
  });
}
