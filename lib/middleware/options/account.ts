/**
 * One account that can log users in. The differences between the flows are read from their rows in `FLOWS`.
 */
import { WechatAuthError } from '../../errors';
import type { AuthorizeParams } from '../../oauth/endpoints';
import { FLOWS, type AccountFlow } from '../../oauth/flows';
import type { OAuth } from '../../oauth/oauth';
import { satisfies, scopesOf } from '../../oauth/scope';
import type { AccessToken } from '../../oauth/tokens/access-token';
import type { WechatLang, WechatUser } from '../../oauth/user';

export interface Account {
  readonly flow: AccountFlow;
  readonly appid: string;
  readonly oauth: OAuth;
  /** The address of WeChat's page on which the user consents. */
  authorizeURL(redirectURI: string, state: string, scope: string, params?: AuthorizeParams): string;
  /**
   * Exchanges an authorization code for a token, and the token for its user. The code is spent afterwards.
   */
  exchange(
    code: string,
    options: {
      /** The scope of the authorization request. */
      readonly requestedScope: string;
      readonly lang: WechatLang;
      readonly allowSnapshotUsers: boolean;
    },
  ): Promise<ExchangedUser>;
}

export interface ExchangedUser {
  readonly user: WechatUser;
  readonly token: AccessToken;
  readonly openid: string;
  readonly unionid?: string;
  /** The scopes that WeChat granted, separated by commas. */
  readonly scope: string;
}

export function createAccount(flow: AccountFlow, oauth: OAuth): Account {
  const { method } = FLOWS[flow].page;
  return {
    flow,
    appid: oauth.appid,
    oauth,
    authorizeURL: (...parameters) => oauth[method](...parameters),
    exchange: (code, options) => exchangeCode(oauth, code, options),
  };
}

async function exchangeCode(
  oauth: OAuth,
  code: string,
  options: Parameters<Account['exchange']>[1],
): Promise<ExchangedUser> {
  const token = await oauth.getAccessToken(code);
  if (token.data.is_snapshotuser === 1 && !options.allowSnapshotUsers) throw snapshotUser();
  const scope = grantedScope(token, options.requestedScope);
  const user = await oauth.getUserByAccessToken(token, { lang: options.lang });
  const unionid = user.unionid ?? token.data.unionid;
  return { user, token, openid: token.data.openid, ...(unionid ? { unionid } : {}), scope };
}

function snapshotUser(): WechatAuthError {
  return new WechatAuthError(
    'snapshot_user',
    "This is a virtual account of WeChat's snapshot page. The user taps 「使用完整服务」 (use the full service) there, " +
      'and then logs in with the real account.',
  );
}

/** A token response without a scope has granted what was requested. */
function grantedScope({ data }: AccessToken, requested: string): string {
  const granted = scopesOf(data).join(',') || requested;
  if (satisfies(granted, requested)) return granted;
  throw new WechatAuthError(
    'scope',
    `WeChat granted ${granted} where ${requested} was requested. The user must tap 「允许」, and the account needs the ` +
      'permission for web authorization.',
  );
}
