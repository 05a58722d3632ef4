/** What may go wrong with an answer. */
export type EmulatorFault =
  /** WeChat refuses. The errmsg is WeChat's own unless given. */
  | { readonly errcode: number; readonly errmsg?: string }
  /** Another HTTP status, as from a gateway. */
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  /** A page in the place of JSON, status 200. */
  | { readonly html: true }
  /** The connection is reset before the first byte. */
  | 'reset'
  /** The connection is reset in the middle of the body. */
  | 'reset-inside'
  /** No answer ever; the connection stays open. */
  | 'silence'
  /** The right answer, byte by byte. */
  | { readonly drip: number }
  /** Half of the right body, as if it were whole. */
  | 'truncated'
  /** Status 200 and no body. */
  | 'empty'
  | { readonly body: string | Buffer; readonly contentType?: string }
  | { readonly redirect: string }
  /** The right answer, so many ms late. */
  | { readonly delay: number }
  /** The right answer with other fields: an object laid over it (undefined removes), or a function of it. */
  | { readonly patch: Readonly<Record<string, unknown>> | ((answer: Record<string, unknown>) => unknown) };

export interface FaultOptions {
  /** How many requests meet the fault; `Infinity` for all. @default 1 */
  readonly times?: number;
  /** Ms of real time before the fault happens. @default 0 */
  readonly delay?: number;
  /** How many requests are answered rightly before. @default 0 */
  readonly after?: number;
  /**
   * Whether the endpoint did its work before the answer was lost: a code is spent, a token issued. Without it the
   * request had no effect. @default true for faults that spoil or delay the right answer (`reset-inside`, `truncated`,
   * `drip`, `delay`, `patch`), false for those that replace it
   */
  readonly workDone?: boolean;
}
