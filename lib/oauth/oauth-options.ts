/** What the OAuth class takes and returns. */
import type { Hook } from './callbacks';
import type { TokenData, TokenStore } from '../stores/token-store';
import type { WechatEndpointOptions } from './endpoints';
import type { WechatHttpOptions } from './transport/http-options';
import type { WechatLang } from './user';

/**
 * `getToken(openid, callback)`: reads the token that {@link SaveToken} saved; none is `null` or `undefined`. Calls back or returns a
 * promise; whichever comes first counts.
 */
export type GetToken = Hook<[openid: string], TokenData | null>;

/**
 * `saveToken(openid, token, callback)`: saves a token under its openid. Calls back or returns a promise; a failure must be told. Keep it
 * for 30 days, as long as its refresh token lives.
 */
export type SaveToken = Hook<[openid: string, token: TokenData], unknown>;

/** Options of `new OAuth()`. An undefined one counts as not given. */
export interface OAuthOptions {
  /** AppID, as WeChat's console shows it: `wx` and 16 hex digits. */
  readonly appid: string;
  /** AppSecret, as WeChat's console showed it once. */
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
  /**
   * A mini program: `getUserByCode` then takes codes of `wx.login`.
   *
   * @default false
   */
  readonly isMiniProgram?: boolean | undefined;
  /**
   * Where WeChat is: the emulator, a gateway, another region.
   *
   * @default WeChat's own
   */
  readonly endpoints?: WechatEndpointOptions | undefined;
  /** Defaults of every request to WeChat, as `setOpts` takes them. */
  readonly http?: WechatHttpOptions | undefined;
  /**
   * Lets an emulated WeChat serve although NODE_ENV is production: anybody can then log in as anybody. For closed test systems.
   *
   * @default false
   */
  readonly dangerouslyAllowEmulatorInProduction?: boolean | undefined;
}

/** What JavaScript may pass: wechat-oauth takes `undefined` and `null` for what is not given. */
export type LooseOptions = { readonly [K in keyof OAuthOptions]?: OAuthOptions[K] | null | undefined };

/** Whose profile is asked for: one of the two ways to write it must be there. */
export type GetUserOptions = Language &
  (
    | {
        /** The openid of a user who has logged in before. */
        readonly openid: string;
        /** Goes behind `openid`. */
        readonly openId?: string | undefined;
      }
    | {
        /** Goes before `openId`. */
        readonly openid?: string | undefined;
        /** The mini programs' way to write it. */
        readonly openId: string;
      }
  );

interface Language {
  /**
   * In which language WeChat names places.
   *
   * @default 'zh_CN'
   */
  readonly lang?: WechatLang | undefined;
}

/** Whose profile is asked for, by a code. */
export interface GetUserByCodeOptions {
  /** What WeChat sent to the callback, or what `wx.login` gave. */
  readonly code: string;
  /**
   * In which language WeChat names places.
   *
   * @default 'zh_CN'
   */
  readonly lang?: WechatLang | undefined;
  /** Mini programs: what `wx.getUserInfo` gave, base64, for the whole profile. */
  readonly encryptedData?: string | undefined;
  /** Mini programs: what came with `encryptedData`, base64. */
  readonly iv?: string | undefined;
}

/** WeChat's word that a token is good: `{ errcode: 0, errmsg: 'ok' }`. */
export interface TokenVerified {
  /** 0: any other one rejects. */
  readonly errcode: 0;
  /** `ok` */
  readonly errmsg: string;
}
