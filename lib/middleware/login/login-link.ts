/**
 * Links that start the same login again: in this browser, or on another device.
 *
 * The `data` that an app gives to `req.wechat.login()` is for one session. If a link could carry it into
 * another one, an attacker could start a login whose data binds a WeChat user to her account, and have a
 * victim finish it. Such a link is therefore signed together with an id that only this session has.
 */
import { WechatAuthError } from '../../errors';
import { hasLessScope, isOfficialScope } from '../../oauth/scope';
import { isPageFlow, type PageFlow } from '../../oauth/flows';
import {
  currentPage,
  loginPath,
  loginURL,
  originOf,
  returnToOrDefault,
  safeReturnTo,
  validLink,
  type LoginLink,
} from '../addresses';
import type { Context } from '../context';
import { LoginFailure } from '../failures/send-failure';
import { isSafeMethod } from '../http/request';
import { requireSession } from '../state/missing-session';
import { bindingsOf, ensureLinkId, linkIdOf, type PendingLogin } from '../state/pending-logins';
import { getSession } from '../state/session';
import { isDefaultFlow, mayLinkName } from './choose-flow';
import { LoginReporter } from './login-reporter';
import { canSign, checkedData, decodedData, encodedData, isOwnLink, signatureOfLink } from './login-data';

/** The options of a login that a link can repeat. */
export interface RepeatableLogin {
  readonly returnTo?: string | undefined;
  readonly scope?: string | undefined;
  readonly flow?: PageFlow | undefined;
  readonly data?: unknown;
  /** The link that started it, if every session may use that link. */
  readonly link?: LoginLink | undefined;
}

/**
 * A link that starts the same login in this session. `undefined` if the login has `data`, and the link cannot
 * carry it: there is no AppSecret to sign it, or no session.
 */
export function linkOf(context: Context, login: RepeatableLogin): LoginLink | undefined {
  const { data, flow, link } = login;
  if (link) return validLink(context, { ...link, flow });
  const plain = validLink(context, { returnTo: login.returnTo, scope: login.scope, flow });
  if (data === undefined && isPlain(context, plain)) return plain;
  return boundLink(context, plain, data) ?? (data === undefined ? plain : undefined);
}

/** Whether the login route accepts the scope and the flow from a link that anybody could have written. */
function isPlain(context: Context, { scope, flow }: LoginLink): boolean {
  const isLower = scope !== undefined && hasLessScope(scope, context.config.scope);
  return !isLower && (flow === undefined || isDefaultFlow(context, flow) || mayLinkName(context, flow));
}

/**
 * May give the session a link id. Unless the caller saves the session, its middleware has to do so when the
 * response ends.
 */
function boundLink(context: Context, plain: LoginLink, data: unknown): LoginLink | undefined {
  const { req, config } = context;
  const session = getSession(req);
  if (!session || !canSign(context)) return undefined;
  const link = { ...plain, data: encodedData(data) };
  return {
    ...link,
    sessionSignature: signatureOfLink(context, ensureLinkId(session, config.sessionKey), link),
  };
}

/**
 * The path that starts the same login in this session; `null` if no link can. There must be a login route.
 */
export function againPath(context: Context, login: RepeatableLogin): string | null {
  const link = linkOf(context, login);
  return link ? loginPath(context, link) : null;
}

/** The login, without what the login route would choose anyway. */
export function repeatable(
  context: Context,
  { returnTo, scope, flow, data }: RepeatableLogin,
): RepeatableLogin {
  return {
    returnTo: returnTo === '' ? undefined : returnTo,
    scope: scope === context.config.scope ? undefined : scope,
    flow: flow === undefined || isDefaultFlow(context, flow) ? undefined : flow,
    data,
  };
}

/** For the error page of a login whose session is known. */
export function failureDetails(context: Context, pending: PendingLogin): LoginFailure['details'] {
  const { returnTo, data } = pending;
  // Somebody has logged in since it started: the session, and the data, may have been an attacker's before.
  const isOlder = data !== undefined && Object.keys(bindingsOf(pending)).length > 0;
  return { returnTo, again: () => (isOlder ? null : againPath(context, repeatable(context, pending))) };
}

/**
 * The login that a link of this session names, with the options that the app gave; `undefined` for a link
 * that any session may use, and for one of another session without `data`, which then counts as such a link.
 *
 * @throws LoginFailure if the link has `data` and belongs to another session.
 */
export function loginOfBoundLink(context: Context, query: URLSearchParams): RepeatableLogin | undefined {
  const signature = query.get('session');
  if (signature === null) return undefined;
  const { req, config } = context;
  const id = linkIdOf(requireSession(req, config), config.sessionKey);
  const [returnTo, scope, data] = ['returnTo', 'scope', 'data'].map((name) => query.get(name) ?? undefined);
  const flow = query.get('flow') ?? undefined;
  if (id !== undefined && isOwnLink(context, id, { returnTo, scope, flow, data }, signature))
    return { returnTo, scope, flow: isPageFlow(flow) ? flow : undefined, data: decodedData(data) };
  if (data === undefined) return undefined;
  const error = linkOfOtherSession();
  new LoginReporter(config).failed(error);
  throw new LoginFailure(error, { returnTo, again: () => null });
}

function linkOfOtherSession(): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    'This link repeats a login with `data`, and only the session that started the login may use it. ' +
      'This is another session, the link was changed, or a login or logout came in between. ' +
      'Start the login where it began.',
  );
}

/**
 * The address for another device. If no link may carry the login there, it is the page that started the
 * login: there the app starts it in the session of that device. If no link can open that page (a submitted
 * form, a route of ours): with `data`, it is the page where the login ends; without, it is the login route,
 * which uses the scope of the options.
 */
export function urlForOtherDevice(context: Context, login: RepeatableLogin): string {
  const { returnTo, scope, flow, data, link } = login;
  checkedData(data);
  if (link) return loginURL(context, link);
  const plain = { returnTo, scope, flow };
  const isLower = isOfficialScope(scope) && hasLessScope(scope, context.config.scope);
  if (data === undefined && !isLower) return loginURL(context, plain);
  const page = isSafeMethod(context.req) ? safeReturnTo(context, currentPage(context)) : undefined;
  if (page !== undefined) return originOf(context) + page;
  return data === undefined
    ? loginURL(context, plain)
    : originOf(context) + returnToOrDefault(context, returnTo);
}
