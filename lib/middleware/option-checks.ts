/** What is wrong with the options: every fault at once, each with its path, its value and a remedy. */
import { isIP } from 'node:net';
import { inspect } from 'node:util';
import { distance } from 'fastest-levenshtein';
import * as z from 'zod';
import { WechatAuthError } from '../errors';
import { WECHAT, endpointFault } from '../oauth/endpoints';

/** One thing that is wrong with the options. */
export interface OptionFault {
  /** Such as `website.appSecret`. */
  readonly path: string;
  /** What is wrong, with the value, then what to do. */
  readonly message: string;
}

/** All that is wrong with the options, in one error. */
export class OptionsError extends WechatAuthError {
  readonly faults: readonly OptionFault[];

  constructor(faults: readonly OptionFault[]) {
    const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
    super(
      'config',
      [
        `wechatAuth() has ${count} in its options:`,
        ...faults.map(({ path, message }) => `  - ${path || 'The argument'} ${message}`),
      ].join('\n'),
    );
    this.faults = faults;
  }
}

const must = (words: string): { error: (issue: { input?: unknown }) => string } => ({
  error: ({ input }) => `is ${shown(input)}. ${words}`,
});

const text = (words: string): z.ZodType<string | undefined> =>
  z
    .string(must(words))
    .regex(/^[\u0021-\u007e]+$/, must(words))
    .optional();
const hidden = (words: string): z.ZodType<string | undefined> => {
  const error = (): string => `is missing, or holds something else than letters and digits. ${words}`;
  return z
    .string({ error })
    .regex(/^[\u0021-\u007e]+$/, { error })
    .optional();
};
const fn = (words: string): z.ZodType =>
  z.custom((value) => value === undefined || typeof value === 'function', must(words)).optional();

const APP_ID = 'Give the AppID that the WeChat console shows (wx and 16 characters), without spaces.';
const APP_SECRET = 'Give the AppSecret that the WeChat console shows once when it is made, without spaces.';
const ROUTE = 'Give a path below the mount point, such as /login, or false to leave it out.';

const route = z.union([z.literal(false), z.string().regex(/^(?:\/[\w.~-]+)+$/)], must(ROUTE)).optional();

const endpoint = (name: keyof typeof WECHAT): z.ZodType<string | undefined> =>
  z
    .string(must(`Give an address such as ${WECHAT[name]}.`))
    .refine((address) => endpointFault(address) === undefined, {
      error: ({ input }) =>
        `${endpointFault(String(input)) ?? ''}: ${shown(input)}. Give an address such as ${WECHAT[name]}.`,
    })
    .optional();

const object = (
  words: string,
): { error: (issue: { input?: unknown; code?: string }) => string | undefined } => ({
  error: ({ input, code }) => (code === 'unrecognized_keys' ? undefined : `is ${shown(input)}. ${words}`),
});

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
        object('Give { login, callback, logout }.'),
      )
      .optional(),
    scope: z
      .enum(
        ['snsapi_base', 'snsapi_userinfo'],
        must(
          "Use 'snsapi_userinfo' (profile) or 'snsapi_base' (openid only); a website app asks snsapi_login by itself.",
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
    returnTo: z.string(must('Give a path of this app, such as /.')).optional(),
    loginTimeout: z
      .number(must('Give milliseconds, such as 600000.'))
      .int(must('Give whole milliseconds.'))
      .positive(must('Give milliseconds above 0.'))
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
        z.string(must('Give the content of the file as a string.')),
        object('Give { [file name]: content }.'),
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
      .string(must('Give the name of a key in req.session.'))
      .regex(
        /^(?!__proto__$|cookie$)[\w.-]+$/,
        must("Give a name of letters, digits, '_', '-' and '.', other than cookie."),
      )
      .optional(),
    endpoints: z
      .strictObject({ open: endpoint('open'), api: endpoint('api') }, object('Give { open, api }.'))
      .optional(),
    http: z.looseObject({}, object('Give options of axios, such as { timeout: 5000 }.')).optional(),
  },
  object('Give an object of options.'),
);

/** What the schema knows of the top level; for "did you mean". */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(schema.shape),
  website: ['appId', 'appSecret'],
  routes: ['login', 'callback', 'logout'],
  endpoints: ['open', 'api'],
};

/** The faults of single options; what they must be together is for whoever settles them. */
export function findFaults(options: unknown): OptionFault[] {
  const { error } = schema.safeParse(options);
  return (error?.issues ?? []).flatMap((issue) => {
    const path = issue.path.join('.');
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({
      path: path ? `${path}.${key}` : key,
      message: unknownOption(key, KNOWN[path] ?? []),
    }));
  });
}

function unknownOption(name: string, known: readonly string[]): string {
  const nearest = known
    .map((option) => ({ option, away: distance(name.toLowerCase(), option.toLowerCase()) }))
    .sort((a, b) => a.away - b.away)[0];
  const guess =
    nearest && nearest.away <= Math.max(2, name.length / 3) ? ` Did you mean ${nearest.option}?` : '';
  return `is no option.${guess || ` There are: ${known.join(', ')}.`}`;
}

/**
 * What is wrong with the public address of the app. Where WeChat itself is asked, its console's rules for the callback domain count:
 * a public host name, no port. A test account (测试号) may use an address of the local network.
 */
export function baseURLFault(address: string, asksWechat: boolean): string | undefined {
  const example = 'Write it as https://h5.example.com.';
  const is = `is ${shown(address)}`;
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address))
    return `${is}, which is no http: or https: address. ${example}`;
  const { search, hash, username, password, hostname, port } = new URL(address);
  if (search || hash || /[?#]/.test(address))
    return `${is}, which has a query or a fragment. WeChat's callback domain has neither. ${example}`;
  if (username || password) return `has a user or a password in it. ${example}`;
  if (!asksWechat || isLocal(hostname)) return undefined;
  const field =
    'In the console (公众平台: 设置与开发 > 账号设置 > 功能设置 > 网页授权域名; 开放平台: 授权回调域) stands the bare host name.';
  if (port)
    return `${is}, which has a port: WeChat answers 10003 (redirect_uri 域名与后台配置不一致). ${field} Serve it on the usual port.`;
  if (isIP(hostname.replace(/^\[|\]$/g, '')))
    return `${is}, which is an IP address: WeChat answers 10003 (redirect_uri 域名与后台配置不一致). ${field} Use a host name.`;
  return undefined;
}

function isLocal(hostname: string): boolean {
  return /^(?:localhost|.*\.localhost|127\..*|10\..*|192\.168\..*|172\.(?:1[6-9]|2\d|3[01])\..*|\[::1\]|\[f[cd].*)$/.test(
    hostname,
  );
}

function isTokenStore(value: unknown): boolean {
  const { get, set, delete: remove, lock } = (value ?? {}) as Record<string, unknown>;
  return (
    [get, set, remove].every((method) => typeof method === 'function') &&
    ['function', 'undefined'].includes(typeof lock)
  );
}

function shown(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 80 });
}
