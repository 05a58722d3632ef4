import type http from 'node:http';
import session, { MemoryStore, type SessionOptions } from 'express-session';
import { cookies, startApp, type AppOptions, type TestApp } from '../../support/app';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
import { HOSTS, trustProxy, type Middleware } from '../../support/hosts';
import { emulator, useEmulator } from '../../support/emulator';
import { OpaqueStore } from '../../support/sessions';
import { useWarnings } from '../../support/warnings';

const BASE = 'https://h5.example.com';

useEmulator();
const warnings = useWarnings();
const apps: TestApp[] = [];

afterEach(async () => {
  process.env['NODE_ENV'] = 'test';
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start(options: AppOptions = {}): Promise<TestApp> {
  const auth = { dangerouslyAllowEmulatorInProduction: true, ...options.auth };
  const app = await startApp(emulator, { ...options, auth });
  apps.push(app);
  return app;
}

function inProduction(): void {
  process.env['NODE_ENV'] = 'production';
}

function codes(): string[] {
  return warnings.map(({ code }) => code);
}

function expressSession(options: Partial<SessionOptions> = {}): Middleware {
  return session({
    secret: 'test',
    resave: false,
    saveUninitialized: false,
    ...options,
  }) as unknown as Middleware;
}

/** A MemoryStore whose class a bundler has renamed. */
class e extends MemoryStore {}

async function startThreeLogins(
  app: TestApp,
  headers: http.OutgoingHttpHeaders = {},
): Promise<BrowserResponse[]> {
  const responses: BrowserResponse[] = [];
  for (let time = 0; time < 3; time++) {
    responses.push(await Browser.inWechat(app.url).get('/login?returnTo=/me', { headers }));
  }
  return responses;
}

describe('a missing session middleware', () => {
  it.each(HOSTS)('is named once on the console, and in each response, on %s', async (host) => {
    const app = await start({ host, session: null });
    for (const path of ['/login', '/me', '/callback?code=x&state=y', '/logout', '/login']) {
      const response = await Browser.inWechat(app.url).get(path, {
        headers: { 'Sec-Fetch-Mode': 'navigate' },
      });
      expect(response.status).toBe(500);
      expect(response.body).toContain('cookie-session or express-session');
    }
    expect(codes()).toEqual(['WECHAT_NO_SESSION']);
    expect(warnings[0]?.message).toMatch(/before wechatAuth\(\), not after it/);
  });

  it.each(HOSTS)(
    'is named, too, if a session middleware runs only after wechatAuth(), on %s',
    async (host) => {
      const app = await start({ host, session: null, routes: (it) => it.use(cookies()) });
      const browser = Browser.inWechat(app.url);
      const guarded = await browser.get('/me');
      expect(guarded.status).toBe(302);
      const login = await browser.get(guarded.location, { headers: { Accept: 'application/json' } });
      expect(login.status).toBe(500);
      expect(login.json()).toMatchObject({
        error: 'session_missing',
        message: expect.stringContaining('not after it') as string,
      });
      expect(codes()).toEqual(['WECHAT_NO_SESSION']);
    },
  );
});

describe("a session cookie with sameSite: 'strict'", () => {
  it.each([
    ['cookie-session', cookies({ sameSite: 'strict' })],
    ['cookie-session', cookies({ sameSite: true })],
    ['cookie-session', cookies({ sameSite: 'Strict' as 'strict' })],
    ['express-session', expressSession({ cookie: { sameSite: 'strict' } })],
    ['express-session', expressSession({ cookie: { sameSite: true } })],
  ])('causes one warning: %s', async (_name, middleware) => {
    const app = await start({ session: middleware });
    await startThreeLogins(app);
    expect(codes()).toEqual(['WECHAT_COOKIE_SAME_SITE']);
    expect(warnings[0]?.message).toContain("Use sameSite: 'lax'.");
  });
});

describe('a secure session cookie', () => {
  const secure = [
    ['cookie-session', () => cookies({ secure: true })],
    ['express-session', () => expressSession({ cookie: { secure: true } })],
  ] as const;

  it.each(secure)('causes one warning over http: %s', async (_name, make) => {
    const app = await start({ session: make() });
    await startThreeLogins(app);
    expect(codes()).toEqual(['WECHAT_COOKIE_SECURE']);
    expect(warnings[0]?.message).toMatch(/Serve the app over https/);
  });

  it.each(secure)(
    'causes one warning behind a proxy that Express does not trust: %s',
    async (_name, make) => {
      for (const host of ['Express 5', 'Express 4'] as const) {
        warnings.length = 0;
        const app = await start({ host, session: make(), auth: { baseURL: BASE } });
        await startThreeLogins(app, { 'X-Forwarded-Proto': 'https', Host: 'h5.example.com' });
        expect(codes()).toEqual(['WECHAT_COOKIE_SECURE']);
        expect(warnings[0]?.message).toContain("app.set('trust proxy', 1)");
      }
    },
  );

  it.each(secure)('causes no warning behind a trusted proxy: %s', async (_name, make) => {
    for (const host of ['Express 5', 'Express 4'] as const) {
      const app = await start({ host, session: make(), before: trustProxy });
      const [redirect] = await startThreeLogins(app, {
        'X-Forwarded-Proto': 'https',
        Host: 'h5.example.com',
      });
      expect(new URL(redirect?.location ?? '').searchParams.get('redirect_uri')).toBe(`${BASE}/callback`);
      expect(redirect?.headers['set-cookie']?.join()).toMatch(/secure/i);
    }
    expect(codes()).toEqual([]);
  });

  it('is named by the error page over http', async () => {
    const app = await start({ session: cookies({ secure: true }) });
    const page = await Browser.inWechat(app.url).get(`/callback?code=x&state=1${'0'.repeat(32)}`);
    expect(page.status).toBe(400);
    expect(/<li>(.*?)<\/li>/.exec(page.body)?.[1]).toMatch(/^<strong>.*secure.*http/);
  });
});

describe('a proxy that is not trusted', () => {
  it('causes one warning without baseURL: WeChat would get an http: redirect URI', async () => {
    const app = await start();
    const [redirect] = await startThreeLogins(app, { 'X-Forwarded-Proto': 'https', Host: 'h5.example.com' });
    expect(new URL(redirect?.location ?? '').searchParams.get('redirect_uri')).toBe(
      'http://h5.example.com/callback',
    );
    expect(codes()).toEqual(['WECHAT_TRUST_PROXY']);
  });

  it('is named by the error page', async () => {
    const app = await start({ session: cookies({ secure: true }), auth: { baseURL: BASE } });
    const page = await Browser.inWechat(app.url).get(`/callback?code=x&state=1${'0'.repeat(32)}`, {
      headers: { 'X-Forwarded-Proto': 'https' },
    });
    expect(/<li>(.*?)<\/li>/.exec(page.body)?.[1]).toMatch(/^<strong>.*trust proxy/);
  });
});

describe('a missing baseURL in production', () => {
  it('causes one warning', async () => {
    inProduction();
    const app = await start();
    await startThreeLogins(app);
    expect(codes()).toEqual(['WECHAT_NO_BASE_URL']);
    expect(warnings[0]?.message).toContain('WECHAT_BASE_URL');
  });

  it('causes no warning before a login', async () => {
    inProduction();
    const app = await start();
    await Browser.inWechat(app.url).get('/public');
    await Browser.inWechat(app.url).get('/me');
    expect(codes()).toEqual([]);
  });
});

describe("express-session's MemoryStore in production", () => {
  it.each([
    ['under its name', undefined],
    ['under the name that a bundler gave it', new e()],
  ])('causes one warning, %s', async (_name, store) => {
    inProduction();
    const app = await start({ session: expressSession(store && { store }), auth: { baseURL: BASE } });
    // express-session has printed a warning of its own.
    warnings.length = 0;
    await startThreeLogins(app, { Host: 'h5.example.com' });
    expect(codes()).toEqual(['WECHAT_MEMORY_SESSIONS']);
  });
});

describe('a login on another host than its callback', () => {
  /** A login that starts at one host. WeChat sends the browser back to another, without the cookie. */
  async function startedAt(Host: string): Promise<BrowserResponse> {
    const app = await start({ auth: { baseURL: BASE } });
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.get('/login', { headers: { Host } });
    expect(codes()).toEqual([]);
    const callbackURL = await agree(emulator, redirect.location);
    const headers = { Host: 'h5.example.com' };
    return browser.get(callbackURL.replace(BASE, app.url), { headers, cookie: '' });
  }

  it.each([
    ['production', 'www.example.com'],
    ['production', '127.0.0.1:3000'],
    ['test', 'localhost:3000'],
    ['test', '127.0.0.1:3000'],
  ])('causes one warning when it is lost, in %s, from %s', async (environment, host) => {
    process.env['NODE_ENV'] = environment;
    await startedAt(host);
    expect(codes()).toEqual(['WECHAT_OTHER_HOST']);
    expect(warnings[0]?.message).toContain(
      `the login started at "${host.replace(':3000', '')}", but WeChat sent the browser back to "h5.example.com"`,
    );
  });

  it('causes a warning without the control characters of its Host header', async () => {
    // Node accepts the bytes 80 to FF in headers, and a terminal reads 9B as ESC and a bracket.
    await startedAt('evil\u009b31m\u0085.example');
    expect(codes()).toEqual(['WECHAT_OTHER_HOST']);
    expect(warnings[0]?.message).toContain('"evil\ufffd31m\ufffd.example"');
  });

  it('gives the app an error without the control characters of its Host header', async () => {
    const errors: unknown[] = [];
    const app = await start({
      auth: {
        baseURL: BASE,
        onError: (error, _req, res) => {
          errors.push(error);
          res.end();
        },
      },
    });
    const browser = Browser.inWechat(app.url);
    const callBack = async ({ location }: BrowserResponse, Host: string): Promise<BrowserResponse> => {
      const callback = (await agree(emulator, location)).replace(BASE, app.url);
      return browser.get(callback, { headers: { Host }, cookie: '', keepCookies: false });
    };
    const Host = 'evil\u009b31m\u0085.example';
    const restarted = await callBack(await browser.get('/login', { headers: { Host } }), Host);
    await callBack(restarted, 'h5.example.com');
    expect(errors).toEqual([
      expect.objectContaining({
        kind: 'login_loop',
        message: expect.stringContaining('"evil\ufffd31m\ufffd.example"') as string,
      }),
    ]);
  });

  it('is named on the console if the login is lost twice; the page of production does not name it', async () => {
    inProduction();
    const app = await start({ auth: { baseURL: BASE } });
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.get('/login', { headers: { Host: '127.0.0.1:3000' } });
    // The other host gets no cookie. So the login restarts there, and is lost again.
    const first = await agree(emulator, redirect.location);
    const restarted = await browser.get(first.replace(BASE, app.url), {
      headers: { Host: '127.0.0.1:3000' },
      cookie: '',
      keepCookies: false,
    });
    expect(codes()).toEqual([]);
    const second = await agree(emulator, restarted.location);
    const page = await browser.get(second.replace(BASE, app.url), {
      headers: { Host: 'h5.example.com' },
      cookie: '',
    });
    expect(page.status).toBe(400);
    expect(page.body).not.toMatch(/<li>|域名|127\.0\.0\.1/);
    expect(codes()).toEqual(['WECHAT_OTHER_HOST']);
  });
});

describe('verification files below the root', () => {
  it('cause one warning, at the first request of any kind', async () => {
    const verificationFiles = { 'MP_verify_Ab12Cd34Ef56Gh78.txt': 'Ab12Cd34Ef56Gh78' };
    const app = await start({ mount: '/auth', auth: { verificationFiles } });
    await Browser.inWechat(app.url).get('/auth/login');
    await Browser.inWechat(app.url).get('/auth/MP_verify_Ab12Cd34Ef56Gh78.txt');
    expect(codes()).toEqual(['WECHAT_VERIFICATION_FILE']);
    expect(warnings[0]?.message).toContain('below /auth');
  });
});

describe('a fault that only the operator can fix', () => {
  it('causes one warning per kind', async () => {
    const app = await start({ auth: { appSecret: 'wrong', identity: 'unionid' } });
    for (let time = 0; time < 2; time++) {
      const page = await Browser.inWechat(app.url).logIn(emulator, '/me');
      expect(page.status).toBe(500);
    }
    expect(codes()).toEqual(['WECHAT_LOGIN_FAILED']);
    expect(warnings[0]?.message).toMatch(/^credentials: invalid appsecret/);
    expect(warnings[0]?.message).not.toMatch(/[0-9a-zA-Z_-]{40}/);
    emulator.switches.unionid = false;
    await Browser.onDesktop(app.url).logIn(emulator, '/me');
    emulator.switches.unionid = true;
    expect(codes()).toEqual(['WECHAT_LOGIN_FAILED', 'WECHAT_LOGIN_FAILED']);
    expect(warnings[1]?.message).toMatch(/^unionid_missing: /);
  });

  it("causes a warning without the control characters of WeChat's errmsg", async () => {
    const app = await start();
    emulator.fail('access_token', { errcode: 40125, errmsg: 'no\u001b[2J\u009b\u2028good\u202e' });
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    expect(codes()).toEqual(['WECHAT_LOGIN_FAILED']);
    expect(warnings[0]?.message).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
  });
});

describe('a correct setup', () => {
  it.each(HOSTS)("causes no warning on a developer's machine, on %s", async (host) => {
    for (const middleware of [cookies(), expressSession()]) {
      const app = await start({ host, session: middleware });
      for (const browser of [Browser.inWechat(app.url), Browser.onDesktop(app.url)]) {
        expect((await browser.logIn(emulator, '/me?a')).status).toBe(200);
        expect((await browser.get('/logout')).status).toBe(302);
      }
    }
    expect(warnings).toEqual([]);
  });

  const proxied: readonly (readonly [string, Record<string, string>, AppOptions])[] = [
    [
      'a trusted proxy that passes the Host header on',
      { Host: 'h5.example.com', 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '203.0.113.7' },
      { before: trustProxy, session: cookies({ sameSite: 'lax' }) },
    ],
    [
      'a proxy that sends an internal address as Host, as nginx does by default',
      { Host: '127.0.0.1:3000' },
      { session: cookies() },
    ],
    [
      'a proxy that sends the name of a container as Host',
      { Host: 'app:3000' },
      { session: expressSession({ store: new OpaqueStore() }) },
    ],
    ['a proxy that sends the name of an upstream as Host', { Host: 'backend' }, { host: 'Connect' }],
    [
      'a trusted proxy that sends X-Forwarded-Host',
      { Host: 'inner', 'X-Forwarded-Host': 'h5.example.com', 'X-Forwarded-Proto': 'https' },
      {
        before: trustProxy,
        session: expressSession({ store: new OpaqueStore(), cookie: { secure: 'auto' } }),
      },
    ],
    [
      'an untrusted proxy that sends X-Forwarded-Host, with baseURL',
      { Host: 'inner', 'X-Forwarded-Host': 'h5.example.com', 'X-Forwarded-Proto': 'https' },
      { session: cookies() },
    ],
    ['IPv6', { Host: '[::1]:3000' }, {}],
  ];
  it.each(proxied)('causes no warning in production: %s', async (_what, headers, options) => {
    inProduction();
    const app = await start({ ...options, auth: { baseURL: BASE, ...options.auth } });
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.follow('/me', { headers });
    const callbackURL = await agree(emulator, redirect.location);
    const me = await browser.follow(callbackURL.replace(BASE, app.url), { headers });
    expect(me.json()).toMatchObject({ nickname: '小明' });
    expect((await browser.get('/logout', { headers })).status).toBe(302);
    expect(warnings).toEqual([]);
  });

  it('causes no warning with Connect if the session middleware trusts the proxy of a secure cookie', async () => {
    inProduction();
    const app = await start({
      host: 'Connect',
      auth: { baseURL: BASE },
      session: expressSession({
        store: new OpaqueStore(),
        proxy: true,
        cookie: { secure: true, sameSite: 'lax' },
      }),
    });
    const [redirect] = await startThreeLogins(app, { Host: 'h5.example.com', 'X-Forwarded-Proto': 'https' });
    expect(redirect?.headers['set-cookie']?.join()).toMatch(/secure/i);
    expect(warnings).toEqual([]);
  });

  it('causes no warning, whatever users do in the browser', async () => {
    const app = await start({ guard: { check: () => false } });
    const browser = Browser.inWechat(app.url);
    for (const path of [
      '/callback?code=x&state=y',
      '/callback',
      '/callback?code=authdeny&state=z',
      '/login?returnTo=//evil',
    ]) {
      await browser.get(path);
    }
    await browser.logIn(emulator, '/me');
    await browser.logIn(emulator, '/login', 'snapshot');
    await browser.get('/logout', { headers: { 'Sec-Fetch-Site': 'cross-site' } });
    expect(warnings).toEqual([]);
  });

  it('causes no warning with verification files at the root', async () => {
    const app = await start({ auth: { verificationFiles: { 'a.txt': 'a' } } });
    expect((await Browser.inWechat(app.url).get('/a.txt')).body).toBe('a');
    expect(warnings).toEqual([]);
  });
});

describe('an option returnTo that is a route', () => {
  it('causes one warning when a login ends', async () => {
    const app = await start({ mount: '/auth', auth: { returnTo: '/auth/logout' } });
    for (const user of ['ming', 'follower']) {
      const browser = Browser.inWechat(app.url);
      const callback = await agree(emulator, (await browser.get('/auth/login')).location, user);
      expect((await browser.get(callback)).location).toBe('/#');
    }
    expect(codes()).toEqual(['WECHAT_RETURN_TO']);
    expect(warnings[0]?.message).toContain("returnTo is '/auth/logout'");
  });

  it('causes no warning if the route is mounted elsewhere', async () => {
    const app = await start({ mount: '/auth', auth: { returnTo: '/logout' } });
    const browser = Browser.inWechat(app.url);
    const callback = await agree(emulator, (await browser.get('/auth/login')).location);
    expect((await browser.get(callback)).location).toBe('/logout#');
    expect(codes()).toEqual([]);
  });
});
