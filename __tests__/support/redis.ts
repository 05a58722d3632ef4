import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { freePort } from './processes/servers';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Whether the tests on a real Redis run. With CI=true they always run, and fail if it is not installed. */
export function hasRedis(): boolean {
  const isInstalled = spawnSync('redis-server', ['--version']).error === undefined;
  const mustRun = isInstalled || process.env['CI'] === 'true';
  if (!mustRun) process.stderr.write('\nSKIPPED: the tests on a real Redis: redis-server is not installed\n');
  return mustRun;
}

/** Describes tests on a real Redis, which are skipped if it is not installed. */
export const describeOnRedis = hasRedis() ? describe : describe.skip;

interface RedisOptions {
  /** The port of a stopped Redis that is to be started again. @default a free port */
  readonly port?: number;
  /** Further arguments of redis-server. */
  readonly args?: readonly string[];
}

/** Starts a Redis in a temporary folder. It stores nothing on disk. */
export async function startRedis({ port, args = [] }: RedisOptions = {}): Promise<RedisServer> {
  const startAt = (at: number): Promise<RedisServer> =>
    start(at, /ready to accept connections/i, (folder) => [
      ...['--dir', folder, '--save', '', '--appendonly', 'no'],
      ...args,
    ]);
  return port === undefined ? onFreePort(startAt) : startAt(port);
}

/** Starts a Sentinel that watches one Redis under the name "main". */
export async function startSentinel(master: RedisServer): Promise<RedisServer> {
  return onFreePort((at) =>
    start(at, /\+monitor master/, async (folder) => {
      // Sentinel saves its state, so it needs a configuration file that it can write.
      const file = path.join(folder, 'sentinel.conf');
      await fs.writeFile(file, `sentinel monitor main 127.0.0.1 ${master.port} 1\n`);
      return [file, '--sentinel'];
    }),
  );
}

async function start(
  port: number,
  ready: RegExp,
  argsIn: (folder: string) => readonly string[] | Promise<readonly string[]>,
): Promise<RedisServer> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'redis-'));
  const args = [...(await argsIn(folder)), '--port', String(port), '--bind', '127.0.0.1'];
  const server = spawn('redis-server', args);
  const closed = new Promise((resolve) => server.once('close', resolve));
  await new Promise<void>((resolve, reject) => {
    let output = '';
    server.once('error', reject);
    server.once('exit', () => {
      reject(new Error(`redis-server did not start: ${output}`));
    });
    server.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (ready.test(output)) resolve();
    });
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    close: async () => {
      server.kill();
      await closed;
      await fs.rm(folder, { recursive: true, force: true });
    },
  };
}

/** Another program may take the free port before Redis listens on it: then the next one is tried. */
async function onFreePort(startAt: (port: number) => Promise<RedisServer>): Promise<RedisServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startAt(await freePort());
    } catch (error) {
      if (attempt === 3 || !/address already in use/i.test(String(error))) throw error;
    }
  }
}
