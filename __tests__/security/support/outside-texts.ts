/**
 * Every text that the app gets from outside: from clients, sessions, WeChat and stores. Each row has the
 * files of lib/ that work on the text, and sends it.
 */
import type { EmulatorFault } from '../../../lib/emulator';
import { emulator } from '../../support/emulator';
import { signedSession, type MeasuredApp, type StoreBehaviour } from '../../support/operations/measured-app';

/** Units, each with a name. A text is one of them, repeated. */
type Units = Readonly<Record<string, string | ((count: number) => string)>>;

type Work = () => Promise<unknown>;

export interface OutsideText {
  readonly text: string;
  /** The files that work on the text, below lib/. */
  readonly at: readonly string[];
  /** How the operations may grow: with the text, or not at all. */
  readonly growth: 'linear' | 'none';
  /** The size of the longest text, in bytes. @default 32,000 */
  readonly bytes?: number;
  readonly units: Units;
  /** Which session middleware the app has. @default 'cookie-session' */
  readonly sessions?: 'cookie-session' | 'express-session';
  /** Prepares everything, and returns the work to be measured. */
  readonly send: (text: string, app: MeasuredApp) => Work | Promise<Work>;
}

const LETTERS: Units = { letters: 'a' };
/** Characters that separate, escape or quote. */
const MARKS: Units = { ...LETTERS, commas: 'a,', slashes: '/', 'percent signs': '%25', 'equal signs': 'a=&' };
const HEADER_VALUES: Units = { ...MARKS, spaces: 'a \t', semicolons: 'a;q=0.1,', colons: 'a:' };
const PATHS: Units = {
  ...LETTERS,
  slashes: '/a',
  'dot segments': '/a/..',
  'escaped dots': '/%2e',
  parameters: '?a=b&code=c&state=d',
  'characters of several bytes': '中',
};
const RESPONSES: Units = {
  ...LETTERS,
  quotes: '"',
  backslashes: '\\',
  commas: 'a,',
  'control characters': '\u0001',
  'names of secrets': 'access_token=',
  'escaped letters': '\\u0061',
};

const escaped = encodeURIComponent;

function list(count: number, unit: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => unit(at)).join('');
}

function stateOf(at: number): string {
  return `0${at.toString(16).padStart(32, '0')}`;
}

const UNKNOWN_CALLBACK = `/callback?code=a&state=${stateOf(1)}`;

/** Requests with this text in their address. */
function inAddress(...targets: readonly ((text: string) => string)[]): OutsideText['send'] {
  return (text, app) => async () => {
    for (const target of targets) await app.send(target(text));
  };
}

interface HeaderParts {
  /** Makes the value of the header from the text. @default the text itself */
  readonly value?: (text: string) => string;
  readonly userAgent?: string;
}

/** Requests with this text in a header. */
function inHeader(
  name: string,
  targets: readonly string[],
  { value = (text) => text, userAgent }: HeaderParts = {},
): OutsideText['send'] {
  return (text, app) => async () => {
    for (const target of targets) {
      const [method = '', address = ''] = target.split(' ');
      await app.send(address, {
        method,
        headers: { ...(userAgent !== undefined && { 'User-Agent': userAgent }), [name]: value(text) },
      });
    }
  };
}

/** Requests of a browser whose session holds this text. */
function inSession(session: (text: string) => object, ...targets: readonly string[]): OutsideText['send'] {
  return (text, app) => async () => {
    for (const target of targets)
      await app.send(target, { headers: { Cookie: signedSession(session(text)) } });
  };
}

/** The callback of a login to which WeChat responds with this text. */
function inResponse(endpoint: string, fault: (text: string) => EmulatorFault): OutsideText['send'] {
  return async (text, app) => {
    const { target, cookies } = await app.startLogin();
    emulator.fail(endpoint, fault(text));
    return () => app.send(target, { headers: { Cookie: cookies } });
  };
}

/** The callback of a login during which a store fails with this text, or holds it. */
function inStore(words: (text: string) => StoreBehaviour): OutsideText['send'] {
  return async (text, app) => {
    const { target, cookies } = await app.startLogin();
    return async () => {
      await app.setStoreBehaviour(words(text));
      await app.send(target, { headers: { Cookie: cookies } });
      await app.setStoreBehaviour({});
    };
  };
}

function pendingLogin(change: object = {}): object {
  return { returnTo: '/me', scope: 'snsapi_base', flow: 'official', at: Date.now(), ...change };
}

function loginOf(change: object = {}): object {
  const { appId: appid } = emulator.apps.official;
  return { user: { openid: 'o' }, appid, openid: 'o', scope: 'snsapi_base', flow: 'official', ...change };
}

function tokenResponse(change: object = {}): object {
  return {
    access_token: 'an access token',
    expires_in: 7200,
    refresh_token: 'a refresh token',
    openid: 'openid',
    scope: 'snsapi_base',
    ...change,
  };
}

/** A computer shows a QR code, and the phone opens its page: what the form of that page posts. */
async function openScan(
  app: MeasuredApp,
): Promise<{ target: string; headers: Record<string, string>; body: string }> {
  const computer = { headers: { 'User-Agent': OTHER_BROWSER.userAgent } };
  const [target = ''] = /\/pc\/scan\/[\w.-]{20,}/.exec((await app.send('/pc/login', computer)).body) ?? [];
  const page = await app.send(target);
  const [, token = ''] = /name="token" value="([^"]+)"/.exec(page.body) ?? [];
  const headers = { Cookie: page.cookies, 'Content-Type': 'application/x-www-form-urlencoded' };
  return { target, headers, body: new URLSearchParams({ token, action: 'confirm' }).toString() };
}

const QUERY: readonly OutsideText[] = [
  {
    text: 'path and query of a request for which the option account throws an error that quotes them',
    at: ['middleware/choose-account', 'middleware/failures/app-trace', 'redact'],
    growth: 'linear',
    units: PATHS,
    send: inAddress(
      (text) => `/no-account/${escaped(text)}`,
      (text) => `/no-account/login?code=${escaped(text)}&state=${escaped(text)}`,
      (text) => `/no-account/login?a=${encodeURI(text).replace(/[?#/]/g, '&a=')}`,
    ),
  },
  {
    text: 'query returnTo of the login route, longer than allowed',
    at: ['middleware/login/login', 'middleware/addresses', 'middleware/http/return-to'],
    growth: 'none',
    units: PATHS,
    send: inAddress((text) => `/login?returnTo=/x${escaped(text)}`),
  },
  {
    text: 'query returnTo of the login route',
    at: ['middleware/login/login', 'middleware/addresses', 'middleware/http/return-to'],
    growth: 'linear',
    bytes: 480,
    units: PATHS,
    send: inAddress((text) => `/login?returnTo=/x${escaped(text)}`),
  },
  {
    text: 'query scope of the login route',
    at: ['middleware/login/login', 'oauth/scope'],
    growth: 'none',
    units: MARKS,
    send: inAddress((text) => `/login?scope=${escaped(text)}`),
  },
  {
    text: 'query flow of the login route',
    at: ['middleware/login/login'],
    growth: 'none',
    units: MARKS,
    send: inAddress((text) => `/login?flow=${escaped(text)}`),
  },
  {
    text: 'query data of the login route',
    at: ['middleware/login/login'],
    growth: 'none',
    units: { ...MARKS, dots: 'a.' },
    send: inAddress((text) => `/login?data=${escaped(text)}`),
  },
  {
    text: 'query session of the login route, and the parameters that it signs',
    at: ['middleware/login/login-link', 'middleware/login/login-data'],
    growth: 'linear',
    bytes: 8_000,
    units: MARKS,
    send: (text, app) => async () => {
      const Cookie = signedSession({ 'wechat:login': { linkId: 'a'.repeat(22) } });
      const signed = ['returnTo', 'scope', 'flow', 'data'].map(
        (name) => `${name}=${escaped(text)}&session=x`,
      );
      for (const query of [`session=${escaped(text)}`, ...signed])
        await app.send(`/login?${query}`, { headers: { Cookie } });
    },
  },
  {
    text: 'query login of the scan route',
    at: ['middleware/scan/poll'],
    growth: 'none',
    units: MARKS,
    send: inAddress((text) => `/pc/scan?login=${escaped(text)}`),
  },
  {
    text: 'query of the login route with other parameters',
    at: ['middleware/http/request'],
    growth: 'none',
    units: { parameters: (count) => list(count, (at) => `&p${at}=1`) },
    send: inAddress((text) => `/login?a=b${text}`),
  },
  {
    text: 'query code of the callback',
    at: ['middleware/login/callback', 'middleware/state/callback-results', 'redact', 'printable'],
    growth: 'linear',
    bytes: 512,
    units: { ...LETTERS, marks: '!', 'percent signs': '%' },
    send: async (text, app) => {
      const { target, cookies } = await app.startLogin();
      const withCode = target.replace(/code=\w+/, `code=${escaped(text)}`);
      return () => app.send(withCode, { headers: { Cookie: cookies } });
    },
  },
  {
    text: 'query code of the callback, longer than allowed',
    at: ['middleware/login/callback'],
    growth: 'none',
    units: MARKS,
    send: inAddress((text) => `/callback?state=${stateOf(1)}&code=${escaped(text)}`),
  },
  {
    text: 'query state of the callback',
    at: ['middleware/login/callback', 'middleware/state/pending-logins', 'middleware/state/callback-results'],
    growth: 'none',
    units: MARKS,
    send: inAddress((text) => `/callback?code=a&state=${escaped(text)}`),
  },
  {
    text: 'query of the callback with other parameters',
    at: ['middleware/login/callback', 'middleware/http/request'],
    growth: 'linear',
    units: { different: (count) => list(count, (at) => `&p${at}=1`), repeated: '&a=b', lists: '&a[]=b' },
    send: inAddress((text) => UNKNOWN_CALLBACK + text),
  },
  {
    text: 'query returnTo of the logout route',
    at: ['middleware/login/logout', 'middleware/addresses', 'middleware/http/return-to'],
    growth: 'none',
    units: PATHS,
    send: inAddress((text) => `/logout?returnTo=/x${escaped(text)}`),
  },
];

const PATH: readonly OutsideText[] = [
  {
    text: 'path of another handler',
    at: ['middleware/wechat-auth', 'middleware/context', 'middleware/addresses'],
    growth: 'none',
    units: MARKS,
    send: inAddress((text) => `/${text}`),
  },
  {
    text: 'path of a guarded page, longer than a return path may be',
    at: ['middleware/require-wechat-user', 'middleware/addresses', 'middleware/http/return-to'],
    growth: 'none',
    units: { ...MARKS, parameters: '&a=b' },
    send: inAddress((text) => `/me?${text}`),
  },
  {
    text: 'path of a guarded page',
    at: ['middleware/require-wechat-user', 'middleware/addresses', 'middleware/http/return-to'],
    growth: 'linear',
    bytes: 480,
    units: { ...MARKS, parameters: '&a=b' },
    send: inAddress((text) => `/me?${text}`),
  },
  {
    text: 'path before our routes, where the mount is a pattern',
    at: ['middleware/addresses', 'middleware/http/request'],
    growth: 'linear',
    units: { ...LETTERS, backslashes: '\\', 'escaped slashes': '%2f' },
    send: inAddress(
      ...['login', 'callback?code=a&state=b', 'logout', 'page'].map(
        (route) => (text: string) => `/shops/${text}/${route}`,
      ),
    ),
  },
  {
    text: 'path below a mount with verification files',
    at: ['middleware/http/verification-file'],
    growth: 'none',
    units: MARKS,
    send: inAddress((text) => `/pc/${text}`),
  },
  {
    text: 'path below the scan route',
    at: ['middleware/scan/phone', 'middleware/scan/tickets/ticket'],
    growth: 'none',
    units: MARKS,
    send: inAddress((text) => `/pc/scan/${escaped(text)}`),
  },
  {
    text: 'address in place of a path',
    at: ['middleware/http/request'],
    growth: 'none',
    units: { ...LETTERS, dots: 'a.', 'percent signs': '%25' },
    send: inAddress(
      (text) => `http://${text}/login`,
      (text) => `http://${text}/me`,
    ),
  },
];

const ROUTES = ['GET /login', 'GET /me', 'GET /', `GET ${UNKNOWN_CALLBACK}`];
const POSTS = ['POST /logout', 'POST /me'];
/** The page "open in WeChat" shows the address, and a QR code of it. */
const OTHER_BROWSER = { userAgent: 'Mozilla/5.0 (Macintosh)' };

const HEADERS: readonly OutsideText[] = [
  {
    text: 'header host',
    at: ['middleware/http/request', 'middleware/addresses', 'middleware/failures/lost-session/evidence'],
    growth: 'none',
    units: { ...LETTERS, dots: 'a.', colons: ':', commas: ',' },
    send: inHeader('Host', ROUTES),
  },
  {
    text: 'header host that the page "open in WeChat" shows',
    at: ['middleware/pages/open-in-wechat'],
    growth: 'linear',
    bytes: 240,
    units: { ...LETTERS, dots: 'a.' },
    send: inHeader('Host', ['GET /login'], OTHER_BROWSER),
  },
  {
    text: 'header :authority',
    at: ['middleware/http/request'],
    growth: 'none',
    units: { ...LETTERS, dots: 'a.' },
    send: (text, app) => async () => {
      for (const target of ['/login', '/me', UNKNOWN_CALLBACK])
        await app.sendOverHttp2(target, { ':authority': text });
    },
  },
  {
    text: 'header x-forwarded-host',
    at: ['middleware/http/request', 'middleware/failures/lost-session/evidence'],
    growth: 'none',
    units: HEADER_VALUES,
    send: inHeader('X-Forwarded-Host', ROUTES),
  },
  {
    text: 'header x-forwarded-proto',
    at: ['middleware/failures/lost-session/evidence'],
    growth: 'none',
    units: HEADER_VALUES,
    send: inHeader('X-Forwarded-Proto', ROUTES),
  },
  {
    text: 'header user-agent',
    at: ['middleware/http/user-agent', 'middleware/pages/open-in-wechat'],
    growth: 'none',
    units: { ...HEADER_VALUES, 'names of WeChat': 'MicroMessenger', phones: 'iphone' },
    send: inHeader('User-Agent', ['GET /login'], { value: (text) => `Mozilla/5.0 ${text}` }),
  },
  {
    text: 'header user-agent of WeChat',
    at: ['middleware/http/user-agent'],
    growth: 'none',
    units: HEADER_VALUES,
    send: inHeader('User-Agent', ['GET /login'], { value: (text) => `${text} MicroMessenger` }),
  },
  {
    text: 'header accept',
    at: ['middleware/http/request', 'middleware/pages/open-in-wechat'],
    growth: 'none',
    units: HEADER_VALUES,
    send: inHeader('Accept', ROUTES, OTHER_BROWSER),
  },
  {
    text: 'header user-agent of a computer that shows a QR code',
    at: ['middleware/scan/pc', 'middleware/scan/tickets/device'],
    growth: 'none',
    units: HEADER_VALUES,
    send: inHeader('User-Agent', ['GET /pc/login'], { value: (text) => `Mozilla/5.0 (Macintosh) ${text}` }),
  },
  {
    text: 'header origin of the form that confirms a scan login',
    at: ['middleware/scan/phone', 'middleware/scan/same-origin'],
    growth: 'none',
    units: MARKS,
    send: async (text, app) => {
      const { target, headers, body } = await openScan(app);
      return () =>
        app.send(target, { method: 'POST', headers: { ...headers, Origin: `http://${text}` }, body });
    },
  },
  {
    text: 'header of the phone that confirms a scan login',
    at: ['middleware/scan/tickets/phone-request'],
    growth: 'none',
    units: HEADER_VALUES,
    send: async (text, app) => {
      const { target, headers, body } = await openScan(app);
      const { location, cookies } = await app.send(target, { method: 'POST', headers, body });
      const { pathname, search } = new URL((await emulator.authorize(location)) ?? '');
      return () => app.send(pathname + search, { headers: { Cookie: cookies, 'X-Of-The-Phone': text } });
    },
  },
  {
    text: 'header accept-language',
    at: ['middleware/pages/page'],
    growth: 'linear',
    units: { ...HEADER_VALUES, languages: 'zh-CN,', 'parts of a tag': '-a', qualities: ';q=0.1' },
    send: inHeader('Accept-Language', ['GET /callback?code=a&state=b']),
  },
  ...['Sec-Purpose', 'Purpose'].map((name): OutsideText => ({
    text: `header ${name.toLowerCase()}`,
    at: ['middleware/http/request'],
    growth: 'none',
    units: HEADER_VALUES,
    send: inHeader(name, ['GET /login'], { value: (text) => `${text},prefetch` }),
  })),
  ...['Sec-Fetch-Mode', 'X-Requested-With'].map((name): OutsideText => ({
    text: `header ${name.toLowerCase()}`,
    at: ['middleware/http/request', 'middleware/require-wechat-user'],
    growth: 'none',
    units: HEADER_VALUES,
    send: inHeader(name, [...ROUTES, ...POSTS]),
  })),
  {
    text: 'header sec-ch-ua-mobile',
    at: ['middleware/http/user-agent'],
    growth: 'none',
    units: HEADER_VALUES,
    send: inHeader('Sec-CH-UA-Mobile', ['GET /login'], OTHER_BROWSER),
  },
  {
    text: 'header sec-fetch-dest',
    at: ['middleware/failures/lost-session/evidence'],
    growth: 'none',
    units: HEADER_VALUES,
    send: inHeader('Sec-Fetch-Dest', ['GET /callback?code=a&state=1' + 'a'.repeat(32)]),
  },
  {
    text: 'header sec-fetch-site',
    at: ['middleware/addresses'],
    growth: 'none',
    units: HEADER_VALUES,
    send: inHeader('Sec-Fetch-Site', [...ROUTES, ...POSTS]),
  },
  ...['Origin', 'Referer'].map((name): OutsideText => ({
    text: `header ${name.toLowerCase()}`,
    at: ['middleware/addresses'],
    growth: 'none',
    units: { ...MARKS, ...PATHS, 'characters of several bytes': '\u00e9' },
    send: inHeader(name, POSTS, { value: (text) => `http://h5.example.com/${text}` }),
  })),
  {
    text: 'header referer of another site',
    at: ['middleware/addresses'],
    growth: 'none',
    units: HEADER_VALUES,
    send: inHeader('Referer', POSTS),
  },
  {
    text: 'header cookie',
    at: [
      'middleware/login/callback',
      'middleware/state/callback-results',
      'middleware/state/missing-session',
      'middleware/state/session-cookie',
      'middleware/state/session-watch',
      'middleware/failures/lost-session/cause-of-loss',
    ],
    growth: 'none',
    units: HEADER_VALUES,
    send: inHeader('Cookie', ROUTES),
  },
];

const BODY: readonly OutsideText[] = [
  {
    text: 'body',
    at: ['middleware/login/logout', 'middleware/require-wechat-user', 'middleware/scan/tickets/phone-id'],
    growth: 'none',
    units: MARKS,
    send: (text, app) => async () => {
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
      for (const target of ['/logout', '/me'])
        await app.send(target, { method: 'POST', headers, body: text });
    },
  },
];

/**
 * Sessions are usually signed, or stored on the server. But an app may forget to sign them, or let others
 * write into its store.
 */
const SESSION: readonly OutsideText[] = [
  {
    text: 'session with many pending and finished logins',
    at: [
      'middleware/state/pending-logins',
      'middleware/state/session',
      'middleware/login/current-login',
      'oauth/flows',
    ],
    growth: 'linear',
    bytes: 56_000,
    units: { logins: (count) => list(count, (at) => `${stateOf(at)} `) },
    send: inSession(
      (text) => {
        const states = text.split(' ');
        const pending = Object.fromEntries(states.map((state) => [state, pendingLogin()]));
        const done = Object.fromEntries(states.map((state) => [state, '/me']));
        return { 'wechat:login': { pending, done } };
      },
      '/login',
      UNKNOWN_CALLBACK,
      '/logout',
    ),
  },
  {
    text: 'session with a long pending login',
    at: ['middleware/state/pending-logins', 'middleware/addresses'],
    growth: 'none',
    units: PATHS,
    send: inSession(
      (text) => {
        const pending = {
          [stateOf(1)]: pendingLogin({ returnTo: `/${text}` }),
          [stateOf(2)]: pendingLogin({ scope: text }),
        };
        return { 'wechat:login': { pending, done: { [stateOf(3)]: `/${text}` }, linkId: text } };
      },
      ...[1, 2, 3].map((at) => `/callback?code=x&state=${stateOf(at)}`),
    ),
  },
  {
    text: 'session with a long login',
    at: ['middleware/login/current-login', 'oauth/scope'],
    growth: 'linear',
    units: RESPONSES,
    send: inSession(
      (text) => ({ wechat: loginOf({ scope: text, openid: text, user: { name: text } }) }),
      '/me',
      '/consent',
    ),
  },
  {
    text: 'session with many keys',
    at: ['middleware/state/session', 'middleware/state/storable', 'middleware/login/current-login'],
    growth: 'linear',
    units: { keys: (count) => list(count, (at) => `key${at} `) },
    send: async (text, app) => {
      const { target, cookies } = await app.startLogin();
      const [, session = ''] = /session=([^;]*)/.exec(cookies) ?? [];
      const started = JSON.parse(Buffer.from(session, 'base64').toString()) as object;
      const keys = Object.fromEntries(text.split(' ').map((key) => [key, 1]));
      return async () => {
        await app.send(target, { headers: { Cookie: signedSession({ ...started, ...keys }) } });
        await app.send('/logout', { headers: { Cookie: signedSession({ wechat: loginOf(), ...keys }) } });
      };
    },
  },
];

const TOKEN_FIELDS = ['openid', 'unionid', 'scope', 'expires_in', 'is_snapshotuser', 'errcode', 'errmsg'];

const WECHAT: readonly OutsideText[] = [
  {
    text: 'token response that is not JSON',
    at: ['oauth/transport/read-json', 'oauth/transport/read-response'],
    growth: 'linear',
    units: RESPONSES,
    send: inResponse('access_token', (text) => ({ body: `{"a":"${text}` })),
  },
  {
    text: 'token response with long tokens and a long unknown field',
    at: ['oauth/transport/read-json', 'oauth/transport/response-schemas'],
    growth: 'linear',
    units: RESPONSES,
    send: inResponse('access_token', (text) => ({
      body: JSON.stringify(tokenResponse({ access_token: text, refresh_token: text, further: text })),
    })),
  },
  ...TOKEN_FIELDS.map((field): OutsideText => ({
    text: `token response with a long ${field}`,
    at: ['oauth/transport/read-json', 'oauth/transport/read-response'],
    growth: 'linear',
    units: { ...RESPONSES, digits: '1', scopes: 'snsapi_base,' },
    send: inResponse('access_token', (text) => ({ body: JSON.stringify(tokenResponse({ [field]: text })) })),
  })),
  {
    text: 'token response with many fields',
    at: ['oauth/transport/read-json', 'oauth/transport/wechat-api'],
    growth: 'linear',
    units: { fields: (count) => list(count, (at) => `,"field${at}":1`) },
    send: inResponse('access_token', (text) => ({
      body: `${JSON.stringify(tokenResponse()).slice(0, -1)}${text}}`,
    })),
  },
  {
    text: 'token response with nested values',
    at: ['oauth/transport/read-json', 'oauth/transport/read-response'],
    growth: 'linear',
    units: { lists: '[', objects: '{"a":' },
    send: inResponse('access_token', (text) => {
      const ends = text.startsWith('[') ? ']'.repeat(text.length) : '}'.repeat(text.length / 5);
      return { body: `${JSON.stringify(tokenResponse()).slice(0, -1)},"nested":${text}1${ends}}` };
    }),
  },
  ...['access_token', 'userinfo'].map((endpoint): OutsideText => ({
    text: `errmsg of ${endpoint}`,
    at: [
      'oauth/transport/read-json',
      'oauth/transport/read-response',
      'redact',
      'printable',
      'errors',
      'middleware/pages/error-page',
    ],
    growth: 'linear',
    units: RESPONSES,
    send: inResponse(endpoint, (text) => ({ errcode: 40125, errmsg: `${text}, rid: ${text}` })),
  })),
  ...(
    [
      ['auth', 'verifyToken'],
      ['jscode2session', 'getSessionKey'],
      ['refresh_token', 'refreshAccessToken'],
    ] as const
  ).map(([endpoint, name]): OutsideText => ({
    text: `errmsg of ${endpoint}`,
    at: ['oauth/transport/read-json', 'oauth/transport/read-response', 'redact', 'printable', 'errors'],
    growth: 'linear',
    units: RESPONSES,
    send: (text, app) => {
      emulator.fail(endpoint, { errcode: 40125, errmsg: text });
      return () => app.call({ name, argument: 'an argument that is a secret' });
    },
  })),
  {
    text: 'profile with long fields',
    at: ['oauth/transport/read-json', 'oauth/transport/response-schemas'],
    growth: 'linear',
    bytes: 1_000,
    units: RESPONSES,
    send: inResponse('userinfo', (text) => ({ patch: { nickname: text, headimgurl: text, city: text } })),
  },
  {
    text: 'profile with a long list',
    at: ['oauth/transport/read-json', 'oauth/transport/response-schemas'],
    growth: 'linear',
    units: { texts: '"a",', numbers: '1,' },
    send: inResponse('userinfo', (text) => ({
      patch: { privilege: JSON.parse(`[${text.slice(0, -1)}]`) as unknown },
    })),
  },
  ...['Content-Type', 'Content-Encoding'].map((name): OutsideText => ({
    text: `${name} of a response`,
    at: ['oauth/transport/node-request', 'oauth/transport/read-response'],
    growth: 'linear',
    bytes: 8_000,
    units: HEADER_VALUES,
    send: inResponse('access_token', (text) => ({
      status: 200,
      body: '<html>',
      headers: { [name]: text.trim() },
    })),
  })),
  {
    text: 'response over 1 MB',
    at: ['oauth/transport/node-request'],
    growth: 'none',
    bytes: 8_000_000,
    units: LETTERS,
    send: inResponse('access_token', (text) => ({ body: text })),
  },
];

const STORES: readonly OutsideText[] = [
  {
    text: 'error of a token store',
    at: ['stores/call-store', 'redact', 'printable'],
    growth: 'linear',
    units: RESPONSES,
    send: inStore((text) => ({ tokens: text })),
  },
  {
    text: 'error of Redis',
    at: ['stores/redis-store', 'stores/call-store', 'redact', 'printable'],
    growth: 'linear',
    units: RESPONSES,
    send: async (text, app) => {
      await app.setStoreBehaviour({ redis: text });
      return () => app.call({ name: 'getUser', argument: 'openid' });
    },
  },
  {
    text: 'record of Redis',
    at: ['stores/redis-store', 'stores/token-record', 'oauth/tokens/token-keeper', 'oauth/scope'],
    growth: 'linear',
    units: RESPONSES,
    send: async (text, app) => {
      const record = JSON.stringify(tokenResponse({ scope: text, further: text, create_at: 0 }));
      await app.setStoreBehaviour({ record });
      return () => app.call({ name: 'getUser', argument: 'openid' });
    },
  },
  {
    text: 'error of a session store',
    at: ['middleware/state/session', 'stores/call-store', 'redact', 'printable'],
    growth: 'linear',
    units: RESPONSES,
    sessions: 'express-session',
    send: inStore((text) => ({ sessions: text })),
  },
];

const RELAY: readonly OutsideText[] = [
  {
    text: 'query to of the relay, longer than allowed',
    at: ['relay/wechat-relay', 'relay/allow-list', 'middleware/http/request'],
    growth: 'linear',
    units: { ...PATHS, parameters: '&a=b;c=d' },
    send: inAddress(
      (text) => `/relay/callback?to=${escaped(`https://app.example.com/?${text}`)}`,
      (text) => `/relay/callback?to=${escaped(text)}`,
    ),
  },
  {
    text: 'query to of the relay',
    at: ['relay/wechat-relay', 'relay/allow-list'],
    growth: 'linear',
    bytes: 1_900,
    units: { ...PATHS, parameters: '&a=b;c=d' },
    send: inAddress((text) => `/relay/callback?to=${escaped(`https://app.example.com/?${text}`)}`),
  },
  {
    text: 'query code and state of the relay',
    at: ['relay/wechat-relay'],
    growth: 'linear',
    units: MARKS,
    send: inAddress(
      (text) => `/relay/callback?to=https://app.example.com/&code=${escaped(text)}&state=${escaped(text)}`,
    ),
  },
  {
    text: 'query of the relay with other parameters',
    at: ['relay/wechat-relay', 'middleware/http/request'],
    growth: 'linear',
    units: { parameters: '&a=b', names: (count) => list(count, (at) => `&a${at}=b`) },
    send: inAddress((text) => `/relay/callback?to=https://app.example.com/${text}`),
  },
];

/** Posts this JSON to the login of a mini program. */
function inPostedLogin(app: MeasuredApp, body: object, headers: Record<string, string> = {}): Work {
  return () =>
    app.send('/mini/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
}

const POSTED_LOGINS: readonly OutsideText[] = [
  ...['x-forwarded-for', 'forwarded'].map((name): OutsideText => ({
    text: `header ${name}`,
    at: ['middleware/login/client-code', 'middleware/http/request'],
    growth: 'linear',
    units: HEADER_VALUES,
    send: (text, app) => {
      const code = emulator.issueCode({ app: emulator.apps.miniProgram.appId });
      return inPostedLogin(app, { code }, { [name]: text });
    },
  })),
  {
    text: 'header content-type of a login that a client posts',
    at: ['middleware/login/client-code', 'middleware/http/request'],
    growth: 'none',
    units: HEADER_VALUES,
    send: (text, app) => () =>
      app.send('/mini/login-without-parser', {
        method: 'POST',
        headers: { 'Content-Type': `application/json; ${text}` },
        body: '{}',
      }),
  },
  {
    text: 'header content-length of a login that a client posts',
    at: ['middleware/login/client-code', 'middleware/http/request'],
    growth: 'none',
    units: { zeros: '0' },
    send: (text, app) => () =>
      app.send('/mini/login-without-parser', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Content-Length': `${text}2` },
        body: '{}',
      }),
  },
  {
    text: 'code of a login that a client posts',
    at: ['middleware/login/client-code', 'middleware/login/exchange'],
    growth: 'none',
    units: MARKS,
    send: (code, app) => inPostedLogin(app, { code }),
  },
  {
    text: 'encryptedData and iv of a login that a client posts',
    at: ['middleware/login/client-code', 'oauth/mini-program'],
    growth: 'linear',
    units: MARKS,
    send: (text, app) => {
      const code = emulator.issueCode({ app: emulator.apps.miniProgram.appId });
      return inPostedLogin(app, { code, encryptedData: text, iv: text });
    },
  },
];

export const OUTSIDE_TEXTS: readonly OutsideText[] = [
  ...QUERY,
  ...PATH,
  ...HEADERS,
  ...BODY,
  ...SESSION,
  ...WECHAT,
  ...STORES,
  ...RELAY,
  ...POSTED_LOGINS,
];
