import { switchChoices, type EmulatorSwitches } from './switches';

type Name = keyof EmulatorSwitches;

const isName = (name: string): name is Name => Object.hasOwn(switchChoices, name);
const choicesOf = (name: Name): readonly unknown[] => switchChoices[name];

function fits(name: Name, value: unknown): boolean {
  if (name === 'pollHold') return typeof value === 'number' && value >= 0;
  return choicesOf(name).includes(value);
}

/** Sets switches by name, whatever the source: a value that no switch has is refused in words. */
export function setSwitches(switches: EmulatorSwitches, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    if (!isName(name))
      throw new TypeError(
        `Unknown switch ${name}; the switches are ${Object.keys(switchChoices).join(', ')}`,
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
export const spelledValue = (name: string, text: string): unknown =>
  isName(name) ? choicesOf(name).find((choice) => String(choice) === text) : undefined;
