/**
 * What must come of each step, by the contract alone: who is logged in as whom, what is answered, how often WeChat and the app are
 * asked. It shares no code with the library.
 */
import { exchange } from './exchange';
import { Sessions } from './sessions';
import {
  AGAIN,
  RANK,
  type Account,
  type Answer,
  type Code,
  type Cookie,
  type Expected,
  type Login,
  type Pending,
  type Scope,
  type Session,
  type Site,
  type Step,
  type Storage,
  type Visit,
} from './words';

type Outcome = { readonly login: Login } | { readonly restart: string } | { readonly error: string };

const LOGIN_TIMEOUT = 600_000;
const SHARED = 60_000;
const MOST = 5;

export class Model {
  now = 0;
  exchanges = 0;
  /** The openids that onLogin was called with. */
  readonly logins: string[] = [];
  readonly codes = new Map<string, Code>();
  readonly #sessions: Sessions;
  /** What came of a state, for who brings the same code soon after. */
  readonly #shared = new Map<string, { code: string; outcome: Outcome; at: number }>();
  /** Callbacks that were served, for who brings the very same once more. */
  readonly #served = new Map<string, { pending: Pending; at: number }>();
  readonly #loggedOut = new Set<string>();
  readonly #returnTo = new Map<string, string>();
  #last: Outcome = { error: '' };

  constructor(storage: Storage) {
    this.#sessions = new Sessions(storage);
  }

  read(cookie: Cookie): Session {
    return this.#sessions.read(cookie);
  }

  #step({ cookie }: Visit, session: Session, expected: Expected, renew = false): Step {
    return { expected, cookie: this.#sessions.write(cookie, session, renew) };
  }

  fill(cookie: Cookie, cart: number): Cookie {
    return this.#sessions.write(cookie, { ...this.read(cookie), cart });
  }

  /** A guarded page; a script that asks for it is answered in JSON. */
  open(visit: Visit, path: string, needed: Scope | undefined, byScript: boolean): Step {
    const session = this.read(visit.cookie);
    const { login } = session[visit.site];
    if (login && (!needed || RANK[login.scope] >= RANK[needed]))
      return this.#step(visit, session, { to: 'page', login });
    if (byScript)
      return this.#step(visit, session, { to: 'json', error: login ? 'scope' : 'unauthenticated' });
    return this.#start(visit, session, { returnTo: path, scope: needed }, 0);
  }

  /** Off to WeChat with this login, if the browser can log in at all. */
  #start(
    visit: Visit,
    session: Session,
    asked: { returnTo: string; scope?: Scope | undefined; account?: Account },
    restarts: 0 | 1,
    shared?: string,
  ): Step {
    const { site, agent, minted } = visit;
    const usual = site === 'staff' ? 'staff' : agent === 'wechat' ? 'official' : 'website';
    const account = asked.account ?? usual;
    if (asked.account === undefined && site === 'staff' && agent === 'desktop')
      return this.#step(visit, session, { to: 'open in WeChat' });
    const usualScope = site === 'staff' ? 'snsapi_userinfo' : 'snsapi_base';
    const scope = account === 'website' ? 'snsapi_login' : (asked.scope ?? usualScope);
    const state = shared ?? minted;
    const isNew = shared === undefined;
    const part = session[site];
    const alive = Object.entries(part.pending).filter(([, other]) => !this.#isLate(other));
    const started = { returnTo: asked.returnTo, account, scope, at: this.now };
    part.pending = Object.fromEntries([...alive, [state, started]]);
    if (Object.keys(part.pending).length > MOST) {
      // A restart takes only the place of a restart.
      const leaves = alive.map(([other]) => other).find((other) => restarts === 0 || !other.startsWith('0'));
      if (leaves === undefined)
        return this.#step(visit, this.read(visit.cookie), { to: 'error', kind: 'state_unknown' });
      Reflect.deleteProperty(part.pending, leaves);
    }
    this.#returnTo.set(site + state, asked.returnTo);
    // Its digit is foretold; with another one, this is another state.
    const told = `${restarts}${state.slice(1)}`;
    return this.#step(visit, session, { to: 'wechat', state: told, isNew, account, scope });
  }

  #isLate({ at }: Pending): boolean {
    return this.now - at >= LOGIN_TIMEOUT;
  }

  callback(visit: Visit, { code, state }: Answer, mood: string, inFlight?: Outcome): Step {
    const session = this.read(visit.cookie);
    const part = session[visit.site];
    const served = `${visit.site} ${visit.cookie ?? 0} ${code} ${state}`;
    const pending = own(part.pending, state) ?? this.#recall(served, state);
    Reflect.deleteProperty(part.pending, state);
    const ended = own(part.done, state);
    const refuse = (kind: string): Step => this.#step(visit, session, { to: 'error', kind });
    if (ended !== undefined) return this.#step(visit, session, { to: 'path', path: ended });
    if (code === '' || code === 'authdeny') return refuse('access_denied');
    if (!pending || this.#isLate(pending)) {
      const restarts = /^(\d)[\da-f]{32}$/.exec(state)?.[1];
      const returnTo = pending?.returnTo ?? this.#returnTo.get(visit.site + state) ?? '/';
      if (restarts === '0') return this.#start(visit, session, { ...pending, returnTo }, 1);
      return refuse(restarts === undefined || pending ? 'state_unknown' : 'login_loop');
    }
    const known = this.#known(state, code);
    const outcome = inFlight ?? known ?? this.#exchange({ code, state }, pending, mood, visit.minted);
    this.#last = outcome;
    if ('error' in outcome) {
      if (!inFlight) this.#shared.delete(state);
      return refuse(outcome.error);
    }
    if (!inFlight && !known) this.#shared.set(state, { code, outcome, at: this.now });
    this.#served.set(served, { pending, at: this.now });
    if ('restart' in outcome) {
      const isFirst = !inFlight && !known;
      return this.#start(visit, session, pending, 1, isFirst ? undefined : outcome.restart);
    }
    this.#logIn(session, visit.site, outcome.login);
    part.done[state] = pending.returnTo;
    for (const oldest of Object.keys(part.done).slice(0, -MOST)) Reflect.deleteProperty(part.done, oldest);
    return this.#step(visit, session, { to: 'path', path: pending.returnTo }, true);
  }

  #logIn(session: Session, site: Site, login: Login): void {
    const before = session[site].login;
    const isSame =
      before &&
      ((before.account === login.account && before.openid === login.openid) ||
        (before.unionid !== undefined && before.unionid === login.unionid));
    if (before && !isSame) session.cart = undefined;
    session[site].login = isSame && RANK[login.scope] < RANK[before.scope] ? before : login;
  }

  /** The same state twice at once, with the session as it was when both came. */
  together(visit: Visit, [first, second]: readonly [Answer, Answer], mood: string): readonly [Step, Step] {
    const before = this.read(visit.cookie);
    const one = this.callback(visit, first, mood);
    this.#sessions.restore(visit.cookie, before);
    return [one, this.callback(visit, second, mood, this.#last)];
  }

  /** Whether two callbacks of this state would share their work: it is under way, and nothing has come of it yet. */
  isUnderWay({ cookie, site }: Pick<Visit, 'cookie' | 'site'>, state: string): boolean {
    const pending = own(this.read(cookie)[site].pending, state);
    return pending !== undefined && !this.#isLate(pending) && !this.#isFresh(this.#shared.get(state));
  }

  #isFresh(entry: { at: number } | undefined): boolean {
    return entry !== undefined && this.now - entry.at <= SHARED;
  }

  #known(state: string, code: string): Outcome | undefined {
    const shared = this.#shared.get(state);
    return shared?.code === code && this.#isFresh(shared) ? shared.outcome : undefined;
  }

  #recall(served: string, state: string): Pending | undefined {
    const entry = this.#served.get(served);
    return this.#isFresh(entry) && !this.#loggedOut.has(state) ? entry?.pending : undefined;
  }

  #exchange({ code, state }: Answer, pending: Pending, mood: string, minted: string): Outcome {
    this.exchanges++;
    const { asked, outcome } = exchange(this.codes.get(code), pending, mood, this.now);
    if (asked !== undefined) this.logins.push(asked);
    if (outcome !== 'again') return outcome;
    return state.startsWith('0') ? { restart: minted } : { error: AGAIN };
  }

  logout(visit: Visit, isCrossSite: boolean): Step {
    const session = this.read(visit.cookie);
    if (isCrossSite) return this.#step(visit, session, { to: 'error', kind: 'forbidden' });
    for (const state of Object.keys(session[visit.site].done)) {
      this.#loggedOut.add(state);
      this.#shared.delete(state);
    }
    session[visit.site] = { pending: {}, done: {} };
    session.cart = undefined;
    return this.#step(visit, session, { to: 'path', path: '/' }, true);
  }
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
