import { RANK, type Code, type Login, type Pending } from './words';

/** Moods in which WeChat never looks at the code: `again` where a fresh login may cure it. */
const BEFORE: Readonly<Record<string, string>> = {
  ...{ busy: 'again', reset: 'again', silence: 'again', page: 'again', 40029: 'again', 40163: 'again' },
  ...{ 40125: 'credentials', 45011: 'rate_limit', 50002: 'user_limited' },
};

interface Exchanged {
  /** Whom onLogin was asked about. */
  readonly asked?: string;
  readonly outcome: 'again' | { readonly login: Login } | { readonly error: string };
}

/** What WeChat, and then the app's onLogin, make of a code. */
export function exchange(code: Code | undefined, pending: Pending, mood: string, now: number): Exchanged {
  const before = BEFORE[mood];
  if (before !== undefined) return { outcome: before === 'again' ? before : { error: before } };
  if (code?.account !== pending.account || code.used || now >= code.expiresAt) return { outcome: 'again' };
  code.used = true;
  if (mood === 'cut') return { outcome: 'again' };
  if (code.virtual) return { outcome: { error: 'snapshot_user' } };
  const scope = mood === 'grants less' ? 'snsapi_base' : code.scope;
  if (RANK[scope] < RANK[pending.scope]) return { outcome: { error: 'scope' } };
  const isBase = scope === 'snsapi_base';
  if (!isBase && mood === 'no profile') return { outcome: 'again' };
  const { account, openid, nickname } = code;
  if (mood === 'app refuses') return { asked: openid, outcome: { error: 'login_refused' } };
  const unionid = isBase || mood === 'no unionid' ? undefined : code.unionid;
  const login = { account, openid, scope, ...(unionid && { unionid }), ...(!isBase && { nickname }) };
  return { asked: openid, outcome: { login } };
}
