import type { Cookie, SessionIds, Session, SiteSession, Storage } from './terms';

/**
 * Where sessions are stored. With cookie-session, each write makes a new cookie and the old ones stay valid;
 * with express-session, the cookie is the id of a stored session.
 */
export class Sessions {
  readonly #storage: Storage;
  readonly #all = new Map<Cookie, Session>();
  #last = 0;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  read(cookie: Cookie): Session {
    const empty = (): SiteSession => ({ pending: {}, done: {} });
    return structuredClone(this.#all.get(cookie) ?? { main: empty(), staff: empty() });
  }

  /** The ids of this session of one site; undefined for a session without an id. */
  sessionIdsOf(cookie: Cookie, { root }: SiteSession): SessionIds | undefined {
    if (this.#storage !== 'express-session' || !this.#all.has(cookie)) return undefined;
    return { id: cookie, root: root ?? cookie };
  }

  /** Whether the request gets a new session with an id, which is not stored yet. */
  isNew(cookie: Cookie): boolean {
    return this.#storage === 'express-session' && !this.#all.has(cookie);
  }

  /** @param regenerate whether the session gets a new id, if the storage has ids */
  write(cookie: Cookie, session: Session, regenerate = false): Cookie {
    if (!regenerate && JSON.stringify(session) === JSON.stringify(this.read(cookie))) return cookie;
    const hasIds = this.#storage === 'express-session';
    if (hasIds && regenerate) this.#all.delete(cookie);
    const to = hasIds && this.#all.has(cookie) ? cookie : ++this.#last;
    this.#all.set(to, structuredClone(session));
    return to;
  }

  /** Restores the session that a concurrent request had read before this one wrote it. */
  restore(cookie: Cookie, session: Session): void {
    this.#all.set(cookie, structuredClone(session));
  }
}
