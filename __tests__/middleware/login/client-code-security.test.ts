// Codes that a client posts have no state. An attacker must not log a victim's browser in to her own account
// with such a code (login CSRF), must not log in with a used code of the victim, and must not get into the
// login of a session that she planted (session fixation).
import type { OwnOptions } from '../../support/app';
import { RedisTokenStore, wechatAuth } from '../../../lib';
import { inspect } from 'node:util';
import createDebug from 'debug';
import { createClient } from 'redis';
import { startApp, type AppOptions, type TestApp, type TestRequest } from '../../support/app';
import { Browser, agree, cookiesOf } from '../../support/browser';
import {
  appIdOf,
  codeAccounts,
  CodeClient,
  codeRoutes,
  CODE_FLOWS,
  exchanges,
  newCode,
  openidOf,
} from '../../support/browsers/code-clients';
import { DESKTOP_CHROME } from '../../support/browsers/user-agents';
import { emulator, useEmulator } from '../../support/emulator';
import { HOSTS } from '../../support/hosts';
import { describeOnRedis, startRedis, type RedisServer } from '../../support/redis';
import {
  SESSIONS,
  SESSION_NAMES,
  serverSessions,
  SlowSessionStore,
  withSession,
} from '../../support/sessions';

const VICTIM = 'ming';
const ATTACKER = 'emoji';

useEmulator();
const apps: TestApp[] = [];
let logins: string[] = [];
beforeEach(() => {
  logins = [];
  emulator.requests.length = 0;
});
afterEach(async () => {
  jest.restoreAllMocks();
  emulator.clearFaults();
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start(auth: OwnOptions = {}, options: AppOptions = {}): Promise<TestApp> {
  const app = await startApp(emulator, {
    ...options,
    routes: (host) => {
      codeRoutes(host);
      options.routes?.(host);
    },
    auth: {
      onLogin: (_req, { user }) => void logins.push(user.openid),
      ...codeAccounts(),
      ...auth,
    },
  });
  apps.push(app);
  return app;
}

/** A page in a browser that posts a code of the attacker, with these headers. */
function page(app: TestApp, headers: Record<string, string>) {
  const client = new CodeClient(app.url, new Browser(app.url, DESKTOP_CHROME));
  return (more: object = {}) =>
    client.logIn('miniProgram', newCode('miniProgram', ATTACKER), more, {
      headers: { Referer: 'https://evil.example/', ...headers },
    });
}

describe.each(HOSTS)('login CSRF on %s', (host) => {
  const BASE = 'https://h5.example.com';
  it.each<[string, Record<string, string>, number]>([
    ['Sec-Fetch-Site: cross-site', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['cross-site with our Origin', { 'Sec-Fetch-Site': 'cross-site', Origin: BASE }, 403],
    ['same-site without Origin', { 'Sec-Fetch-Site': 'same-site' }, 403],
    ['a sibling subdomain', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://blog.example.com' }, 403],
    ['same-site with our Origin', { 'Sec-Fetch-Site': 'same-site', Origin: BASE }, 200],
    ['an unknown Sec-Fetch-Site', { 'Sec-Fetch-Site': 'toString' }, 403],
    ['another Origin', { Origin: 'https://evil.example' }, 403],
    ['our Origin under http', { Origin: 'http://h5.example.com' }, 403],
    [
      'our Origin under http, as a sibling',
      { 'Sec-Fetch-Site': 'same-site', Origin: 'http://h5.example.com' },
      403,
    ],
    ['the Host of the request', { Origin: 'http://HOST' }, 403],
    ['our Origin under another port', { Origin: 'https://h5.example.com:8443' }, 403],
    ['our Origin as a prefix', { Origin: 'https://h5.example.com.evil.example' }, 403],
    ['Origin: null', { Origin: 'null' }, 403],
    ['an Origin that is not an address', { Origin: 'h5.example.com' }, 403],
    ['a WebView of Capacitor', { Origin: 'capacitor://localhost' }, 403],
    ['the Origin of baseURL', { Origin: BASE }, 200],
    ['Sec-Fetch-Site: same-origin', { 'Sec-Fetch-Site': 'same-origin', Origin: BASE }, 200],
    ['Sec-Fetch-Site: none', { 'Sec-Fetch-Site': 'none' }, 200],
    ['neither header, as from wx.request', {}, 200],
  ])('%s', async (_what, headers, status) => {
    const app = await start({ baseURL: BASE }, { host });
    const isOwnHost = headers['Origin'] === 'http://HOST';
    const { host: Host } = new URL(isOwnHost ? app.url : BASE);
    const post = page(app, { ...headers, Host, ...(isOwnHost && { Origin: `http://${Host}` }) });
    for (const session of [true, false]) {
      const response = await post({ session });
      expect([response.status, response.kind]).toEqual([status, status === 403 ? 'forbidden' : undefined]);
      if (status !== 403) continue;
      expect(response.headers['set-cookie']).toBeUndefined();
      expect(response.body).toMatch(
        /another site sent this code\. Only the clients of this app, .* with one\./,
      );
    }
    expect(exchanges()).toBe(status === 403 ? 0 : 2);
  });

  it('without baseURL, our origin is that of the request', async () => {
    const app = await start({}, { host });
    expect((await page(app, { Origin: app.url })()).status).toBe(200);
    // A proxy that ends TLS may not say so.
    expect((await page(app, { Origin: app.url.replace('http:', 'https:') })()).status).toBe(200);
    expect((await page(app, { Origin: app.url.replace('http:', 'ftp:') })()).status).toBe(403);
    expect((await page(app, { Origin: BASE })()).status).toBe(403);
  });
});

describe.each(SESSION_NAMES)('one code, with %s', (kind) => {
  const startHere = (
    auth: OwnOptions = {},
    mounts: Pick<AppOptions, 'before' | 'routes'> = {},
  ): Promise<TestApp> => start(auth, { session: SESSIONS[kind](), ...mounts });

  it.each(CODE_FLOWS)(
    'posted twice at once by one client is one exchange and one login (%s)',
    async (flow) => {
      const app = await startHere();
      const client = new CodeClient(app.url);
      const code = newCode(flow);
      emulator.fail(flow === 'miniProgram' ? 'jscode2session' : 'access_token', { delay: 100 });
      const taps = await Promise.all([client.logIn(flow, code), client.logIn(flow, code)]);
      expect(taps.map(({ status, user }) => [status, user['openid']])).toEqual(
        Array(2).fill([200, openidOf(flow)]),
      );
      expect([exchanges(), logins.length]).toEqual([1, 1]);
      // Each of the two responses holds the login.
      for (const { headers } of taps) {
        const cookie = cookiesOf(headers);
        expect((await new CodeClient(app.url).get('/me', { cookie })).status).toBe(200);
      }
    },
  );

  it('posted again within a minute by the client that it logged in is the same login', async () => {
    const app = await startHere();
    const client = new CodeClient(app.url);
    await client.logIn('miniProgram', newCode('miniProgram', ATTACKER));
    const code = newCode('miniProgram');
    for (const keepCookies of [false, false, true, true]) {
      // A client that lost the response still has the cookies of before.
      const { status, user } = await client.logIn('miniProgram', code, {}, { keepCookies });
      expect([status, user['openid']]).toEqual([200, openidOf('miniProgram')]);
    }
    expect([exchanges(), logins.length]).toEqual([2, 2]);
  });

  it('posted again after its login, without a session, is spent: many clients may have that address', async () => {
    const app = await startHere();
    for (const session of [true, false])
      for (const cookie of [
        '',
        'lang=zh',
        'session=',
        'session=e30=; session.sig=AAAA',
        'connect.sid=s%3Aa.b',
      ]) {
        const code = newCode('miniProgram', VICTIM);
        const post = () => new CodeClient(app.url).logIn('miniProgram', code, { session }, { cookie });
        expect((await post()).status).toBe(200);
        const replay = await post();
        expect([cookie, replay.status, replay.kind, replay.user]).toEqual([cookie, 400, 'code_used', {}]);
        expect(replay.body).not.toContain(openidOf('miniProgram', VICTIM));
      }
    expect(logins).toHaveLength(10);
  });

  it('posted again after its login by an attacker with another session of the same content is spent', async () => {
    // Every new visitor of this app gets the same session.
    const session = withSession(SESSIONS[kind](), (req) => {
      (req as TestRequest).session['lang'] ??= 'zh';
    });
    const app = await start({}, { session });
    const visitor = async (): Promise<CodeClient> => {
      const client = new CodeClient(app.url);
      await client.get('/public');
      return client;
    };
    const [victim, attacker] = [await visitor(), await visitor()];
    const code = newCode('miniProgram', VICTIM);
    expect((await victim.logIn('miniProgram', code)).status).toBe(200);
    expect((await attacker.logIn('miniProgram', code)).kind).toBe('code_used');
    expect((await attacker.get('/me')).status).toBe(401);
  });

  it('posted after more than a minute goes to WeChat, which refuses it', async () => {
    const app = await startHere();
    const client = new CodeClient(app.url);
    const code = newCode('miniProgram');
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now);
    expect((await client.logIn('miniProgram', code)).status).toBe(200);
    clock.mockReturnValue(now + 59_000);
    expect((await client.logIn('miniProgram', code)).status).toBe(200);
    clock.mockReturnValue(now + 61_000);
    expect((await client.logIn('miniProgram', code)).kind).toBe('code_used');
    expect(exchanges()).toBe(2);
  });

  it('posted with other encrypted data is another login: WeChat refuses its used code', async () => {
    const app = await startHere();
    const client = new CodeClient(app.url);
    // A client with a session would share the login with an equal request.
    await client.logIn('miniProgram', newCode('miniProgram', ATTACKER));
    const code = newCode('miniProgram');
    const key = Buffer.alloc(16, 7).toString('base64');
    emulator.fail('jscode2session', { patch: { session_key: key } });
    const { encryptedData, iv } = emulator.encryptUser({
      ...{ app: appIdOf('miniProgram'), user: VICTIM, sessionKey: key },
    });
    const first = await client.logIn('miniProgram', code, { encryptedData, iv }, { keepCookies: false });
    expect([first.status, first.user['nickName']]).toEqual([200, '小明']);
    const otherIV = Buffer.alloc(16, 1).toString('base64');
    for (const other of [{}, { encryptedData, iv: otherIV }, { encryptedData: `${encryptedData}AAAA`, iv }])
      expect((await client.logIn('miniProgram', code, other, { keepCookies: false })).kind).toBe('code_used');
    expect(exchanges()).toBe(5);
  });

  it('posted by a client without a session is shared until the exchange ends, however fast that is', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    const app = await startHere();
    const code = newCode('miniProgram');
    emulator.fail('jscode2session', { delay: 50 });
    const post = () => new CodeClient(app.url).logIn('miniProgram', code, { session: false });
    const taps = await Promise.all([post(), post()]);
    expect(taps.map(({ status }) => status)).toEqual([200, 200]);
    expect((await post()).kind).toBe('code_used');
    expect(exchanges()).toBe(2);
  });

  it('whose exchange fails for one client is exchanged for another one that waits', async () => {
    const app = await startHere();
    const [one, other] = [new CodeClient(app.url), new CodeClient(app.url)];
    await other.logIn('miniProgram', newCode('miniProgram', ATTACKER));
    const code = newCode('miniProgram');
    emulator.fail('jscode2session', { errcode: -1 }, { delay: 100 });
    const refused = one.logIn('miniProgram', code);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const login = await other.logIn('miniProgram', code);
    expect([(await refused).kind, login.status, login.user['openid']]).toEqual([
      'busy',
      200,
      openidOf('miniProgram'),
    ]);
  });

  it('whose exchange failed can be posted again', async () => {
    const app = await startHere();
    const client = new CodeClient(app.url);
    const code = newCode('miniProgram');
    emulator.fail('jscode2session', { errcode: -1 });
    const taps = await Promise.all([client.logIn('miniProgram', code), client.logIn('miniProgram', code)]);
    expect(taps.map(({ kind: each }) => each)).toEqual(['busy', 'busy']);
    expect(exchanges()).toBe(1);
    expect((await client.logIn('miniProgram', code)).status).toBe(200);
  });

  it('of the victim does not log in an attacker who posts it too, during or after its exchange', async () => {
    const app = await startHere();
    const attacker = new CodeClient(app.url);
    await attacker.logIn('miniProgram', newCode('miniProgram', ATTACKER));
    for (const session of [true, false]) {
      const victim = new CodeClient(app.url);
      const code = newCode('miniProgram', VICTIM);
      emulator.fail('jscode2session', { delay: 100 });
      const login = victim.logIn('miniProgram', code);
      await new Promise((resolve) => setTimeout(resolve, 30));
      const meanwhile = attacker.logIn('miniProgram', code, { session });
      expect((await login).status).toBe(200);
      for (const replay of [await meanwhile, await attacker.logIn('miniProgram', code, { session })]) {
        expect([replay.status, replay.kind, replay.user]).toEqual([400, 'code_used', {}]);
        expect(replay.body).not.toContain(openidOf('miniProgram', VICTIM));
      }
      expect((await attacker.get('/me')).json()).toMatchObject({ openid: openidOf('miniProgram', ATTACKER) });
    }
  });

  it('of the victim does not log in an attacker behind the same proxy, which the app does not trust', async () => {
    const app = await startHere();
    for (const name of ['X-Forwarded-For', 'Forwarded']) {
      const code = newCode('miniProgram', VICTIM);
      const post = (address: string) =>
        new CodeClient(app.url).logIn(
          'miniProgram',
          code,
          { session: false },
          { headers: { [name]: address } },
        );
      const before = exchanges();
      const undo = emulator.fail('jscode2session', { delay: 500 });
      const login = post('for=203.0.113.1');
      while (exchanges() === before) await new Promise((resolve) => setTimeout(resolve, 5));
      const replays = await Promise.all([post('for=203.0.113.1'), post('for=203.0.113.2')]);
      undo();
      expect((await login).status).toBe(200);
      expect(replays.map(({ status, kind: each }) => [status, each])).toEqual([
        [200, undefined],
        [400, 'code_used'],
      ]);
    }
  });

  it('posted again through another proxy of the app, which it trusts, is the same login', async () => {
    const app = await startHere(
      {},
      {
        before: (host) => {
          (host as unknown as { set(name: string, value: unknown): void }).set('trust proxy', true);
        },
      },
    );
    const code = newCode('miniProgram');
    emulator.fail('jscode2session', { delay: 100 });
    const taps = ['10.0.0.1', '10.0.0.2'].map((proxy) =>
      new CodeClient(app.url).logIn(
        'miniProgram',
        code,
        {},
        { headers: { 'X-Forwarded-For': `203.0.113.1, ${proxy}` } },
      ),
    );
    expect((await Promise.all(taps)).map(({ status }) => status)).toEqual([200, 200]);
    expect(exchanges()).toBe(1);
  });

  it('does not log in again after the logout that follows it', async () => {
    const app = await startHere();
    const client = new CodeClient(app.url);
    const code = newCode('miniProgram');
    const before = client.cookies();
    await client.logIn('miniProgram', code);
    await client.post('/logout-by-app', {});
    for (const options of [{}, { cookie: before }]) {
      expect((await client.logIn('miniProgram', code, {}, options)).kind).toBe('code_used');
      expect((await client.get('/me')).status).toBe(401);
    }
  });

  it('does not log in if the client logs out during the exchange', async () => {
    const app = await startHere();
    const client = new CodeClient(app.url);
    await client.logIn('miniProgram', newCode('miniProgram'));
    emulator.fail('jscode2session', { delay: 2_000 });
    const login = client.logIn('miniProgram', newCode('miniProgram'), {}, { keepCookies: false });
    await new Promise((resolve) => setTimeout(resolve, 700));
    await client.post('/logout-by-app', {});
    const response = await login;
    expect([response.status, response.kind]).toEqual([400, 'state_unknown']);
    const cookie = cookiesOf(response.headers);
    expect((await new CodeClient(app.url).get('/me', { cookie })).status).toBe(401);
    expect((await client.get('/me')).status).toBe(401);
    expect((await client.logIn('miniProgram', newCode('miniProgram'))).status).toBe(200);
  });

  it('does not end at a logout with the same cookies, unless these name a session', async () => {
    const session = withSession(SESSIONS[kind](), (req) => {
      if (req.headers['accept-language'] === 'zh') (req as TestRequest).session['lang'] ??= 'zh';
    });
    const app = await start({}, { session });
    const visitor = new Browser(app.url, 'MicroMessenger');
    await visitor.get('/public', { headers: { 'Accept-Language': 'zh' } });
    // With cookie-session, every visitor with that language has the same cookie.
    const shared = kind === 'cookie-session' ? [visitor.cookies()] : [];
    for (const cookie of ['lang=zh', 'session=', 'connect.sid=s%3Aa.b', ...shared]) {
      const client = new CodeClient(app.url);
      emulator.fail('jscode2session', { delay: 100 });
      const login = client.logIn('miniProgram', newCode('miniProgram'), {}, { cookie, keepCookies: true });
      await new Promise((resolve) => setTimeout(resolve, 30));
      const logOut = () => new CodeClient(app.url).post('/logout-by-app', {}, { cookie, keepCookies: false });
      await logOut();
      expect([cookie, (await login).status]).toEqual([cookie, 200]);
      await logOut();
      expect([cookie, (await client.get('/me')).status]).toEqual([cookie, 200]);
    }
  });

  it('ends at a logout with the cookies of before, if these name a session', async () => {
    const app = await startHere();
    const client = new CodeClient(app.url);
    await client.logIn('miniProgram', newCode('miniProgram'));
    const before = client.cookies();
    await client.logIn('miniProgram', newCode('miniProgram'));
    await new CodeClient(app.url).post('/logout-by-app', {}, { cookie: before });
    expect((await client.get('/me')).status).toBe(401);
  });

  it('ends at a logout together with the others that the client has posted with the same cookies', async () => {
    const app = await startHere();
    const client = new CodeClient(app.url);
    await client.logIn('miniProgram', newCode('miniProgram'));
    const cookie = client.cookies();
    emulator.fail('jscode2session', { delay: 400 }, { times: 3 });
    const taps = [1, 2, 3].map(() =>
      new CodeClient(app.url).logIn('miniProgram', newCode('miniProgram'), {}, { cookie }),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    await new CodeClient(app.url).post('/logout-by-app', {}, { cookie });
    for (const { status, kind: failure, headers } of await Promise.all(taps)) {
      expect([status, failure]).toEqual([400, 'state_unknown']);
      const after = await new CodeClient(app.url).get('/me', { cookie: cookiesOf(headers) });
      expect(after.status).toBe(401);
    }
  });

  it.each(['during the exchange', 'after it'])(
    'ends %s at a logout of another wechatAuth() with its session key',
    async (when) => {
      const other = wechatAuth({ ...codeAccounts(), endpoints: emulator.endpoints });
      const app = await startHere({}, { routes: (it) => it.use('/other', other) });
      const client = new CodeClient(app.url);
      await client.logIn('miniProgram', newCode('miniProgram'));
      const cookie = client.cookies();
      const logOut = () =>
        new CodeClient(app.url).post('/other/logout', {}, { cookie, headers: { Referer: '' } });
      if (when === 'during the exchange') emulator.fail('jscode2session', { delay: 400 });
      const login = client.logIn('miniProgram', newCode('miniProgram'), {}, { cookie });
      if (when === 'after it') await login;
      else await new Promise((resolve) => setTimeout(resolve, 200));
      expect((await logOut()).status).toBe(303);
      expect((await login).status).toBe(when === 'after it' ? 200 : 400);
      const after = await new CodeClient(app.url).get('/me', { cookie: cookiesOf((await login).headers) });
      expect(after.status).toBe(401);
    },
  );

  it('gives a session that an attacker planted a new id, which she does not know', async () => {
    const app = await startHere();
    const attacker = Browser.inWechat(app.url);
    await attacker.get('/login');
    const planted = attacker.cookies();
    const victim = new CodeClient(
      app.url,
      new Browser(app.url, 'MicroMessenger', await attacker.jar.clone()),
    );
    expect((await victim.logIn('miniProgram', newCode('miniProgram', VICTIM))).status).toBe(200);
    expect((await new CodeClient(app.url).get('/me', { cookie: planted })).status).toBe(401);
  });

  it('binds the pending logins to its user: an attacker cannot finish hers in the session of the victim', async () => {
    const app = await startHere();
    const attacker = Browser.inWechat(app.url);
    const callback = await agree(emulator, (await attacker.follow('/login')).location, ATTACKER);
    const browser = new Browser(app.url, 'MicroMessenger', await attacker.jar.clone());
    const victim = new CodeClient(app.url, browser);
    await victim.logIn('miniProgram', newCode('miniProgram', VICTIM));
    const response = await browser.get(callback);
    expect([response.status, response.body.includes('state_unknown')]).toEqual([400, true]);
    expect((await victim.get('/me')).json()).toMatchObject({ openid: openidOf('miniProgram', VICTIM) });
  });
});

it('a session key is in no debug line, error, warning, response or session, even if onLogin throws it', async () => {
  const key = Buffer.alloc(16, 5).toString('base64');
  const lines: string[] = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  jest.spyOn(process, 'emitWarning').mockImplementation((...all: unknown[]) => lines.push(inspect(all)));
  createDebug.enable('*');
  try {
    const app = await start({
      onLogin: (_req, { sessionKey }) => {
        throw new Error(`cannot store ${String(sessionKey)}`);
      },
    });
    const client = new CodeClient(app.url);
    const code = newCode('miniProgram');
    emulator.fail('jscode2session', { patch: { session_key: key } }, { times: 2 });
    const refused = await client.logIn('miniProgram', code);
    expect(refused.kind).toBe('login_failed');
    lines.push(
      refused.body,
      inspect(refused.headers),
      JSON.stringify(await client.session()),
      inspect(app.errors),
    );
    const fine = await start({ onLogin: undefined });
    lines.push((await client.logIn('miniProgram', newCode('miniProgram'))).body);
    const other = new CodeClient(fine.url);
    lines.push((await other.logIn('miniProgram', newCode('miniProgram'))).body);
    lines.push(JSON.stringify(await other.session()));
    expect(lines.join('')).toContain('miniProgram login started');
    expect(lines.join('')).toContain('cannot store ***');
    for (const secret of [key, code, emulator.apps.miniProgram.appSecret])
      expect(lines.join('')).not.toContain(secret);
  } finally {
    createDebug.disable();
  }
});

describe('many codes', () => {
  it('that were made up each fail on their own', async () => {
    const app = await start({ onLogin: undefined });
    const client = new CodeClient(app.url);
    const codes = Array.from({ length: 20 }, (_, index) => `made-up-${index}`);
    const kinds = await Promise.all(
      codes.map((code) => client.logIn('miniProgram', code, { session: false })),
    );
    expect(new Set(kinds.map(({ kind }) => kind))).toEqual(new Set(['code_invalid']));
    expect(exchanges()).toBe(20);
  });

  it('of one browser at once log in one of the users, and never mix two of them', async () => {
    const app = await start({}, { session: serverSessions(new SlowSessionStore(20)) });
    const client = new CodeClient(app.url);
    const taps = [VICTIM, ATTACKER, VICTIM, ATTACKER].map((user) =>
      client.logIn('miniProgram', newCode('miniProgram', user)),
    );
    expect((await Promise.all(taps)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const { openid, user } = (await client.session())['wechat'] as {
      openid: string;
      user: { openid: string };
    };
    expect(openid).toBe(user.openid);
  });
});

describeOnRedis('two processes that share a Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.close());

  const newClient = () => createClient({ url: server.url });
  async function withTwo(
    work: (urls: [string, string], client: ReturnType<typeof newClient>) => Promise<void>,
    auth: OwnOptions = {},
  ): Promise<void> {
    const client = newClient();
    await client.connect();
    try {
      const session = SESSIONS['express-session']();
      const startOne = (): Promise<TestApp> =>
        start({ tokenStore: new RedisTokenStore(client), ...auth }, { session });
      await work([(await startOne()).url, (await startOne()).url], client);
    } finally {
      client.destroy();
    }
  }

  it('exchange a code once, keep no session key, and share the logout', async () => {
    let key: string | undefined;
    const onLogin: OwnOptions['onLogin'] = (_req, { user, sessionKey }) => {
      logins.push(user.openid);
      key = sessionKey;
    };
    await withTwo(
      async ([one, two], redis) => {
        const code = newCode('miniProgram');
        emulator.fail('jscode2session', { delay: 50 });
        const [first, second] = [new CodeClient(one), new CodeClient(two)];
        const taps = await Promise.all([first.logIn('miniProgram', code), second.logIn('miniProgram', code)]);
        expect(taps.map(({ status, user }) => [status, user['openid']])).toEqual(
          Array(2).fill([200, openidOf('miniProgram')]),
        );
        expect([exchanges(), logins.length]).toEqual([1, 1]);
        expect(key).toMatch(/./);
        for (const name of await redis.keys('*')) {
          expect(name).not.toContain(code);
          expect(await redis.get(name)).not.toContain(key);
        }
        await first.post('/logout-by-app', {});
        const again = await new CodeClient(two).logIn('miniProgram', code);
        expect(again.kind).toBe('code_used');
      },
      { onLogin },
    );
  });

  it('log in no other client that posts the code after its login, however often', async () => {
    await withTwo(async ([one, two]) => {
      const code = newCode('miniProgram', VICTIM);
      expect((await new CodeClient(one).logIn('miniProgram', code)).status).toBe(200);
      // The first of them makes the second process wait for the result of the first.
      const replays = await Promise.all(
        [two, two, two, one].map((url) => new CodeClient(url).logIn('miniProgram', code)),
      );
      expect(replays.map(({ kind }) => kind)).toEqual(Array(4).fill('code_used'));
    });
  });

  it('end no login by a logout with the same cookies at the other one, unless these name a session', async () => {
    await withTwo(async ([one, two]) => {
      const client = new CodeClient(one);
      const logOut = (cookie: string) => new CodeClient(two).post('/logout-by-app', {}, { cookie });
      await client.logIn('miniProgram', newCode('miniProgram'), {}, { cookie: 'lang=zh' });
      await logOut('lang=zh');
      expect((await client.get('/me')).status).toBe(200);
      const before = client.cookies();
      await client.logIn('miniProgram', newCode('miniProgram'));
      await logOut(before);
      expect((await client.get('/me')).status).toBe(401);
    });
  });

  it('store nothing for logouts without a session', async () => {
    await withTwo(async ([one], redis) => {
      await redis.flushDb();
      for (const cookie of ['', 'lang=zh', 'connect.sid=s%3Aa.b'])
        await new CodeClient(one).post('/logout-by-app', {}, { cookie });
      expect(await redis.keys('*')).toEqual([]);
    });
  });
});
