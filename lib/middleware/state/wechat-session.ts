/** What the app's own types see: the shape of its session, and the interfaces in which it says more. */
import type { WechatFlow } from '../../oauth/flows';
import type { WechatUser } from '../../oauth/user';

/**
 * What an app tells of itself, by augmenting this interface: `user` is what its `onLogin` returns, and so what `req.wechat.user`
 * is, what `check` is asked about and what the session holds. Without it that is WeChat's profile.
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

/** Who is logged in, to the app: {@link AppTypes}'s `user`, else WeChat's profile. */
export type AppUser = AppTypes extends { readonly user: infer User extends object } ? User : WechatUser;

/** What `onLogin` may return: the object to keep as the user, or nothing where WeChat's profile will do as one. */
export type KeptUser = AppTypes extends { readonly user: infer User extends object }
  ? User | (WechatUser extends User ? Nothing : never)
  : AnyObject | Nothing;

/** An object that can be kept: a promise is awaited, and a list is nobody. */
type AnyObject = object & {
  readonly then?: never;
  readonly [Symbol.iterator]?: never;
};

// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- what a function without `return` returns
type Nothing = void | null | undefined;

/** What a login leaves in `req.session.wechat`: no token, no code. */
export interface WechatSession {
  /** The profile, or what `onLogin` returned. */
  readonly user: AppUser;
  /** The app the openid belongs to. */
  readonly appid: string;
  /** Who this is for that app. */
  readonly openid: string;
  /** Who this is for all apps of one Open Platform account; absent where WeChat gave none. */
  readonly unionid?: string;
  /** What was granted, separated by commas. */
  readonly scope: string;
  /** By which of the two ways they came. */
  readonly flow: WechatFlow;
}

/**
 * The keys of `req.session` that hold a login, whatever the session's middleware. An app with a `sessionKey` of its own adds it.
 *
 * @example
 * declare module 'express-wechat-auth' {
 *   interface WechatSessions {
 *     readonly shop?: WechatSession;
 *   }
 * }
 */
export interface WechatSessions {
  /** Who is logged in; absent for nobody. */
  readonly wechat?: WechatSession;
}

// cookie-session; where it is not in use this is an empty shell.
declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- it is typed so
  namespace CookieSessionInterfaces {
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merged with what is there
    interface CookieSessionObject extends WechatSessions {}
  }
}

/* eslint-disable @typescript-eslint/ban-ts-comment -- @ts-expect-error would be wrong where the module is there */
/**
 * express-session. A module that is missing, or there without types, cannot be augmented: then there is nothing to type. The line
 * below is for the compiler of such an app, and a comment of this form is the only one that is kept for it.
 *
 * @ts-ignore */
declare module 'express-session' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merged with what is there
  interface SessionData extends WechatSessions {}
}
