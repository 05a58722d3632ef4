import type { OutgoingResponse } from '../http/outgoing-response';
import type { Language } from './language';
import { render } from './layout';
import { markup } from './markup';

/** A browser that calls the app back twice: the first call in a frame that nobody sees, the second for real. */
export function twoCallbacksPage(first: string, second: string, language: Language): OutgoingResponse {
  return render({
    language,
    title: language === 'zh' ? '两次回调' : 'Two callbacks',
    surface: 'phone',
    scripts: ['two-callbacks'],
    framesTheApp: true,
    body: markup`<main class="weui_msg" id="two-callbacks" data-first="${first}" data-second="${second}">
<h4 class="weui_msg_title">${language === 'zh' ? '正在回调两次…' : 'Calling back twice…'}</h4></main>`,
  });
}
