/** Code → token → user → onLogin: what a callback turns into a login, before the session hears of it. */
import { WechatAuthError } from '../../errors';
import { type AccessToken } from '../../oauth/tokens/access-token';
import type { WechatUser } from '../../oauth/user';
import type { PendingLogin } from '../state/pending-logins';
import type { OnLogin } from '../options/options';
import { satisfies, scopesOf } from '../../oauth/scope';
import type { WechatSession } from '../state/wechat-session';
import type { CallbackParams } from '../state/shared-logins';
import type { Context } from '../context';
import { accountOf } from '../context';

/** WeChat's answer to a login that this very browser started: only such a code is exchanged. */
export interface VerifiedCallback extends CallbackParams {
  readonly pending: PendingLogin;
  readonly [checked]: true;
}
declare const checked: unique symbol;

/** Only for who has just taken the login out of the browser's own session. */
export function verified(answer: CallbackParams, pending: PendingLogin): VerifiedCallback {
  return { ...answer, pending } as VerifiedCallback;
}

export async function exchange(
  context: Context,
  { code, pending }: VerifiedCallback,
): Promise<WechatSession> {
  const { config } = context;
  const { oauth } = accountOf(context, pending.flow);
  const token = await oauth.getAccessToken(code);
  if (token.data.is_snapshotuser === 1 && !config.allowSnapshotUsers) {
    throw new WechatAuthError(
      'snapshot_user',
      "This is a virtual account of WeChat's snapshot page. The user taps 「使用完整服务」 (use the full service) there, and logs in for real.",
    );
  }
  const scope = grantedScope(token, pending);
  const user = await oauth.getUserByAccessToken(token, { lang: config.lang });
  const { openid } = token.data;
  const unionid = user.unionid ?? token.data.unionid;
  if (config.identity === 'unionid' && !unionid) throw missingUnionid(pending);
  const kept = config.onLogin
    ? await runOnLogin(config.onLogin, context, { user, token, flow: pending.flow })
    : undefined;
  return {
    user: kept ?? user,
    appid: oauth.appid,
    openid,
    ...(unionid ? { unionid } : {}),
    scope,
    flow: pending.flow,
  };
}

/** What was granted; an answer that does not say has granted what was asked. */
function grantedScope({ data }: AccessToken, pending: PendingLogin): string {
  const granted = scopesOf(data).join(',') || pending.scope;
  if (satisfies(granted, pending.scope)) return granted;
  throw new WechatAuthError(
    'scope',
    `WeChat granted ${granted} where ${pending.scope} was asked for. The user must tap 「允许」, and the account needs the permission for web authorization.`,
  );
}

function missingUnionid({ flow }: PendingLogin): WechatAuthError {
  const console = flow === 'official' ? '公众号' : '网站应用';
  return new WechatAuthError(
    'unionid_missing',
    `WeChat sent no unionid, which identity: 'unionid' needs. Bind this app at open.weixin.qq.com (管理中心 > ${console}), and ask for snsapi_userinfo.`,
  );
}

/** What onLogin returns is kept as the user; what it throws refuses the login. */
async function runOnLogin(
  onLogin: OnLogin,
  { req }: Context,
  login: Parameters<OnLogin>[1],
): Promise<WechatUser | undefined> {
  let kept: unknown;
  try {
    kept = await onLogin(req, login);
  } catch (cause) {
    // Their words stay in the cause: they may tell what is none of the browser's business.
    throw new WechatAuthError('login_refused', 'onLogin refused this login. Its error is the cause.', {
      cause,
    });
  }
  if (kept === undefined || kept === null) return undefined;
  if (typeof kept === 'object' && !Array.isArray(kept)) return kept as WechatUser;
  throw new WechatAuthError(
    'config',
    `onLogin returned ${Array.isArray(kept) ? 'an array' : `a ${typeof kept}`}. Return the object to keep as the user, or nothing.`,
  );
}
