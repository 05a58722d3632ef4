import type { EmulatorSwitches } from '../world/switches';

export interface CallbackParts {
  /** Absent if the person denied and the switch `denial` is `state-only`. */
  readonly code?: string | undefined;
  readonly state: string | undefined;
  /** For a third-party platform: the account that it acts for. */
  readonly appId?: string | undefined;
}

/**
 * The callback address of an H5 page: WeChat puts the parameters before the fragment, and adds `/` to a bare
 * host.
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
  if (query === '') return encodeNonASCII(base + fragment);
  const separator = !base.includes('?') ? '?' : /[?&]$/.test(base) ? '' : '&';
  return encodeNonASCII(base + separator + query + fragment);
}

/**
 * The callback address of the QR code login: WeChat's page concatenates strings. It encodes nothing, and it
 * looks for `?` in the whole address, so that the code ends up behind a fragment.
 */
export function websiteCallbackURL(redirectURI: string, parts: CallbackParts): string {
  const query = queryString([
    ['code', parts.code],
    ['state', parts.state ?? ''],
  ]);
  const address = redirectURI.replaceAll('&amp;', '&');
  return encodeNonASCII(address + (address.includes('?') ? '&' : '?') + query);
}

function stateToSend(state: string | undefined, { missingState }: EmulatorSwitches): string | undefined {
  return state ?? (missingState === 'absent' ? undefined : '');
}

/** WeChat does not refuse forbidden characters in a state. It drops quotes and turns a space into `+`. */
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
function encodeNonASCII(url: string): string {
  return url.replace(/[^\u0021-\u007e]+/g, (text) => encodeURIComponent(text));
}
