/**
 * Which browser and system a person uses, as short codes for a ticket. The User-Agent header is only a hint:
 * a client can send anything.
 */

/** The code of a browser is its place in this list, so names are only ever appended. `''`: not known. */
const BROWSERS = [
  ['', /^$/],
  // Most browsers also name Chrome or Safari, so the more particular names come first.
  ['Edge', /\bEdgA?(?:iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['QQ', /\bM?QQBrowser\//],
  ['UC', /\bUC?Browser\//],
  ['Quark', /\bQuark\//],
  ['Chrome', /\b(?:Chrome|CriOS)\//],
  ['Safari', /\bSafari\//],
] as const;

/** As BROWSERS. */
const SYSTEMS = [
  ['', /^$/],
  ['HarmonyOS', /\b(?:HarmonyOS|OpenHarmony)\b/],
  ['Android', /\bAndroid\b/],
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMacintosh\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
] as const;

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

function codeIn(names: readonly (readonly [string, RegExp])[], userAgent: string): number {
  return Math.max(
    0,
    names.findIndex(([, pattern]) => pattern.test(userAgent)),
  );
}

export function deviceOf(code: number): Device {
  return { browser: BROWSERS[code >> 4]?.[0] ?? '', system: SYSTEMS[code & 15]?.[0] ?? '' };
}
