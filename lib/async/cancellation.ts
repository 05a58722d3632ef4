/**
 * Cancels one piece of work. An AbortSignal costs 5 % of the CPU of a call to WeChat, so it is created only
 * if it is used: by axios, and by the delay before a retry.
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

  /**
   * Calls the listener on cancellation, or at once if the work is already cancelled. A second listener
   * replaces the first.
   */
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
