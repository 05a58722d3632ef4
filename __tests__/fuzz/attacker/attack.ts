/**
 * Plays an attacker with a WeChat account of her own, and a victim, to an app of one or two processes. After
 * each action, two rules are checked: a browser is logged in only by a code that was issued to that user and
 * that this browser presented, and the account of a browser that is logged in is not swapped. scan-attack.ts
 * has the rules of scan logins.
 */
import { randomBytes } from 'node:crypto';
import { CookieJar } from 'tough-cookie';
import { agree } from '../../support/browser';
import { redirectsToWechat, paramIn, withParams } from '../../support/login';
import type { Action, Codes, Poll } from './actions';
import { at, copyOf } from '../shared';
import { ATTACKER, VICTIM, People, later, type Target } from './people';
import { ScanAttack } from './scan-attack';

/** WeChat's response to the victim's callback takes this long if the attacker polls. */
const SLOW_MS = 40;
/** How many of the attacker's sessions are checked after each action. */
const CHECKED_JARS = 6;

export class Attack {
  readonly #people: People;
  readonly #scan: ScanAttack;
  /** The cookies that were planted last: the attacker knows these, and none that the victim got since. */
  #planted = new CookieJar();
  /** Whether the victim has logged in on the phone, and has not logged out since. */
  #isVictimLoggedIn = false;
  #victimLogins = 0;

  private constructor(target: Target) {
    this.#people = new People(target);
    this.#scan = new ScanAttack(this.#people);
  }

  /** @returns how often the victim logged in, on the phone and on the PC */
  static async play(target: Target, actions: readonly Action[]): Promise<readonly [number, number]> {
    const attack = new Attack(target);
    for (const [index, action] of actions.entries()) {
      try {
        await attack.#act(action);
        await attack.#check();
      } catch (error) {
        throw new Error(`action ${index}, ${JSON.stringify(action)}: ${String(error)}`, { cause: error });
      }
    }
    return [attack.#victimLogins, attack.#scan.logins];
  }

  async #act(action: Action): Promise<void> {
    const people = this.#people;
    switch (action.do) {
      case 'attacker starts a login':
        return this.#attackerStarts(action.fresh, action.process);
      case 'plant cookies':
        return this.#plant(at(people.jars, action.jar));
      case 'victim starts a login': {
        const response = await people.send(action.process, '/login?returnTo=/me', people.victimPhone);
        if (redirectsToWechat(people.target.emulator, response)) people.victimLinks.push(response.location);
        return;
      }
      case 'victim agrees':
        return people.agree(at([...people.attackerLinks, ...people.victimLinks], action.link), VICTIM);
      case 'attacker agrees':
        return people.agree(at(people.attackerLinks, action.link), ATTACKER);
      case 'victim calls back':
        return this.#victimCallsBack(at(people.victimCallbacks, action.callback), action);
      case 'victim opens the attacker’s callback':
        return this.#lure(action);
      case 'attacker calls back':
        return this.#attackerCallsBack(action);
      case 'victim logs out':
        await people.send(action.process, '/logout', people.victimPhone);
        this.#isVictimLoggedIn = false;
        return;
      default:
        return this.#scan.act(action);
    }
  }

  async #attackerStarts(fresh: boolean, process: number): Promise<void> {
    const { jars, attackerLinks, target } = this.#people;
    const jar = fresh ? new CookieJar() : copyOf(at(jars, 0) ?? new CookieJar());
    const response = await this.#people.send(process, '/login?returnTo=/me', jar);
    jars.push(jar);
    if (redirectsToWechat(target.emulator, response)) attackerLinks.push(response.location);
  }

  /** A session in which the attacker is logged in is not planted: no code of the library runs in that attack. */
  async #plant(jar: CookieJar | undefined): Promise<void> {
    if (!jar || (await this.#people.userOf(jar)) !== undefined) return;
    this.#planted = copyOf(jar);
    this.#people.victimPhone = copyOf(jar);
    this.#isVictimLoggedIn = false;
  }

  async #victimCallsBack(
    callback: string | undefined,
    { process, polls }: { process: number; polls: readonly Poll[] },
  ): Promise<void> {
    if (callback === undefined) return;
    const { victimPhone, target } = this.#people;
    const before = await this.#people.userOf(victimPhone);
    const undo = target.emulator.fail(
      'access_token',
      { delay: polls.length > 0 ? SLOW_MS : 0 },
      { times: Infinity },
    );
    const attacks = polls.map(async ({ after, code, process: to }) =>
      later(after, () => this.#attackWith(copyOf(this.#planted), paramIn(callback, 'state'), code, to)),
    );
    await Promise.all([this.#people.send(process, callback, victimPhone), ...attacks]);
    undo();
    const user = await this.#people.userOf(victimPhone);
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
    const { attackerLinks, attackerCallbacks, victimPhone } = this.#people;
    const known = at(attackerLinks, link);
    const lure = at(attackerCallbacks, callback);
    if (known === undefined || lure === undefined) return;
    const address = withParams(lure, { state: paramIn(known, 'state') });
    await this.#people.send(process, address, victimPhone);
  }

  async #attackerCallsBack({ jar, link, code, process }: Extract<Action, { do: 'attacker calls back' }>) {
    const [held, known] = [at(this.#people.jars, jar), at(this.#people.attackerLinks, link)];
    if (!held || known === undefined) return;
    await this.#attackWith(copyOf(held), paramIn(known, 'state'), code, process);
  }

  /** The attacker calls back with these cookies. She keeps the session that the response gives her. */
  async #attackWith(jar: CookieJar, state: string, codes: Codes, process: number): Promise<void> {
    const { attackerLinks, jars, target } = this.#people;
    const link = at(attackerLinks, 0);
    const own = codes === 'attacker' && link !== undefined;
    const code = own
      ? paramIn(await agree(target.emulator, link, ATTACKER.id), 'code')
      : randomBytes(16).toString('hex');
    const before = await this.#people.userOf(jar);
    await this.#people.send(process, `/callback?code=${code}&state=${state}`, jar);
    const user = await this.#people.userOf(jar);
    jars.push(jar);
    if (user !== before && !(own && user === ATTACKER.nickname))
      throw new Error(`a code that is ${codes} logged in ${user}`);
  }

  async #check(): Promise<void> {
    const people = this.#people;
    // The requests of the checks change no login, so they are sent at once.
    const [users, user, fault] = await Promise.all([
      people.usersOf(people.jars.slice(-CHECKED_JARS)),
      people.userOf(people.victimPhone),
      this.#scan.fault(),
    ]);
    if (users.includes(VICTIM.nickname)) throw new Error('the attacker is logged in as the victim');
    if (this.#isVictimLoggedIn && user !== VICTIM.nickname && user !== undefined)
      throw new Error(`the victim's account was swapped for that of ${user}`);
    if (fault !== undefined) throw new Error(fault);
  }
}
