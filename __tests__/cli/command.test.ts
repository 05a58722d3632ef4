// Runs the built command in its own process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../..');
const { bin } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  bin: Record<string, string>;
};
const COMMAND = path.join(ROOT, bin['express-wechat-auth'] ?? '');

interface ProcessResult {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

const started: Process[] = [];
// A failed test leaves its process running.
afterEach(() => started.splice(0).forEach((each) => each.interrupt('SIGKILL')));

class Process {
  readonly #child;
  #out = '';
  #err = '';

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    this.#child = spawn(process.execPath, [COMMAND, ...args], {
      env: { ...process.env, NODE_ENV: '', ...env },
    });
    started.push(this);
    this.#child.stdout.setEncoding('utf8').on('data', (part: string) => (this.#out += part));
    this.#child.stderr.setEncoding('utf8').on('data', (part: string) => (this.#err += part));
  }

  /** Waits until the output matches, and returns the first group; '' if the process ends first. */
  async waitFor(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#out) && this.#child.exitCode === null)
      await Promise.race([once(this.#child.stdout, 'data'), once(this.#child, 'close')]);
    return pattern.exec(this.#out)?.[1] ?? '';
  }

  interrupt(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  async end(): Promise<ProcessResult> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'close');
    return { status: this.#child.exitCode, out: this.#out, err: this.#err };
  }
}

const run = (args: readonly string[], env?: Record<string, string>): Promise<ProcessResult> =>
  new Process(args, env).end();

describe('the command express-wechat-auth', () => {
  it('is a file that a shell can run', () => {
    expect(readFileSync(COMMAND, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'runs an emulator until %s, and then closes its open connections',
    async (signal) => {
      const command = new Process(['emulator', '--port', '0']);
      const url = await command.waitFor(/^WECHAT_API_URL=(http:\/\/127\.0\.0\.1:\d+)$/m);
      await command.waitFor(/(Ctrl\+C)/);
      const response = await fetch(`${url}/sns/auth`);
      expect(response.headers.get('x-emulated-wechat')).toBe('express-wechat-auth');
      expect(await response.json()).toMatchObject({ errcode: 41001 });
      command.interrupt(signal);
      expect(await command.end()).toMatchObject({ status: 0, err: '' });
      await expect(fetch(url)).rejects.toThrow();
    },
  );

  it('prints an environment with which an app can exchange a code', async () => {
    const command = new Process(['emulator', '--port', '0', '--app', 'wx00000000000000ff:mine']);
    await command.waitFor(/(Ctrl\+C)/);
    const appid = await command.waitFor(/^WECHAT_APP_ID=(.*)$/m);
    const secret = await command.waitFor(/^WECHAT_APP_SECRET=(.*)$/m);
    const url = await command.waitFor(/^WECHAT_OPEN_URL=(.*)$/m);
    const page = await fetch(
      `${url}/connect/oauth2/authorize?appid=${appid}&redirect_uri=http%3A%2F%2F127.0.0.1%2F&response_type=code&scope=snsapi_base`,
      { redirect: 'manual', headers: { 'User-Agent': 'MicroMessenger' } },
    );
    const code = new URL(page.headers.get('location') ?? '').searchParams.get('code') ?? '';
    const token = await fetch(
      `${url}/sns/oauth2/access_token?appid=${appid}&secret=${secret}&code=${code}&grant_type=authorization_code`,
    );
    expect(await token.json()).toMatchObject({ scope: 'snsapi_base' });
    command.interrupt('SIGTERM');
    await command.end();
  });

  it('prints the addresses for phones if it listens on all addresses', async () => {
    const ownAddress = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal);
    const onNetwork = new Process(['emulator', '--port', '0', '--host', '0.0.0.0']);
    const port = await onNetwork.waitFor(/WECHAT_OPEN_URL=http:\/\/127\.0\.0\.1:(\d+)/);
    await onNetwork.waitFor(/(Ctrl\+C)/);
    onNetwork.interrupt('SIGTERM');
    const { out } = await onNetwork.end();
    expect(out.includes(`reach the emulator at http://${ownAddress?.address ?? ''}:${port}`)).toBe(
      ownAddress !== undefined,
    );
    const onLoopback = new Process(['emulator', '--port', '0']);
    await onLoopback.waitFor(/(Ctrl\+C)/);
    onLoopback.interrupt('SIGTERM');
    expect((await onLoopback.end()).out).not.toContain('Phones');
  });

  it('prints its usage', async () => {
    expect(await run(['--help'])).toMatchObject({ status: 0, err: '' });
    expect((await run(['emulator', '--help'])).out).toMatch(/^Usage: express-wechat-auth emulator/);
    expect(await run([])).toMatchObject({ status: 2 });
  });

  it('prints errors to the standard error, without a stack', async () => {
    const wrong = await run(['emulator', '--port', 'x']);
    expect(wrong).toEqual({
      status: 2,
      out: '',
      err: 'express-wechat-auth: --port is "x"; it must be a number from 0 to 65535\nTry express-wechat-auth emulator --help\n',
    });
    const host = await run(['emulator', '--host', '203.0.113.1']);
    expect(host).toMatchObject({
      status: 1,
      err: expect.stringMatching(/is not an address of this machine/) as string,
    });
    expect(host.err).not.toContain('    at ');
  });

  it('does not run in production without the flag that allows it', async () => {
    const refused = await run(['emulator', '--port', '0'], { NODE_ENV: 'production' });
    expect(refused).toMatchObject({ status: 2, out: '' });
    expect(refused.err).toContain('--dangerously-allow-production');
  });
});
