import type { OutgoingResponse } from '../http/outgoing-response';
import type { Language } from './language';
import { messagePage } from './message-page';

/** The content of an error page. */
interface PageError {
  readonly text: string;
  readonly code: number | undefined;
  adviceIn(language: Language): string;
}

/** An error page of the authorize page: WeChat's text with its error code, and the emulator's explanation. */
export function officialErrorPage(error: PageError, language: Language): OutgoingResponse {
  return messagePage({
    language,
    title: '抱歉，出错了',
    icon: 'warn',
    text: error.code === undefined ? error.text : `${error.text}，错误码:${error.code}`,
    advice: error.adviceIn(language),
  });
}

/**
 * An error page of the QR code login: WeChat's text without an error code, and the emulator's explanation.
 * Other sites may frame it in place of the QR code page, but not in place of the confirm page.
 */
export function websiteErrorPage(error: PageError, language: Language, framable = true): OutgoingResponse {
  return messagePage({
    language,
    title: '微信登录',
    icon: 'warn',
    text: error.text,
    advice: error.adviceIn(language),
    framable,
  });
}
