import { requireWechatUser, wechatAuth, wechatRelay, type WechatGuardOptions } from '../../lib';
import { emulated, sendJSON, startApp, type AppOptions, type TestApp } from '../support/app';
import { agree, Browser, type BrowserResponse } from '../support/browser';
import { HOSTS, createHost, listen, type Host } from '../support/hosts';
import { ANDROID_WECHAT, IPHONE_WECHAT } from '../support/browsers/user-agents';
import { emulator, useEmulator } from '../support/emulator';

const HTML = 'text/html,application/xhtml+xml';

useEmulator();
/** A browser logged in with the profile. The apps of these tests share the key that signs its cookie. */
let user: Browser;
/** A browser logged in silently, with the openid only. */
let baseUser: Browser;
const running: TestApp[] = [];

async function start(options: AppOptions = {}): Promise<TestApp> {
  const app = await startApp(emulator, options);
  running.push(app);
  return app;
}

/** The same user at another app. The two browsers share one cookie jar. */
function at(app: TestApp, browser: Browser): Browser {
  return new Browser(app.url, IPHONE_WECHAT, browser.jar);
}

beforeAll(async () => {
  const app = await start();
  user = Browser.inWechat(app.url);
  await user.logIn(emulator, '/me');
  const baseApp = await start({ auth: { scope: 'snsapi_base' } });
  baseUser = Browser.inWechat(baseApp.url);
  await baseUser.logIn(emulator, '/me');
});
afterAll(async () => {
  await Promise.all(running.map((app) => app.close()));
});

/** The status of a refused request. */
type Outcome = '302' | '303' | '401';

function outcomeOf(response: BrowserResponse): string {
  return response.status === 200 ? 'passes' : String(response.status);
}

type Row = readonly [what: string, method: string, headers: Record<string, string>, outcome: Outcome];

const NAVIGATE = { 'Sec-Fetch-Mode': 'navigate', Accept: HTML };
const ROWS: readonly Row[] = [
  ['a preflight', 'OPTIONS', { Accept: '*/*', 'Sec-Fetch-Mode': 'cors' }, '401'],
  ['OPTIONS that looks like a page', 'OPTIONS', NAVIGATE, '401'],
  ['a page', 'GET', NAVIGATE, '302'],
  ['a page, whatever it accepts', 'GET', { ...NAVIGATE, Accept: '*/*' }, '302'],
  [
    'a page, whatever X-Requested-With says',
    'GET',
    { ...NAVIGATE, 'X-Requested-With': 'XMLHttpRequest' },
    '302',
  ],
  ['HEAD of a page', 'HEAD', NAVIGATE, '302'],
  ['a form', 'POST', NAVIGATE, '303'],
  ['fetch()', 'GET', { 'Sec-Fetch-Mode': 'cors', Accept: '*/*' }, '401'],
  ['fetch() that accepts pages', 'GET', { 'Sec-Fetch-Mode': 'cors', Accept: HTML }, '401'],
  ['fetch() of the same origin', 'GET', { 'Sec-Fetch-Mode': 'same-origin', Accept: HTML }, '401'],
  ['a picture', 'GET', { 'Sec-Fetch-Mode': 'no-cors', Accept: 'image/*,text/html' }, '401'],
  ['HEAD by fetch()', 'HEAD', { 'Sec-Fetch-Mode': 'cors', Accept: '*/*' }, '401'],
  ['POST by fetch()', 'POST', { 'Sec-Fetch-Mode': 'cors', Accept: '*/*' }, '401'],
  ['an old XHR', 'GET', { 'X-Requested-With': 'XMLHttpRequest', Accept: HTML }, '401'],
  ['an old XHR that posts', 'POST', { 'X-Requested-With': 'XMLHttpRequest', Accept: HTML }, '401'],
  ['a page of WeChat on Android', 'GET', { 'X-Requested-With': 'com.tencent.mm', Accept: HTML }, '302'],
  ['JSON', 'GET', { Accept: 'application/json' }, '401'],
  ['anything', 'GET', { Accept: '*/*' }, '401'],
  ['nothing in particular', 'GET', { Accept: '' }, '401'],
  ['a page of an old browser', 'GET', { Accept: HTML }, '302'],
  ['HEAD of an old browser', 'HEAD', { Accept: HTML }, '302'],
  ['a form of an old browser', 'POST', { Accept: HTML }, '401'],
  ['PUT', 'PUT', { Accept: HTML }, '401'],
  ['DELETE', 'DELETE', { Accept: HTML }, '401'],
  ['PATCH', 'PATCH', { Accept: HTML }, '401'],
];

/** A given mode decides for every request except OPTIONS. */
function inMode(mode: WechatGuardOptions['mode'], method: string, outcome: Outcome): Outcome {
  if (method === 'OPTIONS' || mode === 'reject') return '401';
  if (mode === undefined || mode === 'auto') return outcome;
  return method === 'GET' || method === 'HEAD' ? '302' : '303';
}

describe.each(HOSTS)('requireWechatUser() on %s', (host) => {
  describe.each([undefined, 'auto', 'redirect', 'reject'] as const)('in mode %s', (mode) => {
    let app: TestApp;
    beforeAll(async () => {
      app = await start({ host, guard: mode ? { mode } : {} });
    });

    it.each(ROWS)(
      'responds to %s (%s %j) with the documented status',
      async (_what, method, headers, expected) => {
        const response = await Browser.inWechat(app.url).request('/me?a=1', { method, headers });
        const outcome = inMode(mode, method, expected);
        expect(outcomeOf(response)).toBe(outcome);
        expect(response.headers['cache-control']).toBe('no-store');
        expect(response.headers.vary?.split(', ').sort()).toEqual([
          'Accept',
          'Sec-Fetch-Mode',
          'X-Requested-With',
        ]);
        if (outcome === '401') {
          expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
          expect(response.location).toBe('');
          if (method !== 'HEAD')
            expect(response.json()).toEqual({
              error: 'unauthenticated',
              message: expect.stringMatching(/Log in first.*请先登录：让页面跳转到 loginURL/) as string,
              loginURL: expect.stringMatching(/^\/login(?:\?returnTo=%2Fme%3Fa%3D1)?$/) as string,
            });
        } else {
          expect(response.body).toBe('');
          expect(response.location).toMatch(/^\/login(?:\?returnTo=%2Fme%3Fa%3D1)?$/);
        }
      },
    );
  });

  it('lets requests with a user pass, whatever they are', async () => {
    const app = await start({ host });
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
      for (const mode of ['navigate', 'cors']) {
        const response = await at(app, user).request('/me', { method, headers: { 'Sec-Fetch-Mode': mode } });
        expect(response.json()).toMatchObject({ nickname: '小明' });
        expect(response.headers['cache-control']).toBeUndefined();
      }
    }
  });

  it.each([
    ['at once', {}],
    ['after a check', { check: () => true }],
  ])('hands a request on once, %s', async (_when, guard) => {
    const handled = jest.fn();
    const app = await start({
      host,
      routes: (it) => {
        it.use('/counted', requireWechatUser(guard));
        it.use('/counted', (_req, res) => {
          handled();
          // A second call would find a response that is not finished.
          setTimeout(() => res.end('handled'), 10);
        });
      },
    });
    expect((await at(app, user).get('/counted')).body).toBe('handled');
    expect(handled).toHaveBeenCalledTimes(1);
  });

  it('adds to the Vary header of other middleware', async () => {
    const app = await start({
      host,
      before: (it) =>
        it.use((_req, res, next) => {
          res.setHeader('Vary', 'Origin, accept');
          next();
        }),
    });
    const { headers } = await Browser.inWechat(app.url).get('/me');
    expect(headers.vary).toBe('Origin, accept, Sec-Fetch-Mode, X-Requested-With');
  });
});

describe('the return path after a guard', () => {
  let app: TestApp;
  let browser: Browser;
  beforeAll(async () => {
    app = await start();
    browser = Browser.inWechat(app.url);
  });

  const returnToOf = (address: string): string | null =>
    new URL(address, app.url).searchParams.get('returnTo');

  const returnToAfter = async (
    method: string,
    headers: Record<string, string>,
    path = '/me?tab=1',
  ): Promise<string | null> => {
    const response = await browser.request(path, { method, headers });
    return returnToOf(response.location || (response.json() as { loginURL: string }).loginURL);
  };

  it('is the guarded page itself, with its query', async () => {
    expect(await returnToAfter('GET', NAVIGATE)).toBe('/me?tab=1');
    expect(await returnToAfter('HEAD', NAVIGATE)).toBe('/me?tab=1');
    expect(await returnToAfter('GET', { Accept: HTML }, '/me/%E8%AE%A2%E5%8D%95?q=%20%26')).toBe(
      '/me/%E8%AE%A2%E5%8D%95?q=%20%26',
    );
  });

  const referers: readonly (readonly [string, (origin: string) => string, string | null])[] = [
    ['a page of this site', (origin) => `${origin}/form?step=2`, '/form?step=2'],
    ['the root of this site', (origin) => `${origin}/`, '/'],
    ['a fragment, which browsers never send', (origin) => `${origin}/form#x`, '/form'],
    ['another site', () => 'https://evil.example/form', null],
    ['another port', () => 'http://127.0.0.1:1/form', null],
    [
      'this site as the user name in an address of another one',
      (origin) => `http://${new URL(origin).host}@evil.example/form`,
      null,
    ],
    [
      'this site as a part of another host name',
      (origin) => `http://${new URL(origin).host}.evil.example/x`,
      null,
    ],
    ['our login', (origin) => `${origin}/login?returnTo=/a`, null],
    ['our logout', (origin) => `${origin}/LOGOUT/`, null],
    ['a path that leaves the site', (origin) => `${origin}//evil.example/`, null],
    ['no address', () => 'about:blank', null],
    ['junk', () => '%%%', null],
    ['nothing', () => '', null],
  ];

  it.each(referers)(
    'is the Referer of a form or an XHR if that is a page of this site: %s',
    async (_what, refererOf, expected) => {
      const Referer = refererOf(app.url);
      expect(await returnToAfter('POST', { ...NAVIGATE, Referer })).toBe(expected);
      expect(await returnToAfter('POST', { Accept: HTML, Referer })).toBe(expected);
      expect(await returnToAfter('GET', { 'Sec-Fetch-Mode': 'cors', Accept: '*/*', Referer })).toBe(expected);
      expect(
        await returnToAfter('GET', { 'X-Requested-With': 'XMLHttpRequest', Accept: HTML, Referer }),
      ).toBe(expected);
    },
  );

  it('may be a page of baseURL behind a proxy that sends another Host', async () => {
    const proxied = await start({ auth: { baseURL: 'https://h5.example.com/shop' } });
    const response = await Browser.inWechat(proxied.url).request('/me', {
      method: 'POST',
      headers: { ...NAVIGATE, Referer: 'https://h5.example.com/shop/cart?n=1' },
    });
    expect(response.location).toBe('/shop/login?returnTo=%2Fshop%2Fcart%3Fn%3D1');
  });

  it("is the guarded page in mode 'redirect', unless a script sent the request", async () => {
    const forced = await start({ guard: { mode: 'redirect' } });
    const send = async (headers: Record<string, string>): Promise<string> =>
      (await Browser.inWechat(forced.url).get('/me', { headers })).location;
    expect(await send({ Accept: '*/*' })).toBe('/login?returnTo=%2Fme');
    expect(await send({ Accept: '*/*', 'Sec-Fetch-Mode': 'cors' })).toBe('/login');
    expect(await send({ 'X-Requested-With': 'XMLHttpRequest' })).toBe('/login');
    expect(await send({ 'X-Requested-With': 'com.tencent.mm', Accept: '*/*' })).toBe('/login?returnTo=%2Fme');
  });

  it('is not the guarded address if the request is not for a page', async () => {
    expect(await returnToAfter('GET', { Accept: 'application/json' })).toBeNull();
    const Referer = `${app.url}/form`;
    expect(await returnToAfter('GET', { Accept: 'application/json', Referer })).toBe('/form');
  });

  it('is the default if the guarded address is too long', async () => {
    expect(await returnToAfter('GET', NAVIGATE, `/me?${'x'.repeat(600)}`)).toBeNull();
  });

  it('leads an XHR and a form back to the page that sent them', async () => {
    for (const headers of [NAVIGATE, { 'Sec-Fetch-Mode': 'cors', Accept: '*/*' }]) {
      const otherBrowser = Browser.inWechat(app.url);
      const refused = await otherBrowser.request('/me', {
        method: 'POST',
        headers: { ...headers, Referer: `${app.url}/public?from=form` },
      });
      const { loginURL } = refused.location
        ? { loginURL: refused.location }
        : (refused.json() as { loginURL: string });
      const end = await otherBrowser.logIn(emulator, loginURL);
      expect(end.url).toBe(`${app.url}/public?from=form`);
    }
  });
});

describe('a guard that needs the profile', () => {
  const guard: WechatGuardOptions = { scope: 'snsapi_userinfo' };
  const auth = { scope: 'snsapi_base' } as const;

  /** Like `at()`, but with a copy of the cookie jar: these tests log in again. */
  const withCookiesOf = (app: TestApp, browser: Browser): Browser =>
    new Browser(app.url, IPHONE_WECHAT, browser.jar.cloneSync());

  it('sends a silent login to the consent page, and then lets the user pass', async () => {
    const app = await start({ auth, guard });
    const browser = withCookiesOf(app, baseUser);
    const refused = await browser.get('/me?x');
    expect(refused.location).toBe('/login?returnTo=%2Fme%3Fx&scope=snsapi_userinfo');
    const redirect = await browser.get(refused.location);
    expect(new URL(redirect.location).searchParams.get('scope')).toBe('snsapi_userinfo');
    const me = await browser.follow(await agree(emulator, redirect.location));
    expect(me.url).toBe(`${app.url}/me?x`);
    expect(me.json()).toMatchObject({ nickname: '小明' });
  });

  it('gives an XHR the address at which the user can consent', async () => {
    const app = await start({ auth, guard });
    const response = await withCookiesOf(app, baseUser).get('/me', {
      headers: { 'Sec-Fetch-Mode': 'cors', Accept: 'application/json', Referer: `${app.url}/page` },
    });
    expect(response.status).toBe(401);
    expect(response.json()).toEqual({
      error: 'scope',
      message: expect.stringMatching(/consent.*授权/) as string,
      loginURL: '/login?returnTo=%2Fpage&scope=snsapi_userinfo',
    });
  });

  it('requests it in the first login of a user', async () => {
    const app = await start({ auth, guard });
    const browser = Browser.inWechat(app.url);
    expect((await browser.get('/me')).location).toBe('/login?returnTo=%2Fme&scope=snsapi_userinfo');
    expect((await browser.logIn(emulator, '/me')).json()).toMatchObject({ nickname: '小明' });
  });

  it('leaves the scope out of the link if every login requests it', async () => {
    const app = await start({ guard });
    expect((await Browser.inWechat(app.url).get('/me')).location).toBe('/login?returnTo=%2Fme');
  });

  it('accepts a higher scope: a QR code login, or the profile instead of the openid', async () => {
    const app = await start({ auth, guard });
    const desktop = Browser.onDesktop(app.url);
    const me = await desktop.logIn(emulator, '/me');
    expect(me.status).toBe(200);
    expect(((await desktop.get('/session')).json() as { wechat: unknown }).wechat).toMatchObject({
      scope: 'snsapi_login',
    });
    const openidOnly = await start({ auth, guard: { scope: 'snsapi_base' } });
    expect((await at(openidOnly, user).get('/me')).status).toBe(200);
    expect((await at(openidOnly, baseUser).get('/me')).status).toBe(200);
  });

  it('shows a page instead of a loop if WeChat grants less than requested', async () => {
    const app = await start({ auth, guard });
    const browser = withCookiesOf(app, baseUser);
    const callbackURL = await agree(emulator, (await browser.follow('/me')).location);
    emulator.fail('/sns/oauth2/access_token', { patch: { scope: 'snsapi_base' } });
    const response = await browser.get(callbackURL);
    expect(response.status).toBe(403);
    expect(response.location).toBe('');
    expect(response.body).toContain('需要你的授权');
    // The user stays logged in with the former scope.
    const session = (await browser.get('/session')).json() as { wechat: unknown };
    expect(session.wechat).toMatchObject({ scope: 'snsapi_base' });
    const second = await browser.get('/me');
    expect(second.location).toBe('/login?returnTo=%2Fme&scope=snsapi_userinfo');
  });

  it('ignores the comma at the end of the scopes in old responses of WeChat', async () => {
    const app = await start({ auth, guard });
    const browser = Browser.inWechat(app.url);
    const callbackURL = await agree(emulator, (await browser.follow('/me')).location);
    emulator.fail('/sns/oauth2/access_token', { patch: { scope: 'snsapi_base,snsapi_userinfo,' } });
    expect((await browser.follow(callbackURL)).json()).toMatchObject({ nickname: '小明' });
  });
});

describe.each(HOSTS)('check of requireWechatUser() on %s', (host) => {
  const send = async (check: WechatGuardOptions['check'], headers: Record<string, string> = {}) => {
    const app = await start({ host, guard: { check } });
    const response = await at(app, user).get('/me', { headers });
    return { app, response };
  };

  it('receives the user and the request', async () => {
    const seen: unknown[] = [];
    const { response } = await send((checked, req) => {
      seen.push(checked.nickname, req.url, req.method);
      return true;
    });
    expect(response.status).toBe(200);
    expect(seen).toEqual(['小明', '/', 'GET']);
  });

  it('is awaited', async () => {
    const slow = (value: boolean) => () =>
      new Promise<boolean>((resolve) => {
        setImmediate(resolve, value);
      });
    expect((await send(slow(true))).response.status).toBe(200);
    expect((await send(slow(false))).response.status).toBe(403);
  });

  it('refuses a user with 403, as a page or JSON', async () => {
    const { response: page } = await send(() => false);
    expect(page.status).toBe(403);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['cache-control']).toBe('no-store');
    expect(page.body).toContain('没有权限');
    expect(page.body).not.toContain('/login');
    const { response: json } = await send(() => false, { Accept: 'application/json' });
    expect(json.status).toBe(403);
    expect(json.json()).toEqual({
      error: 'forbidden',
      message: expect.stringContaining('`check` did not return true') as string,
    });
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['0', 0],
    ["''", ''],
    ['1', 1],
    ["'false'", 'false'],
    ['an empty list', []],
  ])('refuses the user if it returns %s', async (_what, value) => {
    const check = (() => value) as unknown as WechatGuardOptions['check'];
    expect((await send(check)).response.status).toBe(403);
  });

  const thrown: readonly (readonly [string, unknown])[] = [
    ['an Error', new Error('the database is away')],
    ["'route'", 'route'],
    ["'router'", 'router'],
    ['undefined', undefined],
    ['null', null],
    ['false', false],
    ['0', 0],
    ["''", ''],
    ['an object', { message: 'no' }],
  ];
  it.each(thrown)('never lets a user pass if it throws %s', async (_what, error) => {
    const throwing = (): never => {
      throw error;
    };
    const checks: WechatGuardOptions['check'][] = [
      throwing,
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an app may do this
      () => Promise.reject(error),
    ];
    for (const check of checks) {
      const { app, response } = await send(check);
      expect(response.status).toBe(599);
      expect(response.body).toBe('error handler');
      expect(app.errors).toHaveLength(1);
      expect(app.errors[0]).toBeInstanceOf(Error);
      if (error instanceof Error) expect(app.errors[0]).toBe(error);
      else
        expect(app.errors[0]).toMatchObject({
          kind: 'forbidden',
          status: 403,
          message: expect.stringContaining('threw a value that is not an error') as string,
          cause: error,
        });
    }
  });

  it('is not called without a user or without the scope', async () => {
    const check = jest.fn(() => true);
    const app = await start({
      host,
      auth: { scope: 'snsapi_base' },
      guard: { check, scope: 'snsapi_userinfo' },
    });
    expect((await Browser.inWechat(app.url).get('/me')).status).toBe(302);
    expect((await at(app, baseUser).get('/me')).status).toBe(302);
    expect(check).not.toHaveBeenCalled();
  });
});

describe.each(HOSTS)('a guard that is mounted wrongly, on %s', (host) => {
  const serve = async (
    build: (app: Host) => void,
  ): Promise<{ response: BrowserResponse; errors: unknown[] }> => {
    const app = createHost(host);
    const errors: unknown[] = [];
    build(app);
    app.use((_req, res) => res.end('let through'));
    app.use(((
      error: unknown,
      _req: unknown,
      res: { statusCode: number; end(text: string): void },
      next: unknown,
    ) => {
      // Four parameters make an error handler.
      errors.push(next && error);
      res.statusCode = 599;
      res.end('error handler');
    }) as never);
    const server = await listen(app);
    try {
      return { response: await Browser.inWechat(server.url).get('/me'), errors };
    } finally {
      await server.close();
    }
  };

  it('names wechatAuth() if it is not mounted before', async () => {
    const { response, errors } = await serve((app) => app.use('/me', requireWechatUser()));
    expect(response.body).toBe('error handler');
    expect(errors).toMatchObject([
      {
        kind: 'config',
        code: 'ERR_WECHAT_CONFIG',
        message:
          'requireWechatUser() found no req.wechat. Mount wechatAuth() before it, at the same path or above.\n' +
          'Help: https://github.com/express-wechat-auth/express-wechat-auth/blob/main/docs/guides/troubleshooting.md' +
          '#requirewechatuser-found-no-reqwechat\n' +
          '中文说明：https://github.com/express-wechat-auth/express-wechat-auth/blob/main/docs/zh-CN/guides/troubleshooting.md' +
          '#requirewechatuser-found-no-reqwechat',
      },
    ]);
  });

  it('does not accept a req.wechat from elsewhere', async () => {
    const { errors } = await serve((app) => {
      app.use((req, _res, next) => {
        Object.assign(req, { wechat: { user: { openid: 'forged' }, isAuthenticated: () => true } });
        next();
      });
      app.use('/me', requireWechatUser());
    });
    expect(errors).toMatchObject([
      {
        kind: 'config',
        message: expect.stringMatching(
          /another copy of express-wechat-auth.*`npm ls express-wechat-auth`/,
        ) as string,
      },
    ]);
  });

  it.each([
    ['wechatAuth', wechatAuth, 'middleware', 'app.use(wechatAuth())'],
    ['wechatRelay', wechatRelay, 'middleware', 'app.use(path, wechatRelay({ to }))'],
    ['requireWechatUser', requireWechatUser, 'guard', 'app.get(path, requireWechatUser(), handler)'],
  ])('says how to mount %s if it was mounted without a call', async (name, factory, noun, example) => {
    const { response, errors } = await serve((app) => app.use('/me', factory as never));
    expect(response.body).toBe('error handler');
    expect(errors).toMatchObject([
      {
        kind: 'config',
        message: `${name} itself was mounted. Mount the ${noun} that it returns: ${example}.`,
      },
    ]);
  });

  it('names the missing session: 500 as a page and JSON, and one warning', async () => {
    const warnings = jest.spyOn(process, 'emitWarning').mockImplementation();
    try {
      const app = await start({ host, session: null });
      const page = await Browser.inWechat(app.url).get('/me');
      expect(page.status).toBe(500);
      expect(page.body).toContain('登录暂不可用');
      const json = await Browser.inWechat(app.url).get('/me', { headers: { Accept: 'application/json' } });
      expect(json.status).toBe(500);
      expect(json.json()).toMatchObject({
        error: 'session_missing',
        message: expect.stringContaining('cookie-session or express-session') as string,
      });
      expect(json.headers['cache-control']).toBe('no-store');
      expect(warnings).toHaveBeenCalledTimes(1);
      expect(warnings).toHaveBeenCalledWith(expect.stringContaining('session_missing'), {
        type: 'WechatAuthWarning',
        code: 'WECHAT_NO_SESSION',
        detail: expect.stringContaining('/docs/zh-CN/errors.md#session_missing') as string,
      });
      expect((await Browser.inWechat(app.url).request('/me', { method: 'OPTIONS' })).status).toBe(401);
    } finally {
      warnings.mockRestore();
    }
  });
});

describe('a guard without a login route', () => {
  it('starts the login itself, and the login ends at the guarded page', async () => {
    const app = await start({ auth: { routes: { login: false } } });
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.get('/me?a=1');
    expect(redirect.status).toBe(302);
    expect(redirect.location).toContain(`${emulator.url}/connect/oauth2/authorize?`);
    expect(redirect.body).toBe('');
    expect((await browser.get('/login')).body).toBe('home');
    const me = await browser.follow(await agree(emulator, redirect.location));
    expect(me.url).toBe(`${app.url}/me?a=1`);
  });

  it.each<[string, Parameters<Browser['request']>[1]]>([
    ['HEAD', { method: 'HEAD' }],
    ['a prefetch', { headers: { 'Sec-Purpose': 'prefetch' } }],
  ])(
    'starts none for %s, which would take the place of one that the user has started',
    async (_, options) => {
      for (const mode of ['auto', 'redirect'] as const) {
        const app = await start({ auth: { routes: { login: false } }, guard: { mode } });
        const browser = Browser.inWechat(app.url);
        const started = await browser.get('/me?a=1');
        for (let i = 0; i < 6; i++) {
          const response = await browser.request('/me', options);
          expect([response.status, response.headers['set-cookie']]).toEqual([401, undefined]);
          expect(response.headers['cache-control']).toBe('no-store');
        }
        expect((await browser.get(await agree(emulator, started.location))).location).toBe('/me?a=1#');
      }
    },
  );

  it('refuses an XHR without a loginURL', async () => {
    const app = await start({ auth: { routes: { login: false } } });
    const response = await Browser.inWechat(app.url).get('/me', { headers: { Accept: 'application/json' } });
    expect(response.status).toBe(401);
    expect(response.json()).toEqual({ error: 'unauthenticated', message: 'Log in first. 请先登录。' });
  });

  it('refuses an XHR whose user lacks a scope, without a loginURL', async () => {
    const app = await start({
      auth: { scope: 'snsapi_base', routes: { login: false } },
      routes: (it) => it.use('/base', requireWechatUser()),
      guard: { scope: 'snsapi_userinfo' },
    });
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/base');
    const response = await browser.get('/me', { headers: { Accept: 'application/json' } });
    expect(response.json()).toEqual({
      error: 'scope',
      message: 'This needs the consent of the user: log in again. 需要用户授权，请重新登录。',
    });
  });

  it('requests a higher scope itself', async () => {
    const app = await start({
      auth: { scope: 'snsapi_base', routes: { login: false } },
      guard: { scope: 'snsapi_userinfo' },
    });
    const redirect = await Browser.inWechat(app.url).get('/me');
    expect(new URL(redirect.location).searchParams.get('scope')).toBe('snsapi_userinfo');
  });

  it('redirects a form to WeChat with 303', async () => {
    const app = await start({ auth: { routes: { login: false } } });
    const redirect = await Browser.inWechat(app.url).request('/me', { method: 'POST', headers: NAVIGATE });
    expect(redirect.status).toBe(303);
    expect(redirect.location).toContain('/connect/oauth2/authorize?');
  });

  it('starts a login for a link of another site, but not for a form of another site, which gets 401', async () => {
    const app = await start({ auth: { routes: { login: false } } });
    const headers = { ...NAVIGATE, 'Sec-Fetch-Site': 'cross-site' };
    const form = await Browser.inWechat(app.url).request('/me', { method: 'POST', headers });
    expect(form.status).toBe(401);
    expect(form.headers['set-cookie']).toBeUndefined();
    const link = await Browser.inWechat(app.url).request('/me', { headers });
    expect(link.location).toContain('/connect/oauth2/authorize?');
    // With a login route, the form is sent there, and that route starts the login.
    const withRoute = await Browser.inWechat((await start()).url).request('/me', { method: 'POST', headers });
    expect(withRoute.location).toBe('/login');
  });
});

describe('a guard', () => {
  it('treats the requests of WeChat on Android as pages, on every framework', async () => {
    for (const host of HOSTS) {
      const app = await start({ host });
      const browser = new Browser(app.url, ANDROID_WECHAT);
      const headers = { 'X-Requested-With': 'com.tencent.mm' };
      const redirect = await browser.follow('/me', { headers });
      const me = await browser.follow(await agree(emulator, redirect.location), { headers });
      expect(me.json()).toMatchObject({ nickname: '小明' });
    }
  });

  it('has its own mode and check on each route', async () => {
    const app = await start({
      routes: (it) => {
        it.use('/api', requireWechatUser({ mode: 'reject' }));
        it.use('/admin', requireWechatUser({ check: ({ nickname }) => nickname === '管理员' }));
        it.use('/api', (_req, res) => {
          sendJSON(res, 'api');
        });
        it.use('/admin', (_req, res) => {
          sendJSON(res, 'admin');
        });
      },
    });
    const anonymous = Browser.inWechat(app.url);
    expect((await anonymous.get('/api')).status).toBe(401);
    expect((await anonymous.get('/admin')).status).toBe(302);
    expect((await at(app, user).get('/api')).json()).toBe('api');
    expect((await at(app, user).get('/admin')).status).toBe(403);
  });

  it('responds with JSON to each refused request if the mode is reject, whatever the request accepts', async () => {
    const app = await start({
      routes: (it) => {
        it.use('/json', requireWechatUser({ mode: 'reject', check: () => false }));
        it.use('/page', requireWechatUser({ check: () => false }));
      },
    });
    const headers = { Accept: 'text/html,*/*' };
    const unauthenticated = await Browser.inWechat(app.url).get('/json', { headers });
    expect([unauthenticated.status, unauthenticated.json()]).toMatchObject([
      401,
      { error: 'unauthenticated' },
    ]);
    const forbidden = await at(app, user).get('/json', { headers });
    expect([forbidden.status, forbidden.json()]).toEqual([
      403,
      { error: 'forbidden', message: expect.stringContaining('`check` did not return true') as string },
    ]);
    const page = await at(app, user).get('/page', { headers });
    expect([page.status, page.headers['content-type']]).toEqual([403, 'text/html; charset=utf-8']);
  });

  it('responds with JSON if the mode is reject, also without a session', async () => {
    const app = await start({ session: null, guard: { mode: 'reject' } });
    const response = await Browser.inWechat(app.url).get('/me', { headers: { Accept: 'text/html' } });
    expect([response.status, response.json()]).toMatchObject([500, { error: 'session_missing' }]);
  });

  it('guards everything below the mount with authRequired, except the login', async () => {
    const app = await start({ auth: { authRequired: true } });
    const anonymous = Browser.inWechat(app.url);
    expect((await anonymous.get('/public')).location).toBe('/login?returnTo=%2Fpublic');
    expect((await anonymous.get('/public', { headers: { Accept: 'application/json' } })).status).toBe(401);
    expect((await anonymous.request('/public', { method: 'OPTIONS' })).status).toBe(401);
    expect((await anonymous.logIn(emulator, '/public?a')).url).toBe(`${app.url}/public?a`);
    expect((await anonymous.get('/public')).body).toBe('public');
  });

  it('refuses wrong options when it is created', () => {
    const wrong: readonly unknown[] = [
      { mode: 'json' },
      { mode: null },
      { scope: 'snsapi_login' },
      { check: true },
      { Check: () => true },
      { checks: 1, modes: 2 },
      null,
      'redirect',
      [],
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('read');
          },
        },
      ),
    ];
    for (const options of wrong) {
      const guardOf = () => requireWechatUser(options as WechatGuardOptions);
      expect(guardOf).toThrow(/^requireWechatUser\(\) has (?:a fault|2 faults) in its options:\n {2}- /);
      try {
        guardOf();
      } catch (error) {
        expect(error).toMatchObject({ kind: 'config', code: 'ERR_WECHAT_CONFIG' });
      }
    }
    expect(() => requireWechatUser({ chek: 1 } as WechatGuardOptions)).toThrow('Did you mean check?');
  });

  it('copies its options: later changes have no effect', async () => {
    const options = { mode: 'reject' as 'reject' | 'redirect' };
    const app = await start({ guard: options });
    options.mode = 'redirect';
    expect((await Browser.inWechat(app.url).get('/me')).status).toBe(401);
    const frozen = Object.freeze({ mode: 'reject' as const });
    expect(requireWechatUser(frozen)).toBeInstanceOf(Function);
  });

  it('ignores the login of another AppID in the session', async () => {
    const { unbound } = emulator.apps;
    const app = await start({
      auth: { ...emulated(emulator), appId: unbound.appId, appSecret: unbound.appSecret },
    });
    expect((await at(app, user).get('/me')).status).toBe(302);
  });
});
