/** Which token serves for an openid: cache, then store, then refresh, and one refresh at a time. */
import createDebug from 'debug';
import { performance } from 'node:perf_hooks';
import { LRUCache } from 'lru-cache';
import { NoOAuthTokenError, WechatAuthError, isWeChatAPIError } from '../../errors';
import { OnceUnderLock } from '../../async/once-under-lock';
import { LOCK_LIMIT_MS, STORE_LIMIT_MS } from '../../async/time-limit';
import { callStore, tokensIn, type StoreFacts } from '../../stores/call-store';
import { TOKEN_TTL_MS, type TokenData } from '../../stores/token-store';
import { AccessToken, askedAt } from './access-token';
import { failureOf, tokenFailed, tokenRefreshed, type TokenRefreshed } from '../events';
import { SingleFlight } from '../../async/single-flight';
import { isBaseOnly } from '../scope';

const debug = createDebug('wechat-auth:token');

const CACHED = 5_000;

/** By which ways the keeper reaches the app's store and WeChat. */
export interface TokenBackend {
  readonly appid: string;
  /** The app secret, which a store's words might echo. */
  secret(): string | undefined;
  load(openid: string): Promise<unknown>;
  save(openid: string, token: TokenData): Promise<unknown>;
  forget(openid: string): Promise<void>;
  /** Asks WeChat for a fresh token, and saves it. */
  refresh(refreshToken: string | undefined): Promise<unknown>;
  readonly lock: (<T>(openid: string, fn: () => Promise<T>) => Promise<T>) | undefined;
}

export class TokenKeeper {
  readonly #backend: TokenBackend;
  readonly #cache = new LRUCache<string, AccessToken>({ max: CACHED });
  readonly #lookups = new SingleFlight<AccessToken>();
  readonly #refreshes = new SingleFlight<AccessToken>();
  /** Whose token is being refreshed, by refresh token. */
  readonly #owners = new Map<string | undefined, string>();

  constructor(ways: TokenBackend) {
    this.#backend = ways;
  }

  /** A token that WeChat should take: the cached one, the stored one, else a refreshed one. */
  async validToken(openid: string): Promise<AccessToken> {
    const cached = this.#cache.get(openid);
    if (cached?.isValid()) return cached;
    return this.#lookups.run(`fresh ${openid}`, () => this.#renew(openid, cached, undefined));
  }

  /** Another token, after WeChat called a valid-looking one invalid: one that was stored meanwhile, else a refreshed one. */
  async replace(openid: string, refused: AccessToken): Promise<AccessToken> {
    const cached = this.#cache.get(openid);
    const { access_token } = refused.data;
    if (cached?.isValid() && cached.data.access_token !== access_token) return cached;
    this.#cache.delete(openid);
    return this.#lookups.run(`replace ${openid} ${access_token}`, () =>
      this.#renew(openid, refused, access_token),
    );
  }

  /** Keeps a token that WeChat just gave: in the cache, then in the store. One of a virtual account is not kept. */
  async keep(token: AccessToken): Promise<void> {
    const { data } = token;
    if (data.is_snapshotuser === 1) return;
    if (isBaseOnly(data) && (await this.#hasMoreScopeSaved(token))) return;
    this.#cache.set(data.openid, token);
    await this.#store('save', [token], () => this.#backend.save(data.openid, data));
  }

  /** A silent login grants less than an earlier one may have: what is fuller stays, here and in the store. */
  async #hasMoreScopeSaved(base: AccessToken): Promise<boolean> {
    const { openid } = base.data;
    if (hasMoreScope(this.#cache.get(openid))) return true;
    try {
      const stored = asAccessToken(await this.#read(openid, base));
      return hasMoreScope(this.#cache.get(openid)) || hasMoreScope(stored);
    } catch (error) {
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
    const expired = preferred(stored, known);
    if (!expired) throw new NoOAuthTokenError(openid);
    return this.#refreshes.run(openid, () =>
      this.#locked(openid, expired, async () => {
        // Whoever held the lock before us may have refreshed it.
        const now = this.#backend.lock ? await this.#load(openid, expired) : undefined;
        if (now && usable(now) && !hasLessScope(now, expired)) return this.#cacheToken(openid, now);
        return this.#refresh(openid, preferred(now, expired) ?? expired);
      }),
    );
  }

  async #refresh(openid: string, expired: AccessToken): Promise<AccessToken> {
    const { refresh_token } = expired.data;
    const began = performance.now();
    const told = (): TokenRefreshed => ({
      appid: this.#backend.appid,
      durationMs: performance.now() - began,
    });
    try {
      this.#owners.set(refresh_token, openid);
      const fresh = asAccessToken(await this.#backend.refresh(refresh_token));
      if (fresh?.data.openid !== openid) throw notTheOwner();
      debug('refreshed');
      tokenRefreshed.publish(told);
      return this.#cacheToken(openid, fresh);
    } catch (error) {
      const tellFailure = (): void => {
        tokenFailed.publish(() => ({ ...told(), ...failureOf(error) }));
      };
      if (!isWeChatAPIError(error) || !REFRESH_TOKEN_INVALID.includes(error.code)) {
        tellFailure();
        throw error;
      }
      // Another process may have logged this user in, or refreshed with rotation.
      const stored = await this.#load(openid, expired);
      if (stored?.isValid() && stored.data.access_token !== expired.data.access_token)
        return this.#cacheToken(openid, stored);
      tellFailure();
      this.#cache.delete(openid);
      if (stored?.data.refresh_token === refresh_token) await this.#forget(openid, expired);
      throw error;
    } finally {
      this.#owners.delete(refresh_token);
    }
  }

  /** Before a refreshed token is kept: one of another openid would take the place of that person's own. */
  checkOwner(refreshToken: string | undefined, openid: string): void {
    const owner = this.#owners.get(refreshToken);
    if (owner !== undefined && owner !== openid) throw notTheOwner();
  }

  /** Tidies up; where it fails, the news is still that the user must log in again. */
  async #forget(openid: string, token: AccessToken): Promise<void> {
    try {
      await this.#store('delete', [token], () => this.#backend.forget(openid));
    } catch {
      debug('a dead token could not be deleted');
    }
  }

  /** Caches, unless what is cached is fuller. */
  #cacheToken(openid: string, token: AccessToken): AccessToken {
    const cached = this.#cache.get(openid);
    if (hasLessScope(token, cached)) return cached?.isValid() ? cached : token;
    this.#cache.set(openid, token);
    return token;
  }

  async #load(openid: string, known: AccessToken | undefined): Promise<AccessToken | undefined> {
    const stored = await this.#read(openid, known);
    // wechat-oauth takes any falsy answer for "none".
    if (!stored) return undefined;
    const token = asAccessToken(stored);
    if (!token) {
      const what =
        typeof stored === 'string' ? 'a string: parse the JSON first' : 'no object with an access_token';
      throw new WechatAuthError(
        'token_store',
        `The token store answered ${what}. It must give back what was saved.`,
      );
    }
    const owner = (token.data as Partial<TokenData>).openid;
    if (!owner || owner === openid) return token;
    throw new WechatAuthError(
      'token_store',
      `The token store answered the token of another openid than ${openid}. It must keep one record for each.`,
    );
  }

  async #read(openid: string, known: AccessToken | undefined): Promise<unknown> {
    return this.#store('get', [known], () => this.#backend.load(openid));
  }

  /** Runs `fn` while no other process does, where the store offers it; tells the lock's own failures from those of `fn`. */
  async #locked(openid: string, expired: AccessToken, fn: () => Promise<AccessToken>): Promise<AccessToken> {
    const { lock } = this.#backend;
    if (!lock) return fn();
    const guarded = new OnceUnderLock(fn);
    let fault = new WechatAuthError(
      'token_store',
      "The token store's lock came back without having run what it guards. It must call the function it is given, and wait for it.",
    );
    try {
      await this.#store(
        'lock',
        [expired, this.#cache.get(openid)],
        () => lock(openid, () => guarded.run()),
        LOCK_LIMIT_MS,
      );
    } catch (error) {
      fault = error as WechatAuthError;
    }
    return guarded.resultOr(() => Promise.reject(fault));
  }

  /** Every call of the app's store: in time, and with no token in its error. */
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

const TOKEN_STORE: StoreFacts = {
  name: 'The token store',
  kind: 'token_store',
  whenLate: ': it must call back, or return a promise that settles',
};

function notTheOwner(): WechatAuthError {
  return new WechatAuthError(
    'bad_answer',
    'The refreshed token is not one of the openid it was asked for. Check `endpoints`, and refreshAccessToken where it was replaced.',
  );
}

/** WeChat's words for "this refresh token is over". */
const REFRESH_TOKEN_INVALID: readonly number[] = [40030, 42002, 42007];

/** Whether a token grants more than `snsapi_base`, and is valid or can still be refreshed. */
function hasMoreScope(token: AccessToken | undefined): boolean {
  if (!token || isBaseOnly(token.data)) return false;
  const canBeRefreshed = Boolean(token.data.refresh_token) && Date.now() < askedAt(token) + TOKEN_TTL_MS;
  return token.isValid() || canBeRefreshed;
}

function hasLessScope(token: AccessToken, than: AccessToken | undefined): boolean {
  return isBaseOnly(token.data) && hasMoreScope(than);
}

/** The fuller one, else the younger one: the store lacks what it failed to save, the cache what another process saved. */
function preferred(stored: AccessToken | undefined, known: AccessToken | undefined): AccessToken | undefined {
  if (!stored || !known) return stored ?? known;
  if (hasLessScope(stored, known)) return known;
  return !hasLessScope(known, stored) && askedAt(known) > askedAt(stored) ? known : stored;
}

/** Of a token as it was saved, or of an AccessToken, also of another copy of this package. */
function asAccessToken(value: unknown): AccessToken | undefined {
  if (value instanceof AccessToken) return value;
  const data = [value, (value as { data?: unknown } | null | undefined)?.data].find(hasAccessToken);
  return data && new AccessToken(data);
}

function hasAccessToken(value: unknown): value is TokenData {
  const token = (value as Partial<TokenData> | null | undefined)?.access_token;
  return typeof token === 'string' && token !== '';
}
