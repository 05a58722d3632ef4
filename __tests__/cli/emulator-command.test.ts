import { existsSync, readFileSync } from 'node:fs';
import https from 'node:https';
import { run } from '../../lib/cli/run';
import { createEmulator } from '../../lib/emulator';

interface CommandRun {
  readonly out: string[];
  readonly err: string[];
  readonly status: Promise<number>;
  /** Presses Ctrl+C and waits for the end. */
  stop(): Promise<number>;
  /** Waits until the output matches, and returns the first group, or the match. */
  waitFor(pattern: RegExp): Promise<string>;
}

function start(args: string[], env: Record<string, string> = {}): CommandRun {
  const out: string[] = [];
  const err: string[] = [];
  let stop = (): void => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const status = run(args, { env, out: (line) => out.push(line), err: (line) => err.push(line), stopped });
  let ended = false;
  void status.then(() => (ended = true));
  const waitFor = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const match = pattern.exec(out.join('\n'));
      if (match) return match[1] ?? match[0];
      if (ended)
        throw new Error(`The command ended before its output matched ${String(pattern)}: ${err.join('\n')}`);
      await new Promise(setImmediate);
    }
  };
  return {
    out,
    err,
    status,
    waitFor,
    stop: () => {
      stop();
      return status;
    },
  };
}

const fails = async (args: string[], env?: Record<string, string>): Promise<[number, string]> => {
  const command = start(args, env);
  return [await command.status, command.err.join('\n')];
};

describe('express-wechat-auth emulator', () => {
  it('runs, prints what the app needs, and ends on Ctrl+C', async () => {
    const command = start(['emulator', '--port', '0']);
    const url = await command.waitFor(/WECHAT_OPEN_URL=(\S+)/);
    await command.waitFor(/Ctrl\+C/);
    expect(command.out.join('\n')).toMatch(
      /WECHAT_API_URL=.*\nWECHAT_APP_ID=wx.*\nWECHAT_APP_SECRET=.*\nWECHAT_WEBSITE_APP_ID=wx.*/,
    );
    expect((await fetch(`${url}/sns/auth`)).status).toBe(200);
    expect(await command.stop()).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
  });

  it('adds the apps of --app and --website', async () => {
    const command = start(['emulator', '--port', '0', '--app', 'wxmine:secret', '--website', 'wxsite:other']);
    await command.waitFor(/WECHAT_WEBSITE_APP_SECRET=other/);
    expect(command.out.join('\n')).toMatch(
      /WECHAT_APP_ID=wxmine\nWECHAT_APP_SECRET=secret\nWECHAT_WEBSITE_APP_ID=wxsite/,
    );
    await command.stop();
  });

  it('serves the host names of --name, and its certificate covers them', async () => {
    const names = ['--name', 'wechat.test', '--name', 'other.test'];
    const command = start(['emulator', '--port', '0', '--https', ...names]);
    const url = await command.waitFor(/WECHAT_OPEN_URL=(https:\S+)/);
    const ca = readFileSync(await command.waitFor(/NODE_EXTRA_CA_CERTS=(\S+)/));
    const statusFor = (servername: string): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const options = { ca, agent: false, servername, headers: { Host: servername } };
        https.get(`${url}/sns/auth`, options, (response) => resolve(response.statusCode)).on('error', reject);
      });
    expect([await statusFor('wechat.test'), await statusFor('other.test')]).toEqual([200, 200]);
    await command.stop();
  });

  it('serves over TLS with a certificate that the app can trust, and removes it', async () => {
    const command = start(['emulator', '--port', '0', '--https']);
    const url = await command.waitFor(/WECHAT_OPEN_URL=(https:\S+)/);
    const file = await command.waitFor(/NODE_EXTRA_CA_CERTS=(\S+)/);
    const status = await new Promise((resolve, reject) => {
      const request = https.get(`${url}/sns/auth`, { ca: readFileSync(file), agent: false }, (response) =>
        resolve(response.statusCode),
      );
      request.on('error', reject);
    });
    expect(status).toBe(200);
    await command.stop();
    expect(existsSync(file)).toBe(false);
  });

  it('--help lists every flag', async () => {
    const command = start(['emulator', '--help']);
    expect(await command.status).toBe(0);
    for (const flag of [
      '--port',
      '--host',
      '--name',
      '--app',
      '--website',
      '--https',
      '--dangerously-allow-production',
    ]) {
      expect(command.out.join('\n')).toContain(flag);
    }
  });

  it.each<[string, string[], RegExp]>([
    ['an unknown flag', ['emulator', '--prot', '1'], /Unknown option '--prot'[\s\S]*emulator --help/],
    [
      'a port that is too large',
      ['emulator', '--port', '99999'],
      /--port is "99999"; it must be a number from 0 to 65535/,
    ],
    [
      'an app without a secret',
      ['emulator', '--app', 'wxmine'],
      /--app is "wxmine"; it must be appid:secret/,
    ],
    [
      'a name that is an address',
      ['emulator', '--name', 'http://wechat.test'],
      /--name is "http:\/\/wechat.test"; it must be a host name without scheme and port/,
    ],
    ['an unknown command', ['emulatr'], /Unknown command "emulatr"; the commands are emulator, doctor/],
  ])('refuses %s with status 2', async (_, args, message) => {
    const [status, text] = await fails(args);
    expect(status).toBe(2);
    expect(text).toMatch(message);
  });

  it('reports that a port is in use', async () => {
    const other = await createEmulator();
    const { port } = new URL(other.url);
    const [status, text] = await fails(['emulator', '--port', port]);
    await other.close();
    expect([status, text]).toEqual([
      1,
      `express-wechat-auth: Port ${port} is in use: choose another with --port, or 0 for any free one`,
    ]);
  });

  it('does not run in production without --dangerously-allow-production', async () => {
    const production = { NODE_ENV: 'production' };
    const [status, text] = await fails(['emulator', '--port', '0'], production);
    expect(status).toBe(2);
    expect(text).toContain('--dangerously-allow-production');
    const command = start(['emulator', '--port', '0', '--dangerously-allow-production'], production);
    await command.waitFor(/WECHAT_OPEN_URL/);
    expect(await command.stop()).toBe(0);
  });

  it('prints the commands if none is given', async () => {
    const command = start([]);
    expect(await command.status).toBe(2);
    expect(command.out.join('\n')).toContain('emulator   run a local WeChat');
  });
});
