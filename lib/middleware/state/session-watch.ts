/**
 * What one `wechatAuth()` has seen of the app's sessions. When a session is missing or has lost a login, it
 * shows why.
 */
import { lazyCache, type LazyCache } from '../../lazy-cache';
import { copyOf } from '../http/copy-of';
import { fullURL, pathOf, type HostRequest } from '../http/request';
import { shortHash } from './hash';
import { ownValue, type Session } from './session';

/** The request that started a login. */
export interface LoginStart {
  /** As the request named it. */
  readonly host: string;
  /** In ms since 1970. */
  readonly at: number;
  /**
   * Whether the browser used https, also if only a proxy says so. For a restart: whether it did when the
   * login first started.
   */
  readonly isHTTPS: boolean;
  /**
   * A digest of the session cookie that the browser has after the response; `undefined` if it has none. It is
   * set when the response is sent.
   */
  cookieDigest: string | undefined;
}

const MAX_STARTS = 10_000;
const MAX_PATHS = 50;
/** A longer path is not recorded: paths come from requests, and the memory for them has a limit. */
const MAX_PATH_LENGTH = 200;
const MAX_NAME_LENGTH = 200;

export class SessionWatch {
  /** The name of express-session's cookie, as a response has set it. */
  #cookieName: string | undefined;
  /** The `path` of express-session's cookie. */
  #cookiePath: string | undefined;
  /** Paths that have had a session. */
  readonly #paths = new Set<string>();
  /** By state. */
  readonly #starts: LazyCache<LoginStart>;

  /** @param loginTimeout lifetime of a pending login, in ms */
  constructor(loginTimeout: number) {
    this.#starts = lazyCache({ max: MAX_STARTS, ttl: loginTimeout });
  }

  get cookieName(): string | undefined {
    return this.#cookieName;
  }

  get cookiePath(): string | undefined {
    return this.#cookiePath;
  }

  /** Records that this request has a session. */
  recordSession(req: HostRequest, session: Session): void {
    const cookie = ownValue(session, 'cookie') as { path?: unknown } | undefined;
    if (typeof cookie?.path === 'string') this.#cookiePath = cookie.path;
    if (this.#paths.size >= MAX_PATHS) return;
    const path = pathOf(fullURL(req));
    if (path.length <= MAX_PATH_LENGTH && !this.#paths.has(path)) this.#paths.add(copyOf(path));
  }

  /** Whether an earlier request of this path had a session. */
  hadSession(req: HostRequest): boolean {
    return this.#paths.has(pathOf(fullURL(req)));
  }

  recordCookieName(name: string): void {
    if (name.length <= MAX_NAME_LENGTH) this.#cookieName = name;
  }

  recordStart(state: string, start: LoginStart): void {
    this.#starts().set(state, start);
  }

  /** The start of this login, if it was in this process. */
  startOf(state: string): LoginStart | undefined {
    return this.#starts().get(state);
  }
}

/** A short hash of a session cookie, to compare it without keeping it. */
export function digestOf(value: string): string {
  return shortHash([value]);
}
