// The control API: what tests in other languages do with an emulator.
import type { Emulator } from '../../../lib/emulator';
import { control, type ControlResponse } from '../support/control-client';
import { codeIn, useEmulatorClient, uuidOf, type EmulatorClient } from '../support/emulator-client';
import { sendRaw } from '../support/raw-request';

const startClient = useEmulatorClient();
let client: EmulatorClient;
let wechat: Emulator;
beforeEach(async () => {
  client = await startClient();
  wechat = client.wechat;
});

const call = (method: string, path: string, body?: unknown): Promise<ControlResponse> =>
  control(wechat, method, path, body);

const OWN_APP = {
  type: 'official',
  appId: 'wx1234567890abcdef',
  appSecret: 'my own secret',
  domains: ['h5.example.com'],
} as const;

describe('the state', () => {
  it('GET health', async () => {
    const { version } = jest.requireActual<{ version: string }>('../../../package.json');
    expect(await call('GET', 'health')).toMatchObject({ status: 200, json: { ok: true, version } });
    expect((await fetch(`${wechat.url}/_emulator/health`, { method: 'HEAD' })).status).toBe(200);
  });

  it('GET state: time, apps, users, switches and faults, with masked secrets of configured apps', async () => {
    const own = await startClient({ apps: [OWN_APP] });
    own.wechat.fail('userinfo', { patch: () => ({}) }, { times: Infinity, match: { user: 'ming' } });
    const { json } = await control(own.wechat, 'GET', 'state');
    expect(Object.keys(json)).toEqual(['now', 'apps', 'users', 'switches', 'faults']);
    expect(json['now']).toBeCloseTo(own.wechat.clock.now(), -4);
    expect(json['apps']).toContainEqual({ ...OWN_APP, appSecret: '********' });
    expect(json['apps']).toContainEqual(own.wechat.apps.website);
    expect(json['users']).toEqual(own.wechat.users);
    expect(json['switches']).toEqual(own.wechat.switches);
    expect(json['faults']).toEqual([
      {
        id: 'fault-1',
        endpoint: '/sns/userinfo',
        fault: { patch: 'a function' },
        times: 'Infinity',
        after: 0,
        delay: 0,
        workDone: true,
        match: { user: 'ming' },
      },
    ]);
  });

  it('PATCH switches sets several, or none if one is wrong', async () => {
    const set = await call('PATCH', 'switches', { denial: 'authdeny', pollHold: 0 });
    expect(set).toMatchObject({ status: 200, json: { switches: { denial: 'authdeny', pollHold: 0 } } });
    expect(wechat.switches).toMatchObject({ denial: 'authdeny', pollHold: 0 });
    for (const wrong of [
      { denial: 'silent', denyal: 'silent' },
      { denial: 'silent', consent: 'yes' },
      { denial: 'silent', pollHold: -1 },
    ])
      expect((await call('PATCH', 'switches', wrong)).status).toBe(400);
    expect(wechat.switches.denial).toBe('authdeny');
  });

  it('POST clock skips time', async () => {
    const token = await client.login();
    const before = wechat.clock.now();
    const { json } = await call('POST', 'clock', { advance: 7200_000 });
    expect(Number(json['now']) - before).toBeGreaterThanOrEqual(7200_000);
    expect((await client.auth(token)).json['errcode']).toBe(42001);
  });

  it('POST apps and users add one each; their logins work, and state masks the secret', async () => {
    expect(await call('POST', 'apps', OWN_APP)).toMatchObject({ status: 200, json: { app: OWN_APP } });
    const user = { id: 'lan', nickname: '小兰' };
    expect(await call('POST', 'users', user)).toMatchObject({ status: 200, json: { user } });
    const url = client.authorizeURL({ appid: OWN_APP.appId });
    const { json } = await call('POST', 'authorize', { url, user: 'lan' });
    const credentials = { appid: OWN_APP.appId, secret: OWN_APP.appSecret };
    const token = await client.redeem(codeIn(String(json['location'])), credentials);
    expect(token.json['openid']).toBe(wechat.openid('lan', OWN_APP.appId));
    expect(JSON.stringify((await call('GET', 'state')).json)).not.toContain(OWN_APP.appSecret);
    expect(wechat.users).toContainEqual(user);
  });

  it('masks the secret of an own app in paths and warnings of requests, too', async () => {
    const appSecret = '0123456789abcdef-own';
    await call('POST', 'apps', {
      type: 'official',
      appId: 'wx00000000000000aa',
      appSecret,
      domains: ['h5.example.com'],
    });
    await fetch(`${wechat.url}/misplaced/${appSecret}`);
    const redirect = encodeURIComponent(`https://elsewhere.example.com/${appSecret}`);
    const query = `appid=wx00000000000000aa&redirect_uri=${redirect}&response_type=code&scope=snsapi_base&state=x`;
    await fetch(`${wechat.url}/connect/oauth2/authorize?${query}`, {
      headers: { 'user-agent': 'MicroMessenger' },
    });
    const { json } = await call('GET', 'requests');
    expect(JSON.stringify(json)).toContain('/misplaced/********');
    expect(JSON.stringify(json)).not.toContain(appSecret);
  });

  it('GET and DELETE requests; secrets of own apps are masked', async () => {
    await call('POST', 'apps', OWN_APP);
    await client.redeem('x', { appid: OWN_APP.appId, secret: OWN_APP.appSecret });
    const { json } = await call('GET', 'requests');
    expect(json).toEqual({
      requests: [
        expect.objectContaining({
          path: '/sns/oauth2/access_token',
          query: expect.objectContaining({ code: 'x', secret: '********' }) as unknown,
        }),
      ],
    });
    expect(await call('DELETE', 'requests')).toMatchObject({ status: 200, json: { requests: [] } });
    expect(wechat.requests).toEqual([]);
  });
});

describe('faults', () => {
  it('POST, DELETE one, DELETE all', async () => {
    const plan = (endpoint: string): Promise<ControlResponse> =>
      call('POST', 'faults', { endpoint, fault: { errcode: -1 }, times: 'Infinity' });
    const { json } = await plan('auth');
    expect(json).toEqual({ id: expect.stringMatching(/^fault-/) as unknown });
    await plan('userinfo');
    expect((await client.get('/sns/auth')).json['errcode']).toBe(-1);
    expect(await call('DELETE', `faults/${String(json['id'])}`)).toMatchObject({ status: 200, json: {} });
    expect((await call('DELETE', `faults/${String(json['id'])}`)).status).toBe(404);
    expect((await client.get('/sns/auth')).json['errcode']).toBe(41001);
    expect((await client.get('/sns/userinfo')).json['errcode']).toBe(-1);
    await call('DELETE', 'faults');
    expect((await client.get('/sns/userinfo')).json['errcode']).toBe(41001);
  });

  it('take the options of fail(): times, after, delay, workDone and match', async () => {
    const other = wechat.apps.unbound.appId;
    const fault = { endpoint: 'access_token', fault: 'reset', times: 2, after: 1, workDone: true };
    await call('POST', 'faults', { ...fault, delay: 1, match: { app: other } });
    expect((await call('GET', 'state')).json['faults']).toMatchObject([
      { endpoint: '/sns/oauth2/access_token', fault: 'reset', times: 2, after: 1, delay: 1, workDone: true },
    ]);
    expect((await client.login()).json).toHaveProperty('openid');
    await client.redeem('x', { appid: other });
    await expect(client.redeem('x', { appid: other })).rejects.toThrow();
    await expect(client.redeem('x', { appid: other })).rejects.toThrow();
    expect((await client.redeem('x', { appid: other })).json['errcode']).toBe(40125);
  });

  it.each([
    ['"silence"', 'silence'],
    ['an errcode', { errcode: 45011, errmsg: 'slow' }],
    ['a status', { status: 502, body: 'x', headers: { 'Retry-After': '1' } }],
    ['html', { html: true }],
    ['a body', { body: 'x', contentType: 'text/plain' }],
    ['a redirect', { redirect: 'https://a.example' }],
    ['a delay', { delay: 5 }],
    ['a drip', { drip: 5 }],
    ['a patch', { patch: { openid: 'x' } }],
  ])('may be %s', async (_, fault) => {
    expect((await call('POST', 'faults', { endpoint: 'auth', fault })).status).toBe(200);
    expect((await call('GET', 'state')).json['faults']).toMatchObject([{ fault }]);
  });
});

describe('logins', () => {
  it('POST authorize returns the callback address, or null if WeChat does not redirect', async () => {
    const url = client.authorizeURL();
    const { json } = await call('POST', 'authorize', { url, user: 'emoji' });
    expect(Object.keys(json)).toEqual(['location']);
    const token = await client.redeem(codeIn(String(json['location'])));
    expect(token.json['openid']).toBe(wechat.openid('emoji', wechat.apps.official.appId));
    expect(await call('POST', 'authorize', { url, allow: false })).toMatchObject({
      status: 200,
      json: { location: null },
    });
    wechat.switches.doubleCallback = 'different-codes';
    const twice = await call('POST', 'authorize', { url });
    expect(Object.keys(twice.json)).toEqual(['location', 'second']);
  });

  it('POST authorize with fullService gives the real person', async () => {
    const url = client.authorizeURL();
    const flagFor = async (fullService: boolean): Promise<unknown> => {
      const { json } = await call('POST', 'authorize', { url, user: 'snapshot', fullService });
      return (await client.redeem(codeIn(String(json['location'])))).json['is_snapshotuser'];
    };
    expect([await flagFor(false), await flagFor(true)]).toEqual([1, undefined]);
  });

  it('POST authorize: a refusal is 422 with WeChat’s text, code and the advice', async () => {
    const { status, json } = await call('POST', 'authorize', {
      url: client.authorizeURL({ appid: undefined }),
    });
    expect([status, json]).toEqual([
      422,
      {
        error: 'page_refusal',
        message: 'appid不能为空，错误码:10012 (appid is missing)',
        text: 'appid不能为空',
        code: 10012,
        advice: 'appid is missing',
      },
    ]);
    const noCode = await call('POST', 'authorize', { url: client.qrURL({ appid: 'wx0' }) });
    expect([noCode.status, noCode.json['code']]).toEqual([422, null]);
  });

  it('POST codes', async () => {
    const { json } = await call('POST', 'codes', {
      app: wechat.apps.official.appId,
      user: 'emoji',
      scope: 'snsapi_base',
      virtual: true,
    });
    const token = await client.redeem(String(json['code']));
    expect(token.json).toMatchObject({ scope: 'snsapi_base', is_snapshotuser: 1 });
  });

  it('POST qr/<uuid>: scan, cancel, scan again, confirm as somebody', async () => {
    const uuid = uuidOf(await client.qrPage());
    wechat.switches.pollHold = 0;
    const act = async (action: string, user?: string): Promise<unknown> =>
      (await call('POST', `qr/${uuid}`, { action, user })).json;
    expect(await act('scan')).toEqual({ status: 'scanned' });
    expect((await client.poll(uuid)).text).toContain('wx_errcode=404');
    expect(await act('cancel')).toEqual({ status: 'cancelled' });
    expect(await act('scan')).toEqual({ status: 'scanned' });
    expect(await act('confirm', 'emoji')).toEqual({ status: 'confirmed' });
    const [, code = ''] = /wx_code='(\w+)'/.exec((await client.poll(uuid)).text) ?? [];
    const { appId: appid, appSecret: secret } = wechat.apps.website;
    expect((await client.redeem(code, { appid, secret })).json['openid']).toBe(wechat.openid('emoji', appid));
    expect(await act('cancel')).toEqual({ status: 'confirmed' });
    const expired = uuidOf(await client.qrPage());
    wechat.clock.advance(5 * 60_000);
    const late = await call('POST', `qr/${expired}`, { action: 'confirm' });
    expect(late.json).toEqual({ status: 'expired' });
  });

  it('POST tokens/expire, tokens/revoke and tokens/change-password', async () => {
    const { appId: app } = wechat.apps.official;
    const [one, two] = [await client.login(), await client.login({ user: 'emoji' })];
    expect(await call('POST', 'tokens/expire', { app, user: 'ming' })).toMatchObject({
      status: 200,
      json: {},
    });
    expect(await call('POST', 'tokens/revoke', { app, user: 'ming' })).toMatchObject({
      status: 200,
      json: {},
    });
    expect((await client.auth(one)).json['errcode']).toBe(42001);
    expect((await client.refresh(one.json['refresh_token'])).json['errcode']).toBe(40030);
    expect((await client.auth(two)).json['errcode']).toBe(0);
    await call('POST', 'tokens/expire', { accessToken: two.json['access_token'] });
    expect((await client.auth(two)).json['errcode']).toBe(42001);
    const three = await client.login({ user: 'emoji' });
    await call('POST', 'tokens/revoke', { refreshToken: three.json['refresh_token'] });
    expect((await client.refresh(three.json['refresh_token'])).json['errcode']).toBe(40030);
    await call('POST', 'tokens/change-password', { user: 'emoji' });
    expect((await client.auth(three)).json['errcode']).toBe(40001);
  });

  it('POST identity and encrypted-user', async () => {
    const { official, unbound, miniProgram } = wechat.apps;
    expect((await call('POST', 'identity', { app: official.appId, user: 'ming' })).json).toEqual({
      openid: wechat.openid('ming', official.appId),
      unionid: wechat.unionid('ming', official.appId),
    });
    expect((await call('POST', 'identity', { app: unbound.appId, user: 'ming' })).json['unionid']).toBeNull();
    const session = await client.jscode2session(client.miniProgramCode());
    const sessionKey = session.json['session_key'];
    const { json } = await call('POST', 'encrypted-user', { app: miniProgram.appId, sessionKey });
    expect(Object.keys(json)).toEqual(['encryptedData', 'iv', 'rawData', 'signature']);
  });
});

describe('reset', () => {
  it('resets everything, as often as it is called', async () => {
    const own = await startClient({ switches: { denial: 'authdeny' } });
    const start = own.wechat.state();
    const uuid = uuidOf(await own.qrPage());
    const poll = own.poll(uuid);
    const [code, token] = [own.wechat.issueCode({ app: own.wechat.apps.official.appId }), await own.login()];
    const { switches, requests } = own.wechat;
    for (let round = 0; round < 2; round += 1) {
      own.wechat.fail('auth', 'reset', { times: Infinity });
      own.wechat.addApp(OWN_APP);
      own.wechat.addUser({ id: 'lan', nickname: '小兰' });
      own.wechat.clock.advance(60_000);
      Object.assign(switches, { denial: 'silent', unionid: false });
      expect(await control(own.wechat, 'POST', 'reset', {})).toMatchObject({ status: 200, json: {} });
      const { now, ...rest } = own.wechat.state();
      const { now: then, ...before } = start;
      expect(rest).toEqual(before);
      expect(now - then).toBeLessThan(60_000);
      expect([own.wechat.switches, own.wechat.requests]).toEqual([switches, requests]);
      expect(requests).toEqual([]);
    }
    expect((await poll).text).toContain('wx_errcode=402');
    expect((await own.redeem(code)).json['errcode']).toBe(40029);
    expect((await own.auth(token)).json['errcode']).toBe(40001);
    expect((await own.refresh(token.json['refresh_token'])).json['errcode']).toBe(40030);
    own.wechat.switches.pollHold = 0;
    expect((await own.poll(uuid)).text).toContain('wx_errcode=402');
  });

  it('forgets who allowed an app', async () => {
    wechat.switches.recentLogin = 'silent';
    await wechat.authorize(client.authorizeURL());
    wechat.reset();
    wechat.switches.recentLogin = 'silent';
    expect(await wechat.authorize(client.authorizeURL(), { allow: false })).toBeUndefined();
  });
});

describe('a wrong request', () => {
  it.each<[string, string, unknown, RegExp]>([
    ['PATCH', 'switches', { colour: 1 }, /"colour" is not a field\. The fields are consent, client/],
    ['PATCH', 'switches', { consent: 'yes' }, /^consent is "yes"\. Give one of "ask", "allow", "deny"\.$/],
    ['PATCH', 'switches', '["consent"]', /The body is not a JSON object/],
    ['PATCH', 'switches', '{', /The body is not a JSON object/],
    ['POST', 'faults', { fault: 'reset' }, /^endpoint is missing\. Give a path, or one of access_token/],
    ['POST', 'faults', { endpoint: 'auht', fault: 'reset' }, /no endpoint "auht"/],
    [
      'POST',
      'faults',
      { endpoint: 'auth', fault: 'rset' },
      /^fault is "rset"\. Give one of the texts "reset"/,
    ],
    ['POST', 'faults', { endpoint: 'auth', fault: { errcod: 1 } }, /"errcod" is not a field of fault/],
    [
      'POST',
      'faults',
      { endpoint: 'auth', fault: { errcode: 'x' } },
      /^fault\.errcode is "x"\. Give a whole number/,
    ],
    ['POST', 'faults', { endpoint: 'auth', fault: 'reset', times: 0 }, /^times is 0\. Give/],
    ['POST', 'faults', { endpoint: 'auth', fault: 'reset', tims: 2 }, /"tims" is not a field/],
    [
      'POST',
      'faults',
      { endpoint: 'auth', fault: 'reset', match: { usr: 1 } },
      /"usr" is not a field of match/,
    ],
    ['POST', 'faults', { endpoint: 'auth', fault: 'reset', match: { user: 'x' } }, /no user "x"/],
    ['POST', 'faults', { endpoint: 'auth', fault: 'reset', match: { app: 'x' } }, /no app "x"/],
    ['POST', 'clock', {}, /^advance is missing/],
    ['POST', 'clock', { advance: -1 }, /^advance is -1\. Give a number of milliseconds/],
    ['POST', 'clock', { advance: 1e300 }, /advance\(1e\+300\)/],
    ['POST', 'apps', { type: 'official', appId: 'wx1' }, /^appSecret is missing\. Give the AppSecret\.$/],
    ['POST', 'apps', { ...OWN_APP, typ: 'official' }, /"typ" is not a field/],
    [
      'POST',
      'apps',
      { ...OWN_APP, domains: ['https://a.example'] },
      /^domains\[0\] is "https:\/\/a\.example"/,
    ],
    [
      'POST',
      'apps',
      { ...OWN_APP, appId: 'wx0f1c1a10e0000001' },
      /Two apps have the appId "wx0f1c1a10e0000001"/,
    ],
    ['POST', 'users', { id: 'ming', nickname: 'M' }, /Two users have the id "ming"/],
    ['POST', 'users', { id: 'a', nickname: 5 }, /^nickname is 5\./],
    ['POST', 'authorize', {}, /^url is missing/],
    ['POST', 'authorize', { url: 'nonsense' }, /The url "nonsense" is not an address/],
    [
      'POST',
      'authorize',
      { url: 'https://example.com/connect/qrconnect' },
      /The url is at https:\/\/example\.com, which is not/,
    ],
    [
      'POST',
      'authorize',
      { url: 'https://open.weixin.qq.com/', user: 'x' },
      /The url \/ is not a login page/,
    ],
    ['POST', 'authorize', { url: 'https://open.weixin.qq.com/connect/qrconnect', user: 'x' }, /no user "x"/],
    ['POST', 'codes', { app: 'wx0' }, /no app "wx0"/],
    ['POST', 'tokens/expire', { app: 'wx0f1c1a10e0000001' }, /^user is missing/],
    ['POST', 'tokens/revoke', { app: 'wx0', user: 'ming' }, /no app "wx0"/],
    [
      'POST',
      'encrypted-user',
      { app: 'wx0f1c1a10e0000001', sessionKey: 'x' },
      /^sessionKey is of type string\./,
    ],
    ['POST', 'reset', { all: true }, /^"all" is not a field\. Send no fields\.$/],
    ['POST', 'reset', { 'a\u009b\u202e': true }, /^"a\ufffd\ufffd" is not a field\./],
    ['POST', 'reset', { 'a\u061c\u200e\u200f': true }, /^"a\ufffd\ufffd\ufffd" is not a field\./],
    ['PATCH', 'switches', { consent: 'a\u009b\u202e' }, /^consent is "a\ufffd\ufffd"\./],
  ])('%s %s %j gets 400, names the field, and changes nothing', async (method, path, body, message) => {
    const before = { ...wechat.state(), now: 0 };
    const { status, json } = await call(method, path, body);
    expect([status, json['error']]).toEqual([400, 'bad_input']);
    expect(json['message']).toMatch(message);
    expect({ ...wechat.state(), now: 0 }).toEqual(before);
  });

  it.each([
    ['GET', 'nothing', 404, 'not_found'],
    ['POST', 'nothing', 404, 'not_found'],
    ['GET', '', 404, 'not_found'],
    ['POST', 'qr/none', 404, 'not_found'],
    ['DELETE', 'faults/none', 404, 'not_found'],
    ['PUT', 'state', 405, 'method_not_allowed'],
    ['POST', 'openapi.json', 405, 'method_not_allowed'],
    ['GET', 'reset', 405, 'method_not_allowed'],
    ['OPTIONS', 'faults', 405, 'method_not_allowed'],
  ])('%s %s gets %i', async (method, path, status, error) => {
    const response = await call(method, path, path.startsWith('qr/') ? { action: 'scan' } : undefined);
    expect([response.status, response.json]).toEqual([
      status,
      { error, message: expect.any(String) as unknown },
    ]);
    if (status === 405) expect(response.headers.get('allow')).toMatch(/^[A-Z, ]+$/);
  });

  it('gets JSON too if it comes from another site, for another host, or with a large body', async () => {
    const foreign = await control(wechat, 'POST', 'reset', {}, { Origin: 'https://evil.example' });
    expect([foreign.status, foreign.json['error']]).toEqual([403, 'forbidden']);
    const crossSite = await control(wechat, 'PATCH', 'switches', {}, { 'Sec-Fetch-Site': 'cross-site' });
    expect(crossSite.status).toBe(403);
    const rebound = await sendRaw(wechat.url, '/_emulator/state', { host: 'evil.example' });
    expect([rebound.status, (JSON.parse(rebound.body) as { error: string }).error]).toEqual([
      421,
      'misdirected_request',
    ]);
    const large = await call('POST', 'reset', `{"a":"${'a'.repeat(2_000_000)}"}`);
    expect([large.status, large.json['error']]).toEqual([413, 'body_too_large']);
  });

  it('does not count as a request to WeChat', async () => {
    for (const [method, path, status] of [
      ['GET', 'nothing', 404],
      ['PUT', 'state', 405],
      ['GET', 'state', 200],
    ] as const)
      expect((await call(method, path)).status).toBe(status);
    expect(wechat.requests).toEqual([]);
  });
});
