import https from 'node:https';
import { createEmulator, PageRefusal, selfSignedCertificate, type EmulatorOptions } from '../../lib/emulator';
import { CALLBACK, codeIn, IN_WECHAT, EmulatorClient } from './support/emulator-client';

let client: EmulatorClient | undefined;
async function open(options?: EmulatorOptions): Promise<EmulatorClient> {
  return (client = await EmulatorClient.start(options));
}
afterEach(() => client?.wechat.close());

describe('createEmulator()', () => {
  it('runs several WeChats at once, which know nothing of each other', async () => {
    const [one, other] = await Promise.all([EmulatorClient.start(), EmulatorClient.start()]);
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
    const client = await open();
    const url = client.authorizeURL().replace(client.wechat.url, 'https://open.weixin.qq.com');
    expect(await client.wechat.authorize(url)).toContain('code=');
  });

  it('follows the switch consent unless told what to press', async () => {
    const client = await open({ switches: { consent: 'deny' } });
    expect(await client.wechat.authorize(client.authorizeURL())).toBeUndefined();
    expect(await client.wechat.authorize(client.authorizeURL(), { allow: true })).toContain('code=');
  });
});

describe('requests', () => {
  it('records what reached WeChat, in order, with query, form and headers', async () => {
    const client = await open();
    const { wechat } = client;
    await wechat.authorize(client.authorizeURL());
    await client.get('/sns/auth', { access_token: 'a' }, { 'X-Test': '1' });
    await client.post('/sns/auth', { openid: 'o' });
    await client.get('/');
    expect(wechat.requests.map((request) => `${request.method} ${request.path}`)).toEqual([
      'GET /connect/oauth2/authorize',
      'GET /sns/auth',
      'POST /sns/auth',
    ]);
    expect(wechat.requests[0]?.query).toMatchObject({ redirect_uri: CALLBACK, state: 'abc' });
    expect(wechat.requests[1]).toMatchObject({ query: { access_token: 'a' }, headers: { 'x-test': '1' } });
    expect(wechat.requests[2]?.form).toEqual({ openid: 'o' });
    wechat.requests.length = 0;
    await client.get('/sns/auth');
    expect(wechat.requests).toHaveLength(1);
  });

  it('keeps the last thousand', async () => {
    const client = await open();
    for (let visit = 0; visit < 1005; visit += 1)
      await client.wechat.authorize(client.authorizeURL({ state: String(visit) }));
    expect(client.wechat.requests).toHaveLength(1000);
    expect(client.wechat.requests.at(-1)?.query['state']).toBe('1004');
  });
});

describe('switches', () => {
  it('consent: allow redirects at once, deny refuses at once, for WeChat’s browser alone', async () => {
    const client = await open({ switches: { consent: 'allow' } });
    expect((await client.authorizePage()).status).toBe(302);
    expect((await client.get('/connect/oauth2/authorize', client.authorizeParameters())).status).toBe(200);
    client.wechat.switches.client = 'any';
    expect((await client.get('/connect/oauth2/authorize', client.authorizeParameters())).status).toBe(302);
    Object.assign(client.wechat.switches, { consent: 'deny', denial: 'authdeny' });
    expect((await client.authorizePage()).location).toContain('code=authdeny');
  });

  it('redirectStatus: 301 as well', async () => {
    const client = await open({ switches: { redirectStatus: 301 } });
    expect((await client.authorizePage({ scope: 'snsapi_base' })).status).toBe(301);
  });

  it('missingState: absent leaves the parameter out', async () => {
    const client = await open({ switches: { missingState: 'absent' } });
    const url = client.authorizeURL({ state: undefined });
    expect(await client.wechat.authorize(url)).toMatch(/\?code=\w{32}$/);
    client.wechat.switches.missingState = 'empty';
    expect(await client.wechat.authorize(url)).toMatch(/&state=$/);
  });

  it('snapshot: always, or never', async () => {
    const client = await open({ switches: { snapshot: 'always' } });
    expect((await client.authorizePage()).text).toContain('使用完整服务');
    client.wechat.switches.snapshot = 'never';
    expect((await client.authorizePage({ forceSnapShot: 'true' })).text).not.toContain('使用完整服务');
  });

  it('unionid: false unbinds everybody; dirtyNicknames dirties everybody', async () => {
    const client = await open({ switches: { unionid: false, dirtyNicknames: true } });
    const token = await client.login();
    const profile = await client.userinfo(token);
    expect(token.json).not.toHaveProperty('unionid');
    expect(profile.json).not.toHaveProperty('unionid');
    expect(profile.text).toContain('\u0014');
  });

  it('burnOnWrongSecret: the code is gone', async () => {
    const client = await open({ switches: { burnOnWrongSecret: true } });
    const code = client.wechat.issueCode({ app: client.wechat.apps.official.appId });
    await client.redeem(code, { secret: 'wrong' });
    expect((await client.redeem(code)).json['errcode']).toBe(40163);
  });

  it('refreshRotation: after expiry the refresh token changes, and the old one is unknown', async () => {
    const client = await open({ switches: { refreshRotation: true } });
    const before = (await client.login()).json['refresh_token'];
    client.wechat.clock.advance(7200_000);
    const after = (await client.refresh(before)).json['refresh_token'];
    expect(after).not.toBe(before);
    expect((await client.refresh(before)).json['errcode']).toBe(40030);
    expect((await client.refresh(after)).json).toHaveProperty('access_token');
  });

  it('loginVoidsRefreshTokens: the earlier login cannot be refreshed', async () => {
    const client = await open({ switches: { loginVoidsRefreshTokens: true } });
    const [first, other] = [await client.login(), await client.login({ user: 'emoji' })];
    await client.login();
    expect((await client.refresh(first.json['refresh_token'])).json['errcode']).toBe(40030);
    expect((await client.refresh(other.json['refresh_token'])).json).toHaveProperty('access_token');
  });

  it('baseReadsUserinfo: a base token reads the profile', async () => {
    const client = await open({ switches: { baseReadsUserinfo: true } });
    expect((await client.userinfo(await client.login({ scope: 'snsapi_base' }))).json['nickname']).toBe(
      '小明',
    );
  });
});

describe('codes', () => {
  it('need a grant_type at access_token and none at jscode2session', async () => {
    const client = await open();
    const code = client.wechat.issueCode({ app: client.wechat.apps.official.appId });
    const none = { grant_type: undefined };
    expect((await client.redeem(code, none)).json['errcode']).toBe(40002);
    const session = await client.jscode2session(client.miniProgramCode(), none);
    expect(session.json).toHaveProperty('openid');
  });

  it.each([
    ['ming', undefined],
    ['snapshot', 1],
  ])('of two callbacks are both of the same person: %s', async (user, virtual) => {
    const client = await open({ switches: { doubleCallback: 'different-codes' } });
    const callbacks = await client.wechat.authorizeTwice(client.authorizeURL(), { user });
    const tokens = await Promise.all(callbacks.map((each) => client.redeem(codeIn(each))));
    expect(tokens.map((token) => token.json['is_snapshotuser'])).toEqual([virtual, virtual]);
    expect(new Set(tokens.map((token) => token.json['openid'])).size).toBe(1);
  });

  it('are redeemed by the API of their kind alone: a mini program’s by jscode2session, the web’s by access_token', async () => {
    const client = await open();
    const { miniProgram, official } = client.wechat.apps;
    const [jsCode, code] = [client.miniProgramCode(), client.wechat.issueCode({ app: official.appId })];
    const asMiniProgram = { appid: miniProgram.appId, secret: miniProgram.appSecret };
    const asOfficial = { appid: official.appId, secret: official.appSecret };
    expect((await client.redeem(jsCode, asMiniProgram)).json['errcode']).toBe(40029);
    expect((await client.jscode2session(code, asOfficial)).json['errcode']).toBe(40029);
    expect((await client.jscode2session(jsCode)).json).toHaveProperty('openid');
    expect((await client.redeem(code)).json).toHaveProperty('openid');
  });
});

describe('controls', () => {
  it('expireToken, revoke and changePassword end tokens each in its way', async () => {
    const client = await open();
    const { wechat } = client;
    const [one, two] = [await client.login(), await client.login()];
    wechat.expireToken(String(one.json['access_token']));
    wechat.revoke(String(one.json['refresh_token']));
    expect((await client.auth(one)).json['errcode']).toBe(42001);
    expect((await client.refresh(one.json['refresh_token'])).json['errcode']).toBe(40030);
    wechat.changePassword('ming');
    expect((await client.auth(two)).json['errcode']).toBe(40001);
    expect((await client.auth(await client.login())).json['errcode']).toBe(0);
  });

  it('the clock only moves forward', async () => {
    const { wechat } = await open();
    expect(() => wechat.clock.advance(-1)).toThrow(RangeError);
    const before = wechat.clock.now();
    wechat.clock.advance(1e6);
    expect(wechat.clock.now() - before).toBeGreaterThanOrEqual(1e6);
  });

  it('a person of the browser’s cookie logs in silently', async () => {
    const client = await open();
    const chosen = await client.post('/', { action: 'person', person: 'emoji' });
    const cookie = chosen.headers.get('set-cookie')?.split(';')[0] ?? '';
    const page = await client.get(
      '/connect/oauth2/authorize',
      client.authorizeParameters({ scope: 'snsapi_base' }),
      { ...IN_WECHAT, Cookie: cookie },
    );
    const { appId } = client.wechat.apps.official;
    expect((await client.redeem(codeIn(page.location))).json['openid']).toBe(
      client.wechat.openid('emoji', appId),
    );
  });
});
