/** Whether a value is an object; null is not one. Types of arguments and of WeChat's responses cannot be relied on. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
