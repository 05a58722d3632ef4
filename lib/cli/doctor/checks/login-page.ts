/**
 * Requests the page of WeChat to which a login would redirect. The QR code page checks AppID, scope and
 * callback domain for every browser. The page of an official account checks them only inside WeChat.
 */
import { authorizeURL } from '../../../oauth/endpoints';
import { FLOWS, type PageAccountFlow } from '../../../oauth/flows';
import { scopeToRequest } from '../../../oauth/scope';
import { ipVersion } from '../../../middleware/http/ip-version';
import { bareHost, isPrivateHost } from '../../../middleware/options/private-host';
import { bilingual, type Bilingual } from '../../bilingual';
import { appOf, componentOf, type Configuration } from '../configuration';
import { UnreachableError, probe, type ProbeLimits, type ProbeResponse } from '../probe/http-probe';
import { DESKTOP_CLIENT, WECHAT_CLIENT } from '../probe/user-agents';
import { failed, ok, skipped, warning, type Finding } from '../report/check-list';
import { untrustedText } from '../report/untrusted-text';
import { FLOW_CHECKS } from '../report/flow-checks';
import { unknownAppId } from './credentials';

interface Page extends ProbeResponse {
  /** The text of WeChat's error page; empty for another page. */
  readonly message: string;
}

interface LoginPage {
  readonly userAgent: string;
  /** Whether this page asks a person to log in. */
  isLogin(page: Page): boolean;
}

const LOGIN_PAGES: Readonly<Record<PageAccountFlow, LoginPage>> = {
  official: {
    userAgent: WECHAT_CLIENT,
    // Only the emulator's page is recognized: WeChat's own page has scripts that look for the WeChat client.
    isLogin: ({ headers, message }) => headers['x-emulated-wechat'] !== undefined && message === '',
  },
  website: {
    userAgent: DESKTOP_CLIENT,
    isLogin: ({ body }) => body.includes('/connect/qrcode/'),
  },
};

export async function checkLoginPage(
  configuration: Configuration,
  flow: PageAccountFlow,
  redirectURI: string,
  limits: ProbeLimits,
): Promise<Finding> {
  const { appId: appid = '' } = appOf(configuration, flow);
  const address = authorizeURL(configuration.open, flow, {
    appid,
    redirect: redirectURI,
    state: 'doctor',
    scope: scopeToRequest(flow, 'snsapi_userinfo', undefined),
    params: undefined,
    componentAppId: componentOf(configuration, flow)?.appId,
  });
  try {
    const response = await probe(new URL(address), {
      ...limits,
      headers: { 'User-Agent': LOGIN_PAGES[flow].userAgent, 'Accept-Language': 'zh-CN' },
    });
    return judge(configuration, flow, redirectURI, { ...response, message: messageOn(response.body) });
  } catch (error) {
    if (error instanceof UnreachableError) return warning(FLOW_CHECKS[flow].loginPage, error);
    throw error;
  }
}

/**
 * The text of `<h4 class="weui_msg_title">`, on newer pages `weui_msg__title`. The page may be hostile: a
 * regular expression for the whole element would backtrack for minutes on some pages of this size.
 */
function messageOn(body: string): string {
  const name = /weui_msg__?title/g;
  while (name.exec(body)) {
    const start = body.indexOf('>', name.lastIndex) + 1;
    const end = start === 0 ? -1 : body.indexOf('<', start);
    if (end < 0) return '';
    const message = body.slice(start, end).trim();
    if (message !== '') return untrustedText(message, 60);
    name.lastIndex = end;
  }
  return '';
}

function judge(
  configuration: Configuration,
  flow: PageAccountFlow,
  redirectURI: string,
  page: Page,
): Finding {
  const id = FLOW_CHECKS[flow].loginPage;
  const { host } = new URL(redirectURI);
  const { message } = page;
  const error = PAGE_ERRORS.find(({ pattern }) => pattern.test(message));
  if (error) {
    const fault = {
      detail: TEXTS.shows(message),
      remedy: error.remedy(flow, new URL(redirectURI), configuration),
    };
    return error.isTemporary ? warning(id, fault) : failed(id, fault);
  }
  if (isRedirectTo(redirectURI, page) || LOGIN_PAGES[flow].isLogin(page)) return ok(id, TEXTS.accepted(host));
  // Outside its own client, WeChat asks every browser to open the page in WeChat (请在微信客户端打开链接).
  if (message === '' || message.includes('微信客户端')) return skipped(id, TEXTS.hidden(host, flow));
  return warning(id, { detail: TEXTS.shows(message), remedy: TEXTS.compareSettings(flow) });
}

/** Whether WeChat sends the browser to this address; WeChat adds parameters. */
function isRedirectTo(redirectURI: string, { status, headers: { location = '' } }: Page): boolean {
  if (status < 300 || status > 399 || !URL.canParse(location)) return false;
  const [target, expected] = [new URL(location), new URL(redirectURI)];
  return target.origin === expected.origin && target.pathname === expected.pathname;
}

interface PageError {
  readonly pattern: RegExp;
  /** Whether the error passes with time, or depends on who logs in. */
  readonly isTemporary?: boolean;
  remedy(flow: PageAccountFlow, redirectURI: URL, configuration: Configuration): Bilingual;
}

/** The texts of WeChat's error pages: phones show an error code, PCs an older wording. */
const PAGE_ERRORS: readonly PageError[] = [
  {
    pattern: /10003|redirect_uri/i,
    remedy: wrongDomain,
  },
  { pattern: /10005|scope/i, remedy: (flow) => TEXTS.noPermission[flow] },
  { pattern: /10016|开放平台的appid/i, remedy: () => TEXTS.openPlatformAppId },
  { pattern: /10012|appid/i, remedy: unknownAppId },
  { pattern: /10015|未授权第三方平台/, remedy: () => TEXTS.notAuthorized },
  { pattern: /10004|封禁/, remedy: () => TEXTS.banned },
  { pattern: /10006|关注此测试号/, isTemporary: true, remedy: () => TEXTS.followersOnly },
  { pattern: /10009|频繁/, isTemporary: true, remedy: () => TEXTS.tooOften },
];

/** The consoles take public host names without a port; those of test accounts take others, too. */
function wrongDomain(flow: PageAccountFlow, redirectURI: URL, configuration: Configuration): Bilingual {
  const { host, port } = redirectURI;
  const isNoDomain = port !== '' || isPrivateHost(redirectURI) || ipVersion(bareHost(redirectURI)) > 0;
  if (!isNoDomain) return TEXTS.enterDomain(host, flow);
  const { en, zh } = TEXTS.setPublicAddress(addressSource(configuration), host);
  if (flow !== 'official') return bilingual(en, zh);
  return bilingual(`${en} ${TEXTS.orTestAccount(host).en}`, zh + TEXTS.orTestAccount(host).zh);
}

/** The setting that gives the host of the redirect URI. */
function addressSource({ relay, accountBy }: Configuration): string {
  if (relay !== undefined) return 'WECHAT_RELAY';
  return accountBy === 'host' ? '--account' : 'WECHAT_BASE_URL';
}

const TEST_ACCOUNT_MENU = '体验接口权限表 > 网页服务 > 网页帐号 > 网页授权获取用户基本信息 > 修改';

const TEXTS = {
  shows: (message: string) => bilingual(`WeChat shows: ${message}`, `微信显示：${message}`),
  accepted: (host: string) =>
    bilingual(
      `AppID, scope and callback domain ${host} are accepted`,
      `AppID、scope 与回调域名 ${host} 均被接受`,
    ),
  hidden: (host: string, flow: PageAccountFlow) =>
    bilingual(
      `cannot be checked outside WeChat: ${host} must be entered at ${FLOWS[flow].consoleMenu.callbackDomain}`,
      `在微信之外无法判断：${host} 须填写在 ${FLOWS[flow].consoleMenu.callbackDomain}`,
    ),
  compareSettings: (flow: PageAccountFlow) =>
    bilingual(
      `Compare the settings of the app: ${FLOWS[flow].consoleMenu.appId}.`,
      `请核对应用设置：${FLOWS[flow].consoleMenu.appId}。`,
    ),
  enterDomain: (host: string, flow: PageAccountFlow) =>
    bilingual(
      `Enter exactly ${host} at ${FLOWS[flow].consoleMenu.callbackDomain}, or correct WECHAT_BASE_URL ` +
        '(behind a relay: WECHAT_RELAY). ' +
        'A subdomain is another host.',
      `请原样填写 ${host}（${FLOWS[flow].consoleMenu.callbackDomain}），` +
        '或更正 WECHAT_BASE_URL（使用中转时为 WECHAT_RELAY）。子域名算作另一个域名。',
    ),
  setPublicAddress: (source: string, host: string) =>
    bilingual(
      `Set ${source} to the public address, such as https://h5.example.com: WeChat's consoles take neither ${host} ` +
        'nor any other internal host, IP address or port.',
      `请先把 ${source} 设为公网地址，例如 https://h5.example.com：微信后台不接受 ${host} 这样的内网主机名、IP 或端口。`,
    ),
  orTestAccount: (host: string) =>
    bilingual(
      `Only a test account (测试号) accepts it: then enter exactly ${host} at ${TEST_ACCOUNT_MENU}.`,
      `只有测试号可以：请在 ${TEST_ACCOUNT_MENU} 原样填写 ${host}。`,
    ),
  noPermission: {
    official: bilingual(
      'Web authorization needs a verified service account (服务号), or a test account (测试号).',
      '网页授权需要已认证的服务号，或测试号。',
    ),
    website: bilingual(
      'Check that this is the AppID of a website app (网站应用), and that WeChat login is granted to it.',
      '请确认这是网站应用的 AppID，并且已获得微信登录权限。',
    ),
  } satisfies Record<PageAccountFlow, Bilingual>,
  openPlatformAppId: bilingual(
    'This AppID is that of a website app or another app of the Open Platform. Enter that of the official account: ' +
      `${FLOWS.official.consoleMenu.appId}. A website app belongs into WECHAT_WEBSITE_APP_ID and ` +
      'WECHAT_WEBSITE_APP_SECRET.',
    `这是网站应用等开放平台应用的 AppID。请填服务号的 AppID：${FLOWS.official.consoleMenu.appId}。` +
      '网站应用请填到 WECHAT_WEBSITE_APP_ID 与 WECHAT_WEBSITE_APP_SECRET。',
  ),
  notAuthorized: bilingual(
    "Let the account's administrator authorize the third-party platform, or correct --component-app-id.",
    '请由账号管理员授权第三方平台，或更正 --component-app-id。',
  ),
  banned: bilingual(
    'WeChat has banned this account: see mp.weixin.qq.com.',
    '该账号已被封禁：请查看 mp.weixin.qq.com。',
  ),
  followersOnly: bilingual(
    'This is a test account (测试号): only its followers can log in. Follow it first.',
    '这是测试号：登录者须先关注它。',
  ),
  tooOften: bilingual('WeChat got too many requests: try again later.', '操作太频繁：请稍后再试。'),
};
