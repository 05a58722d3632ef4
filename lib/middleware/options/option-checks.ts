/** Finds all faults of the options at once, each with its path, its value and a remedy. */
import { distance } from 'fastest-levenshtein';
import type * as optionSchema from './option-schema';
import { OptionsError, type OptionFault } from './options-error';
import { isObject, ownCopy } from './own-options';

type Schemas = typeof optionSchema;

/**
 * zod takes longer to load than the rest of this package, so it is loaded when there are options to check.
 */
function schemas(): Schemas {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late, and synchronously
  return require('./option-schema') as Schemas;
}

/** The options inside an option, for "did you mean". */
const NESTED: Readonly<Record<string, readonly string[]>> = {
  website: ['appId', 'appSecret'],
  routes: ['login', 'callback', 'logout', 'scan'],
  scanLogin: ['confirm', 'check'],
  endpoints: ['open', 'api'],
};

/** Names that other libraries use, as lower-case letters → our option. */
const ALIASES: Readonly<Record<string, string>> = {
  clientid: 'appId',
  clientsecret: 'appSecret',
  secret: 'appSecret',
  callbackurl: 'baseURL',
  redirecturi: 'baseURL',
  redirecturl: 'baseURL',
  store: 'tokenStore',
  session: 'sessionKey',
  successredirect: 'returnTo',
};

/** The faults of single options. `resolveOptions` checks how they fit together. */
export function findFaults(options: unknown): OptionFault[] {
  return faultsIn(schemas().optionsSchema, options);
}

/** The faults of the options of `wechatRelay()`. */
export function findRelayFaults(options: unknown): OptionFault[] {
  return faultsIn(schemas().relaySchema, options);
}

/**
 * @returns a copy of a guard's options.
 * @throws OptionsError that lists every fault of them.
 */
export function checkGuardOptions<Options extends object>(given: Options): Options {
  let options = given;
  const faults = readable(() => {
    if (isObject(given)) options = ownCopy(given);
    return faultsIn(schemas().guardSchema, options);
  });
  if (faults.length > 0) throw new OptionsError(faults, 'requireWechatUser()');
  return options;
}

/** The faults that `find` returns. If a getter or a Proxy of the options throws, that is the one fault. */
export function readable(find: () => OptionFault[]): OptionFault[] {
  try {
    return find();
  } catch {
    return [{ path: '', message: 'throws when it is read. Give a plain object of options.' }];
  }
}

function faultsIn(
  schema: Schemas['optionsSchema' | 'guardSchema' | 'relaySchema'],
  given: unknown,
): OptionFault[] {
  const known: typeof NESTED = { ...NESTED, '': Object.keys(schema.shape) };
  const { error } = schema.safeParse(given);
  return (error?.issues ?? []).flatMap((issue) => {
    const path = issue.path.join('.');
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({
      path: path ? `${path}.${key}` : key,
      message: unknownOption(key, known[path] ?? []),
    }));
  });
}

function unknownOption(name: string, known: readonly string[]): string {
  const guess = aliasOf(name, known) ?? nearest(name, known);
  return `is not an option. ${guess ? `Did you mean ${guess}?` : `The options are: ${known.join(', ')}.`}`;
}

function aliasOf(name: string, known: readonly string[]): string | undefined {
  const letters = name.toLowerCase().replace(/[^a-z]/g, '');
  const meant = Object.hasOwn(ALIASES, letters) ? ALIASES[letters] : undefined;
  return meant !== undefined && known.includes(meant) ? meant : undefined;
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase();
  const [first] = known
    .map((option) => ({ option, edits: distance(given, option.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  if (first && first.edits <= Math.max(2, given.length / 3) && first.edits <= given.length / 2)
    return first.option;
  return known.find((option) => isPart(given, option.toLowerCase()) || isPart(option.toLowerCase(), given));
}

function isPart(part: string, whole: string): boolean {
  return part.length > 3 && whole.includes(part);
}
