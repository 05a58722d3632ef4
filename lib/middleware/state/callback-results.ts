/**
 * Lets several callbacks of one login share its result: WeChat may call back twice, with one code or with
 * two, and may show the browser either of the responses.
 */
import { WechatAuthError } from '../../errors';
import { STORE_LIMIT_MS } from '../../async/time-limit';
import { isObject } from '../../is-object';
import { lazyCache, type Cache } from '../../lazy-cache';
import { hasSharedCache, type SharedCache } from '../../stores/shared-cache';
import type { TokenStore } from '../../stores/token-store';
import { acrossProcesses, isLogin, orUndefined, SHARED_MS } from './across-processes';
import { FinishingLogins, type FinishingLogin } from './finishing-logins';
import { hash } from './hash';
import { Logouts, type EndedLogin } from './logouts';
import type { PendingLogin } from './pending-logins';
import { StartedLogins } from './started-logins';
import type { WechatSession } from './wechat-session';

/**
 * The result of a login: the login for the session, the state of the login that replaces it, or that only
 * another user may finish it.
 */
export type LoginResult =
  { readonly login: WechatSession } | { readonly restartState: string } | { readonly isOtherUser: true };

/** How many entries are kept, and for how long: duplicate callbacks come within a minute. */
const LIMITS = { max: 10_000, ttl: SHARED_MS } as const;

/**
 * For this long, a login that the shared cache has confirmed is not asked for again, unless it has just
 * finished.
 */
const CONFIRMED_MS = 10_000;

/** The parameters of a callback, and the cookies that the browser sent with it. */
export interface CallbackParams {
  readonly code: string;
  readonly state: string;
  /** See `cookieHash()`. */
  readonly cookies: string;
}

/** The pending login of a callback. */
export interface CallbackLogin {
  readonly pending: PendingLogin;
  /** The root of the session in which it started, if the session has an id. */
  readonly root?: string | undefined;
  /** The user (openid) whom an earlier callback with these cookies logged in. Only this user may follow. */
  readonly owner?: string | undefined;
}

/**
 * Remembers callbacks in this process. Everything except started logins and reports is also in the shared
 * cache of the token store, if it has one, so that several processes act as one.
 */
export class CallbackResults {
  readonly #cache: SharedCache | undefined;
  readonly #namespace: string;
  readonly #loginTimeout: number;
  /** By state and code. */
  readonly #results = lazyCache<Promise<LoginResult>>(LIMITS);
  /** By state: the user of the first code that was exchanged. */
  readonly #owners = lazyCache<{
    readonly openid: string;
    readonly login: Promise<WechatSession>;
    /** Keys of the results of this state, which end at logout. */
    readonly resultKeys: string[];
  }>(LIMITS);
  /** By state: the state of the login that replaced it. */
  readonly #restarts = lazyCache<Promise<string>>(LIMITS);
  /** By keyOfLogin() or keyOfCode(): the login of a callback that was handled. */
  readonly #served = lazyCache<CallbackLogin>(LIMITS);
  /**
   * Logins that a logout has ended. They are kept while a callback of them may still arrive. Every
   * `wechatAuth()` of this process shares them, because several may use one session key, and so one login.
   */
  static readonly #logouts = new Logouts();
  readonly started: StartedLogins;
  readonly finishing: FinishingLogins;
  /** By state and root: logins that no logout had ended when the shared cache was asked a moment ago. */
  readonly #confirmed = lazyCache<true>({ max: LIMITS.max, ttl: CONFIRMED_MS });
  /** By public id: logins whose outcome was reported. */
  readonly #reported = lazyCache<true>(LIMITS);

  constructor(
    store: TokenStore | SharedCache | undefined,
    {
      loginTimeout,
      site,
      namespace,
    }: {
      /** Lifetime of a pending login, in ms. */
      readonly loginTimeout: number;
      /** Session key and address: what several `wechatAuth()` that share a login have in common. */
      readonly site: string;
      /** Separates logins from those of other apps that share the store. */
      readonly namespace: string;
    },
  ) {
    this.#cache = store && hasSharedCache(store) ? store : undefined;
    this.#namespace = namespace;
    this.#loginTimeout = loginTimeout;
    this.started = new StartedLogins(loginTimeout);
    this.finishing = new FinishingLogins(this.#cache, site);
  }

  /**
   * Shares one exchange between the callbacks that carry the same state and the same code. A callback with
   * another code for that state is exchanged by itself: WeChat on Android calls back with two good codes, and
   * an attacker who knows the state can send a code of her own. The state belongs to the user of the first
   * code that was exchanged. A second code of the same user shares the login, without another `onLogin`. A
   * code of another user counts as an invalid code: the login is restarted once, then fails. If a failure
   * restarts the login, duplicates get the same restart. Any other failed exchange is forgotten, so that a
   * later callback tries again.
   *
   * @returns the result, and whether this callback produced it: only that one reports it
   */
  async shareResult<User extends { readonly openid: string }>(
    { state, code }: CallbackParams,
    steps: {
      /** Exchanges the authorization code. `undefined` if its user may not finish this login. */
      exchange(): Promise<User | undefined>;
      /** Turns the user into a login: `onLogin` runs here. */
      complete(user: User): Promise<WechatSession>;
      /**
       * Returns a fresh state for a login that replaces the failed one. Rethrows the error if the login must
       * not be restarted.
       */
      decideRestart(error: unknown): string;
    },
  ): Promise<{ result: LoginResult; isFirst: boolean }> {
    const key = hash([state, code]);
    const known = this.#results().get(key);
    if (known) return { result: await known, isFirst: false };
    let isFirst = false;
    const complete = (user: User): Promise<WechatSession> => {
      isFirst = true;
      return steps.complete(user);
    };
    const work = async (): Promise<LoginResult> => {
      try {
        const user = await steps.exchange();
        // It does not own the state: the user who may finish the login still can.
        if (!user) return { isOtherUser: true };
        return { login: await this.#oncePerState(state, key, user.openid, () => complete(user)) };
      } catch (error) {
        const fresh = steps.decideRestart(error);
        const restartState = await this.#restartOf(state, fresh);
        isFirst = restartState === fresh;
        return { restartState };
      }
    };
    const result = acrossProcesses(this.#cache, () => this.#sharedKey('code', key), work, isLoginResult);
    keepUnlessFailed(this.#results(), key, result);
    return { result: await result, isFirst };
  }

  async #oncePerState(
    state: string,
    resultKey: string,
    openid: string,
    complete: () => Promise<WechatSession>,
  ): Promise<WechatSession> {
    const known = this.#owners().get(state);
    if (known && known.openid !== openid) refuseOtherUser();
    known?.resultKeys.push(resultKey);
    if (known) return known.login;
    const work = async (): Promise<Owner> => ({ openid, login: await complete() });
    const login = acrossProcesses(this.#cache, () => this.#sharedKey('login', state), work, isOwner).then(
      (owner) => (owner.openid === openid ? owner.login : refuseOtherUser()),
    );
    this.#owners().set(state, { openid, login, resultKeys: [resultKey] });
    // In this process, a refusal by the app is kept as well, so that `onLogin` is not asked again. Another
    // process asks it once more: acrossProcesses() keeps no failure.
    login.catch(() => undefined);
    return login;
  }

  /** One replacement per state, whichever code failed: the browser may follow any of the responses. */
  #restartOf(state: string, fresh: string): Promise<string> {
    const known = this.#restarts().get(state);
    if (known) return known;
    const restart = acrossProcesses(
      this.#cache,
      () => this.#sharedKey('restart', state),
      () => Promise.resolve(fresh),
      (record) => typeof record === 'string',
    );
    this.#restarts().set(state, restart);
    return restart;
  }

  /**
   * Called at logout, and for scan logins that a login drops: callbacks of these logins log nobody in any
   * more, not even those in progress. Other processes learn of it through the shared cache, if there is one.
   *
   * @param roots of sessions: also ends logins that started in these sessions, and that they no longer hold
   * @param kind of logins: see {@link EndedLogin}
   */
  async endLogins(
    states: readonly string[],
    roots: readonly string[] = [],
    kind: EndedLogin = 'user',
  ): Promise<void> {
    const ended = [...states, ...roots];
    for (const each of ended) CallbackResults.#logouts.record(each, kind, this.#loginTimeout);
    for (const state of states) {
      for (const key of this.#owners().get(state)?.resultKeys ?? []) this.#results().delete(key);
      this.#owners().delete(state);
    }
    const cache = this.#cache;
    if (!cache) return;
    await Promise.all([
      ...ended.map((each) =>
        orUndefined(STORE_LIMIT_MS, () => cache.writeCache(logoutKey(each), true, this.#loginTimeout)),
      ),
      ...states.map((state) =>
        orUndefined(STORE_LIMIT_MS, () => cache.deleteCache(this.#sharedKey('login', state))),
      ),
    ]);
  }

  /** Runs work that finishes this login. A logout meanwhile ends it, however many others log out. */
  whileFinishing<T>({ state, root }: FinishingLogin, work: () => Promise<T>): Promise<T> {
    const names = root === undefined ? [state] : [state, root];
    return CallbackResults.#logouts.during(names, this.#loginTimeout, work);
  }

  /**
   * Whether a logout has ended this login, in this process or in another one.
   *
   * @param root of the session in which the login started, if it has an id
   */
  async isLoggedOut(state: string, root: string | undefined): Promise<boolean> {
    return this.isAnyLoggedOut(root === undefined ? [state] : [state, root]);
  }

  /** Whether a logout has ended one of these states or sessions, in this process or in another one. */
  async isAnyLoggedOut(statesOrRoots: readonly string[]): Promise<boolean> {
    return this.isLoggedOutHere(statesOrRoots) || (await this.#ask(statesOrRoots)) === 'ended';
  }

  /** As isAnyLoggedOut(), for a login of a session: see wasConfirmed(). */
  async confirm(statesOrRoots: readonly string[]): Promise<void> {
    if (this.isLoggedOutHere(statesOrRoots)) return;
    if ((await this.#ask(statesOrRoots)) === 'none') this.#confirmed().set(statesOrRoots.join(), true);
  }

  /** Asks the shared cache for logouts, and records them in this process. */
  async #ask(statesOrRoots: readonly string[]): Promise<'ended' | 'none' | 'unknown'> {
    const cache = this.#cache;
    if (!cache) return 'none';
    const read = async (key: string): Promise<{ isEnded: boolean }> => ({
      isEnded: (await cache.readCache(key)) === true,
    });
    const records = await Promise.all(
      statesOrRoots.map((each) => orUndefined(STORE_LIMIT_MS, () => read(logoutKey(each)))),
    );
    const ended = statesOrRoots.filter((_, index) => records[index]?.isEnded);
    for (const each of ended) CallbackResults.#logouts.record(each, 'pending', this.#loginTimeout);
    if (ended.length > 0) return 'ended';
    return records.includes(undefined) ? 'unknown' : 'none';
  }

  /** Whether the shared cache has confirmed a moment ago that no logout had ended this login. */
  wasConfirmed(statesOrRoots: readonly string[]): boolean {
    return this.#confirmed().has(statesOrRoots.join());
  }

  /** Whether another process may have served a logout, which this process finds only in the shared cache. */
  get hasOtherProcesses(): boolean {
    return this.#cache !== undefined;
  }

  /**
   * Whether this process has recorded a logout that has not expired. If not, no login needs to be compared
   * with any.
   */
  get knowsLogouts(): boolean {
    return CallbackResults.#logouts.hasAny;
  }

  /** Whether this process knows that a logout has ended one of these states or sessions. */
  isLoggedOutHere(statesOrRoots: readonly string[]): boolean {
    return statesOrRoots.some((each) => CallbackResults.#logouts.has(each));
  }

  /**
   * Keeps the pending login of a callback for its duplicates, in every process: they may still carry the old
   * session id, under which the session no longer exists. Without cookies, nothing is kept.
   */
  async rememberCallback(params: CallbackParams, login: CallbackLogin): Promise<void> {
    if (params.cookies === '') return;
    const key = login.owner === undefined ? keyOfCode(params) : keyOfLogin(params);
    this.#served().set(key, login);
    const cache = this.#cache;
    if (cache)
      await orUndefined(STORE_LIMIT_MS, () =>
        cache.writeCache(this.#sharedKey('callback', key), login, SHARED_MS),
      );
  }

  /**
   * The pending login of a callback with the same cookies and state that was handled in the last minute, and
   * either logged its user in or had the same code. An attacker who planted the session cookie knows cookie
   * and state, but not the victim's code: another code is exchanged by itself, and must prove the same user.
   */
  async recallCallback(params: CallbackParams): Promise<CallbackLogin | undefined> {
    if (params.cookies === '') return undefined;
    const keys = [keyOfLogin(params), keyOfCode(params)];
    const known = keys.map((key) => this.#served().get(key)).find((login) => login !== undefined);
    const cache = this.#cache;
    if (known || !cache) return known;
    const [login, code] = await Promise.all(
      keys.map((key) => orUndefined(STORE_LIMIT_MS, () => cache.readCache(this.#sharedKey('callback', key)))),
    );
    return [login, code].find(isCallbackLogin);
  }

  /**
   * Keys of the shared cache hold hashes, because the state is a secret and stores put keys into error
   * messages. Each names the app: a login at another app that shares the store is no login here.
   */
  #sharedKey(kind: 'code' | 'login' | 'restart' | 'callback', id: string): string {
    return `${kind}:${hash([this.#namespace, id])}`;
  }

  /** Marks the outcome of this login as reported. Returns whether it was not reported before. */
  claimReport(id: string): boolean {
    const isNew = !this.#reported().has(id);
    this.#reported().set(id, true);
    return isNew;
  }
}

interface Owner {
  readonly openid: string;
  readonly login: WechatSession;
}

function isOwner(record: unknown): record is Owner {
  return isObject(record) && isLogin((record as Partial<Owner>).login);
}

function isLoginResult(record: unknown): record is LoginResult {
  if (!isObject(record)) return false;
  const { login, isOtherUser, restartState } = record as Record<string, unknown>;
  return isOtherUser === true || typeof restartState === 'string' || isLogin(login);
}

function isCallbackLogin(record: unknown): record is CallbackLogin {
  return isObject(record) && isObject((record as Partial<CallbackLogin>).pending);
}

/** The key of a callback that has logged somebody in: another code may follow. */
function keyOfLogin({ cookies, state }: CallbackParams): string {
  return hash([cookies, state]);
}

/** The key of any other callback that was handled: only the same code may follow. */
function keyOfCode({ cookies, code, state }: CallbackParams): string {
  return hash([cookies, code, state]);
}

/** A state and a root are random, so that a logout at one app cannot end a login at another. */
function logoutKey(stateOrRoot: string): string {
  return `logout:${hash([stateOrRoot])}`;
}

function keepUnlessFailed<T>(cache: Cache<Promise<T>>, key: string, work: Promise<T>): void {
  cache.set(key, work);
  work.catch(() => cache.delete(key));
}

/** A code of another user than the one who owns the state counts as an invalid code. */
export function refuseOtherUser(): never {
  throw new WechatAuthError(
    'code_invalid',
    'The authorization code belongs to another user than the first code of this login. Start the login again.',
  );
}
