/**
 * The logouts that this process remembers, so that no request finishes a login that one of them has ended.
 */
import { lazyCache } from '../../lazy-cache';
import { SHARED_MS } from './across-processes';

const LIMITS = { max: 10_000, ttl: SHARED_MS } as const;

/**
 * What a logout ends: a login that a user had finished or was finishing, or one that was only pending.
 * Anybody can start any number of logins and end them by a logout. Only users of WeChat can finish them.
 */
export type EndedLogin = 'user' | 'pending';

/** Each record is a state, or the root of a session. */
export class Logouts {
  /** One cache of each kind, so that a flood of pending logins displaces no logout of a user. */
  readonly #records = { user: lazyCache<true>(LIMITS), pending: lazyCache<true>(LIMITS) };
  /** When the last record expires, in ms since 1970. */
  #until = 0;
  /** The logins that requests are finishing. A logout marks them here, where no flood displaces it. */
  readonly #inProgress = new Map<string, { requests: number; isEnded: boolean }>();

  /** @param lifetime of the record, in ms */
  record(stateOrRoot: string, ended: EndedLogin, lifetime: number): void {
    this.#records[ended]().set(stateOrRoot, true, { ttl: lifetime });
    this.#until = Math.max(this.#until, Date.now() + lifetime);
    const login = this.#inProgress.get(stateOrRoot);
    if (login) login.isEnded = true;
  }

  has(stateOrRoot: string): boolean {
    return (
      this.#records.user().has(stateOrRoot) ||
      this.#records.pending().has(stateOrRoot) ||
      this.#inProgress.get(stateOrRoot)?.isEnded === true
    );
  }

  /** Whether a record has not expired. */
  get hasAny(): boolean {
    // The size of the caches would count expired records. The clock is read only after a logout.
    return this.#until > 0 && Date.now() <= this.#until;
  }

  /**
   * Runs work that finishes these logins. A logout meanwhile is remembered until the work ends, and its
   * record is then the newest one.
   *
   * @param lifetime of that record, in ms
   */
  async during<T>(statesAndRoots: readonly string[], lifetime: number, work: () => Promise<T>): Promise<T> {
    for (const each of statesAndRoots) {
      const login = this.#inProgress.get(each) ?? { requests: 0, isEnded: this.has(each) };
      login.requests += 1;
      this.#inProgress.set(each, login);
    }
    try {
      return await work();
    } finally {
      for (const each of statesAndRoots) {
        const login = this.#inProgress.get(each);
        if (!login || --login.requests > 0) continue;
        this.#inProgress.delete(each);
        if (login.isEnded) this.record(each, 'user', lifetime);
      }
    }
  }
}
