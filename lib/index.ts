/** The public page of express-wechat-auth: re-exports only. */

// The core, compatible with wechat-oauth.
export { OAuth } from './oauth/oauth';
export type {
  GetToken,
  GetUserByCodeOptions,
  GetUserOptions,
  OAuthOptions,
  SaveToken,
  TokenVerified,
} from './oauth/oauth';
export { AccessToken } from './oauth/access-token';
export { wrapper } from './oauth/callbacks';
export type { Callback } from './oauth/callbacks';
export type { AuthorizeParams, Endpoints, Flow } from './oauth/endpoints';
export type { EncryptedData, MiniProgramSession, MiniProgramUser } from './oauth/mini-program';
export type { Lang, WechatUser } from './oauth/user';
export type { HttpOptions } from './oauth/wechat-api';

// Where tokens rest.
export { MemoryTokenStore } from './stores/memory-store';
export type { MemoryTokenStoreOptions } from './stores/memory-store';
export type { TokenData, TokenStore } from './stores/token-store';

// What went wrong: switch on `kind`.
export {
  ERROR_KINDS,
  NoOAuthTokenError,
  WeChatAPIError,
  WechatAuthError,
  WechatError,
  isWeChatAPIError,
  isWechatAuthError,
  isWechatError,
} from './errors';
export type { Remedy, WechatErrorKind } from './errors';
