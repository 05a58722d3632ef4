import type { EmulatorSwitches } from '../world/switches';

/** Non-ASCII never travels in a Location header. */
const ascii = (url: string): string => url.replace(/[^\u0021-\u007e]+/g, (text) => encodeURIComponent(text));

/** Forbidden characters of a state are not refused but mangled: quotes go, a blank becomes `+`. */
const mangledState = (state: string): string =>
  state
    .replace(/["'<>\\]/g, '')
    .replace(/[^\w{}:,.~!*()-]/gu, (char) => (char === ' ' ? '+' : encodeURIComponent(char)));

const pairs = (parameters: readonly (readonly [string, string | undefined])[]): string =>
  parameters.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])).join('&');

export interface CallbackParts {
  /** Absent for a refusal of the `state-only` kind. */
  readonly code?: string | undefined;
  readonly state: string | undefined;
  /** For a third-party platform: the account that it acts for. */
  readonly appId?: string | undefined;
}

const stateOr = (state: string | undefined, { missingState }: EmulatorSwitches): string | undefined =>
  state ?? (missingState === 'absent' ? undefined : '');

/** H5 pages: the query goes before the fragment, a bare host becomes `/?`. */
export function officialCallback(
  redirectURI: string,
  parts: CallbackParts,
  switches: EmulatorSwitches,
): string {
  const state = stateOr(parts.state, switches);
  const query = pairs([
    ['code', parts.code],
    ['state', state === undefined ? undefined : mangledState(state)],
    ['appid', parts.appId],
  ]);
  const hash = redirectURI.indexOf('#');
  const [address, fragment] =
    hash < 0 ? [redirectURI, ''] : [redirectURI.slice(0, hash), redirectURI.slice(hash)];
  const base = /^https?:\/\/[^/?]+$/i.test(address) ? `${address}/` : address;
  if (query === '') return ascii(base + fragment);
  const joint = !base.includes('?') ? '?' : /[?&]$/.test(base) ? '' : '&';
  return ascii(base + joint + query + fragment);
}

/** The QR page joins strings: no encoding, `?` or `&` by the whole address, so a fragment swallows the code. */
export function websiteCallback(redirectURI: string, parts: CallbackParts): string {
  const query = pairs([
    ['code', parts.code],
    ['state', parts.state ?? ''],
  ]);
  const address = redirectURI.replaceAll('&amp;', '&');
  return ascii(address + (address.includes('?') ? '&' : '?') + query);
}
