import { inspect } from 'node:util';
import { OAuth, isWechatError, type WechatLoginOptions, type WxLoginParams } from '../../lib';
import { sendJSON, startApp, type TestApp, type TestRequest, type OwnOptions } from '../support/app';
import { agree, Browser, type BrowserResponse } from '../support/browser';
import { HOSTS, type HostName } from '../support/hosts';
import { serverSessions } from '../support/sessions';
import { emulator, useEmulator } from '../support/emulator';

/** What the route `/do` does with the request. The response holds its result as JSON. */
type Work = (req: TestRequest) => unknown;

useEmulator();
let work: Work = () => undefined;
const apps: TestApp[] = [];

/** An app whose route `/do` runs `work`. The response to an error holds its kind and message. */
async function start(auth: OwnOptions = {}, host: HostName = 'Express 5'): Promise<TestApp> {
  const app = await startApp(emulator, {
    auth,
    host,
    routes: (it) =>
      it.use('/do', (req, res) => {
        Promise.resolve()
          .then(() => work(req as TestRequest))
          .then(
            (result) => {
              if (!res.headersSent) sendJSON(res, result);
            },
            (error: unknown) => {
              const { kind, message, code } = error as { kind: string; message: string; code: string };
              sendJSON(res, isWechatError(error) ? { kind, message, code } : { message });
            },
          );
      }),
  });
  apps.push(app);
  return app;
}

function run(browser: Browser, wanted: Work, path = '/do'): Promise<BrowserResponse> {
  work = wanted;
  return browser.get(path);
}

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation();
  emulator.requests.length = 0;
});
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

describe.each(HOSTS)('req.wechat on %s', (host) => {
  it('knows the user on a route without a guard', async () => {
    const app = await start({}, host);
    const browser = Browser.inWechat(app.url);
    const who: Work = ({ wechat }) => [wechat.isAuthenticated(), wechat.user?.nickname ?? null];
    expect((await run(browser, who)).json()).toEqual([false, null]);
    await browser.logIn(emulator, '/me');
    expect((await run(browser, who)).json()).toEqual([true, '小明']);
  });

  it('login() sends the browser to WeChat, and the login ends at returnTo', async () => {
    const app = await start({}, host);
    const browser = Browser.inWechat(app.url);
    const redirect = await run(browser, ({ wechat }) => wechat.login({ returnTo: '/me?x' }));
    expect(redirect.status).toBe(302);
    expect(redirect.body).toBe('');
    expect(redirect.headers['cache-control']).toBe('no-store');
    expect((await browser.get(await agree(emulator, redirect.location))).location).toBe('/me?x#');
  });

  it('logout() ends the login and leaves the response to the app', async () => {
    const app = await start({}, host);
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const response = await run(browser, async ({ wechat }) => {
      await wechat.logout();
      return [wechat.isAuthenticated(), wechat.user ?? null];
    });
    expect(response.json()).toEqual([false, null]);
    expect((await browser.get('/me')).status).toBe(302);
  });
});

describe('req.wechat.login()', () => {
  const authorizeURLOf = async (
    options: WechatLoginOptions,
    auth: OwnOptions = {},
    where: 'inWechat' | 'onDesktop' = 'inWechat',
  ): Promise<URL> => {
    const app = await start(auth);
    const { location } = await run(Browser[where](app.url), ({ wechat }) => wechat.login(options));
    return new URL(location);
  };

  it('uses the given flow in every browser', async () => {
    expect((await authorizeURLOf({})).pathname).toBe('/connect/oauth2/authorize');
    expect((await authorizeURLOf({}, {}, 'onDesktop')).pathname).toBe('/connect/qrconnect');
    for (const where of ['inWechat', 'onDesktop'] as const) {
      const official = await authorizeURLOf({ flow: 'official' }, {}, where);
      expect(official.pathname).toBe('/connect/oauth2/authorize');
      const website = await authorizeURLOf({ flow: 'website' }, {}, where);
      expect(website.pathname).toBe('/connect/qrconnect');
      expect(website.searchParams.get('scope')).toBe('snsapi_login');
    }
  });

  it.each<[string, Parameters<Browser['request']>[1]]>([
    ['HEAD', { method: 'HEAD' }],
    ['a prefetch', { headers: { 'Sec-Purpose': 'prefetch' } }],
  ])(
    'starts no login for %s, which would take the place of one that the user has started',
    async (_, options) => {
      const app = await start({});
      const browser = Browser.inWechat(app.url);
      const started = await run(browser, ({ wechat }) => wechat.login({ returnTo: '/me?a=1' }));
      for (let i = 0; i < 6; i++) {
        const response = await browser.request('/do', options);
        expect([response.status, response.headers['set-cookie']]).toEqual([401, undefined]);
      }
      expect((await browser.get(await agree(emulator, started.location))).location).toBe('/me?a=1#');
    },
  );

  it('can request more than the option scope', async () => {
    const auth = { scope: 'snsapi_base' } as const;
    expect((await authorizeURLOf({}, auth)).searchParams.get('scope')).toBe('snsapi_base');
    expect((await authorizeURLOf({ scope: 'snsapi_userinfo' }, auth)).searchParams.get('scope')).toBe(
      'snsapi_userinfo',
    );
  });

  it('adds the given params before the fragment', async () => {
    const url = await authorizeURLOf({ params: { forcePopup: true, forceSnapShot: undefined } });
    expect([...url.searchParams.keys()]).toEqual([
      'appid',
      'redirect_uri',
      'response_type',
      'scope',
      'state',
      'forcePopup',
    ]);
    expect(url.href).toMatch(/&forcePopup=true#wechat_redirect$/);
    const website = await authorizeURLOf({ flow: 'website', params: { lang: 'en' } });
    expect(website.searchParams.get('lang')).toBe('en');
  });

  it('refuses params that contain a standard parameter', async () => {
    const app = await start();
    const response = await run(Browser.inWechat(app.url), ({ wechat }) =>
      wechat.login({ params: { state: 'mine' } }),
    );
    expect([response.status, response.body.includes('config')]).toEqual([500, true]);
    expect(response.body).toContain('The parameter state');
  });

  it('names the missing option if the flow has no account', async () => {
    const app = await start({ website: undefined });
    const response = await run(Browser.inWechat(app.url), ({ wechat }) => wechat.login({ flow: 'website' }));
    expect(response.status).toBe(500);
    expect(response.body).toContain('Give website: { appId, appSecret }');
  });

  it('responds without a session, and does not reject', async () => {
    let result: Promise<void> | undefined;
    const app = await startApp(emulator, {
      session: null,
      routes: (it) =>
        it.use('/do', (req) => {
          result = (req as TestRequest).wechat.login();
        }),
    });
    apps.push(app);
    const response = await Browser.inWechat(app.url).get('/do');
    expect([response.status, response.body.includes('session_missing')]).toEqual([500, true]);
    await expect(result).resolves.toBeUndefined();
  });

  it('redirects a form with 303', async () => {
    const app = await start();
    work = ({ wechat }) => wechat.login();
    const redirect = await Browser.inWechat(app.url).request('/do', { method: 'POST' });
    expect(redirect.status).toBe(303);
  });
});

describe('req.wechat.loginURL()', () => {
  it('returns a path for links, and needs no session', async () => {
    const app = await start({ baseURL: 'https://h5.example.com/shop' });
    const browser = Browser.inWechat(app.url);
    const response = await run(browser, ({ wechat }) => [
      wechat.loginURL(),
      wechat.loginURL({ returnTo: '/me?a=1&b=中#c' }),
      wechat.loginURL({ scope: 'snsapi_userinfo', returnTo: undefined }),
      // What a query parser makes of `?returnTo[toString]=1`.
      wechat.loginURL({ returnTo: { toString: '1' }, scope: Symbol('s') } as never),
    ]);
    expect(response.json()).toEqual([
      '/shop/login',
      '/shop/login?returnTo=%2Fme%3Fa%3D1%26b%3D%E4%B8%AD%23c',
      '/shop/login?scope=snsapi_userinfo',
      '/shop/login',
    ]);
    expect(response.headers['set-cookie']).toBeUndefined();
    const withoutSession = await startApp(emulator, {
      session: null,
      routes: (it) => it.use('/do', (req, res) => sendJSON(res, (req as TestRequest).wechat.loginURL())),
    });
    apps.push(withoutSession);
    expect((await Browser.inWechat(withoutSession.url).get('/do')).json()).toBe('/login');
  });

  it('fails if there is no login route', async () => {
    const app = await start({ routes: { login: false } });
    const response = await run(Browser.inWechat(app.url), ({ wechat }) => wechat.loginURL());
    expect(response.json()).toMatchObject({
      kind: 'config',
      message: expect.stringContaining('routes.login') as string,
    });
  });
});

describe('req.wechat.loginParams()', () => {
  it('starts a login for an embedded QR code, and the login ends at returnTo', async () => {
    const app = await start();
    const browser = Browser.onDesktop(app.url);
    const response = await run(browser, ({ wechat }) => wechat.loginParams({ returnTo: '/me?from=widget' }));
    const params = response.json() as WxLoginParams;
    expect(params).toEqual({
      appid: emulator.apps.website.appId,
      scope: 'snsapi_login',
      redirect_uri: encodeURIComponent(`${app.url}/callback`),
      state: expect.stringMatching(/^0[0-9a-f]{32}$/) as string,
    });
    expect(response.headers['cache-control']).toBe('no-store');
    // wxLogin.js builds the address without encoding the parameters.
    const widget = `${emulator.url}/connect/qrconnect?appid=${params.appid}&scope=${params.scope}&redirect_uri=${params.redirect_uri}&state=${params.state}&login_type=jssdk&self_redirect=false`;
    const me = await browser.follow(await agree(emulator, widget));
    expect(me.url).toBe(`${app.url}/me?from=widget`);
    expect(me.json()).toMatchObject({ nickname: '小明' });
  });

  it('generates a new state each time, and each of them works', async () => {
    const app = await start();
    const browser = Browser.onDesktop(app.url);
    const createParams = async (): Promise<WxLoginParams> =>
      (await run(browser, ({ wechat }) => wechat.loginParams())).json() as WxLoginParams;
    const states = [(await createParams()).state, (await createParams()).state];
    expect(new Set(states).size).toBe(2);
    for (const state of states) {
      const code = emulator.issueCode({ app: emulator.apps.website.appId });
      expect((await browser.get(`/callback?code=${code}&state=${state}`)).location).toBe('/');
    }
  });

  it('uses the website app, also inside WeChat and whatever the option flow is', async () => {
    const app = await start({ flow: 'official' });
    const response = await run(Browser.inWechat(app.url), ({ wechat }) => wechat.loginParams());
    expect(response.json()).toMatchObject({ appid: emulator.apps.website.appId, scope: 'snsapi_login' });
  });

  it('fails with kind config without a website app', async () => {
    const app = await start({ website: undefined });
    const response = await run(Browser.onDesktop(app.url), ({ wechat }) => wechat.loginParams());
    expect(response.json()).toMatchObject({ kind: 'config', code: 'ERR_WECHAT_CONFIG' });
    expect(response.headers['set-cookie']).toBeUndefined();
  });

  it('adds the path that a proxy strips to the redirect URI', async () => {
    const app = await start({ baseURL: 'https://h5.example.com/shop' });
    const response = await run(Browser.onDesktop(app.url), ({ wechat }) => wechat.loginParams());
    expect(response.json()).toMatchObject({ redirect_uri: 'https%3A%2F%2Fh5.example.com%2Fshop%2Fcallback' });
  });
});

describe('req.wechat.logout()', () => {
  it('changes the session id and empties the session', async () => {
    const app = await startApp(emulator, {
      session: serverSessions(),
      routes: (it) =>
        it.use('/do', (req, res) => {
          const { session, wechat } = req as TestRequest & { session: { id: string } };
          const before = session.id;
          session['cart'] = [1];
          void wechat.logout().then(() => {
            const after = (req as unknown as { session: { id: string; cart?: unknown } }).session;
            sendJSON(res, [before !== after.id, after.cart ?? null]);
          });
        }),
    });
    apps.push(app);
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    expect((await browser.get('/do')).json()).toEqual([true, null]);
  });

  it('has no effect if nobody is logged in', async () => {
    const app = await start();
    const response = await run(Browser.inWechat(app.url), async ({ wechat }) => {
      await wechat.logout();
      return wechat.isAuthenticated();
    });
    expect(response.json()).toBe(false);
  });
});

describe('req.wechat.requireUser()', () => {
  it('returns the user, and fails with kind unauthenticated if nobody is logged in', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    const requireUser: Work = ({ wechat }) => wechat.requireUser();
    expect((await run(browser, requireUser)).json()).toMatchObject({
      kind: 'unauthenticated',
      message: expect.stringContaining('requireWechatUser()') as string,
    });
    await browser.logIn(emulator, '/me');
    expect((await run(browser, requireUser)).json()).toMatchObject({ nickname: '小明' });
  });
});

describe('req.wechat.getAccessToken()', () => {
  const token: Work = ({ wechat }) => wechat.getAccessToken();
  const refreshes = (): number =>
    emulator.requests.filter(({ path }) => path === '/sns/oauth2/refresh_token').length;

  it('returns a token that WeChat accepts', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const accessToken = (await run(browser, token)).json() as string;
    const { appId, appSecret } = emulator.apps.official;
    const oauth = new OAuth({ appid: appId, appsecret: appSecret, endpoints: emulator.endpoints });
    expect(await oauth.verifyToken(emulator.openid('ming', appId), accessToken)).toMatchObject({
      errcode: 0,
    });
    expect((await run(browser, token)).json()).toBe(accessToken);
    expect(refreshes()).toBe(0);
  });

  it('refreshes an expired token', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const old = (await run(browser, token)).json() as string;
    const later = Date.now() + 7_200_000;
    jest.spyOn(Date, 'now').mockReturnValue(later);
    const fresh = (await run(browser, token)).json() as string;
    expect(fresh).not.toBe(old);
    expect(refreshes()).toBe(1);
    expect((await run(browser, token)).json()).toBe(fresh);
    expect(refreshes()).toBe(1);
    const { appId, appSecret } = emulator.apps.official;
    const oauth = new OAuth({ appid: appId, appsecret: appSecret, endpoints: emulator.endpoints });
    expect(await oauth.verifyToken(emulator.openid('ming', appId), fresh)).toMatchObject({ errcode: 0 });
  });

  it('fails with kind reauthorize if the refresh token is invalid, too', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    emulator.changePassword('ming');
    const later = Date.now() + 7_200_000;
    jest.spyOn(Date, 'now').mockReturnValue(later);
    expect((await run(browser, token)).json()).toMatchObject({ kind: 'reauthorize' });
  });

  it('returns a token of the account that the user logged in with', async () => {
    const app = await start();
    const browser = Browser.onDesktop(app.url);
    await browser.logIn(emulator, '/me');
    const accessToken = (await run(browser, token)).json() as string;
    const { appId, appSecret } = emulator.apps.website;
    const oauth = new OAuth({ appid: appId, appsecret: appSecret, endpoints: emulator.endpoints });
    expect(await oauth.verifyToken(emulator.openid('ming', appId), accessToken)).toMatchObject({
      errcode: 0,
    });
    expect((await run(browser, ({ wechat }) => wechat.oauth.appid)).json()).toBe(appId);
  });

  it('fails with kind unauthenticated if nobody is logged in', async () => {
    const app = await start();
    const response = await run(Browser.inWechat(app.url), token);
    expect(response.json()).toMatchObject({ kind: 'unauthenticated', code: 'ERR_WECHAT_UNAUTHENTICATED' });
    expect(emulator.requests).toEqual([]);
  });
});

describe('req.wechat.oauth', () => {
  it('before a login is the client of the official account, or of the website app if it is the only one', async () => {
    const app = await start();
    const appidOf = async (browser: Browser): Promise<unknown> =>
      (await run(browser, ({ wechat }) => [wechat.oauth instanceof OAuth, wechat.oauth.appid])).json();
    expect(await appidOf(Browser.onDesktop(app.url))).toEqual([true, emulator.apps.official.appId]);
    const website = await start({ appId: undefined, appSecret: undefined });
    expect(await appidOf(Browser.inWechat(website.url))).toEqual([true, emulator.apps.website.appId]);
  });

  it('can request the profile again', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const response = await run(browser, ({ wechat }) => wechat.oauth.getUser(wechat.user?.openid ?? ''));
    expect(response.json()).toMatchObject({ nickname: '小明' });
  });
});

describe('req.wechat', () => {
  it('contains no secret when it is printed', async () => {
    const app = await start();
    const response = await run(Browser.inWechat(app.url), ({ wechat }) => [
      inspect(wechat, { depth: 9, showHidden: true }),
      JSON.stringify(wechat),
    ]);
    expect(response.body).not.toContain(emulator.apps.official.appSecret);
    expect(response.body).not.toContain(emulator.apps.website.appSecret);
  });
});
