/**
 * Creates a value when it is first used. For caches: an LRU cache reserves memory for all its entries when it
 * is created, and most are never used.
 */
export function lazy<T>(create: () => T): () => T {
  let created: { readonly value: T } | undefined;
  return () => (created ??= { value: create() }).value;
}
