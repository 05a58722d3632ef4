/** The logout route: POST and GET, except requests that come from another site (CSRF). */
import { WechatAuthError } from '../../errors';
import { isCrossSite, pathOnThisSite, returnToOrDefault } from '../addresses';
import type { Context } from '../context';
import { header, queryOf } from '../http/request';
import { redirect } from '../http/response';
import { isSameSiteCookie } from '../state/session-cookie';
import { clearLogin, currentLogin } from './current-login';

export async function logout(context: Context): Promise<void> {
  const { req, res, config } = context;
  if (isCrossSite(context) && !isOursDespiteNullOrigin(context)) {
    throw new WechatAuthError(
      'forbidden',
      'Another site requested this logout. Log out by a link or a form of this site.',
    );
  }
  await clearLogin(req, config);
  redirect(req, res, returnToOrDefault(context, queryOf(req.url ?? '').get('returnTo')));
}

/**
 * Whether a page of this site sent the request, though its Origin is `null`. Browsers send that for a form on
 * a page with `Referrer-Policy: no-referrer` (Fetch standard, "append a request `Origin` header"), and also
 * for one in a sandboxed frame of another site. The session cookie distinguishes the two: browsers do not
 * send a same-site cookie with a form of another site.
 */
function isOursDespiteNullOrigin(context: Context): boolean {
  const { req, config } = context;
  const referer = header(req, 'referer');
  return (
    header(req, 'sec-fetch-site') === '' &&
    header(req, 'origin') === 'null' &&
    (referer === '' || pathOnThisSite(context, referer) !== undefined) &&
    isSameSiteCookie(req) &&
    currentLogin(req, config) !== undefined
  );
}
