/** The logout route: POST and GET, except requests that come from another site (CSRF). */
import { WechatAuthError } from '../../errors';
import { returnToOrDefault, sameOriginPath } from '../addresses';
import type { Context } from '../context';
import { header, queryOf } from '../http/request';
import { redirect } from '../http/response';
import { clearLogin } from './current-login';

export async function logout(context: Context): Promise<void> {
  const { req, res, config } = context;
  if (isCrossSite(context)) {
    throw new WechatAuthError(
      'forbidden',
      'Another site requested this logout. Log out by a link or a form of this site.',
    );
  }
  await clearLogin(req, config);
  redirect(req, res, returnToOrDefault(context, queryOf(req.url ?? '').get('returnTo')));
}

/** Old browsers send no Sec-Fetch-Site, only Origin or Referer. A request with none of them is let through. */
function isCrossSite(context: Context): boolean {
  const site = header(context.req, 'sec-fetch-site');
  if (site) return site === 'cross-site';
  const from = header(context.req, 'origin') || header(context.req, 'referer');
  return from !== '' && sameOriginPath(context, from) === undefined;
}
