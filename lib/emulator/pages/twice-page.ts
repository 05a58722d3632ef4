import type { Answer } from '../http/answer';
import type { Language } from './language';
import { render } from './layout';
import { markup } from './markup';

/** A browser that calls the app back twice: the first call in a frame that nobody sees, the second for real. */
export const twicePage = (first: string, second: string, language: Language): Answer =>
  render({
    language,
    title: language === 'zh' ? '两次回调' : 'Two callbacks',
    surface: 'phone',
    scripts: ['twice'],
    framesTheApp: true,
    body: markup`<main class="weui_msg" id="twice" data-first="${first}" data-second="${second}">
<h4 class="weui_msg_title">${language === 'zh' ? '正在回调两次…' : 'Calling back twice…'}</h4></main>`,
  });
