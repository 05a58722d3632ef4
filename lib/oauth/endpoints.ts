import querystring from 'node:querystring';
import { inspect } from 'node:util';
import { WechatAuthError } from '../errors';
import { FLOWS, type WechatFlow } from './flows';

/**
 * Where WeChat is: its own addresses, or those of a gateway, another region, the emulator; http: or https:, a
 * path is allowed.
 */
export interface WechatEndpoints {
  /**
   * Where browsers are sent.
   *
   * @default 'https://open.weixin.qq.com'
   */
  readonly open: string;
  /**
   * Where codes and tokens are exchanged.
   *
   * @default 'https://api.weixin.qq.com'
   */
  readonly api: string;
}

/** What is not given is WeChat's own. */
export type WechatEndpointOptions = {
  readonly [Name in keyof WechatEndpoints]?: WechatEndpoints[Name] | undefined;
};

export const WECHAT: WechatEndpoints = {
  open: 'https://open.weixin.qq.com',
  api: 'https://api.weixin.qq.com',
};

/**
 * One interface of WeChat's API. It names its secrets, so that they are masked wherever a response echoes
 * them.
 */
export interface ApiEndpoint {
  readonly path: string;
  /** Parameters whose values are secret. */
  readonly secrets: readonly string[];
  /** Fields of the response whose values are secret. */
  readonly secretFields: readonly string[];
}

const TOKENS = ['access_token', 'refresh_token'] as const;

export const API = {
  accessToken: { path: '/sns/oauth2/access_token', secrets: ['secret', 'code'], secretFields: TOKENS },
  refreshToken: { path: '/sns/oauth2/refresh_token', secrets: ['refresh_token'], secretFields: TOKENS },
  auth: { path: '/sns/auth', secrets: ['access_token'], secretFields: [] },
  userInfo: { path: '/sns/userinfo', secrets: ['access_token'], secretFields: [] },
  sessionKey: { path: '/sns/jscode2session', secrets: ['secret', 'js_code'], secretFields: ['session_key'] },
} as const satisfies Record<string, ApiEndpoint>;

/**
 * More parameters of an authorize address
 * ([网页授权](https://developers.weixin.qq.com/doc/service/guide/h5/auth.html)), placed before
 * `#wechat_redirect`; an undefined one is left out, a standard one refused.
 */
export interface AuthorizeParams {
  /** Official account: asks for consent even where it would be silent, save in the account's own chat. */
  readonly forcePopup?: boolean | undefined;
  /** Official account: shows the snapshot page (网页快照页), for tests. */
  readonly forceSnapShot?: boolean | undefined;
  /** Website app: language of the page, `cn` or `en`. */
  readonly lang?: string | undefined;
  readonly [name: string]: string | number | boolean | undefined;
}

const STANDARD = ['appid', 'redirect_uri', 'response_type', 'scope', 'state'];

interface AuthorizeRequest {
  readonly appid: string;
  readonly redirect: string;
  readonly state: string | undefined;
  readonly scope: string | undefined;
  readonly params: AuthorizeParams | undefined;
}

/**
 * The address of a page. WeChat matches it strictly: the order of the parameters and the fragment are part of
 * it.
 */
export function authorizeURL(
  open: string,
  flow: WechatFlow,
  { appid, redirect, state, scope, params }: AuthorizeRequest,
): string {
  const { page, scopes } = FLOWS[flow];
  const standard = {
    appid,
    redirect_uri: redirect,
    response_type: 'code',
    // An empty one counts as not given, as in wechat-oauth.
    scope: withDefault(scope, scopes.defaultScope),
    state: withDefault(state, ''),
  };
  // Apart, since an object puts names that look like numbers first.
  const query = [encode(standard), encode(furtherParams(params ?? {}))].filter(Boolean).join('&');
  return `${open}${page.path}?${query}#wechat_redirect`;
}

function withDefault(given: string | undefined, fallback: string): string {
  if (given) return given;
  return fallback;
}

function furtherParams(params: AuthorizeParams): Record<string, string | number | boolean> {
  const given = Object.entries(params).filter(
    (entry): entry is [string, string | number | boolean] => entry[1] != null,
  );
  const twice = given.find(([name]) => STANDARD.includes(name));
  if (twice) {
    throw new WechatAuthError(
      'config',
      `The parameter ${twice[0]} of an authorize address has a place of its own: pass it there, not among the further ones.`,
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
      'A parameter of an authorize address holds half a character (a lone surrogate), which no address can hold. Cut strings by code points.',
      { cause },
    );
  }
}

/** Says what is wrong with an endpoint, or nothing. A path is allowed: gateways have one. */
export function endpointFault(address: string): string | undefined {
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return 'is no http: or https: address';
  const { search, hash, username, password } = new URL(address);
  if (search || hash) return 'has a query or a fragment';
  if (username || password) return 'has a user or a password in it';
  return undefined;
}

/** What JavaScript may pass as an address: also a URL, and also `null` for one that is not given. */
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
    const shown = inspect(address).replace(/\/\/[^/]*@/, '//***@');
    throw new WechatAuthError(
      'config',
      `endpoints.${name} ${fault}: ${shown}. Give an address such as ${WECHAT[name]}.`,
    );
  }
  return address.replace(/\/+$/, '');
}
