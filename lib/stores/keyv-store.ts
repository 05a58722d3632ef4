import { WechatAuthError, isWechatError } from '../errors';
import { storeFailure } from './store-failure';
import { TokenRecords, type EncryptionOptions } from './token-record';
import type { TokenData, TokenStore } from './token-store';

/** What is used of a Keyv, or of what is shaped like one. */
export interface KeyvLike {
  /** The value, or `undefined`. */
  get(key: string): Promise<unknown>;
  /** False: it was not written. */
  set(key: string, value: unknown, ttlMs?: number): Promise<unknown>;
  /** Whether there was one. */
  delete(key: string): Promise<unknown>;
  /** Keyv 5: tells a read that failed from nothing there. */
  getRaw?(key: string): Promise<{ /** As `get` gives it. */ value?: unknown } | undefined>;
  /** By this event Keyv tells of failures that its answers hide. */
  on?(event: 'error', listener: (error: unknown) => void): unknown;
}

/** Options of `new KeyvTokenStore()`. */
export type KeyvTokenStoreOptions = EncryptionOptions;

/**
 * Tokens in whatever Keyv has an adapter for: SQL, MongoDB, etcd, … Keyv has no lock: two processes may refresh one token at the same
 * time, which WeChat takes.
 *
 * @example
 * app.use(wechatAuth({ tokenStore: new KeyvTokenStore(new Keyv(new KeyvPostgres(process.env.DATABASE_URL))) }));
 */
export class KeyvTokenStore implements TokenStore {
  readonly #keyv: KeyvLike;
  readonly #records: TokenRecords;
  /** How often Keyv has told of an error, and what it said last. */
  #errors = { count: 0, said: '' };
  readonly #beingWritten = new Set<TokenData>();

  /** @throws WechatAuthError of kind `config` where it is no Keyv, or a key to encrypt with is none. */
  constructor(keyv: KeyvLike, options: KeyvTokenStoreOptions = {}) {
    const { get, set, delete: remove } = (keyv as Partial<KeyvLike> | null | undefined) ?? {};
    if (![get, set, remove].every((method) => typeof method === 'function')) {
      throw new WechatAuthError(
        'config',
        'KeyvTokenStore was given no Keyv. Give new Keyv(…), or what has get, set and delete as Keyv has.',
      );
    }
    this.#keyv = keyv;
    this.#records = new TokenRecords('KeyvTokenStore', options);
    keyv.on?.('error', (error) => {
      const { message } = storeFailure('Keyv', 'its error event', error, [...this.#beingWritten]);
      this.#errors = { count: this.#errors.count + 1, said: message };
    });
  }

  /**
   * What was last saved under this key, or `undefined`.
   *
   * @throws WechatAuthError of kind `token_store` where Keyv failed, or what is there is no token of ours.
   */
  async get(key: string): Promise<TokenData | undefined> {
    const record = await this.#told('get', async () =>
      this.#keyv.getRaw ? (await this.#keyv.getRaw(key))?.value : this.#keyv.get(key),
    );
    return record === undefined || record === null ? undefined : this.#records.read(key, record);
  }

  /**
   * Saves a token for `ttlMs` milliseconds.
   *
   * @throws WechatAuthError of kind `token_store` where Keyv failed or did not write.
   */
  async set(key: string, token: TokenData, ttlMs: number): Promise<void> {
    const record = this.#records.write(key, token);
    this.#beingWritten.add(token);
    try {
      const said = await this.#told('set', () => this.#keyv.set(key, record, ttlMs));
      if (said === false)
        throw storeFailure('Keyv', 'set', 'it did not write the token, and did not say why');
    } finally {
      this.#beingWritten.delete(token);
    }
  }

  /**
   * Forgets what is saved under this key, if anything.
   *
   * @throws WechatAuthError of kind `token_store` where Keyv failed.
   */
  async delete(key: string): Promise<void> {
    await this.#told('delete', () => this.#keyv.delete(key));
  }

  /** Keyv and its adapters tell of most errors by an event, and answer as if all were well. */
  async #told<T>(call: string, work: () => Promise<T>): Promise<T> {
    const { count } = this.#errors;
    try {
      const answer = await work();
      if (this.#errors.count === count) return answer;
    } catch (error) {
      throw isWechatError(error) ? error : storeFailure('Keyv', call, error, [...this.#beingWritten]);
    }
    throw new WechatAuthError('token_store', this.#errors.said);
  }
}
