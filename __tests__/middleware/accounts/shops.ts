/** An app that serves several shops, each with an account of its own, and a browser that visits them. */
import type { ServerResponse } from 'node:http';
import { createEmulator, type Emulator, type EmulatorApp } from '../../../lib/emulator';
import { isWechatError, requireWechatUser, wechatAuth, type WechatAuthOptions } from '../../../lib';
import type { HostRequest } from '../../../lib/middleware/http/request';
import { cookies, sendJSON, type TestRequest } from '../../support/app';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
import { createHost, listen, type HostName, type Middleware, type Running } from '../../support/hosts';

export type ByRequest = Extract<WechatAuthOptions, { account: unknown }>;
export type ChooseAccount = ByRequest['account'];

export const SHOPS = ['a', 'b', 'c'] as const;
export type ShopName = (typeof SHOPS)[number];

export const PLATFORM = 'wx0c0c0c0c0c0c0c0c';

/** The official account and the website app of each shop. */
export const OFFICIAL: Readonly<Record<ShopName, EmulatorApp>> = byShop((name, at) => ({
  type: 'official',
  appId: `wx0000000000000a0${at}`,
  appSecret: `${name}${at}`.padEnd(32, '0'),
  components: [PLATFORM],
}));
export const WEBSITE: Readonly<Record<ShopName, EmulatorApp>> = byShop((name, at) => ({
  type: 'website',
  appId: `wx0000000000000e0${at}`,
  appSecret: `${name}e${at}`.padEnd(32, '0'),
}));

function byShop<T>(create: (name: ShopName, at: number) => T): Record<ShopName, T> {
  return Object.fromEntries(SHOPS.map((name, at) => [name, create(name, at)])) as Record<ShopName, T>;
}

export function startEmulator(): Promise<Emulator> {
  return createEmulator({ apps: [...Object.values(OFFICIAL), ...Object.values(WEBSITE)] });
}

export function credentialsOf({ appId, appSecret }: EmulatorApp): { appId: string; appSecret: string } {
  return { appId, appSecret };
}

/** The credentials of a shop, as `account` returns them. */
export function accountOf(name: string): Awaited<ReturnType<ChooseAccount>> {
  const shop = SHOPS.find((each) => each === name);
  return shop && { ...credentialsOf(OFFICIAL[shop]), website: credentialsOf(WEBSITE[shop]) };
}

/** The shop of a request to `<shop>.example.com`. */
export function shopOfHost({ headers }: HostRequest): string {
  return (headers.host ?? '').replace(/\.example\.com.*$/, '');
}

export interface ShopsOptions {
  readonly host?: HostName;
  readonly session?: Middleware;
  /** Where the middleware is mounted. */
  readonly mount?: string;
  readonly auth?: Omit<ByRequest, 'account'>;
}

export interface Shops extends Running {
  readonly errors: unknown[];
}

/** `/who` shows req.wechat, `/session` the session; `/me` and `/step-up` are guarded. */
export async function startShops(
  emulator: Emulator,
  account: ChooseAccount,
  { host = 'Express 5', session = cookies(), mount = '', auth = {} }: ShopsOptions = {},
): Promise<Shops> {
  const app = createHost(host);
  const errors: unknown[] = [];
  app.use(session);
  const middleware = wechatAuth({ account, endpoints: emulator.endpoints, ...auth });
  if (mount) app.use(mount, middleware);
  else app.use(middleware);
  const at = (path: string): string => mount + path;
  app.use(at('/who'), (req, res) => void who(req as TestRequest).then((found) => sendJSON(res, found)));
  app.use(at('/session'), (req, res) => sendJSON(res, req.session));
  app.use(at('/me'), requireWechatUser());
  app.use(at('/me'), (req, res) => sendJSON(res, (req as TestRequest).wechat.user));
  app.use(at('/step-up'), requireWechatUser({ scope: 'snsapi_userinfo', mode: 'reject' }));
  app.use(at('/step-up'), (req, res) => sendJSON(res, (req as TestRequest).wechat.user));
  app.use((_req, res) => res.end('home'));
  app.use(((error: unknown, _req: HostRequest, res: ServerResponse, _next: unknown) => {
    errors.push(error);
    res.statusCode = 599;
    res.end('error handler');
  }) as unknown as Middleware);
  return { ...(await listen(app)), errors };
}

export interface Who {
  readonly user: { readonly openid: string } | null;
  readonly isAuthenticated: boolean;
  /** The openid, or the kind of the error. */
  readonly requireUser: string;
  /** The token, or the kind of the error. */
  readonly token: string;
  readonly appid: string;
  readonly links: readonly string[];
}

async function who({ wechat }: TestRequest): Promise<Who> {
  const kindOf = (error: unknown): string => (isWechatError(error) ? error.kind : String(error));
  const attempt = (read: () => string): string => {
    try {
      return read();
    } catch (error) {
      return kindOf(error);
    }
  };
  return {
    user: (wechat.user as Who['user']) ?? null,
    isAuthenticated: wechat.isAuthenticated(),
    requireUser: attempt(() => wechat.requireUser().openid),
    token: await wechat.getAccessToken().catch(kindOf),
    appid: attempt(() => wechat.oauth.appid),
    links: [attempt(() => wechat.loginURL({ data: 'of this shop' }))],
  };
}

/** A browser that sends its cookies to all shops, as if they shared one domain. */
export class Visitor {
  readonly browser: Browser;

  constructor(
    readonly shops: Running,
    readonly emulator: Emulator,
    browser = Browser.inWechat(shops.url),
  ) {
    this.browser = browser;
  }

  /** Opens a page of the shop at `<shop>.example.com`. */
  at(shop: string, path: string, options: Parameters<Browser['request']>[1] = {}): Promise<BrowserResponse> {
    const headers = { ...options.headers, Host: `${shop}.example.com` };
    return this.browser.request(path, { ...options, headers });
  }

  async who(shop: string): Promise<Who> {
    return (await this.at(shop, '/who')).json() as Who;
  }

  /**
   * Starts a login at a shop and agrees at WeChat. Returns the path of the callback, and does not open it.
   */
  async startAndAgree(shop: string, path = '/me', user?: string): Promise<string> {
    let response = await this.at(shop, path);
    while (response.location.startsWith('/')) response = await this.at(shop, response.location);
    const { pathname, search } = new URL(await agree(this.emulator, response.location, user));
    return pathname + search;
  }

  async logIn(shop: string, user?: string, path = '/me'): Promise<BrowserResponse> {
    return this.at(shop, await this.startAndAgree(shop, path, user));
  }
}
