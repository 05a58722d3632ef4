import http from 'node:http';
import type { HostRequest } from '../../../lib/middleware/http/request';
import { cookies, startApp, type TestApp } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
import type { Middleware } from '../../support/hosts';
import { comeBack, exchanged, isLoggedIn, stateIn, statesOf } from '../../support/login';
import { SESSION_NAMES, SESSIONS } from '../../support/sessions';
import { IPHONE_WECHAT } from '../../support/browsers/user-agents';

useEmulator();

/** A session that counts how often anybody looks at it, until the answer is sent: then its own middleware does. */
function watched(session: Middleware, reads: { count: number }): Middleware {
  return (req, res, next) => {
    session(req, res, (error) => {
      const own = Object.getOwnPropertyDescriptor(req, 'session') ?? {};
      let value = own.get ? undefined : req.session;
      let isOpen = true;
      Object.defineProperty(req, 'session', {
        configurable: true,
        get(this: HostRequest) {
          if (isOpen) reads.count++;
          return own.get ? (own.get.call(req) as unknown) : value;
        },
        set(changed: unknown) {
          value = changed;
        },
      });
      const end = res.end.bind(res) as (...args: unknown[]) => typeof res;
      res.end = (...args: unknown[]) => {
        isOpen = false;
        return end(...args);
      };
      next(error);
    });
  };
}

describe.each(SESSION_NAMES)('looking ahead, with %s', (kind) => {
  let app: TestApp;
  const reads = { count: 0 };
  const logins: string[] = [];
  beforeAll(async () => {
    app = await startApp(emulator, {
      session: watched(SESSIONS[kind](), reads),
      auth: {
        onLogin: (_req, { user }) => {
          logins.push(user.openid);
        },
      },
    });
  });
  afterAll(() => app.close());

  const LOOKS: readonly [string, Parameters<Browser['request']>[1]][] = [
    ['HEAD', { method: 'HEAD' }],
    ['Sec-Purpose: prefetch', { headers: { 'Sec-Purpose': 'prefetch' } }],
    ['Sec-Purpose: prefetch;prerender', { headers: { 'Sec-Purpose': 'prefetch;prerender' } }],
    ['Purpose: prefetch', { headers: { Purpose: 'prefetch' } }],
  ];

  it.each(LOOKS)('by %s gets 204 and touches nothing', async (_name, look) => {
    const browser = Browser.inWechat(app.url);
    const callbackURL = await comeBack(browser, emulator, '/me?kept');
    const before = { cookie: browser.cookies(), reads: reads.count, requests: emulator.requests.length };
    for (const path of [
      '/login',
      '/login?returnTo=/me',
      '/logout',
      new URL(callbackURL).pathname + new URL(callbackURL).search,
    ]) {
      const response = await browser.request(path, look);
      expect([path, response.status, response.body]).toEqual([path, 204, '']);
      expect(response.headers['set-cookie']).toBeUndefined();
      expect(response.headers.location).toBeUndefined();
      expect(response.headers['cache-control']).toBe('no-store');
    }
    expect(reads.count).toBe(before.reads);
    expect(emulator.requests).toHaveLength(before.requests);
    expect(browser.cookies()).toBe(before.cookie);
    expect((await browser.get(callbackURL)).location).toBe('/me?kept');

    await browser.request('/logout', look);
    expect(await isLoggedIn(browser)).toBe(true);
  });

  it('is not what a form does: a POST logs out whatever its purpose', async () => {
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const response = await browser.request('/logout', {
      method: 'POST',
      headers: { 'Sec-Purpose': 'prefetch' },
    });
    expect(response.status).toBe(303);
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('does not count against the logins under way', async () => {
    const browser = Browser.inWechat(app.url);
    const state = stateIn((await browser.follow('/me')).location);
    for (let i = 0; i < 10; i++) await browser.request('/login', { method: 'HEAD' });
    expect(await statesOf(browser)).toEqual([state]);
  });
});

describe('every answer of the three routes', () => {
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
  const isPrivate = (response: BrowserResponse, isCallback: boolean): void => {
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
  ])('is not stored, nor told on by the next request: %s', async (path) => {
    for (const Accept of ['text/html', 'application/json', '*/*']) {
      for (const method of ['GET', 'HEAD']) {
        for (const { url } of [app, withoutSession, throwing]) {
          const response = await Browser.inWechat(url).request(path, { method, headers: { Accept } });
          isPrivate(response, path.startsWith('/callback'));
        }
      }
    }
  });

  it('is not stored when it is a login, a login that is refused by another site, or one that WeChat refuses', async () => {
    const browser = Browser.inWechat(app.url);
    const callbackURL = await comeBack(browser, emulator);
    const undo = emulator.fail('access_token', { errcode: 40125 });
    isPrivate(await browser.get(callbackURL), true);
    undo();
    isPrivate(await browser.get(await comeBack(browser, emulator)), true);
    isPrivate(await browser.get('/logout', { headers: { 'Sec-Fetch-Site': 'cross-site' } }), false);
    isPrivate(await browser.request('/logout', { method: 'POST' }), false);
  });

  it('is the same under a mount and other names', async () => {
    const browser = Browser.inWechat(renamed.url);
    const login = await browser.get('/auth/in?returnTo=/auth/me');
    isPrivate(login, false);
    const callback = await browser.get(await agree(emulator, login.location));
    expect(callback.location).toBe('/auth/me');
    isPrivate(callback, true);
    isPrivate(await browser.get('/auth/out'), false);
    isPrivate(await browser.request('/auth/back', { method: 'HEAD' }), true);
  });

  it('is there too where a proxy asks by the whole address, as HTTP/1.1 allows', async () => {
    const { hostname, port, host } = new URL(app.url);
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const path = `http://${host}/login?returnTo=/me`;
      http
        .get({ hostname, port, path, headers: { 'User-Agent': IPHONE_WECHAT } }, resolve)
        .on('error', reject);
    });
    response.resume();
    expect(response.statusCode).toBe(302);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.headers.location).toContain(encodeURIComponent(`${app.url}/callback`));
  });

  it('has an empty body where it redirects', async () => {
    const browser = Browser.inWechat(app.url);
    const login = await browser.get('/login');
    const callback = await browser.get(await agree(emulator, login.location));
    const again = await browser.get(`/callback?code=abc&state=${state(0)}`);
    const logout = await browser.get('/logout');
    const posted = await browser.request('/logout', { method: 'POST' });
    for (const response of [login, callback, again, logout, posted]) {
      expect([response.body, response.headers['content-length']]).toEqual(['', '0']);
      expect([302, 303]).toContain(response.status);
    }
  });

  it.each(['no session', 'a session'])(
    'goes to the app itself where the method is none of ours (%s)',
    async (which) => {
      const browser = Browser.inWechat((which === 'no session' ? withoutSession : app).url);
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
        for (const path of ['/login', '/callback?code=abc'])
          expect((await browser.request(path, { method })).body).toBe('home');
      }
      expect((await browser.request('/logout', { method: 'DELETE' })).body).toBe('home');
    },
  );
});

describe('a request that nobody guards', () => {
  it.each(SESSION_NAMES)('does not so much as read the session (%s)', async (kind) => {
    const reads = { count: 0 };
    const app = await startApp(emulator, { session: watched(SESSIONS[kind](), reads) });
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

  it('passes where the session cannot be read, and where there is none', async () => {
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

  it('keeps the cookie of somebody who is logged in as it is', async () => {
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

  it('asks WeChat nothing', async () => {
    const app = await startApp(emulator);
    emulator.requests.length = 0;
    await Browser.inWechat(app.url).get('/public?code=abc&state=x');
    expect(emulator.requests).toEqual([]);
    expect(exchanged(emulator)).toEqual([]);
    await app.close();
  });
});
