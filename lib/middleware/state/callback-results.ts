/**
 * Lets several callbacks of one login share its result: WeChat may call back twice, with one code or with
 * two, and may show the browser either of the responses.
 */
import crypto from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { WechatAuthError } from '../../errors';
import { lazy } from '../../async/lazy';
import { OnceUnderLock } from '../../async/once-under-lock';
import { LOCK_LIMIT_MS, STORE_LIMIT_MS, inTime } from '../../async/time-limit';
import { hasSharedCache, type SharedCache } from '../../stores/shared-cache';
import type { TokenStore } from '../../stores/token-store';
import type { PendingLogin } from './pending-logins';
import type { WechatSession } from './wechat-session';

/** The result of a login: the login for the session, or the state of the login that replaces it. */
export type LoginResult = { readonly login: WechatSession } | { readonly restartState: string };

/** How long a duplicate callback shares the result of the first one. */
const SHARED_MS = 60_000;
const LIMITS = { max: 10_000, ttl: SHARED_MS, perf: Date } as const;

/** The parameters of a callback, and the cookies that the browser sent with it. */
export interface CallbackParams {
  readonly code: string;
  readonly state: string;
  /** The whole Cookie header: it identifies the browser and its session. */
  readonly cookies: string;
}

/**
 * Remembers callbacks in this process. Results, owners, restarts and logouts are also in the shared
 * cache of the token store, if it has one, so that several processes act as one.
 */
export class CallbackResults {
  readonly #cache: SharedCache | undefined;
  readonly #loginTimeout: number;
  /** By state and code. */
  readonly #results = lazy(() => new LRUCache<string, Promise<LoginResult>>(LIMITS));
  /** By state: the user of the first code that was exchanged. */
  readonly #owners = lazy(
    () =>
      new LRUCache<
        string,
        {
          readonly openid: string;
          readonly login: Promise<WechatSession>;
          /** Keys of the results of this state, which end at logout. */
          readonly resultKeys: string[];
        }
      >(LIMITS),
  );
  /** By state: the state of the login that replaced it. */
  readonly #restarts = lazy(() => new LRUCache<string, Promise<string>>(LIMITS));
  /** By cookies, code and state: the pending login of a callback that was handled. */
  readonly #served = lazy(() => new LRUCache<string, PendingLogin>(LIMITS));
  /**
   * By state: logins that a logout has ended. They are kept while a callback of them may still arrive. Every
   * `wechatAuth()` of this process shares them, because several may use one session key, and so one login.
   */
  static readonly #loggedOut = lazy(() => new LRUCache<string, true>(LIMITS));
  /** By state: the return path with which a login started. */
  readonly #started: () => LRUCache<string, string>;
  /** By public id: logins whose outcome was reported. */
  readonly #reported = lazy(() => new LRUCache<string, true>(LIMITS));

  /** @param loginTimeout lifetime of a pending login, in ms */
  constructor(store: TokenStore | SharedCache | undefined, loginTimeout: number) {
    this.#cache = store && hasSharedCache(store) ? store : undefined;
    this.#loginTimeout = loginTimeout;
    this.#started = lazy(() => new LRUCache({ ...LIMITS, ttl: loginTimeout }));
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
      /** Exchanges the authorization code. */
      exchange(): Promise<User>;
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
        return { login: await this.#oncePerState(state, key, user.openid, () => complete(user)) };
      } catch (error) {
        const fresh = steps.decideRestart(error);
        const restartState = await this.#restartOf(state, fresh);
        isFirst = restartState === fresh;
        return { restartState };
      }
    };
    const result = this.#acrossProcesses<LoginResult>(`code:${key}`, work);
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
    const login = this.#acrossProcesses(stateKey(state), async () => ({
      openid,
      login: await complete(),
    })).then((owner) => (owner.openid === openid ? owner.login : refuseOtherUser()));
    this.#owners().set(state, { openid, login, resultKeys: [resultKey] });
    // A refusal by the app is kept as well: `onLogin` runs once per login.
    login.catch(() => undefined);
    return login;
  }

  /** One replacement per state, whichever code failed: the browser may follow any of the responses. */
  #restartOf(state: string, fresh: string): Promise<string> {
    const known = this.#restarts().get(state);
    if (known) return known;
    const restart = this.#acrossProcesses(`restart:${hash([state])}`, () => Promise.resolve(fresh));
    this.#restarts().set(state, restart);
    return restart;
  }

  /**
   * Runs the work once for all processes that share the cache. If the cache fails, the login goes on: each
   * process then does the work itself.
   */
  async #acrossProcesses<T>(key: string, work: () => Promise<T>): Promise<T> {
    const cache = this.#cache;
    if (!cache) return work();
    const once = new OnceUnderLock(async () => {
      const known = await orUndefined(STORE_LIMIT_MS, () => cache.readCache(key));
      if (known !== undefined) return known as T;
      const result = await work();
      await orUndefined(STORE_LIMIT_MS, () => cache.writeCache(key, result, SHARED_MS));
      return result;
    });
    await orUndefined(LOCK_LIMIT_MS, () => cache.lock(key, () => once.run()));
    return once.resultOr(work);
  }

  /**
   * Called at logout: callbacks of these logins log nobody in any more, not even those in progress. Other
   * processes learn of it through the shared cache, if there is one.
   */
  async endLogins(states: readonly string[]): Promise<void> {
    for (const state of states) {
      CallbackResults.#loggedOut().set(state, true, { ttl: this.#loginTimeout });
      for (const key of this.#owners().get(state)?.resultKeys ?? []) this.#results().delete(key);
      this.#owners().delete(state);
    }
    const cache = this.#cache;
    if (!cache) return;
    await Promise.all(
      states.flatMap((state) => [
        orUndefined(STORE_LIMIT_MS, () => cache.writeCache(logoutKey(state), true, this.#loginTimeout)),
        orUndefined(STORE_LIMIT_MS, () => cache.deleteCache(stateKey(state))),
      ]),
    );
  }

  /** Whether a logout has ended this login, in this process or in another one. */
  async isLoggedOut(state: string): Promise<boolean> {
    if (CallbackResults.#loggedOut().has(state)) return true;
    const cache = this.#cache;
    return (
      cache !== undefined &&
      (await orUndefined(STORE_LIMIT_MS, () => cache.readCache(logoutKey(state)))) === true
    );
  }

  /**
   * Keeps the pending login of a callback for its duplicates: they may still carry the old session id, under
   * which the session no longer exists.
   */
  rememberCallback(params: CallbackParams, pending: PendingLogin): void {
    this.#served().set(callbackKey(params), pending);
  }

  /**
   * The pending login of a callback with the same parameters and cookies, if one was handled in the last
   * minute. The code is part of the key: an attacker who planted the session cookie knows cookie and state,
   * but not the victim's code.
   */
  recallCallback(params: CallbackParams): PendingLogin | undefined {
    return this.#served().get(callbackKey(params));
  }

  /** Keeps the return path of a login, in case the browser comes back without its session. */
  recordStart(state: string, { returnTo }: { readonly returnTo: string }): void {
    // A copy: a part of a header keeps the whole header in memory.
    this.#started().set(state, copyOf(returnTo));
  }

  /** Marks the outcome of this login as reported. Returns whether it was not reported before. */
  claimReport(id: string): boolean {
    const isNew = !this.#reported().has(id);
    this.#reported().set(id, true);
    return isNew;
  }

  /** The return path with which this login started. */
  returnToOf(state: string): string | undefined {
    return this.#started().get(state);
  }
}

function callbackKey({ cookies, code, state }: CallbackParams): string {
  return hash([cookies, code, state]);
}

/**
 * Keys of the shared cache hold hashes, because the state is a secret and stores put keys into error
 * messages.
 */
function stateKey(state: string): string {
  return `login:${hash([state])}`;
}

function logoutKey(state: string): string {
  return `logout:${hash([state])}`;
}

function hash(parts: readonly string[]): string {
  return crypto.createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function copyOf(text: string): string {
  return Buffer.from(text).toString();
}

function keepUnlessFailed<T>(cache: LRUCache<string, Promise<T>>, key: string, work: Promise<T>): void {
  cache.set(key, work);
  work.catch(() => cache.delete(key));
}

function refuseOtherUser(): never {
  throw new WechatAuthError(
    'code_invalid',
    'The authorization code belongs to another user than the first code of this login. Start the login again.',
  );
}

async function orUndefined<T>(ms: number, call: () => Promise<T>): Promise<T | undefined> {
  return inTime(
    ms,
    async () => call(),
    () => new Error('late'),
  ).catch(() => undefined);
}
