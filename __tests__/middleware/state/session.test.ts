import { cookies, type TestRequest } from '../../support/app';
import type { Host, Middleware } from '../../support/hosts';
import { emulator, useEmulator } from '../../support/emulator';
import { agree, Browser } from '../../support/browser';
import {
  startAndAgree,
  exchangedCodes,
  redirectsToWechat,
  isLoggedIn,
  sessionOf,
  withApp,
} from '../../support/login';
import { FaultySessionStore, serverSessions, SESSION_NAMES, SESSIONS } from '../../support/sessions';

useEmulator();

describe('the id of the session, with express-session', () => {
  it('changes at login, at the next login and at logout, and the old ones are invalid', async () => {
    await withApp(emulator, { session: serverSessions() }, async (_app, browser) => {
      await browser.get('/put?cart=3');
      const ids = [browser.cookies()];
      await browser.logIn(emulator, '/me');
      ids.push(browser.cookies());
      await browser.logIn(emulator, '/login');
      ids.push(browser.cookies());
      await browser.get('/logout');
      ids.push(browser.cookies());
      expect(new Set(ids).size).toBe(4);
      for (const cookie of ids)
        expect((await browser.get('/me', { cookie, keepCookies: false })).status).toBe(302);
    });
  });

  it('is never one that an attacker planted (session fixation)', async () => {
    await withApp(emulator, { session: serverSessions() }, async (app, attacker) => {
      await attacker.get('/put?cart=3');
      const planted = attacker.cookies();
      const victim = Browser.inWechat(app.url);
      victim.jar.setCookieSync(planted, app.url);
      await victim.logIn(emulator, '/me');
      expect(await isLoggedIn(victim)).toBe(true);
      expect(await isLoggedIn(attacker)).toBe(false);
    });
  });
});

describe('a redirect', () => {
  it('is sent after the session was saved: at login, after the callback, at logout', async () => {
    const store = Object.assign(new FaultySessionStore(), { delay: 100 });
    await withApp(emulator, { session: serverSessions(store) }, async (_app, browser) => {
      const saved = (): number => new Set(store.saved).size;
      const login = await browser.get('/login');
      expect([login.status, saved()]).toEqual([302, 1]);
      const callback = await browser.get(await agree(emulator, login.location));
      expect([callback.status, saved()]).toEqual([302, 2]);
      const logout = await browser.get('/logout');
      expect([logout.status, saved()]).toEqual([302, 3]);
    });
  });

  it('of the guard is sent after the session was saved that the app has changed', async () => {
    const store = Object.assign(new FaultySessionStore(), { delay: 100 });
    const options = {
      session: serverSessions(store),
      routes: (app: Host) =>
        app.use('/me', (req, _res, next) => {
          Object.assign((req as TestRequest).session, { cart: 7 });
          next();
        }),
    };
    await withApp(emulator, options, async (_app, browser) => {
      const { status } = await browser.get('/me');
      expect([status, store.saved.length]).toEqual([302, 1]);
    });
  });

  it('is sent at the end of the save, not at its start', async () => {
    const store = new FaultySessionStore();
    await withApp(emulator, { session: serverSessions(store) }, async (_app, browser) => {
      let finishSave = (): void => undefined;
      const saveStarted = new Promise<void>((resolve) => {
        const set = store.set.bind(store);
        store.set = (...args) => {
          finishSave = () => {
            set(...args);
          };
          resolve();
        };
      });
      let hasResponse = false;
      const response = browser.get('/login').then((got) => {
        hasResponse = true;
        return got;
      });
      await saveStarted;
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(hasResponse).toBe(false);
      finishSave();
      expect(redirectsToWechat(emulator, await response)).toBe(true);
    });
  });
});

describe('a session store that fails', () => {
  const JSON_ONLY = { Accept: 'application/json' };

  it.each(['set', 'destroy'] as const)(
    'at the callback (%s) logs nobody in, and the response names it',
    async (call) => {
      const store = new FaultySessionStore();
      await withApp(emulator, { session: serverSessions(store) }, async (_app, browser) => {
        await browser.get('/put?cart=3');
        const callbackURL = await startAndAgree(browser, emulator);
        store.behaviour[call] = 'broken';
        const response = await browser.get(callbackURL, { headers: JSON_ONLY });
        expect(response.status).toBe(503);
        expect(response.json()).toEqual({
          error: 'session_missing',
          message: expect.stringContaining(`${call} is out of order`) as string,
        });
        expect(response.headers['set-cookie']).toBeUndefined();
        expect(response.headers['cache-control']).toBe('no-store');
        store.behaviour[call] = 'healthy';
        expect(await isLoggedIn(browser)).toBe(false);
        expect((await browser.logIn(emulator, '/me')).status).toBe(200);
      });
    },
  );

  it('at the callback allows an immediate retry, without a second exchange', async () => {
    const store = new FaultySessionStore();
    await withApp(emulator, { session: serverSessions(store) }, async (_app, browser) => {
      const callbackURL = await startAndAgree(browser, emulator, '/me?kept');
      emulator.requests.length = 0;
      store.behaviour.set = 'broken';
      expect((await browser.get(callbackURL)).status).toBe(503);
      store.behaviour.set = 'healthy';
      expect((await browser.get(callbackURL)).location).toBe('/me?kept#');
      expect(exchangedCodes(emulator)).toHaveLength(1);
      expect(await isLoggedIn(browser)).toBe(true);
    });
  });

  it('at the callback leaves the former user logged in', async () => {
    const store = new FaultySessionStore();
    await withApp(emulator, { session: serverSessions(store) }, async (_app, browser) => {
      await browser.logIn(emulator, '/me', 'ming');
      const callbackURL = await startAndAgree(browser, emulator, '/login', 'emoji');
      store.behaviour.destroy = 'broken';
      expect((await browser.get(callbackURL)).status).toBe(503);
      expect((await browser.get('/me')).json()).toMatchObject({ nickname: '小明' });
    });
  });

  it('at the login does not redirect to WeChat', async () => {
    const store = new FaultySessionStore();
    store.behaviour.set = 'broken';
    await withApp(emulator, { session: serverSessions(store) }, async (_app, browser) => {
      const response = await browser.get('/login');
      expect(response.status).toBe(503);
      expect(response.location).toBe('');
      expect(response.body).toContain('session_missing');
    });
  });

  it('at the logout leads to an error instead of the redirect', async () => {
    const store = new FaultySessionStore();
    await withApp(emulator, { session: serverSessions(store) }, async (_app, browser) => {
      await browser.logIn(emulator, '/me');
      store.behaviour.destroy = 'broken';
      const response = await browser.get('/logout');
      expect(response.status).toBe(503);
      expect(response.location).toBe('');
    });
  });

  it.each([{}, { unset: 'destroy' as const }])(
    'still leads to a complete response, and logs nobody in, if it never calls back, with %j',
    async (options) => {
      const cases = (['set', 'destroy'] as const).flatMap((call) =>
        ['/login', 'callback', '/logout'].map((route) => ({ call, route })),
      );
      await Promise.all(
        cases
          .filter(({ call, route }) => !(call === 'destroy' && route === '/login'))
          .map(async ({ call, route }) => {
            const store = new FaultySessionStore();
            await withApp(emulator, { session: serverSessions(store, options) }, async (_app, browser) => {
              if (route === '/logout') await browser.logIn(emulator, '/me');
              const path = route === 'callback' ? await startAndAgree(browser, emulator) : route;
              store.behaviour[call] = 'silent';
              const response = await browser.get(path);
              expect([route, call, response.status]).toEqual([route, call, 503]);
              expect(response.body).toContain('</html>');
              expect(response.location).toBe('');
              expect(response.headers['set-cookie']).toBeUndefined();
              store.behaviour[call] = 'healthy';
              if (route === 'callback') expect(await isLoggedIn(browser)).toBe(false);
            });
          }),
      );
    },
  );

  it.each(['keep', 'destroy'] as const)("keeps what it has stored, with unset: '%s'", async (unset) => {
    const store = new FaultySessionStore();
    await withApp(emulator, { session: serverSessions(store, { unset }) }, async (_app, browser) => {
      await browser.logIn(emulator, '/me');
      await browser.get('/put?cart=3');
      store.behaviour.set = 'broken';
      expect((await browser.get('/login')).status).toBe(503);
      store.behaviour.set = 'healthy';
      expect(await isLoggedIn(browser)).toBe(true);
      expect(await sessionOf(browser)).toMatchObject({ cart: '3' });
    });
  });

  it('is reported as such although the session middleware defines req.session without a setter', async () => {
    const session: Middleware = (req, _res, next) => {
      const value = { save: (): Promise<void> => Promise.reject(new Error('out of order')) };
      Object.defineProperty(req, 'session', { get: () => value });
      next();
    };
    await withApp(emulator, { session }, async (_app, browser) => {
      expect((await browser.get('/login')).status).toBe(503);
    });
  });

  it('is reported to onError', async () => {
    const store = new FaultySessionStore();
    store.behaviour.set = 'broken';
    const kinds: string[] = [];
    const auth = {
      onError: (error: { kind: string }, _req: unknown, res: { end(): void }) => {
        kinds.push(error.kind);
        res.end();
      },
    };
    await withApp(emulator, { session: serverSessions(store), auth }, async (_app, browser) => {
      await browser.get('/login');
      expect(kinds).toEqual(['session_missing']);
    });
  });
});

describe('a token store that fails', () => {
  it.each(SESSION_NAMES)('ends the login with kind token_store, and stores nothing (%s)', async (kind) => {
    let isBroken = true;
    const store = new Map<string, unknown>();
    const tokenStore = {
      get: (key: string) => Promise.resolve(store.get(key) as undefined),
      set: (key: string, token: unknown) => {
        if (isBroken) return Promise.reject(new Error('READONLY You cannot write against a replica'));
        store.set(key, token);
        return Promise.resolve();
      },
      delete: (key: string) => Promise.resolve(store.delete(key)).then(() => undefined),
    };
    let logins = 0;
    const auth = {
      tokenStore,
      onLogin: () => {
        logins++;
      },
    };
    await withApp(emulator, { session: SESSIONS[kind](), auth }, async (_app, browser) => {
      const callbackURL = await startAndAgree(browser, emulator, '/me?kept');
      const response = await browser.get(callbackURL);
      expect(response.status).toBe(503);
      expect(response.body).toContain('token_store');
      expect(response.body).toContain('/login?returnTo=%2Fme%3Fkept');
      expect(logins).toBe(0);
      expect((await sessionOf(browser))['wechat']).toBeUndefined();
      expect(await isLoggedIn(browser)).toBe(false);
      isBroken = false;
      expect((await browser.logIn(emulator, '/me')).status).toBe(200);
      expect([logins, store.size]).toEqual([1, 1]);
    });
  });
});

describe('a missing session middleware', () => {
  it.each(['/login', '/callback?code=abc&state=x', '/logout', '/me'])(
    'is reported in the response of %s',
    async (path) => {
      await withApp(emulator, { session: null, routes: () => undefined }, async (_app, browser) => {
        const page = await browser.get(path);
        expect(page.status).toBe(500);
        expect(page.body).toContain('session_missing');
        const json = await browser.get(path, { headers: { Accept: 'application/json' } });
        expect(json.status).toBe(500);
        expect(json.json()).toEqual({
          error: 'session_missing',
          message: expect.stringMatching(
            /Mount cookie-session or express-session before wechatAuth/,
          ) as string,
        });
      });
    },
  );
});

describe('a session of another kind', () => {
  it.each([
    { resave: true, saveUninitialized: true },
    { rolling: true, cookie: { maxAge: 60_000 } },
    { unset: 'destroy' as const },
    { name: 'my.sid', cookie: { path: '/', httpOnly: true, sameSite: 'lax' as const } },
  ])('may be an express-session with %j', async (options) => {
    await withApp(emulator, { session: serverSessions(undefined, options) }, async (app, browser) => {
      await browser.get('/public');
      const planted = browser.cookies();
      const callbackURL = await startAndAgree(browser, emulator, '/me?kept');
      expect((await browser.get(callbackURL)).location).toBe('/me?kept#');
      expect((await browser.get(callbackURL)).location).toBe('/me?kept#');
      expect(await isLoggedIn(browser)).toBe(true);
      const other = Browser.inWechat(app.url);
      expect((await other.get('/me', { cookie: planted })).status).toBe(302);
      await browser.get('/logout');
      expect(await isLoggedIn(browser)).toBe(false);
    });
  });

  it('may have a save that returns a promise, and no regenerate', async () => {
    let saves = 0;
    const sessions = new Map<string, Record<string, unknown>>();
    await withApp(
      emulator,
      {
        session: (req, res, next) => {
          const id = /sid=(\w+)/.exec(req.headers.cookie ?? '')?.[1] ?? Math.random().toString(36).slice(2);
          res.setHeader('Set-Cookie', `sid=${id}; Path=/; HttpOnly`);
          const session = { ...sessions.get(id) };
          Object.defineProperty(session, 'save', {
            value: async () => {
              await Promise.resolve();
              saves++;
              sessions.set(id, { ...session });
            },
          });
          Object.assign(req, { session });
          next();
        },
      },
      async (_app, browser) => {
        expect((await browser.logIn(emulator, '/me')).status).toBe(200);
        expect(saves).toBe(2);
      },
    );
  });

  it('may be a cookie-session of any name', async () => {
    await withApp(
      emulator,
      { session: cookies({ name: 'my.app', signed: false }) },
      async (_app, browser) => {
        expect((await browser.logIn(emulator, '/me')).status).toBe(200);
      },
    );
  });
});
