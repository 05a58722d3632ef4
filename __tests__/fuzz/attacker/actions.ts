import fc from 'fast-check';
import { action } from '../shared';
import { scanActions, scanAttacks, type ScanAction } from './scan-actions';

/** The code that the attacker presents: her own, or one that WeChat never issued. */
export type Codes = 'made-up' | 'attacker';

/** A callback that the attacker sends while WeChat responds to the victim's callback. */
export interface Poll {
  /** In ms, after the victim's callback. */
  readonly after: number;
  readonly code: Codes;
  readonly process: number;
}

/**
 * One thing that the attacker or the victim does. It is plain data. `link`, `callback` and `jar` count
 * backwards: 0 is the latest one; an action on one that does not exist is skipped. `process` is the process
 * of the app that gets the request.
 */
export type Action =
  /** The attacker starts a login, in her session or in a new one. She learns its state. */
  | { do: 'attacker starts a login'; fresh: boolean; process: number }
  /** A sibling subdomain gives the victim's phone the cookies of one of the attacker's sessions. */
  | { do: 'plant cookies'; jar: number }
  | { do: 'victim starts a login'; process: number }
  /** The victim agrees at WeChat: on an own link, or on one that the attacker has sent. */
  | { do: 'victim agrees'; link: number }
  | { do: 'victim calls back'; callback: number; process: number; polls: readonly Poll[] }
  /** The attacker agrees at WeChat as herself, on one of her links. */
  | { do: 'attacker agrees'; link: number }
  /** The attacker sends the victim a link to the callback, with a code of hers and a state that she knows. */
  | { do: 'victim opens the attacker’s callback'; callback: number; link: number; process: number }
  /** The attacker calls back with the cookies of one of her sessions and a state that she knows. */
  | { do: 'attacker calls back'; jar: number; link: number; code: Codes; process: number }
  | { do: 'victim logs out'; process: number }
  | ScanAction;

const recent = fc.constantFrom(0, 0, 0, 1, 2, 3);
const process = fc.constantFrom(0, 1);
const codes = fc.constantFrom<Codes>('made-up', 'attacker');
const polls = fc.array(fc.record({ after: fc.constantFrom(0, 5, 20, 60), code: codes, process }), {
  maxLength: 3,
});

const attackerStarts = action('attacker starts a login', { fresh: fc.boolean(), process });
const plant = action('plant cookies', { jar: recent });
const victimStarts = action('victim starts a login', { process });
const victimAgrees = action('victim agrees', { link: recent });
const victimCallsBack = action('victim calls back', { callback: recent, process, polls });
const attackerAgrees = action('attacker agrees', { link: recent });
const victimIsLured = action('victim opens the attacker’s callback', {
  callback: recent,
  link: recent,
  process,
});
const attackerCallsBack = action('attacker calls back', { jar: recent, link: recent, code: codes, process });
const logout = action('victim logs out', { process });

const single = fc
  .oneof(
    attackerStarts,
    plant,
    victimStarts,
    victimAgrees,
    victimCallsBack,
    attackerAgrees,
    victimIsLured,
    attackerCallsBack,
    logout,
    ...scanActions,
  )
  .map((each): Action[] => [each]);

/** The attacker plants a session with a login of hers, and the victim logs in with that login. */
const fixation = fc
  .tuple(attackerStarts, process, polls, attackerCallsBack)
  .map(([start, at, during, after]): Action[] => [
    start,
    { do: 'plant cookies', jar: 0 },
    { do: 'victim agrees', link: 0 },
    { do: 'victim calls back', callback: 0, process: at, polls: during },
    after,
  ]);

/** The attacker plants a pending login, the victim logs in, and the attacker has the pending one finished. */
const swap = fc
  .tuple(attackerStarts, process, process, process)
  .map(([start, first, second, third]): Action[] => [
    start,
    { do: 'plant cookies', jar: 0 },
    { do: 'attacker agrees', link: 0 },
    { do: 'victim starts a login', process: first },
    { do: 'victim agrees', link: 0 },
    { do: 'victim calls back', callback: 0, process: second, polls: [] },
    { do: 'victim opens the attacker’s callback', callback: 0, link: 1, process: third },
  ]);

/** What an attacker and a victim do. */
export const attack: fc.Arbitrary<Action[]> = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: single },
      { weight: 2, arbitrary: fixation },
      { weight: 2, arbitrary: swap },
      { weight: 3, arbitrary: scanAttacks },
    ),
    { minLength: 1, maxLength: 12, size: 'max' },
  )
  .map((parts) => parts.flat());
