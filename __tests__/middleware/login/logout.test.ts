import { wechatAuth } from '../../../lib/index';
import { CallbackResults } from '../../../lib/middleware/state/callback-results';
import { Logouts, type EndedLogin } from '../../../lib/middleware/state/logouts';
import { cookies, emulated, sendJSON, startApp, type TestApp, type TestRequest } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';
import { Browser, type BrowserResponse } from '../../support/browser';
import { codeAccounts, CodeClient, codeRoutes, newCode } from '../../support/browsers/code-clients';
import { ask, scan, scanOptions, showCode } from '../../support/browsers/scan-login';
import type { Middleware } from '../../support/hosts';
import {
  startAndAgree,
  redirectsToWechat,
  isLoggedIn,
  sessionOf,
  statesOf,
  withApp,
} from '../../support/login';
import { FaultySessionStore, serverSessions, SESSION_NAMES, SESSIONS } from '../../support/sessions';
import { useWarnings } from '../../support/warnings';

useEmulator();
useWarnings();

describe.each(SESSION_NAMES)('the logout, with %s', (kind) => {
  let app: TestApp;
  let browser: Browser;
  beforeAll(async () => {
    app = await startApp(emulator, {
      session: SESSIONS[kind](),
      routes: (host) => {
        host.use('/bye', (req, res) => {
          const { wechat } = req as TestRequest;
          void wechat.logout().then(() => {
            sendJSON(res, [wechat.isAuthenticated(), wechat.user ?? null]);
          });
        });
        host.use('/note', (req, res) => {
          (req as TestRequest).session['note'] = 'private';
          res.end();
        });
      },
    });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
  });

  it.each([
    ['GET', 302],
    ['POST', 303],
  ])('accepts %s, and redirects to the root with %i', async (method, status) => {
    const response = await browser.request('/logout', { method });
    expect([response.status, response.location]).toEqual([status, '/']);
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('redirects to its returnTo, on this site only', async () => {
    expect((await browser.get('/logout?returnTo=/public?bye%23top')).location).toBe('/public?bye#top');
    for (const evil of [
      '//evil.example',
      'https://evil.example/',
      '/\\evil.example',
      '/logout',
      '/login',
      '/%09/evil',
    ])
      expect((await browser.get(`/logout?returnTo=${encodeURIComponent(evil)}`)).location).toMatch(
        /^\/(?:%09\/evil)?$/,
      );
  });

  it.each([
    ['Sec-Fetch-Site: cross-site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['Sec-Fetch-Site, whatever the Referer says', { 'Sec-Fetch-Site': 'cross-site', Referer: 'SELF/' }],
    ['an Origin', { Origin: 'https://evil.example' }],
    ['an Origin of another port', { Origin: 'http://127.0.0.1:1' }],
    ['the Origin of a sandboxed frame', { Origin: 'null' }],
    ['a Referer', { Referer: 'https://evil.example/page' }],
    ['a Referer with our host in its path', { Referer: 'https://evil.example/SELF' }],
    ['a Referer with our host as its user name', { Referer: 'http://127.0.0.1@evil.example/' }],
  ])('refuses a request of another site, recognized by %s', async (_name, headers) => {
    for (const method of ['GET', 'POST']) {
      const sentHeaders = Object.entries(headers).map(
        ([name, value]) => [name, value.replace('SELF', app.url)] as const,
      );
      const response = await browser.request('/logout', { method, headers: Object.fromEntries(sentHeaders) });
      expect(response.status).toBe(403);
      expect(response.headers['cache-control']).toBe('no-store');
      expect(response.body).toContain(
        'Another site requested this logout. Log out by a link or a form of this site.',
      );
      expect(await isLoggedIn(browser)).toBe(true);
    }
  });

  it.each([
    ['a link of this site', { 'Sec-Fetch-Site': 'same-origin' }],
    ['the address bar', { 'Sec-Fetch-Site': 'none' }],
    ['another subdomain', { 'Sec-Fetch-Site': 'same-site' }],
    ['a form of this site, in an old browser', { Origin: 'SELF', Referer: 'SELF/page' }],
    ['a link of this site, in an old browser', { Referer: 'SELF/page?a=b' }],
    ['a browser that sends none of these headers', {}],
  ])('accepts a request from %s', async (_name, headers) => {
    const sentHeaders = Object.entries(headers).map(
      ([name, value]) => [name, value.replace('SELF', app.url)] as const,
    );
    await browser.request('/logout', { method: 'POST', headers: Object.fromEntries(sentHeaders) });
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('removes the login and the data of the app from the session', async () => {
    await browser.get('/note');
    await browser.follow('/login');
    const before = browser.cookies();
    await browser.get('/logout');
    const { cookie, ...rest } = await sessionOf(browser);
    expect(rest).toEqual({});
    expect(kind === 'cookie-session' ? cookie : typeof cookie).toBe(
      kind === 'cookie-session' ? undefined : 'object',
    );
    if (kind === 'express-session') {
      // The old session id is no longer valid.
      const copy = Browser.inWechat(app.url);
      expect((await copy.get('/me', { cookie: before })).status).toBe(302);
    }
  });

  it('succeeds for a user who is not logged in', async () => {
    const anonymous = Browser.inWechat(app.url);
    expect((await anonymous.get('/logout')).status).toBe(302);
    expect((await browser.get('/logout')).status).toBe(302);
    expect((await browser.get('/logout')).status).toBe(302);
  });

  it('ends pending logins, too', async () => {
    const callbackURL = await startAndAgree(browser, emulator, '/login?returnTo=/me');
    await browser.get('/logout');
    expect(await statesOf(browser)).toEqual([]);
    expect(redirectsToWechat(emulator, await browser.get(callbackURL))).toBe(true);
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('can be called by the app, which then responds itself', async () => {
    expect((await browser.get('/bye')).json()).toEqual([false, null]);
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('lets the user log in again', async () => {
    await browser.get('/logout');
    expect((await browser.logIn(emulator, '/me')).status).toBe(200);
  });
});

describe('a logout with baseURL', () => {
  const BASE = 'https://shop.example';

  it.each([
    ['Origin', BASE, 303],
    ['Referer', `${BASE}/page`, 303],
    // An attacker in the network of the user can forge pages that come by http.
    ['Origin', 'http://shop.example', 403],
    ['Referer', 'http://shop.example/page', 403],
    ['Origin', 'ftp://shop.example', 403],
    ['Origin', 'http://HOST', 403],
    ['Referer', 'http://HOST/page', 403],
  ])('sent with %s: %s has status %i', (header, value, status) =>
    withApp(emulator, { auth: { baseURL: BASE } }, async (app, browser) => {
      const { host } = new URL(value.includes('HOST') ? app.url : BASE);
      const headers = { Host: host, [header]: value.replace('HOST', host) };
      expect((await browser.request('/logout', { method: 'POST', headers })).status).toBe(status);
    }),
  );

  it('behind a proxy that ends TLS and does not say so, needs no baseURL', () =>
    withApp(emulator, {}, async (app, browser) => {
      const headers = { Origin: app.url.replace('http:', 'https:') };
      expect((await browser.request('/logout', { method: 'POST', headers })).status).toBe(303);
    }));
});

describe('a logout whose Origin is null', () => {
  const NULL = { Origin: 'null' };
  const rows = [
    ...(['lax', 'strict', true] as const).flatMap((sameSite) => [
      { name: 'cookie-session', sameSite, session: () => cookies({ sameSite }) },
      {
        name: 'express-session',
        sameSite,
        session: () => serverSessions(undefined, { cookie: { sameSite } }),
      },
    ]),
  ];
  const withLogin = (session: Middleware, work: Parameters<typeof withApp>[2]): Promise<void> =>
    withApp(emulator, { session }, async (app, browser) => {
      await browser.logIn(emulator, '/login?returnTo=/public');
      await work(app, browser);
    });

  it.each(rows)('is one of this site if its cookie is sameSite: $sameSite ($name)', async ({ session }) => {
    await withLogin(session(), async (app, browser) => {
      for (const headers of [NULL, { ...NULL, Referer: `${app.url}/me` }]) {
        const response = await browser.request('/logout', { method: 'POST', headers });
        expect([response.status, response.location]).toEqual([303, '/']);
        expect(await isLoggedIn(browser)).toBe(false);
        await browser.logIn(emulator, '/login?returnTo=/public');
      }
    });
  });

  it.each<[string, () => Middleware, Record<string, string>]>([
    ['its cookie is not same-site', () => cookies(), NULL],
    ['its cookie is sent to all sites', () => cookies({ sameSite: 'none' }), NULL],
    ['the browser says so', () => cookies({ sameSite: 'lax' }), { ...NULL, 'Sec-Fetch-Site': 'cross-site' }],
    [
      'it has another Origin after all',
      () => cookies({ sameSite: 'lax' }),
      { Origin: 'https://evil.example' },
    ],
    [
      'it has the Referer of another site',
      () => cookies({ sameSite: 'lax' }),
      { ...NULL, Referer: 'https://evil.example/' },
    ],
  ])('is one of another site if %s', async (_why, session, headers) => {
    await withLogin(session(), async (_app, browser) => {
      const response = await browser.request('/logout', { method: 'POST', headers });
      expect(response.status).toBe(403);
      expect(await isLoggedIn(browser)).toBe(true);
    });
  });

  describe.each([false, true])(
    'without the session cookie, where saveUninitialized is %s',
    (saveUninitialized) => {
      const send = (
        work: (response: BrowserResponse, browser: Browser) => Promise<void> | void,
      ): Promise<void> =>
        withLogin(
          serverSessions(undefined, { cookie: { sameSite: 'lax' }, saveUninitialized }),
          async (_app, browser) => {
            await work(
              await browser.request('/logout', { method: 'POST', headers: NULL, cookie: '' }),
              browser,
            );
          },
        );

      it('is one of another site, although the middleware gives it a new session', () =>
        send(({ status }) => expect(status).toBe(403)));

      // docs/sessions.md says why an app keeps `saveUninitialized: false`.
      const outcome = saveUninitialized ? 'replaces' : 'leaves';
      it(`${outcome} the cookie of the user`, () =>
        send(async ({ headers }, browser) => {
          expect(headers['set-cookie'] !== undefined).toBe(saveUninitialized);
          expect(await isLoggedIn(browser)).toBe(!saveUninitialized);
        }));
    },
  );
});

describe.each(SESSION_NAMES)('a logout after the last check of a callback, with %s', (kind) => {
  let app: TestApp;
  beforeEach(async () => {
    app = await startApp(emulator, { session: SESSIONS[kind](), auth: scanOptions() });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
  });

  /** The response to the callback is on its way while the user logs out with the former cookie. */
  async function logOutTooEarly(): Promise<Browser> {
    const browser = Browser.inWechat(app.url);
    const callbackURL = await startAndAgree(browser, emulator, '/me');
    const inFlight = Browser.inWechat(app.url);
    inFlight.jar = browser.jar.cloneSync() ?? inFlight.jar;
    const before = browser.cookies();
    expect((await inFlight.get(callbackURL)).location).toBe('/me#');
    await browser.get('/logout', { cookie: before });
    return inFlight;
  }

  it('ends the login whose cookie reaches the browser later', async () => {
    const browser = await logOutTooEarly();
    expect(await isLoggedIn(browser)).toBe(false);
    // Nothing keeps the user from logging in again.
    expect((await browser.logIn(emulator, '/me')).status).toBe(200);
    expect(await isLoggedIn(browser)).toBe(true);
  });

  it('ends it for good: the next request removes it from the session', async () => {
    const browser = await logOutTooEarly();
    expect(await isLoggedIn(browser)).toBe(false);
    const later = Date.now() + 11 * 60_000;
    // The logout is no longer remembered.
    jest.spyOn(Date, 'now').mockImplementation(() => later);
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('ends it for good, also if the phone then logs a PC in', async () => {
    const phone = await logOutTooEarly();
    const pc = Browser.onDesktop(app.url);
    const code = await showCode(pc);
    await scan(phone, emulator, code.url);
    expect(await ask(pc, code.statusURL)).toMatchObject({ status: 'confirmed' });
    expect(await isLoggedIn(phone)).toBe(false);
    expect(await isLoggedIn(pc)).toBe(true);
  });
});

describe.each(SESSION_NAMES)('two accounts side by side, with %s', (kind) => {
  it('log out one by one', async () => {
    const app = await startApp(emulator, {
      session: SESSIONS[kind](),
      routes: (host) => {
        const staff = { sessionKey: 'staff' };
        host.use('/staff', wechatAuth({ ...emulated(emulator), ...staff }));
      },
    });
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me', 'ming');
    await browser.logIn(emulator, '/staff/login', 'ming');
    const both = await sessionOf(browser);
    expect(both['wechat']).toMatchObject({ user: { nickname: '小明' } });
    expect(both['staff']).toMatchObject({ user: { nickname: '小明' } });

    await browser.get('/staff/logout');
    const one = await sessionOf(browser);
    expect(one['wechat']).toEqual(both['wechat']);
    expect(one['staff']).toBeUndefined();

    await browser.get('/logout');
    expect((await sessionOf(browser))['wechat']).toBeUndefined();
    await app.close();
  });
});

describe.each(SESSION_NAMES)('a flood of logouts, with %s', (kind) => {
  let app: TestApp;
  let store: FaultySessionStore;
  /** `onLogin` waits for it. */
  let gate: Promise<void> | undefined;
  let open: () => void;
  let entered: Promise<void>;
  let enter: () => void;
  beforeEach(async () => {
    store = new FaultySessionStore();
    gate = undefined;
    app = await startApp(emulator, {
      session: kind === 'cookie-session' ? cookies() : serverSessions(store),
      routes: (host) => {
        codeRoutes(host);
      },
      auth: {
        ...scanOptions(),
        ...codeAccounts(),
        onLogin: async () => {
          enter();
          await gate;
        },
      },
    });
    entered = new Promise((resolve) => (enter = resolve));
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
  });

  function closeGate(): void {
    gate = new Promise((resolve) => (open = resolve));
  }

  /** As many logouts as displace every other record of their kind. */
  async function flood(...kinds: EndedLogin[]): Promise<void> {
    for (const each of kinds) {
      const states = Array.from({ length: 10_001 }, (_, at) => `${each} login ${at}`);
      await new CallbackResults(undefined, {
        loginTimeout: 60_000,
        site: 'wechat',
        namespace: 'wechat',
      }).endLogins(states, [], each);
    }
  }

  function copyOf(browser: Browser): Browser {
    const copy = Browser.inWechat(app.url);
    copy.jar = browser.jar.cloneSync() ?? copy.jar;
    return copy;
  }

  it('without a session stores nothing', async () => {
    const record = jest.spyOn(Logouts.prototype, 'record');
    for (const cookie of ['', 'lang=zh', 'session=', 'session=e30=; session.sig=AAAA', 'connect.sid=s%3Aa.b'])
      expect((await Browser.inWechat(app.url).request('/logout', { method: 'POST', cookie })).status).toBe(
        303,
      );
    expect([record.mock.calls, store.saved]).toEqual([[], []]);
  });

  it('of logins that nobody finished displaces no logout of a user', async () => {
    const browser = Browser.inWechat(app.url);
    const callbackURL = await startAndAgree(browser, emulator, '/me');
    const [inFlight, before] = [copyOf(browser), browser.cookies()];
    await inFlight.get(callbackURL);
    await browser.get('/logout', { cookie: before });
    const record = jest.spyOn(Logouts.prototype, 'record');
    const anonymous = Browser.inWechat(app.url);
    await anonymous.get('/login');
    await anonymous.get('/logout');
    expect(new Set(record.mock.calls.map(([, ended]) => ended))).toEqual(new Set(['pending']));
    await flood('pending');
    expect(await isLoggedIn(inFlight)).toBe(false);
  });

  it('of a user with many pending logins displaces no other user either', async () => {
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/login?returnTo=/public');
    for (let login = 0; login < 5; login += 1) await browser.get('/login');
    const record = jest.spyOn(Logouts.prototype, 'record');
    const states = await statesOf(browser);
    await browser.get('/logout');
    const ofUser = record.mock.calls.filter(([, ended]) => ended === 'user').map(([each]) => each);
    // The finished login, and the root of the session if it has an id.
    expect(ofUser).toHaveLength(kind === 'cookie-session' ? 1 : 2);
    expect(states).toHaveLength(5);
    expect(ofUser.filter((each) => states.includes(each))).toEqual([]);
  });

  it('with the cookies of before a login adds no further logouts of users', async () => {
    const browser = Browser.inWechat(app.url);
    const callbackURL = await startAndAgree(browser, emulator, '/me');
    const before = browser.cookies();
    await browser.get(callbackURL);
    const record = jest.spyOn(Logouts.prototype, 'record');
    for (let count = 0; count < 3; count += 1) await browser.get('/logout', { cookie: before });
    const ofUsers = record.mock.calls.filter(([, ended]) => ended === 'user').map(([each]) => each);
    // The login that finished with these cookies, and the root of its session if it has an id.
    expect(new Set(ofUsers).size).toBe(kind === 'cookie-session' ? 1 : 2);
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('does not undo a logout while a posted code is in progress', async () => {
    const browser = Browser.inWechat(app.url);
    // A pending login makes the cookies of cookie-session secret.
    await browser.get('/login');
    const inFlight = copyOf(browser);
    closeGate();
    const login = new CodeClient(app.url, inFlight).logIn('miniProgram', newCode('miniProgram'));
    await entered;
    await browser.get('/logout');
    await flood('pending', 'user');
    open();
    expect(await login).toMatchObject({ status: 400, kind: 'state_unknown' });
    expect(await isLoggedIn(inFlight)).toBe(false);
  });

  it('does not undo a logout while a callback is in progress', async () => {
    const browser = Browser.inWechat(app.url);
    const callbackURL = await startAndAgree(browser, emulator, '/me');
    const inFlight = copyOf(browser);
    closeGate();
    const callback = inFlight.get(callbackURL);
    await entered;
    await browser.get('/logout');
    await flood('pending', 'user');
    open();
    expect((await callback).status).toBe(400);
    expect(await isLoggedIn(inFlight)).toBe(false);
  });

  it('does not undo a logout while a PC collects its login', async () => {
    const phone = Browser.inWechat(app.url);
    const pc = Browser.onDesktop(app.url);
    const code = await showCode(pc);
    await scan(phone, emulator, code.url);
    const inFlight = copyOf(pc);
    closeGate();
    const poll = ask(inFlight, code.statusURL);
    await entered;
    await pc.get('/logout');
    await flood('pending', 'user');
    open();
    expect(await poll).toEqual({ status: 'expired' });
    expect(await isLoggedIn(inFlight)).toBe(false);
  });
});
