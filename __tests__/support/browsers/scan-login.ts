// The steps of a scan login, on a PC and on a phone, as two browsers take them.
import type { OwnOptions } from '../app';
import type { Emulator } from '../../../lib/emulator';
import type { TestApp } from '../app';
import { agree, Browser, type BrowserResponse } from '../browser';

/** The official account alone, with scan login on. */
export function scanOptions(scanLogin: OwnOptions['scanLogin'] = true): OwnOptions {
  return { website: undefined, scanLogin };
}

/** What the page of the PC shows. */
export interface ShownCode {
  /** What the QR code holds. */
  readonly url: string;
  /** The ticket in it. */
  readonly ticket: string;
  readonly number: string;
  readonly statusURL: string;
}

export function codeOn({ body }: BrowserResponse): ShownCode {
  const value = (name: string): string =>
    unescape(new RegExp(`data-${name}="([^"]*)"`).exec(body)?.[1] ?? '');
  const url = value('link');
  if (url === '') throw new Error(`this is not the page of a scan login: ${body.slice(0, 200)}`);
  return { url, ticket: url.replace(/^.*\//, ''), number: value('number'), statusURL: value('status') };
}

function unescape(html: string): string {
  return html.replaceAll('&amp;', '&');
}

/** Opens the login on the PC, and reads the code on its page. */
export async function showCode(pc: Browser, path = '/me'): Promise<ShownCode> {
  return codeOn(await pc.follow(path));
}

export interface ScanStatus {
  readonly status: string;
  readonly location?: string;
}

export async function ask(pc: Browser, statusURL: string): Promise<ScanStatus> {
  return (await pc.get(statusURL)).json() as ScanStatus;
}

/** The PIN that a phone shows. */
export function pinOn({ body }: BrowserResponse): string {
  return /<p class="big-pin">(\d{4})<\/p>/.exec(body)?.[1] ?? '';
}

/** Types the PIN on the PC. */
export function sendPin(
  pc: Browser,
  statusURL: string,
  pin: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<BrowserResponse> {
  return pc.request(statusURL, { method: 'POST', headers: { ...FORM, ...headers }, body: `pin=${pin}` });
}

/** The browser says that a form comes from its own page. */
export const SAME_ORIGIN = { 'Sec-Fetch-Site': 'same-origin' };
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

export function formToken(page: BrowserResponse): string {
  return /name="token" value="([^"]*)"/.exec(page.body)?.[1] ?? '';
}

/** Taps a button of the question. @param headers what the browser says of the form's origin */
export async function tap(
  phone: Browser,
  page: BrowserResponse,
  action: 'confirm' | 'cancel',
  headers: Record<string, string> = SAME_ORIGIN,
): Promise<BrowserResponse> {
  return phone.request(page.url, {
    method: 'POST',
    headers: { ...FORM, ...headers },
    body: new URLSearchParams({ action, token: formToken(page) }).toString(),
  });
}

/** Opens the code on the phone, confirms, and agrees at WeChat: returns the callback's address, not yet opened. */
export async function confirm(
  phone: Browser,
  emulator: Emulator,
  url: string,
  user?: string,
): Promise<string> {
  const redirect = await tap(phone, await phone.get(url), 'confirm');
  return agree(emulator, redirect.location, user);
}

/** A whole scan login, until the PC can collect it. Returns the last page of the phone. */
export async function scan(
  phone: Browser,
  emulator: Emulator,
  url: string,
  user?: string,
): Promise<BrowserResponse> {
  return phone.get(await confirm(phone, emulator, url, user));
}

export function devices({ url }: TestApp): { pc: Browser; phone: Browser } {
  return { pc: Browser.onDesktop(url), phone: Browser.inWechat(url) };
}
