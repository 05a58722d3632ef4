/** The words of the model: what there is, what a browser brings, what may come of it. */
export type Site = 'main' | 'staff';
export type Account = 'official' | 'website' | 'staff';
export type Scope = 'snsapi_base' | 'snsapi_userinfo' | 'snsapi_login';
/** How much each grants. */
export const RANK: Readonly<Record<Scope, number>> = { snsapi_base: 1, snsapi_userinfo: 2, snsapi_login: 3 };
export type Agent = 'wechat' | 'desktop';
export type Storage = 'cookie-session' | 'express-session';

/** What a browser holds: a whole session (cookie-session) or the id of one (express-session). */
export type Cookie = number | undefined;

export interface Login {
  readonly account: Account;
  readonly openid: string;
  readonly unionid?: string;
  readonly scope: Scope;
  readonly nickname?: string;
}

export interface Code {
  readonly account: Account;
  readonly scope: Scope;
  readonly expiresAt: number;
  /** Of the snapshot page. */
  readonly virtual: boolean;
  readonly openid: string;
  readonly unionid: string | undefined;
  readonly nickname: string;
  used: boolean;
}

export type Expected =
  | { to: 'page'; login: Login }
  | { to: 'wechat'; state: string; isNew: boolean; account: Account; scope: Scope }
  | { to: 'path'; path: string }
  | { to: 'error'; kind: string }
  | { to: 'json'; error: string }
  | { to: 'open in WeChat' }
  | { to: 'nothing' };

export interface Visit {
  readonly cookie: Cookie;
  readonly site: Site;
  readonly agent: Agent;
  /** The state that the answer showed, if any: nobody can foretell it. */
  readonly minted: string;
}

/** What a callback brings. */
export interface Answer {
  readonly code: string;
  readonly state: string;
}

export interface Step {
  readonly expected: Expected;
  readonly cookie: Cookie;
}

export interface Pending {
  readonly returnTo: string;
  readonly account: Account;
  readonly scope: Scope;
  readonly at: number;
}

export interface Part {
  login?: Login | undefined;
  pending: Record<string, Pending>;
  done: Record<string, string>;
}

export interface Session extends Record<Site, Part> {
  cart?: number | undefined;
}

/** What a second failure that a fresh login might cure is called depends on the failure: any of these. */
export const AGAIN = 'code_invalid | code_used | busy | timeout | network | bad_answer';
