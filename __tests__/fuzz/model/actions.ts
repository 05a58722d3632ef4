import fc from 'fast-check';
import { action } from '../shared';

/**
 * The condition of WeChat, or of the app's onLogin, while a callback is handled. A number is an errcode.
 * `page`: WeChat responds with an HTML page. `cut`: the connection is cut inside the response.
 */
export const CONDITIONS = [
  'healthy',
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
  'profile at the second try',
  'no unionid',
  'control characters in the nickname',
  'app refuses',
] as const;
export type Condition = (typeof CONDITIONS)[number];

export const PAGES = ['me', 'full', 'staff'] as const;
export type Page = (typeof PAGES)[number];

/**
 * One thing that a browser, a person or WeChat does. It is plain data, so that found-seeds.ts can keep a
 * sequence that failed once. `link`, `callback` and `old` count backwards: 0 is the latest address of
 * WeChat's page, the latest callback or the latest cookies; an action on one that does not exist is skipped.
 * Browser -1 is the browser that started the login of this callback.
 */
export type Action =
  | { do: 'open' | 'open by script'; browser: number; page: Page }
  | { do: 'agree'; link: number; person: number; fullService: boolean }
  | { do: 'refuse'; link: number; how: 'silent' | 'state-only' | 'authdeny' }
  | { do: 'call back'; browser: number; callback: number; condition: Condition; keep: boolean }
  | {
      do: 'call back twice';
      browser: number;
      callback: number;
      condition: Condition;
      codes: 'same' | 'other';
      keep: number;
    }
  | { do: 'forge'; browser: number; callback: number; what: Forgery }
  | { do: 'prefetch'; browser: number; callback: number; at: 'login' | 'callback' | 'logout'; how: Prefetch }
  | { do: 'log out'; browser: number; staff: boolean; how: 'GET' | 'POST' | 'from another site' }
  | { do: 'fill cart' | 'delete cookies'; browser: number }
  | { do: 'restore cookies'; browser: number; old: number }
  | { do: 'wait'; seconds: number };

export const FORGERIES = [
  'another state',
  'a higher restart count',
  'no state',
  '__proto__',
  'two states',
  'a list',
  "another callback's code",
  'the other site',
] as const;
export type Forgery = (typeof FORGERIES)[number];
export type Prefetch = 'HEAD' | 'prefetch' | 'prerender';

const browser = fc.constantFrom(0, 0, 0, 1, 1, 2);
/** Mostly the browser that started the login. */
const anyBrowser = fc.constantFrom(-1, -1, -1, -1, 0, 1, 2);
const recent = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3, 5, 8);
const person = fc.constantFrom(0, 0, 1, 2);
const page = fc.constantFrom(...PAGES);
const keep = fc.constantFrom(true, true, true, false);
const condition = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Condition>('healthy') },
  { weight: 4, arbitrary: fc.constantFrom(...CONDITIONS) },
);

const open = action('open', { browser, page });
const agree = action('agree', { link: recent, person, fullService: fc.boolean() });
const callBack = action('call back', { browser: anyBrowser, callback: recent, condition, keep });

const callBackTwice = action('call back twice', {
  browser: anyBrowser,
  callback: recent,
  condition,
  codes: fc.constantFrom('same' as const, 'other' as const),
  keep: fc.nat(1),
});

/**
 * One person's whole login in one browser. A later action may continue with its link if the login is lost or
 * refused.
 */
const logIn = fc
  .tuple(browser, page, person, fc.boolean(), fc.oneof(callBack, callBack, callBackTwice))
  .map(([where, what, who, fullService, end]): Action[] => [
    { do: 'open', browser: where, page: what },
    { do: 'agree', link: 0, person: who, fullService },
    { ...end, browser: -1, callback: 0 },
  ]);

/** Four to six tabs (a session holds five pending logins), a forged callback, and then one tab finishes. */
const manyTabs = fc
  .tuple(browser, page, fc.integer({ min: 4, max: 6 }), fc.nat(5), fc.constantFrom(...FORGERIES))
  .map(([where, what, count, which, forgery]): Action[] => [
    ...Array<Action>(count).fill({ do: 'open', browser: where, page: what }),
    { do: 'agree', link: which, person: 0, fullService: false },
    { do: 'forge', browser: -1, callback: 0, what: forgery },
    { do: 'call back', browser: -1, callback: 0, condition: 'healthy', keep: true },
  ]);

/** A person logs in, fills the cart, and is asked for a larger scope: perhaps another person agrees to it. */
const stepUp = fc.tuple(browser, person, person, condition).map(([where, first, second, how]): Action[] => [
  { do: 'open', browser: where, page: 'me' },
  { do: 'agree', link: 0, person: first, fullService: true },
  { do: 'call back', browser: -1, callback: 0, condition: 'healthy', keep: true },
  { do: 'fill cart', browser: where },
  { do: 'open', browser: where, page: 'full' },
  { do: 'agree', link: 0, person: second, fullService: true },
  { do: 'call back', browser: -1, callback: 0, condition: how, keep: true },
]);

/** Two tabs of one browser, of which the one that asks for the smaller scope finishes last. */
const lateTab = fc.tuple(browser, person, person, condition).map(([where, first, second, how]): Action[] => [
  { do: 'open', browser: where, page: 'me' },
  { do: 'open', browser: where, page: 'full' },
  { do: 'agree', link: 0, person: first, fullService: true },
  { do: 'call back', browser: -1, callback: 0, condition: 'healthy', keep: true },
  { do: 'fill cart', browser: where },
  { do: 'agree', link: 1, person: second, fullService: true },
  { do: 'call back', browser: -1, callback: 0, condition: how, keep: true },
]);

/**
 * One session in two browsers: a login of the official account, then one of the website. The unionid connects
 * them.
 */
const twoAccounts = fc.tuple(person, person, condition).map(([first, second, how]): Action[] => [
  { do: 'open', browser: 2, page: 'me' },
  { do: 'restore cookies', browser: 0, old: 0 },
  { do: 'open', browser: 0, page: 'full' },
  { do: 'agree', link: 0, person: first, fullService: true },
  { do: 'call back', browser: 0, callback: 0, condition: 'healthy', keep: true },
  { do: 'fill cart', browser: 0 },
  { do: 'agree', link: 1, person: second, fullService: true },
  { do: 'call back', browser: 0, callback: 0, condition: how, keep: true },
]);

/** A callback that was handled is opened again, with older cookies. */
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
    { do: 'call back', browser: -1, callback: 0, condition: 'healthy', keep: true },
    ...(logsOut ? [{ do: 'log out', browser: where, staff: what === 'staff', how: 'POST' } as const] : []),
    ...meanwhile,
    { do: 'restore cookies', browser: where, old },
    { do: 'call back', browser: where, callback: 0, condition: 'healthy', keep: true },
  ]);

/** One action by itself. */
const single = fc
  .oneof(
    { weight: 3, arbitrary: open },
    { weight: 2, arbitrary: action('open by script', { browser, page }) },
    { weight: 7, arbitrary: agree },
    {
      weight: 2,
      arbitrary: action('refuse', {
        link: recent,
        how: fc.constantFrom('silent' as const, 'state-only' as const, 'authdeny' as const),
      }),
    },
    { weight: 12, arbitrary: callBack },
    { weight: 4, arbitrary: callBackTwice },
    {
      weight: 3,
      arbitrary: action('forge', {
        browser: anyBrowser,
        callback: recent,
        what: fc.constantFrom(...FORGERIES),
      }),
    },
    {
      weight: 1,
      arbitrary: action('prefetch', {
        browser,
        callback: recent,
        at: fc.constantFrom('login' as const, 'callback' as const, 'logout' as const),
        how: fc.constantFrom('HEAD' as const, 'prefetch' as const, 'prerender' as const),
      }),
    },
    {
      weight: 3,
      arbitrary: action('log out', {
        browser,
        staff: fc.constantFrom(false, false, true),
        how: fc.constantFrom('GET' as const, 'POST' as const, 'from another site' as const),
      }),
    },
    { weight: 2, arbitrary: action('fill cart', { browser }) },
    { weight: 1, arbitrary: action('delete cookies', { browser }) },
    { weight: 2, arbitrary: action('restore cookies', { browser, old: fc.nat(12) }) },
    { weight: 2, arbitrary: action('wait', { seconds: fc.constantFrom(19, 71, 290, 601) }) },
  )
  .map((each): Action[] => [each]);

/** What happens in three browsers. */
export const scenario: fc.Arbitrary<Action[]> = fc
  .array(
    fc.oneof(
      { weight: 14, arbitrary: single },
      { weight: 5, arbitrary: logIn },
      { weight: 1, arbitrary: manyTabs },
      { weight: 1, arbitrary: stepUp },
      { weight: 1, arbitrary: lateTab },
      { weight: 1, arbitrary: twoAccounts },
      { weight: 1, arbitrary: replay },
    ),
    { minLength: 1, maxLength: 30, size: 'max' },
  )
  .map((parts) => parts.flat());
