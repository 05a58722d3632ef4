/** A whole number, or one sent as a string: WeChat's older documentation shows both. */
export function integerOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  return typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/**
 * Reads a response as UTF-8 JSON, whatever its content type says: WeChat sends `text/plain` without a
 * charset.
 *
 * Nicknames may hold raw control characters, which JSON forbids. They are removed, but only if JSON.parse
 * refuses the text as it is: valid JSON is never changed.
 *
 * @throws SyntaxError if the text is not JSON even without control characters.
 */
export function readJSON(body: Uint8Array): unknown {
  const text = textOf(body);
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(withoutControlCharacters(text));
  }
}

/** Removes the byte order mark that some gateways put first. */
function textOf(body: Uint8Array): string {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/**
 * Removes U+0000–U+001F and U+007F inside strings. Between tokens they stay: there they are white space or a
 * syntax error.
 */
function withoutControlCharacters(text: string): string {
  let clean = '';
  let kept = 0;
  let inString = false;
  let escaped = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (inString && (unit < 0x20 || unit === 0x7f)) {
      clean += text.slice(kept, at);
      kept = at + 1;
    } else if (escaped) {
      escaped = false;
    } else if (unit === BACKSLASH) {
      escaped = inString;
    } else if (unit === QUOTE) {
      inString = !inString;
    }
  }
  return clean + text.slice(kept);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
