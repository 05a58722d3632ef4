import http from 'node:http';
import type { HostRequest } from '../../../lib/middleware/http/request';
import { cookies, startApp, type TestApp } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
import type { Middleware } from '../../support/hosts';
import { startAndAgree, exchangedCodes, isLoggedIn, stateIn, statesOf } from '../../support/login';
import { SESSION_NAMES, SESSIONS } from '../../support/sessions';
import { IPHONE_WECHAT } from '../../support/browsers/user-agents';

useEmulator();

/** Counts the reads of the session until the response is sent. Afterwards the session middleware reads it. */
function countingReads(session: Middleware, reads: { count: number }): Middleware {
  return (req, res, next) => {
    session(req, res, (error) => {
      const own = Object.getOwnPropertyDescriptor(req, 'session') ?? {};
      let value = own.get ? undefined : req.session;
      let isCounting = true;
      Object.defineProperty(req, 'session', {
        configurable: true,
        get(this: HostRequest) {
          if (isCounting) reads.count++;
          return own.get ? (own.get.call(req) as unknown) : value;
        },
        set(changed: unknown) {
          value = changed;
        },
      });
      const end = res.end.bind(res) as (...args: unknown[]) => typeof res;
      res.end = (...args: unknown[]) => {
        isCounting = false;
        return end(...args);
      };
      next(error);
    });
  };
}

describe.each(SESSION_NAMES)('a HEAD or prefetch request, with %s', (kind) => {
  let app: TestApp;
  const reads = { count: 0 };
  const logins: string[] = [];
  beforeAll(async () => {
    app = await startApp(emulator, {
      session: countingReads(SESSIONS[kind](), reads),
      auth: {
        onLogin: (_req, { user }) => {
          logins.push(user.openid);
        },
      },
    });
  });
  afterAll(() => app.close());

  const HEAD_OR_PREFETCH: readonly [string, Parameters<Browser['request']>[1]][] = [
    ['HEAD', { method: 'HEAD' }],
    ['Sec-Purpose: prefetch', { headers: { 'Sec-Purpose': 'prefetch' } }],
    ['Sec-Purpose: prefetch;prerender', { headers: { 'Sec-Purpose': 'prefetch;prerender' } }],
    ['Purpose: prefetch', { headers: { Purpose: 'prefetch' } }],
  ];

  it.each(HEAD_OR_PREFETCH)('gets 204 and changes nothing: %s', async (_name, options) => {
    const browser = Browser.inWechat(app.url);
    const callbackURL = await startAndAgree(browser, emulator, '/me?kept');
    const before = { cookie: browser.cookies(), reads: reads.count, requests: emulator.requests.length };
    for (const path of [
      '/login',
      '/login?returnTo=/me',
      '/logout',
      new URL(callbackURL).pathname + new URL(callbackURL).search,
    ]) {
      const response = await browser.request(path, options);
      expect([path, response.status, response.body]).toEqual([path, 204, '']);
      expect(response.headers['set-cookie']).toBeUndefined();
      expect(response.headers.location).toBeUndefined();
      expect(response.headers['cache-control']).toBe('no-store');
    }
    expect(reads.count).toBe(before.reads);
    expect(emulator.requests).toHaveLength(before.requests);
    expect(browser.cookies()).toBe(before.cookie);
    expect((await browser.get(callbackURL)).location).toBe('/me?kept#');

    await browser.request('/logout', options);
    expect(await isLoggedIn(browser)).toBe(true);
  });

  it('is never a POST: that logs out even with Sec-Purpose: prefetch', async () => {
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const response = await browser.request('/logout', {
      method: 'POST',
      headers: { 'Sec-Purpose': 'prefetch' },
    });
    expect(response.status).toBe(303);
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it.each(HEAD_OR_PREFETCH)(
    'starts no login that could replace a pending one: %s',
    async (_name, options) => {
      const browser = Browser.inWechat(app.url);
      const state = stateIn((await browser.follow('/me')).location);
      for (let i = 0; i < 10; i++) await browser.request('/login', options);
      expect(await statesOf(browser)).toEqual([state]);
    },
  );
});

describe('every response of our routes', () => {
  let app: TestApp;
  let withoutSession: TestApp;
  let throwing: TestApp;
  let renamed: TestApp;
  beforeAll(async () => {
    app = await startApp(emulator);
    withoutSession = await startApp(emulator, { session: null });
    throwing = await startApp(emulator, {
      auth: {
        flow: () => {
          throw new Error('no flow today');
        },
        onError: () => {
          throw new Error('no page today');
        },
      },
    });
    renamed = await startApp(emulator, {
      mount: '/auth',
      auth: { routes: { login: '/in', callback: '/back', logout: '/out' } },
    });
  });
  afterAll(async () => {
    for (const each of [app, withoutSession, throwing, renamed]) await each.close();
  });

  const state = (digit: number): string => `${digit}${'a'.repeat(32)}`;
  const expectPrivate = (response: BrowserResponse, isCallback: boolean): void => {
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.headers['referrer-policy']).toBe(isCallback ? 'no-referrer' : undefined);
  };

  it.each([
    '/login',
    '/login/',
    '/login?returnTo=//evil.example',
    '/logout',
    '/callback',
    '/callback/?code=abc',
    '/callback?code=authdeny&state=x',
    `/callback?code=abc&state=${state(0)}`,
    `/callback?code=abc&state=${state(1)}`,
    '/callback?code=a&code=b',
    `/callback?code=${'c'.repeat(600)}`,
  ])('is not cached, and the address of a callback is never sent as a Referer: %s', async (path) => {
    for (const Accept of ['text/html', 'application/json', '*/*']) {
      for (const method of ['GET', 'HEAD']) {
        for (const { url } of [app, withoutSession, throwing]) {
          const response = await Browser.inWechat(url).request(path, { method, headers: { Accept } });
          expectPrivate(response, path.startsWith('/callback'));
        }
      }
    }
  });

  it('is not cached after a login, a refused code or a logout, from this site or another one', async () => {
    const browser = Browser.inWechat(app.url);
    const callbackURL = await startAndAgree(browser, emulator);
    const endFault = emulator.fail('access_token', { errcode: 40125 });
    expectPrivate(await browser.get(callbackURL), true);
    endFault();
    expectPrivate(await browser.get(await startAndAgree(browser, emulator)), true);
    expectPrivate(await browser.get('/logout', { headers: { 'Sec-Fetch-Site': 'cross-site' } }), false);
    expectPrivate(await browser.request('/logout', { method: 'POST' }), false);
  });

  it('has these headers under a mount path and with renamed routes, too', async () => {
    const browser = Browser.inWechat(renamed.url);
    const login = await browser.get('/auth/in?returnTo=/auth/me');
    expectPrivate(login, false);
    const callback = await browser.get(await agree(emulator, login.location));
    expect(callback.location).toBe('/auth/me#');
    expectPrivate(callback, true);
    expectPrivate(await browser.get('/auth/out'), false);
    expectPrivate(await browser.request('/auth/back', { method: 'HEAD' }), true);
  });

  it('is the same if the request line holds an absolute URL (RFC 9112 section 3.2.2)', async () => {
    const { hostname, port, host } = new URL(app.url);
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const path = `http://${host}/login?returnTo=/me`;
      http
        .get({ hostname, port, path, headers: { 'User-Agent': IPHONE_WECHAT, Accept: 'text/html' } }, resolve)
        .on('error', reject);
    });
    response.resume();
    expect(response.statusCode).toBe(302);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.headers.location).toContain(encodeURIComponent(`${app.url}/callback`));
  });

  it('has an empty body if it is a redirect', async () => {
    const browser = Browser.inWechat(app.url);
    const login = await browser.get('/login');
    const callback = await browser.get(await agree(emulator, login.location));
    const restarted = await browser.get(`/callback?code=abc&state=${state(0)}`);
    const logout = await browser.get('/logout');
    const posted = await browser.request('/logout', { method: 'POST' });
    for (const response of [login, callback, restarted, logout, posted]) {
      expect([response.body, response.headers['content-length']]).toEqual(['', '0']);
      expect([302, 303]).toContain(response.status);
    }
  });

  it.each(['no session', 'a session'])('leaves other methods to the app (%s)', async (which) => {
    const browser = Browser.inWechat((which === 'no session' ? withoutSession : app).url);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      for (const path of ['/login', '/callback?code=abc'])
        expect((await browser.request(path, { method })).body).toBe('home');
    }
    expect((await browser.request('/logout', { method: 'DELETE' })).body).toBe('home');
  });
});

describe('an unguarded request', () => {
  it.each(SESSION_NAMES)('does not even read the session (%s)', async (kind) => {
    const reads = { count: 0 };
    const app = await startApp(emulator, { session: countingReads(SESSIONS[kind](), reads) });
    const browser = Browser.inWechat(app.url);
    for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS']) {
      for (const path of ['/public', '/public?code=abc&state=x', '/', '/MP_verify_a.txt']) {
        const response = await browser.request(path, { method });
        expect(response.status).toBe(200);
        expect(response.headers['set-cookie']).toBeUndefined();
        expect(response.headers['cache-control']).toBeUndefined();
        expect(response.headers.vary).toBeUndefined();
      }
    }
    expect(reads.count).toBe(0);
    await app.close();
  });

  it('passes if the session cannot be read or does not exist', async () => {
    const broken: Middleware = (req, _res, next) => {
      Object.defineProperty(req, 'session', {
        get() {
          throw new Error('nobody should look');
        },
      });
      next();
    };
    for (const session of [broken, null]) {
      const app = await startApp(emulator, { session });
      expect((await Browser.inWechat(app.url).get('/public')).body).toBe('public');
      expect(app.errors).toEqual([]);
      await app.close();
    }
  });

  it('sets no cookie for a logged-in user', async () => {
    const app = await startApp(emulator, { session: cookies() });
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    for (const path of ['/public', '/me']) {
      const response = await browser.get(path);
      expect(response.status).toBe(200);
      expect(response.headers['set-cookie']).toBeUndefined();
    }
    await app.close();
  });

  it('sends no request to WeChat', async () => {
    const app = await startApp(emulator);
    emulator.requests.length = 0;
    await Browser.inWechat(app.url).get('/public?code=abc&state=x');
    expect(emulator.requests).toEqual([]);
    expect(exchangedCodes(emulator)).toEqual([]);
    await app.close();
  });
});
