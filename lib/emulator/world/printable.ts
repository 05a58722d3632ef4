/**
 * Text from outside for a log, a terminal or a page: control characters, line separators and bidirectional
 * controls are replaced. Otherwise a Host, a path or a redirect_uri could add log lines or terminal commands
 * (CWE-117, CWE-150).
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
