import type { OutgoingResponse } from '../http/outgoing-response';
import type { Language } from './language';
import { renderPage } from './layout';
import { markup } from './markup';

/**
 * Makes a browser call the app back twice: first in a hidden frame, then by opening the second address.
 */
export function twoCallbacksPage(first: string, second: string, language: Language): OutgoingResponse {
  const { title, text } = TEXTS[language];
  return renderPage({
    language,
    title,
    surface: 'phone',
    scripts: ['two-callbacks'],
    framesTheApp: true,
    body: markup`<main class="weui_msg" id="two-callbacks" data-first="${first}" data-second="${second}">
<h4 class="weui_msg_title">${text}</h4></main>`,
  });
}

const TEXTS = {
  zh: { title: '两次回调', text: '正在回调两次…' },
  en: { title: 'Two callbacks', text: 'Calling back twice…' },
};
