/** What the options leave out may stand in the environment. */
import { WECHAT } from '../../oauth/endpoints';
import type { OptionFault } from './options-error';
import type { WechatAuthOptions } from './options';

const ENVIRONMENT = {
  appId: 'WECHAT_APP_ID',
  appSecret: 'WECHAT_APP_SECRET',
  'website.appId': 'WECHAT_WEBSITE_APP_ID',
  'website.appSecret': 'WECHAT_WEBSITE_APP_SECRET',
  baseURL: 'WECHAT_BASE_URL',
  'endpoints.open': 'WECHAT_OPEN_URL',
  'endpoints.api': 'WECHAT_API_URL',
} as const;

/** What is given, even wrongly, else what stands in the environment, where an empty value counts as none. */
function orEnvironment(given: string | undefined, path: keyof typeof ENVIRONMENT): string | undefined {
  if (given !== undefined) return given;
  const value = process.env[ENVIRONMENT[path]];
  return value?.trim() === '' ? undefined : value;
}

/** The options in objects of our own, with what stands in the environment. What is wrong stays wrong. */
export function withEnvironment(given: WechatAuthOptions): WechatAuthOptions {
  if (!isObject(given)) return given;
  const { appId, appSecret, website, baseURL, endpoints, http, ...others } = given;
  const site = filled(website, {
    appId: orEnvironment(undefined, 'website.appId'),
    appSecret: orEnvironment(undefined, 'website.appSecret'),
  });
  return {
    ...others,
    appId: orEnvironment(appId, 'appId'),
    appSecret: orEnvironment(appSecret, 'appSecret'),
    website: isObject(site) && Object.values(site).every((value) => value === undefined) ? undefined : site,
    baseURL: orEnvironment(baseURL, 'baseURL'),
    endpoints: filled(endpoints, {
      open: orEnvironment(undefined, 'endpoints.open') ?? WECHAT.open,
      api: orEnvironment(undefined, 'endpoints.api') ?? WECHAT.api,
    }),
    http: isObject(http) ? { ...http } : http,
  };
}

function filled<T extends object>(
  given: T | undefined,
  defaults: { readonly [K in keyof T]: T[K] | undefined },
): T {
  return given !== undefined && !isObject(given) ? given : (withDefaults(given, defaults) as T);
}

/** What is given over what is not; undefined counts as not given. */
export function withDefaults<D extends object>(
  given: { readonly [K in keyof D]?: D[K] | undefined } | undefined,
  defaults: D,
): D {
  const own = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(own) };
}

/** Says where a faulty value came from, when it does not stand in the code. */
export function withSource({ path, message }: OptionFault, given: WechatAuthOptions): OptionFault {
  if (!Object.hasOwn(ENVIRONMENT, path) || message.startsWith('is missing')) return { path, message };
  const [first = '', second] = path.split('.');
  const value = (given as Record<string, unknown>)[first];
  const inCode = second === undefined ? value : isObject(value) && (value as Record<string, unknown>)[second];
  const name = ENVIRONMENT[path as keyof typeof ENVIRONMENT];
  return inCode === undefined || inCode === false
    ? { path, message: `${message} It comes from ${name}.` }
    : { path, message };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
