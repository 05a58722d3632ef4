/** The response to a script that would need a login: 401, because a script cannot follow a redirect to WeChat. */
import { isPageFlow } from '../../oauth/flows';
import { isOfficialScope } from '../../oauth/scope';
import { isSafeReturnTo, loginPath, routePath, type LoginLink } from '../addresses';
import type { Context } from '../context';
import { noStore, sendJSON, vary } from '../http/response';

/** @param isMissingScope whether somebody is logged in, with less scope than the request needs */
export function sendUnauthenticated(context: Context, link: LoginLink, isMissingScope = false): void {
  const { res } = context;
  noStore(res);
  vary(res, 'Accept', 'Sec-Fetch-Mode', 'X-Requested-With');
  // Without a login route, the app itself offers the login (`req.wechat.login()`), so no address is named.
  const hasRoute = routePath(context, 'login') !== undefined;
  const error = isMissingScope ? 'scope' : 'unauthenticated';
  sendJSON(res, 401, {
    error,
    message: hasRoute ? TEXTS[error].withURL : TEXTS[error].withoutURL,
    ...(hasRoute && { loginURL: loginPath(context, validLink(context, link)) }),
  });
}

/** Keyed by the field `error` of the response. */
const TEXTS = {
  unauthenticated: {
    withURL: 'Log in first, at loginURL. 请先通过 loginURL 登录。',
    withoutURL: 'Log in first. 请先登录。',
  },
  scope: {
    withURL:
      'This needs the consent of the user: log in again at loginURL. 需要用户授权，请通过 loginURL 重新登录。',
    withoutURL: 'This needs the consent of the user: log in again. 需要用户授权，请重新登录。',
  },
};

/** The parameters that the login route would accept. */
function validLink(context: Context, { returnTo, scope, flow, data }: LoginLink): LoginLink {
  return {
    data,
    returnTo: isSafeReturnTo(context, returnTo) ? returnTo : undefined,
    scope: isOfficialScope(scope) ? scope : undefined,
    flow: isPageFlow(flow) ? flow : undefined,
  };
}
