/** One login, several callbacks: WeChat calls back twice, with one code or with two, and may drop either answer. */
import crypto from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { PendingLogin } from './login-state';
import type { WechatSession } from './session';

/** What came of a login: a user for the session, or the state of the login that replaces it. */
export type Outcome = { readonly session: WechatSession } | { readonly restart: string };

/** How long a second callback may follow the first and share what came of it. */
const SHARED_MS = 60_000;
const MOST = 10_000;

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
  readonly #outcomes = new LRUCache<string, Promise<Outcome>>({ max: MOST, ttl: SHARED_MS, perf: Date });
  readonly #served = new LRUCache<string, PendingLogin>({ max: MOST, ttl: SHARED_MS, perf: Date });
  readonly #minted = new LRUCache<string, Minted>({ max: MOST });

  /** Does the work once for a state, whoever asks meanwhile or shortly after. A failure is told to all who wait, and not kept. */
  once(state: string, work: () => Promise<Outcome>): Promise<Outcome> {
    const shared = this.#outcomes.get(state);
    if (shared) return shared;
    const started = work();
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
