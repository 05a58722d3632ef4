// Runs the guides in a real browser, because they depend on scripts, cookies and a content security policy.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { describeInChromium, DESKTOP, launchChromium, openWindow, PHONE } from '../support/browsers/chromium';
import { environmentOf, emulator, useEmulator } from '../support/emulator';
import { IPHONE_WECHAT } from '../support/browsers/user-agents';
import { listen, type Running } from '../support/hosts';
import { blocksOfGuide, codeOf, ownPageHandler, replaceAll, run, type RunningGuide } from './guide';

describeInChromium('in a browser', () => {
  useEmulator();
  let browser: Browser;
  let folder: string;
  let app: RunningGuide | undefined;
  let front: Running | undefined;
  let windows: BrowserContext[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'guide-'));
  });
  afterEach(async () => {
    await Promise.all(windows.map((each) => each.close()));
    windows = [];
    await app?.close();
    app = undefined;
    await front?.close();
    front = undefined;
    rmSync(folder, { recursive: true });
  });

  const openid = (kind: 'official' | 'website'): string => emulator.openid('ming', emulator.apps[kind].appId);
  const publish = (files: Readonly<Record<string, string>>): void => {
    for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content);
  };
  const env = (baseURL: string): Record<string, string> => ({
    SESSION_KEY: 'test key',
    ...environmentOf(emulator),
    WECHAT_BASE_URL: baseURL,
  });
  const window = async (options: Parameters<typeof openWindow>[1]): Promise<Page> => {
    const context = await openWindow(browser, options);
    windows.push(context);
    return context.newPage();
  };

  describe('a single-page app', () => {
    it('redirects to the login by its own script, and returns to its hash route', async () => {
      app = await run(codeOf('single-page-apps', 'server.ts'), {
        env,
        replace: [["'public'", JSON.stringify(folder)]],
      });
      publish({
        'api.js': codeOf('single-page-apps', 'api.js'),
        'index.html': `<!doctype html><title>app</title><script type="module">
          import { api } from '/api.js';
          const response = await api('/api/me');
          document.body.textContent = (await response.json()).openid + ' at ' + location.hash;
        </script><body></body>`,
      });
      const page = await window({ ...PHONE, userAgent: IPHONE_WECHAT });
      await page.goto(`${app.url}/shop?page=2#/orders/7`);
      await page.getByRole('button', { name: '允许' }).click();
      await page.getByText(`${openid('official')} at #/orders/7`).waitFor();
      expect(page.url()).toBe(`${app.url}/shop?page=2#/orders/7`);
    });
  });

  it('a single-page app binds WeChat to a password account by the script of its guide', async () => {
    const bound: string[] = [];
    const links = {
      find: () => Promise.resolve(bound[0]),
      add: (_appid: string, _openid: string, userId: string) => Promise.resolve(bound.push(userId)),
    };
    const code = codeOf('accounts/bind-wechat', 'app.ts');
    app = await run(`${code}\napp.use(express.static(${JSON.stringify(folder)}));`, {
      env,
      given: { links, checkPassword: (name: string) => Promise.resolve(`id of ${name}`) },
    });
    publish({
      'api.js': codeOf('single-page-apps', 'api.js'),
      'index.html': `<!doctype html><title>app</title><script type="module">
          import { api } from '/api.js';
          // Without a login by password, these two respond with 401 and no address of a login.
          const refused = [await api('/bind', { method: 'POST' }), await api('/settings')];
          sessionStorage.setItem('refused', refused.map(({ status }) => status));
          sessionStorage.setItem('body', await refused[1].text());
          await api('/password-login', { method: 'POST', body: new URLSearchParams({ name: 'anna' }) });
          await api('/bind', { method: 'POST' });
        </script>`,
    });
    const page = await window({ ...PHONE, userAgent: IPHONE_WECHAT });
    await page.goto(`${app.url}/?page=2#/profile`);
    await page.getByRole('button', { name: '允许' }).click();
    await page.getByText('{"id":"id of anna"}').waitFor();
    expect([new URL(page.url()).pathname, bound]).toEqual(['/settings', ['id of anna']]);
    const kept = await page.evaluate('[sessionStorage.refused, sessionStorage.body]');
    expect(kept).toEqual(['401,401', '{}']);
  });

  describe('an app and its API on two origins', () => {
    /** The app is at one port of localhost, the API at another: two origins of one site. */
    const start = async (
      changes: readonly (readonly [string, string])[] = [],
      { isOwnRoute = false, more = '' } = {},
    ): Promise<{ page: Page; api: string; APP: string; isLoggedIn: () => Promise<boolean> }> => {
      front = await listen((req, res) => {
        const name = (req.url ?? '').slice(1);
        res.setHeader('Content-Type', name.endsWith('.js') ? 'text/javascript' : 'text/html');
        res.end(
          name.endsWith('.js') ? readFileSync(path.join(folder, name)) : '<!doctype html><title>app</title>',
        );
      });
      const APP = front.url.replace('127.0.0.1', 'localhost');
      const blocks = blocksOfGuide('single-page-apps').map(({ code }) => code);
      const ownRoute = blocks.find((code) => code.includes("api.post('/log-out'")) ?? '';
      expect(ownRoute).not.toBe('');
      app = await run(codeOf('single-page-apps', 'api-server.ts') + (isOwnRoute ? ownRoute : '') + more, {
        env: (url) => env(url.replace('127.0.0.1', 'localhost')),
        replace: [
          ['https://app.example.com', APP],
          ["baseURL: 'https://api.example.com'", 'baseURL: process.env.WECHAT_BASE_URL'],
        ],
      });
      const api = app.url.replace('127.0.0.1', 'localhost');
      const script = codeOf('single-page-apps', 'log-out.js');
      publish({ 'log-out.js': replaceAll(script, [['https://api.example.com', api], ...changes]) });
      const page = await window({ ...PHONE, userAgent: IPHONE_WECHAT });
      await page.goto(`${api}/login?returnTo=${encodeURIComponent('/to-app?to=/shop')}`);
      await page.getByRole('button', { name: '允许' }).click();
      await page.waitForURL(({ port, pathname }) => port === new URL(APP).port && pathname === '/shop');
      const isLoggedIn = (): Promise<boolean> =>
        page.evaluate(`fetch('${api}/me', { credentials: 'include' }).then(({ ok }) => ok)`);
      expect(await isLoggedIn()).toBe(true);
      return { page, api, APP, isLoggedIn };
    };
    const LOG_OUT = `import('/log-out.js').then(({ logOut }) => logOut()).catch(({ message }) => message)`;

    it('the app logs the user out, and reloads', async () => {
      const { page, isLoggedIn } = await start();
      await Promise.all([page.waitForEvent('load'), page.evaluate(LOG_OUT)]);
      expect(await isLoggedIn()).toBe(false);
    });

    it('a login with data, as of a binding, ends in the app, if its link is resolved against the API', async () => {
      const { page, api, APP } = await start([], {
        more: `api.post('/bind', async (req) => {
          await req.wechat.login({ returnTo: '/to-app?to=/settings', data: { bind: 7 } });
        });`,
      });
      await page.evaluate(`fetch('${api}/bind', { method: 'POST', credentials: 'include' })
        .then((response) => response.json())
        .then(({ loginURL }) => location.assign(new URL(loginURL, '${api}')))`);
      await page.getByRole('button', { name: '允许' }).click();
      await page.waitForURL(({ pathname }) => pathname === '/settings');
      expect(new URL(page.url()).origin).toBe(APP);
    });

    /** As a browser that sends no Sec-Fetch-Site, such as over http between two hosts that are not localhost. */
    const hideSite = async (page: Page, api: string): Promise<void> => {
      await page.route(`${api}/log*`, async (route) => {
        const headers = { ...(await route.request().allHeaders()) };
        delete headers['sec-fetch-site'];
        await route.fulfill({ response: await route.fetch({ headers, maxRedirects: 0 }) });
      });
    };

    it('the app says that the user is still logged in, if the API sees another origin', async () => {
      const { page, api, isLoggedIn } = await start();
      await hideSite(page, api);
      expect(await page.evaluate(LOG_OUT)).toBe('/logout: HTTP 403');
      expect(await isLoggedIn()).toBe(true);
    });

    it('a route of the API logs such a user out, and refuses pages of other sites', async () => {
      const changes = [
        ['/logout', '/log-out'],
        ["    redirect: 'manual',\n", ''],
        ["response.type !== 'opaqueredirect'", '!response.ok'],
      ] as const;
      const { page, api, isLoggedIn } = await start(changes, { isOwnRoute: true });
      await hideSite(page, api);
      const forged = await page.request.post(`${api}/log-out`, {
        headers: { Origin: 'http://evil.example' },
      });
      expect([forged.status(), await isLoggedIn()]).toEqual([403, true]);
      await Promise.all([page.waitForEvent('load'), page.evaluate(LOG_OUT)]);
      expect(await isLoggedIn()).toBe(false);
    });
  });

  describe('frames and popups', () => {
    const linkOf = (): string =>
      blocksOfGuide('browsers/frames-and-popups').find(({ language }) => language === 'html')?.code ?? '';
    /** The app of the single-page guide with the pages of this guide, under the policy that helmet sets. */
    const startPages = async (): Promise<string> => {
      app = await run(codeOf('single-page-apps', 'server.ts'), {
        env: (url) => env(url.replace('127.0.0.1', 'localhost')),
        replace: [
          ["'public'", JSON.stringify(folder)],
          [
            'const app = express();',
            `const app = express();
             app.use((req, res, next) => {
               res.set('Cross-Origin-Opener-Policy', 'same-origin');
               next();
             });`,
          ],
        ],
      });
      publish({
        'opener.html': '<!doctype html><button id="login">log in</button><script src="/opener.js"></script>',
        'opener.js': codeOf('browsers/frames-and-popups', 'public/opener.js'),
        'done.html': '<!doctype html><script src="/done.js"></script>',
        'done.js': codeOf('browsers/frames-and-popups', 'public/done.js'),
        'framed.html': linkOf(),
        'outer.html': '<!doctype html><iframe src="/framed.html"></iframe>',
        'index.html': '<!doctype html><title>app</title>',
      });
      return app.url.replace('127.0.0.1', 'localhost');
    };

    it('a popup logs in and tells the page, although the policy cuts it off from its opener', async () => {
      const url = await startPages();
      const page = await window({ ...PHONE, userAgent: IPHONE_WECHAT });
      await page.goto(`${url}/opener.html`);
      const [popup] = await Promise.all([
        page.waitForEvent('popup'),
        page.getByRole('button', { name: 'log in' }).click(),
      ]);
      const reloaded = page.waitForEvent('framenavigated');
      await popup.getByRole('button', { name: '允许' }).click();
      await reloaded;
      expect((await page.request.get(`${url}/api/me`)).status()).toBe(200);
    });

    it('a link in a frame starts the login in the whole window', async () => {
      const url = await startPages();
      const page = await window({ ...PHONE, userAgent: IPHONE_WECHAT });
      await page.goto(`${url}/outer.html`);
      await page.frameLocator('iframe').getByRole('link').click();
      await page.getByRole('button', { name: '允许' }).click();
      await page.waitForURL((address) => address.pathname === '/me');
      expect((await page.request.get(`${url}/api/me`)).status()).toBe(200);
    });
  });

  it('the address to sign for the JSSDK stays the first one on iOS only', async () => {
    app = await run(codeOf('single-page-apps', 'server.ts'), {
      env,
      replace: [["'public'", JSON.stringify(folder)]],
    });
    publish({
      'index.html': '<!doctype html><title>app</title>',
      'address-to-sign.js': codeOf('single-page-apps', 'address-to-sign.js'),
    });
    const signedBy = async (options: Parameters<typeof openWindow>[1]): Promise<string> => {
      const page = await window(options);
      await page.goto(`${app?.url ?? ''}/first#/route`);
      return page.evaluate(`import('/address-to-sign.js').then(({ addressToSign }) => {
        history.pushState(null, '', '/second#/route');
        return addressToSign();
      })`);
    };
    expect(await signedBy({ ...PHONE, userAgent: IPHONE_WECHAT })).toBe(`${app.url}/first`);
    expect(await signedBy(DESKTOP)).toBe(`${app.url}/second`);
  });

  describe('the embedded QR code', () => {
    const htmlOf = (name: string): string =>
      blocksOfGuide('embedded-qr').find(({ code }) => code.includes(`public/${name}`))?.code ?? '';
    const scriptOf = (name: string): string => codeOf('embedded-qr', `public/${name}`);
    /** The app and WeChat are two sites, as in production: localhost and 127.0.0.1. */
    const start = async (
      selfRedirect: boolean,
      changes: readonly (readonly [string, string])[] = [],
      from = '/sign-in',
    ): Promise<{ page: Page; errors: string[]; url: string }> => {
      app = await run(codeOf('embedded-qr', 'server.ts'), {
        env: (url) => env(url.replace('127.0.0.1', 'localhost')),
        replace: [
          ["'public'", JSON.stringify(folder)],
          ['https://res.wx.qq.com', emulator.url],
          ['https://open.weixin.qq.com', emulator.url],
          ...changes,
        ],
      });
      const listener = blocksOfGuide('embedded-qr').find(({ code }) =>
        code.includes('addEventListener'),
      )?.code;
      publish({
        'sign-in.html': replaceAll(htmlOf('sign-in.html'), [['https://res.wx.qq.com', emulator.url]]),
        'sign-in.js':
          replaceAll(scriptOf('sign-in.js'), [
            ['self_redirect: false', `self_redirect: ${selfRedirect}`],
            ["'/qr-params'", selfRedirect ? "'/qr-params?done'" : "'/qr-params'"],
          ]) + (listener ?? ''),
        'done.html': htmlOf('done.html'),
        'done.js': scriptOf('done.js'),
      });
      const page = await window({ ...DESKTOP, extraHTTPHeaders: { 'X-Forwarded-Proto': 'https' } });
      const errors: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      const url = app.url.replace('127.0.0.1', 'localhost');
      await page.goto(url + from);
      return { page, errors, url };
    };
    /** Scans the QR code of the frame with a phone, and agrees there. */
    const scan = async (page: Page): Promise<void> => {
      const frame = page.frameLocator('#qr iframe');
      const address = (await frame.locator('.js_phone').getAttribute('href')) ?? '';
      const phone = await window({ ...PHONE, userAgent: IPHONE_WECHAT });
      await phone.goto(emulator.url + address);
      await phone.getByRole('button', { name: '允许' }).click();
    };

    it('logs the page in, under the policy of the guide', async () => {
      const { page, errors, url } = await start(false);
      await scan(page);
      await page.waitForURL(`${url}/me`);
      expect(await page.locator('body').textContent()).toContain(openid('website'));
      expect(errors.filter((text) => /content security policy/i.test(text))).toEqual([]);
    });

    it('returns to the guarded page that sent the PC here, by the handler of the scan login', async () => {
      const handler = replaceAll(ownPageHandler(), [['/sign-in.html', '/sign-in']]);
      const { page, url } = await start(
        false,
        [['app.use(wechatAuth());', `${handler}app.use(wechatAuth());`]],
        '/me?page=2',
      );
      expect(page.url()).toBe(`${url}/sign-in?returnTo=%2Fme%3Fpage%3D2`);
      await scan(page);
      await page.waitForURL(`${url}/me?page=2`);
      expect(await page.locator('body').textContent()).toContain(openid('website'));
    });

    const IN_FRAME = [
      [`'frame-src `, `"frame-src 'self' `],
      [`',\n].join`, `",\n].join`],
      ["typeof returnTo === 'string' ? returnTo : '/me'", "'/done.html'"],
    ] as const;

    it('loses the login with self_redirect if the cookie is SameSite=Lax', async () => {
      const { page, url } = await start(true, IN_FRAME);
      const first = await page.frameLocator('#qr iframe').locator('#qr').getAttribute('data-uuid');
      await scan(page);
      await page
        .frameLocator('#qr iframe')
        .locator(`#qr:not([data-uuid="${first ?? ''}"])`)
        .waitFor();
      expect(page.url()).toBe(`${url}/sign-in`);
      expect((await page.request.get(`${url}/me`, { maxRedirects: 0 })).status()).toBe(401);
    });

    it('logs in with self_redirect if the cookie is SameSite=None and Secure, and the frame notifies the page', async () => {
      const { page, url } = await start(true, [
        ...IN_FRAME,
        ["sameSite: 'lax',", "sameSite: 'none', secure: true,"],
        ['const app = express();', "const app = express();\napp.set('trust proxy', true);"],
      ]);
      await scan(page);
      await page.waitForURL(`${url}/me`);
      expect(await page.locator('body').textContent()).toContain(openid('website'));
    });
  });
});
