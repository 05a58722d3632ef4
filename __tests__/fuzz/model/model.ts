/**
 * Predicts the result of each request from support/contract.ts alone: the response, the login in the session,
 * and how often WeChat and the app's onLogin are called. It shares no code with the library.
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
  type SessionIds,
  type Pending,
  type Request,
  type Session,
  type Site,
  type SiteSession,
  type Step,
  type Storage,
} from './terms';

type Result =
  | { readonly login: Login }
  | { readonly restart: string }
  | { readonly error: ExpectedKind }
  | { readonly isOtherUser: true };

/** A value that the app keeps for a limited time, and when that time began. */
interface Kept<T> {
  readonly value: T;
  readonly at: number;
}

/** A login that the app remembers by its state. */
interface Started {
  readonly returnTo: string;
  readonly account: Account;
  readonly scope: Scope;
  /** Absent once a callback has used it, and once the session has dropped it to make room. */
  pending: Pending | undefined;
  readonly session: SessionIds | undefined;
}

/**
 * The logins that callbacks with one cookie finish. `state` and `root` are those of the latest callback;
 * `finished` is the latest login that succeeded.
 */
interface Finishing {
  readonly state: string;
  readonly root: Cookie;
  readonly finished:
    { readonly state: string; readonly root: Cookie; readonly scope: Scope; readonly at: number } | undefined;
}

/** A pending login, and the root of the session in which it started. */
interface Found {
  readonly pending: Pending;
  readonly root: Cookie;
  /** The openid of the user whom an earlier callback logged in. */
  readonly owner?: string;
}

export class Model {
  now = 0;
  exchanges = 0;
  /** The openids that onLogin was called with. */
  readonly logins: string[] = [];
  readonly codes = new Map<string, Code>();
  readonly #sessions: Sessions;
  /** By state and code: the result, which a duplicate callback shares. */
  readonly #results = new Map<string, Kept<Result>>();
  /**
   * By state: the openid that the first code proved, and the result of onLogin. From then on the state
   * belongs to this user.
   */
  readonly #owners = new Map<string, Kept<{ openid: string; result: Result }>>();
  /** By state: the state of the login that replaced it. */
  readonly #restarts = new Map<string, Kept<string>>();
  /**
   * Callbacks that were handled, by site, cookie and state if they logged somebody in, otherwise by the code as
   * well: another one may follow.
   */
  readonly #served = new Map<string, Kept<Found>>();
  /** By state, and by the root of a session. */
  readonly #loggedOut = new Map<string, Kept<true>>();
  /** By site and state. */
  readonly #started = new Map<string, Kept<Started>>();
  /** By site and cookie: the login that a callback with this cookie finished, or failed to finish. */
  readonly #finishing = new Map<string, Kept<Finishing>>();
  /** By site and cookie: the newest logins that callbacks with this cookie saved. */
  readonly #saved = new Map<string, Kept<readonly { readonly state: string; readonly root: Cookie }[]>>();
  readonly #states = new Set<string>();
  #last: Result | undefined;
  #lastRoot = 0;

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
    const login = this.#current(session[request.site], request.site);
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
    asked: { returnTo: string; scope?: Scope | undefined; account?: Account; isBound?: true },
    restarts: 0 | 1 | 2,
    restart?: string,
  ): Step {
    const { site, userAgent, generatedState } = request;
    const usual = site === 'staff' ? 'staff' : userAgent === 'wechat' ? 'official' : 'website';
    const account = asked.account ?? usual;
    if (asked.account === undefined && site === 'staff' && userAgent === 'desktop')
      return this.#step(request, session, { to: 'open in WeChat' });
    const usualScope = site === 'staff' ? 'snsapi_userinfo' : 'snsapi_base';
    const scope = account === 'website' ? 'snsapi_login' : (asked.scope ?? usualScope);
    const state = restart ?? generatedState;
    const siteSession = session[site];
    const ids = this.#sessions.sessionIdsOf(request.cookie, siteSession);
    // A session that a logout has ended, and that came back, gets another root.
    if (ids && this.#isEnded(rootKey(site, ids.root))) siteSession.root = --this.#lastRoot;
    const known = Object.keys(siteSession.pending);
    const alive = Object.entries(siteSession.pending).filter(([, other]) => !this.#isExpired(other));
    // A restart is bound to the same user as the login that it replaces.
    const bound = asked.isBound && { isBound: asked.isBound };
    const started = { returnTo: asked.returnTo, account, scope, at: this.now, ...bound };
    siteSession.pending = Object.fromEntries([...alive, [state, started]]);
    if (Object.keys(siteSession.pending).length > LIMITS.loginsPerSession) {
      // If the session has too many pending logins, a restart may drop only another restart.
      const dropped = alive.map(([other]) => other).find((other) => restarts === 0 || !other.startsWith('0'));
      if (dropped === undefined)
        return this.#step(request, this.read(request.cookie), { to: 'error', kind: 'state_unknown' });
      Reflect.deleteProperty(siteSession.pending, dropped);
    }
    for (const gone of known.filter((each) => !Object.hasOwn(siteSession.pending, each)))
      this.#spend(site, gone);
    // The first digit counts restarts, and is the one part of a state that the model can predict.
    const predicted = `${restarts}${state.slice(1)}`;
    const isNew = !this.#states.has(state);
    this.#states.add(state);
    const step = this.#step(request, session, { to: 'wechat', state: predicted, isNew, account, scope });
    const { returnTo } = asked;
    const startedIn = this.#sessions.sessionIdsOf(step.cookie, siteSession);
    this.#started.set(
      site + state,
      this.#keep({ returnTo, account, scope, pending: started, session: startedIn }),
    );
    return step;
  }

  /** The login of this state, while the app remembers it. */
  #startedOf(site: Site, state: string): Started | undefined {
    return this.#fresh(this.#started, site + state, LIMITS.loginTimeoutMs);
  }

  #spend(site: Site, state: string): void {
    const started = this.#started.get(site + state);
    if (started) started.value.pending = undefined;
  }

  #isEnded(...keys: readonly string[]): boolean {
    return keys.some((key) => this.#fresh(this.#loggedOut, key, LIMITS.loginTimeoutMs));
  }

  /** The login in the session. One that a logout has ended, in another copy of the session, is removed. */
  #current(siteSession: SiteSession, site: Site): Login | undefined {
    const { login, done, root } = siteSession;
    const [newest = ''] = Object.keys(done).slice(-1);
    if (login && this.#isEnded(newest, rootKey(site, root))) delete siteSession.login;
    return siteSession.login;
  }

  /**
   * The pending login of a callback: in the session, or one that started in this very session and that the
   * session has lost, or that of an earlier callback with the same cookie.
   */
  #find(request: Request, { code, state }: CallbackParams, siteSession: SiteSession): Found | undefined {
    const { site, cookie } = request;
    const ids = this.#sessions.sessionIdsOf(cookie, siteSession);
    const started = this.#startedOf(site, state);
    const pending = own(siteSession.pending, state) ?? lostPending(started, ids);
    const root = started?.session?.root ?? ids?.root;
    const found = pending ? { pending, root } : this.#servedBefore(request, state, code);
    return found && this.#isEnded(state, rootKey(site, found.root)) ? undefined : found;
  }

  /**
   * The pending login of an earlier callback with the same cookie and state, if it logged somebody in or had
   * the same code.
   */
  #servedBefore(request: Request, state: string, code: string): Found | undefined {
    if (request.cookie === undefined) return undefined;
    return (
      this.#fresh(this.#served, servedKey(request, state)) ??
      this.#fresh(this.#served, servedKey(request, state, code))
    );
  }

  /** Whether the browser is logged in with enough scope, by its session or by another tab's callback. */
  #isLoggedInByNow({ site, cookie }: Request, state: string, siteSession: SiteSession): boolean {
    if (!STATE.test(state)) return false;
    const started = this.#startedOf(site, state);
    const needed = started ? SCOPE_RANK[started.scope] : 0;
    const login = this.#current(siteSession, site);
    if (login && SCOPE_RANK[login.scope] >= needed) return true;
    const finished = this.#fresh(this.#finishing, `${site} ${cookie ?? ''}`)?.finished;
    // The login that this one replaces: the browser has lost its response.
    if (finished && this.#fresh(this.#restarts, finished.state) === state) return false;
    if (!started?.pending || !finished || SCOPE_RANK[finished.scope] < needed) return false;
    if (started.pending.at > finished.at) return false;
    return !this.#isEnded(finished.state, rootKey(site, finished.root));
  }

  /** The end of a login. After WeChat's redirect, the address needs a fragment of its own. */
  #end(site: Site, state: string, path: string, siteSession: SiteSession): Expected {
    const account = this.#startedOf(site, state)?.account ?? this.#current(siteSession, site)?.account;
    return { to: 'path', path: account === 'website' ? path : `${path}#` };
  }

  #isExpired({ at }: Pending): boolean {
    return this.now - at >= LIMITS.loginTimeoutMs;
  }

  callback(request: Request, params: CallbackParams, condition: Condition, inFlight?: Result): Step {
    const { code, state } = params;
    const session = this.read(request.cookie);
    const { site } = request;
    const siteSession = session[site];
    const found = this.#find(request, params, siteSession);
    Reflect.deleteProperty(siteSession.pending, state);
    const step = ((): Step => {
      const done = own(siteSession.done, state);
      if (done !== undefined) return this.#step(request, session, this.#end(site, state, done, siteSession));
      if (code === '' || code === 'authdeny') return this.#refuse(request, session, 'access_denied');
      if (found && !this.#isExpired(found.pending))
        return this.#finish(request, session, params, found, condition, inFlight);
      if (!found && this.#isLoggedInByNow(request, state, siteSession)) {
        const returnTo = this.#startedOf(site, state)?.returnTo ?? '/';
        return this.#step(request, session, this.#end(site, state, returnTo, siteSession));
      }
      return this.#restartLost(request, session, state, found?.pending);
    })();
    if (found) this.#spend(site, state);
    return step;
  }

  #finish(
    request: Request,
    session: Session,
    params: CallbackParams,
    found: Found,
    condition: Condition,
    inFlight: Result | undefined,
  ): Step {
    const { code, state } = params;
    const { pending } = found;
    const browser = `${request.site} ${request.cookie ?? ''}`;
    const earlier = this.#fresh(this.#finishing, browser);
    // Until this login has succeeded, the one that succeeded before it counts.
    if (request.cookie !== undefined)
      this.#finishing.set(browser, this.#keep({ state, root: found.root, finished: earlier?.finished }));
    const result = inFlight ?? this.#resultOf(params, found, condition, request);
    this.#last = result;
    if ('error' in result) return this.#refuse(request, session, result.error);
    if (request.cookie !== undefined) {
      const owned = 'login' in result && { owner: result.login.openid };
      const key = servedKey(request, state, owned ? undefined : code);
      this.#served.set(key, this.#keep({ pending, root: found.root, ...owned }));
    }
    if ('isOtherUser' in result) return this.#refuse(request, session, 'state_unknown');
    if ('restart' in result) return this.#start(request, session, pending, 1, result.restart);
    return this.#saveLogin(request, session, result.login, state, found);
  }

  #refuse(request: Request, session: Session, kind: ExpectedKind): Step {
    return this.#step(request, session, { to: 'error', kind });
  }

  /**
   * A login that the session does not know, or that took too long, restarts once. It restarts a second time if
   * another callback with this cookie has logged in meanwhile.
   */
  #restartLost(request: Request, session: Session, state: string, expired: Pending | undefined): Step {
    const restarts = STATE.exec(state)?.[1];
    const saved = restarts === '1' && !expired ? this.#savedBy(request) : undefined;
    if (restarts !== '0' && !saved)
      return this.#refuse(
        request,
        session,
        restarts === undefined || expired ? 'state_unknown' : 'login_loop',
      );
    const started =
      this.#startedOf(request.site, state) ??
      (saved && this.#servedBefore(request, saved.state, '')?.pending);
    const returnTo = expired?.returnTo ?? started?.returnTo ?? '/';
    const scope = started?.account === 'official' ? started.scope : undefined;
    this.#spend(request.site, state);
    return this.#start(request, session, { scope, ...expired, returnTo }, saved ? 2 : 1);
  }

  /** A login that a callback with this cookie saved, and that no logout has ended. */
  #savedBy({ site, cookie }: Request): { readonly state: string } | undefined {
    const saved = this.#fresh(this.#saved, `${site} ${cookie ?? ''}`) ?? [];
    return saved.find(({ state, root }) => !this.#isEnded(state, rootKey(site, root)));
  }

  #saveLogin(request: Request, session: Session, login: Login, state: string, found: Found): Step {
    const { pending, root } = found;
    const { site, cookie } = request;
    const siteSession = session[site];
    const before = this.#current(siteSession, site);
    const isSame = before !== undefined && isSameUser(before, login);
    if (!this.#mayFinish(request, pending, login)) return this.#refuse(request, session, 'state_unknown');
    if (cookie !== undefined) {
      const others = this.#fresh(this.#saved, `${site} ${cookie}`)?.filter((each) => each.state !== state);
      const saved = [...(others ?? []), { state, root }].slice(-LIMITS.loginsPerSession);
      this.#saved.set(`${site} ${cookie}`, this.#keep(saved));
    }
    if (siteSession.login && !isSame) session.cart = undefined;
    siteSession.login = isSame && SCOPE_RANK[login.scope] < SCOPE_RANK[before.scope] ? before : login;
    for (const [other, each] of Object.entries(siteSession.pending))
      siteSession.pending[other] = { ...each, isBound: true };
    siteSession.done[state] = pending.returnTo;
    for (const oldest of Object.keys(siteSession.done).slice(0, -LIMITS.loginsPerSession))
      Reflect.deleteProperty(siteSession.done, oldest);
    if (root !== undefined) siteSession.root = root;
    if (cookie !== undefined) {
      const finished = { state, root, scope: login.scope, at: this.now };
      this.#finishing.set(`${site} ${cookie}`, this.#keep({ state, root, finished }));
    }
    return this.#step(request, session, this.#end(site, state, pending.returnTo, siteSession), true);
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
    // Callbacks with the same code share one exchange, even if it fails.
    const inFlight = first.code === second.code ? this.#last : undefined;
    return [one, this.callback(request, second, condition, inFlight)];
  }

  /** Whether the login of this state is pending, and no callback with this code or state has had a result. */
  isPending({ cookie, site }: Pick<Request, 'cookie' | 'site'>, { state, code }: CallbackParams): boolean {
    const pending = own(this.read(cookie)[site].pending, state);
    const isKnown =
      this.#fresh(this.#results, state + code) ??
      this.#fresh(this.#owners, state) ??
      this.#fresh(this.#restarts, state) ??
      (this.#isEnded(state) || undefined);
    return pending !== undefined && !this.#isExpired(pending) && isKnown === undefined;
  }

  /** Whether WeChat would accept this code now. */
  isValidCode(code: string): boolean {
    const known = this.codes.get(code);
    return known !== undefined && !known.used && this.now < known.expiresAt;
  }

  #keep<T>(value: T): Kept<T> {
    return { value, at: this.now };
  }

  #fresh<T>(
    map: ReadonlyMap<string, Kept<T>>,
    key: string,
    lifetime: number = LIMITS.sharedResultMs,
  ): T | undefined {
    const kept = map.get(key);
    return kept && this.now - kept.at <= lifetime ? kept.value : undefined;
  }

  /**
   * The result of a callback: the one of an earlier callback with the same state and code, or of a new
   * exchange.
   */
  #resultOf({ code, state }: CallbackParams, found: Found, condition: Condition, request: Request): Result {
    const known = this.#fresh(this.#results, state + code);
    if (known) return known;
    const result = this.#exchange({ code, state }, found, condition, request);
    if (!('error' in result)) this.#results.set(state + code, this.#keep(result));
    return result;
  }

  #exchange(
    { code, state }: CallbackParams,
    { pending, owner }: Found,
    condition: Condition,
    request: Request,
  ): Result {
    const { generatedState } = request;
    this.exchanges++;
    const exchanged = exchange(this.codes.get(code), pending, condition, this.now);
    if ('error' in exchanged) return exchanged;
    // Before onLogin, and without a claim to the state.
    const isOwner = 'user' in exchanged && (owner === undefined || owner === exchanged.user.openid);
    if (isOwner && !this.#mayFinish(request, pending, exchanged.user)) return { isOtherUser: true };
    const result = isOwner ? this.#loginOf(state, exchanged.user, condition) : undefined;
    if (result) return result;
    // A login restarts once, with one new state, whichever of its codes failed.
    if (!state.startsWith('0')) return { error: RESTARTABLE };
    const restart = this.#fresh(this.#restarts, state) ?? generatedState;
    if (restart === generatedState) this.#restarts.set(state, this.#keep(restart));
    return { restart };
  }

  /**
   * The login of the user whom a code proved; undefined if another user owns the state. onLogin runs once.
   */
  #loginOf(state: string, user: Login, condition: Condition): Result | undefined {
    const owner = this.#fresh(this.#owners, state);
    if (owner) return owner.openid === user.openid ? owner.result : undefined;
    this.logins.push(user.openid);
    const result: Result = condition === 'app refuses' ? { error: 'login_refused' } : { login: user };
    this.#owners.set(state, this.#keep({ openid: user.openid, result }));
    return result;
  }

  /** Whether the session lets this user finish the login. */
  #mayFinish({ cookie, site }: Request, { isBound }: Pending, user: Login): boolean {
    const login = this.#current(this.read(cookie)[site], site);
    return !isBound || (login !== undefined && isSameUser(login, user));
  }

  logout(request: Request, isCrossSite: boolean): Step {
    const session = this.read(request.cookie);
    if (isCrossSite) return this.#step(request, session, { to: 'error', kind: 'forbidden' });
    const { done, pending } = session[request.site];
    const root = this.#sessions.sessionIdsOf(request.cookie, session[request.site])?.root;
    const finishing = this.#fresh(this.#finishing, `${request.site} ${request.cookie ?? ''}`);
    const end: Expected = { to: 'path', path: '/' };
    // Nothing is stored for a logout without a session.
    if (this.#sessions.isNew(request.cookie) && !finishing) return this.#step(request, session, end);
    for (const each of [root, finishing?.root])
      if (each !== undefined) this.#loggedOut.set(rootKey(request.site, each), this.#keep(true));
    const states = [...Object.keys(pending), ...Object.keys(done), ...(finishing ? [finishing.state] : [])];
    for (const state of states) {
      this.#loggedOut.set(state, this.#keep(true));
      this.#owners.delete(state);
    }
    session[request.site] = { pending: {}, done: {} };
    session.cart = undefined;
    return this.#step(request, session, end, true);
  }
}

const STATE = /^(\d)[\da-f]{32}$/;

function servedKey({ site, cookie }: Request, state: string, code = ''): string {
  return `${site} ${cookie ?? 0} ${state} ${code}`;
}

function rootKey(site: Site, root: Cookie): string {
  return `the root ${site} ${root ?? 'none'}`;
}

/**
 * A login that started in this very session, and that the session lacks. After a login in between, only the
 * same user may finish it.
 */
function lostPending(started: Started | undefined, ids: SessionIds | undefined): Pending | undefined {
  if (!ids || !started?.session) return undefined;
  if (started.session.id === ids.id) return started.pending;
  return started.pending && started.session.root === ids.root
    ? { ...started.pending, isBound: true }
    : undefined;
}

/** A user has an openid for each account, and one unionid for all of them. */
function isSameUser(a: Login, b: Login): boolean {
  return (
    (a.account === b.account && a.openid === b.openid) || (a.unionid !== undefined && a.unionid === b.unionid)
  );
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
