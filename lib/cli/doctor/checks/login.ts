/** Checks how the login route responds to a browser inside WeChat, and to one on a PC. */
import { WechatAuthError, type WechatErrorKind } from '../../../errors';
import {
  PAGE_ACCOUNT_FLOWS,
  FLOWS,
  worksIn,
  type PageAccountFlow,
  type BrowserKind,
} from '../../../oauth/flows';
import { bilingual, type Bilingual } from '../../bilingual';
import { appOf, componentOf, isGiven, type Configuration } from '../configuration';
import type { AuthorizationRequest, LoginProbe, PolledScanCode } from '../probe/login-probe';
import { loginPath, withoutSlash, type Site } from '../probe/site';
import { failed, ok, skipped, warning, type CheckId, type Fault, type Finding } from '../report/check-list';
import { untrustedText } from '../report/untrusted-text';

/** One login in each kind of browser. */
export interface LoginProbes {
  readonly inWechat: LoginProbe;
  readonly onDesktop: LoginProbe;
}

type LoginCheck = 'login-in-wechat' | 'login-on-desktop';

const BROWSERS: Readonly<Record<LoginCheck, BrowserKind>> = {
  'login-in-wechat': 'wechat',
  'login-on-desktop': 'computer',
};

export function checkLogins(configuration: Configuration, site: Site, logins: LoginProbes): Finding[] {
  const { inWechat, onDesktop } = logins;
  const first = checkLogin('login-in-wechat', configuration, site, inWechat);
  const page = ownPage(logins);
  const second = page
    ? warning('login-on-desktop', TEXTS.ownPage(loginPath(site), withoutQuery(page)))
    : checkLogin('login-on-desktop', configuration, site, onDesktop);
  const isSame = first.status === 'failed' && first.detail.en === second.detail.en;
  return [first, isSame ? skipped('login-on-desktop', TEXTS.same) : second];
}

/** The app's own page to which a handler above `wechatAuth()` sends PCs. */
function ownPage({ inWechat, onDesktop }: LoginProbes): URL | undefined {
  const isOurs = inWechat.kind !== 'redirect' && inWechat.kind !== 'unrecognized';
  if (!isOurs || onDesktop.kind !== 'redirect') return undefined;
  const { to, response } = onDesktop;
  const isOfApp = to.origin === response.address.origin && to.pathname !== response.address.pathname;
  return isOfApp ? to : undefined;
}

function checkLogin(id: LoginCheck, configuration: Configuration, site: Site, login: LoginProbe): Finding {
  const path = loginPath(site);
  switch (login.kind) {
    case 'error':
      return errorKindFailed(id, login.error, login.response.status);
    case 'open-elsewhere':
      return checkOpenElsewhere(id, configuration);
    case 'scan-code':
      return checkScanCode(id, configuration, login);
    case 'started':
      return checkStarted(id, configuration, login);
    case 'redirect':
      return failed(id, TEXTS.redirectsElsewhere(path, withoutQuery(login.to), notOurs(configuration)));
    case 'unrecognized':
      return failed(id, TEXTS.notOurs(path, login.response.status, notOurs(configuration)));
  }
}

/** The app responds with an error of this package. */
export function errorKindFailed(id: CheckId, kind: WechatErrorKind, status: number): Finding {
  const { remedy } = new WechatAuthError(kind, '', { status });
  return failed(id, { detail: TEXTS.errorKind(kind, status), remedy: TEXTS.seeConsole(remedy) });
}

function checkOpenElsewhere(id: LoginCheck, configuration: Configuration): Finding {
  const flow = PAGE_ACCOUNT_FLOWS.find((each) => worksIn(BROWSERS[id], each));
  return flow && isGiven(configuration, flow)
    ? failed(id, TEXTS.flowNotInApp(flow))
    : ok(id, TEXTS.opensElsewhere[id]);
}

/**
 * The phone opens the address in the code, so it must be the public one. The page asks the scan route for the
 * status of the login, so a proxy must forward that route, too.
 */
function checkScanCode(
  id: LoginCheck,
  configuration: Configuration,
  { url: { origin }, statusURL, unrecognizedPoll }: PolledScanCode,
): Finding {
  const { baseURL } = configuration;
  if (id === 'login-in-wechat') return warning(id, TEXTS.scanInWechat);
  if (isGiven(configuration, 'website')) return failed(id, TEXTS.flowNotInApp('website'));
  const base = baseURL !== undefined && URL.canParse(baseURL) ? new URL(baseURL).origin : origin;
  if (base !== origin) return failed(id, TEXTS.scanElsewhere(origin, base));
  return unrecognizedPoll === undefined
    ? ok(id, TEXTS.scan(origin))
    : failed(id, TEXTS.scanNotForwarded(untrustedText(statusURL.pathname), unrecognizedPoll));
}

function checkStarted(id: LoginCheck, configuration: Configuration, request: AuthorizationRequest): Finding {
  const { flow, url } = request;
  const fault = requestFault(configuration, request);
  if (fault) return failed(id, fault);
  if (!worksIn(BROWSERS[id], flow)) return warning(id, TEXTS.wrongFlow[flow]);
  const detail = TEXTS.started(
    untrustedText(parameter(url, 'appid')),
    untrustedText(parameter(url, 'scope')),
  );
  const isCompared = appOf(configuration, flow).appId !== undefined;
  return isCompared || configuration.accountBy
    ? ok(id, detail)
    : warning(id, TEXTS.notCompared(detail, FLOWS[flow].credentials.env.appId));
}

function requestFault(
  configuration: Configuration,
  { flow, url, redirectURI }: AuthorizationRequest,
): Fault | undefined {
  const { open } = configuration;
  // If `open` is not an address, the check `endpoints` reports it.
  if (URL.canParse(open) && !isPageOf(new URL(open), url)) return TEXTS.otherWechat(url.origin, open);
  const appid = parameter(url, 'appid');
  const { appId } = appOf(configuration, flow);
  if (appId !== undefined && appid !== appId) return TEXTS.otherAppId(untrustedText(appid), appId);
  const component = componentOf(configuration, flow)?.appId ?? '';
  const sent = parameter(url, 'component_appid');
  if (sent !== component && (component !== '' || appId !== undefined))
    return TEXTS.otherPlatform(untrustedText(sent), component);
  const isIntact =
    (FLOWS[flow].scopes.allowed as readonly string[]).includes(parameter(url, 'scope')) &&
    parameter(url, 'response_type') === 'code' &&
    url.hash === '#wechat_redirect' &&
    redirectURI !== '';
  return isIntact ? undefined : TEXTS.rewritten;
}

/** The address without its query, which may hold secrets. */
function withoutQuery({ href }: URL): string {
  return untrustedText(href.split(/[?#]/, 1)[0] ?? '');
}

function parameter({ searchParams }: URL, name: string): string {
  return searchParams.get(name) ?? '';
}

function isPageOf(open: URL, page: URL): boolean {
  return page.origin === open.origin && page.pathname.startsWith(`${withoutSlash(open.pathname)}/connect/`);
}

const NOT_OURS = bilingual(
  'Check that --url is the address of this app, and that the app mounts wechatAuth(). ' +
    'If it is mounted below a path or has other routes, name them: --mount /auth, --login /wx.',
  '请确认 --url 是这个应用的地址，且应用挂载了 wechatAuth()。' +
    '如果挂载在某个路径下或改了路由，请用选项指定：--mount /auth、--login /wx。',
);
const NAME_AN_ACCOUNT = bilingual(
  'If it has the option `account`, name one of its accounts: --account shop.example.com.',
  '如果应用使用选项 account，请指定其中一个账号：--account shop.example.com。',
);

/** An app that serves many accounts has no login route where its option `account` returns no account. */
function notOurs({ accountBy, baseURL }: Configuration): Bilingual {
  if (accountBy === undefined)
    return bilingual(`${NOT_OURS.en} ${NAME_AN_ACCOUNT.en}`, NOT_OURS.zh + NAME_AN_ACCOUNT.zh);
  // Without a host or a path, the requests go to the host of --url.
  const isHostGiven = accountBy !== 'appId' || baseURL !== undefined;
  const { en, zh } = isHostGiven ? NO_ACCOUNT_HERE : NO_HOST_OF_ACCOUNT;
  return bilingual(`${en} ${NOT_OURS.en}`, zh + NOT_OURS.zh);
}

const NO_ACCOUNT_HERE = bilingual(
  'The option `account` may return no account for this host or path: compare --account with your accounts.',
  '配置 account 可能没有为这个域名或路径返回账号：请核对 --account。',
);
const NO_HOST_OF_ACCOUNT = bilingual(
  'The AppID alone does not say where the logins of this account start: give the AppID as --app-id, and the host or ' +
    'the path of the account as --account.',
  '仅凭 AppID 不知道该账号从哪里登录：请用 --app-id 给出 AppID，用 --account 给出该账号的域名或路径。',
);

const TEXTS = {
  same: bilingual('the same as above', '同上'),
  redirectsElsewhere: (path: string, to: string, remedy: Bilingual) => ({
    detail: bilingual(`${path} redirects to ${to}, not to WeChat`, `${path} 转到 ${to}，而不是微信`),
    remedy,
  }),
  notOurs: (path: string, status: number, remedy: Bilingual) => ({
    detail: bilingual(
      `${path} responds with HTTP ${status}, and is not a login route of this package`,
      `${path} 返回 HTTP ${status}，不是本包的登录路由`,
    ),
    remedy,
  }),
  ownPage: (path: string, to: string) => ({
    detail: bilingual(
      `not checked: ${path} sends PCs to a page of your own, ${to}`,
      `未检查：${path} 让 PC 转到应用自己的页面 ${to}`,
    ),
    remedy: bilingual('Log in there once by hand.', '请在该页面手动登录一次来确认。'),
  }),
  /** The response of a production app does not contain the message, to which some remedies refer. */
  seeConsole: ({ en, zh }: Bilingual) =>
    bilingual(`${en} The message is on the console of the app.`, `${zh}具体信息见应用的控制台。`),
  errorKind: (kind: WechatErrorKind, status: number) =>
    bilingual(`the app responds with ${kind} (HTTP ${status})`, `应用返回 ${kind}（HTTP ${status}）`),
  opensElsewhere: {
    'login-in-wechat': bilingual(
      'the app asks to use a computer: it has no official account',
      '提示改用 PC：没有配置服务号',
    ),
    'login-on-desktop': bilingual(
      'the app asks to open WeChat: it has neither a website app nor `scanLogin`',
      '提示在微信中打开：没有网站应用，也没有打开 scanLogin',
    ),
  } satisfies Record<LoginCheck, Bilingual>,
  scan: (origin: string) =>
    bilingual(
      `scan login: a QR code that a phone opens at ${origin}`,
      `服务号扫码登录：手机扫码后打开 ${origin}`,
    ),
  scanElsewhere: (origin: string, base: string) => ({
    detail: bilingual(
      `the QR code of the scan login leads to ${origin}, and not to ${base}`,
      `扫码登录的二维码指向 ${origin}，而不是 ${base}`,
    ),
    remedy: bilingual(
      'Give the app the same baseURL as the doctor.',
      '请让应用与 doctor 使用相同的 baseURL。',
    ),
  }),
  scanNotForwarded: (path: string, status: number) => ({
    detail: bilingual(
      `the page of the scan login asks ${path} for its status, and the response (HTTP ${status}) is not that of ` +
        'wechatAuth()',
      `扫码登录的页面向 ${path} 查询状态，得到的响应（HTTP ${status}）不是 wechatAuth() 返回的`,
    ),
    remedy: bilingual(
      `Let the proxy, or the development server, forward ${path} and the paths below it to the app, too.`,
      `请让代理或开发服务器把 ${path} 及其下级路径也转给应用。`,
    ),
  }),
  scanInWechat: {
    detail: bilingual(
      'the app shows a QR code, which a phone cannot scan on its own screen',
      '应用显示二维码，而手机无法扫描自己屏幕上的二维码',
    ),
    remedy: bilingual("Leave the option `flow` at 'auto'.", "请保持配置 `flow` 为 'auto'。"),
  },
  flowNotInApp: (flow: PageAccountFlow) => {
    const { label } = FLOWS[flow];
    return {
      detail: bilingual(
        `the app does not use the ${label.en} that was given to the doctor`,
        `应用没有使用给 doctor 的${label.zh}`,
      ),
      remedy: bilingual(
        'Give the app the same environment as the doctor, and restart it.',
        '请让应用与 doctor 使用相同的环境变量，并重启应用。',
      ),
    };
  },
  otherWechat: (origin: string, open: string) => ({
    detail: bilingual(
      `the app redirects to ${origin}, and not to ${open}`,
      `应用把用户转到 ${origin}，而不是 ${open}`,
    ),
    remedy: bilingual(
      'Give WECHAT_OPEN_URL (or the option `endpoints`) to the app and to the doctor, or to neither.',
      '请让两边使用相同的 WECHAT_OPEN_URL（或配置 endpoints），或都不设置。',
    ),
  }),
  otherPlatform: (sent: string, component: string) => ({
    detail:
      sent === ''
        ? bilingual('the app names no third-party platform', '应用没有指明第三方平台')
        : bilingual(`the app names the third-party platform ${sent}`, `应用指明的第三方平台是 ${sent}`),
    remedy:
      component === ''
        ? bilingual(
            'Give the doctor the same platform: --component-app-id.',
            '请用 --component-app-id 给出同一平台。',
          )
        : bilingual(
            `Compare the option component of the app with --component-app-id (${component}).`,
            `请核对应用的配置 component 与 --component-app-id（${component}）。`,
          ),
  }),
  otherAppId: (appid: string, appId: string) => ({
    detail: bilingual(
      `the app uses AppID ${appid}, and not ${appId}`,
      `应用使用的 AppID 是 ${appid}，而不是 ${appId}`,
    ),
    remedy: bilingual(
      'Compare the environment of the app with that of the doctor.',
      '请核对应用与 doctor 的环境变量。',
    ),
  }),
  rewritten: {
    detail: bilingual(
      'the redirect to WeChat is incomplete or was changed on the way',
      '跳转微信的地址不完整，或在途中被改写',
    ),
    remedy: bilingual(
      'Find the proxy or CDN between the app and the doctor that rewrites the Location header.',
      '请检查应用与 doctor 之间是否有代理或 CDN 改写了 Location 头。',
    ),
  },
  /** Keyed by the flow that the app chose, for a browser that cannot use it. */
  wrongFlow: {
    official: {
      detail: bilingual(
        'the app redirects to a page that works only inside WeChat',
        '转到只能在微信内使用的授权页',
      ),
      remedy: bilingual(
        "Leave the option `flow` at 'auto', and configure the website app, too.",
        "请保持配置 flow 为 'auto'，并同时配置网站应用。",
      ),
    },
    website: {
      detail: bilingual(
        'the app redirects to a QR code, which a phone cannot scan on its own screen',
        '转到二维码页，而手机无法扫描自己的屏幕',
      ),
      remedy: bilingual(
        "Leave the option `flow` at 'auto', and configure the official account, too.",
        "请保持配置 flow 为 'auto'，并同时配置服务号。",
      ),
    },
  } satisfies Record<PageAccountFlow, Fault>,
  started: (appid: string, scope: string) => bilingual(`${appid}, ${scope}`, `${appid}，${scope}`),
  notCompared: ({ en, zh }: Bilingual, variable: string) => ({
    detail: bilingual(`${en}: not compared`, `${zh}：未核对`),
    remedy: bilingual(
      `Give the AppID to the doctor, too, so that it can compare: ${variable}.`,
      `请把同一个 AppID 也给 doctor，以便核对：${variable}。`,
    ),
  }),
};
