import type { EmulatorSwitches } from '../world/switches';

export interface CallbackParts {
  /** Absent if the person denied and the switch `denial` is `state-only`. */
  readonly code?: string | undefined;
  readonly state: string | undefined;
  /** AppID of the account for which a third-party platform acts; undefined without a platform. */
  readonly appId?: string | undefined;
}

/**
 * The callback address of an H5 page. WeChat puts the parameters before the fragment, and adds `/` to an
 * address without a path.
 */
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
  if (query === '') return encodeForLocation(base + fragment);
  const separator = !base.includes('?') ? '?' : /[?&]$/.test(base) ? '' : '&';
  return encodeForLocation(base + separator + query + fragment);
}

/**
 * The callback address of the QR code login. WeChat's page only concatenates strings: it does not encode the
 * state, turns `&amp;` into `&`, looks for `?` in the whole address, and adds the code at the end, even
 * after a fragment.
 */
export function websiteCallbackURL(redirectURI: string, parts: CallbackParts): string {
  const query = queryString([
    ['code', parts.code],
    ['state', parts.state ?? ''],
  ]);
  const address = redirectURI.replaceAll('&amp;', '&');
  return encodeForLocation(address + (address.includes('?') ? '&' : '?') + query);
}

function stateToSend(state: string | undefined, { missingState }: EmulatorSwitches): string | undefined {
  return state ?? (missingState === 'absent' ? undefined : '');
}

/**
 * WeChat does not refuse forbidden characters in a state. It drops quotes, angle brackets and backslashes,
 * turns a space into `+`, and percent-encodes most others.
 */
function mangledState(state: string): string {
  return state
    .replace(/["'<>\\]/g, '')
    .replace(/[^\w{}:,.~!*()-]/gu, (char) => (char === ' ' ? '+' : encodeURIComponent(char)));
}

function queryString(parameters: readonly (readonly [string, string | undefined])[]): string {
  return parameters.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])).join('&');
}

/**
 * Percent-encodes what a Location header cannot hold: control characters, spaces and everything beyond ASCII.
 */
function encodeForLocation(url: string): string {
  return url.replace(/[^\u0021-\u007e]+/g, (text) => encodeURIComponent(text));
}
