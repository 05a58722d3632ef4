// The command in its own process, with the flags of docs/emulator/containers.md.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import net from 'node:net';
import { uuidOf } from '../support/emulator-client';

const CLI = path.resolve(__dirname, '../../../dist/cli.js');
const folder = mkdtempSync(path.join(tmpdir(), 'emulator-container-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
}

/** Starts the command, and waits for the address that it prints. */
async function start(args: readonly string[], env: Record<string, string> = {}): Promise<Running> {
  const child = spawn(process.execPath, [CLI, 'emulator', '--port', '0', ...args], {
    env: { PATH: process.env['PATH'], HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('exit', (code, signal) => resolve([code, signal]));
  });
  const url = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const [, printed] = /WECHAT_API_URL=(\S+)/.exec(text) ?? [];
      if (printed !== undefined && text.includes('Ctrl+C')) resolve(printed);
    });
    child.once('exit', () => reject(new Error(`The command ended: ${text}`)));
  });
  return { child, url, ended };
}

describe('the command in a container', () => {
  it('ends at once on SIGTERM, although a poll and an idle connection are open', async () => {
    const { child, url, ended } = await start([]);
    const { port } = new URL(url);
    const idle = net.connect(Number(port), '127.0.0.1').on('error', () => undefined);
    await new Promise((resolve) => idle.once('connect', resolve));
    const parameters = 'appid=wxeb517e0000000002&redirect_uri=https%3A%2F%2Fa.example&scope=snsapi_login';
    const text = await (await fetch(`${url}/connect/qrconnect?${parameters}`)).text();
    const uuid = uuidOf({ text });
    const poll = fetch(`${url}/connect/l/qrconnect?uuid=${uuid}`).then(
      () => 'responded',
      () => 'closed',
    );
    const requests = async (): Promise<string> => (await fetch(`${url}/_emulator/requests`)).text();
    while (!(await requests()).includes('/connect/l/qrconnect')) await new Promise(setImmediate);
    const since = performance.now();
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(performance.now() - since).toBeLessThan(3_000);
    expect(await poll).toBe('closed');
    idle.destroy();
  });

  it('runs with the flags and the variable of the documentation', async () => {
    const config = { users: [{ id: 'lan', nickname: '小兰' }] };
    const flags = [
      '--host',
      '0.0.0.0',
      '--name',
      'wechat',
      '--proxy-port',
      '0',
      '--ca-dir',
      path.join(folder, 'ca'),
    ];
    const { child, url, ended } = await start([...flags, '--public-url', 'http://localhost:8917'], {
      WECHAT_EMULATOR_CONFIG: JSON.stringify(config),
    });
    const plain = url.replace('https:', 'http:');
    expect(await (await fetch(`${plain}/_emulator/health`)).json()).toMatchObject({ ok: true });
    expect(await (await fetch(`${plain}/_emulator/state`)).json()).toMatchObject(config);
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  });
});
