/**
 * The events of logins on `node:diagnostics_channel`. Each login starts once, and its end is reported once,
 * however often WeChat calls back within a minute. A callback after that may be reported again, and processes
 * may each report the same failure.
 */
import type { WechatFlow } from '../../oauth/flows';
import {
  type CallAnswered,
  type CallFailed,
  type Failure,
  type TokenFailed,
  type TokenRefreshed,
} from '../../oauth/events';

/**
 * A login started: it is pending in the saved session, and the browser goes to WeChat or shows the QR code.
 * Or a client posted a code, which is exchanged next.
 */
export interface LoginStarted {
  /**
   * The same in all events of one login, in every process: 16 hex digits of a hash of its state. The state
   * cannot be recovered from it.
   */
  readonly id: string;
  /** How the user logs in: `official`, `website`, `scan`, `miniProgram` or `mobileApp`. */
  readonly flow: WechatFlow;
  /** AppID of the account that the user logs in with. */
  readonly appid: string;
  /** The requested scope. */
  readonly scope: string;
  /** The `id` of the login that this one replaces. */
  readonly restartOf?: string;
}

/** A user is logged in. The session is saved, except for a login with a code and `session: false`. */
export interface LoginSucceeded {
  /** The `id` of its {@link LoginStarted}. */
  readonly id: string;
  /** How the user logs in: `official`, `website`, `scan`, `miniProgram` or `mobileApp`. */
  readonly flow: WechatFlow;
  /** AppID of the account that the user logged in with. */
  readonly appid: string;
  /** The granted scopes, separated by commas. */
  readonly scope: string;
  /**
   * From the callback, or the request that posts a code or collects a scan login, to the saved session, in
   * ms. `onLogin` is included.
   */
  readonly durationMs: number;
  /** Since the login started, in ms. WeChat's pages and the user's time are included. */
  readonly loginMs: number;
}

/** A login failed. Fields that are not known are absent. */
export interface LoginFailed extends Failure {
  /**
   * The `id` of its {@link LoginStarted}. Absent if no login had started, if the state does not look like one
   * of this package, or on the phone of a scan login. If that phone's session has lost the login, the `id` is
   * there, but no {@link LoginStarted} has it.
   */
  readonly id?: string;
  /** How the user logs in: `official`, `website`, `scan`, `miniProgram` or `mobileApp`. */
  readonly flow?: WechatFlow;
  /** AppID of the account that the user wanted to log in with. */
  readonly appid?: string;
  /** The requested scope. */
  readonly scope?: string;
  /** From the request to its failure, in ms. */
  readonly durationMs: number;
  /** Since the login started, in ms. */
  readonly loginMs?: number;
}

/** A logged-in user logged out. */
export interface LoggedOut {
  /** How the user logs in: `official`, `website`, `scan`, `miniProgram` or `mobileApp`. */
  readonly flow: WechatFlow;
  /** AppID of the account that the user had logged in with. */
  readonly appid: string;
}

/**
 * The channels of `node:diagnostics_channel` and their messages. No message holds a secret, a code, a state,
 * a token or an openid.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel';
 * import type { WechatAuthEvents } from 'express-wechat-auth';
 *
 * subscribe('express-wechat-auth:login.failed', (message) => {
 *   const { kind } = message as WechatAuthEvents['express-wechat-auth:login.failed'];
 *   failures.inc({ kind });
 * });
 */
export interface WechatAuthEvents {
  /** A login started. */
  readonly 'express-wechat-auth:login.started': LoginStarted;
  /** A user is logged in. */
  readonly 'express-wechat-auth:login.succeeded': LoginSucceeded;
  /** A login failed, and another one replaces it, which names it as `restartOf`. */
  readonly 'express-wechat-auth:login.restarted': LoginFailed;
  /** A login failed. */
  readonly 'express-wechat-auth:login.failed': LoginFailed;
  /** A logged-in user logged out. */
  readonly 'express-wechat-auth:logout': LoggedOut;
  /** An access token was refreshed and saved. */
  readonly 'express-wechat-auth:token.refreshed': TokenRefreshed;
  /** An access token could not be refreshed, or could not be saved after its refresh. */
  readonly 'express-wechat-auth:token.failed': TokenFailed;
  /** WeChat responded to a request, and the response has no errcode. */
  readonly 'express-wechat-auth:call.answered': CallAnswered;
  /** WeChat returned an errcode, or gave no valid response. */
  readonly 'express-wechat-auth:call.failed': CallFailed;
}
