import type { OutgoingResponse } from '../http/outgoing-response';
import type { Language } from './language';
import { renderPage } from './layout';
import { markup, type Markup } from './markup';

export interface Message {
  readonly language: Language;
  readonly title: string;
  /** WeChat's sentence. */
  readonly text: string;
  readonly icon: 'info' | 'warn' | 'success';
  /** The emulator's explanation, which the page sets apart from WeChat's sentence. */
  readonly advice?: string | undefined;
  /** Further content below the explanation. */
  readonly more?: Markup;
  /** Whether other sites may show the page in a frame. @default false */
  readonly framable?: boolean;
}

/** WeChat's page with one sentence: an icon, the sentence, and below it the emulator's explanation. */
export function messagePage(message: Message): OutgoingResponse {
  return renderPage({
    language: message.language,
    title: message.title,
    surface: 'phone',
    framable: message.framable ?? false,
    body: markup`<main class="weui_msg">
<div class="weui_icon_area"><i class="weui_icon_msg weui_icon_${message.icon}"></i></div>
<div class="weui_text_area"><h4 class="weui_msg_title">${message.text}</h4></div>
${message.advice !== undefined && markup`<p class="advice">${message.advice}</p>`}
${message.more}
</main>`,
  });
}
