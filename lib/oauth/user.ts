import * as z from 'zod';
import { numeric } from './answer';

/** The answer of `/sns/userinfo` (拉取用户信息). */
export const userAnswer = z.looseObject({
  openid: z.string().min(1),
  nickname: z.string().nullish(),
  sex: numeric.nullish(),
  language: z.string().nullish(),
  city: z.string().nullish(),
  province: z.string().nullish(),
  country: z.string().nullish(),
  headimgurl: z.string().nullish(),
  privilege: z.array(z.string()).nullish(),
  unionid: z.string().nullish(),
});

/** Who logged in. After a silent `snsapi_base` login there are only the ids. */
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
  /** Empty since October 2021, like city, province and country. */
  readonly language?: string;
  readonly city?: string;
  readonly province?: string;
  readonly country?: string;
  readonly privilege?: readonly string[];
  /** 1 for a virtual account of the snapshot page, else absent. */
  readonly is_snapshotuser?: number;
  /** Fields that WeChat adds later are kept. */
  readonly [field: string]: unknown;
}

/** The languages in which WeChat names country, province and city. */
export type Lang = 'zh_CN' | 'zh_TW' | 'en';
