import http from 'node:http';
import { createEmulator, type Emulator } from '../../lib/emulator';
import { emulated } from '../support/app';
import type { BrowserResponse } from '../support/browser';
import { listen, type Running } from '../support/hosts';
import { startRedis } from '../support/redis';
import { startChild } from './child';

/** Two processes of one app behind a round-robin, with sessions and tokens in a Redis that they share. */
export interface TwoApps {
  readonly url: string;
  readonly emulator: Emulator;
  /** How often onLogin was called in both processes. */
  logins(): number;
  close(): Promise<void>;
}

export async function startTwoApps(): Promise<TwoApps> {
  const [emulator, redis] = await Promise.all([createEmulator(), startRedis()]);
  const ports: number[] = [];
  const balancer = await roundRobin(ports);
  const config = { redis: redis.url, auth: { ...emulated(emulator), baseURL: balancer.url } };
  const processes = await Promise.all(['one', 'two'].map(() => startChild('app-process.js', config)));
  ports.push(...processes.map(({ said }) => (said[0] as { port: number }).port));
  return {
    url: balancer.url,
    emulator,
    logins: () =>
      processes.flatMap(({ said }) => said).filter((word) => (word as { login?: number }).login !== undefined)
        .length,
    close: async () => {
      await balancer.close();
      await Promise.all(processes.map((each) => each.kill()));
      await Promise.all([redis.close(), emulator.close()]);
    },
  };
}

/** Which of them responded. */
export function servedBy({ headers }: BrowserResponse): unknown {
  return headers['x-process'];
}

/** A proxy that forwards each request to the next port. */
async function roundRobin(ports: readonly number[]): Promise<Running> {
  let turn = 0;
  return listen((req, res) => {
    const port = ports[turn++ % ports.length] ?? 0;
    const { method, url: path, headers } = req;
    const onward = http.request(
      { port, host: '127.0.0.1', method, path, headers, agent: false },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      },
    );
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  });
}
