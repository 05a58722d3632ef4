import { printable } from './printable';

const MOST_KEYS = 200;

/** Lines for the developer, such as about a path that is not emulated. Each is written once. */
export class Notices {
  readonly #written = new Set<string>();

  constructor(readonly write: (line: string) => void) {}

  /** Writes the line, unless one with this key was written before. */
  once(key: string, line: string): void {
    if (this.#written.has(key)) return;
    // Clients choose the paths, so the number of keys needs a limit.
    if (this.#written.size >= MOST_KEYS) this.#written.clear();
    this.#written.add(key);
    this.write(printable(line));
  }

  clear(): void {
    this.#written.clear();
  }
}
