import { assertUnique } from './unique';

/** An account or application that WeChat's consoles would have issued. */
export interface EmulatorApp {
  /** `official`: 公众号, for H5 pages; `website`: 网站应用, for the QR login; `miniprogram`: 小程序. */
  readonly type: 'official' | 'website' | 'miniprogram';
  /** `wx` and 16 hex digits. */
  readonly appId: string;
  /** 32 hex digits. */
  readonly appSecret: string;
  /**
   * Shown on the consent page.
   *
   * @default the AppID
   */
  readonly name?: string;
  /** The Open Platform account (开放平台帐号) it is bound to; apps of one account share unionids. Absent: no unionid. */
  readonly openPlatform?: string;
  /**
   * Callback domains (网页授权域名, 授权回调域): `host`, `host:port` or `host/path`, compared whole. Absent: any host.
   */
  readonly domains?: readonly string[];
  /**
   * What it may ask for.
   *
   * @default official: `snsapi_base` and `snsapi_userinfo`; website: `snsapi_login`
   */
  readonly scopes?: readonly string[];
  /** 此公众号被封禁: its authorize page shows error 10004. */
  readonly banned?: boolean;
  /** A test account (测试号) that only its followers may log in to: others see error 10006. */
  readonly followersOnly?: boolean;
  /** The third-party platforms (component_appid) that it authorised. */
  readonly components?: readonly string[];
}

/** The first app of each kind. A kind that the options leave out is filled from the presets. */
export interface EmulatorApps {
  /** An official account, for H5 pages. */
  readonly official: EmulatorApp;
  /** A website app, for the QR login. */
  readonly website: EmulatorApp;
  /** A mini program. */
  readonly miniProgram: EmulatorApp;
  /** The first official account without an Open Platform account: its users have no unionid. */
  readonly unbound: EmulatorApp;
}

const OPEN_PLATFORM = 'example-company';

const PRESETS: EmulatorApps = {
  official: {
    type: 'official',
    appId: 'wx0f1c1a10e0000001',
    appSecret: '0f1c1a10e0000001aaaaaaaaaaaaaaa1',
    name: '示例公众号',
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
    name: '未绑定的公众号',
  },
};

const KINDS = {
  official: (app: EmulatorApp) => app.type === 'official',
  website: (app: EmulatorApp) => app.type === 'website',
  miniProgram: (app: EmulatorApp) => app.type === 'miniprogram',
  unbound: (app: EmulatorApp) => app.type === 'official' && app.openPlatform === undefined,
};

/** Names the first app of each kind; what is not configured comes from the presets. */
export function appsByKind(configured: readonly EmulatorApp[]): EmulatorApps {
  const first = (kind: keyof EmulatorApps): EmulatorApp => configured.find(KINDS[kind]) ?? PRESETS[kind];
  return {
    official: first('official'),
    website: first('website'),
    miniProgram: first('miniProgram'),
    unbound: first('unbound'),
  };
}

export class AppRegistry {
  readonly all: readonly EmulatorApp[];
  readonly byKind: EmulatorApps;

  constructor(configured: readonly EmulatorApp[] = []) {
    assertUnique('apps', configured, (app) => app.appId);
    this.byKind = appsByKind(configured);
    this.all = [...new Set([...configured, ...(Object.values(this.byKind) as EmulatorApp[])])];
  }

  find(appId: string | undefined): EmulatorApp | undefined {
    return this.all.find((app) => app.appId === appId);
  }

  /** For callers in code, who get a reason where WeChat would answer 40013. */
  get(appId: string): EmulatorApp {
    const app = this.find(appId);
    if (app) return app;
    const known = this.all.map((each) => each.appId).join(', ');
    throw new Error(`The emulator has no app ${JSON.stringify(appId)}; it knows ${known}`);
  }
}

export function appName(app: EmulatorApp): string {
  return app.name ?? app.appId;
}

/** The scopes that an app may ask for on its own login page. */
export function scopesOf(app: EmulatorApp): readonly string[] {
  if (app.scopes) return app.scopes;
  return app.type === 'website' ? ['snsapi_login'] : ['snsapi_base', 'snsapi_userinfo'];
}
