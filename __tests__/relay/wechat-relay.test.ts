import { Browser, type BrowserResponse } from '../support/browser';
import { HOSTS, type Running } from '../support/hosts';
import { startRelay } from './relay-site';

const TO = ['https://app.example.com', 'http://localhost:3000/callback'];
const NAME = 'MP_verify_Ab12Cd34Ef56Gh78.txt';
const environment = process.env['NODE_ENV'];

let warned: jest.SpyInstance;
beforeEach(() => {
  warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});
afterEach(() => {
  jest.restoreAllMocks();
  process.env['NODE_ENV'] = environment;
});

describe.each(HOSTS.flatMap((host) => ['', '/wechat'].map((mount) => ({ host, mount }))))(
  'wechatRelay() at "$mount" on $host',
  ({ host, mount }) => {
    let relay: Running;
    let browser: Browser;
    beforeEach(async () => {
      relay = await startRelay(host, mount, { to: TO, verificationFiles: { [NAME]: 'Ab12Cd34Ef56Gh78' } });
      browser = Browser.inWechat(relay.url);
    });
    afterEach(() => relay.close());

    const get = (query: string, headers = {}): Promise<BrowserResponse> =>
      browser.get(`${mount}/callback?${query}`, { headers });
    const sent = async (to: string, others = 'code=C&state=S'): Promise<string> => {
      const { status, location } = await get(`to=${encodeURIComponent(to)}&${others}`);
      expect(status).toBe(302);
      return location;
    };
    const RESTRICTED = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };

    it('sends the browser on with code and state, uncached and without a referrer', async () => {
      const { status, location, headers, body } = await get(
        'to=http://localhost:3000/callback&code=C&state=S',
      );
      expect([status, location, body]).toEqual([302, 'http://localhost:3000/callback?code=C&state=S', '']);
      expect(headers).toMatchObject(RESTRICTED);
      expect(headers['set-cookie']).toBeUndefined();
      expect(warned.mock.calls.filter(([, { code }]) => code === 'WECHAT_RELAY_REFUSED')).toEqual([]);
    });

    it('keeps the query and the fragment of an address, and puts code and state between them', async () => {
      expect(await sent('https://app.example.com')).toBe('https://app.example.com/?code=C&state=S');
      expect(await sent('https://app.example.com/?')).toBe('https://app.example.com/?code=C&state=S');
      expect(await sent('https://app.example.com/cb?a=1&b=%20+é')).toBe(
        'https://app.example.com/cb?a=1&b=%20+%C3%A9&code=C&state=S',
      );
      expect(await sent('https://app.example.com/cb#/page?x')).toBe(
        'https://app.example.com/cb?code=C&state=S#/page?x',
      );
      expect(await sent('https://app.example.com/cb?a=1#x')).toBe(
        'https://app.example.com/cb?a=1&code=C&state=S#x',
      );
    });

    it('sends on only what WeChat sent', async () => {
      const to = 'https://app.example.com/cb';
      expect(await sent(to, 'state=S')).toBe(`${to}?state=S`);
      expect(await sent(to, 'code=&state=S')).toBe(`${to}?state=S`);
      expect(await sent(to, 'code=authdeny&state=S')).toBe(`${to}?code=authdeny&state=S`);
      expect(await sent(to, 'code=C')).toBe(`${to}?code=C`);
      expect(await sent(to, 'code=C&state=')).toBe(`${to}?code=C&state=`);
      expect(await sent(to, '')).toBe(to);
      expect(await sent(to, 'code=C&state=S&appid=wx1&other=x')).toBe(`${to}?code=C&state=S`);
      expect(await sent(to, 'code=%26x%3d%23%0d%0a&state=%E4%BE%8B+%22')).toBe(
        `${to}?code=%26x%3D%23%0D%0A&state=%E4%BE%8B%20%22`,
      );
    });

    it.each([
      ['HEAD', {}],
      ['GET', { 'Sec-Purpose': 'prefetch' }],
      ['GET', { Purpose: 'prefetch' }],
    ])('does nothing for %s %j', async (method, headers) => {
      for (const to of [...TO, 'https://evil.example']) {
        const response = await browser.request(`${mount}/callback?to=${to}&code=C`, { method, headers });
        expect([response.status, response.location, response.body]).toEqual([204, '', '']);
        expect(response.headers).toMatchObject(RESTRICTED);
      }
    });

    it('leaves other methods and paths to the app', async () => {
      const query = '?to=https://app.example.com&code=C';
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
        expect((await browser.request(`${mount}/callback${query}`, { method })).body).toBe('not the relay');
      for (const path of ['/', '/login', '/callback/x', '/Callback', '/x/callback', '/call%62ack'])
        expect([path, (await browser.get(mount + path + query)).body]).toEqual([path, 'not the relay']);
      expect((await browser.get(`${mount}/callback/${query}`)).status).toBe(302);
    });

    it.each([
      ['zh-CN,zh;q=0.9', 'zh-CN', '无法返回应用'],
      ['en-GB', 'en', 'This login cannot continue'],
      ['fr', 'zh-CN', '无法返回应用'],
    ])('shows a page to a browser with the language %s', async (accepted, language, title) => {
      process.env['NODE_ENV'] = 'production';
      const page = await get('to=https://evil.example/<b>&code=CODE-1&state=S', {
        'Accept-Language': accepted,
      });
      expect([page.status, page.location]).toEqual([400, '']);
      expect(page.headers).toMatchObject({ ...RESTRICTED, 'content-type': 'text/html; charset=utf-8' });
      expect(page.headers['content-security-policy']).toContain("default-src 'none'");
      expect(page.headers.vary).toMatch(/Accept, Sec-Fetch-Mode, X-Requested-With, Accept-Language/);
      expect(page.body).toContain(`<html lang="${language}">`);
      expect(page.body).toContain(`<h1>${title}</h1>`);
      expect(page.body).not.toMatch(/evil\.example|CODE-1|<a |中转没有放行/);
    });

    it.each([
      ['?code=CODE-1', 'of its own in the query'],
      ['', 'not on its list. If you trust that app like production, add its callback address'],
    ])('names the address and the cause in development, and no code: to=…%s', async (query, cause) => {
      const page = await get(`to=https://evil.example/<b>${query}&code=CODE-2`, { 'Accept-Language': 'en' });
      expect(page.body).toContain('https://evil.example/&lt;b&gt;');
      expect(page.body).toContain(cause);
      expect(page.body).not.toMatch(/CODE-/);
    });

    it('says the cause in Chinese on a Chinese page, as the console does', async () => {
      const page = await get('to=https://evil.example/&code=CODE-3', { 'Accept-Language': 'zh-CN' });
      const reason =
        /<strong>配置有误<.strong>。(中转没有放行：.*?)<.li>/.exec(page.body)?.[1] ?? 'no reason';
      expect(page.body).toContain('which is not on its list');
      expect(warned.mock.calls.map(([message]) => message as string).join()).toContain(reason);
    });

    it.each([
      { 'Sec-Fetch-Mode': 'cors' },
      { 'X-Requested-With': 'XMLHttpRequest' },
      { Accept: 'application/json' },
      { Accept: '*/*' },
    ])('responds to a script with JSON: %j', async (headers) => {
      process.env['NODE_ENV'] = 'production';
      const response = await get('to=https://evil.example&code=C&state=S', headers);
      expect(response.status).toBe(400);
      expect(response.headers).toMatchObject({
        ...RESTRICTED,
        'content-type': 'application/json; charset=utf-8',
      });
      expect(response.json()).toEqual({
        error: 'config',
        message: '无法返回应用。发起登录的应用不在本站允许的名单中，请联系该应用的管理员。',
      });
    });

    it('warns of what it refused, once for each cause, however often an attacker tries', async () => {
      for (let at = 0; at < 5; at++) {
        await get(`to=https://evil-${at}.example/%0a?code=CODE-1`);
        await get(`to=https://evil-${at}.example/a%0ab`);
        await get(`to=${'x'.repeat(3000)}`);
        await get('code=C');
      }
      const messages = warned.mock.calls
        .filter(([, { code }]) => code === 'WECHAT_RELAY_REFUSED')
        .map(([message]) => message as string);
      expect(messages).toHaveLength(4);
      expect(messages.join('\n')).toMatch(/evil-0\.example.*not on its list/);
      expect(messages.join('')).not.toMatch(/CODE-1|\n/);
      expect(Math.max(...messages.map((message) => message.length))).toBeLessThan(400);
    });

    it('serves verification files, and warns if that is not at the root', async () => {
      const file = await browser.get(`${mount}/${NAME}`);
      expect([file.status, file.body]).toEqual([200, 'Ab12Cd34Ef56Gh78']);
      const warnings = warned.mock.calls.map(([message]) => message as string);
      expect(warnings).toEqual(
        mount === '' ? [] : [expect.stringMatching(/below \/wechat, .* Mount wechatRelay\(\) at/)],
      );
    });
  },
);
