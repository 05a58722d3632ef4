const SHORTEST = 16;
const MASK = '***';

/**
 * Masks what must not be seen in a text of foreign origin: the given secrets, raw, escaped, percent-encoded or base64, and what
 * stands behind the name of a secret field or has the shape of a token. Secrets under 16 characters are too short to tell from words.
 */
export function redact(text: string, secrets: readonly (string | undefined)[]): string {
  let masked = text;
  for (const secret of new Set(secrets)) {
    if (secret === undefined || secret.length < SHORTEST) continue;
    if (mayHold(masked, secret)) masked = masked.replace(rawOrEscaped(secret), MASK);
    for (const form of base64Forms(secret)) masked = masked.replaceAll(form, MASK);
  }
  return masked
    .replace(NAMED_SECRET, `$1${MASK}`)
    .replace(SHAPE_OF_TOKEN, MASK)
    .replace(PASSWORD_IN_ADDRESS, `$1${MASK}@`);
}

/** `redis://user:password@host`, as drivers name what they cannot reach. */
const PASSWORD_IN_ADDRESS = /(:\/\/[^\s/:@]*:)[^\s/@]+@/g;

/** WeChat's tokens: a number, `_`, and some hundred characters of base64url. */
const SHAPE_OF_TOKEN = /(?<![\w-])\d{1,3}_[\w-]{64,}/g;

const NAMED_SECRET =
  /((?:access_token|refresh_token|session_key|appsecret|secret|js_code|code|state)(?:\\{0,7}["']|%22)?(?:\s*[=:]\s*|%3[ad])(?:\\{0,7}["']|%22)?)[\w\-.~+/%]{16,}={0,2}/gi;

/**
 * To look for every escaped form of a secret is work of milliseconds, for each text: first a look at what the text would read like.
 * It finds more than there is, but misses nothing.
 */
function mayHold(text: string, secret: string): boolean {
  if (!PLAIN.test(secret)) return true;
  const read = text
    .replace(/%(?:25){0,3}([\da-f]{2})/gi, fromHex)
    .replace(/\\{1,7}u([\da-f]{4})/gi, fromHex)
    .replaceAll('\\', '');
  return [text, read].some((form) => form.toLowerCase().includes(secret.toLowerCase()));
}

/** What all of WeChat's own secrets are made of. */
const PLAIN = /^[\w.~-]+$/;

function fromHex(_escape: string, digits: string): string {
  return String.fromCharCode(parseInt(digits, 16));
}

/** Each character as it is, escaped for JSON, or percent-encoded, a few times over. */
function rawOrEscaped(secret: string): RegExp {
  const units = Array.from(secret, (char) => {
    const bytes = Array.from(Buffer.from(char), (byte) => `%(?:25){0,3}${hex(byte, 2)}`);
    const unicode = Array.from(
      { length: char.length },
      (_, at) => `\\\\{1,7}u${hex(char.charCodeAt(at), 4)}`,
    );
    // A backslash that may stand for itself or escape the next would make a long run of them endless work.
    const escape = char === '\\' ? '' : '\\\\{0,7}';
    const plain = char === ' ' ? '[ +]' : escapeRegExp(char);
    return `(?:${escape}${plain}|${bytes.join('')}|${unicode.join('')})`;
  });
  return new RegExp(units.join(''), 'gi');
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** A secret inside a longer text that was base64-encoded: the characters it determines, for each of its three offsets. */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
    const whole = Math.floor((bytes.length * 8) / 6);
    const form = bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), whole);
    return [form, form.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

function escapeRegExp(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');
}
