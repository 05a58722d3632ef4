/**
 * Remembers which logins this process started, and in which session. Concurrent requests of one browser
 * overwrite each other's session, so that a session may lack a login that started in it.
 */
import { lazyCache, type LazyCache } from '../../lazy-cache';
import type { FinishingLogin } from './finishing-logins';
import type { PageFlow, WechatFlow } from '../../oauth/flows';
import { copyOf } from '../http/copy-of';
import { ticketOf, type PendingLogin, type SessionIds } from './pending-logins';

interface StartedLogin {
  readonly returnTo: string;
  readonly scope: string;
  readonly flow: PageFlow;
  /** See {@link PendingLogin.appid}. */
  readonly appid: string | undefined;
  /** When it started, in ms since 1970. */
  readonly at: number;
  /** Whether a phone started it to log a PC in (scan login). */
  readonly isForPC: boolean;
  /** The state of the login that this one restarts. */
  readonly replaces: string | undefined;
  /** Whether the app gave `data`. Only the session that started the login may get it. */
  readonly hasData: boolean;
  /** Whether a callback has used it, or the session has dropped it. */
  isSpent: boolean;
  /** Kept for a session with an id, and until it is spent. */
  pending: PendingLogin | undefined;
  /** Absent for a session without an id, such as one of cookie-session. */
  readonly session: SessionIds | undefined;
}

/** A login that a callback has finished, as far as other requests of the same browser need it. */
export interface FinishedLogin extends FinishingLogin {
  /** The granted scope. */
  readonly scope: string;
  readonly flow: WechatFlow;
  /** AppID of the account that the user logged in with. */
  readonly appid: string;
  /** When it finished, in ms since 1970. */
  readonly at: number;
}

/**
 * For this long after a login, a callback with the old cookies counts as one of the browser that logged in.
 */
const FINISHED_MS = 60_000;
const MAX_ENTRIES = 10_000;
/**
 * How many changes of a session's id are followed. Each scan login that starts in a session gives it a new
 * id.
 */
const MAX_RENEWALS = 10;

export class StartedLogins {
  /** By state. */
  readonly #started: LazyCache<StartedLogin>;
  /**
   * By a hash of the cookies: the login that a callback with these cookies finishes. If it fails or restarts,
   * the login before it.
   */
  readonly #finishes = lazyCache<Promise<FinishedLogin | undefined>>({ max: MAX_ENTRIES, ttl: FINISHED_MS });

  /** By the id of a session: the id that it replaced although nobody logged in, and when. */
  readonly #renewals: LazyCache<{ readonly id: string; readonly at: number }>;

  /** @param loginTimeout lifetime of a pending login, in ms */
  constructor(loginTimeout: number) {
    this.#started = lazyCache({ max: MAX_ENTRIES, ttl: loginTimeout });
    this.#renewals = lazyCache({ max: MAX_ENTRIES, ttl: loginTimeout });
  }

  record(state: string, pending: PendingLogin, session: SessionIds | undefined, replaces?: string): void {
    const { scope, flow, appid, at } = pending;
    const returnTo = copyOf(pending.returnTo);
    this.#started().set(state, {
      returnTo,
      scope,
      flow,
      appid,
      at,
      session,
      isForPC: ticketOf(pending) !== undefined,
      replaces,
      hasData: pending.data !== undefined,
      isSpent: false,
      pending: session && { ...pending, returnTo },
    });
  }

  /** The login of this state, whichever browser started it. */
  get(state: string): Readonly<StartedLogin> | undefined {
    return this.#started().get(state);
  }

  /** The session has got a new id, but nobody has logged in. */
  recordRenewal(before: SessionIds | undefined, after: SessionIds | undefined): void {
    if (before && after) this.#renewals().set(after.id, { id: before.id, at: Date.now() });
  }

  /**
   * The pending login of this state if it started in this very session. If somebody has logged in to the
   * session since then, its id has changed, and only the same user may finish the login.
   */
  pendingOf(state: string, session: SessionIds | undefined): PendingLogin | undefined {
    const started = this.#started().get(state);
    if (!session || !started?.pending || !started.session) return undefined;
    if (this.#hasStartedIn(session.id, started.session.id, started.pending.at)) return started.pending;
    const isBound = session.hasLogin && started.session.root === session.root;
    return isBound ? { ...started.pending, isBound } : undefined;
  }

  /**
   * Whether the session with the id `current` had the id `startedIn` at that time, and nobody has logged in
   * since then. A request in progress may have saved the session under its old id: what starts there later
   * does not count.
   */
  #hasStartedIn(current: string, startedIn: string, at: number): boolean {
    let id = current;
    let renewedAt = Infinity;
    for (let renewals = 0; renewals < MAX_RENEWALS; renewals++) {
      if (id === startedIn) return at <= renewedAt;
      const renewal = this.#renewals().get(id);
      if (!renewal) return false;
      ({ id, at: renewedAt } = renewal);
    }
    return false;
  }

  /** These states no longer count as pending: a callback has used them, or the session has dropped them. */
  spend(states: readonly string[]): void {
    for (const state of states) {
      const started = this.#started().peek(state);
      if (!started) continue;
      started.isSpent = true;
      started.pending = undefined;
    }
  }

  /**
   * Records that a callback with these cookies finishes a login. The other tabs of this browser send the same
   * cookies until the response of that callback arrives.
   *
   * @param login resolves to the login, or to `undefined` if nobody was logged in
   */
  recordFinish(
    cookies: string,
    { state, root }: FinishingLogin,
    login: Promise<Pick<FinishedLogin, 'scope' | 'flow' | 'appid'> | undefined>,
  ): void {
    if (!cookies) return;
    const before = this.#finishes().get(cookies);
    const outcome = login.then(
      (finished) => {
        if (!finished) return before;
        const { scope, flow, appid } = finished;
        return { state, root, scope, flow, appid, at: Date.now() };
      },
      () => before,
    );
    this.#finishes().set(cookies, outcome);
    // A login that failed is forgotten: anybody can cause many of them.
    void outcome.then((finished) => {
      const isLatest = this.#finishes().peek(cookies) === outcome;
      if (finished === undefined && isLatest) this.#finishes().delete(cookies);
    });
  }

  /** The login that a callback with these cookies has finished. Waits for one that is about to. */
  async finishedWith(cookies: string): Promise<FinishedLogin | undefined> {
    return cookies === '' ? undefined : this.#finishes().get(cookies);
  }
}
