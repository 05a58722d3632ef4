/** The login that the session holds: read, saved after a callback, cleared at logout. */
import { WechatAuthError } from '../../errors';
import { isFlow } from '../../oauth/flows';
import { hasLessScope } from '../../oauth/scope';
import type { Context } from '../context';
import type { HostRequest } from '../http/request';
import type { ResolvedOptions } from '../options/resolve-options';
import {
  bindPending,
  finishLogin,
  knownStates,
  loginsKey,
  makeRoom,
  type PendingLogin,
} from '../state/pending-logins';
import {
  carryOverCookie,
  cookieFits,
  getSession,
  ownValue,
  regenerateSession,
  requireSession,
  saveSession,
  type Session,
} from '../state/session';
import type { WechatSession } from '../state/wechat-session';
import { logoutReporter } from './login-reporter';

/**
 * The session keys of every `wechatAuth()` in this process, so that one account leaves the logins of the
 * others in the session alone. The set belongs to this copy of the package: a second copy does not know it,
 * and logs its users out of this one.
 */
const SESSION_KEYS = new Set<string>();

export function registerKey(sessionKey: string): void {
  SESSION_KEYS.add(sessionKey).add(loginsKey(sessionKey));
}

/** The key of the login that a key of {@link SESSION_KEYS} belongs to. */
function loginKeyOf(key: string): string {
  return [...SESSION_KEYS].find((each) => loginsKey(each) === key) ?? key;
}

/** The user who is logged in with one of these accounts. */
export function currentLogin(req: HostRequest, config: ResolvedOptions): WechatSession | undefined {
  const session = getSession(req);
  return session && loginIn(session, config);
}

function loginIn(session: Session, { sessionKey, accounts }: ResolvedOptions): WechatSession | undefined {
  const stored = ownValue(session, sessionKey);
  if (!isWechatSession(stored)) return undefined;
  // The openids of an AppID that is no longer configured mean nothing here.
  return accounts[stored.flow]?.appid === stored.appid ? stored : undefined;
}

/**
 * The stored value may come from an older release or from the app itself. Any truthy `user` counts: if an
 * object were required, a user whose `toJSON` returns a string would come back as a string, and be sent to
 * log in again and again.
 */
function isWechatSession(stored: unknown): stored is WechatSession {
  if (typeof stored !== 'object' || stored === null) return false;
  const [user, appid, openid, scope, flow] = ['user', 'appid', 'openid', 'scope', 'flow'].map((name) =>
    ownValue(stored, name),
  );
  return (
    Boolean(user) &&
    typeof appid === 'string' &&
    typeof openid === 'string' &&
    typeof scope === 'string' &&
    isFlow(flow)
  );
}

/**
 * Saves a login in a session with a new id (session fixation). An anonymous session keeps what
 * `preserveSession` says, a session of the same user keeps everything, and a session of another user keeps
 * nothing. Logins under other session keys stay, except those of a user who is known to be another person,
 * and all of them with `preserveSession: false`.
 *
 * @throws WechatAuthError of kind `state_unknown` if the login was pending before another user logged in, or
 * if the user has logged out since it started.
 */
export async function saveLogin(
  context: Context,
  login: WechatSession,
  { state, pending }: { readonly state: string; readonly pending: PendingLogin },
): Promise<void> {
  const { req, config } = context;
  const { sessionKey, logins } = config;
  const before = currentLogin(req, config);
  const isSame = before !== undefined && isSamePerson(before, login);
  if (pending.isBound && !isSame) throw boundToOtherUser();
  if (await logins.isLoggedOut(state)) throw loggedOutMeanwhile();
  const former = requireSession(req);
  // A stored login that no longer counts (another AppID, say) was somebody's as well.
  const isAnonymous = ownValue(former, sessionKey) === undefined;
  const session = await regenerateSession(req, keysToKeep(former, config, login, { isSame, isAnonymous }));
  if (isSame || isAnonymous) carryOverCookie(former, session);
  session[sessionKey] = isSame && hasLessScope(login.scope, before.scope) ? before : login;
  bindPending(session, sessionKey);
  finishLogin(session, sessionKey, state, pending.returnTo);
  try {
    makeRoom(session, sessionKey, state, () => cookieFits(req, session));
    await saveSession(req, config);
    if (await logins.isLoggedOut(state)) throw loggedOutMeanwhile();
  } catch (error) {
    // The session middleware may save once more at the end of the request: a user who saw a failure must not
    // be logged in by that.
    for (const key of [sessionKey, loginsKey(sessionKey)]) Reflect.deleteProperty(session, key);
    throw error;
  }
}

/** Which keys of the old session the new one keeps. */
function keysToKeep(
  session: Session,
  { sessionKey, shouldPreserve, keepsOtherLogins }: ResolvedOptions,
  login: WechatSession,
  { isSame, isAnonymous }: { readonly isSame: boolean; readonly isAnonymous: boolean },
): (key: string) => boolean {
  const own = [sessionKey, loginsKey(sessionKey)];
  return (key) => {
    if (own.includes(key) || isSame) return true;
    if (!SESSION_KEYS.has(key)) return isAnonymous && shouldPreserve(key);
    return keepsOtherLogins && !isOtherPerson(ownValue(session, loginKeyOf(key)), login);
  };
}

/** Whether both are known by a unionid, and it is not the same. */
function isOtherPerson(other: unknown, login: WechatSession): boolean {
  if (!isWechatSession(other) || other.unionid === undefined || login.unionid === undefined) return false;
  return other.unionid !== login.unionid;
}

function boundToOtherUser(): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    'This login started before another user logged in to this session, so only that user can finish it. ' +
      'Start the login again.',
    { status: 400 },
  );
}

function loggedOutMeanwhile(): WechatAuthError {
  return new WechatAuthError(
    'state_unknown',
    'The user logged out while this login was in progress. Start the login again.',
    { status: 400 },
  );
}

/** A person has an openid per app, and one unionid for all apps of an Open Platform account. */
function isSamePerson(a: WechatSession, b: WechatSession): boolean {
  return (
    (a.appid === b.appid && a.openid === b.openid) || (a.unionid !== undefined && a.unionid === b.unionid)
  );
}

/**
 * Removes this login and everything else from the session, except logins under other session keys. The
 * session gets a new id. Logins in progress end as well: a callback that WeChat has already sent does not log
 * the user in again.
 */
export async function clearLogin(req: HostRequest, config: ResolvedOptions): Promise<void> {
  const { sessionKey, logins } = config;
  const report = logoutReporter(() => currentLogin(req, config));
  const own = [sessionKey, loginsKey(sessionKey)];
  const states = knownStates(requireSession(req), sessionKey);
  // Before the session changes, so that a callback in progress cannot finish in between.
  await logins.forget(states);
  await regenerateSession(req, (key) => SESSION_KEYS.has(key) && !own.includes(key));
  await saveSession(req, config);
  report();
}
