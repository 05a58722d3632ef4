import type { OutgoingResponse } from '../http/outgoing-response';
import { appName, type EmulatorApp } from '../world/apps/apps';
import { appHeader } from './app-header';
import type { Language } from './language';
import { renderPage } from './layout';
import { markup } from './markup';

/**
 * The snapshot page (网页快照页). WeChat puts the button 使用完整服务 over the app's page. The emulator shows a page of
 * its own before it, so that the app need not allow frames.
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
      '微信不会询问用户，而是直接以虚拟身份打开应用的页面。点击「以虚拟身份继续」即模拟这一步：' +
      '应用换取 access_token 时会收到 is_snapshotuser: 1（开关 snapshotFlag 关闭时除外）。',
    go: '以虚拟身份继续',
    full: '使用完整服务',
  },
  en: {
    title: 'Page snapshot',
    text: 'You are viewing a snapshot',
    detail:
      'WeChat does not ask: it opens the app’s page as a virtual user at once. “Continue as the virtual user” ' +
      'does the same, and the token response has is_snapshotuser: 1, unless the switch snapshotFlag is off.',
    go: 'Continue as the virtual user',
    full: 'Use full service',
  },
};
