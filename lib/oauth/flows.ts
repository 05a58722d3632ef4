/**
 * The ways to log in with WeChat (flows), one row each. Each row holds the data in which a flow differs from
 * the others.
 */
import type { Bilingual } from '../bilingual';

/**
 * The browser of a login: WeChat's own, on a phone or a computer; another browser on a computer or a tablet;
 * another browser on a phone.
 */
export type BrowserKind = 'wechat' | 'computer' | 'phone';

interface FlowRow {
  /** The flow whose account logs the user in: the flow itself, or for a scan login `official`. */
  readonly account: 'official' | 'website' | 'miniProgram' | 'mobileApp';
  /** The name of this kind of account. */
  readonly label: Bilingual;
  /** The menu in WeChat's consoles that shows or sets a value. */
  readonly consoleMenu: {
    readonly appId: string;
    readonly appSecret: string;
    /** Undefined for a flow without a callback. */
    readonly callbackDomain: string | undefined;
    /** Where the account is bound to an Open Platform account, which gives its users a unionid. */
    readonly binding: string;
  };
  readonly credentials: {
    /**
     * The option of `wechatAuth()` that holds `appId` and `appSecret`; undefined if they are top-level
     * options.
     */
    readonly option: 'website' | 'miniProgram' | 'mobileApp' | undefined;
    /** The environment variables that are read if the options are missing. */
    readonly env: { readonly appId: string; readonly appSecret: string };
    /** The options to set, as text for error messages. */
    readonly example: string;
  };
  /**
   * The page on which the user consents, and the method of the OAuth class that builds its address. Undefined
   * where a client of the app gets the code from WeChat itself, and posts it.
   */
  readonly page:
    | {
        readonly path: string;
        readonly method: 'getAuthorizeURL' | 'getAuthorizeURLForWebsite';
        /**
         * Whether the page responds with a redirect to the callback, so that browsers carry its fragment
         * `#wechat_redirect` on. The script of the QR code page opens the callback without it.
         */
        readonly keepsFragment: boolean;
      }
    | undefined;
  /**
   * How a code becomes a user: WeChat exchanges it for an access token, with which the profile is read, or
   * for the session key of a mini program, which decrypts the profile that the client sends.
   */
  readonly exchange: 'accessToken' | 'sessionKey';
  readonly scopes: {
    /**
     * The scope to request by default. If a client posted the code, it is also the scope of a login for which
     * WeChat names none.
     */
    readonly defaultScope: string;
    readonly allowed: readonly string[];
  };
}

/**
 * AppID, AppSecret and IP whitelist of a service account moved to 微信开发者平台 in December 2025; the callback
 * domain did not (developers.weixin.qq.com/doc/service/guide/dev/migration.html).
 */
const DEVELOPER_PLATFORM = 'developers.weixin.qq.com/platform > 我的业务 > 公众号/服务号 > 基础信息';
const OPEN_PLATFORM = 'open.weixin.qq.com > 管理中心';
const WEBSITE_APP = `${OPEN_PLATFORM} > 网站应用 > 查看`;
const MOBILE_APP = `${OPEN_PLATFORM} > 移动应用 > 查看`;
/**
 * Mini programs are no longer bound at the Open Platform itself
 * (developers.weixin.qq.com/doc/oplatform/developers/product/open/bind.html).
 */
const BINDING_OF_MINI_PROGRAMS =
  'developers.weixin.qq.com/platform > 我的业务 > 开放平台 > 绑定关系 > 小程序';
const MINI_PROGRAM = 'mp.weixin.qq.com > 管理 > 开发管理 > 开发设置';

/** 服务号网页授权: a page that is opened inside WeChat. */
const OFFICIAL = {
  account: 'official',
  label: { en: 'official account', zh: '服务号' },
  consoleMenu: {
    appId: DEVELOPER_PLATFORM,
    appSecret: `${DEVELOPER_PLATFORM} > 开发密钥`,
    callbackDomain: 'mp.weixin.qq.com > 设置与开发 > 账号设置 > 功能设置 > 网页授权域名',
    binding: `${OPEN_PLATFORM} > 公众号`,
  },
  credentials: {
    option: undefined,
    env: { appId: 'WECHAT_APP_ID', appSecret: 'WECHAT_APP_SECRET' },
    example: 'appId and appSecret of the official account',
  },
  page: { path: '/connect/oauth2/authorize', method: 'getAuthorizeURL', keepsFragment: true },
  exchange: 'accessToken',
  scopes: { defaultScope: 'snsapi_base', allowed: ['snsapi_base', 'snsapi_userinfo'] },
} as const satisfies FlowRow;

export const FLOWS = {
  official: OFFICIAL,
  /** 网站应用扫码登录: a QR code that the user scans with a phone. */
  website: {
    account: 'website',
    label: { en: 'website app', zh: '网站应用' },
    consoleMenu: {
      appId: WEBSITE_APP,
      appSecret: WEBSITE_APP,
      callbackDomain: `${WEBSITE_APP} > 授权回调域`,
      binding: `${OPEN_PLATFORM} > 网站应用`,
    },
    credentials: {
      option: 'website',
      env: { appId: 'WECHAT_WEBSITE_APP_ID', appSecret: 'WECHAT_WEBSITE_APP_SECRET' },
      example: 'website: { appId, appSecret }',
    },
    page: { path: '/connect/qrconnect', method: 'getAuthorizeURLForWebsite', keepsFragment: false },
    exchange: 'accessToken',
    scopes: { defaultScope: 'snsapi_login', allowed: ['snsapi_login'] },
  },
  /**
   * 服务号扫码登录: the PC shows a QR code of this app, and the login of the official account runs on the phone
   * that scans it.
   */
  scan: {
    ...OFFICIAL,
    label: { en: 'scan login of the official account', zh: '服务号扫码登录' },
    // The PC's browser never opens WeChat's page, so it brings no fragment from there.
    page: { ...OFFICIAL.page, keepsFragment: false },
  },
  /** 小程序登录: the mini program posts the code of `wx.login`. */
  miniProgram: {
    account: 'miniProgram',
    label: { en: 'mini program', zh: '小程序' },
    consoleMenu: {
      appId: MINI_PROGRAM,
      appSecret: MINI_PROGRAM,
      callbackDomain: undefined,
      binding: BINDING_OF_MINI_PROGRAMS,
    },
    credentials: {
      option: 'miniProgram',
      env: { appId: 'WECHAT_MINI_PROGRAM_APP_ID', appSecret: 'WECHAT_MINI_PROGRAM_APP_SECRET' },
      example: 'miniProgram: { appId, appSecret }',
    },
    page: undefined,
    exchange: 'sessionKey',
    scopes: { defaultScope: 'snsapi_base', allowed: ['snsapi_base'] },
  },
  /** 移动应用微信登录: an app on iOS, Android or HarmonyOS posts the code that the OpenSDK returned. */
  mobileApp: {
    account: 'mobileApp',
    label: { en: 'mobile app', zh: '移动应用' },
    consoleMenu: {
      appId: MOBILE_APP,
      appSecret: MOBILE_APP,
      callbackDomain: undefined,
      binding: `${OPEN_PLATFORM} > 移动应用`,
    },
    credentials: {
      option: 'mobileApp',
      env: { appId: 'WECHAT_MOBILE_APP_ID', appSecret: 'WECHAT_MOBILE_APP_SECRET' },
      example: 'mobileApp: { appId, appSecret }',
    },
    page: undefined,
    exchange: 'accessToken',
    scopes: { defaultScope: 'snsapi_userinfo', allowed: ['snsapi_base', 'snsapi_userinfo'] },
  },
} as const satisfies Readonly<Record<string, FlowRow>>;

/**
 * How a user logs in: with an official account inside WeChat (服务号网页授权), with a website app by QR code
 * (网站应用扫码登录), on a PC with a QR code that leads to the official account on the phone (`scanLogin`), or with
 * a code that a mini program (小程序) or a mobile app (移动应用) posted (`loginWithCode`).
 *
 * @useDeclaredType
 */
export type WechatFlow = keyof typeof FLOWS;

/**
 * A flow that sends a browser to a page of WeChat.
 *
 * @inline
 */
export type PageFlow = Exclude<WechatFlow, 'miniProgram' | 'mobileApp'>;

/** A flow whose code a client of the app posts: there is no page, no state and no callback. */
export type CodeFlow = Exclude<WechatFlow, PageFlow>;

/** A flow that has an account of its own at WeChat. */
export type AccountFlow = FlowRow['account'];

/** In order of preference, for code that may use any account. */
export const ACCOUNT_FLOWS = [
  'official',
  'website',
  'miniProgram',
  'mobileApp',
] as const satisfies readonly AccountFlow[];

/** The accounts that send browsers to a page of WeChat. */
export type PageAccountFlow = AccountFlow & PageFlow;

export const PAGE_ACCOUNT_FLOWS = ACCOUNT_FLOWS.filter((flow): flow is PageAccountFlow => isPageFlow(flow));

export function isFlow(value: unknown): value is WechatFlow {
  return typeof value === 'string' && Object.hasOwn(FLOWS, value);
}

export function isPageFlow(value: unknown): value is PageFlow {
  return isFlow(value) && FLOWS[value].page !== undefined;
}

export function isCodeFlow(value: unknown): value is CodeFlow {
  return isFlow(value) && FLOWS[value].page === undefined;
}

export const PAGE_FLOWS = Object.keys(FLOWS).filter(isPageFlow);
export const CODE_FLOWS = Object.keys(FLOWS).filter(isCodeFlow);

/** A way to log in from one kind of browser. */
interface Choice {
  readonly flow: PageFlow;
  /** `here`: in this browser. `elsewhere`: a page asks the user to open the address in another one. */
  readonly where: 'here' | 'elsewhere';
}

/**
 * The ways to log in from each kind of browser, the best one first. `flow: 'auto'` takes the first one that
 * is configured.
 */
const CHOICES: Readonly<Record<BrowserKind, readonly Choice[]>> = {
  wechat: [
    { flow: 'official', where: 'here' },
    { flow: 'website', where: 'elsewhere' },
  ],
  computer: [
    { flow: 'website', where: 'here' },
    { flow: 'scan', where: 'here' },
    { flow: 'official', where: 'elsewhere' },
  ],
  // A phone cannot scan a QR code on its own screen, but WeChat is usually on it: the page of a scan login
  // goes on when the user has confirmed in WeChat.
  phone: [
    { flow: 'scan', where: 'here' },
    { flow: 'official', where: 'elsewhere' },
    { flow: 'website', where: 'here' },
  ],
};

/** The flow that `flow: 'auto'` chooses; `undefined` if the user has to open the address elsewhere. */
export function flowFor(
  browser: BrowserKind,
  isConfigured: (flow: PageFlow) => boolean,
): PageFlow | undefined {
  const best = CHOICES[browser].find(({ flow }) => isConfigured(flow));
  return best?.where === 'here' ? best.flow : undefined;
}

/** Whether a user can log in with this flow in this kind of browser. */
export function worksIn(browser: BrowserKind, flow: PageFlow): boolean {
  return CHOICES[browser].some((choice) => choice.flow === flow && choice.where === 'here');
}
