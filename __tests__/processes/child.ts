import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** A process of the test's own, that answers messages. */
export interface Child {
  readonly pid: number;
  /** All that it has said. */
  readonly said: readonly unknown[];
  /** Tells it something, and waits for what it says next. */
  ask(message: object): Promise<unknown>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
}

/** Starts a script that runs what ships, with these options of Node, and waits for its first word. */
export async function startChild(
  script: string,
  config: object,
  execArgv: readonly string[] = [],
): Promise<Child> {
  const env = { ...process.env, TEST_PROCESS: JSON.stringify(config) };
  const child = fork(path.join(__dirname, script), {
    env,
    execArgv: [...execArgv],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const said: unknown[] = [];
  child.on('message', (message) => said.push(message));
  const gone = once(child, 'exit');
  const word = async (): Promise<unknown> => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      gone.then(() => Promise.reject(new Error(`${script} ended before it answered`))),
    ])) as unknown[];
    return message;
  };
  await word();
  return {
    pid: child.pid ?? 0,
    said,
    ask: (message) => {
      const answer = word();
      child.send(message);
      return answer;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
