/**
 * The ways in which a response can be faulty.
 *
 * - `{ errcode, errmsg? }`: WeChat refuses.
 * - `{ status, body?, headers? }`: another HTTP status, as from a gateway.
 * - `{ html: true }`: an HTML page instead of JSON, status 200.
 * - `'reset'`: a TCP reset before the first byte; `'reset-inside'`: a TCP reset in the middle of the body.
 * - `'silence'`: no response; the connection stays open.
 * - `{ drip }`: the real response, byte by byte; `{ delay }`: the real response, late.
 * - `'truncated'`: half of the real body, with the Content-Length of that half.
 * - `'empty'`: status 200, no body.
 * - `{ body, contentType? }`: any bytes; `{ redirect }`: a redirect.
 * - `{ patch }`: the real response with other fields.
 */
export type EmulatorFault =
  | {
      /** WeChat's error code. */
      readonly errcode: number;
      /**
       * The message.
       *
       * @default WeChat's message for this code
       */
      readonly errmsg?: string;
    }
  | {
      /** HTTP status. */
      readonly status: number;
      /** @default no body */
      readonly body?: string;
      /** In addition to the emulator's own headers. @default none */
      readonly headers?: Readonly<Record<string, string>>;
    }
  | {
      /** An HTML page instead of JSON, status 200. */
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
      /** The address of a redirect with status 302. */
      readonly redirect: string;
    }
  | {
      /** Ms of real time by which the real response is late. */
      readonly delay: number;
    }
  | {
      /**
       * Fields that replace those of the real response (undefined removes one), or a function that gets the
       * real fields and returns others.
       */
      readonly patch: Readonly<Record<string, unknown>> | ((fields: Record<string, unknown>) => unknown);
    };

/** When and how often a fault happens. */
export interface FaultOptions {
  /**
   * How many requests the fault affects; `Infinity` for all.
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
   * How many requests are served normally before the first fault.
   *
   * @default 0
   */
  readonly after?: number;
  /**
   * Whether the endpoint does its work although the response is faulty: a code is spent, a token issued. If
   * false, the request has no effect.
   *
   * @default true for `reset-inside`, `truncated`, `drip`, `delay` and `patch`, which need the real response;
   * false for the others
   */
  readonly workDone?: boolean;
  /**
   * Limits the fault to requests that fit every given condition. Requests that do not fit are served
   * normally, and count neither as `times` nor as `after`.
   *
   * @default all requests to the endpoint
   */
  readonly match?: FaultMatch;
}

/** The requests that a fault affects. A condition that no request to the endpoint can fit is refused. */
export interface FaultMatch {
  /**
   * AppID: the parameter `appid`, or the app of the code, token or QR code; at `api_component_token`, the
   * third-party platform (`component_appid`).
   */
  readonly app?: string;
  /**
   * Id of the user: the user of the code or token, or the person picked at a login page. The endpoints of
   * `cgi-bin` have no user.
   */
  readonly user?: string;
  /** The authorization code, at `access_token` and `jscode2session`, also those of platforms. */
  readonly code?: string;
}
