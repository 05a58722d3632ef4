/** Environment variables that stand in for options that are not given. */
import { WECHAT } from '../../oauth/endpoints';
import { FLOWS, ACCOUNT_FLOWS, type AccountFlow } from '../../oauth/flows';
import type { AuthOptions, WechatCredentials } from './options';
import type { OptionFault } from './options-error';
import { isOptionsObject, ownCopy } from './own-options';

/** Path of an option → the environment variable that stands in for it. */
export const ENVIRONMENT: ReadonlyMap<string, string> = new Map([
  ...ACCOUNT_FLOWS.flatMap((flow) => {
    const { option, env } = FLOWS[flow].credentials;
    const prefix = option === undefined ? '' : `${option}.`;
    return [
      [`${prefix}appId`, env.appId],
      [`${prefix}appSecret`, env.appSecret],
    ] as const;
  }),
  ['baseURL', 'WECHAT_BASE_URL'],
  ['relay', 'WECHAT_RELAY'],
  ['endpoints.open', 'WECHAT_OPEN_URL'],
  ['endpoints.api', 'WECHAT_API_URL'],
]);

/** The value of the variable; an empty one counts as not set. */
function fromEnvironment(path: string): string | undefined {
  const value = process.env[ENVIRONMENT.get(path) ?? ''];
  return value?.trim() === '' ? undefined : value;
}

/** Null and other wrong values count as given: the checks report them. */
function orEnvironment(given: string | undefined, path: string): string | undefined {
  if (given !== undefined) return given;
  return fromEnvironment(path);
}

/** The options with the environment filled in. Faulty values stay as they are; the checks report them. */
export function withEnvironment(given: AuthOptions): AuthOptions {
  if (!isOptionsObject(given)) return given;
  const { baseURL, relay, endpoints } = given;
  return ownCopy({
    ...given,
    // The option `account` alone names the accounts.
    ...(given.account === undefined && credentialsWithEnvironment(given)),
    baseURL: orEnvironment(baseURL, 'baseURL'),
    relay: orEnvironment(relay, 'relay'),
    endpoints: filled(endpoints, {
      open: fromEnvironment('endpoints.open') ?? WECHAT.open,
      api: fromEnvironment('endpoints.api') ?? WECHAT.api,
    }),
  });
}

function credentialsWithEnvironment(given: AuthOptions): AuthOptions {
  const { appId, appSecret, component } = given;
  return {
    ...Object.fromEntries(ACCOUNT_FLOWS.flatMap((flow) => accountEntry(given, flow))),
    appId: orEnvironment(appId, 'appId'),
    // With a third-party platform, no AppSecret is needed.
    appSecret: component === undefined ? orEnvironment(appSecret, 'appSecret') : appSecret,
  };
}

/**
 * The credentials of an account that has an option of its own, such as `website`. Their value is undefined if
 * neither the AppID nor the AppSecret is known. The list is empty for the official account, whose options are
 * top-level ones.
 */
function accountEntry(
  given: AuthOptions,
  flow: AccountFlow,
): [name: string, credentials: WechatCredentials | undefined][] {
  const { option } = FLOWS[flow].credentials;
  if (option === undefined) return [];
  const account = filled(given[option], {
    appId: fromEnvironment(`${option}.appId`),
    appSecret: fromEnvironment(`${option}.appSecret`),
  });
  const isEmpty = isOptionsObject(account) && Object.values(account).every((value) => value === undefined);
  return [[option, isEmpty ? undefined : account]];
}

/** The options that hold credentials, or one request's result of the option `account`. */
export type CredentialOptions = Pick<
  AuthOptions,
  'appId' | 'appSecret' | 'website' | 'miniProgram' | 'mobileApp' | 'component'
>;

/** The credentials of a flow, wherever the options hold them. */
export function credentialsOf(options: CredentialOptions, flow: AccountFlow): WechatCredentials {
  const { option } = FLOWS[flow].credentials;
  const holder = option === undefined ? options : options[option];
  return isOptionsObject(holder) ? holder : ownCopy({});
}

function filled<T extends object>(
  given: T | undefined,
  defaults: { readonly [K in keyof T]: T[K] | undefined },
): T {
  return given !== undefined && !isOptionsObject(given) ? given : (withDefaults(given, defaults) as T);
}

/**
 * The given values, and defaults for the others. An undefined value counts as not given, and so does
 * something that cannot hold values, which the checks report.
 */
export function withDefaults<D extends object>(
  given: { readonly [K in keyof D]?: D[K] | undefined } | undefined,
  defaults: D,
): D {
  const values = isOptionsObject(given) ? Object.entries(given) : [];
  const own = values.filter(([, value]) => value !== undefined);
  return ownCopy({ ...defaults, ...Object.fromEntries(own) });
}

/** Adds the name of the environment variable to the message, if the faulty value came from there. */
export function withSource({ path, message }: OptionFault, given: AuthOptions): OptionFault {
  const variable = ENVIRONMENT.get(path);
  if (variable === undefined || message.startsWith('is missing')) return { path, message };
  const [first = '', second] = path.split('.');
  const value = (given as Record<string, unknown>)[first];
  const inCode =
    second === undefined
      ? value
      : isOptionsObject(value)
        ? (value as Record<string, unknown>)[second]
        : undefined;
  return { path, message: inCode === undefined ? `${message} It comes from ${variable}.` : message };
}
