/** The options: what they are, and the parts that are built of them, once. */
import type { ServerResponse } from 'node:http';
import { isWechatError, type WechatError } from '../errors';
import type { AccessToken } from '../oauth/access-token';
import { WECHAT, type AuthorizeParams, type Endpoints, type Flow } from '../oauth/endpoints';
import { OAuth } from '../oauth/oauth';
import type { Lang, WechatUser } from '../oauth/user';
import type { HttpOptions } from '../oauth/wechat-api';
import { MemoryTokenStore } from '../stores/memory-store';
import type { TokenStore } from '../stores/token-store';
import { Warnings } from './warnings';
import type { HostRequest, Next } from './http';
import { OptionsError, baseURLFault, findFaults, type OptionFault } from './option-checks';
import { judgeReturnTo } from './return-to';
import type { OfficialScope } from './scope';
import { SharedLogins } from './shared-logins';

/** The credentials of one app, as its console shows them. */
export interface Credentials {
  readonly appId?: string | undefined;
  readonly appSecret?: string | undefined;
}

/** What a login brought, for `onLogin`. */
export interface Login {
  readonly user: WechatUser;
  readonly token: AccessToken;
  readonly flow: Flow;
}

export interface Routes {
  /** @default '/login' */
  readonly login?: string | false | undefined;
  /** @default '/callback' */
  readonly callback?: string | false | undefined;
  /** @default '/logout' */
  readonly logout?: string | false | undefined;
}

/** A hook may name the request type of its framework: Express's, say, in place of this one. */
export type Bivariant<F extends (...args: never[]) => unknown> = {
  hook(...args: Parameters<F>): ReturnType<F>;
}['hook'];

export type ChooseFlow = Bivariant<(req: HostRequest) => Flow | 'auto' | Promise<Flow | 'auto'>>;
export type OnLogin = Bivariant<(req: HostRequest, login: Login) => unknown>;
export type OnError = Bivariant<
  (error: WechatError, req: HostRequest, res: ServerResponse, next: Next) => unknown
>;

/** Options of `wechatAuth()`. An undefined one counts as not given. */
export interface WechatAuthOptions {
  /**
   * AppID of the official account (公众号), for pages opened inside WeChat.
   *
   * @default process.env.WECHAT_APP_ID
   */
  readonly appId?: string | undefined;
  /**
   * AppSecret of the official account.
   *
   * @default process.env.WECHAT_APP_SECRET
   */
  readonly appSecret?: string | undefined;
  /**
   * The website app (网站应用) of the Open Platform, for the QR code login on a PC.
   *
   * @default process.env.WECHAT_WEBSITE_APP_ID, process.env.WECHAT_WEBSITE_APP_SECRET
   */
  readonly website?: Credentials | undefined;
  /**
   * The public origin of the app, and the path that a proxy strips before it. Without it, it is derived from the request, which
   * a client can forge.
   *
   * @default process.env.WECHAT_BASE_URL
   */
  readonly baseURL?: string | undefined;
  /** The routes below the mount point; `false` leaves one out. */
  readonly routes?: Routes | undefined;
  /**
   * What the official account asks for: `snsapi_userinfo` (profile, with consent) or `snsapi_base` (openid, silently).
   *
   * @default 'snsapi_userinfo'
   */
  readonly scope?: OfficialScope | undefined;
  /**
   * The language in which WeChat names places in the profile.
   *
   * @default 'zh_CN'
   */
  readonly lang?: Lang | undefined;
  /**
   * Which login: `auto` takes the official account inside WeChat, else the website app where it is configured, else the page
   * that asks to open WeChat.
   *
   * @default 'auto'
   */
  readonly flow?: Flow | 'auto' | ChooseFlow | undefined;
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
   * How long a started login may take, in ms.
   *
   * @default 600000
   */
  readonly loginTimeout?: number | undefined;
  /**
   * Whether the virtual accounts of WeChat's snapshot page may log in.
   *
   * @default 'reject'
   */
  readonly snapshotUsers?: 'reject' | 'allow' | undefined;
  /**
   * By which id a user is known; with `unionid`, a login without one is an error that says what to bind.
   *
   * @default 'openid'
   */
  readonly identity?: 'openid' | 'unionid' | undefined;
  /**
   * Called once a login, before anything is written into the session. What it returns is kept as `user`; what it throws refuses the login.
   */
  readonly onLogin?: OnLogin | undefined;
  /** Answers in place of our pages, when a login failed or a guard refused. */
  readonly onError?: OnError | undefined;
  /**
   * Where access and refresh tokens rest.
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
  /** WeChat's verification files, name → content, served at the mount point. */
  readonly verificationFiles?: Readonly<Record<string, string>> | undefined;
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
  readonly endpoints?: Partial<Endpoints> | undefined;
  /** Defaults of requests to WeChat: options of axios (agent, proxy, timeout in ms). */
  readonly http?: HttpOptions | undefined;
}

/** One app that can log people in: what differs between the flows is data. */
export interface Account {
  readonly flow: Flow;
  readonly oauth: OAuth;
  /** The address of WeChat's page. */
  page(redirect: string, state: string, scope: string, params?: AuthorizeParams): string;
}

/** The options, settled: after this, nobody asks what was given. */
export interface Settled {
  readonly accounts: Readonly<Partial<Record<Flow, Account>>>;
  /** The official account, else the website app: options without either are refused. */
  readonly mainAccount: Account;
  /** The public address without a slash at the end, if it is known. */
  readonly base: { readonly origin: string; readonly path: string } | undefined;
  readonly routes: {
    readonly login: string | false;
    readonly callback: string | false;
    readonly logout: string | false;
  };
  readonly scope: OfficialScope;
  readonly lang: Lang;
  readonly flow: Flow | 'auto' | ChooseFlow;
  readonly authRequired: boolean;
  readonly returnTo: string | undefined;
  readonly loginTimeout: number;
  readonly allowSnapshotUsers: boolean;
  readonly identity: 'openid' | 'unionid';
  readonly onLogin: OnLogin | undefined;
  readonly onError: OnError | undefined;
  readonly mayKeep: (key: string) => boolean;
  readonly verificationFiles: ReadonlyMap<string, string>;
  readonly sessionKey: string;
  readonly logins: SharedLogins;
  readonly warnings: Warnings;
}

/** @throws OptionsError that lists every fault. */
export function settleOptions(given: WechatAuthOptions): Settled {
  const options = withEnvironment(given);
  const faults = findFaults(options);
  const known = new Set(faults.map(({ path }) => path));
  // What is of the wrong type cannot be looked at any further.
  if (!known.has(''))
    faults.push(...[...faultsTogether(options, known)].filter(({ path }) => !known.has(path)));
  const accounts = faults.length > 0 ? {} : accountsOf(options, faults);
  const mainAccount = accounts.official ?? accounts.website;
  if (faults.length > 0 || !mainAccount) throw new OptionsError(faults);
  const { routes = {}, preserveSession = true } = options;
  return {
    accounts,
    mainAccount,
    base: options.baseURL === undefined ? undefined : splitBase(options.baseURL),
    routes: {
      login: routes.login ?? '/login',
      callback: routes.callback ?? '/callback',
      logout: routes.logout ?? '/logout',
    },
    scope: options.scope ?? 'snsapi_userinfo',
    lang: options.lang ?? 'zh_CN',
    flow: options.flow ?? 'auto',
    authRequired: options.authRequired ?? false,
    returnTo: options.returnTo,
    loginTimeout: options.loginTimeout ?? 600_000,
    allowSnapshotUsers: options.snapshotUsers === 'allow',
    identity: options.identity ?? 'openid',
    onLogin: options.onLogin,
    onError: options.onError,
    mayKeep:
      typeof preserveSession === 'boolean' ? () => preserveSession : (key) => preserveSession.includes(key),
    verificationFiles: new Map(
      Object.entries(options.verificationFiles ?? {}).map(([name, content]) => [`/${name}`, content]),
    ),
    sessionKey: options.sessionKey ?? 'wechat',
    logins: new SharedLogins(),
    warnings: new Warnings(),
  };
}

/** What is not given may stand in the environment; an empty value there counts as not given. What is wrong stays wrong. */
function withEnvironment(given: WechatAuthOptions): WechatAuthOptions {
  if (!isObject(given)) return given;
  const env = (name: string): string | undefined =>
    process.env[name]?.trim() === '' ? undefined : process.env[name];
  const site = { appId: env('WECHAT_WEBSITE_APP_ID'), appSecret: env('WECHAT_WEBSITE_APP_SECRET') };
  const isSite = given.website !== undefined || site.appId !== undefined || site.appSecret !== undefined;
  return {
    ...given,
    appId: given.appId ?? env('WECHAT_APP_ID'),
    appSecret: given.appSecret ?? env('WECHAT_APP_SECRET'),
    website: isSite ? filled(given.website, site) : undefined,
    baseURL: given.baseURL ?? env('WECHAT_BASE_URL'),
    endpoints: filled(given.endpoints, {
      open: env('WECHAT_OPEN_URL') ?? WECHAT.open,
      api: env('WECHAT_API_URL') ?? WECHAT.api,
    }),
  };
}

function filled<T extends object>(
  given: T | undefined,
  defaults: { readonly [K in keyof T]: T[K] | undefined },
): T {
  if (given !== undefined && !isObject(given)) return given;
  const own = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(own) } as T;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** What options must be together. */
function* faultsTogether(options: WechatAuthOptions, known: ReadonlySet<string>): Generator<OptionFault> {
  const { appId, appSecret, website, baseURL, endpoints, flow, returnTo, routes } = options;
  if (appId === undefined && website === undefined) {
    yield {
      path: 'appId',
      message:
        'is missing. Give appId and appSecret of the official account, or website: { appId, appSecret }, or set WECHAT_APP_ID and WECHAT_APP_SECRET.',
    };
  }
  yield* halfGiven('', 'WECHAT_', { appId, appSecret });
  if (website) yield* halfGiven('website.', 'WECHAT_WEBSITE_', website);
  if (flow === 'official' && appId === undefined)
    yield {
      path: 'flow',
      message: "is 'official', but there is no appId. Give appId and appSecret of the official account.",
    };
  if (flow === 'website' && website === undefined)
    yield {
      path: 'flow',
      message: "is 'website', but there is no website app. Give website: { appId, appSecret }.",
    };
  if (typeof baseURL === 'string' && !known.has('baseURL')) {
    const fault = baseURLFault(baseURL, endpoints?.open === WECHAT.open);
    if (fault) yield { path: 'baseURL', message: fault };
  }
  if (typeof returnTo === 'string' && judgeReturnTo(returnTo, []) === undefined) {
    yield {
      path: 'returnTo',
      message: `is ${JSON.stringify(returnTo)}. Give a path of this app that starts with one slash, at most 512 bytes.`,
    };
  }
  const paths = [
    routes?.login ?? '/login',
    routes?.callback ?? '/callback',
    routes?.logout ?? '/logout',
  ].filter((route) => route !== false);
  if (new Set(paths).size < paths.length)
    yield {
      path: 'routes',
      message: `has one path twice: ${paths.join(', ')}. Give each route a path of its own.`,
    };
}

function* halfGiven(prefix: string, env: string, { appId, appSecret }: Credentials): Generator<OptionFault> {
  if (appId !== undefined && appSecret === undefined)
    yield { path: `${prefix}appSecret`, message: `is missing. Give it, or set ${env}APP_SECRET.` };
  if (appId === undefined && appSecret !== undefined)
    yield { path: `${prefix}appId`, message: `is missing. Give it, or set ${env}APP_ID.` };
}

function accountsOf(options: WechatAuthOptions, faults: OptionFault[]): Settled['accounts'] {
  const { appId, appSecret, website, endpoints, http, tokenStore = new MemoryTokenStore() } = options;
  const build = (appid: string | undefined, secret: string | undefined): OAuth | undefined =>
    appid === undefined
      ? undefined
      : new OAuth({ appid, appsecret: secret ?? '', tokenStore, endpoints, http });
  try {
    const official = build(appId, appSecret);
    const site = build(website?.appId, website?.appSecret);
    return {
      ...(official && {
        official: { flow: 'official', oauth: official, page: official.getAuthorizeURL.bind(official) },
      }),
      ...(site && {
        website: { flow: 'website', oauth: site, page: site.getAuthorizeURLForWebsite.bind(site) },
      }),
    };
  } catch (error) {
    if (!isWechatError(error)) throw error;
    faults.push({ path: 'http', message: `is wrong: ${error.message}` });
    return {};
  }
}

function splitBase(baseURL: string): { origin: string; path: string } {
  const { origin, pathname } = new URL(baseURL);
  return { origin, path: pathname.replace(/\/+$/, '') };
}
