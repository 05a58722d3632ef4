/**
 * What docs/errors.md, the README and WeChat's own pages say about a login, restated for the tests. It
 * imports nothing from lib/: otherwise a wrong constant of lib/ would only be compared with itself. The data
 * is JSON because the soak, which is plain JavaScript, reads it too.
 */
import contract from './contract.json';

/** Every kind of error, as docs/errors.md lists them. */
export type ErrorKind = keyof typeof contract.errorKinds;
/** The calls to WeChat's API. */
export type Call = keyof typeof contract.calls;
export type Scope = keyof typeof contract.scopes;

interface KindRules {
  /** The HTTP status of a response that reports this kind. */
  readonly status: number;
  /** WeChat's errcodes of this kind. */
  readonly errcodes: readonly number[];
  /**
   * Whether the login starts again, once: a new authorization code may succeed. With a wrong app secret, for
   * example, no code would.
   */
  readonly restartsLogin: boolean;
  /** Whether a call that may be repeated is sent a second time: the request may not have reached WeChat. */
  readonly repeatsCall: boolean;
}

interface CallRules {
  readonly path: string;
  /** An authorization code is single use: a request that carries one is never sent twice. */
  readonly mayBeRepeated: boolean;
}

const KINDS: Readonly<Record<ErrorKind, KindRules>> = contract.errorKinds;
const CALL_RULES: Readonly<Record<Call, CallRules>> = contract.calls;

/** The result of a call. */
export type CallResult = ErrorKind | 'success';

export const ERROR_KINDS = Object.keys(KINDS) as readonly ErrorKind[];
export const CALLS = Object.keys(CALL_RULES) as readonly Call[];

/** A scope with a higher rank grants more. snsapi_login, of a website login, includes the profile. */
export const SCOPE_RANK: Readonly<Record<Scope, number>> = contract.scopes;

export const LIMITS = contract.limits;

/** How long WeChat accepts an authorization code, by the kind of account. */
export const CODE_LIFETIME_MS = contract.codeLifetimeMs;

export function statusOf(kind: ErrorKind): number {
  return KINDS[kind].status;
}

export function errcodesOf(kind: ErrorKind): readonly number[] {
  return KINDS[kind].errcodes;
}

/** The kind of an errcode; `unknown` for one that docs/errors.md does not list. */
export function kindOfErrcode(errcode: number): ErrorKind {
  return ERROR_KINDS.find((kind) => KINDS[kind].errcodes.includes(errcode)) ?? 'unknown';
}

export function restartsLogin(kind: ErrorKind): boolean {
  return KINDS[kind].restartsLogin;
}

/**
 * Whether a login that fails with this error is printed on the console, once per cause: the operator can fix
 * it, and its user cannot.
 */
export function isPrinted(kind: ErrorKind, errcode: number | undefined): boolean {
  // Without an errcode, the cause is that the user granted less than was requested.
  if (kind === 'scope') return errcode !== undefined;
  return contract.kindsForTheOperator.includes(kind);
}

export function pathOf(call: Call): string {
  return CALL_RULES[call].path;
}

/** Whether the library sends the call a second time after this result. */
export function isRepeated(call: Call, result: CallResult): boolean {
  return result !== 'success' && CALL_RULES[call].mayBeRepeated && KINDS[result].repeatsCall;
}

/**
 * Whether this errcode of userinfo means that WeChat rejects an access token that has not expired. The
 * library then refreshes the token and repeats the call, once.
 */
export function replacesToken(errcode: number): boolean {
  return contract.errcodesThatReplaceTheToken.includes(errcode);
}

/**
 * Whether this errcode of refresh_token means that the refresh token is no longer valid. The library then
 * deletes the stored token, and the user must log in again.
 */
export function deletesToken(errcode: number): boolean {
  return contract.errcodesThatDeleteTheToken.includes(errcode);
}
