/** The logout route: POST and GET, but not from another site. */
import { WechatAuthError } from '../../errors';
import { header, queryOf } from '../http/request';
import { dropLogin } from './current-login';
import { type Visit } from '../context';
import { redirect } from '../http/response';
import { ownPage, wayBack } from '../addresses';

export async function logout(visit: Visit): Promise<void> {
  const { req, res, settled } = visit;
  if (isCrossSite(visit)) {
    throw new WechatAuthError(
      'forbidden',
      'Another site asked for this logout. Log out by a link or a form of this site.',
    );
  }
  await dropLogin(req, settled);
  redirect(req, res, wayBack(visit, queryOf(req.url ?? '').get('returnTo')));
}

/** By what browsers say of themselves; old ones only send Origin or Referer, and none is no proof. */
function isCrossSite(visit: Visit): boolean {
  const site = header(visit.req, 'sec-fetch-site');
  if (site) return site === 'cross-site';
  const from = header(visit.req, 'origin') || header(visit.req, 'referer');
  return from !== '' && ownPage(visit, from) === undefined;
}
