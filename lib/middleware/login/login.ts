/**
 * The login route: chooses the flow, generates a state, saves the pending login, and sends the browser to
 * WeChat.
 */
import { WechatAuthError } from '../../errors';
import type { AuthorizeParams } from '../../oauth/endpoints';
import { FLOW_NAMES, flowFor, isFlow, type WechatFlow } from '../../oauth/flows';
import { isOfficialScope, scopeToRequest } from '../../oauth/scope';
import { isSafeReturnTo, loginURL, redirectURI, type LoginLink } from '../addresses';
import { accountOf, type Context } from '../context';
import { callInTime } from '../failures/call-in-time';
import { watchLogin } from '../failures/lost-session/watch-login';
import { header, queryOf } from '../http/request';
import { noStore, redirect } from '../http/response';
import { browserKind } from '../http/user-agent';
import type { Account } from '../options/account';
import { shown } from '../options/options-error';
import { sendOpenInWechat } from '../pages/open-in-wechat';
import { addPending, bindingsOf, makeRoom, newState, type PendingLogin } from '../state/pending-logins';
import { requireSession } from '../state/missing-session';
import { cookieFits, saveSession } from '../state/session';
import { checkedData, signedData, verifiedData } from './login-data';
import { LoginReporter, reportStarted } from './login-reporter';

/** Options of one login. */
export interface WechatLoginOptions {
  /**
   * Where the login ends: a path of this app, with query and fragment, at most 512 bytes. An unsafe path is
   * replaced by the default.
   *
   * @default the option `returnTo` of `wechatAuth()`
   */
  readonly returnTo?: string | undefined;
  /** Raises the scope that `wechatAuth()` requests, for this login. A lower or unknown scope is ignored. */
  readonly scope?: string | undefined;
  /** The flow to use, whichever browser sent the request. */
  readonly flow?: WechatFlow | undefined;
  /** More parameters of WeChat's page, such as `{ forcePopup: true }`. */
  readonly params?: AuthorizeParams | undefined;
  /** Comes back in `onLogin`: at most 512 bytes of JSON, kept in the session until then. */
  readonly data?: unknown;
}

/** `GET /login?returnTo=/me` */
export async function login(context: Context): Promise<void> {
  const query = queryOf(context.req.url ?? '');
  await startLogin(context, {
    returnTo: query.get('returnTo') ?? undefined,
    scope: query.get('scope') ?? undefined,
    data: verifiedData(context, query.get('data')),
  });
}

/**
 * Redirects the browser to WeChat. If no configured flow fits this browser, shows a page that tells the user
 * where to log in.
 */
export async function startLogin(
  context: Context,
  options: WechatLoginOptions,
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
      const isInWechat = browserKind(header(req, 'user-agent')) === 'wechat';
      sendOpenInWechat(req, res, loginURL(context, linkOf(context, options)), isInWechat);
      return;
    }
    const { account, redirectURI, scope, state } = await prepareLogin(context, flow, options, restart);
    redirect(req, res, account.authorizeURL(redirectURI, state, scope, options.params));
  } catch (error) {
    reporter.failed(error);
    throw error;
  }
}

/** The options of a login as the parameters of a link to the login route. */
export function linkOf(context: Context, { returnTo, scope, data }: WechatLoginOptions): LoginLink {
  return { returnTo, scope, data: signedData(context, data) };
}

/** The flow that was requested or that fits this browser; `undefined` if no configured account fits. */
async function chooseFlow(
  { req, config }: Context,
  requested: WechatFlow | undefined,
): Promise<WechatFlow | undefined> {
  const configured = typeof config.flow === 'function' ? config.flow : () => config.flow;
  const wanted: unknown = requested ?? (await callInTime('The option flow', () => configured(req)));
  if (isFlow(wanted)) return wanted;
  if (wanted !== 'auto') {
    const names = FLOW_NAMES.map((name) => `'${name}'`).join(' or ');
    const what = requested === undefined ? 'option flow returned' : 'flow of this login is';
    throw new WechatAuthError('config', `The ${what} ${shown(wanted)}. Use 'auto', ${names}.`);
  }
  const fitting = flowFor(browserKind(header(req, 'user-agent')));
  return fitting && config.accounts[fitting] && fitting;
}

/**
 * Adds a pending login to the session, saves the session, and returns the parameters of the authorization
 * request.
 */
export async function prepareLogin(
  context: Context,
  flow: WechatFlow,
  options: WechatLoginOptions,
  restart?: {
    readonly state: string;
    /** The state of the login that failed. */
    readonly replaces: string;
    /** The login that failed, if the session held it. If it was bound to a user, so is its replacement. */
    readonly failed: PendingLogin | undefined;
    /** True for the first callback that restarts the failed login. Duplicates do not report the new one. */
    readonly isFirst: boolean;
  },
): Promise<{ account: Account; redirectURI: string; scope: string; state: string }> {
  const { req, config } = context;
  const state = restart?.state ?? newState(0);
  const account = accountOf(context, flow);
  const uri = redirectURI(context);
  const scope = scopeToRequest(flow, config.scope, options.scope);
  const returnTo = isSafeReturnTo(context, options.returnTo) ? options.returnTo : '';
  const session = requireSession(req, config);
  watchLogin(context, state, restart?.replaces);
  const bindings = restart?.failed && bindingsOf(restart.failed);
  const data = checkedData(options.data);
  const pending = {
    ...{ returnTo, scope, flow, at: Date.now(), ...bindings },
    ...(data !== undefined && { data }),
  };
  if (!addPending(session, config.sessionKey, state, pending, config.loginTimeout)) throw noRoom();
  makeRoom(session, config.sessionKey, state, () => cookieFits(req, session));
  config.callbacks.recordStart(state, { returnTo });
  await saveSession(req, config);
  if (restart?.isFirst ?? true)
    reportStarted(state, { flow, appid: account.appid, scope }, restart?.replaces);
  return { account, redirectURI: uri, scope, state };
}

function noRoom(): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    'There is no room in the session to restart this login: too many logins are in progress in this browser. ' +
      'Finish one of them, or start again.',
  );
}
