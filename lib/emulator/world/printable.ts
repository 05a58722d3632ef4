/** The most characters of a text from outside that a message repeats. */
export const MAX_SHOWN = 255;

/**
 * Makes text from outside safe for a log, a terminal or a page: replaces control characters, line separators
 * and bidirectional controls. Otherwise an attacker could put log lines or terminal commands into a Host, a
 * path or a redirect_uri (CWE-117, CWE-150).
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
