/** What is wrong with the options: every fault at once, each with its path, its value and a remedy. */
import { distance } from 'fastest-levenshtein';
import type * as optionSchema from './option-schema';
import { OptionsError, type OptionFault } from './options-error';
import { isObject, ownCopy } from './own-options';

type Schemas = typeof optionSchema;

/** zod takes longer to load than all the rest of this package: it is loaded when there are options to check. */
function schemas(): Schemas {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late, and at once
  return require('./option-schema') as Schemas;
}

/** The names below a path; for "did you mean". */
const NESTED: Readonly<Record<string, readonly string[]>> = {
  website: ['appId', 'appSecret'],
  routes: ['login', 'callback', 'logout'],
  endpoints: ['open', 'api'],
};

/** What other libraries call it; in lower case, letters only. */
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

/** The faults of single options; what they must be together is for whoever settles them. */
export function findFaults(options: unknown): OptionFault[] {
  return faultsIn(schemas().optionsSchema, options);
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

/** A getter or a Proxy may throw: then that is the fault. */
export function readable(find: () => OptionFault[]): OptionFault[] {
  try {
    return find();
  } catch {
    return [{ path: '', message: 'throws when it is read. Give a plain object of options.' }];
  }
}

function faultsIn(schema: Schemas['optionsSchema' | 'guardSchema'], given: unknown): OptionFault[] {
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
  const guess = alias(name, known) ?? nearest(name, known);
  return `is no option. ${guess ? `Did you mean ${guess}?` : `There are: ${known.join(', ')}.`}`;
}

function alias(name: string, known: readonly string[]): string | undefined {
  const plain = name.toLowerCase().replace(/[^a-z]/g, '');
  const meant = Object.hasOwn(ALIASES, plain) ? ALIASES[plain] : undefined;
  return meant !== undefined && known.includes(meant) ? meant : undefined;
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const asked = name.toLowerCase();
  const [first] = known
    .map((option) => ({ option, away: distance(asked, option.toLowerCase()) }))
    .sort((a, b) => a.away - b.away);
  if (first && first.away <= Math.max(2, asked.length / 3) && first.away <= asked.length / 2)
    return first.option;
  return known.find((option) => isPart(asked, option.toLowerCase()) || isPart(option.toLowerCase(), asked));
}

function isPart(part: string, whole: string): boolean {
  return part.length > 3 && whole.includes(part);
}
