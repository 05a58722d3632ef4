/**
 * Plays an attacker with a WeChat account of her own, and a victim, to an app of one or two processes. After
 * each action, two rules are checked: a browser is logged in only by a code that was issued to that user and
 * that this browser presented, and the account of a browser that is logged in is not swapped.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CookieJar } from 'tough-cookie';
import type { Emulator } from '../../../lib/emulator';
import { Browser, agree, type BrowserResponse } from '../../support/browser';
import { IPHONE_WECHAT } from '../../support/browsers/user-agents';
import { goesToWechat, paramIn, withParams } from '../../support/login';
import type { Action, Codes, Poll } from './actions';

export const VICTIM = { id: 'ming', nickname: '小明' } as const;
export const ATTACKER = { id: 'emoji', nickname: '👩‍👩‍👧‍👦 Emoji 🎉' } as const;
type Person = typeof VICTIM | typeof ATTACKER;

/** WeChat's response to the victim's callback takes this long if the attacker polls. */
const SLOW_MS = 40;
/** How many of the attacker's sessions are checked after each action. */
const CHECKED_JARS = 6;

/** The processes of one app, which share their sessions and a token store. */
export interface Target {
  /** The address that browsers use. */
  readonly url: string;
  readonly processes: readonly string[];
  readonly emulator: Emulator;
}

export class Attack {
  readonly #target: Target;
  /** WeChat's pages of logins whose state the attacker knows. */
  readonly #attackerLinks: string[] = [];
  readonly #victimLinks: string[] = [];
  readonly #victimCallbacks: string[] = [];
  readonly #attackerCallbacks: string[] = [];
  /** Every session that the attacker has ever held. */
  readonly #jars: CookieJar[] = [];
  #victimJar = new CookieJar();
  /** The cookies that were planted last: the attacker knows these, and none that the victim got since. */
  #planted = new CookieJar();
  /** Whether the victim has logged in, and has not logged out since. */
  #isVictimLoggedIn = false;
  #victimLogins = 0;

  private constructor(target: Target) {
    this.#target = target;
  }

  /** @returns how often the victim logged in */
  static async play(target: Target, actions: readonly Action[]): Promise<number> {
    const attack = new Attack(target);
    for (const [index, action] of actions.entries()) {
      try {
        await attack.#act(action);
        await attack.#check();
      } catch (error) {
        throw new Error(`action ${index}, ${JSON.stringify(action)}: ${String(error)}`, { cause: error });
      }
    }
    return attack.#victimLogins;
  }

  async #act(action: Action): Promise<void> {
    switch (action.do) {
      case 'attacker starts a login':
        return this.#attackerStarts(action.fresh, action.process);
      case 'plant cookies':
        return this.#plant(at(this.#jars, action.jar));
      case 'victim starts a login': {
        const response = await this.#send(action.process, '/login?returnTo=/me', this.#victimJar);
        if (goesToWechat(this.#target.emulator, response)) this.#victimLinks.push(response.location);
        return;
      }
      case 'victim agrees':
        return this.#agree(at([...this.#attackerLinks, ...this.#victimLinks], action.link), VICTIM);
      case 'attacker agrees':
        return this.#agree(at(this.#attackerLinks, action.link), ATTACKER);
      case 'victim calls back':
        return this.#victimCallsBack(at(this.#victimCallbacks, action.callback), action);
      case 'victim opens the attacker’s callback':
        return this.#lure(action);
      case 'attacker calls back':
        return this.#attackerCallsBack(action);
      case 'victim logs out':
        await this.#send(action.process, '/logout', this.#victimJar);
        this.#isVictimLoggedIn = false;
    }
  }

  async #attackerStarts(fresh: boolean, process: number): Promise<void> {
    const jar = fresh ? new CookieJar() : copyOf(at(this.#jars, 0) ?? new CookieJar());
    const response = await this.#send(process, '/login?returnTo=/me', jar);
    this.#jars.push(jar);
    if (goesToWechat(this.#target.emulator, response)) this.#attackerLinks.push(response.location);
  }

  /** A session in which the attacker is logged in is not planted: no code of the library runs in that attack. */
  async #plant(jar: CookieJar | undefined): Promise<void> {
    if (!jar || (await this.#userOf(jar)) !== undefined) return;
    this.#planted = copyOf(jar);
    this.#victimJar = copyOf(jar);
    this.#isVictimLoggedIn = false;
  }

  async #agree(link: string | undefined, person: Person): Promise<void> {
    if (link === undefined) return;
    const callback = await agree(this.#target.emulator, link, person.id);
    (person === VICTIM ? this.#victimCallbacks : this.#attackerCallbacks).push(callback);
  }

  async #victimCallsBack(
    callback: string | undefined,
    { process, polls }: { process: number; polls: readonly Poll[] },
  ): Promise<void> {
    if (callback === undefined) return;
    const before = await this.#userOf(this.#victimJar);
    const undo = this.#target.emulator.fail(
      'access_token',
      { delay: polls.length > 0 ? SLOW_MS : 0 },
      { times: Infinity },
    );
    const attacks = polls.map(async ({ after, code, process: to }) => {
      await pause(after);
      await this.#attackWith(copyOf(this.#planted), paramIn(callback, 'state'), code, to);
    });
    await Promise.all([this.#send(process, callback, this.#victimJar), ...attacks]);
    undo();
    const user = await this.#userOf(this.#victimJar);
    if (user === VICTIM.nickname && before !== user) this.#victimLogins++;
    if (user === VICTIM.nickname) this.#isVictimLoggedIn = true;
    else if (user !== before) throw new Error(`the victim's own code logged in ${user}`);
  }

  async #lure({
    callback,
    link,
    process,
  }: {
    callback: number;
    link: number;
    process: number;
  }): Promise<void> {
    const known = at(this.#attackerLinks, link);
    const lure = at(this.#attackerCallbacks, callback);
    if (known === undefined || lure === undefined) return;
    const address = withParams(lure, { state: paramIn(known, 'state') });
    await this.#send(process, address, this.#victimJar);
  }

  async #attackerCallsBack({ jar, link, code, process }: Extract<Action, { do: 'attacker calls back' }>) {
    const [held, known] = [at(this.#jars, jar), at(this.#attackerLinks, link)];
    if (!held || known === undefined) return;
    await this.#attackWith(copyOf(held), paramIn(known, 'state'), code, process);
  }

  /** The attacker calls back with these cookies. She keeps the session that the response gives her. */
  async #attackWith(jar: CookieJar, state: string, codes: Codes, process: number): Promise<void> {
    const link = at(this.#attackerLinks, 0);
    const own = codes === 'attacker' && link !== undefined;
    const code = own
      ? paramIn(await agree(this.#target.emulator, link, ATTACKER.id), 'code')
      : randomBytes(16).toString('hex');
    const before = await this.#userOf(jar);
    await this.#send(process, `/callback?code=${code}&state=${state}`, jar);
    const user = await this.#userOf(jar);
    this.#jars.push(jar);
    if (user !== before && !(own && user === ATTACKER.nickname))
      throw new Error(`a code that is ${codes} logged in ${user}`);
  }

  async #check(): Promise<void> {
    for (const jar of this.#jars.slice(-CHECKED_JARS)) {
      const user = await this.#userOf(copyOf(jar));
      if (user === VICTIM.nickname) throw new Error('the attacker is logged in as the victim');
    }
    const user = await this.#userOf(this.#victimJar);
    if (this.#isVictimLoggedIn && user !== VICTIM.nickname && user !== undefined)
      throw new Error(`the victim's account was swapped for that of ${user}`);
  }

  /** The nickname of the user whom these cookies log in. */
  async #userOf(jar: CookieJar): Promise<string | undefined> {
    const response = await this.#send(0, '/me', jar, { accept: 'application/json' });
    return response.status === 200 ? (response.json() as { nickname: string }).nickname : undefined;
  }

  #send(
    process: number,
    address: string,
    jar: CookieJar,
    { accept }: { accept?: string } = {},
  ): Promise<BrowserResponse> {
    const { url, processes } = this.#target;
    const { pathname, search } = new URL(address, url);
    const origin = processes[process % processes.length] ?? url;
    return new Browser(url, IPHONE_WECHAT, jar).get(origin + pathname + search, {
      headers: { Host: new URL(url).host, ...(accept !== undefined && { Accept: accept }) },
    });
  }
}

/** The entry this far back from the latest one. */
function at<T>(list: readonly T[], back: number): T | undefined {
  return list.at(-1 - back);
}

function copyOf(jar: CookieJar): CookieJar {
  const copy = jar.cloneSync();
  if (!copy) throw new Error('the cookies cannot be copied');
  return copy;
}
