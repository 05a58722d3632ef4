/**
 * What processes tell each other for a moment, beside the tokens: that a login is done, and how. Not a part of the contract of token
 * stores: an app's own store never sees a note.
 */
export interface Notes {
  readNote(key: string): Promise<unknown>;
  writeNote(key: string, note: unknown, ttlMs: number): Promise<void>;
  deleteNote(key: string): Promise<void>;
  lock<T>(key: string, fn: () => Promise<T>): Promise<T>;
}

export function keepsNotes(store: object): store is Notes {
  return (['readNote', 'writeNote', 'deleteNote', 'lock'] as const).every(
    (method) => typeof (store as Partial<Notes>)[method] === 'function',
  );
}
