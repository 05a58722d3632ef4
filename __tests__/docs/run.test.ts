// Runs the first block of the READMEs, which they present as a complete app.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import request from 'supertest';
import { Browser } from '../support/browser';
import { IPHONE_WECHAT } from '../support/browsers/user-agents';
import { emulator, environmentOf, useEmulator } from '../support/emulator';
import { redirectsToWechat } from '../support/login';
import { blocksOf } from './blocks';
import { ROOT } from './pages';

// The app of each test is a process of its own, which needs a while on a busy machine.
jest.setTimeout(60_000);

describe.each(['README.md', 'README.zh-CN.md'])('the first block of %s', (file) => {
  useEmulator();

  /** A folder as a reader has it after `npm install`. */
  function install(code: string): string {
    const folder = mkdtempSync(path.join(tmpdir(), 'quickstart-'));
    mkdirSync(path.join(folder, 'node_modules'));
    for (const name of ['express', 'cookie-session'])
      symlinkSync(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name));
    symlinkSync(ROOT, path.join(folder, 'node_modules/express-wechat-auth'));
    writeFileSync(path.join(folder, 'app.mjs'), code);
    // The port of the sample may be in use: the app listens on a free one, and reports both.
    writeFileSync(
      path.join(folder, 'any-port.cjs'),
      `const { Server } = require('node:net');
       const listen = Server.prototype.listen;
       Server.prototype.listen = function (port, ...rest) {
         this.once('listening', () => process.send([port, this.address().port]));
         return listen.call(this, 0, ...rest);
       };`,
    );
    return folder;
  }

  const code = blocksOf(file)[0]?.code ?? '';

  /** Runs the block with these variables of the environment, and `use` with the address of the app. */
  async function runBlock(
    env: Readonly<Record<string, string>>,
    use: (url: string, output: () => string) => Promise<void>,
  ): Promise<void> {
    const folder = install(code);
    // The lines that the emulator prints, all in .env.
    const lines = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    writeFileSync(path.join(folder, '.env'), lines.join('\n'));
    const app = fork('app.mjs', {
      cwd: folder,
      execArgv: ['--env-file=.env', '--require', './any-port.cjs'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { PATH: process.env['PATH'] },
    });
    let output = '';
    app.stderr?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const gone = once(app, 'close');
    try {
      const ended = gone.then(([status]) => {
        throw new Error(`the app ended with ${String(status)}: ${output}`);
      });
      const [[wantedPort, port]] = (await Promise.race([once(app, 'message'), ended])) as [[unknown, number]];
      ended.catch(() => undefined);
      expect(wantedPort).toBe(env['PORT'] ?? 3000);
      await use(`http://127.0.0.1:${port}`, () => output);
    } finally {
      app.kill();
      await gone;
      rmSync(folder, { recursive: true, force: true });
    }
  }

  it('has at most ten lines, and logs people in inside WeChat and by QR code', async () => {
    expect(code.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(10);
    const env = {
      SESSION_KEY: 'a key of the test',
      ...environmentOf(emulator),
    };
    await runBlock(env, async (url) => {
      for (const browser of [Browser.inWechat(url), Browser.onDesktop(url)]) {
        expect(redirectsToWechat(emulator, await browser.follow('/me'))).toBe(true);
        const page = await browser.logIn(emulator, '/me');
        expect([page.status, page.json()]).toEqual([
          200,
          expect.objectContaining({ nickname: expect.any(String) as string }),
        ]);
      }
    });
  });

  it('says that its port is in use, and ends', async () => {
    const other = http.createServer().listen(0);
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const folder = install(code);
    try {
      const app = spawnSync(process.execPath, ['app.mjs'], {
        cwd: folder,
        env: { ...environmentOf(emulator), PORT: String(port), SESSION_KEY: 'a key of the test' },
        encoding: 'utf8',
      });
      expect(app.stderr).toContain('EADDRINUSE');
      expect([app.status, app.stdout]).toEqual([1, '']);
    } finally {
      other.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('runs in production behind a proxy: the port of the platform, a cookie that lasts, for https only, and no warning', async () => {
    const env = {
      NODE_ENV: 'production',
      PORT: '8080', // as a cloud platform sets it
      SESSION_KEY: 'a key of the test',
      WECHAT_APP_ID: 'wx0123456789abcdef',
      WECHAT_APP_SECRET: '0123456789abcdef0123456789abcdef',
      WECHAT_BASE_URL: 'https://shop.example.com',
    };
    await runBlock(env, async (url, output) => {
      const headers = { Accept: 'text/html', 'User-Agent': IPHONE_WECHAT, 'X-Forwarded-Proto': 'https' };
      const response = await request(url).get('/login?returnTo=/me').set(headers);
      expect(response.headers['location']).toContain(
        `redirect_uri=${encodeURIComponent('https://shop.example.com/callback')}`,
      );
      const cookies = response.get('Set-Cookie') ?? [];
      expect(cookies).toHaveLength(2);
      for (const cookie of cookies) {
        expect(cookie).toMatch(/; secure/i);
        expect(cookie).toMatch(/; httponly/i);
        expect(cookie).toMatch(/; samesite=lax/i);
        const [, expires = ''] = /; expires=([^;]+)/i.exec(cookie) ?? [];
        const days = (Date.parse(expires) - Date.now()) / 86_400_000;
        expect(days).toBeGreaterThan(29);
      }
      expect(output()).toBe('');
    });
  });

  it('does not start without a session key', async () => {
    const env = {
      WECHAT_APP_ID: 'wx0123456789abcdef',
      WECHAT_APP_SECRET: '0123456789abcdef0123456789abcdef',
    };
    await expect(runBlock(env, () => Promise.resolve())).rejects.toThrow(/\.keys required/);
  });
});
