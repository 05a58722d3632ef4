/**
 * Finds a valid token for an openid: in the cache, in the store, or by a refresh. For each openid, one
 * refresh runs at a time.
 */
import createDebug from 'debug';
import { performance } from 'node:perf_hooks';
import { NoOAuthTokenError, WechatAuthError, isWeChatAPIError } from '../../errors';
import { OnceUnderLock } from '../../async/once-under-lock';
import { LOCK_LIMIT_MS, STORE_LIMIT_MS } from '../../async/time-limit';
import { callStore, tokensIn, type StoreFacts } from '../../stores/call-store';
import { TOKEN_TTL_MS, type TokenData } from '../../stores/token-store';
import { isUnreadableRecord } from '../../stores/unreadable-record';
import { AccessToken, createdAt, loggedInAt } from './access-token';
import { failureOf, tokenFailed, tokenRefreshed, type TokenRefreshed } from '../events';
import { SingleFlight } from '../../async/single-flight';
import { lazyCache } from '../../lazy-cache';
import { redact } from '../../redact';
import { isBaseOnly } from '../scope';

const debug = createDebug('wechat-auth:token');

const MAX_CACHED = 5_000;
/**
 * Three deletions are enough: a token that is saved again after the first is new, so that lookups which run
 * during the second only read it, and the third removes it from the cache.
 */
const MAX_DELETIONS = 3;

/** The calls to the app's store and to WeChat that the keeper makes. */
export interface TokenBackend {
  readonly appid: string;
  /** The AppSecret, so that it can be masked if a store's error repeats it. */
  secret(): string | undefined;
  load(openid: string): Promise<unknown>;
  save(openid: string, token: TokenData): Promise<unknown>;
  delete(openid: string): Promise<void>;
  /** Exchanges a refresh token for a new token, and saves it. */
  refresh(refreshToken: string | undefined): Promise<unknown>;
  readonly lock: (<T>(openid: string, fn: () => Promise<T>) => Promise<T>) | undefined;
}

/** Publishes the end of one refresh. */
interface RefreshReport {
  refreshed(): void;
  failed(error: unknown): void;
}

export class TokenKeeper {
  readonly #backend: TokenBackend;
  readonly #cache = lazyCache<AccessToken>({ max: MAX_CACHED });
  readonly #lookups = new SingleFlight<AccessToken>();
  readonly #refreshes = new SingleFlight<AccessToken>();
  /** The running calls of refreshAccessToken(), by refresh token. */
  readonly #calledRefreshes = new SingleFlight<AccessToken>();
  /** The users whose tokens are being refreshed, and when they logged in, by refresh token. */
  readonly #owners = new Map<string | undefined, { readonly openid: string; readonly loginAt: number }>();

  constructor(backend: TokenBackend) {
    this.#backend = backend;
  }

  /** A token that WeChat should accept: the cached one, the stored one, or a refreshed one. */
  async validToken(openid: string): Promise<AccessToken> {
    const cached = this.#cache().get(openid);
    if (cached?.isValid()) return cached;
    return this.#lookups.run(validKey(openid), () => this.#renew(openid, cached, undefined));
  }

  /**
   * Replaces a token that WeChat refused although it had not expired: by one that was stored meanwhile, or by
   * a refreshed one.
   */
  async replace(openid: string, refused: AccessToken): Promise<AccessToken> {
    const cached = this.#cache().get(openid);
    const { access_token } = refused.data;
    if (cached?.isValid() && cached.data.access_token !== access_token) return cached;
    this.#cache().delete(openid);
    return this.#lookups.run(replaceKey(openid) + access_token, () =>
      this.#renew(openid, refused, access_token),
    );
  }

  /**
   * Saves a token that WeChat just issued, in the cache and then in the store. The token of a virtual account
   * is not saved.
   */
  async save(token: AccessToken): Promise<void> {
    const { data } = token;
    if (data.is_snapshotuser === 1) return;
    if (isBaseOnly(data) && (await this.#hasMoreScopeSaved(token))) return;
    this.#cache().set(data.openid, token);
    await this.#store('save', [token], () => this.#backend.save(data.openid, data));
  }

  /**
   * Deletes the token of a user from the cache and from the store. A lookup or a refresh in progress may save
   * it again, so the deletion is repeated after it, whether it succeeds or fails.
   */
  async delete(openid: string): Promise<void> {
    for (let deletions = 1; ; deletions++) {
      const known = this.#cache().get(openid);
      this.#cache().delete(openid);
      // Another process may hold the lock, and save the token that it is refreshing.
      await this.#locked(openid, known, () =>
        this.#store('delete', [known], () => this.#backend.delete(openid)),
      );
      if (deletions === MAX_DELETIONS || !(await this.#workSettled(openid))) return;
    }
  }

  /** Waits for all work that runs now and may save a token of this user. Returns whether there was any. */
  async #workSettled(openid: string): Promise<boolean> {
    const isOfUser = (key: string): boolean => key === validKey(openid) || key.startsWith(replaceKey(openid));
    // Of a refresh that the app called itself, the user is not known before WeChat responds.
    const mayBeOfUser = (refreshToken: string): boolean =>
      (this.#owners.get(refreshToken)?.openid ?? openid) === openid;
    const waits = [this.#lookups.settled(isOfUser), this.#calledRefreshes.settled(mayBeOfUser)];
    return (await Promise.all(waits)).includes(true);
  }

  /**
   * Whether the cache or the store has a token with more scope, from an earlier login. A silent login must
   * not overwrite it. An unreadable record holds no such token: were it an error, the user could not log in
   * before the record expires.
   */
  async #hasMoreScopeSaved(base: AccessToken): Promise<boolean> {
    const { openid } = base.data;
    if (hasMoreScope(this.#cache().get(openid))) return true;
    try {
      const stored = asAccessToken(await this.#read(openid, base));
      return hasMoreScope(this.#cache().get(openid)) || hasMoreScope(stored);
    } catch (error) {
      if (isUnreadableRecord(error)) return hasMoreScope(this.#cache().get(openid));
      this.#cacheToken(openid, base);
      throw error;
    }
  }

  async #renew(
    openid: string,
    known: AccessToken | undefined,
    refused: string | undefined,
  ): Promise<AccessToken> {
    const usable = (token: AccessToken): boolean => token.isValid() && token.data.access_token !== refused;
    const stored = await this.#load(openid, known);
    if (stored && usable(stored) && !hasLessScope(stored, known)) return this.#cacheToken(openid, stored);
    const expired = stored && known ? preferred(stored, known) : (stored ?? known);
    if (!expired) throw new NoOAuthTokenError(shown(openid));
    return this.#refreshes.run(openid, () =>
      this.#locked(openid, expired, async () => {
        // The previous holder of the lock may have refreshed it.
        const latest = this.#backend.lock ? await this.#load(openid, expired) : undefined;
        if (latest && usable(latest) && !hasLessScope(latest, expired))
          return this.#cacheToken(openid, latest);
        return this.#refresh(openid, latest ? preferred(latest, expired) : expired);
      }),
    );
  }

  async #refresh(openid: string, expired: AccessToken): Promise<AccessToken> {
    const { refresh_token } = expired.data;
    const report = this.#startRefresh();
    try {
      this.#owners.set(refresh_token, { openid, loginAt: loggedInAt(expired) });
      const fresh = asAccessToken(await this.#backend.refresh(refresh_token));
      if (fresh?.data.openid !== openid) throw notTheOwner();
      report.refreshed();
      return this.#cacheToken(openid, fresh);
    } catch (error) {
      if (!isWeChatAPIError(error) || !REFRESH_TOKEN_INVALID.includes(error.code)) {
        report.failed(error);
        throw error;
      }
      // Another process may have logged this user in, or refreshed the token and got a new refresh token.
      const stored = await this.#load(openid, expired);
      if (stored?.isValid() && stored.data.access_token !== expired.data.access_token)
        return this.#cacheToken(openid, stored);
      report.failed(error);
      this.#cache().delete(openid);
      if (stored?.data.refresh_token === refresh_token) await this.#delete(openid, expired);
      throw error;
    } finally {
      this.#owners.delete(refresh_token);
    }
  }

  /**
   * Runs a call of refreshAccessToken(), which simultaneous calls with the same refresh token share, and
   * publishes its end. If the keeper waits for the same refresh, the keeper publishes the end.
   */
  runRefresh(refreshToken: string | undefined, refresh: () => Promise<AccessToken>): Promise<AccessToken> {
    return this.#calledRefreshes.run(String(refreshToken), () => this.#publishRefresh(refreshToken, refresh));
  }

  async #publishRefresh<T>(refreshToken: string | undefined, refresh: () => Promise<T>): Promise<T> {
    const report = this.#startRefresh();
    try {
      const fresh = await refresh();
      if (!this.#owners.has(refreshToken)) report.refreshed();
      return fresh;
    } catch (error) {
      if (!this.#owners.has(refreshToken)) report.failed(error);
      throw error;
    }
  }

  #startRefresh(): RefreshReport {
    const started = performance.now();
    const message = (): TokenRefreshed => ({
      appid: this.#backend.appid,
      durationMs: performance.now() - started,
    });
    return {
      refreshed() {
        debug('token refreshed');
        tokenRefreshed.publish(message);
      },
      failed(error) {
        tokenFailed.publish(() => ({ ...message(), ...failureOf(error) }));
      },
    };
  }

  /**
   * When the user of a refresh token logged in, in ms since 1970; undefined if no saved token says so.
   * Refuses a refreshed token of another openid before it is saved, because it would replace that user's own
   * token.
   */
  async loginOf(refreshToken: string | undefined, openid: string): Promise<number | undefined> {
    const owner = this.#owners.get(refreshToken);
    if (owner && owner.openid !== openid) throw notTheOwner();
    return owner ? owner.loginAt : this.#savedLoginOf(refreshToken, openid);
  }

  /** For a refresh that the app called itself. */
  async #savedLoginOf(refreshToken: string | undefined, openid: string): Promise<number | undefined> {
    const hasThisRefreshToken = (token: AccessToken | undefined): token is AccessToken =>
      token !== undefined && token.data.refresh_token === refreshToken;
    const cached = this.#cache().get(openid);
    if (hasThisRefreshToken(cached)) return loggedInAt(cached);
    try {
      const stored = asAccessToken(await this.#read(openid, cached));
      return hasThisRefreshToken(stored) ? loggedInAt(stored) : undefined;
    } catch {
      // A failed read must not lose the new token. If the store is down, saving the token reports that.
      return undefined;
    }
  }

  /** Deletes a token that cannot be refreshed. A failure is ignored: the caller still gets `reauthorize`. */
  async #delete(openid: string, token: AccessToken): Promise<void> {
    try {
      await this.#store('delete', [token], () => this.#backend.delete(openid));
    } catch {
      debug('an expired token could not be deleted from the store');
    }
  }

  /** Caches a token, unless the cached one has more scope. */
  #cacheToken(openid: string, token: AccessToken): AccessToken {
    const cached = this.#cache().get(openid);
    if (hasLessScope(token, cached)) return cached?.isValid() ? cached : token;
    this.#cache().set(openid, token);
    return token;
  }

  async #load(openid: string, known: AccessToken | undefined): Promise<AccessToken | undefined> {
    const stored = await this.#read(openid, known);
    // As in wechat-oauth, any falsy result means that there is none.
    if (!stored) return undefined;
    const token = asAccessToken(stored);
    if (!token) {
      const what =
        typeof stored === 'string' ? 'a string: parse the JSON first' : 'something without an access_token';
      throw new WechatAuthError(
        'token_store',
        `The token store returned ${what}. It must return the object that was saved.`,
      );
    }
    const owner = (token.data as Partial<TokenData>).openid;
    if (!owner || owner === openid) return token;
    throw new WechatAuthError(
      'token_store',
      `The token store returned the token of another openid than ${shown(openid)}. ` +
        'It must keep one record for each openid.',
    );
  }

  async #read(openid: string, known: AccessToken | undefined): Promise<unknown> {
    return this.#store('get', [known], () => this.#backend.load(openid));
  }

  /**
   * Runs `fn` under the store's lock, if there is one, and distinguishes failures of the lock from those of
   * `fn`.
   */
  async #locked<T>(openid: string, known: AccessToken | undefined, fn: () => Promise<T>): Promise<T> {
    const { lock } = this.#backend;
    if (!lock) return fn();
    const work = new OnceUnderLock(fn);
    let fault = new WechatAuthError(
      'token_store',
      "The token store's lock did not run the function that it was given. " +
        'It must call the function, and wait for its promise.',
    );
    try {
      await this.#store(
        'lock',
        [known, this.#cache().get(openid)],
        () => lock(openid, () => work.run()),
        LOCK_LIMIT_MS,
      );
    } catch (error) {
      fault = error as WechatAuthError;
    }
    return work.resultOr(() => Promise.reject(fault));
  }

  /** Calls the app's store, with a time limit and without tokens in its error. */
  #store<T>(
    call: string,
    tokens: readonly (AccessToken | undefined)[],
    work: () => Promise<T>,
    limitMs = STORE_LIMIT_MS,
  ): Promise<T> {
    const secrets = (): (string | undefined)[] => [
      this.#backend.secret(),
      ...tokens.flatMap((token) => tokensIn(token?.data)),
    ];
    return callStore(TOKEN_STORE, { call, secrets, limitMs }, work);
  }
}

function validKey(openid: string): string {
  return `valid ${openid}`;
}

/** The start of the keys of lookups that replace a refused token. */
function replaceKey(openid: string): string {
  return `replace ${openid} `;
}

const TOKEN_STORE: StoreFacts = {
  name: 'The token store',
  kind: 'token_store',
  whenLate: ': it must call back, or return a promise that settles',
};

/** The app may have taken the openid from a request, so it may hold control characters. */
function shown(openid: unknown): string {
  return redact(String(openid), []);
}

function notTheOwner(): WechatAuthError {
  return new WechatAuthError(
    'bad_answer',
    'The refreshed token is missing, or is that of another openid. ' +
      'Check `endpoints`, and refreshAccessToken if the app has replaced it.',
  );
}

/** The errcodes for a refresh token that WeChat no longer accepts. */
const REFRESH_TOKEN_INVALID: readonly number[] = [40030, 42002, 42007];

/** Whether a token grants more than `snsapi_base`, and is valid or can still be refreshed. */
function hasMoreScope(token: AccessToken | undefined): boolean {
  if (!token || isBaseOnly(token.data)) return false;
  const canBeRefreshed = Boolean(token.data.refresh_token) && Date.now() < loggedInAt(token) + TOKEN_TTL_MS;
  return token.isValid() || canBeRefreshed;
}

function hasLessScope(token: AccessToken, than: AccessToken | undefined): boolean {
  return isBaseOnly(token.data) && hasMoreScope(than);
}

/**
 * The token with more scope, otherwise the newer one. The cache may be newer if the store failed to save a
 * token; the store may be newer if another process saved one.
 */
function preferred(stored: AccessToken, known: AccessToken): AccessToken {
  if (hasLessScope(stored, known)) return known;
  return !hasLessScope(known, stored) && createdAt(known) > createdAt(stored) ? known : stored;
}

/** Accepts a stored record or an AccessToken, even one of another copy of this package. */
function asAccessToken(value: unknown): AccessToken | undefined {
  if (value instanceof AccessToken) return value;
  const data = [value, (value as { data?: unknown } | null | undefined)?.data].find(hasAccessToken);
  return data && new AccessToken(data);
}

function hasAccessToken(value: unknown): value is TokenData {
  const token = (value as Partial<TokenData> | null | undefined)?.access_token;
  return typeof token === 'string' && token !== '';
}
