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
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { wechatAuth } from '../../../lib/index';
import { hostOf, type HostRequest } from '../../../lib/middleware/http/request';
import { cookies, emulated, sendJSON, type TestRequest } from '../../support/app';
import { agree } from '../../support/browser';
import { emulator, useEmulator } from '../../support/emulator';
import { createHost, type Middleware } from '../../support/hosts';
import { IPHONE_WECHAT } from '../../support/browsers/user-agents';

useEmulator();

/** A request as Node hands it on, without a connection. */
function requestWith(headers: IncomingHttpHeaders, trustsProxy = false): HostRequest {
  const req = new IncomingMessage(new net.Socket());
  req.headers = headers;
  const app = { get: () => () => trustsProxy };
  return Object.assign(req, { app });
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
    expect([done.status, done.location]).toEqual([302, '/me']);
    const me = await getByHttp2(listener, {
      ':path': '/me',
      ':authority': callbackURL.host,
      cookie: done.cookie,
    });
    expect(JSON.parse(me.body)).toMatchObject({ nickname: '小明' });
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
  });

  it('is empty if it is longer than a host can be', () => {
    expect(hostOf(requestWith({ host: 'a'.repeat(255) }))).toBe('a'.repeat(255));
    expect(hostOf(requestWith({ host: 'a'.repeat(256) }))).toBe('');
    expect(hostOf(requestWith({ ':authority': 'a'.repeat(256), host: 'h5.example.com' }))).toBe('');
    expect(hostOf(requestWith({ 'x-forwarded-host': 'a'.repeat(16_000) }, true))).toBe('');
  });

  it('keeps nothing of a long header in memory', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const long = (at: number): string => Buffer.from(`h${at}.example.com, ${'x'.repeat(16_000)}`).toString();
    const used = (): number => {
      collect();
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
