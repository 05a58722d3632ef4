/** The login route: choose the flow, mint a state, keep it, send the browser to WeChat. */
import createDebug from 'debug';
import { WechatAuthError } from '../../errors';
import type { AuthorizeParams, WechatFlow } from '../../oauth/endpoints';
import { isWechat } from '../http/user-agent';
import { diagnoseSession } from '../failures/diagnosis';
import { header, hostOf, queryOf } from '../http/request';
import { addPending, newState } from '../state/pending-logins';
import { shown } from '../options/options-error';
import { sendOpenInWechat } from '../pages/open-in-wechat';
import { scopeToAsk } from '../../oauth/scope';
import { saveSession, requireSession } from '../state/session';
import { type Context, accountOf } from '../context';
import { noStore, redirect } from '../http/response';
import { isReturnTo, loginAddress, callbackURL } from '../addresses';
import { LoginReporter, reportStarted } from './login-reporter';
import type { Account } from '../options/resolve-options';

const debug = createDebug('wechat-auth:login');

/** What may be asked of a login. */
export interface WechatLoginOptions {
  /** Where the login ends: a path of this app, with query and fragment, at most 512 bytes; anything else becomes the default. */
  readonly returnTo?: string | undefined;
  /** `snsapi_userinfo` asks for consent where the option `scope` is content with less. */
  readonly scope?: string | undefined;
  /** Which login, whatever the browser is. */
  readonly flow?: WechatFlow | undefined;
  /** More parameters of WeChat's page, such as `{ forcePopup: true }`. */
  readonly params?: AuthorizeParams | undefined;
}

/** `GET /login?returnTo=/me` */
export async function login(context: Context): Promise<void> {
  const query = queryOf(context.req.url ?? '');
  await startLogin(context, {
    returnTo: query.get('returnTo') ?? undefined,
    scope: query.get('scope') ?? undefined,
  });
}

/** A login in the place of another one. */
export interface Restart {
  readonly state: string;
  /** The state of the login it replaces. */
  readonly replaces: string;
  /** Whether another callback of that login has told of it. */
  readonly isReported?: boolean;
}

/** Sends the browser to WeChat, or shows the page that says where it can log in. */
export async function startLogin(
  context: Context,
  options: WechatLoginOptions,
  restart?: Restart,
): Promise<void> {
  const { req, res, config } = context;
  noStore(res);
  const ending = new LoginReporter(config, { flow: options.flow, scope: options.scope });
  try {
    const flow = options.flow ?? (await chooseFlow(context));
    if (flow === undefined) {
      sendOpenInWechat(req, res, loginAddress(context, options), isWechat(header(req, 'user-agent')));
      return;
    }
    const { url } = await beginLogin(context, flow, options, restart);
    redirect(req, res, url);
  } catch (error) {
    ending.failed(error);
    throw error;
  }
}

/** Which login fits this browser; `undefined` where none does. */
async function chooseFlow({ req, config }: Context): Promise<WechatFlow | undefined> {
  const wanted: unknown = typeof config.flow === 'function' ? await config.flow(req) : config.flow;
  if (wanted === 'official' || wanted === 'website') return wanted;
  if (wanted !== 'auto') {
    throw new WechatAuthError(
      'config',
      `The option flow returned ${shown(wanted)}. Return 'auto', 'official' or 'website'.`,
    );
  }
  const fits = isWechat(header(req, 'user-agent')) ? 'official' : 'website';
  return config.accounts[fits] && fits;
}

/** A login under way, and the address where it goes on. */
export interface StartedLogin {
  readonly state: string;
  readonly url: string;
  readonly scope: string;
  readonly redirect: string;
  readonly account: Account;
}

/** Keeps a login under its state; the session is saved before anybody is sent away. */
export async function beginLogin(
  context: Context,
  flow: WechatFlow,
  options: WechatLoginOptions,
  restart?: Restart,
): Promise<StartedLogin> {
  const { req, config } = context;
  const state = restart?.state ?? newState(0);
  const account = accountOf(context, flow);
  const redirectURI = callbackURL(context);
  const scope = scopeToAsk(flow, config.scope, options.scope);
  const returnTo = isReturnTo(context, options.returnTo) ? options.returnTo : '';
  const session = requireSession(req);
  diagnoseSession(context, session);
  const pending = { returnTo, scope, flow, at: Date.now() };
  if (!addPending(session, config.sessionKey, state, pending, config.loginTimeout)) {
    throw new WechatAuthError(
      'state_unknown',
      'This login gave way to newer ones: a browser may have five under way. Finish one of those, or start again.',
    );
  }
  config.logins.recordStart(state, { host: hostOf(req), returnTo });
  await saveSession(req, config);
  debug('%s login started', flow);
  if (!restart?.isReported)
    reportStarted({ flow, appid: account.oauth.appid, scope }, state, restart?.replaces);
  const url = account.page(redirectURI, state, scope, options.params);
  return { state, url, scope, redirect: redirectURI, account };
}
