import { badInput } from './bad-input';
import { shownValue } from './printable';
import type { EmulatorSwitches } from './switches';

type Choices = { readonly [K in keyof EmulatorSwitches]: readonly EmulatorSwitches[K][] };

/**
 * The values of every switch, for checks and for the home page. For `pollHold`, which takes any number, they
 * are examples. If a switch is missing here, the code does not compile.
 */
export const SWITCH_CHOICES: Choices = {
  consent: ['ask', 'allow', 'deny'],
  client: ['check', 'any'],
  denial: ['silent', 'state-only', 'authdeny'],
  doubleCallback: ['off', 'same-code', 'different-codes'],
  recentLogin: ['ask', 'silent'],
  snapshot: ['by-user', 'always', 'never'],
  snapshotFlag: [true, false],
  snapshotUserinfo: ['ok', 'unauthorized'],
  suffix: ['rid', 'hints', 'none'],
  errcodeZero: [false, true],
  dirtyNicknames: [false, true],
  unionid: [true, false],
  parameterOrder: ['lenient', 'strict'],
  missingState: ['empty', 'absent', 'refuse'],
  expiredCode: [40029, 42003],
  burnOnMismatch: [false, true],
  burnOnWrongSecret: [false, true],
  refreshRotation: [false, true],
  loginVoidsRefreshTokens: [false, true],
  baseReadsUserinfo: [false, true],
  foreignOpenid: ['refuse', 'ignore'],
  componentToken: ['any', 'issued'],
  trouble: ['none', 'busy', 'quota'],
  requireHttps: [false, true],
  redirectStatus: [302, 301],
  pollHold: [25_000, 1_000, 0],
};

/**
 * Sets switches by name: all of them, or none if one is wrong.
 *
 * @throws TypeError that names every name that is not a switch, and every value that the switch does not
 * have.
 */
export function setSwitches(switches: EmulatorSwitches, values: Readonly<Record<string, unknown>>): void {
  const problems = switchProblems(values);
  if (problems.length > 0) throw badInput(new TypeError(problems.join(' ')));
  Object.assign(switches, Object.fromEntries(given(values)));
}

/**
 * The switches for a test, which are checked when they are set: JavaScript would take a misspelled name or a
 * wrong value without a word.
 */
export function checkedSwitches(switches: EmulatorSwitches): EmulatorSwitches {
  return new Proxy(switches, {
    set: (target, name, value: unknown) => {
      setSwitches(target, { [String(name)]: value });
      return true;
    },
  });
}

/** What is wrong with the names and values of switches: one sentence or two for each wrong switch. */
export function switchProblems(values: object): string[] {
  return given(values).flatMap(([name, value]) => {
    if (!isSwitchName(name)) {
      const names = Object.keys(SWITCH_CHOICES).join(', ');
      return [`${JSON.stringify(name)} is not a switch. The switches are ${names}.`];
    }
    if (fits(name, value)) return [];
    return [`switches.${name} is ${shownValue(value)}. Give ${remedyFor(name)}.`];
  });
}

function given(values: object): [name: string, value: unknown][] {
  return Object.entries(values).filter(([, value]) => value !== undefined);
}

type SwitchName = keyof EmulatorSwitches;

function isSwitchName(name: string): name is SwitchName {
  return Object.hasOwn(SWITCH_CHOICES, name);
}

function fits(name: SwitchName, value: unknown): boolean {
  if (name === 'pollHold') return typeof value === 'number' && value >= 0;
  return choicesOf(name).includes(value);
}

function remedyFor(name: SwitchName): string {
  if (name === 'pollHold') return 'a number of milliseconds, 0 or more';
  const choices = choicesOf(name).map((each) => JSON.stringify(each));
  return `one of ${choices.join(', ')}`;
}

function choicesOf(name: SwitchName): readonly unknown[] {
  return SWITCH_CHOICES[name];
}

/**
 * The switch value for the text of a form field. Any other text is returned as it is: {@link setSwitches}
 * refuses it.
 */
export function parseSwitchValue(name: string, text: string): unknown {
  if (!isSwitchName(name)) return text;
  if (name === 'pollHold') return /^\d+$/.test(text) ? Number(text) : text;
  return choicesOf(name).find((choice) => String(choice) === text) ?? text;
}
