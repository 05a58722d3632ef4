/**
 * The ways to log in with WeChat (flows), one row each. Each row holds the data in which a flow differs from
 * the others.
 */

/** The browser of a login: WeChat's own, or any other. */
export type BrowserKind = 'wechat' | 'other';

interface FlowRow {
  /** The name of this kind of account. */
  readonly label: { readonly en: string; readonly zh: string };
  /** The menu in WeChat's consoles that shows or sets a value. */
  readonly consoleMenu: {
    readonly appId: string;
    readonly appSecret: string;
    readonly callbackDomain: string;
    /** Where the account is bound to an Open Platform account, which gives its users a unionid. */
    readonly binding: string;
  };
  readonly credentials: {
    /**
     * The option of `wechatAuth()` that holds `appId` and `appSecret`; undefined if they are top-level
     * options.
     */
    readonly option: 'website' | undefined;
    /** The environment variables that are read if the options are missing. */
    readonly env: { readonly appId: string; readonly appSecret: string };
    /** The options to set, as text for error messages. */
    readonly example: string;
  };
  /** The page on which the user consents, and the method of the OAuth class that builds its address. */
  readonly page: {
    readonly path: string;
    readonly method: 'getAuthorizeURL' | 'getAuthorizeURLForWebsite';
  };
  readonly scopes: {
    /** The scope that the OAuth class requests by default. */
    readonly defaultScope: string;
    readonly allowed: readonly string[];
  };
  /** The browsers for which `flow: 'auto'` chooses this flow. */
  readonly browsers: readonly BrowserKind[];
}

/**
 * AppID, AppSecret and IP whitelist of a service account moved to 微信开发者平台 in December 2025; the callback
 * domain did not (developers.weixin.qq.com/doc/service/guide/dev/migration.html).
 */
const DEVELOPER_PLATFORM = 'developers.weixin.qq.com/platform > 我的业务 > 公众号/服务号 > 基础信息';
const OPEN_PLATFORM = 'open.weixin.qq.com > 管理中心';
const WEBSITE_APP = `${OPEN_PLATFORM} > 网站应用 > 详情`;

export const FLOWS = {
  /** 服务号网页授权: a page that is opened inside WeChat. */
  official: {
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
    page: { path: '/connect/oauth2/authorize', method: 'getAuthorizeURL' },
    scopes: { defaultScope: 'snsapi_base', allowed: ['snsapi_base', 'snsapi_userinfo'] },
    browsers: ['wechat'],
  },
  /** 网站应用扫码登录: a QR code that the user scans with a phone. */
  website: {
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
    page: { path: '/connect/qrconnect', method: 'getAuthorizeURLForWebsite' },
    scopes: { defaultScope: 'snsapi_login', allowed: ['snsapi_login'] },
    browsers: ['other'],
  },
} as const satisfies Readonly<Record<string, FlowRow>>;

/**
 * How a user logs in: with an official account inside WeChat (服务号网页授权), or with a website app by QR code
 * (网站应用扫码登录).
 *
 * @useDeclaredType
 */
export type WechatFlow = keyof typeof FLOWS;

/** In order of preference, for code that may use any flow. */
export const FLOW_NAMES = Object.keys(FLOWS) as readonly WechatFlow[] as readonly [
  WechatFlow,
  ...WechatFlow[],
];

export function isFlow(value: unknown): value is WechatFlow {
  return typeof value === 'string' && Object.hasOwn(FLOWS, value);
}

export function flowFor(browser: BrowserKind): WechatFlow | undefined {
  return FLOW_NAMES.find((flow) => (FLOWS[flow].browsers as readonly BrowserKind[]).includes(browser));
}
