/**
 * Only own properties of an object are options: a bug elsewhere may have written to `Object.prototype`
 * (prototype pollution).
 */

/**
 * A copy of the own properties. It inherits nothing, so that reading a property that was not given finds
 * nothing.
 */
export function ownCopy<T extends object>(given: T): T {
  return Object.assign(Object.create(null) as T, given);
}

/** The options that hold options themselves. */
const NESTED = [
  'website',
  'miniProgram',
  'mobileApp',
  'component',
  'routes',
  'scanLogin',
  'endpoints',
  'http',
] as const;

/**
 * A copy of the options of `wechatAuth()`, or of a result of its option `account`. Values that are not
 * objects stay as they are; the checks report them.
 */
export function ownOptions<Options extends object>(given: Options): Options {
  if (!isOptionsObject(given)) return given;
  const own = ownCopy(given as Record<string, unknown>);
  for (const name of NESTED) if (isOptionsObject(own[name])) own[name] = ownCopy(own[name]);
  return own as Options;
}

/** Whether a value can hold options: an object, but not null or an array. */
export function isOptionsObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
