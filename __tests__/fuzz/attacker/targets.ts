/** The app that is attacked, in one process or in two that share Redis. One of its rules may be taken away. */
import http from 'node:http';
import path from 'node:path';
import { createEmulator } from '../../../lib/emulator';
import { emulated } from '../../support/app';
import { scanOptions } from '../../support/browsers/scan-login';
import { startChild, type Child } from '../../support/processes/child';
import { startRedis } from '../../support/redis';
import type { SessionName } from '../../support/sessions';
import type { Target } from './people';
import type { Edit } from './removals';

export interface StartedTarget extends Target {
  close(): Promise<void>;
}

/** They serve one target after another, because a process takes longer to start than most attacks take. */
const children: Child[] = [];

export async function startTarget(
  count: 1 | 2,
  sessions: SessionName,
  edits: readonly Edit[] = [],
): Promise<StartedTarget> {
  const [emulator, redis] = await Promise.all([createEmulator(), count === 1 ? undefined : startRedis()]);
  const serve = {
    redis: redis?.url,
    sessions,
    auth: { ...emulated(emulator), ...scanOptions() },
    edits,
  };
  const serving = await childrenFor(count);
  const processes = await Promise.all(
    serving.map(async (child) => {
      const { port } = (await child.call({ serve })) as { port: number };
      return `http://127.0.0.1:${port}`;
    }),
  );
  const agent = new http.Agent({ keepAlive: true });
  return {
    url: processes[0] ?? '',
    processes,
    emulator,
    agent,
    close: async () => {
      agent.destroy();
      await Promise.all(serving.map((child) => child.call({ serve: null })));
      await Promise.all([redis?.close(), emulator.close()]);
    },
  };
}

async function childrenFor(count: number): Promise<Child[]> {
  const missing = Array.from({ length: Math.max(0, count - children.length) }, () =>
    startChild(path.join(__dirname, 'attacked-process.js'), {}),
  );
  children.push(...(await Promise.all(missing)));
  return children.slice(0, count);
}

/** Ends the processes that served the targets. */
export async function endProcesses(): Promise<void> {
  await Promise.all(children.splice(0).map((child) => child.kill()));
}
