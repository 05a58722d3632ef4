import { emulator, useEmulator } from '../support/emulator';
import type { Host } from '../support/hosts';
import type { HostRequest } from '../../lib/middleware/http/request';
import { exchangedCodes } from '../support/login';
import { FULL } from '../support/full';
import { Corpus, expectOrdinaryLogin, type Attack } from './support/corpus';
import { textOf, valueOf } from '../support/browsers/raw-http';
import { partForSite } from './support/rotation';
import { RawBrowser, type RawRequest } from '../support/browsers/raw-browser';
import {
  defectOf,
  describeSites,
  matrix,
  openidOf,
  startSite,
  wasExchanged,
  type Site,
} from './support/site';

useEmulator();

/** How many requests arrived at the path that only a smuggled request names. */
let smuggled = 0;

interface RawAttack {
  readonly name: string;
  /** The bytes of the whole request. */
  readonly bytes: (browser: RawBrowser) => string;
  /** The client closes its side after this many responses. */
  readonly responses?: number;
}

const INNER = 'GET /smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

function head(browser: RawBrowser, line: string, ...headers: string[]): string {
  return [
    line,
    `Host: ${browser.site.authority}`,
    'User-Agent: MicroMessenger',
    'Accept: text/html',
    ...headers,
    '',
    '',
  ].join('\r\n');
}

/** Requests that two parsers may read in two ways. The request inside must not be served. */
const AMBIGUOUS: readonly RawAttack[] = (
  [
    ['Content-Length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked'], `0\r\n\r\n${INNER}`],
    [
      'chunks and Content-Length',
      ['Transfer-Encoding: chunked', `Content-Length: ${5 + INNER.length}`],
      `0\r\n\r\n${INNER}`,
    ],
    ['two Content-Lengths', ['Content-Length: 0', `Content-Length: ${INNER.length}`], INNER],
    [
      'two Content-Lengths in the other order',
      [`Content-Length: ${INNER.length}`, 'Content-Length: 0'],
      INNER,
    ],
    ['a list in Content-Length', [`Content-Length: 0, ${INNER.length}`], INNER],
    ['a Content-Length with a sign', ['Content-Length: +0'], INNER],
    ['a negative Content-Length', ['Content-Length: -1'], INNER],
    ['a Content-Length in hex', ['Content-Length: 0x0'], INNER],
    ['a Content-Length with a decimal point', ['Content-Length: 0.0'], INNER],
    ['a Content-Length with a space', ['Content-Length: 0 0'], INNER],
    ['a Content-Length of 20 digits', ['Content-Length: 99999999999999999999'], INNER],
    ['a Content-Length that is a word', ['Content-Length: zero'], INNER],
    ['a space before the colon', ['Content-Length : 0'], INNER],
    ['chunks with a space before the colon', ['Transfer-Encoding : chunked'], `0\r\n\r\n${INNER}`],
    ['an unknown transfer encoding', ['Transfer-Encoding: xchunked'], `0\r\n\r\n${INNER}`],
    ['chunked and identity', ['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${INNER}`],
    ['two transfer encodings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: x'], `0\r\n\r\n${INNER}`],
    [
      'chunked after a line break',
      ['Transfer-Encoding:\r\n chunked', 'Content-Length: 5'],
      `0\r\n\r\n${INNER}`,
    ],
    [
      'chunked after a vertical tab',
      ['Transfer-Encoding: \vchunked', 'Content-Length: 5'],
      `0\r\n\r\n${INNER}`,
    ],
    [
      'chunked after a null byte',
      ['Transfer-Encoding: \u0000chunked', 'Content-Length: 5'],
      `0\r\n\r\n${INNER}`,
    ],
    [
      'chunks in a header with a lone LF',
      ['X: y\nTransfer-Encoding: chunked', 'Content-Length: 5'],
      `0\r\n\r\n${INNER}`,
    ],
    [
      'chunks in a header with a lone CR',
      ['X: y\rTransfer-Encoding: chunked', 'Content-Length: 5'],
      `0\r\n\r\n${INNER}`,
    ],
    ['a chunk without a size', ['Transfer-Encoding: chunked'], `\r\n\r\n${INNER}`],
    ['a chunk of a negative size', ['Transfer-Encoding: chunked'], `-1\r\n\r\n${INNER}`],
    ['a chunk size of 17 digits', ['Transfer-Encoding: chunked'], `fffffffffffffffff\r\n${INNER}`],
    ['a chunk size that is a word', ['Transfer-Encoding: chunked'], `zz\r\n${INNER}`],
    ['chunks that end in LF', ['Transfer-Encoding: chunked'], `1\nx\n0\n\n${INNER}`],
    [
      'a chunk with a line end in its extension',
      ['Transfer-Encoding: chunked'],
      `1;a\nb\r\nx\r\n0\r\n\r\n${INNER}`,
    ],
    ['a chunk with more than its size', ['Transfer-Encoding: chunked'], `1\r\nxx\r\n0\r\n\r\n${INNER}`],
    ['a header without a colon', ['Content-Length'], INNER],
    ['a header without a name', [': x'], INNER],
    ['a header that starts with a space', [' Content-Length: 0'], INNER],
    ['a null byte in a header', ['X: a\u0000b'], INNER],
    ['a null byte in the name of a header', ['X\u0000: b'], INNER],
  ] as const
).flatMap(([name, headers, body]) =>
  ['GET /callback?code=x&state=y', 'POST /logout', 'GET /login'].map((line) => ({
    name: `${line.split('?')[0] ?? ''}: ${name}`,
    bytes: (browser: RawBrowser) => {
      const [method = '', target = ''] = line.split(' ');
      return head(browser, `${method} ${browser.at(target)} HTTP/1.1`, ...headers) + body;
    },
    responses: 1,
  })),
);

/** Requests without ambiguity: the request inside them is a body. */
const UNAMBIGUOUS: readonly RawAttack[] = [
  'GET /callback?code=x&state=y',
  'GET /login',
  'GET /me',
  'POST /logout',
  'HEAD /login',
].flatMap((line) => {
  const [method = '', target = ''] = line.split(' ');
  const start = (browser: RawBrowser, ...headers: string[]): string =>
    head(browser, `${method} ${browser.at(target)} HTTP/1.1`, 'Connection: close', ...headers);
  return [
    {
      name: `${line}: a body that looks like a request`,
      bytes: (browser: RawBrowser) => start(browser, `Content-Length: ${INNER.length}`) + INNER,
    },
    {
      name: `${line}: chunks that look like a request`,
      bytes: (browser: RawBrowser) =>
        `${start(browser, 'Transfer-Encoding: chunked')}${INNER.length.toString(16)}\r\n${INNER}\r\n0\r\n\r\n`,
    },
    {
      name: `${line}: a trailer that looks like a header`,
      bytes: (browser: RawBrowser) =>
        `${start(browser, 'Transfer-Encoding: chunked')}0\r\nHost: evil.example\r\nCookie: x\r\n\r\n`,
    },
    {
      name: `${line}: a request after the last one`,
      bytes: (browser: RawBrowser) => start(browser) + INNER,
    },
    {
      name: `${line}: an upgrade`,
      bytes: (browser: RawBrowser) =>
        head(
          browser,
          `${method} ${browser.at(target)} HTTP/1.1`,
          'Connection: Upgrade, close',
          'Upgrade: websocket',
          'Sec-WebSocket-Key: x',
        ) + INNER,
      responses: 1,
    },
    {
      name: `${line}: an upgrade to HTTP/2`,
      bytes: (browser: RawBrowser) =>
        head(
          browser,
          `${method} ${browser.at(target)} HTTP/1.1`,
          'Connection: Upgrade, HTTP2-Settings, close',
          'Upgrade: h2c',
          'HTTP2-Settings: AAMAAABkAAQAAP__',
        ) + INNER,
      responses: 1,
    },
  ];
});

/** Request lines that are malformed, or that name another host than the Host header. */
const LINES: readonly string[] = [
  ...[
    'GET http://evil.example/login HTTP/1.1',
    'GET https://evil.example/wx/login HTTP/1.1',
    'GET HTTP://EVIL.EXAMPLE/me HTTP/1.1',
    'GET http://evil.example/callback?code=x&state=y HTTP/1.1',
  ],
  ...[
    'GET http://evil.example HTTP/1.1',
    'GET http://evil.example?/login HTTP/1.1',
    'GET http:///login HTTP/1.1',
    'GET http://user@evil.example/me HTTP/1.1',
    'GET ftp://evil.example/login HTTP/1.1',
    'GET foo://evil.example/me HTTP/1.1',
    'GET foo://evil.example/wx/me HTTP/1.1',
    'GET foo://evil.example/wx/login HTTP/1.1',
  ],
  ...[
    'GET evil.example:443 HTTP/1.1',
    'CONNECT evil.example:443 HTTP/1.1',
    'CONNECT /login HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'GET * HTTP/1.1',
    'POST * HTTP/1.1',
  ],
  ...[
    'GET //evil.example/login HTTP/1.1',
    'GET //evil.example/me HTTP/1.1',
    'GET ///evil.example/wx/me HTTP/1.1',
    'GET /\\evil.example/me HTTP/1.1',
    'GET \\\\evil.example\\me HTTP/1.1',
    'GET /./me HTTP/1.1',
    'GET /x/../me HTTP/1.1',
    'GET /wx//me HTTP/1.1',
    'GET /wx/../me HTTP/1.1',
    'GET /%2e%2e/me HTTP/1.1',
  ],
  ...[
    'GET  /login HTTP/1.1',
    'GET /login  HTTP/1.1',
    'GET\t/login\tHTTP/1.1',
    'GET /login',
    'GET HTTP/1.1',
    'get /login HTTP/1.1',
    'GET /login HTTP/1.2',
    'GET /login HTTP/2.0',
    'GET /login HTTP/0.9',
    'GET /login http/1.1',
    'GET /login HTTP/1.10',
    'GET /login HTTP/11',
    'GET /log in HTTP/1.1',
  ],
  ...[
    'PRI * HTTP/2.0',
    'EVIL /login HTTP/1.1',
    'TRACE /login HTTP/1.1',
    'PROPFIND /me HTTP/1.1',
    'M-SEARCH /me HTTP/1.1',
    'GET /login#x HTTP/1.1',
    'GET #/login HTTP/1.1',
    'GET ?/login HTTP/1.1',
    'GET login HTTP/1.1',
    '/login',
    '',
    '\u0000',
    '\u0016\u0003\u0001\u0002\u0000',
  ],
  ...[
    'GET /login\u0000 HTTP/1.1',
    'GET /login\u007f HTTP/1.1',
    'GET /\u00ff\u00fe HTTP/1.1',
    'GET /me/\u00e4\u00b8\u00ad HTTP/1.1',
    'GET /me?\u00ff HTTP/1.1',
    'GET /login?returnTo=/\u00e4\u00b8 HTTP/1.1',
    'GET /callback?code=\u00ff&state=\u00fe HTTP/1.1',
    'GET /wx/callback?code=\u00ff&state=\u00fe HTTP/1.1',
  ],
];

/** Unusual and malformed heads. */
const HEADS: Readonly<Record<string, RawRequest>> = {
  'HTTP/1.0 without Host': { version: '1.0', host: null },
  'HTTP/1.0 with Host': { version: '1.0' },
  'HTTP/1.1 without Host': { host: null },
  'two Hosts': { host: ['HOST', 'evil.example'] },
  'two Hosts in the other order': { host: ['evil.example', 'HOST'] },
  'an empty Host': { host: '' },
  'a continued Host': { host: 'HOST\r\n evil.example' },
  'Connection: Host': { headers: [['Connection', 'Host, Cookie']] },
  'Expect: 100-continue': { headers: [['Expect', '100-continue']] },
  'Expect: something': { headers: [['Expect', 'evil']] },
  'Content-Encoding': { headers: [['Content-Encoding', 'gzip']] },
  'two User-Agents': { headers: [['User-Agent', 'evil']] },
  'two Accepts': { headers: [['Accept', 'application/json']] },
  'two Cookies': { headers: [['Cookie', 'session=x']] },
  'two Sec-Fetch-Modes': {
    headers: [
      ['Sec-Fetch-Mode', 'navigate'],
      ['Sec-Fetch-Mode', 'cors'],
    ],
  },
  '__proto__ and others as header names': {
    headers: [
      ['__proto__', 'x'],
      ['constructor', 'x'],
      ['toString', 'x'],
    ],
  },
  'a thousand headers': { headers: Array.from({ length: 1_000 }, (_, at) => [`X-${at}`, 'x'] as const) },
  'three thousand headers': { headers: Array.from({ length: 3_000 }, (_, at) => [`X-${at}`, 'x'] as const) },
  ...Object.fromEntries(
    [
      'Cookie',
      'Referer',
      'Origin',
      'Accept',
      'Accept-Language',
      'User-Agent',
      'X-Requested-With',
      'Sec-Fetch-Mode',
      'Sec-Fetch-Site',
      'Sec-Purpose',
      'X-Forwarded-Host',
    ].flatMap((name) => [
      [`12 kB of ${name}`, { headers: [[name, 'a,'.repeat(6_000)]] }],
      [`100 kB of ${name}`, { headers: [[name, 'a'.repeat(100_000)]] }],
      [`raw bytes in ${name}`, { headers: [[name, '\u00ff\u00fe\u00c0\u00af']] }],
    ]),
  ),
};

const TARGETS = ['/login', '/callback?code=x&state=y', '/me', '/logout'] as const;

/** Unknown, repeated, malformed and very long parameters. */
const QUERIES: readonly string[] = [
  ...[
    'appid=wxevil',
    'redirect_uri=//evil.example',
    'redirect_uri=http://evil.example',
    'response_type=token',
    'state=evil',
    'secret=x',
    'flow=website',
    'forcePopup=true',
    'params[forcePopup]=1',
    'lang=evil',
    'self_redirect=true',
    'href=//evil.example/x.css',
    'style=evil',
    'component_appid=x',
  ],
  ...[
    'scope=snsapi_login',
    'scope=evil',
    'scope=',
    'scope=snsapi_base',
    'scope=snsapi_userinfo%26redirect_uri%3Dx',
    'scope=snsapi_userinfo&scope=evil',
    'scope[]=snsapi_userinfo',
    'scope=snsapi_userinfo%23',
  ],
  ...[
    'returnTo=/a&returnTo=//evil.example',
    'returnTo[]=//evil.example',
    'returnTo[toString]=x',
    'returnTo=%00',
    '__proto__=x',
    '__proto__[x]=y',
    'constructor[prototype][x]=y',
    'toString=x',
    'hasOwnProperty=x',
  ],
  ...[
    '%',
    '%zz',
    '%%',
    '%u0041',
    '%c0%af',
    '%ff%fe',
    '%ed%a0%80',
    '%00',
    '=',
    '==',
    '&&&&',
    '?',
    '??',
    ';',
    '#',
    'a=b;c=d',
    '+',
    '%2B',
    '&=&=&',
    'returnTo=%',
    'returnTo=%zz',
    'returnTo=/%c0%af',
    'returnTo=/%ed%a0%80',
  ],
  ...[
    'a'.repeat(10_000),
    `returnTo=/${'a'.repeat(10_000)}`,
    `scope=${'a'.repeat(10_000)}`,
    'a&'.repeat(5_000),
    'returnTo=/&'.repeat(900),
    `${'['.repeat(3_000)}=x`,
    `a${'[b]'.repeat(2_000)}=x`,
    '%'.repeat(10_000),
    '%00'.repeat(3_000),
    `returnTo=/${'%2e%2e/'.repeat(1_000)}`,
  ],
  ...['a'.repeat(100_000), `returnTo=/${'a'.repeat(100_000)}`, 'a=b&'.repeat(25_000)],
];

const corpus = new Corpus();

/** Whether a Location leads elsewhere, or to WeChat with parameters that the attacker chose. */
function wrongRedirect(site: Site, location: string): string | undefined {
  if (!location.startsWith(`${emulator.url}/`))
    return /^\/(?![/\\])[\u0021-\u007e]*$|^$/.test(location) ? undefined : `a redirect to ${location}`;
  const page = new URL(location);
  const names = [...page.searchParams.keys()].join();
  if (names !== 'appid,redirect_uri,response_type,scope,state') return `the parameters ${names}`;
  if (page.searchParams.get('appid') !== emulator.apps.official.appId) return 'another appid';
  if (page.searchParams.get('redirect_uri') !== `${site.url}${site.mount}/callback`)
    return `the redirect URI ${String(page.searchParams.get('redirect_uri'))}`;
  if (!['snsapi_base', 'snsapi_userinfo'].includes(page.searchParams.get('scope') ?? ''))
    return 'another scope';
  return page.hash === '#wechat_redirect' ? undefined : `the fragment ${page.hash}`;
}

const smuggling: Attack[] = [...AMBIGUOUS, ...UNAMBIGUOUS].map(({ name, bytes, responses }) => ({
  name,
  run: async (site) => {
    const browser = new RawBrowser(site);
    const before = smuggled;
    const received = await browser.sendBytes(bytes(browser), responses);
    for (const response of received) {
      const defect = defectOf(response);
      if (defect !== undefined) return defect;
    }
    if (smuggled > before) return 'the request inside was served';
    // Node responds 400 to the bytes that it cannot parse, and closes the connection.
    const served = received.filter(
      (response, at) => at === 0 || response.status !== 400 || response.body !== '',
    );
    return served.length > 1 ? `${served.length} responses` : undefined;
  },
}));

const lines: Attack[] = LINES.map((line) => ({
  name: JSON.stringify(line),
  run: async (site) => {
    const browser = new RawBrowser(site);
    const bytes = `${line}\r\nHost: ${site.authority}\r\nUser-Agent: MicroMessenger\r\nAccept: text/html\r\nConnection: close\r\n\r\n`;
    for (const response of await browser.sendBytes(bytes, 1)) {
      const defect = defectOf(response) ?? wrongRedirect(site, valueOf(response, 'location'));
      if (defect !== undefined) return defect;
      if (valueOf(response, 'location').includes('evil'))
        return `a redirect to ${valueOf(response, 'location')}`;
    }
    return undefined;
  },
}));

const heads: Attack[] = Object.entries(HEADS).flatMap(([name, request]) =>
  TARGETS.map((target) => ({
    name: `${target}: ${name}`,
    run: async (site) => {
      const browser = new RawBrowser(site);
      const host = request.host;
      const named = (each: string): string => each.replace('HOST', site.authority);
      const hosts =
        host === null || host === undefined ? host : typeof host === 'string' ? named(host) : host.map(named);
      const bytes = browser.bytesOf(browser.at(target), {
        ...request,
        ...(hosts === undefined ? {} : { host: hosts }),
      });
      for (const response of await browser.sendBytes(bytes, 1)) {
        const defect = defectOf(response);
        if (defect !== undefined) return defect;
        const location = valueOf(response, 'location');
        // A client whose first Host header names another host gets it in its redirect URI; no other client
        // does.
        if (name.includes('other order')) continue;
        const redirect = wrongRedirect(site, location);
        if (redirect !== undefined) return redirect;
        if (response.body.length > 20_000) return `a body of ${response.body.length} bytes`;
      }
      return undefined;
    },
  })),
);

const queries: Attack[] = QUERIES.flatMap((query) =>
  TARGETS.map((target) => ({
    name: `${target}: ${query.slice(0, 60)} (${query.length} bytes)`,
    run: async (site) => {
      const browser = new RawBrowser(site);
      const response = await browser.send(`${browser.at(target)}${target.includes('?') ? '&' : '?'}${query}`);
      const defect = defectOf(response) ?? wrongRedirect(site, valueOf(response, 'location'));
      if (defect !== undefined) return defect;
      if (Object.keys(Object.prototype).length > 0) return 'Object.prototype was changed';
      const cookie = browser.cookies().length;
      return cookie > 4_096 ? `a cookie of ${cookie} bytes` : undefined;
    },
  })),
);

/** Several requests at once on one connection. */
const PIPELINES: readonly Attack[] = [
  {
    name: 'one callback twice',
    run: async (site) => {
      const browser = new RawBrowser(site);
      const { state } = await browser.startLogin();
      const code = browser.issueCode('ming');
      emulator.requests.length = 0;
      const one = browser.bytesOf(browser.at(`/callback?code=${code}&state=${state}`));
      const received = await browser.sendBytes(one.replace('Connection: close\r\n', '') + one);
      if (received.length !== 2) return `${received.length} responses`;
      const exchanges = exchangedCodes(emulator).length;
      if (exchanges !== 1) return `${exchanges} exchanges`;
      return (await browser.loggedInAs()) === openidOf('ming') ? undefined : 'the login was lost';
    },
  },
  {
    name: 'a callback, then the guarded page without cookies',
    run: async (site) => {
      const browser = new RawBrowser(site);
      const { state } = await browser.startLogin();
      const callback = browser.bytesOf(
        browser.at(`/callback?code=${browser.issueCode('ming')}&state=${state}`),
      );
      const withoutCookies = browser.bytesOf(browser.at('/me'), { cookie: '' });
      const received = await browser.sendBytes(
        callback.replace('Connection: close\r\n', '') + withoutCookies,
      );
      if (received.length !== 2) return `${received.length} responses`;
      return received[1]?.status === 302 && !textOf(received[1]).includes('openid')
        ? undefined
        : 'the second request is logged in';
    },
  },
  {
    name: "the victim's callback, then the attacker's without cookies",
    run: async (site) => {
      const browser = new RawBrowser(site);
      const { state } = await browser.startLogin();
      const callback = browser.bytesOf(
        browser.at(`/callback?code=${browser.issueCode('ming')}&state=${state}`),
      );
      const code = browser.issueCode('emoji');
      const other = browser.bytesOf(browser.at(`/callback?code=${code}&state=${state}`), { cookie: '' });
      const received = await browser.sendBytes(callback.replace('Connection: close\r\n', '') + other);
      const [, second] = received;
      if (!second || received.length !== 2) return `${received.length} responses`;
      if (wasExchanged(code)) return "the attacker's code was exchanged";
      const attacker = new RawBrowser(site);
      attacker.storeCookies(second);
      return (await attacker.loggedInAs()) === undefined ? undefined : 'the attacker is logged in';
    },
  },
  {
    name: 'a login, a logout and a guarded page at once',
    run: async (site) => {
      const browser = new RawBrowser(site);
      await browser.logIn('ming');
      const open = (path: string): string =>
        browser.bytesOf(browser.at(path)).replace('Connection: close\r\n', '');
      const received = await browser.sendBytes(
        open('/login') + open('/logout') + browser.bytesOf(browser.at('/me'), { cookie: '' }),
      );
      const wrong = received.map(defectOf).find(Boolean);
      if (received.length !== 3) return `${received.length} responses`;
      return wrong ?? (received[2]?.status === 302 ? undefined : 'a request without cookies is logged in');
    },
  },
  {
    name: 'a hundred logins at once',
    run: async (site) => {
      const browser = new RawBrowser(site);
      const open = browser.bytesOf(browser.at('/login')).replace('Connection: close\r\n', '');
      const received = await browser.sendBytes(open.repeat(99) + browser.bytesOf(browser.at('/login')));
      if (received.length !== 100) return `${received.length} responses`;
      const states = new Set(
        received.map((response) => /state=(\w+)/.exec(valueOf(response, 'location'))?.[1]),
      );
      return states.size === 100 ? received.map(defectOf).find(Boolean) : 'states repeat';
    },
  },
  {
    name: 'a hundred malformed callbacks at once',
    run: async (site) => {
      const browser = new RawBrowser(site);
      const open = browser
        .bytesOf(browser.at('/callback?code=%&state=%00'))
        .replace('Connection: close\r\n', '');
      const received = await browser.sendBytes(
        open.repeat(99) + browser.bytesOf(browser.at('/callback?code=%&state=%00')),
      );
      if (received.length !== 100) return `${received.length} responses`;
      return received.map(defectOf).find(Boolean);
    },
  },
];

const GROUPS: Readonly<Record<string, readonly Attack[]>> = {
  'serves no request inside another': smuggling,
  'redirects nowhere else, whatever the request line': lines,
  'causes no error, whatever the head': heads,
  'ignores unknown parameters, and causes no error by malformed or long ones': queries,
  'keeps pipelined requests apart': PIPELINES,
};

/** Counts the requests at the path that only a smuggled request names. */
function countSmuggled(app: Host): void {
  app.use((req: HostRequest, _res, next) => {
    if (req.url?.includes('smuggled')) smuggled++;
    next();
  });
}

const SITES = matrix().map((options) => ({
  ...options,
  auth: { website: undefined },
  before: countSmuggled,
}));

describeSites('%s', SITES, (site) => {
  it.each(Object.keys(GROUPS))(
    '%s',
    async (group) => {
      const attacks = GROUPS[group] ?? [];
      // Request lines name the mount themselves, and pipelines are few: both run on every site.
      const own = attacks === lines || attacks === PIPELINES ? attacks : partForSite(attacks, site());
      expect(own.length).toBeGreaterThan(0);
      expect(await corpus.run(site(), own)).toEqual([]);
      expect(site().errors).toEqual([]);
      await expectOrdinaryLogin(site());
    },
    60_000,
  );
});

it('a request that is served inside another is counted', async () => {
  const site = await startSite({ host: 'Connect', before: countSmuggled });
  const before = smuggled;
  try {
    const browser = new RawBrowser(site);
    expect(await browser.sendBytes(head(browser, 'GET /login HTTP/1.1') + INNER)).toHaveLength(2);
    expect(smuggled).toBe(before + 1);
  } finally {
    await site.close();
  }
});

corpus.expectAll(FULL ? 1344 : 740);
