/**
 * Reports the start and the first outcome of a login, as an event on `node:diagnostics_channel` and as a
 * debug line. WeChat may call back several times for one login: duplicates within a minute in this process
 * are not reported.
 */
import { performance } from 'node:perf_hooks';
import createDebug from 'debug';
import { Channel, failureOf } from '../../oauth/events';
import { FLOWS, type WechatFlow } from '../../oauth/flows';
import type { ResolvedOptions } from '../options/resolve-options';
import { sha256 } from '../state/hash';
import { restartsOf, ticketOf, type PendingLogin } from '../state/pending-logins';
import type { WechatSession } from '../state/wechat-session';
import type { LoggedOut, LoginFailed, LoginStarted, LoginSucceeded } from './login-events';

const debugLogin = createDebug('wechat-auth:login');
const debugCallback = createDebug('wechat-auth:callback');

const loginStarted = new Channel<LoginStarted>('login.started');
const loginSucceeded = new Channel<LoginSucceeded>('login.succeeded');
const loginRestarted = new Channel<LoginFailed>('login.restarted');
const loginFailed = new Channel<LoginFailed>('login.failed');
const loggedOut = new Channel<LoggedOut>('logout');

export function reportStarted(
  state: string,
  { flow, appid, scope }: Pick<LoginStarted, 'flow' | 'appid' | 'scope'>,
  replaces: string | undefined,
): void {
  debugLogin('%s login started', flow);
  loginStarted.publish(() => {
    const restartOf = publicId(replaces);
    return { id: loginId(state), flow, appid, scope, ...(restartOf && { restartOf }) };
  });
}

/**
 * Reads the login before a logout clears it, and returns a function that reports the logout afterwards.
 * Without a subscriber, nothing is read or reported.
 */
export function logoutReporter(readLogin: () => WechatSession | undefined): () => void {
  const login = loggedOut.hasSubscribers ? readLogin() : undefined;
  return () => {
    if (login) loggedOut.publish(() => ({ flow: login.flow, appid: login.appid }));
  };
}

/** The facts of a login that its events show. Those that are not known are undefined. */
interface ReportedLogin {
  readonly flow: WechatFlow | undefined;
  readonly scope: string | undefined;
  /** When it started, in ms since 1970. */
  readonly at: number;
  /** See {@link PendingLogin.appid}. */
  readonly appid?: string;
}

/** Reports the outcome of the login that one request handles. */
export class LoginReporter {
  readonly #config: ResolvedOptions;
  readonly #began = performance.now();
  #state: string | undefined;
  #login: Partial<ReportedLogin> | undefined;

  /** @param login the fields of the login that are known so far */
  constructor(config: ResolvedOptions, login?: Partial<Pick<ReportedLogin, 'flow' | 'scope'>>) {
    this.#config = config;
    this.#login = login;
  }

  /** Names the login that this request belongs to, as soon as that is known. */
  identify(state: string, login: (ReportedLogin & Pick<PendingLogin, 'scan'>) | undefined): void {
    // The phone of a scan login does not know the id of the login that started on the PC.
    const isForPC = login !== undefined && ticketOf(login) !== undefined;
    this.#state = isForPC ? undefined : state;
    this.#login = isForPC ? { ...login, flow: 'scan' } : login;
  }

  succeeded(session: WechatSession): void {
    this.#reportOnce('finished', loginSucceeded, (id = '') => {
      const { flow, appid, scope } = session;
      return { id, flow, appid, scope, durationMs: this.#durationMs(), loginMs: this.#loginMs() ?? 0 };
    });
  }

  restarted(error: unknown): void {
    this.#reportOnce(`restarted (${failureOf(error).kind})`, loginRestarted, (id) =>
      this.#failure(id, error),
    );
  }

  failed(error: unknown): void {
    this.#reportOnce(`failed (${failureOf(error).kind})`, loginFailed, (id) => this.#failure(id, error));
  }

  #reportOnce<Message extends object>(
    what: string,
    channel: Channel<Message>,
    message: (id?: string) => Message,
  ): void {
    if (!debugCallback.enabled && !OUTCOMES.some(({ hasSubscribers }) => hasSubscribers)) return;
    const id = publicId(this.#state);
    if (id !== undefined && !this.#config.callbackResults.claimReport(id)) return;
    debugCallback('%s login %s', this.#login?.flow ?? 'unknown', what);
    channel.publish(() => message(id));
  }

  #failure(id: string | undefined, error: unknown): LoginFailed {
    const { flow, scope } = this.#login ?? {};
    const appid = this.#login?.appid ?? (flow && this.#config.accounts[FLOWS[flow].account]?.appid);
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

  /** Never negative: the login may have started in another process, whose clock may be ahead. */
  #loginMs(): number | undefined {
    const at = this.#login?.at;
    return at === undefined ? undefined : Math.max(0, Date.now() - at);
  }
}

const OUTCOMES: readonly Channel<never>[] = [loginSucceeded, loginRestarted, loginFailed];

/** The public id of a login; `undefined` if the state does not look like one of this package. */
function publicId(state: string | undefined): string | undefined {
  return state === undefined || restartsOf(state) === undefined ? undefined : loginId(state);
}

/**
 * A one-way hash of the state. Every process computes the same id, the state cannot be recovered from it, and
 * nothing has to be stored.
 */
export function loginId(state: string): string {
  return sha256(`event of login ${state}`).slice(0, 16);
}
