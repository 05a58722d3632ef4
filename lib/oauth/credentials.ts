/**
 * How an account proves to WeChat who it is: with its AppSecret, or through a third-party platform (第三方平台)
 * that it has authorized.
 */
import { inspect } from 'node:util';
import { HOOK_LIMIT_MS, inTime } from '../async/time-limit';
import { WechatAuthError } from '../errors';
import { API, type ApiEndpoint } from './endpoints';

/**
 * A third-party platform (第三方平台) that acts for an account which has authorized it (代公众号发起网页授权).
 *
 * @inline
 */
export interface WechatComponent {
  /** AppID of the platform: the `component_appid`. */
  readonly appId: string;
  /**
   * Returns the current `component_access_token`. It is called before each exchange of a code and each
   * refresh; the app gets the token and caches it. If it fails, or does not settle within 20 s, the call
   * rejects with kind `config`, its error is the cause, and WeChat is not asked.
   */
  readonly accessToken: () => string | Promise<string>;
}

export function isAppId(text: string): boolean {
  return /^wx[\da-f]{16}$/.test(text);
}

/** Whether a text has the form of an AppSecret. As an AppID, it would become part of addresses. */
export function isAppSecret(text: string): boolean {
  return /^[\da-f]{32}$/i.test(text);
}

/** The parameters that authenticate a call. */
type Parameters = Readonly<Record<string, string | undefined>>;

export interface Credentials {
  /** The AppID of the platform, which an authorization request names. */
  readonly componentAppId: string | undefined;
  readonly endpoints: Readonly<Record<'accessToken' | 'refreshToken' | 'sessionKey', ApiEndpoint>>;
  /** For the exchange of a code. @throws WechatAuthError of kind `config` if the platform has no token. */
  forExchange(): Promise<Parameters>;
  /** For a refresh, which needs no AppSecret. @throws as `forExchange` */
  forRefresh(): Promise<Parameters>;
}

/** @param secret read at each call, because an app may replace `oauth.appsecret` */
export function ownCredentials(secret: () => string): Credentials {
  return {
    componentAppId: undefined,
    endpoints: API,
    forExchange: () => Promise.resolve({ secret: secret() }),
    forRefresh: () => Promise.resolve({}),
  };
}

export function platformCredentials(component: WechatComponent): Credentials {
  const { appId } = component;
  const ofPlatform = async (): Promise<Parameters> => ({
    component_appid: appId,
    component_access_token: await tokenOf(component),
  });
  return {
    componentAppId: appId,
    endpoints: {
      accessToken: API.componentAccessToken,
      refreshToken: API.componentRefreshToken,
      sessionKey: API.componentSessionKey,
    },
    forExchange: ofPlatform,
    forRefresh: ofPlatform,
  };
}

/** `component.accessToken()` of the app failed, or did not settle in time. */
export class PlatformTokenFailed extends WechatAuthError {}

class TokenTooLate extends PlatformTokenFailed {}

/** Without a time limit, the browser and the next refresh of this user could wait forever. */
function tokenTooLate(): TokenTooLate {
  return new TokenTooLate(
    'config',
    `component.accessToken() did not settle within ${HOOK_LIMIT_MS} ms. WeChat was not asked. ` +
      'Give the store or the service that it calls a time limit.',
  );
}

async function tokenOf(component: WechatComponent): Promise<string> {
  let token: unknown;
  try {
    token = await inTime(HOOK_LIMIT_MS, async () => component.accessToken(), tokenTooLate);
  } catch (cause) {
    if (cause instanceof TokenTooLate) throw cause;
    throw new PlatformTokenFailed(
      'config',
      'component.accessToken() failed; its error is the cause. WeChat was not asked. ' +
        'Return the component_access_token of the platform.',
      { cause },
    );
  }
  if (typeof token === 'string' && token) return token;
  throw new WechatAuthError(
    'config',
    `component.accessToken() returned ${typeof token === 'string' ? 'an empty string' : typeof token}. ` +
      'Return the component_access_token of the platform, or a promise of it.',
  );
}

/** @throws WechatAuthError of kind `config` if `component` cannot be used. */
export function checkComponent(component: unknown, appsecret: unknown): asserts component is WechatComponent {
  const { appId, accessToken } = Object(component) as { appId?: unknown; accessToken?: unknown };
  if (typeof appId !== 'string' || !appId)
    // Depth -1, because a misplaced object may hold a secret.
    throw fault(`component.appId is ${inspect(appId, { depth: -1 })}. Give the AppID of the platform.`);
  if (typeof accessToken !== 'function')
    // The value is not shown, because it may be the token itself.
    throw fault(
      `component.accessToken is of type ${typeof accessToken}. ` +
        'Give a function that returns the current component_access_token.',
    );
  if (appsecret != null)
    throw fault(
      'appsecret and component are both given. An account that a platform acts for has no appsecret: leave it out.',
    );
}

function fault(message: string): WechatAuthError {
  return new WechatAuthError('config', message);
}
