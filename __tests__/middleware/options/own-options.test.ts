import {
  OptionsError,
  requireWechatUser,
  wechatAuth,
  type WechatAuthError,
  type WechatAuthOptions,
  type WechatGuardOptions,
} from '../../../lib/index';
import { checkGuardOptions } from '../../../lib/middleware/options/option-checks';
import { authorizeURLOf } from '../../../lib/middleware/options/account';
import { resolveOptions } from '../../../lib/middleware/options/resolve-options';
import { emulated } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';

const APP = { appId: 'wx0f1c1a10e0000001', appSecret: '0f1c1a10e0000001aaaaaaaaaaaaaaa1' };
const WEBSITE = { appId: 'wxeb517e0000000002', appSecret: 'eb517e0000000002bbbbbbbbbbbbbbb2' };

/** Valid and invalid values of options, as a bug elsewhere may have written them to `Object.prototype`. */
const POLLUTION: Readonly<Record<string, unknown>> = {
  appId: 'wxeeeeeeeeeeeeeeee',
  appSecret: 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',
  website: { appId: 'wxeeeeeeeeeeeeeeee', appSecret: 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee' },
  baseURL: 'https://evil.example',
  routes: { login: '/evil' },
  login: '/evil',
  callback: '/evil',
  logout: 7,
  scope: 'snsapi_base',
  lang: 'xx',
  flow: () => 'website',
  authRequired: true,
  returnTo: '/evil',
  loginTimeout: 1,
  snapshotUsers: 'allow',
  identity: 'unionid',
  onLogin: () => ({ id: 1 }),
  onError: () => undefined,
  tokenStore: 7,
  preserveSession: false,
  verificationFiles: { 'evil.txt': 'evil' },
  sessionKey: 'evil',
  open: 'https://evil.example',
  api: 'https://evil.example',
  endpoints: { open: 'https://evil.example' },
  http: { timeout: 1 },
  dangerouslyAllowEmulatorInProduction: true,
  check: () => true,
  mode: 'reject',
};

function polluted<T>(work: () => T): T {
  const prototype = Object.prototype as unknown as Record<string, unknown>;
  try {
    Object.assign(prototype, POLLUTION);
    return work();
  } finally {
    for (const name of Object.keys(POLLUTION)) Reflect.deleteProperty(prototype, name);
  }
}

useEmulator();

describe('an Object.prototype that a bug elsewhere has written to', () => {
  const variables = Object.keys(process.env).filter((name) => name.startsWith('WECHAT_'));
  beforeEach(() => {
    for (const name of variables) Reflect.deleteProperty(process.env, name);
  });
  afterEach(() => {
    process.env['NODE_ENV'] = 'test';
  });

  it.each<[string, WechatAuthOptions]>([
    ['an official account', APP],
    ['a website app', { website: WEBSITE }],
    ['both, and empty objects of options', { ...APP, website: WEBSITE, routes: {}, endpoints: {}, http: {} }],
  ])('gives no option to wechatAuth(): %s', (_what, options) => {
    const plain = resolveOptions(options);
    const resolved = polluted(() => resolveOptions(options));
    for (const name of [
      ...(['base', 'routes', 'scope', 'lang', 'flow', 'authRequired', 'returnTo', 'loginTimeout'] as const),
      ...([
        'allowSnapshotUsers',
        'identity',
        'onLogin',
        'onError',
        'verificationFiles',
        'sessionKey',
      ] as const),
    ])
      expect([name, resolved[name]]).toEqual([name, plain[name]]);
    expect(resolved.shouldPreserve('cart')).toBe(true);
    for (const flow of ['official', 'website'] as const) {
      const account = resolved.accounts[flow];
      expect([flow, account?.appid]).toEqual([flow, plain.accounts[flow]?.appid]);
      const address =
        account && authorizeURLOf(account, flow, 'https://h5.example.com/callback', 's', 'snsapi_login');
      expect(address).toEqual(address && expect.stringContaining('https://open.weixin.qq.com/'));
    }
  });

  it.each(['test', 'production'])(
    'neither limits the time of a request to WeChat nor allows an emulator in production: NODE_ENV=%s',
    async (environment) => {
      process.env['NODE_ENV'] = environment;
      const official = polluted(() => resolveOptions(emulated(emulator))).accounts.official?.oauth;
      // Longer than the time limit of the polluted `http`.
      emulator.fail('access_token', { delay: 50 }, { times: 1 });
      const code = emulator.issueCode({ app: emulator.apps.official.appId, scope: 'snsapi_base' });
      const kind = await official?.getAccessToken(code).then(
        () => 'none',
        (error: unknown) => (error as WechatAuthError).kind,
      );
      expect(kind).toBe(environment === 'production' ? 'config' : 'none');
    },
  );

  it('gives no credentials to wechatAuth() without options', () => {
    const faults = polluted(() => {
      try {
        wechatAuth({});
      } catch (error) {
        if (error instanceof OptionsError)
          return error.faults.map(({ path, message }) => ({ path, message }));
      }
      return undefined;
    });
    expect(faults).toEqual([{ path: 'appId', message: expect.stringMatching(/^is missing/) as string }]);
  });

  it('gives no option to requireWechatUser()', () => {
    const options: WechatGuardOptions = {};
    polluted(() => {
      const { check, mode, scope } = checkGuardOptions(options);
      expect([check, mode, scope]).toEqual([undefined, undefined, undefined]);
    });
    expect(() => polluted(() => requireWechatUser({}))).not.toThrow();
  });
});

it('reads the own properties of an object that has a prototype', () => {
  class Settings {
    readonly appId = APP.appId;
    readonly appSecret = APP.appSecret;
  }
  Object.assign(Settings.prototype, { scope: 'snsapi_base' });
  const { accounts, scope } = resolveOptions(new Settings());
  expect([accounts.official?.appid, scope]).toEqual([APP.appId, 'snsapi_userinfo']);
});
