import { inspect } from 'node:util';
import { parseHost } from '../world/own-hosts';
import { APP_SCHEMA, USER_SCHEMA } from './app-and-user';
import { problemsOf, type JsonSchema } from './json-schema';

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
    const [isValid, remedy, items] = check;
    if (!isValid(value)) return [`${name} is ${inspect(value, { depth: 0 })}. ${remedy}`];
    return items ? problemsOf({ items }, value, name) : [];
  });
  const { proxyPort, https } = options as { readonly proxyPort?: unknown; readonly https?: unknown };
  if (proxyPort !== undefined && https === undefined) {
    problems.push('proxyPort needs https, because clients speak TLS with WeChat. Give the option https too.');
  }
  if (problems.length > 0) throw new TypeError(`createEmulator(): ${problems.join(' ')}`);
}

type Check = readonly [isValid: (value: unknown) => boolean, remedy: string, items?: JsonSchema];

const CHECKS: Readonly<Record<string, Check>> = {
  port: [isPort, 'Give a whole number from 0 (any free port) to 65535.'],
  host: [isText, "Give an address to listen on, such as '127.0.0.1'."],
  names: [isHostNames, "Give a list of host names without scheme and port, such as ['wechat.test']."],
  publicURL: [isOrigin, "Give the public address without a path, such as 'https://wechat.example.com'."],
  https: [isObject, 'Give { key, cert }; selfSignedCertificate() makes both.'],
  proxyPort: [isPort, 'Give a whole number from 0 (any free port) to 65535.'],
  apps: [Array.isArray, 'Give a list of { type, appId, appSecret, … }.', APP_SCHEMA],
  users: [Array.isArray, 'Give a list of { id, nickname, … }.', USER_SCHEMA],
  switches: [isObject, 'Give an object of switches.'],
  log: [(value) => typeof value === 'function', 'Give a function that writes one line, such as console.log.'],
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

function isOrigin(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, origin, href } = new URL(value);
  return /^https?:$/.test(protocol) && href === `${origin}/`;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
