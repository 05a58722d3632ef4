import express from 'express';
import express4 from 'express4';
import {
  MemoryTokenStore,
  isWechatError,
  requireWechatUser,
  wechatAuth,
  type TokenData,
  type WechatError,
} from '../../../lib/index';
import { createEmulator } from '../../../lib/emulator';
import type { HostRequest } from '../../../lib/middleware/http/request';
import {
  cookies,
  emulated,
  sendJSON,
  startApp,
  type AppOptions,
  type TestApp,
  type TestRequest,
  type OwnOptions,
} from '../../support/app';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
import { HOSTS, listen, type Middleware, type Running } from '../../support/hosts';
import { DESKTOP_CHROME, IPHONE_WECHAT, PHONE_SAFARI, WECOM } from '../../support/browsers/user-agents';
import { emulator, useEmulator } from '../../support/emulator';
import { sessionOf, stateIn } from '../../support/login';
import { SESSION_NAMES, SESSIONS } from '../../support/sessions';

const VARIABLES = [
  'WECHAT_APP_ID',
  'WECHAT_APP_SECRET',
  'WECHAT_WEBSITE_APP_ID',
  'WECHAT_WEBSITE_APP_SECRET',
  'WECHAT_BASE_URL',
  'WECHAT_OPEN_URL',
  'WECHAT_API_URL',
];

useEmulator();
const running: Running[] = [];

async function start(auth: OwnOptions = {}, options: AppOptions = {}): Promise<TestApp> {
  const app = await startApp(emulator, { auth, ...options });
  running.push(app);
  return app;
}

beforeEach(() => {
  // operator-warnings.test.ts checks the warnings.
  jest.spyOn(process, 'emitWarning').mockImplementation();
  emulator.requests.length = 0;
});
afterEach(async () => {
  jest.restoreAllMocks();
  for (const name of VARIABLES) Reflect.deleteProperty(process.env, name);
  await Promise.all(running.splice(0).map((app) => app.close()));
});

/** The kind of an error and its message, on a page of development. */
function errorOn({ body }: BrowserResponse): { error: string | undefined; message: string | undefined } {
  const message = /<pre lang="en">(.*?)<\/pre>/s.exec(body)?.[1]?.replaceAll('&#39;', "'");
  return { error: /<main data-kind="(\w+)">/.exec(body)?.[1], message };
}

/** The redirect URI of an authorization request. */
function redirectURI(authorizeURL: string): string | null {
  return new URL(authorizeURL).searchParams.get('redirect_uri');
}

/** WeChat calls back at the public address. This returns the address of the app behind the proxy. */
async function agreeBehindProxy(app: Running, authorizeURL: string, base: string): Promise<string> {
  const callbackURL = await agree(emulator, authorizeURL);
  expect(callbackURL.startsWith(`${base}/`)).toBe(true);
  return app.url + callbackURL.slice(base.length);
}

function queriesTo(path: string): Record<string, string>[] {
  return emulator.requests.filter((request) => request.path === path).map(({ query }) => query);
}

describe('the environment', () => {
  it('supplies every option that has a variable', async () => {
    const { official, website } = emulator.apps;
    Object.assign(process.env, {
      WECHAT_APP_ID: official.appId,
      WECHAT_APP_SECRET: official.appSecret,
      WECHAT_WEBSITE_APP_ID: website.appId,
      WECHAT_WEBSITE_APP_SECRET: website.appSecret,
      WECHAT_BASE_URL: 'https://h5.example.com/shop',
      WECHAT_OPEN_URL: emulator.url,
      WECHAT_API_URL: emulator.url,
    });
    const app = express();
    app.use(cookies() as never, wechatAuth());
    app.get('/me', requireWechatUser(), (req, res) => void res.json(req.wechat.user));
    const server = await listen(app);
    running.push(server);
    for (const userAgent of [IPHONE_WECHAT, DESKTOP_CHROME]) {
      const browser = new Browser(server.url, userAgent);
      const redirect = await browser.get('/login?returnTo=/me');
      expect(redirectURI(redirect.location)).toBe('https://h5.example.com/shop/callback');
      const callbackURL = await agreeBehindProxy(server, redirect.location, 'https://h5.example.com/shop');
      const end = userAgent === IPHONE_WECHAT ? '/shop/me#' : '/shop/me';
      expect((await browser.get(callbackURL)).location).toBe(end);
      expect((await browser.get('/me')).json()).toMatchObject({ nickname: '小明' });
    }
  });

  it('does not override options', async () => {
    Object.assign(process.env, {
      WECHAT_APP_ID: 'wx0000000000000000',
      WECHAT_APP_SECRET: 'wrong',
      WECHAT_WEBSITE_APP_ID: 'wx0000000000000000',
      WECHAT_WEBSITE_APP_SECRET: 'wrong',
      WECHAT_BASE_URL: 'https://other.example.com',
      WECHAT_OPEN_URL: 'http://127.0.0.1:1',
      WECHAT_API_URL: 'http://127.0.0.1:1',
    });
    const app = await start({ baseURL: 'https://h5.example.com' });
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.get('/login?returnTo=/me');
    expect(redirectURI(redirect.location)).toBe('https://h5.example.com/callback');
    const callbackURL = await agreeBehindProxy(app, redirect.location, 'https://h5.example.com');
    expect((await browser.follow(callbackURL)).json()).toMatchObject({ nickname: '小明' });
    const desktop = Browser.onDesktop(app.url);
    const scanned = await desktop.get('/login?returnTo=/me');
    expect(
      (await desktop.follow(await agreeBehindProxy(app, scanned.location, 'https://h5.example.com'))).status,
    ).toBe(200);
  });

  it('may supply only one of the two credentials', async () => {
    process.env['WECHAT_APP_SECRET'] = emulator.apps.official.appSecret;
    const app = await start({ appSecret: undefined });
    expect((await Browser.inWechat(app.url).logIn(emulator, '/me')).status).toBe(200);
  });
});

describe('the defaults', () => {
  it('are the documented ones', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.get('/login');
    expect(new URL(redirect.location).searchParams.get('scope')).toBe('snsapi_userinfo');
    expect(redirectURI(redirect.location)).toBe(`${app.url}/callback`);
    expect((await browser.get(await agree(emulator, redirect.location))).location).toBe('/#');
    expect(queriesTo('/sns/userinfo')).toMatchObject([{ lang: 'zh_CN' }]);
    expect(Object.keys(await sessionOf(browser)).sort()).toEqual(['wechat', 'wechat:login']);
    expect((await browser.get('/public')).body).toBe('public');
    expect((await browser.request('/logout', { method: 'POST' })).location).toBe('/');
    expect((await sessionOf(browser))['wechat']).toBeUndefined();
  });

  it('work with the official account alone', async () => {
    const app = await start({ website: undefined });
    expect((await Browser.inWechat(app.url).logIn(emulator, '/me')).status).toBe(200);
    const desktop = await Browser.onDesktop(app.url).follow('/me');
    expect(desktop.status).toBe(200);
    expect(desktop.body).toContain('请在微信中打开');
  });

  it('work with the website app alone', async () => {
    const app = await start({ appId: undefined, appSecret: undefined });
    expect((await Browser.onDesktop(app.url).logIn(emulator, '/me')).status).toBe(200);
    const inWechat = await Browser.inWechat(app.url).follow('/me');
    expect(inWechat.status).toBe(200);
    expect(inWechat.body).toContain('请在电脑上打开');
  });
});

describe('baseURL with a path, which a proxy strips', () => {
  const base = 'https://h5.example.com/shop';

  it.each(['', '/auth'])(
    'is part of every address that a browser or WeChat gets, mounted at %j',
    async (mount) => {
      const app = await start({ baseURL: `${base}/` }, { mount });
      const browser = Browser.inWechat(app.url);
      const guarded = await browser.get(`${mount}/me?a=1#x`);
      const page = encodeURIComponent(`/shop${mount}/me?a=1`);
      expect(guarded.location).toBe(`/shop${mount}/login?returnTo=${page}`);
      const xhr = await browser.get(`${mount}/me`, {
        headers: { Accept: 'application/json', Referer: `${base}/cart` },
      });
      expect(xhr.json()).toMatchObject({ loginURL: `/shop${mount}/login?returnTo=%2Fshop%2Fcart` });

      const redirect = await browser.get(guarded.location.replace('/shop', ''));
      expect(redirectURI(redirect.location)).toBe(`${base}${mount}/callback`);
      const callbackURL = await agreeBehindProxy(app, redirect.location, base);
      expect((await browser.get(callbackURL)).location).toBe(`/shop${mount}/me?a=1#`);
      expect((await browser.get(callbackURL)).location).toBe(`/shop${mount}/me?a=1#`);
      expect((await browser.get(`${mount}/logout`)).location).toBe('/shop/');
      expect((await browser.get(`${mount}/logout?returnTo=/bye`)).location).toBe('/shop/bye');
    },
  );

  it('is added to a return path that lacks it, and not twice', async () => {
    const app = await start({ baseURL: base });
    const finalPath = async (returnTo: string): Promise<string> => {
      const browser = Browser.inWechat(app.url);
      const redirect = await browser.get(`/login?returnTo=${encodeURIComponent(returnTo)}`);
      return (await browser.get(await agreeBehindProxy(app, redirect.location, base))).location;
    };
    expect(await finalPath('/me')).toBe('/shop/me#');
    expect(await finalPath('/shop/me')).toBe('/shop/me#');
    expect(await finalPath('/shop')).toBe('/shop#');
    expect(await finalPath('/shop?a')).toBe('/shop?a#');
    expect(await finalPath('/shopping')).toBe('/shop/shopping#');
    expect(await finalPath('/login')).toBe('/shop/#');
    expect(await finalPath('/shop/login')).toBe('/shop/#');
    expect(await finalPath('//evil.example')).toBe('/shop/#');
  });

  it('is part of the default return path and of the links on the pages', async () => {
    const app = await start({ baseURL: base, returnTo: '/home' });
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.get('/login');
    expect((await browser.get(await agreeBehindProxy(app, redirect.location, base))).location).toBe(
      '/shop/home#',
    );
    const page = await browser.get('/callback?code=x&state=wrong');
    expect(page.body).toContain('href="/shop/login"');
    expect(page.body).toContain('href="/shop/home"');
    const phone = await start({ baseURL: base, website: undefined });
    const open = await new Browser(phone.url, PHONE_SAFARI).get('/login?returnTo=/me');
    expect(open.body).toContain(`${base}/login?returnTo=%2Fme`);
  });

  it('reaches WeChat with its host in lower case, because WeChat compares it so', async () => {
    const app = await start({ baseURL: 'https://H5.Example.COM/Shop' });
    const redirect = await Browser.inWechat(app.url).get('/login');
    expect(redirectURI(redirect.location)).toBe('https://h5.example.com/Shop/callback');
  });
});

describe('without baseURL', () => {
  it('the redirect URI has the host of the request', async () => {
    const app = await start();
    const redirect = await Browser.inWechat(app.url).get('/login', {
      headers: { Host: 'h5.example.com:8080' },
    });
    expect(redirectURI(redirect.location)).toBe('http://h5.example.com:8080/callback');
  });

  it('a proxy may name another host only if the app trusts it', async () => {
    const headers = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'h5.example.com', Host: 'inner' };
    for (const [trust, expected] of [
      [false, 'http://inner/callback'],
      [1, 'https://h5.example.com/callback'],
    ] as const) {
      for (const framework of [express, express4 as unknown as typeof express]) {
        const app = framework();
        app.set('trust proxy', trust);
        app.use(cookies());
        app.use(wechatAuth(emulated(emulator)));
        const server = await listen(app as never);
        running.push(server);
        const redirect = await Browser.inWechat(server.url).get('/login', { headers });
        expect(redirectURI(redirect.location)).toBe(expected);
      }
    }
  });

  it.each(['a b', 'x"><script>', 'a/b', 'user@evil', 'a,b', 'h5.example.com:port'])(
    'a Host header that is not a host name is refused: %j',
    async (Host) => {
      const app = await start();
      const response = await Browser.inWechat(app.url).get('/login', { headers: { Host } });
      expect(response.status).toBe(400);
      expect(response.location).toBe('');
      expect(response.body).not.toContain('<script>');
    },
  );
});

describe('a mount path', () => {
  const startInRouters = (framework: typeof express, path: string): Promise<Running> => {
    const app = framework();
    const [outer, inner] = [framework.Router(), framework.Router()];
    app.use(cookies());
    inner.use(wechatAuth(emulated(emulator)));
    inner.get('/me', requireWechatUser(), (req, res) => {
      sendJSON(res, req.wechat.user);
    });
    outer.use('/inner', inner);
    app.use(path, outer);
    return listen(app);
  };

  it.each([
    ['Express 5', express],
    ['Express 4', express4 as unknown as typeof express],
  ])('may be made of nested routers and a parameter, on %s', async (_name, framework) => {
    const server = await startInRouters(framework, '/:tenant');
    running.push(server);
    const browser = Browser.inWechat(server.url);
    const guarded = await browser.get('/acme/inner/me');
    expect(guarded.location).toBe('/acme/inner/login?returnTo=%2Facme%2Finner%2Fme');
    const redirect = await browser.get(guarded.location);
    expect(redirectURI(redirect.location)).toBe(`${server.url}/acme/inner/callback`);
    const me = await browser.follow(await agree(emulator, redirect.location));
    expect(me.url).toBe(`${server.url}/acme/inner/me`);
    expect(me.status).toBe(200);
    expect((await browser.get('/acme/inner/login?returnTo=/acme/inner/callback')).status).toBe(302);
  });

  describe.each(SESSION_NAMES)('that is a pattern, with %s', (kind) => {
    const mounts: Readonly<Record<string, (app: express.Express, frame: typeof express) => void>> = {
      'of the app': (app) => app.use('/:shop', wechatAuth(emulated(emulator))),
      'of an outer router': (app, { Router }) =>
        app.use('/:shop', Router().use(wechatAuth(emulated(emulator)))),
      'of an outer app': (app, framework) => {
        const inner = framework();
        app.use('/:shop', inner.use(wechatAuth(emulated(emulator))));
      },
      'of the app, with two depths': (app) => app.use(['/a', '/b/:shop'], wechatAuth(emulated(emulator))),
      'of an outer router, at any depth': (app, { Router }) =>
        app.use(/^\/a|^\/b\/\w+\/\w+/, Router().use(wechatAuth(emulated(emulator)))),
    };

    it.each(
      [express, express4 as unknown as typeof express].flatMap((framework, at) =>
        Object.entries(mounts).map(([name, mount]) => ({ name, mount, framework, version: 5 - at })),
      ),
    )('$name: no login ends at the logout below another name (Express $version)', async (row) => {
      const app = row.framework();
      app.use(SESSIONS[kind]());
      row.mount(app, row.framework);
      const server = await listen(app);
      running.push(server);
      const browser = Browser.inWechat(server.url);
      for (const [path, end] of [
        ['/new/logout', '/#'],
        ['/b/new/logout', '/#'],
        ['/b/new/er/logout', '/#'],
        ['/logout', '/#'],
        ['/new/page', '/new/page#'],
        ['/logout/page', '/logout/page#'],
      ] as const) {
        const redirect = await browser.get(`/a/login?returnTo=${path}`);
        expect((await browser.get(await agree(emulator, redirect.location))).location).toBe(end);
      }
      expect((await browser.get('/a/logout?returnTo=/newer/logout')).location).toBe('/');
    });
  });

  it.each(HOSTS)('that is fixed does not keep a login from ending at another /login, on %s', async (host) => {
    const app = await start({}, { host, mount: '/auth' });
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.get('/auth/login?returnTo=/forum/login');
    expect((await browser.get(await agree(emulator, redirect.location))).location).toBe('/forum/login#');
  });

  it.each(HOSTS)('may be requested in upper case and with a slash at the end, on %s', async (host) => {
    const app = await start({}, { host, mount: '/auth' });
    const browser = Browser.inWechat(app.url);
    for (const path of ['/AUTH/login', '/auth/login/', '/Auth/login?x', '/auth/login/?x']) {
      const redirect = await browser.get(path);
      expect(redirect.status).toBe(302);
      const callbackURL = await agree(emulator, redirect.location);
      expect(callbackURL).toMatch(/\/auth\/callback\?/i);
      const end = await browser.get(callbackURL);
      expect(end.status).toBe(302);
      expect(end.location).toBe('/#');
    }
  });

  it.each(HOSTS)('may be configured with a slash at the end, on %s', async (host) => {
    const app = await start({}, { host, mount: '/auth', routes: () => undefined });
    const other = await startApp(emulator, { host, mount: '/x/' });
    running.push(other);
    expect(redirectURI((await Browser.inWechat(app.url).get('/auth/login')).location)).toBe(
      `${app.url}/auth/callback`,
    );
    const redirect = await Browser.inWechat(other.url).get('/x/login');
    expect(redirectURI(redirect.location)).toBe(`${other.url}/x/callback`);
  });

  it.each(HOSTS)('itself can be guarded, on %s', async (host) => {
    const app = await start({ authRequired: true }, { host, mount: '/auth' });
    for (const [path, returnTo] of [
      ['/auth', '%2Fauth'],
      ['/auth/', '%2Fauth%2F'],
      ['/auth?a', '%2Fauth%3Fa'],
    ]) {
      expect((await Browser.inWechat(app.url).get(path ?? '')).location).toBe(
        `/auth/login?returnTo=${returnTo}`,
      );
    }
  });
});

describe('routes', () => {
  it('can all be renamed', async () => {
    const routes = { login: '/wechat/login', callback: '/wechat/back.do', logout: '/bye' };
    const app = await start({ routes });
    const browser = Browser.inWechat(app.url);
    expect((await browser.get('/me')).location).toBe('/wechat/login?returnTo=%2Fme');
    const me = await browser.logIn(emulator, '/me');
    expect(me.url).toBe(`${app.url}/me`);
    expect(redirectURI((await browser.get('/wechat/login')).location)).toBe(`${app.url}/wechat/back.do`);
    for (const path of ['/login', '/callback?code=x&state=y', '/logout']) {
      expect((await browser.get(path)).body).toBe('home');
    }
    expect((await browser.get('/me')).status).toBe(200);
    expect((await browser.get('/bye')).location).toBe('/');
    expect((await browser.get('/me')).status).toBe(302);
    for (const returnTo of Object.values(routes)) {
      const end = await browser.logIn(emulator, `/wechat/login?returnTo=${returnTo}`);
      expect(end.url).toBe(`${app.url}/`);
    }
  });

  it('can be left out: /logout is then a path of the app', async () => {
    // In Express, the other wechatAuth() of this process have a route of that name.
    const app = await start({ routes: { logout: false } }, { host: 'Connect' });
    const browser = Browser.inWechat(app.url);
    expect((await browser.get('/logout')).body).toBe('home');
    expect((await browser.logIn(emulator, '/login?returnTo=/logout')).url).toBe(`${app.url}/logout`);
    expect((await browser.get('/me')).status).toBe(200);
  });

  it('can be left out: a login without a callback route fails with kind config', async () => {
    const app = await start({ routes: { callback: false } });
    const response = await Browser.inWechat(app.url).get('/login');
    expect(response.status).toBe(500);
    expect(errorOn(response)).toEqual({
      error: 'config',
      message: expect.stringContaining('routes.callback is false') as string,
    });
    expect((await Browser.inWechat(app.url).get('/callback?code=x&state=y')).body).toBe('home');
  });

  it('leave other methods to the app', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    for (const [path, method] of [
      ['/login', 'POST'],
      ['/login', 'DELETE'],
      ['/callback', 'POST'],
      ['/logout', 'PUT'],
    ] as const) {
      expect((await browser.request(path, { method })).body).toBe('home');
    }
  });
});

describe('flow', () => {
  const pageShown = async (app: TestApp, userAgent: string): Promise<string> => {
    const { location, body } = await new Browser(app.url, userAgent).get('/login');
    return location ? new URL(location).pathname : (/<h1>(.*?)<\/h1>/.exec(body)?.[1] ?? body);
  };

  it('depends on the browser by default', async () => {
    const app = await start();
    expect(await pageShown(app, IPHONE_WECHAT)).toBe('/connect/oauth2/authorize');
    for (const other of [DESKTOP_CHROME, '']) {
      expect(await pageShown(app, other)).toBe('/connect/qrconnect');
    }
    for (const phone of [PHONE_SAFARI, WECOM]) expect(await pageShown(app, phone)).toBe('请在微信中打开');
  });

  it('is the given one in every browser', async () => {
    const official = await start({ flow: 'official' });
    const website = await start({ flow: 'website' });
    for (const userAgent of [IPHONE_WECHAT, DESKTOP_CHROME, WECOM]) {
      expect(await pageShown(official, userAgent)).toBe('/connect/oauth2/authorize');
      expect(await pageShown(website, userAgent)).toBe('/connect/qrconnect');
    }
  });

  it('may be a function of the request, synchronous or not, whose auto depends on the browser', async () => {
    const choose = (req: HostRequest): 'website' | 'auto' => (req.url?.includes('qr') ? 'website' : 'auto');
    for (const flow of [choose, (req: HostRequest) => Promise.resolve(choose(req))]) {
      const app = await start({ flow });
      expect(await pageShown(app, IPHONE_WECHAT)).toBe('/connect/oauth2/authorize');
      expect(await pageShown(app, DESKTOP_CHROME)).toBe('/connect/qrconnect');
      const { location } = await Browser.inWechat(app.url).get('/login?returnTo=/qr');
      expect(new URL(location).pathname).toBe('/connect/qrconnect');
    }
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ["'qr'", 'qr'],
    ['true', true],
    ['an object', {}],
    ['a BigInt', 1n],
    ['a symbol', Symbol('x')],
  ])('fails with kind config if its function returns %s', async (_what, value) => {
    const app = await start({ flow: (() => value) as unknown as () => 'auto' });
    const response = await Browser.inWechat(app.url).get('/login');
    expect(response.status).toBe(500);
    expect(errorOn(response)).toMatchObject({
      error: 'config',
      message: expect.stringMatching(
        /^The option flow returned .*Use one of 'auto', 'official', 'website', 'scan'\./,
      ) as string,
    });
  });

  it('fails with kind config if its function returns a flow without an account', async () => {
    const app = await start({ flow: () => 'website', website: undefined });
    const response = await Browser.inWechat(app.url).get('/login');
    expect(response.status).toBe(500);
    expect(response.body).toContain('website: { appId, appSecret }');
  });

  it.each(HOSTS)("passes what its function throws to the app's error handler, on %s", async (host) => {
    const app = await start(
      {
        flow: () => {
          throw new Error('mine');
        },
      },
      { host },
    );
    expect((await Browser.inWechat(app.url).get('/login')).status).toBe(599);
    expect(app.errors).toEqual([new Error('mine')]);
  });
});

describe('scope', () => {
  it('snsapi_base logs in silently, with only the ids, and requests no profile', async () => {
    const app = await start({ scope: 'snsapi_base' });
    const browser = Browser.inWechat(app.url);
    const me = await browser.logIn(emulator, '/me');
    expect(me.json()).toEqual({ openid: emulator.openid('ming', emulator.apps.official.appId) });
    expect(queriesTo('/sns/userinfo')).toEqual([]);
    expect((await sessionOf(browser))['wechat']).toMatchObject({ scope: 'snsapi_base', flow: 'official' });
  });

  it('does not change the scope of the website app', async () => {
    const app = await start({ scope: 'snsapi_base' });
    const { location } = await Browser.onDesktop(app.url).get('/login?scope=snsapi_base');
    expect(new URL(location).searchParams.get('scope')).toBe('snsapi_login');
  });

  it('can be raised by a link, but not lowered, and not to an unknown scope', async () => {
    const app = await start({ scope: 'snsapi_base' });
    const full = await start();
    const scopeOf = async ({ url }: TestApp, query: string): Promise<string | null> =>
      new URL((await Browser.inWechat(url).get(`/login?${query}`)).location).searchParams.get('scope');
    expect(await scopeOf(app, 'scope=snsapi_userinfo')).toBe('snsapi_userinfo');
    for (const scope of ['snsapi_login', 'snsapi_base', 'x', 'snsapi_userinfo%20x', '']) {
      expect(await scopeOf(app, `scope=${scope}`)).toBe('snsapi_base');
      expect(await scopeOf(full, `scope=${scope}`)).toBe('snsapi_userinfo');
    }
  });
});

describe('lang', () => {
  it.each(['zh_CN', 'zh_TW', 'en'] as const)('%s is sent to WeChat', async (lang) => {
    const app = await start({ lang });
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    await Browser.onDesktop(app.url).logIn(emulator, '/me');
    expect(queriesTo('/sns/userinfo').map((query) => query['lang'])).toEqual([lang, lang]);
  });
});

describe('returnTo', () => {
  it('is where a login and a logout end by default', async () => {
    const app = await start({ returnTo: '/home?tab=me#top' });
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.get('/login');
    expect((await browser.get(await agree(emulator, redirect.location))).location).toBe('/home?tab=me#top');
    expect((await browser.get('/logout')).location).toBe('/home?tab=me#top');
  });

  it('is the root if it is one of our own routes', async () => {
    const app = await start({ returnTo: '/login' });
    expect((await Browser.inWechat(app.url).logIn(emulator, '/login')).url).toBe(`${app.url}/`);
  });
});

describe('loginTimeout', () => {
  it.each([
    [undefined, 600_000],
    [60_000, 60_000],
  ])('%s keeps a pending login alive for %i ms', async (loginTimeout, lifetime) => {
    const app = await start({ loginTimeout });
    const startedAt = Date.now();
    for (const [elapsed, isAlive] of [
      [lifetime - 5_000, true],
      [lifetime + 5_000, false],
    ] as const) {
      const browser = Browser.inWechat(app.url);
      const { location } = await browser.follow('/me');
      jest.spyOn(Date, 'now').mockReturnValue(startedAt + elapsed);
      const callbackURL = await agree(emulator, location);
      const response = await browser.get(callbackURL);
      jest.spyOn(Date, 'now').mockRestore();
      expect(response.status).toBe(302);
      if (isAlive) expect(response.location).toBe('/me#');
      else expect(response.location).toContain('/connect/oauth2/authorize');
    }
  });
});

describe("identity: 'unionid'", () => {
  it('logs in a user who has a unionid, in either flow', async () => {
    const app = await start({ identity: 'unionid' });
    const unionid = emulator.unionid('ming', emulator.apps.official.appId);
    for (const browser of [Browser.inWechat(app.url), Browser.onDesktop(app.url)]) {
      expect((await browser.logIn(emulator, '/me')).json()).toMatchObject({ unionid });
      expect((await sessionOf(browser))['wechat']).toMatchObject({ unionid });
    }
  });

  it('refuses a user without a unionid, and says what to bind in the console', async () => {
    const warnings = jest.spyOn(process, 'emitWarning').mockImplementation();
    const errors: WechatError[] = [];
    const { unbound } = emulator.apps;
    const app = await start({
      identity: 'unionid',
      appId: unbound.appId,
      appSecret: unbound.appSecret,
      onError: (error, _req, res) => {
        errors.push(error);
        res.end('mine');
      },
    });
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    expect(errors).toMatchObject([
      {
        kind: 'unionid_missing',
        code: 'ERR_WECHAT_UNIONID_MISSING',
        status: 500,
        message: expect.stringMatching(/open\.weixin\.qq\.com.*管理中心 > 公众号/) as string,
      },
    ]);
    expect((await sessionOf(browser))['wechat']).toBeUndefined();
    expect(warnings.mock.calls.map(([message]) => String(message))).toEqual([
      expect.stringMatching(/^unionid_missing: .*管理中心/),
    ]);
  });

  it('refuses a silent login, which has no unionid', async () => {
    const app = await start({ identity: 'unionid', scope: 'snsapi_base' });
    const response = await Browser.inWechat(app.url).logIn(emulator, '/me');
    expect(response.status).toBe(500);
    expect(response.body).toContain('登录暂不可用');
    expect(response.body).toContain('snsapi_userinfo');
  });

  it('is not the default: a login needs no unionid', async () => {
    const { unbound } = emulator.apps;
    const app = await start({ appId: unbound.appId, appSecret: unbound.appSecret });
    const browser = Browser.inWechat(app.url);
    expect((await browser.logIn(emulator, '/me')).status).toBe(200);
    expect((await sessionOf(browser))['wechat']).not.toHaveProperty('unionid');
  });
});

describe('onLogin', () => {
  it('receives the request, the user, the token and the flow; its result is kept as the user', async () => {
    const seen: unknown[] = [];
    const app = await start({
      onLogin: async (req, { user, token, flow }) => {
        await Promise.resolve();
        seen.push(req.url?.split('?')[0], user.nickname, token?.data.openid, token?.isValid(), flow);
        return { id: 7, name: user.nickname };
      },
    });
    const browser = Browser.inWechat(app.url);
    expect((await browser.logIn(emulator, '/me')).json()).toEqual({ id: 7, name: '小明' });
    const openid = emulator.openid('ming', emulator.apps.official.appId);
    expect(seen).toEqual(['/callback', '小明', openid, true, 'official']);
    // The session holds the ids beside the user.
    expect((await sessionOf(browser))['wechat']).toMatchObject({
      user: { id: 7 },
      appid: emulator.apps.official.appId,
      openid,
      flow: 'official',
    });
    await Browser.onDesktop(app.url).logIn(emulator, '/me');
    expect(seen.at(-1)).toBe('website');
  });

  it.each(HOSTS)(
    'refuses a login by throwing: its error is the cause, and its message stays private, on %s',
    async (host) => {
      for (const cause of [
        Object.assign(new Error('banned for fraud, ticket 4711'), { refuse: true }),
        { refuse: true, message: 'banned for fraud, ticket 4711' },
      ]) {
        const errors: unknown[] = [];
        const throwing = () => {
          throw cause as unknown as Error;
        };
        for (const onLogin of [throwing, async () => Promise.resolve().then(throwing)]) {
          const app = await start({ onLogin }, { host });
          const browser = Browser.inWechat(app.url);
          const page = await browser.logIn(emulator, '/me');
          expect(page.status).toBe(403);
          expect(page.body).toContain('该账号不能登录本站');
          expect(page.body).not.toContain('4711');
          expect((await sessionOf(browser))['wechat']).toBeUndefined();

          const own = await start(
            {
              onLogin,
              onError: (error, _req, res) => {
                errors.push(error);
                res.end();
              },
            },
            { host },
          );
          await Browser.inWechat(own.url).logIn(emulator, '/me');
        }
        expect(errors).toHaveLength(2);
        for (const error of errors) {
          expect(error).toMatchObject({
            kind: 'login_refused',
            status: 403,
            code: 'ERR_WECHAT_LOGIN_REFUSED',
          });
          expect((error as Error).cause).toBe(cause);
          expect((error as Error).message).not.toContain('4711');
        }
      }
    },
  );

  it('gives a script the kind of a refusal, but not the message of its error', async () => {
    const app = await start({
      onLogin: () => {
        throw Object.assign(new Error('ticket 4711'), { status: 403 });
      },
    });
    const browser = Browser.inWechat(app.url);
    const callbackURL = await agree(emulator, (await browser.follow('/me')).location);
    const response = await browser.get(callbackURL, { headers: { Accept: 'application/json' } });
    expect(response.status).toBe(403);
    expect(response.json()).toEqual({ error: 'login_refused', message: expect.any(String) as string });
    expect(response.body).not.toContain('4711');
  });
});

describe.each(HOSTS)('onError on %s', (host) => {
  const failCallback = async (
    onError: OwnOptions['onError'],
  ): Promise<{ app: TestApp; response: BrowserResponse }> => {
    const app = await start({ onError }, { host });
    return { app, response: await Browser.inWechat(app.url).get('/callback?code=x&state=wrong') };
  };

  it('responds in place of our pages', async () => {
    for (const isAsync of [false, true]) {
      const { response } = await failCallback((error, req, res) => {
        const work = (): void => {
          res.statusCode = 418;
          sendJSON(res, [error.kind, isWechatError(error), req.method, res.getHeader('cache-control')]);
        };
        if (isAsync) return Promise.resolve().then(work);
        work();
        return undefined;
      });
      expect(response.status).toBe(418);
      expect(response.json()).toEqual(['state_unknown', true, 'GET', 'no-store']);
    }
  });

  it("may pass the error on to the app's error handler", async () => {
    const { app, response } = await failCallback((error, _req, _res, next) => next(error));
    expect(response.status).toBe(599);
    expect(app.errors).toMatchObject([{ kind: 'state_unknown' }]);
  });

  it.each([
    ['an Error', new Error('mine')],
    ['undefined', undefined],
    ["'route'", 'route'],
    ['null', null],
  ])("passes %s that it throws to the app's error handler", async (_what, thrown) => {
    for (const onError of [
      () => {
        throw thrown as Error;
      },
      async () => {
        await Promise.resolve();
        throw thrown as Error;
      },
    ]) {
      const { app, response } = await failCallback(onError);
      expect(response.status).toBe(599);
      expect(app.errors).toHaveLength(1);
      if (thrown instanceof Error) expect(app.errors[0]).toBe(thrown);
    }
  });

  it('is called when check refuses a user, and when the session is missing', async () => {
    const kinds: string[] = [];
    const onError: OwnOptions['onError'] = (error, _req, res) => {
      kinds.push(error.kind);
      res.end('mine');
    };
    const app = await start({ onError }, { host, guard: { check: () => false } });
    expect((await Browser.inWechat(app.url).logIn(emulator, '/me')).body).toBe('mine');
    const sessionless = await start({ onError }, { host, session: null });
    expect((await Browser.inWechat(sessionless.url).get('/login')).body).toBe('mine');
    expect(kinds).toEqual(['forbidden', 'session_missing']);
  });
});

describe('tokenStore', () => {
  it('stores tokens under AppID and openid; the session holds none', async () => {
    const store = new MemoryTokenStore();
    const saved: [string, TokenData, number][] = [];
    const app = await start({
      tokenStore: {
        get: (key) => store.get(key),
        delete: (key) => store.delete(key),
        set: (key, token, ttlMs) => {
          saved.push([key, token, ttlMs]);
          return store.set(key, token, ttlMs);
        },
      },
    });
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const { appId } = emulator.apps.official;
    const openid = emulator.openid('ming', appId);
    expect(saved).toEqual([[`${appId}:${openid}`, expect.objectContaining({ openid }), 30 * 86_400_000]]);
    const [token] = saved.map(([, each]) => each);
    const session = JSON.stringify(await sessionOf(browser));
    expect(session).not.toContain(token?.access_token);
    expect(session).not.toContain(token?.refresh_token);
  });

  it('fails the login with 503 if it fails, and nobody is logged in', async () => {
    const fail = () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.5:6379'));
    const app = await start({ tokenStore: { get: fail, set: fail, delete: fail } });
    const browser = Browser.inWechat(app.url);
    const response = await browser.logIn(emulator, '/me');
    expect(response.status).toBe(503);
    expect(response.body).toContain('网站暂时无法保存登录信息');
    expect((await sessionOf(browser))['wechat']).toBeUndefined();
  });
});

describe('preserveSession', () => {
  it.each<[OwnOptions['preserveSession'], string[]]>([
    [undefined, ['cart', 'theme']],
    [true, ['cart', 'theme']],
    [false, []],
    [['cart'], ['cart']],
    [[], []],
  ])('%j lets an anonymous session keep %j', async (preserveSession, kept) => {
    const app = await start(
      { preserveSession },
      {
        routes: (it) =>
          it.use('/fill', (req, res) => {
            Object.assign(req.session as object, { cart: [1], theme: 'dark' });
            res.end();
          }),
      },
    );
    const browser = Browser.inWechat(app.url);
    await browser.get('/fill');
    await browser.logIn(emulator, '/me');
    const session = await sessionOf(browser);
    expect(Object.keys(session).filter((key) => !key.startsWith('wechat'))).toEqual(kept);
    expect(session['wechat']).toBeDefined();
  });
});

describe('sessionKey', () => {
  const newBrowser = (app: TestApp): Browser => Browser.inWechat(app.url);
  const startTwoAccounts = (): Promise<TestApp> => {
    const { unbound } = emulator.apps;
    const other = wechatAuth({
      appId: unbound.appId,
      appSecret: unbound.appSecret,
      endpoints: emulator.endpoints,
      sessionKey: 'second',
    });
    return start(
      {},
      {
        routes: (it) => {
          it.use('/second', other);
          it.use('/second/me', requireWechatUser());
          it.use('/second/me', (req, res) => {
            sendJSON(res, (req as TestRequest).wechat.user);
          });
        },
      },
    );
  };

  it('keeps two accounts logged in side by side', async () => {
    const app = await startTwoAccounts();
    const browser = newBrowser(app);
    await browser.logIn(emulator, '/me', 'ming');
    expect((await browser.get('/second/me')).location).toBe('/second/login?returnTo=%2Fsecond%2Fme');
    const other = await browser.logIn(emulator, '/second/me', 'emoji');
    expect(other.json()).toMatchObject({ nickname: '👩‍👩‍👧‍👦 Emoji 🎉' });
    expect((await browser.get('/me')).json()).toMatchObject({ nickname: '小明' });
    const session = await sessionOf(browser);
    expect(session['wechat']).toMatchObject({ appid: emulator.apps.official.appId });
    expect(session['second']).toMatchObject({ appid: emulator.apps.unbound.appId });
  });

  it('logs out of one account and stays logged in to the other', async () => {
    for (const [logout, gone, stays] of [
      ['/second/logout', '/second/me', '/me'],
      ['/logout', '/me', '/second/me'],
    ] as const) {
      const app = await startTwoAccounts();
      const browser = newBrowser(app);
      await browser.logIn(emulator, '/me');
      await browser.logIn(emulator, '/second/me');
      expect((await browser.request(logout, { method: 'POST' })).location).toBe('/');
      expect((await browser.get(gone)).status).toBe(302);
      expect((await browser.get(stays)).status).toBe(200);
    }
  });

  it('keeps the pending logins of the accounts apart', async () => {
    const app = await startTwoAccounts();
    const browser = newBrowser(app);
    const first = await agree(emulator, (await browser.follow('/me')).location);
    const other = await agree(emulator, (await browser.follow('/second/me')).location);
    expect((await browser.follow(other)).url).toBe(`${app.url}/second/me`);
    expect((await browser.follow(first)).url).toBe(`${app.url}/me`);
    expect((await browser.get('/second/me')).status).toBe(200);
  });

  it('is the key of the login in the session', async () => {
    const app = await start({ sessionKey: 'my-user.v2' });
    const browser = Browser.inWechat(app.url);
    expect((await browser.logIn(emulator, '/me')).status).toBe(200);
    expect(Object.keys(await sessionOf(browser)).sort()).toEqual(['my-user.v2', 'my-user.v2:login']);
  });
});

describe('endpoints and http', () => {
  it('are the addresses of WeChat: open for browsers, api for the server', async () => {
    const gateway = await createEmulator();
    const app = await start({ endpoints: { open: `${gateway.url}/`, api: emulator.url } });
    const browser = Browser.inWechat(app.url);
    const { location } = await browser.get('/login?returnTo=/me');
    expect(location).toMatch(new RegExp(`^${gateway.url}/connect/oauth2/authorize\\?`));
    const code = emulator.issueCode({ app: emulator.apps.official.appId });
    expect((await browser.follow(`/callback?code=${code}&state=${stateIn(location)}`)).status).toBe(200);
    expect(queriesTo('/sns/oauth2/access_token')).toMatchObject([{ code }]);
    expect(gateway.requests).toEqual([]);
    await gateway.close();
  });

  it('may name one endpoint only', async () => {
    const app = await start({ endpoints: { api: emulator.url } });
    const redirect = await Browser.inWechat(app.url).get('/login');
    expect(redirect.location).toMatch(/^https:\/\/open\.weixin\.qq\.com\/connect\/oauth2\/authorize\?/);
  });

  it('add headers to requests, and limit their time', async () => {
    const app = await start({ http: { headers: { 'X-Gateway-Key': 'k' }, timeout: 150 } });
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const calls = emulator.requests.filter(({ path }) => path.startsWith('/sns/'));
    expect(calls.map(({ headers }) => headers['x-gateway-key'])).toEqual(['k', 'k']);

    emulator.fail('/sns/oauth2/access_token', 'silence', { times: 2 });
    const otherUser = Browser.inWechat(app.url);
    const restarted = await otherUser.logIn(emulator, '/me');
    expect(restarted.location).toContain('/connect/oauth2/authorize');
    const page = await otherUser.follow(await agree(emulator, restarted.location));
    expect(page.status).toBe(504);
    expect(page.body).toContain('微信暂时没有响应');
  });
});

describe('dangerouslyAllowEmulatorInProduction', () => {
  afterEach(() => {
    process.env['NODE_ENV'] = 'test';
  });

  it('is required to log in at an emulator in production', async () => {
    process.env['NODE_ENV'] = 'production';
    const app = await start();
    expect((await Browser.inWechat(app.url).logIn(emulator, '/me')).status).toBe(500);
    const testSystem = await start({ dangerouslyAllowEmulatorInProduction: true });
    for (const browser of [Browser.inWechat(testSystem.url), Browser.onDesktop(testSystem.url)]) {
      expect((await browser.logIn(emulator, '/me')).status).toBe(200);
    }
  });
});

describe('snapshotUsers', () => {
  it('are refused by default and can be allowed', async () => {
    emulator.switches.snapshot = 'always';
    try {
      const strict = await start();
      const refused = await Browser.inWechat(strict.url).logIn(emulator, '/me');
      expect(refused.status).toBe(403);
      expect(refused.body).toContain('使用完整服务');
      const open = await start({ snapshotUsers: 'allow' });
      expect((await Browser.inWechat(open.url).logIn(emulator, '/me')).json()).toMatchObject({
        is_snapshotuser: 1,
      });
    } finally {
      emulator.switches.snapshot = 'by-user';
    }
  });
});

describe('the options of one wechatAuth()', () => {
  it('are copied: later changes have no effect', async () => {
    const options = {
      ...emulated(emulator),
      routes: { login: '/in' as string | false },
      preserveSession: ['cart'],
      verificationFiles: { 'a.txt': 'a' } as Record<string, string>,
    };
    const copy = structuredClone(options);
    const app = express();
    app.use(cookies() as never, wechatAuth(options));
    const server = await listen(app);
    running.push(server);
    options.routes.login = false;
    options.appId = 'other';
    options.verificationFiles['b.txt'] = 'b';
    const browser = Browser.inWechat(server.url);
    const redirect = await browser.get('/in');
    expect(new URL(redirect.location).searchParams.get('appid')).toBe(copy.appId);
    expect((await browser.get('/b.txt')).status).toBe(404);
  });

  it('do not affect another wechatAuth()', async () => {
    const keys = ['a', 'b'];
    const apps = await Promise.all(keys.map((sessionKey) => start({ sessionKey })));
    for (const [at, app] of apps.entries()) {
      const browser = Browser.inWechat(app.url);
      expect((await browser.logIn(emulator, '/me')).status).toBe(200);
      expect(Object.keys(await sessionOf(browser)).sort()).toEqual([keys[at], `${keys[at]}:login`]);
    }
  });
});

it('wechatAuth() returns a middleware of three parameters', () => {
  const middleware: Middleware = wechatAuth(emulated(emulator));
  expect(middleware).toHaveLength(3);
});
