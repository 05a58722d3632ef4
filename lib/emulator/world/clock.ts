import { badInput } from './bad-input';

export const MINUTE_MS = 60_000;

/** The emulator's clock: the real time plus the time that a test has skipped. */
export interface EmulatorClock {
  /** The current time, in ms since 1970. */
  now(): number;
  /**
   * Skips `ms` milliseconds: codes, tokens and QR codes age at once, and pending polls end if their QR code
   * expires.
   *
   * @throws RangeError if `ms` is negative or not a finite number, or if the clock would come within a year
   * of the last date that JavaScript can represent.
   */
  advance(ms: number): void;
}

/** The last time value of a Date (ECMAScript, Time Values and Time Range). */
const LAST_DATE = 8.64e15;
/** Leaves a year for the time that passes afterwards, and for the ends of tokens and QR codes. */
const LATEST_ADVANCE = LAST_DATE - 365 * 24 * 60 * MINUTE_MS;

export class OffsetClock implements EmulatorClock {
  #offset = 0;
  readonly #listeners = new Set<() => void>();

  now(): number {
    return Date.now() + this.#offset;
  }

  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0)
      throw badInput(
        new RangeError(
          `advance(${ms}): the clock only moves forward. Give a finite number of milliseconds, 0 or more.`,
        ),
      );
    if (this.now() + ms > LATEST_ADVANCE)
      throw badInput(
        new RangeError(
          `advance(${ms}): the clock would come within a year of the last date that JavaScript can represent. ` +
            'Skip less time.',
        ),
      );
    this.#moveTo(this.#offset + ms);
  }

  /** Goes back to the real time. */
  reset(): void {
    this.#moveTo(0);
  }

  #moveTo(offset: number): void {
    this.#offset = offset;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls the listener after each advance and reset. Returns a function that removes it. */
  onAdvance(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
