/** Reports what becomes of logins on `node:diagnostics_channel`. */
import crypto from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Channel, failureOf } from '../../oauth/events';
import type { LoginStarted, LoginSucceeded, LoginRestarted, LoginFailed, LoggedOut } from './login-events';
import { type PendingLogin, restartsOf } from '../state/pending-logins';
import type { ResolvedOptions } from '../options/resolve-options';
import type { WechatSession } from '../state/wechat-session';

const loginStarted = new Channel<LoginStarted>('login.started');

const loginSucceeded = new Channel<LoginSucceeded>('login.succeeded');

const loginRestarted = new Channel<LoginRestarted>('login.restarted');

const loginFailed = new Channel<LoginFailed>('login.failed');

export const loggedOut = new Channel<LoggedOut>('logout');

export function reportStarted(
  { flow, appid, scope }: Omit<LoginStarted, 'id' | 'restartOf'>,
  state: string,
  instead: string | undefined,
): void {
  loginStarted.publish(() => {
    const restartOf = idOf(instead);
    return { id: digest(state), flow, appid, scope, ...(restartOf && { restartOf }) };
  });
}

/** What is known of a login. */
type Known = { readonly [Name in 'flow' | 'scope' | 'at']?: PendingLogin[Name] | undefined };

/** A login under way, from the request that may end it. */
export class LoginReporter {
  readonly #config: ResolvedOptions;
  readonly #began = performance.now();
  #state: string | undefined;
  #login: Known | undefined;

  constructor(config: ResolvedOptions, login?: Known) {
    this.#config = config;
    this.#login = login;
  }

  /** Says which login it is, as soon as that is known. */
  identify(state: string, login: PendingLogin | undefined): void {
    this.#state = state;
    this.#login = login;
  }

  succeeded(session: WechatSession): void {
    this.#reportOnce(loginSucceeded, (id = '') => {
      const { flow, appid, scope } = session;
      return { id, flow, appid, scope, durationMs: this.#durationMs(), loginMs: this.#loginMs() ?? 0 };
    });
  }

  restarted(error: unknown): void {
    this.#reportOnce(loginRestarted, (id) => this.#failure(id, error));
  }

  failed(error: unknown): void {
    this.#reportOnce(loginFailed, (id) => this.#failure(id, error));
  }

  /** However it ended first, by whoever asked first: the other callbacks of a login tell nothing. */
  #reportOnce<Message extends object>(topic: Channel<Message>, message: (id?: string) => Message): void {
    if (!ENDS.some(({ hasSubscribers }) => hasSubscribers)) return;
    const id = idOf(this.#state);
    if (id === undefined || this.#config.logins.claimReport(id)) topic.publish(() => message(id));
  }

  #failure(id: string | undefined, error: unknown): LoginFailed {
    const { flow, scope } = this.#login ?? {};
    const appid = flow && this.#config.accounts[flow]?.oauth.appid;
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

const ENDS: readonly Channel<never>[] = [loginSucceeded, loginRestarted, loginFailed];

/** Which login, for who may not know its state: every process finds the same, nobody finds the way back, and no session has to hold it. */
function idOf(state: string | undefined): string | undefined {
  return state === undefined || restartsOf(state) === undefined ? undefined : digest(state);
}

function digest(state: string): string {
  return crypto.createHash('sha256').update(`event of login ${state}`).digest('hex').slice(0, 16);
}
