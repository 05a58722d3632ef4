/**
 * The records of logins in the session: pending logins, each under its state, which is for single use, and
 * logins that have just finished.
 */
import crypto from 'node:crypto';
import { isPageFlow, type PageFlow } from '../../oauth/flows';
import { shortHash } from './hash';
import { ownValue, type Session } from './session';

/** A login that has started and whose callback has not arrived. */
export interface PendingLogin {
  /**
   * The requested return path, checked before it is stored and again before it is used. Empty for the
   * default.
   */
  readonly returnTo: string;
  /** The scope of the authorization request. */
  readonly scope: string;
  readonly flow: PageFlow;
  /** AppID of the account that started it, where each request has an account of its own (option `account`). */
  readonly appid?: string;
  /** When it started, in ms since 1970. */
  readonly at: number;
  /**
   * Whether somebody logged in to the session while this login was pending. Then only the same user may
   * finish it: otherwise an attacker who planted the pending login could log the victim's browser in to her
   * own account.
   */
  readonly isBound?: true;
  /**
   * Whether somebody logged in under another session key while this login was pending. Then a user who is
   * known to be another person must not finish it, for the same reason.
   */
  readonly isBoundByOther?: true;
  /** What the app gave when it started the login, for `onLogin`: at most 512 bytes of JSON. */
  readonly data?: unknown;
  /**
   * The ticket of the scan login that a phone confirmed: this login then ends on the PC that shows the ticket,
   * and not in this session.
   */
  readonly scan?: string;
}

/**
 * A digit and 32 hex characters; WeChat allows 128 bytes of a-zA-Z0-9. The digit counts restarts: a browser
 * that loses its cookies brings back only the state, and must not be sent to WeChat again and again.
 */
const STATE = /^(\d)[\da-f]{32}$/;
const MAX_LOGINS = 5;
export const MAX_DATA_BYTES = 512;
/** A cookie holds 4 KB, and the app's own session is in it as well. */
const MAX_BYTES = 1_800;

/** What identifies a session that has an id, without revealing that id. */
export interface SessionIds {
  /** A hash of the session id. */
  readonly id: string;
  /** The first such hash: a login gives the session another id, but this stays until the logout. */
  readonly root: string;
}

/** The ids of a session; `undefined` if it has no id, such as one of cookie-session. */
export function sessionIdsOf(session: Session, key: string): SessionIds | undefined {
  const { id } = session;
  // An app may keep an `id` of its own in cookie-session.
  if (typeof session['regenerate'] !== 'function' || typeof id !== 'string') return undefined;
  const hashed = shortHash([key, id]);
  return { id: hashed, root: rootIn(session, key) ?? hashed };
}

function rootIn(session: Session, key: string): string | undefined {
  const root = ownValue(ownValue(session, pendingKey(key)) ?? {}, 'root');
  return isString(root) && root.length <= MAX_ROOT ? root : undefined;
}

const MAX_ROOT = 32;

/** Gives a session another root. The logins that started in it before do not belong to it any more. */
export function renewRoot(session: Session, key: string): void {
  const logins = loginsIn(session, key);
  storeLogins(session, key, { ...logins, root: crypto.randomBytes(MAX_ROOT / 2).toString('hex') });
}

/** When the newest login of this session finished, in ms since 1970; `undefined` if none has finished. */
export function finishedAt(session: Session, key: string): number | undefined {
  const at = ownValue(ownValue(session, pendingKey(key)) ?? {}, 'at');
  return typeof at === 'number' ? at : undefined;
}

/** The newest finished login of this session, and its root: what a logout ends. */
export function newestStateAndRoot(session: Session, key: string): string[] {
  const done = ownValue(ownValue(session, pendingKey(key)) ?? {}, 'done') ?? {};
  const root = rootIn(session, key);
  return [...Object.keys(done).slice(-1), ...(root === undefined ? [] : [root])];
}

export function pendingKey(sessionKey: string): string {
  return `${sessionKey}:login`;
}

/**
 * How often the login of this state was restarted; `undefined` for a state that this package did not
 * generate.
 */
export function restartsOf(state: string): number | undefined {
  const digit = STATE.exec(state)?.[1];
  return digit === undefined ? undefined : Number(digit);
}

export function newState(restarts: number): string {
  return `${restarts}${crypto.randomBytes(16).toString('hex')}`;
}

/**
 * Adds a pending login, and drops expired ones. If there are too many, the oldest one is dropped. A restart
 * only replaces a restart: otherwise a link of an attacker to the callback could push out logins in progress.
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
  const { pending, ...rest } = loginsIn(session, key);
  const alive = Object.entries(pending).filter(([, other]) => !isExpired(other, lifetime));
  const replaceable = alive.filter(([other]) => restartsOf(state) === 0 || restartsOf(other) !== 0);
  const kept = Object.fromEntries([...alive, [state, login]]);
  while (isFull(kept)) {
    const [oldest] = replaceable.shift() ?? [];
    if (oldest === undefined) return false;
    Reflect.deleteProperty(kept, oldest);
  }
  storeLogins(session, key, { pending: kept, ...rest });
  return true;
}

/** A start time in the far future (a wrong clock, a forged session) counts as expired as well. */
export function isExpired({ at }: PendingLogin, lifetime: number): boolean {
  return Math.abs(Date.now() - at) >= lifetime;
}

/**
 * Removes a pending login from the session of this request before it is used: a state is for single use.
 * Concurrent duplicates of the callback are handled in callback-results.ts.
 */
export function takePending(session: Session, key: string, state: string): PendingLogin | undefined {
  return take(session, key, state, (login) => !isScan(login));
}

/** As takePending(), for a scan login, which the PC collects. */
export function takeScanLogin(session: Session, key: string, state: string): PendingLogin | undefined {
  return take(session, key, state, isScan);
}

function take(
  session: Session,
  key: string,
  state: string,
  isWanted: (login: PendingLogin) => boolean,
): PendingLogin | undefined {
  const logins = loginsIn(session, key);
  if (!Object.hasOwn(logins.pending, state)) return undefined;
  const login = logins.pending[state];
  if (!login || !isWanted(login)) return undefined;
  Reflect.deleteProperty(logins.pending, state);
  storeLogins(session, key, logins);
  return login;
}

/** The scan logins that this session started, the oldest one first. */
export function scanLoginsIn(session: Session, key: string): [state: string, login: PendingLogin][] {
  return Object.entries(loginsIn(session, key).pending).filter(([, login]) => isScan(login));
}

/**
 * Called when a user logs in. A ticket of this session ends: an attacker who planted the session may know it.
 * So does a login of this phone for a PC: it may be the attacker's PC.
 *
 * @returns the states of the dropped logins. Copies of the session may still hold them.
 */
export function dropScanLogins(session: Session, key: string): string[] {
  const { pending, ...rest } = loginsIn(session, key);
  const dropped = Object.keys(pending).filter((state) => {
    const login = pending[state];
    return login && (isScan(login) || ticketOf(login) !== undefined);
  });
  for (const state of dropped) delete pending[state];
  if (dropped.length > 0) storeLogins(session, key, { pending, ...rest });
  return dropped;
}

/** Whether the PC collects this login: WeChat never calls back for it. */
export function isScan({ flow }: PendingLogin): boolean {
  return flow === 'scan';
}

/** The ticket that this login of a phone belongs to. */
export function ticketOf(login: Pick<PendingLogin, 'scan'>): string | undefined {
  const ticket = ownValue(login, 'scan');
  return isString(ticket) ? ticket : undefined;
}

/** Keeps the return path of a finished login, for a duplicate callback and the Back button. */
export function recordFinished(
  session: Session,
  key: string,
  {
    state,
    returnTo,
    root,
    appid,
  }: { state: string; returnTo: string; root?: string | undefined; appid?: string | undefined },
): void {
  const logins = { ...loginsIn(session, key), root, at: Date.now() };
  // Removed first, so that it becomes the newest entry.
  Reflect.deleteProperty(logins.done, state);
  logins.done[state] = appid === undefined ? returnTo : ` ${appid} ${returnTo}`;
  storeLogins(session, key, logins);
}

/**
 * The record of a finished login that has an AppID: a blank, the AppID, a blank, the return path. No return
 * path begins with a blank, and no AppID contains one.
 */
const RECORD_WITH_APPID = /^ ([^ ]*) (.*)$/s;

/** This browser's finished login with that state. */
export function finishedLogin(
  session: Session,
  key: string,
  state: string,
): { readonly returnTo: string; readonly appid: string | undefined } | undefined {
  const { done } = loginsIn(session, key);
  const record = Object.hasOwn(done, state) ? done[state] : undefined;
  if (record === undefined) return undefined;
  const [, appid, returnTo = record] = RECORD_WITH_APPID.exec(record) ?? [];
  return { returnTo, appid };
}

/** The states of this browser's pending and finished logins. */
export function knownStates(session: Session, key: string): string[] {
  const { pending, done } = loginsIn(session, key);
  return [...Object.keys(pending), ...Object.keys(done)];
}

/** Marks the logins that are pending under this key while somebody logs in. */
export function bindPending(session: Session, key: string, bindings: ReturnType<typeof bindingsOf>): void {
  const { pending, ...rest } = loginsIn(session, key);
  const bound = Object.entries(pending).map(([state, login]): [string, PendingLogin] => [
    state,
    { ...login, ...bindings },
  ]);
  if (bound.length > 0) storeLogins(session, key, { pending: Object.fromEntries(bound), ...rest });
}

/** The bindings of a pending login. The login that replaces it takes them over. */
export function bindingsOf(
  login: Pick<PendingLogin, 'isBound' | 'isBoundByOther'>,
): Pick<PendingLogin, 'isBound' | 'isBoundByOther'> {
  return {
    ...(Object.hasOwn(login, 'isBound') && { isBound: true }),
    ...(Object.hasOwn(login, 'isBoundByOther') && { isBoundByOther: true }),
  };
}

/**
 * Drops records of other logins, oldest first, until the session fits into its cookie: they must not keep
 * anybody from logging in.
 */
export function makeRoom(session: Session, key: string, state: string, fits: () => boolean): void {
  const { pending, done, ...rest } = loginsIn(session, key);
  const droppable = [done, pending].flatMap((records) =>
    Object.keys(records)
      .filter((other) => other !== state)
      .map((other) => ({ records, other })),
  );
  while (!fits()) {
    const oldest = droppable.shift();
    if (!oldest) return;
    Reflect.deleteProperty(oldest.records, oldest.other);
    storeLogins(session, key, { pending, done, ...rest });
  }
}

/**
 * The stored records may come from an older release, or from an attacker where the app does not sign its
 * sessions.
 */
function loginsIn(
  session: Session,
  key: string,
): {
  pending: Record<string, PendingLogin>;
  /** State → return path of a login that finished. */
  done: Record<string, string>;
  root: string | undefined;
  /** When the newest one of `done` finished. */
  at: number | undefined;
} {
  const stored = ownValue(session, pendingKey(key)) ?? {};
  return {
    pending: newestLogins(ownValue(stored, 'pending'), isPendingLogin),
    done: newestLogins(ownValue(stored, 'done'), isString),
    root: rootIn(session, key),
    at: finishedAt(session, key),
  };
}

/**
 * The newest records, at most five: the cost of a request must not grow with the records that an attacker
 * adds.
 */
function newestLogins<T>(value: unknown, isRecord: (entry: unknown) => entry is T): Record<string, T> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value)
      .filter((entry): entry is [string, T] => STATE.test(entry[0]) && isRecord(entry[1]))
      .slice(-MAX_LOGINS),
  );
}

function isPendingLogin(value: unknown): value is PendingLogin {
  if (typeof value !== 'object' || value === null) return false;
  const [returnTo, scope, flow, at] = ['returnTo', 'scope', 'flow', 'at'].map((name) =>
    ownValue(value, name),
  );
  if (!isString(returnTo) || !isString(scope) || !isPageFlow(flow) || typeof at !== 'number') return false;
  const appid = ownValue(value, 'appid') ?? '';
  const data = ownValue(value, 'data');
  if (data !== undefined && !isSmallData(JSON.stringify(data))) return false;
  return isString(appid) && returnTo.length + scope.length + appid.length <= MAX_BYTES;
}

/** Whether the JSON of `data` is short enough to be kept with a pending login. */
export function isSmallData(json: string): boolean {
  return Buffer.byteLength(json) <= MAX_DATA_BYTES;
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function storeLogins(
  session: Session,
  key: string,
  { pending, done, root, at }: ReturnType<typeof loginsIn>,
): void {
  const hasRoom = (): boolean => !isFull(done) && sizeOf(done) + sizeOf(pending) <= MAX_BYTES;
  const finished = Object.keys(done);
  const newest = finished.pop();
  for (const oldest of finished) {
    if (hasRoom()) break;
    Reflect.deleteProperty(done, oldest);
  }
  // If the newest finished login does not fit, its state stays without its path: a logout has to find it to
  // end its callbacks.
  if (newest !== undefined && !hasRoom()) done[newest] = withoutPath(done[newest]);
  const isEmpty = Object.keys(pending).length === 0 && newest === undefined && root === undefined;
  if (isEmpty) Reflect.deleteProperty(session, pendingKey(key));
  else {
    session[pendingKey(key)] = {
      pending,
      done,
      ...(root !== undefined && { root }),
      ...(newest !== undefined && at !== undefined && { at }),
    };
  }
}

function withoutPath(record = ''): string {
  const appid = RECORD_WITH_APPID.exec(record)?.[1];
  return appid === undefined ? '' : ` ${appid} `;
}

function isFull(entries: Record<string, unknown>): boolean {
  return Object.keys(entries).length > MAX_LOGINS || sizeOf(entries) > MAX_BYTES;
}

function sizeOf(entries: Record<string, unknown>): number {
  if (Object.keys(entries).length === 0) return 2;
  return Buffer.byteLength(JSON.stringify(entries));
}
