// Real Chromium: hash routers and WeChat's fragment, several tabs at once, and scripts that ask for the
// login.
import path from 'node:path';
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { sendJSON, startApp, type AppOptions, type TestApp, type TestRequest } from '../../support/app';
import { DESKTOP, PHONE, describeInChromium } from '../../support/browsers/chromium';
import { DESKTOP_CHROME, IPHONE_WECHAT } from '../../support/browsers/user-agents';
import { Windows } from '../../support/browsers/windows';
import { emulator, useEmulator } from '../../support/emulator';
import { serverSessions, SlowSessionStore } from '../../support/sessions';

// Most tests log in several times in Chromium. This takes a second, but more than ten while eight processes
// share the cores.
jest.setTimeout(60_000);

const ROOT = path.resolve(__dirname, '../../..');
const SCRIPTS: Readonly<Record<string, string>> = {
  '/vue.js': 'node_modules/vue/dist/vue.global.prod.js',
  '/vue-router.js': 'node_modules/vue-router/dist/vue-router.global.prod.js',
};

/** A page whose routes are in the fragment: home, orders, and one for any other path. */
const SHOP = `<!doctype html><title>shop</title><div id="app"></div>
<script src="/vue.js"></script><script src="/vue-router.js"></script>
<script>
  const { createRouter, createWebHashHistory, RouterView } = VueRouter;
  const show = (text) => ({ render: () => Vue.h('h1', text) });
  const routes = [
    { path: '/', component: show('home') },
    { path: '/orders/:id', component: { render() { return Vue.h('h1', 'order ' + this.$route.params.id); } } },
    { path: '/:any(.*)*', component: show('no such route') },
  ];
  const router = createRouter({ history: createWebHashHistory(), routes });
  Vue.createApp({ render: () => Vue.h(RouterView) }).use(router).mount('#app');
</script>`;

describeInChromium('a login in a browser', () => {
  let windows: Windows;
  useEmulator({ switches: { consent: 'allow' } });
  const apps: TestApp[] = [];

  beforeAll(async () => {
    windows = await Windows.launch();
  });
  afterEach(async () => {
    await windows.free();
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });
  afterAll(() => windows.close());

  const start = async (options: AppOptions = {}): Promise<TestApp> => {
    const app = await startApp(emulator, {
      ...options,
      routes: (it) => {
        it.use('/shop', (_req, res) => {
          res.setHeader('Content-Type', 'text/html; charset=utf-8');
          res.end(SHOP);
        });
        it.use('/touch', (req, res) => {
          (req as TestRequest).session['touched'] = true;
          sendJSON(res, null);
        });
        for (const [url, file] of Object.entries(SCRIPTS))
          it.use(url, (_req, res) => {
            res.setHeader('Content-Type', 'text/javascript');
            res.end(readFileSync(path.join(ROOT, file)));
          });
      },
    });
    apps.push(app);
    return app;
  };

  /** This many tabs of a browser that has no cookies. */
  const openTabs = async (userAgent: string, count: number): Promise<Page[]> => {
    const size = userAgent === IPHONE_WECHAT ? PHONE : DESKTOP;
    const window = await windows.open({ ...size, userAgent });
    return Promise.all(Array.from({ length: count }, () => window.newTab()));
  };
  const openTab = async (userAgent: string): Promise<Page> => {
    const [tab] = (await openTabs(userAgent, 1)) as [Page];
    return tab;
  };

  const heading = async (page: Page): Promise<string | null> => page.locator('h1').textContent();

  describe.each(['in WeChat', 'on a PC'] as const)('of a page with vue-router in hash mode, %s', (where) => {
    const userAgent = where === 'in WeChat' ? IPHONE_WECHAT : DESKTOP_CHROME;

    it.each([
      ['/shop', 'home', '#/'],
      ['/shop?from=menu', 'home', '#/'],
      ['/shop#/orders/7', 'order 7', '#/orders/7'],
      ['/shop?from=menu#/orders/7?tab=2', 'order 7', '#/orders/7?tab=2'],
    ])('%s ends at its route', async (returnTo, shown, fragment) => {
      const app = await start();
      const page = await openTab(userAgent);
      const address = `${app.url}/login?returnTo=${encodeURIComponent(returnTo)}`;
      await page.goto(address);
      if (where === 'on a PC') await scan(page);
      await page.waitForURL((url) => url.pathname === '/shop');
      expect(await heading(page)).toBe(shown);
      expect(new URL(page.url()).hash).toBe(fragment);
      expect(page.url()).not.toContain('wechat_redirect');
      // The same login again: the browser is logged in, and WeChat calls back at once.
      await page.goto(address);
      if (where === 'on a PC') await scan(page);
      await page.waitForURL((url) => url.pathname === '/shop');
      expect(await heading(page)).toBe(shown);
    });
  });

  it('ends at the route of the page once more if WeChat calls back again', async () => {
    const app = await start();
    const page = await openTab(IPHONE_WECHAT);
    const callbacks: string[] = [];
    page.on('request', (request) => {
      if (request.url().startsWith(`${app.url}/callback`)) callbacks.push(request.url());
    });
    await page.goto(`${app.url}/login?returnTo=/shop`);
    await page.waitForURL((url) => url.pathname === '/shop');
    await page.goto(`${callbacks[0] ?? ''}#wechat_redirect`);
    await page.waitForURL((url) => url.pathname === '/shop');
    expect(await heading(page)).toBe('home');
  });

  describe.each([20, 50, 80])('of several tabs at once, with a session store %i ms away', (ms) => {
    it.each([2, 4, 7].flatMap((tabs) => [true, false].map((hasSession) => ({ tabs, hasSession }))))(
      'logs in all $tabs tabs (with a session before: $hasSession)',
      async ({ tabs, hasSession }) => {
        const app = await start({
          session: serverSessions(new SlowSessionStore(ms)),
          auth: { scope: 'snsapi_base' },
        });
        const [last, ...pages] = (await openTabs(IPHONE_WECHAT, tabs + 1)) as [Page, ...Page[]];
        if (hasSession) await last.goto(`${app.url}/touch`);
        await Promise.all(pages.map((page, tab) => page.goto(`${app.url}/me?tab=${tab}`)));
        for (const [tab, page] of pages.entries()) {
          expect(page.url()).toMatch(new RegExp(`^${app.url}/me\\?tab=${tab}#?$`));
          expect(await page.textContent('body')).toContain('"openid"');
        }
        await last.goto(`${app.url}/me`);
        expect(await last.textContent('body')).toContain('"openid"');
      },
    );
  });

  it('is not ended by scripts of the page that ask for the login route', async () => {
    const app = await start({ session: serverSessions() });
    const [login, shop] = (await openTabs(DESKTOP_CHROME, 2)) as [Page, Page];
    await login.goto(`${app.url}/login?returnTo=/shop`);
    await shop.goto(`${app.url}/public`);
    const responses = await shop.evaluate(`Promise.all([1, 2, 3, 4, 5].map(async (n) => {
      const response = await fetch('/login?returnTo=/public?' + n);
      return [response.status, response.redirected, (await response.json()).loginURL];
    }))`);
    expect(responses).toEqual(
      [1, 2, 3, 4, 5].map((n) => [401, false, `/login?returnTo=${encodeURIComponent(`/public?${n}`)}`]),
    );
    await scan(login);
    await login.waitForURL((url) => url.pathname === '/shop');
    await shop.goto(`${app.url}/me`);
    expect(await shop.textContent('body')).toContain('小明');
  });
});

/** Scans the QR code of WeChat's page, and confirms, as the person with the phone does. */
async function scan(page: Page): Promise<void> {
  const callback = await emulator.authorize(page.url());
  await page.goto(callback ?? '');
}
