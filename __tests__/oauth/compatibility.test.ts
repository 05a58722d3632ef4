// Compares the core with the real wechat-oauth 1.5, whose users must not notice a difference.
import { promisify } from 'node:util';
import fc from 'fast-check';
import { OAuth, wrapper, type GetToken } from '../../lib';
import { OAuthFixture } from './oauth-fixture';
import { anyString } from '../support/random/any-string';

type Done = (...args: unknown[]) => void;

/**
 * The part of wechat-oauth's untyped API that is compared here. Ours is called through the same interface.
 */
interface Peer {
  appid: string;
  appsecret: string;
  request(url: string, options: unknown, done: Done): void;
  setOpts(options: object): void;
  getToken(openid: string, done: Done): void;
  saveToken(openid: string, token: unknown, done: Done): void;
  getAuthorizeURL(...args: unknown[]): string;
  getAuthorizeURLForWebsite(...args: unknown[]): string;
  getAccessToken(code: unknown, done: Done): void;
  refreshAccessToken(refreshToken: unknown, done: Done): void;
  verifyToken(openid: unknown, accessToken: unknown, done: Done): void;
  getUser(options: unknown, done: Done): void;
  getUserByCode(options: unknown, done: Done): void;
  getSessionKey(code: unknown, done: Done): void;
  decryptMiniProgramUser(options: object): Record<string, unknown>;
}
type PeerConstructor = new (...args: unknown[]) => Peer;

const WechatOAuth = jest.requireActual<PeerConstructor>('wechat-oauth');
const wrapperOfPeer = jest.requireActual<{ wrapper: typeof wrapper }>('wechat-oauth/lib/util').wrapper;

let fixture: OAuthFixture;
beforeAll(async () => {
  fixture = await OAuthFixture.start({ switches: { suffix: 'none' } });
});
afterAll(() => fixture.close());
afterEach(() => (fixture.emulator.requests.length = 0));

/** wechat-oauth always calls api.weixin.qq.com. Only that host is replaced, by the emulator. */
function redirected(peer: Peer): Peer {
  const request = peer.request.bind(peer);
  peer.request = (url, options, done) =>
    request(url.replace('https://api.weixin.qq.com', fixture.emulator.url), options, done);
  return peer;
}

function pair(kind: 'official' | 'miniProgram' = 'official', secret?: string): [theirs: Peer, ours: Peer] {
  const { appId, appSecret } = fixture.emulator.apps[kind];
  const isMiniProgram = kind === 'miniProgram';
  const appsecret = secret ?? appSecret;
  const ours = new OAuth({ appid: appId, appsecret, isMiniProgram, endpoints: fixture.emulator.endpoints });
  return [
    redirected(new WechatOAuth(appId, appsecret, undefined, undefined, isMiniProgram)),
    ours as unknown as Peer,
  ];
}

/** The arguments with which wechat-oauth and this package call a callback. */
async function both(
  call: (peer: Peer, done: Done) => void,
  peers = pair(),
): Promise<[theirs: unknown[], ours: unknown[]]> {
  const argumentsOf = (peer: Peer): Promise<unknown[]> =>
    new Promise((resolve) => call(peer, (...args) => resolve(args)));
  return [await argumentsOf(peers[0]), await argumentsOf(peers[1])];
}

interface Failure {
  readonly name: string;
  readonly code: unknown;
  readonly message: string;
}

const code = (scope?: string): string => fixture.issueCode(scope);

describe('the constructor', () => {
  it('accepts the arguments of wechat-oauth, and has the same properties', () => {
    const getToken = jest.fn();
    const saveToken = jest.fn();
    const args = ['wxAppid', 'secret', getToken, saveToken, true];
    const [theirs, ours] = [new WechatOAuth(...args), new (OAuth as unknown as PeerConstructor)(...args)];
    for (const name of ['appid', 'appsecret', 'isMiniProgram', 'getToken', 'saveToken'] as const) {
      expect((ours as unknown as Record<string, unknown>)[name]).toBe(
        (theirs as unknown as Record<string, unknown>)[name],
      );
    }
  });

  it.each([
    [null, null],
    [undefined, undefined],
  ])('treats %p as hooks that are not given', (...hooks) => {
    const ours = new (OAuth as unknown as PeerConstructor)('wxAppid', 'secret', ...hooks);
    expect(typeof ours.getToken).toBe('function');
    expect(typeof ours.saveToken).toBe('function');
  });
});

describe.each(['getAuthorizeURL', 'getAuthorizeURLForWebsite'] as const)('%s', (method) => {
  const theirs = new WechatOAuth('wx0f1c1a10e0000001', 'secret');
  const ours = new OAuth('wx0f1c1a10e0000001', 'secret') as unknown as Peer;

  it.each([
    ['https://h5.example.com/cb'],
    ['https://h5.example.com/cb', 'state1'],
    ['https://h5.example.com/cb', 'state1', 'snsapi_userinfo'],
    ['https://h5.example.com/cb?a=1&b=2#/hash', 'a=1&b=2', 'snsapi_base,snsapi_userinfo'],
    ['https%3A%2F%2Fh5.example.com%2Fcb%3Fa%3D1', '%41', ''],
    ['https://例子.example.com/登录?名=值', '状态', 'snsapi_userinfo'],
    ["https://h5.example.com/~a-b_c.d!e*f'(g)/ +\u00e9\u{1f389}", '\t\n\u0000', ' '],
    ['', '', ''],
    [undefined, undefined, undefined],
    [null, null, null],
    [0, 0, 0],
    [false, false, false],
    [true, true, true],
    [42, 42, 42],
    [NaN, NaN, NaN],
    [{}, {}, {}],
  ])('returns the address that wechat-oauth returns for %j, %j, %j', (...args: unknown[]) => {
    expect(ours[method](...args)).toBe(theirs[method](...args));
  });

  it('equals wechat-oauth byte for byte, whatever the arguments', () => {
    const given = fc.oneof(
      fc.constantFrom(undefined, '', '登录', '%E7%99%BB', '&state=1#', 'https://h5.example.com/?a=b'),
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      anyString(),
    );
    fc.assert(
      fc.property(given, given, given, (...args) => {
        expect(ours[method](...args)).toBe(theirs[method](...args));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a lone surrogate, as wechat-oauth does, but with an explanation', () => {
    expect(() => theirs[method]('\ud800')).toThrow('URI malformed');
    expect(() => ours[method]('\ud800')).toThrow(/half a character.*Cut strings between code points/);
  });
});

describe('getAccessToken', () => {
  it('gives the same token, with create_at and isValid()', async () => {
    const [[, theirs], [error, ours, ...more]] = await both((peer, done) =>
      peer.getAccessToken(code(), done),
    );
    interface Token {
      data: Record<string, unknown>;
      isValid(): boolean;
    }
    const [their, our] = [theirs as Token, ours as Token];
    expect([error, ...more]).toEqual([null]);
    expect(Object.keys(our.data)).toEqual(Object.keys(their.data));
    for (const name of ['openid', 'scope', 'unionid', 'expires_in']) {
      expect(our.data[name]).toEqual(their.data[name]);
    }
    expect(typeof our.data['create_at']).toBe(typeof their.data['create_at']);
    expect([our.isValid(), their.isValid()]).toEqual([true, true]);
    expect(Object.keys(our)).toEqual(Object.keys(their));
  });

  it('sends the same request to WeChat', async () => {
    const again = code();
    await both((peer, done) => peer.getAccessToken(again, done));
    const [theirs, ours] = fixture.emulator.requests;
    expect(ours?.query).toEqual(theirs?.query);
    expect([ours?.method, ours?.path]).toEqual([theirs?.method, theirs?.path]);
  });
});

describe('a failed call', () => {
  const used = async (): Promise<string> => {
    const once = code();
    await fixture.createOAuth().getAccessToken(once);
    return once;
  };
  const failures: readonly (readonly [string, (peer: Peer, done: Done) => void])[] = [
    ['an invalid code', (peer, done) => peer.getAccessToken('code', done)],
    ['an empty code', (peer, done) => peer.getAccessToken('', done)],
    ['no code', (peer, done) => peer.getAccessToken(undefined, done)],
    ['a used code', (peer, done) => void used().then((once) => peer.getAccessToken(once, done))],
    ['an invalid code of getUserByCode', (peer, done) => peer.getUserByCode('code', done)],
    ['getUserByCode with no code in its options', (peer, done) => peer.getUserByCode({ lang: 'en' }, done)],
    ['an invalid refresh token', (peer, done) => peer.refreshAccessToken('refresh_token', done)],
    ['no refresh token', (peer, done) => peer.refreshAccessToken(undefined, done)],
    ['an invalid token to verify', (peer, done) => peer.verifyToken('openid', 'token', done)],
    ['no token to verify', (peer, done) => peer.verifyToken(undefined, undefined, done)],
    ['getUser for an unknown openid', (peer, done) => peer.getUser('oUnknown', done)],
    ['getUser for an unknown openid in options', (peer, done) => peer.getUser({ openid: 'oUnknown' }, done)],
    ['getUser without an openid', (peer, done) => peer.getUser(undefined, done)],
    ['getUser for an empty options object', (peer, done) => peer.getUser({}, done)],
    ['getUser for a number', (peer, done) => peer.getUser(42, done)],
    ['an invalid session code', (peer, done) => peer.getSessionKey('code', done)],
  ];

  it.each(failures)('has the same name and code for %s', async (_name, call) => {
    const [[theirs], [ours]] = (await both(call)) as [[Failure], [Failure]];
    expect(ours).toBeInstanceOf(Error);
    expect(ours.name).toBe(theirs.name);
    expect(ours.message).toContain(theirs.message);
    // If no token is saved, the error of wechat-oauth has no code, and the code of ours is a string.
    if (theirs.code !== undefined) expect(ours.code).toBe(theirs.code);
  });

  it.each([undefined, '', {}, { openid: null }])(
    'is a fault of the app if getUser gets no openid (%j): a new login would not help',
    async (given) => {
      const [, [ours]] = await both((peer, done) => peer.getUser(given, done));
      expect(ours).toMatchObject({ name: 'NoOAuthTokenError', kind: 'config', status: 500 });
    },
  );

  it('has the same name and code for a wrong secret', async () => {
    const [[theirs], [ours]] = (await both(
      (peer, done) => peer.getAccessToken(code(), done),
      pair('official', 'no'),
    )) as [[Failure], [Failure]];
    expect([ours.name, ours.code]).toEqual([theirs.name, theirs.code]);
    expect(ours.code).toBe(40125);
  });

  it('has the same name and code if the access token has expired and there is no refresh token', async () => {
    const record = { access_token: 'a', openid: 'o', expires_in: 7200, create_at: 0 };
    const [[theirs], [ours]] = (await both((peer, done) => {
      peer.getToken = (_openid, give) => give(null, record);
      peer.getUser('o', done);
    })) as [[Failure], [Failure]];
    expect([ours.name, ours.code]).toEqual([theirs.name, theirs.code]);
    expect(ours.code).toBe(41003);
  });

  it('has the message of the error of getToken', async () => {
    const [[theirs], [ours]] = (await both((peer, done) => {
      peer.getToken = (_openid, give) => give(new Error('the database is away'));
      peer.getUser('o', done);
    })) as [[Failure], [Failure]];
    expect(theirs.message).toBe('the database is away');
    expect(ours.message).toContain('the database is away');
  });
});

describe('getUser and getUserByCode', () => {
  it('give the same profile', async () => {
    const [[, theirs], [, ours]] = await both((peer, done) => peer.getUserByCode(code(), done));
    expect(ours).toEqual(theirs);
    expect(Object.keys(ours as object)).toEqual(Object.keys(theirs as object));
  });

  it.each(['en', 'zh_TW'])('request the language that is given: %s', async (lang) => {
    await both((peer, done) => peer.getUserByCode({ code: code(), lang }, done));
    const requests = fixture.emulator.requests.filter(({ path }) => path.endsWith('userinfo'));
    expect(requests.map(({ query }) => query['lang'])).toEqual([lang, lang]);
  });

  it('request Chinese if no language is given, and wechat-oauth English: the only difference', async () => {
    await both((peer, done) => peer.getUserByCode(code(), done));
    const requests = fixture.emulator.requests.filter(({ path }) => path.endsWith('userinfo'));
    expect(requests.map(({ query }) => query['lang'])).toEqual(['en', 'zh_CN']);
  });

  it.each<[string, (openid: string) => unknown]>([
    ['a string', (openid) => openid],
    ['{ openid }', (openid) => ({ openid })],
  ])('find a user who has logged in before, by %s', async (_name, options) => {
    const peers = pair();
    await both((peer, done) => peer.getAccessToken(code(), done), peers);
    const [[, theirs], [, ours]] = await both(
      (peer, done) => peer.getUser(options(fixture.openid), done),
      peers,
    );
    expect(ours).toEqual(theirs);
  });

  it('also find a user by { openId }, which only the tests of wechat-oauth use', async () => {
    const [, ours] = pair();
    const get = promisify(ours.getUser.bind(ours)) as (options: object) => Promise<unknown>;
    await (promisify(ours.getAccessToken.bind(ours)) as (given: string) => Promise<unknown>)(code());
    expect(await get({ openId: fixture.openid })).toMatchObject({ openid: fixture.openid });
  });
});

describe('verifyToken', () => {
  it('gives the same result', async () => {
    const { access_token } = await fixture.issueToken();
    const [[, theirs], [, ours]] = await both((peer, done) =>
      peer.verifyToken(fixture.openid, access_token, done),
    );
    expect(ours).toEqual(theirs);
    expect(ours).toEqual({ errcode: 0, errmsg: 'ok' });
  });
});

describe('getToken and saveToken', () => {
  it('are called with the same arguments, on the instance', async () => {
    const calls = [jest.fn(), jest.fn()] as const;
    const record = await fixture.issueToken();
    const peers = pair();
    peers.forEach((peer, at) => {
      peer.getToken = function get(this: unknown, openid, done) {
        calls[at]?.('getToken', openid, this === peer, typeof done);
        done(null, record);
      };
      peer.saveToken = function save(this: unknown, openid, token, done) {
        calls[at]?.('saveToken', openid, Object.keys(token as object), this === peer, typeof done);
        done(null);
      };
    });
    await both((peer, done) => peer.getUser(fixture.openid, done), peers);
    await both((peer, done) => peer.getAccessToken(code(), done), peers);
    expect(calls[0].mock.calls.map(([name]: unknown[]) => name)).toEqual(['getToken', 'saveToken']);
    expect(calls[1].mock.calls).toEqual(calls[0].mock.calls);
  });

  it('are used if they are given to the constructor', async () => {
    const { appId, appSecret } = fixture.emulator.apps.official;
    const record = await fixture.issueToken();
    const getToken = jest.fn((_openid: string, done: Done) => done(null, record));
    const saveToken = jest.fn();
    const theirs = redirected(new WechatOAuth(appId, appSecret, getToken, saveToken));
    const ours = fixture.createOAuth({ getToken: getToken as GetToken, saveToken }) as unknown as Peer;
    const [[, their], [, our]] = await both(
      (peer, done) => peer.getUser(fixture.openid, done),
      [theirs, ours],
    );
    expect(our).toEqual(their);
    expect(getToken.mock.calls.map(([openid]) => openid)).toEqual([fixture.openid, fixture.openid]);
    expect(saveToken).not.toHaveBeenCalled();
  });

  it('are called at an expiry: the saved refresh token is sent, and the refreshed token is saved', async () => {
    const { data } = await fixture.createOAuth().getAccessToken(code());
    const saved: Record<string, unknown>[] = [];
    await both((peer, done) => {
      peer.getToken = (_openid, give) => give(null, { ...data, create_at: 0 });
      peer.saveToken = (_openid, token, taken) => {
        saved.push(token as Record<string, unknown>);
        taken(null);
      };
      peer.getUser(fixture.openid, done);
    });
    const requests = fixture.emulator.requests.filter(({ path }) => path.endsWith('refresh_token'));
    expect(requests.map(({ query }) => query)).toEqual([requests[0]?.query, requests[0]?.query]);
    const [theirs = {}, ours = {}] = saved;
    expect(Object.keys(ours)).toEqual([...Object.keys(theirs), 'login_at']);
  });

  it('are called through the instance, and so is refreshAccessToken', async () => {
    const { data } = await fixture.createOAuth().getAccessToken(code());
    const fresh = { data: { ...data, create_at: Date.now() }, isValid: () => true };
    const [[, theirs], [, ours]] = await both((peer, done) => {
      peer.getToken = (_openid, give) => give(null, { ...data, create_at: 0 });
      peer.refreshAccessToken = (_refreshToken, give) => give(null, fresh);
      peer.getUser(fixture.openid, done);
    });
    expect(ours).toEqual(theirs);
    expect(fixture.countRequests('refresh_token')).toBe(0);
  });
});

describe('mini programs', () => {
  const miniCode = (): string => fixture.emulator.issueCode({ app: fixture.emulator.apps.miniProgram.appId });

  it('get the same session', async () => {
    const [[, theirs], [, ours]] = await both(
      (peer, done) => peer.getSessionKey(miniCode(), done),
      pair('miniProgram'),
    );
    const data = (result: unknown): Record<string, unknown> =>
      (result as { data: Record<string, unknown> }).data;
    expect(Object.keys(data(ours))).toEqual(Object.keys(data(theirs)));
    expect(data(ours)['openid']).toBe(data(theirs)['openid']);
  });

  it('decrypt the same user, and refuse the same invalid data with the same words', () => {
    const sessionKey = Buffer.from('0123456789abcdef').toString('base64');
    const sealed = fixture.emulator.encryptUser({ app: fixture.emulator.apps.miniProgram.appId, sessionKey });
    const foreign = fixture.emulator.encryptUser({ app: fixture.emulator.apps.official.appId, sessionKey });
    const [theirs, ours] = pair('miniProgram');
    const words = (peer: Peer, options: object): string => {
      try {
        return JSON.stringify(peer.decryptMiniProgramUser(options));
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(words(ours, { sessionKey, ...sealed })).toBe(words(theirs, { sessionKey, ...sealed }));
    for (const wrong of [
      { sessionKey, ...foreign },
      { sessionKey: Buffer.alloc(16).toString('base64'), ...sealed },
      { sessionKey, ...sealed, iv: '' },
      { sessionKey, ...sealed, encryptedData: 'AAAA' },
    ]) {
      expect(words(ours, wrong)).toContain(words(theirs, wrong));
    }
  });
});

describe('wrapper', () => {
  /** The arguments of each call of the callback; of an error, its name and code. */
  const outcome = (wrap: typeof wrapper, args: unknown[]): unknown => {
    const calls: unknown[][] = [];
    wrap((...given) => void calls.push(given))(...(args as Parameters<ReturnType<typeof wrapper>>));
    return calls.map(([error, ...rest]) => [
      error && { name: (error as Error).name, code: (error as { code?: unknown }).code },
      ...rest,
    ]);
  };

  it.each<[string, () => unknown[]]>([
    ['a response', () => [null, { openid: 'o' }, 'response']],
    ['no error at all', () => [undefined, { openid: 'o' }]],
    ['errcode 0', () => [null, { errcode: 0, errmsg: 'ok' }, 'response']],
    ['an errcode', () => [null, { errcode: 40029, errmsg: 'invalid code' }, 'response']],
    ['an errcode in a string', () => [null, { errcode: '40029', errmsg: 'invalid code' }]],
    [
      'an error',
      () => [Object.assign(new Error('x'), { name: 'ResponseTimeoutError' }), { a: 1 }, 'response'],
    ],
    ['an error with nothing else', () => [new Error('x')]],
  ])('does the same as util.wrapper with %s', (_name, args) => {
    expect(outcome(wrapper, args())).toEqual(outcome(wrapperOfPeer, args()));
  });

  it('needs no callback', () => {
    expect(() => wrapper()(null, { errcode: 40029, errmsg: 'x' })).not.toThrow();
  });
});
