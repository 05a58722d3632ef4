import { WechatAuthError } from '../errors';
import { storeFailure, tokensIn, type StoreFacts } from './call-store';
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
 * Tokens in whatever Keyv has an adapter for: SQL, MongoDB, etcd, … Keyv has no lock: two processes may
 * refresh one token at the same time, which WeChat takes.
 *
 * @example
 * app.use(wechatAuth({ tokenStore: new KeyvTokenStore(new Keyv(new KeyvPostgres(process.env.DATABASE_URL))) }));
 */
export class KeyvTokenStore implements TokenStore {
  readonly #keyv: KeyvLike;
  readonly #records: TokenRecords;
  /** How many errors the Keyv has reported by its event, and the message of the last one. */
  #errors = { count: 0, message: '' };
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
      const { message } = this.#failure('its error event', error);
      this.#errors = { count: this.#errors.count + 1, message };
    });
  }

  /**
   * What was last saved under this key, or `undefined`.
   *
   * @throws WechatAuthError of kind `token_store` where Keyv failed, or what is there is no token of ours.
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
   * @throws WechatAuthError of kind `token_store` where Keyv failed or did not write.
   */
  async set(key: string, token: TokenData, ttlMs: number): Promise<void> {
    const record = this.#records.write(key, token);
    this.#beingWritten.add(token);
    try {
      const said = await this.#checked('set', () => this.#keyv.set(key, record, ttlMs));
      if (said === false) throw this.#failure('set', 'it did not write the token, and did not say why');
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
    await this.#checked('delete', () => this.#keyv.delete(key));
  }

  /**
   * Keyv and its adapters report most errors by an event, and resolve the call as if it had succeeded. The
   * event does not name the call. So every call that was under way when it came fails, also a call of another
   * user of the same Keyv.
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
