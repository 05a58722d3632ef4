// What the random logins of the model and the random attacks share.
import fc from 'fast-check';
import type { CookieJar } from 'tough-cookie';

/** An arbitrary action: `do` names it, and its fields are arbitrary. */
export function action<const Name extends string, T extends object>(
  name: Name,
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
): fc.Arbitrary<{ do: Name } & T> {
  return fc.record(fields).map((values) => ({ do: name, ...(values as T) }));
}

/** The entry this far back from the latest one. */
export function at<T>(list: readonly T[], back: number): T | undefined {
  return list.at(-1 - back);
}

export function copyOf(jar: CookieJar): CookieJar {
  const copy = jar.cloneSync();
  if (!copy) throw new Error('the cookies cannot be copied');
  return copy;
}
