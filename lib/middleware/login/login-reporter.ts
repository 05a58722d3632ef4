/** Reports what becomes of logins on `node:diagnostics_channel`. */
import crypto from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Topic, failureOf } from '../../oauth/events';
import type { LoginStarted, LoginSucceeded, LoginRestarted, LoginFailed, LoggedOut } from './login-events';
import { type PendingLogin, restartsOf } from '../state/pending-logins';
import type { Settled } from '../options/resolve-options';
import type { WechatSession } from '../state/wechat-session';

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
