/**
 * A token answer of WeChat ([access_token](https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsaccesstoken.html)) as it
 * is kept: WeChat's own field names, and when it was asked for.
 */
export interface TokenData {
  /** Lives `expires_in` seconds; 512 characters of room suffice. */
  readonly access_token: string;
  /** Seconds, 7200 so far. */
  readonly expires_in: number;
  /** Lives 30 days from the login. */
  readonly refresh_token?: string;
  /** Who this is for one app. */
  readonly openid: string;
  /** What the user granted, separated by commas. */
  readonly scope?: string;
  /** Only where the app is bound to an Open Platform account, and not for `snsapi_base`. */
  readonly unionid?: string;
  /** 1 for a virtual account of the snapshot page, else absent. */
  readonly is_snapshotuser?: number;
  /** When WeChat was asked, in ms since 1970. */
  readonly create_at: number;
  /** Fields that WeChat adds later are kept. */
  readonly [field: string]: unknown;
}

/**
 * Where tokens rest. The contract:
 *
 * - `get` resolves with what was last `set` under this very key, equal field by field, or `undefined` where there is none,
 *   where it was deleted, or where its time is over.
 * - `set` resolves when another reader of the same store would get the token; a write that did not happen rejects.
 * - `ttlMs` is a time to live in milliseconds, counted from the write: the life of the refresh token, not of the access token.
 * - `delete` of what is not there is no error.
 * - `lock`, where offered, runs `fn` while no other holder of the same key runs, in this process and in others that share the
 *   store, and settles as `fn` does. A holder that died blocks the others for 8 s at most.
 *
 * Keys are `appid:openid`. Tokens are secrets: a store neither logs nor lists them. {@link tokenStoreTests} checks all this.
 */
export interface TokenStore {
  /** What was last saved under this key, or `undefined`. */
  get(key: string): Promise<TokenData | undefined>;
  /** Saves a token for `ttlMs` milliseconds: 30 days, the life of its refresh token. */
  set(key: string, token: TokenData, ttlMs: number): Promise<void>;
  /** Forgets what is saved under this key, if anything. */
  delete(key: string): Promise<void>;
  /** Runs `fn` while no other holder of this key runs. Without it, two processes may refresh one token at the same time. */
  lock?<T>(key: string, fn: () => Promise<T>): Promise<T>;
}

/** How long a record is worth keeping: the life of a refresh token. WeChat: 30 days, and it cannot be prolonged. */
export const TOKEN_TTL_MS = 30 * 24 * 60 * 60 * 1000;
