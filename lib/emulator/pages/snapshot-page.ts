import type { OutgoingResponse } from '../http/outgoing-response';
import { appName, type EmulatorApp } from '../world/apps';
import { appHeader } from './app-header';
import type { Language } from './language';
import { render } from './layout';
import { markup } from './markup';

const TEXTS = {
  zh: {
    title: '网页快照',
    text: '你正在浏览网页快照',
    detail:
      '微信会直接以一个虚拟身份打开应用的页面，不询问用户。按下“继续”就是这一步；应用会收到 is_snapshotuser: 1。',
    go: '以虚拟身份继续',
    full: '使用完整服务',
  },
  en: {
    title: 'Page snapshot',
    text: 'You are viewing a snapshot',
    detail:
      'WeChat opens the app’s page at once as a virtual person, without asking. “Continue” is that step; the app is told is_snapshotuser: 1.',
    go: 'Continue as the virtual person',
    full: 'Use full service',
  },
};

/**
 * The snapshot page (网页快照页). WeChat lays its button over the app's own page; here it is a page before it, so that
 * the app needs not let itself be framed.
 */
export function snapshotPage(app: EmulatorApp, language: Language): OutgoingResponse {
  const text = TEXTS[language];
  return render({
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
