import { SCOPE_RANK, kindOfErrcode, restartsLogin, type ErrorKind } from '../../support/contract';
import type { Condition } from './actions';
import type { Code, Login, Pending } from './terms';

/** What an exchange proves, or how it fails; `isRestartable` if a new code may succeed. */
type Exchanged = { readonly user: Login } | { readonly isRestartable: true } | { readonly error: ErrorKind };

const RESTART: Exchanged = { isRestartable: true };

/** Exchanges a code as WeChat does under this condition. */
export function exchange(
  code: Code | undefined,
  pending: Pending,
  condition: Condition,
  now: number,
): Exchanged {
  const kind = kindWithoutCode(condition);
  if (kind !== undefined) return restartsLogin(kind) ? RESTART : { error: kind };
  if (code?.account !== pending.account || code.used || now >= code.expiresAt) return RESTART;
  code.used = true;
  if (condition === 'cut') return RESTART;
  if (code.virtual) return { error: 'snapshot_user' };
  const scope = condition === 'grants less' ? 'snsapi_base' : code.scope;
  if (SCOPE_RANK[scope] < SCOPE_RANK[pending.scope]) return { error: 'scope' };
  const isBase = scope === 'snsapi_base';
  if (!isBase && condition === 'no profile') return RESTART;
  const { account, openid, nickname } = code;
  const unionid = isBase || condition === 'no unionid' ? undefined : code.unionid;
  const user = { account, openid, scope, ...(unionid && { unionid }), ...(!isBase && { nickname }) };
  return { user };
}

/** How the exchange fails under a condition in which WeChat does not check the code. */
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
