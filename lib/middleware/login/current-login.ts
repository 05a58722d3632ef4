/** The login that the session holds: read, saved after a callback, cleared at logout. */
import { isFlow } from '../../oauth/flows';
import { hasLessScope } from '../../oauth/scope';
import type { Context } from '../context';
import type { HostRequest } from '../http/request';
import type { ResolvedOptions } from '../options/resolve-options';
import { finishLogin, finishedStates, loginsKey } from '../state/pending-logins';
import { getSession, regenerateSession, requireSession, saveSession, type Session } from '../state/session';
import type { WechatSession } from '../state/wechat-session';
import { logoutReporter } from './login-reporter';

/**
 * The session keys of every `wechatAuth()` in this process, so that one account leaves the logins of the others in the session alone. The
 * set belongs to this copy of the package: a second copy does not know it, and logs its users out of this one.
 */
const SESSION_KEYS = new Set<string>();

export function registerKey(sessionKey: string): void {
  SESSION_KEYS.add(sessionKey).add(loginsKey(sessionKey));
}

/** The user who is logged in with one of these accounts. */
export function currentLogin(req: HostRequest, config: ResolvedOptions): WechatSession | undefined {
  const session = getSession(req);
  return session && loginIn(session, config);
}

function loginIn(session: Session, { sessionKey, accounts }: ResolvedOptions): WechatSession | undefined {
  const stored = session[sessionKey];
  if (!isWechatSession(stored)) return undefined;
  // The openids of an AppID that is no longer configured mean nothing here.
  return accounts[stored.flow]?.appid === stored.appid ? stored : undefined;
}

/**
 * The stored value may come from an older release or from the app itself. Any truthy `user` counts: if an object were required, a user
 * whose `toJSON` returns a string would come back as a string, and be sent to log in again and again.
 */
function isWechatSession(stored: unknown): stored is WechatSession {
  const { user, appid, openid, scope, flow } = (stored ?? {}) as Partial<
    Record<keyof WechatSession, unknown>
  >;
  return (
    Boolean(user) &&
    typeof appid === 'string' &&
    typeof openid === 'string' &&
    typeof scope === 'string' &&
    isFlow(flow)
  );
}

/**
 * Saves a login in a session with a new id (session fixation). An anonymous session keeps what `preserveSession` says, a session of the
 * same user keeps everything, and a session of another user keeps nothing.
 */
export async function saveLogin(
  context: Context,
  login: WechatSession,
  finished: { state: string; returnTo: string },
): Promise<void> {
  const { req, config } = context;
  const { sessionKey, shouldPreserve } = config;
  const before = currentLogin(req, config);
  const isSame = before !== undefined && isSamePerson(before, login);
  // A stored login that no longer counts (another AppID, say) was somebody's as well.
  const isAnonymous = requireSession(req)[sessionKey] === undefined;
  const stays = isAnonymous ? shouldPreserve : () => isSame;
  const session = await regenerateSession(req, (key) => SESSION_KEYS.has(key) || stays(key));
  session[sessionKey] = isSame && hasLessScope(login.scope, before.scope) ? before : login;
  finishLogin(session, sessionKey, finished.state, finished.returnTo);
  try {
    await saveSession(req, config);
  } catch (error) {
    // The session middleware may save once more at the end of the request: a user who saw a failure must not be logged in by that.
    for (const key of [sessionKey, loginsKey(sessionKey)]) Reflect.deleteProperty(session, key);
    throw error;
  }
}

/** A person has an openid per app, and one unionid for all apps of an Open Platform account. */
function isSamePerson(a: WechatSession, b: WechatSession): boolean {
  return (
    (a.appid === b.appid && a.openid === b.openid) || (a.unionid !== undefined && a.unionid === b.unionid)
  );
}

/** Removes this login and everything else from the session, except logins under other session keys. The session gets a new id. */
export async function clearLogin(req: HostRequest, config: ResolvedOptions): Promise<void> {
  const { sessionKey, logins } = config;
  const report = logoutReporter(() => currentLogin(req, config));
  const own = [sessionKey, loginsKey(sessionKey)];
  const states = finishedStates(requireSession(req), sessionKey);
  await regenerateSession(req, (key) => SESSION_KEYS.has(key) && !own.includes(key));
  await Promise.all([saveSession(req, config), logins.forget(states)]);
  report();
}
