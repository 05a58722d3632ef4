/** `req.wechat`: what an app asks of the user of this request. Nothing is read before it is asked for. */
import { WechatAuthError } from '../errors';
import type { OAuth } from '../oauth/oauth';
import { beginLogin, startLogin, type WechatLoginOptions } from './login/login';
import { clearLogin, currentLogin } from './login/current-login';
import { type HostRequest } from './http/request';
import type { Context } from './context';
import type { AppUser, WechatSession, WechatSessions } from './state/wechat-session';
import { noStore } from './http/response';
import { loginURL } from './addresses';
import { LoginReporter } from './login/login-reporter';

/**
 * What the embedded QR code of `wxLogin.js` takes (网站应用微信登录, 第二种获取 code 的方式).
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
  /** Of a login that is kept in the session now, and works once. */
  readonly state: string;
}

/**
 * What `wechatAuth()` puts on a request, as `req.wechat`. The session is not read before a member is used.
 *
 * @example
 * app.get('/', (req, res) => {
 *   const { user } = req.wechat;
 *   res.send(user ? `Hello, ${user.openid}` : `<a href="${req.wechat.loginURL({ returnTo: '/me' })}">Log in</a>`);
 * });
 */
export interface WechatContext {
  /** Who is logged in: WeChat's profile, or what `onLogin` returned; `undefined` for nobody. */
  readonly user: AppUser | undefined;
  /** Whether somebody is logged in. */
  isAuthenticated(): boolean;
  /**
   * Sends the browser to WeChat, or shows the page that says where it can log in; the response ends with it.
   *
   * @throws WechatAuthError of kind `session_missing` or `config`.
   */
  login(options?: WechatLoginOptions): Promise<void>;
  /**
   * The path of the login route, for links, such as `/login?returnTo=%2Fme`.
   *
   * @throws WechatAuthError of kind `config` where `routes.login` is false.
   */
  loginURL(options?: Pick<WechatLoginOptions, 'returnTo' | 'scope'>): string;
  /**
   * Starts a login for the QR code that a page embeds with `wxLogin.js`.
   *
   * @throws WechatAuthError of kind `config` without a website app, `session_missing` without a session.
   */
  loginParams(options?: Pick<WechatLoginOptions, 'returnTo'>): Promise<WxLoginParams>;
  /**
   * Drops the login and what else the session holds, and changes its id; logins under another `sessionKey` stay.
   *
   * @throws WechatAuthError of kind `session_missing` where the session's store failed.
   */
  logout(): Promise<void>;
  /**
   * An access token of the user that WeChat should take, refreshed where it has expired. A secret: it does not belong in a browser.
   *
   * @throws WechatAuthError of kind `unauthenticated` without a user; `no_token`, `token_store`; WeChatAPIError of kind
   * `reauthorize` where the user must log in again.
   */
  getAccessToken(): Promise<string>;
  /** The core, of the account the user logged in with, else of the official account, else of the website app. */
  readonly oauth: OAuth;
}

/** A request behind `wechatAuth()`, for Connect and plain `node:http`; Express's own requests carry `wechat` already. */
export interface WechatRequest extends HostRequest {
  /** Who is logged in, and what can be done about it. */
  readonly wechat: WechatContext;
  /** What the session middleware put here, if any. */
  readonly session?: WechatSessions | null | undefined;
}

export class ReqWechat implements WechatContext {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  get user(): AppUser | undefined {
    return this.#currentLogin()?.user;
  }

  isAuthenticated(): boolean {
    return this.#currentLogin() !== undefined;
  }

  async login(options: WechatLoginOptions = {}): Promise<void> {
    await startLogin(this.#context, options);
  }

  loginURL(options: Pick<WechatLoginOptions, 'returnTo' | 'scope'> = {}): string {
    return loginURL(this.#context, options);
  }

  async loginParams(options: Pick<WechatLoginOptions, 'returnTo'> = {}): Promise<WxLoginParams> {
    noStore(this.#context.res);
    const ending = new LoginReporter(this.#context.config, { flow: 'website' });
    try {
      const { account, scope, redirect, state } = await beginLogin(this.#context, 'website', options);
      return { appid: account.oauth.appid, scope, redirect_uri: encodeURIComponent(redirect), state };
    } catch (error) {
      ending.failed(error);
      throw error;
    }
  }

  async logout(): Promise<void> {
    await clearLogin(this.#context.req, this.#context.config);
  }

  async getAccessToken(): Promise<string> {
    const login = this.#currentLogin();
    if (!login)
      throw new WechatAuthError(
        'unauthenticated',
        'Nobody is logged in. Guard the route with requireWechatUser().',
      );
    const { data } = await this.oauth.getValidAccessToken(login.openid);
    return data.access_token;
  }

  get oauth(): OAuth {
    const { accounts, mainAccount } = this.#context.config;
    const flow = this.#currentLogin()?.flow;
    return ((flow && accounts[flow]) ?? mainAccount).oauth;
  }

  #currentLogin(): WechatSession | undefined {
    return currentLogin(this.#context.req, this.#context.config);
  }

  /** For the guard: the visit behind a `req.wechat` of ours, and who is logged in. */
  static contextBehind(context: unknown): { context: Context; login: WechatSession | undefined } | undefined {
    if (typeof context !== 'object' || context === null || !(#context in context)) return undefined;
    return { context: context.#context, login: context.#currentLogin() };
  }
}

declare global {
  // Where Express is in use, its requests carry it too; elsewhere this is an empty shell.
  // eslint-disable-next-line @typescript-eslint/no-namespace -- Express is typed so
  namespace Express {
    interface Request {
      readonly wechat: WechatContext;
    }
  }
}
