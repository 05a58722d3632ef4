/** One login, several callbacks: WeChat may call back twice, with one code or with two, and may drop either response. */
import crypto from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { OnceUnderLock } from '../../async/once-under-lock';
import { LOCK_LIMIT_MS, STORE_LIMIT_MS, inTime } from '../../async/time-limit';
import { hasSharedCache, type SharedCache } from '../../stores/shared-cache';
import type { TokenStore } from '../../stores/token-store';
import type { PendingLogin } from './pending-logins';
import type { WechatSession } from './wechat-session';

/** What becomes of a login: a user for the session, or the state of the login that replaces it. */
export type LoginResult = { readonly session: WechatSession } | { readonly restart: string };

/** How long a duplicate callback shares the result of the first one. */
const SHARED_MS = 60_000;
const MAX_ENTRIES = 10_000;

/** What a callback request brings. */
export interface CallbackParams {
  readonly code: string;
  readonly state: string;
  /** The whole Cookie header: it identifies the browser and its session. */
  readonly cookies: string;
}

/** The results of callbacks, kept for a minute, in this process and in the shared cache of the token store, if it has one. */
export class CallbackResults {
  readonly #cache: SharedCache | undefined;
  readonly #shared = new LRUCache<string, { code: string; result: Promise<LoginResult>; isDone: boolean }>({
    max: MAX_ENTRIES,
    ttl: SHARED_MS,
    perf: Date,
  });
  readonly #served = new LRUCache<string, PendingLogin>({ max: MAX_ENTRIES, ttl: SHARED_MS, perf: Date });
  readonly #loggedOut = new LRUCache<string, true>({ max: MAX_ENTRIES, ttl: SHARED_MS, perf: Date });
  readonly #started = new LRUCache<string, { host: string; returnTo: string }>({ max: MAX_ENTRIES });
  /** Created on first use: most apps do not subscribe to events. */
  #reported: LRUCache<string, true> | undefined;

  constructor(store?: TokenStore | SharedCache) {
    this.#cache = store && hasSharedCache(store) ? store : undefined;
  }

  /**
   * Runs the exchange once per state. Callbacks that arrive while it runs share the result. Later ones must carry the same code: an
   * attacker who planted the session cookie knows the state, but not the victim's code. Failures are not cached.
   */
  async shareResult(
    { state, code }: CallbackParams,
    work: () => Promise<LoginResult>,
  ): Promise<{ result: LoginResult; isFirst: boolean }> {
    const known = this.#shared.get(state);
    if (known && (!known.isDone || known.code === code))
      return { result: await known.result, isFirst: false };
    let isFirst = false;
    const run = (): Promise<LoginResult> => {
      isFirst = true;
      return work();
    };
    const result = this.#cache ? onceAcrossProcesses(this.#cache, { state, code }, run) : run();
    const entry = { code, result, isDone: false };
    this.#shared.set(state, entry);
    result.then(
      () => (entry.isDone = true),
      () => this.#shared.delete(state),
    );
    return { result: await result, isFirst };
  }

  /** Logout ends the sharing of these logins: no further callback logs anybody in. */
  async forget(states: readonly string[]): Promise<void> {
    for (const state of states) {
      this.#loggedOut.set(state, true);
      this.#shared.delete(state);
    }
    const cache = this.#cache;
    if (cache)
      await Promise.all(
        states.map((state) => orUndefined(STORE_LIMIT_MS, () => cache.deleteCache(cacheKey(state)))),
      );
  }

  /** Keeps the pending login of a callback: the session that held it ends with the login. */
  rememberCallback(params: CallbackParams, pending: PendingLogin): void {
    this.#served.set(digest(params), pending);
  }

  /**
   * The pending login of this very callback, if it was handled within the last minute. The code is part of the key: an attacker who
   * planted the session cookie knows cookie and state, but not the victim's code.
   */
  recallCallback(params: CallbackParams): PendingLogin | undefined {
    return this.#loggedOut.has(params.state) ? undefined : this.#served.get(digest(params));
  }

  /** Keeps where a login started, in case the browser comes back without its session. */
  recordStart(state: string, login: { host: string; returnTo: string }): void {
    this.#started.set(state, login);
  }

  /** Whether the end of this login has not been reported yet. From now on it counts as reported. */
  claimReport(id: string): boolean {
    this.#reported ??= new LRUCache({ max: MAX_ENTRIES, ttl: SHARED_MS, perf: Date });
    const isNew = !this.#reported.has(id);
    this.#reported.set(id, true);
    return isNew;
  }

  /** The host at which this login started. It tells a lost cookie from a redirect to another host. */
  hostOf(state: string): string | undefined {
    return this.#started.get(state)?.host;
  }

  /** The return path with which this login started. */
  returnToOf(state: string): string | undefined {
    return this.#started.get(state)?.returnTo;
  }
}

function digest({ cookies, code, state }: CallbackParams): string {
  return hash([cookies, code, state]);
}

/** A hash, because the state is a secret and stores put keys into error messages. */
function cacheKey(state: string): string {
  return `login:${hash([state])}`;
}

function hash(parts: readonly string[]): string {
  return crypto.createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** What one process saves for the others. */
interface CacheEntry {
  readonly outcome: LoginResult;
  readonly code: string;
  /** When it was written, in ms since 1970, by the clock of the process that wrote it. */
  readonly at: number;
}

/** If the shared cache fails, the login goes on: each process then exchanges on its own. */
async function onceAcrossProcesses(
  cache: SharedCache,
  params: Pick<CallbackParams, 'state' | 'code'>,
  work: () => Promise<LoginResult>,
): Promise<LoginResult> {
  const arrivedAt = Date.now();
  const once = new OnceUnderLock(() => cachedOr(cache, params, arrivedAt, work));
  await orUndefined(LOCK_LIMIT_MS, () => cache.lock(cacheKey(params.state), () => once.run()));
  return once.resultOr(work);
}

/** The result that another process saved for this code, or while this one waited for the lock. Otherwise runs the work. */
async function cachedOr(
  cache: SharedCache,
  { state, code }: Pick<CallbackParams, 'state' | 'code'>,
  arrivedAt: number,
  work: () => Promise<LoginResult>,
): Promise<LoginResult> {
  const key = cacheKey(state);
  const known = (await orUndefined(STORE_LIMIT_MS, () => cache.readCache(key))) as CacheEntry | undefined;
  if (known && (known.code === hash([state, code]) || known.at >= arrivedAt)) return known.outcome;
  const outcome = await work();
  const entry: CacheEntry = { outcome, code: hash([state, code]), at: Date.now() };
  await orUndefined(STORE_LIMIT_MS, () => cache.writeCache(key, entry, SHARED_MS));
  return outcome;
}

async function orUndefined<T>(ms: number, call: () => Promise<T>): Promise<T | undefined> {
  return inTime(
    ms,
    async () => call(),
    () => new Error('late'),
  ).catch(() => undefined);
}
