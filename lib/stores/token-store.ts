/**
 * A token as it is stored: WeChat's response
 * ([access_token](https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsaccesstoken.html))
 * with its own field names, and when it was requested.
 */
export interface TokenData {
  /** Valid for `expires_in` seconds. At most 2,048 characters; WeChat's have about 110. */
  readonly access_token: string;
  /** In seconds. WeChat sends 7200. */
  readonly expires_in: number;
  /** Valid for 30 days from the login. At most 2,048 characters. */
  readonly refresh_token?: string;
  /** The user's id for this app: 1 to 64 characters of A-Z, a-z, 0-9, `_` and `-`. */
  readonly openid: string;
  /** The scopes that the user granted, separated by commas. */
  readonly scope?: string;
  /** Only if the app is bound to an Open Platform account, and not for `snsapi_base`. */
  readonly unionid?: string;
  /** 1 for a virtual account of the snapshot page; otherwise absent. */
  readonly is_snapshotuser?: number;
  /** When the token was requested, in ms since 1970. */
  readonly create_at: number;
  /**
   * When the user logged in, in ms since 1970, if the token was refreshed since then. WeChat counts the life
   * of the refresh token from the login.
   */
  readonly login_at?: number;
  /**
   * Fields that WeChat adds later are kept. A response in which one has more than 1,024 characters of JSON is
   * refused.
   */
  readonly [field: string]: unknown;
}

/**
 * A store of tokens. Its contract:
 *
 * - `get` resolves with the token that was last `set` under exactly this key, equal field by field. It
 *   resolves with `undefined` if there is none, if it was deleted, or if its time is over.
 * - `set` resolves when every reader of the same store would get the token. It rejects if the token was not
 *   written.
 * - `ttlMs` is the time to live in milliseconds, counted from the write. It is the lifetime of the refresh
 *   token, not of the access token.
 * - `delete` of a key without a token is not an error.
 * - `lock`, if offered, runs `fn` while no other holder of the same key runs, in this process or any other
 *   that shares the store. It settles as `fn` does. A holder whose process died blocks the others for at most
 *   8 s.
 *
 * Keys are `appid:openid`. Tokens are secrets: a store neither logs nor lists them.
 *
 * {@link tokenStoreTests} checks these rules within one process. It does not check what happens if a write
 * fails or a holder dies, or whether the store logs or lists tokens.
 */
export interface TokenStore {
  /** The token that was last saved under this key, or `undefined`. */
  get(key: string): Promise<TokenData | undefined>;
  /** Saves a token for `ttlMs` milliseconds: 30 days, the life of its refresh token. */
  set(key: string, token: TokenData, ttlMs: number): Promise<void>;
  /** Deletes the token under this key, if there is one. */
  delete(key: string): Promise<void>;
  /**
   * Runs `fn` while no other holder of this key runs. Without it, two processes may refresh one token at the
   * same time.
   */
  lock?<T>(key: string, fn: () => Promise<T>): Promise<T>;
}

/**
 * How long a record is kept after its last write: 30 days, the lifetime of a refresh token. WeChat counts
 * that lifetime from the login, so the record of a refreshed token may outlive its refresh token.
 */
export const TOKEN_TTL_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * A time to live in whole milliseconds, at least 1: databases and caches refuse 0, or keep the record
 * forever.
 */
export function wholeTTL(ttlMs: number): number {
  return Math.max(1, Math.ceil(ttlMs));
}
