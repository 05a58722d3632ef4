// Lost logins and healthy ones behind real proxies: nginx, and the proxy that Vite's dev server is built on.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import connect from 'connect';
import { createProxyServer } from 'http-proxy-3';
import { wechatAuth } from '../../../../lib';
import { cookies, emulated, startApp, type AppOptions, type TestApp } from '../../../support/app';
import { agree } from '../../../support/browser';
import { PublicBrowser } from '../../../support/browsers/public-browser';
import { emulator, useEmulator } from '../../../support/emulator';
import { listen, type Running, trustProxy } from '../../../support/hosts';
import { mustRunNginx } from '../../../support/processes/nginx';
import { freePort } from '../../../support/processes/servers';
import { useWarnings } from '../../../support/warnings';

const H5 = 'https://h5.example.com';

useEmulator();
const warnings = useWarnings();
const running: { close(): Promise<void> }[] = [];

afterEach(async () => {
  process.env['NODE_ENV'] = 'test';
  await Promise.all(running.splice(0).map((each) => each.close()));
});

async function start(options: AppOptions): Promise<TestApp> {
  const app = await startApp(emulator, {
    ...options,
    auth: { dangerouslyAllowEmulatorInProduction: true, ...options.auth },
  });
  running.push(app);
  return app;
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => {
        resolve(false);
      });
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Starts nginx in front of the app. Another proxy has ended TLS before it, so nginx gets http. */
async function startNginx(app: TestApp, directives: string): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'nginx-'));
  const port = await freePort();
  const at = (name: string): string => path.join(folder, name);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${at(name)};`,
  );
  writeFileSync(
    at('nginx.conf'),
    `daemon off; pid ${at('pid')}; error_log stderr; events {} http { access_log off; ${temporary.join(' ')}
     server { listen 127.0.0.1:${port}; location / { proxy_pass ${app.url}; ${directives} } } }`,
  );
  const child = spawn('nginx', ['-e', 'stderr', '-c', at('nginx.conf')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  running.push({
    close: async () => {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  });
  await untilListening(port, child);
  return `http://127.0.0.1:${port}`;
}

(mustRunNginx('lost logins behind nginx') ? describe : describe.skip)('behind nginx', () => {
  async function logIn(options: AppOptions, directives: string): Promise<string> {
    const url = await startNginx(await start(options), directives);
    const browser = new PublicBrowser({ app: () => url });
    return (await browser.logIn(emulator, `${H5}/login?returnTo=/me`)).location;
  }

  it('without X-Forwarded-Proto, a secure cookie is lost, and the console says what nginx has to send', async () => {
    await logIn({ session: cookies({ secure: true }), auth: { baseURL: H5 }, before: trustProxy }, '');
    expect(warnings.map(({ code }) => code)).toEqual(['WECHAT_COOKIE_SECURE']);
    expect(warnings[0]?.message).toContain('nginx: proxy_set_header X-Forwarded-Proto https;');
  });

  it('that remedy is right: with it, the login succeeds without a warning', async () => {
    const end = await logIn(
      { session: cookies({ secure: true }), auth: { baseURL: H5 }, before: trustProxy },
      'proxy_set_header X-Forwarded-Proto https;',
    );
    expect(end).toMatch(/^\/me/);
    expect(warnings).toEqual([]);
  });

  it.each(['test', 'production'])('its own Host header causes no warning (%s)', async (environment) => {
    process.env['NODE_ENV'] = environment;
    expect(await logIn({ auth: { baseURL: H5 } }, '')).toMatch(/^\/me/);
    expect(warnings).toEqual([]);
  });

  it('a directive that removes Set-Cookie causes no warning: nothing shows it, and no option is at fault', async () => {
    const end = await logIn({ auth: { baseURL: H5 } }, 'proxy_hide_header Set-Cookie;');
    expect(end).toBe('');
    expect(warnings).toEqual([]);
  });
});

describe("behind a dev server's proxy", () => {
  /** As `server.proxy` of Vite with `changeOrigin`: the app gets its own address as Host. */
  async function startDevServer(app: TestApp): Promise<Running> {
    const proxy = createProxyServer({ target: app.url, changeOrigin: true });
    const server = await listen((req, res) => {
      proxy.web(req, res);
    });
    running.push(server);
    return server;
  }

  it('a login succeeds without a warning, on the port of the dev server', async () => {
    const { url } = await startDevServer(await start({ auth: { baseURL: 'http://localhost:5173' } }));
    const browser = new PublicBrowser({ app: () => url });
    const end = await browser.logIn(emulator, 'http://localhost:5173/login?returnTo=/me');
    expect([end.location, warnings]).toEqual([expect.stringMatching(/^\/me/), []]);
  });

  it('a login succeeds without a warning if WeChat sends the browser back to the port of the app', async () => {
    const app = await start({ auth: { baseURL: 'http://localhost:3000' } });
    const devServer = await startDevServer(app);
    const urls = [devServer.url, app.url];
    const browser = new PublicBrowser({ app: () => urls.shift() ?? '' });
    const end = await browser.logIn(emulator, 'http://localhost:5173/login?returnTo=/me');
    expect([end.location, warnings]).toEqual([expect.stringMatching(/^\/me/), []]);
  });

  it('a login that starts at localhost and returns to 127.0.0.1 is explained, though Host is the same', async () => {
    const { url } = await startDevServer(await start({ auth: { baseURL: 'http://127.0.0.1:5173' } }));
    let before = '';
    const browser = new PublicBrowser({
      app: () => url,
      // The login link of a page of the same origin.
      proxy: ({ origin }) => {
        const headers = before === '' ? { 'Sec-Fetch-Site': 'same-origin', Referer: `${origin}/` } : {};
        before = origin;
        return headers;
      },
    });
    await browser.logIn(emulator, 'http://localhost:5173/login');
    expect(warnings.map(({ code }) => code)).toEqual(['WECHAT_OTHER_HOST']);
    expect(warnings[0]?.message).toContain('started at "localhost"');
  });
});

describe('over HTTP/2, where the host is in :authority', () => {
  it('a login causes no warning', async () => {
    process.env['NODE_ENV'] = 'production';
    const app = connect();
    app.use(cookies() as connect.NextHandleFunction);
    app.use(
      wechatAuth({
        ...emulated(emulator),
        baseURL: 'http://h5.example.com',
        dangerouslyAllowEmulatorInProduction: true,
      }) as connect.NextHandleFunction,
    );
    const server = http2.createServer(app as unknown as Parameters<typeof http2.createServer>[0]);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const get = async (target: string, cookie = ''): Promise<http2.IncomingHttpHeaders> => {
      const stream = client.request({
        ':path': target,
        ':authority': 'h5.example.com',
        'user-agent': 'MicroMessenger/8',
        accept: 'text/html',
        ...(cookie !== '' && { cookie }),
      });
      const [headers] = await new Promise<[http2.IncomingHttpHeaders]>((resolve, reject) => {
        stream.on('response', (each) => {
          resolve([each]);
        });
        stream.on('error', reject);
      });
      stream.resume();
      return headers;
    };
    try {
      const login = await get('/login?returnTo=/me');
      const callback = new URL(await agree(emulator, String(login.location)));
      const pairs = login['set-cookie']?.map((line) => line.split(';', 1)[0]);
      const end = await get(callback.pathname + callback.search, pairs?.join('; '));
      expect(end.location).toMatch(/^\/me/);
      expect(warnings).toEqual([]);
      const lost = new URL(await agree(emulator, String((await get('/login')).location)));
      expect((await get(lost.pathname + lost.search))[':status']).toBe(302);
      expect(warnings).toEqual([]);
    } finally {
      client.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
