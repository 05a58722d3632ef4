/**
 * Runs work under the lock of a store, which may be the app's own. The work runs once, even if the lock calls
 * it twice or late.
 */
export class OnceUnderLock<T> {
  readonly #work: () => Promise<T>;
  #result: Promise<T> | undefined;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  /**
   * The function for the lock. It resolves when the work is done, even if the work failed: resultOr() reports
   * the failure.
   */
  async run(): Promise<void> {
    this.#result ??= this.#work();
    await this.#result.catch(() => undefined);
  }

  /**
   * The result of the work. If the lock has not run the work, `otherwise` runs in its place, and a later call
   * by the lock does nothing.
   */
  resultOr(otherwise: () => Promise<T>): Promise<T> {
    this.#result ??= otherwise();
    return this.#result;
  }
}
