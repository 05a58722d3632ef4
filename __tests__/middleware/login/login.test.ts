import type { SessionData } from 'express-session';
import { wechatAuth, type WechatError, type WechatLoginOptions } from '../../../lib';
import {
  cookies,
  emulated,
  startApp,
  type AppOptions,
  type OwnOptions,
  type TestApp,
  type TestRequest,
} from '../../support/app';
import { agree, Browser } from '../../support/browser';
import { codeAccounts } from '../../support/browsers/code-clients';
import { ask, confirm, scan, scanOptions, showCode } from '../../support/browsers/scan-login';
import { DESKTOP_CHROME, IPHONE_WECHAT, PHONE_SAFARI } from '../../support/browsers/user-agents';
import { emulator, useEmulator } from '../../support/emulator';
import { createHost, HOSTS, listen } from '../../support/hosts';
import {
  startAndAgree,
  exchangedCodes,
  linkOn,
  paramIn,
  sessionOf,
  stateIn,
  statesOf,
} from '../../support/login';
import {
  FaultySessionStore,
  putRoute,
  serverSessions,
  SESSION_NAMES,
  SESSIONS,
} from '../../support/sessions';

useEmulator();

it('a session that throws after the response of the login route does not end the process', async () => {
  const throws = jest.fn();
  const app = await startApp(emulator, {
    session: (req, res, next) => {
      const session = {};
      Object.defineProperty(req, 'session', {
        get: () => {
          if (!res.writableFinished) return session;
          throws();
          throw new Error('the session has ended');
        },
      });
      next();
    },
  });
  const browser = Browser.inWechat(app.url);
  for (const times of [1, 2]) {
    expect((await browser.get('/login', { cookie: 'session=a' })).status).toBe(302);
    expect(throws).toHaveBeenCalledTimes(times);
  }
  await app.close();
});

describe('a login', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(emulator);
  });
  afterAll(async () => {
    await app.close();
  });

  it('leads a user inside WeChat from a guarded page to WeChat and back to that page', async () => {
    const browser = Browser.inWechat(app.url);
    const guarded = await browser.get('/me?tab=orders');
    expect(guarded.status).toBe(302);
    expect(guarded.location).toBe('/login?returnTo=%2Fme%3Ftab%3Dorders');

    const login = await browser.get(guarded.location);
    expect(login.status).toBe(302);
    expect(login.body).toBe('');
    expect(login.headers['cache-control']).toBe('no-store');
    const { origin, pathname, searchParams, hash } = new URL(login.location);
    expect(origin + pathname + hash).toBe(`${emulator.url}/connect/oauth2/authorize#wechat_redirect`);
    expect([...searchParams.keys()]).toEqual(['appid', 'redirect_uri', 'response_type', 'scope', 'state']);
    expect(searchParams.get('redirect_uri')).toBe(`${app.url}/callback`);
    expect(searchParams.get('scope')).toBe('snsapi_userinfo');
    expect(searchParams.get('state')).toMatch(/^0[0-9a-f]{32}$/);

    const callback = await browser.get(await agree(emulator, login.location));
    expect(callback.status).toBe(302);
    expect(callback.location).toBe('/me?tab=orders#');
    expect(callback.body).toBe('');
    expect(callback.headers['referrer-policy']).toBe('no-referrer');
    expect(callback.headers['cache-control']).toBe('no-store');

    const me = await browser.get(callback.location);
    expect(me.json()).toMatchObject({
      nickname: emulator.users[0]?.nickname,
      openid: expect.stringMatching(/^o/) as string,
    });
  });

  it('leads a user on a PC to the QR code', async () => {
    const browser = Browser.onDesktop(app.url);
    const redirect = await browser.follow('/me');
    expect(redirect.location).toContain(`${emulator.url}/connect/qrconnect?`);
    expect(new URL(redirect.location).searchParams.get('scope')).toBe('snsapi_login');
    const me = await browser.follow(await agree(emulator, redirect.location));
    expect(me.json()).toMatchObject({ nickname: emulator.users[0]?.nickname });
  });

  it('stores the user and the ids in the session, and no token', async () => {
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const session = (await browser.get('/session')).json() as Record<string, unknown>;
    expect(session['wechat']).toEqual({
      user: expect.objectContaining({ nickname: emulator.users[0]?.nickname }) as unknown,
      appid: emulator.apps.official.appId,
      openid: expect.stringMatching(/^o/) as string,
      unionid: expect.stringMatching(/^o/) as string,
      scope: 'snsapi_userinfo',
      flow: 'official',
    });
    expect(JSON.stringify(session)).not.toContain('token');
  });
});

const apps: TestApp[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

/** An app whose `/start` starts a login with these options. */
async function start(
  auth: OwnOptions = {},
  options: AppOptions = {},
  login?: WechatLoginOptions,
): Promise<TestApp> {
  jest.spyOn(process, 'emitWarning').mockImplementation();
  const app = await startApp(emulator, {
    ...options,
    auth,
    routes: (host) => {
      putRoute(host);
      host.use('/start', (req) => void (req as TestRequest).wechat.login(login));
    },
  });
  apps.push(app);
  return app;
}

describe('the flow of a login', () => {
  /** Where a browser ends that opens this path: WeChat's page, the code of a scan login, or our page. */
  async function endOf(app: TestApp, userAgent: string, path: string): Promise<string> {
    const { location, body } = await new Browser(app.url, userAgent).get(path);
    if (location !== '') return new URL(location).pathname;
    if (body.includes('data-link=')) return 'scan';
    return body.includes('class="address"') ? 'page' : 'error';
  }

  const OFFICIAL = '/connect/oauth2/authorize';
  const WEBSITE = '/connect/qrconnect';

  it.each<[string, OwnOptions, string, string, string]>([
    ['the one that a link names', {}, DESKTOP_CHROME, '?flow=website', WEBSITE],
    [
      'that of the browser if a link names one that does not work there',
      {},
      IPHONE_WECHAT,
      '?flow=website',
      OFFICIAL,
    ],
    ['that of the browser if a link names none', {}, DESKTOP_CHROME, '?flow=toString', WEBSITE],
    ['that of the option if it is fixed', { flow: 'official' }, DESKTOP_CHROME, '?flow=website', OFFICIAL],
    [
      'that of the option if its function fixes it',
      { flow: () => 'official' },
      DESKTOP_CHROME,
      '?flow=website',
      OFFICIAL,
    ],
    [
      'the one that a link names if the function says auto',
      { flow: () => 'auto' },
      PHONE_SAFARI,
      '?flow=website',
      WEBSITE,
    ],
    [
      'none if a link names one without an account',
      { website: undefined },
      DESKTOP_CHROME,
      '?flow=website',
      'page',
    ],
    [
      'none if a link names scan without the option',
      { website: undefined },
      DESKTOP_CHROME,
      '?flow=scan',
      'page',
    ],
    [
      'scan on a PC without a website app',
      { scanLogin: true, website: undefined },
      DESKTOP_CHROME,
      '',
      'scan',
    ],
    [
      'scan on a phone without a website app',
      { scanLogin: true, website: undefined },
      PHONE_SAFARI,
      '',
      'scan',
    ],
    ['not scan on a phone with a website app', { scanLogin: true }, PHONE_SAFARI, '', 'page'],
    [
      'scan if a link names it, on a PC with a website app',
      { scanLogin: true },
      DESKTOP_CHROME,
      '?flow=scan',
      'scan',
    ],
  ])('is %s', async (_what, auth, userAgent, query, end) => {
    expect(await endOf(await start(auth), userAgent, `/login${query}`)).toBe(end);
  });

  it('stays the one that was chosen if the session is lost, as long as it works in this browser', async () => {
    const app = await start();
    const phone = new Browser(app.url, PHONE_SAFARI);
    const callback = await startAndAgree(phone, emulator, '/login?flow=website');
    expect(await endOf(app, PHONE_SAFARI, callback)).toBe(WEBSITE);
    const another = await startAndAgree(phone, emulator, '/login?flow=website');
    expect(await endOf(app, IPHONE_WECHAT, another)).toBe(OFFICIAL);
  });

  it('is refused if it does not exist or is off, and the error says what to do', async () => {
    const errors: WechatError[] = [];
    const onError = (error: WechatError, _req: unknown, res: { end(): unknown }): void => {
      errors.push(error);
      res.end();
    };
    await Browser.inWechat((await start({ onError }, {}, { flow: 'qr' as never })).url).get('/start');
    await Browser.inWechat((await start({ onError, flow: (() => 'qr') as never })).url).get('/start');
    await Browser.onDesktop((await start({ onError }, {}, { flow: 'scan' })).url).get('/start');
    const onlyCodes = { appId: undefined, appSecret: undefined, website: undefined, ...codeAccounts() };
    await Browser.inWechat((await start({ onError, ...onlyCodes })).url).get('/start');
    expect(errors.map(({ kind, message }) => [kind, message])).toEqual([
      ['config', "The flow of this login is 'qr'. Use one of 'auto', 'official', 'website', 'scan'."],
      ['config', "The option flow returned 'qr'. Use one of 'auto', 'official', 'website', 'scan'."],
      [
        'config',
        'A scan login was requested, but it is off for this account. ' +
          'Give scanLogin: true, and appId and appSecret of the official account.',
      ],
      [
        'config',
        'A browser cannot log in here: wechatAuth() has only accounts whose clients post codes ' +
          '(req.wechat.loginWithCode). Give appId and appSecret of the official account, or website.',
      ],
    ]);
  });
});

describe('the return path of a login', () => {
  it.each(HOSTS)('is not the logout of another mount, whichever page came first, on %s', async (name) => {
    const app = createHost(name);
    app.use(cookies());
    const auth = wechatAuth(emulated(emulator));
    for (const mount of ['/ab', '/a', '/b']) app.use(mount, auth);
    app.use((_req, res) => res.end('page'));
    const running = await listen(app);
    try {
      const browser = Browser.inWechat(running.url);
      for (const page of ['/ab', '/ab?page=2', '/a/page']) await browser.get(page);
      await browser.logIn(emulator, '/b/login?returnTo=/a/page');
      const callback = await browser.get(
        await startAndAgree(browser, emulator, '/b/login?returnTo=/a/logout'),
      );
      expect(callback.location).toBe('/#');
    } finally {
      await running.close();
    }
  });
});

describe('the page that asks to open WeChat', () => {
  it('links to the QR code login with the data of the login, and without an unsafe return path', async () => {
    const data = { from: 'shelf' };
    for (const [returnTo, named] of [
      ['/me', '/me'],
      ['//evil.example', ''],
    ] as const) {
      const app = await start({}, {}, { returnTo, data });
      const { body } = await new Browser(app.url, PHONE_SAFARI).get('/start');
      const link = (/<a href="([^"]*)"/.exec(body)?.[1] ?? '').replaceAll('&amp;', '&');
      expect([paramIn(app.url + link, 'flow'), paramIn(app.url + link, 'returnTo')]).toEqual([
        'website',
        named,
      ]);
      const signed = paramIn(app.url + link, 'data').split('.')[0] ?? '';
      expect(JSON.parse(Buffer.from(signed, 'base64url').toString())).toEqual(data);
    }
  });

  it('shows the address of this very login, or the page of the app that starts it if it has data', async () => {
    const component = { appId: 'wx0c0c0c0c0c0c0c0c', accessToken: () => 'token' };
    const login = { returnTo: '/me?tab=2', scope: 'snsapi_userinfo' };
    for (const auth of [
      { scope: 'snsapi_base', website: undefined },
      {
        scope: 'snsapi_base',
        appSecret: undefined,
        website: undefined,
        component,
      } as unknown as OwnOptions,
    ] as const) {
      const addressOf = async (options: WechatLoginOptions): Promise<string> => {
        const { body } = await new Browser((await start(auth, {}, options)).url, PHONE_SAFARI).get('/start');
        return (/class="address">([^<]*)/.exec(body)?.[1] ?? '').replaceAll('&amp;', '&');
      };
      const shown = await addressOf(login);
      expect(shown).toContain('/login?');
      expect([paramIn(shown, 'returnTo'), paramIn(shown, 'scope')]).toEqual(['/me?tab=2', 'snsapi_userinfo']);
      // Data belongs to one session: the app gives it to the login of the other device, too.
      expect(await addressOf({ ...login, data: { from: 'shelf' } })).toMatch(/:\d+\/start$/);
    }
  });

  it.each<[string, OwnOptions, string]>([
    [
      'a login route that the app does not have',
      { routes: { login: false }, baseURL: 'https://h5.example.com' },
      PHONE_SAFARI,
    ],
    ['a QR code of a website app that the app does not have', { website: undefined }, PHONE_SAFARI],
    ['a QR code inside WeChat', { appId: undefined, appSecret: undefined }, IPHONE_WECHAT],
  ])('has no link to %s', async (_what, auth, userAgent) => {
    const response = await new Browser((await start(auth)).url, userAgent).get('/start');
    expect([response.status, response.body.includes('class="address"')]).toEqual([200, true]);
    expect(response.body).not.toContain('<a ');
  });
});

describe('a session with five logins in progress', () => {
  it('has no room for a restart, which would displace one of them', async () => {
    const errors: WechatError[] = [];
    const onError = (error: WechatError, _req: unknown, res: { end(): unknown }): void => {
      errors.push(error);
      res.end();
    };
    const browser = Browser.inWechat((await start({ onError })).url);
    const first = await startAndAgree(browser, emulator, '/me?first');
    for (let tab = 0; tab < 4; tab++) await browser.follow('/me');
    await browser.get(`/callback?code=a&state=0${'a'.repeat(32)}`);
    expect(errors).toMatchObject([{ kind: 'state_unknown', status: 400 }]);
    expect(errors[0]?.message).toMatch(
      /^There is no room in the session to restart this login: .* Finish one of them, or start again\.$/,
    );
    expect((await browser.get(first)).location).toBe('/me?first#');
  });

  it('forgets the oldest one for a sixth, in the memory of this process, too', async () => {
    const browser = Browser.inWechat((await start({}, { session: serverSessions() })).url);
    const oldest = await startAndAgree(browser, emulator, '/me?oldest');
    for (let tab = 0; tab < 5; tab++) await browser.follow('/me');
    emulator.requests.length = 0;
    expect((await browser.get(oldest)).status).toBe(400);
    expect(exchangedCodes(emulator)).toEqual([]);
  });
});

type Saved = SessionData & Record<string, unknown>;

/** The session that was saved last. It can be saved once more, as by a request that was in progress. */
async function lastSession(
  store: FaultySessionStore,
): Promise<{ session: Saved; saveAgain: () => Promise<void> }> {
  const id = store.saved.at(-1) ?? '';
  const session = await new Promise<Saved>((resolve) => {
    store.get(id, (_error, found) => {
      resolve(found as Saved);
    });
  });
  const saveAgain = (): Promise<void> =>
    new Promise((resolve) => {
      store.set(id, session, () => {
        resolve();
      });
    });
  return { session, saveAgain };
}

describe('a login in progress', () => {
  it('starts under the id that the session has, so that requests of other tabs find it', async () => {
    const app = await start({}, { session: serverSessions() });
    const browser = Browser.inWechat(app.url);
    await browser.get('/put?cart=1');
    const cookie = browser.cookies();
    await browser.get('/login');
    expect(browser.cookies()).toBe(cookie);
  });

  it('is not forgotten for one in another tab, even if a request overwrites the session without it', async () => {
    const store = new FaultySessionStore();
    const browser = Browser.inWechat((await start({}, { session: serverSessions(store) })).url);
    const first = await startAndAgree(browser, emulator, '/me?first');
    await browser.follow('/me?second');
    const { session, saveAgain } = await lastSession(store);
    const { pending } = session['wechat:login'] as { pending: Record<string, unknown> };
    Reflect.deleteProperty(pending, stateIn(first));
    await saveAgain();
    expect((await browser.get(first)).location).toBe('/me?first#');
  });

  it('keeps in the session cookie only what its callback needs', async () => {
    const app = await start({}, {}, { returnTo: '/me?tab=1' });
    const browser = Browser.inWechat(app.url);
    const state = stateIn((await browser.get('/start')).location);
    const login = { returnTo: '/me?tab=1', scope: 'snsapi_userinfo', flow: 'official' };
    expect(await sessionOf(browser)).toEqual({
      'wechat:login': { pending: { [state]: { ...login, at: expect.any(Number) as number } }, done: {} },
    });
  });

  it('gives way to the newest one if the cookie has no room for both', async () => {
    const app = await start({}, {}, { returnTo: '/me?newest', data: 'x'.repeat(500) });
    const browser = Browser.inWechat(app.url);
    await browser.get(`/put?note=${'n'.repeat(2_000)}`);
    for (let tab = 0; tab < 3; tab++) {
      const callback = await agree(emulator, (await browser.get('/start')).location);
      expect(await statesOf(browser)).toEqual([stateIn(callback)]);
      if (tab === 2) expect((await browser.get(callback)).location).toBe('/me?newest#');
    }
  });

  it.each(SESSION_NAMES)(
    'stays bound to the user who logged in meanwhile when WeChat’s fault restarts it (%s)',
    async (kind) => {
      const browser = Browser.inWechat((await start({}, { session: SESSIONS[kind]() })).url);
      const planted = await startAndAgree(browser, emulator, '/me', 'emoji');
      await browser.logIn(emulator, '/me', 'ming');
      emulator.fail('access_token', { errcode: -1 });
      const restarted = await browser.get(planted);
      expect(restarted.location).toContain('/connect/oauth2/authorize?');
      const refused = await browser.get(await agree(emulator, restarted.location, 'emoji'));
      expect([refused.status, refused.body.includes('state_unknown')]).toEqual([400, true]);
      expect((await browser.get('/me')).json()).toMatchObject({ nickname: '小明' });
    },
  );
});

describe('a login of one of many accounts', () => {
  const account = ({ headers }: { headers: Record<string, unknown> }): object => {
    const { official, unbound } = emulator.apps;
    const { appId, appSecret } = headers['x-shop'] === 'b' ? unbound : official;
    return { appId, appSecret };
  };
  const auth = {
    ...{ appId: undefined, appSecret: undefined, website: undefined },
    account,
  } as unknown as OwnOptions;

  it.each([
    ['links to a new login with this one', {}, '/login'],
    ['has no link to a login without the data', { data: 1 }, ''],
  ])('has an error page at another one that %s', async (_what, options, link) => {
    const browser = Browser.inWechat((await start(auth, {}, options)).url);
    const callback = await startAndAgree(browser, emulator, '/start');
    expect(linkOn(await browser.get(callback, { headers: { 'X-Shop': 'b' } }))).toBe(link);
  });

  it('is finished with this account, and not with another one', async () => {
    const app = await start(auth);
    const browser = Browser.inWechat(app.url);
    const callback = await startAndAgree(browser, emulator, '/me');
    emulator.requests.length = 0;
    const refused = await browser.get(callback, { headers: { 'X-Shop': 'b' }, keepCookies: false });
    expect([refused.status, refused.body.includes('state_unknown')]).toEqual([400, true]);
    expect(exchangedCodes(emulator)).toEqual([]);
    expect((await browser.logIn(emulator, '/me')).status).toBe(200);
  });
});

describe('a scan login', () => {
  it('starts in a session with a new id, so that an attacker who planted the old id cannot collect it', async () => {
    const app = await start(scanOptions(), { session: serverSessions() });
    const attacker = Browser.onDesktop(app.url);
    await attacker.get('/put?cart=1');
    const victim = new Browser(app.url, DESKTOP_CHROME, await attacker.jar.clone());
    const { url, statusURL } = await showCode(victim);
    await scan(new Browser(app.url, IPHONE_WECHAT), emulator, url);
    expect(await ask(attacker, statusURL)).toEqual({ status: 'expired' });
    expect(await ask(victim, statusURL)).toMatchObject({ status: 'confirmed' });
  });

  it('still ends on the PC if WeChat’s fault restarts the login on the phone', async () => {
    const app = await start(scanOptions());
    const [pc, phone] = [Browser.onDesktop(app.url), new Browser(app.url, IPHONE_WECHAT)];
    const { url, statusURL } = await showCode(pc);
    emulator.fail('access_token', { errcode: -1 });
    const restarted = await phone.get(await confirm(phone, emulator, url));
    await phone.follow(await agree(emulator, restarted.location));
    expect(await ask(pc, statusURL)).toMatchObject({ status: 'confirmed' });
    expect((await phone.get('/me')).status).toBe(302);
  });
});

describe('a session that a logout has ended', () => {
  it('can hold a new login if a request that was in progress has saved it once more', async () => {
    const store = new FaultySessionStore();
    const browser = Browser.inWechat((await start({}, { session: serverSessions(store) })).url);
    await browser.logIn(emulator, '/me');
    const { saveAgain } = await lastSession(store);
    const cookie = browser.cookies();
    await browser.get('/logout', { keepCookies: false });
    await saveAgain();
    expect((await browser.get('/me', { cookie })).status).toBe(302);
    expect((await browser.logIn(emulator, '/me')).status).toBe(200);
  });
});
