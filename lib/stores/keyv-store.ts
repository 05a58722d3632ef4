import { WechatAuthError } from '../errors';
import { storeFailure, tokensIn, type StoreFacts } from './call-store';
import { TokenRecords, type EncryptionOptions } from './token-record';
import { wholeTTL, type TokenData, type TokenStore } from './token-store';

/** The methods of a Keyv, or of an object like it, that the store uses. */
export interface KeyvLike {
  /** The value, or `undefined`. */
  get(key: string): Promise<unknown>;
  /** `false` if it was not written. */
  set(key: string, value: unknown, ttlMs?: number): Promise<unknown>;
  /** Whether there was a value. */
  delete(key: string): Promise<unknown>;
  /** Since Keyv 5. Unlike `get`, it distinguishes a failed read from a missing value. */
  getRaw?(
    key: string,
  ): Promise<{ /** The value that `get` resolves with. */ readonly value?: unknown } | undefined>;
  /** Keyv emits this event for failures that its results do not show. */
  on?(event: 'error', listener: (error: unknown) => void): unknown;
}

/**
 * Tokens in any database that Keyv has an adapter for: SQL, MongoDB, etcd, … Keyv has no lock. So two
 * processes may refresh one token at the same time, which WeChat accepts.
 *
 * Keyv reports most failures by an event that does not name the call. If one call fails, the calls of this
 * store that are under way at the same time fail, too. Give this store a Keyv of its own, or the failures of
 * its other users count as well.
 *
 * @example
 * const keyv = new Keyv(new KeyvPostgres(process.env.DATABASE_URL));
 * app.use(wechatAuth({ tokenStore: new KeyvTokenStore(keyv) }));
 */
export class KeyvTokenStore implements TokenStore {
  readonly #keyv: KeyvLike;
  readonly #records: TokenRecords;
  /** How many errors the Keyv has reported by its event, and the message of the last one. */
  #errors = { count: 0, message: '' };
  readonly #beingWritten = new Set<TokenData>();

  /** @throws WechatAuthError of kind `config` if `keyv` is not a Keyv, or an encryption key is too short. */
  constructor(keyv: KeyvLike, options: EncryptionOptions = {}) {
    const { get, set, delete: remove } = (keyv as Partial<KeyvLike> | null | undefined) ?? {};
    if (![get, set, remove].every((method) => typeof method === 'function')) {
      throw new WechatAuthError(
        'config',
        'KeyvTokenStore was not given a Keyv. ' +
          'Give new Keyv(…), or an object with get, set and delete as Keyv has them.',
      );
    }
    this.#keyv = keyv;
    this.#records = new TokenRecords('KeyvTokenStore', options);
    keyv.on?.('error', (error) => {
      const { message } = this.#failure('its error event', error);
      this.#errors = { count: this.#errors.count + 1, message };
    });
  }

  /**
   * The token that was last saved under this key, or `undefined`.
   *
   * @throws WechatAuthError of kind `token_store` if Keyv failed, or if the value is not a token.
   */
  async get(key: string): Promise<TokenData | undefined> {
    const record = await this.#checked('get', async () =>
      this.#keyv.getRaw ? (await this.#keyv.getRaw(key))?.value : this.#keyv.get(key),
    );
    return record === undefined || record === null ? undefined : this.#records.read(key, record);
  }

  /**
   * Saves a token for `ttlMs` milliseconds.
   *
   * @throws WechatAuthError of kind `token_store` if Keyv failed or did not write.
   */
  async set(key: string, token: TokenData, ttlMs: number): Promise<void> {
    const record = this.#records.write(key, token);
    this.#beingWritten.add(token);
    try {
      // For a Keyv, 0 means no limit.
      const written = await this.#checked('set', () => this.#keyv.set(key, record, wholeTTL(ttlMs)));
      if (written === false) throw this.#failure('set', 'it did not write the token, and did not say why');
    } finally {
      this.#beingWritten.delete(token);
    }
  }

  /**
   * Deletes the token under this key, if there is one.
   *
   * @throws WechatAuthError of kind `token_store` if Keyv failed.
   */
  async delete(key: string): Promise<void> {
    await this.#checked('delete', () => this.#keyv.delete(key));
  }

  /**
   * Keyv resolves a failed call as if it had succeeded, and reports the failure by an event. So a call fails
   * if Keyv emitted an error during it.
   */
  async #checked<T>(call: string, work: () => Promise<T>): Promise<T> {
    const { count } = this.#errors;
    let result: T;
    try {
      result = await work();
    } catch (error) {
      throw this.#failure(call, error);
    }
    if (this.#errors.count === count) return result;
    throw new WechatAuthError('token_store', this.#errors.message);
  }

  #failure(call: string, error: unknown): WechatAuthError {
    return storeFailure(KEYV, { call, secrets: () => [...this.#beingWritten].flatMap(tokensIn) }, error);
  }
}

const KEYV: StoreFacts = { name: 'Keyv', kind: 'token_store' };
