import https from 'node:https';
import { createEmulator, PageRefusal, selfSignedCertificate, type EmulatorOptions } from '../../lib/emulator';
import { CALLBACK, codeIn, IN_WECHAT, Lab } from './support/lab';

let lab: Lab | undefined;
const open = async (options?: EmulatorOptions): Promise<Lab> => (lab = await Lab.open(options));
afterEach(() => lab?.wechat.close());

describe('createEmulator()', () => {
  it('runs several WeChats at once, which know nothing of each other', async () => {
    const [one, other] = await Promise.all([Lab.open(), Lab.open()]);
    const code = one.wechat.issueCode({ app: one.wechat.apps.official.appId });
    expect((await other.redeem(code)).json['errcode']).toBe(40029);
    expect((await one.redeem(code)).json).toHaveProperty('openid');
    await Promise.all([one.wechat.close(), other.wechat.close()]);
  });

  it('gives a person the same ids in every run, another one at each app, one unionid at a company', async () => {
    const { wechat } = await open();
    const second = await createEmulator();
    await second.close();
    const { official, website, unbound } = wechat.apps;
    expect(second.openid('ming', official.appId)).toBe(wechat.openid('ming', official.appId));
    expect(wechat.openid('ming', website.appId)).not.toBe(wechat.openid('ming', official.appId));
    expect(wechat.unionid('ming', website.appId)).toBe(wechat.unionid('ming', official.appId));
    expect(wechat.unionid('ming', unbound.appId)).toBeUndefined();
  });

  it('takes apps of one’s own and fills the missing kinds from the presets', async () => {
    const mine = { type: 'official', appId: 'wx1234567890abcdef', appSecret: 's'.repeat(32) } as const;
    const { wechat } = await open({ apps: [mine] });
    expect(wechat.apps.official).toEqual(mine);
    expect(wechat.apps.website.type).toBe('website');
  });

  it.each<[string, unknown, RegExp]>([
    [
      'an unknown switch',
      { switches: { consents: 'ask' } },
      /Unknown switch consents; the switches are consent, client/,
    ],
    [
      'a value that a switch lacks',
      { switches: { consent: 'yes' } },
      /switches\.consent is "yes"; it can be "ask", "allow", "deny"/,
    ],
    ['no users', { users: [] }, /at least one user/],
    [
      'two users of one id',
      {
        users: [
          { id: 'a', nickname: 'A' },
          { id: 'a', nickname: 'B' },
        ],
      },
      /Two users are called "a"/,
    ],
  ])('refuses %s in words', async (_, options, message) => {
    await expect(createEmulator(options as EmulatorOptions)).rejects.toThrow(message);
  });

  it('names the people and apps it knows where one is unknown', async () => {
    const { wechat } = await open();
    expect(() => wechat.openid('nobody', wechat.apps.official.appId)).toThrow(
      /no user "nobody"; it knows ming, follower/,
    );
    expect(() => wechat.issueCode({ app: 'wx0' })).toThrow(/no app "wx0"; it knows wx0f1c1a10e0000001/);
  });

  it('rejects where the port is in use', async () => {
    const { wechat } = await open();
    await expect(createEmulator({ port: Number(new URL(wechat.url).port) })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  it('serves over TLS with a certificate of its own making', async () => {
    const pair = selfSignedCertificate(['localhost', '127.0.0.1']);
    const { wechat } = await open({ https: pair });
    expect(wechat.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const body = await new Promise<string>((resolve, reject) => {
      const request = https.get(`${wechat.url}/sns/auth`, { ca: pair.cert, agent: false }, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      });
      request.on('error', reject);
    });
    expect(body).toContain('access_token missing');
  });
});

describe('authorize()', () => {
  it('rejects with WeChat’s text, its number and the reason', async () => {
    const { wechat } = await open();
    const attempt = wechat.authorize(`${wechat.url}/connect/oauth2/authorize?redirect_uri=x`);
    await expect(attempt).rejects.toBeInstanceOf(PageRefusal);
    await expect(attempt).rejects.toMatchObject({
      code: 10012,
      text: 'appid不能为空',
      advice: 'appid is missing',
    });
  });

  it('refuses an address that is not this emulator’s, or no login page', async () => {
    const { wechat } = await open();
    await expect(wechat.authorize('https://example.com/connect/oauth2/authorize')).rejects.toThrow(
      'is not this emulator',
    );
    await expect(wechat.authorize(`${wechat.url}/sns/auth`)).rejects.toThrow('is no login page');
  });

  it('takes WeChat’s own address for its own: apps that know no other', async () => {
    const laboratory = await open();
    const url = laboratory.authorizeURL().replace(laboratory.wechat.url, 'https://open.weixin.qq.com');
    expect(await laboratory.wechat.authorize(url)).toContain('code=');
  });

  it('follows the switch consent unless told what to press', async () => {
    const laboratory = await open({ switches: { consent: 'deny' } });
    expect(await laboratory.wechat.authorize(laboratory.authorizeURL())).toBeUndefined();
    expect(await laboratory.wechat.authorize(laboratory.authorizeURL(), { allow: true })).toContain('code=');
  });
});

describe('requests', () => {
  it('records what reached WeChat, in order, with query, form and headers', async () => {
    const laboratory = await open();
    const { wechat } = laboratory;
    await wechat.authorize(laboratory.authorizeURL());
    await laboratory.get('/sns/auth', { access_token: 'a' }, { 'X-Test': '1' });
    await laboratory.post('/sns/auth', { openid: 'o' });
    await laboratory.get('/');
    expect(wechat.requests.map((request) => `${request.method} ${request.path}`)).toEqual([
      'GET /connect/oauth2/authorize',
      'GET /sns/auth',
      'POST /sns/auth',
    ]);
    expect(wechat.requests[0]?.query).toMatchObject({ redirect_uri: CALLBACK, state: 'abc' });
    expect(wechat.requests[1]).toMatchObject({ query: { access_token: 'a' }, headers: { 'x-test': '1' } });
    expect(wechat.requests[2]?.form).toEqual({ openid: 'o' });
    wechat.requests.length = 0;
    await laboratory.get('/sns/auth');
    expect(wechat.requests).toHaveLength(1);
  });

  it('keeps the last thousand', async () => {
    const laboratory = await open();
    for (let visit = 0; visit < 1005; visit += 1)
      await laboratory.wechat.authorize(laboratory.authorizeURL({ state: String(visit) }));
    expect(laboratory.wechat.requests).toHaveLength(1000);
    expect(laboratory.wechat.requests.at(-1)?.query['state']).toBe('1004');
  });
});

describe('switches', () => {
  it('consent: allow redirects at once, deny refuses at once, for WeChat’s browser alone', async () => {
    const laboratory = await open({ switches: { consent: 'allow' } });
    expect((await laboratory.authorizePage()).status).toBe(302);
    expect((await laboratory.get('/connect/oauth2/authorize', laboratory.authorizeParameters())).status).toBe(
      200,
    );
    laboratory.wechat.switches.client = 'any';
    expect((await laboratory.get('/connect/oauth2/authorize', laboratory.authorizeParameters())).status).toBe(
      302,
    );
    Object.assign(laboratory.wechat.switches, { consent: 'deny', denial: 'authdeny' });
    expect((await laboratory.authorizePage()).location).toContain('code=authdeny');
  });

  it('redirectStatus: 301 as well', async () => {
    const laboratory = await open({ switches: { redirectStatus: 301 } });
    expect((await laboratory.authorizePage({ scope: 'snsapi_base' })).status).toBe(301);
  });

  it('missingState: absent leaves the parameter out', async () => {
    const laboratory = await open({ switches: { missingState: 'absent' } });
    const url = laboratory.authorizeURL({ state: undefined });
    expect(await laboratory.wechat.authorize(url)).toMatch(/\?code=\w{32}$/);
    laboratory.wechat.switches.missingState = 'empty';
    expect(await laboratory.wechat.authorize(url)).toMatch(/&state=$/);
  });

  it('snapshot: always, or never', async () => {
    const laboratory = await open({ switches: { snapshot: 'always' } });
    expect((await laboratory.authorizePage()).text).toContain('使用完整服务');
    laboratory.wechat.switches.snapshot = 'never';
    expect((await laboratory.authorizePage({ forceSnapShot: 'true' })).text).not.toContain('使用完整服务');
  });

  it('unionid: false unbinds everybody; dirtyNicknames dirties everybody', async () => {
    const laboratory = await open({ switches: { unionid: false, dirtyNicknames: true } });
    const token = await laboratory.login();
    const profile = await laboratory.userinfo(token);
    expect(token.json).not.toHaveProperty('unionid');
    expect(profile.json).not.toHaveProperty('unionid');
    expect(profile.text).toContain('\u0014');
  });

  it('burnOnWrongSecret: the code is gone', async () => {
    const laboratory = await open({ switches: { burnOnWrongSecret: true } });
    const code = laboratory.wechat.issueCode({ app: laboratory.wechat.apps.official.appId });
    await laboratory.redeem(code, { secret: 'wrong' });
    expect((await laboratory.redeem(code)).json['errcode']).toBe(40163);
  });

  it('refreshRotation: after expiry the refresh token changes, and the old one is unknown', async () => {
    const laboratory = await open({ switches: { refreshRotation: true } });
    const before = (await laboratory.login()).json['refresh_token'];
    laboratory.wechat.clock.advance(7200_000);
    const after = (await laboratory.refresh(before)).json['refresh_token'];
    expect(after).not.toBe(before);
    expect((await laboratory.refresh(before)).json['errcode']).toBe(40030);
    expect((await laboratory.refresh(after)).json).toHaveProperty('access_token');
  });

  it('loginVoidsRefreshTokens: the earlier login cannot be refreshed', async () => {
    const laboratory = await open({ switches: { loginVoidsRefreshTokens: true } });
    const [first, other] = [await laboratory.login(), await laboratory.login({ user: 'emoji' })];
    await laboratory.login();
    expect((await laboratory.refresh(first.json['refresh_token'])).json['errcode']).toBe(40030);
    expect((await laboratory.refresh(other.json['refresh_token'])).json).toHaveProperty('access_token');
  });

  it('baseReadsUserinfo: a base token reads the profile', async () => {
    const laboratory = await open({ switches: { baseReadsUserinfo: true } });
    expect(
      (await laboratory.userinfo(await laboratory.login({ scope: 'snsapi_base' }))).json['nickname'],
    ).toBe('小明');
  });
});

describe('codes', () => {
  it('need a grant_type at access_token and none at jscode2session', async () => {
    const laboratory = await open();
    const code = laboratory.wechat.issueCode({ app: laboratory.wechat.apps.official.appId });
    const none = { grant_type: undefined };
    expect((await laboratory.redeem(code, none)).json['errcode']).toBe(40002);
    const session = await laboratory.jscode2session(laboratory.miniProgramCode(), none);
    expect(session.json).toHaveProperty('openid');
  });

  it.each([
    ['ming', undefined],
    ['snapshot', 1],
  ])('of two callbacks are both of the same person: %s', async (user, virtual) => {
    const laboratory = await open({ switches: { doubleCallback: 'different-codes' } });
    const callbacks = await laboratory.wechat.authorizeTwice(laboratory.authorizeURL(), { user });
    const tokens = await Promise.all(callbacks.map((each) => laboratory.redeem(codeIn(each))));
    expect(tokens.map((token) => token.json['is_snapshotuser'])).toEqual([virtual, virtual]);
    expect(new Set(tokens.map((token) => token.json['openid'])).size).toBe(1);
  });

  it('are redeemed by the API of their kind alone: a mini program’s by jscode2session, the web’s by access_token', async () => {
    const laboratory = await open();
    const { miniProgram, official } = laboratory.wechat.apps;
    const [jsCode, code] = [
      laboratory.miniProgramCode(),
      laboratory.wechat.issueCode({ app: official.appId }),
    ];
    const asMiniProgram = { appid: miniProgram.appId, secret: miniProgram.appSecret };
    const asOfficial = { appid: official.appId, secret: official.appSecret };
    expect((await laboratory.redeem(jsCode, asMiniProgram)).json['errcode']).toBe(40029);
    expect((await laboratory.jscode2session(code, asOfficial)).json['errcode']).toBe(40029);
    expect((await laboratory.jscode2session(jsCode)).json).toHaveProperty('openid');
    expect((await laboratory.redeem(code)).json).toHaveProperty('openid');
  });
});

describe('controls', () => {
  it('expireToken, revoke and changePassword end tokens each in its way', async () => {
    const laboratory = await open();
    const { wechat } = laboratory;
    const [one, two] = [await laboratory.login(), await laboratory.login()];
    wechat.expireToken(String(one.json['access_token']));
    wechat.revoke(String(one.json['refresh_token']));
    expect((await laboratory.auth(one)).json['errcode']).toBe(42001);
    expect((await laboratory.refresh(one.json['refresh_token'])).json['errcode']).toBe(40030);
    wechat.changePassword('ming');
    expect((await laboratory.auth(two)).json['errcode']).toBe(40001);
    expect((await laboratory.auth(await laboratory.login())).json['errcode']).toBe(0);
  });

  it('the clock only moves forward', async () => {
    const { wechat } = await open();
    expect(() => wechat.clock.advance(-1)).toThrow(RangeError);
    const before = wechat.clock.now();
    wechat.clock.advance(1e6);
    expect(wechat.clock.now() - before).toBeGreaterThanOrEqual(1e6);
  });

  it('a person of the browser’s cookie logs in silently', async () => {
    const laboratory = await open();
    const chosen = await laboratory.post('/', { action: 'person', person: 'emoji' });
    const cookie = chosen.headers.get('set-cookie')?.split(';')[0] ?? '';
    const page = await laboratory.get(
      '/connect/oauth2/authorize',
      laboratory.authorizeParameters({ scope: 'snsapi_base' }),
      { ...IN_WECHAT, Cookie: cookie },
    );
    const { appId } = laboratory.wechat.apps.official;
    expect((await laboratory.redeem(codeIn(page.location))).json['openid']).toBe(
      laboratory.wechat.openid('emoji', appId),
    );
  });
});
