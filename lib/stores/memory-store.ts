import { LRUCache } from 'lru-cache';
import { WechatAuthError } from '../errors';
import type { TokenData, TokenStore } from './token-store';

/** Options of `new MemoryTokenStore()`. */
export interface MemoryTokenStoreOptions {
  /**
   * How many tokens are kept; the one not used for the longest time leaves first.
   *
   * @default 20000
   */
  readonly max?: number | undefined;
}

/**
 * Tokens in this process, bounded. A second process, or a restart, knows nothing of them.
 *
 * @example
 * app.use(wechatAuth({ tokenStore: new MemoryTokenStore({ max: 100_000 }) }));
 */
export class MemoryTokenStore implements TokenStore {
  readonly #tokens: LRUCache<string, TokenData>;

  /**
   * @param options how many tokens it keeps
   * @throws WechatAuthError of kind `config` where `max` is no whole number from 1 up.
   */
  constructor({ max = 20_000 }: MemoryTokenStoreOptions = {}) {
    if (!Number.isSafeInteger(max) || max < 1) {
      throw new WechatAuthError(
        'config',
        `MemoryTokenStore: max is ${String(max)}; use a whole number from 1 up.`,
      );
    }
    this.#tokens = new LRUCache({ max, perf: Date });
  }

  /** What was last saved under this key, or `undefined`. */
  get(key: string): Promise<TokenData | undefined> {
    return Promise.resolve(this.#tokens.get(key));
  }

  /** Saves a token for `ttlMs` milliseconds, or until it is the one not used for the longest time. */
  set(key: string, token: TokenData, ttlMs: number): Promise<void> {
    this.#tokens.set(key, token, { ttl: ttlMs });
    return Promise.resolve();
  }

  /** Forgets what is saved under this key, if anything. */
  delete(key: string): Promise<void> {
    this.#tokens.delete(key);
    return Promise.resolve();
  }
}
