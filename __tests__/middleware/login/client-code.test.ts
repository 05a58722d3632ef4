// Logins with codes that a mini program or a mobile app posts: what the session then holds, what onLogin
// gets, and which requests are refused before the code is spent.
import type http from 'node:http';
import express from 'express';
import express4 from 'express4';
import type { OwnOptions } from '../../support/app';
import { startApp, type AppOptions, type TestApp, type TestRequest } from '../../support/app';
import { Browser } from '../../support/browser';
import {
  appIdOf,
  codeAccounts,
  CodeClient,
  codeRoutes,
  CODE_FLOWS,
  exchanges,
  newCode,
  openidOf,
  type CodeFlow,
} from '../../support/browsers/code-clients';
import { emulator, useEmulator } from '../../support/emulator';
import { HOSTS } from '../../support/hosts';
import { FaultySessionStore, SESSIONS, SESSION_NAMES, serverSessions } from '../../support/sessions';
import { useWarnings } from '../../support/warnings';

useEmulator();
const warnings = useWarnings();
const apps: TestApp[] = [];
const errors: unknown[] = [];
beforeEach(() => {
  emulator.requests.length = 0;
  errors.length = 0;
});
afterEach(async () => {
  emulator.clearFaults();
  emulator.switches.unionid = true;
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

const NO_PAGES = { appId: undefined, appSecret: undefined, website: undefined };

async function start(auth: OwnOptions = {}, options: AppOptions = {}): Promise<TestApp> {
  const app = await startApp(emulator, {
    ...options,
    routes: (host) => {
      codeRoutes(host, (error) => errors.push(error));
      options.routes?.(host);
    },
    auth: { ...codeAccounts(), ...auth },
  });
  apps.push(app);
  return app;
}

const KEY = Buffer.alloc(16, 7).toString('base64');

/** What `wx.getUserInfo` gives a mini program, with a session key that WeChat then returns. */
function encrypted(user = 'ming'): { encryptedData: string; iv: string } {
  const { encryptedData, iv } = emulator.encryptUser({ app: appIdOf('miniProgram'), user, sessionKey: KEY });
  return { encryptedData, iv };
}

describe.each(HOSTS)('on %s', (host) => {
  describe.each(SESSION_NAMES)('with %s', (session) => {
    it.each(CODE_FLOWS)(
      'a code of the %s logs its user in, and the session holds the login',
      async (flow) => {
        const app = await start({}, { host, session: SESSIONS[session]() });
        const client = new CodeClient(app.url);
        const response = await client.logIn(flow, newCode(flow));
        const { status, user, headers } = response;
        expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
        const openid = openidOf(flow);
        expect(user).toMatchObject({ openid, unionid: expect.any(String) as string });
        expect((response.json() as { asSeen: unknown }).asSeen).toEqual(user);
        expect((await client.get('/me')).json()).toEqual(user);
        const { unionid } = user;
        const scope = flow === 'miniProgram' ? 'snsapi_base' : 'snsapi_userinfo';
        expect((await client.session())['wechat']).toEqual({
          ...{ user, appid: appIdOf(flow), openid, unionid, scope, flow },
        });
        expect(exchanges()).toBe(1);
      },
    );

    it('onLogin gets the flow, the data and a mini program’s session key, which is stored nowhere', async () => {
      const seen: Record<string, unknown>[] = [];
      const app = await start(
        {
          onLogin: (req, { user, token, sessionKey, ...login }) => {
            seen.push({ ...login, path: req.url, token: token?.data.openid, sessionKey });
            return { id: 7, openid: user.openid };
          },
        },
        { host, session: SESSIONS[session]() },
      );
      const client = new CodeClient(app.url);
      emulator.fail('jscode2session', { patch: { session_key: KEY } });
      const { user } = await client.logIn('miniProgram', newCode('miniProgram'), { data: { from: 'shelf' } });
      expect(user).toEqual({ id: 7, openid: openidOf('miniProgram') });
      await client.logIn('mobileApp', newCode('mobileApp'));
      const common = { returnTo: '/', path: expect.any(String) as string };
      expect(seen).toEqual([
        {
          ...common,
          ...{ flow: 'miniProgram', appid: appIdOf('miniProgram'), data: { from: 'shelf' } },
          ...{ token: undefined, sessionKey: KEY },
        },
        {
          ...common,
          ...{ flow: 'mobileApp', appid: appIdOf('mobileApp'), data: undefined },
          ...{ token: openidOf('mobileApp'), sessionKey: undefined },
        },
      ]);
      expect(JSON.stringify(await client.session())).not.toContain(KEY);
    });

    it('the session gets a new id, and a second user gets nothing of the first one', async () => {
      const app = await start(
        {},
        {
          host,
          session: SESSIONS[session](),
          routes: (routes) =>
            routes.use('/note', (req, res) => {
              (req as TestRequest).session['note'] = 'of the first user';
              res.end();
            }),
        },
      );
      const client = new CodeClient(app.url);
      await client.get('/note');
      const before = client.cookies();
      await client.logIn('miniProgram', newCode('miniProgram'));
      if (session === 'express-session') expect(client.cookies()).not.toBe(before);
      expect(await client.session()).toMatchObject({ note: 'of the first user' });
      await client.logIn('miniProgram', newCode('miniProgram', 'emoji'));
      expect((await client.get('/me')).json()).toMatchObject({ openid: openidOf('miniProgram', 'emoji') });
      expect(await client.session()).not.toHaveProperty('note');
      const stale = await new CodeClient(app.url).get('/me', { cookie: before });
      expect(stale.status).toBe(401);
    });
  });

  it('with session: false, no session is needed and none is written', async () => {
    const logins: unknown[] = [];
    const auth: OwnOptions = { onLogin: (_req, { flow }) => void logins.push(flow) };
    for (const session of [null, SESSIONS['cookie-session'](), SESSIONS['express-session']()]) {
      const app = await start(auth, { host, session });
      for (const flow of CODE_FLOWS) {
        const { status, user, headers } = await new CodeClient(app.url).logIn(flow, newCode(flow), {
          session: false,
        });
        expect([status, user['openid'], headers['set-cookie']]).toEqual([200, openidOf(flow), undefined]);
      }
    }
    expect(logins).toEqual(Array(3).fill(['miniProgram', 'mobileApp']).flat());
  });
});

describe('the user of a mini program', () => {
  it('has the fields of encryptedData', async () => {
    const app = await start();
    emulator.fail('jscode2session', { patch: { session_key: KEY } });
    const client = new CodeClient(app.url);
    const { user } = await client.logIn('miniProgram', newCode('miniProgram'), encrypted());
    const openid = openidOf('miniProgram');
    expect(user).toMatchObject({ openid, openId: openid, nickName: '小明' });
    expect(user['unionid']).toBe(user['unionId']);
    expect((await client.session())['wechat']).toMatchObject({ user, scope: 'snsapi_base' });
  });

  it("has the unionid that identity: 'unionid' needs, even if only the decrypted data contains it", async () => {
    const app = await start({ identity: 'unionid' });
    const patch = { session_key: KEY, unionid: undefined };
    emulator.fail('jscode2session', { patch }, { times: 2 });
    const client = new CodeClient(app.url);
    const { user } = await client.logIn('miniProgram', newCode('miniProgram'), encrypted());
    expect((await client.session())['wechat']).toMatchObject({ unionid: user['unionId'] });
    const without = await new CodeClient(app.url).logIn('miniProgram', newCode('miniProgram'));
    expect([without.status, without.kind]).toEqual([500, 'unionid_missing']);
    expect(String(errors[0])).toContain('我的业务 > 开放平台 > 绑定关系 > 小程序.');
  });

  it.each<[string, () => object]>([
    ['data of another user', () => encrypted('emoji')],
    ['data of another key', () => ({ ...encrypted(), iv: Buffer.alloc(16, 1).toString('base64') })],
  ])('with %s is refused', async (_what, more) => {
    const app = await start();
    emulator.fail('jscode2session', { patch: { session_key: KEY } });
    const client = new CodeClient(app.url);
    const { status, kind } = await client.logIn('miniProgram', newCode('miniProgram'), more());
    expect([status, kind]).toEqual([400, 'decryption']);
    expect(await client.session()).not.toHaveProperty('wechat');
  });

  it('has no access token: getAccessToken() says so with kind no_token', async () => {
    const thrown: unknown[] = [];
    const app = await start(
      {},
      {
        routes: (host) =>
          host.use('/token', (req, res) => {
            (req as TestRequest).wechat.getAccessToken().then(
              (token) => res.end(token),
              (error: unknown) => {
                thrown.push(error);
                res.end('no token');
              },
            );
          }),
      },
    );
    const mini = new CodeClient(app.url);
    await mini.logIn('miniProgram', newCode('miniProgram'));
    expect((await mini.get('/token')).body).toBe('no token');
    expect(thrown[0]).toMatchObject({ kind: 'no_token', status: 401 });
    expect(String(thrown[0])).toContain('mini program');
    const mobile = new CodeClient(app.url);
    await mobile.logIn('mobileApp', newCode('mobileApp'));
    expect((await mobile.get('/token')).body.length).toBeGreaterThan(20);
  });

  it('gets 403 from a guard that requires a profile: a step-up could not grant more', async () => {
    for (const mode of ['auto', 'redirect', 'reject'] as const) {
      const app = await start({}, { guard: { scope: 'snsapi_userinfo', mode } });
      const client = new CodeClient(app.url);
      await client.logIn('miniProgram', newCode('miniProgram'));
      const response = await client.get('/me');
      expect([response.status, response.json()]).toMatchObject([
        403,
        {
          error: 'scope',
          message: expect.stringContaining(
            'This route requires snsapi_userinfo, and the login with the mini program granted snsapi_base. ' +
              'Users of a mini program have no profile to grant. ',
          ) as string,
        },
      ]);
      const base = new CodeClient(app.url);
      await base.logIn('mobileApp', newCode('mobileApp', 'ming', 'snsapi_base'));
      expect((await base.get('/me')).status).toBe(403);
      const full = new CodeClient(app.url);
      await full.logIn('mobileApp', newCode('mobileApp'));
      expect((await full.get('/me')).status).toBe(200);
    }
  });

  it('logs out by a route of the app, with the Referer of servicewechat.com', async () => {
    for (const session of SESSION_NAMES) {
      const app = await start({}, { session: SESSIONS[session]() });
      const client = new CodeClient(app.url);
      await client.logIn('miniProgram', newCode('miniProgram'));
      expect((await client.get('/me')).status).toBe(200);
      await client.post('/logout-by-app', {});
      expect((await client.get('/me')).status).toBe(401);
    }
  });
});

describe('the user that loginWithCode() returns', () => {
  it.each([true, false])(
    'is a copy for each request with the same code, with session: %s',
    async (session) => {
      const seen: unknown[] = [];
      const app = await startApp(emulator, {
        auth: { ...codeAccounts(), onLogin: () => ({ points: 100 }) },
        before: (host) => {
          host.use(express.json() as never);
        },
        routes: (host) => {
          host.use('/buy', (req, res) => {
            const { wechat, body } = req as TestRequest & { body: { code: string } };
            void wechat.loginWithCode('miniProgram', body.code, { session }).then((returned) => {
              const user = returned as unknown as { points: number };
              seen.push(user.points);
              user.points += 10;
              res.end();
            });
          });
        },
      });
      apps.push(app);
      const client = new CodeClient(app.url);
      const code = newCode('miniProgram');
      await client.get('/login');
      await Promise.all([client.post('/buy', { code }), client.post('/buy', { code })]);
      expect(seen).toEqual([100, 100]);
      expect(exchanges()).toBe(1);
    },
  );
});

describe('a login with a code', () => {
  it('replaces a login of the same person, whatever its scope', async () => {
    const app = await start();
    const client = new CodeClient(app.url);
    await client.logIn('mobileApp', newCode('mobileApp'));
    await client.logIn('miniProgram', newCode('miniProgram'));
    expect((await client.session())['wechat']).toMatchObject({
      flow: 'miniProgram',
      openid: openidOf('miniProgram'),
    });
  });

  it('keeps the scope that a mobile app was granted', async () => {
    const app = await start();
    const client = new CodeClient(app.url);
    const { user } = await client.logIn('mobileApp', newCode('mobileApp', 'ming', 'snsapi_base'));
    expect(user).not.toHaveProperty('nickname');
    expect((await client.session())['wechat']).toMatchObject({ scope: 'snsapi_base' });
    emulator.fail('access_token', { patch: { scope: undefined } });
    await client.logIn('mobileApp', newCode('mobileApp'));
    expect((await client.session())['wechat']).toMatchObject({ scope: 'snsapi_userinfo' });
  });

  it.each<[string, OwnOptions, number, string]>([
    [
      'refuse',
      { onLogin: () => Promise.reject(Object.assign(new Error(), { status: 423 })) },
      423,
      'login_refused',
    ],
    ['fail', { onLogin: () => Promise.reject(new Error()) }, 500, 'login_failed'],
    ['return what JSON cannot hold', { onLogin: () => ({ id: 1n }) }, 500, 'config'],
  ])('is not saved if onLogin would %s', async (_what, auth, status, kind) => {
    const app = await start(auth);
    for (const flow of CODE_FLOWS) {
      const client = new CodeClient(app.url);
      const response = await client.logIn(flow, newCode(flow));
      expect([response.status, response.kind]).toEqual([status, kind]);
      expect(await client.session()).not.toHaveProperty('wechat');
    }
  });

  it('of a virtual user is refused, unless the option allows it', async () => {
    const virtual = (): string => emulator.issueCode({ app: appIdOf('mobileApp'), virtual: true });
    const refused = await new CodeClient((await start()).url).logIn('mobileApp', virtual());
    expect([refused.status, refused.kind]).toEqual([403, 'snapshot_user']);
    const allowing = await start({ snapshotUsers: 'allow' });
    expect((await new CodeClient(allowing.url).logIn('mobileApp', virtual())).status).toBe(200);
  });

  it.each<[number, number, string]>([
    [40029, 400, 'code_invalid'],
    [40163, 400, 'code_used'],
    [40226, 403, 'user_limited'],
    [45011, 503, 'rate_limit'],
    [-1, 503, 'busy'],
    [40125, 500, 'credentials'],
  ])('fails with the kind of errcode %i, and is not started again', async (errcode, status, kind) => {
    const app = await start();
    for (const flow of CODE_FLOWS) {
      emulator.requests.length = 0;
      const call = flow === 'miniProgram' ? 'jscode2session' : 'access_token';
      emulator.fail(call, { errcode });
      const response = await new CodeClient(app.url).logIn(flow, newCode(flow));
      expect([response.status, response.kind, response.location, exchanges()]).toEqual([status, kind, '', 1]);
    }
    const isForOperator = ['credentials', 'rate_limit'].includes(kind);
    expect(warnings.map(({ code }) => code)).toEqual(isForOperator ? ['WECHAT_LOGIN_FAILED'] : []);
  });

  it('that cannot save the token fails with token_store', async () => {
    const broken = (): Promise<never> => Promise.reject(new Error('down'));
    const app = await start({ tokenStore: { get: broken, set: broken, delete: broken } });
    const response = await new CodeClient(app.url).logIn('mobileApp', newCode('mobileApp'));
    expect([response.status, response.kind]).toEqual([503, 'token_store']);
  });
});

describe.each([
  ['Express 5', express],
  ['Express 4', express4 as unknown as typeof express],
] as const)('on %s, a route without a code', (host, framework) => {
  /** Posts to a route that takes the code from `req.body`, behind these middlewares. */
  const post = async (parsers: readonly object[], body: unknown, type: string): Promise<void> => {
    const app = await startApp(emulator, {
      host,
      auth: codeAccounts(),
      routes: (site) => {
        for (const parser of parsers) site.use(parser as never);
        site.use('/login', (req, res) => {
          const { wechat, body } = req as TestRequest & { body?: unknown };
          const { code } = (body ?? {}) as { code: string };
          wechat.loginWithCode('miniProgram', code).then(
            () => res.end('logged in'),
            (error: unknown) => res.end(String((error as { kind?: unknown }).kind)),
          );
        });
      },
    });
    apps.push(app);
    const response = await new CodeClient(app.url).post('/login', body, {
      headers: { 'Content-Type': type },
    });
    expect(response.body).toBe('code_invalid');
  };

  it.each([
    ['no body parser', []],
    ['a parser of forms alone', [framework.urlencoded({ extended: false })]],
  ])('behind %s is told about express.json(), on the console', async (_, parsers) => {
    await post(parsers, { code: newCode('miniProgram') }, 'application/json; charset=utf-8');
    expect(warnings).toEqual([
      expect.objectContaining({
        code: 'WECHAT_LOGIN_FAILED',
        message: expect.stringMatching(
          /^code_invalid: loginWithCode\(\) got no code.* Mount express\.json\(\) before the route\. .*express\.json\(\)。$/,
        ) as string,
        detail: expect.stringContaining('guides/mini-programs.md') as string,
      }),
    ]);
  });

  it.each<[string, readonly object[], unknown, string]>([
    ['parsed JSON without a code', [framework.json()], {}, 'application/json'],
    ['text instead of JSON', [framework.json()], { code: 'x' }, 'text/plain'],
    ['another kind of JSON', [framework.json()], { code: 'x' }, 'application/json-patch+json'],
    ['a Content-Type that is not valid', [framework.json()], { code: 'x' }, 'application/json; ?'],
    ['no body', [framework.json()], undefined, 'application/json'],
    ['JSON without a code that the app has read itself', [readAll], {}, 'application/json'],
  ])('that got %s says nothing on the console', async (_, parsers, body, type) => {
    await post(parsers, body, type);
    expect(warnings).toEqual([]);
  });
});

/** Middleware that reads the body, and keeps none of it. */
function readAll(req: http.IncomingMessage, _res: unknown, next: () => void): void {
  req.on('end', next).resume();
}

describe('before WeChat is asked', () => {
  it.each<[string, unknown]>([
    ['no code', undefined],
    ['an empty code', ''],
    ['a code over 512 bytes', 'x'.repeat(513)],
    ['a code with a blank', 'a b'],
    ['a code that is not ASCII', '码'],
    ['a code with a control character', 'a\u0000'],
    ['a number', 5],
    ['a list', ['a']],
    ['an object', { length: 3 }],
  ])('%s is refused with kind code_invalid', async (_what, code) => {
    const app = await start();
    for (const session of [true, false]) {
      const response = await new CodeClient(app.url).logIn('miniProgram', code, { session });
      expect([response.status, response.kind]).toEqual([400, 'code_invalid']);
      // A code that is no text never left WeChat: the client or the route has lost it.
      const words = typeof code === 'string' && code !== '' ? 'WeChat did not send it' : 'got no code';
      expect(response.body).toContain(words);
    }
    expect(emulator.requests).toHaveLength(0);
    expect(exchanges()).toBe(0);
  });

  it.each<[string, object, number, string]>([
    ['data over 512 bytes', { data: 'x'.repeat(511) }, 500, 'config'],
    ['encryptedData without iv', { encryptedData: 'AAAA' }, 400, 'decryption'],
    ['iv without encryptedData', { iv: 'AAAA' }, 400, 'decryption'],
    ['encryptedData that is an object', { encryptedData: {}, iv: 'AAAA' }, 400, 'decryption'],
    ['an iv that is an object', { encryptedData: 'AAAA', iv: {} }, 400, 'decryption'],
  ])('%s is refused', async (_what, more, status, kind) => {
    const app = await start();
    const code = newCode('miniProgram');
    const response = await new CodeClient(app.url).logIn('miniProgram', code, more);
    expect([response.status, response.kind]).toEqual([status, kind]);
    if (kind === 'decryption')
      expect(response.body).toMatch(/must be two strings, base64, .*\. Send both of them, or neither\./);
    expect(exchanges()).toBe(0);
    const nulls = { encryptedData: null, iv: null };
    expect((await new CodeClient(app.url).logIn('miniProgram', code, nulls)).status).toBe(200);
  });

  it('a missing session fails the login, so that no code is lost', async () => {
    const app = await start({}, { session: null });
    const response = await new CodeClient(app.url).logIn('miniProgram', newCode('miniProgram'));
    expect([response.status, response.kind, exchanges()]).toEqual([500, 'session_missing', 0]);
    expect(warnings.map(({ code }) => code)).toEqual(['WECHAT_NO_SESSION']);
  });

  it.each<[string, OwnOptions, unknown, RegExp]>([
    ['an account that is not configured', { mobileApp: undefined }, 'mobileApp', /mobileApp: \{ appId/],
    ['the flow of a browser', {}, 'official', /is 'official'\. Use 'miniProgram' or 'mobileApp'\.$/],
    ['an unknown flow', {}, '__proto__', /'__proto__'/],
    ['no flow', {}, undefined, /The flow of loginWithCode\(\) is undefined\. Use /],
  ])('%s is a fault of the app: kind config', async (_what, auth, flow, message) => {
    const app = await start(auth);
    const response = await new CodeClient(app.url).logIn(flow as CodeFlow, newCode('mobileApp'));
    expect([response.status, response.kind, exchanges()]).toEqual([500, 'config', 0]);
    expect(String(errors[0])).toMatch(message);
  });
});

describe('a mini program or a mobile app alone', () => {
  it.each(CODE_FLOWS)('is enough to configure (%s)', async (flow) => {
    const app = await start({
      ...NO_PAGES,
      miniProgram: undefined,
      mobileApp: undefined,
      [flow]: codeAccounts()[flow],
    });
    const client = new CodeClient(app.url);
    expect((await client.logIn(flow, newCode(flow))).status).toBe(200);
    expect((await client.get('/me')).status).toBe(200);
  });

  it('has no login page: the routes belong to the app, and the guard sends nobody there', async () => {
    const app = await start({ ...NO_PAGES, authRequired: false });
    const browser = Browser.inWechat(app.url);
    for (const path of ['/login', '/callback?code=x&state=y'])
      expect((await browser.get(path)).body).toBe('home');
    for (const client of [browser, Browser.onDesktop(app.url)]) {
      const response = await client.get('/me');
      expect([response.status, response.json()]).toEqual([
        401,
        { error: 'unauthenticated', message: expect.not.stringContaining('loginURL') as string },
      ]);
    }
  });

  it('fails a login that the app starts in a browser, and says why', async () => {
    const app = await start(NO_PAGES, {
      routes: (host) => {
        host.use('/start', (req) => void (req as TestRequest).wechat.login());
        host.use('/link', (req, res) => {
          expect(() => (req as TestRequest).wechat.loginURL()).toThrow('no account logs browsers in');
          res.end();
        });
      },
    });
    const page = await Browser.inWechat(app.url).get('/start');
    expect([page.status, page.body.includes('config')]).toEqual([500, true]);
    expect((await Browser.inWechat(app.url).get('/link')).status).toBe(200);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).toMatch(
      /^config: A browser cannot log in here: .* \(req\.wechat\.loginWithCode\)\./,
    );
    expect(warnings[0]?.message).toContain('Give appId and appSecret of the official account, or website.');
  });

  it('can come from the environment', async () => {
    const { miniProgram, website } = emulator.apps;
    const env = {
      WECHAT_MINI_PROGRAM_APP_ID: miniProgram.appId,
      WECHAT_MINI_PROGRAM_APP_SECRET: miniProgram.appSecret,
      WECHAT_MOBILE_APP_ID: website.appId,
      WECHAT_MOBILE_APP_SECRET: website.appSecret,
    };
    Object.assign(process.env, env);
    try {
      const app = await start({ ...NO_PAGES, miniProgram: undefined, mobileApp: undefined });
      for (const flow of CODE_FLOWS)
        expect((await new CodeClient(app.url).logIn(flow, newCode(flow))).status).toBe(200);
    } finally {
      for (const name of Object.keys(env)) Reflect.deleteProperty(process.env, name);
    }
  });
});

describe('a session store', () => {
  it('that fails leaves nobody logged in, and the code may be posted again with the same session', async () => {
    const store = new FaultySessionStore();
    const app = await start({}, { session: serverSessions(store) });
    const client = new CodeClient(app.url);
    await client.logIn('miniProgram', newCode('miniProgram'));
    const code = newCode('miniProgram');
    store.behaviour.set = 'broken';
    const failed = await client.logIn('miniProgram', code);
    expect([failed.status, failed.kind]).toEqual([503, 'session_missing']);
    store.behaviour.set = 'healthy';
    expect((await client.get('/me')).status).toBe(401);
    expect((await client.logIn('miniProgram', code)).status).toBe(200);
    expect(exchanges()).toBe(2);
    expect((await client.get('/me')).status).toBe(200);
  });

  it('that fails has spent the code of a client without cookies, which needs a new one', async () => {
    const store = new FaultySessionStore();
    const app = await start({}, { session: serverSessions(store) });
    const client = new CodeClient(app.url);
    const code = newCode('miniProgram');
    store.behaviour.set = 'broken';
    expect((await client.logIn('miniProgram', code)).status).toBe(503);
    store.behaviour.set = 'healthy';
    expect((await client.logIn('miniProgram', code)).kind).toBe('code_used');
    expect((await client.logIn('miniProgram', newCode('miniProgram'))).status).toBe(200);
  });
});
