/**
 * Short-lived entries that the processes of an app share, such as the results of callbacks. The contract of a
 * token store does not include these methods, so an app's own store gets no such entries.
 */
export interface SharedCache {
  readCache(key: string): Promise<unknown>;
  writeCache(key: string, entry: unknown, ttlMs: number): Promise<void>;
  deleteCache(key: string): Promise<void>;
  lock<T>(key: string, fn: () => Promise<T>): Promise<T>;
}

export function hasSharedCache(store: object): store is SharedCache {
  return (['readCache', 'writeCache', 'deleteCache', 'lock'] as const).every(
    (method) => typeof (store as Partial<SharedCache>)[method] === 'function',
  );
}
