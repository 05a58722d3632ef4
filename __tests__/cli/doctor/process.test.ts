// Runs the built command in its own process, with the network and the environment of that process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { selfSignedCertificate } from '../../../lib/emulator/index';
import { startApp } from '../../support/app';
import { environmentOf, emulator, useEmulator } from '../../support/emulator';
import { listen, type Host } from '../../support/hosts';
import { serverSessions } from '../../support/sessions';
import { officialOf, type Check, type Env, type Output } from './run-doctor';
import type express from 'express';

useEmulator({ names: ['wechat.test'] });

const ROOT = path.resolve(__dirname, '../../..');
const { bin } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  bin: Record<string, string>;
};

async function runDoctor(args: readonly string[], env: Env, input = ''): Promise<Output> {
  const child = spawn(
    process.execPath,
    [path.join(ROOT, bin['express-wechat-auth'] ?? ''), 'doctor', ...args],
    {
      env: { PATH: process.env['PATH'], LANG: 'C', ...env },
    },
  );
  child.stdin.end(input);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { exit: child.exitCode ?? -1, out, err };
}

async function checksOf(args: readonly string[], env: Env): Promise<Map<string, Check>> {
  const { out } = await runDoctor([...args, '--json'], env);
  const { checks } = JSON.parse(out) as { checks: Check[] };
  return new Map(checks.map((check) => [check.id, check]));
}

describe('the command express-wechat-auth doctor', () => {
  it('prints a table without colours to a pipe, and exits', async () => {
    const { exit, out, err } = await runDoctor([], environmentOf(emulator));
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(out).toMatch(/✔ Official account: credentials/);
    expect(out).not.toContain('\u001b');
  });

  it('ends without a word if the reader of its output ends, as head does', async () => {
    let respond = (): void => undefined;
    const closed = new Promise<void>((resolve) => (respond = resolve));
    const slow = await listen((_req, res) => void closed.then(() => res.end()));
    const command = [path.join(ROOT, bin['express-wechat-auth'] ?? ''), 'doctor'];
    const child = spawn(process.execPath, command, {
      env: { PATH: process.env['PATH'], WECHAT_OPEN_URL: slow.url, WECHAT_API_URL: slow.url },
    });
    child.stdin.end();
    const err = text(child.stderr);
    // The doctor prints group by group: the others come after the pipe is closed.
    await once(child.stdout, 'data');
    child.stdout.destroy();
    respond();
    await once(child, 'close');
    await slow.close();
    expect({ exit: child.exitCode, err: await err }).toEqual({ exit: 141, err: '' });
  });

  it('reads a secret from the standard input', async () => {
    const { WECHAT_APP_SECRET = '', ...env } = officialOf(emulator);
    const { exit, out } = await runDoctor(['--app-secret', '-'], env, `${WECHAT_APP_SECRET}\n`);
    expect(exit).toBe(0);
    expect(out).not.toContain(WECHAT_APP_SECRET);
  });

  it('reads its environment from a file', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'doctor-'));
    const lines = Object.entries(environmentOf(emulator)).map(([name, value]) => `${name}=${value}`);
    writeFileSync(path.join(folder, '.env'), lines.join('\n'));
    const { exit, out } = await runDoctor(['--env-file', path.join(folder, '.env')], {});
    rmSync(folder, { recursive: true });
    expect(exit).toBe(0);
    expect(out).toMatch(/✔ Website app: credentials/);
  });

  it('reports that a host name is not found, and does not ask to start the app there', async () => {
    const checks = await checksOf(['--url', 'http://nobody.invalid'], {
      ...officialOf(emulator),
      WECHAT_API_URL: 'http://nobody.invalid',
    });
    for (const id of ['api-reachable', 'app-reachable'])
      expect(checks.get(id)?.detail).toMatch(
        /^nobody\.invalid: the host name is not found \(DNS\): (?:ENOTFOUND|EAI_AGAIN)$/,
      );
    expect(checks.get('app-reachable')?.remedy).toMatch(/^Check --url\. Check the spelling/);
  });

  it('reports that an address does not accept connections, of which no name is looked up', async () => {
    const listener = `require('net').createServer().listen(0, '127.0.0.1', 1, function () {
      console.log(this.address().port);
    })`;
    const server = spawn(process.execPath, ['-e', listener], { stdio: ['ignore', 'pipe', 'inherit'] });
    const waiting: net.Socket[] = [];
    try {
      const port = Number(await once(server.stdout, 'data'));
      // Once its queue is full, the system drops the packets of further connections, as many firewalls do.
      server.kill('SIGSTOP');
      for (let i = 0; i < 4; i++) waiting.push(net.connect(port, '127.0.0.1').on('error', () => undefined));
      const env = { ...officialOf(emulator), WECHAT_API_URL: `http://127.0.0.1:${port}` };
      const checks = await checksOf(['--timeout', '500'], env);
      expect(checks.get('api-reachable')?.detail).toBe(`127.0.0.1:${port}: no connection (TCP): timeout`);
    } finally {
      for (const socket of waiting) socket.destroy();
      server.kill('SIGKILL');
      await once(server, 'close');
    }
  });

  it('uses the proxy of the environment, prints it without its password, and reports its refusal', async () => {
    const targets: string[] = [];
    const proxy = http.createServer();
    proxy.on('connect', (request, socket: net.Socket) => {
      targets.push(request.url ?? '');
      const [, port] = (request.url ?? '').split(':');
      if (port === '1') {
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
        return;
      }
      const target = net.connect(Number(port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      for (const end of [target, socket]) end.on('error', () => socket.destroy());
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { port } = proxy.address() as AddressInfo;
    // Addresses of this machine never go through a proxy of the environment; this proxy resolves any name to them.
    const named = `http://wechat.test:${new URL(emulator.url).port}`;
    const env = {
      ...officialOf(emulator),
      WECHAT_OPEN_URL: named,
      WECHAT_API_URL: named,
      HTTP_PROXY: `http://me:verysecretpassword@127.0.0.1:${port}`,
    };
    const open = await checksOf([], env);
    const refused = await checksOf([], { ...env, WECHAT_API_URL: 'http://wechat.test:1' });
    const all = await checksOf([], { ...env, HTTP_PROXY: '', ALL_PROXY: env.HTTP_PROXY });
    const broken = await checksOf([], { ...env, HTTP_PROXY: 'socks5://127.0.0.1:1' });
    proxy.closeAllConnections();
    proxy.close();
    await once(proxy, 'close');
    expect(open.get('api-reachable')?.detail).toContain(`through the proxy 127.0.0.1:${port} (HTTP_PROXY)`);
    expect(all.get('api-reachable')?.detail).toContain(`through the proxy 127.0.0.1:${port} (ALL_PROXY)`);
    expect(open.get('credentials')?.status).toBe('ok');
    expect(targets).toContain(new URL(named).host);
    expect(refused.get('api-reachable')?.detail).toMatch(
      /the proxy does not let the request through: 127\.0\.0\.1:\d+ \(HTTP_PROXY\), HTTP 403/,
    );
    expect(broken.get('api-reachable')?.detail).toMatch(
      /the proxy does not let the request through: HTTP_PROXY$/,
    );
    expect(JSON.stringify([...open, ...refused, ...all, ...broken])).not.toContain('verysecretpassword');
  });

  it('does not wait for a proxy that never responds', async () => {
    const sockets: net.Socket[] = [];
    const proxy = net.createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { port } = proxy.address() as AddressInfo;
    const checks = await checksOf(['--timeout', '300'], {
      WECHAT_OPEN_URL: 'http://wechat.example.com',
      WECHAT_API_URL: 'http://wechat.example.com',
      HTTP_PROXY: `http://127.0.0.1:${port}`,
    });
    sockets.forEach((socket) => socket.destroy());
    await once(proxy.close(), 'close');
    expect(checks.get('api-reachable')?.detail).toBe(
      `wechat.example.com: the proxy does not let the request through: 127.0.0.1:${port} (HTTP_PROXY), timeout`,
    );
  });

  it('does not use the proxy for an app or an emulator on this machine', async () => {
    const app = await startApp(emulator);
    const checks = await checksOf(['--url', app.url], {
      ...environmentOf(emulator),
      HTTP_PROXY: 'http://127.0.0.1:1',
    });
    await app.close();
    expect(checks.get('api-reachable')?.status).toBe('ok');
    expect(checks.get('api-reachable')?.detail).not.toContain('proxy');
    expect(checks.get('login-in-wechat')?.status).toBe('ok');
  });

  describe('for an app behind a TLS proxy', () => {
    const certificate = selfSignedCertificate(['localhost', '127.0.0.1']);
    let folder: string;
    let env: Env;
    beforeAll(() => {
      folder = mkdtempSync(path.join(os.tmpdir(), 'doctor-'));
      writeFileSync(path.join(folder, 'ca.pem'), certificate.cert);
      env = { ...environmentOf(emulator), NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem') };
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    async function behindTLS(
      prepare: (app: Host) => void,
      baseURL: boolean,
      more: Env = {},
    ): Promise<Map<string, Check>> {
      let inner = '';
      const proxy = https.createServer(certificate, (req, res) => {
        const onward = http.request(
          new URL(req.url ?? '/', inner),
          { headers: { ...req.headers, 'x-forwarded-proto': 'https' }, agent: false },
          (response) => {
            res.writeHead(response.statusCode ?? 502, response.headers);
            response.pipe(res);
          },
        );
        req.pipe(onward);
      });
      await once(proxy.listen(0, '127.0.0.1'), 'listening');
      const url = `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const session = serverSessions(undefined, { cookie: { secure: true, sameSite: 'lax' } });
      const app = await startApp(emulator, {
        session,
        before: prepare,
        auth: baseURL ? { baseURL: url } : {},
      });
      inner = app.url;
      const checks = await checksOf(['--url', url], { ...env, WECHAT_BASE_URL: url, ...more });
      await app.close();
      proxy.closeAllConnections();
      proxy.close();
      await once(proxy, 'close');
      return checks;
    }

    it('finds nothing wrong with an app that trusts the proxy', async () => {
      const trust = (app: Host): unknown => (app as unknown as express.Express).set('trust proxy', 1);
      const checks = await behindTLS(trust, false);
      const statuses = [...checks.values()].filter(({ status }) => status !== 'ok');
      expect(statuses).toEqual([]);
      expect(checks.get('trust-proxy')?.status).toBe('ok');
      expect(checks.get('callback')?.status).toBe('ok');
    });

    it('reports that an app does not trust the proxy', async () => {
      jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
      const checks = await behindTLS(() => undefined, true);
      expect([...checks.values()].filter(({ status }) => status === 'failed').map(({ id }) => id)).toEqual([
        'session-cookie',
        'trust-proxy',
        'callback',
      ]);
    });

    it('reports a certificate that is not trusted', async () => {
      const checks = await behindTLS(() => undefined, true, { NODE_EXTRA_CA_CERTS: '' });
      expect(checks.get('app-reachable')?.detail).toMatch(
        /the TLS handshake fails \(TLS\): (?:DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED\w*)/,
      );
    });
  });

  it('reports the certificate of another host', async () => {
    const other = selfSignedCertificate(['elsewhere.example.com']);
    const server = https.createServer(other, (_req, res) => res.end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const folder = mkdtempSync(path.join(os.tmpdir(), 'doctor-'));
    writeFileSync(path.join(folder, 'ca.pem'), other.cert);
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const checks = await checksOf([], {
      ...officialOf(emulator),
      WECHAT_API_URL: url,
      NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem'),
    });
    rmSync(folder, { recursive: true });
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    expect(checks.get('api-reachable')?.detail).toMatch(
      /the TLS handshake fails \(TLS\): ERR_TLS_CERT_ALTNAME_INVALID/,
    );
  });

  it('ends on Ctrl+C', async () => {
    let onRequest = (): void => undefined;
    const requested = new Promise<void>((resolve) => (onRequest = resolve));
    const silent = await listen(() => onRequest());
    const child = spawn(
      process.execPath,
      [path.join(ROOT, bin['express-wechat-auth'] ?? ''), 'doctor', '--timeout', '50000'],
      {
        env: { PATH: process.env['PATH'], WECHAT_OPEN_URL: silent.url, WECHAT_API_URL: silent.url },
      },
    );
    const err = text(child.stderr);
    await requested;
    child.kill('SIGINT');
    await once(child, 'close');
    await silent.close();
    expect([child.exitCode, await err]).toEqual([
      1,
      'express-wechat-auth: stopped before all checks were made\n',
    ]);
  });

  it('ends on Ctrl+C while it waits for a secret on the standard input', async () => {
    const child = spawn(
      process.execPath,
      [path.join(ROOT, bin['express-wechat-auth'] ?? ''), 'doctor', '--app-secret', '-'],
      { env: { PATH: process.env['PATH'] } },
    );
    const err = text(child.stderr);
    // This is more than a pipe holds, so the write ends only when the command reads.
    await new Promise((resolve) => child.stdin.on('error', resolve).write('x'.repeat(2 ** 20), resolve));
    child.kill('SIGINT');
    await once(child, 'close');
    expect([child.exitCode, await err]).toEqual([
      1,
      'express-wechat-auth: stopped before all checks were made\n',
    ]);
  });
});
