// nginx accepts the configuration that docs/deployment.md prints, and serves a login with it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http, { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { selfSignedCertificate } from '../../../lib/emulator';
import { mustRunNginx } from '../../support/processes/nginx';
import { codeOfPage, run } from '../../guides/guide';
import { agree } from '../../support/browser';
import { IPHONE_WECHAT } from '../../support/browsers/user-agents';
import { createHost } from '../../support/hosts';
import { environmentOf, emulator, useEmulator } from '../../support/emulator';
import { PAGES, blocksOf } from '../blocks';
import { ROOT, translationOf } from '../pages';
import { freePort } from '../../support/processes/servers';

const ENGLISH = 'docs/deployment.md';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

interface Site {
  readonly folder: string;
  /** The nginx.conf to start nginx with. */
  readonly file: string;
}

/** Writes a block with other files, and with ports above 1023, which every user may open. */
function writeSite(block: string, httpsPort = 18443, httpPort = 18080): Site {
  const folder = mkdtempSync(path.join(tmpdir(), 'nginx-'));
  const at = (name: string): string => path.join(folder, name);
  const { cert, key } = selfSignedCertificate();
  writeFileSync(at('h5.example.com.pem'), cert);
  writeFileSync(at('h5.example.com.key'), key);
  const own = block
    .replaceAll('/etc/nginx/', `${folder}/`)
    .replaceAll('listen 443 ', `listen 127.0.0.1:${httpsPort} `)
    .replaceAll('listen 80;', `listen 127.0.0.1:${httpPort};`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${at(name)};`,
  );
  const servers = own.startsWith('location') ? `server { listen 127.0.0.1:${httpPort};\n${own}}` : own;
  writeFileSync(
    at('nginx.conf'),
    `pid ${at('pid')};\nevents {}\nhttp {\naccess_log off;\n${temporary.join('\n')}\n${servers}\n}\n`,
  );
  return { folder, file: at('nginx.conf') };
}

/** Runs `nginx -t` on a block. */
function check(block: string): { status: number | null; output: string } {
  const { folder, file } = writeSite(block);
  try {
    const { status, stderr } = spawnSync('nginx', ['-t', '-e', 'stderr', '-c', file], { encoding: 'utf8' });
    return { status, output: stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where an app is served. */
interface Place {
  /** The path that nginx strips. */
  readonly prefix?: string;
  /** Whether a load balancer stands before nginx, and ends TLS. */
  readonly isBalanced?: boolean;
}

const BALANCED: Place = { isBalanced: true };

interface Response {
  readonly status: number;
  readonly location: string;
  readonly cookies: readonly string[];
  readonly body: string;
}

/**
 * A request to nginx as a browser in WeChat sends it to the public host: over https to nginx itself, or as a
 * load balancer that ends TLS passes it on.
 */
function get(port: number, target: string, cookie = '', isBalanced = false): Promise<Response> {
  return new Promise((resolve, reject) => {
    const balanced = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '198.51.100.7' };
    const options = {
      port,
      path: target,
      host: '127.0.0.1',
      servername: 'h5.example.com',
      rejectUnauthorized: false,
      agent: false,
      headers: {
        Host: 'h5.example.com',
        'User-Agent': IPHONE_WECHAT,
        Accept: 'text/html',
        Cookie: cookie,
        ...(isBalanced ? balanced : {}),
      },
    } as const;
    const request = (isBalanced ? http : https).get(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location ?? '',
          cookies: (response.headers['set-cookie'] ?? []).map((each) => each.split(';', 1)[0] ?? ''),
          body,
        });
      });
    });
    request.on('error', reject);
  });
}

/** Repeats a request until nginx has started. */
async function whenStarted<T>(request: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await request();
    } catch (error) {
      if (tries > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

const BROKEN_TARGET = 'http://[::1/login';

it('Connect throws at the request line of which the page speaks, before any middleware runs', () => {
  const middleware = jest.fn();
  const app = createHost('Connect');
  app.use(middleware);
  const req = Object.assign(new IncomingMessage(new Socket()), { url: BROKEN_TARGET });
  expect(() => {
    app(req, new ServerResponse(req));
  }).toThrow('Invalid URL');
  expect(middleware).not.toHaveBeenCalled();
  for (const page of [ENGLISH, translationOf(ENGLISH)])
    expect(readFileSync(path.join(ROOT, page), 'utf8')).toContain(`GET ${BROKEN_TARGET}`);
});

const describeWithNginx = mustRunNginx('the configuration of nginx') ? describe : describe.skip;

it('nginx configurations are only in the pages that are tested here', () => {
  const pages = PAGES.filter((page) => blocksOf(page).some(({ language }) => language === 'nginx'));
  expect(pages).toEqual([ENGLISH, translationOf(ENGLISH)]);
});

describeWithNginx.each([ENGLISH, translationOf(ENGLISH)])('the nginx configuration in %s', (page) => {
  useEmulator();
  const text = readFileSync(path.join(ROOT, page), 'utf8');
  const blocks = [...text.matchAll(/^```nginx\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);

  it('passes `nginx -t`, block by block', () => {
    expect(blocks).toHaveLength(4);
    for (const block of blocks) expect(check(block)).toMatchObject({ status: 0 });
  });

  it('serves a login to the app of the same page, with its __Host- cookie', async () => {
    const [block = ''] = blocks;
    await logIn(block);
  });

  it('serves a login to two processes, with the second block before the first', async () => {
    const [block = '', upstream = ''] = blocks;
    await logIn(upstream + block.replace('proxy_pass http://127.0.0.1:3000;', 'proxy_pass http://app;'));
  });

  it('serves a login below a path that it strips, with the last block in the server of the first', async () => {
    const [block = '', , , below = ''] = blocks;
    await logIn(block.replace('  location / {', `${below}\n  location / {`), { prefix: '/shop' });
  });

  describe('behind a load balancer that ends TLS', () => {
    it('serves a login with the third block, which hides no https from the app', async () => {
      const [, , behind = ''] = blocks;
      await logIn(behind, BALANCED);
    });

    it('would set no session cookie with $scheme', async () => {
      const [, , behind = ''] = blocks;
      const wrong = behind.replace('X-Forwarded-Proto https;', 'X-Forwarded-Proto $scheme;');
      expect(wrong).not.toBe(behind);
      await serve(wrong, BALANCED, async (_port, httpPort) => {
        const { cookies } = await whenStarted(() => get(httpPort, '/login', '', true));
        expect(cookies).toEqual([]);
      });
    });

    it('would be redirected to itself for ever by the first block', async () => {
      const [block = ''] = blocks;
      await serve(block, BALANCED, async (_port, httpPort) => {
        const { status, location } = await whenStarted(() => get(httpPort, '/login', '', true));
        expect([status, location]).toEqual([301, 'https://h5.example.com/login']);
      });
    });
  });

  /** Logs in through nginx to the app of the page. */
  async function logIn(block: string, place: Place = {}): Promise<void> {
    const { prefix = '', isBalanced = false } = place;
    await serve(block, place, async (httpsPort, httpPort) => {
      const request = (target: string, cookies: readonly string[] = []): Promise<Response> =>
        get(isBalanced ? httpPort : httpsPort, target, cookies.join('; '), isBalanced);
      const login = await whenStarted(() => request(`${prefix}/login?returnTo=${prefix}/me`));
      // Plain Connect would end the process; see above.
      expect((await request(BROKEN_TARGET)).status).toBe(400);
      expect(login.cookies.map((each) => each.replace(/=.*/, ''))).toContain('__Host-session');
      const callback = await agree(emulator, login.location);
      expect(callback.startsWith(`https://h5.example.com${prefix}/callback?`)).toBe(true);
      const done = await request(callback.replace('https://h5.example.com', ''), login.cookies);
      expect([done.status, done.location]).toEqual([302, `${prefix}/me#`]);
      expect((await request(`${prefix}/me`, done.cookies)).body).toContain('小明');
    });
  }

  /** Runs the app of the page, and nginx in front of it. */
  async function serve(
    block: string,
    { prefix = '', isBalanced = false }: Place,
    use: (httpsPort: number, httpPort: number) => Promise<void>,
  ): Promise<void> {
    const before = SIGNALS.map((signal) => process.listeners(signal));
    const app = await run(codeOfPage(page, 'app.ts'), {
      env: {
        SESSION_KEY: 'test key',
        ...environmentOf(emulator),
        WECHAT_BASE_URL: `https://h5.example.com${prefix}`,
      },
      // With NODE_ENV=production, the app would refuse the emulator.
      replace: [
        ["process.env.NODE_ENV === 'production'", 'true'],
        ["'trust proxy', 1", `'trust proxy', ${isBalanced ? 2 : 1}`],
      ],
    });
    const [port, httpPort] = [await freePort(), await freePort()];
    // The processes of an upstream are the same app here.
    const to = block.replaceAll(/127\.0\.0\.1:300[01]\b/g, new URL(app.url).host);
    const { folder, file } = writeSite(to, port, httpPort);
    const nginx = spawn('nginx', ['-e', 'stderr', '-g', 'daemon off;', '-c', file], { stdio: 'ignore' });
    try {
      await use(port, httpPort);
    } finally {
      const gone = once(nginx, 'exit');
      nginx.kill('SIGQUIT');
      await gone;
      rmSync(folder, { recursive: true, force: true });
      await app.close();
      // The app of the page handles signals for as long as its process lives.
      for (const [at, signal] of SIGNALS.entries())
        for (const each of process.listeners(signal))
          if (!before[at]?.includes(each)) process.off(signal, each);
    }
  }

  it('needs proxy_buffers beside the larger proxy_buffer_size', () => {
    const [block = ''] = blocks;
    expect(check(block.replace(/^ *proxy_buffers .*\n/m, '')).output).toContain('proxy_busy_buffers_size');
  });
});
