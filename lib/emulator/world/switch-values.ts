import { SWITCH_CHOICES, type EmulatorSwitches } from './switches';

type Name = keyof EmulatorSwitches;

function isSwitchName(name: string): name is Name {
  return Object.hasOwn(SWITCH_CHOICES, name);
}
function choicesOf(name: Name): readonly unknown[] {
  return SWITCH_CHOICES[name];
}

function fits(name: Name, value: unknown): boolean {
  if (name === 'pollHold') return typeof value === 'number' && value >= 0;
  return choicesOf(name).includes(value);
}

/** Sets switches by name, whatever the source: a value that no switch has is refused in words. */
export function setSwitches(switches: EmulatorSwitches, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    if (!isSwitchName(name))
      throw new TypeError(
        `Unknown switch ${name}; the switches are ${Object.keys(SWITCH_CHOICES).join(', ')}`,
      );
    if (!fits(name, value)) {
      throw new TypeError(
        `switches.${name} is ${JSON.stringify(value)}; it can be ${choicesOf(name)
          .map((each) => JSON.stringify(each))
          .join(', ')}`,
      );
    }
    Object.assign(switches, { [name]: value });
  }
}

/** The value that a form spells, undefined where it is none of this switch. */
export function parseSwitchValue(name: string, text: string): unknown {
  return isSwitchName(name) ? choicesOf(name).find((choice) => String(choice) === text) : undefined;
}
