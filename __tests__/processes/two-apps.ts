import http from 'node:http';
import { createEmulator, type Emulator } from '../../lib/emulator';
import { emulated } from '../support/app';
import type { BrowserResponse } from '../support/browser';
import { listen, type Running } from '../support/hosts';
import { startRedis } from '../support/redis';
import { startChild } from './child';

/** Two processes of one app behind a load balancer, which share the Redis of their sessions and tokens. */
export interface TwoApps {
  readonly url: string;
  readonly emulator: Emulator;
  /** How often onLogin was called, in both processes together. */
  logins(): number;
  close(): Promise<void>;
}

export async function startTwoApps(): Promise<TwoApps> {
  const [emulator, redis] = await Promise.all([createEmulator(), startRedis()]);
  const ports: number[] = [];
  const balancer = await roundRobin(ports);
  const config = { redis: redis.url, auth: { ...emulated(emulator), baseURL: balancer.url } };
  const processes = await Promise.all(['one', 'two'].map(() => startChild('app-process.js', config)));
  ports.push(...processes.map(({ messages }) => (messages[0] as { port: number }).port));
  return {
    url: balancer.url,
    emulator,
    logins: () =>
      processes
        .flatMap(({ messages }) => messages)
        .filter((message) => (message as { login?: number }).login !== undefined).length,
    close: async () => {
      await balancer.close();
      await Promise.all(processes.map((each) => each.kill()));
      await Promise.all([redis.close(), emulator.close()]);
    },
  };
}

/** The process that sent the response. */
export function servedBy({ headers }: BrowserResponse): unknown {
  return headers['x-process'];
}

/** A proxy that sends each request to the next port. */
async function roundRobin(ports: readonly number[]): Promise<Running> {
  let turn = 0;
  return listen((req, res) => {
    const port = ports[turn++ % ports.length] ?? 0;
    const { method, url: path, headers } = req;
    const onward = http.request(
      { port, host: '127.0.0.1', method, path, headers, agent: false },
      (response) => {
        res.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(res);
      },
    );
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  });
}
