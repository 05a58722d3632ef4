import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** A child process of the test that exchanges messages with it. */
export interface Child {
  readonly pid: number;
  /** All messages that it has sent. */
  readonly messages: readonly unknown[];
  /** Sends a message, and waits for the next one from the child. */
  call(message: object): Promise<unknown>;
  /** Ends the process at once, like a crash. */
  kill(): Promise<void>;
}

/**
 * Starts a script that runs the built package, with these options of Node, and waits for its first message.
 */
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
  const messages: unknown[] = [];
  child.on('message', (message) => messages.push(message));
  const gone = once(child, 'exit');
  const nextMessage = async (): Promise<unknown> => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      gone.then(() => Promise.reject(new Error(`${script} ended before it sent a message`))),
    ])) as unknown[];
    return message;
  };
  await nextMessage();
  return {
    pid: child.pid ?? 0,
    messages,
    call: (message) => {
      const response = nextMessage();
      child.send(message);
      return response;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
