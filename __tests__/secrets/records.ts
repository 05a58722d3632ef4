// Everything that anybody can see of a login is recorded here by its place; logins.test.ts then searches it
// for secrets.
import { everythingIn, Canaries } from '../support/canaries';
import type { WechatError } from '../../lib/index';

/** Secrets with all the characters that some encoding changes; none contains another. */
export const FIXED_SECRETS = {
  'app secret': ['CANARY/official+secret=0987654321~a', 'Falsche/wrong+appsecret=1122334455~b'],
  'website secret': ['NACHTIGALL/website+secret=2468013579~c'],
  'mini program secret': ['ZAUNKOENIG/mini+secret=1357924680~d'],
  'cookie key': ['ROTKEHLCHEN/cookie+key=5647382910~e'],
  'encryption key': ['GIMPEL/encryption+key=9182736450~fghijklmnop'],
  'proxy password': ['STIEGLITZ:proxy@password/6172839405'],
} as const;
export const [SECRET, WRONG_SECRET] = FIXED_SECRETS['app secret'];
export const [COOKIE_KEY] = FIXED_SECRETS['cookie key'];
export const [PROXY_PASSWORD] = FIXED_SECRETS['proxy password'];

export type SecretKind =
  | keyof typeof FIXED_SECRETS
  | 'code'
  | 'state'
  | 'access token'
  | 'refresh token'
  | 'session key'
  | 'session id';

/** Each place where something is recorded, and the kinds of secrets that it may hold: no others. */
export const MAY_HOLD = {
  "the address of WeChat's page": ['state'],
  'the parameters of an embedded QR code': ['state'],
  'a session': ['state'],
  'a record of a token store': ['access token', 'refresh token'],
  'a login shared between processes': ['state'],
  'the request that exchanges a code': ['app secret', 'website secret', 'code'],
  'the request for a session key': ['mini program secret', 'code'],
  'the request for a profile': ['access token'],
  'the request that refreshes a token': ['refresh token'],
  'the request that verifies a token': ['access token'],
  'the head of a request to a proxy': [],
  'the headers of a request to WeChat': [],
  'a response': [],
  'a cookie': [],
  'an error': [],
  // Frameworks print the path of every request; session stores and Redis clients print what they store
  // (SECURITY.md).
  "a debug line of the app's other packages": ['code', 'state', 'access token'],
  'a debug line': [],
  'a warning': [],
  'a line on the console': [],
  'a key of a store': [],
  'an encrypted record': [],
} as const satisfies Record<string, readonly SecretKind[]>;
export type Place = keyof typeof MAY_HOLD;
export const PLACES = Object.keys(MAY_HOLD) as Place[];

/** The debug lines that an app with DEBUG=* gets from its other packages. */
export const OF_OTHER_PACKAGES =
  /^\S+ (?:express|router|connect|express-session|cookie-session|finalhandler|ioredis)\b/;

/** The secrets that are known so far. */
export const canaries = new Canaries(FIXED_SECRETS);

export const recorded = Object.fromEntries(PLACES.map((place) => [place, new Set()])) as unknown as Readonly<
  Record<Place, Set<string>>
>;

export function record(place: Place, text: string): void {
  recorded[place].add(text);
}

/** The cause of an error of onLogin is the app's own error, which may hold secrets: it is not recorded. */
export function recordError(error: WechatError): void {
  if (error.kind !== 'login_refused' && error.kind !== 'login_failed')
    record('an error', everythingIn(error));
  else record('an error', [error.message, error.stack, String(error), JSON.stringify(error)].join('\n'));
}

export function recordSession(session: object): void {
  record('a session', JSON.stringify(session));
  const { pending, done } =
    (session as Record<string, { pending?: object; done?: object } | undefined>)['wechat:login'] ?? {};
  for (const state of Object.keys({ ...pending, ...done })) canaries.add('state', state);
}

/**
 * The cookie of cookie-session holds the session. Any other cookie may hold a session id, and nothing secret
 * besides it.
 */
export function recordCookie(cookie: string): void {
  const { name = '', value = '' } = /^(?<name>[^=]+)=(?<value>[^;]*)/.exec(cookie)?.groups ?? {};
  if (name !== 'session') {
    record('a cookie', decodeURIComponent(cookie).replace(/s:[\w-]{32}/, ''));
    return;
  }
  const decoded = Buffer.from(value, 'base64').toString();
  if (decoded) recordSession(JSON.parse(decoded) as object);
  record('a cookie', cookie.replace(value, ''));
}
