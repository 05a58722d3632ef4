/** What a command sees of the world: all of it can be given by a test. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** Resolves when the person presses Ctrl+C. */
  readonly stopped: Promise<void>;
  /** All of the standard input, until its end. */
  readonly input?: () => Promise<string>;
  /** Where a person looks at the output; absent where it goes into a file or a pipe. */
  readonly screen?: { readonly columns: number };
}

/** Resolves to the exit status: 0 done, 1 failed, 2 called in a wrong way. */
export type Command = (args: readonly string[], terminal: Terminal) => Promise<number>;

/** A wrong call: shown in one line, with a pointer to `--help`. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
