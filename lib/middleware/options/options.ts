/** The options, and what they are once they are settled. */
import type { ServerResponse } from 'node:http';
import type { WechatError } from '../../errors';
import type { AccessToken } from '../../oauth/tokens/access-token';
import type { WechatEndpointOptions } from '../../oauth/endpoints';
import type { WechatFlow } from '../../oauth/flows';
import type { WechatLang, WechatUser } from '../../oauth/user';
import type { WechatHttpOptions } from '../../oauth/transport/http-options';
import type { TokenStore } from '../../stores/token-store';
import type { HostRequest, Next } from '../http/request';
import type { OfficialScope } from '../../oauth/scope';
import type { KeptUser } from '../state/wechat-session';

/** The credentials of one app, as its console shows them. */
export interface WechatCredentials {
  /** AppID: `wx` and 16 hex digits. */
  readonly appId?: string | undefined;
  /** AppSecret: 32 hex digits. */
  readonly appSecret?: string | undefined;
}

/** What a login brought, for `onLogin`. */
export interface WechatLoginInfo {
  /** WeChat's profile; after a silent `snsapi_base` login the ids alone. */
  readonly user: WechatUser;
  /** The token of this login; the token store has it already, unless it is a virtual account's. */
  readonly token: AccessToken;
  /** By which of the two ways they came. */
  readonly flow: WechatFlow;
}

/** Paths below the mount point, each with one leading slash; `false` leaves the route out. */
export interface WechatAuthRoutes {
  /**
   * GET sends the browser to WeChat; the query may hold `returnTo` and `scope`.
   *
   * @default '/login'
   */
  readonly login?: string | false | undefined;
  /**
   * GET takes WeChat's answer; its host is the callback domain of WeChat's console.
   *
   * @default '/callback'
   */
  readonly callback?: string | false | undefined;
  /**
   * POST or GET logs out; refused where another site asks for it.
   *
   * @default '/logout'
   */
  readonly logout?: string | false | undefined;
}

/** A hook may name the request type of its framework: Express's, say, in place of this one. */
export type Bivariant<F extends (...args: never[]) => unknown> = {
  hook(...args: Parameters<F>): ReturnType<F>;
}['hook'];

/** The option `flow` as a function of the request; awaited. */
export type ChooseFlow = Bivariant<(req: HostRequest) => WechatFlow | 'auto' | Promise<WechatFlow | 'auto'>>;
/**
 * Finds or creates the account. What it returns is kept as `user`; nothing: WeChat's profile is. What it throws refuses the login:
 * kind `login_refused`, with that as its `cause`.
 */
export type OnLogin = Bivariant<
  (req: HostRequest, login: WechatLoginInfo) => KeptUser | Promise<KeptUser> | PromiseLike<KeptUser>
>;
/** Answers in place of our pages. What it passes on with `next(error)`, or throws, goes to the error handler of the app. */
export type OnError = Bivariant<
  (error: WechatError, req: HostRequest, res: ServerResponse, next: Next) => unknown
>;

/** Options of `wechatAuth()`. An undefined one counts as not given. */
export interface WechatAuthOptions {
  /**
   * AppID of the official account (公众号), for pages opened inside WeChat. It must be a verified service account (服务号), or a test
   * account (测试号).
   *
   * @default process.env.WECHAT_APP_ID
   */
  readonly appId?: string | undefined;
  /**
   * AppSecret of the official account. A reset in the console kills the old one at once.
   *
   * @default process.env.WECHAT_APP_SECRET
   */
  readonly appSecret?: string | undefined;
  /**
   * The website app (网站应用) of the Open Platform, for the QR code login on a PC.
   *
   * @default process.env.WECHAT_WEBSITE_APP_ID, process.env.WECHAT_WEBSITE_APP_SECRET
   */
  readonly website?: WechatCredentials | undefined;
  /**
   * The public origin of the app, and the path that a proxy strips before it: `https://h5.example.com` or
   * `https://example.com/shop`. Its host must be the callback domain of WeChat's console. Without it, it is derived from the request,
   * which a client can forge.
   *
   * @default process.env.WECHAT_BASE_URL
   */
  readonly baseURL?: string | undefined;
  /** The routes below the mount point; guards see the middleware only below it, too. */
  readonly routes?: WechatAuthRoutes | undefined;
  /**
   * What the official account asks for: `snsapi_userinfo` (profile, with consent) or `snsapi_base` (openid, silently). The website
   * app always asks for `snsapi_login`.
   *
   * @default 'snsapi_userinfo'
   */
  readonly scope?: OfficialScope | undefined;
  /**
   * The language in which WeChat names places in the profile; empty since October 2021.
   *
   * @default 'zh_CN'
   */
  readonly lang?: WechatLang | undefined;
  /**
   * Which login: `auto` takes the official account inside WeChat, else the website app where it is configured, else the page
   * that asks to open WeChat.
   *
   * @default 'auto'
   */
  readonly flow?: WechatFlow | 'auto' | ChooseFlow | undefined;
  /**
   * Guards everything below the mount point.
   *
   * @default false
   */
  readonly authRequired?: boolean | undefined;
  /**
   * Where a login ends when none was asked for: a path of this app.
   *
   * @default the root of the app
   */
  readonly returnTo?: string | undefined;
  /**
   * How long a started login may take, in ms. WeChat's code lives 5 minutes, and 10 after the QR code.
   *
   * @default 600000
   */
  readonly loginTimeout?: number | undefined;
  /**
   * Whether the virtual accounts of WeChat's snapshot page (网页快照页) may log in. Their ids are nobody's; refused, they see a page that
   * points to 「使用完整服务」.
   *
   * @default 'reject'
   */
  readonly snapshotUsers?: 'reject' | 'allow' | undefined;
  /**
   * By which id a user is known; with `unionid`, a login without one is an error of kind `unionid_missing` that says what to bind.
   *
   * @default 'openid'
   */
  readonly identity?: 'openid' | 'unionid' | undefined;
  /**
   * Called once a login, also where WeChat calls back twice, before anything is written into the session. What it returns is kept as
   * `user`; what it throws refuses the login.
   */
  readonly onLogin?: OnLogin | undefined;
  /**
   * Answers in place of our pages and their JSON, when a login failed or a check said no. Strangers at a guard are no error: they are
   * sent to the login, or told 401.
   */
  readonly onError?: OnError | undefined;
  /**
   * Where access and refresh tokens rest: never in the session. With several processes, one that they share. If a save fails, the login
   * ends with kind `token_store`.
   *
   * @default new MemoryTokenStore()
   */
  readonly tokenStore?: TokenStore | undefined;
  /**
   * What an anonymous session keeps at login: all, none, or these keys.
   *
   * @default true
   */
  readonly preserveSession?: boolean | readonly string[] | undefined;
  /**
   * WeChat's verification files (`MP_verify_….txt`), name → content, served as text/plain at the mount point, which should be the root.
   */
  readonly verificationFiles?: Readonly<Record<`${string}.txt`, string>> | undefined;
  /**
   * The key in `req.session`. Another one for a second account lets both be logged in side by side.
   *
   * @default 'wechat'
   */
  readonly sessionKey?: string | undefined;
  /**
   * Where WeChat is: the emulator, a gateway, another region.
   *
   * @default process.env.WECHAT_OPEN_URL, process.env.WECHAT_API_URL, else WeChat's own
   */
  readonly endpoints?: WechatEndpointOptions | undefined;
  /** Defaults of requests to WeChat: options of axios (agent, proxy, `timeout` in ms: 5000). */
  readonly http?: WechatHttpOptions | undefined;
  /**
   * Lets an emulated WeChat serve although NODE_ENV is production: anybody can then log in as anybody. For closed test systems.
   *
   * @default false
   */
  readonly dangerouslyAllowEmulatorInProduction?: boolean | undefined;
}
