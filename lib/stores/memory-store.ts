import { WechatAuthError } from '../errors';
import { lazyCache, type LazyCache } from '../lazy-cache';
import { wholeTTL, type TokenData, type TokenStore } from './token-store';

/** Options of `new MemoryTokenStore()`. */
export interface MemoryTokenStoreOptions {
  /**
   * The most tokens to keep. Beyond that, the least recently used token is deleted.
   *
   * @default 20000
   */
  readonly max?: number | undefined;
}

/**
 * Tokens in the memory of this process, up to a maximum. Other processes do not see them, and a restart loses
 * them.
 *
 * @example
 * app.use(wechatAuth({ tokenStore: new MemoryTokenStore({ max: 100_000 }) }));
 */
export class MemoryTokenStore implements TokenStore {
  readonly #tokens: LazyCache<TokenData>;

  /**
   * @param options the most tokens to keep
   * @throws WechatAuthError of kind `config` if `max` is not a whole number of at least 1.
   */
  constructor({ max = 20_000 }: MemoryTokenStoreOptions = {}) {
    if (!Number.isSafeInteger(max) || max < 1) {
      throw new WechatAuthError(
        'config',
        `MemoryTokenStore: max is ${String(max)}. Use a whole number of at least 1.`,
      );
    }
    this.#tokens = lazyCache({ max });
  }

  /** The token that was last saved under this key, or `undefined`. */
  get(key: string): Promise<TokenData | undefined> {
    return Promise.resolve(this.#tokens().get(key));
  }

  /** Saves a token for `ttlMs` milliseconds, unless more recently used tokens displace it. */
  set(key: string, token: TokenData, ttlMs: number): Promise<void> {
    // For an LRUCache, 0 means no limit.
    this.#tokens().set(key, token, { ttl: wholeTTL(ttlMs) });
    return Promise.resolve();
  }

  /** Deletes the token under this key, if there is one. */
  delete(key: string): Promise<void> {
    this.#tokens().delete(key);
    return Promise.resolve();
  }
}
