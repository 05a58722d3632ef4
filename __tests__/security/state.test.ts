import { emulator, useEmulator } from '../support/emulator';
import { SESSION_NAMES } from '../support/sessions';
import { FULL } from '../support/full';
import { Corpus, type Attack } from './support/corpus';
import { textOf, valueOf } from '../support/browsers/raw-http';
import { attackInRotation } from './support/rotation';
import { RawBrowser, type RawRequest } from '../support/browsers/raw-browser';
import { defectOf, matrix, openidOf, wasExchanged } from './support/site';

useEmulator();
afterEach(() => {
  jest.restoreAllMocks();
});

/** The attacker's code, and the state in the victim's session. */
interface Attempt {
  readonly code: string;
  readonly state: string;
  readonly victim: RawBrowser;
}

/** The callback that the attacker makes the victim's browser open: its query, or a whole request. */
type ForgedCallback = (
  attempt: Attempt,
) => string | (RawRequest & { readonly query: string }) | Promise<string>;

const hex = (char: string): string => char.repeat(32);

/** Values that are sent in place of the state in the victim's session ("the right state"). */
const STATES: Readonly<Record<string, (state: string) => string>> = {
  'an empty state': () => '',
  'a space': () => '%20',
  'a null byte': () => '%00',
  'the right state with a null byte': (state) => `${state}%00`,
  'the right state with a line end': (state) => `${state}%0A`,
  'the right state with a space': (state) => `${state}+`,
  'the right state after a space': (state) => `%20${state}`,
  'the right state with a slash': (state) => `${state}/`,
  'the right state twice in one': (state) => state + state,
  'the right state in capitals': (state) => state.toUpperCase().replace(/[^A-F\d]/g, 'A') + 'A',
  'the right state without the first digit': (state) => state.slice(1),
  'the right state without the last digit': (state) => state.slice(0, -1),
  'the right state with one digit more': (state) => `${state}0`,
  'the right state with another last digit': (state) =>
    state.slice(0, -1) + (state.endsWith('0') ? '1' : '0'),
  'the right state encoded twice': (state) =>
    state.replace(/./g, (char) => `%25${char.charCodeAt(0).toString(16)}`),
  'the right state with a full-width digit': (state) => `${encodeURIComponent('０')}${state.slice(1)}`,
  'the right state in a list': (state) => `${state},${state}`,
  'the right state in quotes': (state) => `%22${state}%22`,
  'the right state as JSON': (state) => encodeURIComponent(JSON.stringify({ state })),
  'a wildcard': () => '*',
  'a pattern': () => encodeURIComponent('0[0-9a-f]{32}'),
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => [
      `the right state with the restart digit ${digit}`,
      (state: string) => `${digit}${state.slice(1)}`,
    ]),
  ),
  ...Object.fromEntries(
    [0, 1, 2, 9].map((digit) => [
      `a state that the app did not issue, with the digit ${digit}`,
      () => `${digit}${hex('a')}`,
    ]),
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
  'the right state and 100 kB': (state) => state + 'a'.repeat(100_000),
  'a truncated character': () => '%E4%B8',
  'broken percent-encoding': (state) => `${state}%`,
  'bytes that are not UTF-8': (state) => `${state}%FF`,
  'a line separator': () => '%E2%80%A8',
};

/** Callbacks that carry the right state in a wrong form, or the state of another browser. */
const FORMS: Readonly<Record<string, ForgedCallback>> = {
  'no state at all': ({ code }) => `?code=${code}`,
  'the state twice': ({ code, state }) => `?code=${code}&state=${state}&state=${state}`,
  'the state and another one': ({ code, state }) => `?code=${code}&state=${state}&state=0${hex('b')}`,
  'another one and the state': ({ code, state }) => `?state=0${hex('b')}&code=${code}&state=${state}`,
  'the state and a flag': ({ code, state }) => `?code=${code}&state=${state}&state`,
  'the state twice, once with an encoded name': ({ code, state }) => `?code=${code}&st%61te=x&state=${state}`,
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
  'a prefetch': ({ code, state }) => ({
    query: `?code=${code}&state=${state}`,
    headers: [['Sec-Purpose', 'prefetch']],
  }),
  'a GET with headers that override the method': ({ code }) => ({
    query: `?code=${code}&_method=POST`,
    headers: [['X-HTTP-Method-Override', 'POST']],
  }),
  'the fragment': ({ code, state }) => `?code=${code}#state=${state}`,
  'the state of another browser': async ({ code, victim }) => {
    const { state } = await new RawBrowser(victim.site).startLogin();
    return `?code=${code}&state=${state}`;
  },
  'the state of another browser whose login is done': async ({ code, victim }) => {
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

/**
 * An attack by one callback. It fails if nobody is logged in, no code is exchanged, and the victim can log
 * in.
 */
function attackBy(name: string, forge: ForgedCallback): Attack {
  return {
    name,
    run: async (site) => {
      emulator.requests.length = 0;
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      const code = victim.issueCode('emoji');
      const forged = await forge({ code, state, victim });
      const { query, ...request } = typeof forged === 'string' ? { query: forged } : forged;
      const response = await victim.send(victim.at('/callback') + query, request);
      const defect = defectOf(response);
      if (defect !== undefined) return defect;
      if (wasExchanged(code)) return "the attacker's code was exchanged";
      const user = await victim.loggedInAs();
      if (user !== undefined) return `the victim is logged in as ${user}`;
      await victim.openCallback(state, victim.issueCode('ming'));
      const end = await victim.loggedInAs();
      return end === openidOf('ming') ? undefined : "the victim's own login was lost";
    },
  };
}

/** Attacks of several steps. */
const SEQUENCES: readonly Attack[] = [
  {
    name: 'a used state with a new code',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.openCallback(state, victim.issueCode('ming'));
      return reuse(victim, state, 'ming');
    },
  },
  {
    name: 'a used state after the logout',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.openCallback(state, victim.issueCode('ming'));
      await victim.send(victim.at('/logout'));
      return reuse(victim, state, undefined);
    },
  },
  {
    name: 'a state whose login the user refused',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.openCallback(state, 'authdeny');
      return reuse(victim, state, undefined);
    },
  },
  {
    name: 'a state whose code WeChat rejected',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.openCallback(state, 'not-a-code');
      return reuse(victim, state, undefined);
    },
  },
  {
    name: 'a pending state after a logout',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.send(victim.at('/logout'));
      return reuse(victim, state, undefined);
    },
  },
  {
    name: 'an expired state',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      return withClockAhead(600_000, () => reuse(victim, state, undefined));
    },
  },
  {
    name: 'a state from the future',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await withClockAhead(660_000, () => victim.startLogin());
      return reuse(victim, state, undefined);
    },
  },
  {
    name: 'a state that five newer logins replaced',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      for (let tab = 0; tab < 5; tab++) await victim.startLogin();
      return reuse(victim, state, undefined);
    },
  },
  {
    name: 'a client that changes every state',
    run: async (site) => {
      const victim = new RawBrowser(site);
      let state = (await victim.startLogin()).state;
      for (let round = 0; round < 3; round++) {
        const altered = state.slice(0, -1) + (state.endsWith('0') ? '1' : '0');
        const response = await victim.openCallback(altered, victim.issueCode('emoji'));
        const location = valueOf(response, 'location');
        if (location === '')
          return textOf(response).includes('<h1>') ? undefined : 'neither a page nor a redirect';
        state = new URL(location).searchParams.get('state') ?? '';
      }
      return 'an endless loop of redirects';
    },
  },
];

/** Sends the state again, with the attacker's code: the victim's browser must stay logged in as before. */
async function reuse(
  victim: RawBrowser,
  state: string,
  userBefore: string | undefined,
): Promise<string | undefined> {
  const code = victim.issueCode('emoji');
  const defect = defectOf(await victim.openCallback(state, code));
  if (defect !== undefined) return defect;
  if (wasExchanged(code)) return "the attacker's code was exchanged";
  const user = await victim.loggedInAs();
  const expected = userBefore && openidOf(userBefore);
  return user === expected ? undefined : `the victim is logged in as ${String(user)}`;
}

/** Runs the work with a clock that is ahead by this many ms. */
async function withClockAhead<T>(ms: number, work: () => Promise<T>): Promise<T> {
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
    attackBy(name, ({ code, state }) => `?code=${code}&state=${make(state)}`),
  ),
  ...Object.entries(FORMS).map(([name, forge]) => attackBy(name, forge)),
  ...SEQUENCES,
];

attackInRotation(
  corpus,
  'the callback',
  matrix(SESSION_NAMES),
  attacks,
  'logs in nobody by a state that is not in their session, and exchanges no code',
);
corpus.expectAll(FULL ? 468 : 117);
