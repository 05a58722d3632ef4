/** The guard: lets users pass, redirects pages to the login, and responds to other requests with 401. */
import type { ServerResponse } from 'node:http';
import { helpLines, WechatAuthError } from '../errors';
import {
  header,
  isSafeMethod,
  mustChangeNothing,
  wantsPage,
  type HostRequest,
  type Next,
} from './http/request';
import { late } from './late';
import { checkGuardOptions } from './options/option-checks';
import { refuseMountedFactory } from './options/options-error';
import type { Bivariant } from './options/options';
import { callInTime } from './failures/call-in-time';
import { LoginFailure, nextIf, sendFailure } from './failures/send-failure';
import { confirmedLogin, currentLogin, mayMissLogout } from './login/current-login';
import { ReqWechat, type WechatContext } from './req-wechat';
import { FLOWS, isPageFlow } from '../oauth/flows';
import { satisfies, type OfficialScope } from '../oauth/scope';
import { requireSession } from './state/missing-session';
import type { AppUser, WechatSession } from './state/wechat-session';
import { logsBrowsersIn, type Context } from './context';
import { noStore, redirect, vary } from './http/response';
import {
  currentPage,
  isCrossSite,
  loginPath,
  pathOnThisSite,
  routePath,
  safeReturnTo,
  type LoginLink,
} from './addresses';

/** Options of `requireWechatUser()`. An option that is `undefined` counts as not given. */
export interface WechatGuardOptions {
  /**
   * The scope that must be granted. `snsapi_userinfo` asks for consent if the session only has `snsapi_base`
   * (step-up).
   */
  readonly scope?: OfficialScope | undefined;
  /**
   * How a request without a user, or with too little scope, is refused: `redirect` sends the browser to the
   * login, `reject` responds with 401 JSON `{ error, message, loginURL }`, `auto` redirects pages and rejects
   * other requests. With `reject`, every other refusal of this guard is JSON `{ error, message }`, too.
   *
   * @default 'auto'
   */
  readonly mode?: 'auto' | 'redirect' | 'reject' | undefined;
  /**
   * Decides whether the user may pass; may return a promise. Only `true` lets the user pass. With any other
   * value the request fails with 403 (kind `forbidden`). An error that it throws goes to the app's error
   * handler.
   */
  readonly check?: Bivariant<(user: AppUser, req: HostRequest) => boolean | Promise<boolean>> | undefined;
}

/** The guard that `requireWechatUser()` returns, for Express and Connect. */
export type WechatGuard = (req: HostRequest, res: ServerResponse, next: Next) => void;

/**
 * Guards a route: a request with a user passes. Without one, pages go to the login and come back, and other
 * requests get 401 JSON. If `wechatAuth()` does not run before it, requests fail with kind `config`.
 *
 * @throws WechatAuthError of kind `config` that lists every fault of the options.
 *
 * @example
 * app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
 * app.use('/admin', requireWechatUser({ check: (user) => admins.has(user.openid) }));
 */
export function requireWechatUser(options: WechatGuardOptions = {}): WechatGuard {
  refuseMountedFactory(
    options,
    'requireWechatUser',
    'guard that it returns: app.get(path, requireWechatUser(), handler)',
  );
  const config = checkGuardOptions(options);
  return function wechatUserRequired(req, res, next) {
    const { wechat } = req as { wechat?: WechatContext };
    const context = ReqWechat.unwrap(wechat);
    if (!context) {
      next(notMounted(wechat));
      return;
    }
    if (passesAtOnce(context, config, res, next)) next();
  };
}

/**
 * Whether the caller has to call `next()`: most requests come from users who may pass. For any other, the
 * guard calls it, or refuses the request.
 */
export function passesAtOnce(
  context: Context,
  options: WechatGuardOptions,
  res: ServerResponse,
  next: Next,
): boolean {
  let passes = false;
  try {
    passes = mayPassAtOnce(context, options);
  } catch {
    // A session may throw, even a value that frameworks take for success. mayPass() meets it again, and then
    // it is an error.
  }
  if (!passes) nextIf(mayPass({ ...context, res, next }, options), next);
  return passes;
}

function mayPassAtOnce({ req, config }: Context, options: WechatGuardOptions): boolean {
  const login = currentLogin(req, config);
  return login !== undefined && !options.check && grantsEnough(login, options) && !mayMissLogout(req, config);
}

function grantsEnough(login: WechatSession, { scope }: WechatGuardOptions): boolean {
  return scope === undefined || satisfies(login.scope, scope);
}

/** Whether the request may pass. If not, this function has refused it. */
async function mayPass(context: Context, options: WechatGuardOptions): Promise<boolean> {
  const { scope, mode = 'auto', check } = options;
  const { missingAccount } = context.config;
  const fail = (error: unknown): Promise<void> =>
    sendFailure(context, new LoginFailure(error, { isForScript: mode === 'reject' }));
  const login = await confirmedLogin(context.req, context.config);
  if (missingAccount) {
    await fail(missingAccount.error());
  } else if (!login || !grantsEnough(login, options)) {
    await refuseRequest(context, { scope, mode }, login).catch(fail);
  } else if (!check || (await isAllowed(check, login.user, context.req))) {
    return true;
  } else {
    await fail(new WechatAuthError('forbidden', 'This user may not pass: `check` did not return true.'));
  }
  return false;
}

/**
 * A login with a code cannot get more scope by a step-up: it has no page of WeChat on which the user could
 * consent. The status is 403 rather than 401, because clients log in again after a 401, which would grant the
 * same scope.
 */
function tooLittleScope({ flow, scope }: WechatSession, required: string | undefined): WechatAuthError {
  return new WechatAuthError(
    'scope',
    `This route requires ${required}, and the login with the ${FLOWS[flow].label.en} granted ${scope}. ` +
      'Users of a mini program have no profile to grant. A mobile app asks for the scope before it posts its code.',
  );
}

function notMounted(found: unknown): WechatAuthError {
  return new WechatAuthError(
    'config',
    found === undefined
      ? 'requireWechatUser() found no req.wechat. Mount wechatAuth() before it, at the same path or above.' +
          helpLines('guides/troubleshooting.md#requirewechatuser-found-no-reqwechat')
      : 'requireWechatUser() found a req.wechat that comes from another copy of express-wechat-auth. ' +
          'See `npm ls express-wechat-auth`, and mount wechatAuth() of the same copy before it.',
  );
}

/**
 * The result of `check`. If it throws a value that is not an error, an error is thrown in its place:
 * Express and Connect take a falsy error, or the string "route", for success.
 */
async function isAllowed(
  check: NonNullable<WechatGuardOptions['check']>,
  user: AppUser,
  req: HostRequest,
): Promise<boolean> {
  try {
    // Only `true`: an empty list or the string 'false' is truthy, and not what the app meant.
    const allowed: unknown = await callInTime('The `check` of requireWechatUser()', () => check(user, req));
    return allowed === true;
  } catch (error) {
    if (error instanceof Error) throw error;
    throw new WechatAuthError(
      'forbidden',
      'The `check` of requireWechatUser() threw a value that is not an error.',
      { cause: error },
    );
  }
}

async function refuseRequest(
  context: Context,
  { scope, mode }: WechatGuardOptions,
  login: WechatSession | undefined,
): Promise<void> {
  const { req, res } = context;
  // A CORS preflight may get here without a session. That is not a fault of the set-up.
  if (req.method !== 'OPTIONS') requireSession(req, context.config);
  noStore(res);
  vary(res, 'Accept', 'Sec-Fetch-Mode', 'X-Requested-With');
  const link = { returnTo: returnToFor(context, mode), scope: extraScope(context, scope) };
  if (login && !isPageFlow(login.flow) && req.method !== 'OPTIONS') throw tooLittleScope(login, scope);
  if (startsLogin(context, mode)) await toLogin(context, link);
  else late.unauthenticated().sendUnauthenticated(context, link, login !== undefined);
}

/** Whether the browser is sent to the login. Otherwise it gets 401. */
function startsLogin(context: Context, mode: WechatGuardOptions['mode']): boolean {
  const { req } = context;
  // `app.all()`, `app.use()` and Connect bring preflights here. They are never sent to the login; mount
  // cors() before the guard.
  if (req.method === 'OPTIONS' || !logsBrowsersIn(context)) return false;
  // Without a login route, the guard starts the login itself, in the user's session. The login route would
  // ignore a request that must change nothing. A form of another site must not start a login.
  const startsHere = routePath(context, 'login') === undefined;
  if (startsHere && (mustChangeNothing(req) || (!isSafeMethod(req) && isCrossSite(context)))) return false;
  return mode === 'redirect' || (mode === 'auto' && isPage(req));
}

/** Whether the browser loads a page, so that it can be sent to WeChat and back. */
function isPage(req: HostRequest): boolean {
  return wantsPage(req) && (header(req, 'sec-fetch-mode') !== '' || isSafeMethod(req));
}

/**
 * The path to return to: this page, or the referring page if this request cannot be repeated (a submitted
 * form, an XHR).
 */
function returnToFor(context: Context, mode: WechatGuardOptions['mode']): string | undefined {
  const { req } = context;
  const canReturnHere = isSafeMethod(req) && (wantsPage(req) || (mode === 'redirect' && !isScript(req)));
  const page = canReturnHere ? currentPage(context) : pathOnThisSite(context, header(req, 'referer'));
  return safeReturnTo(context, page);
}

/**
 * Whether a header shows that a script sent this request. It is called only if wantsPage() is false, so
 * that any Sec-Fetch-Mode is one of a script. An Accept header without text/html proves nothing.
 */
function isScript(req: HostRequest): boolean {
  return (
    header(req, 'sec-fetch-mode') !== '' || header(req, 'x-requested-with').toLowerCase() === 'xmlhttprequest'
  );
}

/** The scope to request if it is higher than the one that a login requests anyway. */
function extraScope({ config }: Context, scope: OfficialScope | undefined): OfficialScope | undefined {
  return scope !== undefined && !satisfies(config.scope, scope) ? scope : undefined;
}

async function toLogin(context: Context, link: LoginLink): Promise<void> {
  if (routePath(context, 'login') === undefined) await late.login().startLogin(context, link);
  else redirect(context.req, context.res, loginPath(context, link));
}
