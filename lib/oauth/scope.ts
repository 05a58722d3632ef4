import type { WechatFlow } from './endpoints';
import type { TokenData } from '../stores/token-store';

/** What an app may ask of a user inside WeChat: the openid alone, silently; or the profile, with consent. */
export type OfficialScope = 'snsapi_base' | 'snsapi_userinfo';

/** How much a scope grants; a website's login grants all there is. */
const RANK: Readonly<Record<string, number>> = { snsapi_base: 1, snsapi_userinfo: 2, snsapi_login: 3 };

function rankOf(scopes: string): number {
  return Math.max(0, ...scopes.split(/[\s,]+/).map((scope) => RANK[scope] ?? 0));
}

/** Whether what was granted is as much as what is asked for. Both may be lists with commas. */
export function satisfies(granted: string, asked: string): boolean {
  return rankOf(granted) >= rankOf(asked);
}

/** Whether a login grants less than another: then it must not overwrite it. */
export function hasLessScope(granted: string, than: string): boolean {
  return rankOf(granted) < rankOf(than);
}

/** The scope to ask for: what the app's options say, or more where this page needs more. */
export function scopeToAsk(flow: WechatFlow, usual: OfficialScope, needed: string | undefined): string {
  if (flow === 'website') return 'snsapi_login';
  return needed === 'snsapi_userinfo' ? needed : usual;
}

/** The scopes of a token answer. WeChat separates them by commas and sometimes ends with one. */
export function scopesOf(token: Pick<TokenData, 'scope'>): string[] {
  return (token.scope ?? '').split(/[\s,]+/).filter(Boolean);
}

/** Whether nothing but the silent `snsapi_base` was granted: then there is no profile to ask for. */
export function isBaseOnly(token: Pick<TokenData, 'scope'>): boolean {
  const scopes = scopesOf(token);
  return scopes.length > 0 && scopes.every((scope) => scope === 'snsapi_base');
}
