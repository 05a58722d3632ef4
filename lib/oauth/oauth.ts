/** WeChat's protocol: the calls in the order in which a login makes them. Knows no request, no response, no session. */
import { performance } from 'node:perf_hooks';
import { inspect } from 'node:util';
import { WechatAuthError, isWeChatAPIError } from '../errors';
import { MemoryTokenStore } from '../stores/memory-store';
import { TOKEN_TTL_MS, type TokenData, type TokenStore } from '../stores/token-store';
import { AccessToken } from './tokens/access-token';
import type { ResponseName, Responses } from './transport/response-schemas';
import { callHook, promiseOrCallback, type Callback } from './callbacks';
import { API, authorizeURL, resolveEndpoints, type AuthorizeParams, type WechatEndpoints } from './endpoints';
import { callAnswered, callFailed, failureOf, type CallAnswered } from './events';
import { SingleFlight } from '../async/single-flight';
import type { WechatHttpOptions } from './transport/http-options';
import { decrypt, type EncryptedData, type MiniProgramSession, type MiniProgramUser } from './mini-program';
import { TokenKeeper } from './tokens/token-keeper';
import type { WechatLang, WechatUser } from './user';
import { WechatAPI, type WechatCall } from './transport/wechat-api';
import { isBaseOnly } from './scope';
import type {
  OAuthOptions,
  GetToken,
  SaveToken,
  LooseOptions,
  GetUserOptions,
  GetUserByCodeOptions,
  TokenVerified,
} from './oauth-options';

/** WeChat's words for "this access token is not good", though it looked valid. */
const ACCESS_TOKEN_INVALID: readonly number[] = [40001, 40014, 42001];

/**
 * WeChat's OAuth for one app, compatible with wechat-oauth. Every asynchronous method returns a promise, or takes a Node
 * callback as its last argument, which is called exactly once.
 *
 * What WeChat refuses rejects with a {@link WeChatAPIError}; a call without an answer of WeChat's with a {@link WechatAuthError} of
 * kind `timeout`, `network` or `bad_answer`, a token that could not be kept with kind `token_store`. Userinfo, refresh and verify are
 * repeated once after a network failure or -1; a code exchange never is.
 *
 * @example
 * const oauth = new OAuth('wx…', process.env.WECHAT_APP_SECRET);
 * const url = oauth.getAuthorizeURL('https://h5.example.com/back', state, 'snsapi_userinfo');
 * // the browser comes back to /back?code=…&state=…
 * const user = await oauth.getUserByCode(code);
 */
export class OAuth {
  /** AppID of the app. */
  readonly appid: string;
  /** Readable, but left out of logs and JSON. */
  declare readonly appsecret: string;
  /** Whether `getUserByCode` takes codes of `wx.login`. */
  readonly isMiniProgram: boolean;
  readonly #endpoints: WechatEndpoints;
  readonly #http: WechatHttpOptions;
  readonly #api: WechatAPI;
  readonly #store: TokenStore;
  readonly #tokens: TokenKeeper;
  readonly #refreshes = new SingleFlight<AccessToken>();

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
    this.#endpoints = resolveEndpoints(options.endpoints ?? {});
    this.#http = { ...options.http };
    this.#api = new WechatAPI(
      this.#endpoints.api,
      this.#http,
      Boolean(options.dangerouslyAllowEmulatorInProduction),
    );
    this.#store = options.tokenStore ?? new MemoryTokenStore();
    this.#tokens = new TokenKeeper(this.#backend());
  }

  /**
   * Sets default options of every request, beside those of the constructor: `{ timeout: 15000 }` in ms, or any option of axios that
   * {@link WechatHttpOptions} lists. Replaces what an earlier call set, and never changes the caller's object.
   *
   * @throws WechatAuthError of kind `config` where the timeout is none.
   */
  setOpts(opts: WechatHttpOptions): void {
    this.#api.setOptions({ ...this.#http, ...opts });
  }

  /**
   * The address of the consent page for pages inside WeChat ([网页授权](https://developers.weixin.qq.com/doc/service/guide/h5/auth.html)):
   * byte for byte that of wechat-oauth, since WeChat matches it strictly. `redirect`: not yet encoded, its host the 网页授权域名;
   * `state`: at most 128 bytes of a-zA-Z0-9; `scope`: `snsapi_base` (silent) unless given, or `snsapi_userinfo`.
   *
   * @throws WechatAuthError of kind `config` where `params` holds one of the standard names.
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

  /**
   * The address of the QR code page for browsers
   * ([网站应用微信登录](https://developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login/Wechat_Login.html)). `redirect`: not yet encoded, its
   * host the 授权回调域; `scope`: `snsapi_login` unless given; `params`: `lang`, `style`, `href`, `self_redirect`, …
   *
   * @throws WechatAuthError of kind `config` where `params` holds one of the standard names.
   */
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

  /**
   * Exchanges a code for a token, and saves it under its openid; that of a virtual account is not saved
   * ([access_token](https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsaccesstoken.html)). A code works once, so this is never
   * repeated. It lives 5 minutes, and 10 after the QR code.
   *
   * @throws WeChatAPIError of kind `code_invalid`, `code_used`, `credentials`, …; WechatAuthError of kind `token_store` where the token
   * could not be saved.
   */
  getAccessToken(code: string): Promise<AccessToken>;
  getAccessToken(code: string, callback: Callback<AccessToken>): void;
  getAccessToken(code: string, callback?: Callback<AccessToken>): Promise<AccessToken> | undefined {
    return promiseOrCallback(() => this.#exchange(code), callback);
  }

  async #exchange(code: string): Promise<AccessToken> {
    const query = { appid: this.appid, secret: this.appsecret, code, grant_type: 'authorization_code' };
    return await this.#keep(
      Date.now(),
      await this.#call({ endpoint: API.accessToken, query, expects: 'token' }),
    );
  }

  /**
   * Asks for a fresh token, and saves it ([refresh_token](https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsrefreshtoken.html)).
   * Asked twice at once for one refresh token, WeChat is asked once.
   *
   * @throws WeChatAPIError of kind `reauthorize` where the refresh token is missing, older than 30 days or revoked.
   */
  refreshAccessToken(refreshToken: string | undefined): Promise<AccessToken>;
  refreshAccessToken(refreshToken: string | undefined, callback: Callback<AccessToken>): void;
  refreshAccessToken(
    refreshToken: string | undefined,
    callback?: Callback<AccessToken>,
  ): Promise<AccessToken> | undefined {
    return promiseOrCallback(
      () => this.#refreshes.run(String(refreshToken), () => this.#refresh(refreshToken)),
      callback,
    );
  }

  async #refresh(refreshToken: string | undefined): Promise<AccessToken> {
    const query = { appid: this.appid, grant_type: 'refresh_token', refresh_token: refreshToken };
    const asked = Date.now();
    const answer = await this.#call({ endpoint: API.refreshToken, query, expects: 'token', retry: true });
    this.#tokens.checkOwner(refreshToken, answer.openid);
    return await this.#keep(asked, answer);
  }

  /** `asked` is read before the request leaves, where the life of the token begins at the latest. */
  async #keep(asked: number, answer: Responses['token']): Promise<AccessToken> {
    // Not by a spread: V8 gives each of those a hidden class of its own, a third of what a kept token takes.
    const data = Object.assign({}, answer, { create_at: asked }) as TokenData;
    const token = new AccessToken(data);
    await this.#tokens.keep(token);
    return token;
  }

  /**
   * The profile of a user who has logged in before ([userinfo](https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsuserinfo.html)).
   * Takes the token from the cache, then the store; refreshes it when it has expired, or when WeChat takes it no more.
   *
   * @throws NoOAuthTokenError where nothing is saved for this openid; WeChatAPIError of kind `reauthorize` where the user must log in
   * again, of kind `scope` where only `snsapi_base` was granted.
   */
  getUser(options: string | GetUserOptions): Promise<WechatUser>;
  getUser(options: string | GetUserOptions, callback: Callback<WechatUser>): void;
  getUser(
    options: string | GetUserOptions,
    callback?: Callback<WechatUser>,
  ): Promise<WechatUser> | undefined {
    return promiseOrCallback(() => this.#userOf(options), callback);
  }

  async #userOf(options: string | GetUserOptions): Promise<WechatUser> {
    const { openid, openId, lang } = isObject(options) ? options : { openid: options };
    // wechat-oauth looks for a token of "undefined", and so names what is missing.
    const id = String(openid ?? openId);
    const token = await this.#tokens.validToken(id);
    try {
      return await this.#profile(id, token, lang);
    } catch (error) {
      if (!isWeChatAPIError(error) || !ACCESS_TOKEN_INVALID.includes(error.code)) throw error;
    }
    return await this.#profile(id, await this.#tokens.replace(id, token), lang);
  }

  async #profile(openid: string, token: AccessToken, lang: WechatLang | undefined): Promise<WechatUser> {
    const query = { access_token: token.data.access_token, openid, lang: [lang, 'zh_CN'].find(Boolean) };
    const user = await this.#call({ endpoint: API.userInfo, query, expects: 'user', retry: true });
    if (user.openid === openid) return user as WechatUser;
    throw new WechatAuthError(
      'bad_answer',
      `The response to ${API.userInfo.path} is not WeChat's: the profile is that of another openid. Check \`endpoints\`.`,
    );
  }

  /**
   * Code → profile. After a silent login (`snsapi_base`) there is no profile to ask for: then `{ openid, unionid? }`, as for a mini
   * program without `encryptedData`. A virtual account of the snapshot page carries `is_snapshotuser: 1` and is not saved.
   *
   * @throws What `getAccessToken` and `getUser` throw; for a mini program, what `getSessionKey` and `decryptMiniProgramUser` throw.
   */
  getUserByCode(options: string | GetUserByCodeOptions): Promise<WechatUser>;
  getUserByCode(options: string | GetUserByCodeOptions, callback: Callback<WechatUser>): void;
  getUserByCode(
    options: string | GetUserByCodeOptions,
    callback?: Callback<WechatUser>,
  ): Promise<WechatUser> | undefined {
    return promiseOrCallback(
      () => this.#userByCode(isObject(options) ? options : { code: options }),
      callback,
    );
  }

  async #userByCode({ code, lang, encryptedData, iv }: GetUserByCodeOptions): Promise<WechatUser> {
    if (this.isMiniProgram) return await this.#miniProgramUser(code, encryptedData, iv);
    const token = requireResult(
      'getAccessToken',
      await callHook<AccessToken>((callback) => this.getAccessToken(code, callback)),
    );
    return await this.#userByToken(token, lang);
  }

  /**
   * The second half of `getUserByCode`, for who has the token of a fresh login in hand.
   *
   * @throws What `getUser` throws.
   */
  getUserByAccessToken(token: AccessToken, lang?: WechatLang): Promise<WechatUser>;
  getUserByAccessToken(
    token: AccessToken,
    lang: WechatLang | undefined,
    callback: Callback<WechatUser>,
  ): void;
  getUserByAccessToken(
    token: AccessToken,
    lang?: WechatLang,
    callback?: Callback<WechatUser>,
  ): Promise<WechatUser> | undefined {
    return promiseOrCallback(() => this.#userByToken(token, lang), callback);
  }

  async #userByToken(token: AccessToken, lang: WechatLang | undefined): Promise<WechatUser> {
    if (token.data.is_snapshotuser === 1) {
      return { ...(await this.#virtualUser(token, lang)), is_snapshotuser: 1 };
    }
    if (isBaseOnly(token.data)) return idsOf(token.data);
    const { openid } = token.data;
    return requireResult(
      'getUser',
      await callHook<WechatUser>((callback) => this.getUser({ openid, lang }, callback)),
    );
  }

  /** WeChat answers 48001 for some virtual accounts: then the ids are all there is. */
  async #virtualUser(token: AccessToken, lang: WechatLang | undefined): Promise<WechatUser> {
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
    const { data } = requireResult(
      'getSessionKey',
      await callHook<MiniProgramSession>((callback) => this.getSessionKey(code, callback)),
    );
    if (encryptedData == null) return idsOf(data);
    const user = this.decryptMiniProgramUser({ sessionKey: data.session_key, encryptedData, iv: iv ?? '' });
    return user as unknown as WechatUser;
  }

  /**
   * Asks WeChat whether an access token is still good for this openid
   * ([auth](https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsauth.html)). Resolves with `{ errcode: 0, errmsg: 'ok' }`.
   *
   * @throws WeChatAPIError of kind `token_invalid` or `openid_invalid` where it is not.
   */
  verifyToken(openid: string, accessToken: string): Promise<TokenVerified>;
  verifyToken(openid: string, accessToken: string, callback: Callback<TokenVerified>): void;
  verifyToken(
    openid: string,
    accessToken: string,
    callback?: Callback<TokenVerified>,
  ): Promise<TokenVerified> | undefined {
    const query = { access_token: accessToken, openid };
    return promiseOrCallback(
      () => this.#call({ endpoint: API.auth, query, expects: 'verified', retry: true }),
      callback,
    );
  }

  /**
   * Mini programs: exchanges a code of `wx.login` for a session key, which is a secret and is not saved
   * ([小程序登录](https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html)).
   *
   * @throws WeChatAPIError of kind `code_invalid`, `code_used`, `user_limited`, `rate_limit` (100 a minute for each user), …
   */
  getSessionKey(code: string): Promise<MiniProgramSession>;
  getSessionKey(code: string, callback: Callback<MiniProgramSession>): void;
  getSessionKey(
    code: string,
    callback?: Callback<MiniProgramSession>,
  ): Promise<MiniProgramSession> | undefined {
    return promiseOrCallback(() => this.#session(code), callback);
  }

  async #session(code: string): Promise<MiniProgramSession> {
    const create_at = Date.now();
    const query = {
      appid: this.appid,
      secret: this.appsecret,
      js_code: code,
      grant_type: 'authorization_code',
    };
    const answer = await this.#call({ endpoint: API.sessionKey, query, expects: 'session' });
    return { data: { ...answer, create_at } as MiniProgramSession['data'] };
  }

  /**
   * Mini programs: decrypts what `wx.getUserInfo` and its kin hand out
   * ([开放数据校验与解密](https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html)). The watermark is
   * checked.
   *
   * @throws WechatAuthError of kind `decryption` where key, data and iv do not fit, or the data belongs to another app.
   */
  decryptMiniProgramUser(options: EncryptedData): MiniProgramUser {
    return decrypt(this.appid, options);
  }

  /**
   * A token of this openid that WeChat should take: the cached one, the saved one, else a refreshed one. One refresh at a time for each
   * openid, across processes where the store offers a lock.
   *
   * @throws NoOAuthTokenError where nothing is saved; WeChatAPIError of kind `reauthorize` where the user must log in again.
   */
  getValidAccessToken(openid: string): Promise<AccessToken>;
  getValidAccessToken(openid: string, callback: Callback<AccessToken>): void;
  getValidAccessToken(openid: string, callback?: Callback<AccessToken>): Promise<AccessToken> | undefined {
    return promiseOrCallback(() => this.#tokens.validToken(openid), callback);
  }

  /** Asks WeChat, and tells of it. */
  async #call<Name extends ResponseName>(call: WechatCall<Name>): Promise<Responses[Name]> {
    if (!callAnswered.hasSubscribers && !callFailed.hasSubscribers) return await this.#api.call(call);
    const { path } = call.endpoint;
    const began = performance.now();
    const told = (): CallAnswered => ({ appid: this.appid, path, durationMs: performance.now() - began });
    try {
      const answered = await this.#api.call(call);
      callAnswered.publish(told);
      return answered;
    } catch (error) {
      callFailed.publish(() => ({ ...told(), ...failureOf(error) }));
      throw error;
    }
  }

  /** The saved token of an openid, or `null`. Replace it on the instance or in a subclass to keep tokens elsewhere. */
  getToken(openid: string, callback?: Callback<TokenData | null>): unknown {
    return promiseOrCallback(async () => (await this.#store.get(this.#key(openid))) ?? null, callback);
  }

  /** Saves a token under its openid. Replace it on the instance or in a subclass to keep tokens elsewhere. */
  saveToken(openid: string, token: TokenData, callback?: Callback<unknown>): unknown {
    return promiseOrCallback(
      async () => await this.#store.set(this.#key(openid), token, TOKEN_TTL_MS),
      callback,
    );
  }

  /**
   * Keeps the secret out of logs, also out of those that show what is not enumerable.
   *
   * @internal
   */
  [inspect.custom](): string {
    return `${this.constructor.name} { appid: '${this.appid}' }`;
  }

  #key(openid: string): string {
    return `${this.appid}:${openid}`;
  }

  /** Through the instance, and with a callback: what an app has replaced there is what counts. */
  #backend(): ConstructorParameters<typeof TokenKeeper>[0] {
    const store = this.#store;
    const lock = store.lock?.bind(store);
    return {
      appid: this.appid,
      secret: () => this.appsecret,
      load: (openid) => callHook((callback) => this.getToken(openid, callback)),
      save: (openid, token) => callHook((callback) => this.saveToken(openid, token, callback)),
      forget: (openid) => store.delete(this.#key(openid)),
      refresh: (refreshToken) => callHook((callback) => this.refreshAccessToken(refreshToken, callback)),
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

function requireResult<T>(method: string, result: T | undefined): T {
  if (result !== undefined) return result;
  throw new WechatAuthError(
    'config',
    `${method} was replaced on this instance by one that gives nothing back.`,
  );
}
