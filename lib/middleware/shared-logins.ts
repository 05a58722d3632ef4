/** One login, several callbacks: WeChat calls back twice, with one code or with two, and may drop either answer. */
import crypto from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { inTime } from '../stores/time-limit';
import type { TokenStore } from '../stores/token-store';
import type { PendingLogin } from './login-state';
import type { WechatSession } from './session';

/** What came of a login: a user for the session, or the state of the login that replaces it. */
export type Outcome = { readonly session: WechatSession } | { readonly restart: string };

/** How long a second callback may follow the first and share what came of it. */
const SHARED_MS = 60_000;
const MOST = 10_000;
const STORE_LIMIT_MS = 5_000;
/** Another process may hold the lock while it exchanges and asks the app. */
const LOCK_LIMIT_MS = 30_000;

/** What a callback brings. */
export interface Answer {
  readonly code: string;
  readonly state: string;
  /** The whole Cookie header: which browser, and in which session. */
  readonly cookies: string;
}

interface Minted {
  readonly host: string;
  readonly returnTo: string;
}

export class SharedLogins {
  readonly #store: TokenStore | undefined;
  readonly #outcomes = new LRUCache<string, Promise<Outcome>>({ max: MOST, ttl: SHARED_MS, perf: Date });
  readonly #served = new LRUCache<string, PendingLogin>({ max: MOST, ttl: SHARED_MS, perf: Date });
  readonly #minted = new LRUCache<string, Minted>({ max: MOST });

  /** Processes share their logins by the token store, where it offers a lock. */
  constructor(store?: TokenStore) {
    this.#store = store?.lock && store;
  }

  /** Does the work once for a state, whoever asks meanwhile or shortly after. A failure is told to all who wait, and not kept. */
  once(state: string, work: () => Promise<Outcome>): Promise<Outcome> {
    const shared = this.#outcomes.get(state);
    if (shared) return shared;
    const started = this.#store ? onceInFleet(this.#store, state, work) : work();
    this.#outcomes.set(state, started);
    started.catch(() => this.#outcomes.delete(state));
    return started;
  }

  /** Keeps what a callback was served for, because the session that knew it dies with the login. */
  remember(answer: Answer, pending: PendingLogin): void {
    this.#served.set(digest(answer), pending);
  }

  /**
   * What this very callback was served for a moment ago. Its code is part of the question: who planted a session's cookie knows
   * cookie and state, but not the code that WeChat gave to another.
   */
  recall(answer: Answer): PendingLogin | undefined {
    return this.#served.get(digest(answer));
  }

  /** Notes a login that sets out, for the case that its session does not come back with it. */
  minted(state: string, login: Minted): void {
    this.#minted.set(state, login);
  }

  /** Under which host it set out: tells a lost cookie from another host. */
  hostOf(state: string): string | undefined {
    return this.#minted.get(state)?.host;
  }

  /** Where it was to end. */
  returnToOf(state: string): string | undefined {
    return this.#minted.get(state)?.returnTo;
  }
}

function digest({ cookies, code, state }: Answer): string {
  return crypto
    .createHash('sha256')
    .update(JSON.stringify([cookies, code, state]))
    .digest('base64');
}

/** A store that fails here is no reason to fail: without it, the processes are as strangers. */
async function onceInFleet(store: TokenStore, state: string, work: () => Promise<Outcome>): Promise<Outcome> {
  const key = `login:${crypto.createHash('sha256').update(state).digest('hex')}`;
  let outcome: Promise<Outcome> | undefined;
  const run = async (): Promise<void> => {
    outcome ??= knownOr(store, key, work);
    await outcome.catch(() => undefined);
  };
  await orNothing(LOCK_LIMIT_MS, async () => store.lock?.(key, run));
  // A lock that comes later than this finds the work done.
  outcome ??= work();
  return outcome;
}

/** What another process has put down, else the work; put down for the others in the clothes of a token. */
async function knownOr(store: TokenStore, key: string, work: () => Promise<Outcome>): Promise<Outcome> {
  const known = (await orNothing(STORE_LIMIT_MS, () => store.get(key)))?.['outcome'];
  if (typeof known === 'object' && known !== null) return known as Outcome;
  const outcome = await work();
  const note = { access_token: 'none', expires_in: 0, openid: key, create_at: Date.now(), outcome };
  await orNothing(STORE_LIMIT_MS, () => store.set(key, note, SHARED_MS));
  return outcome;
}

async function orNothing<T>(ms: number, call: () => Promise<T>): Promise<T | undefined> {
  return inTime(
    ms,
    async () => call(),
    () => new Error('late'),
  ).catch(() => undefined);
}
