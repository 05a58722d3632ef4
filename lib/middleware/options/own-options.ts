/**
 * Only own properties of an object are options: a bug elsewhere may have written to `Object.prototype`
 * (prototype pollution).
 */
import type { WechatAuthOptions } from './options';

/**
 * A copy of the own properties. It inherits nothing, so that reading a property that was not given finds
 * nothing.
 */
export function ownCopy<T extends object>(given: T): T {
  return Object.assign(Object.create(null) as T, given);
}

/** The options that hold options themselves. */
const NESTED = ['website', 'miniProgram', 'mobileApp', 'routes', 'scanLogin', 'endpoints', 'http'] as const;

/**
 * A copy of the options of `wechatAuth()`. Values that are not objects stay as they are; the checks report
 * them.
 */
export function ownOptions(given: WechatAuthOptions): WechatAuthOptions {
  if (!isObject(given)) return given;
  const own = ownCopy(given as Record<string, unknown>);
  for (const name of NESTED) if (isObject(own[name])) own[name] = ownCopy(own[name]);
  return own;
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
