import net from 'node:net';
import tls from 'node:tls';
import { kindOfErrcode } from '../../lib/errors';
import {
  PageRefusal,
  selfSignedCertificate,
  type EmulatorFault,
  type FaultOptions,
} from '../../lib/emulator';
import {
  refusal,
  useEmulatorClient,
  uuidOf,
  type EmulatorClient,
  type ReceivedResponse,
} from './support/emulator-client';

const startClient = useEmulatorClient();
let client: EmulatorClient;
beforeEach(async () => {
  client = await startClient();
});

async function causeCodeOf(attempt: Promise<unknown>): Promise<string | undefined> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason as Error & { cause?: { code?: string } },
  );
  return error?.cause?.code;
}

function newCode(): string {
  return client.wechat.issueCode({ app: client.wechat.apps.official.appId });
}

describe('fail()', () => {
  it('returns an errcode once, with WeChat’s message or another', async () => {
    client.wechat.fail('access_token', { errcode: 45011 });
    client.wechat.fail('/sns/oauth2/access_token', { errcode: 99, errmsg: 'new trouble' });
    expect(refusal(await client.redeem('x'))).toBe(
      '45011 api minute-quota reach limit, must slower, retry next minute',
    );
    expect(refusal(await client.redeem('x'))).toBe('99 new trouble');
    expect(refusal(await client.redeem('x'))).toBe('40029 invalid code');
  });

  it('has a message of its own for each errcode that the package knows', async () => {
    const known = [...Array(100_000).keys()].filter((errcode) => kindOfErrcode(errcode) !== 'unknown');
    expect(known.length).toBeGreaterThan(25);
    const messages: Record<number, unknown> = {};
    for (const errcode of known) {
      client.wechat.fail('access_token', { errcode });
      messages[errcode] = (await client.redeem('x')).json['errmsg'];
    }
    // The text of -1.
    const without = Object.entries(messages).filter(([, errmsg]) => /^system error\b/.test(String(errmsg)));
    expect(without).toEqual([]);
    expect(messages[40164]).toMatch(/^invalid ip [\d.]+ .*not in whitelist/);
  });

  it('skips `after` requests, affects `times` requests, and ends when it is withdrawn', async () => {
    const withdraw = client.wechat.fail('auth', { errcode: -1 }, { after: 2, times: Infinity });
    const token = await client.login();
    const errcodes = [];
    for (let call = 0; call < 4; call += 1) errcodes.push((await client.auth(token)).json['errcode']);
    withdraw();
    errcodes.push((await client.auth(token)).json['errcode']);
    expect(errcodes).toEqual([0, 0, -1, -1, 0]);
  });

  it('is forgotten once it has affected its requests', async () => {
    for (let fault = 0; fault < 3; fault += 1) client.wechat.fail('auth', { errcode: -1 });
    client.wechat.fail('auth', { errcode: -1 }, { times: 0 });
    for (let call = 0; call < 3; call += 1) await client.get('/sns/auth');
    expect((await client.get('/sns/auth')).json['errcode']).toBe(41001);
    expect(client.wechat.requests.map(({ fault }) => fault)).toEqual([
      ...Array<string>(3).fill('{"errcode":-1}'),
      undefined,
    ]);
  });

  it('affects only the requests of the app, the user and the code in `match`', async () => {
    const { wechat } = client;
    const { official, unbound } = wechat.apps;
    const busy = { errcode: -1 };
    const [code, other] = [newCode(), newCode()];
    wechat.fail('access_token', busy, { match: { code } });
    expect((await client.redeem(other)).json).toHaveProperty('openid');
    expect((await client.redeem(code)).json['errcode']).toBe(-1);
    wechat.fail('access_token', busy, { match: { app: unbound.appId, user: 'emoji' }, times: Infinity });
    const errcodeFor = async (app: string, user: string): Promise<unknown> => {
      const issued = wechat.issueCode({ app, user });
      return (await client.redeem(issued, { appid: app })).json['errcode'];
    };
    expect(await errcodeFor(official.appId, 'emoji')).toBeUndefined();
    expect(await errcodeFor(unbound.appId, 'ming')).toBe(40125);
    expect(await errcodeFor(unbound.appId, 'emoji')).toBe(-1);
  });

  it('with a user in `match`, follows that user’s tokens and pages', async () => {
    const { wechat } = client;
    const [ming, emoji] = [await client.login(), await client.login({ user: 'emoji' })];
    for (const endpoint of ['userinfo', 'refresh_token', 'authorize', 'confirm', 'poll'])
      wechat.fail(endpoint, { errcode: -1 }, { match: { user: 'emoji' } });
    expect((await client.userinfo(ming)).json).toHaveProperty('nickname');
    expect((await client.userinfo(emoji)).json['errcode']).toBe(-1);
    expect((await client.refresh(ming.json['refresh_token'])).json).toHaveProperty('openid');
    expect((await client.refresh(emoji.json['refresh_token'])).json['errcode']).toBe(-1);
    expect(await wechat.authorize(client.authorizeURL())).toContain('code=');
    await expect(wechat.authorize(client.authorizeURL(), { user: 'emoji' })).rejects.toThrow(PageRefusal);
    const uuid = uuidOf(await client.qrPage());
    const confirm = { reply: 'allow', person: 'emoji' };
    expect((await client.post('/connect/confirm', confirm, { uuid })).text).toContain('系统错误');
    await client.post('/connect/confirm', confirm, { uuid });
    expect((await client.poll(uuid)).text).toContain('wx_errcode=-1');
  });

  it('with an app in `match`, knows the app of every API', async () => {
    const platform = 'wx0000000000000009';
    const shop = { appId: 'wx000000000000000a', appSecret: 's'.repeat(32), components: [platform] };
    const own = await startClient({ apps: [{ type: 'official', ...shop }] });
    const { wechat } = own;
    const other = wechat.apps.miniProgram;
    const errcodeOf = async (response: Promise<ReceivedResponse>): Promise<unknown> =>
      (await response).json['errcode'];
    const stable = ({ appId, appSecret }: typeof other) =>
      own.postJSON('/cgi-bin/stable_token', {
        grant_type: 'client_credential',
        appid: appId,
        secret: appSecret,
      });
    const tokens = { mine: await stable(wechat.apps.official), other: await stable(other) };
    const ticketOf = ({ json }: ReceivedResponse): Promise<unknown> =>
      errcodeOf(
        own.get('/cgi-bin/ticket/getticket', { access_token: String(json['access_token']), type: 'jsapi' }),
      );
    const componentToken = (appId: string): Promise<unknown> =>
      errcodeOf(own.postJSON('/cgi-bin/component/api_component_token', { component_appid: appId }));
    for (const endpoint of ['stable_token', 'getticket'])
      wechat.fail(endpoint, { errcode: -1 }, { match: { app: shop.appId } });
    wechat.fail('api_component_token', { errcode: -1 }, { match: { app: platform } });
    expect(await errcodeOf(stable(other))).toBeUndefined();
    expect(await errcodeOf(stable(wechat.apps.official))).toBe(-1);
    expect([await ticketOf(tokens.other), await ticketOf(tokens.mine)]).toEqual([0, -1]);
    expect([await componentToken('x'), await componentToken(platform)]).toEqual([41004, -1]);
  });

  it.each<[string, NonNullable<FaultOptions['match']>, RegExp]>([
    ['token', { user: 'ming' }, /^match\.user is "ming", but no request to \/cgi-bin\/token has a user\./],
    ['userinfo', { code: 'x' }, /^match\.code is "x", but no request to \/sns\/userinfo has a code\. Leave/],
    ['api_component_token', { app: 'wx0f1c1a10e0000001' }, /no platform "wx0f1c1a10e0000001"\. List it in/],
  ])('refuses a condition that no request to %s can fit: %j', (endpoint, match, message) => {
    expect(() => client.wechat.fail(endpoint, 'reset', { match })).toThrow(message);
    expect(client.wechat.state().faults).toEqual([]);
  });

  it.each<[unknown, object, RegExp]>([
    ['rest', {}, /^fault is "rest"\. Give one of the texts "reset", "reset-inside"/],
    [{}, {}, /^fault\.errcode is missing\. Give a whole number/],
    [null, {}, /^fault is null\./],
    [undefined, {}, /^fault is missing\./],
    [{ errcode: 1, delay: 5 }, {}, /^"delay" is not a field of fault\. The fields are errcode, errmsg\.$/],
    ['reset', { times: Number.NaN }, /^times is NaN\. Give the number of requests/],
    ['reset', { times: -1 }, /^times is -1\./],
    ['reset', { after: Infinity }, /^after is Infinity\. Give the number of requests/],
    ['reset', { tims: 2 }, /^"tims" is not a field\./],
  ])('refuses a wrong fault or option from JavaScript: %p %p', (fault, options, message) => {
    expect(() => client.wechat.fail('auth', fault as EmulatorFault, options)).toThrow(message);
    expect(client.wechat.state().faults).toEqual([]);
  });

  it('does not affect other endpoints', async () => {
    client.wechat.fail('userinfo', { errcode: -1 });
    expect((await client.login()).json).toHaveProperty('openid');
  });

  it('refuses an endpoint that does not exist', () => {
    expect(() => client.wechat.fail('acces_token', 'reset')).toThrow(
      /no endpoint "acces_token".*access_token, refresh_token/,
    );
  });

  it.each<[EmulatorFault, RegExp]>([
    [{ status: 1000 }, /^fault\.status is 1000\. Give an HTTP status from 200 to 999\.$/],
    [{ status: 99 }, /^fault\.status is 99\./],
    [{ status: 200, headers: { 'a b': 'c' } }, /^fault\.headers is \{ 'a b': 'c' \}\. An HTTP header cannot/],
    [{ status: 200, headers: { a: 'b\nc' } }, /^fault\.headers is /],
    [
      { status: 200, headers: { a: '\u009b\u2028\u202e' } },
      /^fault\.headers is \{ a: '\\x9B\ufffd\ufffd' \}\./,
    ],
    [{ redirect: 'https://a.example/\n' }, /^fault\.redirect is /],
    [{ redirect: 'https://a.example/中' }, /^fault\.redirect is /],
    [{ body: '', contentType: 'a\nb' }, /^fault\.contentType is /],
    [{ delay: 2 ** 31 }, /^fault\.delay plus delay is 2147483648\. Give a number of milliseconds from 0 to/],
    [{ delay: Number.NaN }, /^fault\.delay is NaN\./],
    [{ drip: 1e10 }, /^fault\.drip is 10000000000\./],
    [{ drip: -1 }, /^fault\.drip is -1\./],
  ])('refuses a fault that no response can have: %j', (fault, message) => {
    expect(() => client.wechat.fail('auth', fault)).toThrow(message);
    expect(() => client.wechat.fail('auth', 'reset', { delay: 1e10 })).toThrow(/^delay is 10000000000\./);
    expect(client.wechat.state().faults).toEqual([]);
  });

  it('sends another status, an HTML page, another body, no body or a redirect', async () => {
    client.wechat.fail('auth', { status: 502, body: 'bad gateway', headers: { 'Retry-After': '1' } });
    client.wechat.fail('auth', { html: true });
    client.wechat.fail('auth', { body: Buffer.of(0xff), contentType: 'application/octet-stream' });
    client.wechat.fail('auth', 'empty');
    client.wechat.fail('auth', { redirect: 'https://elsewhere.example.com/' });
    const responses = [];
    for (let call = 0; call < 5; call += 1) responses.push(await client.get('/sns/auth'));
    const [status, page, body, empty, redirect] = responses;
    expect([status?.status, status?.text, status?.headers.get('retry-after')]).toEqual([
      502,
      'bad gateway',
      '1',
    ]);
    expect([page?.status, page?.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect([body?.status, body?.headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
    expect([empty?.status, empty?.text]).toEqual([200, '']);
    expect([redirect?.status, redirect?.location]).toEqual([302, 'https://elsewhere.example.com/']);
  });

  it('resets the connection before the first byte: the code is not spent', async () => {
    client.wechat.fail('access_token', 'reset');
    const code = newCode();
    expect(await causeCodeOf(client.redeem(code))).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
    expect((await client.redeem(code)).json).toHaveProperty('openid');
  });

  it('resets the connection before the first byte, with workDone: the code is spent', async () => {
    client.wechat.fail('access_token', 'reset', { workDone: true });
    const code = newCode();
    await expect(client.redeem(code)).rejects.toThrow();
    expect(refusal(await client.redeem(code))).toBe('40163 code been used');
  });

  it('resets the connection inside the body: the headers have arrived, the code is spent', async () => {
    client.wechat.fail('access_token', 'reset-inside');
    const code = newCode();
    const query = new URLSearchParams(client.codeParameters(code) as Record<string, string>).toString();
    const response = await fetch(`${client.wechat.url}/sns/oauth2/access_token?${query}`);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(refusal(await client.redeem(code))).toBe('40163 code been used');
  });

  it.each(['reset', 'reset-inside'] as const)('%s is a TCP reset over TLS too', async (fault) => {
    const pair = selfSignedCertificate();
    const { wechat } = await startClient({ https: pair });
    wechat.fail('auth', fault);
    const port = Number(new URL(wechat.url).port);
    const socket = tls.connect({ host: '127.0.0.1', port, ca: pair.cert });
    const end = new Promise((resolve) => {
      // A FIN would end the socket without an error.
      socket
        .resume()
        .once('error', resolve)
        .once('end', () => resolve('a FIN'));
    });
    socket.write('GET /sns/auth HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await end).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
  });

  it('sends half of the body, with a Content-Length that fits it', async () => {
    client.wechat.fail('access_token', 'truncated');
    const response = await client.redeem(newCode());
    expect(response.text).toMatch(/^\{"access_token":"/);
    expect(response.headers.get('content-length')).toBe(String(Buffer.byteLength(response.text)));
    expect(() => JSON.parse(response.text) as unknown).toThrow();
  });

  it('never responds: the client’s own timeout ends the request', async () => {
    client.wechat.fail('auth', 'silence');
    await expect(fetch(`${client.wechat.url}/sns/auth`, { signal: AbortSignal.timeout(50) })).rejects.toThrow(
      'timeout',
    );
  });

  it('sends the real response byte by byte', async () => {
    client.wechat.fail('auth', { drip: 5 });
    const { access_token, openid } = (await client.login()).json as Record<string, string>;
    const query = new URLSearchParams({ access_token, openid } as Record<string, string>);
    const response = await fetch(`${client.wechat.url}/sns/auth?${query.toString()}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body ?? []) chunks.push(chunk as Uint8Array);
    expect(Buffer.concat(chunks).toString()).toBe('{"errcode":0,"errmsg":"ok"}');
    // The network may join some of the bytes.
    expect(chunks.length).toBeGreaterThan(1);
  });

  it('delays the real response, or the fault', async () => {
    client.wechat.fail('auth', { delay: 30 });
    client.wechat.fail('auth', { errcode: -1 }, { delay: 30 });
    const token = await client.login();
    for (const errcode of [0, -1]) {
      const since = performance.now();
      expect((await client.auth(token)).json['errcode']).toBe(errcode);
      // A timer may fire a little early.
      expect(performance.now() - since).toBeGreaterThan(25);
    }
  });

  it('changes fields of the real response', async () => {
    client.wechat.fail('access_token', {
      patch: { expires_in: '7200', unionid: undefined, extra: { deep: [1] } },
    });
    client.wechat.fail('access_token', { patch: (fields) => ({ only: fields['scope'] }) });
    const patched = await client.login();
    expect(patched.json).toMatchObject({
      expires_in: '7200',
      extra: { deep: [1] },
      scope: 'snsapi_userinfo',
    });
    expect(patched.json).not.toHaveProperty('unionid');
    expect((await client.login()).text).toBe('{"only":"snsapi_userinfo"}');
  });

  it('changes fields of the real response in place, by a function that returns nothing', async () => {
    client.wechat.fail('access_token', {
      patch: (fields) => {
        fields['expires_in'] = 1;
      },
    });
    expect(await client.login()).toMatchObject({
      status: 200,
      json: { expires_in: 1, scope: 'snsapi_userinfo' },
    });
  });

  it('shows an errcode as an error page at a login page, and as a number in a poll', async () => {
    client.wechat.fail('authorize', { errcode: 10009 });
    client.wechat.fail('poll', { errcode: 500 });
    expect((await client.authorizePage()).text).toContain('操作太频繁了，请稍后重试，错误码:10009');
    expect((await client.poll('x')).text).toBe("window.wx_errcode=500;window.wx_code='';");
    client.wechat.fail('poll', { errcode: 500 });
    expect((await client.poll('x', { f: 'json' })).json).toEqual({ wx_errcode: 500, wx_code: '' });
  });
});

describe('a planned fault of a login page', () => {
  it('rejects authorize() with the errcode and its text, and is gone', async () => {
    client.wechat.fail('authorize', { errcode: 10009 });
    client.wechat.fail('authorize', { errcode: 10009, errmsg: '请稍后' });
    const attempt = (): Promise<unknown> => client.wechat.authorize(client.authorizeURL());
    await expect(attempt()).rejects.toMatchObject({ code: 10009, text: '操作太频繁了，请稍后重试' });
    await expect(attempt()).rejects.toMatchObject({ code: 10009, text: '请稍后' });
    expect(await attempt()).toContain('code=');
  });

  it.each<[string, EmulatorFault, RegExp | undefined]>([
    ['reset', 'reset', undefined],
    ['silence', 'silence', undefined],
    ['empty', 'empty', undefined],
    ['another status', { status: 502 }, undefined],
    ['an HTML page', { html: true }, undefined],
    ['another body', { body: 'x' }, undefined],
    ['a redirect', { redirect: 'https://elsewhere.example.com/' }, /^https:\/\/elsewhere/],
    ['a redirect by status', { status: 302, headers: { location: 'https://a.example/' } }, /^https:\/\/a\./],
    ['half of the body', 'truncated', /code=/],
    ['a reset inside the body', 'reset-inside', /code=/],
    ['one byte at a time', { drip: 0 }, /code=/],
    ['other fields', { patch: { a: 1 } }, /code=/],
  ])('has the effect on authorize() that it has on a browser: %s', async (_, fault, callback) => {
    client.wechat.fail('authorize', fault);
    const first = await client.wechat.authorize(client.authorizeURL());
    if (callback) expect(first).toMatch(callback);
    else expect(first).toBeUndefined();
    expect(client.wechat.requests.at(-1)?.fault).toBe(JSON.stringify(fault));
    expect(await client.wechat.authorize(client.authorizeURL())).toContain('code=');
  });

  it('delays authorize(), and with workDone lets the page do its work although the callback is lost', async () => {
    const { wechat } = client;
    wechat.switches.recentLogin = 'silent';
    wechat.fail('authorize', { delay: 30 });
    const since = performance.now();
    expect(await wechat.authorize(client.authorizeURL())).toContain('code=');
    expect(performance.now() - since).toBeGreaterThan(25);
    wechat.fail('authorize', { status: 502 }, { workDone: true });
    expect(await wechat.authorize(client.authorizeURL(), { user: 'emoji' })).toBeUndefined();
    // The consent counted: WeChat does not ask again, so the denial has no effect.
    const silent = await wechat.authorize(client.authorizeURL(), { user: 'emoji', allow: false });
    expect(silent).toContain('code=');
    wechat.fail('authorize', { delay: 0 }, { workDone: false });
    await expect(wechat.authorize(client.authorizeURL())).rejects.toMatchObject({ code: -1 });
  });

  it('is not used up by an address that authorize() refuses', async () => {
    client.wechat.fail('authorize', { errcode: 10009 });
    const foreign = 'https://example.com/connect/oauth2/authorize';
    await expect(client.wechat.authorize(foreign)).rejects.toThrow('is not this emulator');
    await expect(client.wechat.authorize(client.authorizeURL())).rejects.toMatchObject({ code: 10009 });
  });

  it('has the style of its page: the QR code login shows no error code', async () => {
    for (const endpoint of ['qrconnect', 'confirm']) client.wechat.fail(endpoint, { errcode: 10009 });
    const pages = [await client.qrPage(), await client.get('/connect/confirm')];
    for (const { text } of pages) {
      expect(text).toContain('<title>微信登录</title>');
      expect(text).toContain('操作太频繁了，请稍后重试</h4>');
    }
    expect(pages.map(({ headers }) => headers.get('content-security-policy'))).toEqual([
      expect.not.stringContaining('frame-ancestors'),
      expect.stringContaining("frame-ancestors 'self'"),
    ]);
  });

  it('`empty` with workDone has status 200, and neither the real redirect nor its cookie', async () => {
    client.wechat.fail('authorize', 'empty', { workDone: true });
    const { status, location, headers, text } = await client.authorizePage({ scope: 'snsapi_base' });
    expect([status, location, headers.get('set-cookie'), text]).toEqual([200, '', null, '']);
  });
});

describe('close()', () => {
  it('closes every open connection, and may be called twice', async () => {
    client.wechat.fail('auth', 'silence');
    client.wechat.fail('auth', { delay: 60_000 });
    const open = [1, 2].map(() => fetch(`${client.wechat.url}/sns/auth`).catch((error: unknown) => error));
    const { port } = new URL(client.wechat.url);
    const idle = net.connect(Number(port), '127.0.0.1').on('error', () => undefined);
    while (client.wechat.requests.length < 2) await new Promise(setImmediate);
    await Promise.all([client.wechat.close(), client.wechat.close()]);
    for (const result of await Promise.all(open)) expect(result).toMatchObject({ name: 'TypeError' });
    idle.destroy();
    await expect(fetch(client.wechat.url)).rejects.toThrow();
  });

  it('ends a long poll', async () => {
    const page = await client.qrPage();
    const uuid = uuidOf(page);
    const poll = client.poll(uuid).catch((error: unknown) => error);
    while (client.wechat.requests.at(-1)?.path !== '/connect/l/qrconnect') await new Promise(setImmediate);
    await client.wechat.close();
    expect(await poll).toMatchObject({ name: 'TypeError' });
  });
});
