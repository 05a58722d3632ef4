// What a login leaves in the session: data of the app, a login before it, and the settings of the session cookie.
import type { HostRequest } from '../../../lib/middleware/http/request';
import { startApp, type TestApp, type TestRequest } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';
import { Browser } from '../../support/browser';
import { startAndAgree, exchangedCodes, isLoggedIn, sessionOf, withApp } from '../../support/login';
import { serverSessions, SESSION_NAMES, SESSIONS } from '../../support/sessions';

useEmulator();

describe.each(SESSION_NAMES)('the session at login, with %s', (kind) => {
  it.each([
    ['all', true, { cart: '3', lang: 'en' }],
    ['none', false, { cart: undefined, lang: undefined }],
    ['a list', ['cart'], { cart: '3', lang: undefined }],
    ['an empty list', [], { cart: undefined, lang: undefined }],
  ])(
    'keeps the data of an anonymous session as preserveSession says: %s',
    async (_name, preserveSession, kept) => {
      await withApp(
        emulator,
        { session: SESSIONS[kind](), auth: { preserveSession } },
        async (_app, browser) => {
          await browser.get('/put?cart=3&lang=en');
          await browser.logIn(emulator, '/me');
          const { cart, lang } = await sessionOf(browser);
          expect({ cart, lang }).toEqual(kept);
          expect(await isLoggedIn(browser)).toBe(true);
        },
      );
    },
  );

  it.each([true, false, ['cart']])(
    'loses the data of another user, and keeps the data of the same user (preserveSession: %j)',
    async (preserveSession) => {
      await withApp(
        emulator,
        { session: SESSIONS[kind](), auth: { preserveSession } },
        async (_app, browser) => {
          await browser.logIn(emulator, '/me', 'ming');
          await browser.get('/put?cart=3&address=home');
          await browser.logIn(emulator, '/login', 'ming');
          expect(await sessionOf(browser)).toMatchObject({ cart: '3', address: 'home' });

          await browser.logIn(emulator, '/login', 'emoji');
          const { cart, address, wechat } = await sessionOf(browser);
          expect({ cart, address }).toEqual({ cart: undefined, address: undefined });
          expect(wechat).toMatchObject({ openid: emulator.openid('emoji', emulator.apps.official.appId) });
        },
      );
    },
  );

  it('recognizes the same person in WeChat and on a PC by the unionid', async () => {
    await withApp(emulator, { session: SESSIONS[kind]() }, async (_app, phone) => {
      const desktop = phone.as('Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0');
      await phone.logIn(emulator, '/me', 'ming');
      await phone.get('/put?cart=3');
      await desktop.logIn(emulator, '/login', 'ming');
      const session = await sessionOf(phone);
      expect(session).toMatchObject({ cart: '3', wechat: { flow: 'website', scope: 'snsapi_login' } });
    });
  });

  it('loses the data of a login that is no longer valid', async () => {
    const session = SESSIONS[kind]();
    await withApp(emulator, { session }, async (_app, browser) => {
      await browser.logIn(emulator, '/me', 'ming');
      await browser.get('/put?cart=3');
      const former = (await sessionOf(browser))['wechat'] as object;
      await withApp(
        emulator,
        {
          session,
          routes: (app) => {
            app.use('/spoil', (req: HostRequest, res) => {
              (req as TestRequest).session['wechat'] = { ...former, appid: 'wx0000000000000000' };
              (req as TestRequest).session['cart'] = '3';
              res.end();
            });
          },
        },
        async (_otherApp, other) => {
          await other.get('/spoil');
          expect(await isLoggedIn(other)).toBe(false);
          await other.logIn(emulator, '/me', 'emoji');
          expect((await sessionOf(other))['cart']).toBeUndefined();
        },
      );
    });
  });

  it('keeps a login with the profile when the same user logs in silently', async () => {
    await withApp(
      emulator,
      { session: SESSIONS[kind](), auth: { scope: 'snsapi_base' } },
      async (_app, browser) => {
        await browser.logIn(emulator, '/login?scope=snsapi_userinfo');
        const full = (await sessionOf(browser))['wechat'];
        expect(full).toMatchObject({ scope: 'snsapi_userinfo', user: { nickname: '小明' } });
        await browser.logIn(emulator, '/login');
        expect((await sessionOf(browser))['wechat']).toEqual(full);
        await browser.logIn(emulator, '/login', 'emoji');
        expect((await sessionOf(browser))['wechat']).toMatchObject({
          scope: 'snsapi_base',
          openid: emulator.openid('emoji', emulator.apps.official.appId),
        });
      },
    );
  });

  it('holds neither a token nor a code', async () => {
    await withApp(emulator, { session: SESSIONS[kind]() }, async (_app, browser) => {
      await browser.logIn(emulator, '/me');
      const text = JSON.stringify(await sessionOf(browser));
      for (const code of exchangedCodes(emulator)) expect(text).not.toContain(code);
      expect(text).not.toMatch(/token|secret/);
    });
  });
});

describe("the app's settings of its session cookie, with express-session", () => {
  const MONTH = 30 * 86_400_000;
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp(emulator, {
      session: serverSessions(),
      routes: (host) => {
        host.use('/remember-me', (req, res) => {
          const { session } = req as unknown as { session: { cookie: { maxAge: number }; seen: boolean } };
          session.cookie.maxAge = MONTH;
          session.seen = true;
          res.end();
        });
      },
    });
  });
  afterAll(() => app.close());

  /**
   * The lifetime in ms of the cookie that the callback sets; `undefined` if it ends when the browser closes.
   */
  async function lifetimeAfterLogin(browser: Browser, user: string): Promise<number | undefined> {
    const { headers } = await browser.get(await startAndAgree(browser, emulator, '/login', user));
    const [, expires] = /Expires=([^;]+)/.exec(headers['set-cookie']?.join() ?? '') ?? [];
    return expires === undefined ? undefined : Date.parse(expires) - Date.now();
  }

  it('survive a login in a session without a user ("remember me")', async () => {
    const browser = Browser.inWechat(app.url);
    await browser.get('/remember-me');
    expect(await lifetimeAfterLogin(browser, 'ming')).toBeGreaterThan(MONTH - 60_000);
  });

  it('survive the next login of the same user, and do not pass to another user', async () => {
    const browser = Browser.inWechat(app.url);
    await browser.get('/remember-me');
    for (const user of ['ming', 'ming'])
      expect(await lifetimeAfterLogin(browser, user)).toBeGreaterThan(MONTH - 60_000);
    expect(await lifetimeAfterLogin(browser, 'emoji')).toBeUndefined();
  });
});
