/** What the doctor was given: by flags, by the environment, by its defaults. */
import { WECHAT } from '../../oauth/endpoints';
import type { WechatFlow } from '../../oauth/flows';

export interface App {
  readonly appId: string | undefined;
  readonly appSecret: string | undefined;
}

export interface Configuration {
  readonly apps: Readonly<Record<WechatFlow, App>>;
  readonly baseURL: string | undefined;
  readonly open: string;
  readonly api: string;
  /** Whether an AppSecret came by a flag, where other users of this machine can read it. */
  readonly hasSecretInFlag: boolean;
  readonly isProduction: boolean;
}

export function isGiven({ appId, appSecret }: App): boolean {
  return appId !== undefined || appSecret !== undefined;
}

/** WeChat's API has more hosts: the nearest one, disaster recovery, regions (微信公众平台接口域名说明). */
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

/** Neither an emulator nor a gateway. */
export function usesRealWechat({ open, api }: Pick<Configuration, 'open' | 'api'>): boolean {
  return usesRealPages({ open }) && isWechatAPI(api);
}
