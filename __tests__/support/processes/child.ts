import { execFile, fork } from 'node:child_process';
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
 *
 * @param script the path of the script
 */
export async function startChild(
  script: string,
  config: object,
  execArgv: readonly string[] = [],
): Promise<Child> {
  const env = { ...process.env, TEST_PROCESS: JSON.stringify(config) };
  const child = fork(script, {
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
      gone.then(() => Promise.reject(new Error(`${path.basename(script)} ended before it sent a message`))),
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

export interface ChildResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

const ROOT = path.resolve(__dirname, '../../..');

/** Runs a script in a process of its own, with the built package as `core` and its emulator as `emulator`. */
export function runChild(script: string, env: NodeJS.ProcessEnv = {}): Promise<ChildResult> {
  const [core, emulator] = [`${ROOT}/dist`, `${ROOT}/dist/emulator`].map((file) => JSON.stringify(file));
  const prelude = `const core = require(${core}); const emulator = require(${emulator});`;
  const { PATH } = process.env;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['-e', `${prelude}\n${script}`],
      { cwd: ROOT, env: { PATH, ...env }, maxBuffer: 32 * 1024 * 1024 },
      (_error, stdout, stderr) => resolve({ stdout, stderr, exitCode: child.exitCode ?? -1 }),
    );
  });
}
