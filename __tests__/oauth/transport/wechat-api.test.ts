// A call to WeChat: its connection, its time limit, its retry, its HTTP client.
import { EventEmitter, getEventListeners } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { format } from 'node:util';
import { gzipSync } from 'node:zlib';
import axios from 'axios';
import createDebug from 'debug';
import { OAuth, type WechatHttpOptions, type TokenData } from '../../../lib/index';
import { createEmulator, selfSignedCertificate, type EmulatorFault } from '../../../lib/emulator/index';
import { timers } from '../../../lib/async/timers';
import { chooseTransport } from '../../../lib/oauth/transport/choose-transport';
import type { ResolvedHttpOptions } from '../../../lib/oauth/transport/http-options';
import { OAuthFixture, deepFreeze, failure } from '../oauth-fixture';
import { runChild } from '../../support/processes/child';
import { startHttpServer, startServer, startTcpServer, useServers } from '../../support/processes/servers';
import { fakeTimeLimits } from '../../support/clock/time-limits';

let fixture: OAuthFixture;
let record: TokenData;
const server = useServers();
beforeAll(async () => {
  fixture = await OAuthFixture.start();
  record = await fixture.issueToken();
});
afterAll(() => fixture.close());
beforeEach(() => (fixture.emulator.requests.length = 0));
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const OK = '{"errcode":0,"errmsg":"ok"}';

/** An OAuth with this address in place of WeChat's. */
const oauthAt = (url: string, options?: WechatHttpOptions): OAuth =>
  new OAuth({
    appid: 'wxAppid',
    appsecret: 'secret',
    endpoints: { api: url },
    ...(options && { http: options }),
  });
const verify = (oauth: OAuth): Promise<unknown> => oauth.verifyToken('openid', 'token');
const milliseconds = async (work: Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await work;
  return performance.now() - started;
};

describe('connections', () => {
  it('are kept alive: 20 calls in a row need one connection', async () => {
    const gateway = await server(startHttpServer((_req, res) => res.end(OK)));
    const oauth = oauthAt(gateway.url);
    for (let count = 0; count < 20; count++) await verify(oauth);
    expect(gateway.connections()).toBe(1);
  });

  it('are kept alive over TLS, too, and after an errcode', async () => {
    const tls = selfSignedCertificate();
    const wechat = await createEmulator({ https: tls });
    const ca = tls.cert;
    const { appId: appid, appSecret: appsecret } = wechat.apps.official;
    const httpsAgent = new https.Agent({ ca, keepAlive: true });
    const oauth = new OAuth({ appid, appsecret, endpoints: wechat.endpoints, http: { httpsAgent } });
    for (let count = 0; count < 5; count++) await failure(oauth.getAccessToken('nonsense'));
    expect(Object.values(httpsAgent.freeSockets).flat()).toHaveLength(1);
    httpsAgent.destroy();
    await wechat.close();
  });

  it('are replaced if WeChat closed them while they were idle, also for a code exchange', async () => {
    const made = http.createServer((_req, res) =>
      res.end('{"openid":"o","access_token":"a","expires_in":7200}'),
    );
    const gateway = await server(startServer(made));
    const oauth = oauthAt(gateway.url);
    await oauth.getAccessToken('one');
    made.closeIdleConnections();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(oauth.getAccessToken('two')).resolves.toBeDefined();
    expect(gateway.connections()).toBe(2);
  });

  it('do not keep a process alive that has nothing else to do', async () => {
    const { stdout, exitCode } = await runChild(`
      const server = require('http').createServer((req, res) => res.end('${OK}'));
      server.listen(0, '127.0.0.1', async () => {
        server.unref();
        server.on('connection', (socket) => socket.unref());
        const oauth = new core.OAuth({ appid: 'wx', appsecret: 's', endpoints: { api: 'http://127.0.0.1:' + server.address().port } });
        const keep = setInterval(() => {}, 1000);
        await oauth.verifyToken('o', 'a');
        clearInterval(keep);
        console.log('done');
      });`);
    expect({ stdout, exitCode }).toEqual({ stdout: 'done\n', exitCode: 0 });
  });
});

describe('the time limit', () => {
  it.each([
    ['silence', 'silence'],
    ['a slow drip', { drip: 25 }],
    ['a late response', { delay: 2000 }],
  ] as [string, EmulatorFault][])('ends %s', async (_what, fault) => {
    fixture.emulator.fail('auth', fault);
    const oauth = fixture.createOAuth({ http: { timeout: 300 } });
    const work = failure(oauth.verifyToken(record.openid, record.access_token));
    expect(await milliseconds(work)).toBeLessThan(1900);
    expect(await work).toMatchObject({
      kind: 'timeout',
      code: 'ERR_WECHAT_TIMEOUT',
      status: 504,
      retryable: true,
    });
    expect((await work).message).toMatch(/^WeChat did not respond to \/sns\/auth within 300 ms/);
    expect(fixture.countRequests('auth')).toBe(1);
  });

  it('begins before the name lookup', async () => {
    const lookup = jest.fn();
    const error = await failure(verify(oauthAt('http://api.localhost:1', { timeout: 50, lookup })));
    expect(error.kind).toBe('timeout');
    expect(lookup).toHaveBeenCalled();
  });

  it('covers a server that accepts the connection and sends nothing', async () => {
    const silent = await server(startTcpServer(() => undefined));
    expect((await failure(verify(oauthAt(silent.url, { timeout: 50 })))).kind).toBe('timeout');
  });

  it('covers headers that never end', async () => {
    const dripping = await server(
      startTcpServer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nX: ');
        const timer = setInterval(() => socket.write('a'), 5);
        socket.on('close', () => clearInterval(timer));
      }),
    );
    expect((await failure(verify(oauthAt(dripping.url, { timeout: 80 })))).kind).toBe('timeout');
  });

  it.each([
    ['is 5 s unless another is given', undefined, 5_000],
    ['counts as not given if it is undefined', { timeout: undefined }, 5_000],
    ['is that of the options', { timeout: 15_000 }, 15_000],
  ])('%s', async (_what, options, limit) => {
    const silent = await server(startTcpServer(() => undefined));
    fakeTimeLimits('performance');
    const settled = jest.fn();
    const work = failure(verify(oauthAt(silent.url, options))).finally(settled);
    await jest.advanceTimersByTimeAsync(limit - 1);
    expect(settled).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    expect((await work).message).toContain(`within ${limit} ms`);
  });

  it('of 0 means no limit', async () => {
    fixture.emulator.fail('auth', { delay: 50 });
    const started = jest.spyOn(timers, 'setTimeout');
    await fixture.createOAuth({ http: { timeout: 0 } }).verifyToken(record.openid, record.access_token);
    expect(started.mock.calls.filter(([, ms]) => ms === 0 || ms === 5_000)).toEqual([]);
  });

  it('covers a call together with its retry', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0);
    fixture.emulator.fail('auth', 'reset');
    fixture.emulator.fail('auth', 'silence');
    const work = failure(
      fixture.createOAuth({ http: { timeout: 900 } }).verifyToken(record.openid, record.access_token),
    );
    expect(await milliseconds(work)).toBeLessThan(3000);
    expect((await work).kind).toBe('timeout');
    expect(fixture.countRequests('auth')).toBe(2);
  });

  it('does not prevent a new connection afterwards', async () => {
    fixture.emulator.fail('auth', 'silence');
    // On a busy machine, a new connection takes longer than 100 ms.
    const oauth = fixture.createOAuth({ http: { timeout: 1_000 } });
    await failure(oauth.verifyToken(record.openid, record.access_token));
    await expect(oauth.verifyToken(record.openid, record.access_token)).resolves.toBeDefined();
  });

  it.each([-1, NaN, Infinity, 2 ** 31, '5000', [1000, 2000], null, {}])('refuses %p', (timeout) => {
    const wrong = { timeout } as unknown as WechatHttpOptions;
    expect(() => oauthAt(fixture.emulator.url, wrong)).toThrow(
      /^timeout is .*; use milliseconds from 0 \(no limit\)/,
    );
    expect(() => oauthAt(fixture.emulator.url).setOpts(wrong)).toThrow(/use milliseconds/);
  });
});

describe('a retry', () => {
  const repeated: readonly (readonly [string, (oauth: OAuth) => Promise<unknown>])[] = [
    ['userinfo', (oauth) => oauth.getUser(record.openid)],
    ['refresh_token', (oauth) => oauth.refreshAccessToken(record.refresh_token)],
    ['auth', (oauth) => oauth.verifyToken(record.openid, record.access_token)],
  ];
  const once: readonly (readonly [string, (oauth: OAuth) => Promise<unknown>])[] = [
    ['access_token', (oauth) => oauth.getAccessToken(fixture.issueCode())],
    ['access_token', (oauth) => oauth.getUserByCode(fixture.issueCode())],
    [
      'jscode2session',
      (oauth) =>
        oauth.getSessionKey(fixture.emulator.issueCode({ app: fixture.emulator.apps.miniProgram.appId })),
    ],
  ];
  const kindFor = (endpoint: string): 'official' | 'miniProgram' =>
    endpoint === 'jscode2session' ? 'miniProgram' : 'official';
  const transient: readonly EmulatorFault[] = ['reset', 'reset-inside', { errcode: -1 }];
  const make = (): OAuth => fixture.createOAuth({ getToken: () => Promise.resolve(record) });
  beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));

  describe.each(repeated)('of %s', (endpoint, call) => {
    it.each(transient)('follows %j, once', async (fault) => {
      fixture.emulator.fail(endpoint, fault);
      await expect(call(make())).resolves.toBeDefined();
      expect(fixture.countRequests(endpoint)).toBe(2);
    });

    it('is not repeated: a second failure rejects', async () => {
      fixture.emulator.fail(endpoint, 'reset', { times: 2 });
      expect(await failure(call(make()))).toMatchObject({ kind: 'network', retryable: true });
      fixture.emulator.fail(endpoint, { errcode: -1 }, { times: 2 });
      expect(await failure(call(make()))).toMatchObject({ kind: 'busy', code: -1, retryable: true });
      expect(fixture.countRequests(endpoint)).toBe(4);
    });

    it.each<EmulatorFault>([
      { html: true },
      'empty',
      { errcode: 45011 },
      { errcode: 40003 },
      { status: 502 },
    ])('does not follow %j', async (fault) => {
      fixture.emulator.fail(endpoint, fault);
      await failure(call(make()));
      expect(fixture.countRequests(endpoint)).toBe(1);
    });
  });

  it.each([
    [0, 50],
    [0.999, 249],
  ])('comes after a random delay: if Math.random() is %d, after %d ms', async (chance, wait) => {
    const random = jest.spyOn(Math, 'random').mockReturnValue(chance);
    const sleep = jest.spyOn(timers, 'sleep');
    fixture.emulator.fail('auth', 'reset');
    const work = make().verifyToken(record.openid, record.access_token);
    expect(await milliseconds(work)).toBeGreaterThanOrEqual(wait - 2);
    // On a busy machine the call takes longer than the delay.
    expect(sleep.mock.calls.map(([ms = 0]) => Math.floor(ms))).toEqual([wait]);
    expect(random).toHaveBeenCalledTimes(1);
  });

  describe.each(once)('of a code at %s', (endpoint, call) => {
    it.each<EmulatorFault>([...transient, 'truncated', { html: true }, { errcode: 40029 }])(
      'never follows %j: the code may be used up',
      async (fault) => {
        fixture.emulator.fail(endpoint, fault, { workDone: true });
        await failure(call(fixture.createOAuth({ kind: kindFor(endpoint) })));
        expect(fixture.countRequests(endpoint)).toBe(1);
      },
    );

    it('never follows a timeout', async () => {
      fixture.emulator.fail(endpoint, 'silence');
      const oauth = fixture.createOAuth({ kind: kindFor(endpoint), http: { timeout: 250 } });
      expect((await failure(call(oauth))).kind).toBe('timeout');
      expect(fixture.countRequests(endpoint)).toBe(1);
    });
  });
});

describe('a server that is not WeChat', () => {
  it('is not followed if it redirects', async () => {
    const elsewhere = await server(startHttpServer((_req, res) => res.end(OK)));
    for (const status of [301, 302, 303, 307, 308]) {
      const gateway = await server(
        startHttpServer((_req, res) => res.writeHead(status, { Location: elsewhere.url }).end(OK)),
      );
      expect(await failure(verify(oauthAt(gateway.url)))).toMatchObject({ kind: 'bad_answer' });
    }
    expect(elsewhere.connections()).toBe(0);
  });

  it.each([
    ['with a Content-Length', (res: http.ServerResponse) => res.end(Buffer.alloc(1024 * 1024 + 1, ' '))],
    [
      'that never ends',
      (res: http.ServerResponse) => {
        const more = (): void => {
          while (!res.destroyed && res.write(Buffer.alloc(65_536, ' ')));
          if (!res.destroyed) res.once('drain', more);
        };
        more();
      },
    ],
    [
      'that decompresses to 32 MB',
      (res: http.ServerResponse) =>
        res.setHeader('Content-Encoding', 'gzip').end(gzipSync(Buffer.alloc(32 * 1024 * 1024))),
    ],
  ])(
    'is refused if its body is over 1 MB, which neither client reads to its end: a body %s',
    async (_what, send) => {
      const gateway = await server(startHttpServer((_req, res) => send(res)));
      for (const options of [undefined, { maxRate: 1e9 }]) {
        const work = failure(verify(oauthAt(gateway.url, options)));
        expect(await milliseconds(work)).toBeLessThan(3000);
        expect(await work).toMatchObject({ kind: 'bad_answer' });
        expect((await work).message).toContain('cannot be read: it is larger than 1048576 bytes');
      }
    },
  );

  it('may send a body of exactly 1 MB', async () => {
    const body = OK.padEnd(1024 * 1024, ' ');
    const gateway = await server(startHttpServer((_req, res) => res.end(body)));
    await expect(verify(oauthAt(gateway.url))).resolves.toEqual({ errcode: 0, errmsg: 'ok' });
  });

  it('may compress its body with gzip', async () => {
    const gateway = await server(
      startHttpServer((_req, res) => res.setHeader('Content-Encoding', 'gzip').end(gzipSync(OK))),
    );
    await expect(verify(oauthAt(gateway.url))).resolves.toEqual({ errcode: 0, errmsg: 'ok' });
  });

  it.each([
    ['another protocol', (): string => '220 mail.example.com ESMTP\r\n'],
    ['an invalid header', (): string => 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'],
    [
      'an invalid compression',
      (): string => `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope`,
    ],
  ])('is refused if it sends %s', async (_what, words) => {
    const machine = await server(startTcpServer((socket) => socket.once('data', () => socket.end(words()))));
    expect(await failure(verify(oauthAt(machine.url)))).toMatchObject({ kind: 'bad_answer' });
  });
});

describe('a server that is not reached', () => {
  it.each([
    ['a closed port', 'http://127.0.0.1:1', /ECONNREFUSED/],
    ['an unknown host', 'http://nowhere.localhost:1', /ENOTFOUND/],
  ])('causes an error of kind network: %s', async (_what, url, words) => {
    const notFound = Object.assign(new Error('getaddrinfo ENOTFOUND nowhere'), { code: 'ENOTFOUND' });
    const lookup = (_host: string, _options: object, done: (error: Error) => void): void => done(notFound);
    const error = await failure(verify(oauthAt(url, { lookup } as unknown as WechatHttpOptions)));
    expect(error).toMatchObject({
      kind: 'network',
      code: 'ERR_WECHAT_NETWORK',
      status: 502,
      retryable: true,
    });
    expect(error.message).toMatch(words);
    expect(error.message).toMatch(/^WeChat was not reached for \/sns\/auth: .*Check DNS, proxy, firewall/);
    expect(error.cause).toMatchObject({ message: expect.stringMatching(words) as string });
  });

  it('causes an error with a reason, even if all addresses of a host refuse', async () => {
    const lookup = (_host: string, _options: object, done: (...args: unknown[]) => void): void =>
      done(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '127.0.0.2', family: 4 },
      ]);
    const error = await failure(
      verify(oauthAt('http://several.localhost:1', { lookup } as unknown as WechatHttpOptions)),
    );
    expect(error.message).toMatch(/: .*ECONNREFUSED/);
  });

  it('may be one whose certificate is not trusted, unless the app trusts it', async () => {
    const tls = selfSignedCertificate();
    const wechat = await createEmulator({ https: tls });
    const error = await failure(verify(oauthAt(wechat.url)));
    expect(error).toMatchObject({ kind: 'network' });
    expect(error.message).toMatch(/self-signed certificate.*certificates of this machine/);
    const httpsAgent = new https.Agent({ ca: tls.cert });
    expect(await failure(verify(oauthAt(wechat.url, { httpsAgent })))).toMatchObject({ code: 40001 });
    await wechat.close();
  });
});

describe('the options of the requests', () => {
  it.each([
    ['an object', { access_token: 'other', apikey: 'k 1' }],
    ['URLSearchParams', new URLSearchParams({ access_token: 'other', apikey: 'k 1' })],
  ])("may add a gateway's parameters to WeChat's, but not replace them: %s", async (_name, params) => {
    await fixture.createOAuth({ http: { params } }).verifyToken(record.openid, record.access_token);
    expect(fixture.emulator.requests.at(-1)?.query).toMatchObject({
      access_token: record.access_token,
      apikey: 'k 1',
    });
  });

  it('are never changed, frozen or not', async () => {
    const http_ = deepFreeze({
      timeout: 1000,
      headers: { 'X-Gateway': 'a', common: { 'X-B': 'b' } },
      params: { k: 'v' },
    });
    const opts = deepFreeze({ timeout: 2000, headers: { 'X-Gateway': 'c' }, proxy: false as const });
    const endpoints = deepFreeze({ api: fixture.emulator.url });
    const options = deepFreeze({
      appid: 'wx',
      appsecret: 's',
      endpoints,
      http: http_ as unknown as WechatHttpOptions,
    });
    const oauth = new OAuth(options);
    await failure(verify(oauth));
    oauth.setOpts(opts);
    await failure(verify(oauth));
    expect(fixture.emulator.requests.map(({ headers }) => headers['x-gateway'])).toEqual(['a', 'c']);
  });

  it('of setOpts override those of the constructor, and replace those of an earlier setOpts', async () => {
    const oauth = fixture.createOAuth({ http: { timeout: 300, headers: { 'X-A': 'constructor' } } });
    oauth.setOpts({ timeout: 4000, headers: { 'X-A': 'first' } });
    oauth.setOpts({ headers: { 'X-A': 'second' } });
    fixture.emulator.fail('auth', 'silence');
    expect((await failure(verify(oauth))).message).toContain('within 300 ms');
    expect(fixture.emulator.requests[0]?.headers['x-a']).toBe('second');
  });

  it('of setOpts that are undefined count as not given', async () => {
    const oauth = fixture.createOAuth({ http: { timeout: 300, headers: { 'X-A': 'constructor' } } });
    oauth.setOpts({ timeout: undefined, headers: undefined });
    fixture.emulator.fail('auth', 'silence');
    expect((await failure(verify(oauth))).message).toContain('within 300 ms');
    expect(fixture.emulator.requests[0]?.headers['x-a']).toBe('constructor');
  });

  it('of a setOpts that is refused have no effect', async () => {
    const oauth = fixture.createOAuth({ http: { timeout: 300 } });
    const wrong = { timeout: 1, proxy: 'x' } as unknown as WechatHttpOptions;
    expect(() => oauth.setOpts(wrong)).toThrow(/http\.proxy is not a proxy/);
    fixture.emulator.fail('auth', 'silence');
    expect((await failure(verify(oauth))).message).toContain('within 300 ms');
  });

  it.each([
    ['node', {}],
    ['axios', { common: { 'X-B': 'given' } }],
  ])('are copied: the app may change its object afterwards (%s)', async (_client, groups) => {
    const options = { headers: { 'X-A': 'given', ...groups }, timeout: 5000 };
    const oauth = fixture.createOAuth({ http: options as unknown as WechatHttpOptions });
    options.timeout = 1;
    options.headers['X-A'] = 'changed';
    if ('common' in groups) groups.common['X-B'] = 'changed';
    await failure(verify(oauth));
    options.headers['X-A'] = 'changed after a request';
    await failure(verify(oauth));
    // It adds to the options of the constructor.
    oauth.setOpts({ timeout: 4000 });
    await failure(verify(oauth));
    expect(fixture.countRequests('auth')).toBe(3);
    const headers = { 'x-a': 'given', ...('common' in groups && { 'x-b': 'given' }) };
    expect(fixture.emulator.requests).toMatchObject(Array<unknown>(3).fill({ headers }));
  });

  it('may hold an agent of the app', async () => {
    const httpAgent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = jest.spyOn(httpAgent, 'createConnection' as never);
    await failure(verify(fixture.createOAuth({ http: { httpAgent } })));
    expect(sockets).toHaveBeenCalledTimes(1);
    httpAgent.destroy();
  });

  it.each<[string, Record<string, unknown>]>([
    ['maxRedirects', { maxRedirects: 5 }],
    ['validateStatus', { validateStatus: () => false }],
    ['maxContentLength', { maxContentLength: -1 }],
    ['responseType', { responseType: 'stream' }],
    ['transformResponse', { transformResponse: () => ({ errcode: 0, errmsg: 'forged' }) }],
    ['method', { method: 'POST' }],
    ['baseURL', { baseURL: 'http://127.0.0.1:1', allowAbsoluteUrls: false }],
    ['url', { url: 'http://127.0.0.1:1' }],
    ['adapter', { adapter: 'fetch' }],
    ['adapter', { adapter: ['fetch', 'http'] }],
    ['transport', { transport: { request: () => undefined } }],
  ])('are ignored, with a warning, if they would make a login unsafe: %s', async (name, options) => {
    const warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const oauth = fixture.createOAuth({ http: options });
    expect(await failure(verify(oauth))).toMatchObject({ code: 40001 });
    expect(fixture.emulator.requests[0]?.method).toBe('GET');
    expect(warnings).toHaveBeenCalledWith(
      expect.stringContaining(name),
      expect.objectContaining({ code: 'WECHAT_HTTP_OPTION_IGNORED' }),
    );
  });

  it('cause no warning if they are undefined', () => {
    const warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    fixture.createOAuth({
      http: { maxRedirects: undefined, adapter: undefined } as unknown as WechatHttpOptions,
    });
    expect(warnings).not.toHaveBeenCalled();
  });

  it('may hold an adapter that is a function, as mocks of axios do', async () => {
    const adapter: NonNullable<WechatHttpOptions['adapter']> = (config) =>
      Promise.resolve({ data: Buffer.from(OK), status: 200, statusText: 'OK', headers: {}, config });
    await expect(verify(oauthAt('http://127.0.0.1:1', { adapter }))).resolves.toEqual({
      errcode: 0,
      errmsg: 'ok',
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['an invalid socket path', { socketPath: 5 }],
    ['an invalid agent', { httpAgent: 'agent' }],
    ['an agent for another protocol', { httpAgent: new https.Agent() }],
    ['an invalid version of HTTP', { httpVersion: 7 }],
  ])(
    'cause an error of kind config if they are wrong, and the call is not repeated: %s',
    async (_what, options) => {
      const random = jest.spyOn(Math, 'random');
      const error = await failure(verify(fixture.createOAuth({ http: options })));
      expect(error).toMatchObject({ kind: 'config', retryable: false });
      expect(error.message).toMatch(
        /^An option of requests to WeChat is wrong: .*Correct `http` or setOpts\(\)\.$/,
      );
      expect(random).not.toHaveBeenCalled();
    },
  );

  it('do not include the defaults that the app gave its own axios', async () => {
    const defaults = axios.defaults as unknown as Record<string, unknown>;
    const common = axios.defaults.headers.common as Record<string, unknown>;
    common['Authorization'] = 'Bearer of-another-service';
    Object.assign(defaults, { baseURL: 'http://127.0.0.1:1', params: { token: 'x' }, timeout: 1 });
    try {
      await failure(verify(fixture.createOAuth()));
      const [request] = fixture.emulator.requests;
      expect(request?.headers['authorization']).toBeUndefined();
      expect(request?.query['token']).toBeUndefined();
    } finally {
      delete common['Authorization'];
      for (const name of ['baseURL', 'params', 'timeout']) delete defaults[name];
    }
  });
});

describe('the HTTP client', () => {
  const clientFor = (http_: WechatHttpOptions): string =>
    chooseTransport('https://api.weixin.qq.com', http_ as ResolvedHttpOptions).client;

  it.each<[WechatHttpOptions]>([
    [{}],
    [{ timeout: 1_000 }],
    [{ proxy: false }],
    [{ httpsAgent: new https.Agent(), httpAgent: new http.Agent() }],
    [{ headers: { 'X-Gateway': 'key' } }],
    [{ signal: new AbortController().signal }],
  ])('is that of Node for %o', (options) => {
    expect(clientFor(options)).toBe('node');
  });

  it.each<[Record<string, unknown>]>([
    [{ params: { key: 'value' } }],
    [{ adapter: () => undefined }],
    [{ lookup: () => undefined }],
    [{ decompress: false }],
    [{ auth: { username: 'u', password: 'p' } }],
    [{ socketPath: '/var/run/gateway.sock' }],
    [{ headers: { 'X-Gateway': ['a', 'b'] } }],
    [{ headers: { 'X-Gateway': '名' } }],
    [{ headers: { common: { 'X-Gateway': 'a' } } }],
    [{ anOptionForAnAdapter: 1 }],
  ])('is axios for %o', (options) => {
    expect(clientFor(options)).toBe('axios');
  });

  it.each([
    ['node', {}],
    ['axios', { maxRate: 1e9 }],
  ])('is named in the debug output: %s', async (client, options) => {
    const lines: string[] = [];
    const log = jest.spyOn(createDebug, 'log').mockImplementation((...words: unknown[]) => {
      lines.push(format(...words));
    });
    createDebug.enable('wechat-auth:api');
    try {
      const oauth = fixture.createOAuth({ http: options });
      await oauth.verifyToken(record.openid, record.access_token);
      await failure(oauth.verifyToken(record.openid, 'invalid'));
    } finally {
      createDebug.disable();
      log.mockRestore();
    }
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`/sns/auth succeeded after \\d+ ms \\(${client}\\)`)),
      expect.stringMatching(new RegExp(`/sns/auth failed after \\d+ ms \\(${client}\\): token_invalid`)),
    ]);
  });
});

describe("the app's own signal", () => {
  it('ends a call, which is not repeated', async () => {
    fixture.emulator.fail('auth', 'silence');
    const abort = new AbortController();
    const oauth = fixture.createOAuth({ http: { signal: abort.signal } });
    const work = failure(oauth.verifyToken('o', 'a'));
    while (fixture.countRequests('auth') === 0) await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    const error = await work;
    expect(error).toMatchObject({ kind: 'network' });
    expect(error.message).toBe('The app ended the call to /sns/auth (`signal` of its http options).');
    expect(fixture.countRequests('auth')).toBe(1);
  });

  it('ends the pause before a retry', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.999);
    fixture.emulator.fail('auth', 'reset');
    const abort = new AbortController();
    const work = failure(fixture.createOAuth({ http: { signal: abort.signal } }).verifyToken('o', 'a'));
    while (fixture.countRequests('auth') === 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
    abort.abort();
    expect((await work).message).toMatch(/^The app ended/);
    await new Promise((resolve) => setTimeout(resolve, 280));
    expect(fixture.countRequests('auth')).toBe(1);
  });

  it('prevents the request if it was aborted before', async () => {
    const oauth = fixture.createOAuth({ http: { signal: AbortSignal.abort() } });
    expect((await failure(verify(oauth))).message).toMatch(
      /^The app ended .*\(`signal` of its http options\)/,
    );
    expect(fixture.emulator.requests).toHaveLength(0);
  });

  it('causes an error of kind timeout if it is from AbortSignal.timeout()', async () => {
    fixture.emulator.fail('auth', 'silence');
    const oauth = fixture.createOAuth({ http: { signal: AbortSignal.timeout(30) } });
    expect((await failure(verify(oauth))).kind).toBe('timeout');
  });

  it('keeps no listener after the call', async () => {
    const { signal } = new AbortController();
    const oauth = fixture.createOAuth({ http: { signal } });
    for (let count = 0; count < 15; count++) await failure(verify(oauth));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(EventEmitter.defaultMaxListeners).toBeLessThan(15);
  });

  it('may be a cancel token of axios', async () => {
    fixture.emulator.fail('auth', 'silence');
    const source = axios.CancelToken.source();
    const work = failure(fixture.createOAuth({ http: { cancelToken: source.token } }).verifyToken('o', 'a'));
    while (fixture.countRequests('auth') === 0) await new Promise((resolve) => setImmediate(resolve));
    source.cancel('no more');
    expect((await work).message).toMatch(/^The app ended .*\(`cancelToken` of its http options\)/);
  });
});

describe('an adapter of the app', () => {
  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'the HTTP client gave no reason'],
    ['null', null, 'the HTTP client gave no reason'],
    ['a text', 'the cable is out', 'the cable is out'],
    ['an object without a message', {}, 'the HTTP client gave no reason'],
    ['a message that is not a string', { message: { a: 1 }, code: 7 }, ': 7.'],
  ])('may reject with %s: kind network', async (_what, reason, words) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- JavaScript allows it
    const adapter = (): Promise<never> => Promise.reject(reason);
    const error = await failure(fixture.createOAuth({ http: { adapter } }).verifyToken('o', 'a'));
    expect(error).toMatchObject({ kind: 'network' });
    expect(error.message).toContain(words);
  });
});

describe('a request', () => {
  it('is a GET with the code as a parameter, whatever its characters', async () => {
    for (const code of ['a b+c&d=e#f%41/?', '微信🎉', '\ud800', '"\'\r\n\0', "~!*()'"]) {
      fixture.emulator.requests.length = 0;
      await failure(fixture.createOAuth().getAccessToken(code));
      const wellFormed = Buffer.from(code).toString();
      expect(fixture.emulator.requests[0]).toMatchObject({ method: 'GET', query: { code: wellFormed } });
    }
  });

  it.each<[unknown]>([
    [undefined],
    [null],
    [['a', 'b']],
    [{ toString: () => 'a' }],
    [Object.create(null)],
    [Symbol('a')],
  ])('sends an empty code if it is not a string: %p', async (code) => {
    const error = await failure(fixture.createOAuth().getAccessToken(code as string));
    expect(error).toMatchObject({ code: 41008, kind: 'code_invalid' });
  });

  it('goes to a gateway below a path', async () => {
    const paths: (string | undefined)[] = [];
    const gateway = await server(startHttpServer((req, res) => (paths.push(req.url), res.end(OK))));
    await verify(oauthAt(`${gateway.url}/wechat//`));
    expect(paths).toEqual(['/wechat/sns/auth?access_token=token&openid=openid']);
  });
});
