/** Logins under way, in the session: issued with a state, taken back once. And those just finished, for who comes twice. */
import crypto from 'node:crypto';
import type { WechatFlow } from '../../oauth/endpoints';
import type { Session } from './session';

/** A login under way. */
export interface PendingLogin {
  /** Where it ends, as it was asked for; judged when stored and again when used. Empty: where logins end by default. */
  readonly returnTo: string;
  /** What WeChat was asked for. */
  readonly scope: string;
  readonly flow: WechatFlow;
  /** When it was started, in ms since 1970. */
  readonly at: number;
}

/** WeChat allows 128 bytes of a-zA-Z0-9. The digit counts restarts: a client that alters states must not loop. */
const STATE = /^(\d)[\da-f]{32}$/;
const MAX_PENDING = 5;
/** In bytes. A cookie holds 4 KB, all of the app's session included. */
const MAX_BYTES = 1_800;

interface LoginRecords {
  pending: Record<string, PendingLogin>;
  /** state → where that login ended */
  done: Record<string, string>;
}

export function loginsKey(sessionKey: string): string {
  return `${sessionKey}:login`;
}

/** How often the login of this state was restarted; `undefined` where it is no state of ours. */
export function restartsOf(state: string): number | undefined {
  const digit = STATE.exec(state)?.[1];
  return digit === undefined ? undefined : Number(digit);
}

/** Mints a state; nothing is known of it until a login is kept under it. */
export function newState(restarts: number): string {
  return `${restarts}${crypto.randomBytes(16).toString('hex')}`;
}

/**
 * Keeps a login under its state, and drops those whose life is over. The oldest login makes room; a restart takes only the place
 * of a restart, so that a stranger's link to the callback cannot push out logins under way.
 *
 * @returns whether there was room.
 */
export function addPending(
  session: Session,
  key: string,
  state: string,
  login: PendingLogin,
  lifetime: number,
): boolean {
  const { pending, done } = loginsIn(session, key);
  const alive = Object.entries(pending).filter(([, other]) => !isExpired(other, lifetime));
  const mayLeave = alive.filter(([other]) => restartsOf(state) === 0 || restartsOf(other) !== 0);
  const stay = Object.fromEntries([...alive, [state, login]]);
  while (isFull(stay)) {
    const [oldest] = mayLeave.shift() ?? [];
    if (oldest === undefined) return false;
    Reflect.deleteProperty(stay, oldest);
  }
  storeLogins(session, key, { pending: stay, done });
  return true;
}

/** By whose clock ever it was started: processes disagree by some seconds. */
export function isExpired({ at }: PendingLogin, lifetime: number): boolean {
  return Math.abs(Date.now() - at) >= lifetime;
}

/** Takes a login out by its state, before anything is done with it; only that one, and only once. */
export function takePending(session: Session, key: string, state: string): PendingLogin | undefined {
  const logins = loginsIn(session, key);
  if (!Object.hasOwn(logins.pending, state)) return undefined;
  const login = logins.pending[state];
  Reflect.deleteProperty(logins.pending, state);
  storeLogins(session, key, logins);
  return login;
}

/** Remembers where a login ended, for a second callback and the Back button. */
export function finishLogin(session: Session, key: string, state: string, returnTo: string): void {
  const logins = loginsIn(session, key);
  Reflect.deleteProperty(logins.done, state);
  logins.done[state] = returnTo;
  storeLogins(session, key, logins);
}

/** Where this browser's login of that state ended, if it did. */
export function finishedReturnTo(session: Session, key: string, state: string): string | undefined {
  const { done } = loginsIn(session, key);
  return Object.hasOwn(done, state) ? done[state] : undefined;
}

/** The states of this browser's finished logins. */
export function finishedStates(session: Session, key: string): string[] {
  return Object.keys(loginsIn(session, key).done);
}

/** Reads what may come from an older release, or from anybody where the app does not sign its sessions. */
function loginsIn(session: Session, key: string): LoginRecords {
  const stored = session[loginsKey(key)] as Partial<LoginRecords> | undefined;
  return { pending: onlyStates(stored?.pending, isPendingLogin), done: onlyStates(stored?.done, isString) };
}

function onlyStates<T>(value: unknown, is: (entry: unknown) => entry is T): Record<string, T> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, T] => STATE.test(entry[0]) && is(entry[1])),
  );
}

function isPendingLogin(value: unknown): value is PendingLogin {
  const { returnTo, scope, flow, at } = (value ?? {}) as Partial<PendingLogin>;
  return (
    isString(returnTo) &&
    isString(scope) &&
    (flow === 'official' || flow === 'website') &&
    typeof at === 'number'
  );
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function storeLogins(session: Session, key: string, { pending, done }: LoginRecords): void {
  const finished = Object.keys(done);
  if (finished.length > 0) {
    const taken = sizeOf(pending);
    for (const oldest of finished) {
      if (!isFull(done) && sizeOf(done) + taken <= MAX_BYTES) break;
      Reflect.deleteProperty(done, oldest);
    }
  }
  const empty = Object.keys(pending).length === 0 && Object.keys(done).length === 0;
  if (empty) Reflect.deleteProperty(session, loginsKey(key));
  else session[loginsKey(key)] = { pending, done };
}

function isFull(entries: Record<string, unknown>): boolean {
  return Object.keys(entries).length > MAX_PENDING || sizeOf(entries) > MAX_BYTES;
}

function sizeOf(entries: Record<string, unknown>): number {
  if (Object.keys(entries).length === 0) return 2;
  return Buffer.byteLength(JSON.stringify(entries));
}
