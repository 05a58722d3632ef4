/**
 * The callback route: from WeChat's authorization response to a user in the session, in the order in which it
 * happens.
 */
import { WechatAuthError, isWechatError, type WechatErrorKind } from '../../errors';
import { PAGE_FLOWS, FLOWS, worksIn, type PageFlow, type WechatFlow } from '../../oauth/flows';
import { satisfies } from '../../oauth/scope';
import { returnToOrDefault } from '../addresses';
import { accountOf, isOfThisAccount, type Context } from '../context';
import type { Cause } from '../failures/lost-session/causes';
import { explainLoss, explainOtherAccount } from '../failures/lost-session/explain-loss';
import { LoginFailure, sendFailure } from '../failures/send-failure';
import { hasAmbiguousNames, queryOf, type HostRequest } from '../http/request';
import { redirect } from '../http/response';
import { browserKind } from '../http/user-agent';
import type { ResolvedOptions } from '../options/resolve-options';
import {
  finishedLogin,
  isExpired,
  sessionIdsOf,
  newState,
  restartsOf,
  takePending,
  isScan,
  ticketOf,
  type PendingLogin,
} from '../state/pending-logins';
import {
  finishOnPhone,
  handedOverTicket,
  keepForPC,
  questionPath,
  requireTicket,
  sendDone,
} from '../scan/handover';
import { requireSession } from '../state/missing-session';
import type { Session } from '../state/session';
import type { WechatSession } from '../state/wechat-session';
import { cookieHash } from '../state/session-cookie';
import { refuseOtherUser, type CallbackLogin, type CallbackParams } from '../state/callback-results';
import type { FinishedLogin } from '../state/started-logins';
import { boundToOtherUser, currentLogin, mayFinish, saveLogin } from './current-login';
import { completeLogin, exchangeForUser, markVerified, requireCode, type VerifiedCallback } from './exchange';
import { startLogin } from './login';
import { againPath, failureDetails, repeatable, type RepeatableLogin } from './login-link';
import { LoginReporter } from './login-reporter';

/**
 * `GET /callback?code=…&state=…`: if the login succeeds, a redirect; on a phone that logs a PC in, a page.
 */
export async function callback(context: Context): Promise<void> {
  const reporter = new LoginReporter(context.config);
  try {
    await handleCallback(context, reporter);
  } catch (error) {
    reporter.failed(error instanceof LoginFailure ? error.error : error);
    await sendFailure(context, error);
  }
}

async function handleCallback(context: Context, reporter: LoginReporter): Promise<void> {
  const { req, config } = context;
  const params = parseCallback(context);
  const { state } = params;
  // Before the session is read: if there is none, the failure is reported with the id of this login.
  reporter.identify(state, undefined);
  const session = requireSession(req, config);
  const found = await findPending(config, session, params);
  reporter.identify(state, found?.pending);
  try {
    await respond(context, reporter, session, params, found);
  } finally {
    // A state is for single use. It is spent only now: a duplicate that came meanwhile finds the login
    // in `started`; a later one finds it among the callbacks that were handled.
    if (found) config.callbackResults.started.spend([state]);
  }
}

async function respond(
  context: Context,
  reporter: LoginReporter,
  session: Session,
  params: CallbackParams,
  found: CallbackLogin | undefined,
): Promise<void> {
  const { code, state } = params;
  const { config } = context;
  const finished = finishedLogin(session, config.sessionKey, state);
  if (isOfOtherAccount(config, state, found?.pending, finished)) {
    explainOtherAccount(context, state);
    throw new LoginFailure(otherAccount(), hasData(config, state, found?.pending) ? NO_LINK : {});
  }
  const finishedPath = finished?.returnTo;
  const handedOver = handedOverTicket(finishedPath);
  if (handedOver !== undefined) {
    await sendDone(context, handedOver);
  } else if (finishedPath !== undefined) {
    // WeChat called back again, or the user pressed the Back button.
    redirectToEnd(context, finishedPath, flowOf(context, state));
  } else if (code === '' || code === 'authdeny') {
    throw new LoginFailure(
      accessDenied(),
      found ? detailsOf(context, found.pending) : lostDetails(context, state),
    );
  } else if (found && !isExpired(found.pending, config.loginTimeout)) {
    await finish(context, reporter, markVerified(params, found));
  } else if (!found && (await isLoggedInByNow(context, params))) {
    // Another tab has logged in, and saved the session without this login.
    const { returnTo } = config.callbackResults.started.get(state) ?? {};
    redirectToEnd(context, returnTo, flowOf(context, state));
  } else {
    await restartLost(context, reporter, state, found?.pending);
  }
}

/**
 * Whether another account started this login. Then its code is not exchanged, because the code and its user
 * belong to that account.
 */
function isOfOtherAccount(
  config: ResolvedOptions,
  state: string,
  pending: PendingLogin | undefined,
  finished: ReturnType<typeof finishedLogin>,
): boolean {
  if (!config.byRequest) return false;
  const started = pending ?? config.callbackResults.started.get(state);
  if (started) return !isOfThisAccount(config, started);
  return finished !== undefined && !PAGE_FLOWS.some((flow) => isOfThisAccount(config, { ...finished, flow }));
}

/**
 * Takes the pending login of this state out of the session. If the session lacks it, it may be in memory:
 * concurrent requests overwrite each other's session, and a duplicate callback may carry the session id that
 * the first one replaced. A login that a logout has ended is not returned.
 */
async function findPending(
  { callbackResults, sessionKey }: ResolvedOptions,
  session: Session,
  params: CallbackParams,
): Promise<CallbackLogin | undefined> {
  const { state } = params;
  const ids = sessionIdsOf(session, sessionKey);
  const pending = takePending(session, sessionKey, state) ?? callbackResults.started.pendingOf(state, ids);
  const root = ids && (callbackResults.started.get(state)?.session?.root ?? ids.root);
  const found: CallbackLogin | undefined = pending
    ? { pending, root }
    : await callbackResults.recallCallback(params);
  if (!found || isScan(found.pending)) return undefined;
  if (await callbackResults.isLoggedOut(state, found.root)) return undefined;
  return { pending: found.pending, root: found.root, owner: found.owner };
}

/**
 * Whether this browser is logged in with the scope that this login asked for: by its session, or by another
 * callback whose response it has not received yet. Without that scope, the page that started this login
 * would start it again and again.
 */
async function isLoggedInByNow(
  { req, config }: Context,
  { state, cookies }: CallbackParams,
): Promise<boolean> {
  if (restartsOf(state) === undefined) return false;
  const { callbackResults } = config;
  const started = callbackResults.started.get(state);
  const isEnough = (login: FinishedLogin | WechatSession | undefined): boolean =>
    login !== undefined && isOfThisAccount(config, login) && satisfies(login.scope, started?.scope ?? '');
  if (isEnough(currentLogin(req, config))) return true;
  // Once the state was used, this is not the callback of a tab that still waits for its login.
  if (!started || started.isSpent) return false;
  const finished = await callbackResults.started.finishedWith(cookies);
  return (
    finished !== undefined &&
    // Otherwise the browser has lost the response of that callback: see restartOf().
    finished.state !== started.replaces &&
    // A browser that keeps no new cookies would be redirected in a loop.
    started.at <= finished.at &&
    isEnough(finished) &&
    !(await callbackResults.isLoggedOut(finished.state, finished.root))
  );
}

/**
 * Redirects to the return path of a login. Browsers carry the fragment of an address on through redirects:
 * after WeChat's own redirect, `#wechat_redirect` would reach the app, and a hash router would take it for a
 * route. An explicit fragment, also an empty one, replaces it (RFC 9110 section 10.2.2).
 */
function redirectToEnd(context: Context, requested: string | undefined, flow: WechatFlow | undefined): void {
  const { req, res } = context;
  const path = returnToOrDefault(context, requested);
  const keepsFragment = flow === undefined || FLOWS[flow].page?.keepsFragment !== false;
  redirect(req, res, keepsFragment && !path.includes('#') ? `${path}#` : path);
}

/** The flow of a login that is no longer pending. */
function flowOf({ req, config }: Context, state: string): WechatFlow | undefined {
  return config.callbackResults.started.get(state)?.flow ?? currentLogin(req, config)?.flow;
}

function accessDenied(): WechatAuthError {
  return new WechatAuthError(
    'access_denied',
    'The callback has no authorization code: the user refused, or opened the address directly. Offer the login again.',
  );
}

/** Reads code and state. Refuses a query that WeChat never sends. */
function parseCallback({ req }: Context): CallbackParams {
  const query = queryOf(req.url ?? '');
  if (hasAmbiguousNames(query)) {
    throw new WechatAuthError(
      'state_unknown',
      'A parameter of the callback is repeated, or has brackets in its name. ' +
        'WeChat sends code and state once each. Start the login again.',
    );
  }
  const code = query.get('code') ?? '';
  if (code !== '') requireCode(code);
  return { code, state: query.get('state') ?? '', cookies: cookieHash(req) };
}

/**
 * Exchanges the code, saves the login in the session, and redirects to the return path. If the exchange fails
 * in a way that a new login may repair, starts that one instead.
 */
async function finish(context: Context, reporter: LoginReporter, verified: VerifiedCallback): Promise<void> {
  const { pending } = verified;
  const { callbackResults } = context.config;
  const login = callbackResults.whileFinishing(verified, () => finishOrRestart(context, reporter, verified));
  callbackResults.started.recordFinish(verified.cookies, verified, login);
  try {
    const saved = await login;
    if (saved) redirectToEnd(context, pending.returnTo, saved.flow);
  } catch (error) {
    throw new LoginFailure(error, detailsOf(context, pending));
  }
}

/** Where a user may try again: a phone that logs a PC in goes back to its question. */
function detailsOf(context: Context, pending: PendingLogin): LoginFailure['details'] {
  const ticket = ticketOf(pending);
  if (ticket !== undefined) return { returnTo: pending.returnTo, retry: questionPath(context, ticket) };
  return failureDetails(context, pending);
}

/** Whether the app gave `data` to the login of this state, as far as its session or this process knows. */
function hasData(
  { callbackResults }: ResolvedOptions,
  state: string,
  pending: PendingLogin | undefined,
): boolean {
  return pending ? pending.data !== undefined : callbackResults.started.get(state)?.hasData === true;
}

/** What this process knows of a login that the session has lost, without its data: see lostDetails(). */
function lostLogin(context: Context, state: string): RepeatableLogin {
  const started = context.config.callbackResults.started.get(state);
  if (!started) return {};
  const { returnTo, scope, flow } = started;
  return { returnTo, scope, flow: usable(context.req, flow) };
}

/** The flow, if a login by it works in this browser. */
function usable(req: HostRequest, flow: PageFlow): PageFlow | undefined {
  return worksIn(browserKind(req), flow) ? flow : undefined;
}

/**
 * Where the user of a lost login may try again. Its data cannot go along: an attacker may have sent the
 * address of this callback to a victim.
 */
function lostDetails(context: Context, state: string): LoginFailure['details'] {
  const { returnTo = '', scope = '', flow } = lostLogin(context, state);
  if (hasData(context.config, state, undefined)) return { returnTo, ...NO_LINK };
  return { returnTo, again: () => againPath(context, repeatable(context, { returnTo, scope, flow })) };
}

const NO_LINK = { again: () => null };

/**
 * Returns the login that it saved, or `undefined` if it has sent the response itself (a restart, or the page
 * of a phone).
 */
async function finishOrRestart(
  context: Context,
  reporter: LoginReporter,
  verified: VerifiedCallback,
): Promise<WechatSession | undefined> {
  const { pending, state, root } = verified;
  const { callbackResults } = context.config;
  const ticket = ticketOf(pending);
  if (ticket !== undefined) requireTicket(context, ticket);
  const { result, isFirst } = await callbackResults.shareResult(verified, {
    exchange: async () => {
      const user = await exchangeForUser(context, verified);
      const { appid } = accountOf(context, pending.flow);
      if (verified.owner !== undefined && verified.owner !== user.openid) refuseOtherUser();
      return mayFinish(context, pending, { ...user, appid }) ? user : undefined;
    },
    complete: (user) =>
      ticket === undefined ? completeLogin(context, verified, user) : keepForPC(context, ticket, user),
    decideRestart: (error) => restartAfter(error, state, reporter),
  });
  const owner = 'login' in result ? result.login.openid : undefined;
  await callbackResults.rememberCallback(verified, { pending, root, owner });
  if ('isOtherUser' in result) throw boundToOtherUser();
  if ('restartState' in result) {
    const { returnTo, scope, flow, data } = pending;
    await startLogin(
      context,
      { returnTo, scope, flow, data },
      { state: result.restartState, replaces: state, failed: pending, isFirst },
    );
    return undefined;
  }
  if (ticket !== undefined) {
    await finishOnPhone(context, { state, root, appid: pending.appid }, ticket);
    return undefined;
  }
  await saveLogin(context, result.login, verified);
  if (isFirst) reporter.succeeded(result.login);
  return result.login;
}

/**
 * The errors after which a new login may succeed. The code itself is never sent again: it is for single use
 * and may be spent.
 */
const RESTARTABLE: readonly WechatErrorKind[] = [
  'code_invalid',
  'code_used',
  'busy',
  'timeout',
  'network',
  'bad_answer',
];

/**
 * Returns the state of the login that replaces the failed one. A login is restarted only once: if the
 * replacement fails as well, the error is thrown.
 */
function restartAfter(error: unknown, state: string, reporter: LoginReporter): string {
  const isRestartable = isWechatError(error) && RESTARTABLE.includes(error.kind);
  if (!isRestartable || restartsOf(state) !== 0) throw error;
  reporter.restarted(error);
  return newState(1);
}

/** Restarts a login that the session does not know, or that took too long. */
async function restartLost(
  context: Context,
  reporter: LoginReporter,
  state: string,
  expired: PendingLogin | undefined,
): Promise<void> {
  const { config } = context;
  const { started } = config.callbackResults;
  // On this phone, the user confirmed the login of a PC. A restart would log the phone in instead, or need
  // the session that was lost.
  const isForPC = expired ? ticketOf(expired) !== undefined : (started.get(state)?.isForPC ?? false);
  const details = expired ? detailsOf(context, expired) : lostDetails(context, state);
  const restart = await restartOf(context, state, expired);
  if (expired && (!restart || isForPC)) throw new LoginFailure(tookTooLong(context), details);
  if (!restart) throw lostLoginFailure(context, state, details);
  if (!expired) {
    const cause = explainLoss(context, state);
    if (isForPC) throw notRestarted(LOST_FOR_PC, cause, { ...details, ...NO_LINK });
    if (hasData(config, state, undefined)) throw notRestarted(LOST_WITH_DATA, cause, details);
  }
  reporter.restarted(expired ? tookTooLong(context) : stateUnknown());
  const { returnTo, scope, flow, data } = restart.login;
  started.spend([state]);
  try {
    const replacing = { state: restart.state, replaces: state, failed: expired, isFirst: true };
    await startLogin(context, { returnTo, scope, flow, data }, replacing);
  } catch (error) {
    throw new LoginFailure(error, details);
  }
}

/**
 * The login that replaces a lost or expired one, if that may be restarted. A login is restarted only once,
 * because a browser that loses its cookies would otherwise be sent to WeChat again and again. The exception
 * is a browser that called back twice: one code failed, and the other one logged it in. That replaced the
 * session that held the restarted login.
 */
async function restartOf(
  context: Context,
  state: string,
  expired: PendingLogin | undefined,
): Promise<{ readonly state: string; readonly login: RepeatableLogin } | undefined> {
  const restarts = restartsOf(state);
  if (restarts === 0) return { state: newState(1), login: expired ?? lostLogin(context, state) };
  if (restarts !== 1 || expired) return undefined;
  const login = await loggedInMeanwhile(context);
  if (!login) return undefined;
  const isKnown = context.config.callbackResults.started.get(state) !== undefined;
  return { state: newState(2), login: isKnown ? lostLogin(context, state) : login };
}

/** The login that another callback with the cookies of this one has finished, without its data. */
async function loggedInMeanwhile({ req, config }: Context): Promise<RepeatableLogin | undefined> {
  const { callbackResults } = config;
  const cookies = cookieHash(req);
  for (const { state, root } of await callbackResults.finishing.with(cookies)) {
    if (await callbackResults.isLoggedOut(state, root)) continue;
    const pending = (await callbackResults.recallCallback({ code: '', state, cookies }))?.pending;
    if (!pending) return {};
    const { returnTo, scope, flow, data } = pending;
    const isRepeatable = data === undefined && ticketOf(pending) === undefined;
    return isRepeatable ? { returnTo, scope, flow: usable(req, flow) } : undefined;
  }
  return undefined;
}

function tookTooLong({ config }: Context): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    `The login took longer than loginTimeout allows (${config.loginTimeout} ms). Start it again.`,
  );
}

/** The failure of a login that the session lost. It names the cause, for the operator. */
function lostLoginFailure(context: Context, state: string, details: LoginFailure['details']): LoginFailure {
  if (restartsOf(state) === undefined) return new LoginFailure(stateUnknown(), {});
  const cause = explainLoss(context, state);
  const { remedy } = new WechatAuthError('login_loop', '');
  const symptom = 'The browser came back from WeChat a second time, and its session does not hold the login.';
  const message = `${symptom} ${explanationOf(cause, remedy.en)}`;
  return new LoginFailure(new WechatAuthError('login_loop', message), {
    ...details,
    cause: cause && { ...cause, symptom },
  });
}

const LOST_FOR_PC = {
  why: 'only the phone that confirmed the login of a PC may finish it',
  remedy: 'Get a new QR code on the PC, and scan that one.',
};
const LOST_WITH_DATA = {
  why: 'it started with `data`, which only the session that started it may get',
  remedy: 'Start the login where it began.',
};

/**
 * The failure of a login that the session lost and that could be restarted, but is not: the restart would
 * lack its data, or log the phone in instead of the PC.
 */
function notRestarted(
  { why, remedy }: { readonly why: string; readonly remedy: string },
  cause: Cause | undefined,
  details: LoginFailure['details'],
): LoginFailure {
  const symptom = `The session of this callback does not hold the login. It is not restarted, because ${why}.`;
  const message = `${symptom} ${explanationOf(cause, remedy)}`;
  return new LoginFailure(new WechatAuthError('state_unknown', message), {
    ...details,
    cause: cause && { ...cause, symptom },
  });
}

function explanationOf(cause: Cause | undefined, remedy: string): string {
  return cause
    ? `The cause: ${cause.what.en}. ${cause.remedy.en}`
    : `This request does not show why. ${remedy}`;
}

function otherAccount(): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    'This login started with one account, and this request has another one (option account). ' +
      'Its code was not exchanged: start the login again.',
  );
}

function stateUnknown(): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    'The `state` parameter is missing or was not issued by this app. Start the login again.',
  );
}
