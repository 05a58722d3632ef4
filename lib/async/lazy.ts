/**
 * Creates a value on first use: caches reserve memory for all their entries, and most instances never fill
 * them.
 */
export function lazy<T>(create: () => T): () => T {
  let created: { readonly value: T } | undefined;
  return () => (created ??= { value: create() }).value;
}
