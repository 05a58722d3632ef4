// The pages in Chromium: their policy allows only their style, they fit the screen, and their buttons work.
import type { Browser as Chromium, BrowserContextOptions, Page } from 'playwright-core';
import { startApp, type AppOptions, type TestApp } from '../../support/app';
import {
  DESKTOP,
  PHONE,
  describeInChromium,
  launchChromium,
  openWindow,
} from '../../support/browsers/chromium';
import { IPHONE_WECHAT, PHONE_SAFARI } from '../../support/browsers/user-agents';
import { emulator, useEmulator } from '../../support/emulator';

interface Seen {
  readonly page: Page;
  /** Violations of the Content-Security-Policy. */
  readonly violations: string[];
  /** Requests for anything but the page itself. */
  readonly requests: string[];
}

describeInChromium('the pages in a browser', () => {
  let chromium: Chromium;
  useEmulator({ switches: { consent: 'allow' } });
  const apps: TestApp[] = [];
  const start = async (options: AppOptions = {}): Promise<TestApp> => {
    const app = await startApp(emulator, options);
    apps.push(app);
    return app;
  };

  beforeAll(async () => {
    chromium = await launchChromium();
    jest.spyOn(process, 'emitWarning').mockImplementation();
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await Promise.all(apps.map((app) => app.close()));
    await chromium.close();
  });

  const open = async (address: string, options: BrowserContextOptions): Promise<Seen> => {
    const context = await openWindow(chromium, options);
    const page = await context.newPage();
    const violations: string[] = [];
    const requests: string[] = [];
    await page.exposeFunction('report', (directive: string) => violations.push(directive));
    await page.addInitScript({
      content:
        "document.addEventListener('securitypolicyviolation', (event) => report(event.effectiveDirective))",
    });
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) violations.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.isNavigationRequest()) requests.push(request.url());
    });
    await page.goto(address);
    return { page, violations, requests };
  };

  const styleOf = (page: Page, selector: string, property: string): Promise<string> =>
    page.evaluate(`getComputedStyle(document.querySelector('${selector}')).getPropertyValue('${property}')`);

  type OpenPage = (size: BrowserContextOptions) => Promise<Seen>;
  const pages: Readonly<Record<string, OpenPage>> = {
    'an unknown state': async (size) => open(`${(await start()).url}/callback?code=x&state=y`, size),
    'a lost cookie': async (size) =>
      open(`${(await start()).url}/callback?code=x&state=1${'0'.repeat(32)}`, size),
    'a snapshot user': async (size) => {
      emulator.switches.snapshot = 'always';
      const app = await start();
      const seen = await open(`${app.url}/public`, { ...size, userAgent: IPHONE_WECHAT });
      const redirect = await seen.page.request.get(`${app.url}/login`, {
        maxRedirects: 0,
        headers: { Accept: 'text/html' },
      });
      const callbackURL = await emulator.authorize(redirect.headers()['location'] ?? '');
      emulator.switches.snapshot = 'by-user';
      await seen.page.goto(callbackURL ?? '');
      return seen;
    },
    'a fault that only the operator can fix': async (size) =>
      open(`${(await start({ session: null })).url}/login`, size),
    'a user who may not pass': async (size) => {
      const app = await start({ guard: { check: () => false } });
      return open(`${app.url}/me`, { ...size, userAgent: IPHONE_WECHAT });
    },
    'the page that asks to open WeChat': async (size) =>
      open(`${(await start({ auth: { website: undefined } })).url}/login`, size),
    'the page that asks to open WeChat, with a link to the QR code login': async (size) =>
      open(`${(await start()).url}/login`, { ...size, userAgent: PHONE_SAFARI }),
    'the page that asks to open a computer': async (size) =>
      open(`${(await start({ auth: { appId: undefined, appSecret: undefined } })).url}/login`, {
        ...size,
        userAgent: IPHONE_WECHAT,
      }),
  };

  describe.each(Object.entries(pages))('%s', (_name, openPage) => {
    it.each([
      ['a phone', PHONE],
      ['a small phone in English', { ...PHONE, viewport: { width: 320, height: 568 }, locale: 'en' }],
      ['a PC', DESKTOP],
    ])('fits the screen and has its style on %s', async (_what, size) => {
      const { page, violations, requests } = await openPage(size);
      await page.locator('h1').waitFor();
      expect(violations).toEqual([]);
      expect(requests).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      expect(await styleOf(page, '.icon', 'width')).toBe('64px');
      expect(await styleOf(page, 'main', 'display')).toBe('flex');
      expect(await styleOf(page, 'main', 'background-color')).toBe('rgb(255, 255, 255)');
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await styleOf(page, 'main', 'background-color')).toBe('rgb(25, 25, 25)');
      expect(await styleOf(page, 'main', 'color')).toBe('rgb(213, 213, 213)');
      await page.context().close();
    });
  });

  it('do not run an injected script', async () => {
    const { page, violations } = await open(`${(await start()).url}/callback?code=x&state=y`, DESKTOP);
    await page.evaluate(`
      const script = document.createElement('script');
      script.textContent = 'document.title = "hacked"';
      document.body.append(script);
    `);
    expect(await page.title()).toBe('登录没有完成');
    expect(violations.join()).toContain('script-src');
    await page.context().close();
  });

  it.each([
    ['zh-CN', '复制链接', '已复制'],
    ['en', 'Copy link', 'Copied'],
  ])('copy the address on a phone whose users open it in WeChat: %s', async (locale, copy, copied) => {
    const app = await start();
    const { page, violations } = await open(`${app.url}/login?returnTo=/me`, {
      ...PHONE,
      userAgent: PHONE_SAFARI,
      locale,
    });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: copy }).click();
    await page.getByRole('button', { name: copied }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(`${app.url}/login?returnTo=%2Fme`);
    expect(violations).toEqual([]);
    await page.context().close();
  });

  it('show a QR code that is black on white and large enough, also in dark mode', async () => {
    const app = await start({ auth: { website: undefined } });
    const { page } = await open(`${app.url}/me`, { ...DESKTOP, colorScheme: 'dark' });
    const box = await page.locator('.code svg').boundingBox();
    expect(box).toMatchObject({ width: 200, height: 200 });
    expect(await styleOf(page, '.code', 'background-color')).toBe('rgb(255, 255, 255)');
    expect(await styleOf(page, '.code path', 'fill')).toBe('rgb(0, 0, 0)');
    await page.context().close();
  });

  it('select the whole address at a double click', async () => {
    const app = await start({ auth: { website: undefined } });
    const { page } = await open(`${app.url}/me`, { ...PHONE, userAgent: PHONE_SAFARI });
    await page.locator('.address').click({ clickCount: 2 });
    const selected = await page.evaluate<string>('String(getSelection())');
    expect(selected.trim()).toBe(`${app.url}/login?returnTo=%2Fme`);
    await page.context().close();
  });

  it('have a button that starts the login again and leads to its return path', async () => {
    const app = await start();
    const { page } = await open(`${app.url}/public`, { ...PHONE, userAgent: IPHONE_WECHAT });
    emulator.switches.consent = 'deny';
    emulator.switches.denial = 'authdeny';
    await page.goto(`${app.url}/me?tab=orders`);
    expect(await page.locator('h1').textContent()).toBe('你已取消登录');
    expect(await styleOf(page, 'a.main', 'background-color')).toBe('rgb(7, 193, 96)');
    emulator.switches.consent = 'allow';
    await page.getByRole('link', { name: '重新登录' }).click();
    // The empty fragment of the redirect replaces the one of WeChat's page, #wechat_redirect.
    await page.waitForURL(`${app.url}/me?tab=orders#`);
    expect(await page.textContent('body')).toContain('小明');
    await page.context().close();
  });
});
