/**
 * A call to a store. Without a limit it might never end: clients of Redis and databases queue while their
 * server is away.
 */
export const STORE_LIMIT_MS = 5_000;
/**
 * A call of a store's lock. The previous holder may still call WeChat and save the result, and then we do.
 */
export const LOCK_LIMIT_MS = 30_000;

/**
 * Waits for work, at most `ms`. After that it rejects with the error that `late` makes, whatever the work
 * does.
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
