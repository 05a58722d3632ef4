/** Work that a lock guards. It runs once, though the lock may call twice, or late; and its outcome counts, not the lock's. */
export class OnceUnderLock<T> {
  readonly #work: () => Promise<T>;
  #result: Promise<T> | undefined;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  /** For the lock to call: settles with the work, and never fails. */
  async run(): Promise<void> {
    this.#result ??= this.#work();
    await this.#result.catch(() => undefined);
  }

  /** What came of the work; where it has not run until now it never shall, and this takes its place. */
  resultOr(otherwise: () => Promise<T>): Promise<T> {
    this.#result ??= otherwise();
    return this.#result;
  }
}
