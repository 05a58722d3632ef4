// A scan login in Chromium: the code is read from a picture of the screen, as the camera of a phone reads it.
import type { BrowserContextOptions, Page, Response } from 'playwright-core';
import { startApp, type OwnOptions, type TestApp } from '../../support/app';
import { DESKTOP, PHONE, describeInChromium } from '../../support/browsers/chromium';
import { readQRCode } from '../../support/browsers/qr-code';
import { IPHONE_WECHAT, PHONE_SAFARI } from '../../support/browsers/user-agents';
import { Windows } from '../../support/browsers/windows';
import { emulator, useEmulator } from '../../support/emulator';
import { scanOptions, type ScanStatus } from '../../support/browsers/scan-login';

const WECHAT: BrowserContextOptions = { ...PHONE, userAgent: IPHONE_WECHAT };

jest.setTimeout(60_000);

describeInChromium('a scan login in a browser', () => {
  useEmulator({ switches: { recentLogin: 'ask' } });
  let windows: Windows;
  const apps: TestApp[] = [];

  beforeAll(async () => {
    windows = await Windows.launch((page) => {
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (message) => {
        if (/content security policy/i.test(message.text())) problems.push(message.text());
      });
    });
  });
  afterEach(async () => {
    await windows.free();
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });
  afterAll(() => windows.close());

  async function start(scanLogin: Parameters<typeof scanOptions>[0] = true): Promise<TestApp> {
    const app = await startApp(emulator, { auth: scanOptions(scanLogin) });
    apps.push(app);
    return app;
  }

  const problems: string[] = [];

  async function open(address: string, options: BrowserContextOptions): Promise<Page> {
    const page = await (await windows.open(options)).newTab();
    await page.goto(address);
    return page;
  }
  beforeEach(() => (problems.length = 0));
  afterEach(() => {
    expect(problems).toEqual([]);
  });

  /** The QR code of the scan login on this page. */
  const readCode = (page: Page): Promise<string> => readQRCode(page.locator('.scan-code'));

  const state = (page: Page) => page.locator('#state');
  const isProfile = ({ pathname }: URL): boolean => pathname === '/me';

  async function confirm(phone: Page, done = '请回到电脑继续'): Promise<void> {
    await phone.getByRole('button', { name: '确认登录' }).click();
    await phone.getByRole('button', { name: '允许' }).click();
    await phone.getByRole('heading', { name: done }).waitFor();
  }

  it.each(['light', 'dark'] as const)(
    'lands on the page that the PC came for, with a code from a %s screen',
    async (colorScheme) => {
      const app = await start();
      const pc = await open(`${app.url}/me?tab=orders#top`, { ...DESKTOP, colorScheme });
      const code = await readQRCode(pc);
      expect(code).toMatch(new RegExp(`^${app.url}/scan/[\\w-]{52}$`));
      const number = await pc.locator('#number').textContent();
      expect(await pc.locator('#time').textContent()).toMatch(/^二维码 [45]:\d\d 后失效$/);

      const phone = await open(code, { ...WECHAT, colorScheme });
      expect(await phone.locator('.big dd').textContent()).toBe(number);
      await pc.getByText('已扫描，请在手机上核对数字并确认').waitFor();
      await confirm(phone);
      await pc.waitForURL(isProfile);
      expect(pc.url()).toContain('/me?tab=orders');
      expect(await pc.textContent('body')).toContain('小明');
      await phone.goto(`${app.url}/me`);
      expect(phone.url()).toContain('/connect/oauth2/authorize');
    },
  );

  it('shows that the user cancelled, and offers a new code', async () => {
    const app = await start();
    const pc = await open(`${app.url}/me`, DESKTOP);
    const first = await readCode(pc);
    const phone = await open(first, WECHAT);
    await phone.getByRole('button', { name: '取消' }).click();
    await phone.getByRole('heading', { name: '已取消登录' }).waitFor();
    await pc.getByText('你已在手机上取消登录').waitFor();
    expect(await readCode(pc)).toBe('');
    await pc.getByRole('link', { name: '换一个二维码' }).click();
    await pc.getByText('用「扫一扫」').waitFor();
    const second = await readCode(pc);
    expect(second).not.toBe(first);
    await confirm(await open(second, WECHAT));
    await pc.waitForURL(isProfile);
  });

  it('shows that the code has expired', async () => {
    const app = await start();
    const pc = await open(`${app.url}/me`, DESKTOP);
    const code = await readCode(pc);
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 5 * 60_000 + 1_000);
    await pc.getByText('二维码已失效').waitFor();
    expect(await pc.getByRole('link', { name: '换一个二维码' }).isVisible()).toBe(true);
    const phone = await open(code, WECHAT);
    expect(await phone.textContent('h1')).toBe('二维码已失效');
    now.mockRestore();
  });

  it('tells a second phone that the code is taken', async () => {
    const app = await start();
    const pc = await open(`${app.url}/me`, DESKTOP);
    const code = await readCode(pc);
    const phone = await open(code, WECHAT);
    const second = await open(code, WECHAT);
    expect(await second.textContent('h1')).toBe('二维码已被使用');
    expect(await second.getByRole('button').count()).toBe(0);
    await confirm(phone);
    await pc.waitForURL(isProfile);
  });

  it('survives a reload of the PC: the new code works, and so does the old one that was scanned before', async () => {
    const app = await start();
    const pc = await open(`${app.url}/me`, DESKTOP);
    const phone = await open(await readCode(pc), WECHAT);
    const number = await phone.locator('.big dd').textContent();
    await pc.reload();
    await pc.getByText('已扫描，请在手机上核对数字并确认').waitFor();
    expect(await pc.locator('#number').textContent()).toBe(number);
    await confirm(phone);
    await pc.waitForURL(isProfile);

    const other = await open(`${app.url}/me`, DESKTOP);
    await other.reload();
    await confirm(await open(await readCode(other), WECHAT));
    await other.waitForURL(isProfile);
  });

  it('survives the Back button of the phone', async () => {
    const app = await start();
    const pc = await open(`${app.url}/me`, DESKTOP);
    const code = await readCode(pc);
    const phone = await open(code, WECHAT);
    await phone.getByRole('button', { name: '确认登录' }).click();
    await phone.getByRole('button', { name: '允许' }).waitFor();
    await phone.goBack();
    await confirm(phone);
    await pc.waitForURL(isProfile);
    await phone.goto(code);
    expect(await phone.textContent('h1')).toBe('请回到电脑继续');
    expect(await pc.textContent('body')).toContain('小明');
  });

  it('goes on in the browser of a phone, whose user opens the link in WeChat', async () => {
    const app = await start();
    const safari = await open(`${app.url}/me`, { ...PHONE, userAgent: PHONE_SAFARI });
    const link = (await safari.locator('#link').textContent()) ?? '';
    await safari.getByRole('button', { name: '复制链接' }).click();
    expect((await safari.evaluate<string>('String(getSelection())')).trim()).toBe(link);
    const wechat = await open(link, WECHAT);
    await safari.getByText('已在微信中打开，请核对数字并确认').waitFor();
    await confirm(wechat, '请回到刚才的浏览器继续');
    await safari.waitForURL(isProfile);
    expect(await safari.textContent('body')).toContain('小明');
  });

  it('asks for the digits that the phone shows', async () => {
    const app = await start({ confirm: 'pin' });
    const pc = await open(`${app.url}/me`, DESKTOP);
    expect(await pc.locator('#pin').isVisible()).toBe(false);
    const phone = await open(await readCode(pc), WECHAT);
    await pc.locator('#pin').waitFor();
    expect(await state(pc).textContent()).toBe('已扫描：请在手机上确认，再输入手机上显示的四位数字');
    await confirm(phone);
    const pin = (await phone.locator('.big-pin').textContent()) ?? '';
    await pc.keyboard.type(String((Number(pin) + 1) % 10_000).padStart(4, '0'));
    await pc.keyboard.press('Enter');
    await pc.getByText('数字不正确，请重新输入').waitFor();
    // The polls that follow do not know of the wrong digits.
    for (let polls = 0; polls < 2; polls++)
      await pc.waitForResponse(
        (response) => response.url().includes('/scan?') && response.request().method() === 'GET',
      );
    expect(await state(pc).textContent()).toBe('数字不正确，请重新输入');
    await pc.locator('#digits').fill(pin);
    expect(await state(pc).textContent()).toContain('已扫描');
    await pc.keyboard.press('Enter');
    await pc.waitForURL(isProfile);
  });

  it.each(['tap', 'pin'] as const)(
    'waits for a slow onLogin, though later polls find the code used up: %s',
    async (way) => {
      const { started, finish, onLogin } = slowOnLogin();
      const app = await startApp(emulator, { auth: { ...scanOptions({ confirm: way }), onLogin } });
      apps.push(app);
      const pc = await open(`${app.url}/me`, { ...PHONE, userAgent: PHONE_SAFARI });
      const phone = await open((await pc.locator('#link').textContent()) ?? '', WECHAT);
      await confirm(phone, '请回到刚才的浏览器继续');
      if (way === 'pin') {
        await pc.locator('#digits').fill((await phone.locator('.big-pin').textContent()) ?? '');
        await pc.keyboard.press('Enter');
      }
      await started;
      for (let polls = 0; polls < 2; polls++) {
        const expired = pc.waitForResponse(isExpired);
        // The user comes back from WeChat, and the page polls at once.
        await pc.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
        await expired;
      }
      expect(await state(pc).textContent()).not.toContain('已失效');
      expect(await pc.locator('#again').isVisible()).toBe(false);
      finish();
      await pc.waitForURL(isProfile);
      expect(await pc.textContent('body')).toContain('小明');
    },
  );

  it('says that the server failed when the digits were sent, and accepts them again', async () => {
    const app = await start({ confirm: 'pin' });
    const pc = await open(`${app.url}/me`, DESKTOP);
    const phone = await open(await readCode(pc), WECHAT);
    await confirm(phone);
    const pin = (await phone.locator('.big-pin').textContent()) ?? '';
    await pc.route(
      ({ pathname }) => pathname === '/scan',
      (route) =>
        route.request().method() === 'POST'
          ? route.fulfill({ status: 503, json: { error: 'token_store', message: 'busy' } })
          : route.continue(),
    );
    await pc.locator('#digits').fill(pin);
    await pc.keyboard.press('Enter');
    await pc.getByText('网络连接中断，正在重试').waitFor();
    await pc.unrouteAll();
    await pc.keyboard.press('Enter');
    await pc.waitForURL(isProfile);
  });

  it.each<{ response: string; shown: string; onError: OwnOptions['onError'] }>([
    {
      response: 'text',
      shown: '登录没有成功',
      onError: ({ status }, _req, res) => res.writeHead(status).end('banned'),
    },
    {
      response: 'a redirect to a page',
      shown: 'ask the owner for an account',
      onError: (_error, _req, res) => res.writeHead(303, { Location: '/denied' }).end(),
    },
  ])('shows a refusal to which onError responds with $response', async ({ shown, onError }) => {
    const refuse = (): never => {
      throw Object.assign(new Error('banned'), { refuse: true });
    };
    const app = await startApp(emulator, {
      auth: { ...scanOptions(), onLogin: refuse, onError },
      routes: (host) => host.use('/denied', (_req, res) => res.end('ask the owner for an account')),
    });
    apps.push(app);
    const pc = await open(`${app.url}/me`, DESKTOP);
    await confirm(await open(await readCode(pc), WECHAT));
    await pc.getByText(shown).waitFor();
  });

  it('asks again while the session store or a proxy responds 500 with a page', async () => {
    const app = await start();
    const pc = await open(`${app.url}/me`, DESKTOP);
    const phone = await open(await readCode(pc), WECHAT);
    const isPoll = ({ pathname }: URL): boolean => pathname === '/scan';
    await pc.route(isPoll, (route) => route.fulfill({ status: 500, body: '<h1>Internal Server Error</h1>' }));
    await pc.getByText('网络连接中断，正在重试').waitFor();
    await pc.unrouteAll();
    await confirm(phone);
    await pc.waitForURL(isProfile);
  });

  it('says at the second poll that the first one did not find the login', async () => {
    const app = await start();
    const pc = await open(`${app.url}/me`, DESKTOP);
    const polls: boolean[] = [];
    await pc.route(
      ({ pathname }) => pathname === '/scan',
      async (route) => {
        polls.push(new URL(route.request().url()).searchParams.has('missed'));
        await route.fulfill({ json: { status: 'expired' } });
      },
    );
    await pc.getByText('二维码已失效').waitFor();
    expect(polls).toEqual([false, true]);
  });

  it('goes on by a link without scripts', async () => {
    const app = await start();
    const pc = await open(`${app.url}/me`, { ...DESKTOP, javaScriptEnabled: false });
    const phone = await open(await readCode(pc), WECHAT);
    await confirm(phone);
    await pc.getByRole('link', { name: '已在手机上确认，继续' }).click();
    await pc.waitForURL(isProfile);
    expect(await pc.textContent('body')).toContain('小明');
  });

  it('tells screen readers what happens', async () => {
    const app = await start();
    const pc = await open(`${app.url}/me`, DESKTOP);
    const phone = await open(await readCode(pc), WECHAT);
    await pc.getByText('已扫描').waitFor();
    const status = pc.getByRole('status');
    expect(await status.textContent()).toBe(await state(pc).textContent());
    expect(await status.getAttribute('aria-live')).toBe('polite');
    expect(await pc.getByRole('img', { name: '登录二维码' }).count()).toBe(1);
    expect(await phone.getByRole('button').allTextContents()).toEqual(['取消', '确认登录']);
    const [cancel, go] = await Promise.all(
      ['取消', '确认登录'].map((name) => phone.getByRole('button', { name }).boundingBox()),
    );
    expect(cancel?.width).toBeCloseTo(go?.width ?? 0, 0);
    expect(cancel?.height).toBe(go?.height);
  });

  it.each([
    ['a small phone in English', { ...WECHAT, viewport: { width: 320, height: 568 }, locale: 'en' }],
    ['a phone', WECHAT],
    ['a PC', { ...DESKTOP, userAgent: IPHONE_WECHAT }],
  ])('fits the screen of %s', async (_what, options) => {
    const app = await start({ confirm: 'pin' });
    const pc = await open(`${app.url}/me`, { ...options, userAgent: PHONE_SAFARI });
    const phone = await open((await pc.locator('#link').textContent()) ?? '', options);
    for (const page of [pc, phone])
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });
});

async function isExpired(response: Response): Promise<boolean> {
  return response.url().includes('/scan?') && ((await response.json()) as ScanStatus).status === 'expired';
}

/** An `onLogin` that lasts until the test ends it. */
function slowOnLogin(): { started: Promise<void>; finish: () => void; onLogin: () => Promise<void> } {
  const { promise: started, resolve: start } = pending();
  const { promise: ended, resolve: finish } = pending();
  const onLogin = (): Promise<void> => {
    start();
    return ended;
  };
  return { started, finish, onLogin };
}

function pending(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
