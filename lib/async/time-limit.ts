import { timers } from './timers';

/**
 * The time limit of a call to a store. Without one, a call might never end: clients of Redis and databases
 * queue commands while their server is away.
 */
export const STORE_LIMIT_MS = 5_000;
/**
 * The time limit of a function that the app passes, such as `onLogin`. One that never settles would otherwise
 * keep the browser waiting for ever.
 */
export const HOOK_LIMIT_MS = 20_000;
/**
 * How long to wait until a store's lock runs our work: its holder waits for WeChat (5 s), for a function of
 * the app such as `onLogin`, and for the store before and after that. After less, a second process would run
 * `onLogin` for the same login while the first one still does.
 */
export const LOCK_LIMIT_MS = HOOK_LIMIT_MS + 10_000;

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
