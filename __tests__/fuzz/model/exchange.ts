import { SCOPE_RANK, kindOfErrcode, restartsLogin, type ErrorKind } from '../../support/contract';
import type { Condition } from './actions';
import type { Code, Login, Pending } from './terms';

interface Exchanged {
  /** The openid that onLogin was called with. */
  readonly onLogin?: string;
  readonly result: 'restart' | { readonly login: Login } | { readonly error: ErrorKind };
}

/** What WeChat, and then the app's onLogin, make of a code. */
export function exchange(
  code: Code | undefined,
  pending: Pending,
  condition: Condition,
  now: number,
): Exchanged {
  const unread = kindWithoutCode(condition);
  if (unread !== undefined) return { result: restartsLogin(unread) ? 'restart' : { error: unread } };
  if (code?.account !== pending.account || code.used || now >= code.expiresAt) return { result: 'restart' };
  code.used = true;
  if (condition === 'cut') return { result: 'restart' };
  if (code.virtual) return { result: { error: 'snapshot_user' } };
  const scope = condition === 'grants less' ? 'snsapi_base' : code.scope;
  if (SCOPE_RANK[scope] < SCOPE_RANK[pending.scope]) return { result: { error: 'scope' } };
  const isBase = scope === 'snsapi_base';
  if (!isBase && condition === 'no profile') return { result: 'restart' };
  const { account, openid, nickname } = code;
  if (condition === 'app refuses') return { onLogin: openid, result: { error: 'login_refused' } };
  const unionid = isBase || condition === 'no unionid' ? undefined : code.unionid;
  const login = { account, openid, scope, ...(unionid && { unionid }), ...(!isBase && { nickname }) };
  return { onLogin: openid, result: { login } };
}

/** What the exchange comes to under a condition in which WeChat never looks at the code. */
function kindWithoutCode(condition: Condition): ErrorKind | undefined {
  switch (condition) {
    case 'busy':
      return 'busy';
    case 'reset':
      return 'network';
    case 'silence':
      return 'timeout';
    case 'page':
      return 'bad_answer';
    case '40029':
    case '40163':
    case '40125':
    case '45011':
    case '50002':
      return kindOfErrcode(Number(condition));
    default:
      return undefined;
  }
}
