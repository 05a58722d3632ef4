/**
 * What processes tell each other for a moment, beside the tokens: that a login is done, and how. Not a part of the contract of token
 * stores: an app's own store never sees a note.
 */
export interface SharedCache {
  readCache(key: string): Promise<unknown>;
  writeCache(key: string, note: unknown, ttlMs: number): Promise<void>;
  deleteCache(key: string): Promise<void>;
  lock<T>(key: string, fn: () => Promise<T>): Promise<T>;
}

export function hasSharedCache(store: object): store is SharedCache {
  return (['readCache', 'writeCache', 'deleteCache', 'lock'] as const).every(
    (method) => typeof (store as Partial<SharedCache>)[method] === 'function',
  );
}
