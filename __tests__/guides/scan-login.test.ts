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
import { IPHONE_WECHAT } from '../support/browsers/user-agents';
import { emulator, useEmulator } from '../support/emulator';
import { blocksOfGuide, codeOf, run, type RunningGuide } from './guide';

jest.setTimeout(60_000);

describeInChromium('the guide of the scan login', () => {
  useEmulator();
  const folder = mkdtempSync(path.join(tmpdir(), 'guide-'));
  let browser: Browser;
  let app: RunningGuide;

  beforeAll(async () => {
    const { official, website } = emulator.apps;
    browser = await launchChromium();
    app = await run(codeOf('scan-login', 'server.ts'), {
      replace: [["'public'", JSON.stringify(folder)]],
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

  it('logs in with a page of the app', async () => {
    const own = await open(`${app.url}/sign-in.html`, DESKTOP);
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
    await own.waitForURL(`${app.url}/me`);
    expect(await own.textContent('body')).toContain('小明');
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
