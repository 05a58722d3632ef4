/**
 * The fields that a response of WeChat must have, and their limits. A response that breaks one is refused.
 */
import * as z from 'zod';
import { integerOf } from './read-json';

const MAX_TOKEN = 2_048;
const MAX_TEXT = 1_024;
const MAX_SCOPES = 20;
const MAX_TEXTS = 100;
const MAX_LEVELS = 8;

/**
 * An openid or a unionid becomes part of a key in a store. The id `x:lock` would be the key of another user's
 * lock.
 */
const id = z.string().regex(/^[\w-]{1,64}$/, 'is not 1 to 64 characters of A-Z, a-z, 0-9, _ and -');

const token = z.string().min(1).max(MAX_TOKEN);
const text = z.string().max(MAX_TEXT);
const scope = z
  .string()
  .refine((names) => names.length <= MAX_TEXT && scopesIn(names) <= MAX_SCOPES, 'is too long');

function scopesIn(names: string): number {
  return names.split(/[\s,]+/).filter(Boolean).length;
}

/** A number, or a number sent as a string: WeChat's older documentation shows both. */
const numeric = z.preprocess((value) => integerOf(value) ?? value, z.number());

/** The length is checked first, so that a list of a hundred thousand values is refused at once. */
const texts = z.custom<string[]>(
  (value) =>
    Array.isArray(value) &&
    value.length <= MAX_TEXTS &&
    value.every((each) => typeof each === 'string' && each.length <= MAX_TEXT),
  'is not a list of texts',
);

/** A field that WeChat may add later. It is kept; if it is too large, the response is refused. */
const other = z.custom<unknown>(isSmall, 'is too large').transform(withoutUnsafeNames);

function isSmall(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= MAX_TEXT;
  return !isNested(value) || (isShallow(value) && JSON.stringify(value).length <= MAX_TEXT);
}

/**
 * Checks level by level, because recursion into a hundred thousand levels of JSON would overflow the stack.
 */
function isShallow(value: object): boolean {
  let level: object[] = [value];
  // The response itself is the first level.
  for (let depth = 2; depth <= MAX_LEVELS; depth++) {
    const inner = level.flatMap((each) => Object.values(each as Record<string, unknown>));
    level = inner.filter(isNested);
    if (level.length === 0) return true;
    if (inner.length > MAX_TEXT) return false;
  }
  return false;
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Names such as `__proto__` would change the object that they are copied to. */
function withoutUnsafeNames(value: unknown): unknown {
  if (!isNested(value)) return value;
  return JSON.parse(JSON.stringify(value), (name, inner: unknown) =>
    name in Object.prototype ? undefined : inner,
  );
}

export const RESPONSES = {
  /** `/sns/oauth2/access_token` and `/sns/oauth2/refresh_token` (微信网页授权, steps 2 and 3). */
  token: z
    .object({
      access_token: token,
      expires_in: numeric.refine((seconds) => seconds >= 0),
      refresh_token: token.nullish(),
      openid: id,
      scope: scope.nullish(),
      unionid: id.nullish(),
      is_snapshotuser: numeric.nullish(),
    })
    .catchall(other),

  /** `/sns/userinfo` (拉取用户信息). */
  user: z
    .object({
      openid: id,
      nickname: text.nullish(),
      sex: numeric.nullish(),
      language: text.nullish(),
      city: text.nullish(),
      province: text.nullish(),
      country: text.nullish(),
      headimgurl: z.string().max(2_048).nullish(),
      privilege: texts.nullish(),
      unionid: id.nullish(),
    })
    .catchall(other),

  /** `/sns/auth` (检验授权凭证). */
  verified: z
    .object({
      errcode: z.preprocess((value) => integerOf(value), z.literal(0)),
      errmsg: text,
    })
    .catchall(other),

  /** `/sns/jscode2session` (小程序登录). */
  session: z
    .object({
      session_key: token,
      openid: id,
      unionid: id.nullish(),
    })
    .catchall(other),
};

export type ResponseSchemas = typeof RESPONSES;
export type ResponseName = keyof ResponseSchemas;
export type Responses = { [Name in ResponseName]: z.output<ResponseSchemas[Name]> };
