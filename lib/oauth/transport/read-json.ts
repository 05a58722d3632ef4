/** A number, or a whole number sent as a string: older pages of WeChat show both. */
export function integerOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : undefined;
}

/**
 * Reads an answer as UTF-8 JSON, whatever its content type says: WeChat sends `text/plain` without a charset.
 *
 * Nicknames may hold raw control characters, which JSON forbids. They are removed, and only where JSON
 * refuses the text as it is: an honest answer is never touched.
 *
 * @throws SyntaxError where it is no JSON even so.
 */
export function readJSON(body: Uint8Array): unknown {
  const text = textOf(body);
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(withoutControlCharacters(text));
  }
}

/** Without the byte order mark that some gateways put in front. */
function textOf(body: Uint8Array): string {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/**
 * Leaves out U+0000–U+001F and U+007F inside strings; between tokens they stay, as white space or as a fault.
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
