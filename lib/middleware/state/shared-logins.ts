/** One login, several callbacks: WeChat calls back twice, with one code or with two, and may drop either answer. */
import crypto from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { LOCK_LIMIT_MS, STORE_LIMIT_MS, inTime } from '../../async/time-limit';
import { OnceUnderLock } from '../../async/once-under-lock';
import { hasSharedCache, type SharedCache } from '../../stores/shared-cache';
import type { TokenStore } from '../../stores/token-store';
import type { PendingLogin } from './pending-logins';
import type { WechatSession } from './wechat-session';

/** What came of a login: a user for the session, or the state of the login that replaces it. */
export type LoginResult = { readonly session: WechatSession } | { readonly restart: string };

/** How long a second callback may follow the first and share what came of it. */
const SHARED_MS = 60_000;
const MAX_ENTRIES = 10_000;

/** What a callback brings. */
export interface CallbackParams {
  readonly code: string;
  readonly state: string;
  /** The whole Cookie header: which browser, and in which session. */
  readonly cookies: string;
}

interface StartedLogin {
  readonly host: string;
  readonly returnTo: string;
}

interface Shared {
  readonly code: string;
  readonly outcome: Promise<LoginResult>;
  isDone: boolean;
}

export class CallbackResults {
  readonly #cache: SharedCache | undefined;
  readonly #shared = new LRUCache<string, Shared>({ max: MAX_ENTRIES, ttl: SHARED_MS, perf: Date });
  readonly #served = new LRUCache<string, PendingLogin>({ max: MAX_ENTRIES, ttl: SHARED_MS, perf: Date });
  readonly #loggedOut = new LRUCache<string, true>({ max: MAX_ENTRIES, ttl: SHARED_MS, perf: Date });
  readonly #started = new LRUCache<string, StartedLogin>({ max: MAX_ENTRIES });
  /** Made when first asked: most apps listen to no events. */
  #reported: LRUCache<string, true> | undefined;

  /** Processes share their logins by a token store that keeps notes. */
  constructor(store?: TokenStore | SharedCache) {
    this.#cache = store && hasSharedCache(store) ? store : undefined;
  }

  /**
   * Does the work once for a state, whoever asks meanwhile; afterwards only for who brings the same code: who planted a session's
   * cookie knows the state, but not the code that WeChat gave to another. A failure is told to all who wait, and not kept.
   */
  shareResult({ state, code }: CallbackParams, work: () => Promise<LoginResult>): Promise<LoginResult> {
    const known = this.#shared.get(state);
    if (known && (!known.isDone || known.code === code)) return known.outcome;
    const outcome = this.#cache ? onceAcrossProcesses(this.#cache, { state, code }, work) : work();
    const shared: Shared = { code, outcome, isDone: false };
    this.#shared.set(state, shared);
    outcome.then(
      () => (shared.isDone = true),
      () => this.#shared.delete(state),
    );
    return outcome;
  }

  /** Ends the sharing of a login, at logout: nobody gets in by it any more. */
  async forget(states: readonly string[]): Promise<void> {
    for (const state of states) {
      this.#loggedOut.set(state, true);
      this.#shared.delete(state);
    }
    const notes = this.#cache;
    if (notes)
      await Promise.all(
        states.map((state) => orUndefined(STORE_LIMIT_MS, () => notes.deleteCache(cacheKey(state)))),
      );
  }

  /** Keeps what a callback was served for, because the session that knew it dies with the login. */
  rememberCallback(answer: CallbackParams, pending: PendingLogin): void {
    this.#served.set(digest(answer), pending);
  }

  /**
   * What this very callback was served for a moment ago. Its code is part of the question: who planted a session's cookie knows
   * cookie and state, but not the code that WeChat gave to another.
   */
  recallCallback(answer: CallbackParams): PendingLogin | undefined {
    return this.#loggedOut.has(answer.state) ? undefined : this.#served.get(digest(answer));
  }

  /** Notes a login that sets out, for the case that its session does not come back with it. */
  recordStart(state: string, login: StartedLogin): void {
    this.#started.set(state, login);
  }

  /** Whether the end of this login was not told before. */
  claimReport(id: string): boolean {
    this.#reported ??= new LRUCache({ max: MAX_ENTRIES, ttl: SHARED_MS, perf: Date });
    const isNews = !this.#reported.has(id);
    this.#reported.set(id, true);
    return isNews;
  }

  /** Under which host it set out: tells a lost cookie from another host. */
  hostOf(state: string): string | undefined {
    return this.#started.get(state)?.host;
  }

  /** Where it was to end. */
  returnToOf(state: string): string | undefined {
    return this.#started.get(state)?.returnTo;
  }
}

function digest({ cookies, code, state }: CallbackParams): string {
  return hash([cookies, code, state]);
}

/** The state is a secret, and keys get into error messages. */
function cacheKey(state: string): string {
  return `login:${hash([state])}`;
}

function hash(parts: readonly string[]): string {
  return crypto.createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

type Asked = Pick<CallbackParams, 'state' | 'code'>;

/** What one process puts down for the others. */
interface CacheEntry {
  readonly outcome: LoginResult;
  readonly code: string;
  /** In ms since 1970, by the clock of who wrote it. */
  readonly at: number;
}

/** A store that fails here is no reason to fail: without it, the processes are as strangers. */
async function onceAcrossProcesses(
  notes: SharedCache,
  asked: Asked,
  work: () => Promise<LoginResult>,
): Promise<LoginResult> {
  const arrived = Date.now();
  const guarded = new OnceUnderLock(() => cachedOr(notes, asked, arrived, work));
  await orUndefined(LOCK_LIMIT_MS, () => notes.lock(cacheKey(asked.state), () => guarded.run()));
  return guarded.resultOr(work);
}

/** What another process has put down, for this code or while we waited for it; else the work. */
async function cachedOr(
  notes: SharedCache,
  { state, code }: Asked,
  arrived: number,
  work: () => Promise<LoginResult>,
): Promise<LoginResult> {
  const key = cacheKey(state);
  const known = (await orUndefined(STORE_LIMIT_MS, () => notes.readCache(key))) as CacheEntry | undefined;
  if (known && (known.code === hash([state, code]) || known.at >= arrived)) return known.outcome;
  const outcome = await work();
  const note: CacheEntry = { outcome, code: hash([state, code]), at: Date.now() };
  await orUndefined(STORE_LIMIT_MS, () => notes.writeCache(key, note, SHARED_MS));
  return outcome;
}

async function orUndefined<T>(ms: number, call: () => Promise<T>): Promise<T | undefined> {
  return inTime(
    ms,
    async () => call(),
    () => new Error('late'),
  ).catch(() => undefined);
}
