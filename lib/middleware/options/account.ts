/**
 * One account that can log users in, and how its codes become users. The differences between the flows are
 * read from their rows in `FLOWS`.
 */
import { WechatAuthError } from '../../errors';
import { FLOWS, type AccountFlow, type CodeFlow, type PageFlow } from '../../oauth/flows';
import { userOfSession, type EncryptedData } from '../../oauth/mini-program';
import type { OAuth } from '../../oauth/oauth';
import { satisfies, scopesOf } from '../../oauth/scope';
import type { AccessToken } from '../../oauth/tokens/access-token';
import type { WechatLang, WechatUser } from '../../oauth/user';

export interface Account {
  readonly flow: AccountFlow;
  readonly appid: string;
  readonly oauth: OAuth;
}

/** The address of WeChat's page on which the user consents. */
export function authorizeURLOf(
  { oauth }: Account,
  flow: PageFlow,
  ...parameters: Parameters<OAuth['getAuthorizeURL']>
): string {
  return oauth[FLOWS[flow].page.method](...parameters);
}

/** What WeChat returned for a code. Only the login itself may see the session key: it is stored nowhere. */
export interface ExchangedUser {
  readonly user: WechatUser;
  /** Undefined for a mini program. */
  readonly token?: AccessToken;
  /** Only for a mini program. */
  readonly sessionKey?: string;
  readonly openid: string;
  readonly unionid?: string;
  /** The scopes that WeChat granted, separated by commas. */
  readonly scope: string;
}

/** A user whose code WeChat exchanged for an access token. */
export interface TokenUser extends ExchangedUser {
  readonly token: AccessToken;
}

interface ExchangeOptions {
  readonly lang: WechatLang;
  readonly allowSnapshotUsers: boolean;
}

/** Exchanges an authorization code that came from a page of WeChat. The code is spent afterwards. */
export async function exchangePageCode(
  { oauth }: Account,
  code: string,
  options: ExchangeOptions & {
    /** The scope of the authorization request. */
    readonly requestedScope: string;
  },
): Promise<TokenUser> {
  const { requestedScope } = options;
  return exchangeForToken(oauth, code, options, (granted) => {
    // A token response without a scope has granted the requested one (RFC 6749 section 5.1).
    if (granted === '' || satisfies(granted, requestedScope)) return granted || requestedScope;
    throw lessScope(granted, requestedScope);
  });
}

export interface ClientCode {
  readonly code: string;
  /** The encrypted profile that a mini program may send. */
  readonly encrypted: Omit<EncryptedData, 'sessionKey'> | undefined;
}

/** Exchanges a code that a client posted. The code is spent afterwards. */
export async function exchangeClientCode(
  { oauth }: Account,
  flow: CodeFlow,
  code: ClientCode,
  options: ExchangeOptions,
): Promise<ExchangedUser> {
  const { exchange, scopes } = FLOWS[flow];
  return CLIENT_EXCHANGES[exchange](oauth, code, { ...options, defaultScope: scopes.defaultScope });
}

/** Keyed by the field `exchange` of a flow's row. */
const CLIENT_EXCHANGES: Readonly<
  Record<
    (typeof FLOWS)[CodeFlow]['exchange'],
    (
      oauth: OAuth,
      code: ClientCode,
      options: ExchangeOptions & { readonly defaultScope: string },
    ) => Promise<ExchangedUser>
  >
> = {
  // The client asked WeChat for a scope, and this process does not know which one.
  accessToken: (oauth, { code }, options) =>
    exchangeForToken(oauth, code, options, (granted) => granted || options.defaultScope),
  sessionKey: async (oauth, { code, encrypted }, { defaultScope: scope }) => {
    const { data } = await oauth.getSessionKey(code);
    const user = userOfSession(data, encrypted, (each) => oauth.decryptMiniProgramUser(each));
    const { openid, unionid } = user;
    return { user, sessionKey: data.session_key, openid, ...(unionid ? { unionid } : {}), scope };
  },
};

async function exchangeForToken(
  oauth: OAuth,
  code: string,
  options: ExchangeOptions,
  scopeOf: (granted: string) => string,
): Promise<TokenUser> {
  const token = await oauth.getAccessToken(code);
  if (token.data.is_snapshotuser === 1 && !options.allowSnapshotUsers) throw snapshotUser();
  const scope = scopeOf(scopesOf(token.data).join(','));
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

function lessScope(granted: string, requested: string): WechatAuthError {
  return new WechatAuthError(
    'scope',
    `WeChat granted ${granted || 'no scope'} where ${requested} was requested. The user must tap 「允许」, and the ` +
      'account needs the permission for web authorization.',
  );
}
