/** WeChat's protocol: the calls in the order in which a login makes them. Knows no request, no response, no session. */
import { inspect } from 'node:util';
import * as z from 'zod';
import { WechatAuthError, isWeChatAPIError } from '../errors';
import { MemoryTokenStore } from '../stores/memory-store';
import { TOKEN_TTL_MS, type TokenData, type TokenStore } from '../stores/token-store';
import { AccessToken, isBaseOnly, tokenAnswer } from './access-token';
import { numeric } from './answer';
import { ask, settle, type Callback, type Hook } from './callbacks';
import {
  API,
  authorizeURL,
  settleEndpoints,
  type AuthorizeParams,
  type EndpointOptions,
  type Endpoints,
} from './endpoints';
import { Flights } from './flights';
import {
  decrypt,
  sessionAnswer,
  type EncryptedData,
  type MiniProgramSession,
  type MiniProgramUser,
} from './mini-program';
import { TokenKeeper } from './token-keeper';
import { userAnswer, type Lang, type WechatUser } from './user';
import { WechatAPI, type HttpOptions } from './wechat-api';

/** Reads the token that {@link SaveToken} saved; none is `null` or `undefined`. Calls back or returns a promise. */
export type GetToken = Hook<[openid: string], TokenData | null>;

/** Saves a token under its openid. Calls back or returns a promise; a failure must be told. */
export type SaveToken = Hook<[openid: string, token: TokenData], unknown>;

export interface OAuthOptions {
  readonly appid: string;
  readonly appsecret: string;
  /**
   * Where tokens rest.
   *
   * @default new MemoryTokenStore()
   */
  readonly tokenStore?: TokenStore | undefined;
  /** wechat-oauth's way to read a token; goes before `tokenStore`. */
  readonly getToken?: GetToken | undefined;
  /** wechat-oauth's way to save a token; goes before `tokenStore`. */
  readonly saveToken?: SaveToken | undefined;
  /** `getUserByCode` then takes codes of `wx.login`. */
  readonly isMiniProgram?: boolean | undefined;
  readonly endpoints?: EndpointOptions | undefined;
  /** Defaults of every request to WeChat, as `setOpts` takes them. */
  readonly http?: HttpOptions | undefined;
  /**
   * Lets an emulated WeChat serve although NODE_ENV is production: anybody can then log in as anybody. For closed test systems.
   *
   * @default false
   */
  readonly dangerouslyAllowEmulatorInProduction?: boolean | undefined;
}

/** What JavaScript may pass: wechat-oauth takes `undefined` and `null` for what is not given. */
type LooseOptions = { readonly [K in keyof OAuthOptions]?: OAuthOptions[K] | null | undefined };

/** Whose profile is asked for. */
export interface GetUserOptions {
  readonly openid?: string | undefined;
  /** The mini programs' way to write it. */
  readonly openId?: string | undefined;
  /** @default 'zh_CN' */
  readonly lang?: Lang | undefined;
}

export interface GetUserByCodeOptions {
  readonly code: string;
  /** @default 'zh_CN' */
  readonly lang?: Lang | undefined;
  /** Mini programs: what `wx.getUserInfo` gave, for the whole profile. */
  readonly encryptedData?: string | undefined;
  readonly iv?: string | undefined;
}

/** WeChat's word that a token is good. */
export interface TokenVerified {
  readonly errcode: 0;
  readonly errmsg: string;
}

const verifyAnswer = z.looseObject({ errcode: numeric.pipe(z.literal(0)), errmsg: z.string() });

/** WeChat's words for "this access token is not good", though it looked valid. */
const NOT_GOOD: readonly number[] = [40001, 40014, 42001];

/**
 * WeChat's OAuth for one app, compatible with wechat-oauth. Every asynchronous method returns a promise, or takes a Node
 * callback as its last argument.
 *
 * @example
 * const oauth = new OAuth('wx…', process.env.WECHAT_APP_SECRET);
 * const user = await oauth.getUserByCode(code);
 */
export class OAuth {
  readonly appid: string;
  /** Readable, but left out of logs and JSON. */
  declare readonly appsecret: string;
  readonly isMiniProgram: boolean;
  readonly #endpoints: Endpoints;
  readonly #http: HttpOptions;
  readonly #api: WechatAPI;
  readonly #store: TokenStore;
  readonly #tokens: TokenKeeper;
  readonly #refreshes = new Flights<AccessToken>();

  /** @throws WechatAuthError of kind `config` where the app id is missing, or an endpoint or a timeout is wrong. */
  constructor(options: OAuthOptions);
  constructor(
    appid: string,
    appsecret?: string,
    getToken?: GetToken | null,
    saveToken?: SaveToken | null,
    isMiniProgram?: boolean,
  );
  constructor(
    first: string | OAuthOptions,
    appsecret?: string,
    getToken?: GetToken | null,
    saveToken?: SaveToken | null,
    isMiniProgram?: boolean,
  ) {
    const options: LooseOptions = isObject(first)
      ? first
      : { appid: first, appsecret, getToken, saveToken, isMiniProgram };
    if (typeof options.appid !== 'string' || !options.appid) {
      throw new WechatAuthError(
        'config',
        // Never an object whole: it may be the options, and hold the secret.
        `appid is ${inspect(options.appid, { depth: -1 })}. Give the AppID that the WeChat console shows.`,
      );
    }
    this.appid = options.appid;
    Object.defineProperty(this, 'appsecret', {
      value: options.appsecret,
      writable: true,
      configurable: true,
    });
    this.isMiniProgram = Boolean(options.isMiniProgram);
    if (options.getToken) this.getToken = options.getToken;
    if (options.saveToken) this.saveToken = options.saveToken;
    this.#endpoints = settleEndpoints(options.endpoints ?? {});
    this.#http = { ...options.http };
    this.#api = new WechatAPI(
      this.#endpoints.api,
      this.#http,
      Boolean(options.dangerouslyAllowEmulatorInProduction),
    );
    this.#store = options.tokenStore ?? new MemoryTokenStore();
    this.#tokens = new TokenKeeper(this.#ways());
  }

  /**
   * Sets default options of every request, beside those of the constructor: `{ timeout: 15000 }` in ms, or any option of axios that
   * {@link HttpOptions} lists. Replaces what an earlier call set.
   */
  setOpts(opts: HttpOptions): void {
    this.#api.setOptions({ ...this.#http, ...opts });
  }

  /**
   * The address of the consent page for pages inside WeChat (网页授权). `state`: at most 128 bytes of a-zA-Z0-9; `scope`:
   * `snsapi_base` (silent) unless given, or `snsapi_userinfo`.
   */
  getAuthorizeURL(redirect: string, state?: string, scope?: string, params?: AuthorizeParams): string {
    return authorizeURL(this.#endpoints.open, 'official', {
      appid: this.appid,
      redirect,
      state,
      scope,
      params,
    });
  }

  /** The address of the QR code page for browsers (网站应用微信登录). */
  getAuthorizeURLForWebsite(
    redirect: string,
    state?: string,
    scope?: string,
    params?: AuthorizeParams,
  ): string {
    return authorizeURL(this.#endpoints.open, 'website', {
      appid: this.appid,
      redirect,
      state,
      scope,
      params,
    });
  }

  /** Exchanges a code for a token, and saves it under its openid. A code works once, so this is never repeated. */
  getAccessToken(code: string): Promise<AccessToken>;
  getAccessToken(code: string, callback: Callback<AccessToken>): void;
  getAccessToken(code: string, callback?: Callback<AccessToken>): Promise<AccessToken> | undefined {
    return settle(() => this.#exchange(code), callback);
  }

  async #exchange(code: string): Promise<AccessToken> {
    const query = { appid: this.appid, secret: this.appsecret, code, grant_type: 'authorization_code' };
    return await this.#keep(Date.now(), await this.#api.call(API.accessToken, query, tokenAnswer));
  }

  /** Asks for a fresh token, and saves it. Asked twice at once for one refresh token, WeChat is asked once. */
  refreshAccessToken(refreshToken: string | undefined): Promise<AccessToken>;
  refreshAccessToken(refreshToken: string | undefined, callback: Callback<AccessToken>): void;
  refreshAccessToken(
    refreshToken: string | undefined,
    callback?: Callback<AccessToken>,
  ): Promise<AccessToken> | undefined {
    return settle(
      () => this.#refreshes.join(String(refreshToken), () => this.#refresh(refreshToken)),
      callback,
    );
  }

  async #refresh(refreshToken: string | undefined): Promise<AccessToken> {
    const query = { appid: this.appid, grant_type: 'refresh_token', refresh_token: refreshToken };
    return await this.#keep(
      Date.now(),
      await this.#api.call(API.refreshToken, query, tokenAnswer, { retry: true }),
    );
  }

  /** `asked` is read before the request leaves, where the life of the token begins at the latest. */
  async #keep(asked: number, answer: z.output<typeof tokenAnswer>): Promise<AccessToken> {
    // Not by a spread: V8 gives each of those a hidden class of its own, a third of what a kept token takes.
    const data = Object.assign({}, answer, { create_at: asked }) as TokenData;
    const token = new AccessToken(data);
    await this.#tokens.keep(token);
    return token;
  }

  /**
   * The profile of a user who has logged in before. Takes the token from the cache, then the store; refreshes it when it has expired,
   * or when WeChat takes it no more.
   *
   * @throws NoOAuthTokenError where nothing is saved for this openid; kind `reauthorize` where the user must log in again.
   */
  getUser(options: string | GetUserOptions): Promise<WechatUser>;
  getUser(options: string | GetUserOptions, callback: Callback<WechatUser>): void;
  getUser(
    options: string | GetUserOptions,
    callback?: Callback<WechatUser>,
  ): Promise<WechatUser> | undefined {
    return settle(() => this.#userOf(options), callback);
  }

  async #userOf(options: string | GetUserOptions): Promise<WechatUser> {
    const { openid, openId, lang } = isObject(options) ? options : { openid: options };
    // wechat-oauth looks for a token of "undefined", and so names what is missing.
    const id = String(openid ?? openId);
    const token = await this.#tokens.fresh(id);
    try {
      return await this.#profile(id, token, lang);
    } catch (error) {
      if (!isWeChatAPIError(error) || !NOT_GOOD.includes(error.code)) throw error;
    }
    return await this.#profile(id, await this.#tokens.replace(id, token), lang);
  }

  async #profile(openid: string, token: AccessToken, lang: Lang | undefined): Promise<WechatUser> {
    const query = { access_token: token.data.access_token, openid, lang: [lang, 'zh_CN'].find(Boolean) };
    const user = await this.#api.call(API.userInfo, query, userAnswer, { retry: true });
    if (user.openid === openid) return user as WechatUser;
    throw new WechatAuthError(
      'bad_answer',
      `What answered ${API.userInfo} is not WeChat: the profile is that of another openid. Check \`endpoints\`.`,
    );
  }

  /**
   * Code → profile. After a silent login (`snsapi_base`) there is no profile to ask for: then `{ openid, unionid? }`. A virtual account
   * of the snapshot page carries `is_snapshotuser: 1` and is not saved.
   */
  getUserByCode(options: string | GetUserByCodeOptions): Promise<WechatUser>;
  getUserByCode(options: string | GetUserByCodeOptions, callback: Callback<WechatUser>): void;
  getUserByCode(
    options: string | GetUserByCodeOptions,
    callback?: Callback<WechatUser>,
  ): Promise<WechatUser> | undefined {
    return settle(() => this.#userByCode(isObject(options) ? options : { code: options }), callback);
  }

  async #userByCode({ code, lang, encryptedData, iv }: GetUserByCodeOptions): Promise<WechatUser> {
    if (this.isMiniProgram) return await this.#miniProgramUser(code, encryptedData, iv);
    const token = given(
      'getAccessToken',
      await ask<AccessToken>((callback) => this.getAccessToken(code, callback)),
    );
    return await this.#userByToken(token, lang);
  }

  /** The second half of `getUserByCode`, for who has the token of a fresh login in hand. */
  getUserByToken(token: AccessToken, lang?: Lang): Promise<WechatUser>;
  getUserByToken(token: AccessToken, lang: Lang | undefined, callback: Callback<WechatUser>): void;
  getUserByToken(
    token: AccessToken,
    lang?: Lang,
    callback?: Callback<WechatUser>,
  ): Promise<WechatUser> | undefined {
    return settle(() => this.#userByToken(token, lang), callback);
  }

  async #userByToken(token: AccessToken, lang: Lang | undefined): Promise<WechatUser> {
    if (token.data.is_snapshotuser === 1) {
      return { ...(await this.#virtualUser(token, lang)), is_snapshotuser: 1 };
    }
    if (isBaseOnly(token.data)) return idsOf(token.data);
    const { openid } = token.data;
    return given('getUser', await ask<WechatUser>((callback) => this.getUser({ openid, lang }, callback)));
  }

  /** WeChat answers 48001 for some virtual accounts: then the ids are all there is. */
  async #virtualUser(token: AccessToken, lang: Lang | undefined): Promise<WechatUser> {
    if (isBaseOnly(token.data)) return idsOf(token.data);
    try {
      return await this.#profile(token.data.openid, token, lang);
    } catch (error) {
      if (isWeChatAPIError(error) && error.kind === 'scope') return idsOf(token.data);
      throw error;
    }
  }

  async #miniProgramUser(
    code: string,
    encryptedData: string | undefined,
    iv: string | undefined,
  ): Promise<WechatUser> {
    const { data } = given(
      'getSessionKey',
      await ask<MiniProgramSession>((callback) => this.getSessionKey(code, callback)),
    );
    if (encryptedData == null) return idsOf(data);
    const user = this.decryptMiniProgramUser({ sessionKey: data.session_key, encryptedData, iv: iv ?? '' });
    return user as unknown as WechatUser;
  }

  /** Asks WeChat whether an access token is still good for this openid. */
  verifyToken(openid: string, accessToken: string): Promise<TokenVerified>;
  verifyToken(openid: string, accessToken: string, callback: Callback<TokenVerified>): void;
  verifyToken(
    openid: string,
    accessToken: string,
    callback?: Callback<TokenVerified>,
  ): Promise<TokenVerified> | undefined {
    const query = { access_token: accessToken, openid };
    return settle(() => this.#api.call(API.auth, query, verifyAnswer, { retry: true }), callback);
  }

  /** Mini programs: exchanges a code of `wx.login` for a session key, which is a secret and is not saved. */
  getSessionKey(code: string): Promise<MiniProgramSession>;
  getSessionKey(code: string, callback: Callback<MiniProgramSession>): void;
  getSessionKey(
    code: string,
    callback?: Callback<MiniProgramSession>,
  ): Promise<MiniProgramSession> | undefined {
    return settle(() => this.#session(code), callback);
  }

  async #session(code: string): Promise<MiniProgramSession> {
    const create_at = Date.now();
    const query = {
      appid: this.appid,
      secret: this.appsecret,
      js_code: code,
      grant_type: 'authorization_code',
    };
    const answer = await this.#api.call(API.sessionKey, query, sessionAnswer);
    return { data: { ...answer, create_at } as MiniProgramSession['data'] };
  }

  /**
   * Mini programs: decrypts what `wx.getUserInfo` and its kin hand out.
   *
   * @throws WechatAuthError of kind `decryption` where key, data and iv do not fit, or the data belongs to another app.
   */
  decryptMiniProgramUser(options: EncryptedData): MiniProgramUser {
    return decrypt(this.appid, options);
  }

  /** A token of this openid that WeChat should take, refreshed where it has expired. */
  getFreshAccessToken(openid: string): Promise<AccessToken>;
  getFreshAccessToken(openid: string, callback: Callback<AccessToken>): void;
  getFreshAccessToken(openid: string, callback?: Callback<AccessToken>): Promise<AccessToken> | undefined {
    return settle(() => this.#tokens.fresh(openid), callback);
  }

  /** The saved token of an openid. Replace it on the instance or in a subclass to keep tokens elsewhere. */
  getToken(openid: string, callback?: Callback<TokenData | null>): unknown {
    return settle(async () => (await this.#store.get(this.#key(openid))) ?? null, callback);
  }

  /** Saves a token under its openid. Replace it on the instance or in a subclass to keep tokens elsewhere. */
  saveToken(openid: string, token: TokenData, callback?: Callback<unknown>): unknown {
    return settle(async () => await this.#store.set(this.#key(openid), token, TOKEN_TTL_MS), callback);
  }

  /** Keeps the secret out of logs, also out of those that show what is not enumerable. */
  [inspect.custom](): string {
    return `${this.constructor.name} { appid: '${this.appid}' }`;
  }

  #key(openid: string): string {
    return `${this.appid}:${openid}`;
  }

  /** Through the instance, and with a callback: what an app has replaced there is what counts. */
  #ways(): ConstructorParameters<typeof TokenKeeper>[0] {
    const store = this.#store;
    const lock = store.lock?.bind(store);
    return {
      secret: () => this.appsecret,
      load: (openid) => ask((callback) => this.getToken(openid, callback)),
      save: (openid, token) => ask((callback) => this.saveToken(openid, token, callback)),
      forget: (openid) => store.delete(this.#key(openid)),
      refresh: (refreshToken) => ask((callback) => this.refreshAccessToken(refreshToken, callback)),
      lock: lock && ((openid, fn) => lock(this.#key(openid), fn)),
    };
  }
}

function isObject<T>(value: T | string): value is T & object {
  return typeof value === 'object' && value !== null;
}

/** What stands for the profile where only the ids are known. */
function idsOf({
  openid,
  unionid,
}: {
  readonly openid: string;
  readonly unionid?: string | null;
}): WechatUser {
  return unionid ? { openid, unionid } : { openid };
}

function given<T>(method: string, result: T | undefined): T {
  if (result !== undefined) return result;
  throw new WechatAuthError(
    'config',
    `${method} was replaced on this instance by one that gives nothing back.`,
  );
}
