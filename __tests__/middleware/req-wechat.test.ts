import { inspect } from 'node:util';
import {
  OAuth,
  isWechatError,
  type WechatLoginOptions,
  type WxLoginParams,
  type WechatAuthOptions,
} from '../../lib';
import { sendJSON, startApp, type TestApp, type TestRequest } from '../support/app';
import { agree, Browser, type BrowserResponse } from '../support/browser';
import { HOSTS, type HostName } from '../support/hosts';
import { serverSessions } from '../support/sessions';
import { emulator, useEmulator } from '../support/emulator';

/** What a route of the app does with the request, and answers. */
type Work = (req: TestRequest) => unknown;

useEmulator();
let work: Work = () => undefined;
const apps: TestApp[] = [];

/** An app whose `/do` does what the test says; an error becomes its kind and message. */
async function start(auth: WechatAuthOptions = {}, host: HostName = 'Express 5'): Promise<TestApp> {
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

function ask(browser: Browser, wanted: Work, path = '/do'): Promise<BrowserResponse> {
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
  it('knows who is logged in, also where no guard stands', async () => {
    const app = await start({}, host);
    const browser = Browser.inWechat(app.url);
    const who: Work = ({ wechat }) => [wechat.isAuthenticated(), wechat.user?.nickname ?? null];
    expect((await ask(browser, who)).json()).toEqual([false, null]);
    await browser.logIn(emulator, '/me');
    expect((await ask(browser, who)).json()).toEqual([true, '小明']);
  });

  it('login() sends the browser to WeChat, and back to the page that was asked for', async () => {
    const app = await start({}, host);
    const browser = Browser.inWechat(app.url);
    const redirect = await ask(browser, ({ wechat }) => wechat.login({ returnTo: '/me?x' }));
    expect(redirect.status).toBe(302);
    expect(redirect.body).toBe('');
    expect(redirect.headers['cache-control']).toBe('no-store');
    expect((await browser.get(await agree(emulator, redirect.location))).location).toBe('/me?x');
  });

  it('logout() drops the login, and the app answers', async () => {
    const app = await start({}, host);
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const response = await ask(browser, async ({ wechat }) => {
      await wechat.logout();
      return [wechat.isAuthenticated(), wechat.user ?? null];
    });
    expect(response.json()).toEqual([false, null]);
    expect((await browser.get('/me')).status).toBe(302);
  });
});

describe('req.wechat.login()', () => {
  const sentBy = async (options: WechatLoginOptions, auth: WechatAuthOptions = {}): Promise<URL> => {
    const app = await start(auth);
    const { location } = await ask(Browser.inWechat(app.url), ({ wechat }) => wechat.login(options));
    return new URL(location);
  };

  it('takes the flow that is asked for, whatever the browser', async () => {
    expect((await sentBy({})).pathname).toBe('/connect/oauth2/authorize');
    expect((await sentBy({ flow: 'official' })).pathname).toBe('/connect/oauth2/authorize');
    const website = await sentBy({ flow: 'website' });
    expect(website.pathname).toBe('/connect/qrconnect');
    expect(website.searchParams.get('scope')).toBe('snsapi_login');
  });

  it('asks for consent where the app is content with less', async () => {
    const auth = { scope: 'snsapi_base' } as const;
    expect((await sentBy({}, auth)).searchParams.get('scope')).toBe('snsapi_base');
    expect((await sentBy({ scope: 'snsapi_userinfo' }, auth)).searchParams.get('scope')).toBe(
      'snsapi_userinfo',
    );
  });

  it('passes more parameters on, before the fragment', async () => {
    const url = await sentBy({ params: { forcePopup: true, forceSnapShot: undefined } });
    expect([...url.searchParams.keys()]).toEqual([
      'appid',
      'redirect_uri',
      'response_type',
      'scope',
      'state',
      'forcePopup',
    ]);
    expect(url.href).toMatch(/&forcePopup=true#wechat_redirect$/);
    const website = await sentBy({ flow: 'website', params: { lang: 'en' } });
    expect(website.searchParams.get('lang')).toBe('en');
  });

  it('refuses a parameter that has a place of its own', async () => {
    const app = await start();
    const response = await ask(Browser.inWechat(app.url), ({ wechat }) =>
      wechat.login({ params: { state: 'mine' } }),
    );
    expect([response.status, response.body.includes('config')]).toEqual([500, true]);
    expect(response.body).toContain('The parameter state');
  });

  it('says what is missing where there is no account for the flow', async () => {
    const app = await start({ website: undefined });
    const response = await ask(Browser.inWechat(app.url), ({ wechat }) => wechat.login({ flow: 'website' }));
    expect(response.status).toBe(500);
    expect(response.body).toContain('Give website: { appId, appSecret }');
  });

  it('ends the request without a session, and does not reject', async () => {
    const app = await startApp(emulator, {
      session: null,
      routes: (it) =>
        it.use('/do', (req) => {
          void (req as TestRequest).wechat.login();
        }),
    });
    apps.push(app);
    const response = await Browser.inWechat(app.url).get('/do');
    expect([response.status, response.body.includes('session_missing')]).toEqual([500, true]);
  });

  it('answers a form with 303', async () => {
    const app = await start();
    work = ({ wechat }) => wechat.login();
    const redirect = await Browser.inWechat(app.url).request('/do', { method: 'POST' });
    expect(redirect.status).toBe(303);
  });
});

describe('req.wechat.loginURL()', () => {
  it('is a path for links, and needs no session', async () => {
    const app = await start({ baseURL: 'https://h5.example.com/shop' });
    const browser = Browser.inWechat(app.url);
    const response = await ask(browser, ({ wechat }) => [
      wechat.loginURL(),
      wechat.loginURL({ returnTo: '/me?a=1&b=中#c' }),
      wechat.loginURL({ scope: 'snsapi_userinfo', returnTo: undefined }),
    ]);
    expect(response.json()).toEqual([
      '/shop/login',
      '/shop/login?returnTo=%2Fme%3Fa%3D1%26b%3D%E4%B8%AD%23c',
      '/shop/login?scope=snsapi_userinfo',
    ]);
    expect(response.headers['set-cookie']).toBeUndefined();
  });

  it('is an error where there is no login route', async () => {
    const app = await start({ routes: { login: false } });
    const response = await ask(Browser.inWechat(app.url), ({ wechat }) => wechat.loginURL());
    expect(response.json()).toMatchObject({
      kind: 'config',
      message: expect.stringContaining('routes.login') as string,
    });
  });
});

describe('req.wechat.loginParams()', () => {
  it('starts a login for the QR code that a page embeds, and the login ends where it was asked to', async () => {
    const app = await start();
    const browser = Browser.onDesktop(app.url);
    const response = await ask(browser, ({ wechat }) => wechat.loginParams({ returnTo: '/me?from=widget' }));
    const params = response.json() as WxLoginParams;
    expect(params).toEqual({
      appid: emulator.apps.website.appId,
      scope: 'snsapi_login',
      redirect_uri: encodeURIComponent(`${app.url}/callback`),
      state: expect.stringMatching(/^0[0-9a-f]{32}$/) as string,
    });
    expect(response.headers['cache-control']).toBe('no-store');
    // wxLogin.js puts them together without encoding.
    const widget = `${emulator.url}/connect/qrconnect?appid=${params.appid}&scope=${params.scope}&redirect_uri=${params.redirect_uri}&state=${params.state}&login_type=jssdk&self_redirect=false`;
    const me = await browser.follow(await agree(emulator, widget));
    expect(me.url).toBe(`${app.url}/me?from=widget`);
    expect(me.json()).toMatchObject({ nickname: '小明' });
  });

  it('mints a state each time, of which each works', async () => {
    const app = await start();
    const browser = Browser.onDesktop(app.url);
    const mint = async (): Promise<WxLoginParams> =>
      (await ask(browser, ({ wechat }) => wechat.loginParams())).json() as WxLoginParams;
    const states = [(await mint()).state, (await mint()).state];
    expect(new Set(states).size).toBe(2);
    for (const state of states) {
      const code = emulator.issueCode({ app: emulator.apps.website.appId });
      expect((await browser.get(`/callback?code=${code}&state=${state}`)).location).toBe('/');
    }
  });

  it('is of the website app inside WeChat too, and wherever flow points', async () => {
    const app = await start({ flow: 'official' });
    const response = await ask(Browser.inWechat(app.url), ({ wechat }) => wechat.loginParams());
    expect(response.json()).toMatchObject({ appid: emulator.apps.website.appId, scope: 'snsapi_login' });
  });

  it('is an error of the configuration without a website app', async () => {
    const app = await start({ website: undefined });
    const response = await ask(Browser.onDesktop(app.url), ({ wechat }) => wechat.loginParams());
    expect(response.json()).toMatchObject({ kind: 'config', code: 'ERR_WECHAT_CONFIG' });
    expect(response.headers['set-cookie']).toBeUndefined();
  });

  it('carries the path that a proxy strips', async () => {
    const app = await start({ baseURL: 'https://h5.example.com/shop' });
    const response = await ask(Browser.onDesktop(app.url), ({ wechat }) => wechat.loginParams());
    expect(response.json()).toMatchObject({ redirect_uri: 'https%3A%2F%2Fh5.example.com%2Fshop%2Fcallback' });
  });
});

describe('req.wechat.logout()', () => {
  it('gives the session a new id, and drops what came with the login', async () => {
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

  it('does no harm where nobody is logged in', async () => {
    const app = await start();
    const response = await ask(Browser.inWechat(app.url), async ({ wechat }) => {
      await wechat.logout();
      return wechat.isAuthenticated();
    });
    expect(response.json()).toBe(false);
  });
});

describe('req.wechat.getAccessToken()', () => {
  const token: Work = ({ wechat }) => wechat.getAccessToken();
  const refreshes = (): number =>
    emulator.requests.filter(({ path }) => path === '/sns/oauth2/refresh_token').length;

  it('is a token that WeChat takes', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const accessToken = (await ask(browser, token)).json() as string;
    const { appId, appSecret } = emulator.apps.official;
    const oauth = new OAuth({ appid: appId, appsecret: appSecret, endpoints: emulator.endpoints });
    expect(await oauth.verifyToken(emulator.openid('ming', appId), accessToken)).toMatchObject({
      errcode: 0,
    });
    expect((await ask(browser, token)).json()).toBe(accessToken);
    expect(refreshes()).toBe(0);
  });

  it('is refreshed when it has expired', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const old = (await ask(browser, token)).json() as string;
    const later = Date.now() + 7_200_000;
    jest.spyOn(Date, 'now').mockReturnValue(later);
    const fresh = (await ask(browser, token)).json() as string;
    expect(fresh).not.toBe(old);
    expect(refreshes()).toBe(1);
    expect((await ask(browser, token)).json()).toBe(fresh);
    expect(refreshes()).toBe(1);
    const { appId, appSecret } = emulator.apps.official;
    const oauth = new OAuth({ appid: appId, appsecret: appSecret, endpoints: emulator.endpoints });
    expect(await oauth.verifyToken(emulator.openid('ming', appId), fresh)).toMatchObject({ errcode: 0 });
  });

  it('wants a new login when the refresh token is gone too', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    emulator.changePassword('ming');
    const later = Date.now() + 7_200_000;
    jest.spyOn(Date, 'now').mockReturnValue(later);
    expect((await ask(browser, token)).json()).toMatchObject({ kind: 'reauthorize' });
  });

  it('is of the account that the user logged in with', async () => {
    const app = await start();
    const browser = Browser.onDesktop(app.url);
    await browser.logIn(emulator, '/me');
    const accessToken = (await ask(browser, token)).json() as string;
    const { appId, appSecret } = emulator.apps.website;
    const oauth = new OAuth({ appid: appId, appsecret: appSecret, endpoints: emulator.endpoints });
    expect(await oauth.verifyToken(emulator.openid('ming', appId), accessToken)).toMatchObject({
      errcode: 0,
    });
    expect((await ask(browser, ({ wechat }) => wechat.oauth.appid)).json()).toBe(appId);
  });

  it('is an error of its own where nobody is logged in', async () => {
    const app = await start();
    const response = await ask(Browser.inWechat(app.url), token);
    expect(response.json()).toMatchObject({ kind: 'unauthenticated', code: 'ERR_WECHAT_UNAUTHENTICATED' });
    expect(emulator.requests).toEqual([]);
  });
});

describe('req.wechat.oauth', () => {
  it('is the core, of the first account before anybody has logged in', async () => {
    const app = await start();
    const appidOf = async (browser: Browser): Promise<unknown> =>
      (await ask(browser, ({ wechat }) => [wechat.oauth instanceof OAuth, wechat.oauth.appid])).json();
    expect(await appidOf(Browser.onDesktop(app.url))).toEqual([true, emulator.apps.official.appId]);
    const website = await start({ appId: undefined, appSecret: undefined });
    expect(await appidOf(Browser.inWechat(website.url))).toEqual([true, emulator.apps.website.appId]);
  });

  it('asks WeChat for the profile anew', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const response = await ask(browser, ({ wechat }) => wechat.oauth.getUser(wechat.user?.openid ?? ''));
    expect(response.json()).toMatchObject({ nickname: '小明' });
  });
});

describe('req.wechat', () => {
  it('shows no secret when it is printed', async () => {
    const app = await start();
    const response = await ask(Browser.inWechat(app.url), ({ wechat }) => [
      inspect(wechat, { depth: 9, showHidden: true }),
      JSON.stringify(wechat),
    ]);
    expect(response.body).not.toContain(emulator.apps.official.appSecret);
    expect(response.body).not.toContain(emulator.apps.website.appSecret);
  });
});
