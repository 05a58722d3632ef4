/**
 * Creates a value when it is first used. For caches, modules and connections, some of which a process never
 * needs.
 */
export function lazy<T>(create: () => T): () => T {
  let created: { readonly value: T } | undefined;
  return () => (created ??= { value: create() }).value;
}
