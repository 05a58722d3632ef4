/** Authorization code → token → user → `onLogin`: builds the login; current-login.ts saves it. */
import { WechatAuthError } from '../../errors';
import { FLOWS } from '../../oauth/flows';
import type { WechatUser } from '../../oauth/user';
import { accountOf, type Context } from '../context';
import type { ExchangedUser } from '../options/account';
import type { OnLogin } from '../options/options';
import type { PendingLogin } from '../state/pending-logins';
import type { CallbackParams } from '../state/callback-results';
import type { WechatSession } from '../state/wechat-session';

/**
 * An authorization response for a login that this browser started. Only the authorization code of a verified
 * callback is exchanged (CSRF, RFC 6749 section 10.12).
 */
export interface VerifiedCallback extends CallbackParams {
  readonly pending: PendingLogin;
  readonly [checked]: true;
}
declare const checked: unique symbol;

/**
 * Marks a callback as verified. Only handleCallback() calls it, after it found the pending login of this
 * state in the browser's session, or in memory for a duplicate with the same cookies, code and state.
 */
export function markVerified(params: CallbackParams, pending: PendingLogin): VerifiedCallback {
  return { ...params, pending } as VerifiedCallback;
}

/** Step 1: exchanges the authorization code for a user. WeChat accepts a code only once. */
export async function exchangeForUser(
  context: Context,
  { code, pending }: VerifiedCallback,
): Promise<ExchangedUser> {
  const { lang, allowSnapshotUsers } = context.config;
  const account = accountOf(context, pending.flow);
  return account.exchange(code, { requestedScope: pending.scope, lang, allowSnapshotUsers });
}

/** Step 2: runs `onLogin`, and builds the login for the session. */
export async function completeLogin(
  context: Context,
  { pending }: VerifiedCallback,
  { user, token, openid, unionid, scope }: ExchangedUser,
): Promise<WechatSession> {
  const { flow } = pending;
  const { identity, onLogin } = context.config;
  if (identity === 'unionid' && !unionid) throw missingUnionid(pending);
  const kept = onLogin && (await runOnLogin(onLogin, context, { user, token, flow }));
  return {
    user: kept ?? user,
    appid: accountOf(context, flow).appid,
    openid,
    ...(unionid !== undefined && { unionid }),
    scope,
    flow,
  };
}

function missingUnionid({ flow }: PendingLogin): WechatAuthError {
  return new WechatAuthError(
    'unionid_missing',
    `WeChat sent no unionid, which identity: 'unionid' needs. Bind this app at ${FLOWS[flow].consoleMenu.binding}, ` +
      'and ask for snsapi_userinfo.',
  );
}

/** The object that `onLogin` returns is kept as the user. An error that it throws refuses the login. */
async function runOnLogin(
  onLogin: OnLogin,
  { req }: Context,
  login: Parameters<OnLogin>[1],
): Promise<WechatUser | undefined> {
  let kept: unknown;
  try {
    kept = await onLogin(req, login);
  } catch (cause) {
    // The app's message stays in the cause: it may hold details that the browser must not see.
    throw new WechatAuthError('login_refused', 'onLogin refused this login. Its error is the cause.', {
      cause,
    });
  }
  if (kept === undefined || kept === null) return undefined;
  if (typeof kept === 'object' && !Array.isArray(kept)) return kept as WechatUser;
  throw new WechatAuthError(
    'config',
    `onLogin returned ${Array.isArray(kept) ? 'an array' : `a ${typeof kept}`}. ` +
      'Return the object to keep as the user, or nothing.',
  );
}
