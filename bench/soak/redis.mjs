// The Redis server of the soak. It can be stopped and started again without a loss of data.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import fs from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

export async function startRedis() {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'soak-redis-'));
  // If the soak ends early, by an error or a signal, neither the server nor the folder must stay.
  const removeFolder = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', removeFolder);
  const port = await freePort();
  let server = await start(folder, port);
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      server.kill();
      await once(server, 'exit');
    },
    async start() {
      server = await start(folder, port);
    },
    async end() {
      if (server.exitCode === null) {
        server.kill();
        await once(server, 'exit');
      }
      removeFolder();
    },
  };
}

async function start(folder, port) {
  const server = spawn('redis-server', [
    ...['--dir', folder, '--appendonly', 'yes', '--save', ''],
    ...['--port', String(port), '--bind', '127.0.0.1'],
  ]);
  const abort = () => server.kill('SIGKILL');
  process.prependOnceListener('exit', abort);
  server.once('exit', () => process.off('exit', abort));
  await new Promise((resolve, reject) => {
    let output = '';
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`redis-server did not start: ${output}`)));
    server.stdout.on('data', (chunk) => {
      output = (output + chunk).slice(-10_000);
      if (/ready to accept connections/i.test(output)) resolve();
    });
  });
  return server;
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
