// A script cannot follow a redirect to WeChat: the login route and req.wechat.login() respond with 401.
import { startApp, type TestApp, type TestRequest } from '../../support/app';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
import { emulator, useEmulator } from '../../support/emulator';
import { HOSTS } from '../../support/hosts';
import { redirectsToWechat, isLoggedIn, paramIn, sessionOf, statesOf } from '../../support/login';
import { SESSION_NAMES, SESSIONS } from '../../support/sessions';
import type { WechatLoginOptions } from '../../../lib';

useEmulator();

/** The headers of scripts. */
const SCRIPTS: Readonly<Record<string, Record<string, string>>> = {
  'fetch()': { 'Sec-Fetch-Mode': 'cors', Accept: '*/*' },
  'fetch() that accepts HTML': { 'Sec-Fetch-Mode': 'cors', Accept: 'text/html' },
  'fetch() of the same origin': { 'Sec-Fetch-Mode': 'same-origin', Accept: 'text/html' },
  'an image': { 'Sec-Fetch-Mode': 'no-cors', Accept: 'image/*' },
  XMLHttpRequest: { 'X-Requested-With': 'XMLHttpRequest', Accept: 'text/html' },
  'a program that accepts JSON': { Accept: 'application/json' },
  'a program that accepts anything': { Accept: '*/*' },
};
/** The headers of browsers that open a page. */
const PAGES: Readonly<Record<string, Record<string, string>>> = {
  'a browser': { 'Sec-Fetch-Mode': 'navigate', Accept: 'text/html' },
  'a browser that sends no text/html': { 'Sec-Fetch-Mode': 'navigate', Accept: '*/*' },
  'an old browser': { Accept: 'text/html' },
  'WeChat on Android': { Accept: 'text/html', 'X-Requested-With': 'com.tencent.mm' },
};

describe.each(HOSTS.flatMap((host) => SESSION_NAMES.map((kind) => [host, kind] as const)))(
  'a login that a script starts, on %s with %s',
  (host, kind) => {
    let app: TestApp;
    let options: WechatLoginOptions;
    beforeAll(async () => {
      app = await startApp(emulator, {
        host,
        session: SESSIONS[kind](),
        auth: { scope: 'snsapi_base' },
        routes: (it) => it.use('/start', (req) => void (req as TestRequest).wechat.login(options)),
      });
    });
    afterAll(() => app.close());
    beforeEach(() => {
      options = {};
    });

    const expectRefused = (response: BrowserResponse, loginURL: string): void => {
      expect(response.status).toBe(401);
      expect(response.json()).toEqual({
        error: 'unauthenticated',
        message: expect.stringMatching(/\S/) as string,
        loginURL,
      });
      expect(response.headers['cache-control']).toBe('no-store');
      // A shared cache must not send this response to a browser that opens the page.
      expect(response.headers.vary).toBe('Accept, Sec-Fetch-Mode, X-Requested-With');
      expect(response.headers['set-cookie']).toBeUndefined();
    };

    it.each(Object.entries(SCRIPTS))('gets 401, and no state: %s', async (_name, headers) => {
      const browser = Browser.inWechat(app.url);
      expectRefused(await browser.get('/login', { headers }), '/login');
      expectRefused(
        await browser.get('/login?returnTo=/me%3Fa=1%23x&scope=snsapi_userinfo', { headers }),
        '/login?returnTo=%2Fme%3Fa%3D1%23x&scope=snsapi_userinfo',
      );
      expectRefused(await browser.get('/login?returnTo=//evil.example&scope=all', { headers }), '/login');
      expectRefused(await browser.get('/login?returnTo=/logout', { headers }), '/login');
      expectRefused(await browser.get('/login?flow=website', { headers }), '/login?flow=website');
      options = { returnTo: '/me', scope: 'snsapi_userinfo' };
      expectRefused(await browser.get('/start', { headers }), '/login?returnTo=%2Fme&scope=snsapi_userinfo');
      expect(await statesOf(browser)).toEqual([]);
      // Nothing goes on after the response.
      expect(app.errors).toEqual([]);
    });

    it.each(Object.entries(PAGES))('goes to WeChat for %s', async (_name, headers) => {
      const browser = Browser.inWechat(app.url);
      expect(redirectsToWechat(emulator, await browser.get('/login', { headers }))).toBe(true);
      expect(redirectsToWechat(emulator, await browser.get('/start', { headers }))).toBe(true);
    });

    it("leaves the user's own login alone, however often it asks", async () => {
      const browser = Browser.inWechat(app.url);
      const own = await browser.follow('/me?mine');
      const before = await sessionOf(browser);
      for (let time = 0; time < 5; time++)
        for (const path of ['/login', '/start'])
          expect((await browser.get(path, { headers: SCRIPTS['fetch()'] ?? {} })).status).toBe(401);
      expect(await sessionOf(browser)).toEqual(before);
      const end = await browser.get(await agree(emulator, own.location));
      expect([end.status, end.location]).toEqual([302, '/me?mine#']);
      expect(await isLoggedIn(browser)).toBe(true);
    });
  },
);

describe('what a script is told', () => {
  const messageOf = ({ body }: BrowserResponse): unknown =>
    (JSON.parse(body) as { message: unknown }).message;
  const asScript = (url: string, path: string, browser = Browser.inWechat(url)): Promise<BrowserResponse> =>
    browser.get(path, { headers: SCRIPTS['fetch()'] ?? {} });

  it.each<[string | false, readonly string[]]>([
    [
      '/login',
      [
        'Log in first: open loginURL as a page, not by a script. 请先登录：让页面跳转到 loginURL，不要用脚本请求。',
        'This needs the consent of the user: log in again at loginURL. 需要用户授权，请通过 loginURL 重新登录。',
      ],
    ],
    [
      false,
      [
        'Log in first. 请先登录。',
        'This needs the consent of the user: log in again. 需要用户授权，请重新登录。',
      ],
    ],
  ])('is to log in, or to ask the user for more (login route: %s)', async (route, [first, second]) => {
    const app = await startApp(emulator, {
      auth: { scope: 'snsapi_base', routes: { login: route } },
      guard: { scope: 'snsapi_userinfo' },
      routes: (it) => it.use('/start', (req) => void (req as TestRequest).wechat.login()),
    });
    const browser = Browser.inWechat(app.url);
    const nobody = await asScript(app.url, '/me');
    expect([nobody.status, messageOf(nobody)]).toEqual([401, first]);
    await browser.logIn(emulator, '/start');
    const silent = await asScript(app.url, '/me', browser);
    expect([silent.status, messageOf(silent)]).toEqual([401, second]);
    expect(silent.json()).toMatchObject({ error: 'scope' });
    for (const response of [nobody, silent]) {
      expect('loginURL' in (response.json() as object)).toBe(route !== false);
      expect(response.headers.vary).toBe('Accept, Sec-Fetch-Mode, X-Requested-With');
    }
    await app.close();
  });

  it('keeps the signed data of the link that it followed', async () => {
    const app = await startApp(emulator, {
      routes: (it) =>
        it.use('/link', (req, res) => res.end((req as TestRequest).wechat.loginURL({ data: { team: 1 } }))),
    });
    const { body: link } = await Browser.inWechat(app.url).get('/link');
    expect((await asScript(app.url, link)).json()).toMatchObject({ loginURL: link });
    await app.close();
  });

  it('names only parameters that the login route accepts', async () => {
    const app = await startApp(emulator, {
      routes: (it) =>
        it.use('/start', (req) => {
          const { searchParams } = new URL(req.url ?? '', 'http://x');
          void (req as TestRequest).wechat.login(Object.fromEntries(searchParams));
        }),
    });
    for (const [given, named] of [
      ['?flow=website&scope=snsapi_base&returnTo=/me', '?returnTo=%2Fme&scope=snsapi_base&flow=website'],
      ['?flow=toString&scope=snsapi_login&returnTo=//evil.example', ''],
      ['?flow=miniProgram', ''],
    ] as const) {
      const { loginURL } = (await asScript(app.url, `/start${given}`)).json() as { loginURL: string };
      expect(loginURL).toBe(`/login${named}`);
    }
    await app.close();
  });
});

describe('the scope of a login', () => {
  let app: TestApp;
  let options: WechatLoginOptions;
  const start = async (scope: 'snsapi_base' | 'snsapi_userinfo'): Promise<void> => {
    app = await startApp(emulator, {
      auth: { scope },
      routes: (it) => it.use('/start', (req) => void (req as TestRequest).wechat.login(options)),
    });
  };
  afterEach(() => app.close());
  const scopeOf = async (path: string, userAgent?: 'PC'): Promise<string> => {
    const browser = userAgent ? Browser.onDesktop(app.url) : Browser.inWechat(app.url);
    return paramIn((await browser.get(path)).location, 'scope');
  };

  it('of req.wechat.login() is the one that the app gives, also a lower one', async () => {
    await start('snsapi_userinfo');
    for (const [scope, asked] of [
      ['snsapi_base', 'snsapi_base'],
      ['snsapi_userinfo', 'snsapi_userinfo'],
      [undefined, 'snsapi_userinfo'],
      ['other', 'snsapi_userinfo'],
    ] as const) {
      options = { scope };
      expect(await scopeOf('/start')).toBe(asked);
      expect(await scopeOf('/start', 'PC')).toBe('snsapi_login');
    }
  });

  it('of req.wechat.login() stays when the login restarts', async () => {
    await start('snsapi_userinfo');
    options = { scope: 'snsapi_base', returnTo: '/me' };
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.get('/start');
    const undo = emulator.fail('access_token', { errcode: 40029 });
    const restarted = await browser.get(await agree(emulator, redirect.location));
    undo();
    expect(paramIn(restarted.location, 'scope')).toBe('snsapi_base');
    await browser.get(await agree(emulator, restarted.location));
    expect((await sessionOf(browser))['wechat']).toMatchObject({ scope: 'snsapi_base' });
  });

  it.each([
    ['snsapi_userinfo', 'snsapi_base', 'snsapi_userinfo'],
    ['snsapi_base', 'snsapi_userinfo', 'snsapi_userinfo'],
    ['snsapi_base', 'snsapi_login', 'snsapi_base'],
    ['snsapi_base', 'other', 'snsapi_base'],
  ] as const)('%s is only raised by a query: %s asks for %s', async (configured, query, asked) => {
    await start(configured);
    expect(await scopeOf(`/login?scope=${query}`)).toBe(asked);
  });
});
