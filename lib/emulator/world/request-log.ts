/** One request that reached the emulator, for assertions. */
export interface RecordedRequest {
  /** Such as `GET`. */
  readonly method: string;
  /** Without query, such as `/sns/userinfo`. */
  readonly path: string;
  /** Decoded; of a repeated parameter the first value. */
  readonly query: Record<string, string>;
  /** The fields of a form that was posted. */
  readonly form: Record<string, string>;
  /** Their names in lower case. */
  readonly headers: Record<string, string>;
  /** In ms since 1970, by the emulator's clock. */
  readonly at: number;
  /** What WeChat might refuse and the emulator let pass, such as an undocumented order of parameters. */
  warning?: string;
}

const CAPACITY = 1_000;

export function record(log: RecordedRequest[], request: RecordedRequest): void {
  log.push(request);
  if (log.length > CAPACITY) log.splice(0, log.length - CAPACITY);
}
