import http, { IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { wechatAuth } from '../../../lib/index';
import { hostOf, type HostRequest } from '../../../lib/middleware/http/request';
import { cookies, emulated, type TestRequest } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';
import { createHost, type Middleware } from '../../support/hosts';
import { IPHONE_WECHAT } from '../../support/user-agents';

useEmulator();

/** A request as Node hands it on, without a connection. */
function requestWith(headers: http.IncomingHttpHeaders, trustsProxy = false): HostRequest {
  const req = new IncomingMessage(new net.Socket());
  req.headers = headers;
  const app = { get: () => () => trustsProxy };
  return Object.assign(req, { app }) as HostRequest;
}

interface Http2Response {
  readonly status: number | undefined;
  readonly location: string;
  readonly cookie: string;
}

/** Sends one request over HTTP/2, without TLS. Node sends `:authority`, and no Host header. */
async function getByHttp2(
  listener: http.RequestListener,
  headers: http2.OutgoingHttpHeaders,
): Promise<Http2Response> {
  const server = http2.createServer(
    listener as unknown as (req: http2.Http2ServerRequest, res: http2.Http2ServerResponse) => void,
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    const response = await new Promise<http2.IncomingHttpHeaders>((resolve, reject) => {
      client.on('error', reject);
      const request = client.request({ 'user-agent': IPHONE_WECHAT, accept: 'text/html', ...headers });
      request.on('error', reject);
      request.on('response', resolve);
      request.resume();
    });
    return {
      status: response[':status'] as unknown as number,
      location: response.location ?? '',
      cookie: (response['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; '),
    };
  } finally {
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('a request over HTTP/2', () => {
  // Express 4 and 5 do not run on node:http2: they replace the prototype of its requests.
  const listeners: Readonly<Record<string, () => http.RequestListener>> = {
    Connect: () => {
      const app = createHost('Connect');
      app.use(cookies());
      app.use(wechatAuth(emulated(emulator)));
      app.use((req, res) => res.end(JSON.stringify((req as TestRequest).wechat.user ?? null)));
      return app;
    },
    'a bare handler': () => {
      const session = cookies();
      const middleware: Middleware = wechatAuth(emulated(emulator));
      return (req, res) => {
        session(req, res, () => {
          middleware(req, res, () => res.end(JSON.stringify((req as TestRequest).wechat.user ?? null)));
        });
      };
    },
  };

  it.each(Object.keys(listeners))(
    'logs the user in at the host that :authority names, on %s',
    async (name) => {
      const listener = listeners[name]?.() as http.RequestListener;
      const sent = await getByHttp2(listener, {
        ':path': '/login?returnTo=/me',
        ':authority': 'h5.example.com',
      });
      expect(sent.status).toBe(302);
      expect(new URL(sent.location).searchParams.get('redirect_uri')).toBe('http://h5.example.com/callback');
      const back = new URL((await emulator.authorize(sent.location)) ?? '');
      const done = await getByHttp2(listener, {
        ':path': back.pathname + back.search,
        ':authority': back.host,
        cookie: sent.cookie,
      });
      expect([done.status, done.location]).toEqual([302, '/me']);
      expect(done.cookie).toContain('session=');
    },
  );
});

describe('the host of a request', () => {
  it('is the Host header in lower case', () => {
    expect(hostOf(requestWith({ host: 'H5.Example.com:8443' }))).toBe('h5.example.com:8443');
    expect(hostOf(requestWith({}))).toBe('');
  });

  it('is :authority where a client sends both', () => {
    expect(hostOf(requestWith({ ':authority': 'h5.example.com', host: 'evil.example' }))).toBe(
      'h5.example.com',
    );
  });

  it('is X-Forwarded-Host, the first of a list, only from a trusted proxy', () => {
    const headers = { host: 'inner', 'x-forwarded-host': 'H5.example.com , other.example' };
    expect(hostOf(requestWith(headers, true))).toBe('h5.example.com');
    expect(hostOf(requestWith(headers))).toBe('inner');
  });

  it('is empty where it is longer than a host can be', () => {
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
