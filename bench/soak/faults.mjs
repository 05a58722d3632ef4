// The faults of a soak, at WeChat, on the network and in the browser, and the errors with which a login may
// end because of them.
import { readFileSync } from 'node:fs';

/** The rules that the tests check: see __tests__/support/contract.ts. */
const contract = JSON.parse(
  readFileSync(new URL('../../__tests__/support/contract.json', import.meta.url), 'utf8'),
);

/** A fault hits the next call of its kind, no matter which login makes that call. */
const OF_WECHAT = [
  { errcode: -1 },
  { errcode: 40001 },
  { errcode: 40029 },
  { errcode: 40163 },
  { errcode: 45011 },
  { errcode: 50002 },
  { html: true },
  { status: 502, body: 'bad gateway' },
  { body: 'null' },
  { redirect: 'http://127.0.0.1:1/' },
  { delay: 300 },
  { drip: 1 },
  'empty',
  'truncated',
  'reset',
  'reset-inside',
  'silence',
];
const CALLS = ['access_token', 'userinfo', 'refresh_token'];

/** Acts of a user or a browser. people.mjs compares these names. */
const OF_THE_BROWSER = [
  'refuses',
  'is refused by the app',
  'opens the callback twice with one code',
  'opens the callback twice with two codes',
  'aborts the callback and opens it again',
  'loses the cookie of the login',
  'loses the cookie of the callback',
  'keeps no cookie at all',
  "opens another browser's callback",
  'changes the state',
  'prefetches the login',
  'goes back to the callback',
];

/** Half of the faults are WeChat's, the other half the browser's. */
export function drawFault(random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  if (random() < 0.5) return { act: pick(OF_THE_BROWSER) };
  return { call: pick(CALLS), fault: pick(OF_WECHAT) };
}

/**
 * The kinds of error with which any login may end because of a fault of WeChat, since the fault may hit
 * another login than the one for which it was chosen. They are the kinds of the errcodes, and those after
 * which a login restarts, because the restarted login may fail, too.
 */
const AFTER_WECHAT = Object.entries(contract.errorKinds)
  .filter(
    ([, { errcodes, restartsLogin }]) =>
      restartsLogin || OF_WECHAT.some(({ errcode }) => errcodes.includes(errcode)),
  )
  .map(([kind]) => kind);
/** `sessions_away` is a kind of the soak's app, not of the library. */
const WHILE_REDIS_IS_AWAY = [...known('session_missing', 'token_store'), 'sessions_away'];
const AFTER_ACTS = {
  refuses: known('access_denied'),
  'is refused by the app': known('login_refused'),
  'keeps no cookie at all': known('login_loop'),
  'changes the state': known('state_unknown', 'login_loop'),
};

function known(...kinds) {
  const unknown = kinds.find((kind) => !(kind in contract.errorKinds));
  if (unknown) throw new Error(`${unknown} is not a kind of error in contract.json`);
  return kinds;
}

/** Whether a login may end with this kind of error; any other is a fault of the library. */
export function mayEndWith(kind, { act, isRedisAway }) {
  return (
    AFTER_WECHAT.includes(kind) ||
    (isRedisAway && WHILE_REDIS_IS_AWAY.includes(kind)) ||
    (AFTER_ACTS[act] ?? []).includes(kind)
  );
}

/** Random numbers that are the same for the same seed. */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
