import expressSession from 'express-session';
import type { HostRequest } from '../../lib/middleware/http/request';
import { cookies } from './app';
import type { Middleware } from './hosts';

type Done = (error?: Error | null) => void;

/** express-session's own store, which a test can slow down, break or silence. */
export class MoodyStore extends expressSession.MemoryStore {
  /** Ms until a save is done. */
  delay = 0;
  /** What each kind of call does: its work, an error, or nothing ever. */
  readonly mood: Record<'set' | 'destroy', 'well' | 'broken' | 'silent'> = { set: 'well', destroy: 'well' };
  /** Every save that was done, in order. */
  readonly saved: string[] = [];

  override set(id: string, session: expressSession.SessionData, done?: Done): void {
    this.#do('set', done, () => {
      setTimeout(() => {
        super.set(id, session, (error?: Error | null) => {
          this.saved.push(id);
          done?.(error);
        });
      }, this.delay);
    });
  }

  override destroy(id: string, done?: Done): void {
    this.#do('destroy', done, () => {
      super.destroy(id, done);
    });
  }

  #do(what: 'set' | 'destroy', done: Done | undefined, work: () => void): void {
    const mood = this.mood[what];
    if (mood === 'well') work();
    else if (mood === 'broken') setImmediate(() => done?.(new Error(`${what} is out of order`)));
  }
}

export function serverSessions(
  store: expressSession.Store = new MoodyStore(),
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

/** The two ways to keep a session: in the cookie, or behind an id. */
export const SESSIONS = {
  'cookie-session': () => cookies(),
  'express-session': () => serverSessions(),
} as const;
export type SessionName = keyof typeof SESSIONS;
export const SESSION_NAMES = Object.keys(SESSIONS) as SessionName[];

/** Looks at each request once its session is there, and before anybody acts on it. */
export function withSession(session: Middleware, look: (req: HostRequest) => void): Middleware {
  return (req, res, next) => {
    session(req, res, (error) => {
      look(req);
      next(error);
    });
  };
}
