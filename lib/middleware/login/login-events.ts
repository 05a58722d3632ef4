/** What is told of logins, on `node:diagnostics_channel`: each login starts once, and ends once, however often WeChat calls back. */
import type { WechatFlow } from '../../oauth/flows';
import {
  type CallAnswered,
  type CallFailed,
  type Failure,
  type TokenFailed,
  type TokenRefreshed,
} from '../../oauth/events';

/** A login is in the session, and the browser about to leave for WeChat. */
export interface LoginStarted {
  /** The same in all that is told of one login, in every process: a hash of its state. */
  readonly id: string;
  /** Official account or website app. */
  readonly flow: WechatFlow;
  /** Of the app that the login is for. */
  readonly appid: string;
  /** What WeChat was asked for. */
  readonly scope: string;
  /** The `id` of the login that this one replaces. */
  readonly restartOf?: string;
}

/** Somebody is logged in, and their session is saved. */
export interface LoginSucceeded {
  /** That of its {@link LoginStarted}. */
  readonly id: string;
  /** Official account or website app. */
  readonly flow: WechatFlow;
  /** Of the app that the login is for. */
  readonly appid: string;
  /** What was granted, separated by commas. */
  readonly scope: string;
  /** In ms, from WeChat's callback to the saved session, `onLogin` included. */
  readonly durationMs: number;
  /** In ms since the login started: WeChat's pages and the person's time included. */
  readonly loginMs: number;
}

/** A login came to nothing; what is not known of it is absent. */
export interface LoginFailed extends Failure {
  /** That of its {@link LoginStarted}; absent where no login had started, or where nothing tells which one. */
  readonly id?: string;
  /** Official account or website app. */
  readonly flow?: WechatFlow;
  /** Of the app that the login is for. */
  readonly appid?: string;
  /** What WeChat was asked for. */
  readonly scope?: string;
  /** In ms, from the request to its failure. */
  readonly durationMs: number;
  /** In ms since the login started. */
  readonly loginMs?: number;
}

/** A login came to nothing, and another one starts in its place: one that names it as `restartOf`. */
export type LoginRestarted = LoginFailed;

/** Somebody logged out. */
export interface LoggedOut {
  /** By which way they had logged in. */
  readonly flow: WechatFlow;
  /** Of the app they had logged in to. */
  readonly appid: string;
}

/**
 * What is told on `node:diagnostics_channel`: channel → its messages. No message holds a secret, a code, a state, a token or an openid.
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
  /** A login is in the session, and the browser about to leave for WeChat. */
  readonly 'express-wechat-auth:login.started': LoginStarted;
  /** Somebody is logged in, and their session is saved. */
  readonly 'express-wechat-auth:login.succeeded': LoginSucceeded;
  /** A login came to nothing, and another one starts in its place. */
  readonly 'express-wechat-auth:login.restarted': LoginRestarted;
  /** A login came to nothing. */
  readonly 'express-wechat-auth:login.failed': LoginFailed;
  /** Somebody who was logged in has logged out. */
  readonly 'express-wechat-auth:logout': LoggedOut;
  /** A saved access token was refreshed. */
  readonly 'express-wechat-auth:token.refreshed': TokenRefreshed;
  /** A saved access token could not be refreshed. */
  readonly 'express-wechat-auth:token.failed': TokenFailed;
  /** WeChat answered a call. */
  readonly 'express-wechat-auth:call.answered': CallAnswered;
  /** WeChat refused a call, or was not reached. */
  readonly 'express-wechat-auth:call.failed': CallFailed;
}
