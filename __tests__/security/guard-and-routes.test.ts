// Requests of an attacker's page, and bugs elsewhere in the process, do not get past the guard and the
// routes.
import { wechatAuth } from '../../lib';
import { emulated, startApp } from '../support/app';
import { emulator, useEmulator } from '../support/emulator';
import { Browser } from '../support/browser';
import { exchangedCodes, isLoggedIn, sessionOf } from '../support/login';
import { putRoute, SESSIONS, SESSION_NAMES } from '../support/sessions';
import { HOSTS } from '../support/hosts';

useEmulator();

describe.each(HOSTS)('the guard on %s', (host) => {
  it.each([[[]], ['false'], [{ allowed: false }], [1], [undefined], [null]])(
    'lets nobody pass when check returns %j',
    async (result) => {
      const app = await startApp(emulator, { host, guard: { check: () => result as unknown as boolean } });
      const browser = Browser.inWechat(app.url);
      await browser.logIn(emulator, '/me');
      expect((await browser.get('/me')).status).toBe(403);
      await app.close();
    },
  );

  it.each([undefined, 'auto', 'redirect', 'reject'] as const)(
    'responds 401 to OPTIONS without a user in mode %s, and starts no login',
    async (mode) => {
      const app = await startApp(emulator, {
        host,
        guard: mode ? { mode } : {},
        auth: { routes: { login: false } },
      });
      const response = await Browser.inWechat(app.url).request('/me', {
        method: 'OPTIONS',
        headers: { 'Sec-Fetch-Mode': 'navigate' },
      });
      expect(response.status).toBe(401);
      expect(response.headers['set-cookie']).toBeUndefined();
      await app.close();
    },
  );

  it.each([
    { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' },
    { Origin: 'https://evil.example', 'Sec-Fetch-Mode': 'navigate' },
  ])('starts no login for a form of another site: %j', async (headers) => {
    const app = await startApp(emulator, {
      host,
      guard: { mode: 'redirect' },
      auth: { routes: { login: false } },
    });
    const victim = Browser.inWechat(app.url);
    const response = await victim.request('/me', { method: 'POST', headers });
    expect(response.status).toBe(401);
    expect(response.headers['set-cookie']).toBeUndefined();
    // A form of the app's own site starts one.
    const own = await victim.request('/me', {
      method: 'POST',
      headers: { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'navigate' },
    });
    expect(own.status).toBe(303);
    await app.close();
  });
});

describe('a return path', () => {
  /** An app with one `wechatAuth()` at /a, and another one at both /b and /c. */
  const startThreeMounts = (): ReturnType<typeof startApp> => {
    const auth = wechatAuth(emulated(emulator));
    return startApp(emulator, {
      mount: '/a',
      routes: (host) => {
        host.use('/b', auth);
        host.use('/c', auth);
      },
    });
  };

  it('is not a route of another wechatAuth() of the app', async () => {
    const app = await startThreeMounts();
    const browser = Browser.inWechat(app.url);
    for (const mount of ['/a', '/b', '/c']) await browser.get(`${mount}/public`);
    for (const target of [
      '/b/logout',
      '/c/logout?x=1',
      '/b/%6Cogout',
      '/C/LOGOUT/',
      '/b/login',
      '/b/callback',
    ]) {
      const end = await browser.logIn(emulator, `/a/login?returnTo=${encodeURIComponent(target)}`);
      expect([target, new URL(end.url).pathname]).toEqual([target, '/']);
    }
    expect(await browser.get('/a/me')).toMatchObject({ status: 200 });
    await app.close();
  });

  it.each([
    ['/b', '/c'],
    ['/c', '/b'],
  ])('is not a route of another mount of the same wechatAuth(): from %s to %s', async (own, other) => {
    const app = await startThreeMounts();
    const browser = Browser.inWechat(app.url);
    for (const mount of [own, other]) await browser.get(`${mount}/public`);
    const targets = ['/logout', '/logout?x=1', '/%6Cogout', '/LOGOUT/', '/login', '/callback'];
    for (const target of [...targets.map((route) => other + route), `${other.toUpperCase()}/logout`]) {
      const end = await browser.logIn(emulator, `${own}/login?returnTo=${encodeURIComponent(target)}`);
      expect([target, new URL(end.url).pathname]).toEqual([target, '/']);
    }
    expect((await browser.get('/a/session')).json()).toHaveProperty('wechat');
    await app.close();
  });
});

describe('a bug that writes to Object.prototype', () => {
  afterEach(() => {
    for (const name of ['wechat', 'wechat:login', 'openid', 'user'])
      Reflect.deleteProperty(Object.prototype, name);
  });

  const plant = (name: string, value: unknown): void => {
    Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
  };

  it.each(SESSION_NAMES)('logs nobody in, with %s', async (kind) => {
    const app = await startApp(emulator, { session: SESSIONS[kind]() });
    const login = {
      user: { openid: 'o1' },
      appid: emulator.apps.official.appId,
      openid: 'o1',
      scope: 'snsapi_userinfo',
      flow: 'official',
    };
    plant('wechat', login);
    expect(await isLoggedIn(Browser.inWechat(app.url))).toBe(false);
    await app.close();
  });

  it.each(SESSION_NAMES)('adds no user to a session without one, with %s', async (kind) => {
    const app = await startApp(emulator, { session: SESSIONS[kind](), routes: putRoute });
    const browser = Browser.inWechat(app.url);
    const { appId: appid } = emulator.apps.official;
    await browser.get(`/put?wechat=${JSON.stringify({ appid, scope: 'snsapi_userinfo', flow: 'official' })}`);
    plant('openid', 'o1');
    plant('user', { openid: 'o1' });
    expect(await isLoggedIn(browser)).toBe(false);
    await app.close();
  });

  it.each(SESSION_NAMES)('starts no login whose code an attacker sends, with %s', async (kind) => {
    const app = await startApp(emulator, { session: SESSIONS[kind]() });
    const state = `0${'ab'.repeat(16)}`;
    const login = { returnTo: '/me', scope: 'snsapi_userinfo', flow: 'official', at: Date.now() };
    plant('wechat:login', { pending: { [state]: login }, done: {} });
    const victim = Browser.inWechat(app.url);
    const code = emulator.issueCode({ app: emulator.apps.official.appId, user: 'emoji' });
    await victim.get(`/callback?code=${code}&state=${state}`);
    expect(exchangedCodes(emulator)).not.toContain(code);
    expect(await isLoggedIn(victim)).toBe(false);
    await app.close();
  });
});

describe('links of another site to the login', () => {
  it('do not fill the cookie of cookie-session so far that nobody can log in', async () => {
    const app = await startApp(emulator, {
      before: (host) => {
        host.use(SESSIONS['cookie-session']());
        host.use((req, _res, next) => {
          (req.session as Record<string, unknown>)['cart'] = 'x'.repeat(1_800);
          next();
        });
      },
      session: null,
    });
    const browser = Browser.inWechat(app.url);
    for (const n of [1, 2, 3]) await browser.get(`/login?returnTo=/${String(n)}${'y'.repeat(500)}`);
    const end = await browser.logIn(emulator, '/me');
    expect(end.status).toBe(200);
    expect((await sessionOf(browser))['wechat']).toBeDefined();
    await app.close();
  });
});
