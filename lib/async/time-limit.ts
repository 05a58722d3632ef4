/** Clients of Redis and databases queue for ever while their server is away. */
export const STORE_LIMIT_MS = 5_000;
/** Another process may hold the lock while it works and saves; then comes our own turn. */
export const LOCK_LIMIT_MS = 30_000;

/** Waits for work, but no longer than `ms`: what is late rejects with the given error, whatever the work does later. */
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
