import { emulator, useEmulator } from '../support/emulator';
import { SESSION_NAMES } from '../support/sessions';
import { FULL } from '../support/full';
import { Corpus, type Attack } from './support/corpus';
import { textOf, valueOf } from '../support/raw-http';
import { attackInRotation } from './support/rotation';
import { RawBrowser, type RawRequest } from '../support/raw-browser';
import { defectOf, matrix, wasExchanged } from './support/site';

useEmulator();
afterEach(() => {
  jest.restoreAllMocks();
});

/** Mallory's code, and the state that the victim's browser was given. */
interface Stolen {
  readonly code: string;
  readonly state: string;
  readonly victim: RawBrowser;
}

/** The callback that the victim's browser is made to open: below the callback, or a whole request. */
type Lure = (stolen: Stolen) => string | (RawRequest & { readonly query: string }) | Promise<string>;

const hex = (char: string): string => char.repeat(32);

/** States that are none: each goes into the callback in the place of the victim's. */
const STATES: Readonly<Record<string, (state: string) => string>> = {
  'an empty one': () => '',
  'a space': () => '%20',
  'a null byte': () => '%00',
  'its own with a null byte': (state) => `${state}%00`,
  'its own with a line end': (state) => `${state}%0A`,
  'its own with a space': (state) => `${state}+`,
  'its own after a space': (state) => `%20${state}`,
  'its own with a slash': (state) => `${state}/`,
  'its own twice in one': (state) => state + state,
  'its own in capitals': (state) => state.toUpperCase().replace(/[^A-F\d]/g, 'A') + 'A',
  'its own without the digit': (state) => state.slice(1),
  'its own without the end': (state) => state.slice(0, -1),
  'its own with one more': (state) => `${state}0`,
  'its own with another end': (state) => state.slice(0, -1) + (state.endsWith('0') ? '1' : '0'),
  'its own encoded twice': (state) => state.replace(/./g, (char) => `%25${char.charCodeAt(0).toString(16)}`),
  'its own with a full-width digit': (state) => `${encodeURIComponent('０')}${state.slice(1)}`,
  'its own in a list': (state) => `${state},${state}`,
  'its own in quotes': (state) => `%22${state}%22`,
  'its own as JSON': (state) => encodeURIComponent(JSON.stringify({ state })),
  'a wild card': () => '*',
  'a pattern': () => encodeURIComponent('0[0-9a-f]{32}'),
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => [
      `its own with the restart digit ${digit}`,
      (state: string) => `${digit}${state.slice(1)}`,
    ]),
  ),
  ...Object.fromEntries(
    [0, 1, 2, 9].map((digit) => [`one nobody made, with the digit ${digit}`, () => `${digit}${hex('a')}`]),
  ),
  ...Object.fromEntries(
    [
      ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf'],
      ...['__defineGetter__', '__lookupGetter__', 'toLocaleString', 'propertyIsEnumerable', 'length', 'then'],
      ...['pending', 'done', 'null', 'undefined', 'NaN', 'true', '0', '-1', '[object Object]', 'wechat'],
    ].map((name) => [`the name ${name}`, () => encodeURIComponent(name)]),
  ),
  '1 kB': () => `0${'a'.repeat(1_000)}`,
  '10 kB': () => `0${'a'.repeat(10_000)}`,
  '100 kB': () => `0${'a'.repeat(100_000)}`,
  'its own and 100 kB': (state) => state + 'a'.repeat(100_000),
  'half a character': () => '%E4%B8',
  'broken percent-encoding': (state) => `${state}%`,
  'bytes that are no UTF-8': (state) => `${state}%FF`,
  'a line separator': () => '%E2%80%A8',
};

/** Ways to bring the right state in a wrong way. */
const SHAPES: Readonly<Record<string, Lure>> = {
  'no state at all': ({ code }) => `?code=${code}`,
  'the state twice': ({ code, state }) => `?code=${code}&state=${state}&state=${state}`,
  'the state and another one': ({ code, state }) => `?code=${code}&state=${state}&state=0${hex('b')}`,
  'another one and the state': ({ code, state }) => `?state=0${hex('b')}&code=${code}&state=${state}`,
  'the state and a flag': ({ code, state }) => `?code=${code}&state=${state}&state`,
  'the state twice, its name spelled otherwise': ({ code, state }) =>
    `?code=${code}&st%61te=x&state=${state}`,
  'the code twice': ({ code, state }) => `?code=${code}&code=${code}&state=${state}`,
  'two codes': ({ code, state, victim }) => `?code=${code}&code=${victim.issueCode('ming')}&state=${state}`,
  'state[]': ({ code, state }) => `?code=${code}&state[]=${state}`,
  'state[0]': ({ code, state }) => `?code=${code}&state[0]=${state}`,
  'state[a]': ({ code, state }) => `?code=${code}&state[a]=${state}`,
  'state%5B%5D': ({ code, state }) => `?code=${code}&state%5B%5D=${state}`,
  'state[__proto__]': ({ code, state }) => `?code=${code}&state[__proto__]=${state}`,
  'state[toString]': ({ code, state }) => `?code=${code}&state[toString]=${state}`,
  '__proto__[state]': ({ code, state }) => `?code=${code}&__proto__[state]=${state}`,
  'constructor[prototype][state]': ({ code, state }) =>
    `?code=${code}&constructor[prototype][state]=${state}`,
  'state and state[]': ({ code, state }) => `?code=${code}&state=${state}&state[]=x`,
  'code[]': ({ code, state }) => `?code[]=${code}&state=${state}`,
  'code[a]': ({ code, state }) => `?code[a]=${code}&state=${state}`,
  STATE: ({ code, state }) => `?code=${code}&STATE=${state}`,
  State: ({ code, state }) => `?code=${code}&State=${state}`,
  'the name with a space': ({ code, state }) => `?code=${code}&state%20=${state}`,
  'the name with a null byte': ({ code, state }) => `?code=${code}&state%00=${state}`,
  'a semicolon between': ({ code, state }) => `?code=${code};state=${state}`,
  'an encoded ampersand between': ({ code, state }) => `?code=${code}%26state=${state}`,
  'a second question mark between': ({ code, state }) => `?code=${code}?state=${state}`,
  'the query of another path': ({ code, state }) => `/x?code=${code}&state=${state}`,
  'the path spelled as a parameter': ({ code, state }) => `;code=${code};state=${state}`,
  'an encoded question mark': ({ code, state }) => `%3Fcode=${code}&state=${state}`,
  'a HEAD': ({ code, state }) => ({ method: 'HEAD', query: `?code=${code}&state=${state}` }),
  'a POST': ({ code, state }) => ({ method: 'POST', query: `?code=${code}&state=${state}`, body: '' }),
  'a PUT': ({ code, state }) => ({ method: 'PUT', query: `?code=${code}&state=${state}`, body: '' }),
  'an OPTIONS': ({ code, state }) => ({ method: 'OPTIONS', query: `?code=${code}&state=${state}` }),
  'a form in the body': ({ code, state }) => ({
    method: 'POST',
    query: '',
    headers: [['Content-Type', 'application/x-www-form-urlencoded']],
    body: `code=${code}&state=${state}`,
  }),
  'a body with a GET': ({ code, state }) => ({ query: '', body: `code=${code}&state=${state}` }),
  'the state in a header': ({ code, state }) => ({
    query: `?code=${code}`,
    headers: [
      ['state', state],
      ['X-State', state],
    ],
  }),
  'the state in a cookie': ({ code, state, victim }) => ({
    query: `?code=${code}`,
    cookie: `${victim.cookies()}; state=${state}`,
  }),
  'a look ahead': ({ code, state }) => ({
    query: `?code=${code}&state=${state}`,
    headers: [['Sec-Purpose', 'prefetch']],
  }),
  'a GET that says it is a POST': ({ code }) => ({
    query: `?code=${code}&_method=POST`,
    headers: [['X-HTTP-Method-Override', 'POST']],
  }),
  'the fragment': ({ code, state }) => `?code=${code}#state=${state}`,
  'the state of another browser': async ({ code, victim }) => {
    const { state } = await new RawBrowser(victim.site).startLogin();
    return `?code=${code}&state=${state}`;
  },
  'the state of another browser that has finished': async ({ code, victim }) => {
    const other = new RawBrowser(victim.site);
    const { state } = await other.startLogin();
    await other.openCallback(state, other.issueCode('ming'));
    return `?code=${code}&state=${state}`;
  },
  'the state of a browser that has no cookies': async ({ code, victim }) => {
    const { state } = await new RawBrowser(victim.site).startLogin();
    return `?code=${code}&state=${state}&lang=zh_CN`;
  },
};

/** Nobody gets in, no code is spent, and what the victim had under way still ends well. */
function withLure(name: string, lure: Lure): Attack {
  return {
    name,
    run: async (site) => {
      emulator.requests.length = 0;
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      const code = victim.issueCode('emoji');
      const made = await lure({ code, state, victim });
      const { query, ...request } = typeof made === 'string' ? { query: made } : made;
      const answer = await victim.send(victim.at('/callback') + query, request);
      const wrong = defectOf(answer);
      if (wrong !== undefined) return wrong;
      if (wasExchanged(emulator, code)) return "mallory's code was exchanged";
      const who = await victim.loggedInAs();
      if (who !== undefined) return `the victim is ${who}`;
      await victim.openCallback(state, victim.issueCode('ming'));
      const end = await victim.loggedInAs();
      return end === emulator.openid('ming', emulator.apps.official.appId)
        ? undefined
        : "the victim's own login was lost";
    },
  };
}

/** Attacks that take more than one step: what happened, and who the victim is at the end. */
const STORIES: readonly Attack[] = [
  {
    name: 'a state that was used, with a fresh code',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.openCallback(state, victim.issueCode('ming'));
      return afterwards(victim, state, 'ming');
    },
  },
  {
    name: 'a state that was used, after the logout',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.openCallback(state, victim.issueCode('ming'));
      await victim.send(victim.at('/logout'));
      return afterwards(victim, state, undefined);
    },
  },
  {
    name: 'a state whose login was denied',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.openCallback(state, 'authdeny');
      return afterwards(victim, state, undefined);
    },
  },
  {
    name: 'a state whose code WeChat refused',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.openCallback(state, 'no-code-of-wechat');
      return afterwards(victim, state, undefined);
    },
  },
  {
    name: 'a state given up by a logout',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.send(victim.at('/logout'));
      return afterwards(victim, state, undefined);
    },
  },
  {
    name: 'a state that is too old',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      return later(600_000, () => afterwards(victim, state, undefined));
    },
  },
  {
    name: 'a state of the future',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await later(660_000, () => victim.startLogin());
      return afterwards(victim, state, undefined);
    },
  },
  {
    name: 'a state that five newer logins pushed out',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      for (let tab = 0; tab < 5; tab++) await victim.startLogin();
      return afterwards(victim, state, undefined);
    },
  },
  {
    name: 'a client that alters every state',
    run: async (site) => {
      const victim = new RawBrowser(site);
      let state = (await victim.startLogin()).state;
      for (let round = 0; round < 3; round++) {
        const altered = state.slice(0, -1) + (state.endsWith('0') ? '1' : '0');
        const answer = await victim.openCallback(altered, victim.issueCode('emoji'));
        const location = valueOf(answer, 'location');
        if (location === '')
          return textOf(answer).includes('<h1>') ? undefined : 'neither a page nor a redirect';
        state = new URL(location).searchParams.get('state') ?? '';
      }
      return 'an endless circle';
    },
  },
];

/** The used state comes back with mallory's code: the browser stays who it was. */
async function afterwards(
  victim: RawBrowser,
  state: string,
  was: string | undefined,
): Promise<string | undefined> {
  const code = victim.issueCode('emoji');
  const wrong = defectOf(await victim.openCallback(state, code));
  if (wrong !== undefined) return wrong;
  if (wasExchanged(emulator, code)) return "mallory's code was exchanged";
  const who = await victim.loggedInAs();
  const expected = was && emulator.openid(was, emulator.apps.official.appId);
  return who === expected ? undefined : `the victim is ${String(who)}`;
}

async function later<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const now = Date.now;
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + ms);
  try {
    return await work();
  } finally {
    clock.mockRestore();
  }
}

const corpus = new Corpus();
const attacks: Attack[] = [
  ...Object.entries(STATES).map(([name, make]) =>
    withLure(name, ({ code, state }) => `?code=${code}&state=${make(state)}`),
  ),
  ...Object.entries(SHAPES).map(([name, lure]) => withLure(name, lure)),
  ...STORIES,
];

attackInRotation(
  corpus,
  'the callback',
  matrix(SESSION_NAMES),
  attacks,
  'lets nobody in by a state that is not theirs, and spends no code',
);
corpus.expectAll(FULL ? 468 : 117);
