import { timers } from './timers';

/**
 * The time limit of a call to a store. Without one, a call might never end: clients of Redis and databases
 * queue commands while their server is away.
 */
export const STORE_LIMIT_MS = 5_000;
/**
 * The time limit of a call to a store's lock. It covers the previous holder's request to WeChat and its save,
 * and then our own.
 */
export const LOCK_LIMIT_MS = 30_000;
/**
 * The time limit of a function that the app passes, such as `onLogin`. One that never settles would otherwise
 * keep the browser waiting for ever.
 */
export const HOOK_LIMIT_MS = 20_000;

/**
 * Waits for the work, at most `ms` milliseconds. Then it rejects with the error of `late`, and the result of
 * the work is ignored.
 */
export async function inTime<T>(ms: number, work: () => Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = timers.setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work(), limit]);
  } finally {
    timers.clearTimeout(timer);
  }
}
