import type { Cookie, Part, Session, Storage } from './words';

/** Where sessions rest. cookie-session: each write makes another cookie, and the old ones stay good. express-session: behind an id. */
export class Sessions {
  readonly #storage: Storage;
  readonly #all = new Map<Cookie, Session>();
  #last = 0;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  read(cookie: Cookie): Session {
    const empty = (): Part => ({ pending: {}, done: {} });
    return structuredClone(this.#all.get(cookie) ?? { main: empty(), staff: empty() });
  }

  /** @param renew with a new id, where there are ids */
  write(cookie: Cookie, session: Session, renew = false): Cookie {
    if (!renew && JSON.stringify(session) === JSON.stringify(this.read(cookie))) return cookie;
    const hasIds = this.#storage === 'express-session';
    if (hasIds && renew) this.#all.delete(cookie);
    const to = hasIds && this.#all.has(cookie) ? cookie : ++this.#last;
    this.#all.set(to, structuredClone(session));
    return to;
  }

  /** For who read it before it was written. */
  restore(cookie: Cookie, session: Session): void {
    this.#all.set(cookie, structuredClone(session));
  }
}
