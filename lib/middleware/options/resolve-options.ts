/**
 * Checks the options and builds everything that follows from them, or throws one error that lists every
 * fault.
 */
import { lazy } from '../../async/lazy';
import type { WechatAuthError } from '../../errors';
import { WECHAT } from '../../oauth/endpoints';
import { ACCOUNT_FLOWS, FLOWS, isPageFlow, type AccountFlow, type PageFlow } from '../../oauth/flows';
import { OAuth, useConnections } from '../../oauth/oauth';
import type { OfficialScope } from '../../oauth/scope';
import { agentsFor } from '../../oauth/transport/agents';
import { resolveHttpOptions } from '../../oauth/transport/http-options';
import type { WechatLang } from '../../oauth/user';
import { MemoryTokenStore } from '../../stores/memory-store';
import { Warnings } from '../../warnings';
import { sanitizeReturnTo } from '../http/return-to';
import { fileMap } from '../http/verification-file';
import { CallbackResults } from '../state/callback-results';
import { CodeResults } from '../state/code-results';
import { hash } from '../state/hash';
import { SessionWatch } from '../state/session-watch';
import type { Account } from './account';
import { baseURLFault, relayAddress, relayFault, splitBase } from './base-url';
import { besideAccountFaults, credentialFaults, flowFaults, warnOfEmulatorApp } from './credential-faults';
import {
  credentialsOf,
  withDefaults,
  withEnvironment,
  withSource,
  type CredentialOptions,
} from './environment';
import { findFaults, readable } from './option-checks';
import type { AuthOptions, ChooseAccount, ChooseFlow, OnError, OnLogin } from './options';
import { OptionsError, shown, type OptionFault } from './options-error';
import { ownOptions } from './own-options';
import { hasScanLogin, scanLoginFaults, scanLoginResolver, type ScanLogin } from './scan-login';

/**
 * The options after they were checked, with defaults and environment filled in. After the start, nothing
 * reads the options as the app gave them.
 */
export interface ResolvedOptions {
  readonly accounts: Readonly<Partial<Record<AccountFlow, Account>>>;
  /** Set where the option `account` chooses the accounts of each request. */
  readonly byRequest:
    | {
        readonly choose: ChooseAccount;
        /** Creates the accounts and the scan login of credentials, which are known to have no fault. */
        readonly resolve: (credentials: CredentialOptions) => Pick<ResolvedOptions, 'accounts' | 'scanLogin'>;
      }
    | undefined;
  /** Set where `account` found no account for this request. Then `accounts` is empty. */
  readonly missingAccount:
    | {
        /** Whether `account` failed. Otherwise the request belongs to no account. */
        readonly hasFailed: boolean;
        error(): WechatAuthError;
      }
    | undefined;
  /** The public address, if it is known. */
  readonly base: ReturnType<typeof splitBase> | undefined;
  /** The address of the relay that stands in WeChat's console in place of this app. */
  readonly relay: string | undefined;
  readonly routes: {
    readonly login: string | false;
    readonly callback: string | false;
    readonly logout: string | false;
    readonly scan: string | false;
  };
  readonly scope: OfficialScope;
  readonly lang: WechatLang;
  readonly flow: PageFlow | 'auto' | ChooseFlow;
  /** Undefined where scan login is off, and for an account without an AppSecret, which signs the tickets. */
  readonly scanLogin: ScanLogin | undefined;
  /** Whether the routes of a scan login are served. */
  readonly hasScanRoutes: boolean;
  readonly authRequired: boolean;
  readonly returnTo: string | undefined;
  readonly loginTimeout: number;
  readonly allowSnapshotUsers: boolean;
  readonly identity: 'openid' | 'unionid';
  readonly onLogin: OnLogin | undefined;
  readonly onError: OnError | undefined;
  readonly shouldPreserve: (key: string) => boolean;
  /** Whether logins under other session keys survive a login under this one. */
  readonly keepsOtherLogins: boolean;
  readonly verificationFiles: ReadonlyMap<string, string>;
  readonly sessionKey: string;
  /** See {@link namespaceOf}. */
  readonly namespace: string;
  readonly callbackResults: CallbackResults;
  readonly codeResults: CodeResults;
  readonly sessionWatch: SessionWatch;
  readonly warnings: Warnings;
}

/** The default of the option `loginTimeout`. */
export const LOGIN_TIMEOUT_MS = 600_000;

const DEFAULT_ROUTES: ResolvedOptions['routes'] = {
  login: '/login',
  callback: '/callback',
  logout: '/logout',
  scan: '/scan',
};

/** @throws OptionsError that lists every fault. */
export function resolveOptions(given: AuthOptions): ResolvedOptions {
  let options = given;
  const faults = readable(() => {
    const own = ownOptions(given);
    options = withEnvironment(own);
    return faultsOf(options).map((fault) => withSource(fault, own));
  });
  if (faults.length > 0) throw new OptionsError(faults);
  const { preserveSession = true, loginTimeout = LOGIN_TIMEOUT_MS, sessionKey = 'wechat' } = options;
  const warnings = new Warnings();
  const base = options.baseURL === undefined ? undefined : splitBase(options.baseURL);
  const namespace = namespaceOf(sessionKey, base);
  const ofLogins = namespaceOfLogins(options, namespace);
  const resultOptions = { loginTimeout, site: namespace, namespace: ofLogins };
  const callbackResults = new CallbackResults(options.tokenStore, resultOptions);
  const resolve = credentialResolver(options, warnings, namespace);
  const { account } = options;
  return {
    ...(account === undefined ? resolve(options) : { accounts: {}, scanLogin: undefined }),
    byRequest: account && { choose: account, resolve },
    missingAccount: undefined,
    base,
    relay: options.relay === undefined ? undefined : relayAddress(options.relay),
    routes: routesOf(options),
    scope: options.scope ?? 'snsapi_userinfo',
    lang: options.lang ?? 'zh_CN',
    flow: options.flow ?? 'auto',
    hasScanRoutes: hasScanLogin(options),
    authRequired: options.authRequired ?? false,
    returnTo: options.returnTo,
    loginTimeout,
    allowSnapshotUsers: options.snapshotUsers === 'allow',
    identity: options.identity ?? 'openid',
    onLogin: options.onLogin,
    onError: options.onError,
    shouldPreserve: preserver(preserveSession),
    keepsOtherLogins: preserveSession !== false,
    verificationFiles: fileMap(options.verificationFiles),
    sessionKey,
    namespace,
    callbackResults,
    codeResults: new CodeResults(options.tokenStore, callbackResults, resultOptions),
    sessionWatch: new SessionWatch(loginTimeout),
    warnings,
  };
}

/**
 * What separates this `wechatAuth()` from others that share its AppSecret or its token store: the session key
 * separates those of one site, `baseURL` those of several. It is a part of signatures and of tickets, so it
 * is the same in every process and every release of one app.
 */
function namespaceOf(sessionKey: string, base: ResolvedOptions['base']): string {
  return base ? `${sessionKey} ${base.origin}${base.path}` : sessionKey;
}

/**
 * As namespaceOf(), for logins in the shared cache, which live for a minute: an app that admits other users
 * must not take them for its own. Apps that have neither a session key nor a `baseURL` of their own differ at
 * least by the source of `onLogin`.
 */
function namespaceOfLogins(options: AuthOptions, namespace: string): string {
  const { identity = 'openid', snapshotUsers = '', sessionKey, baseURL, onLogin } = options;
  const isNamed = sessionKey !== undefined || baseURL !== undefined;
  const source = isNamed || !onLogin ? '' : Function.prototype.toString.call(onLogin);
  return hash([namespace, identity, snapshotUsers, source]);
}

/** Without an account that sends browsers to WeChat, no browser logs in, and WeChat never sends one back. */
function routesOf(options: AuthOptions): ResolvedOptions['routes'] {
  const routes = withDefaults(options.routes, DEFAULT_ROUTES);
  const given = ACCOUNT_FLOWS.filter((flow) => credentialsOf(options, flow).appId !== undefined);
  return options.account !== undefined || given.some(isPageFlow)
    ? routes
    : { ...routes, login: false, callback: false };
}

function preserver(preserveSession: boolean | readonly string[]): (key: string) => boolean {
  if (typeof preserveSession === 'boolean') return () => preserveSession;
  const keys = new Set(preserveSession);
  return (key) => keys.has(key);
}

function faultsOf(options: AuthOptions): OptionFault[] {
  const perOption = findFaults(options);
  const faultyPaths = new Set(perOption.map(({ path }) => path));
  // An argument that is not an object cannot be checked any further.
  if (faultyPaths.has('')) return perOption;
  const acrossOptions = [
    ...(options.account === undefined
      ? [...credentialFaults(options, true), ...flowFaults(options.flow, options)]
      : besideAccountFaults(options)),
    ...addressOptionFaults(options, faultyPaths),
    ...routeFaults(options),
    ...scanLoginFaults(options),
  ];
  return [...perOption, ...acrossOptions.filter(({ path }) => !faultyPaths.has(path))];
}

function* addressOptionFaults(
  options: AuthOptions,
  faultyPaths: ReadonlySet<string>,
): Generator<OptionFault> {
  const { baseURL, relay, endpoints, returnTo } = options;
  const usesRealPages =
    typeof endpoints?.open === 'string' && endpoints.open.replace(/(?<!\/)\/+$/, '') === WECHAT.open;
  if (typeof baseURL === 'string' && !faultyPaths.has('baseURL')) {
    // WeChat sees only the relay, so that its rules for callback domains do not apply to the app behind it.
    const fault = baseURLFault(baseURL, usesRealPages && relay === undefined);
    if (fault) yield { path: 'baseURL', message: fault };
    else yield* callbackInBaseURL(baseURL, options);
  }
  if (typeof relay === 'string' && !faultyPaths.has('relay')) {
    const fault = relayFault(relay, usesRealPages);
    if (fault) yield { path: 'relay', message: fault };
  }
  if (typeof returnTo === 'string' && sanitizeReturnTo(returnTo, []) === undefined) {
    yield {
      path: 'returnTo',
      message:
        `is ${shown(returnTo)}. Give a path of this app that starts with one slash, such as /home, ` +
        'and has at most 512 bytes.',
    };
  }
}

/**
 * The fault of a `baseURL` that is the redirect URI, for which other libraries ask, and not the address of
 * the app.
 */
function* callbackInBaseURL(baseURL: string, { routes }: AuthOptions): Generator<OptionFault> {
  const { callback } = withDefaults(routes, DEFAULT_ROUTES);
  const { origin, path } = splitBase(baseURL);
  if (typeof callback !== 'string' || !path.endsWith(callback)) return;
  yield {
    path: 'baseURL',
    message:
      `is ${shown(baseURL)}, which ends with the callback route. Give the address of the app, ` +
      `${shown(origin + path.slice(0, -callback.length))}: wechatAuth() appends ${callback} itself.`,
  };
}

/** The default path of a route that is not served is free for another route. */
function* routeFaults(options: AuthOptions): Generator<OptionFault> {
  const served = routesOf({ ...options, routes: undefined });
  const defaults = hasScanLogin(options) ? served : { ...served, scan: false as const };
  const paths = Object.entries(withDefaults(options.routes, defaults)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  for (const [name, path] of paths) {
    const duplicate = paths.find(
      ([otherName, otherPath]) => otherName !== name && otherPath.toLowerCase() === path.toLowerCase(),
    );
    if (duplicate && duplicate[0] < name)
      yield {
        path: `routes.${name}`,
        message: `is ${shown(path)}, like routes.${duplicate[0]}. Give each route a path of its own.`,
      };
  }
}

/**
 * Returns the function that creates the accounts of credentials. All accounts share the store and the
 * connections.
 */
function credentialResolver(
  options: AuthOptions,
  warnings: Warnings,
  namespace: string,
): NonNullable<ResolvedOptions['byRequest']>['resolve'] {
  const { endpoints, tokenStore = new MemoryTokenStore(), dangerouslyAllowEmulatorInProduction } = options;
  // Resolved once for all accounts, so that an option that is ignored causes one warning only.
  const http = resolveHttpOptions(options.http ?? {});
  const connections = lazy(() => agentsFor(endpoints?.api ?? WECHAT.api, http));
  const shared = { tokenStore, endpoints, http, dangerouslyAllowEmulatorInProduction };
  const scanLoginOf = scanLoginResolver(options, warnings, namespace);
  const accountOf = (flow: AccountFlow, credentials: CredentialOptions): Account | undefined => {
    const { appId: appid, appSecret: appsecret = '' } = credentialsOf(credentials, flow);
    if (appid === undefined) return undefined;
    const component = FLOWS[flow].credentials.option === undefined ? credentials.component : undefined;
    const isMiniProgram = FLOWS[flow].exchange === 'sessionKey';
    const proof = component ? { component } : { appsecret };
    const oauth = new OAuth({ appid, isMiniProgram, ...proof, ...shared });
    useConnections(oauth, connections);
    warnOfEmulatorApp(appid, flow, endpoints, warnings);
    return { flow, appid, oauth };
  };
  return (credentials) => {
    const accounts: Partial<Record<AccountFlow, Account>> = {};
    for (const flow of ACCOUNT_FLOWS) {
      const account = accountOf(flow, credentials);
      if (account) accounts[flow] = account;
    }
    return { accounts, scanLogin: scanLoginOf(credentials) };
  };
}
