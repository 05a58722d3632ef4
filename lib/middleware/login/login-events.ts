/** What is told of logins, on `node:diagnostics_channel`: each login starts once, and ends once, however often WeChat calls back. */
import crypto from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Flow } from '../../oauth/endpoints';
import {
  Topic,
  failureOf,
  type CallAnswered,
  type CallFailed,
  type Failure,
  type TokenFailed,
  type TokenRefreshed,
} from '../../oauth/events';
import { restartsOf, type PendingLogin } from '../state/pending-logins';
import type { Settled } from '../options/options';
import type { WechatSession } from '../state/wechat-session';

/** A login is in the session, and the browser about to leave for WeChat. */
export interface LoginStarted {
  /** The same in all that is told of one login, in every process: a hash of its state. */
  readonly id: string;
  /** Official account or website app. */
  readonly flow: Flow;
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
  readonly flow: Flow;
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
  readonly flow?: Flow;
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
  readonly flow: Flow;
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

const loginStarted = new Topic<LoginStarted>('login.started');
const loginSucceeded = new Topic<LoginSucceeded>('login.succeeded');
const loginRestarted = new Topic<LoginRestarted>('login.restarted');
const loginFailed = new Topic<LoginFailed>('login.failed');
export const loggedOut = new Topic<LoggedOut>('logout');

export function tellStarted(
  { flow, appid, scope }: Omit<LoginStarted, 'id' | 'restartOf'>,
  state: string,
  instead: string | undefined,
): void {
  loginStarted.tell(() => {
    const restartOf = idOf(instead);
    return { id: digest(state), flow, appid, scope, ...(restartOf && { restartOf }) };
  });
}

/** What is known of a login. */
type Known = { readonly [Name in 'flow' | 'scope' | 'at']?: PendingLogin[Name] | undefined };

/** A login under way, from the request that may end it. */
export class Ending {
  readonly #settled: Settled;
  readonly #began = performance.now();
  #state: string | undefined;
  #login: Known | undefined;

  constructor(settled: Settled, login?: Known) {
    this.#settled = settled;
    this.#login = login;
  }

  /** Says which login it is, as soon as that is known. */
  of(state: string, login: PendingLogin | undefined): void {
    this.#state = state;
    this.#login = login;
  }

  succeeded(session: WechatSession): void {
    this.#tellOnce(loginSucceeded, (id = '') => {
      const { flow, appid, scope } = session;
      return { id, flow, appid, scope, durationMs: this.#durationMs(), loginMs: this.#loginMs() ?? 0 };
    });
  }

  restarted(error: unknown): void {
    this.#tellOnce(loginRestarted, (id) => this.#failure(id, error));
  }

  failed(error: unknown): void {
    this.#tellOnce(loginFailed, (id) => this.#failure(id, error));
  }

  /** However it ended first, by whoever asked first: the other callbacks of a login tell nothing. */
  #tellOnce<Message extends object>(topic: Topic<Message>, message: (id?: string) => Message): void {
    if (!ENDS.some(({ isHeard }) => isHeard)) return;
    const id = idOf(this.#state);
    if (id === undefined || this.#settled.logins.isNews(id)) topic.tell(() => message(id));
  }

  #failure(id: string | undefined, error: unknown): LoginFailed {
    const { flow, scope } = this.#login ?? {};
    const appid = flow && this.#settled.accounts[flow]?.oauth.appid;
    const loginMs = this.#loginMs();
    return {
      ...failureOf(error),
      ...(id !== undefined && { id }),
      ...(flow && { flow }),
      ...(appid !== undefined && { appid }),
      ...(scope !== undefined && { scope }),
      durationMs: this.#durationMs(),
      ...(loginMs !== undefined && { loginMs }),
    };
  }

  #durationMs(): number {
    return performance.now() - this.#began;
  }

  /** By the clocks of two processes, which may disagree. */
  #loginMs(): number | undefined {
    const at = this.#login?.at;
    return at === undefined ? undefined : Math.max(0, Date.now() - at);
  }
}

const ENDS: readonly Topic<never>[] = [loginSucceeded, loginRestarted, loginFailed];

/** Which login, for who may not know its state: every process finds the same, nobody finds the way back, and no session has to hold it. */
function idOf(state: string | undefined): string | undefined {
  return state === undefined || restartsOf(state) === undefined ? undefined : digest(state);
}

function digest(state: string): string {
  return crypto.createHash('sha256').update(`event of login ${state}`).digest('hex').slice(0, 16);
}
