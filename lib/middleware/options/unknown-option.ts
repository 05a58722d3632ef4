/** The fault of an option that does not exist. Suggests the option that was probably meant. */
import type * as levenshtein from 'fastest-levenshtein';

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

/** @param known the options of the same object */
export function unknownOption(name: string, known: readonly string[]): string {
  const guess = aliasOf(name, known) ?? nearest(name, known);
  return `is not an option. ${guess ? `Did you mean ${guess}?` : `The options are: ${known.join(', ')}.`}`;
}

/** The option that a name stands for in another library, or from which it differs by a few letters. */
export function misspelledOption(name: string, known: readonly string[]): string | undefined {
  return aliasOf(name, known) ?? misspelling(name, known);
}

function aliasOf(name: string, known: readonly string[]): string | undefined {
  const letters = name.toLowerCase().replace(/[^a-z]/g, '');
  const meant = Object.hasOwn(ALIASES, letters) ? ALIASES[letters] : undefined;
  return meant !== undefined && known.includes(meant) ? meant : undefined;
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase();
  return (
    misspelling(name, known) ??
    known.find((option) => isPart(given, option.toLowerCase()) || isPart(option.toLowerCase(), given))
  );
}

function misspelling(name: string, known: readonly string[]): string | undefined {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late: most apps make no mistake
  const { distance } = require('fastest-levenshtein') as typeof levenshtein;
  const given = name.toLowerCase();
  const [first] = known
    .map((option) => ({ option, edits: distance(given, option.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const isNear = first && first.edits <= Math.max(2, given.length / 3) && first.edits <= given.length / 2;
  return isNear ? first.option : undefined;
}

function isPart(part: string, whole: string): boolean {
  return part.length > 3 && whole.includes(part);
}
