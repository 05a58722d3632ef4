/**
 * Whether a value is an object; null is not one, an array is. Values from outside may be of any type at run
 * time.
 */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
