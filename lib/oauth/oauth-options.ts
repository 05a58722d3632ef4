/** The parameters and results of the OAuth class. */
import type { TokenData, TokenStore } from '../stores/token-store';
import type { Hook } from './callbacks';
import type { WechatComponent } from './credentials';
import type { WechatEndpointOptions } from './endpoints';
import type { WechatHttpOptions } from './transport/http-options';
import type { WechatLang } from './user';

/**
 * `getToken(openid, callback)`: reads the token that {@link SaveToken} saved, or `null` or `undefined` if
 * there is none. It calls back or returns a promise; whichever comes first counts. If it has a parameter for
 * the callback, only a native promise counts, and no query object of a database driver.
 */
export type GetToken = Hook<[openid: string], TokenData | null>;

/**
 * `saveToken(openid, token, callback)`: saves a token under its openid, for 30 days, the life of its refresh
 * token. It calls back or returns a promise, as {@link GetToken} does. It must report a failure.
 */
export type SaveToken = Hook<[openid: string, token: TokenData], unknown>;

/**
 * Options of `new OAuth()`. An undefined one counts as not given.
 *
 * An account proves itself either with its `appsecret`, which WeChat's console shows only once, or through a
 * third-party platform (第三方平台), its `component`: that has an `appId` and a function `accessToken`, which is
 * called before each exchange of a code and each refresh, and returns the current `component_access_token`.
 */
export type OAuthOptions = SharedOptions & (OwnSecret | ThroughPlatform);

/**
 * An account that proves itself with its own AppSecret.
 *
 * @inline
 */
interface OwnSecret {
  /** AppSecret. WeChat's console shows it only once, when it is created. */
  readonly appsecret: string;
  /** Cannot be combined with `appsecret`. */
  readonly component?: undefined;
}

/**
 * An account that a third-party platform acts for.
 *
 * @inline
 */
interface ThroughPlatform {
  /** Cannot be combined with `component`. */
  readonly appsecret?: undefined;
  /** The platform, in place of the account's AppSecret. */
  readonly component: WechatComponent;
}

/**
 * Options of both kinds of account.
 *
 * @inline
 */
interface SharedOptions {
  /** AppID, as WeChat's console shows it: `wx` and 16 hex digits. */
  readonly appid: string;
  /**
   * Where tokens are stored.
   *
   * @default new MemoryTokenStore()
   */
  readonly tokenStore?: TokenStore | undefined;
  /**
   * Reads a token, as in wechat-oauth; used in place of `tokenStore.get`. The lock and the deletion remain
   * those of `tokenStore`.
   */
  readonly getToken?: GetToken | undefined;
  /**
   * Saves a token, as in wechat-oauth; used in place of `tokenStore.set`. The lock and the deletion remain
   * those of `tokenStore`.
   */
  readonly saveToken?: SaveToken | undefined;
  /**
   * Whether the app is a mini program: then `getUserByCode` takes codes of `wx.login`.
   *
   * @default false
   */
  readonly isMiniProgram?: boolean | undefined;
  /**
   * The addresses of WeChat, or of an emulator, a gateway or another region.
   *
   * @default WeChat's own
   */
  readonly endpoints?: WechatEndpointOptions | undefined;
  /** Default options of every request to WeChat, as `setOpts` takes them. */
  readonly http?: WechatHttpOptions | undefined;
  /**
   * Accepts an emulated WeChat although NODE_ENV is production. Then anybody can log in as anybody. Use it
   * only in closed test systems.
   *
   * @default false
   */
  readonly dangerouslyAllowEmulatorInProduction?: boolean | undefined;
}

/** The options as JavaScript may pass them: as in wechat-oauth, `null` counts as not given, too. */
export type LooseOptions = { readonly [K in keyof OAuthOptions]?: OAuthOptions[K] | null | undefined };

/** Whose profile to get; `openid` or `openId` is required. */
export type GetUserOptions = LanguageOptions &
  (
    | {
        /** The openid of a user who has logged in before. */
        readonly openid: string;
        /** Ignored if there is an `openid`. */
        readonly openId?: string | undefined;
      }
    | {
        /** Used in place of `openId`. */
        readonly openid?: string | undefined;
        /** The openid, as mini programs spell it. */
        readonly openId: string;
      }
  );

export interface LanguageOptions {
  /**
   * The language of country, province and city in the profile.
   *
   * @default 'zh_CN'
   */
  readonly lang?: WechatLang | undefined;
}

/** The authorization code, and options for reading its user's profile. */
export interface GetUserByCodeOptions extends LanguageOptions {
  /** The code that WeChat sent to the callback, or that `wx.login` returned. */
  readonly code: string;
  /** Mini programs: the `encryptedData` that `wx.getUserInfo` returned, base64, for the whole profile. */
  readonly encryptedData?: string | undefined;
  /** Mini programs: the `iv` that came with `encryptedData`, base64. */
  readonly iv?: string | undefined;
}

/** WeChat's confirmation that a token is valid: `{ errcode: 0, errmsg: 'ok' }`. */
export interface TokenVerified {
  /** 0; any other errcode rejects. */
  readonly errcode: 0;
  /** `ok` */
  readonly errmsg: string;
}
