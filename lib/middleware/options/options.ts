/** The options of `wechatAuth()`, as an app writes them. */
import type { ServerResponse } from 'node:http';
import type { WechatError } from '../../errors';
import type { AccessToken } from '../../oauth/tokens/access-token';
import type { WechatComponent } from '../../oauth/credentials';
import type { WechatEndpointOptions } from '../../oauth/endpoints';
import type { PageFlow, WechatFlow } from '../../oauth/flows';
import type { WechatLang, WechatUser } from '../../oauth/user';
import type { WechatHttpOptions } from '../../oauth/transport/http-options';
import type { TokenStore } from '../../stores/token-store';
import type { HostRequest, Next } from '../http/request';
import type { OfficialScope } from '../../oauth/scope';
import type { KeptUser } from '../state/wechat-session';

/** The credentials of one app, as WeChat's console shows them. */
export interface WechatCredentials {
  /** AppID: WeChat's are `wx` and 16 hex digits. An emulator or a gateway may have others. */
  readonly appId?: string | undefined;
  /** AppSecret: 32 hex digits. */
  readonly appSecret?: string | undefined;
}

/**
 * The second argument of `onLogin`: the user who logs in, with WeChat's token for that user, or the session
 * key of a mini program.
 */
export type WechatLoginInfo = LoginFacts & (WithToken | OfMiniProgram);

/**
 * A login for which WeChat issued an access token.
 *
 * @inline
 */
interface WithToken {
  /**
   * `official` for a login inside WeChat, `website` for a QR code login, `scan` for a scan login, `mobileApp`
   * for a code that a mobile app posted.
   */
  readonly flow: Exclude<WechatFlow, 'miniProgram'>;
  /**
   * The token of this login. It is already in the token store, unless the user is a snapshot user, or the
   * scope is `snsapi_base` and a token with more scope is stored.
   */
  readonly token: AccessToken;
  /** Only a mini program has one. */
  readonly sessionKey?: undefined;
}

/**
 * A login with a code of `wx.login`.
 *
 * @inline
 */
interface OfMiniProgram {
  /** A mini program posted the code. */
  readonly flow: 'miniProgram';
  /** A mini program gets no access token. */
  readonly token?: undefined;
  /**
   * The session key: 16 bytes, base64. It is stored nowhere. It is a secret: never send it to the mini
   * program.
   */
  readonly sessionKey: string;
}

/**
 * What every login has.
 *
 * @inline
 */
interface LoginFacts {
  /**
   * WeChat's profile. It has only `openid` and perhaps `unionid` if the scope is `snsapi_base`, or if a mini
   * program sent no `encryptedData`.
   */
  readonly user: WechatUser;
  /** AppID of the account that the user logs in with. */
  readonly appid: string;
  /** The path of this app where the login ends. */
  readonly returnTo: string;
  /**
   * The `data` with which the app started this login; `undefined` if it gave none, or if the session has lost
   * the login and another process restarted it. Refuse such a login where `data` decides.
   */
  readonly data: unknown;
}

/** Paths below the mount point, each with one leading slash. `false` leaves the route out. */
export interface WechatAuthRoutes {
  /**
   * `GET` sends the browser to WeChat. The query may hold `returnTo`, a `scope` that is higher than the
   * option, and, if the option `flow` is `auto`, a `flow` that works in this browser. A script gets 401 JSON.
   *
   * @default '/login'
   */
  readonly login?: string | false | undefined;
  /**
   * The redirect URI: WeChat sends the browser here with an authorization code. Its host must be the callback
   * domain in WeChat's console.
   *
   * @default '/callback'
   */
  readonly callback?: string | false | undefined;
  /**
   * `POST` or `GET` logs the user out and redirects to `returnTo` of the query, or to the option `returnTo`.
   * A request from another site is refused (kind `forbidden`).
   *
   * @default '/logout'
   */
  readonly logout?: string | false | undefined;
  /**
   * With `scanLogin`: the page of the PC asks here whether the login was confirmed, and the phone opens
   * `/scan/<ticket>`.
   *
   * @default '/scan'
   */
  readonly scan?: string | false | undefined;
}

/** The option `scanLogin` as an object. */
export type ScanLoginOptions = Exclude<AuthOptions['scanLogin'], boolean | undefined>;

/** Lets a hook name the request type of its framework, such as Express's `Request`. */
export type Bivariant<F extends (...args: never[]) => unknown> = {
  hook(...args: Parameters<F>): ReturnType<F>;
}['hook'];

/** The option `flow` as a function of the request. Its result is awaited. */
export type ChooseFlow = Bivariant<
  (
    req: HostRequest,
  ) => 'auto' | 'official' | 'website' | 'scan' | Promise<'auto' | 'official' | 'website' | 'scan'>
>;

/**
 * The credentials of one request, as the option `account` returns them.
 *
 * @inline
 */
export type RequestAccount = OtherAccounts &
  (
    | (FullCredentials & { readonly component?: undefined })
    | {
        /** AppID of the official account that the platform acts for. */
        readonly appId: string;
        readonly appSecret?: undefined;
        /** The third-party platform that acts for the official account. */
        readonly component: WechatComponent;
      }
    | { readonly appId?: undefined; readonly appSecret?: undefined; readonly component?: undefined }
  );

/**
 * The accounts that may be given beside the official account, or without one.
 *
 * @inline
 */
interface OtherAccounts {
  /** The website app, for the QR code login. */
  readonly website?: FullCredentials | undefined;
  /** The mini program, for codes that it posts. */
  readonly miniProgram?: FullCredentials | undefined;
  /** The mobile app, for codes that it posts. */
  readonly mobileApp?: FullCredentials | undefined;
}

/**
 * AppID and AppSecret, as WeChat's console shows them.
 *
 * @inline
 */
interface FullCredentials {
  /** AppID. */
  readonly appId: string;
  /** AppSecret. */
  readonly appSecret: string;
}

/** The option `account`: `undefined` or `null` means that the request belongs to no account. */
export type ChooseAccount = Bivariant<
  (req: HostRequest) => RequestAccount | null | undefined | PromiseLike<RequestAccount | null | undefined>
>;

/**
 * Finds or creates the account of a user who logs in. The object that it returns is kept as `user`; if it
 * returns nothing, WeChat's profile is kept.
 *
 * To refuse the user, it throws an error with `refuse: true`, or with a `status` from 400 to 499: kind
 * `login_refused`, with that status, otherwise 403. Any other error that it throws is a bug of the app: kind
 * `login_failed`, 500, with the stack on the console. In both cases, the error of the app is the `cause`. A
 * promise that does not settle within 20 s is `login_failed`, too. A result that JSON cannot hold is kind
 * `config`.
 */
export type OnLogin = Bivariant<
  (req: HostRequest, login: WechatLoginInfo) => KeptUser | Promise<KeptUser> | PromiseLike<KeptUser>
>;

/**
 * Responds in place of our error pages. An error that it throws or passes to `next` goes to the app's error
 * handler. If it returns, or its promise resolves, and it has neither responded nor called `next`, our page
 * follows; also if its promise does not settle within 20 s.
 */
export type OnError = Bivariant<
  (error: WechatError, req: HostRequest, res: ServerResponse, next: Next) => unknown
>;

/**
 * Options of `wechatAuth()`. An option that is `undefined` counts as not given.
 *
 * The accounts are those of `appId`, `website`, `miniProgram` and `mobileApp`, or those that `account`
 * chooses for each request. The official account proves itself with its `appSecret`, or through a third-party
 * platform (`component`).
 */
export type WechatAuthOptions = AuthOptions & (OwnAccounts | PlatformAccounts | AccountsByRequest);

/**
 * The official account proves itself with its own AppSecret.
 *
 * @inline
 */
interface OwnAccounts {
  /** Cannot be combined with `appSecret`. */
  readonly component?: undefined;
  /** Cannot be combined with accounts that are the same for all requests. */
  readonly account?: undefined;
}

/**
 * A third-party platform acts for the official account.
 *
 * @inline
 */
interface PlatformAccounts {
  /** Cannot be combined with `component`. */
  readonly appSecret?: undefined;
  /** The platform, in place of the account's AppSecret. */
  readonly component: WechatComponent;
  /** Cannot be combined with accounts that are the same for all requests. */
  readonly account?: undefined;
}

/**
 * A function chooses the accounts of each request.
 *
 * @inline
 */
interface AccountsByRequest {
  /** Returned by `account`. */
  readonly appId?: undefined;
  /** Returned by `account`. */
  readonly appSecret?: undefined;
  /** Returned by `account`. */
  readonly website?: undefined;
  /** Returned by `account`. */
  readonly miniProgram?: undefined;
  /** Returned by `account`. */
  readonly mobileApp?: undefined;
  /** Returned by `account`. */
  readonly component?: undefined;
  /** Returns the credentials of one request. */
  readonly account: ChooseAccount;
}

/**
 * Every option. {@link WechatAuthOptions} says which of them fit together.
 *
 * @inline
 */
export interface AuthOptions {
  /**
   * AppID of the official account, for pages that are opened inside WeChat
   * ([网页授权](https://developers.weixin.qq.com/doc/service/guide/h5/auth.html)). It must be a verified service
   * account (服务号) or a test account (测试号).
   *
   * @default process.env.WECHAT_APP_ID
   */
  readonly appId?: string | undefined;
  /**
   * AppSecret of the official account. A reset in WeChat's console invalidates the old one at once.
   *
   * @default process.env.WECHAT_APP_SECRET
   */
  readonly appSecret?: string | undefined;
  /**
   * The website app (网站应用) of the Open Platform, for the QR code login on a PC
   * ([网站应用微信登录](https://developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login/Wechat_Login.html)).
   *
   * @default process.env.WECHAT_WEBSITE_APP_ID, process.env.WECHAT_WEBSITE_APP_SECRET
   */
  readonly website?: WechatCredentials | undefined;
  /**
   * The mini program whose codes (`wx.login`) are posted to this app: see `req.wechat.loginWithCode()`
   * ([小程序登录](https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/login.html)).
   *
   * @default process.env.WECHAT_MINI_PROGRAM_APP_ID, process.env.WECHAT_MINI_PROGRAM_APP_SECRET
   */
  readonly miniProgram?: WechatCredentials | undefined;
  /**
   * The mobile app (移动应用) of the Open Platform whose codes are posted to this app: see
   * `req.wechat.loginWithCode()`
   * ([移动应用微信登录](https://developers.weixin.qq.com/doc/oplatform/Mobile_App/WeChat_Login/Development_Guide.html)).
   *
   * @default process.env.WECHAT_MOBILE_APP_ID, process.env.WECHAT_MOBILE_APP_SECRET
   */
  readonly mobileApp?: WechatCredentials | undefined;
  /**
   * The third-party platform (第三方平台) that acts for the official account, in place of its `appSecret`: the
   * `appId` of the platform, and a function `accessToken` that returns the current `component_access_token`.
   * The function is called before each exchange of a code and each refresh. See
   * docs/guides/accounts/third-party-platforms.md.
   */
  readonly component?: WechatComponent | undefined;
  /**
   * Chooses the account of each request, in place of the options above, for an app that serves many accounts:
   * returns `{ appId, appSecret, website? }` or `{ appId, component }`, or `undefined` for a request that
   * belongs to no account. It may return a promise. It is called once for each request below the mount point,
   * so it must be fast. The environment variables of the credentials are not read. See
   * docs/guides/accounts/many-accounts.md.
   */
  readonly account?: ChooseAccount | undefined;
  /**
   * The public address of the app: its origin, and the path that a proxy strips, such as
   * `https://h5.example.com` or `https://example.com/shop`. Its host must be the callback domain in WeChat's
   * console. Without this option the address comes from the Host header, which a client can forge.
   *
   * @default process.env.WECHAT_BASE_URL
   */
  readonly baseURL?: string | undefined;
  /**
   * The address at which a `wechatRelay()` is mounted, such as `https://auth.example.com/wechat`. Its host
   * stands in WeChat's console in place of this app, so that `baseURL` may be any address,
   * `http://localhost:3000` too. The callback address of this app must be on the list of the relay.
   *
   * @default process.env.WECHAT_RELAY
   */
  readonly relay?: string | undefined;
  /**
   * The paths of the routes below the mount point; `false` leaves one out. Guards, too, work only below the
   * mount point.
   *
   * @default { login: '/login', callback: '/callback', logout: '/logout', scan: '/scan' }
   */
  readonly routes?: WechatAuthRoutes | undefined;
  /**
   * The scope that the official account requests: `snsapi_userinfo` (the profile, with the user's consent) or
   * `snsapi_base` (only the openid, silently). The website app always requests `snsapi_login`.
   *
   * @default 'snsapi_userinfo'
   */
  readonly scope?: OfficialScope | undefined;
  /**
   * The language of place names in the profile: `zh_CN`, `zh_TW` or `en`. WeChat has left country, province
   * and city empty since October 2021.
   *
   * @default 'zh_CN'
   */
  readonly lang?: WechatLang | undefined;
  /**
   * The login that a browser gets: `auto` chooses by the browser, `official`, `website` and `scan` are used
   * in every browser, and a function chooses for each request.
   *
   * `auto` uses the official account inside WeChat and the website app on computers and tablets; without a
   * website app, `scanLogin` if it is on. A phone outside WeChat cannot scan its own screen: without a
   * website app, it gets the page of `scanLogin`, if that is on. Otherwise, if there is an official account,
   * a page asks its user to open the address in WeChat, with a link to the QR code of the website app, if
   * there is one. With a website app alone, the phone gets that QR code, to scan with another phone. If no
   * configured account fits, a page tells the user where to open the address.
   *
   * @default 'auto'
   */
  readonly flow?: PageFlow | 'auto' | ChooseFlow | undefined;
  /**
   * `true`, or `{ confirm, check }`: a PC logs in with the official account alone. It shows a QR code, the
   * user confirms in WeChat on a phone, and the PC is logged in. No website app is needed. It is off by
   * default, because an attacker can show her own code to a victim (RFC 10027): see
   * docs/guides/scan-login.md. Several processes need a token store with a shared cache, such as
   * `RedisTokenStore`.
   *
   * @default false
   */
  readonly scanLogin?:
    | boolean
    | {
        /**
         * What the user does to log the PC in. `tap`: one tap on the phone. `pin`: after the tap, the phone
         * shows four digits, and the user types them on the PC (three tries).
         *
         * @default 'tap'
         */
        readonly confirm?: 'tap' | 'pin' | undefined;
        /**
         * Compares the two devices before `onLogin` runs, such as their addresses. Only `true` logs the PC
         * in; otherwise kind `login_refused`, 403. An error that it throws never lets a login pass. `pc` is
         * the request that collects the login. The request of the phone is over by then: `phone` has its
         * address (`ip` as Express resolves it, otherwise that of the peer) and at most 50 of its headers,
         * each cut at 512 characters, without `cookie`, `authorization`, `proxy-authorization` and `referer`.
         */
        readonly check?:
          | Bivariant<
              (
                pc: HostRequest,
                phone: {
                  readonly ip: string;
                  readonly socket: { readonly remoteAddress: string };
                  readonly headers: Readonly<Record<string, string>>;
                },
              ) => boolean | Promise<boolean>
            >
          | undefined;
      }
    | undefined;
  /**
   * Whether everything below the mount point is guarded, as by `requireWechatUser()`.
   *
   * @default false
   */
  readonly authRequired?: boolean | undefined;
  /**
   * Where a login and a logout end if they were started without a `returnTo`: a path of this app, at most
   * 512 bytes. At a page with a guard, a logout is followed by the next login.
   *
   * @default the root of the app
   */
  readonly returnTo?: string | undefined;
  /**
   * Lifetime of a pending login, in ms. WeChat's authorization code is valid for 5 minutes, and for 10
   * minutes after a QR code login.
   *
   * @default 600000
   */
  readonly loginTimeout?: number | undefined;
  /**
   * `reject` or `allow`: whether the virtual users of WeChat's snapshot page
   * ([网页快照页](https://developers.weixin.qq.com/community/develop/doc/000c2c34068880629ced91a2f56001)) may log
   * in. Their ids belong to nobody. With `reject` they see a page that points to 「使用完整服务」 (kind
   * `snapshot_user`).
   *
   * @default 'reject'
   */
  readonly snapshotUsers?: 'reject' | 'allow' | undefined;
  /**
   * The id by which the app knows its users: `openid` or `unionid`. With `unionid`, a login without a unionid
   * fails with kind `unionid_missing`, and the message says what to bind in WeChat's console.
   *
   * @default 'openid'
   */
  readonly identity?: 'openid' | 'unionid' | undefined;
  /**
   * Finds or creates the account of a user who logs in:
   * `onLogin(req, { user, token, flow, appid, returnTo, data, sessionKey })`. It is awaited, and runs once
   * per login even if WeChat calls back twice, before the login is written to the session. The object that it
   * returns is kept as `user`. An error with `refuse: true`, or with a `status` from 400 to 499, refuses the
   * login; any other error is a bug of the app (kind `login_failed`).
   */
  readonly onLogin?: OnLogin | undefined;
  /**
   * Responds in place of our error pages: `onError(error, req, res, next)`. It runs when a login or a logout
   * failed, and when a guard refused a user. A request without a user is not an error: the guard sends it to
   * the login, or responds with 401.
   */
  readonly onError?: OnError | undefined;
  /**
   * Where access and refresh tokens are stored. They are never in the session. Several processes need a store
   * that they share. If a token cannot be saved, the login fails with kind `token_store`.
   *
   * @default new MemoryTokenStore()
   */
  readonly tokenStore?: TokenStore | undefined;
  /**
   * The data that an anonymous session keeps when its user logs in: everything (`true`), nothing (`false`),
   * or a list of keys. `false` also drops logins under other session keys.
   *
   * @default true
   */
  readonly preserveSession?: boolean | readonly string[] | undefined;
  /**
   * WeChat's verification files (`MP_verify_….txt`), name → content, served as text/plain at the mount point.
   * That should be the root, because WeChat looks for them there.
   */
  readonly verificationFiles?: Readonly<Record<`${string}.txt`, string>> | undefined;
  /**
   * The key of the login in `req.session`; a second `wechatAuth()` with another key keeps two accounts logged
   * in side by side.
   *
   * @default 'wechat'
   */
  readonly sessionKey?: string | undefined;
  /**
   * The addresses of WeChat, for an emulator, a gateway or another region.
   *
   * @default process.env.WECHAT_OPEN_URL, process.env.WECHAT_API_URL, otherwise WeChat's own
   */
  readonly endpoints?: WechatEndpointOptions | undefined;
  /** axios options of requests to WeChat, such as agent, proxy and `timeout` (in ms; default 5000). */
  readonly http?: WechatHttpOptions | undefined;
  /**
   * Allows an emulator in place of WeChat although `NODE_ENV` is `production`. Anybody can then log in as
   * anybody, so this is only for closed test systems.
   *
   * @default false
   */
  readonly dangerouslyAllowEmulatorInProduction?: boolean | undefined;
}
