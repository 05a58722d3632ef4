/** The login that the session holds: read, saved when a login finishes, cleared at logout. */
import { WechatAuthError } from '../../errors';
import { isObject } from '../../is-object';
import { isFlow, isPageFlow } from '../../oauth/flows';
import { hasLessScope } from '../../oauth/scope';
import { isOfThisAccount, type Context } from '../context';
import type { HostRequest } from '../http/request';
import type { ResolvedOptions } from '../options/resolve-options';
import {
  bindingsOf,
  bindPending,
  dropBoundByOther,
  dropScanLogins,
  finishedAt,
  recordFinished,
  idOf,
  knownStates,
  linkIdOf,
  sessionIdsOf,
  statesIn,
  newestStateAndRoot,
  pendingKey,
  makeRoom,
  type PendingLogin,
} from '../state/pending-logins';
import {
  carryOverCookie,
  cookieFits,
  getSession,
  ownValue,
  regenerateSession,
  saveSession,
  type Session,
} from '../state/session';
import { cookieHash, holdsSessionId } from '../state/session-cookie';
import { requireSession } from '../state/missing-session';
import { phoneKey } from '../scan/tickets/phone-id';
import type { WechatSession } from '../state/wechat-session';
import { logoutReporter } from './login-reporter';

/**
 * The session keys of every `wechatAuth()` in this process: what a session holds under them is not data of
 * the app. saveLogin() and clearLogin() say when it stays. If the package is installed twice, each copy knows
 * only its own keys, and takes the logins of the other copy for data of the app.
 */
const SESSION_KEYS = new Set<string>();

/** Every key under which a `wechatAuth()` keeps something in a session → its session key. */
const KEYS_IN_SESSION = new Map<string, string>();

export function registerSessionKey(sessionKey: string): void {
  SESSION_KEYS.add(sessionKey);
  for (const key of ownKeys(sessionKey)) KEYS_IN_SESSION.set(key, sessionKey);
}

/** The keys of the login, of the logins in progress, and of the id of a phone. */
function ownKeys(sessionKey: string): string[] {
  return [sessionKey, pendingKey(sessionKey), phoneKey(sessionKey)];
}

/** The login in the session, if its WeChat app is still configured. Removes one that a logout has ended. */
export function currentLogin(req: HostRequest, config: ResolvedOptions): WechatSession | undefined {
  const session = getSession(req);
  if (!session) return undefined;
  const { sessionKey, callbackResults } = config;
  const stored = ownValue(session, sessionKey);
  if (!isWechatSession(stored)) return undefined;
  // A callback does not see a logout that comes after its last check, and its response may reach the browser
  // after that of the logout.
  if (
    callbackResults.knowsLogouts &&
    callbackResults.isLoggedOutHere(newestStateAndRoot(session, sessionKey))
  ) {
    // Otherwise it would count again when the record of the logout expires.
    Reflect.deleteProperty(session, sessionKey);
    return undefined;
  }
  // The user may have logged in with another account, or with one that is no longer configured.
  return isOfThisAccount(config, stored) ? stored : undefined;
}

/**
 * For this long after a login has finished, a logout at another process may still end it: the browser may
 * have sent the logout before it received the response to the callback.
 */
const LATE_LOGOUT_MS = 60_000;

/**
 * Whether a logout at another process may have ended the login of this session: then the shared cache is
 * asked. After the first minute, every ten seconds are enough: by then, a logout that the browser sent before
 * it received the login is recorded.
 */
export function mayMissLogout(req: HostRequest, config: ResolvedOptions): boolean {
  const { sessionKey, callbackResults, loginTimeout } = config;
  if (!callbackResults.hasOtherProcesses) return false;
  const session = getSession(req);
  const at = session && finishedAt(session, sessionKey);
  if (!session || at === undefined) return false;
  const age = Math.abs(Date.now() - at);
  if (age < LATE_LOGOUT_MS) return true;
  const isRecorded = age < loginTimeout;
  return isRecorded && !callbackResults.wasConfirmed(newestStateAndRoot(session, sessionKey));
}

/** The login in the session, unless a logout at any process has ended it. */
export async function confirmedLogin(
  req: HostRequest,
  config: ResolvedOptions,
): Promise<WechatSession | undefined> {
  const session = getSession(req);
  if (session && mayMissLogout(req, config))
    await config.callbackResults.confirm(newestStateAndRoot(session, config.sessionKey));
  return currentLogin(req, config);
}

/**
 * The stored value may come from an older release or from the app itself. Any truthy `user` counts,
 * because sessions are saved as JSON: an object of the app whose `toJSON` returns a string comes back as that
 * string. If only objects counted, that person would have to log in on every page.
 */
function isWechatSession(stored: unknown): stored is WechatSession {
  if (!isObject(stored)) return false;
  const { user, appid, openid, scope, flow } = stored as Record<keyof WechatSession, unknown>;
  const isLogin =
    Boolean(user) &&
    typeof appid === 'string' &&
    typeof openid === 'string' &&
    typeof scope === 'string' &&
    isFlow(flow);
  // Not with ownValue(): this runs on every guarded request, and V8 reads a property much faster by its name
  // than by a variable.
  return (
    isLogin &&
    Object.hasOwn(stored, 'user') &&
    Object.hasOwn(stored, 'appid') &&
    Object.hasOwn(stored, 'openid') &&
    Object.hasOwn(stored, 'scope') &&
    Object.hasOwn(stored, 'flow')
  );
}

/** The start of the login that saveLogin() saves. */
interface LoginOrigin {
  readonly state: string;
  readonly pending: Pick<PendingLogin, 'returnTo' | 'appid' | 'isBound' | 'isBoundByOther'>;
  /** The root of the session in which it started, if that session has an id. */
  readonly root?: string | undefined;
  /** See secretCookieHash(). A session that held the pending login has such cookies. */
  readonly cookies: string;
}

/**
 * A hash of the cookies of this request, by which a logout finds the login that the request finishes. Empty
 * if anybody could send the same cookies: they name no session, such as `lang=en`, or a session without an id
 * that many browsers may share, such as `{ lang: 'en' }` in the cookie of cookie-session.
 */
export function secretCookieHash(req: HostRequest, session: Session): string {
  const id = idOf(session);
  const isSecret =
    id === undefined
      ? [...SESSION_KEYS].some((key) => knownStates(session, key).length > 0 || linkIdOf(session, key))
      : holdsSessionId(req, id);
  return isSecret ? cookieHash(req) : '';
}

/** Who logs in: the ids of a user at one account. */
type Person = Pick<WechatSession, 'appid' | 'openid'> & { readonly unionid?: string | undefined };

/**
 * Whether this user may finish a login: not if it was pending before another user logged in to the session.
 * This is known once the code is exchanged, and must be checked before `onLogin`: an app may bind the user
 * who logs in to the account that is logged in.
 */
export function mayFinish(
  { req, config }: Context,
  pending: LoginOrigin['pending'],
  person: Person,
): boolean {
  const { isBound, isBoundByOther } = bindingsOf(pending);
  const before = currentLogin(req, config);
  if (isBound && !(before && isSamePerson(before, person))) return false;
  const others = isBoundByOther ? keysOfOtherPersons(requireSession(req, config), person) : [];
  return others.every((key) => key === config.sessionKey);
}

/** The session keys under which somebody is logged in who is known to be another person. */
function keysOfOtherPersons(session: Session, person: Person): string[] {
  return [...SESSION_KEYS].filter((key) => isOtherPerson(ownValue(session, key), person));
}

/**
 * Saves a login in a session with a new id (session fixation). What the new session keeps:
 *
 * - If the same user logs in again, everything. A login on a page of WeChat that grants less scope does not
 *   replace one that granted more.
 * - Otherwise the app's data stays only if nobody was logged in under this key, nor anybody who is known to
 *   be another person under another key; and as far as `preserveSession` allows.
 * - Otherwise, logins under other session keys stay, unless `preserveSession` is false or they are known to
 *   belong to another person.
 * - Pending logins under this key stay, except scan logins, and only this user may finish them. Pending
 *   logins under another key stay with the login there, and nobody who is known to be another person may
 *   finish them.
 *
 * @throws WechatAuthError of kind `state_unknown` if the login was pending before another user logged in, or
 * if the user has logged out since it started.
 */
export async function saveLogin(
  context: Context,
  login: WechatSession,
  { state, pending, root, cookies }: LoginOrigin,
): Promise<void> {
  const { req, config } = context;
  const { sessionKey, callbackResults } = config;
  const former = requireSession(req, config);
  // onLogin may have taken long, and a duplicate callback gets the result of another session.
  if (!mayFinish(context, pending, login)) throw boundToOtherUser();
  const before = currentLogin(req, config);
  const isSame = before !== undefined && isSamePerson(before, login);
  const keysOfOthers = keysOfOtherPersons(former, login);
  await callbackResults.finishing.record(cookies, { state, root });
  if (await callbackResults.isLoggedOut(state, root)) throw loggedOutMeanwhile();
  // Even a stored login that no longer counts, such as one of another AppID, shows that the session is not
  // anonymous.
  const holdsNoLogin = ownValue(former, sessionKey) === undefined && keysOfOthers.length === 0;
  const isOwner = isSame || holdsNoLogin;
  const session = await regenerateSession(req, keysToKeep(config, { isSame, isOwner, keysOfOthers }));
  if (isOwner) carryOverCookie(former, session);
  session[sessionKey] = isSame && grantsLess(login, before) ? before : login;
  const ended = dropScanLogins(session, sessionKey);
  for (const key of SESSION_KEYS)
    bindPending(session, key, key === sessionKey ? { isBound: true } : { isBoundByOther: true });
  recordFinished(session, sessionKey, { state, root, returnTo: pending.returnTo, appid: pending.appid });
  try {
    makeRoom(session, sessionKey, state, () => cookieFits(req, session));
    await saveSession(req, config);
  } catch (error) {
    // The session middleware may save once more at the end of the request. That must not log in a user who
    // saw a failure. If the same user was logged in before, the former login stays.
    undoLogin(session, sessionKey, isSame ? before : undefined);
    throw error;
  }
  callbackResults.started.spend(ended);
  await callbackResults.endLogins(ended, []);
  // The user may have logged out while the session was saved. It is saved again, because the session
  // middleware may not do so at the end of the request.
  if (await callbackResults.isLoggedOut(state, root)) {
    undoLogin(session, sessionKey, undefined);
    await saveSession(req, config);
    throw loggedOutMeanwhile();
  }
}

/**
 * Whether a login grants less scope than the one before. Always false for a posted code: the client wants the
 * session to hold that login.
 */
function grantsLess(login: WechatSession, before: WechatSession): boolean {
  return isPageFlow(login.flow) && hasLessScope(login.scope, before.scope);
}

function undoLogin(session: Session, sessionKey: string, before: WechatSession | undefined): void {
  Reflect.deleteProperty(session, pendingKey(sessionKey));
  if (before) session[sessionKey] = before;
  else Reflect.deleteProperty(session, sessionKey);
}

/**
 * Returns the function that decides whether a key of the former session stays. Pending logins stay if the
 * login under their session key does.
 */
function keysToKeep(
  { sessionKey, shouldPreserve, keepsOtherLogins }: ResolvedOptions,
  {
    isSame,
    isOwner,
    keysOfOthers,
  }: { readonly isSame: boolean; readonly isOwner: boolean; readonly keysOfOthers: readonly string[] },
): (key: string) => boolean {
  const own = ownKeys(sessionKey);
  return (key) => {
    if (own.includes(key) || isSame) return true;
    const ofLogin = KEYS_IN_SESSION.get(key);
    if (ofLogin === undefined) return isOwner && shouldPreserve(key);
    return keepsOtherLogins && !keysOfOthers.includes(ofLogin);
  };
}

/**
 * Whether the unionids of both logins differ; without them, whether the openids of one account do. An openid
 * and that of another account may belong to one person.
 */
function isOtherPerson(other: unknown, person: Person): boolean {
  if (!isWechatSession(other)) return false;
  const [a, b] = [unionidOf(other), unionidOf(person)];
  if (a !== undefined && b !== undefined) return a !== b;
  return other.appid === person.appid && other.openid !== person.openid;
}

function unionidOf(person: Person): unknown {
  return ownValue(person, 'unionid');
}

export function boundToOtherUser(): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    'This login started before another user logged in to this session, so only that user can finish it. ' +
      'Start the login again.',
  );
}

function loggedOutMeanwhile(): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    'The user logged out while this login was in progress. Start the login again.',
  );
}

/** A person has an openid per app, and one unionid for all apps of an Open Platform account. */
function isSamePerson(a: Person, b: Person): boolean {
  const unionid = unionidOf(a);
  return (
    (a.appid === b.appid && a.openid === b.openid) || (unionid !== undefined && unionid === unionidOf(b))
  );
}

/**
 * Removes this login and everything else from the session, except logins under other session keys. The
 * session gets a new id. Logins in progress end as well: a late callback does not finish the old login, it
 * starts a new one.
 */
export async function clearLogin(req: HostRequest, config: ResolvedOptions): Promise<void> {
  const { sessionKey, callbackResults } = config;
  const report = logoutReporter(() => currentLogin(req, config));
  const own = ownKeys(sessionKey);
  const session = requireSession(req, config);
  // The response to a callback may still be on its way, so that this request carries the old cookie.
  const finishing = await callbackResults.finishing.with(cookieHash(req));
  const isFinishing = finishing.length > 0;
  const isNew = hasNewId(req, session);
  if (!isFinishing && isNew && Object.keys(session).every((key) => key === 'cookie')) return;
  const { pending, finished } = statesIn(session, sessionKey);
  const ids = sessionIdsOf(session, sessionKey);
  const roots = ids ? [ids.root] : [];
  // With an old cookie, each request gets a new session. Its root must not count as that of a user: anybody
  // could record any number of them.
  const isUser = ids?.hasLogin === true || (isFinishing && !isNew);
  const ofUser = [...(isUser ? roots : []), ...finishing.flatMap(({ root }) => root ?? [])];
  // This comes before the session changes: a callback in progress must not finish in between.
  await Promise.all([
    callbackResults.endLogins([...finished, ...finishing.map(({ state }) => state)], ofUser),
    callbackResults.endLogins(pending, isUser ? [] : roots, 'pending'),
  ]);
  await dropScanResults(config, [...pending, ...finished]);
  const cleared = await regenerateSession(req, (key) => KEYS_IN_SESSION.has(key) && !own.includes(key));
  for (const key of SESSION_KEYS) dropBoundByOther(cleared, key);
  await saveSession(req, config);
  report();
}

/**
 * Whether the session got its id with this request. If it also holds nothing, nothing is stored for its
 * logout: anybody can send any number of them.
 */
function hasNewId(req: HostRequest, session: Session): boolean {
  const id = idOf(session);
  return id !== undefined && !holdsSessionId(req, id);
}

/** A user who logs out on the PC no longer wants what the phone has confirmed for it. */
async function dropScanResults({ scanLogin }: ResolvedOptions, states: readonly string[]): Promise<void> {
  if (!scanLogin) return;
  await Promise.all(
    states.map((state) => scanLogin.results.drop(scanLogin.tickets.nameOf(state)).catch(() => undefined)),
  );
}
