/** An official account, a website app or a mini program, with its credentials. */
export interface EmulatorApp {
  /**
   * - `official`: an official account (服务号), for H5 pages.
   * - `website`: a website app (网站应用), for the QR code login.
   * - `miniprogram`: a mini program (小程序).
   */
  readonly type: 'official' | 'website' | 'miniprogram';
  /** `wx` and 16 hex digits. */
  readonly appId: string;
  /** 32 hex digits. */
  readonly appSecret: string;
  /**
   * The name that the consent page shows.
   *
   * @default the AppID
   */
  readonly name?: string;
  /**
   * The Open Platform account (开放平台账号) that the app is bound to. Apps of one account share unionids.
   *
   * @default none: the app's users have no unionid
   */
  readonly openPlatform?: string;
  /**
   * Callback domains (网页授权域名, 授权回调域): `host`, `host:port` or `host/path`. The host and port of a redirect_uri
   * must equal those of one domain: a subdomain or a parent domain is another domain. A path covers all paths
   * below it.
   *
   * @default any domain
   */
  readonly domains?: readonly string[];
  /**
   * The scopes that the app may ask for.
   *
   * @default `snsapi_base` and `snsapi_userinfo` for an official account, `snsapi_login` for a website app
   */
  readonly scopes?: readonly string[];
  /** Whether WeChat banned the account (此公众号被封禁): its authorize page shows error 10004. @default false */
  readonly banned?: boolean;
  /**
   * Whether it is a test account (测试号), at which only its followers can log in. Others see error 10006.
   *
   * @default false
   */
  readonly followersOnly?: boolean;
  /** The third-party platforms (`component_appid`) that the account authorized. @default none */
  readonly components?: readonly string[];
}

/** The first app of each kind. If the options hold no app of a kind, the preset app takes its place. */
export interface EmulatorApps {
  /** An official account, for H5 pages. */
  readonly official: EmulatorApp;
  /** A website app, for the QR code login. */
  readonly website: EmulatorApp;
  /** A mini program. */
  readonly miniProgram: EmulatorApp;
  /** The first official account that is not bound to an Open Platform account: its users have no unionid. */
  readonly unbound: EmulatorApp;
}

export function appName(app: EmulatorApp): string {
  return app.name ?? app.appId;
}

/** The scopes that an app may ask for on its login page. */
export function scopesOf(app: EmulatorApp): readonly string[] {
  if (app.scopes) return app.scopes;
  return app.type === 'website' ? ['snsapi_login'] : ['snsapi_base', 'snsapi_userinfo'];
}

const OPEN_PLATFORM = 'example-company';

/** The preset apps: one for each kind that the option `apps` leaves out. */
export const PRESET_APPS: EmulatorApps = {
  official: {
    type: 'official',
    appId: 'wx0f1c1a10e0000001',
    appSecret: '0f1c1a10e0000001aaaaaaaaaaaaaaa1',
    name: '示例服务号',
    openPlatform: OPEN_PLATFORM,
  },
  website: {
    type: 'website',
    appId: 'wxeb517e0000000002',
    appSecret: 'eb517e0000000002bbbbbbbbbbbbbbb2',
    name: '示例网站',
    openPlatform: OPEN_PLATFORM,
  },
  miniProgram: {
    type: 'miniprogram',
    appId: 'wx3141970000000003',
    appSecret: '3141970000000003ccccccccccccccc3',
    name: '示例小程序',
    openPlatform: OPEN_PLATFORM,
  },
  unbound: {
    type: 'official',
    appId: 'wx0b0d000000000004',
    appSecret: '0b0d000000000004ddddddddddddddd4',
    name: '未绑定的服务号',
  },
};
