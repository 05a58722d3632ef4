/** From the options to the parts that are built of them, once; or to one error that lists every fault. */
import { WECHAT, type WechatFlow, type AuthorizeParams } from '../../oauth/endpoints';
import { OAuth } from '../../oauth/oauth';
import { MemoryTokenStore } from '../../stores/memory-store';
import { baseURLFault, splitBase, type Base } from './base-url';
import { withDefaults, withEnvironment, withSource } from './environment';
import { findFaults, readable } from './option-checks';
import { OptionsError, shown, type OptionFault } from './options-error';
import type { WechatCredentials, WechatAuthOptions, ChooseFlow, OnLogin, OnError } from './options';
import { sanitizeReturnTo } from '../http/return-to';
import { CallbackResults } from '../state/shared-logins';
import { Warnings } from '../../warnings';
import type { OfficialScope } from '../../oauth/scope';
import type { WechatLang } from '../../oauth/user';

/** @throws OptionsError that lists every fault. */
export function resolveOptions(given: WechatAuthOptions): ResolvedOptions {
  let options = given;
  const faults = readable(() => {
    options = withEnvironment(given);
    return faultsOf(options).map((fault) => withSource(fault, given));
  });
  const accounts: ResolvedOptions['accounts'] = faults.length > 0 ? {} : accountsOf(options);
  const mainAccount = accounts.official ?? accounts.website;
  if (faults.length > 0 || !mainAccount) throw new OptionsError(faults);
  const { preserveSession = true } = options;
  return {
    accounts,
    mainAccount,
    base: options.baseURL === undefined ? undefined : splitBase(options.baseURL),
    routes: withDefaults(options.routes, DEFAULT_ROUTES),
    scope: options.scope ?? 'snsapi_userinfo',
    lang: options.lang ?? 'zh_CN',
    flow: options.flow ?? 'auto',
    authRequired: options.authRequired ?? false,
    returnTo: options.returnTo,
    loginTimeout: options.loginTimeout ?? 600_000,
    allowSnapshotUsers: options.snapshotUsers === 'allow',
    identity: options.identity ?? 'openid',
    onLogin: options.onLogin,
    onError: options.onError,
    shouldPreserve: preserver(preserveSession),
    verificationFiles: new Map(
      Object.entries(options.verificationFiles ?? {}).map(([name, content]) => [`/${name}`, content]),
    ),
    sessionKey: options.sessionKey ?? 'wechat',
    logins: new CallbackResults(options.tokenStore),
    warnings: new Warnings(),
  };
}

const DEFAULT_ROUTES: ResolvedOptions['routes'] = {
  login: '/login',
  callback: '/callback',
  logout: '/logout',
};

function preserver(preserveSession: boolean | readonly string[]): (key: string) => boolean {
  if (typeof preserveSession === 'boolean') return () => preserveSession;
  const keys = new Set(preserveSession);
  return (key) => keys.has(key);
}

function faultsOf(options: WechatAuthOptions): OptionFault[] {
  const single = findFaults(options);
  const known = new Set(single.map(({ path }) => path));
  // What is of the wrong type cannot be looked at any further.
  if (known.has('')) return single;
  return [...single, ...[...faultsTogether(options, known)].filter(({ path }) => !known.has(path))];
}

/** What options must be together. */
function* faultsTogether(options: WechatAuthOptions, known: ReadonlySet<string>): Generator<OptionFault> {
  const { appId, appSecret, website, baseURL, endpoints, flow, returnTo, routes } = options;
  if (appId === undefined && appSecret === undefined && website === undefined) {
    yield {
      path: 'appId',
      message:
        'is missing, and so is website. Give appId and appSecret of the official account (for pages inside WeChat), website: { appId, appSecret } (for the QR code login), or both; or set WECHAT_APP_ID and WECHAT_APP_SECRET.',
    };
  }
  yield* halfGiven('', 'WECHAT_', { appId, appSecret });
  if (website) yield* halfGiven('website.', 'WECHAT_WEBSITE_', website);
  if (flow === 'official' && appId === undefined)
    yield {
      path: 'flow',
      message: "is 'official', but there is no appId. Give appId and appSecret of the official account.",
    };
  if (flow === 'website' && website === undefined)
    yield {
      path: 'flow',
      message: "is 'website', but there is no website app. Give website: { appId, appSecret }.",
    };
  if (typeof baseURL === 'string' && !known.has('baseURL')) {
    const asksWechat =
      typeof endpoints?.open === 'string' && endpoints.open.replace(/\/+$/, '') === WECHAT.open;
    const fault = baseURLFault(baseURL, asksWechat);
    if (fault) yield { path: 'baseURL', message: fault };
  }
  if (typeof returnTo === 'string' && sanitizeReturnTo(returnTo, []) === undefined) {
    yield {
      path: 'returnTo',
      message: `is ${shown(returnTo)}. Give a path of this app that starts with one slash, such as /home; at most 512 bytes.`,
    };
  }
  const paths = Object.entries(withDefaults(routes, DEFAULT_ROUTES)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  for (const [name, path] of paths) {
    const twin = paths.find(([other, same]) => other !== name && same.toLowerCase() === path.toLowerCase());
    if (twin && twin[0] < name)
      yield {
        path: `routes.${name}`,
        message: `is ${shown(path)}, like routes.${twin[0]}. Give each route a path of its own.`,
      };
  }
}

function* halfGiven(
  prefix: string,
  env: string,
  { appId, appSecret }: WechatCredentials,
): Generator<OptionFault> {
  if (appId !== undefined && appSecret === undefined)
    yield { path: `${prefix}appSecret`, message: `is missing. Give it, or set ${env}APP_SECRET.` };
  if (appId === undefined && appSecret !== undefined)
    yield { path: `${prefix}appId`, message: `is missing. Give it, or set ${env}APP_ID.` };
}

function accountsOf(options: WechatAuthOptions): ResolvedOptions['accounts'] {
  const { appId, appSecret, website, endpoints, http, tokenStore = new MemoryTokenStore() } = options;
  const { dangerouslyAllowEmulatorInProduction } = options;
  const shared = { tokenStore, endpoints, http, dangerouslyAllowEmulatorInProduction };
  const build = (appid: string | undefined, appsecret = ''): OAuth | undefined =>
    appid === undefined ? undefined : new OAuth({ appid, appsecret, ...shared });
  const official = build(appId, appSecret);
  const site = build(website?.appId, website?.appSecret);
  return {
    ...(official && {
      official: { flow: 'official', oauth: official, page: official.getAuthorizeURL.bind(official) },
    }),
    ...(site && {
      website: { flow: 'website', oauth: site, page: site.getAuthorizeURLForWebsite.bind(site) },
    }),
  };
}

/** One app that can log people in: what differs between the flows is data. */
export interface Account {
  readonly flow: WechatFlow;
  readonly oauth: OAuth;
  /** The address of WeChat's page. */
  page(redirect: string, state: string, scope: string, params?: AuthorizeParams): string;
}

/** The options, settled: after this, nobody asks what was given. */
export interface ResolvedOptions {
  readonly accounts: Readonly<Partial<Record<WechatFlow, Account>>>;
  /** The official account, else the website app: options without either are refused. */
  readonly mainAccount: Account;
  /** The public address, if it is known. */
  readonly base: Base | undefined;
  readonly routes: {
    readonly login: string | false;
    readonly callback: string | false;
    readonly logout: string | false;
  };
  readonly scope: OfficialScope;
  readonly lang: WechatLang;
  readonly flow: WechatFlow | 'auto' | ChooseFlow;
  readonly authRequired: boolean;
  readonly returnTo: string | undefined;
  readonly loginTimeout: number;
  readonly allowSnapshotUsers: boolean;
  readonly identity: 'openid' | 'unionid';
  readonly onLogin: OnLogin | undefined;
  readonly onError: OnError | undefined;
  readonly shouldPreserve: (key: string) => boolean;
  readonly verificationFiles: ReadonlyMap<string, string>;
  readonly sessionKey: string;
  readonly logins: CallbackResults;
  readonly warnings: Warnings;
}
