import { inspect } from 'node:util';

/** An encoding of a secret. */
export type Encoding = (secret: string) => string;

const withSlashes: Encoding = (secret) => secret.replaceAll('/', '\\/');
const inJSON: Encoding = (secret) => JSON.stringify(secret).slice(1, -1);
const base64After =
  (before: string, encoding: 'base64' | 'base64url' = 'base64'): Encoding =>
  (secret) =>
    Buffer.from(`${before}${secret}::`).toString(encoding);

/** Encodings in which WeChat or a proxy may echo a secret: the library must mask all of them. */
export const ENCODINGS: Readonly<Record<string, Encoding>> = {
  raw: (secret) => secret,
  'JSON-escaped': (secret) => JSON.stringify({ a: [secret] }),
  'with \\/': withSlashes,
  'in JSON inside JSON': (secret) => JSON.stringify(JSON.stringify(withSlashes(secret))),
  'percent-encoded': encodeURIComponent,
  'percent-encoded twice': (secret) => encodeURIComponent(encodeURIComponent(secret)),
  'as a form': (secret) => new URLSearchParams({ a: secret }).toString(),
  base64: base64After(''),
  'base64 with one byte before': base64After(':'),
  'base64 with two bytes before': base64After('::'),
  base64url: base64After('', 'base64url'),
};

/** Further encodings in which the library itself could leak a secret. */
export const FURTHER_ENCODINGS: Readonly<Record<string, Encoding>> = {
  hex: (secret) => Buffer.from(secret).toString('hex'),
  'hex in capitals': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  reversed: (secret) => Array.from(secret).reverse().join(''),
  'reversed in JSON': (secret) => JSON.stringify(Array.from(secret).reverse().join('')),
  'escaped by \\u': (secret) => Array.from(secret, unicodeEscape).join(''),
  'in HTML': (secret) =>
    secret.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  'base64url with one byte before': base64After(':', 'base64url'),
  'base64url with two bytes before': base64After('::', 'base64url'),
  'base64 of base64': (secret) => base64After('')(base64After('')(secret)),
};

function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** How many characters a window has. A match of this length is not a coincidence. */
const WINDOW = 12;
/** A window starts at every fourth character, so any 15 characters of a secret contain a whole window. */
const STRIDE = 4;
/** How many characters at the start of a pattern are its key in the index. */
const HEAD = 8;

/** A window in every encoding. No pattern depends on the characters around the window. */
function patternsOf(window: string): string[] {
  const escaped = JSON.stringify(JSON.stringify(withSlashes(window))).replace(/^"\\"|\\""$/g, '');
  const reversed = FURTHER_ENCODINGS['reversed']?.(window) ?? '';
  const plain = [
    window,
    withSlashes(window),
    inJSON(window),
    inJSON(withSlashes(window)),
    escaped,
    encodeURIComponent(window),
    encodeURIComponent(encodeURIComponent(window)),
    new URLSearchParams({ '': window }).toString().slice(1),
    encodeURIComponent(new URLSearchParams({ '': window }).toString().slice(1)),
    Buffer.from(window).toString('hex'),
    Array.from(window, unicodeEscape).join(''),
    FURTHER_ENCODINGS['in HTML']?.(window) ?? '',
    reversed,
    inJSON(reversed),
    withSlashes(reversed),
    encodeURIComponent(reversed),
  ];
  const base64 = [...new Set(base64Patterns(window))];
  return [...plain, ...base64, ...base64.flatMap(base64Patterns)].map((pattern) => pattern.toLowerCase());
}

/**
 * Base64 encodes three bytes at a time, so a text inside a longer text has three encodings. Returns the
 * characters of each that depend on this text alone, in base64 and in base64url.
 */
function base64Patterns(text: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
    const form = bytes
      .toString('base64')
      .slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
    return [form, form.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

export interface Found {
  readonly kind: string;
  /** The text around the match. */
  readonly context: string;
}

interface Pattern {
  readonly text: string;
  readonly kind: string;
}

/**
 * Recognises secrets in any text: raw, escaped, percent-encoded, in base64 or hex, reversed, whole or in
 * part.
 */
export class Canaries {
  readonly #byHead = new Map<string, Pattern[]>();
  /** Secret → its kind. */
  readonly #known = new Map<string, string>();

  constructor(secrets: Readonly<Record<string, string | readonly string[]>> = {}) {
    for (const [kind, values] of Object.entries(secrets))
      for (const value of [values].flat()) this.add(kind, value);
  }

  ofKind(kind: string): string[] {
    return [...this.#known].filter(([, each]) => each === kind).map(([secret]) => secret);
  }

  add(kind: string, secret: string): void {
    if (this.#known.has(secret)) return;
    if (secret.length < WINDOW + STRIDE - 1)
      throw new Error(`this ${kind} is too short: it has fewer than ${WINDOW + STRIDE - 1} characters`);
    this.#known.set(secret, kind);
    for (let at = 0; at + WINDOW <= secret.length; at += STRIDE)
      for (const text of new Set(patternsOf(secret.slice(at, at + WINDOW)))) {
        const head = text.slice(0, HEAD);
        const patterns = this.#byHead.get(head);
        if (patterns) patterns.push({ text, kind });
        else this.#byHead.set(head, [{ text, kind }]);
      }
  }

  /** The first match of each kind of secret in a text. */
  search(text: string): Found[] {
    const lower = text.toLowerCase();
    const found = new Map<string, Found>();
    for (let at = 0; at + HEAD <= lower.length; at++) {
      const patterns = this.#byHead.get(lower.slice(at, at + HEAD));
      for (const pattern of patterns ?? [])
        if (!found.has(pattern.kind) && lower.startsWith(pattern.text, at))
          found.set(pattern.kind, { kind: pattern.kind, context: text.slice(Math.max(0, at - 60), at + 60) });
    }
    return [...found.values()];
  }
}

/** Prototypes that hold nothing except the language's own methods. */
const PLAIN: readonly unknown[] = [Object.prototype, Error.prototype, Array.prototype, null];

/**
 * The text of everything that can be reached from a value: its properties of every kind, those of its
 * prototypes, and all causes of an error.
 */
export function everythingIn(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || seen.has(value)) return '';
  seen.add(value);
  const found = [inspect(value, { depth: 20, showHidden: true, getters: true, maxStringLength: null })];
  if (value instanceof Error) found.push(value.stack ?? '', String(value));
  try {
    found.push(JSON.stringify([value]));
  } catch {
    // The value refers to itself, so it has no JSON. The loop below visits its parts.
  }
  for (
    let owner = value as object | null;
    owner !== null && !PLAIN.includes(owner);
    owner = Object.getPrototypeOf(owner) as object | null
  ) {
    for (const key of Reflect.ownKeys(owner)) {
      found.push(String(key), everythingIn(read(value, key), seen));
    }
  }
  return found.join('\n');
}

/** The value of a property, or the error that its getter throws. */
function read(value: object, key: PropertyKey): unknown {
  try {
    return (value as Record<PropertyKey, unknown>)[key];
  } catch (error) {
    return error;
  }
}
