import type { Bilingual, Language } from './bilingual';

/** What a command reads and writes. Tests provide their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** Resolves when the person presses Ctrl+C. */
  readonly stopped: Promise<void>;
  /** Reads the standard input to its end. */
  readonly input?: () => Promise<string>;
  /** The terminal that a person looks at; absent if the output goes to a file or a pipe. */
  readonly screen?: { readonly columns: number };
}

/** Resolves to the exit status: 0 success, 1 failure, 2 usage error. */
export type Command = (args: readonly string[], terminal: Terminal, language: Language) => Promise<number>;

/** A failure that its text explains: it is printed without a stack. */
export class CommandError extends Error {
  constructor(
    readonly text: Bilingual,
    options?: ErrorOptions,
  ) {
    super(text.en, options);
  }
}

/** The arguments are wrong: the text is followed by a pointer to `--help`. */
export class UsageError extends CommandError {}
