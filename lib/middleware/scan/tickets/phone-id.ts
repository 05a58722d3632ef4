/** A random id in the session of a phone: the phone that took a ticket is known by it. */
import crypto from 'node:crypto';
import { ownValue, type Session } from '../../state/session';

/** The key in the session. It is dropped at logout, like the pending logins. */
export function phoneKey(sessionKey: string): string {
  return `${sessionKey}:phone`;
}

/** `undefined` if this session has not opened a ticket yet. */
export function phoneIdOf(session: Session, sessionKey: string): string | undefined {
  const id = ownValue(session, phoneKey(sessionKey));
  return typeof id === 'string' && /^[\w-]{22}$/.test(id) ? id : undefined;
}

/** Gives the session an id. The caller saves the session. */
export function addPhoneId(session: Session, sessionKey: string): string {
  const id = crypto.randomBytes(16).toString('base64url');
  session[phoneKey(sessionKey)] = id;
  return id;
}
