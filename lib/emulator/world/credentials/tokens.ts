import { BoundedMap } from '../bounded-map';
import type { EmulatorClock } from '../clock';
import type { Grant } from './grants';
import { randomToken } from '../random';

/** In seconds, like `expires_in` in WeChat's response. */
export const ACCESS_TOKEN_LIFETIME = 7200;
const REFRESH_TOKEN_LIFETIME_MS = 30 * 24 * 3600 * 1000;

const MOST_TOKENS = 50_000;

/** An access token and its refresh token. */
export interface TokenPair {
  readonly grant: Grant;
  accessToken: string;
  accessExpiresAt: number;
  refreshToken: string;
  readonly refreshExpiresAt: number;
  /**
   * Whether the refresh token was revoked: refreshing then fails with 40030. The access token stays valid.
   */
  revoked: boolean;
  /** Whether the user has changed the password since the login: refreshing then fails with 42007. */
  passwordChanged: boolean;
}

/** Access tokens live 2 hours, refresh tokens 30 days. Refreshing does not extend a refresh token (无法续期). */
export class IssuedTokens {
  readonly #byAccess: BoundedMap<TokenPair>;
  readonly #byRefresh: BoundedMap<TokenPair>;

  /** `onForget` is called when a token that is still valid is dropped. */
  constructor(
    readonly clock: EmulatorClock,
    onForget: (most: number) => void,
  ) {
    this.#byAccess = new BoundedMap(MOST_TOKENS, ({ accessExpiresAt }) => {
      if (clock.now() < accessExpiresAt) onForget(MOST_TOKENS);
    });
    this.#byRefresh = new BoundedMap(MOST_TOKENS, ({ refreshExpiresAt, revoked }) => {
      if (!revoked && clock.now() < refreshExpiresAt) onForget(MOST_TOKENS);
    });
  }

  issue(grant: Grant): TokenPair {
    const now = this.clock.now();
    const pair: TokenPair = {
      grant,
      accessToken: randomToken(),
      accessExpiresAt: now + ACCESS_TOKEN_LIFETIME * 1000,
      refreshToken: randomToken(),
      refreshExpiresAt: now + REFRESH_TOKEN_LIFETIME_MS,
      revoked: false,
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

  /**
   * Extends the access token if it is valid. Replaces it if it has expired; the old one is kept, so that it
   * is refused as expired (42001) and not as unknown (40001).
   */
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
    const pair = this.#byRefresh.get(refreshToken);
    if (pair) pair.revoked = true;
  }

  /** The pairs that match, including revoked pairs and those of replaced access tokens. */
  filter(matches: (pair: TokenPair) => boolean): TokenPair[] {
    return [...new Set([...this.#byRefresh.values(), ...this.#byAccess.values()])].filter(matches);
  }

  clear(): void {
    this.#byAccess.clear();
    this.#byRefresh.clear();
  }
}
