/** The two forms of an asynchronous call: a promise, or a Node callback as in wechat-oauth. */
import { types } from 'node:util';
import { timers } from '../async/timers';
import { WeChatAPIError } from '../errors';
import { redact } from '../redact';

/** A Node callback: it gets an error, or `null` and the result. */
export type Callback<T> = (error: Error | null, result?: T) => void;

/**
 * A hook of the app. It calls back, returns a promise, or both; whichever comes first counts. The result of a
 * hook that declares the callback counts only if it is a native promise.
 */
export type Hook<Args extends readonly unknown[], T> = (...args: [...Args, Callback<T>]) => unknown;

/**
 * Without a callback, returns the promise. With one, returns `undefined` and calls the callback exactly once,
 * outside of any promise, so that an error that it throws becomes an uncaught exception.
 */
export function promiseOrCallback<T>(
  work: () => Promise<T>,
  callback: Callback<T> | undefined,
): Promise<T> | undefined {
  if (typeof callback !== 'function') return work();
  work().then(
    (result) => timers.nextTick(callback, null, result),
    // A rejection without a reason would look like a success to the callback.
    (error: unknown) =>
      timers.nextTick(callback, (error ?? new Error('The call failed without a reason.')) as Error),
  );
  return undefined;
}

/**
 * Calls a function that may take a callback or return a promise, and waits for whichever comes first.
 *
 * @param declaresCallback whether the function has a parameter for the callback. Its result may then be the
 * query object of a database driver: the `then` of mysql2's throws, and that of others runs the query again.
 */
export function callHook<T>(
  call: (callback: Callback<T>) => unknown,
  declaresCallback = false,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const returned = call((error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
    const mayCount = declaresCallback ? types.isPromise(returned) : isThenable(returned);
    if (mayCount) (returned as PromiseLike<T>).then(resolve, reject);
  });
}

function isThenable(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

interface WechatResponse {
  errcode?: number;
  errmsg?: string;
}

/**
 * wechat-oauth's `util.wrapper`: turns an `errcode` in a response into the error argument of a callback, a
 * {@link WeChatAPIError}.
 *
 * @example
 * request(url, wrapper((error, data) => console.log(error ?? data)));
 */
export function wrapper<T, R = unknown>(
  callback?: (error: (Error & { code?: unknown }) | null, data?: T, res?: R) => void,
): (error: Error | null | undefined, data?: T, res?: R) => void {
  return (error, data, res) => {
    const done = callback ?? ignore;
    if (error) {
      error.name = `WeChatAPI${error.name}`;
      done(error, data, res);
      return;
    }
    const { errcode, errmsg } = (data ?? {}) as WechatResponse;
    if (errcode) {
      done(new WeChatAPIError(errcode, redact(String(errmsg), [])), data, res);
      return;
    }
    done(null, data, res);
  };
}

function ignore(): void {
  // As in wechat-oauth, the callback is optional.
}
