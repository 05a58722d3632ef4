/** The closed list of the doctor's checks. docs/doctor.md has a row for each id. */
import { bilingual, type Bilingual } from '../../bilingual';

/** In the order in which they are printed. */
export const GROUPS = {
  configuration: bilingual('Configuration', '配置'),
  network: bilingual('Network to WeChat', '到微信的网络'),
  wechat: bilingual("WeChat's responses", '微信的响应'),
  app: bilingual('Running app', '运行中的应用'),
} as const;

export type Group = keyof typeof GROUPS;

function check(group: Group, en: string, zh: string): { readonly group: Group; readonly title: Bilingual } {
  return { group, title: bilingual(en, zh) };
}

export const CHECKS = {
  'secret-in-flag': check('configuration', 'Secrets in flags', '命令行中的密钥'),
  'app-id': check('configuration', 'Official account: AppID', '服务号 AppID'),
  'app-secret': check('configuration', 'Official account: AppSecret', '服务号 AppSecret'),
  'website-app-id': check('configuration', 'Website app: AppID', '网站应用 AppID'),
  'website-app-secret': check('configuration', 'Website app: AppSecret', '网站应用 AppSecret'),
  'mini-program-app-id': check('configuration', 'Mini program: AppID', '小程序 AppID'),
  'mini-program-app-secret': check('configuration', 'Mini program: AppSecret', '小程序 AppSecret'),
  'mobile-app-id': check('configuration', 'Mobile app: AppID', '移动应用 AppID'),
  'mobile-app-secret': check('configuration', 'Mobile app: AppSecret', '移动应用 AppSecret'),
  'base-url': check('configuration', 'Public address', '公网地址 baseURL'),
  relay: check('configuration', 'Relay', '中转 relay'),
  endpoints: check('configuration', "WeChat's addresses", '微信接口地址'),
  'open-reachable': check('network', 'Login pages reachable', '登录页可达'),
  'api-reachable': check('network', 'API reachable', 'API 可达'),
  clock: check('network', 'Clock of this machine', '本机时钟'),
  credentials: check('wechat', 'Official account: credentials', '服务号凭据'),
  'website-credentials': check('wechat', 'Website app: credentials', '网站应用凭据'),
  'mini-program-credentials': check('wechat', 'Mini program: credentials', '小程序凭据'),
  'mobile-app-credentials': check('wechat', 'Mobile app: credentials', '移动应用凭据'),
  'login-page': check('wechat', 'Official account: login page', '服务号授权页'),
  'website-login-page': check('wechat', 'Website app: login page', '网站应用扫码页'),
  'app-reachable': check('app', 'App reachable', '应用可达'),
  'login-in-wechat': check('app', 'Login inside WeChat', '微信内登录'),
  'login-on-desktop': check('app', 'Login on a PC', 'PC 端登录'),
  'redirect-uri': check('app', 'Callback address', '回调地址'),
  state: check('app', 'Login state', '登录的 state'),
  'no-store': check('app', 'Responses not cached', '响应不被缓存'),
  'session-cookie': check('app', 'Session cookie', '会话 cookie'),
  'cookie-secure': check('app', 'Cookie: Secure', 'cookie 的 Secure'),
  'cookie-same-site': check('app', 'Cookie: SameSite', 'cookie 的 SameSite'),
  'cookie-http-only': check('app', 'Cookie: HttpOnly', 'cookie 的 HttpOnly'),
  'trust-proxy': check('app', 'Trust in the proxy', '信任代理'),
  callback: check('app', 'Return from WeChat', '从微信返回'),
  'relay-own-app': check('app', 'Relay: this app', '中转：本应用'),
  'relay-other-hosts': check('app', 'Relay: other hosts', '中转：其他域名'),
  'verification-file': check('app', 'Verification file', '校验文件'),
} as const;

export type CheckId = keyof typeof CHECKS;

export type Status = 'ok' | 'failed' | 'warning' | 'skipped';

/** The result of one check. */
export interface Finding {
  readonly id: CheckId;
  readonly status: Status;
  readonly detail: Bilingual;
  /** What to do. A failure and a warning always have one. */
  readonly remedy?: Bilingual | undefined;
}

/** What is wrong, and what to do about it. */
export interface Fault {
  readonly detail: Bilingual;
  readonly remedy: Bilingual;
}

export function ok(id: CheckId, detail: Bilingual): Finding {
  return { id, status: 'ok', detail };
}

export function failed(id: CheckId, { detail, remedy }: Fault): Finding {
  return { id, status: 'failed', detail, remedy };
}

export function warning(id: CheckId, { detail, remedy }: Fault): Finding {
  return { id, status: 'warning', detail, remedy };
}

export function skipped(id: CheckId, detail: Bilingual): Finding {
  return { id, status: 'skipped', detail };
}

/** For a check that cannot run because an earlier check failed. */
export function notChecked(id: CheckId): Finding {
  return skipped(
    id,
    bilingual('not checked: first correct the faults reported above', '未检查：请先更正上文的问题'),
  );
}
