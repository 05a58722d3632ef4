/**
 * A shared cache for a single process: the entries are in its memory. They are kept as JSON, as in every
 * other shared cache: objects would take three times the memory.
 */
import { WechatAuthError } from '../errors';
import { lazyCache, type LazyCache } from '../lazy-cache';
import type { SharedCache } from './shared-cache';

export class LocalCache implements SharedCache {
  readonly #entries: LazyCache<string>;
  /** By key: settles when the last holder of the lock has finished. */
  readonly #locks = new Map<string, Promise<unknown>>();
  readonly #max: number;

  /** @param max the most entries to keep; a further one is refused, so that no entry displaces another */
  constructor(max: number) {
    this.#max = max;
    this.#entries = lazyCache({ max });
  }

  readCache(key: string): Promise<unknown> {
    const entry = this.#entries().get(key);
    return Promise.resolve(entry === undefined ? undefined : (JSON.parse(entry) as unknown));
  }

  /** Rejects with kind `busy` if the cache is full. */
  async writeCache(key: string, entry: unknown, ttlMs: number): Promise<void> {
    const entries = this.#entries();
    if (!entries.has(key) && entries.size >= this.#max) entries.purgeStale();
    if (!entries.has(key) && entries.size >= this.#max) {
      throw new WechatAuthError('busy', 'Too many logins are in progress. Try again in a minute.');
    }
    entries.set(key, JSON.stringify(entry), { ttl: Math.max(1, ttlMs) });
    return Promise.resolve();
  }

  deleteCache(key: string): Promise<void> {
    this.#entries().delete(key);
    return Promise.resolve();
  }

  async lock<T>(key: string, fn: () => Promise<T>): Promise<T> {
    const before = this.#locks.get(key) ?? Promise.resolve();
    const work = before.then(fn);
    const settled = work.catch(() => undefined);
    this.#locks.set(key, settled);
    try {
      return await work;
    } finally {
      if (this.#locks.get(key) === settled) this.#locks.delete(key);
    }
  }
}
