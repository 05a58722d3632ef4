/** Which token serves for an openid: cache, then store, then refresh, and one refresh at a time. */
import createDebug from 'debug';
import { LRUCache } from 'lru-cache';
import { NoOAuthTokenError, WechatAuthError, isWeChatAPIError, isWechatAuthError } from '../errors';
import { TOKEN_TTL_MS, type TokenData } from '../stores/token-store';
import { AccessToken, isBaseOnly } from './access-token';
import { Flights } from './flights';
import { redact } from './redact';

const debug = createDebug('wechat-auth:token');

const CACHED = 5_000;
/** Clients of Redis and databases queue for ever while their server is away. */
const STORE_LIMIT_MS = 5_000;
/** Another process may hold the lock while it reads, refreshes and saves; then comes our own turn. */
const LOCK_LIMIT_MS = 30_000;

/** By which ways the keeper reaches the app's store and WeChat. */
export interface Ways {
  load(openid: string): Promise<unknown>;
  save(openid: string, token: TokenData): Promise<unknown>;
  forget(openid: string): Promise<void>;
  /** Asks WeChat for a fresh token, and saves it. */
  refresh(refreshToken: string | undefined): Promise<unknown>;
  readonly lock: (<T>(openid: string, fn: () => Promise<T>) => Promise<T>) | undefined;
}

export class TokenKeeper {
  readonly #ways: Ways;
  readonly #cache = new LRUCache<string, AccessToken>({ max: CACHED });
  readonly #lookups = new Flights<AccessToken>();
  readonly #refreshes = new Flights<AccessToken>();

  constructor(ways: Ways) {
    this.#ways = ways;
  }

  /** A token that WeChat should take: the cached one, the stored one, else a refreshed one. */
  async fresh(openid: string): Promise<AccessToken> {
    const cached = this.#cache.get(openid);
    if (cached?.isValid()) return cached;
    return this.#lookups.join(`fresh ${openid}`, () => this.#renew(openid, cached, undefined));
  }

  /** Another token, after WeChat called a valid-looking one invalid: one that was stored meanwhile, else a refreshed one. */
  async replace(openid: string, refused: AccessToken): Promise<AccessToken> {
    const cached = this.#cache.get(openid);
    if (cached?.isValid() && cached.data.access_token !== refused.data.access_token) return cached;
    this.#cache.delete(openid);
    return this.#lookups.join(`replace ${openid}`, () =>
      this.#renew(openid, refused, refused.data.access_token),
    );
  }

  /** Keeps a token that WeChat just gave: in the cache, then in the store. One of a virtual account is not kept. */
  async keep(token: AccessToken): Promise<void> {
    const { data } = token;
    if (data.is_snapshotuser === 1) return;
    if (isBaseOnly(data) && (await this.#hasFuller(token))) return;
    this.#cache.set(data.openid, token);
    await this.#store('save', [data.access_token, data.refresh_token], () =>
      this.#ways.save(data.openid, data),
    );
  }

  async #hasFuller(base: AccessToken): Promise<boolean> {
    const { openid } = base.data;
    let known = this.#cache.get(openid);
    try {
      known ??= await this.#load(openid);
    } catch (error) {
      this.#cache.set(openid, base);
      throw error;
    }
    return known !== undefined && !isBaseOnly(known.data) && isAlive(known);
  }

  async #renew(
    openid: string,
    known: AccessToken | undefined,
    refused: string | undefined,
  ): Promise<AccessToken> {
    const usable = (token: AccessToken): boolean => token.isValid() && token.data.access_token !== refused;
    const stored = await this.#load(openid);
    if (stored && usable(stored)) return this.#remember(openid, stored);
    const expired = stored ?? known;
    if (!expired) throw new NoOAuthTokenError(openid);
    return this.#refreshes.join(openid, () =>
      this.#locked(openid, async () => {
        // Whoever held the lock before us may have refreshed it.
        const now = this.#ways.lock ? await this.#load(openid) : expired;
        if (now && usable(now)) return this.#remember(openid, now);
        return this.#refresh(openid, now ?? expired);
      }),
    );
  }

  async #refresh(openid: string, expired: AccessToken): Promise<AccessToken> {
    const { refresh_token } = expired.data;
    try {
      const fresh = asAccessToken(await this.#ways.refresh(refresh_token));
      if (fresh?.data.openid !== openid) {
        throw new WechatAuthError(
          'bad_answer',
          'The refreshed token belongs to another openid than the one it was asked for.',
        );
      }
      debug('refreshed');
      return this.#remember(openid, fresh);
    } catch (error) {
      if (!isWeChatAPIError(error) || !DEAD.includes(error.code)) throw error;
      // Another process may have logged this user in, or refreshed with rotation.
      const stored = await this.#load(openid);
      if (stored?.isValid() && stored.data.access_token !== expired.data.access_token)
        return this.#remember(openid, stored);
      this.#cache.delete(openid);
      if (stored?.data.refresh_token === refresh_token)
        await this.#store('delete', [], () => this.#ways.forget(openid));
      throw error;
    }
  }

  #remember(openid: string, token: AccessToken): AccessToken {
    this.#cache.set(openid, token);
    return token;
  }

  async #load(openid: string): Promise<AccessToken | undefined> {
    const stored = await this.#store('get', [], () => this.#ways.load(openid));
    // wechat-oauth takes any falsy answer for "none".
    if (!stored) return undefined;
    const token = asAccessToken(stored) ?? asAccessToken({ data: stored });
    if (token) return token;
    const what =
      typeof stored === 'string' ? 'a string: parse the JSON first' : 'no object with an access_token';
    throw new WechatAuthError(
      'token_store',
      `The token store answered ${what}. It must give back what was saved.`,
    );
  }

  /** Runs `fn` while no other process does, where the store offers it; tells the lock's own failures from those of `fn`. */
  async #locked(openid: string, fn: () => Promise<AccessToken>): Promise<AccessToken> {
    const { lock } = this.#ways;
    if (!lock) return fn();
    let outcome: Promise<AccessToken> | undefined;
    const run = async (): Promise<void> => {
      outcome = fn();
      await outcome.catch(() => undefined);
    };
    await this.#store('lock', [], () => lock(openid, run), LOCK_LIMIT_MS);
    if (outcome) return outcome;
    throw new WechatAuthError(
      'token_store',
      "The token store's lock came back without having run what it guards.",
    );
  }

  async #store<T>(
    what: string,
    secrets: (string | undefined)[],
    call: () => Promise<T>,
    limit = STORE_LIMIT_MS,
  ): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${limit} ms`)), limit);
    });
    try {
      return await Promise.race([call(), late]);
    } catch (error) {
      throw storeFailure(what, error, secrets);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** WeChat's words for "this refresh token is over". */
const DEAD: readonly number[] = [40030, 42002, 42007];

/** Whether a token is valid or can still be refreshed. */
function isAlive(token: AccessToken): boolean {
  return (
    token.isValid() || (Boolean(token.data.refresh_token) && Date.now() < token.data.create_at + TOKEN_TTL_MS)
  );
}

function asAccessToken(value: unknown): AccessToken | undefined {
  if (value instanceof AccessToken) return value;
  const data = (value as { data?: Partial<TokenData> | null } | null | undefined)?.data;
  return typeof data?.access_token === 'string' && data.access_token
    ? new AccessToken(data as TokenData)
    : undefined;
}

function storeFailure(
  what: string,
  error: unknown,
  secrets: readonly (string | undefined)[],
): WechatAuthError {
  if (isWechatAuthError(error) && error.kind === 'token_store') return error;
  const words = redact(error instanceof Error ? error.message : String(error), secrets);
  // A plain copy: an error of a Redis client carries the whole command, and with it the token.
  const cause = Object.assign(new Error(words), { name: error instanceof Error ? error.name : 'Error' });
  return new WechatAuthError(
    'token_store',
    `The token store failed (${what}): ${words}. Check it, then try again.`,
    { cause },
  );
}
