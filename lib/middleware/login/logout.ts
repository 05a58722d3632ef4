/** The logout route: POST and GET, except requests that come from another site (CSRF). */
import { WechatAuthError } from '../../errors';
import { isCrossSite, returnToOrDefault } from '../addresses';
import type { Context } from '../context';
import { queryOf } from '../http/request';
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
