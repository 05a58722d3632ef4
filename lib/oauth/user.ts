/**
 * A user, with WeChat's field names
 * ([userinfo](https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsuserinfo.html)). After a
 * silent login (`snsapi_base`) there are only the ids.
 */
export interface WechatUser {
  /** The user's id for this app: 28 characters. Each app sees a different id for the same user. */
  readonly openid: string;
  /** The user's id for all apps that are bound to one Open Platform account. */
  readonly unionid?: string;
  /**
   * As the user typed it, emoji included. It may be empty, 微信用户 (a default) or 用户已经注销 (a deleted account).
   */
  readonly nickname?: string;
  /**
   * Address of the picture. Its last part is the size: 0 (640×640), 46, 64, 96 or 132. It stops working when
   * the user changes the picture.
   */
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
  /** Usually empty; for example `['chinaunicom']`. */
  readonly privilege?: readonly string[];
  /** 1 for a virtual account of the snapshot page; otherwise absent. */
  readonly is_snapshotuser?: number;
  /**
   * Fields that WeChat adds later are kept. A response in which one has more than 1,024 characters of JSON is
   * refused.
   */
  readonly [field: string]: unknown;
}

/** Whether a text has the form of an openid or a unionid. */
export function isId(text: string): boolean {
  return /^[\w-]{1,64}$/.test(text);
}

/** A user of whom only the ids are known. */
export function idsOf({
  openid,
  unionid,
}: {
  readonly openid: string;
  readonly unionid?: string | null | undefined;
}): WechatUser {
  return unionid ? { openid, unionid } : { openid };
}

/** The languages in which WeChat names country, province and city. */
export type WechatLang = 'zh_CN' | 'zh_TW' | 'en';
