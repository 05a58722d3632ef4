/**
 * Runs a login without a person: requests the login route, and then the callback with a code that WeChat
 * never issued.
 */
import { ERROR_KINDS, type WechatErrorKind } from '../../../errors';
import { PAGE_ACCOUNT_FLOWS, FLOWS, type PageAccountFlow } from '../../../oauth/flows';
import { callbackBehindRelay } from '../../../relay/redirect-uri';
import { UnreachableError, isGateway, locationOf, type ProbeLimits } from './http-probe';
import { MADE_UP_CODE } from './made-up-code';
import { ProbeBrowser, type ProbedPage } from './probe-browser';
import { loginPath, publicURL, type Site } from './site';

/** The login route redirected to a page of WeChat: an authorization request. */
export interface AuthorizationRequest {
  readonly kind: 'started';
  readonly flow: PageAccountFlow;
  /** WeChat's page, with the parameters of the request. */
  readonly url: URL;
  readonly redirectURI: string;
  readonly state: string;
}

interface ScanCode {
  readonly kind: 'scan-code';
  /** The address in the code. */
  readonly url: URL;
  /** The address that the page asks for the status of the login. */
  readonly statusURL: URL;
}

type LoginOutcome =
  | AuthorizationRequest
  /** The app shows the page that says where to log in. */
  | { readonly kind: 'open-elsewhere' }
  /** The app shows a QR code that a phone opens: a scan login. */
  | ScanCode
  | { readonly kind: 'error'; readonly error: WechatErrorKind }
  | { readonly kind: 'redirect'; readonly to: URL }
  /** Another program wrote the response, not this package. */
  | { readonly kind: 'unrecognized' };

interface Probed {
  readonly browser: ProbeBrowser;
  readonly response: ProbedPage;
}

/** The result of a request to the login route. */
export type LoginProbe = Probed & (Exclude<LoginOutcome, ScanCode> | PolledScanCode);

export interface PolledScanCode extends ScanCode {
  /** The HTTP status of the response of another program to a request for the status of the login. */
  readonly unrecognizedPoll: number | undefined;
}

/** A login that continues at WeChat. */
export type StartedLogin = Probed & AuthorizationRequest;

/** @throws UnreachableError */
export async function probeLogin(site: Site, userAgent: string, limits: ProbeLimits): Promise<LoginProbe> {
  const browser = new ProbeBrowser(site, userAgent, limits);
  const response = await browser.get(publicURL(site, loginPath(site)));
  const outcome = outcomeOf(response);
  if (outcome.kind !== 'scan-code') return { browser, response, ...outcome };
  const poll = await browser.get(outcome.statusURL);
  const isOurs = typeof fieldInJSON(poll, 'status') === 'string';
  return { browser, response, ...outcome, unrecognizedPoll: isOurs ? undefined : poll.status };
}

function outcomeOf(response: ProbedPage): LoginOutcome {
  const to = locationOf(response, response.address.href);
  if (to) return authorizationRequest(to) ?? { kind: 'redirect', to };
  const scanCode = scanCodeIn(response);
  if (scanCode) return scanCode;
  if (pageKindIn(response) === 'open-elsewhere') return { kind: 'open-elsewhere' };
  const error = errorKindIn(response);
  if (error !== undefined) return { kind: 'error', error };
  refuseGateway(response);
  return { kind: 'unrecognized' };
}

/**
 * Throws for a 502, 503 or 504 that a proxy sent in place of the app. For a response without an error kind of
 * this package: the app's `onError` may have sent that, too, but then Cache-Control is exactly `no-store`,
 * which this package sets before it calls `onError`.
 *
 * @throws UnreachableError if a proxy sent it
 */
function refuseGateway({ status, headers }: ProbedPage): void {
  if (isGateway(status) && headers['cache-control'] !== 'no-store')
    throw new UnreachableError('gateway', `HTTP ${status}`);
}

function authorizationRequest(url: URL): AuthorizationRequest | undefined {
  const flow = PAGE_ACCOUNT_FLOWS.find((each) => url.pathname.endsWith(FLOWS[each].page.path));
  if (!flow) return undefined;
  const { searchParams } = url;
  return {
    kind: 'started',
    flow,
    url,
    redirectURI: searchParams.get('redirect_uri') ?? '',
    state: searchParams.get('state') ?? '',
  };
}

/** What the page of this package for a scan login holds; undefined for any other response. */
function scanCodeIn({ body, address }: ProbedPage): ScanCode | undefined {
  const start = body.indexOf('<div id="scan" data-link="');
  const url = httpURL(attributeAfter(body, start, 'data-link'));
  const status = attributeAfter(body, start, 'data-status').replaceAll('&amp;', '&');
  if (start < 0 || !url || !URL.canParse(status, address.href)) return undefined;
  return { kind: 'scan-code', url, statusURL: new URL(status, address) };
}

function attributeAfter(html: string, start: number, name: string): string {
  const at = html.indexOf(` ${name}="`, start);
  return at < 0 ? '' : (html.slice(at).split('"', 2)[1] ?? '');
}

/** Undefined unless the text is an http: or https: address. */
export function httpURL(text: string): URL | undefined {
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

/** What a page of this package says about itself; undefined for any other response. */
function pageKindIn({ body }: ProbedPage): string | undefined {
  return /<main data-kind="([a-z_-]{1,40})">/.exec(body)?.[1];
}

/** The kind of error in the response; undefined if this package did not write it. */
function errorKindIn(response: ProbedPage): WechatErrorKind | undefined {
  // An `onError` of the app may send JSON in place of our page.
  const found = pageKindIn(response) ?? fieldInJSON(response, 'error');
  return ERROR_KINDS.find((kind) => kind === found);
}

/** A field of a body; undefined if the body is not JSON, or does not have the field. */
function fieldInJSON({ body }: ProbedPage, name: string): unknown {
  try {
    return (JSON.parse(body) as Record<string, unknown> | null)?.[name];
  } catch {
    return undefined;
  }
}

/** The app's own callback address: behind a relay, the one that the redirect URI leads to. */
export function callbackOf({ redirectURI }: { readonly redirectURI: string }): string {
  return callbackBehindRelay(redirectURI) ?? redirectURI;
}

export type CallbackOutcome =
  /** The app knew the login and exchanged the code, which WeChat refused. */
  | { readonly kind: 'known' }
  /** The session had lost the login. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'error'; readonly error: WechatErrorKind; readonly status: number }
  /** The redirect URI is not an address. */
  | { readonly kind: 'malformed'; readonly redirectURI: string }
  /** Another program wrote the response. `isSecond`: the response to the callback of the restarted login. */
  | { readonly kind: 'unrecognized'; readonly status: number; readonly isSecond: boolean };

/**
 * Requests the callback twice. After the first request the app restarts the login, whether it knows the state
 * or not. The second request ends with an error, and its kind distinguishes the two cases.
 *
 * @throws UnreachableError
 */
export async function probeCallback({ browser, redirectURI, state }: StartedLogin): Promise<CallbackOutcome> {
  const first = await requestCallback(browser, redirectURI, state);
  if (!first) return { kind: 'malformed', redirectURI };
  const location = locationOf(first, first.address.href);
  const restarted = location && authorizationRequest(location);
  if (!restarted) return callbackOutcome(first, false);
  const second = await requestCallback(browser, restarted.redirectURI, restarted.state);
  return second ? callbackOutcome(second, true) : { kind: 'malformed', redirectURI: restarted.redirectURI };
}

/** Undefined if the redirect URI is not an address. */
async function requestCallback(
  browser: ProbeBrowser,
  redirectURI: string,
  state: string,
): Promise<ProbedPage | undefined> {
  // The relay has a check of its own.
  const url = httpURL(callbackOf({ redirectURI }));
  if (!url) return undefined;
  url.searchParams.set('code', MADE_UP_CODE);
  url.searchParams.set('state', state);
  return browser.get(url, { isFromOtherSite: true });
}

function callbackOutcome(response: ProbedPage, isSecond: boolean): CallbackOutcome {
  const error = errorKindIn(response);
  if (error === undefined) {
    refuseGateway(response);
    return { kind: 'unrecognized', status: response.status, isSecond };
  }
  if (error === 'code_invalid' || error === 'code_used') return { kind: 'known' };
  if (error === 'login_loop') return { kind: 'lost' };
  return { kind: 'error', error, status: response.status };
}
