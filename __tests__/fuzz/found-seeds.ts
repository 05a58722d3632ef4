import type { Action } from './model/actions';
import type { Storage } from './model/terms';

export interface Found {
  readonly what: string;
  readonly seed: number;
  readonly path: string;
  readonly storage: Storage;
  /** Stored too, because seed and path give another sequence as soon as a generator changes. */
  readonly actions: readonly Action[];
}

/** Sequences on which app and model differed once. Each stays a test, whichever of the two was wrong. */
export const FOUND: readonly Found[] = [
  {
    what: 'a state that is the name of a property of every object (the model was wrong: it read a property of the prototype)',
    seed: -919713351,
    path: '5:1:2:5:12',
    storage: 'express-session',
    actions: [
      { do: 'open', browser: 0, page: 'me' },
      { do: 'agree', link: 0, person: 0, fullService: false },
      { do: 'call back', browser: 0, callback: 0, condition: 'healthy', keep: true },
      { do: 'open', browser: 0, page: 'me' },
      { do: 'agree', link: 0, person: 0, fullService: false },
      { do: 'call back', browser: 0, callback: 0, condition: 'healthy', keep: true },
      { do: 'forge', browser: 0, callback: 0, what: '__proto__' },
      { do: 'call back', browser: 0, callback: 0, condition: 'healthy', keep: true },
    ],
  },
  {
    what: 'two callbacks at once whose code WeChat rejects: they restart together (the comparison was wrong)',
    seed: 977412855,
    path: '111:1:2:2:5:5:5:9:9:9:5',
    storage: 'cookie-session',
    actions: [
      ...Array<Action>(4).fill({ do: 'open', browser: 0, page: 'me' }),
      { do: 'agree', link: 0, person: 0, fullService: false },
      { do: 'call back twice', browser: 0, callback: 0, condition: '40029', codes: 'same', keep: 0 },
      { do: 'agree', link: 0, person: 0, fullService: false },
    ],
  },
  {
    what: 'an old cookie, later than a minute after the logout (the model was wrong: a logout counts for as long as a login may take)',
    seed: 1385674402,
    path: '43:1:0:1:5:5:5:5',
    storage: 'cookie-session',
    actions: [
      { do: 'open', browser: 0, page: 'me' },
      { do: 'agree', link: 0, person: 0, fullService: true },
      { do: 'call back', browser: -1, callback: 0, condition: 'healthy', keep: true },
      { do: 'log out', browser: 0, staff: false, how: 'POST' },
      { do: 'wait', seconds: 71 },
      { do: 'restore cookies', browser: 0, old: 2 },
      { do: 'call back', browser: 0, callback: 0, condition: 'healthy', keep: true },
    ],
  },
  {
    what: 'an old cookie whose login a logout has ended (the model was wrong: the next request removes that login)',
    seed: 766718839,
    path: '8:4:5:3:5:3:3',
    storage: 'cookie-session',
    actions: [
      { do: 'open', browser: 0, page: 'me' },
      { do: 'agree', link: 0, person: 0, fullService: true },
      { do: 'call back', browser: -1, callback: 0, condition: 'healthy', keep: true },
      { do: 'log out', browser: 0, staff: false, how: 'POST' },
      { do: 'restore cookies', browser: 0, old: 1 },
      { do: 'call back', browser: 0, callback: 0, condition: 'healthy', keep: true },
      { do: 'open', browser: 0, page: 'me' },
      { do: 'open', browser: 0, page: 'full' },
    ],
  },
  {
    what: 'a logout ends the login of a session that a concurrent callback has saved (the library was wrong, about once in ten times: the redirect of the guard was sent before express-session had saved the session)',
    seed: -550789002,
    path: '7:2:0:3:1:4:2:2:2:13:13:9:12:10:1:8:7',
    storage: 'express-session',
    actions: [
      { do: 'open', browser: 0, page: 'me' },
      { do: 'agree', link: 0, person: 0, fullService: false },
      {
        do: 'call back twice',
        browser: -1,
        callback: 0,
        condition: 'healthy',
        codes: 'same',
        keep: 0,
      },
      { do: 'open', browser: 0, page: 'me' },
      { do: 'agree', link: 0, person: 0, fullService: true },
      { do: 'call back', browser: -1, callback: 0, condition: 'healthy', keep: true },
      { do: 'log out', browser: 0, staff: false, how: 'POST' },
      { do: 'restore cookies', browser: 0, old: 4 },
      { do: 'call back', browser: 0, callback: 0, condition: 'healthy', keep: true },
      { do: 'open', browser: 0, page: 'me' },
    ],
  },
];
