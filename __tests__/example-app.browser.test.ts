import type { Browser, Page } from 'playwright-core';
import {
  DESKTOP,
  PHONE,
  describeInChromium,
  launchChromium,
  loseOnePoll,
  openWindow,
} from './support/browsers/chromium';
import { IPHONE_WECHAT } from './support/browsers/user-agents';
import { startExample, type ExampleApp } from './support/processes/example-app';

/**
 * A redirect without a fragment keeps the previous fragment, so the address still ends in `#wechat_redirect`.
 */
const isProfile = (url: URL): boolean => url.pathname === '/me';

describeInChromium('the example app in a browser', () => {
  let example: ExampleApp;
  let browser: Browser;

  beforeAll(async () => {
    [example, browser] = await Promise.all([startExample(), launchChromium()]);
  });
  afterAll(async () => {
    await browser.close();
    await example.stop();
  });

  async function open(options: Parameters<typeof openWindow>[1]): Promise<Page> {
    const context = await openWindow(browser, options);
    const page = await context.newPage();
    await page.goto(example.url);
    return page;
  }

  it('says that it talks to an emulated WeChat', () => {
    expect(example.output).toMatch(/No WECHAT_APP_ID.*emulated WeChat/);
  });

  it('logs a user in on a phone by the consent page, shows the profile, and logs out again', async () => {
    const page = await open({ ...PHONE, userAgent: IPHONE_WECHAT });
    await page.click('text=微信登录');
    expect(page.url()).toContain('/connect/oauth2/authorize');
    await page.click('text=允许');
    await page.waitForURL(isProfile);
    expect(await page.textContent('h1')).toBe('小明');
    expect(
      await page.locator('.avatar').evaluate((image: { naturalWidth?: number }) => image.naturalWidth),
    ).toBeGreaterThan(0);

    await page.goto(example.url);
    await page.click('#ask');
    await page.locator('#response').waitFor({ state: 'visible' });
    expect(await page.textContent('#response')).toMatch(/^200 [\s\S]*小明/);

    await page.goto(`${example.url}/me`);
    await page.click('text=退出登录');
    await page.waitForURL(`${example.url}/`);
    await page.click('#ask');
    await page.locator('#response').waitFor({ state: 'visible' });
    expect(await page.textContent('#response')).toMatch(/^401 [\s\S]*"loginURL"/);
    await page.context().close();
  });

  it('logs a user in on a computer when the emulated phone scans the QR code', async () => {
    const page = await open(DESKTOP);
    await page.click('text=微信登录');
    expect(page.url()).toContain('/connect/qrconnect');
    const [phone] = await Promise.all([
      page.context().waitForEvent('page'),
      page.click('a[href*="/connect/confirm"]'),
    ]);
    await phone.click('text=允许');
    await page.waitForURL(isProfile);
    expect(await page.textContent('h1')).toBe('小明');
    await page.context().close();
  });

  it('logs a computer in with the official account alone, when the emulated phone confirms', async () => {
    const page = await open(DESKTOP);
    await page.click('text=服务号扫码登录');
    const [phone] = await Promise.all([
      page.context().waitForEvent('page'),
      page.click('text=用模拟的手机扫码'),
    ]);
    const number = await page.locator('strong').textContent();
    expect(await phone.locator('.big dd').textContent()).toBe(number);
    await page.getByText('请在手机上确认').waitFor();
    await loseOnePoll(page);
    await phone.click('text=确认登录');
    // In a desktop browser, the emulator first offers to go on as WeChat's client.
    await phone.getByRole('link').first().click();
    await phone.click('text=允许');
    await phone.getByText('请回到电脑继续').waitFor();
    await page.waitForURL(isProfile);
    expect(await page.textContent('h1')).toBe('小明');
    await page.context().close();
  });

  it('comes back to the profile when Back is pressed after the login', async () => {
    const page = await open({ ...PHONE, userAgent: IPHONE_WECHAT });
    await page.goto(`${example.url}/me`);
    await page.click('text=允许');
    await page.waitForURL(isProfile);
    await page.goto(example.url);
    await page.goBack();
    expect(await page.textContent('h1')).toBe('小明');
    await page.context().close();
  });
});
