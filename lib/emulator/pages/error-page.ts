import type { OutgoingResponse } from '../http/outgoing-response';
import type { Language } from './language';
import { messagePage } from './message-page';

const TITLE = '抱歉，出错了';

/** Why WeChat shows an error page. */
interface PageError {
  readonly text: string;
  readonly code: number | undefined;
  adviceIn(language: Language): string;
}

/** An error page of the authorize flow: WeChat's text, its number, and the emulator's reason. */
export function officialErrorPage(error: PageError, language: Language): OutgoingResponse {
  return messagePage({
    language,
    title: TITLE,
    icon: 'warn',
    text: error.code === undefined ? error.text : `${error.text}，错误码:${error.code}`,
    advice: error.adviceIn(language),
  });
}

/** An error page of the QR login: WeChat's text, no number. */
export function websiteErrorPage(error: PageError, language: Language): OutgoingResponse {
  return messagePage({
    language,
    title: '微信登录',
    icon: 'warn',
    text: error.text,
    advice: error.adviceIn(language),
  });
}
