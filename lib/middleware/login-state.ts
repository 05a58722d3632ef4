/** Logins under way, in the session: issued with a state, taken back once. And those just finished, for who comes twice. */
import crypto from 'node:crypto';
import type { Flow } from '../oauth/endpoints';
import type { Session } from './session';

/** A login under way. */
export interface PendingLogin {
  /** Where it ends, as it was asked for; judged when stored and again when used. Empty: where logins end by default. */
  readonly returnTo: string;
  /** What WeChat was asked for. */
  readonly scope: string;
  readonly flow: Flow;
  /** When it was started, in ms since 1970. */
  readonly at: number;
}

/** WeChat allows 128 bytes of a-zA-Z0-9. The digit counts restarts: a client that alters states must not loop. */
const STATE = /^(\d)[\da-f]{32}$/;
const MOST = 5;
/** A cookie holds 4 KB, all of the app's session included. */
const ROOM = 1_800;

interface Logins {
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
 * Keeps a login under its state. The oldest login makes room; a restart takes only the place of a restart, so that a stranger's
 * link to the callback cannot push out logins under way.
 *
 * @returns whether there was room.
 */
export function keepLogin(session: Session, key: string, state: string, login: PendingLogin): boolean {
  const logins = read(session, key);
  const states = Object.keys(logins.pending);
  if (states.length >= MOST) {
    const leaves = restartsOf(state) === 0 ? states[0] : states.find((other) => restartsOf(other) !== 0);
    if (leaves === undefined) return false;
    Reflect.deleteProperty(logins.pending, leaves);
  }
  logins.pending[state] = login;
  write(session, key, logins);
  return true;
}

/** Drops what is older than the life of a login. */
export function dropExpired(session: Session, key: string, lifetime: number, now: number): void {
  const logins = read(session, key);
  const expired = Object.entries(logins.pending).filter(([, { at }]) => !(at <= now && now < at + lifetime));
  if (expired.length === 0) return;
  for (const [state] of expired) Reflect.deleteProperty(logins.pending, state);
  write(session, key, logins);
}

/** Takes a login out by its state, before anything is done with it; only that one, and only once. */
export function takeLogin(session: Session, key: string, state: string): PendingLogin | undefined {
  const logins = read(session, key);
  if (!Object.hasOwn(logins.pending, state)) return undefined;
  const login = logins.pending[state];
  Reflect.deleteProperty(logins.pending, state);
  write(session, key, logins);
  return login;
}

/** Remembers where a login ended, for a second callback and the Back button. */
export function finishLogin(session: Session, key: string, state: string, returnTo: string): void {
  const logins = read(session, key);
  Reflect.deleteProperty(logins.done, state);
  logins.done[state] = returnTo;
  write(session, key, logins);
}

/** Where this browser's login of that state ended, if it did. */
export function endOfLogin(session: Session, key: string, state: string): string | undefined {
  const { done } = read(session, key);
  return Object.hasOwn(done, state) ? done[state] : undefined;
}

/** Reads what may come from an older release, or from anybody where the app does not sign its sessions. */
function read(session: Session, key: string): Logins {
  const stored = session[loginsKey(key)] as Partial<Logins> | undefined;
  return { pending: onlyStates(stored?.pending, isLogin), done: onlyStates(stored?.done, isString) };
}

function onlyStates<T>(value: unknown, is: (entry: unknown) => entry is T): Record<string, T> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, T] => STATE.test(entry[0]) && is(entry[1])),
  );
}

function isLogin(value: unknown): value is PendingLogin {
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

function write(session: Session, key: string, { pending, done }: Logins): void {
  trim(done, pending);
  trim(pending, {});
  const empty = Object.keys(pending).length === 0 && Object.keys(done).length === 0;
  if (empty) Reflect.deleteProperty(session, loginsKey(key));
  else session[loginsKey(key)] = { pending, done };
}

/** Lets the oldest leave, but never the newest, until there is room. */
function trim(entries: Record<string, unknown>, beside: Record<string, unknown>): void {
  const room = ROOM - JSON.stringify(beside).length;
  for (const oldest of Object.keys(entries).slice(0, -1)) {
    if (Object.keys(entries).length <= MOST && JSON.stringify(entries).length <= room) return;
    Reflect.deleteProperty(entries, oldest);
  }
}
