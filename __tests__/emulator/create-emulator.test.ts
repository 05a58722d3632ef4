import https from 'node:https';
import { createEmulator, PageRefusal, selfSignedCertificate, type EmulatorOptions } from '../../lib/emulator';
import { CALLBACK, codeIn, IN_WECHAT, useEmulatorClient, uuidOf } from './support/emulator-client';
import { sendRaw } from './support/raw-request';

const startClient = useEmulatorClient();

describe('createEmulator()', () => {
  it('runs several emulators at once, which share nothing', async () => {
    const [one, other] = await Promise.all([startClient(), startClient()]);
    const code = one.wechat.issueCode({ app: one.wechat.apps.official.appId });
    expect((await other.redeem(code)).json['errcode']).toBe(40029);
    expect((await one.redeem(code)).json).toHaveProperty('openid');
  });

  it('gives a person the same ids in every run: an openid for each app, a unionid for each Open Platform account', async () => {
    const { wechat } = await startClient();
    const second = await createEmulator();
    await second.close();
    const { official, website, unbound } = wechat.apps;
    expect(second.openid('ming', official.appId)).toBe(wechat.openid('ming', official.appId));
    expect(wechat.openid('ming', website.appId)).not.toBe(wechat.openid('ming', official.appId));
    expect(second.unionid('ming', official.appId)).toBe(wechat.unionid('ming', official.appId));
    expect(wechat.unionid('ming', website.appId)).toBe(wechat.unionid('ming', official.appId));
    expect(wechat.unionid('ming', unbound.appId)).toBeUndefined();
  });

  it('uses the configured apps, and preset ones for the missing kinds', async () => {
    const mine = { type: 'official', appId: 'wx1234567890abcdef', appSecret: 's'.repeat(32) } as const;
    const { wechat } = await startClient({ apps: [mine] });
    expect(wechat.apps.official).toEqual(mine);
    expect(wechat.apps.website.type).toBe('website');
  });

  it.each<[string, unknown, RegExp]>([
    [
      'an unknown switch',
      { switches: { consents: 'ask' } },
      /"consents" is not a switch\. The switches are consent, client/,
    ],
    [
      'a value that a switch does not have',
      { switches: { consent: 'yes' } },
      /switches\.consent is "yes"\. Give one of "ask", "allow", "deny"/,
    ],
    ['no users', { users: [] }, /users is empty\. Give at least one user/],
    [
      'two users with the same id',
      {
        users: [
          { id: 'a', nickname: 'A' },
          { id: 'a', nickname: 'B' },
        ],
      },
      /Two users have the id "a"/,
    ],
  ])('refuses %s with a remedy', async (_, options, message) => {
    await expect(createEmulator(options as EmulatorOptions)).rejects.toThrow(message);
  });

  it('names the known people and apps in the error about an unknown one', async () => {
    const { wechat } = await startClient();
    expect(() => wechat.openid('nobody', wechat.apps.official.appId)).toThrow(
      /no user "nobody"\. Its users are ming, follower/,
    );
    expect(() => wechat.issueCode({ app: 'wx0' })).toThrow(/no app "wx0"\. Its apps are wx0f1c1a10e0000001/);
  });

  it('rejects if the port is in use', async () => {
    const { wechat } = await startClient();
    await expect(createEmulator({ port: Number(new URL(wechat.url).port) })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  it('serves over TLS with a self-signed certificate', async () => {
    const pair = selfSignedCertificate(['localhost', '127.0.0.1']);
    const { wechat } = await startClient({ https: pair });
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

describe('headimgurl', () => {
  it('is at the host by which the client addressed the emulator', async () => {
    const client = await startClient({ names: ['wechat.test'] });
    const { access_token: token, openid } = (await client.login()).json;
    const target = `/sns/userinfo?access_token=${String(token)}&openid=${String(openid)}`;
    const pictureFor = async (host: string): Promise<unknown> => {
      const { body } = await sendRaw(client.wechat.url, target, { host });
      return (JSON.parse(body) as Record<string, unknown>)['headimgurl'];
    };
    expect(await pictureFor('wechat.test:8080')).toBe('http://wechat.test:8080/mmopen/vi_32/ming/132');
    expect(await pictureFor('LOCALHOST:80')).toBe('http://localhost/mmopen/vi_32/ming/132');
  });
});

describe('authorize()', () => {
  it('rejects with WeChat’s text, its error code and an explanation', async () => {
    const { wechat } = await startClient();
    const attempt = wechat.authorize(`${wechat.url}/connect/oauth2/authorize?redirect_uri=x`);
    await expect(attempt).rejects.toBeInstanceOf(PageRefusal);
    await expect(attempt).rejects.toMatchObject({
      code: 10012,
      text: 'appid不能为空',
      advice: 'appid is missing',
    });
  });

  it('refuses an address of another host, or one that is not a login page', async () => {
    const { wechat } = await startClient();
    await expect(wechat.authorize('https://example.com/connect/oauth2/authorize')).rejects.toThrow(
      'is not this emulator',
    );
    const foreign = `http://evil.example:${new URL(wechat.url).port}/connect/oauth2/authorize`;
    await expect(wechat.authorize(foreign)).rejects.toThrow('is not this emulator');
    await expect(wechat.authorize(`${wechat.url}/sns/auth`)).rejects.toThrow('is not a login page');
  });

  it.each<[EmulatorOptions, string]>([
    [{ host: '127.0.0.1' }, 'http://127.0.0.1:1'],
    [{ publicURL: 'http://localhost:9000' }, 'http://localhost:1'],
    [{ names: ['localhost', '127.0.0.1'] }, 'http://localhost:1'],
  ])('with %j, refuses another port of the same host: %s', async (options, origin) => {
    const client = await startClient(options);
    const url = client.authorizeURL().replace(client.wechat.url, origin);
    await expect(client.wechat.authorize(url)).rejects.toThrow('is not this emulator');
  });

  it.each<[EmulatorOptions, string]>([
    [{ publicURL: 'http://localhost:9000' }, 'http://localhost:9000'],
    [{ publicURL: 'https://wechat.example.com' }, 'https://wechat.example.com'],
    [{ names: ['wechat.test'] }, 'http://wechat.test:1'],
  ])('with %j, accepts %s', async (options, origin) => {
    const client = await startClient(options);
    const url = client.authorizeURL().replace(client.wechat.url, origin);
    expect(await client.wechat.authorize(url)).toContain('code=');
  });

  it('accepts WeChat’s own address, for apps that cannot be configured with another', async () => {
    const client = await startClient();
    const url = client.authorizeURL().replace(client.wechat.url, 'https://open.weixin.qq.com');
    expect(await client.wechat.authorize(url)).toContain('code=');
  });

  it('presses the button of the switch consent, unless the option allow is given', async () => {
    const client = await startClient({ switches: { consent: 'deny' } });
    expect(await client.wechat.authorize(client.authorizeURL())).toBeUndefined();
    expect(await client.wechat.authorize(client.authorizeURL(), { allow: true })).toContain('code=');
  });
});

describe('requests', () => {
  it('holds the requests to WeChat in order, with query, form and headers', async () => {
    const client = await startClient();
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

  it('holds every warning about a request', async () => {
    const client = await startClient();
    const { scope, ...rest } = client.authorizeParameters();
    const reordered = new URLSearchParams({ scope, ...rest } as Record<string, string>).toString();
    await client.wechat.authorize(`${client.wechat.url}/connect/oauth2/authorize?${reordered}#elsewhere`);
    expect(client.wechat.requests[0]?.warning).toMatch(/^the fragment .*; the order of parameters is scope/);
  });

  it('holds the last 1000 requests', async () => {
    const client = await startClient();
    for (let login = 0; login < 1005; login += 1)
      await client.wechat.authorize(client.authorizeURL({ state: String(login) }));
    expect(client.wechat.requests).toHaveLength(1000);
    expect(client.wechat.requests.at(-1)?.query['state']).toBe('1004');
  });
});

describe('log', () => {
  it('gets one line about each method and path that is not emulated', async () => {
    const lines: string[] = [];
    const client = await startClient({ log: (line) => lines.push(line) });
    for (let call = 0; call < 2; call += 1) {
      await client.get('/wxa/business/getuserphonenumber');
      await client.postJSON('/wxa/business/getuserphonenumber', {});
    }
    expect(lines).toEqual([
      'GET /wxa/business/getuserphonenumber is not emulated: the response is errcode 40066. The emulated APIs are in docs/emulator.md.',
      expect.stringMatching(/^POST /),
    ]);
  });

  it('gets each line once, also after hundreds of others', async () => {
    const lines: string[] = [];
    const client = await startClient({ log: (line) => lines.push(line) });
    await client.get('/wxa/first');
    for (let path = 0; path < 300; path += 1) await client.get(`/wxa/${path}`);
    await client.get('/wxa/first');
    expect(lines.filter((line) => line.startsWith('GET /wxa/first '))).toHaveLength(1);
  });

  it('gets a line when valid authorization codes are forgotten, because there are too many', async () => {
    const lines: string[] = [];
    const client = await startClient({ log: (line) => lines.push(line) });
    const first = client.wechat.issueCode({ app: client.wechat.apps.official.appId });
    for (let issued = 1; issued < 20_000; issued += 1)
      client.wechat.issueCode({ app: client.wechat.apps.official.appId });
    expect(lines).toEqual([]);
    expect((await client.redeem(first)).json).toHaveProperty('openid');
    for (let issued = 0; issued < 3; issued += 1)
      client.wechat.issueCode({ app: client.wechat.apps.official.appId });
    expect(lines).toEqual([
      expect.stringMatching(/^The emulator keeps 20000 authorization codes and now forgets/),
    ]);
  });
});

describe('switches', () => {
  it('are checked when a test sets them', async () => {
    const { wechat } = await startClient();
    const switches = wechat.switches as unknown as Record<string, unknown>;
    expect(() => (switches['denail'] = 'silent')).toThrow(
      /^"denail" is not a switch\. The switches are consent, /,
    );
    expect(() => (switches['denial'] = 'x')).toThrow('switches.denial is "x". Give one of "silent", ');
    expect(() => Object.assign(switches, { consent: 'deny', unionid: 'no' })).toThrow('switches.unionid');
    expect(switches).toMatchObject({ denial: 'silent', unionid: true });
    wechat.reset();
    expect(switches).toMatchObject({ consent: 'ask' });
  });

  it('consent: allow and deny redirect at once, but only in WeChat’s browser', async () => {
    const client = await startClient({ switches: { consent: 'allow' } });
    expect((await client.authorizePage()).status).toBe(302);
    expect((await client.get('/connect/oauth2/authorize', client.authorizeParameters())).status).toBe(200);
    client.wechat.switches.client = 'any';
    expect((await client.get('/connect/oauth2/authorize', client.authorizeParameters())).status).toBe(302);
    Object.assign(client.wechat.switches, { consent: 'deny', denial: 'authdeny' });
    expect((await client.authorizePage()).location).toContain('code=authdeny');
  });

  it.each(['allow', 'deny'] as const)(
    'consent: %s presses no button of the snapshot page: its virtual user logs in, in a browser and by authorize()',
    async (consent) => {
      const client = await startClient({ switches: { consent, denial: 'authdeny', snapshot: 'always' } });
      const authorize = client.wechat.authorize(client.authorizeURL());
      for (const callback of [(await client.authorizePage()).location, await authorize]) {
        const token = await client.redeem(codeIn(callback));
        expect(token.json).toMatchObject({ is_snapshotuser: 1 });
      }
    },
  );

  it('consent: deny presses the button of the consent page behind 使用完整服务', async () => {
    const client = await startClient({ switches: { denial: 'authdeny', snapshot: 'always' } });
    client.wechat.switches.consent = 'deny';
    const callbacks = [
      (
        await client.post(
          '/connect/oauth2/authorize',
          { reply: 'full' },
          client.authorizeParameters(),
          IN_WECHAT,
        )
      ).location,
      await client.wechat.authorize(client.authorizeURL(), { fullService: true }),
    ];
    expect(callbacks.map((callback) => codeIn(callback))).toEqual(['authdeny', 'authdeny']);
  });

  it('consent: allow and deny press the button of the confirm page of a QR code at once', async () => {
    const client = await startClient({ switches: { consent: 'allow' } });
    const scan = async (): Promise<[page: string, poll: string, callback: string | undefined]> => {
      const uuid = uuidOf(await client.qrPage());
      const { text } = await client.get('/connect/confirm', { uuid });
      const poll = (await client.poll(uuid)).text;
      return [text, poll, await client.wechat.authorize(client.qrURL())];
    };
    const [page, poll, callback] = await scan();
    expect([page, poll, callback]).toEqual([
      expect.stringContaining('登录成功'),
      expect.stringMatching(/^window\.wx_errcode=405;window\.wx_code='\w{32}';$/),
      expect.stringContaining('code='),
    ]);
    client.wechat.switches.consent = 'deny';
    expect(await scan()).toEqual([
      expect.stringContaining('你已取消此次登录'),
      "window.wx_errcode=403;window.wx_code='';",
      undefined,
    ]);
  });

  it('redirectStatus: the redirect to the app may have status 301', async () => {
    const client = await startClient({ switches: { redirectStatus: 301 } });
    expect((await client.authorizePage({ scope: 'snsapi_base' })).status).toBe(301);
  });

  it('missingState: absent omits the parameter', async () => {
    const client = await startClient({ switches: { missingState: 'absent' } });
    const url = client.authorizeURL({ state: undefined });
    expect(await client.wechat.authorize(url)).toMatch(/\?code=\w{32}$/);
    client.wechat.switches.missingState = 'empty';
    expect(await client.wechat.authorize(url)).toMatch(/&state=$/);
  });

  it('missingState has no effect on the QR code login, which always calls back with state=', async () => {
    const client = await startClient({ switches: { missingState: 'refuse' } });
    const url = client.qrURL({ state: undefined });
    expect(await client.wechat.authorize(url)).toMatch(/&state=$/);
  });

  it('doubleCallback has no effect on the QR code login', async () => {
    const client = await startClient({ switches: { doubleCallback: 'different-codes' } });
    expect(await client.wechat.authorizeTwice(client.qrURL())).toHaveLength(1);
  });

  it('a person’s privilege is in the profile, except that of a virtual user', async () => {
    const client = await startClient({ users: [{ id: 'a', nickname: 'A', privilege: ['chinaunicom'] }] });
    const [real, virtual] = [await client.login(), await client.login({ virtual: true })];
    expect((await client.userinfo(real)).json['privilege']).toEqual(['chinaunicom']);
    expect((await client.userinfo(virtual)).json['privilege']).toEqual([]);
  });

  it('foreignOpenid: userinfo ignores somebody else’s openid; an absent one stays 41009', async () => {
    const client = await startClient();
    const token = await client.login();
    const openid = client.wechat.openid('emoji', client.wechat.apps.official.appId);
    expect((await client.userinfo(token, { openid })).json['errcode']).toBe(40003);
    client.wechat.switches.foreignOpenid = 'ignore';
    const profile = await client.userinfo(token, { openid });
    expect(profile.json).toMatchObject({ nickname: '小明', openid: token.json['openid'] });
    expect((await client.userinfo(token, { openid: undefined })).json['errcode']).toBe(41009);
    expect((await client.auth(token, { openid })).json['errcode']).toBe(40003);
  });

  it('snapshot: everybody sees the snapshot page, or nobody', async () => {
    const client = await startClient({ switches: { snapshot: 'always' } });
    expect((await client.authorizePage()).text).toContain('使用完整服务');
    client.wechat.switches.snapshot = 'never';
    expect((await client.authorizePage({ forceSnapShot: 'true' })).text).not.toContain('使用完整服务');
  });

  it('unionid: false removes every unionid; dirtyNicknames adds control characters to every nickname', async () => {
    const client = await startClient({ switches: { unionid: false, dirtyNicknames: true } });
    const token = await client.login();
    const profile = await client.userinfo(token);
    expect(token.json).not.toHaveProperty('unionid');
    expect(profile.json).not.toHaveProperty('unionid');
    expect(profile.text).toContain('\u0014');
    const others = [await client.login({ user: 'gone' }), await client.login({ virtual: true })];
    for (const each of others)
      for (const char of '\u0014\b\n') expect((await client.userinfo(each)).text).toContain(char);
  });

  it('burnOnWrongSecret: the code is spent', async () => {
    const client = await startClient({ switches: { burnOnWrongSecret: true } });
    const code = client.wechat.issueCode({ app: client.wechat.apps.official.appId });
    await client.redeem(code, { secret: 'wrong' });
    expect((await client.redeem(code)).json['errcode']).toBe(40163);
  });

  it('refreshRotation: refreshing an expired access token replaces the refresh token', async () => {
    const client = await startClient({ switches: { refreshRotation: true } });
    const before = (await client.login()).json['refresh_token'];
    client.wechat.clock.advance(7200_000);
    const after = (await client.refresh(before)).json['refresh_token'];
    expect(after).not.toBe(before);
    expect((await client.refresh(before)).json['errcode']).toBe(40030);
    expect((await client.refresh(after)).json).toHaveProperty('access_token');
  });

  it('loginVoidsRefreshTokens: a new login revokes the earlier refresh token', async () => {
    const client = await startClient({ switches: { loginVoidsRefreshTokens: true } });
    const [first, other] = [await client.login(), await client.login({ user: 'emoji' })];
    await client.login();
    expect((await client.refresh(first.json['refresh_token'])).json['errcode']).toBe(40030);
    expect((await client.refresh(other.json['refresh_token'])).json).toHaveProperty('access_token');
  });

  it('baseReadsUserinfo: an access token of snsapi_base may read the profile', async () => {
    const client = await startClient({ switches: { baseReadsUserinfo: true } });
    expect((await client.userinfo(await client.login({ scope: 'snsapi_base' }))).json['nickname']).toBe(
      '小明',
    );
  });
});

describe('codes', () => {
  it('are refused without a grant_type at access_token, but not at jscode2session', async () => {
    const client = await startClient();
    const code = client.wechat.issueCode({ app: client.wechat.apps.official.appId });
    const none = { grant_type: undefined };
    expect((await client.redeem(code, none)).json['errcode']).toBe(40002);
    const session = await client.jscode2session(client.miniProgramCode(), none);
    expect(session.json).toHaveProperty('openid');
  });

  it.each([
    ['ming', undefined],
    ['snapshot', 1],
  ])('of a double callback belong to the same person: %s', async (user, virtual) => {
    const client = await startClient({ switches: { doubleCallback: 'different-codes' } });
    const callbacks = await client.wechat.authorizeTwice(client.authorizeURL(), { user });
    const tokens = await Promise.all(callbacks.map((each) => client.redeem(codeIn(each))));
    expect(tokens.map((token) => token.json['is_snapshotuser'])).toEqual([virtual, virtual]);
    expect(new Set(tokens.map((token) => token.json['openid'])).size).toBe(1);
  });

  it('are exchanged only at their own API: codes of mini programs at jscode2session, others at access_token', async () => {
    const client = await startClient();
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
  it('expireToken, revoke and changePassword make tokens invalid, each with its errcode', async () => {
    const client = await startClient();
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

  it('changePassword also invalidates tokens whose refresh token was revoked', async () => {
    const client = await startClient({ switches: { loginVoidsRefreshTokens: true } });
    const [first, second] = [await client.login(), await client.login()];
    client.wechat.revoke(String(second.json['refresh_token']));
    for (const token of [first, second]) {
      expect((await client.auth(token)).json['errcode']).toBe(0);
      expect((await client.refresh(token.json['refresh_token'])).json['errcode']).toBe(40030);
    }
    client.wechat.changePassword('ming');
    for (const token of [first, second]) expect((await client.auth(token)).json['errcode']).toBe(40001);
  });

  it('changePassword also invalidates an access token that was replaced', async () => {
    const client = await startClient();
    const token = await client.login();
    client.wechat.expireToken(String(token.json['access_token']));
    await client.refresh(token.json['refresh_token']);
    expect((await client.auth(token)).json['errcode']).toBe(42001);
    client.wechat.changePassword('ming');
    expect((await client.auth(token)).json['errcode']).toBe(40001);
  });

  it('clock.advance() only moves the clock forward', async () => {
    const { wechat } = await startClient();
    expect(() => wechat.clock.advance(-1)).toThrow(RangeError);
    const before = wechat.clock.now();
    wechat.clock.advance(1e6);
    expect(wechat.clock.now() - before).toBeGreaterThanOrEqual(1e6);
  });

  it('the home page works at the last date to which the clock can be moved, and refuses to skip more', async () => {
    const client = await startClient();
    const { clock } = client.wechat;
    const year = 365 * 24 * 3600_000;
    const latest = 8.64e15 - year;
    expect(() => clock.advance(latest + 1 - clock.now() + 1000)).toThrow(
      /would come within a year of the last date/,
    );
    clock.advance(latest - clock.now() - 1000);
    await client.login();
    await client.qrPage();
    await new Promise((resolve) => setTimeout(resolve, 2));
    expect((await client.get('/')).status).toBe(200);
    const skipped = await client.post('/', { action: 'advance', minutes: '120' });
    expect([skipped.status, skipped.text]).toEqual([400, expect.stringContaining('Skip less time.')]);
  });

  it('the home page sets the person who logs in silently in this browser', async () => {
    const client = await startClient();
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
