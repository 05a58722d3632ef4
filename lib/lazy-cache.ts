/**
 * The bounded caches of this package. None takes memory before it is used, and each grows with its entries.
 */
import { LRUCache } from 'lru-cache';
import { lazy } from './async/lazy';

export type Cache<V extends object | string | boolean> = LRUCache<string, V>;
/** Creates the cache when it is first called. */
export type LazyCache<V extends object | string | boolean> = () => Cache<V>;

interface Limits {
  /** The most entries to keep. A further one displaces the entry that was used least recently. */
  readonly max: number;
  /** How long an entry is kept, in ms. Without it, an entry stays until another one displaces it. */
  readonly ttl?: number;
}

export function lazyCache<V extends object | string | boolean>({ max, ttl = 0 }: Limits): LazyCache<V> {
  // With `max`, an LRUCache reserves memory for all its entries at once: 200 kB for 10,000. With a maximum
  // size, and entries of size 1, it keeps as many entries and grows with them.
  const size = { maxSize: max, sizeCalculation: () => 1 };
  // Without `ttlResolution: 0`, an LRUCache starts a timer every millisecond, to read the clock less often.
  return lazy(() => new LRUCache({ ...size, ttl, ttlResolution: 0, perf: Date }));
}
