/** The logout route: POST and GET, but not from another site. */
import { WechatAuthError } from '../../errors';
import { header, queryOf } from '../http/request';
import { clearLogin } from './current-login';
import { type Context } from '../context';
import { redirect } from '../http/response';
import { sameOriginPath, returnToOrDefault } from '../addresses';

export async function logout(context: Context): Promise<void> {
  const { req, res, config } = context;
  if (isCrossSite(context)) {
    throw new WechatAuthError(
      'forbidden',
      'Another site asked for this logout. Log out by a link or a form of this site.',
    );
  }
  await clearLogin(req, config);
  redirect(req, res, returnToOrDefault(context, queryOf(req.url ?? '').get('returnTo')));
}

/** By what browsers say of themselves; old ones only send Origin or Referer, and none is no proof. */
function isCrossSite(context: Context): boolean {
  const site = header(context.req, 'sec-fetch-site');
  if (site) return site === 'cross-site';
  const from = header(context.req, 'origin') || header(context.req, 'referer');
  return from !== '' && sameOriginPath(context, from) === undefined;
}
