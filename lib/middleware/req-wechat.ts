/**
 * `req.wechat`: the user of this request, and the methods to log in and out and to use the token. The
 * session is read when a member is used.
 */
import { WechatAuthError } from '../errors';
import { FLOWS, type CodeFlow } from '../oauth/flows';
import type { OAuth } from '../oauth/oauth';
import { sendFailure } from './failures/send-failure';
import { late } from './late';
import type { CodeLoginOptions } from './login/client-code';
import type { WechatLoginOptions } from './login/login-options';
import { clearLogin, confirmedLogin, currentLogin, mayMissLogout } from './login/current-login';
import { type HostRequest } from './http/request';
import { accountOf, mainAccountOf, requireAccount, type Context } from './context';
import type { AppUser, WechatSession, WechatSessions } from './state/wechat-session';
import { noStore } from './http/response';
import { loginPath } from './addresses';
import { LoginReporter } from './login/login-reporter';

/**
 * The parameters of the QR code that `wxLogin.js` embeds in a page (网站应用微信登录, 第二种获取 code 的方式).
 *
 * @example
 * app.get('/qr', async (req, res) => res.json(await req.wechat.loginParams({ returnTo: '/me' })));
 * // in the page: new WxLogin({ id: 'qr', ...params });
 */
export interface WxLoginParams {
  /** AppID of the website app. */
  readonly appid: string;
  /** `snsapi_login` */
  readonly scope: string;
  /** Percent-encoded, because the widget does not encode. */
  readonly redirect_uri: string;
  /** The state of a pending login that was just saved in the session. It works once. */
  readonly state: string;
}

/**
 * The value of `req.wechat`, which `wechatAuth()` sets on a request. The session is not read before a member
 * is used.
 *
 * @example
 * app.get('/', (req, res) => {
 *   const { user } = req.wechat;
 *   const loginURL = req.wechat.loginURL({ returnTo: '/me' });
 *   res.send(user ? `Hello, ${user.openid}` : `<a href="${loginURL}">Log in</a>`);
 * });
 */
export interface WechatContext {
  /**
   * The user who is logged in: WeChat's profile, or the object that `onLogin` returned. `undefined` if nobody
   * is.
   */
  readonly user: AppUser | undefined;
  /**
   * The user who is logged in, for code behind a guard: unlike `user`, its type does not include `undefined`.
   *
   * @throws WechatAuthError of kind `unauthenticated` if nobody is logged in, or `config` if the option
   * `account` found no account for this request.
   */
  requireUser(): AppUser;
  /** Whether somebody is logged in. If it returns true, TypeScript knows that `user` is not undefined. */
  isAuthenticated(): this is { readonly user: AppUser };
  /**
   * Redirects the browser to WeChat, or shows the QR code of a scan login. If no configured flow fits this
   * browser, shows a page that tells the user where to log in. A script gets 401 JSON
   * `{ error, message, loginURL }`, as from the guard: it cannot follow the redirect. So do HEAD and a
   * prefetch, for which no login must start. The promise never
   * rejects, so that a call without `await` cannot end the process: an error is sent as in the login route
   * (`onError`, page or JSON), or passed to the app's error handler.
   */
  login(options?: WechatLoginOptions): Promise<void>;
  /**
   * The path of the login route, for links, such as `/login?returnTo=%2Fme`. `data` is signed, so that nobody
   * else can write it, but anybody can read it and pass the link on. Anybody could write such a link, so the
   * login route ignores a `scope` that is lower than the option `scope`, and a `flow` unless the option
   * `flow` is `auto` and a user can log in with that flow in this browser. For these, call `login()`.
   *
   * @throws WechatAuthError of kind `config` if there is no login route, if `data` is not JSON of at most 512
   * bytes, or if no account has an AppSecret to sign it.
   */
  loginURL(options?: Pick<WechatLoginOptions, 'returnTo' | 'scope' | 'flow' | 'data'>): string;
  /**
   * Starts a login for the QR code that a page embeds with `wxLogin.js`.
   *
   * @throws WechatAuthError of kind `config` without a website app, or if `data` is not JSON of at most 512
   * bytes; `session_missing` without a session.
   */
  loginParams(options?: Pick<WechatLoginOptions, 'returnTo' | 'data'>): Promise<WxLoginParams>;
  /**
   * Starts a scan login for a page of the app: the page shows `svg` and `number`, requests `statusURL` every
   * two seconds, and goes to `location` when the status is `confirmed`. See docs/guides/scan-login.md.
   *
   * @throws WechatAuthError of kind `config` if `scanLogin` is off, or if `data` is not JSON of at most 512
   * bytes; `session_missing` without a session.
   */
  startScanLogin(options?: Pick<WechatLoginOptions, 'returnTo' | 'scope' | 'data'>): Promise<{
    /** The QR code, as an SVG element. */
    readonly svg: string;
    /** The address in the QR code. It is for the phone, and a secret until the login is over. */
    readonly url: string;
    /** Two digits to show beside the code. The phone shows the same ones, for the user to compare. */
    readonly number: string;
    /** The path to request every two seconds: JSON with `status`, and `location` where it is `confirmed`. */
    readonly statusURL: string;
    /** When the code stops working, in ms since 1970. */
    readonly expiresAt: number;
  }>;
  /**
   * Logs a user in with a code that a client posted: a mini program (`wx.login`) or a mobile app (the
   * OpenSDK). `onLogin` runs; then the session gets a new id and holds the login. If one client posts the
   * same code twice, at once or with a session within a minute, that is one login. Call it in a route for
   * POST. See docs/guides/mini-programs.md and docs/guides/mobile-apps.md.
   *
   * @returns the user: the object that `onLogin` returned, otherwise what WeChat sent. For a mini program
   * these are `openid`, perhaps `unionid`, and the fields of `encryptedData`.
   * @throws WechatAuthError of kind `forbidden` if a page of another site sent the request; `config` if there
   * is no such account, or `data` is not JSON of at most 512 bytes; `session_missing` without a session,
   * unless `session` is false; `code_invalid` for a code that WeChat never sends; `decryption` if
   * `encryptedData` cannot be decrypted or is another user's; `unionid_missing`, `snapshot_user`,
   * `login_refused` and `login_failed` as in any login; `state_unknown` if the user logged out meanwhile;
   * `token_store`, `timeout`, `network` and `bad_answer`; WeChatAPIError of kind `code_invalid`, `code_used`,
   * `credentials`, `user_limited`, `rate_limit`, … The code is spent in most cases: the client asks WeChat
   * for a new one.
   *
   * @example
   * app.post('/login', async (req, res) => {
   *   const user = await req.wechat.loginWithCode('miniProgram', req.body.code, { session: false });
   *   res.json({ openid: user.openid });
   * });
   */
  loginWithCode(
    flow: 'miniProgram' | 'mobileApp',
    code: string,
    options?: CodeLoginOptions,
  ): Promise<AppUser>;
  /**
   * Logs the user out: removes the login and everything else from the session, except logins under another
   * `sessionKey`, and gives the session a new id.
   *
   * @throws WechatAuthError of kind `session_missing` if there is no session, or its store failed; `config`
   * if the option `account` found no account for this request.
   */
  logout(): Promise<void>;
  /**
   * A valid access token of the user, refreshed if it has expired. It is a secret: never send it to a
   * browser. (`oauth.getAccessToken(code)` is another method: it exchanges a code.)
   *
   * @throws WechatAuthError of kind `unauthenticated` without a user, `no_token` if no token is stored or the
   * user logged in with a mini program, `token_store` if the store failed, `timeout`, `network` or
   * `bad_answer` if a refresh did not succeed, or `config` if the option `account` found no account for this
   * request, or `component.accessToken` failed; WeChatAPIError of kind `reauthorize` if the user must log in
   * again, or of another kind with which WeChat refused the refresh (`busy`, `rate_limit`, `credentials`, …).
   */
  getAccessToken(): Promise<string>;
  /**
   * The OAuth client of the account that the user logged in with. If nobody is logged in, that of the first
   * configured account, in this order: official account, website app, mini program, mobile app.
   */
  readonly oauth: OAuth;
}

/**
 * A request behind `wechatAuth()`, for Connect and plain `node:http`; Express's own requests carry `wechat`
 * already.
 */
export interface WechatRequest extends HostRequest {
  /** The user of this request, and the methods to log in and out. */
  readonly wechat: WechatContext;
  /** The session, if a session middleware runs before wechatAuth(). */
  readonly session?: WechatSessions | null | undefined;
}

export class ReqWechat implements WechatContext {
  readonly #context: Context;
  /** Whether this request has looked for logouts at other processes: the app may read the user many times. */
  #hasAsked = false;

  constructor(context: Context) {
    this.#context = context;
  }

  get user(): AppUser | undefined {
    return this.#currentLogin()?.user;
  }

  requireUser(): AppUser {
    return this.#requireLogin().user;
  }

  isAuthenticated(): this is { readonly user: AppUser } {
    return this.#currentLogin() !== undefined;
  }

  async login(options: WechatLoginOptions = {}): Promise<void> {
    try {
      requireAccount(this.#context);
      await late.login().loginByApp(this.#context, options);
    } catch (error) {
      await sendFailure(this.#context, error).catch(this.#context.next);
    }
  }

  loginURL(options: Pick<WechatLoginOptions, 'returnTo' | 'scope' | 'flow' | 'data'> = {}): string {
    const data = late.loginData().signedData(this.#context, options.data);
    return loginPath(this.#context, { ...options, data });
  }

  async loginParams(options: Pick<WechatLoginOptions, 'returnTo' | 'data'> = {}): Promise<WxLoginParams> {
    noStore(this.#context.res);
    const reporter = new LoginReporter(this.#context.config, { flow: 'website' });
    try {
      const { account, scope, redirectURI, state } = await late
        .login()
        .prepareLogin(this.#context, 'website', options);
      return { appid: account.appid, scope, redirect_uri: encodeURIComponent(redirectURI), state };
    } catch (error) {
      reporter.failed(error);
      throw error;
    }
  }

  async startScanLogin(
    options: Pick<WechatLoginOptions, 'returnTo' | 'scope' | 'data'> = {},
  ): ReturnType<WechatContext['startScanLogin']> {
    noStore(this.#context.res);
    const reporter = new LoginReporter(this.#context.config, { flow: 'scan' });
    try {
      const { state, scope } = await late.login().prepareLogin(this.#context, 'scan', options);
      return late.scanPC().scanCodeOf(this.#context, state, scope);
    } catch (error) {
      reporter.failed(error);
      throw error;
    }
  }

  async loginWithCode(flow: CodeFlow, code: string, options: CodeLoginOptions = {}): Promise<AppUser> {
    return await late.clientCode().loginWithCode(this.#context, flow, code, options);
  }

  async logout(): Promise<void> {
    requireAccount(this.#context);
    await clearLogin(this.#context.req, this.#context.config);
  }

  async getAccessToken(): Promise<string> {
    const { openid, flow } = this.#requireLogin();
    if (FLOWS[flow].exchange === 'sessionKey') throw noAccessToken();
    const { data } = await this.oauth.getValidAccessToken(openid);
    return data.access_token;
  }

  get oauth(): OAuth {
    const flow = this.#currentLogin()?.flow;
    return (flow ? accountOf(this.#context, flow) : mainAccountOf(this.#context)).oauth;
  }

  #requireLogin(): WechatSession {
    const login = this.#currentLogin();
    if (login) return login;
    requireAccount(this.#context);
    throw new WechatAuthError(
      'unauthenticated',
      'No user is logged in. Guard the route with requireWechatUser().',
    );
  }

  #currentLogin(): WechatSession | undefined {
    const { req, config } = this.#context;
    const login = currentLogin(req, config);
    // The guard waits until the logouts at other processes are known. A getter cannot wait: it starts to look
    // for them, so that the next request knows them.
    if (login && !this.#hasAsked && mayMissLogout(req, config)) {
      this.#hasAsked = true;
      // Meanwhile the app may replace the session by one that throws.
      confirmedLogin(req, config).catch(() => undefined);
    }
    return login;
  }

  /** For the guard: the context behind a `req.wechat` of this package; `undefined` for any other value. */
  static unwrap(value: unknown): Context | undefined {
    if (typeof value !== 'object' || value === null || !(#context in value)) return undefined;
    return value.#context;
  }
}

function noAccessToken(): WechatAuthError {
  return new WechatAuthError(
    'no_token',
    'This user logged in with a mini program, and WeChat gives the users of mini programs no access token. ' +
      'Call the interfaces of the mini program with its own access_token (cgi-bin/stable_token).',
  );
}

declare global {
  // Adds `wechat` to Express's requests. It has no effect without Express.
  // eslint-disable-next-line @typescript-eslint/no-namespace -- Express is typed so
  namespace Express {
    interface Request {
      readonly wechat: WechatContext;
    }
  }
}
