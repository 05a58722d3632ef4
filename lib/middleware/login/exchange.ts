/** Authorization code → token → user → `onLogin`: builds the login; current-login.ts saves it. */
import { WechatAuthError } from '../../errors';
import { FLOWS } from '../../oauth/flows';
import type { WechatUser } from '../../oauth/user';
import { returnToOrDefault } from '../addresses';
import { accountOf, type Context } from '../context';
import type { ExchangedUser } from '../options/account';
import type { PendingLogin } from '../state/pending-logins';
import type { CallbackParams } from '../state/callback-results';
import type { WechatSession } from '../state/wechat-session';
import { requireStorable, runOnLogin, type LoginSecrets } from './on-login';

/**
 * An authorization response for a login that this browser started. Only the authorization code of a verified
 * callback is exchanged (CSRF, RFC 6749 section 10.12).
 */
export interface VerifiedCallback extends CallbackParams {
  readonly pending: PendingLogin;
  /** The root of the session in which it started, if that session has an id. */
  readonly root: string | undefined;
  readonly [checked]: true;
}
declare const checked: unique symbol;

/**
 * Marks a callback as verified. Only the callback route calls it, after it found the pending login of this
 * state in the browser's session, in memory as one that started in this very session, or in memory for a
 * duplicate with the same cookies, code and state.
 */
export function markVerified(
  params: CallbackParams,
  { pending, root }: { readonly pending: PendingLogin; readonly root: string | undefined },
): VerifiedCallback {
  return { ...params, pending, root } as VerifiedCallback;
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
  { pending, code, state }: Pick<VerifiedCallback, 'pending' | 'code' | 'state'>,
  { user, token, openid, unionid, scope }: ExchangedUser,
): Promise<WechatSession> {
  const { flow, data } = pending;
  const { identity, onLogin } = context.config;
  const { appid, oauth } = accountOf(context, flow);
  if (identity === 'unionid' && !unionid) throw missingUnionid(pending);
  const login = { user, token, flow, appid, returnTo: returnToOrDefault(context, pending.returnTo), data };
  const { access_token, refresh_token } = token.data;
  const secrets = (): LoginSecrets => [access_token, refresh_token, code, state, oauth.appsecret];
  const kept = (onLogin && (await runOnLogin<WechatUser>(onLogin, context.req, login, secrets))) ?? user;
  requireStorable(kept);
  return {
    user: kept,
    appid,
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
