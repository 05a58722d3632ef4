/** The login route: choose the flow, mint a state, keep it, send the browser to WeChat. */
import createDebug from 'debug';
import { WechatAuthError } from '../../errors';
import type { AuthorizeParams, Flow } from '../../oauth/endpoints';
import { isWechat } from '../http/user-agent';
import { diagnoseSession } from '../failures/diagnosis';
import { Ending, tellStarted } from './login-events';
import { header, hostOf, noStore, queryOf, redirect } from '../http/request';
import { keepLogin, newState } from '../state/pending-logins';
import { shown } from '../options/options-error';
import type { Account } from '../options/options';
import { sendOpenInWechat } from '../pages/open-in-wechat';
import { scopeToAsk } from '../../oauth/scope';
import { saveSession, sessionOf } from '../state/session';
import { isReturnTo, originOf, routePath, wayBack, type Visit } from '../context';

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

export function accountOf({ settled }: Visit, flow: Flow): Account {
  const account = settled.accounts[flow];
  if (account) return account;
  const missing =
    flow === 'official' ? 'appId and appSecret of the official account' : 'website: { appId, appSecret }';
  throw new WechatAuthError(
    'config',
    `A ${flow} login was asked for, but wechatAuth() has no account for it. Give ${missing}.`,
  );
}

function callbackURL(visit: Visit): string {
  const path = routePath(visit, 'callback');
  if (path !== undefined) return originOf(visit) + path;
  throw new WechatAuthError(
    'config',
    'routes.callback is false: WeChat has no address to come back to. Give it a path, or start the login where it has one.',
  );
}

/** The path of the login route, for links. */
export function loginURL(
  visit: Visit,
  { returnTo, scope }: Pick<LoginOptions, 'returnTo' | 'scope'>,
): string {
  const path = routePath(visit, 'login');
  if (path === undefined) {
    throw new WechatAuthError(
      'config',
      'routes.login is false: there is no login route to link to. Give it a path, or call req.wechat.login().',
    );
  }
  const query = Object.entries({ returnTo, scope }).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}=${encodeURIComponent(value)}`,
  );
  return query.length > 0 ? `${path}?${query.join('&')}` : path;
}

/** The public address of this login, for another device. */
function loginAddress(visit: Visit, { returnTo }: LoginOptions): string {
  const asked = { returnTo: isReturnTo(visit, returnTo) ? returnTo : undefined };
  const path = routePath(visit, 'login') === undefined ? wayBack(visit, returnTo) : loginURL(visit, asked);
  return originOf(visit) + path;
}
