// The calls of a login, one by one.
import { inspect } from 'node:util';
import { OAuth, WechatAuthError, type TokenData, type WechatUser } from '../../lib';
import { Lab, failure } from './lab';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.open();
});
afterAll(() => lab.close());
beforeEach(() => (lab.wechat.requests.length = 0));

describe('new OAuth', () => {
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ["''", ''],
    ['42', 42],
    ['undefined', {}],
    ["''", { appid: '' }],
    ['null', { appid: null, appsecret: 'CANARY' }],
    ['[Object]', { appid: { appid: 'wx', secret: 'CANARY' } }],
    ['[Array]', ['CANARY']],
  ])('refuses the appid %s, and says what to give', (shown, first) => {
    const make = (): OAuth => new OAuth(first as string);
    expect(make).toThrow(WechatAuthError);
    expect(make).toThrow(/^appid is .*\. Give the AppID that the WeChat console shows\.$/);
    expect(make).not.toThrow(/CANARY/);
    if (!Array.isArray(first)) expect(make).toThrow(`appid is ${shown}.`);
  });

  it('needs no secret for calls that do not send it', () => {
    expect(new OAuth('wx').getAuthorizeURL('r')).toContain('appid=wx&');
  });

  it('lets WeChat report that the secret is missing', async () => {
    const oauth = new OAuth({
      appid: lab.wechat.apps.official.appId,
      endpoints: lab.wechat.endpoints,
    } as never);
    expect(await failure(oauth.getAccessToken(lab.code()))).toMatchObject({
      code: 41004,
      kind: 'credentials',
    });
  });

  it('keeps the secret readable, but out of logs and JSON', () => {
    const oauth = new OAuth({
      appid: 'wx',
      appsecret: 'CANARY-secret',
      http: { proxy: { host: 'h', port: 1, auth: { username: 'u', password: 'CANARY-proxy' } } },
      endpoints: { api: 'http://127.0.0.1:1' },
    });
    expect(oauth.appsecret).toBe('CANARY-secret');
    const printed = [
      inspect(oauth, { depth: 20, showHidden: true, getters: true }),
      inspect({ deep: [oauth] }, { depth: 20, showHidden: true }),
      JSON.stringify(oauth),
      JSON.stringify(Object.entries(oauth)),
      Object.values(oauth).join(),
    ].join('\n');
    expect(printed).not.toContain('CANARY');
    expect(printed).toContain('wx');
  });

  it('is printed with the name of a subclass of the app', () => {
    class CompanyOAuth extends OAuth {}
    expect(inspect(new CompanyOAuth('wx', 'CANARY'))).toBe("CompanyOAuth { appid: 'wx' }");
  });
});

describe('getUserByCode', () => {
  it('resolves with the profile', async () => {
    const user = await lab.oauth().getUserByCode(lab.code());
    expect(user).toMatchObject({
      openid: lab.openid,
      unionid: lab.wechat.unionid('ming', lab.wechat.apps.official.appId),
      nickname: '小明',
      privilege: [],
    });
  });

  it('resolves with the ids after a silent login, and does not request a profile', async () => {
    expect(await lab.oauth().getUserByCode(lab.code('snsapi_base'))).toEqual({ openid: lab.openid });
    expect(lab.count('userinfo')).toBe(0);
  });

  it.each([
    ['snsapi_base,', { openid: true }],
    ['snsapi_base,snsapi_base', { openid: true }],
  ])('does not request a profile for the granted scope %j', async (scope) => {
    lab.wechat.fail('access_token', { patch: { scope, unionid: 'oUnion' } });
    expect(await lab.oauth().getUserByCode(lab.code('snsapi_base'))).toEqual({
      openid: lab.openid,
      unionid: 'oUnion',
    });
    expect(lab.count('userinfo')).toBe(0);
  });

  it.each(['snsapi_userinfo,', 'snsapi_base,snsapi_userinfo', 'snsapi_login', undefined, null, ''])(
    'requests the profile for the granted scope %j',
    async (scope) => {
      lab.wechat.fail('access_token', { patch: { scope } });
      expect(await lab.oauth().getUserByCode(lab.code())).toMatchObject({ nickname: '小明' });
    },
  );

  it('requests the language that is given, otherwise Chinese', async () => {
    const oauth = lab.oauth();
    await oauth.getUserByCode({ code: lab.code(), lang: 'en' });
    await oauth.getUserByCode({ code: lab.code(), lang: undefined });
    await oauth.getUserByCode({ code: lab.code(), lang: '' as 'en' });
    const asked = lab.wechat.requests.filter(({ path }) => path.endsWith('userinfo'));
    expect(asked.map(({ query }) => query['lang'])).toEqual(['en', 'zh_CN', 'zh_CN']);
  });

  it.each([undefined, null, {}, { code: undefined }, 42, { code: ['a', 'b'] }])(
    'lets WeChat report a missing code: %p',
    async (given) => {
      const error = await failure(lab.oauth().getUserByCode(given as unknown as string));
      expect([41008, 40029]).toContain(error.code);
    },
  );

  it('works for a website app', async () => {
    const { website } = lab.wechat.apps;
    const oauth = lab.oauth({ appid: website.appId, appsecret: website.appSecret });
    expect(await oauth.getUserByCode(lab.wechat.issueCode({ app: website.appId }))).toMatchObject({
      openid: lab.wechat.openid('ming', website.appId),
      unionid: lab.wechat.unionid('ming', lab.wechat.apps.official.appId),
    });
  });

  it('calls the methods that the app replaced on the instance, with callback or promise', async () => {
    const data = {
      access_token: 'a',
      openid: 'oMine',
      expires_in: 7200,
      scope: 'snsapi_userinfo',
      create_at: 0,
    };
    const oauth = lab.oauth();
    oauth.getAccessToken = ((_code: string, done: (error: null, token: unknown) => void) =>
      done(null, { data })) as never;
    oauth.getUser = ((options: object) => Promise.resolve({ ...options, nickname: '我' })) as never;
    expect(await oauth.getUserByCode('c')).toMatchObject({ openid: 'oMine', nickname: '我' });
  });

  it.each(['getAccessToken', 'getUser'] as const)(
    'says so if a replaced %s returns no result',
    async (method) => {
      const oauth = lab.oauth();
      oauth[method] = ((_given: unknown, done: (error: null) => void) => done(null)) as never;
      const error = await failure(oauth.getUserByCode(lab.code()));
      expect(error).toMatchObject({ kind: 'config' });
      expect(error.message).toBe(
        `${method} was replaced on this instance by a function that returns no result. Return or pass on the result.`,
      );
    },
  );
});

describe('a virtual account of the snapshot page', () => {
  const code = (scope = 'snsapi_userinfo'): string =>
    lab.wechat.issueCode({ app: lab.wechat.apps.official.appId, user: 'snapshot', scope, virtual: true });

  it('is marked, has its profile, and is not saved', async () => {
    const saveToken = jest.fn();
    const oauth = lab.oauth({ saveToken, getToken: () => Promise.resolve(null) });
    const user = await oauth.getUserByCode(code());
    expect(user).toMatchObject({ nickname: '微信用户', is_snapshotuser: 1 });
    expect(saveToken).not.toHaveBeenCalled();
    expect(await failure(oauth.getUser(user.openid))).toMatchObject({ kind: 'no_token' });
  });

  it('is not saved by getAccessToken either, which resolves with its token', async () => {
    const saveToken = jest.fn();
    const token = await lab.oauth({ saveToken }).getAccessToken(code());
    expect(token.data.is_snapshotuser).toBe(1);
    expect(saveToken).not.toHaveBeenCalled();
  });

  it('is marked if WeChat sends the mark as a string', async () => {
    lab.wechat.fail('access_token', { patch: { is_snapshotuser: '1' } });
    expect((await lab.oauth().getUserByCode(code())).is_snapshotuser).toBe(1);
  });

  it('has only its ids if WeChat refuses the profile', async () => {
    lab.wechat.switches.snapshotUserinfo = 'unauthorized';
    const user = await lab.oauth().getUserByCode(code());
    lab.wechat.switches.snapshotUserinfo = 'ok';
    expect(Object.keys(user).sort()).toEqual(['is_snapshotuser', 'openid', 'unionid']);
  });

  it('rejects if WeChat refuses its profile for another reason', async () => {
    lab.wechat.fail('userinfo', { errcode: 45011 });
    expect(await failure(lab.oauth().getUserByCode(code()))).toMatchObject({ kind: 'rate_limit' });
  });

  it('is not a virtual account if the mark is 0', async () => {
    lab.wechat.fail('access_token', { patch: { is_snapshotuser: 0 } });
    const user: WechatUser = await lab.oauth().getUserByCode(lab.code());
    expect(user.is_snapshotuser).toBeUndefined();
  });
});

describe('getUserByAccessToken', () => {
  it('is the second half of getUserByCode, with promise or callback', async () => {
    const oauth = lab.oauth();
    const token = await oauth.getAccessToken(lab.code());
    expect(await oauth.getUserByAccessToken(token, { lang: 'en' })).toMatchObject({ nickname: '小明' });
    const user = await new Promise((resolve) => {
      oauth.getUserByAccessToken(token, undefined, (_error, found) => resolve(found));
    });
    expect(user).toMatchObject({ nickname: '小明' });
    const asked = lab.wechat.requests.filter(({ path }) => path.endsWith('userinfo'));
    expect(asked.map(({ query }) => query['lang'])).toEqual(['en', 'zh_CN']);
    expect(lab.count('access_token')).toBe(1);
  });
});

describe('setOpts', () => {
  it.each([undefined, null, {}])('treats %p as no options', async (opts) => {
    const oauth = lab.oauth();
    oauth.setOpts(opts as object);
    await expect(oauth.getUserByCode(lab.code())).resolves.toBeDefined();
  });
});

describe('getValidAccessToken', () => {
  it('resolves with the token of a logged-in user, and refreshes it in time', async () => {
    const oauth = lab.oauth();
    const { data } = await oauth.getAccessToken(lab.code());
    expect((await oauth.getValidAccessToken(lab.openid)).data).toBe(data);
    const error = await failure(oauth.getValidAccessToken('oStranger'));
    expect(error).toMatchObject({ kind: 'no_token', name: 'NoOAuthTokenError' });
  });
});

describe('getToken and saveToken', () => {
  it("read and write the app's store, also if the app calls them", async () => {
    const oauth = lab.oauth();
    const record = await lab.token();
    await oauth.saveToken(lab.openid, record);
    expect(await oauth.getToken(lab.openid)).toEqual(record);
    expect(await oauth.getToken('oStranger')).toBeNull();
  });

  it('may be those of a subclass, which may call the originals', async () => {
    const log: string[] = [];
    class Logged extends OAuth {
      override getToken(openid: string, done?: never): unknown {
        log.push(`get ${String(this instanceof Logged)}`);
        return super.getToken(openid, done);
      }
      override async saveToken(openid: string, token: TokenData): Promise<void> {
        log.push('save');
        await super.saveToken(openid, token);
      }
    }
    const { appId, appSecret } = lab.wechat.apps.official;
    const oauth = new Logged({ appid: appId, appsecret: appSecret, endpoints: lab.wechat.endpoints });
    await oauth.getUserByCode(lab.code());
    await oauth.getUserByCode(lab.code('snsapi_base'));
    expect(log).toEqual(['save']);
    await failure(oauth.getUser('oStranger'));
    expect(log).toEqual(['save', 'get true']);
  });

  it('are used in place of a token store', async () => {
    const tokenStore = { get: jest.fn(), set: jest.fn(), delete: jest.fn() };
    const record = await lab.token();
    const oauth = lab.oauth({ tokenStore, getToken: () => Promise.resolve(record) });
    await expect(oauth.getUser(lab.openid)).resolves.toBeDefined();
    expect(tokenStore.get).not.toHaveBeenCalled();
  });
});
