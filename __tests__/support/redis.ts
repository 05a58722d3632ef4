import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Whether tests on a real Redis can run here. Where everything must run (CI=true), they run, and fail without one. */
export function hasRedis(): boolean {
  const isThere = spawnSync('redis-server', ['--version']).error === undefined;
  const mustRun = isThere || process.env['CI'] === 'true';
  if (!mustRun) process.stderr.write('\nSKIPPED: the tests on a real Redis: redis-server is not installed\n');
  return mustRun;
}

interface RedisOptions {
  /** That of one that was stopped, to bring it back. @default a free one */
  readonly port?: number;
  /** Further arguments of the server. */
  readonly args?: readonly string[];
}

/** A Redis of the test's own: on a free port, in a temporary folder, nothing kept. */
export async function startRedis({ port, args = [] }: RedisOptions = {}): Promise<RedisServer> {
  return start(port ?? (await freePort()), /ready to accept connections/i, (folder) => [
    ...['--dir', folder, '--save', '', '--appendonly', 'no'],
    ...args,
  ]);
}

/** A Sentinel that watches one Redis, under the name "main". */
export async function startSentinel(master: RedisServer): Promise<RedisServer> {
  return start(await freePort(), /\+monitor master/, async (folder) => {
    // It writes down what it learns, so it insists on a file.
    const file = path.join(folder, 'sentinel.conf');
    await fs.writeFile(file, `sentinel monitor main 127.0.0.1 ${master.port} 1\n`);
    return [file, '--sentinel'];
  });
}

async function start(
  port: number,
  ready: RegExp,
  argsIn: (folder: string) => readonly string[] | Promise<readonly string[]>,
): Promise<RedisServer> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'redis-'));
  const args = [...(await argsIn(folder)), '--port', String(port), '--bind', '127.0.0.1'];
  const server = spawn('redis-server', args);
  const gone = new Promise((resolve) => server.once('close', resolve));
  await new Promise<void>((resolve, reject) => {
    let said = '';
    server.once('error', reject);
    server.once('exit', () => {
      reject(new Error(`redis-server did not start: ${said}`));
    });
    server.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (ready.test(said)) resolve();
    });
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    close: async () => {
      server.kill();
      await gone;
      await fs.rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
