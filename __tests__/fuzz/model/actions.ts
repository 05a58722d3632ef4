import fc from 'fast-check';

/** How WeChat, and the app's own onLogin, feel at the moment of a callback. */
export const MOODS = [
  'well',
  'busy',
  'reset',
  'silence',
  'page',
  '40029',
  '40163',
  '40125',
  '45011',
  '50002',
  'cut',
  'grants less',
  'no profile',
  'profile late',
  'no unionid',
  'dirty',
  'app refuses',
] as const;
export type Mood = (typeof MOODS)[number];

export const PAGES = ['me', 'full', 'staff'] as const;
export type Page = (typeof PAGES)[number];

/**
 * One thing that happens. Plain data, so that a sequence which once failed can be kept as it is. `link`, `answer` and `old` count
 * backwards: 0 is the latest address of WeChat's, callback address or cookie; what does not exist is skipped. Browser -1 is the one
 * that set out for this callback.
 */
export type Action =
  | { do: 'open' | 'ask by script'; browser: number; page: Page }
  | { do: 'agree'; link: number; person: number; fullService: boolean }
  | { do: 'refuse'; link: number; how: 'silent' | 'state-only' | 'authdeny' }
  | { do: 'call back'; browser: number; answer: number; mood: Mood; keep: boolean }
  | {
      do: 'call back twice';
      browser: number;
      answer: number;
      mood: Mood;
      codes: 'same' | 'other';
      keep: number;
    }
  | { do: 'forge'; browser: number; answer: number; what: Forgery }
  | { do: 'look ahead'; browser: number; answer: number; at: 'login' | 'callback' | 'logout'; how: Look }
  | { do: 'log out'; browser: number; staff: boolean; how: 'GET' | 'POST' | 'from another site' }
  | { do: 'put in cart' | 'lose cookies'; browser: number }
  | { do: 'copy back'; browser: number; old: number }
  | { do: 'wait'; seconds: number };

export const FORGERIES = [
  'another state',
  'a digit more',
  'no state',
  '__proto__',
  'two states',
  'a list',
  "another answer's code",
  'the other site',
] as const;
export type Forgery = (typeof FORGERIES)[number];
export type Look = 'HEAD' | 'prefetch' | 'prerender';

const browser = fc.constantFrom(0, 0, 0, 1, 1, 2);
/** Mostly the one that set out. */
const anyBrowser = fc.constantFrom(-1, -1, -1, -1, 0, 1, 2);
const recent = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3, 5, 8);
const person = fc.constantFrom(0, 0, 1, 2);
const page = fc.constantFrom(...PAGES);
const keep = fc.constantFrom(true, true, true, false);
const mood = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Mood>('well') },
  { weight: 4, arbitrary: fc.constantFrom(...MOODS) },
);

function doing<const Name extends Action['do'], T extends object>(
  name: Name,
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
): fc.Arbitrary<{ do: Name } & T> {
  return fc.record(fields).map((values) => ({ do: name, ...(values as T) }));
}

const open = doing('open', { browser, page });
const agree = doing('agree', { link: recent, person, fullService: fc.boolean() });
const callBack = doing('call back', { browser: anyBrowser, answer: recent, mood, keep });

const callBackTwice = doing('call back twice', {
  browser: anyBrowser,
  answer: recent,
  mood,
  codes: fc.constantFrom('same' as const, 'other' as const),
  keep: fc.nat(1),
});

/** A login from its first page on, by one person, in one browser; what is lost or refused may go on with the latest link. */
const logIn = fc
  .tuple(browser, page, person, fc.boolean(), fc.oneof(callBack, callBack, callBackTwice))
  .map(([where, what, who, fullService, end]): Action[] => [
    { do: 'open', browser: where, page: what },
    { do: 'agree', link: 0, person: who, fullService },
    { ...end, browser: -1, answer: 0 },
  ]);

/** More tabs than may be under way, a stranger's link in between, and one of the tabs goes on. */
const crowd = fc
  .tuple(browser, page, fc.integer({ min: 4, max: 6 }), fc.nat(5), fc.constantFrom(...FORGERIES))
  .map(([where, what, count, which, forgery]): Action[] => [
    ...Array<Action>(count).fill({ do: 'open', browser: where, page: what }),
    { do: 'agree', link: which, person: 0, fullService: false },
    { do: 'forge', browser: -1, answer: 0, what: forgery },
    { do: 'call back', browser: -1, answer: 0, mood: 'well', keep: true },
  ]);

/** Somebody logs in, leaves something behind, and is asked for more: perhaps somebody else answers. */
const stepUp = fc.tuple(browser, person, person, mood).map(([where, first, second, how]): Action[] => [
  { do: 'open', browser: where, page: 'me' },
  { do: 'agree', link: 0, person: first, fullService: true },
  { do: 'call back', browser: -1, answer: 0, mood: 'well', keep: true },
  { do: 'put in cart', browser: where },
  { do: 'open', browser: where, page: 'full' },
  { do: 'agree', link: 0, person: second, fullService: true },
  { do: 'call back', browser: -1, answer: 0, mood: how, keep: true },
]);

/** The other way round: a tab that asks for little comes last. */
const lateTab = fc.tuple(browser, person, person, mood).map(([where, first, second, how]): Action[] => [
  { do: 'open', browser: where, page: 'me' },
  { do: 'open', browser: where, page: 'full' },
  { do: 'agree', link: 0, person: first, fullService: true },
  { do: 'call back', browser: -1, answer: 0, mood: 'well', keep: true },
  { do: 'put in cart', browser: where },
  { do: 'agree', link: 1, person: second, fullService: true },
  { do: 'call back', browser: -1, answer: 0, mood: how, keep: true },
]);

/** One session in two browsers: WeChat's account first, the website's then, known as one person by the unionid. */
const twoAccounts = fc.tuple(person, person, mood).map(([first, second, how]): Action[] => [
  { do: 'open', browser: 2, page: 'me' },
  { do: 'copy back', browser: 0, old: 0 },
  { do: 'open', browser: 0, page: 'full' },
  { do: 'agree', link: 0, person: first, fullService: true },
  { do: 'call back', browser: 0, answer: 0, mood: 'well', keep: true },
  { do: 'put in cart', browser: 0 },
  { do: 'agree', link: 1, person: second, fullService: true },
  { do: 'call back', browser: 0, answer: 0, mood: how, keep: true },
]);

/** What a login left behind is used once more, with cookies from before it. */
const replay = fc
  .tuple(
    browser,
    page,
    person,
    fc.nat(4),
    fc.constantFrom<Action[]>([], [{ do: 'wait', seconds: 71 }]),
    fc.boolean(),
  )
  .map(([where, what, who, old, meanwhile, logsOut]): Action[] => [
    { do: 'open', browser: where, page: what },
    { do: 'agree', link: 0, person: who, fullService: true },
    { do: 'call back', browser: -1, answer: 0, mood: 'well', keep: true },
    ...(logsOut ? [{ do: 'log out', browser: where, staff: what === 'staff', how: 'POST' } as const] : []),
    ...meanwhile,
    { do: 'copy back', browser: where, old },
    { do: 'call back', browser: where, answer: 0, mood: 'well', keep: true },
  ]);

const alone = fc
  .oneof(
    { weight: 3, arbitrary: open },
    { weight: 2, arbitrary: doing('ask by script', { browser, page }) },
    { weight: 7, arbitrary: agree },
    {
      weight: 2,
      arbitrary: doing('refuse', {
        link: recent,
        how: fc.constantFrom('silent' as const, 'state-only' as const, 'authdeny' as const),
      }),
    },
    { weight: 12, arbitrary: callBack },
    { weight: 4, arbitrary: callBackTwice },
    {
      weight: 3,
      arbitrary: doing('forge', { browser: anyBrowser, answer: recent, what: fc.constantFrom(...FORGERIES) }),
    },
    {
      weight: 1,
      arbitrary: doing('look ahead', {
        browser,
        answer: recent,
        at: fc.constantFrom('login' as const, 'callback' as const, 'logout' as const),
        how: fc.constantFrom('HEAD' as const, 'prefetch' as const, 'prerender' as const),
      }),
    },
    {
      weight: 3,
      arbitrary: doing('log out', {
        browser,
        staff: fc.constantFrom(false, false, true),
        how: fc.constantFrom('GET' as const, 'POST' as const, 'from another site' as const),
      }),
    },
    { weight: 2, arbitrary: doing('put in cart', { browser }) },
    { weight: 1, arbitrary: doing('lose cookies', { browser }) },
    { weight: 2, arbitrary: doing('copy back', { browser, old: fc.nat(12) }) },
    { weight: 2, arbitrary: doing('wait', { seconds: fc.constantFrom(19, 71, 290, 601) }) },
  )
  .map((action): Action[] => [action]);

/** An afternoon of three browsers. */
export const afternoon: fc.Arbitrary<Action[]> = fc
  .array(
    fc.oneof(
      { weight: 14, arbitrary: alone },
      { weight: 5, arbitrary: logIn },
      { weight: 1, arbitrary: crowd },
      { weight: 1, arbitrary: stepUp },
      { weight: 1, arbitrary: lateTab },
      { weight: 1, arbitrary: twoAccounts },
      { weight: 1, arbitrary: replay },
    ),
    { minLength: 1, maxLength: 30, size: 'max' },
  )
  .map((parts) => parts.flat());
