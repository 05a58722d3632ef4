/** What is wrong with the options: every fault at once, each with its path, its value and a remedy. */
import { inspect } from 'node:util';
import { distance } from 'fastest-levenshtein';
import * as z from 'zod';
import { WechatAuthError } from '../errors';
import { WECHAT, endpointFault } from '../oauth/endpoints';

/** One thing that is wrong with the options. */
export interface OptionFault {
  /** Such as `website.appSecret`; empty for the argument itself. */
  readonly path: string;
  /** What is wrong, with the value, then what to do. */
  readonly message: string;
}

/** All that is wrong with the options, in one error. */
export class OptionsError extends WechatAuthError {
  readonly faults: readonly OptionFault[];

  constructor(faults: readonly OptionFault[], whose = 'wechatAuth()') {
    const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
    super(
      'config',
      [
        `${whose} has ${count} in its options:`,
        ...faults.map(({ path, message }) => `  - ${path || 'The argument'} ${message}`),
      ].join('\n'),
    );
    this.faults = faults;
  }
}

/**
 * A value as a message may show it. What is in an object stays out, and so do passwords in addresses and what looks like an
 * AppSecret: messages end up in logs.
 */
export function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (typeof value !== 'object' || value === null) return inspect(value);
  return Array.isArray(value) ? 'an array' : 'an object';
}

function quoted(text: string): string {
  const safe = text
    .replace(/\/\/[^/?#]*@/g, '//***@')
    .replace(/(?<![\da-f])[\da-f]{32}(?![\da-f])/gi, '***')
    .slice(0, 80);
  return inspect(safe, { breakLength: Infinity }) + (text.length > 80 ? '…' : '');
}

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

const schema = z.strictObject(
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

const guardSchema = z.strictObject(
  {
    scope: z
      .enum(['snsapi_base', 'snsapi_userinfo'], must("Use 'snsapi_base' or 'snsapi_userinfo'."))
      .optional(),
    mode: z.enum(['auto', 'redirect', 'reject'], must("Use 'auto', 'redirect' or 'reject'.")).optional(),
    check: fn('Give a function (user, req) that returns whether this user may pass.'),
  },
  object('Give an object of options, such as { mode, scope, check }.'),
);

/** What the schemas know; for "did you mean". */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(schema.shape),
  website: ['appId', 'appSecret'],
  routes: ['login', 'callback', 'logout'],
  endpoints: ['open', 'api'],
};

/** What other libraries call it; in lower case, letters only. */
const ALIASES: Readonly<Record<string, string>> = {
  clientid: 'appId',
  clientsecret: 'appSecret',
  secret: 'appSecret',
  callbackurl: 'baseURL',
  redirecturi: 'baseURL',
  redirecturl: 'baseURL',
  store: 'tokenStore',
  session: 'sessionKey',
  successredirect: 'returnTo',
};

/** The faults of single options; what they must be together is for whoever settles them. */
export function findFaults(options: unknown): OptionFault[] {
  return faultsIn(schema, KNOWN, options);
}

/** @throws OptionsError that lists every fault of a guard's options. */
export function checkGuardOptions(options: unknown): void {
  const faults = readable(() => faultsIn(guardSchema, { '': Object.keys(guardSchema.shape) }, options));
  if (faults.length > 0) throw new OptionsError(faults, 'requireWechatUser()');
}

/** A getter or a Proxy may throw: then that is the fault. */
export function readable(find: () => OptionFault[]): OptionFault[] {
  try {
    return find();
  } catch {
    return [{ path: '', message: 'throws when it is read. Give a plain object of options.' }];
  }
}

function faultsIn(
  options: z.ZodType,
  known: Readonly<Record<string, readonly string[]>>,
  given: unknown,
): OptionFault[] {
  const { error } = options.safeParse(given);
  return (error?.issues ?? []).flatMap((issue) => {
    const path = issue.path.join('.');
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({
      path: path ? `${path}.${key}` : key,
      message: unknownOption(key, known[path] ?? []),
    }));
  });
}

function unknownOption(name: string, known: readonly string[]): string {
  const guess = alias(name, known) ?? nearest(name, known);
  return `is no option. ${guess ? `Did you mean ${guess}?` : `There are: ${known.join(', ')}.`}`;
}

function alias(name: string, known: readonly string[]): string | undefined {
  const plain = name.toLowerCase().replace(/[^a-z]/g, '');
  const meant = Object.hasOwn(ALIASES, plain) ? ALIASES[plain] : undefined;
  return meant !== undefined && known.includes(meant) ? meant : undefined;
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const asked = name.toLowerCase();
  const [first] = known
    .map((option) => ({ option, away: distance(asked, option.toLowerCase()) }))
    .sort((a, b) => a.away - b.away);
  if (first && first.away <= Math.max(2, asked.length / 3) && first.away <= asked.length / 2)
    return first.option;
  return known.find((option) => isPart(asked, option.toLowerCase()) || isPart(option.toLowerCase(), asked));
}

function isPart(part: string, whole: string): boolean {
  return part.length > 3 && whole.includes(part);
}

function isTokenStore(value: unknown): boolean {
  const { get, set, delete: remove, lock } = (value ?? {}) as Record<string, unknown>;
  return (
    [get, set, remove].every((method) => typeof method === 'function') &&
    ['function', 'undefined'].includes(typeof lock)
  );
}
