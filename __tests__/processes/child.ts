import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** A child process that replies to messages. */
export interface Child {
  readonly pid: number;
  /** Every message that it has sent. */
  readonly said: readonly unknown[];
  /** Sends it a message, and waits for its next one. */
  ask(message: object): Promise<unknown>;
  /** Kills it at once, as a crash would. */
  kill(): Promise<void>;
}

/** Starts a script that runs the built package, and waits for its first message. */
export async function startChild(script: string, config: object): Promise<Child> {
  const env = { ...process.env, TEST_PROCESS: JSON.stringify(config) };
  const child = fork(path.join(__dirname, script), {
    env,
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const said: unknown[] = [];
  child.on('message', (message) => said.push(message));
  const gone = once(child, 'exit');
  const word = async (): Promise<unknown> => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      gone.then(() => Promise.reject(new Error(`${script} ended before it replied`))),
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
