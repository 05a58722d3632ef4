/**
 * Work under a lock that the app wrote. The work runs once, although the lock may call it twice, late or
 * never.
 */
export class OnceUnderLock<T> {
  readonly #work: () => Promise<T>;
  #result: Promise<T> | undefined;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  /** The function for the lock. It resolves when the work has settled, also when the work has failed. */
  async run(): Promise<void> {
    this.#result ??= this.#work();
    await this.#result.catch(() => undefined);
  }

  /**
   * The result of the work. If the lock has not run it, runs `otherwise` instead, and a late lock call does
   * nothing.
   */
  resultOr(otherwise: () => Promise<T>): Promise<T> {
    this.#result ??= otherwise();
    return this.#result;
  }
}
