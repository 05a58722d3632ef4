/** `wechatAuth()`: builds the middleware, which gives each request below the mount point to its handler. */
import type { ServerResponse } from 'node:http';
import { mustChangeNothing, pathOf, withoutOrigin, type HostRequest, type Next } from './http/request';
import type { WechatAuthOptions } from './options/options';
import { refuseMountedFactory } from './options/options-error';
import { resolveOptions, type ResolvedOptions } from './options/resolve-options';
import { nextIf, sendFailure } from './failures/send-failure';
import { ReqWechat, type WechatContext } from './req-wechat';
import { passesAtOnce } from './require-wechat-user';
import { registerSessionKey } from './login/current-login';
import { serveVerificationFile } from './http/verification-file';
import { publicMount, routeRecorder } from './addresses';
import { late } from './late';
import { contextOf, requireAccount, type Context } from './context';
import { noStore, noContent } from './http/response';

/** What `wechatAuth()` and `wechatRelay()` return: a middleware for Express and Connect. */
export type WechatAuthMiddleware = (req: HostRequest, res: ServerResponse, next: Next) => void;

type Handler = (context: Context) => Promise<void>;

const HANDLERS = {
  login: (context) => late.login().login(context),
  callback: (context) => late.callback().callback(context),
  logout: (context) => late.logout().logout(context),
  poll: (context) => late.scanPoll().poll(context),
  phone: (context) => late.scanPhone().phone(context),
} as const satisfies Record<string, Handler>;
type HandlerName = keyof typeof HANDLERS;

/**
 * Adds "Log in with WeChat" to an app: it serves the routes for login, callback and logout, and sets
 * `req.wechat` on every request below its mount point. Mount it after the session middleware.
 *
 * @throws WechatAuthError of kind `config` that lists every fault of the options.
 *
 * @example
 * app.use(cookieSession({ secret: process.env.SESSION_KEY, maxAge: 30 * 86_400_000, sameSite: 'lax' }));
 * app.use(wechatAuth({ appId: 'wx…', appSecret: '…', baseURL: 'https://h5.example.com' }));
 * app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
 */
export function wechatAuth(options: WechatAuthOptions = {}): WechatAuthMiddleware {
  refuseMountedFactory(options, 'wechatAuth', 'middleware that it returns: app.use(wechatAuth())');
  const config = resolveOptions(options);
  registerSessionKey(config.sessionKey);
  const serve = serverOf(config);
  const chooseAccount = config.byRequest && late.chooseAccount().accountChooser(config, config.byRequest);

  return function wechatAuthMiddleware(req, res, next) {
    const context = contextOf(req, res, next, config);
    if (config.verificationFiles.size > 0 && serveFile(context)) return;
    if (!chooseAccount) {
      if (serve(context)) next();
      return;
    }
    const chosen = chooseAccount(req);
    const serveAs = (found: ResolvedOptions): boolean => serve({ ...context, config: found });
    if (chosen instanceof Promise) nextIf(chosen.then(serveAs), next);
    else if (serveAs(chosen)) next();
  };
}

/**
 * Returns the function that serves a request once its account is known. That function returns whether its
 * caller has to call `next()`.
 */
function serverOf(config: ResolvedOptions): (context: Context) => boolean {
  const handlerOf = router(config);
  const recordRoute = routeRecorder(config);
  return (context) => {
    const { req, res, next } = context;
    (req as HostRequest & { wechat?: WechatContext }).wechat = new ReqWechat(context);
    const { missingAccount } = context.config;
    // A request that belongs to no account goes to the app, also at the path of a route.
    const servesRoutes = missingAccount === undefined || missingAccount.hasFailed;
    if (servesRoutes) recordRoute(context);
    const handler = servesRoutes ? handlerOf(req) : undefined;
    if (!handler) return !config.authRequired || passesAtOnce(context, {}, res, next);
    void handle(handler, context);
    return false;
  };
}

function serveFile(context: Context): boolean {
  const { req, res, config } = context;
  return serveVerificationFile(req, res, {
    files: config.verificationFiles,
    mount: () => publicMount(context),
    warnings: config.warnings,
    middleware: 'wechatAuth()',
  });
}

interface Route {
  /** `false` equals no path: the options leave the route out, or it stands for many paths. */
  readonly path: string | false;
  readonly handler: HandlerName;
  readonly methods: readonly string[];
}

/**
 * Finds the handler of a request: GET login, GET callback, GET and POST logout; with scan login also the
 * requests of its PC and its phone. HEAD is accepted, so that it does not reach the app.
 */
function router({ routes, hasScanRoutes }: ResolvedOptions): (req: HostRequest) => HandlerName | undefined {
  const read = ['GET', 'HEAD'];
  const all = [...read, 'POST'];
  // Not a Map: V8 compares a few texts faster than it computes the hash of each new path.
  const table: Route[] = [
    { path: routes.login, handler: 'login', methods: read },
    { path: routes.callback, handler: 'callback', methods: read },
    { path: routes.logout, handler: 'logout', methods: all },
  ];
  if (hasScanRoutes) table.push({ path: routes.scan, handler: 'poll', methods: all });
  const aboveTickets = hasScanRoutes ? `${String(routes.scan)}/` : undefined;
  const tickets: Route = { path: false, handler: 'phone', methods: all };
  return ({ method = 'GET', url = '/' }) => {
    // Almost every request is for another path: only those that may be for a route are parsed.
    const target = withoutOrigin(url);
    if (!table.some(({ path }) => path !== false && target.startsWith(path))) return undefined;
    const whole = pathOf(target);
    const path = whole.length > 1 && whole.endsWith('/') ? whole.slice(0, -1) : whole;
    const isTicket = (): boolean => aboveTickets !== undefined && path.startsWith(aboveTickets);
    const found = table.find((route) => route.path === path) ?? (isTicket() ? tickets : undefined);
    return found?.methods.includes(method) ? found.handler : undefined;
  };
}

async function handle(handler: HandlerName, context: Context): Promise<void> {
  const { req, res, next } = context;
  try {
    noStore(res);
    // The address of a callback holds an authorization code: no other site may get it as a Referer, not even
    // from the page of an error.
    if (handler === 'callback') res.setHeader('Referrer-Policy', 'no-referrer');
    requireAccount(context);
    if (mustChangeNothing(req)) noContent(res);
    else await HANDLERS[handler](context);
  } catch (error) {
    await sendFailure(context, error).catch(next);
  }
}
