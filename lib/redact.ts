/** Makes text that came from outside safe to show: short, without control characters, and without secrets. */
import { printable } from './printable';

const MASK = '***';

const LONGEST_TEXT = 1_000;
/** A shorter secret could be an ordinary word. */
const SHORTEST_SECRET = 16;
/** WeChat's secrets are shorter. Of a longer value, only the first 2,048 characters are searched for. */
const LONGEST_SECRET = 2_048;
/**
 * The shortest part of a secret that is masked, in characters: database drivers shorten the commands that
 * they quote.
 */
const PART = 10;

/**
 * Masks secrets in a text that came from outside, cuts the text to 1,000 characters, and replaces control
 * characters.
 *
 * These are masked: the given secrets of 16 characters or more, and parts of them, whether raw, JSON-escaped,
 * percent-encoded, base64 or hex; the values of fields that hold secrets; values that look like a token;
 * passwords in addresses.
 *
 * The cost is linear in the length of the text. An attacker may have chosen one of the secrets (the browser
 * sends the authorization code), so no regular expression is ever built from a secret.
 */
export function redact(text: string, secrets: readonly (string | undefined)[]): string {
  return redactor(secrets)(text);
}

/**
 * Returns `redact()` for several texts with the same secrets. Most of its time goes into the parts of the
 * secrets, which are taken apart once.
 */
export function redactor(secrets: readonly (string | undefined)[]): (text: string) => string {
  const parts = partsOf(secrets);
  return (text) =>
    withoutNamedSecrets(withoutParts(printable(cut(text)), parts))
      .replace(COMMAND_OF_REDIS, '')
      .replace(TOKEN, MASK)
      .replace(PASSWORD_IN_ADDRESS, `$1${MASK}@`);
}

/** Masks user name and password of an address, even of one that cannot be parsed. The text begins with it. */
export function maskUserInfo(text: string): string {
  // A password may hold a slash, at which the parser ends the host.
  return text.replace(/^([^/]*\/\/).*@/s, `$1${MASK}@`).replace(/\/\/[^/?#]*@/g, `//${MASK}@`);
}

/** Cuts between words: half of a token would no longer match the patterns below. */
function cut(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  let end = LONGEST_TEXT;
  while (IN_A_WORD.test(text.charAt(end - 1))) end -= 1;
  // A copy, because a slice keeps the whole long string in memory.
  return `${Buffer.from(text.slice(0, end)).toString()}…`;
}

const IN_A_WORD = /[\w\-.~+/%=\\]/;

// Patterns for secrets that the caller did not pass. Each takes time linear in the length of the text.

/** If Redis does not know a command, its error quotes the arguments, which include the token record. */
const COMMAND_OF_REDIS = /,? with args beginning with[^]*/;

/** WeChat's tokens: a number, `_`, and about a hundred characters of base64url. */
const TOKEN = /(?<![\w-])\d{1,3}_[\w-]{64,}/g;

/** `redis://user:password@host`: drivers name a server like this if they cannot reach it. */
const PASSWORD_IN_ADDRESS = /(:\/\/[^\s/:@]*:)[^\s/@]+@/g;

/** `"access_token":"…"`, even in JSON inside JSON; `code=…`, even percent-encoded; `state: …` */
const NAMED_SECRET =
  /((?:(_token)|_key|secret|code|state)[\s\\"']*(?:%22)?(?:[=:]|%3[ad])(?:%22)?[\s\\"']*)([\w\-.~+/%=]+)/gi;

/**
 * A token is masked at any length, because drivers shorten it. Other values are masked from 16 characters on,
 * because a shorter one may be a word, such as `state: ok`.
 */
function withoutNamedSecrets(text: string): string {
  return text.replace(NAMED_SECRET, (all, name: string, token: string | undefined, value: string) =>
    token !== undefined || value.length >= SHORTEST_SECRET ? name + MASK : all,
  );
}

/**
 * Each part of each secret in each encoding, with the length of the shortest encoded secret that contains it.
 */
type Parts = ReadonlyMap<string, number>;

function partsOf(secrets: readonly (string | undefined)[]): Parts {
  const parts = new Map<string, number>();
  for (const secret of new Set(secrets)) {
    if (secret === undefined || secret.length < SHORTEST_SECRET) continue;
    const known = secret.slice(0, LONGEST_SECRET);
    const hex = Buffer.from(known).toString('hex');
    for (const form of new Set([known, decoded(known).chars, hex, ...base64Forms(known)].map(folded))) {
      for (let at = 0; at + PART <= form.length; at++) {
        const part = form.slice(at, at + PART);
        parts.set(part, Math.min(form.length, parts.get(part) ?? Infinity));
      }
    }
  }
  return parts;
}

/**
 * The secret in base64 as a part of a longer text. It may start at any of three offsets in a group of 3
 * bytes. For each offset, these are the characters that depend on the secret alone.
 */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].map((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
    const whole = Math.floor((bytes.length * 8) / 6);
    return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), whole);
  });
}

/**
 * Lower case, with one spelling for characters that encodings write in different ways: blank, `+` and `-`;
 * `/` and `_`.
 */
function folded(chars: string): string {
  return chars
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replace(/[+-]/g, ' ')
    .replaceAll('/', '_');
}

function withoutParts(text: string, parts: Parts): string {
  if (parts.size === 0) return text;
  const isSecret = new Array<boolean>(text.length).fill(false);
  for (const variant of [decodeBy(text, asWritten), decoded(text)])
    for (const [start, end] of secretRanges(variant, parts)) isSecret.fill(true, start, end);
  let shown = '';
  for (let at = 0; at < text.length; at++) {
    if (!isSecret[at]) shown += text.charAt(at);
    else if (!isSecret[at - 1]) shown += MASK;
  }
  return shown;
}

/**
 * The ranges of a text that show a secret: a whole secret anywhere, or a part of one that is a word by
 * itself. A part inside a longer word does not count: an AppID, for example, may have letters in common with
 * an AppSecret.
 */
function secretRanges({ chars, starts, ends }: DecodedText, parts: Parts): [start: number, end: number][] {
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

/** A decoded text: its characters, and the range of the original text that each of them comes from. */
interface DecodedText {
  readonly chars: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Decodes the characters at a position. `end` is the position after them. */
type DecodeAt = (text: string, at: number) => readonly [chars: string, end: number];

function decodeBy(text: string, next: DecodeAt): DecodedText {
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
 * Undoes JSON's escapes and percent-encoding, however often they were applied. Each resulting character is
 * one byte of UTF-8.
 */
function decoded(text: string): DecodedText {
  const outer = decodeBy(text, withoutEscape);
  const { chars, starts, ends } = decodeBy(outer.chars, withoutPercent);
  return {
    chars,
    starts: starts.map((start) => outer.starts[start] ?? 0),
    ends: ends.map((end) => outer.ends[end - 1] ?? 0),
  };
}

function asWritten(text: string, at: number): ReturnType<DecodeAt> {
  return [text.charAt(at), at + 1];
}

/** `\u0041` is `A`; any other backslash is left out. */
function withoutEscape(text: string, at: number): ReturnType<DecodeAt> {
  let end = at;
  while (text.charAt(end) === '\\') end += 1;
  const digits = text.slice(end + 1, end + 5);
  return end > at && text.charAt(end) === 'u' && /[\da-f]{4}/i.test(digits)
    ? [String.fromCharCode(parseInt(digits, 16)), end + 5]
    : [text.charAt(end), end + 1];
}

/**
 * `%2F` is `/`; so are `%252F` and `%25252F`, which were encoded again. A backslash is part of an escape, so
 * it is left out.
 */
function withoutPercent(text: string, at: number): ReturnType<DecodeAt> {
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
  return /[\da-f]{2}/i.test(text.slice(at, at + 2));
}
