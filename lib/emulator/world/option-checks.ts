import { inspect } from 'node:util';
import { parseHost } from './own-hosts';

/**
 * Checks the options of `createEmulator()`.
 *
 * @throws TypeError that names every wrong option with its value and a remedy.
 */
export function checkOptions(options: object): void {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const problems = given.flatMap(([name, value]) => {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined;
    if (!check) return [`${name} is not an option. The options are ${Object.keys(CHECKS).join(', ')}.`];
    const [isValid, remedy] = check;
    return isValid(value) ? [] : [`${name} is ${inspect(value, { depth: 0 })}. ${remedy}`];
  });
  if (problems.length > 0) throw new TypeError(`createEmulator(): ${problems.join(' ')}`);
}

type Check = readonly [isValid: (value: unknown) => boolean, remedy: string];

const CHECKS: Readonly<Record<string, Check>> = {
  port: [isPort, 'Give a whole number from 0 (any free port) to 65535.'],
  host: [isText, "Give an address to listen on, such as '127.0.0.1'."],
  names: [isHostNames, "Give a list of host names without scheme and port, such as ['wechat.test']."],
  https: [isObject, 'Give { key, cert }; selfSignedCertificate() makes both.'],
  apps: [isListOf('type', 'appId', 'appSecret'), 'Give a list of { type, appId, appSecret, … }.'],
  users: [isListOf('id', 'nickname'), 'Give a list of { id, nickname, … }.'],
  switches: [isObject, 'Give an object of switches.'],
};

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < 65_536;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isHostNames(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  return value.every(
    (name) => typeof name === 'string' && !name.includes(':') && parseHost(name) !== undefined,
  );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf(...names: readonly string[]): (value: unknown) => boolean {
  return (value) =>
    Array.isArray(value) &&
    value.every((each) => names.every((name) => isText((each as Record<string, unknown> | null)?.[name])));
}
