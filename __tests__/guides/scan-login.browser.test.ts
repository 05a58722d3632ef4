// Runs the guide of the scan login: its server, and its own page in Chromium.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import {
  DESKTOP,
  PHONE,
  describeInChromium,
  launchChromium,
  loseOnePoll,
  openWindow,
} from '../support/browsers/chromium';
import { IPHONE_WECHAT, PHONE_SAFARI } from '../support/browsers/user-agents';
import { emulator, useEmulator } from '../support/emulator';
import { blocksOfGuide, codeOf, run, type RunningGuide } from './guide';

jest.setTimeout(60_000);

describeInChromium('the guide of the scan login', () => {
  useEmulator();
  const folder = mkdtempSync(path.join(tmpdir(), 'guide-'));
  let browser: Browser;
  let app: RunningGuide;
  let ownPageApp: RunningGuide;

  beforeAll(async () => {
    const { official, website } = emulator.apps;
    browser = await launchChromium();
    const start = (file: string, replace: readonly (readonly [string, string])[]): Promise<RunningGuide> =>
      run(codeOf('scan-login', file), {
        replace,
        env: (url) => ({
          SESSION_KEY: 'test key',
          WECHAT_APP_ID: official.appId,
          WECHAT_APP_SECRET: official.appSecret,
          WECHAT_WEBSITE_APP_ID: website.appId,
          WECHAT_WEBSITE_APP_SECRET: website.appSecret,
          WECHAT_OPEN_URL: emulator.url,
          WECHAT_API_URL: emulator.url,
          WECHAT_BASE_URL: url,
        }),
      });
    app = await start('server.ts', []);
    ownPageApp = await start('server-with-own-page.ts', [["'public'", JSON.stringify(folder)]]);
    const html = blocksOfGuide('scan-login').find(({ code }) => code.includes('public/sign-in.html'));
    writeFileSync(path.join(folder, 'sign-in.html'), html?.code ?? '');
    // The test needs the address that only the camera of a phone would read.
    const script = codeOf('scan-login', 'public/sign-in.js').replace(
      'const { svg,',
      'const { url = "", svg,',
    );
    writeFileSync(
      path.join(folder, 'sign-in.js'),
      script.replace("$('code').innerHTML", "$('code').dataset.url = url;\n  $('code').innerHTML"),
    );
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
    await ownPageApp.close();
    rmSync(folder, { recursive: true });
  });

  const open = async (address: string, options: Parameters<typeof openWindow>[1]): Promise<Page> => {
    const page = await (await openWindow(browser, options)).newPage();
    await page.goto(address);
    return page;
  };

  it('logs in with the page of the package and the emulator, as its steps say', async () => {
    const pc = await open(`${app.url}/login?flow=scan&returnTo=/me`, DESKTOP);
    expect(await pc.textContent('h1')).toBe('微信扫码登录');
    const step = blocksOfGuide('scan-login').find(({ code }) => code.startsWith('copy('))?.code ?? '';
    // The console of DevTools has a function that copies.
    const address = await pc.evaluate<string>(`(() => { const copy = (text) => text; return ${step} })()`);
    const phone = await open(address, { ...PHONE, userAgent: 'a browser with MicroMessenger in its name' });
    await phone.getByRole('button', { name: '确认登录' }).click();
    await phone.getByRole('button', { name: '允许' }).click();
    await pc.waitForURL(`${app.url}/me`);
    expect(await pc.textContent('body')).toContain('小明');
  });

  /** Scans the code on a page of the app, and confirms. */
  const scan = async (own: Page): Promise<void> => {
    await own.getByText('请用微信扫一扫').waitFor();
    const url = (await own.locator('#code').getAttribute('data-url')) ?? '';
    expect(await own.locator('#code svg').count()).toBe(1);
    const phone = await open(url, { ...PHONE, userAgent: IPHONE_WECHAT });
    await own.getByText('已扫描').waitFor();
    await loseOnePoll(own);
    expect(await own.locator('#number').textContent()).toBe(
      `核对数字 ${(await phone.locator('.big dd').textContent()) ?? ''}`,
    );
    await phone.getByRole('button', { name: '确认登录' }).click();
    await phone.getByRole('button', { name: '允许' }).click();
  };

  it.each([
    ['a guarded page', '/me?page=2', '/me?page=2'],
    ['the page itself', '/sign-in.html', '/me'],
    ['a link with an address of another site', '/login?returnTo=https://evil.example/', '/me'],
  ])('logs in with a page of the app, from %s', async (_what, from, end) => {
    const own = await open(ownPageApp.url + from, DESKTOP);
    expect(new URL(own.url()).pathname).toBe('/sign-in.html');
    await scan(own);
    await own.waitForURL(ownPageApp.url + end);
    expect(await own.textContent('body')).toContain('小明');
  });

  it('shows the page of the app only to PCs', async () => {
    const inWechat = await open(`${ownPageApp.url}/me`, { ...PHONE, userAgent: IPHONE_WECHAT });
    await inWechat.getByRole('button', { name: '允许' }).click();
    await inWechat.waitForURL(({ pathname }) => pathname === '/me');
    const phone = await open(`${ownPageApp.url}/me`, { ...PHONE, userAgent: PHONE_SAFARI });
    expect(new URL(phone.url()).pathname).toBe('/login');
  });

  it('leaves a login for a scope to the login route, because the page of the app would lose the scope', async () => {
    const pc = await open(`${ownPageApp.url}/login?scope=snsapi_userinfo&returnTo=/me`, DESKTOP);
    expect(new URL(pc.url()).origin).toBe(emulator.url);
  });

  it('says on the page of the app that no login is possible', async () => {
    const own = await (await openWindow(browser, DESKTOP)).newPage();
    await own.route('**/scan-params*', (route) => route.fulfill({ status: 503, body: 'no store' }));
    await own.goto(`${ownPageApp.url}/sign-in.html`);
    await own.getByText('暂时无法登录，请稍后刷新页面').waitFor();
  });

  it('has options for sites with more to lose', async () => {
    const { official } = emulator.apps;
    const configured = await run(codeOf('scan-login', 'server-with-pin.ts'), {
      given: { regionOf: () => 'here' },
      env: { WECHAT_APP_ID: official.appId, WECHAT_APP_SECRET: official.appSecret },
    });
    expect(configured.exports['auth']).toBeInstanceOf(Function);
    await configured.close();
  });
});
