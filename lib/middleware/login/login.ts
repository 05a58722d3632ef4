/** The login route: choose the flow, mint a state, keep it, send the browser to WeChat. */
import createDebug from 'debug';
import { WechatAuthError } from '../../errors';
import type { AuthorizeParams, Flow } from '../../oauth/endpoints';
import { isWechat } from '../http/user-agent';
import { diagnoseSession } from '../failures/diagnosis';
import { header, hostOf, queryOf } from '../http/request';
import { keepLogin, newState } from '../state/pending-logins';
import { shown } from '../options/options-error';
import { sendOpenInWechat } from '../pages/open-in-wechat';
import { scopeToAsk } from '../../oauth/scope';
import { saveSession, sessionOf } from '../state/session';
import { type Visit, accountOf } from '../context';
import { noStore, redirect } from '../http/response';
import { isReturnTo, loginAddress, callbackURL } from '../addresses';
import { Ending, tellStarted } from './login-reporter';
import type { Account } from '../options/resolve-options';

const debug = createDebug('wechat-auth:login');

/** What may be asked of a login. */
export interface LoginOptions {
  /** Where the login ends: a path of this app, with query and fragment, at most 512 bytes; anything else becomes the default. */
  readonly returnTo?: string | undefined;
  /** `snsapi_userinfo` asks for consent where the option `scope` is content with less. */
  readonly scope?: string | undefined;
  /** Which login, whatever the browser is. */
  readonly flow?: Flow | undefined;
  /** More parameters of WeChat's page, such as `{ forcePopup: true }`. */
  readonly params?: AuthorizeParams | undefined;
}

/** `GET /login?returnTo=/me` */
export async function login(visit: Visit): Promise<void> {
  const query = queryOf(visit.req.url ?? '');
  await startLogin(visit, {
    returnTo: query.get('returnTo') ?? undefined,
    scope: query.get('scope') ?? undefined,
  });
}

/** A login in the place of another one. */
export interface Restart {
  readonly state: string;
  /** The state of the login it replaces. */
  readonly instead: string;
  /** Whether another callback of that login has told of it. */
  readonly isTold?: boolean;
}

/** Sends the browser to WeChat, or shows the page that says where it can log in. */
export async function startLogin(visit: Visit, options: LoginOptions, restart?: Restart): Promise<void> {
  const { req, res, settled } = visit;
  noStore(res);
  const ending = new Ending(settled, { flow: options.flow, scope: options.scope });
  try {
    const flow = options.flow ?? (await chooseFlow(visit));
    if (flow === undefined) {
      sendOpenInWechat(req, res, loginAddress(visit, options), isWechat(header(req, 'user-agent')));
      return;
    }
    const { url } = await beginLogin(visit, flow, options, restart);
    redirect(req, res, url);
  } catch (error) {
    ending.failed(error);
    throw error;
  }
}

/** Which login fits this browser; `undefined` where none does. */
async function chooseFlow({ req, settled }: Visit): Promise<Flow | undefined> {
  const wanted: unknown = typeof settled.flow === 'function' ? await settled.flow(req) : settled.flow;
  if (wanted === 'official' || wanted === 'website') return wanted;
  if (wanted !== 'auto') {
    throw new WechatAuthError(
      'config',
      `The option flow returned ${shown(wanted)}. Return 'auto', 'official' or 'website'.`,
    );
  }
  const fits = isWechat(header(req, 'user-agent')) ? 'official' : 'website';
  return settled.accounts[fits] && fits;
}

/** A login under way, and the address where it goes on. */
export interface BegunLogin {
  readonly state: string;
  readonly url: string;
  readonly scope: string;
  readonly redirect: string;
  readonly account: Account;
}

/** Keeps a login under its state; the session is saved before anybody is sent away. */
export async function beginLogin(
  visit: Visit,
  flow: Flow,
  options: LoginOptions,
  restart?: Restart,
): Promise<BegunLogin> {
  const { req, settled } = visit;
  const state = restart?.state ?? newState(0);
  const account = accountOf(visit, flow);
  const redirectURI = callbackURL(visit);
  const scope = scopeToAsk(flow, settled.scope, options.scope);
  const returnTo = isReturnTo(visit, options.returnTo) ? options.returnTo : '';
  const session = sessionOf(req);
  diagnoseSession(visit, session);
  const pending = { returnTo, scope, flow, at: Date.now() };
  if (!keepLogin(session, settled.sessionKey, state, pending, settled.loginTimeout)) {
    throw new WechatAuthError(
      'state_unknown',
      'This login gave way to newer ones: a browser may have five under way. Finish one of those, or start again.',
    );
  }
  settled.logins.minted(state, { host: hostOf(req), returnTo });
  await saveSession(req, settled);
  debug('%s login started', flow);
  if (!restart?.isTold) tellStarted({ flow, appid: account.oauth.appid, scope }, state, restart?.instead);
  const url = account.page(redirectURI, state, scope, options.params);
  return { state, url, scope, redirect: redirectURI, account };
}
