/** The app that is attacked, in one process or in two that share Redis. One of its rules may be taken away. */
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

export async function startTarget(
  count: 1 | 2,
  sessions: SessionName,
  edits: readonly Edit[] = [],
): Promise<StartedTarget> {
  const emulator = await createEmulator();
  const redis = count === 1 ? undefined : await startRedis();
  const config = {
    redis: redis?.url,
    sessions,
    auth: { ...emulated(emulator), ...scanOptions() },
    edits,
  };
  const start = (): Promise<Child> =>
    startChild(path.join(__dirname, '../../processes/app-process.js'), config, [
      '--require',
      path.join(__dirname, 'edit-modules.js'),
    ]);
  const children = await Promise.all(Array.from({ length: count }, start));
  const processes = children.map(
    ({ messages }) => `http://127.0.0.1:${(messages[0] as { port: number }).port}`,
  );
  return {
    url: processes[0] ?? '',
    processes,
    emulator,
    close: async () => {
      await Promise.all(children.map((child) => child.kill()));
      await Promise.all([redis?.close(), emulator.close()]);
    },
  };
}
