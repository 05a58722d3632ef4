/** WeChat's addresses: the pages to which browsers are redirected, and the interfaces of its API. */
import querystring from 'node:querystring';
import { inspect } from 'node:util';
import { WechatAuthError } from '../errors';
import { maskUserInfo } from '../redact';
import { FLOWS, type PageFlow } from './flows';

/**
 * WeChat's addresses, or those of a gateway, another region or the emulator: http: or https:, a path is
 * allowed.
 */
export interface WechatEndpoints {
  /**
   * The address to which browsers are redirected.
   *
   * @default 'https://open.weixin.qq.com'
   */
  readonly open: string;
  /**
   * The address of the API: it exchanges codes and tokens.
   *
   * @default 'https://api.weixin.qq.com'
   */
  readonly api: string;
}

/** The addresses to use in place of WeChat's own; each is optional. */
export type WechatEndpointOptions = {
  readonly [Name in keyof WechatEndpoints]?: WechatEndpoints[Name] | undefined;
};

export const WECHAT: WechatEndpoints = {
  open: 'https://open.weixin.qq.com',
  api: 'https://api.weixin.qq.com',
};

/**
 * One interface of WeChat's API, with the names of its secrets. They are masked if a response echoes them.
 */
export interface ApiEndpoint {
  readonly path: string;
  /** Parameters whose values are secret. */
  readonly secrets: readonly string[];
  /** Fields of the response whose values are secret. */
  readonly secretFields: readonly string[];
}

const TOKENS = ['access_token', 'refresh_token'] as const;
/** Sent by a third-party platform in place of the account's AppSecret. */
const PLATFORM_TOKEN = 'component_access_token';

export const API = {
  accessToken: { path: '/sns/oauth2/access_token', secrets: ['secret', 'code'], secretFields: TOKENS },
  refreshToken: { path: '/sns/oauth2/refresh_token', secrets: ['refresh_token'], secretFields: TOKENS },
  auth: { path: '/sns/auth', secrets: ['access_token'], secretFields: [] },
  userInfo: { path: '/sns/userinfo', secrets: ['access_token'], secretFields: [] },
  sessionKey: { path: '/sns/jscode2session', secrets: ['secret', 'js_code'], secretFields: ['session_key'] },
  // The same for a third-party platform that acts for an account (第三方平台代网页授权).
  componentAccessToken: {
    path: '/sns/oauth2/component/access_token',
    secrets: [PLATFORM_TOKEN, 'code'],
    secretFields: TOKENS,
  },
  componentRefreshToken: {
    path: '/sns/oauth2/component/refresh_token',
    secrets: [PLATFORM_TOKEN, 'refresh_token'],
    secretFields: TOKENS,
  },
  componentSessionKey: {
    path: '/sns/component/jscode2session',
    secrets: [PLATFORM_TOKEN, 'js_code'],
    secretFields: ['session_key'],
  },
} as const satisfies Record<string, ApiEndpoint>;

/**
 * Further parameters of an authorization request
 * ([网页授权](https://developers.weixin.qq.com/doc/service/guide/h5/auth.html)). They are placed before
 * `#wechat_redirect`. An undefined one is left out; a standard one is refused.
 */
export interface AuthorizeParams {
  /**
   * Official account: asks for consent even if the login would be silent, except in the account's own chat.
   */
  readonly forcePopup?: boolean | undefined;
  /** Official account: shows the snapshot page (网页快照页), for tests. */
  readonly forceSnapShot?: boolean | undefined;
  /** Website app: language of the page, `cn` or `en`. */
  readonly lang?: string | undefined;
  readonly [name: string]: string | number | boolean | undefined;
}

interface AuthorizeRequest {
  readonly appid: string;
  readonly redirect: string;
  readonly state: string | undefined;
  readonly scope: string | undefined;
  readonly params: AuthorizeParams | undefined;
  /** The AppID of the third-party platform that acts for the account. */
  readonly componentAppId?: string | undefined;
}

/**
 * The address of an authorization request. WeChat compares it strictly, including the order of the parameters
 * and the fragment.
 */
export function authorizeURL(
  open: string,
  flow: PageFlow,
  { appid, redirect, state, scope, params, componentAppId }: AuthorizeRequest,
): string {
  const { page, scopes } = FLOWS[flow];
  const standard = {
    appid,
    redirect_uri: redirect,
    response_type: 'code',
    // As in wechat-oauth, an empty scope counts as not given.
    scope: withDefault(scope, scopes.defaultScope),
    state: withDefault(state, ''),
    ...(componentAppId !== undefined && { component_appid: componentAppId }),
  };
  // Encoded separately, because an object puts names that look like numbers first.
  const query = [encode(standard), encode(furtherParams(params ?? {}, Object.keys(standard)))]
    .filter(Boolean)
    .join('&');
  return `${open}${page.path}?${query}#wechat_redirect`;
}

function withDefault(given: string | undefined, fallback: string): string {
  if (given) return given;
  return fallback;
}

function furtherParams(
  params: AuthorizeParams,
  standard: readonly string[],
): Record<string, string | number | boolean> {
  const given = Object.entries(params).filter(
    (entry): entry is [string, string | number | boolean] => entry[1] != null,
  );
  const taken = given.find(([name]) => standard.includes(name));
  if (taken) {
    throw new WechatAuthError(
      'config',
      `The parameter ${taken[0]} of an authorization request is a standard one. ` +
        'Leave it out of the further parameters: it comes from an argument or from this package.',
    );
  }
  return Object.fromEntries(given);
}

function encode(params: Record<string, string | number | boolean>): string {
  try {
    return querystring.stringify(params);
  } catch (cause) {
    throw new WechatAuthError(
      'config',
      'A parameter of an authorization request holds a lone surrogate (half a character), which cannot be encoded. ' +
        'Cut strings between code points.',
      { cause },
    );
  }
}

/** The fault of an endpoint, if it has one. A path is allowed, because gateways may have one. */
export function endpointFault(address: string): string | undefined {
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return 'is not an http: or https: address';
  const { search, hash, username, password } = new URL(address);
  if (search || hash) return 'has a query or a fragment';
  if (username || password) return 'has a user name or a password in it';
  return undefined;
}

/** JavaScript may also pass a URL, and `null` for an address that is not given. */
type LooseEndpoint = string | URL | null | undefined;

/** Fills in WeChat's own addresses, and removes slashes at the end. */
export function resolveEndpoints(endpoints: {
  readonly [Name in keyof WechatEndpoints]?: LooseEndpoint;
}): WechatEndpoints {
  return { open: resolveEndpoint('open', endpoints.open), api: resolveEndpoint('api', endpoints.api) };
}

function resolveEndpoint(name: keyof WechatEndpoints, given: LooseEndpoint): string {
  if (given === null || given === undefined) return WECHAT[name];
  const address = String(given);
  const fault = endpointFault(address);
  if (fault) {
    const shown = maskUserInfo(inspect(address));
    throw new WechatAuthError(
      'config',
      `endpoints.${name} ${fault}: ${shown}. Give an address such as ${WECHAT[name]}.`,
    );
  }
  return withoutEndSlashes(address);
}

function withoutEndSlashes(address: string): string {
  let end = address.length;
  while (address.charAt(end - 1) === '/') end -= 1;
  return address.slice(0, end);
}
