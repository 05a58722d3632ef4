/**
 * The actions of an attacker and a victim in scan logins. Both have a PC and a phone, and know each other's
 * QR codes.
 */
import fc from 'fast-check';
import { action } from '../shared';

export type Who = 'victim' | 'attacker';

/** The headers that the victim's phone sends when a page of the attacker posts the form of a code. */
export const FORGERIES = {
  'another site': { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' },
  'a sibling subdomain': { 'Sec-Fetch-Site': 'same-site', Origin: 'https://sub.example' },
  'another site, in an old browser': { Origin: 'https://evil.example' },
  'a sandboxed frame, in an old browser': { Origin: 'null' },
} as const;

/** `code` counts backwards through the codes of both: 0 is the latest one. */
export type ScanAction =
  /** A PC opens the login page, and shows a code. The attacker's PC may start in a new session. */
  | { do: 'PC shows a code'; who: Who; fresh: boolean; process: number }
  | { do: 'phone opens a code'; who: Who; code: number; process: number }
  /** The victim confirms only codes of their own PC; the attacker confirms any code. */
  | { do: 'phone answers'; who: Who; code: number; button: 'confirm' | 'cancel'; process: number }
  /** A page of the attacker posts the form from the victim's phone. */
  | {
      do: 'attacker forges an answer';
      code: number;
      from: keyof typeof FORGERIES;
      token: 'none' | 'her own';
      process: number;
    }
  /** The attacker's phone opens the callback of a login that she confirmed and agreed to. */
  | { do: 'attacker’s phone calls back'; callback: number; process: number }
  /**
   * The victim's page polls for the result of its code, at these processes at once; the user may log out
   * meanwhile.
   */
  | {
      do: 'victim’s PC polls';
      code: number;
      processes: readonly number[];
      logout: { readonly after: number; readonly process: number } | null;
    }
  /**
   * The attacker polls with one of her sessions, for a code whose status URL she knows or for the newest one.
   */
  | { do: 'attacker polls'; jar: number; code: number; by: 'address' | 'session'; process: number }
  /** A sibling subdomain gives the victim's PC the cookies of one of the attacker's sessions. */
  | { do: 'plant cookies on the PC'; jar: number }
  | { do: 'victim’s PC logs out'; process: number };

const recent = fc.constantFrom(0, 0, 0, 1, 2);
const process = fc.constantFrom(0, 1);
const who = fc.constantFrom<Who>('victim', 'attacker');
const button = fc.constantFrom('confirm' as const, 'confirm' as const, 'cancel' as const);
const from = fc.constantFrom(...(Object.keys(FORGERIES) as (keyof typeof FORGERIES)[]));
const token = fc.constantFrom('none' as const, 'her own' as const);
const processes = fc.array(process, { minLength: 1, maxLength: 3 });
const logout = fc.option(fc.record({ after: fc.constantFrom(0, 2, 5, 10), process }), { freq: 3 });
const by = fc.constantFrom('address' as const, 'session' as const);

const forge = action('attacker forges an answer', { code: recent, from, token, process });
const attackerPolls = action('attacker polls', { jar: recent, code: recent, by, process });
const victimPolls = action('victim’s PC polls', { code: recent, processes, logout });
/** Only polls at once can collect a result twice: the first poll takes the login out of the session. */
const pollsAtOnce = action('victim’s PC polls', {
  code: fc.constant(0),
  processes: fc.array(process, { minLength: 2, maxLength: 4 }),
  logout: fc.constant(null),
});

export const scanActions: readonly fc.Arbitrary<ScanAction>[] = [
  action('PC shows a code', { who, fresh: fc.boolean(), process }),
  action('phone opens a code', { who, code: recent, process }),
  action('phone answers', { who, code: recent, button, process }),
  forge,
  action('attacker’s phone calls back', { callback: recent, process }),
  victimPolls,
  attackerPolls,
  action('plant cookies on the PC', { jar: recent }),
  action('victim’s PC logs out', { process }),
];

/** The actions of an ordinary login that the phone of a scan login also takes. */
type PhoneAction =
  | { do: 'victim agrees'; link: number }
  | { do: 'victim calls back'; callback: number; process: number; polls: readonly [] };

/** The victim agrees at WeChat, and the phone goes back to the app. */
function agreeAndCallBack(at: number): PhoneAction[] {
  return [
    { do: 'victim agrees', link: 0 },
    { do: 'victim calls back', callback: 0, process: at, polls: [] },
  ];
}

/**
 * The victim logs in to their own PC by phone. The attacker knows the code, and may poll for its result
 * first.
 */
const theft = fc
  .tuple(
    process,
    process,
    process,
    fc.array(attackerPolls, { maxLength: 2 }),
    fc.oneof(victimPolls, pollsAtOnce),
  )
  .map(([first, second, third, thefts, poll]) => [
    { do: 'PC shows a code' as const, who: 'victim' as const, fresh: false, process: first },
    { do: 'phone opens a code' as const, who: 'victim' as const, code: 0, process: second },
    {
      do: 'phone answers' as const,
      who: 'victim' as const,
      code: 0,
      button: 'confirm' as const,
      process: third,
    },
    ...agreeAndCallBack(second),
    ...thefts.map((each) => ({ ...each, code: 0 })),
    { ...poll, code: 0 },
  ]);

/** The same, after the attacker has planted a session of hers on that PC. */
const fixation = fc
  .tuple(process, theft)
  .map(([first, login]) => [
    { do: 'PC shows a code' as const, who: 'attacker' as const, fresh: true, process: first },
    { do: 'plant cookies on the PC' as const, jar: 0 },
    ...login,
  ]);

/** The attacker shows her code to the victim, tries to have it confirmed, and polls for the result. */
const phishing = fc
  .tuple(process, process, fc.array(forge, { maxLength: 2 }), attackerPolls)
  .map(([first, second, forgeries, poll]) => [
    { do: 'PC shows a code' as const, who: 'attacker' as const, fresh: true, process: first },
    { do: 'phone opens a code' as const, who: 'victim' as const, code: 0, process: second },
    ...forgeries.map((each) => ({ ...each, code: 0 })),
    ...agreeAndCallBack(first),
    { ...poll, jar: 0, code: 0 },
  ]);

export const scanAttacks: fc.Arbitrary<(ScanAction | PhoneAction)[]> = fc.oneof(theft, fixation, phishing);
