/** Authorization code → token → user → `onLogin`: builds the login; current-login.ts saves it. */
import { WechatAuthError } from '../../errors';
import { FLOWS, type WechatFlow } from '../../oauth/flows';
import { returnToOrDefault } from '../addresses';
import { accountOf, type Context } from '../context';
import { exchangePageCode, type ExchangedUser, type TokenUser } from '../options/account';
import type { WechatLoginInfo } from '../options/options';
import type { PendingLogin } from '../state/pending-logins';
import type { CallbackLogin, CallbackParams } from '../state/callback-results';
import type { AppUser, WechatSession } from '../state/wechat-session';
import { requireStorable, runOnLogin, type LoginSecrets } from './on-login';

/**
 * An authorization response for a login that this browser started. The callback route exchanges no other code
 * than that of a verified callback (CSRF, RFC 6749 section 10.12).
 */
export interface VerifiedCallback extends CallbackParams, CallbackLogin {
  readonly [checked]: true;
}
declare const checked: unique symbol;

/**
 * Marks a callback as verified. Only the callback route calls it, after it found the pending login of this
 * state in the browser's session, in memory as one that started in this very session, or among the callbacks
 * that were handled (here or at another process), for a duplicate with the same cookies and state.
 */
export function markVerified(
  { code, state, cookies }: CallbackParams,
  { pending, root, owner }: CallbackLogin,
): VerifiedCallback {
  return { code, state, cookies, pending, root, owner } as VerifiedCallback;
}

const MAX_CODE_BYTES = 512;

/** @throws WechatAuthError of kind `code_invalid` for a value that cannot be a code of WeChat. */
export function requireCode(code: unknown): asserts code is string {
  if (typeof code === 'string' && code.length <= MAX_CODE_BYTES && /^[\u0021-\u007e]+$/.test(code)) return;
  throw new WechatAuthError(
    'code_invalid',
    `The authorization code is missing, longer than ${MAX_CODE_BYTES} bytes, or not printable ASCII: ` +
      'WeChat did not send it. Start the login again.',
  );
}

/** Step 1: exchanges the authorization code for a user. WeChat accepts a code only once. */
export async function exchangeForUser(
  context: Context,
  { code, pending }: VerifiedCallback,
): Promise<TokenUser> {
  const { lang, allowSnapshotUsers } = context.config;
  const account = accountOf(context, pending.flow);
  return exchangePageCode(account, code, { requestedScope: pending.scope, lang, allowSnapshotUsers });
}

/** What the login was started with, as far as `onLogin` receives it. */
export type LoginInput = Pick<PendingLogin, 'returnTo' | 'data'> & { readonly flow: WechatFlow };

/** Step 2: runs `onLogin`, and builds the login for the session. */
export async function completeLogin(
  context: Context,
  { pending, code, state }: { pending: LoginInput; code: string; state: string },
  exchanged: ExchangedUser,
): Promise<WechatSession> {
  const { flow, data } = pending;
  const { identity, onLogin } = context.config;
  const { appid, oauth } = accountOf(context, flow);
  const { token, sessionKey, openid, unionid, scope } = exchanged;
  if (identity === 'unionid' && !unionid) throw missingUnionid(pending);
  let user: AppUser = exchanged.user;
  if (onLogin) {
    const returnTo = returnToOrDefault(context, pending.returnTo);
    // A login has one of the two: the flow's row in FLOWS (`exchange`) decides which.
    const secret = { ...(token && { token }), ...(sessionKey !== undefined && { sessionKey }) };
    const login = { user, ...secret, flow, appid, returnTo, data } as object as WechatLoginInfo;
    const { access_token, refresh_token } = token?.data ?? {};
    const secrets = (): LoginSecrets => [
      ...[access_token, refresh_token, sessionKey, code, state],
      oauth.appsecret,
    ];
    user = (await runOnLogin<AppUser>(onLogin, context.req, login, secrets)) ?? user;
    requireStorable(user);
  }
  return {
    user,
    appid,
    openid,
    ...(unionid !== undefined && { unionid }),
    scope,
    flow,
  };
}

function missingUnionid({ flow }: LoginInput): WechatAuthError {
  const { consoleMenu, scopes } = FLOWS[flow];
  const allowed: readonly string[] = scopes.allowed;
  const scope = allowed.includes('snsapi_userinfo') ? ', and ask for snsapi_userinfo' : '';
  return new WechatAuthError(
    'unionid_missing',
    `WeChat sent no unionid, which identity: 'unionid' needs. Bind this app at ${consoleMenu.binding}${scope}.`,
  );
}
