import type { EmulatorSwitches } from '../world/switches';

/** Non-ASCII never travels in a Location header. */
function encodeNonASCII(url: string): string {
  return url.replace(/[^\u0021-\u007e]+/g, (text) => encodeURIComponent(text));
}

/** Forbidden characters of a state are not refused but mangled: quotes go, a blank becomes `+`. */
function mangledState(state: string): string {
  return state
    .replace(/["'<>\\]/g, '')
    .replace(/[^\w{}:,.~!*()-]/gu, (char) => (char === ' ' ? '+' : encodeURIComponent(char)));
}

function queryString(parameters: readonly (readonly [string, string | undefined])[]): string {
  return parameters.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])).join('&');
}

export interface CallbackParts {
  /** Absent for a refusal of the `state-only` kind. */
  readonly code?: string | undefined;
  readonly state: string | undefined;
  /** For a third-party platform: the account that it acts for. */
  readonly appId?: string | undefined;
}

function stateToSend(state: string | undefined, { missingState }: EmulatorSwitches): string | undefined {
  return state ?? (missingState === 'absent' ? undefined : '');
}

/** H5 pages: the query goes before the fragment, a bare host becomes `/?`. */
export function officialCallbackURL(
  redirectURI: string,
  parts: CallbackParts,
  switches: EmulatorSwitches,
): string {
  const state = stateToSend(parts.state, switches);
  const query = queryString([
    ['code', parts.code],
    ['state', state === undefined ? undefined : mangledState(state)],
    ['appid', parts.appId],
  ]);
  const hash = redirectURI.indexOf('#');
  const [address, fragment] =
    hash < 0 ? [redirectURI, ''] : [redirectURI.slice(0, hash), redirectURI.slice(hash)];
  const base = /^https?:\/\/[^/?]+$/i.test(address) ? `${address}/` : address;
  if (query === '') return encodeNonASCII(base + fragment);
  const joint = !base.includes('?') ? '?' : /[?&]$/.test(base) ? '' : '&';
  return encodeNonASCII(base + joint + query + fragment);
}

/** The QR page joins strings: no encoding, `?` or `&` by the whole address, so a fragment swallows the code. */
export function websiteCallbackURL(redirectURI: string, parts: CallbackParts): string {
  const query = queryString([
    ['code', parts.code],
    ['state', parts.state ?? ''],
  ]);
  const address = redirectURI.replaceAll('&amp;', '&');
  return encodeNonASCII(address + (address.includes('?') ? '&' : '?') + query);
}
