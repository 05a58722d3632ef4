/** Calls the functions that an app passes, with a time limit of 20 s. */
import { HOOK_LIMIT_MS, inTime } from '../../async/time-limit';
import { WechatAuthError } from '../../errors';

/** A function of the app did not settle in time. The message names it. */
export class HookTooLate extends WechatAuthError {
  constructor(name: string) {
    super(
      'config',
      `${name} did not settle within ${HOOK_LIMIT_MS} ms. Give the database and the services that it calls ` +
        'a time limit, and let its promise settle.',
    );
  }
}

/** A function of the app threw. The message names it; what it threw is the cause. */
export class HookFailed extends WechatAuthError {
  constructor(name: string, cause: unknown) {
    super('config', `${name} failed for this request. Its error is the cause.`, { cause });
  }
}

/**
 * Waits for a function of the app.
 *
 * @throws HookTooLate, or what the function throws.
 */
export async function callInTime<T>(name: string, call: () => T | PromiseLike<T>): Promise<T> {
  const result = call();
  // Without a promise there is nothing to wait for, and no timer is needed.
  if (!isPromise(result)) return result;
  return inTime(
    HOOK_LIMIT_MS,
    async () => result,
    () => new HookTooLate(name),
  );
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
