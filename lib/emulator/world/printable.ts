/** The most characters of a text from outside that a message repeats. */
export const MAX_SHOWN = 255;

/**
 * Makes text from outside safe for a log, a terminal or a page: replaces control characters, line separators
 * and bidirectional controls. Otherwise an attacker could put log lines or terminal commands into a Host, a
 * path or a redirect_uri (CWE-117, CWE-150).
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '\ufffd');
}

/**
 * A value from outside as a message repeats it. Objects and lists only in words, because an app may hold its
 * AppSecret in one.
 */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  // A function and a symbol have no JSON.
  const json: unknown = JSON.stringify(value);
  return excerpt(typeof json === 'string' ? json : typeof value);
}

export function excerpt(text: string): string {
  return printable(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}
