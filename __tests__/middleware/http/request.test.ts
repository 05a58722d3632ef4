import { once } from 'node:events';
import {
  IncomingMessage,
  type IncomingHttpHeaders,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { wechatAuth } from '../../../lib/index';
import {
  clientAddress,
  fullURL,
  hasAmbiguousNames,
  header,
  hostOf,
  isPrefetch,
  isSafeMethod,
  isSecure,
  mountOf,
  pathOf,
  queryOf,
  withoutOrigin,
  trustsProxy,
  wantsPage,
  type HostRequest,
} from '../../../lib/middleware/http/request';
import { cookies, emulated, sendJSON, type TestRequest } from '../../support/app';
import { agree } from '../../support/browser';
import { emulator, useEmulator } from '../../support/emulator';
import { createHost, type Middleware } from '../../support/hosts';
import { IPHONE_WECHAT } from '../../support/browsers/user-agents';
import { collectGarbage } from '../../support/operations/collect-garbage';

useEmulator();

/** A request as Node hands it on, without a connection. */
function requestWith(headers: IncomingHttpHeaders, trustsProxy = false): HostRequest {
  const req = new IncomingMessage(new net.Socket());
  req.headers = headers;
  const app = { get: () => () => trustsProxy };
  return Object.assign(req, { app });
}

/** A request with these properties, without a connection. */
function requestOf(fields: object): HostRequest {
  return Object.assign(new IncomingMessage(new net.Socket()), fields);
}

interface Http2Response {
  readonly status: number;
  readonly location: string;
  /** What the response sets, as a Cookie header. */
  readonly cookie: string;
  readonly body: string;
}

/** Sends one request over HTTP/2, without TLS. Node sends `:authority`, and no Host header. */
async function getByHttp2(
  listener: RequestListener,
  headers: http2.OutgoingHttpHeaders,
): Promise<Http2Response> {
  const server = http2.createServer(
    listener as unknown as (req: http2.Http2ServerRequest, res: http2.Http2ServerResponse) => void,
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    const request = client.request({ 'user-agent': IPHONE_WECHAT, accept: 'text/html', ...headers });
    const [response] = (await once(request, 'response')) as [http2.IncomingHttpHeaders];
    return {
      status: Number(response[':status']),
      location: response.location ?? '',
      cookie: (response['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; '),
      body: await text(request),
    };
  } finally {
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

function connectApp(): RequestListener {
  const app = createHost('Connect');
  app.use(cookies());
  app.use(wechatAuth(emulated(emulator)));
  app.use(sendUser);
  return app;
}

function bareHandler(): RequestListener {
  const session = cookies();
  const middleware: Middleware = wechatAuth(emulated(emulator));
  return (req, res) => {
    session(req, res, () => {
      middleware(req, res, () => {
        sendUser(req, res);
      });
    });
  };
}

function sendUser(req: HostRequest, res: ServerResponse): void {
  sendJSON(res, (req as TestRequest).wechat.user);
}

describe('the address of the client', () => {
  it.each([
    [
      'the one of the framework',
      { ip: '203.0.113.7', socket: { remoteAddress: '127.0.0.1' } },
      '203.0.113.7',
    ],
    ['that of the peer if the framework names none', { socket: { remoteAddress: '127.0.0.1' } }, '127.0.0.1'],
    ['that of the peer if another value is there', { ip: 7, socket: { remoteAddress: '::1' } }, '::1'],
    ['empty once the connection is closed', {}, ''],
  ])('is %s', (_what, fields, expected) => {
    expect(clientAddress(requestOf(fields))).toBe(expected);
  });
});

describe('a request over HTTP/2', () => {
  // Express 4 and 5 do not run on node:http2: they replace the prototype of its requests.
  it.each([
    ['Connect', connectApp],
    ['a bare handler', bareHandler],
  ])('logs the user in at the host that :authority names, on %s', async (_name, makeListener) => {
    const listener = makeListener();
    const redirect = await getByHttp2(listener, {
      ':path': '/login?returnTo=/me',
      ':authority': 'h5.example.com',
    });
    expect(redirect.status).toBe(302);
    expect(new URL(redirect.location).searchParams.get('redirect_uri')).toBe(
      'http://h5.example.com/callback',
    );
    const callbackURL = new URL(await agree(emulator, redirect.location));
    const done = await getByHttp2(listener, {
      ':path': callbackURL.pathname + callbackURL.search,
      ':authority': callbackURL.host,
      cookie: redirect.cookie,
    });
    expect([done.status, done.location]).toEqual([302, '/me#']);
    const me = await getByHttp2(listener, {
      ':path': '/me',
      ':authority': callbackURL.host,
      cookie: done.cookie,
    });
    expect(JSON.parse(me.body)).toMatchObject({ nickname: '小明' });
  });
});

describe('the address of a request', () => {
  it.each([
    ['/', '/', '/'],
    ['/a/b', '/a/b', '/a/b'],
    ['/a?b/c#d', '/a?b/c#d', '/a'],
    ['/a#b?c', '/a#b?c', '/a'],
    ['/go?to=http://b.example/c', '/go?to=http://b.example/c', '/go'],
    ['http://a.example/b?c', '/b?c', '/b'],
    ['HTTPS://a.example:8443/b', '/b', '/b'],
    ['http://a.example', '/', '/'],
    ['http://a.example?b', '?b', ''],
    ['http://a.example#b', '#b', ''],
    ['http:///b', '/b', '/b'],
    ['ftp://a.example/b', 'ftp://a.example/b', 'ftp://a.example/b'],
    ['*', '*', '*'],
    ['x-http://a.example/b', 'x-http://a.example/b', 'x-http://a.example/b'],
  ])('%s is %s without its origin, and has the path %j', (url, expected, path) => {
    expect(withoutOrigin(url)).toBe(expected);
    expect(pathOf(url)).toBe(path);
  });

  it('has the parameters after its first question mark', () => {
    expect([...queryOf('/a?b=1&c=%20?')]).toEqual([
      ['b', '1'],
      ['c', ' ?'],
    ]);
    expect([...queryOf('?b=1')]).toEqual([['b', '1']]);
    expect([...queryOf('/a')]).toEqual([]);
  });

  it.each([
    ['code=1&state=2', false],
    ['', false],
    ['code=1&code=1', true],
    ['code=1&state=2&x=1&x=2', true],
    ['code[]=1&state=2', true],
    ['state=2&code[=1', true],
    ['x]=1&state=2', true],
    ['code=[1]', false],
  ])('has parameters that two programs may read differently: %s: %s', (query, expected) => {
    expect(hasAmbiguousNames(new URLSearchParams(query))).toBe(expected);
  });

  it('is the one before frameworks removed the mount path', () => {
    expect(fullURL(requestOf({ originalUrl: '/shop/me', url: '/me' }))).toBe('/shop/me');
    expect(fullURL(requestOf({ url: '/me' }))).toBe('/me');
    expect(fullURL(requestOf({ url: undefined }))).toBe('/');
  });

  it.each([
    ['/me', '/me', ''],
    ['/shop/me?a=/me', '/me?a=/me', '/shop'],
    ['/shop/', '/', '/shop'],
    ['/shop', '/', '/shop'],
    ['/shop?a', '/?a', '/shop'],
    ['http://a.example/shop/me', '/me', '/shop'],
    // A middleware before ours has rewritten the URL.
    ['/old', '/new', ''],
  ])('%s, of which %s is left below the mount, has the mount path %j', (originalUrl, url, mount) => {
    expect(mountOf(requestOf({ originalUrl }), url)).toBe(mount);
  });
});

describe('whether the browser used https', () => {
  it('is what Express says, otherwise what the connection shows', () => {
    const socket = (encrypted?: boolean) => ({ encrypted });
    expect(isSecure(requestOf({ secure: true, socket: socket() }))).toBe(true);
    expect(isSecure(requestOf({ secure: false, socket: socket(true) }))).toBe(false);
    expect(isSecure(requestOf({ socket: socket(true) }))).toBe(true);
    expect(isSecure(requestOf({ socket: socket() }))).toBe(false);
  });
});

describe('the proxy that sent a request', () => {
  const from = (app: unknown): HostRequest => requestOf({ app, socket: { remoteAddress: '10.0.0.1' } });

  it('is trusted if the setting of Express trusts its address as the first hop', () => {
    const asked: unknown[] = [];
    const trust = (...args: unknown[]) => asked.push(args) > 0;
    const get = (name: string): unknown => (name === 'trust proxy fn' ? trust : undefined);
    expect(trustsProxy(from({ get }))).toBe(true);
    expect(asked).toEqual([['10.0.0.1', 0]]);
    expect(trustsProxy(from({ get: () => () => false }))).toBe(false);
  });

  it.each([undefined, {}, { get: () => undefined }, { get: () => true }])(
    'is not trusted without that setting: %j',
    (app) => {
      expect(trustsProxy(from(app))).toBe(false);
    },
  );
});

describe('a header', () => {
  it('is empty if the request lacks it, and one text if it was sent several times', () => {
    expect(header(requestWith({}), 'accept')).toBe('');
    expect(header(requestWith({ accept: 'text/html' }), 'accept')).toBe('text/html');
    expect(header(requestWith({ 'x-a': ['1', '2'] }), 'x-a')).toBe('1,2');
  });
});

describe('a request ahead of time', () => {
  const sent = (method: string, headers: IncomingHttpHeaders): boolean =>
    isPrefetch(Object.assign(requestWith(headers), { method }));

  it.each([
    ['GET', { 'sec-purpose': 'prefetch' }, true],
    ['GET', { 'sec-purpose': 'Prefetch;prerender' }, true],
    ['GET', { 'sec-purpose': 'prefetch, anonymous-client-ip' }, true],
    ['GET', { purpose: 'prefetch' }, true],
    ['GET', { 'sec-purpose': '', purpose: 'prefetch' }, true],
    ['GET', { 'sec-purpose': 'x', purpose: 'prefetch' }, false],
    ['GET', { 'sec-purpose': ['prefetch', 'x'] }, true],
    ['GET', { 'sec-purpose': 'prefetches' }, false],
    ['GET', { 'sec-purpose': 'no prefetch' }, false],
    ['GET', {}, false],
    ['HEAD', { 'sec-purpose': 'prefetch' }, false],
    ['POST', { 'sec-purpose': 'prefetch' }, false],
  ] as const)('%s with %j: %s', (method, headers, expected) => {
    expect(sent(method, headers as IncomingHttpHeaders)).toBe(expected);
  });
});

describe('a method', () => {
  it.each([
    ['GET', true],
    ['HEAD', true],
    ['POST', false],
    ['OPTIONS', false],
    ['TRACE', false],
    [undefined, false],
  ])('%s only reads: %s', (method, expected) => {
    expect(isSafeMethod(requestOf({ method }))).toBe(expected);
  });
});

describe('whether a person will see the response', () => {
  const HTML = 'text/html,application/xhtml+xml';

  it.each([
    [{ 'sec-fetch-mode': 'navigate' }, true],
    [{ 'sec-fetch-mode': 'cors', accept: HTML }, false],
    [{ 'sec-fetch-mode': 'navigate', 'x-requested-with': 'XMLHttpRequest' }, true],
    [{ accept: HTML }, true],
    [{ accept: '*/*' }, false],
    [{ accept: HTML, 'x-requested-with': 'xmlhttprequest' }, false],
    [{ accept: HTML, 'x-requested-with': 'XMLHttpRequest' }, false],
    [{ accept: HTML, 'x-requested-with': 'com.tencent.mm' }, true],
    [{}, false],
  ])('%j: %s', (headers: IncomingHttpHeaders, expected) => {
    expect(wantsPage(requestWith(headers))).toBe(expected);
  });
});

describe('the host of a request', () => {
  it('is the Host header in lower case', () => {
    expect(hostOf(requestWith({ host: 'H5.Example.com:8443' }))).toBe('h5.example.com:8443');
    expect(hostOf(requestWith({}))).toBe('');
  });

  it('is :authority if a client sends both', () => {
    expect(hostOf(requestWith({ ':authority': 'h5.example.com', host: 'evil.example' }))).toBe(
      'h5.example.com',
    );
  });

  it('is X-Forwarded-Host, the first of a list, only from a trusted proxy', () => {
    const headers = { host: 'inner', 'x-forwarded-host': 'H5.example.com , other.example' };
    expect(hostOf(requestWith(headers, true))).toBe('h5.example.com');
    expect(hostOf(requestWith(headers))).toBe('inner');
    expect(hostOf(requestWith({ ...headers, 'x-forwarded-host': ['a.example', 'b.example'] }, true))).toBe(
      'a.example',
    );
    expect(hostOf(requestWith({ host: 'inner' }, true))).toBe('inner');
  });

  it('is not an X-Forwarded-Host that is empty', () => {
    for (const empty of ['', ' ', ' , other.example', ['', 'other.example']])
      expect(hostOf(requestWith({ host: 'h5.example.com', 'x-forwarded-host': empty }, true))).toBe(
        'h5.example.com',
      );
  });

  it('is empty if it is longer than a host can be', () => {
    expect(hostOf(requestWith({ host: 'a'.repeat(255) }))).toBe('a'.repeat(255));
    expect(hostOf(requestWith({ host: 'a'.repeat(256) }))).toBe('');
    expect(hostOf(requestWith({ ':authority': 'a'.repeat(256), host: 'h5.example.com' }))).toBe('');
    expect(hostOf(requestWith({ 'x-forwarded-host': 'a'.repeat(16_000) }, true))).toBe('');
  });

  it('keeps nothing of a long header in memory', () => {
    const long = (at: number): string => Buffer.from(`h${at}.example.com, ${'x'.repeat(16_000)}`).toString();
    const used = (): number => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = used();
    const hosts = Array.from({ length: 1_000 }, (_, at) =>
      hostOf(requestWith({ 'x-forwarded-host': long(at) }, true)),
    );
    expect(used() - before).toBeLessThan(4_000_000);
    expect(hosts).toContain('h999.example.com');
  });
});
