/**
 * Who logged in, in the words of WeChat ([userinfo](https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsuserinfo.html)). After a silent
 * `snsapi_base` login there are only the ids.
 */
export interface WechatUser {
  /** Who this is for one app: 28 characters, another for each app. */
  readonly openid: string;
  /** Who this is for all apps of one Open Platform account. */
  readonly unionid?: string;
  /** As the user typed it, emoji included; may be empty, 微信用户, or 用户已经注销. */
  readonly nickname?: string;
  /** An address that dies when the user changes the picture; its last part is the size: 0 (640×640), 46, 64, 96 or 132. */
  readonly headimgurl?: string;
  /** Always 0 since October 2021. */
  readonly sex?: number;
  /** Empty since October 2021. */
  readonly language?: string;
  /** Empty since October 2021. */
  readonly city?: string;
  /** Empty since October 2021. */
  readonly province?: string;
  /** Empty since October 2021. */
  readonly country?: string;
  /** Such as `['chinaunicom']`; mostly empty. */
  readonly privilege?: readonly string[];
  /** 1 for a virtual account of the snapshot page, else absent. */
  readonly is_snapshotuser?: number;
  /** Fields that WeChat adds later are kept. */
  readonly [field: string]: unknown;
}

/** The languages in which WeChat names country, province and city. */
export type WechatLang = 'zh_CN' | 'zh_TW' | 'en';
