/**
 * An attacker with a WeChat account of her own and a victim: their browsers, and the addresses that each of
 * them knows.
 */
import type { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { CookieJar } from 'tough-cookie';
import type { Emulator } from '../../../lib/emulator';
import { Browser, agree, type BrowserResponse } from '../../support/browser';
import { DESKTOP_CHROME, IPHONE_WECHAT } from '../../support/browsers/user-agents';

export const VICTIM = { id: 'ming', nickname: '小明' } as const;
export const ATTACKER = { id: 'emoji', nickname: '👩‍👩‍👧‍👦 Emoji 🎉' } as const;
export type Person = typeof VICTIM | typeof ATTACKER;

/** The processes of one app, which share their sessions and a token store. */
export interface Target {
  /** The address that browsers use. */
  readonly url: string;
  readonly processes: readonly string[];
  readonly emulator: Emulator;
  /** It keeps the connections of the browsers: many more requests than attacks are sent. */
  readonly agent: Agent;
}

interface Sent {
  readonly on?: 'phone' | 'PC';
  readonly accept?: string;
  /** Whether the jar keeps the cookies of the response. @default true */
  readonly keepCookies?: boolean;
  /** The form that is posted, and the headers in which the browser names the page that it comes from. */
  readonly form?: { readonly body: string; readonly headers: Readonly<Record<string, string>> };
}

export class People {
  readonly target: Target;
  /** WeChat's pages of logins whose state the attacker knows. */
  readonly attackerLinks: string[] = [];
  readonly victimLinks: string[] = [];
  readonly victimCallbacks: string[] = [];
  readonly attackerCallbacks: string[] = [];
  /** Every session that the attacker has ever held. */
  readonly jars: CookieJar[] = [];
  victimPhone = new CookieJar();
  victimPC = new CookieJar();
  /** The phone on which the attacker scans codes. */
  readonly attackerPhone = new CookieJar();

  constructor(target: Target) {
    this.target = target;
  }

  phoneOf(person: Person): CookieJar {
    return person === VICTIM ? this.victimPhone : this.attackerPhone;
  }

  /** The person agrees at WeChat, and then knows the address of the callback. */
  async agree(link: string | undefined, person: Person): Promise<void> {
    if (link === undefined) return;
    const callback = await agree(this.target.emulator, link, person.id);
    (person === VICTIM ? this.victimCallbacks : this.attackerCallbacks).push(callback);
  }

  /** The nickname of the user who is logged in with these cookies; undefined if nobody is. */
  async userOf(jar: CookieJar, process = 0, keepCookies = true): Promise<string | undefined> {
    const response = await this.send(process, '/me', jar, { accept: 'application/json', keepCookies });
    return response.status === 200 ? (response.json() as { nickname: string }).nickname : undefined;
  }

  /** The same for several jars, which stay as they are. One request is enough for all jars with the same cookies. */
  async usersOf(jars: readonly CookieJar[]): Promise<(string | undefined)[]> {
    const distinct = new Map(jars.map((jar) => [jar.getCookieStringSync(this.target.url), jar]));
    return Promise.all([...distinct.values()].map((jar) => this.userOf(jar, 0, false)));
  }

  /** Sends a request to one of the processes. */
  send(
    process: number,
    address: string,
    jar: CookieJar,
    { on = 'phone', accept, form, keepCookies = true }: Sent = {},
  ): Promise<BrowserResponse> {
    const { url, processes, agent } = this.target;
    const { pathname, search } = new URL(address, url);
    const origin = processes[process % processes.length] ?? url;
    const userAgent = on === 'phone' ? IPHONE_WECHAT : DESKTOP_CHROME;
    return new Browser(url, userAgent, jar).request(origin + pathname + search, {
      ...(form && { method: 'POST', body: form.body }),
      keepCookies,
      agent,
      headers: {
        Host: new URL(url).host,
        ...(accept !== undefined && { Accept: accept }),
        ...(form && { 'Content-Type': 'application/x-www-form-urlencoded', ...form.headers }),
      },
    });
  }
}

/** Runs the work after this many ms. */
export async function later<T>(ms: number, work: () => Promise<T>): Promise<T> {
  await pause(ms);
  return work();
}
