// The expected result of a call that meets a fault, and of the login that makes the call. Both are derived
// from support/contract.ts alone.
import {
  deletesToken,
  isRepeated,
  replacesToken,
  restartsLogin,
  type Call,
  type CallResult,
  type ErrorKind,
} from '../support/contract';
import type { Fault } from './faults';

/** The result of the call. If only one request meets the fault, a repeated call succeeds. */
export function resultOf(fault: Fault, call: Call): CallResult {
  return fault.once && requestsOf(fault, call) > 1 ? 'success' : fault.result;
}

/** How many requests WeChat receives for one call. */
export function requestsOf(fault: Fault, call: Call): number {
  return isRepeated(call, fault.result) || refreshesToken(fault, call) ? 2 : 1;
}

/** Whether the access token was refreshed, even if the call failed afterwards. */
export function refreshesToken({ errcode }: Fault, call: Call): boolean {
  return call === 'userinfo' && errcode !== undefined && replacesToken(errcode);
}

/** Whether the stored token is deleted. */
export function deletesStoredToken({ errcode }: Fault, call: Call): boolean {
  return call === 'refresh_token' && errcode !== undefined && deletesToken(errcode);
}

export type Attempt = 'the first callback' | 'after the one restart';

/** How a login ends once the browser has opened the callback. */
export type LoginEnd =
  | { readonly ends: 'logged in' }
  | { readonly ends: 'restarted' }
  | { readonly ends: 'refused'; readonly kind: ErrorKind; readonly status?: number };

export function endOfLogin(fault: Fault, call: Call, attempt: Attempt): LoginEnd {
  const result = resultOf(fault, call);
  if (result === 'success') return { ends: 'logged in' };
  if (attempt === 'the first callback' && restartsLogin(result)) return { ends: 'restarted' };
  return { ends: 'refused', kind: result };
}
