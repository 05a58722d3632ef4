/**
 * The response to a script that would need a login: 401, because a script cannot follow a redirect to WeChat.
 */
import { loginPath, routePath, validLink, type LoginLink } from '../addresses';
import type { Context } from '../context';
import { noStore, sendJSON, vary } from '../http/response';

/**
 * @param link to the login; `undefined` if no link can start it
 * @param isMissingScope whether somebody is logged in, with less scope than the request needs
 */
export function sendUnauthenticated(
  context: Context,
  link: LoginLink | undefined,
  isMissingScope = false,
): void {
  const { res } = context;
  noStore(res);
  vary(res, 'Accept', 'Sec-Fetch-Mode', 'X-Requested-With');
  // Without a login route, the app itself offers the login (`req.wechat.login()`), so no address is named.
  const target = routePath(context, 'login') === undefined ? undefined : link;
  const error = isMissingScope ? 'scope' : 'unauthenticated';
  sendJSON(res, 401, {
    error,
    message: target ? TEXTS[error].withURL : TEXTS[error].withoutURL,
    ...(target && { loginURL: loginPath(context, validLink(context, target)) }),
  });
}

/** Keyed by the field `error` of the response. */
const TEXTS = {
  unauthenticated: {
    withURL:
      'Log in first: open loginURL as a page, not by a script. 请先登录：让页面跳转到 loginURL，不要用脚本请求。',
    withoutURL: 'Log in first. 请先登录。',
  },
  scope: {
    withURL:
      'This needs the consent of the user: log in again at loginURL. 需要用户授权，请通过 loginURL 重新登录。',
    withoutURL: 'This needs the consent of the user: log in again. 需要用户授权，请重新登录。',
  },
};
