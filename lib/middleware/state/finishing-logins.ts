/**
 * The logins that requests are finishing, by the cookies of these requests. Until the response arrives, the
 * browser sends the same cookies with a logout, also to another process: the session that they name may no
 * longer exist. The logout then ends these logins.
 */
import { STORE_LIMIT_MS } from '../../async/time-limit';
import { isObject } from '../../is-object';
import { lazyCache } from '../../lazy-cache';
import type { SharedCache } from '../../stores/shared-cache';
import { orUndefined, SHARED_MS } from './across-processes';

/** A login that a request is finishing, as far as a logout needs it. */
export interface FinishingLogin {
  readonly state: string;
  /** The root of the session in which it started, if that session has an id. */
  readonly root?: string | undefined;
}

type Logins = readonly FinishingLogin[];

/** How many logins with the same cookies are kept: a client may post several codes at once. */
const MAX_LOGINS = 5;

/**
 * All records are kept for a minute. The cookies must be secret, because anybody who sends them ends the
 * logins. Without cookies there is no record.
 */
export class FinishingLogins {
  /**
   * By site and a hash of the cookies. Every `wechatAuth()` of this process shares them, because several may
   * use one session key, and so one login.
   */
  static readonly #logins = lazyCache<Logins>({ max: 10_000, ttl: SHARED_MS });

  readonly #cache: SharedCache | undefined;
  readonly #site: string;

  /** @param site session key and address: browsers send the same cookies to several apps of one host */
  constructor(cache: SharedCache | undefined, site: string) {
    this.#cache = cache;
    this.#site = site;
  }

  /** The logins that requests with these cookies finish, or have finished in the last minute. */
  async with(cookies: string): Promise<Logins> {
    if (cookies === '') return [];
    const key = this.#keyOf(cookies);
    const here = FinishingLogins.#logins().get(key) ?? [];
    const cache = this.#cache;
    if (!cache) return here;
    const elsewhere = await orUndefined(STORE_LIMIT_MS, () => cache.readCache(sharedKey(key)));
    // The cache has the records of all processes in their order, except those that could not be written.
    return merged(here, loginsOf(elsewhere));
  }

  /** Records that a request with these cookies finishes a login. */
  async record(cookies: string, login: FinishingLogin): Promise<void> {
    await this.#change(cookies, (logins) => merged(logins, [login]));
  }

  /** As record(), for a login that may still fail: anybody can post codes that WeChat refuses. */
  async recordDuring<T>(cookies: string, login: FinishingLogin, work: () => Promise<T>): Promise<T> {
    await this.record(cookies, login);
    try {
      return await work();
    } catch (error) {
      await this.#change(cookies, (logins) => logins.filter(({ state }) => state !== login.state));
      throw error;
    }
  }

  /**
   * Changes the records of this process before it waits for anything: otherwise, of two codes that a client
   * posts at once, one record would overwrite the other.
   */
  async #change(cookies: string, change: (logins: Logins) => Logins): Promise<void> {
    if (cookies === '') return;
    const key = this.#keyOf(cookies);
    const here = FinishingLogins.#logins();
    const logins = change(here.get(key) ?? []);
    if (logins.length > 0) here.set(key, logins);
    else here.delete(key);
    const cache = this.#cache;
    if (!cache) return;
    await orUndefined(STORE_LIMIT_MS, async () => {
      const shared = change(loginsOf(await cache.readCache(sharedKey(key))));
      // Meanwhile, this process may have recorded other logins of this client.
      const all = merged(here.get(key) ?? [], shared);
      if (all.length > 0) await cache.writeCache(sharedKey(key), all, SHARED_MS);
      else await cache.deleteCache(sharedKey(key));
    });
  }

  #keyOf(cookies: string): string {
    return `${cookies}:${this.#site}`;
  }
}

function loginsOf(entry: unknown): Logins {
  return Array.isArray(entry) ? entry.filter(isFinishingLogin) : [];
}

function isFinishingLogin(record: unknown): record is FinishingLogin {
  return isObject(record) && typeof (record as Partial<FinishingLogin>).state === 'string';
}

/** The newest logins, each once. */
function merged(older: Logins, newer: Logins): Logins {
  const isNewer = ({ state }: FinishingLogin): boolean => newer.some((login) => login.state === state);
  return [...older.filter((login) => !isNewer(login)), ...newer].slice(-MAX_LOGINS);
}

function sharedKey(key: string): string {
  return `finish:${key}`;
}
