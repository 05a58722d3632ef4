/** The limits of values that WeChat sends, or that a client says WeChat sent. */
import { isObject } from '../is-object';

export const MAX_TEXT = 1_024;
const MAX_LEVELS = 8;

/** Whether a value of JSON has at most `most` characters, and few levels. */
export function isSmall(value: unknown, most = MAX_TEXT): boolean {
  if (typeof value === 'string') return value.length <= most;
  return !isObject(value) || (isShallow(value) && JSON.stringify(value).length <= most);
}

/**
 * Checks level by level, because recursion into a hundred thousand levels of JSON would overflow the stack.
 */
function isShallow(value: object): boolean {
  let level: object[] = [value];
  // The object around the value is the first level.
  for (let depth = 2; depth <= MAX_LEVELS; depth++) {
    const inner = level.flatMap((each) => Object.values(each as Record<string, unknown>));
    level = inner.filter(isObject);
    if (level.length === 0) return true;
    if (inner.length > MAX_TEXT) return false;
  }
  return false;
}
