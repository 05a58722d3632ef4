/**
 * The login route: chooses the flow, generates a state, saves the pending login, and sends the browser to
 * WeChat.
 */
import { WechatAuthError } from '../../errors';
import { isPageFlow, worksIn, type PageFlow } from '../../oauth/flows';
import { isOfficialScope, raisedScope, scopeToRequest } from '../../oauth/scope';
import { isSafeReturnTo, redirectURI, routePath, type LoginLink } from '../addresses';
import { accountOf, requireAccount, type Context } from '../context';
import { watchLogin } from '../failures/lost-session/watch-login';
import { LoginFailure } from '../failures/send-failure';
import { mustChangeNothing, queryOf, wantsPage } from '../http/request';
import { noStore, redirect } from '../http/response';
import { browserKind } from '../http/user-agent';
import { authorizeURLOf, type Account } from '../options/account';
import type { ResolvedOptions } from '../options/resolve-options';
import type * as openInWechat from '../pages/open-in-wechat';
import { requireScanLogin } from '../scan/require-scan-login';
import type * as pc from '../scan/pc';
import {
  addPending,
  bindingsOf,
  ensureLinkId,
  knownStates,
  makeRoom,
  sessionIdsOf,
  newState,
  recordRoot,
  renewRoot,
  ticketOf,
  type PendingLogin,
} from '../state/pending-logins';
import { requireSession } from '../state/missing-session';
import { cookieFits, renewId, saveSession, type Session } from '../state/session';
import { chooseFlow, flowOfLink } from './choose-flow';
import { checkedData, verifiedData } from './login-data';
import { againPath, linkOf, loginOfBoundLink, urlForOtherDevice, type RepeatableLogin } from './login-link';
import type { WechatLoginOptions } from './login-options';
import { LoginReporter, reportStarted } from './login-reporter';
import { sendUnauthenticated } from './unauthenticated';

/** `GET /login?returnTo=/me`, also with `scope`, `flow` and signed `data`. */
export async function login(context: Context): Promise<void> {
  const query = queryOf(context.req.url ?? '');
  const bound = loginOfBoundLink(context, query);
  if (bound) {
    await startUnlessScript(context, bound, () => linkOf(context, bound));
    return;
  }
  const [returnTo, scope, data] = ['returnTo', 'scope', 'data'].map((name) => query.get(name) ?? undefined);
  const named = query.get('flow');
  const verified = verifiedData(context, data);
  const link = { returnTo, scope, data: verified === undefined ? undefined : data };
  const asGiven = { ...link, flow: isPageFlow(named) ? named : undefined };
  if (await rejectScript(context, () => asGiven)) return;
  await startOrFail(context, {
    returnTo,
    scope: raisedScope(context.config.scope, scope),
    flow: await flowOfLink(context, named),
    data: verified,
    link,
  });
}

/** `req.wechat.login()` */
export async function loginByApp(context: Context, options: WechatLoginOptions): Promise<void> {
  const { returnTo, scope, flow, data } = options;
  // The 401 for a script changes the session only if data makes that necessary.
  const link = (): LoginLink | undefined =>
    data === undefined ? { returnTo, scope, flow } : linkOf(context, options);
  await startUnlessScript(context, options, link);
}

async function startUnlessScript(
  context: Context,
  options: WechatLoginOptions,
  link: () => LoginLink | undefined,
): Promise<void> {
  if (!(await rejectScript(context, link))) await startOrFail(context, options);
}

/**
 * Responds with 401 to a script and to a request that must change nothing, and returns whether it did. A
 * script could not follow the redirect to WeChat. Each of these requests would take the place of a login that
 * the user has started.
 *
 * @param linkTo returns the link to the login, for the response
 */
async function rejectScript(context: Context, linkTo: () => LoginLink | undefined): Promise<boolean> {
  const { req, config } = context;
  if (wantsPage(req) && !mustChangeNothing(req)) return false;
  requireSession(req, config);
  const link = linkTo();
  if (link?.sessionSignature !== undefined) await saveSession(req, config);
  sendUnauthenticated(context, link);
  return true;
}

/** Starts a login. If that fails, the error page links to the same login. */
async function startOrFail(context: Context, options: StartOptions): Promise<void> {
  try {
    await startLogin(context, options);
  } catch (error) {
    const { returnTo } = options;
    throw new LoginFailure(error, { returnTo, again: () => againPath(context, options) });
  }
}

/** The options of a login, and the link that started it, if every session may use that link. */
type StartOptions = WechatLoginOptions & Pick<RepeatableLogin, 'link'>;

/**
 * Redirects the browser to WeChat, or shows the QR code of a scan login. If no configured flow fits this
 * browser, shows a page that tells the user where to log in.
 */
export async function startLogin(
  context: Context,
  options: StartOptions,
  restart?: Parameters<typeof prepareLogin>[3],
): Promise<void> {
  const { req, res, config } = context;
  noStore(res);
  const reporter = new LoginReporter(config, {
    flow: options.flow,
    scope: isOfficialScope(options.scope) ? options.scope : undefined,
  });
  try {
    const flow = await chooseFlow(context, options.flow);
    if (flow === undefined) {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late: only some browsers get it
      const { sendOpenInWechat } = require('../pages/open-in-wechat') as typeof openInWechat;
      sendOpenInWechat(req, res, {
        address: urlForOtherDevice(context, options),
        browser: browserKind(req),
        qrLogin: qrLoginPath(context, options),
      });
      return;
    }
    const { account, redirectURI, scope, state } = await prepareLogin(context, flow, options, restart);
    if (flow === 'scan') {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late: only scan login shows it
      const { sendScanPage } = require('../scan/pc') as typeof pc;
      sendScanPage(context, state, scope, options);
    } else redirect(req, res, authorizeURLOf(account, flow, redirectURI, state, scope, options.params));
  } catch (error) {
    reporter.failed(error);
    throw error;
  }
}

/**
 * The login route with the QR code login, for a browser that should log in inside WeChat but can also show a
 * QR code, for another phone to scan.
 */
function qrLoginPath(context: Context, { returnTo, data, link }: StartOptions): string | undefined {
  const { req, config } = context;
  const hasRoute = routePath(context, 'login') !== undefined;
  if (!hasRoute || !config.accounts.website || !worksIn(browserKind(req), 'website')) return undefined;
  return againPath(context, { returnTo, flow: 'website', data, link }) ?? undefined;
}

/**
 * Adds a pending login to the session, saves the session, and returns the parameters of the authorization
 * request.
 */
export async function prepareLogin(
  context: Context,
  flow: PageFlow,
  options: WechatLoginOptions & {
    /** The ticket that this phone has confirmed: the login ends on the PC that shows it. */
    readonly scan?: string;
  },
  restart?: {
    readonly state: string;
    /** The state of the login that failed. */
    readonly replaces: string;
    /** The login that failed, if it is known. If it was bound to a user, so is its replacement. */
    readonly failed: PendingLogin | undefined;
    /** True for the first callback that restarts the failed login. Duplicates do not report the new one. */
    readonly isFirst: boolean;
  },
): Promise<{ account: Account; redirectURI: string; scope: string; state: string }> {
  const { req, config } = context;
  const state = restart?.state ?? newState(0);
  // Before requireScanLogin(), which would blame the option `scanLogin` if the request belongs to no account.
  requireAccount(context);
  if (flow === 'scan') requireScanLogin(context);
  const account = accountOf(context, flow);
  const uri = redirectURI(context);
  const scope = scopeToRequest(flow, config.scope, options.scope);
  const returnTo = isSafeReturnTo(context, options.returnTo) ? options.returnTo : '';
  requireSession(req, config);
  if (flow === 'scan') await renewSession(context);
  const session = requireSession(req, config);
  watchLogin(context, state, restart?.replaces);
  const bindings = restart?.failed && bindingsOf(restart.failed);
  const data = checkedData(options.data);
  const scan = options.scan ?? (restart?.failed && ticketOf(restart.failed));
  const pending: Writable<PendingLogin> = { returnTo, scope, flow, at: Date.now(), ...bindings };
  if (config.byRequest) pending.appid = account.appid;
  if (data !== undefined) pending.data = data;
  if (scan !== undefined) pending.scan = scan;
  keepPending(context, session, state, pending, restart?.replaces);
  await saveSession(req, config);
  // With a ticket, this is a part of the login that started on the PC.
  if (scan === undefined && (restart?.isFirst ?? true))
    reportStarted(state, { flow, appid: account.appid, scope }, restart?.replaces);
  return { account, redirectURI: uri, scope, state };
}

/**
 * Gives the session a new id: an attacker who knows the old one could collect the result of a scan login
 * (session fixation). The logins that started in the session still belong to it.
 */
async function renewSession({ req, config }: Context): Promise<void> {
  const { sessionKey, callbackResults } = config;
  const session = requireSession(req, config);
  recordRoot(session, sessionKey);
  const before = sessionIdsOf(session, sessionKey);
  await renewId(req);
  callbackResults.started.recordRenewal(before, sessionIdsOf(requireSession(req, config), sessionKey));
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Keeps a pending login in the session, and in the memory of this process in case the session loses it. */
function keepPending(
  { req, config }: Context,
  session: Session,
  state: string,
  pending: PendingLogin,
  replaces?: string,
): void {
  const { sessionKey, callbackResults, loginTimeout } = config;
  rootForLogin(session, config);
  const before = knownStates(session, sessionKey);
  if (!addPending(session, sessionKey, state, pending, loginTimeout)) throw noRoom();
  // The id is for the link to try again if the login fails. It is added here, because the session is saved
  // next.
  if (pending.data !== undefined) ensureLinkId(session, sessionKey);
  makeRoom(session, sessionKey, state, () => cookieFits(req, session));
  if (before.length > 0) {
    const kept = knownStates(session, sessionKey);
    callbackResults.started.spend(before.filter((each) => !kept.includes(each)));
  }
  callbackResults.started.record(state, pending, sessionIdsOf(session, sessionKey), replaces);
}

/**
 * Returns the root of the session in which a login starts, if the session has an id. A request that was in
 * progress during a logout may save the session that the logout has ended: then the session gets another
 * root.
 */
export function rootForLogin(
  session: Session,
  { sessionKey, callbackResults }: Pick<ResolvedOptions, 'sessionKey' | 'callbackResults'>,
): string | undefined {
  const root = sessionIdsOf(session, sessionKey)?.root;
  if (root === undefined || !callbackResults.isLoggedOutHere([root])) return root;
  renewRoot(session, sessionKey);
  return sessionIdsOf(session, sessionKey)?.root;
}

function noRoom(): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    'There is no room in the session to restart this login: too many logins are in progress in this browser. ' +
      'Finish one of them, or start again.',
  );
}
