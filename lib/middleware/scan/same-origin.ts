/**
 * Whether a form was posted by our own page. A forged one would log an attacker's PC in as the user (CSRF).
 */
import { originOf, pathOnThisSite } from '../addresses';
import type { Context } from '../context';
import { header } from '../http/request';

/**
 * The browser's own statement counts: Sec-Fetch-Site, otherwise Origin. Where it makes none (old browsers, or
 * `Origin: null` under a strict Referrer-Policy), the form must carry the token that only our page has. It
 * must also do so if Origin differs in the scheme alone: without `baseURL`, the app may not know the scheme
 * of its pages behind a proxy.
 */
export function isFromThisPage(context: Context, hasToken: boolean): boolean {
  const { req } = context;
  const site = header(req, 'sec-fetch-site');
  if (site !== '' && site !== 'none') return site === 'same-origin';
  const origin = header(req, 'origin');
  if (origin === '' || origin === 'null') return hasToken;
  return origin === originOf(context) || (hasToken && pathOnThisSite(context, origin) !== undefined);
}
