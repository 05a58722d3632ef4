/** The guard: lets users pass, sends pages to the login, answers everything else with 401. */
import { IncomingMessage, type ServerResponse } from 'node:http';
import { WechatAuthError } from '../errors';
import { header, isSafe, wantsPage, type HostRequest, type Next } from './http/request';
import { startLogin, type LoginOptions } from './login/login';
import { checkGuardOptions } from './options/option-checks';
import type { Bivariant } from './options/options';
import { refuse } from './failures/send-failure';
import { RequestContext, type WechatContext } from './req-wechat';
import { satisfies, type OfficialScope } from '../oauth/scope';
import { sessionOf } from './state/session';
import type { AppUser } from './state/wechat-session';
import type { WechatSession } from './state/wechat-session';
import { type Visit } from './context';
import { noStore, redirect, sendJSON, vary } from './http/response';
import { here, judged, ownPage, routePath, loginURL } from './addresses';

/** Options of `requireWechatUser()`. An undefined one counts as not given. */
export interface GuardOptions {
  /** What must be granted: `snsapi_userinfo` asks for the missing consent where the session only has `snsapi_base`. */
  readonly scope?: OfficialScope | undefined;
  /**
   * What happens without a user: `redirect` to the login, `reject` with 401 JSON `{ error, message, loginURL }`, `auto` by what the
   * request is: pages are redirected, all else rejected.
   *
   * @default 'auto'
   */
  readonly mode?: 'auto' | 'redirect' | 'reject' | undefined;
  /** Whether this user may pass; awaited. False: kind `forbidden`, 403. What it throws goes to the app's error handler. */
  readonly check?: Bivariant<(user: AppUser, req: HostRequest) => boolean | Promise<boolean>> | undefined;
}

/** What `requireWechatUser()` makes, for Express and Connect. */
export type Guard = (req: HostRequest, res: ServerResponse, next: Next) => void;

/**
 * Guards a route: with a user, `next()`; without one, pages go to the login and come back, everything else gets 401 JSON. Without
 * `wechatAuth()` before it, requests fail with kind `config`.
 *
 * @throws WechatAuthError of kind `config` that lists every fault of the options.
 *
 * @example
 * app.get('/me', requireWechatUser(), (req, res) => res.json(req.wechat.user));
 * app.use('/admin', requireWechatUser({ check: (user) => admins.has(user.openid) }));
 */
export function requireWechatUser(options: GuardOptions = {}): Guard {
  if (isRequest(options)) {
    throw new WechatAuthError(
      'config',
      'requireWechatUser was mounted itself; mount what it returns: app.get(path, requireWechatUser(), handler).',
    );
  }
  checkGuardOptions(options);
  const settled = { ...options };
  return function wechatUserRequired(req, res, next) {
    const { wechat } = req as { wechat?: WechatContext };
    const opened = RequestContext.open(wechat);
    if (!opened) {
      next(notMounted(wechat));
      return;
    }
    const { visit, login } = opened;
    // Most requests come from users who may pass: they wait for nothing.
    if (login && !settled.check && grantsEnough(login, settled)) next();
    else void decide({ ...visit, res, next }, login, settled).catch(next);
  };
}

function isRequest(options: object): boolean {
  return options instanceof IncomingMessage;
}

function grantsEnough(login: WechatSession, { scope }: GuardOptions): boolean {
  return scope === undefined || satisfies(login.scope, scope);
}

async function decide(visit: Visit, login: WechatSession | undefined, options: GuardOptions): Promise<void> {
  const { scope, mode = 'auto', check } = options;
  if (!login || !grantsEnough(login, options)) {
    await withoutUser(visit, { scope, mode }, login !== undefined);
  } else if (!check || (await isAllowed(check, login.user, visit.req))) {
    visit.next();
  } else {
    await refuse(visit, new WechatAuthError('forbidden', 'This user may not do that: check said no.'));
  }
}

function notMounted(found: unknown): WechatAuthError {
  return new WechatAuthError(
    'config',
    found === undefined
      ? 'requireWechatUser() found no req.wechat. Mount wechatAuth() before it, at the same path or above.'
      : 'requireWechatUser() found a req.wechat that is not of this copy of express-wechat-auth. See `npm ls express-wechat-auth`, and mount wechatAuth() of the same copy before it.',
  );
}

/** A throw never lets anybody through: to Connect and Express, an empty error or the word "route" is none. */
async function isAllowed(
  check: NonNullable<GuardOptions['check']>,
  user: AppUser,
  req: HostRequest,
): Promise<boolean> {
  try {
    return await check(user, req);
  } catch (error) {
    if (error instanceof Error) throw error;
    throw new WechatAuthError(
      'forbidden',
      'The check of requireWechatUser() threw something that is no error.',
      { cause: error },
    );
  }
}

async function withoutUser(visit: Visit, { scope, mode }: GuardOptions, needsMore: boolean): Promise<void> {
  const { req, res, next } = visit;
  if (req.method === 'OPTIONS') {
    next();
    return;
  }
  try {
    sessionOf(req);
    noStore(res);
    vary(res, 'Accept', 'Sec-Fetch-Mode', 'X-Requested-With');
    const asked = { returnTo: cameFor(visit, mode), scope: extraScope(visit, scope) };
    if (mode === 'redirect' || (mode === 'auto' && isPage(req))) await toLogin(visit, asked);
    else sendUnauthenticated(visit, asked, needsMore);
  } catch (error) {
    await refuse(visit, error);
  }
}

/** Whether a person waits for a page, who can be sent to WeChat and back. */
function isPage(req: HostRequest): boolean {
  return wantsPage(req) && (header(req, 'sec-fetch-mode') !== '' || isSafe(req));
}

/** The guarded page; where there is none to come back to (a form that was sent, an XHR), the page that it was sent from. */
function cameFor(visit: Visit, mode: GuardOptions['mode']): string | undefined {
  const { req } = visit;
  const isPageHere = isSafe(req) && (wantsPage(req) || (mode === 'redirect' && !isScript(req)));
  const page = isPageHere ? here(visit) : ownPage(visit, header(req, 'referer'));
  return judged(visit, page);
}

/** Whether a script says that it asks; who only leaves text/html out of Accept may still be a person. */
function isScript(req: HostRequest): boolean {
  return (
    header(req, 'sec-fetch-mode') !== '' || header(req, 'x-requested-with').toLowerCase() === 'xmlhttprequest'
  );
}

/** What to ask for beyond what a login asks for anyway. */
function extraScope({ settled }: Visit, scope: OfficialScope | undefined): OfficialScope | undefined {
  return scope !== undefined && !satisfies(settled.scope, scope) ? scope : undefined;
}

async function toLogin(visit: Visit, asked: LoginOptions): Promise<void> {
  if (routePath(visit, 'login') === undefined) await startLogin(visit, asked);
  else redirect(visit.req, visit.res, loginURL(visit, asked));
}

function sendUnauthenticated(visit: Visit, asked: LoginOptions, needsMore: boolean): void {
  const hasRoute = routePath(visit, 'login') !== undefined;
  sendJSON(visit.res, 401, {
    error: needsMore ? 'scope' : 'unauthenticated',
    message: needsMore
      ? 'This needs the consent of the user: log in again at loginURL. 需要用户授权，请通过 loginURL 重新登录。'
      : 'Log in first, at loginURL. 请先通过 loginURL 登录。',
    ...(hasRoute && { loginURL: loginURL(visit, asked) }),
  });
}
