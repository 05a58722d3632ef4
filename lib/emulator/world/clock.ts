/** WeChat's time: the real one plus what a test has skipped. */
export interface EmulatorClock {
  /** The time, in ms since 1970. */
  now(): number;
  /**
   * Skips `ms` milliseconds: codes, tokens and QR codes age at once, and waiting polls notice.
   *
   * @throws RangeError where that is no time, or back.
   */
  advance(ms: number): void;
}

// The last moment that a Date can tell.
const END_OF_TIME = 8.64e15;

export class OffsetClock implements EmulatorClock {
  #offset = 0;
  readonly #listeners = new Set<() => void>();

  now(): number {
    return Date.now() + this.#offset;
  }

  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`The clock only moves forward: advance(${ms})`);
    if (this.now() + ms > END_OF_TIME) throw new RangeError(`The clock ends before that: advance(${ms})`);
    this.#offset += ms;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Returns the way to stop listening. */
  onAdvance(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
