import { finishLogin, finishedStates, loginsKey } from '../state/pending-logins';
import type { HostRequest } from '../http/request';
import { hasLessScope } from '../../oauth/scope';
import { getSession, regenerateSession, saveSession, requireSession, type Session } from '../state/session';
import type { WechatSession } from '../state/wechat-session';
import type { Context } from '../context';
import { loggedOut } from './login-reporter';
import type { ResolvedOptions } from '../options/resolve-options';

/** The keys of all accounts in this process: what another account keeps in the session is not ours to drop. */
const keys = new Set<string>();

export function registerKey(sessionKey: string): void {
  keys.add(sessionKey).add(loginsKey(sessionKey));
}

/** Who is logged in with one of these accounts, as the session tells. */
export function currentLogin(req: HostRequest, config: ResolvedOptions): WechatSession | undefined {
  const session = getSession(req);
  return session && loginIn(session, config);
}

function loginIn(session: Session, { sessionKey, accounts }: ResolvedOptions): WechatSession | undefined {
  const stored = session[sessionKey];
  if (!isWechatSession(stored)) return undefined;
  // An app id that is no longer configured: its openids mean nothing here.
  return accounts[stored.flow]?.oauth.appid === stored.appid ? stored : undefined;
}

/**
 * What stands there may come from an older release, or from the app's own hand. Its user may be anything but empty: one whose toJSON
 * gives a text would else log in for ever.
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
    (flow === 'official' || flow === 'website')
  );
}

/**
 * Writes a login into a session with a new id. An anonymous session keeps what the options say; the same user keeps all; what
 * another user had is dropped.
 */
export async function saveLogin(
  context: Context,
  login: WechatSession,
  ended: { state: string; returnTo: string },
): Promise<void> {
  const { req, config } = context;
  const { sessionKey, shouldPreserve } = config;
  const before = currentLogin(req, config);
  const same = before !== undefined && isSamePerson(before, login);
  // A login that is there but no longer counts was somebody's, too.
  const stays = requireSession(req)[sessionKey] === undefined ? shouldPreserve : () => same;
  const session = await regenerateSession(req, (key) => keys.has(key) || stays(key));
  session[sessionKey] = same && hasLessScope(login.scope, before.scope) ? before : login;
  finishLogin(session, sessionKey, ended.state, ended.returnTo);
  try {
    await saveSession(req, config);
  } catch (error) {
    // Its own middleware may save it once more at the end: nobody who was told of a failure is logged in then.
    for (const key of [sessionKey, loginsKey(sessionKey)]) Reflect.deleteProperty(session, key);
    throw error;
  }
}

/** One person has an openid for each app, and one unionid for all that are bound. */
function isSamePerson(a: WechatSession, b: WechatSession): boolean {
  return (
    (a.appid === b.appid && a.openid === b.openid) || (a.unionid !== undefined && a.unionid === b.unionid)
  );
}

/** Drops our login and all that came with it, but for other accounts' logins; the session gets a new id. */
export async function clearLogin(req: HostRequest, config: ResolvedOptions): Promise<void> {
  const { sessionKey, logins } = config;
  const login = loggedOut.hasSubscribers ? currentLogin(req, config) : undefined;
  const own = [sessionKey, loginsKey(sessionKey)];
  const states = finishedStates(requireSession(req), sessionKey);
  await regenerateSession(req, (key) => keys.has(key) && !own.includes(key));
  await Promise.all([saveSession(req, config), logins.forget(states)]);
  if (login) loggedOut.publish(() => ({ flow: login.flow, appid: login.appid }));
}
