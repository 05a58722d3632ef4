import type { MemoryStore as SessionStore } from 'express-session';
import type { Emulator } from '../../lib/emulator';
import { startApp, type AppOptions, type TestApp } from './app';
import { agree, Browser, type BrowserResponse } from './browser';
import { putRoute } from './sessions';

/** The state in the address of WeChat's page or of a callback. */
export function stateIn(address: string): string {
  return paramIn(address, 'state');
}

export function paramIn(address: string, name: string): string {
  return new URL(address).searchParams.get(name) ?? '';
}

/** The first link of a page to the login route; '' if there is none. */
export function linkOn({ body }: BrowserResponse): string {
  return (/href="(\/login[^"]*)"/.exec(body)?.[1] ?? '').replaceAll('&amp;', '&');
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

/** Runs the work with an app, whose `/put` writes to the session, and a browser inside WeChat. Closes the app. */
export async function withApp(
  emulator: Emulator,
  options: AppOptions,
  work: (app: TestApp, browser: Browser) => Promise<void>,
): Promise<void> {
  const app = await startApp(emulator, { routes: putRoute, ...options });
  emulator.requests.length = 0;
  try {
    await work(app, Browser.inWechat(app.url));
  } finally {
    await app.close();
  }
}

/**
 * Sends the callback, and logs the user out with the cookies from before it, while WeChat's response is late.
 * Resolves to the response to the callback.
 */
export async function logOutDuringExchange(
  browser: Browser,
  emulator: Emulator,
  callback: string,
): Promise<BrowserResponse> {
  const cookie = browser.cookies();
  const undo = emulator.fail('access_token', { delay: 300 });
  const inProgress = browser.get(callback, { cookie, keepCookies: false });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await browser.get('/logout', { cookie });
  const response = await inProgress;
  undo();
  return response;
}

/** Like logOutDuringExchange(), but during the save of the login, which ends only after the logout. */
export async function logOutDuringSave(
  browser: Browser,
  store: SessionStore,
  callback: string,
): Promise<BrowserResponse> {
  const cookie = browser.cookies();
  const set = store.set.bind(store);
  const spy = jest.spyOn(store, 'set').mockImplementation((id, session, done) => {
    if ('wechat' in session) void browser.get('/logout', { cookie }).then(() => set(id, session, done));
    else set(id, session, done);
  });
  const response = await browser.get(callback, { cookie, keepCookies: false });
  spy.mockRestore();
  return response;
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

export async function sessionOf(browser: Browser, path = '/session'): Promise<Record<string, unknown>> {
  return (await browser.get(path)).json() as Record<string, unknown>;
}

export async function isLoggedIn(browser: Browser): Promise<boolean> {
  return (await browser.get('/me')).status === 200;
}

/** The states of this browser's pending logins. */
export async function statesOf(browser: Browser): Promise<string[]> {
  const logins = (await sessionOf(browser))['wechat:login'] as { pending: object } | undefined;
  return Object.keys(logins?.pending ?? {});
}
