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
 * Waits for the work, at most `ms` milliseconds. Then it rejects with the error of `late`, and the result of
 * the work is ignored.
 */
export async function inTime<T>(ms: number, work: () => Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work(), limit]);
  } finally {
    clearTimeout(timer);
  }
}
