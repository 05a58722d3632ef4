/**
 * The end of a call before its time. An AbortSignal does the same for three times the cost, so it is only made for who asks for one.
 */
export class Stop {
  #hasCome = false;
  #listener: (() => void) | undefined;
  #controller: AbortController | undefined;

  /** Ends what is under way. */
  come(): void {
    this.#hasCome = true;
    this.#listener?.();
    this.#controller?.abort();
  }

  /** Calls back when it comes; in place of who was to be called before. */
  onCome(listener: () => void): void {
    if (this.#hasCome) listener();
    else this.#listener = listener;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#hasCome) this.#controller.abort();
    return this.#controller.signal;
  }
}
