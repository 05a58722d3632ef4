import type { ServerResponse } from 'node:http';
import cookieSession from 'cookie-session';
import {
  requireWechatUser,
  wechatAuth,
  type WechatGuardOptions,
  type WechatAuthOptions,
  type WechatContext,
} from '../../lib';
import type { Emulator } from '../../lib/emulator';
import type { HostRequest } from '../../lib/middleware/http/request';
import { createHost, listen, type Host, type HostName, type Middleware, type Running } from './hosts';

/** A request as the routes of the tests receive it. */
export type TestRequest = HostRequest & { wechat: WechatContext; session: Record<string, unknown> };

/** The options of an app whose accounts are the same for all requests. */
export type OwnOptions = Extract<WechatAuthOptions, { component?: undefined; account?: undefined }>;

export interface AppOptions {
  readonly host?: HostName;
  /** The session middleware; null for none. */
  readonly session?: Middleware | null;
  readonly mount?: string;
  readonly auth?: OwnOptions;
  readonly guard?: WechatGuardOptions;
  /** Mounts the test's own routes, before the guarded ones. */
  readonly routes?: (app: Host) => void;
  /** Mounts middleware before the session. */
  readonly before?: (app: Host) => void;
}

export interface TestApp extends Running {
  readonly emulator: Emulator;
  /** The errors that reached the app's error handler. */
  readonly errors: unknown[];
}

export function cookies(options: Partial<CookieSessionInterfaces.CookieSessionOptions> = {}): Middleware {
  return cookieSession({ name: 'session', keys: ['test key'], ...options }) as unknown as Middleware;
}

export function sendJSON(res: ServerResponse, body: unknown): void {
  res.setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify(body ?? null));
}

/** The options of an app that uses this emulator, with both of its accounts. */
export function emulated(emulator: Emulator): OwnOptions {
  const { official, website } = emulator.apps;
  return {
    appId: official.appId,
    appSecret: official.appSecret,
    website: { appId: website.appId, appSecret: website.appSecret },
    endpoints: emulator.endpoints,
  };
}

/**
 * Starts an app with both accounts. `/public` is open to everybody, `/me` is guarded and sends the user as
 * JSON, `/session` sends the session as JSON, and any other path is the home page.
 */
export async function startApp(emulator: Emulator, options: AppOptions = {}): Promise<TestApp> {
  const { host = 'Express 5', session = cookies(), mount = '', auth = {}, guard, routes, before } = options;
  const app = createHost(host);
  const errors: unknown[] = [];
  before?.(app);
  if (session) app.use(session);
  const middleware = wechatAuth({ ...emulated(emulator), ...auth });
  if (mount) app.use(mount, middleware);
  else app.use(middleware);
  routes?.(app);
  const at = (path: string): string => mount + path;
  app.use(at('/public'), (_req, res) => res.end('public'));
  app.use(at('/session'), (req, res) => sendJSON(res, req.session));
  app.use(at('/me'), requireWechatUser(guard));
  app.use(at('/me'), (req, res) => sendJSON(res, (req as TestRequest).wechat.user));
  app.use(at('/'), (_req, res) => res.end('home'));
  app.use(((error: unknown, _req: HostRequest, res: ServerResponse, _next: unknown) => {
    errors.push(error);
    if (res.headersSent) return;
    res.statusCode = 599;
    res.end('error handler');
  }) as unknown as Middleware);
  const running = await listen(app);
  return { ...running, emulator, errors };
}
