import crypto from 'node:crypto';
import { emulator, useEmulator } from '../support/emulator';
import { FULL } from '../support/full';
import { Corpus, type Attack } from './support/corpus';
import { textOf, valueOf } from '../support/raw-http';
import { attackInRotation } from './support/rotation';
import { RawBrowser } from '../support/raw-browser';
import { defectOf, matrix, startSite, type Site } from './support/site';

useEmulator();

const official = (): string => emulator.apps.official.appId;
const idOf = (user: string): string => emulator.openid(user, official());
const STATE = `0${'a'.repeat(32)}`;

/** cookie-session's signature, made here from its description: HMAC-SHA1 of name=value, as base64url. */
function sign(value: string, { key = 'test key', name = 'session', algorithm = 'sha1' } = {}): string {
  return crypto.createHmac(algorithm, key).update(`${name}=${value}`).digest('base64url');
}

function signed(value: string): string {
  return `session=${value}; session.sig=${sign(value)}`;
}

function ofJSON(session: unknown): string {
  return signed(Buffer.from(JSON.stringify(session)).toString('base64'));
}

function ofText(text: string): string {
  return signed(Buffer.from(text).toString('base64'));
}

/** Who a cookie makes of somebody, at each of our doors. */
async function withCookie(
  site: Site,
  cookie: string,
  mayBe: readonly (string | undefined)[],
): Promise<string | undefined> {
  const visitor = new RawBrowser(site);
  const paths = ['/me', '/login?returnTo=/me', `/callback?code=x&state=${STATE}`, '/logout', '/session'];
  for (const path of paths) {
    const answer = await visitor.copy().send(visitor.at(path), { cookie });
    const wrong = defectOf(answer);
    if (wrong !== undefined) return `${path}: ${wrong}`;
    if (path === '/me' && answer.status === 200) {
      const user = JSON.parse(textOf(answer)) as { openid?: unknown } | null;
      const who = typeof user?.openid === 'string' ? user.openid : 'somebody';
      if (!mayBe.includes(who)) return `the guard lets ${textOf(answer).slice(0, 200)} pass`;
    }
    if (path.startsWith('/login') && answer.status === 302) {
      const sent = new URL(valueOf(answer, 'location'), site.url);
      if (sent.origin !== emulator.url) return `the login leads to ${sent.href}`;
      if (sent.searchParams.get('redirect_uri') !== `${site.url}${site.mount}/callback`)
        return 'another redirect_uri';
    }
  }
  return undefined;
}

/** What a person of these cookies may be: who they are, or a stranger. */
type Forge = (own: RawBrowser) => string | Promise<string>;

const cut = (value: string, length: number): string => value.slice(0, length);

function flip(text: string, at: number, bit: number): string {
  const code = text.charCodeAt(at) ^ (1 << bit);
  return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
}

const session = (own: RawBrowser): string => own.jar.get('session') ?? '';
const signature = (own: RawBrowser): string => own.jar.get('session.sig') ?? '';
const both = (value: string, sig: string): string => `session=${value}; session.sig=${sig}`;
const rewritten = (own: RawBrowser, change: (text: string) => string): string =>
  Buffer.from(change(Buffer.from(session(own), 'base64').toString())).toString('base64');

/** Cookies of cookie-session that somebody has worked on without its key. */
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
      `the value cut to ${length}`,
      (own: RawBrowser) => both(cut(session(own), length), signature(own)),
    ]),
  ),
  ...Object.fromEntries(
    [0, 1, 13, 26, -1].map((length) => [
      `the signature cut to ${length}`,
      (own: RawBrowser) => both(session(own), cut(signature(own), length)),
    ]),
  ),
  'the value made longer': (own) => both(`${session(own)}AAAA`, signature(own)),
  'the signature made longer': (own) => both(session(own), `${signature(own)}A`),
  'no signature': (own) => `session=${session(own)}`,
  'no value': (own) => `session.sig=${signature(own)}`,
  'value and signature swapped': (own) => both(signature(own), session(own)),
  'the signature of another key': (own) => both(session(own), sign(session(own), { key: 'other key' })),
  'the signature of an empty key': (own) => both(session(own), sign(session(own), { key: '' })),
  'the signature of another hash': (own) => both(session(own), sign(session(own), { algorithm: 'sha256' })),
  'the signature of another name': (own) => both(session(own), sign(session(own), { name: 'other' })),
  'the signature in capitals': (own) => both(session(own), `${signature(own).toUpperCase()}x`),
  'the signature in quotes, of another value': (own) => both('e30=', `"${signature(own)}"`),
  "another person's value under the own signature": async (own) => {
    const other = new RawBrowser(own.site);
    await other.logIn('ming');
    return both(session(other), signature(own));
  },
  "the own value under another person's signature": async (own) => {
    const other = new RawBrowser(own.site);
    await other.logIn('ming');
    return both(
      rewritten(own, (text) => text.replaceAll(idOf('emoji'), idOf('ming'))),
      signature(other),
    );
  },
  "another person's openid": (own) =>
    both(
      rewritten(own, (text) => text.replaceAll(idOf('emoji'), idOf('ming'))),
      signature(own),
    ),
  "another person's openid, signed by another key": (own) => {
    const value = rewritten(own, (text) => text.replaceAll(idOf('emoji'), idOf('ming')));
    return both(value, sign(value, { key: 'guessed' }));
  },
  "another person's openid, before the own cookies": (own) =>
    `session=${rewritten(own, (text) => text.replaceAll(idOf('emoji'), idOf('ming')))}; ${own.cookies()}`,
  "another person's openid, after the own cookies": (own) =>
    `${own.cookies()}; session=${rewritten(own, (text) => text.replaceAll(idOf('emoji'), idOf('ming')))}`,
  'the signature first': (own) => `session.sig=${signature(own)}; session=${session(own)}x`,
  'names in capitals': (own) => `SESSION=${session(own)}; SESSION.SIG=${signature(own)}`,
  'a space in the name': (own) => `session =${session(own)}; session.sig=${signature(own)}`,
  'a comma between': (own) => `session=${session(own)}, session.sig=${signature(own)}`,
  'the prototype for a name': (own) => `__proto__=${session(own)}; __proto__.sig=${signature(own)}`,
  'percent-encoding': (own) => both(encodeURIComponent(`${session(own)}=`), signature(own)),
  'raw bytes': (own) => both(`\u00ff\u00fe${session(own)}`, signature(own)),
  'raw bytes in the signature': (own) => both(session(own), `\u00ff${signature(own)}`),
  'a cookie without a name': (own) => `=${session(own)}; ${signature(own)}`,
  'nothing but semicolons': () => ';;;;;;;; ; ;',
  'a hundred cookies of the same name': (own) =>
    Array.from({ length: 100 }, (_, at) => `session=${at}`).join('; ') + `; ${own.cookies()}`,
  '8 kB': (own) => both('A'.repeat(8_000), signature(own)),
  '100 kB': (own) => both('A'.repeat(100_000), signature(own)),
  'a plain JSON': () => 'session={"wechat":{"user":{"openid":"x"}}}',
};

/** Sessions that are signed, and yet none of ours: an app may fill them, an older release may have, a key may be known. */
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
  'its prototype':
    '{"__proto__":{"wechat":{"user":{"openid":"x"},"openid":"x","appid":"APPID","scope":"snsapi_login","flow":"official"}}}',
  'its constructor': '{"constructor":{"prototype":{"wechat":{"user":{}}}}}',
  'a toJSON': '{"toJSON":1,"wechat":{"toString":1}}',
  'names of methods':
    '{"save":1,"regenerate":"x","destroy":[],"touch":{},"populated":true,"isNew":false,"isChanged":1,"isPopulated":1,"length":3}',
  'deep nesting': `{"wechat":${'['.repeat(500)}${']'.repeat(500)}}`,
  'deep pending logins': `{"wechat:login":{"pending":{"${STATE}":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}}}`,
};

/** What may stand where something else should. */
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

/** Each place of a session of ours. */
const PLACES: readonly (readonly string[])[] = [
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

/** A session of ours, of somebody who is logged in, with a login under way and one that is done. */
function ownSession(): Record<string, unknown> {
  return {
    wechat: {
      user: { openid: idOf('emoji'), nickname: 'emoji' },
      appid: official(),
      openid: idOf('emoji'),
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

function withWrong(place: readonly string[], value: unknown): Record<string, unknown> {
  const whole = ownSession();
  let at = whole;
  for (const name of place.slice(0, -1)) at = at[name] as Record<string, unknown>;
  at[place.at(-1) ?? ''] = value;
  return whole;
}

/** Without one of these, or with another type, there is no login; pending logins have nothing to say about it. */
const NEEDED = ['wechat', 'wechat.user', 'wechat.appid', 'wechat.openid', 'wechat.scope', 'wechat.flow'];

function mayBeAfter(place: readonly string[], value: unknown): (string | undefined)[] {
  if (!NEEDED.includes(place.join('.'))) return [idOf('emoji')];
  // An app keeps as its user what it likes, and only it can; a text is a text.
  const isUser = place[1] === 'user' && Boolean(value);
  const isText = (place[1] === 'openid' || place[1] === 'scope') && typeof value === 'string';
  return isUser ? ['somebody'] : isText ? [idOf('emoji')] : [];
}

/** One login a site: the whole session is in its cookies, and no attack can change those of another browser. */
const owners = new WeakMap<Site, Promise<RawBrowser>>();

async function loggedIn(site: Site): Promise<RawBrowser> {
  let owner = owners.get(site);
  if (owner === undefined) {
    const visitor = new RawBrowser(site);
    owner = visitor.logIn('emoji').then(() => visitor);
    owners.set(site, owner);
  }
  return (await owner).copy();
}

const WITHOUT_KEY: Attack[] = Object.entries(FORGED).map(([name, forge]) => ({
  name,
  run: async (site) => {
    const own = await loggedIn(site);
    return withCookie(site, await forge(own), [idOf('emoji')]);
  },
}));

const WITH_KEY: Attack[] = [
  ...Object.entries(ODD_SESSIONS).map(([name, text]): Attack => ({
    name: `a session that is ${name}`,
    run: (site) => withCookie(site, ofText(text.replace('APPID', official())), []),
  })),
  ...PLACES.flatMap((place) =>
    WRONG.map((value): Attack => ({
      name: `${place.join('.')} = ${JSON.stringify(value)}`,
      run: (site) => withCookie(site, ofJSON(withWrong(place, value)), mayBeAfter(place, value)),
    })),
  ),
];

/** express-session: its cookie is an id and a signature, `s:id.signature`, percent-encoded. */
const IDS: Readonly<Record<string, Forge>> = (() => {
  const own = (visitor: RawBrowser): string => visitor.jar.get('connect.sid') ?? '';
  const cookie = (value: string): string => `connect.sid=${value}`;
  const signedId = (id: string, key = 'test key'): string =>
    cookie(
      encodeURIComponent(
        `s:${id}.${crypto.createHmac('sha256', key).update(id).digest('base64').replace(/=+$/, '')}`,
      ),
    );
  const idIn = (visitor: RawBrowser): string =>
    /^s:([^.]*)\./.exec(decodeURIComponent(own(visitor)))?.[1] ?? '';
  return {
    ...Object.fromEntries(
      Array.from({ length: 40 }, (_, part) => [
        `bit ${part % 6} flipped at ${part + 4}`,
        (visitor: RawBrowser) => cookie(flip(own(visitor), part + 4, part % 6)),
      ]),
    ),
    'no signature': (visitor) => cookie(`s%3A${idIn(visitor)}`),
    'an empty signature': (visitor) => cookie(`s%3A${idIn(visitor)}.`),
    'the bare id': (visitor) => cookie(idIn(visitor)),
    'the id as JSON': (visitor) => cookie(encodeURIComponent(`j:${JSON.stringify(idIn(visitor))}`)),
    'another key': (visitor) => signedId(idIn(visitor), 'other key'),
    'an id of nobody': () => signedId('nobody'),
    'the prototype': () => signedId('__proto__'),
    'the constructor': () => signedId('constructor'),
    toString: () => signedId('toString'),
    'an empty id': () => signedId(''),
    'a path': () => signedId('../../../../etc/passwd'),
    'a wild card': () => signedId('*'),
    'a list': (visitor) => `connect.sid[]=${own(visitor)}`,
    'an id with a line end': () => signedId('a\r\nX-Injected: 1'),
    '8 kB': () => signedId('a'.repeat(8_000)),
    '100 kB': () => signedId('a'.repeat(100_000)),
    'broken percent-encoding': () => cookie('s%3A%E0%A4%A.x%'),
    'raw bytes': () => cookie('s:\u00ff\u00fe.\u00ff'),
    'a bare s:': () => cookie('s:'),
    dots: () => cookie('s:....'),
  };
})();

const STORED: Attack[] = Object.entries(IDS).map(([name, forge]) => ({
  name,
  run: async (site) => {
    const own = new RawBrowser(site);
    await own.logIn('emoji');
    const cookie = await forge(own);
    // A bit of a percent-encoded letter may make another spelling of the same.
    return withCookie(site, cookie, decodedAlike(cookie, own) ? [idOf('emoji')] : []);
  },
}));

function decodedAlike(cookie: string, own: RawBrowser): boolean {
  try {
    return decodeURIComponent(cookie) === decodeURIComponent(own.cookies());
  } catch {
    return false;
  }
}

it('signs as cookie-session does, or the forgeries with its key would prove nothing', async () => {
  const site = await startSite(emulator, { host: 'Connect' });
  try {
    const own = new RawBrowser(site);
    await own.logIn('emoji');
    expect(sign(session(own))).toBe(signature(own));
    const answer = await new RawBrowser(site).send('/me', { cookie: ofJSON(ownSession()) });
    expect(JSON.parse(textOf(answer))).toMatchObject({ openid: idOf('emoji') });
  } finally {
    await site.close();
  }
});

const corpus = new Corpus();
attackInRotation(corpus, 'a forged cookie', matrix(), WITHOUT_KEY, 'makes nobody of anybody else');
attackInRotation(
  corpus,
  'an odd session',
  matrix(),
  WITH_KEY,
  'makes nobody a user who was none, and breaks nothing',
);
attackInRotation(corpus, 'a forged id', matrix(['express-session']), STORED, 'makes nobody a user');

it('leaves the prototype of objects alone', () => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>)['wechat']).toBeUndefined();
});

corpus.expectAll(FULL ? 1202 : 601);
