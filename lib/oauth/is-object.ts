/**
 * Whether a value is an object; null is not one. At run time, an argument or a response of WeChat may be of
 * any type.
 */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
