/** `req.wechat`: what an app asks of the user of this request. Nothing is read before it is asked for. */
import { WechatAuthError } from '../errors';
import type { OAuth } from '../oauth/oauth';
import type { WechatUser } from '../oauth/user';
import { beginLogin, loginURL, startLogin, type LoginOptions } from './login';
import { dropLogin, signedIn } from './signed-in';
import { noStore, type HostRequest } from './http';
import type { Visit } from './visit';
import type { WechatSession } from './session';

/** What the embedded QR code of `wxLogin.js` takes. */
export interface LoginParams {
  readonly appid: string;
  readonly scope: string;
  /** Percent-encoded, because the widget does not encode. */
  readonly redirect_uri: string;
  readonly state: string;
}

/** What `wechatAuth()` puts on a request, as `req.wechat`. */
export interface WechatContext {
  /** Who is logged in: WeChat's profile, or what `onLogin` returned. */
  readonly user: WechatUser | undefined;
  isAuthenticated(): boolean;
  /** Sends the browser to WeChat. */
  login(options?: LoginOptions): Promise<void>;
  /** The path of the login route, for links. */
  loginURL(options?: Pick<LoginOptions, 'returnTo' | 'scope'>): string;
  /** Starts a login for the QR code that a page embeds with `wxLogin.js`; kind `config` without a website app. */
  loginParams(options?: Pick<LoginOptions, 'returnTo'>): Promise<LoginParams>;
  /** Drops the login and changes the session's id; other accounts stay logged in. */
  logout(): Promise<void>;
  /** An access token of the user that WeChat takes, refreshed if need be; kind `unauthenticated` without a user. */
  getAccessToken(): Promise<string>;
  /** The core, of the account the user logged in with, else of the first one. */
  readonly oauth: OAuth;
}

/** A request behind `wechatAuth()`. */
export interface WechatRequest extends HostRequest {
  wechat: WechatContext;
}

export class RequestContext implements WechatContext {
  readonly #visit: Visit;

  constructor(visit: Visit) {
    this.#visit = visit;
  }

  get user(): WechatUser | undefined {
    return this.#signedIn()?.user;
  }

  isAuthenticated(): boolean {
    return this.#signedIn() !== undefined;
  }

  async login(options: LoginOptions = {}): Promise<void> {
    await startLogin(this.#visit, options);
  }

  loginURL(options: Pick<LoginOptions, 'returnTo' | 'scope'> = {}): string {
    return loginURL(this.#visit, options);
  }

  async loginParams(options: Pick<LoginOptions, 'returnTo'> = {}): Promise<LoginParams> {
    noStore(this.#visit.res);
    const { account, scope, redirect, state } = await beginLogin(this.#visit, 'website', options);
    return { appid: account.oauth.appid, scope, redirect_uri: encodeURIComponent(redirect), state };
  }

  async logout(): Promise<void> {
    await dropLogin(this.#visit.req, this.#visit.settled);
  }

  async getAccessToken(): Promise<string> {
    const login = this.#signedIn();
    if (!login)
      throw new WechatAuthError(
        'unauthenticated',
        'Nobody is logged in. Guard the route with requireWechatUser().',
      );
    const { data } = await this.oauth.getFreshAccessToken(login.openid);
    return data.access_token;
  }

  get oauth(): OAuth {
    const { accounts, mainAccount } = this.#visit.settled;
    const flow = this.#signedIn()?.flow;
    return ((flow && accounts[flow]) ?? mainAccount).oauth;
  }

  #signedIn(): WechatSession | undefined {
    return signedIn(this.#visit.req, this.#visit.settled);
  }

  /** For the guard: the visit behind a `req.wechat` of ours, and who is logged in. */
  static open(context: unknown): { visit: Visit; login: WechatSession | undefined } | undefined {
    if (typeof context !== 'object' || context === null || !(#visit in context)) return undefined;
    return { visit: context.#visit, login: context.#signedIn() };
  }
}

declare global {
  // Where Express is in use, its requests carry it too; elsewhere this is an empty shell.
  // eslint-disable-next-line @typescript-eslint/no-namespace -- Express is typed so
  namespace Express {
    interface Request {
      wechat: WechatContext;
    }
  }
}
