/** The types of a login in the session, and the interfaces that an app augments with its own types. */
import type { WechatFlow } from '../../oauth/flows';
import type { WechatUser } from '../../oauth/user';

/**
 * An app augments this interface with its own types. `user` is the object that its `onLogin` returns: the
 * type of `req.wechat.user`, of the first argument of `check`, and of the user in the session. Without it,
 * that type is WeChat's profile.
 *
 * @example
 * declare module 'express-wechat-auth' {
 *   interface AppTypes {
 *     user: { id: number; openid: string; name: string };
 *   }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- to be filled by the app
export interface AppTypes {}

/** The user who is logged in: the `user` of {@link AppTypes}, otherwise WeChat's profile. */
export type AppUser = AppTypes extends { readonly user: infer User extends object } ? User : WechatUser;

/**
 * The result of `onLogin`: the object to keep as the user. It may return nothing if the app's user type
 * accepts WeChat's profile, which is then kept.
 */
export type KeptUser = AppTypes extends { readonly user: infer User extends object }
  ? User | (WechatUser extends User ? Nothing : never)
  : AnyObject | Nothing;

/** Any object except promises, which are awaited, and arrays, which are not users. */
type AnyObject = object & {
  readonly then?: never;
  readonly [Symbol.iterator]?: never;
};

// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- the type of a function without `return`
type Nothing = void | null | undefined;

/** The login in `req.session.wechat`. It holds no token and no code. */
export interface WechatSession {
  /** WeChat's profile, or the object that `onLogin` returned. */
  readonly user: AppUser;
  /** AppID of the account that the user logged in with. The openid is valid only for it. */
  readonly appid: string;
  /** The user's id for that account. */
  readonly openid: string;
  /** The user's id for all apps of one Open Platform account. Absent if WeChat sent none. */
  readonly unionid?: string;
  /** The granted scopes, separated by commas. */
  readonly scope: string;
  /**
   * `official` for a login inside WeChat, `website` for a QR code login, `scan` for a scan login,
   * `miniProgram` or `mobileApp` for a code that a client posted.
   */
  readonly flow: WechatFlow;
}

/**
 * The keys of `req.session` that hold a login, with every session middleware. An app that sets `sessionKey`
 * augments this interface with its key.
 *
 * @example
 * declare module 'express-wechat-auth' {
 *   interface WechatSessions {
 *     readonly shop?: WechatSession;
 *   }
 * }
 */
export interface WechatSessions {
  /** Absent if nobody is logged in. */
  readonly wechat?: WechatSession;
}

// For cookie-session. In an app that does not use it, this has no effect.
declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- its types are in this namespace
  namespace CookieSessionInterfaces {
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merged with the existing interface
    interface CookieSessionObject extends WechatSessions {}
  }
}

/* eslint-disable @typescript-eslint/ban-ts-comment -- @ts-expect-error would fail where the module exists */
/**
 * For express-session. A module that is not installed, or has no types, cannot be augmented. The directive
 * below lets such an app compile. tsc keeps it in the declaration file only in a comment of this form.
 *
 * @ts-ignore */
declare module 'express-session' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merged with the existing interface
  interface SessionData extends WechatSessions {}
}
