import { emulator, useEmulator } from '../support/emulator';
import type { HostRequest } from '../../lib/middleware/http/request';
import { FULL } from '../support/full';
import { Corpus, expectHonestLogin, type Attack } from './support/corpus';
import { textOf, valueOf } from '../support/raw-http';
import { partForSite } from './support/rotation';
import { RawBrowser, type RawRequest } from '../support/raw-browser';
import { defectOf, matrix, nameOf, startSite, wasExchanged, type Site } from './support/site';

useEmulator();

/** How often the route was asked for that only a smuggled request names. */
const smuggled = new WeakMap<Site, { count: number }>();

interface Shape {
  readonly name: string;
  /** The bytes; what follows the head is up to the attack. */
  readonly bytes: (visitor: RawBrowser) => string;
  /** After so many answers, no more will come by itself. */
  readonly answers?: number;
}

const INNER = 'GET /smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

function head(visitor: RawBrowser, line: string, ...headers: string[]): string {
  return [
    line,
    `Host: ${visitor.site.authority}`,
    'User-Agent: MicroMessenger',
    'Accept: text/html',
    ...headers,
    '',
    '',
  ].join('\r\n');
}

/** Requests of which two readers may make two different things. The inner one must not be served by any. */
const AMBIGUOUS: readonly Shape[] = (
  [
    ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked'], `0\r\n\r\n${INNER}`],
    [
      'chunks and a length',
      ['Transfer-Encoding: chunked', `Content-Length: ${5 + INNER.length}`],
      `0\r\n\r\n${INNER}`,
    ],
    ['two lengths', ['Content-Length: 0', `Content-Length: ${INNER.length}`], INNER],
    ['two lengths, the other way round', [`Content-Length: ${INNER.length}`, 'Content-Length: 0'], INNER],
    ['a list of lengths', [`Content-Length: 0, ${INNER.length}`], INNER],
    ['a length with a sign', ['Content-Length: +0'], INNER],
    ['a negative length', ['Content-Length: -1'], INNER],
    ['a length in hex', ['Content-Length: 0x0'], INNER],
    ['a length with a point', ['Content-Length: 0.0'], INNER],
    ['a length with a space inside', ['Content-Length: 0 0'], INNER],
    ['an endless length', ['Content-Length: 99999999999999999999'], INNER],
    ['a length that is a word', ['Content-Length: zero'], INNER],
    ['a space before the colon', ['Content-Length : 0'], INNER],
    ['chunks with a space before the colon', ['Transfer-Encoding : chunked'], `0\r\n\r\n${INNER}`],
    ['chunks that are no chunks', ['Transfer-Encoding: xchunked'], `0\r\n\r\n${INNER}`],
    ['chunks and something else', ['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${INNER}`],
    ['chunks twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: x'], `0\r\n\r\n${INNER}`],
    [
      'chunks behind a line break',
      ['Transfer-Encoding:\r\n chunked', 'Content-Length: 5'],
      `0\r\n\r\n${INNER}`,
    ],
    [
      'chunks behind a vertical tab',
      ['Transfer-Encoding: \vchunked', 'Content-Length: 5'],
      `0\r\n\r\n${INNER}`,
    ],
    [
      'chunks behind a null byte',
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
    ['a chunk of no size', ['Transfer-Encoding: chunked'], `\r\n\r\n${INNER}`],
    ['a chunk of a negative size', ['Transfer-Encoding: chunked'], `-1\r\n\r\n${INNER}`],
    ['a chunk of an endless size', ['Transfer-Encoding: chunked'], `fffffffffffffffff\r\n${INNER}`],
    ['a chunk with a word for a size', ['Transfer-Encoding: chunked'], `zz\r\n${INNER}`],
    ['a chunk that ends with LF', ['Transfer-Encoding: chunked'], `1\nx\n0\n\n${INNER}`],
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
    bytes: (visitor: RawBrowser) => {
      const [method = '', target = ''] = line.split(' ');
      return head(visitor, `${method} ${visitor.at(target)} HTTP/1.1`, ...headers) + body;
    },
    answers: 1,
  })),
);

/** Bodies that are clearly bodies: a request inside them is none. */
const CLEAR: readonly Shape[] = [
  'GET /callback?code=x&state=y',
  'GET /login',
  'GET /me',
  'POST /logout',
  'HEAD /login',
].flatMap((line) => {
  const [method = '', target = ''] = line.split(' ');
  const start = (visitor: RawBrowser, ...headers: string[]): string =>
    head(visitor, `${method} ${visitor.at(target)} HTTP/1.1`, 'Connection: close', ...headers);
  return [
    {
      name: `${line}: a body that looks like a request`,
      bytes: (visitor: RawBrowser) => start(visitor, `Content-Length: ${INNER.length}`) + INNER,
    },
    {
      name: `${line}: chunks that look like a request`,
      bytes: (visitor: RawBrowser) =>
        `${start(visitor, 'Transfer-Encoding: chunked')}${INNER.length.toString(16)}\r\n${INNER}\r\n0\r\n\r\n`,
    },
    {
      name: `${line}: a trailer that looks like a header`,
      bytes: (visitor: RawBrowser) =>
        `${start(visitor, 'Transfer-Encoding: chunked')}0\r\nHost: evil.example\r\nCookie: x\r\n\r\n`,
    },
    {
      name: `${line}: a request after the last one`,
      bytes: (visitor: RawBrowser) => start(visitor) + INNER,
    },
    {
      name: `${line}: an upgrade`,
      bytes: (visitor: RawBrowser) =>
        head(
          visitor,
          `${method} ${visitor.at(target)} HTTP/1.1`,
          'Connection: Upgrade, close',
          'Upgrade: websocket',
          'Sec-WebSocket-Key: x',
        ) + INNER,
      answers: 1,
    },
    {
      name: `${line}: an upgrade to HTTP/2`,
      bytes: (visitor: RawBrowser) =>
        head(
          visitor,
          `${method} ${visitor.at(target)} HTTP/1.1`,
          'Connection: Upgrade, HTTP2-Settings, close',
          'Upgrade: h2c',
          'HTTP2-Settings: AAMAAABkAAQAAP__',
        ) + INNER,
      answers: 1,
    },
  ];
});

/** Request lines that are none, or that name another host than the Host header. */
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

/** Heads that are not as they should be. */
const HEADS: Readonly<Record<string, RawRequest>> = {
  'HTTP/1.0 without Host': { version: '1.0', host: null },
  'HTTP/1.0 with Host': { version: '1.0' },
  'HTTP/1.1 without Host': { host: null },
  'two Hosts': { host: ['HOST', 'evil.example'] },
  'two Hosts, the other way round': { host: ['evil.example', 'HOST'] },
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
  'the prototype for a header': {
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

const DOORS = ['/login', '/callback?code=x&state=y', '/me', '/logout'] as const;

/** Parameters beside those that we know, too many of them, or broken ones. */
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

function knowsAll(site: Site, location: string): string | undefined {
  if (!location.startsWith(`${emulator.url}/`))
    return /^\/(?![/\\])[\u0021-\u007e]*$|^$/.test(location) ? undefined : `it leads to ${location}`;
  const page = new URL(location);
  const names = [...page.searchParams.keys()].join();
  if (names !== 'appid,redirect_uri,response_type,scope,state') return `WeChat is asked with ${names}`;
  if (page.searchParams.get('appid') !== emulator.apps.official.appId) return 'another appid';
  if (page.searchParams.get('redirect_uri') !== `${site.url}${site.mount}/callback`)
    return `back to ${String(page.searchParams.get('redirect_uri'))}`;
  if (!['snsapi_base', 'snsapi_userinfo'].includes(page.searchParams.get('scope') ?? ''))
    return 'another scope';
  return page.hash === '#wechat_redirect' ? undefined : `the fragment ${page.hash}`;
}

const shapes: Attack[] = [...AMBIGUOUS, ...CLEAR].map(({ name, bytes, answers }) => ({
  name,
  run: async (site) => {
    const visitor = new RawBrowser(site);
    const before = smuggled.get(site)?.count ?? 0;
    const received = await visitor.sendBytes(bytes(visitor), answers);
    for (const answer of received) {
      const wrong = defectOf(answer);
      if (wrong !== undefined) return wrong;
    }
    if ((smuggled.get(site)?.count ?? 0) > before) return 'the inner request was served';
    // Node says that it could not read on, and hangs up.
    const served = received.filter((answer, at) => at === 0 || answer.status !== 400 || answer.body !== '');
    return served.length > 1 ? `${served.length} answers` : undefined;
  },
}));

const lines: Attack[] = LINES.map((line) => ({
  name: JSON.stringify(line),
  run: async (site) => {
    const visitor = new RawBrowser(site);
    const bytes = `${line}\r\nHost: ${site.authority}\r\nUser-Agent: MicroMessenger\r\nAccept: text/html\r\nConnection: close\r\n\r\n`;
    for (const answer of await visitor.sendBytes(bytes, 1)) {
      const wrong = defectOf(answer) ?? knowsAll(site, valueOf(answer, 'location'));
      if (wrong !== undefined) return wrong;
      if (valueOf(answer, 'location').includes('evil')) return `it leads to ${valueOf(answer, 'location')}`;
    }
    return undefined;
  },
}));

const heads: Attack[] = Object.entries(HEADS).flatMap(([name, request]) =>
  DOORS.map((door) => ({
    name: `${door}: ${name}`,
    run: async (site) => {
      const visitor = new RawBrowser(site);
      const host = request.host;
      const named = (each: string): string => each.replace('HOST', site.authority);
      const hosts =
        host === null || host === undefined ? host : typeof host === 'string' ? named(host) : host.map(named);
      const bytes = visitor.bytesOf(visitor.at(door), {
        ...request,
        ...(hosts === undefined ? {} : { host: hosts }),
      });
      for (const answer of await visitor.sendBytes(bytes, 1)) {
        const wrong = defectOf(answer);
        if (wrong !== undefined) return wrong;
        const location = valueOf(answer, 'location');
        // Who names another host first is sent back there, and nobody else.
        if (name.includes('other way')) continue;
        const away = knowsAll(site, location);
        if (away !== undefined) return away;
        if (answer.body.length > 20_000) return `${answer.body.length} bytes come back`;
      }
      return undefined;
    },
  })),
);

const queries: Attack[] = QUERIES.flatMap((query) =>
  DOORS.map((door) => ({
    name: `${door}: ${query.slice(0, 60)}`,
    run: async (site) => {
      const visitor = new RawBrowser(site);
      const answer = await visitor.send(`${visitor.at(door)}${door.includes('?') ? '&' : '?'}${query}`);
      const wrong = defectOf(answer) ?? knowsAll(site, valueOf(answer, 'location'));
      if (wrong !== undefined) return wrong;
      if (Object.keys(Object.prototype).length > 0) return 'the prototype of objects was written to';
      const cookie = visitor.cookies().length;
      return cookie > 4_096 ? `a cookie of ${cookie} bytes` : undefined;
    },
  })),
);

/** Several requests in one go on one connection. */
const PIPELINES: readonly Attack[] = [
  {
    name: 'one callback twice',
    run: async (site) => {
      const visitor = new RawBrowser(site);
      const { state } = await visitor.startLogin();
      const code = visitor.issueCode('ming');
      emulator.requests.length = 0;
      const one = visitor.bytesOf(visitor.at(`/callback?code=${code}&state=${state}`));
      const received = await visitor.sendBytes(one.replace('Connection: close\r\n', '') + one);
      if (received.length !== 2) return `${received.length} answers`;
      const exchanges = emulator.requests.filter(({ path }) => path === '/sns/oauth2/access_token').length;
      if (exchanges !== 1) return `${exchanges} exchanges`;
      return (await visitor.loggedInAs()) === emulator.openid('ming', emulator.apps.official.appId)
        ? undefined
        : 'the login was lost';
    },
  },
  {
    name: 'a callback, and the guarded page without its cookies',
    run: async (site) => {
      const visitor = new RawBrowser(site);
      const { state } = await visitor.startLogin();
      const callback = visitor.bytesOf(
        visitor.at(`/callback?code=${visitor.issueCode('ming')}&state=${state}`),
      );
      const stranger = visitor.bytesOf(visitor.at('/me'), { cookie: '' });
      const received = await visitor.sendBytes(callback.replace('Connection: close\r\n', '') + stranger);
      if (received.length !== 2) return `${received.length} answers`;
      return received[1]?.status === 302 && !textOf(received[1]).includes('openid')
        ? undefined
        : 'the second is let in';
    },
  },
  {
    name: "mallory's callback behind the victim's, without cookies",
    run: async (site) => {
      const visitor = new RawBrowser(site);
      const { state } = await visitor.startLogin();
      const callback = visitor.bytesOf(
        visitor.at(`/callback?code=${visitor.issueCode('ming')}&state=${state}`),
      );
      const code = visitor.issueCode('emoji');
      const other = visitor.bytesOf(visitor.at(`/callback?code=${code}&state=${state}`), { cookie: '' });
      const received = await visitor.sendBytes(callback.replace('Connection: close\r\n', '') + other);
      const [, second] = received;
      if (!second || received.length !== 2) return `${received.length} answers`;
      if (wasExchanged(emulator, code)) return "mallory's code was exchanged";
      const thief = new RawBrowser(site);
      thief.storeCookies(second);
      return (await thief.loggedInAs()) === undefined ? undefined : 'mallory is let in';
    },
  },
  {
    name: 'a login, a logout and a guarded page at once',
    run: async (site) => {
      const visitor = new RawBrowser(site);
      await visitor.logIn('ming');
      const open = (path: string): string =>
        visitor.bytesOf(visitor.at(path)).replace('Connection: close\r\n', '');
      const received = await visitor.sendBytes(
        open('/login') + open('/logout') + visitor.bytesOf(visitor.at('/me'), { cookie: '' }),
      );
      const wrong = received.map(defectOf).find(Boolean);
      if (received.length !== 3) return `${received.length} answers`;
      return wrong ?? (received[2]?.status === 302 ? undefined : 'a stranger is let in');
    },
  },
  {
    name: 'a hundred logins in one go',
    run: async (site) => {
      const visitor = new RawBrowser(site);
      const open = visitor.bytesOf(visitor.at('/login')).replace('Connection: close\r\n', '');
      const received = await visitor.sendBytes(open.repeat(99) + visitor.bytesOf(visitor.at('/login')));
      if (received.length !== 100) return `${received.length} answers`;
      const states = new Set(received.map((answer) => /state=(\w+)/.exec(valueOf(answer, 'location'))?.[1]));
      return states.size === 100 ? received.map(defectOf).find(Boolean) : 'states repeat';
    },
  },
  {
    name: 'a hundred broken callbacks in one go',
    run: async (site) => {
      const visitor = new RawBrowser(site);
      const open = visitor
        .bytesOf(visitor.at('/callback?code=%&state=%00'))
        .replace('Connection: close\r\n', '');
      const received = await visitor.sendBytes(
        open.repeat(99) + visitor.bytesOf(visitor.at('/callback?code=%&state=%00')),
      );
      if (received.length !== 100) return `${received.length} answers`;
      return received.map(defectOf).find(Boolean);
    },
  },
];

const GROUPS: Readonly<Record<string, readonly Attack[]>> = {
  'serves no request hidden in another': shapes,
  'is led astray by no request line': lines,
  'stands every head': heads,
  'hears no parameter that is not its own, and stands broken and huge ones': queries,
  'keeps pipelined requests apart': PIPELINES,
};

describe.each(matrix().map((options) => [nameOf(options), options] as const))('%s', (_name, options) => {
  let site: Site;
  beforeAll(async () => {
    const count = { count: 0 };
    site = await startSite(emulator, {
      ...options,
      auth: { website: undefined },
      before: (app) => {
        app.use((req: HostRequest, _res, next) => {
          if (req.url?.includes('smuggled')) count.count++;
          next();
        });
      },
    });
    smuggled.set(site, count);
  });
  afterAll(() => site.close());

  it.each(Object.keys(GROUPS))(
    '%s',
    async (group) => {
      const attacks = GROUPS[group] ?? [];
      // Request lines name the mount themselves, and pipelines are few: both go everywhere.
      const own = attacks === lines || attacks === PIPELINES ? attacks : partForSite(attacks, site);
      expect(own.length).toBeGreaterThan(0);
      expect(await corpus.run(site, own)).toEqual([]);
      expect(site.errors).toEqual([]);
      await expectHonestLogin(site);
    },
    60_000,
  );
});

it('would see a smuggled request', async () => {
  let count = 0;
  const site = await startSite(emulator, {
    host: 'Connect',
    before: (app) => {
      app.use((req: HostRequest, _res, next) => {
        if (req.url?.includes('smuggled')) count++;
        next();
      });
    },
  });
  try {
    const visitor = new RawBrowser(site);
    expect(await visitor.sendBytes(head(visitor, 'GET /login HTTP/1.1') + INNER)).toHaveLength(2);
    expect(count).toBe(1);
  } finally {
    await site.close();
  }
});

corpus.expectAll(FULL ? 1344 : 740);
