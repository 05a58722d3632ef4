import type { OutgoingResponse } from '../http/outgoing-response';
import { appName, type EmulatorApp } from '../world/apps';
import { appHeader } from './app-header';
import type { Language } from './language';
import { renderPage } from './layout';
import { markup } from './markup';

/**
 * The snapshot page (网页快照页). WeChat puts its button over the app's page. The emulator shows a page of its own
 * first, so that the app need not allow itself to be framed.
 */
export function snapshotPage(app: EmulatorApp, language: Language): OutgoingResponse {
  const text = TEXTS[language];
  return renderPage({
    language,
    title: text.title,
    surface: 'phone',
    body: markup`<form class="sheet snapshot" method="post">
${appHeader(app, text.text)}
<p class="asks">${appName(app)}</p>
<p class="advice">${text.detail}</p>
<div class="choice"><button class="button secondary" name="reply" value="virtual">${text.go}</button></div>
<button class="full-service" name="reply" value="full">${text.full}</button>
</form>`,
  });
}

const TEXTS = {
  zh: {
    title: '网页快照',
    text: '你正在浏览网页快照',
    detail:
      '微信不会询问用户，而是直接以虚拟身份打开应用的页面。下面的第一个按钮模拟这一步；' +
      '应用换取 access_token 时会收到 is_snapshotuser: 1。',
    go: '以虚拟身份继续',
    full: '使用完整服务',
  },
  en: {
    title: 'Page snapshot',
    text: 'You are viewing a snapshot',
    detail:
      'WeChat opens the app’s page as a virtual user at once, without asking. The first button below is that ' +
      'step; the token response then holds is_snapshotuser: 1.',
    go: 'Continue as the virtual user',
    full: 'Use full service',
  },
};
