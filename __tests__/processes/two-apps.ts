import path from 'node:path';
import http from 'node:http';
import { createEmulator, type Emulator } from '../../lib/emulator';
import { emulated, type OwnOptions } from '../support/app';
import type { BrowserResponse } from '../support/browser';
import { listen, type Running } from '../support/hosts';
import { startRedis } from '../support/redis';
import type { SessionName } from '../support/sessions';
import { startChild, type Child } from '../support/processes/child';

/** Two processes of one app behind a load balancer, which share the Redis of their sessions and tokens. */
export interface TwoApps {
  /** The address of the load balancer. */
  readonly url: string;
  /** The addresses of the two processes. */
  readonly urls: readonly [string, string];
  readonly emulator: Emulator;
  /** How often onLogin was called, in both processes together. */
  logins(): number;
  /** Sets the clock of the second process ahead by this many ms, or behind if they are negative. */
  skewClock(ms: number): Promise<void>;
  close(): Promise<void>;
}

interface TwoAppsOptions {
  /** The session middleware. @default 'express-session', with its store in Redis */
  readonly sessions?: SessionName;
  /** Further options of wechatAuth(), as JSON. */
  readonly auth?: OwnOptions;
}

export async function startTwoApps({
  sessions = 'express-session',
  auth = {},
}: TwoAppsOptions = {}): Promise<TwoApps> {
  const [emulator, redis] = await Promise.all([createEmulator(), startRedis()]);
  const ports: number[] = [];
  const balancer = await roundRobin(ports);
  const config = {
    redis: redis.url,
    sessions,
    auth: { ...emulated(emulator), baseURL: balancer.url, ...auth },
  };
  const start = (): Promise<Child> => startChild(path.join(__dirname, 'app-process.js'), config);
  const processes = await Promise.all([start(), start()]);
  const [one, two] = processes.map(({ messages }) => (messages[0] as { port: number }).port) as [
    number,
    number,
  ];
  ports.push(one, two);
  return {
    url: balancer.url,
    urls: [`http://127.0.0.1:${one}`, `http://127.0.0.1:${two}`],
    emulator,
    logins: () =>
      processes
        .flatMap(({ messages }) => messages)
        .filter((message) => (message as { login?: number }).login !== undefined).length,
    skewClock: async (skewMs) => {
      await processes[1].call({ skewMs });
    },
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
