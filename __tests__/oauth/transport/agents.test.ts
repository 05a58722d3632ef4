// Connections through a proxy, as company networks require. The connection is always a tunnel: the proxy does
// not see the secrets in an address.
import https from 'node:https';
import type net from 'node:net';
import { OAuth, type WechatHttpOptions } from '../../../lib/index';
import { createEmulator, selfSignedCertificate, type Emulator } from '../../../lib/emulator/index';
import { deepFreeze, failure } from '../oauth-fixture';
import { startConnectProxy } from '../../support/processes/connect-proxy';
import { startHttpServer, startTcpServer, useServers, type Server } from '../../support/processes/servers';
import { agentsFor } from '../../../lib/oauth/transport/agents';
import { environmentProxy } from '../../../lib/oauth/transport/environment-proxy';

/** A name that only the proxies of these tests resolve. */
const NAME = 'wechat.test';
const tls = selfSignedCertificate(['localhost', '127.0.0.1', NAME]);
let wechat: Emulator;
beforeAll(async () => {
  wechat = await createEmulator({ https: tls, names: [NAME] });
});
afterAll(() => wechat.close());

const VARIABLES = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);
const before = { ...process.env };
const agents: https.Agent[] = [];
const opened = useServers();
beforeEach(() => {
  for (const name of VARIABLES) delete process.env[name];
  wechat.requests.length = 0;
});
afterEach(() => {
  for (const name of VARIABLES) {
    delete process.env[name];
    if (before[name] !== undefined) process.env[name] = before[name];
  }
  agents.splice(0).forEach((agent) => agent.destroy());
});

interface Proxy extends Server {
  /** The requests that it got. */
  readonly tunnels: { readonly target: string | undefined; readonly authorization: string | undefined }[];
  readonly plain: (string | undefined)[];
}

/** If credentials are given, only a client that sends them gets a tunnel. */
async function proxy(credentials?: string): Promise<Proxy> {
  const tunnels: Proxy['tunnels'] = [];
  const plain: Proxy['plain'] = [];
  const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  const server = startConnectProxy({
    onConnect: ({ url, headers }) => {
      const authorization = headers['proxy-authorization'];
      tunnels.push({ target: url, authorization });
      return expected === undefined || authorization === expected;
    },
    onPlain: ({ url }) => plain.push(url),
  });
  return { ...(await opened(server)), tunnels, plain };
}

/** An OAuth that trusts the emulator's certificate. */
function oauth(http_: WechatHttpOptions = {}, api = wechat.url): OAuth {
  const httpsAgent = new https.Agent({ ca: tls.cert, keepAlive: true });
  agents.push(httpsAgent);
  const { appId: appid, appSecret: appsecret } = wechat.apps.official;
  return new OAuth({ appid, appsecret, endpoints: { api }, http: { httpsAgent, ...http_ } });
}

const code = (): string => wechat.issueCode({ app: wechat.apps.official.appId });
const target = (): string => new URL(wechat.url).host;
/** WeChat under a name that is not of this machine, as the environment's proxies need it. */
const named = (): { api: string; host: string } => {
  const host = `${NAME}:${new URL(wechat.url).port}`;
  return { api: `https://${host}`, host };
};

describe('http.proxy', () => {
  it('connects to WeChat through a tunnel, which is kept alive', async () => {
    const server = await proxy();
    const throughProxy = oauth({ proxy: { host: '127.0.0.1', port: server.port } });
    for (let count = 0; count < 5; count++) await throughProxy.getAccessToken(code());
    expect(server.tunnels).toEqual([{ target: target(), authorization: undefined }]);
    expect(server.plain).toEqual([]);
    expect(wechat.requests).toHaveLength(5);
  });

  it.each([
    ['plain', { username: 'user', password: 'password' }],
    ['with characters that need encoding', { username: 'us:er@%41', password: 'p#/?:@ 密码' }],
    ['without a password', { username: 'user', password: '' }],
  ])('sends its credentials to the proxy, and to nobody else: %s', async (_what, auth) => {
    const server = await proxy(`${auth.username}:${auth.password}`);
    await oauth({ proxy: deepFreeze({ host: '127.0.0.1', port: server.port, auth }) }).getAccessToken(code());
    expect(server.tunnels).toHaveLength(1);
    expect(wechat.requests[0]?.headers['proxy-authorization']).toBeUndefined();
  });

  it.each(['http', 'http:'])('accepts the protocol as axios does: %s', async (protocol) => {
    const server = await proxy();
    await oauth({ proxy: { protocol, host: '127.0.0.1', port: server.port } }).getAccessToken(code());
    expect(server.tunnels).toHaveLength(1);
  });

  it('is a tunnel for an http: address, too', async () => {
    const server = await proxy();
    const gateway = await opened(startHttpServer((_req, res) => res.end('{"errcode":0,"errmsg":"ok"}')));
    const throughProxy = oauth({ proxy: { host: '127.0.0.1', port: server.port } }, gateway.url);
    await throughProxy.verifyToken('o', 'a');
    await throughProxy.verifyToken('o', 'a');
    expect(server.tunnels).toEqual([{ target: `127.0.0.1:${gateway.port}`, authorization: undefined }]);
    expect(server.plain).toEqual([]);
  });

  it("trusts the certificates that the app's own agent trusts, and no others", async () => {
    const server = await proxy();
    const options: WechatHttpOptions = { proxy: { host: '127.0.0.1', port: server.port } };
    const error = await failure(oauth({ ...options, httpsAgent: undefined }).getAccessToken(code()));
    expect(error).toMatchObject({ kind: 'network' });
    expect(error.message).toContain('certificate');
    await expect(oauth(options).getAccessToken(code())).resolves.toBeDefined();
  });

  it('can be switched off, although the environment names a proxy', async () => {
    process.env['HTTPS_PROXY'] = 'http://127.0.0.1:1';
    await expect(oauth({ proxy: false }).getAccessToken(code())).resolves.toBeDefined();
  });

  it('can be changed by setOpts', async () => {
    const [first, second] = [await proxy(), await proxy()];
    const throughProxy = oauth({ proxy: { host: '127.0.0.1', port: first.port } });
    await throughProxy.getAccessToken(code());
    throughProxy.setOpts({ proxy: { host: '127.0.0.1', port: second.port } });
    await throughProxy.getAccessToken(code());
    expect([first.tunnels.length, second.tunnels.length]).toEqual([1, 1]);
  });

  it.each<[string, unknown, RegExp]>([
    ['an address in a string', 'http://127.0.0.1:8080', /is not a proxy.*object with host and port/],
    ['true', true, /is not a proxy.*object with host and port/],
    ['no host', { port: 8080 }, /is not a proxy.*object with host and port/],
    [
      'a SOCKS proxy',
      { protocol: 'socks5', host: '127.0.0.1', port: 1080 },
      /is not a proxy.*socks-proxy-agent/,
    ],
    ['an invalid port', { host: '127.0.0.1', port: 'x' }, /is not a proxy/],
  ])('is refused at once with kind config if it is %s, and says what to give', (_what, wrong, words) => {
    const http_ = { proxy: wrong } as WechatHttpOptions;
    const configFault = expect.objectContaining({
      kind: 'config',
      retryable: false,
      message: expect.stringMatching(words) as string,
    }) as Error;
    expect(() => oauth(http_)).toThrow(configFault);
    expect(() => oauth().setOpts(http_)).toThrow(configFault);
  });
});

describe('the environment', () => {
  it.each(['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'])(
    '%s names the proxy to WeChat, with its credentials',
    async (name) => {
      const server = await proxy('us er:p%40ss');
      process.env[name] = `http://us%20er:p%2540ss@127.0.0.1:${server.port}`;
      const error = await failure(oauth({ httpsAgent: undefined }, named().api).getAccessToken(code()));
      expect(error.message).toContain(`through the proxy of ${name} (127.0.0.1:${server.port})`);
      expect(error.message).not.toMatch(/us er|p%/);
      expect(server.tunnels).toEqual([
        {
          target: named().host,
          authorization: `Basic ${Buffer.from('us er:p%40ss').toString('base64')}`,
        },
      ]);
    },
  );

  it('may hold a password that is not percent-encoded', async () => {
    const server = await proxy('us%er:p%zz');
    process.env['HTTPS_PROXY'] = `http://us%er:p%zz@127.0.0.1:${server.port}`;
    const error = await failure(oauth({ httpsAgent: undefined }, named().api).getAccessToken(code()));
    expect(error.message).toContain('certificate');
    expect(server.tunnels).toHaveLength(1);
  });

  it.each([
    ['HTTPS_PROXY before ALL_PROXY', ['ALL_PROXY', 'HTTPS_PROXY'], 'HTTPS_PROXY'],
    ['https_proxy before HTTPS_PROXY', ['HTTPS_PROXY', 'https_proxy'], 'https_proxy'],
    ['all_proxy', ['all_proxy'], 'all_proxy'],
  ])('is named in an error by the variable that was used: %s', async (_what, set, used) => {
    for (const name of set) process.env[name] = 'http://127.0.0.1:1';
    const error = await failure(oauth({ httpsAgent: undefined }, named().api).getAccessToken('c'));
    expect(error).toMatchObject({ kind: 'network' });
    expect(error.message).toContain(`through the proxy of ${used} (127.0.0.1:1): connect ECONNREFUSED`);
  });

  it('is named if its proxy does not respond in time', async () => {
    const mute = await opened(startTcpServer(() => undefined));
    process.env['ALL_PROXY'] = `http://127.0.0.1:${mute.port}`;
    const error = await failure(
      oauth({ httpsAgent: undefined, timeout: 80 }, named().api).getAccessToken('c'),
    );
    expect(error).toMatchObject({ kind: 'timeout' });
    expect(error.message).toContain(`through the proxy of ALL_PROXY (127.0.0.1:${mute.port}) within 80 ms`);
  });

  it('is not used for an address of this machine', async () => {
    const server = await proxy();
    for (const name of ['HTTPS_PROXY', 'ALL_PROXY']) process.env[name] = server.url;
    const error = await failure(oauth({ httpsAgent: undefined }).getAccessToken(code()));
    expect(error.message).toContain('certificate');
    expect(error.message).not.toContain('through the proxy');
    expect(server.tunnels).toEqual([]);
  });

  it.each([
    ...['http://localhost:1', 'https://LOCALHOST/a', 'http://app.localhost', 'http://127.0.0.1:3000'],
    ...['https://127.8.9.10', 'http://[::1]:80', 'http://[::ffff:127.0.0.1]', 'http://127.1'],
  ])('has no proxy for %s', (url) => {
    for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY']) process.env[name] = 'http://127.0.0.1:1';
    expect(environmentProxy(url)).toBeUndefined();
  });

  it.each(['http://localhost.example.com', 'https://127.0.0.1.example.com', 'http://10.0.0.1'])(
    'has a proxy for %s',
    (url) => {
      process.env['ALL_PROXY'] = 'http://127.0.0.1:1';
      expect(environmentProxy(url)).toEqual({ variable: 'ALL_PROXY', address: 'http://127.0.0.1:1' });
    },
  );

  it.each(['https://wechat.test', 'HTTPS://wechat.test'])(
    'has no proxy for %s if the app gives an agent of its own',
    (url) => {
      process.env['ALL_PROXY'] = 'http://127.0.0.1:1';
      const httpsAgent = new https.Agent();
      const chosen = agentsFor(url, { httpsAgent });
      expect(chosen.proxy).toBeUndefined();
      expect(chosen.httpsAgent).toBe(httpsAgent);
    },
  );

  it('HTTP_PROXY names the proxy for http: addresses only', async () => {
    const server = await proxy();
    process.env['HTTP_PROXY'] = server.url;
    await failure(oauth({ httpsAgent: undefined }, named().api).getAccessToken(code()));
    expect(server.tunnels).toHaveLength(0);
    await failure(oauth({ httpAgent: undefined }, 'http://wechat.test:1').getAccessToken('c'));
    expect(server.tunnels.map(({ target: to }) => to)).toEqual(['wechat.test:1']);
  });

  it.each([NAME, '*', `example.com,${NAME}`, '.test'])(
    'NO_PROXY=%s makes the connection to WeChat direct',
    async (hosts) => {
      process.env['HTTPS_PROXY'] = 'http://127.0.0.1:1';
      process.env['NO_PROXY'] = hosts;
      const error = await failure(oauth({ httpsAgent: undefined }, named().api).getAccessToken(code()));
      expect(error).toMatchObject({ kind: 'network' });
      expect(error.message).not.toContain('through the proxy');
    },
  );

  it('is ignored if the app gives an agent of its own', async () => {
    process.env['HTTPS_PROXY'] = 'http://127.0.0.1:1';
    await expect(oauth().getAccessToken(code())).resolves.toBeDefined();
  });

  it('is refused with kind config if its proxy is not an http: address, and no password is shown', async () => {
    process.env['HTTPS_PROXY'] = 'socks5://user:CANARY@127.0.0.1:1080';
    const error = await failure(oauth({ httpsAgent: undefined }, named().api).getAccessToken('c'));
    expect(error).toMatchObject({ kind: 'config' });
    expect(error.message).toMatch(/proxy of HTTPS_PROXY is not an http: or https: address/);
    expect(error.message).not.toContain('CANARY');
  });
});

describe('a proxy that refuses', () => {
  it('is named in the error, with its status', async () => {
    const server = await proxy('user:password');
    const error = await failure(
      oauth({ proxy: { host: '127.0.0.1', port: server.port } }).getAccessToken(code()),
    );
    expect(error).toMatchObject({ kind: 'network' });
    expect(error.message).toContain('the proxy refused the connection (HTTP 407)');
    expect(error.message).toContain('Check DNS, proxy');
    expect(wechat.requests).toHaveLength(0);
  });

  it.each([
    ['HTTP/1.1 201 Created\r\n'],
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n'],
    ['HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n'],
    ['HTTP/1.1 500 Oops\r\n'],
  ])('cannot have its own response read as that of WeChat: %j', async (head) => {
    const forged = '{"access_token":"a","expires_in":7200,"openid":"oVictim","errcode":0}';
    const liar = await opened(
      startTcpServer((socket) =>
        socket.once('data', () => socket.end(`${head}Content-Length: ${forged.length}\r\n\r\n${forged}`)),
      ),
    );
    const outcome = await oauth({ proxy: { host: '127.0.0.1', port: liar.port } })
      .getAccessToken(code())
      .catch((error: unknown) => error);
    expect(outcome).toMatchObject({ kind: 'network' });
  });

  it.each([
    ['hangs up', (socket: net.Socket) => socket.once('data', () => socket.end())],
    ['does not speak HTTP', (socket: net.Socket) => socket.once('data', () => socket.end('hello\r\n\r\n'))],
    ['resets', (socket: net.Socket) => socket.once('data', () => socket.resetAndDestroy())],
  ])('causes an error of kind network if it %s', async (_what, talk) => {
    const broken = await opened(startTcpServer(talk));
    const error = await failure(
      oauth({ proxy: { host: '127.0.0.1', port: broken.port } }).getAccessToken(code()),
    );
    expect(error).toMatchObject({ kind: 'network' });
  });

  it('causes an error of kind timeout if it does not respond', async () => {
    const mute = await opened(startTcpServer(() => undefined));
    const http_ = { proxy: { host: '127.0.0.1', port: mute.port }, timeout: 80 };
    expect(await failure(oauth(http_).getAccessToken(code()))).toMatchObject({ kind: 'timeout' });
  });
});
