/**
 * WeChat's OAuth protocol: the calls in the order in which a login makes them. This folder knows nothing of
 * the app's HTTP requests, responses and sessions.
 */
import { performance } from 'node:perf_hooks';
import { inspect } from 'node:util';
import { WechatAuthError, isWeChatAPIError } from '../errors';
import { isObject } from '../is-object';
import { MemoryTokenStore } from '../stores/memory-store';
import { TOKEN_TTL_MS, type TokenData, type TokenStore } from '../stores/token-store';
import { callHook, promiseOrCallback, type Callback } from './callbacks';
import {
  checkComponent,
  isAppSecret,
  ownCredentials,
  platformCredentials,
  type Credentials,
} from './credentials';
import { API, authorizeURL, resolveEndpoints, type AuthorizeParams, type WechatEndpoints } from './endpoints';
import { callAnswered, callFailed, failureOf, type CallAnswered } from './events';
import {
  decrypt,
  userOfSession,
  type EncryptedData,
  type MiniProgramSession,
  type MiniProgramUser,
} from './mini-program';
import type {
  GetToken,
  GetUserByCodeOptions,
  GetUserOptions,
  LanguageOptions,
  LooseOptions,
  OAuthOptions,
  SaveToken,
  TokenVerified,
} from './oauth-options';
import { isBaseOnly } from './scope';
import { AccessToken } from './tokens/access-token';
import { TokenKeeper, type TokenBackend } from './tokens/token-keeper';
import type { Agents } from './transport/agents';
import { copyHttpOptions, type WechatHttpOptions } from './transport/http-options';
import type { Secrets } from './transport/read-response';
import type { ResponseName, Responses } from './transport/response-schemas';
import { WechatAPI, type Query, type WechatCall } from './transport/wechat-api';
import { idsOf, type WechatLang, type WechatUser } from './user';

/** The errcodes for an access token that WeChat no longer accepts although it is valid by our clock. */
const ACCESS_TOKEN_INVALID: readonly number[] = [40001, 40014, 42001];

/**
 * Makes an instance use these connections to WeChat, which other instances may use too, until setOpts() gives
 * it options of its own.
 */
export let useConnections: (oauth: OAuth, connections: () => Agents) => void;

/**
 * WeChat's OAuth for one app, compatible with wechat-oauth. Every asynchronous method returns a promise, or
 * takes a Node callback as its last argument, which is called exactly once.
 *
 * A call that WeChat refuses rejects with a {@link WeChatAPIError}. A call that gets no valid response from
 * WeChat rejects with a {@link WechatAuthError} of kind `timeout`, `network` or `bad_answer`; a token that
 * could not be saved, with kind `token_store`. The calls for a profile, a refresh and a verification are
 * repeated once after a network failure or errcode -1. The exchange of an authorization code is never
 * repeated, because a code works only once.
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
  /** AppSecret. Not enumerable, so that logs and JSON leave it out. */
  declare readonly appsecret: string;
  /** Whether `getUserByCode` takes codes of a mini program's `wx.login`. */
  readonly isMiniProgram: boolean;
  readonly #endpoints: WechatEndpoints;
  readonly #http: WechatHttpOptions;
  readonly #api: WechatAPI;
  readonly #credentials: Credentials;
  readonly #store: TokenStore;
  readonly #tokens: TokenKeeper;

  static {
    useConnections = (oauth, connections) => {
      oauth.#api.useConnections(connections);
    };
  }

  /**
   * @throws WechatAuthError of kind `config` if the AppID is missing, or the component, an endpoint, the
   * timeout or the proxy is wrong.
   */
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
    this.appid = appIdOf(options);
    Object.defineProperty(this, 'appsecret', {
      value: options.appsecret,
      writable: true,
      configurable: true,
    });
    this.#credentials = clientCredentialsOf(options, () => this.appsecret);
    this.isMiniProgram = Boolean(options.isMiniProgram);
    if (options.getToken) this.getToken = options.getToken;
    if (options.saveToken) this.saveToken = options.saveToken;
    this.#endpoints = resolveEndpoints(options.endpoints ?? {});
    this.#http = copyHttpOptions(options.http ?? {});
    this.#api = new WechatAPI(
      this.#endpoints.api,
      this.#http,
      Boolean(options.dangerouslyAllowEmulatorInProduction),
    );
    this.#store = options.tokenStore ?? new MemoryTokenStore();
    this.#tokens = new TokenKeeper(this.#backend());
  }

  /**
   * Sets default options of every request, in addition to those of the constructor: `{ timeout: 15000 }` in
   * ms, or any option of axios that {@link WechatHttpOptions} allows. An undefined one counts as not given.
   * It replaces the options of an earlier call, and does not change `opts`.
   *
   * @throws WechatAuthError of kind `config` if the timeout is not a number of milliseconds, or the proxy is
   * wrong.
   */
  setOpts(opts: WechatHttpOptions): void {
    const given = Object.entries({ ...opts }).filter(([, value]) => value !== undefined);
    this.#api.setOptions({ ...this.#http, ...Object.fromEntries(given) });
  }

  /**
   * The authorization request for pages inside WeChat
   * ([网页授权](https://developers.weixin.qq.com/doc/service/guide/h5/auth.html)), as an address to redirect the
   * browser to. The address equals that of wechat-oauth byte for byte, because WeChat compares it strictly.
   *
   * @param redirect the redirect URI, not yet encoded; its host must be a 网页授权域名 of the account
   * @param state at most 128 bytes of a-zA-Z0-9; WeChat returns it with the code
   * @param scope `snsapi_base` (silent; the default) or `snsapi_userinfo`
   * @param params further parameters
   * @throws WechatAuthError of kind `config` if `params` holds one of the standard names, or a parameter
   * holds half a character (a lone surrogate).
   */
  getAuthorizeURL(redirect: string, state?: string, scope?: string, params?: AuthorizeParams): string {
    return authorizeURL(this.#endpoints.open, 'official', {
      appid: this.appid,
      redirect,
      state,
      scope,
      params,
      componentAppId: this.#credentials.componentAppId,
    });
  }

  /**
   * The authorization request for other browsers, which shows a QR code
   * ([网站应用微信登录](https://developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login/Wechat_Login.html)).
   *
   * @param redirect the redirect URI, not yet encoded; its host must be the 授权回调域 of the website app
   * @param state WeChat returns it with the code
   * @param scope `snsapi_login` is the default
   * @param params further parameters: `lang`, `style`, `href`, `self_redirect`, …
   * @throws WechatAuthError of kind `config` if `params` holds one of the standard names, a parameter holds
   * half a character (a lone surrogate), or a third-party platform acts for the account: platforms cannot act
   * for website apps.
   */
  getAuthorizeURLForWebsite(
    redirect: string,
    state?: string,
    scope?: string,
    params?: AuthorizeParams,
  ): string {
    if (this.#credentials.componentAppId !== undefined) throw noWebsiteApp();
    return authorizeURL(this.#endpoints.open, 'website', {
      appid: this.appid,
      redirect,
      state,
      scope,
      params,
    });
  }

  /**
   * Exchanges an authorization code for a token
   * ([access_token](https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsaccesstoken.html)),
   * and saves the token under its openid. The token of a virtual account (snapshot page) is not saved. A code
   * works only once, so the exchange is never repeated. A code is valid for 5 minutes; one of the QR code
   * page is valid for 10 minutes.
   *
   * Do not confuse it with `req.wechat.getAccessToken()`, which resolves with a valid access token as a
   * string.
   *
   * @throws WeChatAPIError of kind `code_invalid`, `code_used`, `credentials`, …; WechatAuthError of kind
   * `token_store` if the token could not be saved.
   */
  getAccessToken(code: string): Promise<AccessToken>;
  getAccessToken(code: string, callback: Callback<AccessToken>): void;
  getAccessToken(code: string, callback?: Callback<AccessToken>): Promise<AccessToken> | undefined {
    return promiseOrCallback(() => this.#exchange(code), callback);
  }

  async #exchange(code: string): Promise<AccessToken> {
    const { appid } = this;
    const query = {
      appid,
      ...(await this.#credentials.forExchange()),
      code,
      grant_type: 'authorization_code',
    };
    const endpoint = this.#credentials.endpoints.accessToken;
    const created = Date.now();
    const token = await this.#save(created, await this.#call({ endpoint, query, expects: 'token' }));
    EXCHANGES.set(
      token,
      endpoint.secrets.map((name) => (query as Query)[name]),
    );
    return token;
  }

  /**
   * Exchanges a refresh token for a new access token
   * ([refresh_token](https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsrefreshtoken.html)),
   * and saves it. Simultaneous calls with the same refresh token share one request to WeChat. If WeChat
   * refuses the refresh token, a saved token that contains it stays saved, because this method does not know
   * its openid.
   *
   * @throws WeChatAPIError of kind `reauthorize` if the refresh token is missing, older than 30 days or
   * revoked.
   */
  refreshAccessToken(refreshToken: string | undefined): Promise<AccessToken>;
  refreshAccessToken(refreshToken: string | undefined, callback: Callback<AccessToken>): void;
  refreshAccessToken(
    refreshToken: string | undefined,
    callback?: Callback<AccessToken>,
  ): Promise<AccessToken> | undefined {
    return promiseOrCallback(
      () => this.#tokens.runRefresh(refreshToken, () => this.#refresh(refreshToken)),
      callback,
    );
  }

  async #refresh(refreshToken: string | undefined): Promise<AccessToken> {
    const query = {
      appid: this.appid,
      ...(await this.#credentials.forRefresh()),
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
    };
    const endpoint = this.#credentials.endpoints.refreshToken;
    const created = Date.now();
    const response = await this.#call({ endpoint, query, expects: 'token', retry: true });
    const login_at = await this.#tokens.loginOf(refreshToken, response.openid);
    return await this.#save(created, response, login_at === undefined ? undefined : { login_at });
  }

  /**
   * `created` is the time before the request was sent. So the expiry that is computed from it is never later
   * than WeChat's.
   */
  async #save(
    created: number,
    response: Responses['token'],
    login?: Pick<TokenData, 'login_at'>,
  ): Promise<AccessToken> {
    // Not a spread: V8 would give each such object its own hidden class, which takes a third of the memory of
    // a cached token.
    const data = Object.assign({}, response, { create_at: created }, login) as TokenData;
    const token = new AccessToken(data);
    await this.#tokens.save(token);
    return token;
  }

  /**
   * The profile of a user who has logged in before
   * ([userinfo](https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsuserinfo.html)). The
   * access token is taken from the cache or the store. It is refreshed if it has expired, or if WeChat no
   * longer accepts it.
   *
   * @throws NoOAuthTokenError if no token is saved for this openid; WeChatAPIError of kind `reauthorize` if
   * the user must log in again, of kind `scope` if only `snsapi_base` was granted.
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
    // As in wechat-oauth, a missing openid fails with "No token for undefined", which names what is missing.
    const id = String(openid ?? openId);
    const started = Date.now();
    let token = await this.#tokens.validToken(id);
    for (let calls = 1; ; calls++) {
      try {
        return await this.#profile(id, token, lang);
      } catch (error) {
        if (!isWeChatAPIError(error) || !ACCESS_TOKEN_INVALID.includes(error.code)) throw error;
        // The second token may be one that another process saved, and WeChat may have ended it, too. A token
        // that was issued during this call is not replaced again.
        const mayTryAgain = calls === 1 || (calls === 2 && token.data.create_at < started);
        if (!mayTryAgain) throw error;
      }
      token = await this.#tokens.replace(id, token);
    }
  }

  async #profile(openid: string, token: AccessToken, lang: WechatLang | undefined): Promise<WechatUser> {
    const query = { access_token: token.data.access_token, openid, lang: [lang, 'zh_CN'].find(Boolean) };
    const knownSecrets = (): Secrets => [token.data.refresh_token, ...(EXCHANGES.get(token) ?? [])];
    const user = await this.#call({
      endpoint: API.userInfo,
      query,
      expects: 'user',
      retry: true,
      knownSecrets,
    });
    if (user.openid === openid) return user as WechatUser;
    throw new WechatAuthError(
      'bad_answer',
      `The response to ${API.userInfo.path} is not WeChat's: the profile is that of another openid. ` +
        'Check `endpoints`.',
    );
  }

  /**
   * Exchanges an authorization code for the profile of its user. After a silent login (`snsapi_base`), which
   * grants no profile, and for a mini program without `encryptedData`, the result is `{ openid, unionid? }`.
   * A virtual account of the snapshot page has `is_snapshotuser: 1`, and its token is not saved.
   *
   * @throws The errors of `getAccessToken` and `getUser`; for a mini program, those of `getSessionKey` and
   * `decryptMiniProgramUser`, and kind `decryption` if data and code belong to different users.
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
   * The second half of `getUserByCode`, for the middleware, which looks at the token before it asks for the
   * profile.
   *
   * @throws The errors of `getUser`.
   * @internal
   */
  getUserByAccessToken(token: AccessToken, options?: LanguageOptions): Promise<WechatUser>;
  getUserByAccessToken(
    token: AccessToken,
    options: LanguageOptions | undefined,
    callback: Callback<WechatUser>,
  ): void;
  getUserByAccessToken(
    token: AccessToken,
    { lang }: LanguageOptions = {},
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

  /** For some virtual accounts WeChat refuses the profile with errcode 48001. Then only the ids are known. */
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
    const encrypted = encryptedData == null ? undefined : { encryptedData, iv: iv ?? '' };
    return userOfSession(data, encrypted, (options) => this.decryptMiniProgramUser(options));
  }

  /**
   * Asks WeChat whether an access token is still valid for this openid
   * ([auth](https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsauth.html)). Resolves with
   * `{ errcode: 0, errmsg: 'ok' }`.
   *
   * @throws WeChatAPIError of kind `token_invalid` or `openid_invalid` if it is not.
   */
  verifyToken(openid: string, accessToken: string): Promise<{ readonly errcode: 0; readonly errmsg: string }>;
  verifyToken(
    openid: string,
    accessToken: string,
    callback: Callback<{ readonly errcode: 0; readonly errmsg: string }>,
  ): void;
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
   * @throws WeChatAPIError of kind `code_invalid`, `code_used`, `user_limited`, `rate_limit` (100 calls a
   * minute for each user), …
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
    const query = {
      appid: this.appid,
      ...(await this.#credentials.forExchange()),
      js_code: code,
      grant_type: 'authorization_code',
    };
    const endpoint = this.#credentials.endpoints.sessionKey;
    const create_at = Date.now();
    const response = await this.#call({ endpoint, query, expects: 'session' });
    return { data: { ...response, create_at } as MiniProgramSession['data'] };
  }

  /**
   * Mini programs: decrypts the data that `wx.getUserInfo` and similar functions return
   * ([开放数据校验与解密](https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html)),
   * and checks its watermark. Compare `openId` with the openid of the session, as `getUserByCode` does: an
   * attacker who sends `encryptedData` can alter its first 16 bytes by changing `iv`.
   *
   * @throws WechatAuthError of kind `decryption` if key, data and iv do not belong together, or the data was
   * made for another app.
   */
  decryptMiniProgramUser(options: EncryptedData): MiniProgramUser {
    return decrypt(this.appid, options);
  }

  /**
   * A token of this openid that WeChat should accept (see {@link AccessToken.isValid}): the cached one, the
   * saved one, or a refreshed one. At most one refresh runs at a time for each openid, also across processes
   * if the store offers a lock.
   *
   * @throws NoOAuthTokenError if no token is saved; WeChatAPIError of kind `reauthorize` if the user must log
   * in again.
   */
  getValidAccessToken(openid: string): Promise<AccessToken>;
  getValidAccessToken(openid: string, callback: Callback<AccessToken>): void;
  getValidAccessToken(openid: string, callback?: Callback<AccessToken>): Promise<AccessToken> | undefined {
    return promiseOrCallback(() => this.#tokens.validToken(openid), callback);
  }

  /**
   * Deletes the token of a user from `tokenStore` and from the memory of this process, for example after
   * WeChat's event that the user has revoked a permission. An app that stores tokens with `getToken` and
   * `saveToken` must first delete its own record, because this method cannot. Another process that has used
   * the token keeps it in memory. When it has expired, that process refreshes the token and saves it again,
   * unless WeChat refuses the refresh token.
   *
   * @throws WechatAuthError of kind `token_store` if the store failed.
   */
  deleteToken(openid: string): Promise<void>;
  deleteToken(openid: string, callback: Callback<void>): void;
  deleteToken(openid: string, callback?: Callback<void>): Promise<void> | undefined {
    return promiseOrCallback(() => this.#tokens.delete(openid), callback);
  }

  /** Calls WeChat, and reports the call on the diagnostics channels. */
  async #call<Name extends ResponseName>(request: WechatCall<Name>): Promise<Responses[Name]> {
    const knownSecrets = (): Secrets => [this.appsecret, ...(request.knownSecrets?.() ?? [])];
    const call = { ...request, knownSecrets };
    if (!callAnswered.hasSubscribers && !callFailed.hasSubscribers) return await this.#api.call(call);
    const { path } = call.endpoint;
    const started = performance.now();
    const message = (): CallAnswered => ({
      appid: this.appid,
      path,
      durationMs: performance.now() - started,
    });
    try {
      const response = await this.#api.call(call);
      callAnswered.publish(message);
      return response;
    } catch (error) {
      callFailed.publish(() => ({ ...message(), ...failureOf(error) }));
      throw error;
    }
  }

  /**
   * The saved token of an openid, or `null`. To use another store, replace this method on the instance or in
   * a subclass.
   */
  getToken(openid: string, callback?: Callback<TokenData | null>): unknown {
    return promiseOrCallback(async () => (await this.#store.get(this.#key(openid))) ?? null, callback);
  }

  /**
   * Saves a token under its openid. To use another store, replace this method on the instance or in a
   * subclass.
   */
  saveToken(openid: string, token: TokenData, callback?: Callback<unknown>): unknown {
    return promiseOrCallback(
      async () => await this.#store.set(this.#key(openid), token, TOKEN_TTL_MS),
      callback,
    );
  }

  /**
   * Keeps the secret out of logs, even if they show properties that are not enumerable.
   *
   * @internal
   */
  [inspect.custom](): string {
    return `${this.constructor.name} { appid: '${this.appid}' }`;
  }

  #key(openid: string): string {
    return `${this.appid}:${openid}`;
  }

  /** Calls the public methods, with a callback, because an app may have replaced them as in wechat-oauth. */
  #backend(): TokenBackend {
    const store = this.#store;
    const lock = store.lock?.bind(store);
    return {
      appid: this.appid,
      secret: () => this.appsecret,
      load: (openid) => callHook((callback) => this.getToken(openid, callback), this.getToken.length > 1),
      save: (openid, token) =>
        callHook((callback) => this.saveToken(openid, token, callback), this.saveToken.length > 2),
      delete: (openid) => store.delete(this.#key(openid)),
      refresh: (refreshToken) => callHook((callback) => this.refreshAccessToken(refreshToken, callback)),
      lock: lock && ((openid, fn) => lock(this.#key(openid), fn)),
    };
  }
}

/** What was sent for a token, so that it can be masked if a gateway echoes it in a later call. */
const EXCHANGES = new WeakMap<AccessToken, Secrets>();

function appIdOf(options: LooseOptions): string {
  for (const [name, option] of [
    ['appId', 'appid'],
    ['appSecret', 'appsecret'],
  ] as const)
    if (Object.hasOwn(options, name) && options[option] == null)
      throw wrongOptions(`${name} is not an option of OAuth. Did you mean ${option}?`);
  const { appid } = options;
  const remedy = 'Give the AppID that the WeChat console shows';
  // Depth -1, because a misplaced object may hold the secret.
  if (typeof appid !== 'string' || !appid)
    throw wrongOptions(`appid is ${inspect(appid, { depth: -1 })}. ${remedy}.`);
  if (isAppSecret(appid))
    throw wrongOptions(`appid has the form of an AppSecret. ${remedy}, and the AppSecret as appsecret.`);
  return appid;
}

function wrongOptions(message: string): WechatAuthError {
  return new WechatAuthError('config', message);
}

function clientCredentialsOf({ component, appsecret }: LooseOptions, secret: () => string): Credentials {
  if (component == null) return ownCredentials(secret);
  checkComponent(component, appsecret);
  return platformCredentials(component);
}

function noWebsiteApp(): WechatAuthError {
  return new WechatAuthError(
    'config',
    'A third-party platform cannot log users in with a website app. ' +
      'Use an OAuth with the appsecret of the website app.',
  );
}

function requireResult<T>(method: string, result: T | undefined): T {
  if (result !== undefined) return result;
  throw new WechatAuthError(
    'config',
    `${method} was replaced on this instance by a function that gave no result. ` +
      'Return the result, or pass it to the callback.',
  );
}
