// Runs a script in its own process, and calls it over the message channel. So the CPU and the memory of each
// compared app are measured separately.
import { fork } from 'node:child_process';
import { once } from 'node:events';

/** Starts a script that calls `serve()`, and waits for its first message, which describes it. */
export async function startChild(script, { args = [], execArgv = [], env = {} } = {}) {
  const child = fork(script, args, {
    execArgv,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const waiting = new Map();
  let last = 0;
  const gone = once(child, 'exit').then(([code, signal]) => {
    for (const { reject } of waiting.values())
      reject(new Error(`${script} ended with ${signal ?? `exit code ${code}`}.`));
    return code;
  });
  const ready = new Promise((resolve, reject) => waiting.set('ready', { resolve, reject }));
  child.on('message', ({ id, result, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(`${script}: ${error}`));
  });
  const about = await ready;
  return {
    about,
    call(method, ...values) {
      const id = ++last;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        child.send({ id, method, values });
      });
    },
    async end() {
      child.disconnect();
      await gone;
    },
  };
}

/** The child's side: the methods that its parent can call. The child ends with its parent. */
export function serve(about, methods) {
  process.on('message', async ({ id, method, values }) => {
    try {
      process.send({ id, result: await methods[method](...values) });
    } catch (error) {
      process.send({ id, error: error.stack });
    }
  });
  process.on('disconnect', () => process.exit(0));
  process.send({ id: 'ready', result: about });
}

/** Methods that report the CPU time and the memory of the process so far. */
export const usage = {
  /** In ms, user and system. */
  cpu() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  memory() {
    globalThis.gc?.();
    return process.memoryUsage();
  },
};
