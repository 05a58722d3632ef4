/**
 * The valid values of each option, and the message for any other value. This loads zod, so it is loaded only
 * when there are options to check.
 */
import * as z from 'zod';
import { WECHAT, endpointFault } from '../../oauth/endpoints';
import { isProxy, PROXY_FORM } from '../../oauth/transport/http-options';
import { entryFault } from '../../relay/allow-list';
import { shown } from './options-error';

type Message = (issue: { input?: unknown; code?: string }) => string | undefined;

const withValue = (remedy: string): { error: Message } => ({
  error: ({ input }) => `is ${shown(input)}. ${remedy}`,
});

/** For options whose value may be secret: names the type, not the value. */
const withType = (remedy: string): { error: Message } => ({
  error: ({ input, code }) =>
    // Unknown names have a message of their own.
    code === 'unrecognized_keys'
      ? undefined
      : `is ${typeof input === 'string' ? 'a string' : shown(input)}. ${remedy}`,
});

const APP_ID =
  'Give the AppID that the WeChat console shows (wx and 16 hex digits), without blanks or quotes.';
const APP_SECRET = 'Give the AppSecret that the WeChat console shows once, when it is created.';
/** Printable ASCII without blanks. */
const CREDENTIAL = /^[\u0021-\u007e]+$/;

const appId = z.string(withValue(APP_ID)).regex(CREDENTIAL, withValue(APP_ID)).optional();

const secretMessage: { error: Message } = {
  error: ({ input }) => {
    if (typeof input !== 'string') return `is ${shown(input)}. ${APP_SECRET}`;
    const fault = input.trim() === '' ? 'is empty' : 'has a blank or another character that no AppSecret has';
    return `${fault}. ${APP_SECRET}`;
  },
};
const appSecret = z.string(secretMessage).regex(CREDENTIAL, secretMessage).optional();

const optionalFunction = (remedy: string): z.ZodType =>
  z.custom((value) => value === undefined || typeof value === 'function', withValue(remedy)).optional();

const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/;
const ROUTE = 'Give a path below the mount point, such as /login, or false to leave the route out.';

const route = z
  .custom<string | false>(
    (path) => path === false || (typeof path === 'string' && PATH.test(path)),
    withValue(ROUTE),
  )
  .optional();

const endpoint = (name: keyof typeof WECHAT): z.ZodType<string | undefined> => {
  const example = `Give an address such as ${WECHAT[name]}.`;
  return z
    .string(withValue(example))
    .refine((address) => endpointFault(address) === undefined, {
      error: ({ input }) => `is ${shown(input)}, which ${endpointFault(String(input)) ?? ''}. ${example}`,
    })
    .optional();
};

/** Names that session middlewares use themselves. */
const RESERVED_KEYS = new Set([
  ...['cookie', 'id', 'req', 'save', 'reload', 'destroy', 'regenerate', 'touch', 'resetMaxAge'],
  ...['isNew', 'isChanged', 'isPopulated', '_ctx', ...Object.getOwnPropertyNames(Object.prototype)],
]);
const SESSION_KEY = "Give a name of letters, digits, '_', '-' and '.' that the session does not use itself.";

const FILE_CONTENT = 'Give the content of the file as a string.';

const verificationFiles = z
  .record(
    z.string(),
    z.string(withValue(FILE_CONTENT)).min(1, withValue(FILE_CONTENT)),
    withType('Give { [file name]: content }.'),
  )
  .superRefine((files, context) => {
    for (const name of Object.keys(files)) {
      if (/^[\w-]+\.txt$/.test(name)) continue;
      context.addIssue({
        code: 'custom',
        path: [name],
        message:
          'is not the name of a verification file. Use the name that WeChat gave it, such as ' +
          'MP_verify_Ab12Cd34Ef56Gh78.txt.',
      });
    }
  })
  .optional();

const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** `true` and `false` count as objects without options, so that both forms are checked in the same way. */
const scanLogin = z
  .preprocess(
    (value) => (typeof value === 'boolean' ? {} : value),
    z.strictObject(
      {
        confirm: z.enum(['tap', 'pin'], withValue("Use 'tap' or 'pin'.")).optional(),
        check: optionalFunction('Give a function (pc, phone) that returns true for a login that may go on.'),
      },
      withType('Use true, false, or { confirm, check }.'),
    ),
  )
  .optional();

export const optionsSchema = z.strictObject(
  {
    appId,
    appSecret,
    website: z
      .strictObject(
        { appId, appSecret },
        withType('Give { appId, appSecret } of the website app at open.weixin.qq.com.'),
      )
      .optional(),
    baseURL: z
      .string(withValue('Give the public address of the app, such as https://h5.example.com.'))
      .optional(),
    relay: z
      .string(withValue('Give the address of the relay, such as https://auth.example.com/wechat.'))
      .optional(),
    routes: z
      .strictObject(
        { login: route, callback: route, logout: route, scan: route },
        withType('Give { login, callback, logout, scan }, each a path or false.'),
      )
      .optional(),
    scope: z
      .enum(
        ['snsapi_base', 'snsapi_userinfo'],
        withValue(
          "Use 'snsapi_userinfo' (the profile) or 'snsapi_base' (only the openid). The website app always " +
            'requests snsapi_login.',
        ),
      )
      .optional(),
    lang: z.enum(['zh_CN', 'zh_TW', 'en'], withValue("Use 'zh_CN', 'zh_TW' or 'en'.")).optional(),
    flow: z
      .union(
        [z.enum(['auto', 'official', 'website', 'scan']), z.custom((value) => typeof value === 'function')],
        withValue(
          "Use 'auto', 'official', 'website', 'scan', or a function of the request that returns one of them.",
        ),
      )
      .optional(),
    scanLogin,
    authRequired: z.boolean(withValue('Use true or false.')).optional(),
    returnTo: z.string(withValue('Give a path of this app, such as /home.')).optional(),
    loginTimeout: z
      .number(withValue('Give a number of milliseconds, such as 600000.'))
      .int(withValue('Give a whole number of milliseconds, such as 600000.'))
      .positive(withValue('Give a number of milliseconds above 0, such as 600000.'))
      .optional(),
    snapshotUsers: z.enum(['reject', 'allow'], withValue("Use 'reject' or 'allow'.")).optional(),
    identity: z.enum(['openid', 'unionid'], withValue("Use 'openid' or 'unionid'.")).optional(),
    onLogin: optionalFunction('Give a function (req, { user, token, flow, … }).'),
    onError: optionalFunction('Give a function (error, req, res, next).'),
    tokenStore: z
      .custom(
        isTokenStore,
        withValue('Give an object with get, set and delete, such as new MemoryTokenStore().'),
      )
      .optional(),
    preserveSession: z
      .union([z.boolean(), z.array(z.string())], withValue('Use true, false, or a list of session keys.'))
      .optional(),
    verificationFiles,
    sessionKey: z
      .string(withValue(SESSION_KEY))
      .refine((key) => /^[\w.-]+$/.test(key) && !RESERVED_KEYS.has(key), withValue(SESSION_KEY))
      .optional(),
    endpoints: z
      .strictObject({ open: endpoint('open'), api: endpoint('api') }, withType('Give { open, api }.'))
      .optional(),
    http: z
      .looseObject(
        {
          timeout: z
            .number(withValue('Give a number of milliseconds, such as 5000.'))
            .min(0, withValue('Give a number of milliseconds, or 0 for no limit.'))
            .max(MAX_TIMEOUT_MS, withValue(`Give at most ${MAX_TIMEOUT_MS} milliseconds.`))
            .optional(),
          proxy: z.custom(isProxy, withType(PROXY_FORM)).optional(),
        },
        withType('Give options of axios, such as { timeout: 5000 }.'),
      )
      .optional(),
    dangerouslyAllowEmulatorInProduction: z.boolean(withValue('Use true or false.')).optional(),
  },
  withType('Give an object of options.'),
);

export const guardSchema = z.strictObject(
  {
    scope: z
      .enum(['snsapi_base', 'snsapi_userinfo'], withValue("Use 'snsapi_base' or 'snsapi_userinfo'."))
      .optional(),
    mode: z.enum(['auto', 'redirect', 'reject'], withValue("Use 'auto', 'redirect' or 'reject'.")).optional(),
    check: optionalFunction('Give a function (user, req) that returns true for the users who may pass.'),
  },
  withType('Give an object of options, such as { mode, scope, check }.'),
);

const RELAY_TARGET =
  'Give an origin such as https://staging.example.com, or the callback address of an app, such as ' +
  'http://localhost:3000/callback.';
const RELAY_TARGETS = `Give a list of the addresses to which browsers may be sent. ${RELAY_TARGET}`;

export const relaySchema = z.strictObject(
  {
    to: z
      .array(
        z.string(withValue(RELAY_TARGET)).refine((entry) => entryFault(entry) === undefined, {
          error: ({ input }) =>
            `is ${shown(input)}, which ${entryFault(String(input)) ?? ''}. ${RELAY_TARGET}`,
        }),
        withValue(RELAY_TARGETS),
      )
      .min(1, { error: `is an empty list. ${RELAY_TARGETS}` }),
    verificationFiles,
  },
  withType("Give an object of options, such as { to: ['https://staging.example.com'] }."),
);

function isTokenStore(value: unknown): boolean {
  const { get, set, delete: remove, lock } = (value ?? {}) as Record<string, unknown>;
  return (
    [get, set, remove].every((method) => typeof method === 'function') &&
    ['function', 'undefined'].includes(typeof lock)
  );
}
