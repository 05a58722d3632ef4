/**
 * One request to WeChat, for the assertions of a test. Requests for the emulator's home page, control API,
 * assets and pictures are not recorded.
 */
export interface RecordedRequest {
  /** The HTTP method, such as `GET`. */
  readonly method: string;
  /** The path without the query, such as `/sns/userinfo`. */
  readonly path: string;
  /** The decoded query, with the first value of each parameter. */
  readonly query: Record<string, string>;
  /** The decoded fields of a posted form. */
  readonly form: Record<string, string>;
  /** The headers, with names in lower case. */
  readonly headers: Record<string, string>;
  /** When it arrived, in ms since 1970 by the emulator's clock. */
  readonly at: number;
  /**
   * Why WeChat might refuse this request although the emulator accepted it, such as an undocumented order of
   * parameters; why the redirect URI was refused; or that the emulator does not emulate the path. Several
   * warnings are separated by `; `.
   */
  warning?: string;
  /** The fault of `fail()` that this request met, such as `{"errcode":-1}`. */
  fault?: string;
}

type Fields = Readonly<Record<string, string>>;

interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Fields;
  readonly form: Fields;
  readonly headers: Fields;
}

/** An entry for the request log, and a function that adds a warning to it. */
export function logEntry(request: LoggedRequest, at: number): [RecordedRequest, (warning: string) => void] {
  const { method, path, query, form, headers } = request;
  const entry: RecordedRequest = {
    method,
    path,
    query: { ...query },
    form: { ...form },
    headers: { ...headers },
    at,
  };
  const warn = (warning: string): void => {
    entry.warning = entry.warning === undefined ? warning : `${entry.warning}; ${warning}`;
  };
  return [entry, warn];
}

const CAPACITY = 1_000;

/** Appends a request and drops the oldest ones beyond the limit. */
export function record(log: RecordedRequest[], request: RecordedRequest): void {
  log.push(request);
  if (log.length > CAPACITY) log.splice(0, log.length - CAPACITY);
}
