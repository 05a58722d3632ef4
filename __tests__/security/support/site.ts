import type { Emulator } from '../../../lib/emulator/index';
import { startApp, type AppOptions, type TestApp } from '../../support/app';
import { emulator } from '../../support/emulator';
import { HOSTS, type HostName } from '../../support/hosts';
import { exchangedCodes } from '../../support/login';
import { RawBrowser, rawSiteOf, type RawSite } from '../../support/browsers/raw-browser';
import { SESSIONS, type SessionName } from '../../support/sessions';
import { textOf, valuesOf, type RawResponse } from '../../support/browsers/raw-http';

export const MOUNTS = ['', '/wx'] as const;

export interface SiteOptions extends Omit<AppOptions, 'host' | 'session' | 'mount'> {
  readonly host: HostName;
  readonly mount?: string;
  readonly session?: SessionName;
}

/** An app under attack. */
export interface Site extends TestApp, RawSite {
  readonly emulator: Emulator;
  readonly host: HostName;
  readonly session: SessionName;
}

export async function startSite(options: SiteOptions): Promise<Site> {
  const { host, mount = '', session = 'cookie-session', ...rest } = options;
  const app = await startApp(emulator, { ...rest, host, mount, session: SESSIONS[session]() });
  return { ...app, ...rawSiteOf(app, mount), host, session };
}

/** Every framework at the root and under a mount, with each of these kinds of session. */
export function matrix(sessions: readonly SessionName[] = ['cookie-session']): SiteOptions[] {
  return HOSTS.flatMap((host) =>
    MOUNTS.flatMap((mount) => sessions.map((session) => ({ host, mount, session }))),
  );
}

export function nameOf({ host, mount = '', session = 'cookie-session' }: SiteOptions): string {
  return `${host}, ${mount === '' ? 'at the root' : `under ${mount}`}, with ${session}`;
}

/**
 * Describes tests for each of these sites; `%s` in the title is its name. The site runs while its tests run.
 */
export function describeSites(
  title: string,
  sites: readonly SiteOptions[],
  tests: (site: () => Site, options: SiteOptions) => void,
): void {
  describe.each(sites.map((options) => [nameOf(options), options] as const))(title, (_name, options) => {
    let site: Site;
    beforeAll(async () => {
      site = await startSite(options);
    });
    afterAll(() => site.close());
    tests(() => site, options);
  });
}

/** The openid of this user for the official account, in which browsers in WeChat log in. */
export function openidOf(user: string): string {
  return emulator.openid(user, emulator.apps.official.appId);
}

/** A new browser in which this user has logged in. */
export async function loggedInBrowser(site: RawSite, user: string): Promise<RawBrowser> {
  const browser = new RawBrowser(site);
  await browser.logIn(user);
  if ((await browser.loggedInAs()) !== openidOf(user)) throw new Error(`${user} was not logged in`);
  return browser;
}

/** Whether the app exchanged this code. */
export function wasExchanged(code: string): boolean {
  return exchangedCodes(emulator).includes(code);
}

/**
 * What is wrong with a response, whatever the request was: a server error, or a header that an attacker
 * added.
 */
export function defectOf(response: RawResponse): string | undefined {
  const { status, headers, head } = response;
  if (status === 0) return undefined;
  if (!(status >= 200 && status < 500)) return `status ${status}: ${textOf(response).slice(0, 300)}`;
  if (/[^\r\n\u0020-\u007e]/.test(head)) return `a header with raw bytes: ${JSON.stringify(head)}`;
  if (/[\r\n](?!\n|[!-9;-~]+:)/.test(`${head}\n`.replace(/\n$/, '')))
    return `a broken header line: ${JSON.stringify(head)}`;
  const injected = headers.find(([name]) => /injected|evil/i.test(name));
  if (injected) return `the header ${injected.join(': ')}`;
  const cookie = valuesOf(response, 'set-cookie').find(
    (line) => !/^(?:session|session\.sig|connect\.sid)=/.test(line),
  );
  if (cookie !== undefined) return `the cookie ${cookie}`;
  for (const name of ['location', 'content-type', 'content-length', 'cache-control'])
    if (valuesOf(response, name).length > 1) return `two ${name} headers`;
  return undefined;
}
