/** Work that a lock guards. It runs once, though the lock may call twice, or late; and its outcome counts, not the lock's. */
export class Guarded<T> {
  readonly #work: () => Promise<T>;
  #outcome: Promise<T> | undefined;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  /** For the lock to call: settles with the work, and never fails. */
  async run(): Promise<void> {
    this.#outcome ??= this.#work();
    await this.#outcome.catch(() => undefined);
  }

  /** What came of the work; where it has not run until now it never shall, and this takes its place. */
  outcomeOr(otherwise: () => Promise<T>): Promise<T> {
    this.#outcome ??= otherwise();
    return this.#outcome;
  }
}
