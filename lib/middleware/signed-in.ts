/** Who is logged in: read from the session, written at login, dropped at logout. */
import { finishLogin, finishedStates, loginsKey } from './login-state';
import type { HostRequest } from './http';
import type { Settled } from './options';
import { isLess } from './scope';
import {
  peekSession,
  renewSession,
  saveSession,
  sessionOf,
  type Session,
  type WechatSession,
} from './session';
import type { Visit } from './visit';

/** The keys of all accounts in this process: what another account keeps in the session is not ours to drop. */
const keys = new Set<string>();

export function registerKey(sessionKey: string): void {
  keys.add(sessionKey).add(loginsKey(sessionKey));
}

/** Who is logged in with one of these accounts, as the session tells. */
export function signedIn(req: HostRequest, settled: Settled): WechatSession | undefined {
  const session = peekSession(req);
  return session && read(session, settled);
}

function read(session: Session, { sessionKey, accounts }: Settled): WechatSession | undefined {
  const stored = session[sessionKey] as Partial<WechatSession> | undefined;
  if (!stored?.user || typeof stored.openid !== 'string' || typeof stored.appid !== 'string')
    return undefined;
  const account = stored.flow && accounts[stored.flow];
  // An app id that is no longer configured: its openids mean nothing here.
  return account?.oauth.appid === stored.appid ? (stored as WechatSession) : undefined;
}

/**
 * Writes a login into a session with a new id. An anonymous session keeps what the options say; the same user keeps all; what
 * another user had is dropped.
 */
export async function writeLogin(
  visit: Visit,
  login: WechatSession,
  ended: { state: string; returnTo: string },
): Promise<void> {
  const { req, settled } = visit;
  const { sessionKey, mayKeep } = settled;
  const before = signedIn(req, settled);
  const same = before !== undefined && isSamePerson(before, login);
  // A login that is there but no longer counts was somebody's, too.
  const stays = sessionOf(req)[sessionKey] === undefined ? mayKeep : () => same;
  const session = await renewSession(req, (key) => keys.has(key) || stays(key));
  session[sessionKey] = same && isLess(login.scope, before.scope) ? before : login;
  finishLogin(session, sessionKey, ended.state, ended.returnTo);
  try {
    await saveSession(req);
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
export async function dropLogin(req: HostRequest, { sessionKey, logins }: Settled): Promise<void> {
  const own = [sessionKey, loginsKey(sessionKey)];
  const states = finishedStates(sessionOf(req), sessionKey);
  await renewSession(req, (key) => keys.has(key) && !own.includes(key));
  await Promise.all([saveSession(req), logins.forget(states)]);
}
