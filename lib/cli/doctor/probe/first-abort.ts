export interface FirstAbort {
  /** Aborted with the first of the signals, and for its reason. */
  readonly signal: AbortSignal;
  /** Removes the listeners, so that they do not pile up on a signal that outlives many requests. */
  release(): void;
}

/** In place of AbortSignal.any(), which Node has since 20.3 only. */
export function firstAbort(...signals: readonly AbortSignal[]): FirstAbort {
  const first = new AbortController();
  const released = new AbortController();
  for (const signal of signals) {
    const abort = (): void => first.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { signal: released.signal });
  }
  return { signal: first.signal, release: () => released.abort() };
}
