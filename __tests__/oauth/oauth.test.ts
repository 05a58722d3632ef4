// Each method of the OAuth class that a login uses.
import { inspect } from 'node:util';
import { OAuth, WechatAuthError, type TokenData, type WechatUser } from '../../lib';
import { OAuthFixture, failure } from './oauth-fixture';

let fixture: OAuthFixture;
beforeAll(async () => {
  fixture = await OAuthFixture.start();
});
afterAll(() => fixture.close());
beforeEach(() => (fixture.emulator.requests.length = 0));

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

  it('refuses an AppSecret as the appid, which is in addresses, without repeating it', () => {
    const secret = 'c0ffee00c0ffee00c0ffee00c0ffee00';
    const make = (): OAuth => new OAuth(secret, 'wx0f1c1a10e0000001');
    expect(make).toThrow(
      /^appid has the form of an AppSecret\. .*the AppID .*, and the AppSecret as appsecret\.$/,
    );
    expect(make).not.toThrow(secret);
  });

  it.each([
    [{ appId: 'wx', appSecret: 's' }, 'appId is not an option of OAuth. Did you mean appid?'],
    [{ appid: 'wx', appSecret: 's' }, 'appSecret is not an option of OAuth. Did you mean appsecret?'],
  ])('knows the spelling of wechatAuth(), and names its own: %p', (options, message) => {
    expect(() => new OAuth(options as never)).toThrow(message);
  });

  it('takes an object with both spellings, such as a row of a database', () => {
    expect(new OAuth({ appId: 'a', appSecret: 'b', appid: 'wx', appsecret: 's' } as never).appid).toBe('wx');
  });

  it('needs no secret for calls that do not send it', () => {
    expect(new OAuth('wx').getAuthorizeURL('r')).toContain('appid=wx&');
  });

  it('lets WeChat report that the secret is missing', async () => {
    const oauth = new OAuth({
      appid: fixture.emulator.apps.official.appId,
      endpoints: fixture.emulator.endpoints,
    } as never);
    expect(await failure(oauth.getAccessToken(fixture.issueCode()))).toMatchObject({
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

  it('is printed with the name of the subclass that the app made', () => {
    class CompanyOAuth extends OAuth {}
    expect(inspect(new CompanyOAuth('wx', 'CANARY'))).toBe("CompanyOAuth { appid: 'wx' }");
  });
});

describe('getUserByCode', () => {
  it('resolves with the profile', async () => {
    const user = await fixture.createOAuth().getUserByCode(fixture.issueCode());
    expect(user).toMatchObject({
      openid: fixture.openid,
      unionid: fixture.emulator.unionid('ming', fixture.emulator.apps.official.appId),
      nickname: '小明',
      privilege: [],
    });
  });

  it('resolves with the ids after a silent login, and does not request a profile', async () => {
    expect(await fixture.createOAuth().getUserByCode(fixture.issueCode('snsapi_base'))).toEqual({
      openid: fixture.openid,
    });
    expect(fixture.countRequests('userinfo')).toBe(0);
  });

  it.each(['snsapi_base,', 'snsapi_base,snsapi_base'])(
    'does not request a profile for the granted scope %j',
    async (scope) => {
      fixture.emulator.fail('access_token', { patch: { scope, unionid: 'oUnion' } });
      expect(await fixture.createOAuth().getUserByCode(fixture.issueCode('snsapi_base'))).toEqual({
        openid: fixture.openid,
        unionid: 'oUnion',
      });
      expect(fixture.countRequests('userinfo')).toBe(0);
    },
  );

  it.each(['snsapi_userinfo,', 'snsapi_base,snsapi_userinfo', 'snsapi_login', undefined, null, ''])(
    'requests the profile for the granted scope %j',
    async (scope) => {
      fixture.emulator.fail('access_token', { patch: { scope } });
      expect(await fixture.createOAuth().getUserByCode(fixture.issueCode())).toMatchObject({
        nickname: '小明',
      });
    },
  );

  it('requests the language that is given, otherwise Chinese', async () => {
    const oauth = fixture.createOAuth();
    await oauth.getUserByCode({ code: fixture.issueCode(), lang: 'en' });
    await oauth.getUserByCode({ code: fixture.issueCode(), lang: undefined });
    await oauth.getUserByCode({ code: fixture.issueCode(), lang: '' as 'en' });
    const requests = fixture.emulator.requests.filter(({ path }) => path.endsWith('userinfo'));
    expect(requests.map(({ query }) => query['lang'])).toEqual(['en', 'zh_CN', 'zh_CN']);
  });

  it.each([undefined, null, {}, { code: undefined }, 42, { code: ['a', 'b'] }])(
    'lets WeChat report a missing code: %p',
    async (given) => {
      const error = await failure(fixture.createOAuth().getUserByCode(given as unknown as string));
      expect([41008, 40029]).toContain(error.code);
    },
  );

  it('works for a website app', async () => {
    const { website } = fixture.emulator.apps;
    const oauth = fixture.createOAuth({ appid: website.appId, appsecret: website.appSecret });
    expect(await oauth.getUserByCode(fixture.emulator.issueCode({ app: website.appId }))).toMatchObject({
      openid: fixture.emulator.openid('ming', website.appId),
      unionid: fixture.emulator.unionid('ming', fixture.emulator.apps.official.appId),
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
    const oauth = fixture.createOAuth();
    oauth.getAccessToken = ((_code: string, done: (error: null, token: unknown) => void) =>
      done(null, { data })) as never;
    oauth.getUser = ((options: object) => Promise.resolve({ ...options, nickname: '我' })) as never;
    expect(await oauth.getUserByCode('c')).toMatchObject({ openid: 'oMine', nickname: '我' });
  });

  it.each(['getAccessToken', 'getUser'] as const)(
    'explains that a replaced %s returned no result',
    async (method) => {
      const oauth = fixture.createOAuth();
      oauth[method] = ((_given: unknown, done: (error: null) => void) => done(null)) as never;
      const error = await failure(oauth.getUserByCode(fixture.issueCode()));
      expect(error).toMatchObject({ kind: 'config' });
      expect(error.message).toBe(
        `${method} was replaced on this instance by a function that gave no result. ` +
          'Return the result, or pass it to the callback.',
      );
    },
  );
});

describe('a virtual account of the snapshot page', () => {
  const code = (scope = 'snsapi_userinfo'): string =>
    fixture.emulator.issueCode({
      app: fixture.emulator.apps.official.appId,
      user: 'snapshot',
      scope,
      virtual: true,
    });

  it('is marked, has its profile, and is not saved', async () => {
    const saveToken = jest.fn();
    const oauth = fixture.createOAuth({ saveToken, getToken: () => Promise.resolve(null) });
    const user = await oauth.getUserByCode(code());
    expect(user).toMatchObject({ nickname: '微信用户', is_snapshotuser: 1 });
    expect(saveToken).not.toHaveBeenCalled();
    expect(await failure(oauth.getUser(user.openid))).toMatchObject({ kind: 'no_token' });
  });

  it('is not saved by getAccessToken either, which resolves with its token', async () => {
    const saveToken = jest.fn();
    const token = await fixture.createOAuth({ saveToken }).getAccessToken(code());
    expect(token.data.is_snapshotuser).toBe(1);
    expect(saveToken).not.toHaveBeenCalled();
  });

  it('is marked if WeChat sends the mark as a string', async () => {
    fixture.emulator.fail('access_token', { patch: { is_snapshotuser: '1' } });
    expect((await fixture.createOAuth().getUserByCode(code())).is_snapshotuser).toBe(1);
  });

  it('has only its ids if WeChat refuses the profile', async () => {
    fixture.emulator.switches.snapshotUserinfo = 'unauthorized';
    const user = await fixture.createOAuth().getUserByCode(code());
    fixture.emulator.switches.snapshotUserinfo = 'ok';
    expect(Object.keys(user).sort()).toEqual(['is_snapshotuser', 'openid', 'unionid']);
  });

  it('rejects if WeChat refuses its profile for another reason', async () => {
    fixture.emulator.fail('userinfo', { errcode: 45011 });
    expect(await failure(fixture.createOAuth().getUserByCode(code()))).toMatchObject({ kind: 'rate_limit' });
  });

  it('is not assumed if the mark is 0', async () => {
    fixture.emulator.fail('access_token', { patch: { is_snapshotuser: 0 } });
    const user: WechatUser = await fixture.createOAuth().getUserByCode(fixture.issueCode());
    expect(user.is_snapshotuser).toBeUndefined();
  });
});

describe('getUserByAccessToken', () => {
  it('is the second half of getUserByCode, with promise or callback', async () => {
    const oauth = fixture.createOAuth();
    const token = await oauth.getAccessToken(fixture.issueCode());
    expect(await oauth.getUserByAccessToken(token, { lang: 'en' })).toMatchObject({ nickname: '小明' });
    const user = await new Promise((resolve) => {
      oauth.getUserByAccessToken(token, undefined, (_error, found) => resolve(found));
    });
    expect(user).toMatchObject({ nickname: '小明' });
    const requests = fixture.emulator.requests.filter(({ path }) => path.endsWith('userinfo'));
    expect(requests.map(({ query }) => query['lang'])).toEqual(['en', 'zh_CN']);
    expect(fixture.countRequests('access_token')).toBe(1);
  });
});

describe('setOpts', () => {
  it.each([undefined, null, {}])('treats %p as no options', async (opts) => {
    const oauth = fixture.createOAuth();
    oauth.setOpts(opts as object);
    await expect(oauth.getUserByCode(fixture.issueCode())).resolves.toBeDefined();
  });
});

describe('getValidAccessToken', () => {
  it('resolves with the token of a user who has logged in, and rejects for an unknown openid', async () => {
    const oauth = fixture.createOAuth();
    const { data } = await oauth.getAccessToken(fixture.issueCode());
    expect((await oauth.getValidAccessToken(fixture.openid)).data).toBe(data);
    const error = await failure(oauth.getValidAccessToken('oUnknown'));
    expect(error).toMatchObject({ kind: 'no_token', name: 'NoOAuthTokenError' });
  });
});

describe('getToken and saveToken', () => {
  it("read and write the app's store, also if the app calls them", async () => {
    const oauth = fixture.createOAuth();
    const record = await fixture.issueToken();
    await oauth.saveToken(fixture.openid, record);
    expect(await oauth.getToken(fixture.openid)).toEqual(record);
    expect(await oauth.getToken('oUnknown')).toBeNull();
  });

  it('may be overridden in a subclass, which may call the originals', async () => {
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
    const { appId, appSecret } = fixture.emulator.apps.official;
    const oauth = new Logged({ appid: appId, appsecret: appSecret, endpoints: fixture.emulator.endpoints });
    await oauth.getUserByCode(fixture.issueCode());
    await oauth.getUserByCode(fixture.issueCode('snsapi_base'));
    expect(log).toEqual(['save']);
    await failure(oauth.getUser('oUnknown'));
    expect(log).toEqual(['save', 'get true']);
  });

  it('are used in place of a token store', async () => {
    const tokenStore = { get: jest.fn(), set: jest.fn(), delete: jest.fn() };
    const record = await fixture.issueToken();
    const oauth = fixture.createOAuth({ tokenStore, getToken: () => Promise.resolve(record) });
    await expect(oauth.getUser(fixture.openid)).resolves.toBeDefined();
    expect(tokenStore.get).not.toHaveBeenCalled();
  });
});
