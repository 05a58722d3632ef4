import type { OutgoingResponse } from '../http/outgoing-response';
import { appName, type EmulatorApp } from '../world/apps/apps';
import type { EmulatorUser } from '../world/people/users';
import { appHeader } from './app-header';
import type { Language } from './language';
import { renderPage } from './layout';
import { markup } from './markup';
import { peoplePicker } from './people';

export interface ConsentView {
  readonly app: EmulatorApp;
  readonly purpose: 'profile' | 'login';
  readonly users: readonly EmulatorUser[];
  readonly person: EmulatorUser;
  readonly language: Language;
  /** Whether the person pressed 使用完整服务 on the snapshot page before. @default false */
  readonly fullService?: boolean;
}

/** The page with the buttons 允许 and 拒绝. Its form posts to the page's own address. */
export function consentPage(view: ConsentView): OutgoingResponse {
  const text = TEXTS[view.language];
  return renderPage({
    language: view.language,
    title: text.title,
    surface: 'phone',
    body: markup`<form class="sheet" method="post">
${appHeader(view.app, appName(view.app))}
<p class="asks">${text.asks}</p>
<ul class="scopes"><li>${text[view.purpose]}</li></ul>
${peoplePicker(view.users, view.person, view.language)}
${view.fullService && markup`<input type="hidden" name="full" value="1">`}
<div class="choice">
<button class="button secondary" name="reply" value="deny">${text.deny}</button>
<button class="button" name="reply" value="allow">${text.allow}</button>
</div>
</form>`,
  });
}

const TEXTS = {
  zh: {
    title: '微信授权',
    asks: '申请获取以下权限',
    profile: '获得你的公开信息（昵称、头像等）',
    login: '使用你的微信身份登录',
    allow: '允许',
    deny: '拒绝',
  },
  en: {
    title: 'WeChat authorization',
    asks: 'requests the following permissions',
    profile: 'Access your public information (nickname, picture, …)',
    login: 'Log in with your WeChat account',
    allow: 'Allow',
    deny: 'Reject',
  },
};
