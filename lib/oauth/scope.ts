/** Scopes: what a user granted, and how scopes compare. */
import { FLOWS, type PageFlow } from './flows';
import type { TokenData } from '../stores/token-store';

/**
 * The scope of a login with an official account. `snsapi_base` grants only the openid, and needs no consent.
 * `snsapi_userinfo` grants the profile, and the user must consent.
 */
export type OfficialScope = 'snsapi_base' | 'snsapi_userinfo';

export function isOfficialScope(value: unknown): value is OfficialScope {
  return value === 'snsapi_base' || value === 'snsapi_userinfo';
}

/** How much a scope grants. The QR code login of a website app grants everything. */
const RANK: ReadonlyMap<string, number> = new Map([
  ['snsapi_base', 1],
  ['snsapi_userinfo', 2],
  ['snsapi_login', 3],
]);

function rankOf(scopes: string): number {
  return Math.max(0, ...scopes.split(/[\s,]+/).map((scope) => RANK.get(scope) ?? 0));
}

/** Whether the highest granted scope covers the highest requested one. Both may be comma-separated lists. */
export function satisfies(granted: string, requested: string): boolean {
  return rankOf(granted) >= rankOf(requested);
}

/** Whether a login grants less than another one. If so, it must not overwrite the other one. */
export function hasLessScope(granted: string, than: string): boolean {
  return rankOf(granted) < rankOf(than);
}

/**
 * The scope to request: the first one that the flow allows, of the requested one, the configured one and the
 * default of the flow.
 */
export function scopeToRequest(
  flow: PageFlow,
  configured: OfficialScope,
  requested: string | undefined,
): string {
  const { allowed, defaultScope }: { allowed: readonly string[]; defaultScope: string } = FLOWS[flow].scopes;
  return [requested, configured].find((scope) => scope && allowed.includes(scope)) ?? defaultScope;
}

/**
 * The requested scope if it is higher than the configured one. A query parameter comes from anybody who makes
 * a link, and must not lower the scope that the app relies on.
 */
export function raisedScope(configured: OfficialScope, requested: unknown): OfficialScope | undefined {
  return isOfficialScope(requested) && hasLessScope(configured, requested) ? requested : undefined;
}

/** The scopes of a token response. WeChat separates them by commas and sometimes ends the list with one. */
export function scopesOf(token: Pick<TokenData, 'scope'>): string[] {
  return (token.scope ?? '').split(/[\s,]+/).filter(Boolean);
}

/** Whether WeChat granted only the silent `snsapi_base`. Then there is no profile to request. */
export function isBaseOnly(token: Pick<TokenData, 'scope'>): boolean {
  const scopes = scopesOf(token);
  return scopes.length > 0 && scopes.every((scope) => scope === 'snsapi_base');
}
