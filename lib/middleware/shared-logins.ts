/** One login, several callbacks: WeChat calls back twice, with one code or with two, and may drop either answer. */
import { LRUCache } from 'lru-cache';
import type { WechatSession } from './session';

/** What came of a login: a user for the session, or the state of the login that replaces it. */
export type Outcome = { readonly session: WechatSession } | { readonly restart: string };

/** How long a second callback may follow the first and share what came of it. */
const SHARED_MS = 60_000;
const MOST = 10_000;

export class SharedLogins {
  readonly #outcomes = new LRUCache<string, Promise<Outcome>>({ max: MOST, ttl: SHARED_MS, perf: Date });
  /** Under which host a state was minted here: tells a lost cookie from another host, when one does not come back. */
  readonly #hosts = new LRUCache<string, string>({ max: MOST });

  /** Does the work once for a state, whoever asks meanwhile or shortly after. A failure is told to all who wait, and not kept. */
  once(state: string, work: () => Promise<Outcome>): Promise<Outcome> {
    const shared = this.#outcomes.get(state);
    if (shared) return shared;
    const started = work();
    this.#outcomes.set(state, started);
    started.catch(() => this.#outcomes.delete(state));
    return started;
  }

  minted(state: string, host: string): void {
    this.#hosts.set(state, host);
  }

  hostOf(state: string): string | undefined {
    return this.#hosts.get(state);
  }
}
