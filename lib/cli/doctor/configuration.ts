/** What the doctor checks: values from flags, environment variables and defaults. */
import { WECHAT } from '../../oauth/endpoints';
import { ACCOUNT_FLOWS, isPageFlow, type AccountFlow, type PageAccountFlow } from '../../oauth/flows';

export interface App {
  readonly appId: string | undefined;
  readonly appSecret: string | undefined;
}

export interface Configuration {
  /** The app of each flow. Its AppID, its AppSecret or both may be missing. */
  readonly apps: Readonly<Partial<Record<AccountFlow, App>>>;
  /** The third-party platform that acts for the official account. */
  readonly component?: { readonly appId: string; readonly accessToken: string | undefined } | undefined;
  /**
   * How `--account` names the account to check; undefined for an app without the option `account`, which
   * serves one account.
   */
  readonly accountBy?: 'host' | 'path' | 'appId' | undefined;
  readonly baseURL: string | undefined;
  /** The address of the relay that stands in WeChat's console in place of the app. */
  readonly relay: string | undefined;
  /** The address of WeChat's login pages, without a slash at its end. */
  readonly open: string;
  /** The address of WeChat's API, without a slash at its end. */
  readonly api: string;
  /** Whether a flag holds a secret: other users of this machine can read it in the process list. */
  readonly hasSecretInFlag: boolean;
  readonly isProduction: boolean;
}

export function appOf({ apps }: Pick<Configuration, 'apps'>, flow: AccountFlow): App {
  return apps[flow] ?? { appId: undefined, appSecret: undefined };
}

export function isGiven(configuration: Pick<Configuration, 'apps'>, flow: AccountFlow): boolean {
  const { appId, appSecret } = appOf(configuration, flow);
  return appId !== undefined || appSecret !== undefined;
}

/**
 * Whether the running app must show the AppID of this flow: the app serves many accounts (`--account`), and
 * for this flow only the AppSecret, or the platform, is given.
 */
export function takesAppIdFromApp(configuration: Configuration, flow: AccountFlow): flow is PageAccountFlow {
  const { appId, appSecret } = appOf(configuration, flow);
  const hasProof = appSecret !== undefined || componentOf(configuration, flow) !== undefined;
  return configuration.accountBy !== undefined && isPageFlow(flow) && appId === undefined && hasProof;
}

/** @param shown the AppIDs that the running app sends to WeChat */
export function withShownAppIds(
  configuration: Configuration,
  shown: Readonly<Partial<Record<PageAccountFlow, string>>>,
): Configuration {
  const added = ACCOUNT_FLOWS.flatMap((flow) =>
    takesAppIdFromApp(configuration, flow) && shown[flow] !== undefined
      ? [[flow, { ...appOf(configuration, flow), appId: shown[flow] }] as const]
      : [],
  );
  return { ...configuration, apps: { ...configuration.apps, ...Object.fromEntries(added) } };
}

/** The platform that acts for the account of this flow. */
export function componentOf(
  { component }: Pick<Configuration, 'component'>,
  flow: AccountFlow,
): Configuration['component'] {
  return flow === 'official' ? component : undefined;
}

/**
 * The hosts of WeChat's API: the general one, its disaster recovery (api2), Shanghai, Shenzhen and Hong Kong
 * (微信公众平台接口域名说明).
 */
const WECHAT_API = /^https:\/\/(?:api2?|sh\.api|sz\.api|hk\.api)\.weixin\.qq\.com$/;

export function isWechatAPI(api: string): boolean {
  return WECHAT_API.test(api);
}

/**
 * Whether logins go to WeChat's own pages, which compare the redirect URI with the callback domain in the
 * console.
 */
export function usesRealPages({ open }: Pick<Configuration, 'open'>): boolean {
  return open === WECHAT.open;
}

/** Whether both addresses are WeChat's own: neither an emulator nor a gateway. */
export function usesRealWechat({ open, api }: Pick<Configuration, 'open' | 'api'>): boolean {
  return usesRealPages({ open }) && isWechatAPI(api);
}
