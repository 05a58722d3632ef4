/**
 * What may go wrong with an answer.
 *
 * - `{ errcode, errmsg? }`: WeChat refuses.
 * - `{ status, body?, headers? }`: another HTTP status, as from a gateway.
 * - `{ html: true }`: a page in the place of JSON, status 200.
 * - `'reset'`: the connection is reset before the first byte; `'reset-inside'`: in the middle of the body.
 * - `'silence'`: no answer ever; the connection stays open.
 * - `{ drip }`: the right answer, byte by byte; `{ delay }`: late.
 * - `'truncated'`: half of the right body, as if it were whole; `'empty'`: status 200 and no body.
 * - `{ body, contentType? }`: any bytes; `{ redirect }`: a redirect.
 * - `{ patch }`: the right answer with other fields.
 */
export type EmulatorFault =
  | {
      /** WeChat's number. */
      readonly errcode: number;
      /**
       * WeChat's words.
       *
       * @default WeChat's own for this number
       */
      readonly errmsg?: string;
    }
  | {
      /** HTTP status. */
      readonly status: number;
      /** @default none */
      readonly body?: string;
      /** Beside those of the emulator. */
      readonly headers?: Readonly<Record<string, string>>;
    }
  | {
      /** A page in the place of JSON, status 200. */
      readonly html: true;
    }
  | 'reset'
  | 'reset-inside'
  | 'silence'
  | {
      /** Ms of real time between two bytes. */
      readonly drip: number;
    }
  | 'truncated'
  | 'empty'
  | {
      /** Any bytes, status 200. */
      readonly body: string | Buffer;
      /** @default 'text/plain' */
      readonly contentType?: string;
    }
  | {
      /** Where the client is sent, with 302. */
      readonly redirect: string;
    }
  | {
      /** By how many ms of real time the right answer is late. */
      readonly delay: number;
    }
  | {
      /** Laid over the right answer (undefined removes a field), or a function of it. */
      readonly patch: Readonly<Record<string, unknown>> | ((answer: Record<string, unknown>) => unknown);
    };

/** When a fault happens, and how often. */
export interface FaultOptions {
  /**
   * How many requests meet the fault; `Infinity` for all.
   *
   * @default 1
   */
  readonly times?: number;
  /**
   * Ms of real time before the fault happens.
   *
   * @default 0
   */
  readonly delay?: number;
  /**
   * How many requests are answered rightly before.
   *
   * @default 0
   */
  readonly after?: number;
  /**
   * Whether the endpoint did its work before the answer was lost: a code is spent, a token issued. Without it the request had no effect.
   *
   * @default true for faults that spoil or delay the right answer (`reset-inside`, `truncated`,
   * `drip`, `delay`, `patch`), false for those that replace it
   */
  readonly workDone?: boolean;
}
