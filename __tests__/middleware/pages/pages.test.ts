import crypto from 'node:crypto';
import escapeHTML from 'escape-html';
import net from 'node:net';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { ERROR_KINDS, WeChatAPIError, WechatAuthError, type WechatError } from '../../../lib/index';
import { sendErrorPage, messageFor, type ErrorPage } from '../../../lib/middleware/pages/error-page';
import { COPY_SCRIPT } from '../../../lib/middleware/pages/copy-link';
import { WHAT_HAPPENED } from '../../../lib/middleware/pages/what-happened';
import { CAUSES } from '../../../lib/middleware/failures/lost-session/causes';
import { sendOpenInWechat } from '../../../lib/middleware/pages/open-in-wechat';
import { startApp, type AppOptions, type TestApp } from '../../support/app';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
import { listen, type Running } from '../../support/hosts';
import {
  DESKTOP_CHROME,
  IPHONE_WECHAT,
  MINI_PROGRAM_WEB_VIEW,
  PHONE_SAFARI,
  WECOM,
} from '../../support/browsers/user-agents';
import { emulator, useEmulator } from '../../support/emulator';

/** One errcode of each kind that WeChat reports, and those with a remedy of their own. */
const ERRCODES = [
  -1, 40001, 40003, 40013, 40029, 40163, 40164, 40226, 40243, 41018, 42002, 42006, 45011, 48001, 61003, 61004,
  61007, 99,
];

const ENGLISH = { 'Accept-Language': 'en-GB,en;q=0.9' };

useEmulator();
const running: Running[] = [];

async function start(options: AppOptions = {}): Promise<TestApp> {
  const app = await startApp(emulator, options);
  running.push(app);
  return app;
}

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation();
});
afterEach(async () => {
  jest.restoreAllMocks();
  process.env['NODE_ENV'] = 'test';
  await Promise.all(running.splice(0).map((app) => app.close()));
});

/** Sends a page without an app. */
async function render(
  send: (req: IncomingMessage, res: ServerResponse) => void,
  headers: Record<string, string> = {},
): Promise<BrowserResponse> {
  const server = await listen(http.createServer(send).listeners('request')[0] as http.RequestListener);
  try {
    return await new Browser(server.url, IPHONE_WECHAT).get('/', { headers });
  } finally {
    await server.close();
  }
}

const errorPage =
  (error: WechatError, page: ErrorPage = { retry: '/login', home: '/' }) =>
  (req: IncomingMessage, res: ServerResponse): void => {
    sendErrorPage(req, res, error, page);
  };

/** The rules of every page. */
/** @param script the only script of the page: most pages have none */
function expectSoundPage({ headers, body: whole }: BrowserResponse, script?: string): void {
  const element = script === undefined ? '' : `<script>${script}</script>`;
  expect(whole).toContain(element);
  const body = whole.replace(element, '');
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  expect(headers['cache-control']).toBe('no-store');
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers.vary).toMatch(/Accept-Language/);
  const style = /<style>([\s\S]*?)<\/style>/.exec(body)?.[1] ?? '';
  const scripts = script === undefined ? '' : ` script-src '${hashOf(script)}'; connect-src 'self';`;
  expect(headers['content-security-policy']).toBe(
    `default-src 'none'; style-src '${hashOf(style)}';${scripts} img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`,
  );
  expect(body).toMatch(/^<!doctype html>\n<html lang="(zh-CN|en)">/);
  expect(body).toContain('<meta name="viewport" content="width=device-width');
  // No scripts, no style attributes, and nothing from another site.
  expect(body).not.toMatch(/<script|<iframe|<img|<form|\sstyle=|\son\w+=|@import|url\(/i);
  const outside = [...body.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
  for (const address of outside)
    if (address !== helpOf(body)) expect(address).toMatch(/^(?:\/(?!\/)|data:,$)/);
}

function hashOf(text: string): string {
  return `sha256-${crypto.createHash('sha256').update(text).digest('base64')}`;
}

/** A text of the library as the page shows it: what stands between backticks is in a `<code>` element. */
function htmlOf(text: string): string {
  return escapeHTML(text).replaceAll(/`(.*?)`/g, '<code>$1</code>');
}

/** The address of the documentation of the error, which a page shows to the developer only. */
function helpOf(body: string): string | undefined {
  return HELP.exec(body)?.[1];
}

const HELP =
  /<p class="soft"><a href="(https:\/\/github\.com\/express-wechat-auth\/express-wechat-auth\/blob\/main\/docs\/[\w\-./]+#\w+)">[^<]+<\/a><\/p>/;

/** What the page shows to the developer: the part between its text and its links, without that to the documentation. */
function boxIn({ body }: BrowserResponse): string {
  return (
    /<h1>.*<\/h1>\n<p>.*<\/p>\n(?:<p class="corner".*?<\/p>)?([^]*?)\n<div class="links">/.exec(
      body.replace(HELP, ''),
    )?.[1] ?? body
  );
}

describe('the error page', () => {
  it.each(ERROR_KINDS)('has Chinese and English texts for %s', async (kind) => {
    const error = new WechatAuthError(kind, 'Words for the developer.');
    const zh = await render(errorPage(error));
    const en = await render(errorPage(error), ENGLISH);
    for (const page of [zh, en]) {
      expectSoundPage(page);
      expect(page.status).toBe(error.status);
    }
    // The message is English: on a Chinese page, an explanation and the remedy come first, in Chinese.
    expect(boxIn(zh)).toBe(
      `<p class="soft">原因：</p><ul><li><strong>${htmlOf(WHAT_HAPPENED[kind])}</strong>。` +
        `${htmlOf(error.remedy.zh)}</li></ul>` +
        '<p class="soft">英文原文（便于搜索）：</p><pre lang="en">Words for the developer.</pre>',
    );
    expect(error.remedy.zh).not.toContain(WHAT_HAPPENED[kind].replaceAll('`', ''));
    expect(boxIn(en)).toBe('<pre>Words for the developer.</pre>');
    expect(helpOf(en.body)).toBe(error.help);
    expect(helpOf(zh.body)).toBe(error.help.replace('/docs/', '/docs/zh-CN/'));
    expect(zh.body).toMatch(/<h1>\p{Script=Han}+/u);
    expect(zh.body).toContain('<html lang="zh-CN">');
    expect(en.body).toMatch(/<h1>[A-Z][\w ]+<\/h1>/);
    expect(en.body).toContain('<html lang="en">');
  });

  it('says of a session store that failed only that, not that the app has no session', async () => {
    const error = new WechatAuthError('session_missing', 'The session store failed.', { status: 503 });
    expect(boxIn(await render(errorPage(error)))).toBe(
      '<p class="soft">原因：</p><ul><li><strong>会话存储出错</strong>。请检查会话存储，然后重试。</li></ul>' +
        '<p class="soft">英文原文（便于搜索）：</p><pre lang="en">The session store failed.</pre>',
    );
    expect(error.remedy.en).toBe('Check the session store, then try again.');
  });

  it.each([
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN'],
    ['zh-TW', 'zh-CN'],
    ['zh', 'zh-CN'],
    ['en', 'en'],
    ['en-US,en;q=0.9,zh;q=0.8', 'en'],
    ['fr', 'zh-CN'],
    ['fr,en;q=0.5', 'en'],
    ['*', 'zh-CN'],
    ['', 'zh-CN'],
    ['junk;;q=x,,', 'zh-CN'],
    ['en;q=0,zh;q=0', 'zh-CN'],
  ])('has for Accept-Language %j the language %s', async (language, expected) => {
    const page = await render(errorPage(new WechatAuthError('busy', 'x')), { 'Accept-Language': language });
    expect(page.body).toContain(`<html lang="${expected}">`);
  });

  it('reads only the first languages of a long Accept-Language', async () => {
    const headers = { 'Accept-Language': `${'fr,'.repeat(200)}en` };
    const page = await render(errorPage(new WechatAuthError('busy', 'x')), headers);
    expect(page.body).toContain('<html lang="zh-CN">');
  });

  it('shows the message of the error in development only', async () => {
    const error = new WechatAuthError('token_store', 'connect ECONNREFUSED 10.0.0.5:6379');
    expect((await render(errorPage(error))).body).toContain('10.0.0.5');
    process.env['NODE_ENV'] = 'production';
    const page = await render(errorPage(error));
    expectSoundPage(page);
    expect(page.body).not.toContain('10.0.0.5');
    expect(page.body).toContain('错误代码：token_store');
  });

  it("names the errcode and the rid, for WeChat's support", async () => {
    process.env['NODE_ENV'] = 'production';
    const error = new WeChatAPIError(45011, 'api minute-quota reach limit, rid: 66c69111-0a0b0c0d-11223344');
    const page = await render(errorPage(error), ENGLISH);
    expect(page.body).toContain('Error code: rate_limit · errcode 45011 · rid 66c69111-0a0b0c0d-11223344');
  });

  it('names the cause of a lost login, and the remedy, in development only', async () => {
    const page = errorPage(
      new WechatAuthError('login_loop', 'The session does not hold the login. The cause: …'),
      {
        retry: '/login',
        home: '/',
        cause: { ...CAUSES.secure.untrustedProxy(), symptom: 'The session does not hold the login.' },
      },
    );
    const inDevelopment = await render(page, ENGLISH);
    const causes = [...inDevelopment.body.matchAll(/<li>(.*?)<\/li>/g)].map(([, text]) => text);
    expect(causes).toEqual([
      expect.stringMatching(/^<strong>.*does not trust the proxy, which.*<\/strong>\. Express: app\.set\(/),
    ]);
    expect(boxIn(inDevelopment)).toMatch(/<pre>The session does not hold the login\.<\/pre>$/);
    const inChinese = boxIn(await render(page));
    expect(inChinese).toMatch(/<li><strong>.*不信任代理.*<\/strong>。Express：/);
    // The log has this message.
    expect(inChinese).toMatch(/<pre lang="en">The session does not hold the login\. The cause: …<\/pre>$/);
    process.env['NODE_ENV'] = 'production';
    const inProduction = await render(page, ENGLISH);
    expectSoundPage(inProduction);
    expect(inProduction.body).not.toMatch(/<li>|trust|proxy|cookie|wechatAuth|github/);
    expect(inProduction.body).toContain('Error code: login_loop');
  });

  it.each(ERRCODES)('has the remedy of errcode %s once, in the language of the page', async (errcode) => {
    const error = new WeChatAPIError(errcode, 'words of WeChat');
    const [zh, en] = [htmlOf(error.remedy.zh), escapeHTML(error.remedy.en)];
    const box = boxIn(await render(errorPage(error)));
    expect(box).toContain(`<strong>${htmlOf(WHAT_HAPPENED[error.kind])}</strong>。${zh}</li>`);
    expect(box).toContain(`<pre lang="en">words of WeChat (errcode ${errcode}). ${en}</pre>`);
    expect(box.split(zh)).toHaveLength(2);
    const english = boxIn(await render(errorPage(error), ENGLISH));
    expect(english).toBe(`<pre>words of WeChat (errcode ${errcode}). ${en}</pre>`);
  });

  it.each([
    ['zh-CN', /^<p class="soft">原因：[^]*<\/pre><pre>Error: a bug\n {2}at app<\/pre>$/],
    ['en', /^<pre>words<\/pre><pre>Error: a bug\n {2}at app<\/pre>$/],
  ])('shows the stack of a bug in onLogin after the message: %s', async (language, expected) => {
    const page = errorPage(new WechatAuthError('login_failed', 'words'), {
      retry: '/login',
      home: '/',
      trace: 'Error: a bug\n  at app',
    });
    expect(boxIn(await render(page, { 'Accept-Language': language }))).toMatch(expected);
  });

  it('says that the site cannot save the login if its session store has failed', async () => {
    const failed = new WechatAuthError('session_missing', 'x', { status: 503 });
    expect((await render(errorPage(failed), ENGLISH)).body).toContain('cannot save your login at the moment');
    const missing = await render(errorPage(new WechatAuthError('session_missing', 'x')), ENGLISH);
    expect(missing.body).toContain('is not set up correctly');
  });

  const XSS = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    '</pre><svg onload=alert(1)>',
    '</style><script>alert(1)</script>',
    '<!--',
    '&lt;b&gt;',
    'javascript:alert(1)',
    '\u0000<b>',
    '{{constructor.constructor("alert(1)")()}}',
  ];
  it.each(XSS)('escapes %j', async (evil) => {
    const escaped = evil
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/"/g, '&quot;')
      .replace(/'/g, '&#39;');
    const error = new WeChatAPIError(40001, evil);
    const page = await render(errorPage(error, { retry: `/login?returnTo=${evil}`, home: `/${evil}` }));
    expect(page.body).toContain(`<pre lang="en">${escaped}`);
    expect(page.body).toContain(`href="/login?returnTo=${escaped}"`);
    expect(page.body).not.toMatch(/<(?:script|img|svg onload|b>)/);
    const open = await render((req, res) => {
      sendOpenInWechat(req, res, {
        address: `https://h5.example.com/${evil}`,
        browser: 'computer',
        qrLogin: `/login?returnTo=${evil}`,
      });
    });
    expect(open.body).toContain(`https://h5.example.com/${escaped}</p>`);
    expect(open.body).not.toMatch(/<(?:script|img|svg onload|b>)/);
  });

  it.each([...XSS.map((evil) => encodeURIComponent(evil)), '%3Cscript%3E', '%', '%ff', '%00'])(
    'repeats nothing of a callback with %j',
    async (evil) => {
      const app = await start();
      const browser = Browser.inWechat(app.url);
      // A shorter text may be a part of any page.
      const repeated = [evil, new URLSearchParams(`x=${evil}`).get('x') ?? ''].filter(
        (text) => text.length > 3,
      );
      for (const query of [
        `code=x&state=${evil}`,
        `code=${evil}&state=x`,
        `${evil}=1&${evil}=2`,
        `error=${evil}`,
      ]) {
        const page = await browser.get(`/callback?${query}`);
        expect(page.status).toBeGreaterThanOrEqual(400);
        expectSoundPage(page);
        expect(page.body).not.toContain('alert(1)');
        for (const text of repeated) expect(page.body).not.toContain(text);
      }
    },
  );
});

describe('the pages of an app', () => {
  it('offer the login again after a cancelled login, with its return path', async () => {
    emulator.switches.denial = 'state-only';
    const app = await start();
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.follow('/me?a=1&b');
    const callbackURL = await emulator.authorize(redirect.location, { allow: false });
    emulator.switches.denial = 'silent';
    const page = await browser.get(callbackURL ?? '');
    expect(page.status).toBe(403);
    expectSoundPage(page);
    expect(page.body).toContain('<h1>你已取消登录</h1>');
    expect(page.body).toContain('<a class="main" href="/login?returnTo=%2Fme%3Fa%3D1%26b">重新登录</a>');
    expect(page.body).toContain('<a href="/">返回首页</a>');
    expect(page.headers['referrer-policy']).toBe('no-referrer');
  });

  it('point a snapshot user to the full service, and offer no login', async () => {
    const app = await start();
    for (const [headers, words] of [
      [{}, '网页快照'],
      [ENGLISH, 'use the full service'],
    ] as const) {
      const browser = Browser.inWechat(app.url);
      const redirect = await browser.follow('/me');
      const page = await browser.get(await agree(emulator, redirect.location, 'snapshot'), { headers });
      expect(page.status).toBe(403);
      expectSoundPage(page);
      expect(page.body).toContain('使用完整服务');
      expect(page.body).toContain(words);
      expect(page.body).not.toContain('href="/login');
    }
  });

  it('offer no login after a fault that only the operator can fix', async () => {
    const app = await start({ auth: { appSecret: 'wrong' } });
    const browser = Browser.inWechat(app.url);
    const page = await browser.logIn(emulator, '/me');
    expect(page.status).toBe(500);
    expectSoundPage(page);
    expect(page.body).toContain('errcode 40125');
    expect(page.body).toContain('请与微信后台核对');
    expect(page.body).not.toContain('href="/login');
  });

  it('are JSON for scripts, in production without the message of the error', async () => {
    const app = await start();
    const json = { Accept: 'application/json' };
    const response = await Browser.inWechat(app.url).get('/callback?code=x&state=y', { headers: json });
    expect(response.status).toBe(400);
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(response.headers['x-content-type-options']).toBe('nosniff');
    expect(response.json()).toEqual({
      error: 'state_unknown',
      message: expect.stringMatching(/The `state` parameter is/) as string,
    });
    process.env['NODE_ENV'] = 'production';
    const plain = await Browser.inWechat(app.url).get('/callback?code=x&state=y', {
      headers: { ...json, ...ENGLISH },
    });
    expect(plain.json()).toEqual({
      error: 'state_unknown',
      message:
        'The login was not completed. This site did not start this login, or no longer waits for it. ' +
        'Please log in again.',
    });
  });

  it.each([
    ['fetch()', { 'Sec-Fetch-Mode': 'cors', Accept: '*/*' }, 'application/json'],
    ['an old XHR', { 'X-Requested-With': 'XMLHttpRequest' }, 'application/json'],
    ['curl', { Accept: '*/*' }, 'application/json'],
    ['a browser', { 'Sec-Fetch-Mode': 'navigate', Accept: '*/*' }, 'text/html'],
    ['an old browser', {}, 'text/html'],
    ['WeChat on Android', { 'X-Requested-With': 'com.tencent.mm' }, 'text/html'],
  ])('are in a type that %s can read', async (_what, headers, type) => {
    const app = await start();
    const response = await Browser.inWechat(app.url).get('/callback?code=x&state=y', { headers });
    expect(response.headers['content-type']).toContain(type);
  });

  it('give scripts the Chinese text of each kind in production, and not the message of the error', () => {
    process.env['NODE_ENV'] = 'production';
    const req = new http.IncomingMessage(new net.Socket());
    for (const kind of ERROR_KINDS) {
      const words = messageFor(req, new WechatAuthError(kind, 'connect ECONNREFUSED 10.0.0.5:6379'));
      expect(words).toMatch(/^\p{Script=Han}+。.*。$/u);
      expect(words).not.toContain('10.0.0.5');
    }
  });
});

describe('the page that asks to open WeChat', () => {
  const onlyOfficial = { auth: { website: undefined } };
  const onlyWebsite = { auth: { appId: undefined, appSecret: undefined } };

  it.each([
    ['a PC', DESKTOP_CHROME, '扫一扫'],
    ['a phone', PHONE_SAFARI, '复制下方的地址'],
    ['WeCom', WECOM, '复制下方的地址'],
    ['no browser we know', '', '扫一扫'],
  ])('shows the address to %s, as text and as a QR code', async (_what, userAgent, words) => {
    const app = await start(onlyOfficial);
    const page = await new Browser(app.url, userAgent).follow('/me?a=1&b=中文');
    expect(page.status).toBe(200);
    const isOnPhone = userAgent === PHONE_SAFARI || userAgent === WECOM;
    expectSoundPage(page, isOnPhone ? COPY_SCRIPT : undefined);
    expect(page.body.includes('复制链接</button>')).toBe(isOnPhone);
    expect(page.body).toContain('<h1>请在微信中打开</h1>');
    expect(page.body).toContain(words);
    expect(page.body).toContain(
      `${app.url}/login?returnTo=%2Fme%3Fa%3D1%26b%3D%25E4%25B8%25AD%25E6%2596%2587</p>`,
    );
    expect(page.body).toMatch(/<div class="code"><svg [^>]*viewBox="0 0 \d+ \d+">/);
    expect(page.location).toBe('');
    expect(page.headers['set-cookie']).toBeUndefined();
  });

  it('leads to the login if its address is opened in WeChat', async () => {
    const app = await start(onlyOfficial);
    const page = await Browser.onDesktop(app.url).follow('/me?a=1');
    const address = /<p class="address">(.*?)<\/p>/.exec(page.body)?.[1] ?? '';
    const me = await Browser.inWechat(app.url).logIn(emulator, address);
    expect(me.url).toBe(`${app.url}/me?a=1`);
    expect(me.status).toBe(200);
  });

  it('points users inside WeChat to a computer if only the website app is configured', async () => {
    const app = await start(onlyWebsite);
    for (const userAgent of [IPHONE_WECHAT, MINI_PROGRAM_WEB_VIEW]) {
      const page = await new Browser(app.url, userAgent).follow('/me');
      expect(page.status).toBe(200);
      expectSoundPage(page);
      expect(page.body).toContain('<h1>请在电脑上打开</h1>');
      expect(page.body).toContain(`${app.url}/login?returnTo=%2Fme`);
      expect(page.body).not.toContain('class="code"');
    }
  });

  it('has an English text', async () => {
    for (const [options, userAgent, title] of [
      [onlyOfficial, DESKTOP_CHROME, 'Please open this in WeChat'],
      [onlyOfficial, PHONE_SAFARI, 'Please open this in WeChat'],
      [onlyWebsite, IPHONE_WECHAT, 'Please open this on a computer'],
    ] as const) {
      const app = await start(options);
      const page = await new Browser(app.url, userAgent).get('/login', { headers: ENGLISH });
      expect(page.body).toContain(`<h1>${title}</h1>`);
      expect(page.body).not.toMatch(/\p{Script=Han}/u);
    }
  });

  it('is JSON for a script: 401, as from the guard', async () => {
    const app = await start(onlyOfficial);
    const browser = Browser.onDesktop(app.url);
    for (const Accept of ['*/*', 'application/json']) {
      const json = await browser.get('/login?returnTo=/me', { headers: { Accept } });
      expect(json.status).toBe(401);
      expect(json.json()).toEqual({
        error: 'unauthenticated',
        message: expect.stringContaining('请先登录：让页面跳转到 loginURL') as string,
        loginURL: '/login?returnTo=%2Fme',
      });
      expect(json.headers['cache-control']).toBe('no-store');
    }
  });

  it('is JSON for a script whose callback would restart a login that is not possible in its browser', async () => {
    const app = await start(onlyOfficial);
    const json = await Browser.onDesktop(app.url).get(`/callback?code=x&state=0${'a'.repeat(32)}`, {
      headers: { Accept: 'application/json' },
    });
    expect(json.status).toBe(401);
    expect(json.json()).toEqual({
      error: 'unauthenticated',
      message: `请在微信中打开: ${app.url}/login`,
      loginURL: `${app.url}/login`,
    });
  });

  it('links to the QR code login on a phone outside WeChat, if there is a website app', async () => {
    const both = await start();
    for (const [headers, label] of [
      [{}, '扫码登录'],
      [ENGLISH, 'Use a QR code'],
    ] as const) {
      const browser = new Browser(both.url, PHONE_SAFARI);
      const page = await browser.get('/login?returnTo=/me%3Fa=1', { headers });
      expectSoundPage(page, COPY_SCRIPT);
      const [, href = '', text] = /<a href="([^"]*)">([^<]*)<\/a>/.exec(page.body) ?? [];
      expect([href, text]).toEqual(['/login?returnTo=%2Fme%3Fa%3D1&amp;flow=website', label]);
      const done = await browser.logIn(emulator, href.replaceAll('&amp;', '&'));
      expect([done.url, done.status]).toEqual([`${both.url}/me?a=1`, 200]);
    }
    const official = await start(onlyOfficial);
    for (const app of [official, both]) {
      const { body } = await new Browser(app.url, app === both ? IPHONE_WECHAT : PHONE_SAFARI).get(
        '/login?flow=website',
      );
      expect(body).not.toContain('flow=website');
    }
  });

  it('drops an unsafe return path', async () => {
    const app = await start(onlyOfficial);
    const page = await Browser.onDesktop(app.url).get('/login?returnTo=//evil.example/"><script>');
    expect(page.body).toContain(`${app.url}/login</p>`);
    expect(page.body).not.toContain('evil');
  });

  it('leaves a long return path out of the QR code', async () => {
    const app = await start(onlyOfficial);
    const page = await Browser.onDesktop(app.url).get(`/login?returnTo=/${'%E4%B8%AD'.repeat(170)}`);
    expect(page.status).toBe(200);
    expectSoundPage(page);
    // The dots of a code for the whole address would be too small for a camera.
    const modules = Number(/viewBox="0 0 (\d+) /.exec(page.body)?.[1]) / 4;
    expect(modules).toBeLessThan(80);
  });

  it.each(['scope=snsapi_base', 'flow=official', 'data=e30', 'session=abc'])(
    'shows no QR code if it would start another login: a long address with %s',
    async (parameter) => {
      const returnTo = `/${'a'.repeat(400)}`;
      const show = async (query: string): Promise<string> => {
        const address = `https://h5.example.com/login?${query}`;
        const { body } = await render((req, res) => {
          sendOpenInWechat(req, res, { address, browser: 'computer', qrLogin: undefined });
        });
        expect(body).toContain(`${address.replaceAll('&', '&amp;')}</p>`);
        return body;
      };
      const withoutCode = await show(`returnTo=${returnTo}&${parameter}`);
      expect(withoutCode).not.toContain('class="code"');
      expect(withoutCode).not.toMatch(/扫|scan the/i);
      expect(withoutCode).toMatch(/发送到微信聊天|WeChat chat/);
      expect(await show(`${parameter}&returnTo=${returnTo}`)).not.toContain('class="code"');
      expect(await show(parameter)).toContain('class="code"');
      expect(await show(`returnTo=${returnTo}`)).toContain('class="code"');
    },
  );

  it('shows no QR code if the address is too long without its query, too', async () => {
    const address = `https://h5.example.com/${'a'.repeat(5_000)}/login`;
    const page = await render((req, res) => {
      sendOpenInWechat(req, res, { address, browser: 'computer', qrLogin: undefined });
    });
    expect(page.status).toBe(200);
    expectSoundPage(page);
    expect(page.body).toContain(`${address}</p>`);
    expect(page.body).not.toContain('class="code"');
  });
});
