import http from 'node:http';
import net from 'node:net';
import { wechatAuth } from '../../../lib/index';
import { sanitizeReturnTo } from '../../../lib/middleware/http/return-to';
import { emulated, startApp, type TestApp, type TestRequest, type OwnOptions } from '../../support/app';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
import { emulator, useEmulator } from '../../support/emulator';
import type { Running } from '../../support/hosts';

const EVIL = 'evil.example';

/** Prefixes that may make a browser go to the host after them. */
const PREFIXES = [
  ...['//', '///', '////', '/\\', '\\/', '\\\\', '/\\/', '//\\', '\\', '/\\\\', '///\\', '//\\/'],
  ...[
    '/.//',
    '/..//',
    '/./',
    '/%2e//',
    '/%2E//',
    '/%2e%2e//',
    '/.%2e//',
    '/%2e./%2f',
    '/a/..//',
    '/a/%2e%2e//',
    '/a/b/../..//',
  ],
  ...[
    '/;//',
    '/?//',
    '/#//',
    '?//',
    '#//',
    '@',
    '/@',
    './/',
    '..//',
    '.',
    '/\t/',
    '/\n/',
    '/\r/',
    '/\r\n/',
    '\t//',
    '\n//',
    ' //',
    '/ /',
  ],
  ...[
    '//\t',
    '/\u0000/',
    '/\u007f/',
    '/\u0085/',
    '/\u00a0/',
    '/\u200b/',
    '/\u2028/',
    '/\u3000/',
    '\ufeff//',
    '/\u00ad/',
  ],
  ...['／／', '/／', '/\uff3c', '⁄⁄', '/⁄', '∕∕', '/∕', '/\u29f8', '/\u2215/', '。//'],
  ...[
    '/%09/',
    '/%0a/',
    '/%0d%0a/',
    '/%00/',
    '/%2f',
    '/%2F%2F',
    '/%5c',
    '/%5C%5C',
    '%2f%2f',
    '%5c%5c',
    '/%252f',
    '/%252e%252e//',
  ],
  ...[
    'http:',
    'http:/',
    'http://',
    'https://',
    'HTTP://',
    'hTTps://',
    'https:',
    'https:\\\\',
    'http:\\',
    'https:///',
    'http:%2f%2f',
  ],
  ...[
    '//user@',
    '//user:pass@',
    '//127.0.0.1@',
    'http://127.0.0.1@',
    '//127.0.0.1:80@',
    '//127.0.0.1%2f@',
    '//127.0.0.1\\@',
    '//127.0.0.1#@',
  ],
  ...[
    'ws://',
    'ftp://',
    'file://',
    'blob:http://',
    'view-source:http://',
    '/https://',
    '/http:/',
    '/http:\\\\',
    'intent://',
    'weixin://dl/',
  ],
] as const;
const TARGETS = [EVIL, `${EVIL}/%2e%2e/login?a=//b`];

const SCRIPTS = [
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  'java\tscript:alert(1)',
  '\u0001javascript:alert(1)',
  'javascript://%0aalert(1)',
  '/javascript:alert(1)',
  'vbscript:x',
  'data:text/html,<script>alert(1)</script>',
  'data:text/html;base64,PHNjcmlwdD4=',
  '/data:text/html,<script>',
  '/"><script>alert(1)</script>',
  "/'-alert(1)-'",
  '/<svg/onload=alert(1)>',
];

const HEADER_INJECTIONS = [
  '/\r\nX-Injected: 1',
  '/\nX-Injected: 1',
  '/\rX-Injected: 1',
  '/a\r\n\r\n<script>',
  '/%0d%0aX-Injected:%201',
  '/%0aX-Injected: 1',
  '/%E5%98%8A%E5%98%8DX-Injected: 1',
  '/嘊嘍X-Injected: 1',
  '/\u2028X-Injected: 1',
  '/a?b=\r\nX-Injected: 1',
  '/a#\r\nX-Injected: 1',
];

const OWN_ROUTE_SPELLINGS = [
  ...[
    '/login',
    '/LOGIN',
    '/Login',
    '/login/',
    '/login//',
    '/login?x',
    '/login#x',
    '/login?returnTo=/login',
    '/./login',
    '/x/../login',
  ],
  ...[
    '/%6cogin',
    '/%6Cogin',
    '/%6C%6F%67%69%6E',
    '/login%2f',
    '/login%2F',
    '/%2e/login',
    '/x/%2e%2e/login',
    '/login/.',
    '/login/x/..',
  ],
  ...[
    '/callback',
    '/CALLBACK',
    '/callback/',
    '/callback?code=x&state=y',
    '/%63allback?code=x',
    '/callback#x',
    '/callback/./',
  ],
  ...[
    '/logout',
    '/LogOut',
    '/logout/',
    '/logout?returnTo=/logout',
    '/log%6fut',
    '/l%6Fgout/',
    '/./logout',
    '/a/../logout',
  ],
  ...['/login\u0000', '/login\t', '/lo\ngin', '/login?', '/login?&', '/logout?#'],
];

const MALFORMED = [
  '',
  ' ',
  'me',
  'me/',
  './me',
  '../me',
  '?a',
  '#a',
  '*',
  'null',
  'undefined',
  '[object Object]',
  '/\ud800',
  '/\udc00x',
  '/a?\udfff',
  '/a#\ud83d',
  `/${'a'.repeat(512)}`,
  `/${'中'.repeat(171)}`,
  `/?${'a'.repeat(100_000)}`.slice(0, 6_000),
  '/\u0080',
  '/\u009f',
  '/\u001b[31m',
  '/\b',
  '/:80',
  '/:@',
  '/%',
  '/%zz',
  '/%u002f',
  '/%c0%af%c0%af',
  '/%ff%fe',
];

const HOSTILE = [
  ...new Set([
    ...PREFIXES.flatMap((prefix) => TARGETS.map((target) => prefix + target)),
    ...SCRIPTS,
    ...HEADER_INJECTIONS,
    ...OWN_ROUTE_SPELLINGS,
    ...MALFORMED,
  ]),
];

/** Return path → where the login ends: as browsers spell it, and without `code` and `state` if it has both. */
const SAFE: readonly (readonly [asked: string, arrives: string])[] = [
  ['/', '/'],
  ['/me', '/me'],
  ['/me/', '/me/'],
  ['/a/b/c', '/a/b/c'],
  ['/me?tab=orders', '/me?tab=orders'],
  ['/me?', '/me'],
  ['/me?a=1&a=2&b', '/me?a=1&a=2&b'],
  ['/me?a=1&b=%20&c=+', '/me?a=1&b=%20&c=+'],
  ['/me#top', '/me#top'],
  ['/me?a#/hash/route?b=c', '/me?a#/hash/route?b=c'],
  ['/#/home', '/#/home'],
  ['/我的', '/%E6%88%91%E7%9A%84'],
  ['/%E6%88%91%E7%9A%84', '/%E6%88%91%E7%9A%84'],
  ['/%e6%88%91', '/%e6%88%91'],
  ['/商品?名=茶#评价', '/%E5%95%86%E5%93%81?%E5%90%8D=%E8%8C%B6#%E8%AF%84%E4%BB%B7'],
  ['/🍵?q=🎉', '/%F0%9F%8D%B5?q=%F0%9F%8E%89'],
  ['/a b', '/a%20b'],
  ['/a%20b', '/a%20b'],
  ['/file.name.html', '/file.name.html'],
  ['/.well-known/x', '/.well-known/x'],
  ['/...', '/...'],
  ['/a/./b/../c', '/a/c'],
  ['/1,2,3;v=1', '/1,2,3;v=1'],
  ['/@user', '/@user'],
  ['/a:b', '/a:b'],
  ["/~me/!$&'()*+,=", "/~me/!$&'()*+,="],
  ['/a//b', '/a//b'],
  ['/go?to=https://h5.example.com/x', '/go?to=https://h5.example.com/x'],
  ['/go?to=//h5.example.com', '/go?to=//h5.example.com'],
  ['/%2F', '/%2F'],
  ['/100%', '/100%'],
  ['/login-help', '/login-help'],
  ['/loginx', '/loginx'],
  ['/login/help', '/login/help'],
  ['/x/login', '/x/login'],
  ['/callbacks?code=1', '/callbacks?code=1'],
  ['/pay?code=ABC', '/pay?code=ABC'],
  ['/map?state=GD', '/map?state=GD'],
  ['/x?code=1&state=2', '/x'],
  ['/x?a=1&code=1&b=%20+&state=2&c', '/x?a=1&b=%20+&c'],
  ['/x?%63ode=1&st%61te=2&a', '/x?a'],
  ['/x?code&state', '/x'],
  ['/x?code=1&code=2&state=3#top', '/x#top'],
  ['/x?barcode=1&states=2', '/x?barcode=1&states=2'],
  ['/x?codes=1&state=2', '/x?codes=1&state=2'],
  [`/${'a'.repeat(511)}`, `/${'a'.repeat(511)}`],
  [`/${'中'.repeat(170)}`, `/${encodeURIComponent('中').repeat(170)}`],
];

useEmulator();
/** Thousands of requests take a sixth less time without a new connection for each. */
const agent = new http.Agent({ keepAlive: true });
let app: TestApp;
/** An app that guards every page. */
let guarded: TestApp;
let requested: unknown;

const auth: OwnOptions = { scope: 'snsapi_base' };

beforeAll(async () => {
  app = await startApp(emulator, {
    auth,
    routes: (it) => {
      it.use('/start', (req, _res, next) => {
        (req as TestRequest).wechat.login({ returnTo: requested as string }).catch(next);
      });
      it.use('/tamper', (req, res) => {
        const logins = (req as TestRequest).session['wechat:login'] as {
          pending: Record<string, { returnTo: unknown }>;
        };
        for (const pending of Object.values(logins.pending)) pending.returnTo = requested;
        res.end();
      });
    },
  });
  guarded = await startApp(emulator, { auth: { ...auth, authRequired: true } });
});
afterAll(async () => {
  await Promise.all([app.close(), guarded.close()]);
  agent.destroy();
});

function inWechat({ url }: Running): Browser {
  const browser = Browser.inWechat(url);
  browser.agent = agent;
  return browser;
}

/** Agrees at WeChat and opens the callback: returns the response that ends the login. */
async function finishLogin(browser: Browser, authorizeURL: string): Promise<BrowserResponse> {
  return browser.get(await agree(emulator, authorizeURL));
}

/** The address at which a login inside WeChat ends: its fragment replaces the one of WeChat's page. */
function withFragment(path: string): string {
  return path.includes('#') ? path : `${path}#`;
}

/** The Location leads, as a browser reads it, to a page of this app that is not one of our routes. */
async function expectPageOfApp({ url }: TestApp, browser: Browser, response: BrowserResponse): Promise<void> {
  expect(response.status).toBe(302);
  expect(response.headers).not.toHaveProperty('x-injected');
  expect(response.location).toMatch(/^\/[\u0021-\u007e]*$/);
  const target = new URL(response.location, response.url);
  expect(target.origin).toBe(new URL(url).origin);
  const page = await browser.get(target.href);
  expect(page.status).toBe(200);
  expect(page.body).not.toBe('');
}

const ENTRY_POINTS: Readonly<Record<string, (value: string) => Promise<void>>> = {
  'the login route': async (value) => {
    const browser = inWechat(app);
    const redirect = await browser.get(`/login?returnTo=${encodeURIComponent(wellFormed(value))}`);
    await expectPageOfApp(app, browser, await finishLogin(browser, redirect.location));
  },
  'req.wechat.login()': async (value) => {
    const browser = inWechat(app);
    requested = value;
    await expectPageOfApp(app, browser, await finishLogin(browser, (await browser.get('/start')).location));
  },
  'a session that was tampered with': async (value) => {
    const browser = inWechat(app);
    const redirect = await browser.get('/login?returnTo=/me');
    requested = value;
    await browser.get('/tamper');
    const response = await finishLogin(browser, redirect.location);
    // A record with a very long path does not count, so the login restarts.
    const isRestart = response.location.startsWith(`${emulator.url}/connect/`);
    const last = isRestart ? await finishLogin(browser, response.location) : response;
    await expectPageOfApp(app, browser, last);
  },
  'the Referer of a form': async (value) => {
    const browser = inWechat(app);
    const refused = await browser.request('/me', {
      method: 'POST',
      headers: { 'Sec-Fetch-Mode': 'navigate', Referer: headerSafe(app.url + value) },
    });
    const redirect = await browser.get(refused.location);
    await expectPageOfApp(app, browser, await finishLogin(browser, redirect.location));
  },
  'the guarded address itself': async (value) => {
    const browser = inWechat(guarded);
    const { status, location } = await rawGet(guarded.url, value);
    // The framework refuses a malformed request, and the guard refuses one that is not for a page.
    if (status >= 400 && status < 500) {
      expect(location).toBe('');
      return;
    }
    expect(status).toBe(302);
    // The path was one of our routes, which redirects to WeChat, or the guard redirects to the login.
    const redirect = location.startsWith(emulator.url)
      ? await browser.get('/login')
      : await browser.get(location);
    expect(new URL(redirect.url).origin).toBe(guarded.url);
    if (redirect.location.startsWith(emulator.url))
      await expectPageOfApp(guarded, browser, await finishLogin(browser, redirect.location));
  },
};

/** Busy cores take longer than the 20 seconds of a test. */
const HUNDREDS_OF_LOGINS_MS = 60_000;

describe('a hostile returnTo', () => {
  it('has many forms', () => {
    expect(HOSTILE.length).toBeGreaterThanOrEqual(250);
    expect(SAFE.length).toBeGreaterThanOrEqual(30);
  });

  it.each(Object.keys(ENTRY_POINTS))(
    'never leads to another site or into a loop if it comes from %s',
    async (entryPoint) => {
      for (const value of HOSTILE) {
        try {
          await ENTRY_POINTS[entryPoint]?.(value);
        } catch (error) {
          throw new Error(`${entryPoint} with ${JSON.stringify(value)}`, { cause: error });
        }
      }
    },
    HUNDREDS_OF_LOGINS_MS,
  );

  it('is refused as an option, unless the check finds it safe', () => {
    for (const returnTo of HOSTILE) {
      const safe = sanitizeReturnTo(returnTo, []);
      const createMiddleware = () => wechatAuth({ ...emulated(emulator), returnTo });
      if (safe === undefined) expect(createMiddleware).toThrow('returnTo');
      else expect(createMiddleware).not.toThrow();
    }
  });

  it.each([
    ['an array', ['/me']],
    ['an array of arrays', [['//evil.example']]],
    ['an object', { toString: () => '//evil.example' }],
    ['a number', 7],
    ['true', true],
    ['null', null],
    ['a URL', new URL('http://evil.example/')],
    ['a String object', Object('/me') as unknown],
  ])('is replaced by the default if it is %s', async (_what, value) => {
    const browser = inWechat(app);
    requested = value;
    const redirect = await browser.get('/start');
    expect((await finishLogin(browser, redirect.location)).location).toBe('/#');
  });

  it.each([
    ['returnTo=/me&returnTo=//evil.example', '/me'],
    ['returnTo=//evil.example&returnTo=/me', '/'],
    ['returnTo[]=//evil.example', '/'],
    ['returnTo[0]=/me', '/'],
    ['returnTo', '/'],
    ['ReturnTo=/me', '/'],
    ['returnTo=%', '/'],
    ['returnTo=%2Fme%00', '/'],
  ])('in the query %s leads to %s', async (query, expected) => {
    const browser = inWechat(app);
    const redirect = await browser.get(`/login?${query}`);
    expect((await finishLogin(browser, redirect.location)).location).toBe(withFragment(expected));
  });

  it.each(['http://evil.example/me', '//evil.example/me#', 'HTTPS://evil.example/me?x'])(
    'loses its origin if the request line holds %s',
    async (target) => {
      const { location } = await rawGet(guarded.url, target);
      expect(location).toMatch(/^\/login(\?returnTo=%2Fme(%3Fx)?)?$/);
    },
  );
});

describe('a safe returnTo', () => {
  it.each(SAFE)('%s is where the login ends, as %s', async (value, expected) => {
    const browser = inWechat(app);
    const redirect = await browser.get(`/login?returnTo=${encodeURIComponent(value)}`);
    const response = await finishLogin(browser, redirect.location);
    expect(response.location).toBe(withFragment(expected));
    requested = value;
    const started = await browser.get('/start');
    expect((await finishLogin(browser, started.location)).location).toBe(withFragment(expected));
  });

  it.each(SAFE.filter(([value]) => /^[\u0021-\u007e]+$/.test(value) && !value.includes('#')))(
    '%s is where the login ends if a guard sent the browser there',
    async (value, expected) => {
      const browser = inWechat(guarded);
      const { location } = await rawGet(guarded.url, value);
      const redirect = await browser.get(location);
      expect((await finishLogin(browser, redirect.location)).location).toBe(withFragment(expected));
    },
  );

  it('is where the login ends if req.wechat.loginURL() made the link', async () => {
    const linked = await startApp(emulator, {
      auth,
      routes: (it) =>
        it.use('/link', (req, res) => {
          res.end((req as TestRequest).wechat.loginURL({ returnTo: requested as string }));
        }),
    });
    for (const [value, expected] of SAFE) {
      requested = value;
      const browser = inWechat(linked);
      const { body } = await browser.get('/link');
      expect((await finishLogin(browser, (await browser.get(body)).location)).location).toBe(
        withFragment(expected),
      );
    }
    await linked.close();
  });
});

/** Browsers send U+FFFD in place of a lone surrogate. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** Browsers percent-encode the characters that a header cannot hold. */
function headerSafe(text: string): string {
  return wellFormed(text)
    .replace(/[^\u0020-\u007e]/g, (char) => encodeURIComponent(char))
    .slice(0, 8_000);
}

/** Requests a page with exactly these bytes in the request line. */
async function rawGet(base: string, target: string): Promise<{ status: number; location: string }> {
  const { port, host } = new URL(base);
  const text = await new Promise<string>((resolve, reject) => {
    let received = '';
    const socket = net.connect(Number(port), '127.0.0.1', () => {
      socket.end(
        `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: MicroMessenger\r\nAccept: text/html\r\nConnection: close\r\n\r\n`,
      );
    });
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('end', () => resolve(received));
    socket.on('error', reject);
  });
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 400);
  return { status, location: /^location: (.*)$/im.exec(text)?.[1]?.trim() ?? '' };
}
