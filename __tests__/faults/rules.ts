// What must come of a fault, as the contract says it and docs/errors.md documents it. Nothing here is read from the code.
import type { Fault } from './faults';

export type Call = 'access_token' | 'userinfo' | 'refresh_token' | 'auth' | 'jscode2session';

export type Kind =
  | 'busy'
  | 'token_invalid'
  | 'openid_invalid'
  | 'credentials'
  | 'code_invalid'
  | 'code_used'
  | 'reauthorize'
  | 'scope'
  | 'rate_limit'
  | 'user_limited'
  | 'unknown'
  | 'timeout'
  | 'network'
  | 'bad_answer'
  | 'snapshot_user'
  | 'login_refused';

export const STATUS: Readonly<Record<Kind, number>> = {
  busy: 503,
  token_invalid: 401,
  openid_invalid: 400,
  credentials: 500,
  code_invalid: 400,
  code_used: 400,
  reauthorize: 401,
  scope: 403,
  rate_limit: 503,
  user_limited: 403,
  unknown: 502,
  timeout: 504,
  network: 502,
  bad_answer: 502,
  snapshot_user: 403,
  login_refused: 403,
};

/** Every errcode of the platform's pages on web login and of the table of kinds; and one that nobody knows. */
export const ERRCODES: Readonly<Partial<Record<Kind, readonly number[]>>> = {
  busy: [-1],
  token_invalid: [40001, 40014, 41001, 42001],
  openid_invalid: [40003, 41009],
  credentials: [40002, 40013, 40125, 41002, 41004],
  code_invalid: [40029, 41008, 42003],
  code_used: [40163],
  reauthorize: [40030, 41003, 42002, 42007],
  scope: [48001],
  rate_limit: [45009, 45011],
  user_limited: [40226, 50001, 50002],
  unknown: [40066, 40164, 41018, 42006, 43003, 61003, 61007, 76001, 99999],
};

/** A refused code, -1, a timeout, a cut connection, no JSON: the login starts again, once. A wrong secret: never. */
const CURED_BY_A_NEW_LOGIN: readonly Kind[] = [
  'code_invalid',
  'code_used',
  'busy',
  'timeout',
  'network',
  'bad_answer',
];

/** Never a code: it may be spent. */
const MAY_BE_REPEATED: readonly Call[] = ['userinfo', 'refresh_token', 'auth'];
const REPEATED_AFTER: readonly (Kind | 'fine')[] = ['network', 'busy'];

/** WeChat calls a token bad that looked good: refresh it once, and ask once more. */
const REPLACED_AT_USERINFO = [40001, 40014, 42001];

/** With these, a refresh token is over, and what was saved with it. */
const END_OF_A_REFRESH_TOKEN = [40030, 42002, 42007];

const isRepeated = (fault: Fault, call: Call): boolean =>
  (MAY_BE_REPEATED.includes(call) && REPEATED_AFTER.includes(fault.means)) || isRefreshed(fault, call);

const isReplaced = ({ errcode }: Fault): boolean =>
  errcode !== undefined && REPLACED_AT_USERINFO.includes(errcode);

/** What the call comes to. */
export function meaningOf(fault: Fault, call: Call): Kind | 'fine' {
  return fault.once && isRepeated(fault, call) ? 'fine' : fault.means;
}

/** How often WeChat hears of the call. */
export function timesAsked(fault: Fault, call: Call): number {
  return isRepeated(fault, call) ? 2 : 1;
}

/** Whether the token was refreshed although the call failed. */
export function isRefreshed(fault: Fault, call: Call): boolean {
  return call === 'userinfo' && isReplaced(fault);
}

export function killsTheToken(fault: Fault, call: Call): boolean {
  return call === 'refresh_token' && END_OF_A_REFRESH_TOKEN.includes(fault.errcode ?? 0);
}

export type Attempt = 'the first callback' | 'after the one restart';

/** Where a browser ends that comes back from WeChat. */
export type Ending =
  | { readonly ends: 'logged in' }
  | { readonly ends: 'restarted' }
  | { readonly ends: 'refused'; readonly kind: Kind };

export function endOfLogin(fault: Fault, call: Call, attempt: Attempt): Ending {
  const kind = meaningOf(fault, call);
  if (kind === 'fine') return { ends: 'logged in' };
  if (attempt === 'the first callback' && CURED_BY_A_NEW_LOGIN.includes(kind)) return { ends: 'restarted' };
  return { ends: 'refused', kind };
}
