import { createSecureContext } from 'node:tls';
import { inspect } from 'node:util';
import { parseHost } from '../world/own-hosts';
import { shownValue } from '../world/printable';
import { switchProblems } from '../world/switch-values';
import { APP_SCHEMA, USER_SCHEMA } from './app-and-user';
import { problemsOf, type JsonSchema } from './json-schema';

/**
 * Checks the options of `createEmulator()`.
 *
 * @throws TypeError that names every wrong option with its value, unless that may be secret, and a remedy.
 */
export function checkOptions(options: object): void {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const problems = given.flatMap(([name, value]) => {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined;
    if (!check) return [`${name} is not an option. The options are ${Object.keys(CHECKS).join(', ')}.`];
    const [isValid, remedy, problemsIn] = check;
    if (!isValid(value)) return [`${name} is ${shown(name, value)}. ${remedy}`];
    return problemsIn?.(value as object) ?? [];
  });
  const { proxyPort, https } = options as { readonly proxyPort?: unknown; readonly https?: unknown };
  if (proxyPort !== undefined && https === undefined) {
    problems.push('proxyPort needs https, because clients speak TLS with WeChat. Give the option https too.');
  }
  if (problems.length > 0) throw new TypeError(`createEmulator(): ${problems.join(' ')}`);
}

/** In place of these, an app may give a secret by mistake: its credentials, or a private key as text. */
const MAY_BE_SECRET: readonly string[] = ['apps', 'https'];

function shown(name: string, value: unknown): string {
  if (MAY_BE_SECRET.includes(name) && typeof value === 'string') return 'of type string';
  if (typeof value === 'object' && value !== null && !isListOfTexts(name, value)) return shownValue(value);
  return inspect(value).replace(/^([^/]*\/\/).*@/, '$1***@');
}

/** A list of names is shown, so that the wrong one is found. */
function isListOfTexts(name: string, value: object): boolean {
  return name === 'names' && Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** `problemsIn` is called with a value that is valid as a whole, and checks what it holds. */
type Check = readonly [
  isValid: (value: unknown) => boolean,
  remedy: string,
  problemsIn?: (value: object) => string[],
];

const CHECKS: Readonly<Record<string, Check>> = {
  port: [isPort, 'Give a whole number from 0 (any free port) to 65535.'],
  host: [isText, "Give an address to listen on, such as '127.0.0.1'."],
  names: [isHostNames, "Give a list of host names without scheme and port, such as ['wechat.test']."],
  publicURL: [isOrigin, "Give the public address without a path, such as 'https://wechat.example.com'."],
  https: [isOptionsObject, 'Give { key, cert }; selfSignedCertificate() makes both.', problemsOfCertificate],
  proxyPort: [isPort, 'Give a whole number from 0 (any free port) to 65535.'],
  apps: [Array.isArray, 'Give a list of { type, appId, appSecret, … }.', listOf('apps', APP_SCHEMA)],
  users: [Array.isArray, 'Give a list of { id, nickname, … }.', listOf('users', USER_SCHEMA)],
  switches: [isOptionsObject, 'Give an object of switches.', switchProblems],
  log: [(value) => typeof value === 'function', 'Give a function that writes one line, such as console.log.'],
};

function listOf(name: string, items: JsonSchema): (list: object) => string[] {
  return (list) => problemsOf({ items }, list, name);
}

/**
 * Without a certificate, the server would start and every TLS handshake would fail. The messages do not show
 * the values: one of them is a private key.
 */
function problemsOfCertificate(https: object): string[] {
  const { key, cert } = https as Readonly<Record<string, unknown>>;
  const missing = Object.entries({ key, cert }).filter(([, pem]) => !isText(pem) && !Buffer.isBuffer(pem));
  if (missing.length > 0) {
    return missing.map(([name]) => `https.${name} is not a text or Buffer. Give PEM.`);
  }
  try {
    createSecureContext(https);
    return [];
  } catch (error) {
    return [`https cannot be used (${(error as Error).message}). Give a key and its certificate as PEM.`];
  }
}

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

function isOptionsObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
