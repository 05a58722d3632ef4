/** One login, several callbacks: WeChat calls back twice, with one code or with two, and may drop either answer. */
import crypto from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { LOCK_LIMIT_MS, STORE_LIMIT_MS, inTime } from '../../async/time-limit';
import { Guarded } from '../../async/once-under-lock';
import { keepsNotes, type Notes } from '../../stores/shared-cache';
import type { TokenStore } from '../../stores/token-store';
import type { PendingLogin } from './pending-logins';
import type { WechatSession } from './wechat-session';

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

interface Shared {
  readonly code: string;
  readonly outcome: Promise<Outcome>;
  settled: boolean;
}

export class SharedLogins {
  readonly #notes: Notes | undefined;
  readonly #shared = new LRUCache<string, Shared>({ max: MOST, ttl: SHARED_MS, perf: Date });
  readonly #served = new LRUCache<string, PendingLogin>({ max: MOST, ttl: SHARED_MS, perf: Date });
  readonly #over = new LRUCache<string, true>({ max: MOST, ttl: SHARED_MS, perf: Date });
  readonly #minted = new LRUCache<string, Minted>({ max: MOST });
  /** Made when first asked: most apps listen to no events. */
  #told: LRUCache<string, true> | undefined;

  /** Processes share their logins by a token store that keeps notes. */
  constructor(store?: TokenStore | Notes) {
    this.#notes = store && keepsNotes(store) ? store : undefined;
  }

  /**
   * Does the work once for a state, whoever asks meanwhile; afterwards only for who brings the same code: who planted a session's
   * cookie knows the state, but not the code that WeChat gave to another. A failure is told to all who wait, and not kept.
   */
  once({ state, code }: Answer, work: () => Promise<Outcome>): Promise<Outcome> {
    const known = this.#shared.get(state);
    if (known && (!known.settled || known.code === code)) return known.outcome;
    const outcome = this.#notes ? onceInFleet(this.#notes, { state, code }, work) : work();
    const shared: Shared = { code, outcome, settled: false };
    this.#shared.set(state, shared);
    outcome.then(
      () => (shared.settled = true),
      () => this.#shared.delete(state),
    );
    return outcome;
  }

  /** Ends the sharing of a login, at logout: nobody gets in by it any more. */
  async forget(states: readonly string[]): Promise<void> {
    for (const state of states) {
      this.#over.set(state, true);
      this.#shared.delete(state);
    }
    const notes = this.#notes;
    if (notes)
      await Promise.all(
        states.map((state) => orNothing(STORE_LIMIT_MS, () => notes.deleteNote(noteKey(state)))),
      );
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
    return this.#over.has(answer.state) ? undefined : this.#served.get(digest(answer));
  }

  /** Notes a login that sets out, for the case that its session does not come back with it. */
  minted(state: string, login: Minted): void {
    this.#minted.set(state, login);
  }

  /** Whether the end of this login was not told before. */
  isNews(id: string): boolean {
    this.#told ??= new LRUCache({ max: MOST, ttl: SHARED_MS, perf: Date });
    const isNews = !this.#told.has(id);
    this.#told.set(id, true);
    return isNews;
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
  return hash([cookies, code, state]);
}

/** The state is a secret, and keys get into error messages. */
function noteKey(state: string): string {
  return `login:${hash([state])}`;
}

function hash(parts: readonly string[]): string {
  return crypto.createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

type Asked = Pick<Answer, 'state' | 'code'>;

/** What one process puts down for the others. */
interface Note {
  readonly outcome: Outcome;
  readonly code: string;
  /** In ms since 1970, by the clock of who wrote it. */
  readonly at: number;
}

/** A store that fails here is no reason to fail: without it, the processes are as strangers. */
async function onceInFleet(notes: Notes, asked: Asked, work: () => Promise<Outcome>): Promise<Outcome> {
  const arrived = Date.now();
  const guarded = new Guarded(() => knownOr(notes, asked, arrived, work));
  await orNothing(LOCK_LIMIT_MS, () => notes.lock(noteKey(asked.state), () => guarded.run()));
  return guarded.outcomeOr(work);
}

/** What another process has put down, for this code or while we waited for it; else the work. */
async function knownOr(
  notes: Notes,
  { state, code }: Asked,
  arrived: number,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  const key = noteKey(state);
  const known = (await orNothing(STORE_LIMIT_MS, () => notes.readNote(key))) as Note | undefined;
  if (known && (known.code === hash([state, code]) || known.at >= arrived)) return known.outcome;
  const outcome = await work();
  const note: Note = { outcome, code: hash([state, code]), at: Date.now() };
  await orNothing(STORE_LIMIT_MS, () => notes.writeNote(key, note, SHARED_MS));
  return outcome;
}

async function orNothing<T>(ms: number, call: () => Promise<T>): Promise<T | undefined> {
  return inTime(
    ms,
    async () => call(),
    () => new Error('late'),
  ).catch(() => undefined);
}
