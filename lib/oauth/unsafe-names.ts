/** Names of fields that may change the object to which they are copied (prototype pollution). */

/**
 * Whether a name may change the object that it is copied to, as `__proto__` does. `prototype` counts as well:
 * Valibot does not check a field of that name.
 */
export function isUnsafeName(name: string): boolean {
  return name in Object.prototype || name === 'prototype';
}

/** A copy of a JSON value without such names, at every level. */
export function withoutUnsafeNames(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (name, inner: unknown) =>
    isUnsafeName(name) ? undefined : inner,
  );
}
