/**
 * Checks the options and builds everything that follows from them, or throws one error that lists every
 * fault.
 */
import { WECHAT } from '../../oauth/endpoints';
import { ACCOUNT_FLOWS, FLOWS, isPageFlow, type AccountFlow, type PageFlow } from '../../oauth/flows';
import { OAuth } from '../../oauth/oauth';
import type { OfficialScope } from '../../oauth/scope';
import type { WechatLang } from '../../oauth/user';
import { MemoryTokenStore } from '../../stores/memory-store';
import { Warnings } from '../../warnings';
import { sanitizeReturnTo } from '../http/return-to';
import { fileMap } from '../http/verification-file';
import { CallbackResults } from '../state/callback-results';
import { CodeResults } from '../state/code-results';
import { SessionWatch } from '../state/session-watch';
import type { Account } from './account';
import { baseURLFault, relayAddress, relayFault, splitBase } from './base-url';
import { credentialsOf, withDefaults, withEnvironment, withSource } from './environment';
import { findFaults, readable } from './option-checks';
import type { ChooseFlow, OnError, OnLogin, WechatAuthOptions } from './options';
import { OptionsError, shown, type OptionFault } from './options-error';
import { ownOptions } from './own-options';
import { resolveScanLogin, scanLoginFaults, type ScanLogin } from './scan-login';

/**
 * The options after they were checked, with defaults and environment filled in. After the start, nothing
 * reads the options as the app gave them.
 */
export interface ResolvedOptions {
  readonly accounts: Readonly<Partial<Record<AccountFlow, Account>>>;
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
  /** Absent where scan login is off. */
  readonly scanLogin: ScanLogin | undefined;
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
  readonly callbacks: CallbackResults;
  readonly codes: CodeResults;
  readonly sessions: SessionWatch;
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
export function resolveOptions(given: WechatAuthOptions): ResolvedOptions {
  let options = given;
  const faults = readable(() => {
    const own = ownOptions(given);
    options = withEnvironment(own);
    return faultsOf(options).map((fault) => withSource(fault, own));
  });
  if (faults.length > 0) throw new OptionsError(faults);
  const { preserveSession = true, loginTimeout = LOGIN_TIMEOUT_MS } = options;
  const warnings = new Warnings();
  const callbacks = new CallbackResults(options.tokenStore, loginTimeout);
  return {
    accounts: accountsOf(options),
    base: options.baseURL === undefined ? undefined : splitBase(options.baseURL),
    relay: options.relay === undefined ? undefined : relayAddress(options.relay),
    routes: routesOf(options),
    scope: options.scope ?? 'snsapi_userinfo',
    lang: options.lang ?? 'zh_CN',
    flow: options.flow ?? 'auto',
    scanLogin: resolveScanLogin(options, warnings),
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
    sessionKey: options.sessionKey ?? 'wechat',
    callbacks,
    codes: new CodeResults(options.tokenStore, callbacks, loginTimeout),
    sessions: new SessionWatch(loginTimeout),
    warnings,
  };
}

/** Without an account that sends browsers to WeChat, there is no page to log in on and nothing to call back. */
function routesOf(options: WechatAuthOptions): ResolvedOptions['routes'] {
  const routes = withDefaults(options.routes, DEFAULT_ROUTES);
  const given = ACCOUNT_FLOWS.filter((flow) => credentialsOf(options, flow).appId !== undefined);
  return given.some(isPageFlow) ? routes : { ...routes, login: false, callback: false };
}

function preserver(preserveSession: boolean | readonly string[]): (key: string) => boolean {
  if (typeof preserveSession === 'boolean') return () => preserveSession;
  const keys = new Set(preserveSession);
  return (key) => keys.has(key);
}

function faultsOf(options: WechatAuthOptions): OptionFault[] {
  const perOption = findFaults(options);
  const faultyPaths = new Set(perOption.map(({ path }) => path));
  // An argument that is not an object cannot be checked any further.
  if (faultyPaths.has('')) return perOption;
  const acrossOptions = [
    ...credentialFaults(options),
    ...flowFaults(options),
    ...addressFaults(options, faultyPaths),
    ...routeFaults(options),
    ...scanLoginFaults(options),
  ];
  return [...perOption, ...acrossOptions.filter(({ path }) => !faultyPaths.has(path))];
}

function* credentialFaults(options: WechatAuthOptions): Generator<OptionFault> {
  const { appId, appSecret, website, miniProgram, mobileApp } = options;
  if ([appId, appSecret, website, miniProgram, mobileApp].every((value) => value === undefined)) {
    yield {
      path: 'appId',
      message:
        'is missing, and so is website. Give appId and appSecret of the official account (for pages inside WeChat), ' +
        'website: { appId, appSecret } (for the QR code login), or both; miniProgram or mobileApp for codes that a ' +
        'client posts; or set WECHAT_APP_ID and WECHAT_APP_SECRET.',
    };
  }
  for (const flow of ACCOUNT_FLOWS) {
    const { option, env } = FLOWS[flow].credentials;
    const given = credentialsOf(options, flow);
    const prefix = option === undefined ? '' : `${option}.`;
    if (given.appId !== undefined && given.appSecret === undefined)
      yield { path: `${prefix}appSecret`, message: `is missing. Give it, or set ${env.appSecret}.` };
    if (given.appId === undefined && given.appSecret !== undefined)
      yield { path: `${prefix}appId`, message: `is missing. Give it, or set ${env.appId}.` };
  }
}

function* flowFaults(options: WechatAuthOptions): Generator<OptionFault> {
  const { flow } = options;
  if (!isPageFlow(flow) || credentialsOf(options, FLOWS[flow].account).appId !== undefined) return;
  const { label, credentials } = FLOWS[flow];
  yield {
    path: 'flow',
    message: `is '${flow}', but there is no ${label.en}. Give ${credentials.example}.`,
  };
}

function* addressFaults(
  options: WechatAuthOptions,
  faultyPaths: ReadonlySet<string>,
): Generator<OptionFault> {
  const { baseURL, relay, endpoints, returnTo } = options;
  const usesRealPages =
    typeof endpoints?.open === 'string' && endpoints.open.replace(/(?<!\/)\/+$/, '') === WECHAT.open;
  if (typeof baseURL === 'string' && !faultyPaths.has('baseURL')) {
    // WeChat sees only the relay, so that its rules for callback domains do not apply to the app behind it.
    const fault = baseURLFault(baseURL, usesRealPages && relay === undefined);
    if (fault) yield { path: 'baseURL', message: fault };
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

function* routeFaults({ routes }: WechatAuthOptions): Generator<OptionFault> {
  const paths = Object.entries(withDefaults(routes, DEFAULT_ROUTES)).filter(
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

function accountsOf(options: WechatAuthOptions): ResolvedOptions['accounts'] {
  const {
    endpoints,
    http,
    tokenStore = new MemoryTokenStore(),
    dangerouslyAllowEmulatorInProduction,
  } = options;
  const shared = { tokenStore, endpoints, http, dangerouslyAllowEmulatorInProduction };
  return Object.fromEntries(
    ACCOUNT_FLOWS.flatMap((flow) => {
      const { appId: appid, appSecret: appsecret = '' } = credentialsOf(options, flow);
      const isMiniProgram = FLOWS[flow].exchange === 'sessionKey';
      return appid === undefined
        ? []
        : [[flow, { flow, appid, oauth: new OAuth({ appid, appsecret, isMiniProgram, ...shared }) }]];
    }),
  );
}
