import cluster from 'node:cluster';
import Keyv from 'keyv';
import {
  KeyvTokenStore,
  MemoryTokenStore,
  OptionsError,
  RedisTokenStore,
  wechatAuth,
  type RedisClient,
  type WechatAuthOptions,
} from '../../../lib';

const OFFICIAL = { appId: 'wx0123456789abcdef', appSecret: '0f1c1a10e0000001aaaaaaaaaaaaaaa1' };
const WEBSITE = { website: { appId: 'wxeb517e0000000002', appSecret: 'eb517e0000000002bbbbbbbbbbbbbbb2' } };

function faultsOf(options: WechatAuthOptions | Record<string, unknown>): string[] {
  try {
    wechatAuth(options);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsError);
    return (error as OptionsError).faults.map(({ path, message }) => `${path} ${message}`);
  }
}

const redis = {
  get: jest.fn(),
  pSetEx: jest.fn(),
  del: jest.fn(),
  eval: jest.fn(),
} as unknown as RedisClient;

describe('the option scanLogin', () => {
  const warnings = jest.spyOn(process, 'emitWarning');
  beforeEach(() => warnings.mockReset().mockImplementation());
  afterAll(() => {
    warnings.mockRestore();
  });

  it.each([true, false, undefined, {}, { confirm: 'tap' }, { confirm: 'pin', check: () => true }])(
    'may be %j',
    (scanLogin) => {
      expect(faultsOf({ ...OFFICIAL, scanLogin })).toEqual([]);
      expect(warnings).not.toHaveBeenCalled();
    },
  );

  it.each<[string, unknown, string]>([
    ['a string', 'yes', 'scanLogin is a string. Use true, false, or { confirm, check }.'],
    ['null', null, 'scanLogin is null. Use true, false, or { confirm, check }.'],
    ['another confirmation', { confirm: 'code' }, "scanLogin.confirm is 'code'. Use 'tap' or 'pin'."],
    [
      'a check that is not a function',
      { check: true },
      'scanLogin.check is true. Give a function (pc, phone) that returns true for a login that may go on.',
    ],
    ['a misspelled name', { confrm: 'pin' }, 'scanLogin.confrm is not an option. Did you mean confirm?'],
  ])('is refused as %s', (_what, scanLogin, fault) => {
    expect(faultsOf({ ...OFFICIAL, scanLogin })).toEqual([fault]);
  });

  it('needs the official account', () => {
    expect(faultsOf({ ...WEBSITE, scanLogin: true })).toEqual([
      'scanLogin is on, but there is no official account. Give appId and appSecret of the official account.',
    ]);
  });

  it('needs its route', () => {
    expect(faultsOf({ ...OFFICIAL, scanLogin: true, routes: { scan: false } })).toEqual([
      'routes.scan is false, but scanLogin needs the route. Give it a path.',
    ]);
    expect(faultsOf({ ...OFFICIAL, routes: { scan: false } })).toEqual([]);
    expect(faultsOf({ ...OFFICIAL, scanLogin: true, routes: { scan: '/login' } })).toHaveLength(1);
  });

  it("is needed by flow: 'scan'", () => {
    const fault = "flow is 'scan', but scan login is off. Give scanLogin: true.";
    expect(faultsOf({ ...OFFICIAL, flow: 'scan' })).toEqual([fault]);
    expect(faultsOf({ ...OFFICIAL, flow: 'scan', scanLogin: false })).toEqual([fault]);
    expect(faultsOf({ ...OFFICIAL, flow: 'scan', scanLogin: true })).toEqual([]);
  });

  it('takes no property from Object.prototype', () => {
    const polluted = Object.prototype as { confirm?: string };
    polluted.confirm = 'code';
    try {
      expect(faultsOf({ ...OFFICIAL, scanLogin: {} })).toEqual([]);
    } finally {
      delete polluted.confirm;
    }
  });

  it('warns of a store that shares no results of scan logins between processes', () => {
    wechatAuth({ ...OFFICIAL, scanLogin: true, tokenStore: new KeyvTokenStore(new Keyv()) });
    expect(warnings.mock.calls).toEqual([
      [
        expect.stringContaining('scanLogin'),
        {
          type: 'WechatAuthWarning',
          code: 'WECHAT_SCAN_LOGIN_STORE',
          detail: expect.stringContaining('/docs/zh-CN/warnings.md') as string,
        },
      ],
    ]);
  });

  it.each([
    ['no store', undefined],
    ['a memory store', new MemoryTokenStore()],
    ['Redis', new RedisTokenStore(redis)],
  ])('does not warn with %s', (_what, tokenStore) => {
    wechatAuth({ ...OFFICIAL, scanLogin: true, tokenStore });
    expect(warnings).not.toHaveBeenCalled();
  });

  it('is refused in a process of a cluster, unless its store shares the tickets', () => {
    const isWorker = jest.replaceProperty(cluster, 'isWorker', true);
    try {
      expect(faultsOf({ ...OFFICIAL, scanLogin: true })).toEqual([
        expect.stringMatching(/^scanLogin is on in a process of a cluster.*RedisTokenStore/),
      ]);
      expect(faultsOf({ ...OFFICIAL })).toEqual([]);
      expect(faultsOf({ ...OFFICIAL, scanLogin: true, tokenStore: new RedisTokenStore(redis) })).toEqual([]);
    } finally {
      isWorker.restore();
    }
  });
});
