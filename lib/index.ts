/**
 * “Log in with WeChat” for Express and Connect: the middleware, the guard, the OAuth core, the token stores
 * and the errors.
 *
 * @module express-wechat-auth
 */
// Only re-exports: an app can import exactly these names.

// The middleware and its guard.
export { wechatAuth } from './middleware/wechat-auth';
export type { WechatAuthMiddleware } from './middleware/wechat-auth';
export { requireWechatUser } from './middleware/require-wechat-user';
export type { WechatGuard, WechatGuardOptions } from './middleware/require-wechat-user';
export type {
  ChooseFlow,
  WechatCredentials,
  WechatLoginInfo,
  OnError,
  OnLogin,
  WechatAuthRoutes,
  WechatAuthOptions,
} from './middleware/options/options';
export { OptionsError } from './middleware/options/options-error';
export type { OptionFault } from './middleware/options/options-error';
export type { WxLoginParams, WechatContext, WechatRequest } from './middleware/req-wechat';
export type { WechatLoginOptions } from './middleware/login/login-options';
// The request that hooks and the middleware receive, on any framework.
export type { HostRequest } from './middleware/http/request';
// An app can augment the interfaces of a module only if all of it is re-exported.
export * from './middleware/state/wechat-session';
export type { OfficialScope } from './oauth/scope';
export type {
  LoggedOut,
  LoginFailed,
  LoginStarted,
  LoginSucceeded,
  WechatAuthEvents,
} from './middleware/login/login-events';

// The relay: one callback domain for many apps.
export { wechatRelay } from './relay/wechat-relay';
export type { WechatRelayOptions } from './relay/relay-options';

// The core, compatible with wechat-oauth.
export { OAuth } from './oauth/oauth';
export { AccessToken } from './oauth/tokens/access-token';
export type {
  GetToken,
  GetUserByCodeOptions,
  GetUserOptions,
  OAuthOptions,
  SaveToken,
} from './oauth/oauth-options';
export { wrapper } from './oauth/callbacks';
export type { AuthorizeParams, WechatEndpointOptions, WechatEndpoints } from './oauth/endpoints';
export type { WechatFlow } from './oauth/flows';
export type { CallAnswered, CallFailed, TokenFailed, TokenRefreshed } from './oauth/events';
export type { EncryptedData, MiniProgramSession, MiniProgramUser } from './oauth/mini-program';
export type { WechatLang, WechatUser } from './oauth/user';
export type { WechatHttpOptions } from './oauth/transport/http-options';

// Token stores.
export { MemoryTokenStore } from './stores/memory-store';
export type { MemoryTokenStoreOptions } from './stores/memory-store';
export { KeyvTokenStore } from './stores/keyv-store';
export type { KeyvLike } from './stores/keyv-store';
export { RedisTokenStore } from './stores/redis-store';
export type { RedisClient, RedisTokenStoreOptions } from './stores/redis-store';
export type { EncryptionOptions } from './stores/token-record';
export type { TokenData, TokenStore } from './stores/token-store';
// The contract of a token store as tests, for apps with a store of their own.
export { tokenStoreTests } from './stores/token-store-tests';
export type { TokenStoreCheck } from './stores/token-store-tests';

// Errors. Distinguish them by `kind`.
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
export type { WechatErrorKind } from './errors';
