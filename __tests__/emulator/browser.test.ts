// The pages in a real browser, headless, as people meet them.
import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { IN_WECHAT, Lab } from './lab';
import { openSite, type Site } from './site';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const withBrowser = existsSync(executablePath) ? describe : describe.skip;

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

withBrowser('in a browser', () => {
  let browser: Browser;
  let lab: Lab;
  let site: Site;
  let phone: BrowserContext;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args });
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    lab = await Lab.open();
    site = await openSite(lab);
    phone = await browser.newContext({
      viewport: { width: 390, height: 844 },
      userAgent: IN_WECHAT['User-Agent'],
      locale: 'zh-CN',
    });
  });
  afterEach(async () => {
    await phone.close();
    site.close();
    await lab.wechat.close();
  });

  const authorizeURL = (changes: Record<string, string> = {}): string =>
    lab.authorizeURL({ redirect_uri: `${site.url}/callback`, ...changes });
  const qrURL = (): string => lab.qrURL({ redirect_uri: `${site.url}/callback` });
  const openPhone = async (address: string): Promise<Page> => {
    const page = await phone.newPage();
    await page.goto(address);
    return page;
  };
  const openDesktop = async (address: string): Promise<Page> => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'zh-CN' });
    await page.goto(address);
    return page;
  };
  const who = async (page: Pick<Page, 'locator'>): Promise<string> =>
    (await page.locator('#who').textContent()) ?? '';
  const official = (user: string): string =>
    `${lab.wechat.openid(user, lab.wechat.apps.official.appId)} real`;
  const website = (user: string): string => `${lab.wechat.openid(user, lab.wechat.apps.website.appId)} real`;

  it('consent: picks a person and allows', async () => {
    const page = await openPhone(authorizeURL());
    await page.getByText('Emoji').click();
    await page.getByRole('button', { name: '允许' }).click();
    expect(await who(page)).toBe(official('emoji'));
    expect(site.callbacks[0]?.get('state')).toBe('abc');
  });

  it('consent refused: the site hears nothing', async () => {
    const page = await openPhone(authorizeURL());
    await page.getByRole('button', { name: '拒绝' }).click();
    await page.getByText('应用不会收到回调').waitFor();
    expect(site.callbacks).toHaveLength(0);
  });

  it('silent base: nobody is asked', async () => {
    expect(await who(await openPhone(authorizeURL({ scope: 'snsapi_base' })))).toBe(official('ming'));
  });

  it('outside WeChat: the page says so, and the emulator’s door leads on', async () => {
    const page = await openDesktop(authorizeURL());
    await page.getByText('请在微信客户端打开链接').waitFor();
    await page.getByText('当作在微信里，继续').click();
    await page.getByRole('button', { name: '允许' }).click();
    expect(await who(page)).toBe(official('ming'));
  });

  it('snapshot, then full service', async () => {
    const page = await openPhone(authorizeURL({ forceSnapShot: 'true' }));
    await page.getByText('以虚拟身份继续').click();
    expect(await who(page)).toMatch(/ virtual$/);
    await page.goBack();
    await page.getByRole('button', { name: '使用完整服务' }).click();
    await page.getByRole('button', { name: '允许' }).click();
    expect(await who(page)).toBe(official('ming'));
  });

  it.each([
    ['same-code', 1],
    ['different-codes', 2],
  ] as const)('double callback: %s', async (mode, codes) => {
    lab.wechat.switches.doubleCallback = mode;
    const page = await openPhone(authorizeURL({ scope: 'snsapi_base' }));
    await page.waitForURL(/\/callback\?/);
    expect(site.callbacks).toHaveLength(2);
    expect(new Set(site.callbacks.map((query) => query.get('code'))).size).toBe(codes);
  });

  it('QR login: scanned and confirmed by a second page', async () => {
    const page = await openDesktop(qrURL());
    const href = (await page.getByText('用模拟的手机扫一扫').getAttribute('href')) ?? '';
    const confirm = await openPhone(lab.wechat.url + href);
    await page.getByText('扫描成功').waitFor();
    await confirm.getByRole('button', { name: '允许' }).click();
    await confirm.getByText('登录成功').waitFor();
    expect(await who(page)).toBe(website('ming'));
  });

  it('QR login: cancelled, scanned again, confirmed', async () => {
    const page = await openDesktop(qrURL());
    const address = lab.wechat.url + ((await page.locator('.js_phone').getAttribute('href')) ?? '');
    const first = await openPhone(address);
    await first.getByRole('button', { name: '拒绝' }).click();
    await page.getByText('你已取消此次登录').waitFor();
    const second = await openPhone(address);
    await second.getByRole('button', { name: '允许' }).click();
    expect(await who(page)).toBe(website('ming'));
  });

  it('QR login: expired, refreshed, confirmed', async () => {
    const page = await openDesktop(qrURL());
    const before = await page.locator('.js_phone').getAttribute('href');
    lab.wechat.clock.advance(5 * 60_000);
    await page.getByText('点击刷新').click();
    await page.getByText('使用微信扫一扫登录').waitFor();
    const after = await page.locator('.js_phone').getAttribute('href');
    expect(after).not.toBe(before);
    const confirm = await openPhone(lab.wechat.url + (after ?? ''));
    await confirm.getByRole('button', { name: '允许' }).click();
    expect(await who(page)).toBe(website('ming'));
  });

  it('wxLogin.js: the site itself goes to the callback', async () => {
    const page = await openDesktop(`${site.url}/embed`);
    await page.waitForFunction('document.title === "ready"');
    const frame = page.frameLocator('#login iframe');
    const confirm = await openPhone(
      lab.wechat.url + ((await frame.locator('.js_phone').getAttribute('href')) ?? ''),
    );
    await confirm.getByRole('button', { name: '允许' }).click();
    await page.waitForURL(/\/callback\?/);
    expect(await who(page)).toBe(website('ming'));
    expect(site.callbacks[0]?.get('state')).toBe('embedded');
  });

  it('wxLogin.js with self_redirect: the frame goes to the callback, the site stays', async () => {
    const page = await openDesktop(`${site.url}/embed?self=true`);
    const frame = page.frameLocator('#login iframe');
    const confirm = await openPhone(
      lab.wechat.url + ((await frame.locator('.js_phone').getAttribute('href')) ?? ''),
    );
    await confirm.getByRole('button', { name: '允许' }).click();
    expect(await who(frame)).toBe(website('ming'));
    expect(page.url()).toContain('/embed');
  });

  it('the home page: a switch is changed by hand', async () => {
    const page = await openDesktop(lab.wechat.url);
    await page.locator('select[name=consent]').selectOption('allow');
    await page.locator('#switches button').click();
    await page.waitForLoadState();
    expect(lab.wechat.switches.consent).toBe('allow');
    await page.getByText('小红').click();
    await page.locator('#people button').click();
    await page.locator('#people :checked').waitFor();
    expect(await page.locator('#people :checked').getAttribute('value')).toBe('follower');
  });
});
