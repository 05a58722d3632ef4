/** Ends a call that takes too long, or that the app aborts. */
import { Cancellation } from '../../async/cancellation';
import { timers } from '../../async/timers';
import type { WechatAuthError } from '../../errors';
import type { Agents } from './agents';
import { endedByApp, timedOut } from './call-errors';
import type { ResolvedHttpOptions } from './http-options';

export interface CallLimits {
  /** 0 means no limit. */
  readonly ms: number;
  readonly appSignal: ResolvedHttpOptions['signal'];
  /** The proxy of the call, which is known once the call has started. */
  readonly proxy: () => Agents['proxy'];
}

/**
 * Rejects when the time is up or the app aborts, even if the work goes on: a name lookup, for example, cannot
 * be aborted.
 *
 * @throws WechatAuthError of kind `timeout` or `network`, or the error of the work.
 */
export function withinLimits<T>(
  { ms, appSignal, proxy }: CallLimits,
  path: string,
  work: (cancellation: Cancellation) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancellation = new Cancellation();
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void =>
      end(endedByApp(path, (appSignal as Partial<AbortSignal> | undefined)?.reason, 'signal'));
    const cleanUp = (): void => {
      timers.clearTimeout(timer);
      appSignal?.removeEventListener?.('abort', onAbort);
    };
    const end = (error: WechatAuthError): void => {
      cleanUp();
      reject(error);
      cancellation.cancel();
    };
    if (appSignal?.aborted) {
      onAbort();
      return;
    }
    appSignal?.addEventListener?.('abort', onAbort);
    if (ms > 0) timer = timers.setTimeout(() => end(timedOut(ms, path, proxy())), ms);
    work(cancellation).finally(cleanUp).then(resolve, reject);
  });
}
