/** The valid values of each option, and the message for any other value. */
import * as v from 'valibot';
import { isAppId, isAppSecret } from '../../oauth/credentials';
import { WECHAT, endpointFault } from '../../oauth/endpoints';
import { PAGE_FLOWS } from '../../oauth/flows';
import { isProxy, PROXY_FORM } from '../../oauth/transport/http-options';
import { entryFault } from '../../relay/allow-list';
import { shown, type OptionFault } from './options-error';
import { isOptionsObject, ownCopy } from './own-options';
import { misspelledOption, unknownOption } from './unknown-option';

type Message = (issue: { readonly input: unknown }) => string;

const withValue = (remedy: string): Message => {
  return ({ input }) => `is ${shown(input)}. ${remedy}`;
};

/** For options whose value may be secret: does not show strings. */
const withType = (remedy: string): Message => {
  return ({ input }) => `is ${typeof input === 'string' ? 'a string' : shown(input)}. ${remedy}`;
};

/** An object with these options. An option that was not given counts as undefined. */
const looseOptions = (entries: v.ObjectEntries, remedy: string): v.GenericSchema => {
  const missing = Object.fromEntries(Object.keys(entries).map((name) => [name, undefined]));
  return v.pipe(
    v.custom<object>(isOptionsObject, withType(remedy)),
    v.transform((given) => ({ ...missing, ...given })),
    // Valibot also reads inherited entries, such as those of a polluted `Object.prototype`.
    v.looseObject(ownCopy(entries)),
  );
};

/**
 * An object with these options and no others. Valibot's strict object reports only the first unknown name.
 */
const strictOptions = (entries: v.ObjectEntries, remedy: string): v.GenericSchema => {
  const known = Object.keys(entries);
  const values = looseOptions(entries, remedy);
  return v.pipe(
    v.custom<object>(isOptionsObject, withType(remedy)),
    v.rawCheck(({ dataset: { value: given }, addIssue }) => {
      for (const { message, path } of issuesOf(values, given)) addIssue({ message, path });
      for (const name of Object.keys(given as object))
        if (!known.includes(name)) addIssue({ message: unknownOption(name, known), path: pathTo(name) });
    }),
  );
};

function issuesOf(schema: v.GenericSchema, given: unknown): v.BaseIssue<unknown>[] {
  return v.safeParse(schema, given, { abortPipeEarly: true }).issues ?? [];
}

type Path = [v.UnknownPathItem];

const pathTo = (name: string): Path => [
  { type: 'unknown', origin: 'key', input: undefined, key: name, value: undefined },
];

const APP_ID =
  'Give the AppID that the WeChat console shows (wx and 16 hex digits), without blanks or quotes.';
const APP_SECRET = 'Give the AppSecret that the WeChat console shows once, when it is created.';
/** Printable ASCII without blanks and quotes. */
const CREDENTIAL = /^(?!.*["'`])[\u0021-\u007e]+$/;
const SWAPPED = 'appId and appSecret are swapped';

const appId = v.optional(
  v.pipe(
    v.string(withValue(APP_ID)),
    v.regex(CREDENTIAL, withValue(APP_ID)),
    v.check((text) => !isAppSecret(text), `has the form of an AppSecret: ${SWAPPED}. ${APP_ID}`),
    v.check((text) => !text.startsWith('gh_'), `is the original id of the account (原始ID). ${APP_ID}`),
  ),
);

const secretMessage: Message = ({ input }) => {
  if (typeof input !== 'string') return `is ${shown(input)}. ${APP_SECRET}`;
  const fault =
    input.trim() === '' ? 'is empty' : 'has a blank, a quote or another character that no AppSecret has';
  return `${fault}. ${APP_SECRET}`;
};
const appSecret = v.optional(
  v.pipe(
    v.string(secretMessage),
    v.regex(CREDENTIAL, secretMessage),
    v.check((text) => !isAppId(text), `is an AppID: ${SWAPPED}. ${APP_SECRET}`),
  ),
);

const account = (which: string): v.GenericSchema =>
  v.optional(strictOptions({ appId, appSecret }, `Give { appId, appSecret } of ${which}.`));

const optionalFunction = (remedy: string): v.GenericSchema => v.optional(v.function(withValue(remedy)));

const optionalBoolean = v.optional(v.boolean(withValue('Use true or false.')));

const oneOf = (values: readonly string[], remedy: string): v.GenericSchema =>
  v.optional(v.picklist(values, withValue(remedy)));

const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/;
const ROUTE = 'Give a path below the mount point, such as /login, or false to leave the route out.';

const route = v.optional(
  v.custom((path) => path === false || (typeof path === 'string' && PATH.test(path)), withValue(ROUTE)),
);

/** A string in which `faultOf` finds no fault. */
const checked = (faultOf: (text: string) => string | undefined, remedy: string): v.GenericSchema =>
  v.pipe(
    v.string(withValue(remedy)),
    v.check(
      (text) => faultOf(text) === undefined,
      ({ input }) => `is ${shown(input)}, which ${faultOf(input) ?? ''}. ${remedy}`,
    ),
  );

const endpoint = (name: keyof typeof WECHAT): v.GenericSchema =>
  v.optional(checked(endpointFault, `Give an address such as ${WECHAT[name]}.`));

/** Names that session middlewares use themselves. */
const RESERVED_KEYS = new Set([
  ...['cookie', 'id', 'req', 'save', 'reload', 'destroy', 'regenerate', 'touch', 'resetMaxAge'],
  ...['isNew', 'isChanged', 'isPopulated', '_ctx', ...Object.getOwnPropertyNames(Object.prototype)],
]);
const SESSION_KEY = "Give a name of letters, digits, '_', '-' and '.' that the session does not use itself.";

const FILE_CONTENT = 'Give the content of the file as a string.';

const FILE_NAME =
  'is not the name of a verification file. Use the name that WeChat gave it, such as ' +
  'MP_verify_Ab12Cd34Ef56Gh78.txt.';

const verificationFiles = v.optional(
  v.pipe(
    v.custom<object>(isPlainObject, withType('Give { [file name]: content }.')),
    v.rawCheck(({ dataset, addIssue }) => {
      for (const [name, content] of Object.entries(dataset.value as object)) {
        if (!/^[\w-]+\.txt$/.test(name)) addIssue({ message: FILE_NAME, path: pathTo(name) });
        if (typeof content !== 'string' || content === '')
          addIssue({ message: withValue(FILE_CONTENT)({ input: content }), path: pathTo(name) });
      }
    }),
  ),
);

const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** `true` and `false` count as objects without options, so that both forms are checked in the same way. */
const scanLogin = v.optional(
  v.pipe(
    v.unknown(),
    v.transform((value) => (typeof value === 'boolean' ? {} : value)),
    strictOptions(
      {
        confirm: oneOf(['tap', 'pin'], "Use 'tap' or 'pin'."),
        check: optionalFunction('Give a function (pc, phone) that returns true for a login that may go on.'),
      },
      'Use true, false, or { confirm, check }.',
    ),
  ),
);

const FLOW_CHOICES: readonly unknown[] = ['auto', ...PAGE_FLOWS];

const PLATFORM_ID = 'Give the AppID of the third-party platform.';

/** The options that hold credentials. The option `account` returns the same ones. */
const credentials: v.ObjectEntries = {
  appId,
  appSecret,
  website: account('the website app at open.weixin.qq.com'),
  miniProgram: account('the mini program at mp.weixin.qq.com'),
  mobileApp: account('the mobile app at open.weixin.qq.com'),
  component: v.optional(
    strictOptions(
      {
        appId: v.pipe(v.string(withValue(PLATFORM_ID)), v.regex(CREDENTIAL, withValue(PLATFORM_ID))),
        // The value is not shown, because it may be the token itself.
        accessToken: v.function(withType('Give a function that returns the current component_access_token.')),
      },
      'Give { appId, accessToken } of the third-party platform.',
    ),
  ),
};

/** No list of names is longer. Of a longer one, reading every name could take minutes. */
const MAX_NAMES = 1_000;

/** What the option `account` returns: it may be a row of a database, with further columns. */
const accountSchema = v.pipe(
  looseOptions(
    credentials,
    'Return { appId, appSecret }, or undefined for a request that belongs to no account.',
  ),
  v.rawCheck(({ dataset: { value }, addIssue }) => {
    const row = value as Readonly<Record<string, unknown>>;
    const known = Object.keys(credentials);
    for (const name of Object.keys(row).slice(0, MAX_NAMES)) {
      const meant = known.includes(name) ? undefined : misspelledOption(name, known);
      if (meant !== undefined && row[meant] === undefined)
        addIssue({ message: unknownOption(name, known), path: pathTo(name) });
    }
  }),
);

const optionsSchema = strictOptions(
  {
    ...credentials,
    account: optionalFunction(
      'Give a function (req) that returns { appId, appSecret }, or undefined for a request that belongs to no account.',
    ),
    baseURL: v.optional(
      v.string(withValue('Give the public address of the app, such as https://h5.example.com.')),
    ),
    relay: v.optional(
      v.string(withValue('Give the address of the relay, such as https://auth.example.com/wechat.')),
    ),
    routes: v.optional(
      strictOptions(
        { login: route, callback: route, logout: route, scan: route },
        'Give { login, callback, logout, scan }, each a path or false.',
      ),
    ),
    scope: oneOf(
      ['snsapi_base', 'snsapi_userinfo'],
      "Use 'snsapi_userinfo' (the profile) or 'snsapi_base' (only the openid). The website app always " +
        'requests snsapi_login.',
    ),
    lang: oneOf(['zh_CN', 'zh_TW', 'en'], "Use 'zh_CN', 'zh_TW' or 'en'."),
    flow: v.optional(
      v.custom(
        (value) => FLOW_CHOICES.includes(value) || typeof value === 'function',
        withValue(
          "Use 'auto', 'official', 'website', 'scan', or a function of the request that returns one of them.",
        ),
      ),
    ),
    scanLogin,
    authRequired: optionalBoolean,
    returnTo: v.optional(v.string(withValue('Give a path of this app, such as /home.'))),
    loginTimeout: v.optional(
      v.pipe(
        v.number(withValue('Give a number of milliseconds, such as 600000.')),
        v.finite(withValue('Give a number of milliseconds, such as 600000.')),
        v.integer(withValue('Give a whole number of milliseconds, such as 600000.')),
        v.minValue(1, withValue('Give a number of milliseconds above 0, such as 600000.')),
      ),
    ),
    snapshotUsers: oneOf(['reject', 'allow'], "Use 'reject' or 'allow'."),
    identity: oneOf(['openid', 'unionid'], "Use 'openid' or 'unionid'."),
    onLogin: optionalFunction('Give a function (req, { user, token, flow, … }).'),
    onError: optionalFunction('Give a function (error, req, res, next).'),
    tokenStore: v.optional(
      v.custom(
        isTokenStore,
        withValue('Give an object with get, set and delete, such as new MemoryTokenStore().'),
      ),
    ),
    preserveSession: v.optional(
      v.custom(
        (value) => typeof value === 'boolean' || isListOfStrings(value),
        withValue('Use true, false, or a list of session keys.'),
      ),
    ),
    verificationFiles,
    sessionKey: v.optional(
      v.pipe(
        v.string(withValue(SESSION_KEY)),
        v.check((key) => /^[\w.-]+$/.test(key) && !RESERVED_KEYS.has(key), withValue(SESSION_KEY)),
      ),
    ),
    endpoints: v.optional(
      strictOptions({ open: endpoint('open'), api: endpoint('api') }, 'Give { open, api }.'),
    ),
    http: v.optional(
      looseOptions(
        {
          timeout: v.optional(
            v.pipe(
              v.number(withValue('Give a number of milliseconds, such as 5000.')),
              v.finite(withValue('Give a number of milliseconds, such as 5000.')),
              v.minValue(0, withValue('Give a number of milliseconds, or 0 for no limit.')),
              v.maxValue(MAX_TIMEOUT_MS, withValue(`Give at most ${MAX_TIMEOUT_MS} milliseconds.`)),
            ),
          ),
          proxy: v.custom(isProxy, withType(PROXY_FORM)),
        },
        'Give options of axios, such as { timeout: 5000 }.',
      ),
    ),
    dangerouslyAllowEmulatorInProduction: optionalBoolean,
  },
  'Give an object of options.',
);

const guardSchema = strictOptions(
  {
    scope: oneOf(['snsapi_base', 'snsapi_userinfo'], "Use 'snsapi_base' or 'snsapi_userinfo'."),
    mode: oneOf(['auto', 'redirect', 'reject'], "Use 'auto', 'redirect' or 'reject'."),
    check: optionalFunction('Give a function (user, req) that returns true for the users who may pass.'),
  },
  'Give an object of options, such as { mode, scope, check }.',
);

const RELAY_TARGET =
  'Give an origin such as https://staging.example.com, or the callback address of an app, such as ' +
  'http://localhost:3000/callback.';
const RELAY_TARGETS = `Give a list of the addresses to which browsers may be sent. ${RELAY_TARGET}`;

const relaySchema = strictOptions(
  {
    to: v.pipe(
      v.array(checked(entryFault, RELAY_TARGET), withValue(RELAY_TARGETS)),
      v.minLength(1, `is an empty list. ${RELAY_TARGETS}`),
    ),
    verificationFiles,
  },
  "Give an object of options, such as { to: ['https://staging.example.com'] }.",
);

const SCHEMAS = { account: accountSchema, options: optionsSchema, guard: guardSchema, relay: relaySchema };

/** Every fault, in the order of the options. A value has one fault at most: its first. */
export function faultsIn(schema: keyof typeof SCHEMAS, given: unknown): OptionFault[] {
  return issuesOf(SCHEMAS[schema], given).map(({ path = [], message }) => ({
    path: path.map(({ key }) => String(key)).join('.'),
    message,
  }));
}

function isTokenStore(value: unknown): boolean {
  const { get, set, delete: remove, lock } = (value ?? {}) as Record<string, unknown>;
  return (
    [get, set, remove].every((method) => typeof method === 'function') &&
    ['function', 'undefined'].includes(typeof lock)
  );
}

function isListOfStrings(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_NAMES && value.every((each) => typeof each === 'string');
}

/** Not an instance of a class, such as a Date. */
function isPlainObject(value: unknown): boolean {
  if (!isOptionsObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
