/** What WeChat's answers must hold to be believed. Fields that WeChat adds later are kept. */
import * as z from 'zod';
import { integerOf } from './read-json';

/** A number, or a number sent as a string: older pages of WeChat show both. */
const numeric = z.preprocess((value) => integerOf(value) ?? value, z.number());

export const ANSWERS = {
  /** `/sns/oauth2/access_token` and `/sns/oauth2/refresh_token` (微信网页授权, steps 2 and 3). */
  token: z.looseObject({
    access_token: z.string().min(1),
    expires_in: numeric.refine((seconds) => seconds >= 0),
    refresh_token: z.string().nullish(),
    openid: z.string().min(1),
    scope: z.string().nullish(),
    unionid: z.string().nullish(),
    is_snapshotuser: numeric.nullish(),
  }),

  /** `/sns/userinfo` (拉取用户信息). */
  user: z.looseObject({
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
  }),

  /** `/sns/auth` (检验授权凭证). */
  verified: z.looseObject({
    errcode: z.preprocess((value) => integerOf(value), z.literal(0)),
    errmsg: z.string(),
  }),

  /** `/sns/jscode2session` (小程序登录). */
  session: z.looseObject({
    session_key: z.string().min(1),
    openid: z.string().min(1),
    unionid: z.string().nullish(),
  }),
};

export type Answers = { [Name in keyof typeof ANSWERS]: z.output<(typeof ANSWERS)[Name]> };
