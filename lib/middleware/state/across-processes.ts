/** Work that is done once for all processes that share the cache of a token store. */
import { OnceUnderLock } from '../../async/once-under-lock';
import { LOCK_LIMIT_MS, STORE_LIMIT_MS, inTime } from '../../async/time-limit';
import { isObject } from '../../is-object';
import type { SharedCache } from '../../stores/shared-cache';
import type { WechatSession } from './wechat-session';

/** How long a result is shared. */
export const SHARED_MS = 60_000;

/**
 * Runs the work once for all processes, and keeps its result for a minute; a failure is not kept. If the
 * cache fails, the login goes on: each process then does the work itself.
 *
 * @param cache undefined if the processes share none
 * @param key of the record in the cache
 * @param isResult whether a record of the cache is such a result: another program may write there, or another
 * version of this package. Any other record counts as missing.
 */
export function acrossProcesses<T>(
  cache: SharedCache | undefined,
  key: () => string,
  work: () => Promise<T>,
  isResult: (record: unknown) => record is T,
): Promise<T> {
  return cache ? onceForAll(cache, key(), work, isResult) : work();
}

async function onceForAll<T>(
  cache: SharedCache,
  key: string,
  work: () => Promise<T>,
  isResult: (record: unknown) => record is T,
): Promise<T> {
  const once = new OnceUnderLock(async () => {
    const known = await orUndefined(STORE_LIMIT_MS, () => cache.readCache(key));
    if (isResult(known)) return known;
    const result = await work();
    await orUndefined(STORE_LIMIT_MS, () => cache.writeCache(key, result, SHARED_MS));
    return result;
  });
  await orUndefined(LOCK_LIMIT_MS, () => cache.lock(key, () => once.run()));
  return once.resultOr(work);
}

/** Whether a value of a shared record is a login. */
export function isLogin(value: unknown): value is WechatSession {
  return isObject(value) && typeof (value as Partial<WechatSession>).openid === 'string';
}

/** The result of the call, or `undefined` if it fails or takes longer than `ms`. */
export async function orUndefined<T>(ms: number, call: () => Promise<T>): Promise<T | undefined> {
  return inTime(
    ms,
    async () => call(),
    () => new Error('late'),
  ).catch(() => undefined);
}
