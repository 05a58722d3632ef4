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
  if (!isThere)
    process.stderr.write('\nredis-server is not installed: the tests on a real Redis are skipped\n');
  return isThere || process.env['CI'] === 'true';
}

/** A Redis of the test's own: on a free port, in a temporary folder, nothing kept. */
export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'redis-'));
  const server = spawn('redis-server', [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'no'],
  ]);
  const gone = once(server, 'exit');
  await new Promise<void>((resolve, reject) => {
    let said = '';
    server.once('error', reject);
    server.once('exit', () => {
      reject(new Error(`redis-server did not start: ${said}`));
    });
    server.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (/ready to accept connections/i.test(said)) resolve();
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
