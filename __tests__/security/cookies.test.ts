import crypto from 'node:crypto';
import { emulator, useEmulator } from '../support/emulator';
import { FULL } from '../support/full';
import { Corpus, type Attack } from './support/corpus';
import { textOf, valueOf } from '../support/browsers/raw-http';
import { attackInRotation } from './support/rotation';
import { RawBrowser } from '../support/browsers/raw-browser';
import { defectOf, loggedInBrowser, matrix, openidOf, startSite, type Site } from './support/site';

useEmulator();

const official = (): string => emulator.apps.official.appId;
const STATE = `0${'a'.repeat(32)}`;

/**
 * The signature of cookie-session, as its documentation describes it: HMAC-SHA1 of name=value in base64url.
 */
function sign(value: string, { key = 'test key', name = 'session', algorithm = 'sha1' } = {}): string {
  return crypto.createHmac(algorithm, key).update(`${name}=${value}`).digest('base64url');
}

function signed(value: string): string {
  return `session=${value}; session.sig=${sign(value)}`;
}

function cookieOfJSON(session: unknown): string {
  return signed(Buffer.from(JSON.stringify(session)).toString('base64'));
}

function cookieOfText(text: string): string {
  return signed(Buffer.from(text).toString('base64'));
}

/** What this cookie achieves at any route: a login as a user who is not allowed, or a wrong redirect. */
async function loginBy(
  site: Site,
  cookie: string,
  allowed: readonly (string | undefined)[],
): Promise<string | undefined> {
  const browser = new RawBrowser(site);
  const paths = ['/me', '/login?returnTo=/me', `/callback?code=x&state=${STATE}`, '/logout', '/session'];
  for (const path of paths) {
    const response = await browser.copy().send(browser.at(path), { cookie });
    const defect = defectOf(response);
    if (defect !== undefined) return `${path}: ${defect}`;
    if (path === '/me' && response.status === 200) {
      const user = JSON.parse(textOf(response)) as { openid?: unknown } | null;
      const openid = typeof user?.openid === 'string' ? user.openid : 'without an openid';
      if (!allowed.includes(openid)) return `logged in as ${textOf(response).slice(0, 200)}`;
    }
    if (path.startsWith('/login') && response.status === 302) {
      const redirect = new URL(valueOf(response, 'location'), site.url);
      if (redirect.origin !== emulator.url) return `the login redirects to ${redirect.href}`;
      if (redirect.searchParams.get('redirect_uri') !== `${site.url}${site.mount}/callback`)
        return 'another redirect_uri';
    }
  }
  return undefined;
}

/** Makes a forged cookie from the cookies of the attacker's own login. */
type Forge = (own: RawBrowser) => string | Promise<string>;

const truncated = (value: string, length: number): string => value.slice(0, length);

function flip(text: string, at: number, bit: number): string {
  const code = text.charCodeAt(at) ^ (1 << bit);
  return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
}

const session = (own: RawBrowser): string => own.jar.get('session') ?? '';
const signature = (own: RawBrowser): string => own.jar.get('session.sig') ?? '';
const both = (value: string, sig: string): string => `session=${value}; session.sig=${sig}`;
const rewritten = (own: RawBrowser, change: (text: string) => string): string =>
  Buffer.from(change(Buffer.from(session(own), 'base64').toString())).toString('base64');

/** Cookies of cookie-session, changed without the key. */
const FORGED: Readonly<Record<string, Forge>> = {
  ...Object.fromEntries(
    Array.from({ length: 64 }, (_, part) => [
      `bit ${part % 6} flipped at ${part}/64 of the value`,
      (own: RawBrowser) =>
        both(flip(session(own), Math.floor((session(own).length * part) / 64), part % 6), signature(own)),
    ]),
  ),
  ...Object.fromEntries(
    Array.from({ length: 27 }, (_, at) => [
      `bit ${at % 6} flipped at ${at} of the signature`,
      (own: RawBrowser) => both(session(own), flip(signature(own), at, at % 6)),
    ]),
  ),
  ...Object.fromEntries(
    [0, 1, 2, 3, 4, 10, 50, 100, 200, -1, -2, -4].map((length) => [
      `the value truncated to ${length}`,
      (own: RawBrowser) => both(truncated(session(own), length), signature(own)),
    ]),
  ),
  ...Object.fromEntries(
    [0, 1, 13, 26, -1].map((length) => [
      `the signature truncated to ${length}`,
      (own: RawBrowser) => both(session(own), truncated(signature(own), length)),
    ]),
  ),
  'a longer value': (own) => both(`${session(own)}AAAA`, signature(own)),
  'a longer signature': (own) => both(session(own), `${signature(own)}A`),
  'no signature': (own) => `session=${session(own)}`,
  'no value': (own) => `session.sig=${signature(own)}`,
  'value and signature swapped': (own) => both(signature(own), session(own)),
  'the signature of another key': (own) => both(session(own), sign(session(own), { key: 'other key' })),
  'the signature of an empty key': (own) => both(session(own), sign(session(own), { key: '' })),
  'the signature of another hash': (own) => both(session(own), sign(session(own), { algorithm: 'sha256' })),
  'the signature of another name': (own) => both(session(own), sign(session(own), { name: 'other' })),
  'the signature in capitals': (own) => both(session(own), `${signature(own).toUpperCase()}x`),
  'the signature in quotes, of another value': (own) => both('e30=', `"${signature(own)}"`),
  "another user's value with the attacker's signature": async (own) => {
    const other = await loggedInBrowser(own.site, 'ming');
    return both(session(other), signature(own));
  },
  "the attacker's value with another user's signature": async (own) => {
    const other = await loggedInBrowser(own.site, 'ming');
    return both(
      rewritten(own, (text) => text.replaceAll(openidOf('emoji'), openidOf('ming'))),
      signature(other),
    );
  },
  "another user's openid": (own) =>
    both(
      rewritten(own, (text) => text.replaceAll(openidOf('emoji'), openidOf('ming'))),
      signature(own),
    ),
  "another user's openid, signed with another key": (own) => {
    const value = rewritten(own, (text) => text.replaceAll(openidOf('emoji'), openidOf('ming')));
    return both(value, sign(value, { key: 'guessed' }));
  },
  "another user's openid, before the attacker's cookies": (own) =>
    `session=${rewritten(own, (text) => text.replaceAll(openidOf('emoji'), openidOf('ming')))}; ${own.cookies()}`,
  "another user's openid, after the attacker's cookies": (own) =>
    `${own.cookies()}; session=${rewritten(own, (text) => text.replaceAll(openidOf('emoji'), openidOf('ming')))}`,
  'the signature first': (own) => `session.sig=${signature(own)}; session=${session(own)}x`,
  'names in capitals': (own) => `SESSION=${session(own)}; SESSION.SIG=${signature(own)}`,
  'a space in the name': (own) => `session =${session(own)}; session.sig=${signature(own)}`,
  'a comma between': (own) => `session=${session(own)}, session.sig=${signature(own)}`,
  '__proto__ as a name': (own) => `__proto__=${session(own)}; __proto__.sig=${signature(own)}`,
  'percent-encoding': (own) => both(encodeURIComponent(`${session(own)}=`), signature(own)),
  'raw bytes': (own) => both(`\u00ff\u00fe${session(own)}`, signature(own)),
  'raw bytes in the signature': (own) => both(session(own), `\u00ff${signature(own)}`),
  'a cookie without a name': (own) => `=${session(own)}; ${signature(own)}`,
  'nothing but semicolons': () => ';;;;;;;; ; ;',
  'a hundred cookies of one name': (own) =>
    Array.from({ length: 100 }, (_, at) => `session=${at}`).join('; ') + `; ${own.cookies()}`,
  '8 kB': (own) => both('A'.repeat(8_000), signature(own)),
  '100 kB': (own) => both('A'.repeat(100_000), signature(own)),
  'JSON without base64': () => 'session={"wechat":{"user":{"openid":"x"}}}',
};

/**
 * Sessions with a valid signature that this release did not write. They may come from the app, from an older
 * release, or from an attacker who knows the key.
 */
const ODD_SESSIONS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      '1',
      '0',
      '-1',
      '1e400',
      'true',
      'false',
      'null',
      '"text"',
      '""',
      '[]',
      '[1]',
      '[[]]',
      '{}',
      '{',
      '',
      ' ',
      'undefined',
      'NaN',
      '{"a":',
      '\u0000',
      '\ufeff{}',
      '{"wechat":}',
    ].map((text) => [JSON.stringify(text), text]),
  ),
  'a prototype':
    '{"__proto__":{"wechat":{"user":{"openid":"x"},"openid":"x","appid":"APPID","scope":"snsapi_login","flow":"official"}}}',
  'a constructor': '{"constructor":{"prototype":{"wechat":{"user":{}}}}}',
  'a toJSON': '{"toJSON":1,"wechat":{"toString":1}}',
  'names of methods':
    '{"save":1,"regenerate":"x","destroy":[],"touch":{},"populated":true,"isNew":false,"isChanged":1,"isPopulated":1,"length":3}',
  'deep nesting': `{"wechat":${'['.repeat(500)}${']'.repeat(500)}}`,
  'deep pending logins': `{"wechat:login":{"pending":{"${STATE}":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}}}`,
};

/** Values of the wrong type. */
const WRONG: readonly unknown[] = [
  ...[null, 0, 1, -1, 1e21, true, false, '', 'x', '__proto__', 'constructor', 'toString', 'hasOwnProperty'],
  ...[
    [],
    [1],
    [[]],
    ['official'],
    {},
    { length: 1 },
    { toString: 1 },
    { valueOf: 'x', toString: null },
    { at: 1 },
  ],
];

/** The path of every field that the library keeps in a session. */
const FIELDS: readonly (readonly string[])[] = [
  ...[
    ['wechat'],
    ['wechat', 'user'],
    ['wechat', 'appid'],
    ['wechat', 'openid'],
    ['wechat', 'unionid'],
    ['wechat', 'scope'],
    ['wechat', 'flow'],
  ],
  ...[['wechat:login'], ['wechat:login', 'pending'], ['wechat:login', 'done']],
  ...[
    ['wechat:login', 'pending', STATE],
    ['wechat:login', 'done', `0${'b'.repeat(32)}`],
  ],
  ...['returnTo', 'scope', 'flow', 'at', 'params'].map((name) => ['wechat:login', 'pending', STATE, name]),
];

/** A session as the library writes it, with a current login, a pending one and a finished one. */
function validSession(): Record<string, unknown> {
  return {
    wechat: {
      user: { openid: openidOf('emoji'), nickname: 'emoji' },
      appid: official(),
      openid: openidOf('emoji'),
      unionid: 'u',
      scope: 'snsapi_userinfo',
      flow: 'official',
    },
    'wechat:login': {
      pending: {
        [STATE]: { returnTo: '/me', scope: 'snsapi_userinfo', flow: 'official', at: Date.now(), params: {} },
      },
      done: { [`0${'b'.repeat(32)}`]: '/me' },
    },
  };
}

function sessionWith(field: readonly string[], value: unknown): Record<string, unknown> {
  const whole = validSession();
  let at = whole;
  for (const name of field.slice(0, -1)) at = at[name] as Record<string, unknown>;
  at[field.at(-1) ?? ''] = value;
  return whole;
}

/** The fields that a login needs; pending logins do not affect it. */
const REQUIRED = ['wechat', 'wechat.user', 'wechat.appid', 'wechat.openid', 'wechat.scope', 'wechat.flow'];

function allowedAfter(field: readonly string[], value: unknown): (string | undefined)[] {
  if (!REQUIRED.includes(field.join('.'))) return [openidOf('emoji')];
  // The app may store anything truthy as its user; openid and scope may be any string.
  const isUser = field[1] === 'user' && Boolean(value);
  const isString = (field[1] === 'openid' || field[1] === 'scope') && typeof value === 'string';
  return isUser ? ['without an openid'] : isString ? [openidOf('emoji')] : [];
}

/**
 * One login for each site: its cookies hold the whole session, and an attack in another browser cannot change
 * them.
 */
const owners = new WeakMap<Site, Promise<RawBrowser>>();

async function loggedIn(site: Site): Promise<RawBrowser> {
  let owner = owners.get(site);
  if (owner === undefined) {
    owner = loggedInBrowser(site, 'emoji');
    owners.set(site, owner);
  }
  return (await owner).copy();
}

const WITHOUT_KEY: Attack[] = Object.entries(FORGED).map(([name, forge]) => ({
  name,
  run: async (site) => {
    const own = await loggedIn(site);
    return loginBy(site, await forge(own), [openidOf('emoji')]);
  },
}));

const WITH_KEY: Attack[] = [
  ...Object.entries(ODD_SESSIONS).map(([name, text]): Attack => ({
    name: `a session that is ${name}`,
    run: (site) => loginBy(site, cookieOfText(text.replace('APPID', official())), []),
  })),
  ...FIELDS.flatMap((field) =>
    WRONG.map((value): Attack => ({
      name: `${field.join('.')} = ${JSON.stringify(value)}`,
      run: (site) => loginBy(site, cookieOfJSON(sessionWith(field, value)), allowedAfter(field, value)),
    })),
  ),
];

/** Cookies of express-session: `s:id.signature`, percent-encoded. */
const IDS: Readonly<Record<string, Forge>> = (() => {
  const own = (browser: RawBrowser): string => browser.jar.get('connect.sid') ?? '';
  const cookie = (value: string): string => `connect.sid=${value}`;
  const signedId = (id: string, key = 'test key'): string =>
    cookie(
      encodeURIComponent(
        `s:${id}.${crypto.createHmac('sha256', key).update(id).digest('base64').replace(/=+$/, '')}`,
      ),
    );
  const idIn = (browser: RawBrowser): string =>
    /^s:([^.]*)\./.exec(decodeURIComponent(own(browser)))?.[1] ?? '';
  return {
    ...Object.fromEntries(
      Array.from({ length: 40 }, (_, part) => [
        `bit ${part % 6} flipped at ${part + 4}`,
        (browser: RawBrowser) => cookie(flip(own(browser), part + 4, part % 6)),
      ]),
    ),
    'no signature': (browser) => cookie(`s%3A${idIn(browser)}`),
    'an empty signature': (browser) => cookie(`s%3A${idIn(browser)}.`),
    'the id alone': (browser) => cookie(idIn(browser)),
    'the id as JSON': (browser) => cookie(encodeURIComponent(`j:${JSON.stringify(idIn(browser))}`)),
    'another key': (browser) => signedId(idIn(browser), 'other key'),
    'an unknown id': () => signedId('nobody'),
    '__proto__ as an id': () => signedId('__proto__'),
    'constructor as an id': () => signedId('constructor'),
    toString: () => signedId('toString'),
    'an empty id': () => signedId(''),
    'a path': () => signedId('../../../../etc/passwd'),
    'a wildcard': () => signedId('*'),
    'a list': (browser) => `connect.sid[]=${own(browser)}`,
    'an id with a line end': () => signedId('a\r\nX-Injected: 1'),
    '8 kB': () => signedId('a'.repeat(8_000)),
    '100 kB': () => signedId('a'.repeat(100_000)),
    'broken percent-encoding': () => cookie('s%3A%E0%A4%A.x%'),
    'raw bytes': () => cookie('s:\u00ff\u00fe.\u00ff'),
    'only s:': () => cookie('s:'),
    dots: () => cookie('s:....'),
  };
})();

const STORED: Attack[] = Object.entries(IDS).map(([name, forge]) => ({
  name,
  run: async (site) => {
    const own = await loggedInBrowser(site, 'emoji');
    const cookie = await forge(own);
    // A flipped bit in a percent-encoded character may be another encoding of the same cookie.
    return loginBy(site, cookie, isSameDecoded(cookie, own) ? [openidOf('emoji')] : []);
  },
}));

function isSameDecoded(cookie: string, own: RawBrowser): boolean {
  try {
    return decodeURIComponent(cookie) === decodeURIComponent(own.cookies());
  } catch {
    return false;
  }
}

it('the test signs as cookie-session does: otherwise the attacks with its key would prove nothing', async () => {
  const site = await startSite({ host: 'Connect' });
  try {
    const own = await loggedInBrowser(site, 'emoji');
    expect(sign(session(own))).toBe(signature(own));
    const response = await new RawBrowser(site).send('/me', { cookie: cookieOfJSON(validSession()) });
    expect(JSON.parse(textOf(response))).toMatchObject({ openid: openidOf('emoji') });
  } finally {
    await site.close();
  }
});

const corpus = new Corpus();
attackInRotation(corpus, 'a forged cookie', matrix(), WITHOUT_KEY, 'logs in nobody as somebody else');
attackInRotation(
  corpus,
  'a malformed session',
  matrix(),
  WITH_KEY,
  'logs in only a user whose login is valid, and causes no error',
);
attackInRotation(corpus, 'a forged id', matrix(['express-session']), STORED, 'logs in nobody');

it('none of the cookies changed Object.prototype', () => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>)['wechat']).toBeUndefined();
});

corpus.expectAll(FULL ? 1202 : 601);
