/** Makes text that came from outside safe to show: short, without control characters, and without secrets. */
import { printable } from './printable';

const MASK = '***';

const LONGEST_TEXT = 1_000;
/** A shorter secret cannot be told from an ordinary word. */
const SHORTEST_SECRET = 16;
/** WeChat's secrets are shorter. Of a longer value, which is something else, the beginning is looked for. */
const LONGEST_SECRET = 2_048;
/** Database drivers cut the commands that they quote. So parts of a secret that are this long are masked. */
const PART = 10;

/**
 * Masks secrets in a text that came from outside, cuts the text to 1,000 characters, and replaces control
 * characters.
 *
 * These are masked: the given secrets of 16 characters or more, and parts of them, whether raw, JSON-escaped,
 * percent-encoded or base64; the values of fields that hold secrets; values that look like a token; passwords
 * in addresses.
 *
 * The cost is linear in the length of the text. An attacker may have chosen one of the secrets (the browser
 * sends the authorization code), so no regular expression is ever built from a secret.
 */
export function redact(text: string, secrets: readonly (string | undefined)[]): string {
  const shown = withoutParts(printable(cut(text)), partsOf(secrets));
  return withoutNamedSecrets(shown)
    .replace(COMMAND_OF_REDIS, '')
    .replace(TOKEN, MASK)
    .replace(PASSWORD_IN_ADDRESS, `$1${MASK}@`);
}

/** Cuts before a whole word: half a secret would no longer have the shape that gives secrets away. */
function cut(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  let end = LONGEST_TEXT;
  while (end > 0 && IN_A_WORD.test(text.charAt(end - 1))) end -= 1;
  // A slice would keep the whole of a long string in memory; a copy does not.
  return `${Buffer.from(text.slice(0, end)).toString()}…`;
}

const IN_A_WORD = /[\w\-.~+/%=\\]/;

// What gives secrets away that are not known. Every pattern takes time linear in the length of the text.

/** Redis quotes a command that it does not know, and with it the record that was to be stored. */
const COMMAND_OF_REDIS = /,? with args beginning with[^]*/;

/** WeChat's tokens: a number, `_`, and some hundred characters of base64url. */
const TOKEN = /(?<![\w-])\d{1,3}_[\w-]{64,}/g;

/** `redis://user:password@host`, as drivers name a server that they cannot reach. */
const PASSWORD_IN_ADDRESS = /(:\/\/[^\s/:@]*:)[^\s/@]+@/g;

/** `"access_token":"…"`, also inside a JSON in a JSON; `code=…`, also percent-encoded; `state: …` */
const NAMED_SECRET =
  /((?:(_token)|_key|secret|code|state)[\s\\"']*(?:%22)?(?:[=:]|%3[ad])(?:%22)?[\s\\"']*)([\w\-.~+/%=]+)/gi;

/**
 * A token is masked whatever its length, since drivers cut it; other values may be words, such as `state:
 * ok`.
 */
function withoutNamedSecrets(text: string): string {
  return text.replace(NAMED_SECRET, (all, name: string, token: string | undefined, value: string) =>
    token !== undefined || value.length >= SHORTEST_SECRET ? name + MASK : all,
  );
}

/**
 * The parts of the secrets, in every form in which they are looked for, and how long the form is that a part
 * comes from.
 */
type Parts = ReadonlyMap<string, number>;

function partsOf(secrets: readonly (string | undefined)[]): Parts {
  const parts = new Map<string, number>();
  for (const secret of new Set(secrets)) {
    if (secret === undefined || secret.length < SHORTEST_SECRET) continue;
    const known = secret.slice(0, LONGEST_SECRET);
    for (const form of new Set([known, decoded(known).chars, ...base64Forms(known)].map(folded))) {
      for (let at = 0; at + PART <= form.length; at++) {
        const part = form.slice(at, at + PART);
        parts.set(part, Math.min(form.length, parts.get(part) ?? Infinity));
      }
    }
  }
  return parts;
}

/**
 * The base64 characters that a secret inside a longer text determines, for each of its three possible
 * offsets.
 */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].map((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
    const whole = Math.floor((bytes.length * 8) / 6);
    return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), whole);
  });
}

/** Lower case, and one spelling where forms and base64url have two: a blank, `+` and `-`; `/` and `_`. */
function folded(chars: string): string {
  return chars
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
    .replace(/[+-]/g, ' ')
    .replaceAll('/', '_');
}

function withoutParts(text: string, parts: Parts): string {
  if (parts.size === 0) return text;
  const isSecret = new Array<boolean>(text.length).fill(false);
  for (const reading of [read(text, asWritten), decoded(text)])
    for (const [start, end] of secretStretches(reading, parts)) isSecret.fill(true, start, end);
  let shown = '';
  for (let at = 0; at < text.length; at++) {
    if (!isSecret[at]) shown += text.charAt(at);
    else if (!isSecret[at - 1]) shown += MASK;
  }
  return shown;
}

/**
 * Where a secret stands in a text: as a whole anywhere, or a part of it as a word of its own. Inside another
 * word, a part does not count: an AppID, for example, may have letters in common with an AppSecret.
 */
function secretStretches({ chars, starts, ends }: Reading, parts: Parts): [start: number, end: number][] {
  const compared = folded(chars);
  const lengthAt = (at: number): number | undefined => parts.get(compared.slice(at, at + PART));
  const isWord = (at: number): boolean => /[\w-]/.test(chars.charAt(at));
  const found: [number, number][] = [];
  for (let at = 0; at + PART <= chars.length; at++) {
    const first = at;
    let shortest = Infinity;
    for (let length = lengthAt(at); length !== undefined; length = lengthAt(at)) {
      shortest = Math.min(shortest, length);
      at += 1;
    }
    const last = at + PART - 2;
    const isWhole = last - first + 1 >= shortest;
    const isOwnWord = !isWord(first - 1) && !isWord(last + 1);
    if (at > first && (isWhole || isOwnWord)) found.push([starts[first] ?? 0, ends[last] ?? 0]);
  }
  return found;
}

/** The characters of a text, and from where to where each of them stood in that text. */
interface Reading {
  readonly chars: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Reads the characters that are written at a place, and says where the next ones begin. */
type Reader = (text: string, at: number) => readonly [chars: string, end: number];

function read(text: string, next: Reader): Reading {
  const [starts, ends]: [number[], number[]] = [[], []];
  let all = '';
  for (let at = 0; at < text.length;) {
    const [chars, end] = next(text, at);
    for (const unit of chars.split('')) {
      all += unit;
      starts.push(at);
      ends.push(end);
    }
    at = end;
  }
  return { chars: all, starts, ends };
}

/**
 * Undoes JSON's escapes and percent-encoding, however often they were applied. Characters are bytes of UTF-8.
 */
function decoded(text: string): Reading {
  const outer = read(text, withoutEscape);
  const { chars, starts, ends } = read(outer.chars, withoutPercent);
  return {
    chars,
    starts: starts.map((start) => outer.starts[start] ?? 0),
    ends: ends.map((end) => outer.ends[end - 1] ?? 0),
  };
}

function asWritten(text: string, at: number): ReturnType<Reader> {
  return [text.charAt(at), at + 1];
}

/** `\u0041` is `A`; any other backslash is left out. */
function withoutEscape(text: string, at: number): ReturnType<Reader> {
  let end = at;
  while (text.charAt(end) === '\\') end += 1;
  const digits = text.slice(end + 1, end + 5);
  return end > at && text.charAt(end) === 'u' && /^[\da-f]{4}$/i.test(digits)
    ? [String.fromCharCode(parseInt(digits, 16)), end + 5]
    : [text.charAt(end), end + 1];
}

/** `%2F` is `/`; so are `%252F` and `%25252F`, which were encoded again. A backslash belongs to an escape. */
function withoutPercent(text: string, at: number): ReturnType<Reader> {
  if (text.charAt(at) === '%' && isByte(text, at + 1)) {
    let digits = at + 1;
    while (text.startsWith('25', digits) && isByte(text, digits + 2)) digits += 2;
    const char = String.fromCharCode(parseInt(text.slice(digits, digits + 2), 16));
    return [char === '\\' ? '' : char, digits + 2];
  }
  const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return [Buffer.from(char).toString('latin1'), at + char.length];
}

function isByte(text: string, at: number): boolean {
  return /^[\da-f]{2}$/i.test(text.slice(at, at + 2));
}
