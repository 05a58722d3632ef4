/**
 * Cancels one piece of work. An AbortSignal costs 5 % of the CPU of a call to WeChat, so one is made only for
 * those who need one: axios, and the delay before a retry.
 */
export class Cancellation {
  #isCancelled = false;
  #listener: (() => void) | undefined;
  #controller: AbortController | undefined;

  cancel(): void {
    this.#isCancelled = true;
    this.#listener?.();
    this.#controller?.abort();
  }

  /** Calls the listener on cancellation, or now if it has happened. A second listener replaces the first. */
  onCancel(listener: () => void): void {
    if (this.#isCancelled) listener();
    else this.#listener = listener;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isCancelled) this.#controller.abort();
    return this.#controller.signal;
  }
}
