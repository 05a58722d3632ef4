import { BoundedMap } from '../bounded-map';
import { MINUTE_MS, type EmulatorClock } from '../clock';

/** Allows a number of calls a minute for each key. A minute begins with its first call. */
export class MinuteQuota {
  readonly #minutes = new BoundedMap<{ readonly since: number; calls: number }>(10_000);

  constructor(
    readonly clock: EmulatorClock,
    readonly perMinute: number,
  ) {}

  /** Counts one call. Returns whether it is within the quota. */
  admit(key: string): boolean {
    const now = this.clock.now();
    let minute = this.#minutes.get(key);
    if (!minute || now - minute.since >= MINUTE_MS) {
      minute = { since: now, calls: 0 };
      this.#minutes.set(key, minute);
    }
    minute.calls += 1;
    return minute.calls <= this.perMinute;
  }

  clear(): void {
    this.#minutes.clear();
  }
}
