/** The terms of the model: sites, accounts, sessions, what a browser sends, and what it may receive. */
import type { ErrorKind, Scope } from '../../support/contract';

export type Site = 'main' | 'staff';
export type Account = 'official' | 'website' | 'staff';
export type UserAgent = 'wechat' | 'desktop';
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
  /** Whether the code is for the virtual user of a snapshot page. */
  readonly virtual: boolean;
  readonly openid: string;
  readonly unionid: string | undefined;
  readonly nickname: string;
  used: boolean;
}

/**
 * Stands for any kind of error that restarts a login. The model does not predict which one of them a second
 * failure reports.
 */
export const RESTARTABLE = 'a kind that restarts logins';
export type ExpectedKind = ErrorKind | typeof RESTARTABLE;

export type Expected =
  | { to: 'page'; login: Login }
  | { to: 'wechat'; state: string; isNew: boolean; account: Account; scope: Scope }
  | { to: 'path'; path: string }
  | { to: 'error'; kind: ExpectedKind }
  | { to: 'json'; error: ErrorKind }
  | { to: 'open in WeChat' }
  | { to: 'no content' };

export interface Request {
  readonly cookie: Cookie;
  readonly site: Site;
  readonly userAgent: UserAgent;
  /** The state in the response, if it redirects to WeChat: it is random, so the model has to be given it. */
  readonly generatedState: string;
}

/** The parameters of a callback. */
export interface CallbackParams {
  readonly code: string;
  readonly state: string;
}

/** The predicted result of a request: the response, and the cookie that the browser holds afterwards. */
export interface Step {
  readonly expected: Expected;
  readonly cookie: Cookie;
}

export interface Pending {
  readonly returnTo: string;
  readonly account: Account;
  readonly scope: Scope;
  readonly at: number;
  /** Whether somebody logged in while it was pending: then only that user may finish it. */
  readonly isBound?: true;
}

/** What one site keeps in a session. */
export interface SiteSession {
  login?: Login | undefined;
  pending: Record<string, Pending>;
  done: Record<string, string>;
  /** The session before the first login, from which this one descends. Only sessions with an id have one. */
  root?: Cookie;
}

/** A session that has an id, and the one from which it descends. */
export interface SessionIds {
  readonly id: Cookie;
  readonly root: Cookie;
}

export interface Session extends Record<Site, SiteSession> {
  cart?: number | undefined;
}
