import { BoundedMap } from './bounded-map';
import { printable } from './printable';

/** Clients choose the paths, so the number of keys needs a limit. */
const MOST_KEYS = 1_000;

/**
 * Lines for the developer, such as about a path that is not emulated. Each is written once: it comes again
 * only after 1,000 other lines, or after clear().
 */
export class Notices {
  readonly #written = new BoundedMap<true>(MOST_KEYS);

  constructor(readonly write: (line: string) => void) {}

  /** Writes the line, unless one with this key was written before. */
  once(key: string, line: string): void {
    if (this.#written.get(key)) return;
    this.#written.set(key, true);
    this.write(printable(line));
  }

  clear(): void {
    this.#written.clear();
  }
}
