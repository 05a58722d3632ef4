import expressSession from 'express-session';
import type { HostRequest } from '../../lib/middleware/http/request';
import { cookies } from './app';
import type { Host, Middleware } from './hosts';

type Done = (error?: Error | null) => void;

/** express-session's memory store, which a test can slow down, break or silence. */
export class FaultySessionStore extends expressSession.MemoryStore {
  /** How long a save takes, in ms. */
  delay = 0;
  /** Whether each kind of call succeeds, fails, or never calls back. */
  readonly behaviour: Record<'set' | 'destroy', 'healthy' | 'broken' | 'silent'> = {
    set: 'healthy',
    destroy: 'healthy',
  };
  /** The ids of all saved sessions, in order. */
  readonly saved: string[] = [];

  override set(id: string, session: expressSession.SessionData, done?: Done): void {
    this.#behave('set', done, () => {
      setTimeout(() => {
        super.set(id, session, (error?: Error | null) => {
          this.saved.push(id);
          done?.(error);
        });
      }, this.delay);
    });
  }

  override destroy(id: string, done?: Done): void {
    this.#behave('destroy', done, () => {
      super.destroy(id, done);
    });
  }

  #behave(call: 'set' | 'destroy', done: Done | undefined, work: () => void): void {
    const behaviour = this.behaviour[call];
    if (behaviour === 'healthy') work();
    else if (behaviour === 'broken') setImmediate(() => done?.(new Error(`${call} is out of order`)));
  }
}

/** express-session's memory store, as far away as a store on another machine: each call takes this long. */
export class SlowSessionStore extends expressSession.MemoryStore {
  readonly #ms: number;

  constructor(ms: number) {
    super();
    this.#ms = ms;
  }

  override get(
    id: string,
    done: (error: unknown, session?: expressSession.SessionData | null) => void,
  ): void {
    setTimeout(() => super.get(id, done), this.#ms);
  }

  override set(id: string, session: expressSession.SessionData, done?: Done): void {
    setTimeout(() => super.set(id, session, done), this.#ms);
  }

  override destroy(id: string, done?: Done): void {
    setTimeout(() => super.destroy(id, done), this.#ms);
  }
}

export function serverSessions(
  store: expressSession.Store = new FaultySessionStore(),
  options: Partial<expressSession.SessionOptions> = {},
): Middleware {
  return expressSession({
    store,
    secret: 'test key',
    resave: false,
    saveUninitialized: false,
    ...options,
  }) as unknown as Middleware;
}

/** A store that the library does not take for a MemoryStore, because no property of it holds the sessions. */
export class OpaqueStore extends expressSession.Store {
  readonly #table = new expressSession.MemoryStore();
  override get = this.#table.get.bind(this.#table);
  override set = this.#table.set.bind(this.#table);
  override destroy = this.#table.destroy.bind(this.#table);
  override clear = this.#table.clear.bind(this.#table);
}

/** The two kinds of session: in the cookie itself, and in a store under an id. */
export const SESSIONS = {
  'cookie-session': () => cookies(),
  'express-session': () => serverSessions(),
} as const;
export type SessionName = keyof typeof SESSIONS;
export const SESSION_NAMES = Object.keys(SESSIONS) as SessionName[];

/** Calls a function with each request that has just got its session, before the app handles it. */
export function withSession(session: Middleware, onSession: (req: HostRequest) => void): Middleware {
  return (req, res, next) => {
    session(req, res, (error) => {
      onSession(req);
      next(error);
    });
  };
}

/** `/put?cart=3` writes to the session, as an app would. */
export function putRoute(app: Host): void {
  app.use('/put', (req: HostRequest, res) => {
    Object.assign(
      (req as unknown as { session: object }).session,
      Object.fromEntries(new URL(req.url ?? '', 'http://x').searchParams),
    );
    res.end();
  });
}
