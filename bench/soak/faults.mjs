// What goes wrong in a soak: at WeChat, on the way to it, in the browser.

/** Each meets the next call of that kind, whoever makes it. */
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

/** What a person or a browser does; people.mjs knows each by its name. */
const OF_THE_BROWSER = [
  'refuses',
  'is refused by the app',
  'calls back twice with one code',
  'calls back twice with two codes',
  'hangs up and calls back again',
  'loses the cookie of the login',
  'loses the cookie of the callback',
  'keeps no cookie at all',
  'opens the callback of another',
  'changes the state',
  'looks ahead',
  'goes back to the callback',
];

/** Half of the faults are WeChat's, half the browser's. */
export function drawFault(random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  if (random() < 0.5) return { act: pick(OF_THE_BROWSER) };
  return { call: pick(CALLS), fault: pick(OF_WECHAT) };
}

/** With which errors a login may end, and when. Anything else is a fault of ours. */
const AFTER_WECHAT = [
  'bad_answer',
  'busy',
  'code_invalid',
  'code_used',
  'network',
  'rate_limit',
  'timeout',
  'token_invalid',
  'user_limited',
];
const WHILE_REDIS_IS_AWAY = ['session_missing', 'sessions_away', 'token_store'];
const AFTER_ACTS = {
  refuses: ['access_denied'],
  'is refused by the app': ['login_refused'],
  'keeps no cookie at all': ['login_loop'],
  'changes the state': ['state_unknown', 'login_loop'],
};

export function mayEndWith(kind, { act, isRedisAway }) {
  return (
    AFTER_WECHAT.includes(kind) ||
    (isRedisAway && WHILE_REDIS_IS_AWAY.includes(kind)) ||
    (AFTER_ACTS[act] ?? []).includes(kind)
  );
}

/** Numbers that look random and are the same for the same seed. */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
