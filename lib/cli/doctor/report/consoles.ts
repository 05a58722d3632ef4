/**
 * Where in WeChat's consoles a value stands. Since December 2025 AppID, AppSecret and IP whitelist of an account are at
 * 微信开发者平台, the callback domain is not (developers.weixin.qq.com/doc/service/guide/dev/migration.html).
 */
import type { WechatFlow } from '../../../oauth/flows';
import { bilingual, type Bilingual } from './bilingual';

const PLATFORM = 'developers.weixin.qq.com/platform > 我的业务 > 公众号/服务号 > 基础信息';
const SITE = 'open.weixin.qq.com > 管理中心 > 网站应用 > 详情';

export interface Console {
  readonly name: Bilingual;
  readonly appId: string;
  readonly appSecret: string;
  readonly callbackDomain: string;
}

export const CONSOLES: Readonly<Record<WechatFlow, Console>> = {
  official: {
    name: bilingual('the official account', '公众号'),
    appId: PLATFORM,
    appSecret: `${PLATFORM} > 开发密钥`,
    callbackDomain: 'mp.weixin.qq.com > 设置与开发 > 账号设置 > 功能设置 > 网页授权域名',
  },
  website: {
    name: bilingual('the website app', '网站应用'),
    appId: SITE,
    appSecret: SITE,
    callbackDomain: `${SITE} > 授权回调域`,
  },
};
