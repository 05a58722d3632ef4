// People use the pages in a real browser (headless Chromium).
import type { Page } from 'playwright-core';
import { describeInChromium, DESKTOP, PHONE } from '../support/browsers/chromium';
import { readQRCode } from '../support/browsers/qr-code';
import { IPHONE_WECHAT } from '../support/browsers/user-agents';
import { Windows, type TestWindow } from '../support/browsers/windows';
import { useEmulatorClient, type EmulatorClient } from './support/emulator-client';
import { startLoginSite, type LoginSite } from './support/login-site';

describeInChromium('in a browser', () => {
  const startClient = useEmulatorClient();
  let windows: Windows;
  let client: EmulatorClient;
  let site: LoginSite;
  let phone: TestWindow;
  let desktop: TestWindow;

  beforeAll(async () => {
    windows = await Windows.launch();
  });
  afterAll(() => windows.close());
  beforeEach(async () => {
    client = await startClient();
    site = await startLoginSite(client);
    phone = await windows.open({ ...PHONE, userAgent: IPHONE_WECHAT });
    desktop = await windows.open(DESKTOP);
  });
  afterEach(async () => {
    await windows.free();
    site.close();
  });

  const authorizeURL = (changes: Record<string, string> = {}): string =>
    client.authorizeURL({ redirect_uri: `${site.url}/callback`, ...changes });
  const qrURL = (): string => client.qrURL({ redirect_uri: `${site.url}/callback` });
  const openPhone = async (address: string): Promise<Page> => {
    const page = await phone.newTab();
    await page.goto(address);
    return page;
  };
  const openDesktop = async (address: string): Promise<Page> => {
    const page = await desktop.newTab();
    await page.goto(address);
    return page;
  };
  const shownPerson = async (page: Pick<Page, 'locator'>): Promise<string> =>
    (await page.locator('#who').textContent()) ?? '';
  /** The text that the site shows for a real person who logged in at the official account. */
  const officialPerson = (user: string): string =>
    `${client.wechat.openid(user, client.wechat.apps.official.appId)} real`;
  const websitePerson = (user: string): string =>
    `${client.wechat.openid(user, client.wechat.apps.website.appId)} real`;

  it('consent: a person picks who they are and allows', async () => {
    const page = await openPhone(authorizeURL());
    await page.getByText('Emoji').click();
    await page.getByRole('button', { name: '允许' }).click();
    expect(await shownPerson(page)).toBe(officialPerson('emoji'));
    expect(site.callbacks[0]?.get('state')).toBe('abc');
  });

  it('consent: another site cannot frame the page', async () => {
    const page = await openPhone(`${site.url}/callback`);
    const blocked = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
    await page.evaluate(
      `document.body.append(Object.assign(document.createElement('iframe'), { src: ${JSON.stringify(authorizeURL())} }))`,
    );
    await blocked;
    expect(await page.frameLocator('iframe').getByRole('button', { name: '允许' }).count()).toBe(0);
  });

  it('consent denied: the site is not called back', async () => {
    const page = await openPhone(authorizeURL());
    await page.getByRole('button', { name: '拒绝' }).click();
    await page.getByText('应用不会收到回调').waitFor();
    expect(site.callbacks).toHaveLength(0);
  });

  it('snsapi_base: the person is not asked', async () => {
    expect(await shownPerson(await openPhone(authorizeURL({ scope: 'snsapi_base' })))).toBe(
      officialPerson('ming'),
    );
  });

  it('outside WeChat: the page asks to open it in WeChat, and the emulator’s link continues the login', async () => {
    const page = await openDesktop(authorizeURL());
    await page.getByText('请在微信客户端打开链接').waitFor();
    await page.getByText('模拟在微信中打开').click();
    await page.getByRole('button', { name: '允许' }).click();
    expect(await shownPerson(page)).toBe(officialPerson('ming'));
  });

  it('snapshot page: the virtual user logs in, then the real user by 使用完整服务', async () => {
    const page = await openPhone(authorizeURL({ forceSnapShot: 'true' }));
    await page.getByRole('button', { name: '以虚拟身份继续' }).click();
    expect(await shownPerson(page)).toMatch(/ virtual$/);
    await page.goBack();
    await page.getByRole('button', { name: '使用完整服务' }).click();
    await page.getByRole('button', { name: '允许' }).click();
    expect(await shownPerson(page)).toBe(officialPerson('ming'));
  });

  it.each([
    ['same-code', 1],
    ['different-codes', 2],
  ] as const)('double callback: the site is called back twice, with %s', async (mode, codes) => {
    client.wechat.switches.doubleCallback = mode;
    const page = await openPhone(authorizeURL({ scope: 'snsapi_base' }));
    await page.waitForURL(/\/callback\?/);
    expect(site.callbacks).toHaveLength(2);
    expect(new Set(site.callbacks.map((query) => query.get('code'))).size).toBe(codes);
  });

  it('QR code login: a person scans and confirms in a second page', async () => {
    const page = await openDesktop(qrURL());
    const href = (await page.getByText('用模拟的手机扫一扫').getAttribute('href')) ?? '';
    const confirm = await openPhone(client.wechat.url + href);
    await page.getByText('扫描成功').waitFor();
    await confirm.getByRole('button', { name: '允许' }).click();
    await confirm.getByText('登录成功').waitFor();
    expect(await shownPerson(page)).toBe(websitePerson('ming'));
  });

  it.each<[string, Record<string, string>]>([
    ['the page', {}],
    ['the widget’s page', { login_type: 'jssdk' }],
    ['its plain style', { login_type: 'jssdk', stylelite: '1' }],
  ])(
    'QR code login: a camera reads the QR code of %s, which leads to the confirm page',
    async (_, changes) => {
      const page = await openDesktop(client.qrURL({ redirect_uri: `${site.url}/callback`, ...changes }));
      await page.locator('.js_qrcode_img').evaluate('(image) => image.decode()');
      const read = await readQRCode(page);
      expect(read).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/connect\/confirm\?uuid=[\w-]{16}$/);
      const confirm = await openPhone(read);
      await confirm.getByRole('button', { name: '允许' }).click();
      await page.waitForURL(/\/callback\?/);
      expect(await shownPerson(page)).toBe(websitePerson('ming'));
    },
  );

  it('QR code login: a poll fails with 500, the page reloads and the login succeeds', async () => {
    client.wechat.fail('poll', { errcode: 500 });
    const page = await openDesktop(qrURL());
    const first = await page.locator('#qr').getAttribute('data-uuid');
    await page.locator(`#qr:not([data-uuid="${first ?? ''}"])`).waitFor();
    await page.locator('.js_qrcode_img').evaluate('(image) => image.decode()');
    const confirm = await openPhone(await readQRCode(page));
    await confirm.getByRole('button', { name: '允许' }).click();
    expect(await shownPerson(page)).toBe(websitePerson('ming'));
  });

  it('QR code login: a person cancels, scans again and confirms', async () => {
    const page = await openDesktop(qrURL());
    const address = client.wechat.url + ((await page.locator('.js_phone').getAttribute('href')) ?? '');
    const first = await openPhone(address);
    await first.getByRole('button', { name: '拒绝' }).click();
    await page.getByText('你已取消此次登录').waitFor();
    const second = await openPhone(address);
    await second.getByRole('button', { name: '允许' }).click();
    expect(await shownPerson(page)).toBe(websitePerson('ming'));
  });

  it('QR code login: the QR code expires, a person refreshes the page and confirms', async () => {
    const page = await openDesktop(qrURL());
    const before = await page.locator('.js_phone').getAttribute('href');
    client.wechat.clock.advance(5 * 60_000);
    await page.getByText('点击刷新').click();
    await page.getByText('使用微信扫一扫登录').waitFor();
    const after = await page.locator('.js_phone').getAttribute('href');
    expect(after).not.toBe(before);
    const confirm = await openPhone(client.wechat.url + (after ?? ''));
    await confirm.getByRole('button', { name: '允许' }).click();
    expect(await shownPerson(page)).toBe(websitePerson('ming'));
  });

  it('wxLogin.js: the embedding page goes to the callback', async () => {
    const page = await openDesktop(`${site.url}/embed`);
    await page.waitForFunction('document.title === "ready"');
    const widget = page.locator('#login iframe');
    for (const [name, value] of Object.entries({
      width: '300px',
      height: '400px',
      frameborder: '0',
      scrolling: 'no',
    }))
      expect(await widget.getAttribute(name)).toBe(value);
    expect(await widget.getAttribute('src')).toMatch(
      /\?appid=\w+&scope=snsapi_login&redirect_uri=http%3A.*&state=embedded&login_type=jssdk&self_redirect=false&styletype=&sizetype=&bgcolor=&rst=$/,
    );
    const frame = page.frameLocator('#login iframe');
    const confirm = await openPhone(
      client.wechat.url + ((await frame.locator('.js_phone').getAttribute('href')) ?? ''),
    );
    await confirm.getByRole('button', { name: '允许' }).click();
    await page.waitForURL(/\/callback\?/);
    expect(await shownPerson(page)).toBe(websitePerson('ming'));
    expect(site.callbacks[0]?.get('state')).toBe('embedded');
  });

  it('wxLogin.js with self_redirect: the frame goes to the callback, the embedding page stays', async () => {
    const page = await openDesktop(`${site.url}/embed?self=true`);
    const frame = page.frameLocator('#login iframe');
    const confirm = await openPhone(
      client.wechat.url + ((await frame.locator('.js_phone').getAttribute('href')) ?? ''),
    );
    await confirm.getByRole('button', { name: '允许' }).click();
    expect(await shownPerson(frame)).toBe(websitePerson('ming'));
    expect(page.url()).toContain('/embed');
  });

  it('QR code login in a sandboxed frame: the phone’s buttons are in the page if no tab can open', async () => {
    const flags = 'allow-scripts allow-same-origin allow-top-navigation';
    const page = await openDesktop(`${site.url}/sandbox?flags=${flags}`);
    const frame = page.frameLocator('iframe');
    await frame.locator('.js_phone').click();
    await frame.getByText('扫描成功').waitFor();
    await frame.getByRole('button', { name: '拒绝' }).click();
    await frame.getByText('你已取消此次登录').waitFor();
    await frame.getByRole('button', { name: '允许' }).click();
    await page.waitForURL(/\/callback\?/);
    expect(await shownPerson(page)).toBe(websitePerson('ming'));
  });

  it('QR code login in a frame with an opaque origin: the page says what its sandbox lacks', async () => {
    const page = await openDesktop(`${site.url}/sandbox?flags=allow-scripts`);
    const frame = page.frameLocator('iframe');
    await frame.locator('.js_phone').click();
    await frame.getByText('allow-popups').waitFor();
    expect(client.wechat.requests.filter(({ path }) => path === '/connect/confirm')).toEqual([]);
  });

  it('home page: its forms change a switch and the person', async () => {
    const page = await openDesktop(client.wechat.url);
    await page.locator('select[name=consent]').selectOption('allow');
    await page.locator('#switches button').click();
    await page.waitForLoadState();
    expect(client.wechat.switches.consent).toBe('allow');
    await page.getByText('小红').click();
    await page.locator('#people button').click();
    await page.locator('#people :checked').waitFor();
    expect(await page.locator('#people :checked').getAttribute('value')).toBe('follower');
  });

  it('home page: shows logins, QR codes and faults as they come, and confirms a QR code, without a reload', async () => {
    const { wechat } = client;
    const home = await openDesktop(wechat.url);
    await home.evaluate('window.sameDocument = true');
    const qrPage = await openDesktop(qrURL());
    const qr = home.locator('#qr-codes li');
    await qr.getByRole('combobox').selectOption('emoji');
    await qr.getByRole('button', { name: '扫码' }).click();
    await qr.getByText('已扫码').waitFor();
    await qrPage.getByText('扫描成功').waitFor();
    await qr.getByRole('button', { name: '拒绝' }).click();
    await qrPage.getByText('你已取消此次登录').waitFor();
    await qr.getByRole('combobox').selectOption('emoji');
    await qr.getByRole('button', { name: '允许' }).click();
    await qrPage.waitForURL(/\/callback\?/);
    expect(await shownPerson(qrPage)).toBe(websitePerson('emoji'));
    const login = home.locator('#logins li');
    await login.getByText('code 已使用').waitFor();
    await login.getByText('token 有效').waitFor();
    await home.getByText('没有等待扫码的二维码').waitFor();
    wechat.fail('auth', { errcode: -1 });
    await home.locator('#faults').getByText('计划中').waitFor();
    await client.get('/sns/auth');
    await home.locator('#faults').getByText('已发生').waitFor();
    home.once('dialog', (dialog) => void dialog.accept());
    await home.getByRole('button', { name: '全部重置' }).click();
    await home.getByText('还没有登录').waitFor();
    expect([wechat.requests, wechat.state().faults]).toEqual([[], []]);
    expect(await home.evaluate('window.sameDocument')).toBe(true);
  });

  it('home page: after a reset, its forms show what the emulator then has, and do not restore what it had', async () => {
    const { wechat } = client;
    wechat.switches.consent = 'deny';
    wechat.addApp({ type: 'website', appId: 'wxadded', appSecret: 'x', name: '新店' });
    wechat.addUser({ id: 'lan', nickname: '小兰' });
    const home = await openDesktop(wechat.url);
    await home.locator('#people').getByText('小兰').click();
    // Chosen, and not saved.
    await home.locator('select[name=denial]').selectOption('authdeny');
    home.once('dialog', (dialog) => void dialog.accept());
    await home.getByRole('button', { name: '全部重置' }).click();
    await home.locator('#apps').getByText('新店').waitFor({ state: 'detached' });
    expect(await home.locator('#people').getByText('小兰').count()).toBe(0);
    expect(await home.locator('select[name=denial]').inputValue()).toBe('silent');
    await home.locator('#switches button').click();
    await home.waitForLoadState();
    expect(wechat.switches).toMatchObject({ consent: 'ask', denial: 'silent' });
  });

  it('home page: says that it is no longer up to date if the emulator responds with an error', async () => {
    const home = await openDesktop(client.wechat.url);
    await home.locator('.live[data-state=on]').waitFor();
    await home.route('**/', (route) => route.fulfill({ status: 500, body: 'The emulator failed' }));
    await home.locator('.live[data-state=off]').waitFor();
    await home.unroute('**/');
    await home.locator('.live[data-state=on]').waitFor();
  });

  it('home page: fits a phone in both languages, without a horizontal scroll bar', async () => {
    await client.login({ user: 'dirty' });
    await client.qrPage();
    for (const locale of ['zh-CN', 'en-US']) {
      const window = await windows.open({ viewport: { width: 360, height: 740 }, locale });
      const page = await window.newTab();
      await page.goto(client.wechat.url);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      await page.getByText(locale === 'en-US' ? 'Reset everything' : '全部重置').waitFor();
    }
  });
});
