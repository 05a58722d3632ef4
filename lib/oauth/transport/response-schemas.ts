/**
 * The fields that a response of WeChat must have, and their limits. A response that breaks one is refused.
 */
import * as v from 'valibot';
import { isObject } from '../../is-object';
import { isSmall, MAX_TEXT } from '../json-limits';
import { withoutUnsafeNames } from '../unsafe-names';
import { isId } from '../user';
import { integerOf } from './read-json';

const MAX_TOKEN = 2_048;
const MAX_ADDRESS = 2_048;
const MAX_SCOPES = 20;
const MAX_TEXTS = 100;

// Each check has a message of its own: Valibot's own messages repeat the value, which may be a secret. A text
// has one check, because each step of a pipe costs another run of Valibot.
const NOT_STRING = 'is not a string';
const NOT_NUMBER = 'is not a number';
const TOO_LONG = 'is too long';
const TOO_LARGE = 'is too large';
const EMPTY = 'is empty';

const NOT_ID = 'is not 1 to 64 characters of A-Z, a-z, 0-9, _ and -';
/**
 * An openid becomes part of a key in a store, where `x:lock` would be the key of another user's lock. Apps
 * use a unionid in the same way.
 */
const id = v.custom<string>((value) => typeof value === 'string' && isId(value), NOT_ID);

const textOf = (most: number, least = 0): v.GenericSchema<string> =>
  v.custom<string>(
    (value) => typeof value === 'string' && value.length <= most && value.length >= least,
    ({ input }) => {
      if (typeof input !== 'string') return NOT_STRING;
      return input.length > most ? TOO_LONG : EMPTY;
    },
  );

const token = textOf(MAX_TOKEN, 1);
const text = textOf(MAX_TEXT);
const scope = v.pipe(
  text,
  v.check((names) => scopesIn(names).length <= MAX_SCOPES, TOO_LONG),
  v.transform((names) =>
    scopesIn(names).every(isScope) ? names : scopesIn(names).filter(isScope).join(','),
  ),
);

function scopesIn(names: string): string[] {
  return names.split(/[\s,]+/).filter(Boolean);
}

/** Anything else is dropped: the scope is in sessions and messages, and a gateway may echo secrets in it. */
function isScope(name: string): boolean {
  return /^[a-z][a-z_.]{0,49}$/i.test(name);
}

/** A number, or a number sent as a string: WeChat's older documentation shows both. */
const numeric = v.pipe(
  v.unknown(),
  v.transform((value) => integerOf(value) ?? value),
  v.number(NOT_NUMBER),
  v.finite(NOT_NUMBER),
);

/** The length is checked first, so that a list of a hundred thousand values is refused at once. */
const texts = v.custom<string[]>(
  (value) =>
    Array.isArray(value) &&
    value.length <= MAX_TEXTS &&
    value.every((each) => typeof each === 'string' && each.length <= MAX_TEXT),
  'is not a list of texts',
);

/** A field that WeChat may add later. It is kept; if it is too large, the response is refused. */
const other = v.pipe(
  v.unknown(),
  v.check((value) => isSmall(value), TOO_LARGE),
  v.transform(safeCopy),
);

function safeCopy(value: unknown): unknown {
  return isObject(value) ? withoutUnsafeNames(value) : value;
}

/** A response with these fields, and others. */
function response<Entries extends v.ObjectEntries>(
  entries: Entries,
): v.ObjectWithRestSchema<Entries, typeof other, (issue: { readonly path?: unknown }) => string> {
  // Valibot also reads inherited entries, such as those of a polluted `Object.prototype`.
  const own = Object.assign(Object.create(null) as object, entries);
  return v.objectWithRest(own, other, ({ path }) => (path ? 'is missing' : 'is not an object'));
}

const RESPONSES = {
  /** `/sns/oauth2/access_token` and `/sns/oauth2/refresh_token` (微信网页授权, steps 2 and 3). */
  token: response({
    access_token: token,
    expires_in: v.pipe(numeric, v.minValue(0, 'is negative')),
    refresh_token: v.nullish(token),
    openid: id,
    scope: v.nullish(scope),
    unionid: v.nullish(id),
    is_snapshotuser: v.nullish(numeric),
  }),

  /** `/sns/userinfo` (拉取用户信息). */
  user: response({
    openid: id,
    nickname: v.nullish(text),
    sex: v.nullish(numeric),
    language: v.nullish(text),
    city: v.nullish(text),
    province: v.nullish(text),
    country: v.nullish(text),
    headimgurl: v.nullish(textOf(MAX_ADDRESS)),
    privilege: v.nullish(texts),
    unionid: v.nullish(id),
  }),

  /** `/sns/auth` (检验授权凭证). */
  verified: response({
    errcode: v.pipe(
      v.unknown(),
      v.transform((value) => integerOf(value)),
      v.literal(0, 'is not 0'),
    ),
    errmsg: text,
  }),

  /** `/sns/jscode2session` (小程序登录). */
  session: response({
    session_key: token,
    openid: id,
    unionid: v.nullish(id),
  }),
};

export type ResponseName = keyof typeof RESPONSES;
export type Responses = { [Name in ResponseName]: v.InferOutput<(typeof RESPONSES)[Name]> };

/** Returns the checked fields of a response, or its faults, each of which names its field. */
export type CheckResponse = <Name extends ResponseName>(
  name: Name,
  fields: unknown,
) => { data: Responses[Name]; faults?: never } | { data?: never; faults: readonly string[] };

export const checkResponse: CheckResponse = <Name extends ResponseName>(name: Name, fields: unknown) => {
  const { success, output, issues } = v.safeParse(RESPONSES[name], fields, { abortPipeEarly: true });
  if (success) return { data: output as Responses[Name] };
  return { faults: issues.map((issue) => `${v.getDotPath(issue) ?? 'the response'} ${issue.message}`) };
};
