import { BoundedMap } from '../bounded-map';
import type { EmulatorClock } from '../clock';
import type { Grant } from './grants';
import { randomToken } from '../random';

/** Seconds, as WeChat's answer states it. */
export const ACCESS_TOKEN_LIFETIME = 7200;
const REFRESH_TOKEN_LIFETIME_MS = 30 * 24 * 3600 * 1000;

export interface TokenPair {
  readonly grant: Grant;
  accessToken: string;
  accessExpiresAt: number;
  refreshToken: string;
  readonly refreshExpiresAt: number;
  /** The user changed the password: 42007 for as long as the pair is remembered. */
  passwordChanged: boolean;
}

/** Access tokens (2 h) and refresh tokens (30 days, fixed: 无法续期). */
export class TokenBook {
  readonly #byAccess = new BoundedMap<TokenPair>(10_000);
  readonly #byRefresh = new BoundedMap<TokenPair>(10_000);

  constructor(readonly clock: EmulatorClock) {}

  issue(grant: Grant): TokenPair {
    const now = this.clock.now();
    const pair: TokenPair = {
      grant,
      accessToken: randomToken(),
      accessExpiresAt: now + ACCESS_TOKEN_LIFETIME * 1000,
      refreshToken: randomToken(),
      refreshExpiresAt: now + REFRESH_TOKEN_LIFETIME_MS,
      passwordChanged: false,
    };
    this.#byAccess.set(pair.accessToken, pair);
    this.#byRefresh.set(pair.refreshToken, pair);
    return pair;
  }

  byAccessToken(token: string): TokenPair | undefined {
    return this.#byAccess.get(token);
  }

  byRefreshToken(token: string): TokenPair | undefined {
    return this.#byRefresh.get(token);
  }

  /** A live access token stays the same and lives on; an expired one is replaced, and stays known as expired. */
  refresh(pair: TokenPair, rotate: boolean): void {
    const now = this.clock.now();
    const expired = now >= pair.accessExpiresAt;
    if (expired) {
      this.#byAccess.set(pair.accessToken, { ...pair });
      pair.accessToken = randomToken();
      this.#byAccess.set(pair.accessToken, pair);
    }
    pair.accessExpiresAt = now + ACCESS_TOKEN_LIFETIME * 1000;
    if (expired && rotate) {
      this.#byRefresh.delete(pair.refreshToken);
      pair.refreshToken = randomToken();
      this.#byRefresh.set(pair.refreshToken, pair);
    }
  }

  expire(accessToken: string): void {
    const pair = this.#byAccess.get(accessToken);
    if (pair) pair.accessExpiresAt = this.clock.now();
  }

  revoke(refreshToken: string): void {
    this.#byRefresh.delete(refreshToken);
  }

  /** All pairs that some rule picks, e.g. those of one user. */
  where(rule: (pair: TokenPair) => boolean): TokenPair[] {
    return [...this.#byRefresh.values()].filter(rule);
  }
}
