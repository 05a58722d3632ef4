/**
 * Plays the scan logins of an attack. Three rules are checked: a PC is logged in only as a user who
 * confirmed its code by a tap, a result is collected once, and nobody is logged in after a logout.
 */
import { CookieJar } from 'tough-cookie';
import type { BrowserResponse } from '../../support/browser';
import {
  SAME_ORIGIN,
  codeOn,
  formToken,
  type ScanStatus,
  type ShownCode,
} from '../../support/browsers/scan-login';
import { redirectsToWechat } from '../../support/login';
import { at, copyOf } from '../shared';
import { ATTACKER, VICTIM, later, type People, type Person } from './people';
import { FORGERIES, type ScanAction, type Who } from './scan-actions';

interface Code extends ShownCode {
  readonly by: Who;
  /** The nicknames of the users who have tapped 「确认登录」. */
  readonly confirmedBy: Set<string>;
  /** The token in the form that a person's phone got. */
  readonly tokens: Map<Who, string>;
  collected: number;
}

export class ScanAttack {
  readonly #people: People;
  readonly #codes: Code[] = [];
  /** The user who is logged in on the victim's PC. */
  #userOfPC: string | undefined;
  /** How often the victim logged in on the PC. */
  logins = 0;

  constructor(people: People) {
    this.#people = people;
  }

  async act(action: ScanAction): Promise<void> {
    switch (action.do) {
      case 'PC shows a code':
        return this.#show(action);
      case 'phone opens a code':
        return this.#open(at(this.#codes, action.code), action);
      case 'phone answers':
        return this.#answer(at(this.#codes, action.code), action);
      case 'attacker forges an answer':
        return this.#forge(at(this.#codes, action.code), action);
      case 'attacker’s phone calls back': {
        const callback = at(this.#people.attackerCallbacks, action.callback);
        if (callback !== undefined)
          await this.#people.send(action.process, callback, this.#people.attackerPhone);
        return;
      }
      case 'victim’s PC polls':
        return this.#poll(at(this.#codes, action.code), action);
      case 'attacker polls':
        return this.#steal(at(this.#people.jars, action.jar), at(this.#codes, action.code), action);
      case 'plant cookies on the PC':
        return this.#plant(at(this.#people.jars, action.jar));
      case 'victim’s PC logs out':
        await this.#people.send(action.process, '/logout', this.#people.victimPC, { on: 'PC' });
        this.#userOfPC = undefined;
    }
  }

  /** Whether the victim's PC is logged in as another user than before, or the attacker's phone as the victim. */
  async fault(): Promise<string | undefined> {
    const { victimPC, attackerPhone } = this.#people;
    const [user, attacker] = await Promise.all([
      this.#people.userOf(victimPC),
      this.#people.userOf(attackerPhone),
    ]);
    if (user !== undefined && user !== this.#userOfPC)
      return `the PC's account was swapped for that of ${user}`;
    return attacker === VICTIM.nickname ? 'the attacker’s phone is logged in as the victim' : undefined;
  }

  async #show({ who, fresh, process }: Extract<ScanAction, { do: 'PC shows a code' }>): Promise<void> {
    const people = this.#people;
    const jar = who === 'victim' ? people.victimPC : this.#attackerPC(fresh);
    const page = await people.send(process, '/login?returnTo=/me', jar, { on: 'PC' });
    if (who === 'attacker') people.jars.push(jar);
    this.#codes.push({ ...codeOn(page), by: who, confirmedBy: new Set(), tokens: new Map(), collected: 0 });
  }

  #attackerPC(fresh: boolean): CookieJar {
    const latest = at(this.#people.jars, 0);
    return fresh || !latest ? new CookieJar() : copyOf(latest);
  }

  async #open(code: Code | undefined, { who, process }: { who: Who; process: number }): Promise<void> {
    if (!code) return;
    const page = await this.#people.send(process, code.url, this.#people.phoneOf(personOf(who)));
    code.tokens.set(who, formToken(page));
    this.#record(who, page);
  }

  async #answer(
    code: Code | undefined,
    { who, button, process }: Extract<ScanAction, { do: 'phone answers' }>,
  ): Promise<void> {
    if (!code?.tokens.has(who)) return;
    if (who === 'victim' && code.by === 'attacker' && button === 'confirm') return;
    const person = personOf(who);
    const body = new URLSearchParams({ action: button, token: code.tokens.get(who) ?? '' }).toString();
    const response = await this.#people.send(process, code.url, this.#people.phoneOf(person), {
      form: { body, headers: SAME_ORIGIN },
    });
    if (this.#record(who, response)) code.confirmedBy.add(person.nickname);
  }

  async #forge(
    code: Code | undefined,
    { from, token, process }: Extract<ScanAction, { do: 'attacker forges an answer' }>,
  ): Promise<void> {
    if (!code) return;
    const known = token === 'her own' ? (code.tokens.get('attacker') ?? '') : '';
    const body = new URLSearchParams({ action: 'confirm', token: known }).toString();
    const response = await this.#people.send(process, code.url, this.#people.victimPhone, {
      form: { body, headers: FORGERIES[from] },
    });
    this.#record('victim', response);
  }

  /** Returns whether the phone goes to WeChat. If so, its user may later agree there. */
  #record(who: Who, response: BrowserResponse): boolean {
    const { target, attackerLinks, victimLinks } = this.#people;
    const goes = response.location.startsWith(`${target.emulator.url}/connect/`);
    if (goes) (who === 'victim' ? victimLinks : attackerLinks).push(response.location);
    return goes || redirectsToWechat(target.emulator, response);
  }

  async #poll(
    code: Code | undefined,
    { processes, logout }: Extract<ScanAction, { do: 'victim’s PC polls' }>,
  ): Promise<void> {
    if (code?.by !== 'victim') return;
    const people = this.#people;
    const before = people.victimPC;
    // Each request sends the cookies that the PC had before. The PC keeps the cookies of one response.
    const jars = processes.map(() => copyOf(before));
    const leaving = copyOf(before);
    const polls = processes.map((process, index) =>
      people.send(process, code.statusURL, jars[index] ?? before, { on: 'PC' }),
    );
    const leave =
      logout && later(logout.after, () => people.send(logout.process, '/logout', leaving, { on: 'PC' }));
    const [responses] = await Promise.all([Promise.all(polls), leave]);
    const collector = responses.map((response) => this.#isCollected(code, response)).indexOf(true);
    const kept = jars[collector] ?? (leave ? leaving : before);
    if (leave) return this.#leave(kept);
    people.victimPC = kept;
    if (collector < 0) return;
    const user = await people.userOf(kept);
    if (user === undefined || !code.confirmedBy.has(user))
      throw new Error(`the PC is logged in as ${user}, who did not confirm its code`);
    this.#userOfPC = user;
    if (user === VICTIM.nickname) this.logins++;
  }

  /** Checks that no process logs the PC in after a logout that overtook the response to a poll. */
  async #leave(jar: CookieJar): Promise<void> {
    for (const process of this.#people.target.processes.keys()) {
      const user = await this.#people.userOf(jar, process, false);
      if (user !== undefined) throw new Error(`the PC is logged in as ${user} after the logout`);
    }
    this.#people.victimPC = jar;
    this.#userOfPC = undefined;
  }

  async #steal(
    held: CookieJar | undefined,
    code: Code | undefined,
    { by, process }: Extract<ScanAction, { do: 'attacker polls' }>,
  ): Promise<void> {
    if (!held || !code) return;
    const jar = copyOf(held);
    const response = await this.#people.send(process, by === 'address' ? code.statusURL : '/scan', jar, {
      on: 'PC',
    });
    this.#people.jars.push(jar);
    if (by === 'address') this.#isCollected(code, response);
  }

  /**
   * Whether this poll collected the result of the code.
   *
   * @throws if an earlier poll has collected it
   */
  #isCollected(code: Code, response: BrowserResponse): boolean {
    if (response.status !== 200 || (response.json() as ScanStatus).status !== 'confirmed') return false;
    if (++code.collected > 1) throw new Error('the result of a code was collected twice');
    return true;
  }

  async #plant(jar: CookieJar | undefined): Promise<void> {
    if (!jar || (await this.#people.userOf(jar)) !== undefined) return;
    this.#people.victimPC = copyOf(jar);
    this.#userOfPC = undefined;
  }
}

function personOf(who: Who): Person {
  return who === 'victim' ? VICTIM : ATTACKER;
}
