/**
 * What must come of each request, derived from support/contract.ts alone: the response, the login in the session, and
 * how often WeChat and the app's onLogin are called. It shares no code with the library.
 */
import { LIMITS, SCOPE_RANK, type Scope } from '../../support/contract';
import type { Condition } from './actions';
import { exchange } from './exchange';
import { Sessions } from './sessions';
import {
  RESTARTABLE,
  type Account,
  type CallbackParams,
  type Code,
  type Cookie,
  type Expected,
  type ExpectedKind,
  type Login,
  type Pending,
  type Request,
  type Session,
  type Site,
  type Step,
  type Storage,
} from './terms';

type Result = { readonly login: Login } | { readonly restart: string } | { readonly error: ExpectedKind };

export class Model {
  now = 0;
  exchanges = 0;
  /** The openids that onLogin was called with. */
  readonly logins: string[] = [];
  readonly codes = new Map<string, Code>();
  readonly #sessions: Sessions;
  /** The result for each state, shared with callbacks that bring the same code soon after. */
  readonly #shared = new Map<string, { code: string; result: Result; at: number }>();
  /** The callbacks that were served, by session, code and state: the very same one may come again. */
  readonly #served = new Map<string, { pending: Pending; at: number }>();
  readonly #loggedOut = new Set<string>();
  readonly #returnTo = new Map<string, string>();
  #last: Result = { error: 'unknown' };

  constructor(storage: Storage) {
    this.#sessions = new Sessions(storage);
  }

  read(cookie: Cookie): Session {
    return this.#sessions.read(cookie);
  }

  #step({ cookie }: Request, session: Session, expected: Expected, regenerate = false): Step {
    return { expected, cookie: this.#sessions.write(cookie, session, regenerate) };
  }

  fillCart(cookie: Cookie, cart: number): Cookie {
    return this.#sessions.write(cookie, { ...this.read(cookie), cart });
  }

  /** A guarded page; a script that requests it gets JSON. */
  openPage(request: Request, path: string, needed: Scope | undefined, byScript: boolean): Step {
    const session = this.read(request.cookie);
    const { login } = session[request.site];
    if (login && (!needed || SCOPE_RANK[login.scope] >= SCOPE_RANK[needed]))
      return this.#step(request, session, { to: 'page', login });
    if (byScript)
      return this.#step(request, session, { to: 'json', error: login ? 'scope' : 'unauthenticated' });
    return this.#start(request, session, { returnTo: path, scope: needed }, 0);
  }

  /** Starts a login and redirects to WeChat, if the browser can log in at all. */
  #start(
    request: Request,
    session: Session,
    asked: { returnTo: string; scope?: Scope | undefined; account?: Account },
    restarts: 0 | 1,
    sharedState?: string,
  ): Step {
    const { site, userAgent, generatedState } = request;
    const usual = site === 'staff' ? 'staff' : userAgent === 'wechat' ? 'official' : 'website';
    const account = asked.account ?? usual;
    if (asked.account === undefined && site === 'staff' && userAgent === 'desktop')
      return this.#step(request, session, { to: 'open in WeChat' });
    const usualScope = site === 'staff' ? 'snsapi_userinfo' : 'snsapi_base';
    const scope = account === 'website' ? 'snsapi_login' : (asked.scope ?? usualScope);
    const state = sharedState ?? generatedState;
    const siteSession = session[site];
    const alive = Object.entries(siteSession.pending).filter(([, other]) => !this.#isExpired(other));
    const started = { returnTo: asked.returnTo, account, scope, at: this.now };
    siteSession.pending = Object.fromEntries([...alive, [state, started]]);
    if (Object.keys(siteSession.pending).length > LIMITS.loginsPerSession) {
      // A restart replaces only a restart.
      const dropped = alive.map(([other]) => other).find((other) => restarts === 0 || !other.startsWith('0'));
      if (dropped === undefined)
        return this.#step(request, this.read(request.cookie), { to: 'error', kind: 'state_unknown' });
      Reflect.deleteProperty(siteSession.pending, dropped);
    }
    this.#returnTo.set(site + state, asked.returnTo);
    // The first digit counts restarts, and is the one part of a state that the model can predict.
    const predicted = `${restarts}${state.slice(1)}`;
    const isNew = sharedState === undefined;
    return this.#step(request, session, { to: 'wechat', state: predicted, isNew, account, scope });
  }

  #isExpired({ at }: Pending): boolean {
    return this.now - at >= LIMITS.loginTimeoutMs;
  }

  callback(request: Request, { code, state }: CallbackParams, condition: Condition, inFlight?: Result): Step {
    const session = this.read(request.cookie);
    const siteSession = session[request.site];
    const served = `${request.site} ${request.cookie ?? 0} ${code} ${state}`;
    const pending = own(siteSession.pending, state) ?? this.#recall(served, state);
    Reflect.deleteProperty(siteSession.pending, state);
    const done = own(siteSession.done, state);
    const refuse = (kind: ExpectedKind): Step => this.#step(request, session, { to: 'error', kind });
    if (done !== undefined) return this.#step(request, session, { to: 'path', path: done });
    if (code === '' || code === 'authdeny') return refuse('access_denied');
    if (!pending || this.#isExpired(pending)) {
      const restarts = /^(\d)[\da-f]{32}$/.exec(state)?.[1];
      const returnTo = pending?.returnTo ?? this.#returnTo.get(request.site + state) ?? '/';
      if (restarts === '0') return this.#start(request, session, { ...pending, returnTo }, 1);
      return refuse(restarts === undefined || pending ? 'state_unknown' : 'login_loop');
    }
    const known = this.#known(state, code);
    const result = inFlight ?? known ?? this.#exchange({ code, state }, pending, condition, request);
    this.#last = result;
    if ('error' in result) {
      if (!inFlight) this.#shared.delete(state);
      return refuse(result.error);
    }
    if (!inFlight && !known) this.#shared.set(state, { code, result, at: this.now });
    this.#served.set(served, { pending, at: this.now });
    if ('restart' in result) {
      const isFirst = !inFlight && !known;
      return this.#start(request, session, pending, 1, isFirst ? undefined : result.restart);
    }
    this.#logIn(session, request.site, result.login);
    siteSession.done[state] = pending.returnTo;
    for (const oldest of Object.keys(siteSession.done).slice(0, -LIMITS.loginsPerSession))
      Reflect.deleteProperty(siteSession.done, oldest);
    return this.#step(request, session, { to: 'path', path: pending.returnTo }, true);
  }

  #logIn(session: Session, site: Site, login: Login): void {
    const before = session[site].login;
    const isSameUser =
      before &&
      ((before.account === login.account && before.openid === login.openid) ||
        (before.unionid !== undefined && before.unionid === login.unionid));
    if (before && !isSameUser) session.cart = undefined;
    session[site].login = isSameUser && SCOPE_RANK[login.scope] < SCOPE_RANK[before.scope] ? before : login;
  }

  /** Two callbacks of one state at once: both read the session before either writes it. */
  callbacksAtOnce(
    request: Request,
    [first, second]: readonly [CallbackParams, CallbackParams],
    condition: Condition,
  ): readonly [Step, Step] {
    const before = this.read(request.cookie);
    const one = this.callback(request, first, condition);
    this.#sessions.restore(request.cookie, before);
    return [one, this.callback(request, second, condition, this.#last)];
  }

  /** Whether two callbacks of this state would share their exchange: it has no result yet. */
  isPending({ cookie, site }: Pick<Request, 'cookie' | 'site'>, state: string): boolean {
    const pending = own(this.read(cookie)[site].pending, state);
    return pending !== undefined && !this.#isExpired(pending) && !this.#isFresh(this.#shared.get(state));
  }

  #isFresh(entry: { at: number } | undefined): boolean {
    return entry !== undefined && this.now - entry.at <= LIMITS.sharedResultMs;
  }

  #known(state: string, code: string): Result | undefined {
    const shared = this.#shared.get(state);
    return shared?.code === code && this.#isFresh(shared) ? shared.result : undefined;
  }

  #recall(served: string, state: string): Pending | undefined {
    const entry = this.#served.get(served);
    return this.#isFresh(entry) && !this.#loggedOut.has(state) ? entry?.pending : undefined;
  }

  #exchange(
    { code, state }: CallbackParams,
    pending: Pending,
    condition: Condition,
    { generatedState }: Request,
  ): Result {
    this.exchanges++;
    const { onLogin, result } = exchange(this.codes.get(code), pending, condition, this.now);
    if (onLogin !== undefined) this.logins.push(onLogin);
    if (result !== 'restart') return result;
    return state.startsWith('0') ? { restart: generatedState } : { error: RESTARTABLE };
  }

  logout(request: Request, isCrossSite: boolean): Step {
    const session = this.read(request.cookie);
    if (isCrossSite) return this.#step(request, session, { to: 'error', kind: 'forbidden' });
    for (const state of Object.keys(session[request.site].done)) {
      this.#loggedOut.add(state);
      this.#shared.delete(state);
    }
    session[request.site] = { pending: {}, done: {} };
    session.cart = undefined;
    return this.#step(request, session, { to: 'path', path: '/' }, true);
  }
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
