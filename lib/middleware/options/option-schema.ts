/** What each option may be, and the words for what it is not. Loads zod, so it is loaded when there are options to check. */
import * as z from 'zod';
import { WECHAT, endpointFault } from '../../oauth/endpoints';
import { shown } from './options-error';

type Complaint = (issue: { input?: unknown; code?: string }) => string | undefined;

const must = (words: string): { error: Complaint } => ({
  error: ({ input }) => `is ${shown(input)}. ${words}`,
});

/** For what holds values that are nobody's business. */
const object = (words: string): { error: Complaint } => ({
  error: ({ input, code }) =>
    code === 'unrecognized_keys'
      ? undefined
      : `is ${typeof input === 'string' ? 'a string' : shown(input)}. ${words}`,
});

const text = (words: string): z.ZodType<string | undefined> =>
  z
    .string(must(words))
    .regex(/^[\u0021-\u007e]+$/, must(words))
    .optional();
const hidden = (words: string): z.ZodType<string | undefined> => {
  const error: Complaint = ({ input }) => {
    if (typeof input !== 'string') return `is ${shown(input)}. ${words}`;
    return `${input.trim() === '' ? 'is empty' : 'holds a blank or another character that no AppSecret has'}. ${words}`;
  };
  return z
    .string({ error })
    .regex(/^[\u0021-\u007e]+$/, { error })
    .optional();
};
const fn = (words: string): z.ZodType =>
  z.custom((value) => value === undefined || typeof value === 'function', must(words)).optional();

const APP_ID =
  'Give the AppID that the WeChat console shows (wx and 16 characters), without blanks or quotes.';
const APP_SECRET = 'Give the AppSecret that the WeChat console shows once, when it is made.';
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/;
const ROUTE = 'Give a path below the mount point, such as /login, or false to leave it out.';

const route = z
  .custom<string | false>(
    (path) => path === false || (typeof path === 'string' && PATH.test(path)),
    must(ROUTE),
  )
  .optional();

const endpoint = (name: keyof typeof WECHAT): z.ZodType<string | undefined> => {
  const example = `Give an address such as ${WECHAT[name]}.`;
  return z
    .string(must(example))
    .refine((address) => endpointFault(address) === undefined, {
      error: ({ input }) => `is ${shown(input)}, which ${endpointFault(String(input)) ?? ''}. ${example}`,
    })
    .optional();
};

/** Names that every session has already. */
const TAKEN = new Set([
  ...['cookie', 'id', 'req', 'save', 'reload', 'destroy', 'regenerate', 'touch', 'resetMaxAge'],
  ...['isNew', 'isChanged', 'isPopulated', '_ctx', ...Object.getOwnPropertyNames(Object.prototype)],
]);
const SESSION_KEY = "Give a name of letters, digits, '_', '-' and '.' that the session has no other use for.";

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export const optionsSchema = z.strictObject(
  {
    appId: text(APP_ID),
    appSecret: hidden(APP_SECRET),
    website: z
      .strictObject(
        { appId: text(APP_ID), appSecret: hidden(APP_SECRET) },
        object('Give { appId, appSecret } of the website app at open.weixin.qq.com.'),
      )
      .optional(),
    baseURL: z.string(must('Give the public address of the app, such as https://h5.example.com.')).optional(),
    routes: z
      .strictObject(
        { login: route, callback: route, logout: route },
        object('Give { login, callback, logout }, each a path or false.'),
      )
      .optional(),
    scope: z
      .enum(
        ['snsapi_base', 'snsapi_userinfo'],
        must(
          "Use 'snsapi_userinfo' (profile) or 'snsapi_base' (openid only); the website app asks for snsapi_login by itself.",
        ),
      )
      .optional(),
    lang: z.enum(['zh_CN', 'zh_TW', 'en'], must("Use 'zh_CN', 'zh_TW' or 'en'.")).optional(),
    flow: z
      .union(
        [z.enum(['auto', 'official', 'website']), z.custom((value) => typeof value === 'function')],
        must("Use 'auto', 'official', 'website', or a function of the request that returns one of them."),
      )
      .optional(),
    authRequired: z.boolean(must('Use true or false.')).optional(),
    returnTo: z.string(must('Give a path of this app, such as /home.')).optional(),
    loginTimeout: z
      .number(must('Give milliseconds, such as 600000.'))
      .int(must('Give whole milliseconds, such as 600000.'))
      .positive(must('Give milliseconds above 0, such as 600000.'))
      .optional(),
    snapshotUsers: z.enum(['reject', 'allow'], must("Use 'reject' or 'allow'.")).optional(),
    identity: z.enum(['openid', 'unionid'], must("Use 'openid' or 'unionid'.")).optional(),
    onLogin: fn('Give a function (req, { user, token, flow }).'),
    onError: fn('Give a function (error, req, res, next).'),
    tokenStore: z
      .custom(isTokenStore, must('Give an object with get, set and delete, such as new MemoryTokenStore().'))
      .optional(),
    preserveSession: z
      .union([z.boolean(), z.array(z.string())], must('Use true, false, or a list of session keys.'))
      .optional(),
    verificationFiles: z
      .record(
        z.string(),
        z.string(must('Give what is in the file.')).min(1, must('Give what is in the file.')),
        object('Give { [file name]: what is in it }.'),
      )
      .superRefine((files, context) => {
        for (const name of Object.keys(files)) {
          if (/^[\w-]+\.txt$/.test(name)) continue;
          context.addIssue({
            code: 'custom',
            path: [name],
            message:
              'is no name of a verification file. Use the name WeChat gave it, such as MP_verify_Ab12Cd34Ef56Gh78.txt.',
          });
        }
      })
      .optional(),
    sessionKey: z
      .string(must(SESSION_KEY))
      .refine((key) => /^[\w.-]+$/.test(key) && !TAKEN.has(key), must(SESSION_KEY))
      .optional(),
    endpoints: z
      .strictObject({ open: endpoint('open'), api: endpoint('api') }, object('Give { open, api }.'))
      .optional(),
    http: z
      .looseObject(
        {
          timeout: z
            .number(must('Give milliseconds, such as 5000.'))
            .min(0, must('Give milliseconds, or 0 for no limit.'))
            .max(LONGEST_TIMEOUT_MS, must(`Give at most ${LONGEST_TIMEOUT_MS} milliseconds.`))
            .optional(),
        },
        object('Give options of axios, such as { timeout: 5000 }.'),
      )
      .optional(),
    dangerouslyAllowEmulatorInProduction: z.boolean(must('Use true or false.')).optional(),
  },
  object('Give an object of options.'),
);

export const guardSchema = z.strictObject(
  {
    scope: z
      .enum(['snsapi_base', 'snsapi_userinfo'], must("Use 'snsapi_base' or 'snsapi_userinfo'."))
      .optional(),
    mode: z.enum(['auto', 'redirect', 'reject'], must("Use 'auto', 'redirect' or 'reject'.")).optional(),
    check: fn('Give a function (user, req) that returns whether this user may pass.'),
  },
  object('Give an object of options, such as { mode, scope, check }.'),
);

function isTokenStore(value: unknown): boolean {
  const { get, set, delete: remove, lock } = (value ?? {}) as Record<string, unknown>;
  return (
    [get, set, remove].every((method) => typeof method === 'function') &&
    ['function', 'undefined'].includes(typeof lock)
  );
}
