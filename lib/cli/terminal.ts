import type { Bilingual, Language } from './bilingual';

/** What a command reads and writes. Tests provide their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** Resolves at Ctrl+C (SIGINT) or SIGTERM. */
  readonly stopped: Promise<void>;
  /** Reads the standard input to its end. */
  readonly input?: () => Promise<string>;
  /** The terminal that a person looks at; absent if the output goes to a file or a pipe. */
  readonly screen?: { readonly columns: number };
}

/** Resolves to the exit status: 0 success, 1 failure, 2 usage error. */
export type Command = (args: readonly string[], terminal: Terminal, language: Language) => Promise<number>;

/** An error with a text in both languages. Of any other error, the command prints the message, in English. */
export class CommandError extends Error {
  constructor(
    readonly text: Bilingual,
    options?: ErrorOptions,
  ) {
    super(text.en, options);
  }
}

/** The arguments are wrong. The command adds a line that names `--help`. */
export class UsageError extends CommandError {}
