/** The redirect URI of an app behind a relay: the app sends it to WeChat, and the relay reads it. */

/** The route of a relay, below its mount point. */
export const RELAY_ROUTE = '/callback';

/**
 * @param relay the address of the relay, without a slash at its end
 * @param callback the address of the app's own callback route
 */
export function relayRedirectURI(relay: string, callback: string): string {
  return `${relay}${RELAY_ROUTE}?to=${encodeURIComponent(callback)}`;
}

/** The app's own callback in a redirect URI that leads through a relay; `undefined` in any other one. */
export function callbackBehindRelay(redirectURI: string): string | undefined {
  if (!URL.canParse(redirectURI)) return undefined;
  const { pathname, searchParams } = new URL(redirectURI);
  return pathname.endsWith(RELAY_ROUTE) ? (searchParams.get('to') ?? undefined) : undefined;
}
