import type { OutgoingResponse } from '../http/outgoing-response';
import type { Language } from './language';
import { render } from './layout';
import { markup, type Markup } from './markup';

export interface Message {
  readonly language: Language;
  readonly title: string;
  /** WeChat's sentence. */
  readonly text: string;
  readonly icon: 'info' | 'warn' | 'success';
  readonly detail?: string | undefined;
  /** The emulator's own word, marked as such. */
  readonly advice?: string | undefined;
  readonly more?: Markup;
  readonly embedded?: boolean;
  readonly scripts?: readonly string[];
}

/** WeChat's one-sentence page: an icon, a title, and below it what the emulator knows. */
export function messagePage(message: Message): OutgoingResponse {
  return render({
    language: message.language,
    title: message.title,
    surface: message.embedded ? 'embedded' : 'phone',
    scripts: message.scripts ?? [],
    body: markup`<main class="weui_msg">
<div class="weui_icon_area"><i class="weui_icon_msg weui_icon_${message.icon}"></i></div>
<div class="weui_text_area"><h4 class="weui_msg_title">${message.text}</h4>
${message.detail !== undefined && markup`<p class="weui_msg_desc">${message.detail}</p>`}</div>
${message.advice !== undefined && markup`<p class="advice">${message.advice}</p>`}
${message.more}
</main>`,
  });
}
