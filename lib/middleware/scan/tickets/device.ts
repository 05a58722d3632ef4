/**
 * Which browser and system a person uses, as short codes for a ticket. The User-Agent header is only a hint:
 * a client can send anything.
 */

/**
 * The code of each browser in tickets, which never changes; 0 is an unknown one. They are searched for in the
 * order of this list: most browsers also name Chrome or Safari, so the more particular names come first.
 */
const BROWSERS = [
  [1, 'Edge', /\bEdgA?(?:iOS)?\//],
  [2, 'Opera', /\bOPR\//],
  [3, 'Firefox', /\b(?:Firefox|FxiOS)\//],
  [4, 'Samsung Internet', /\bSamsungBrowser\//],
  [5, 'QQ', /\bM?QQBrowser\//],
  [6, 'UC', /\bUC?Browser\//],
  [7, 'Quark', /\bQuark\//],
  [8, 'Chrome', /\b(?:Chrome|CriOS)\//],
  [9, 'Safari', /\bSafari\//],
] as const;

/** As BROWSERS. */
const SYSTEMS = [
  [1, 'HarmonyOS', /\b(?:HarmonyOS|OpenHarmony)\b/],
  [2, 'Android', /\bAndroid\b/],
  [3, 'iPhone', /\biPhone\b/],
  [4, 'iPad', /\biPad\b/],
  [5, 'Windows', /\bWindows\b/],
  [6, 'macOS', /\bMacintosh\b/],
  [7, 'ChromeOS', /\bCrOS\b/],
  [8, 'Linux', /\bLinux\b/],
] as const;

type Names = readonly (readonly [code: number, name: string, pattern: RegExp])[];

/** `''` if the User-Agent header does not show it. */
export interface Device {
  readonly browser: string;
  readonly system: string;
}

/** Longer than the User-Agent of any browser, so that the search stays cheap. */
const MAX_LENGTH = 512;

/** One byte: the browser in its upper half, the system in its lower half. */
export function deviceCode(userAgent: string): number {
  const text = userAgent.slice(0, MAX_LENGTH);
  return codeIn(BROWSERS, text) * 16 + codeIn(SYSTEMS, text);
}

function codeIn(names: Names, userAgent: string): number {
  return names.find(([, , pattern]) => pattern.test(userAgent))?.[0] ?? 0;
}

export function deviceOf(code: number): Device {
  return { browser: nameIn(BROWSERS, code >> 4), system: nameIn(SYSTEMS, code & 15) };
}

function nameIn(names: Names, code: number): string {
  return names.find(([each]) => each === code)?.[1] ?? '';
}
