import type { Emulator } from '../../lib/emulator';
import { agree, type BrowserResponse, type Browser } from './browser';

/** The state in the address of WeChat's page or of a callback. */
export function stateIn(address: string): string {
  return paramIn(address, 'state');
}

export function paramIn(address: string, name: string): string {
  return new URL(address).searchParams.get(name) ?? '';
}

/** The address with other parameters; undefined removes one. */
export function withParams(address: string, params: Readonly<Record<string, string | undefined>>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.href;
}

/**
 * Opens a page and agrees at WeChat: returns the callback's address, which the browser has not opened yet.
 */
export async function startAndAgree(
  browser: Browser,
  emulator: Emulator,
  path = '/me',
  user?: string,
): Promise<string> {
  const sent = await browser.follow(path);
  return agree(emulator, sent.location, user);
}

/** The authorization codes that the app exchanged, in order. */
export function exchangedCodes(emulator: Emulator): string[] {
  return emulator.requests
    .filter(({ path }) => path === '/sns/oauth2/access_token')
    .map(({ query }) => query['code'] ?? '');
}

/** Whether a response redirects to WeChat's page. */
export function redirectsToWechat(emulator: Emulator, { status, location }: BrowserResponse): boolean {
  return status === 302 && location.startsWith(`${emulator.url}/connect/`);
}

export async function sessionOf(browser: Browser): Promise<Record<string, unknown>> {
  return (await browser.get('/session')).json() as Record<string, unknown>;
}

export async function isLoggedIn(browser: Browser): Promise<boolean> {
  return (await browser.get('/me')).status === 200;
}

/** The states of this browser's pending logins. */
export async function statesOf(browser: Browser): Promise<string[]> {
  const logins = (await sessionOf(browser))['wechat:login'] as { pending: object } | undefined;
  return Object.keys(logins?.pending ?? {});
}
