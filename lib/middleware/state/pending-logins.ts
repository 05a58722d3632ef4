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
  /**
   * AppID of the account that started it, where each request has an account of its own (option `account`).
   */
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
   * The ticket of the scan login that a phone confirmed: this login then ends on the PC that shows the
   * ticket, and not in this session.
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
  /**
   * The first such hash, or the random text with which renewRoot() replaced it: a login gives the session
   * another id, but this stays until the logout.
   */
  readonly root: string;
  /** Whether a login has finished in this session since the last logout. */
  readonly hasLogin: boolean;
}

/** The id of a session, not hashed; `undefined` if it has none, such as one of cookie-session. */
export function idOf(session: Session): string | undefined {
  const { id } = session;
  // An app may keep an `id` of its own in cookie-session.
  return typeof session['regenerate'] === 'function' && typeof id === 'string' ? id : undefined;
}

/** The ids of a session; `undefined` if it has no id. */
export function sessionIdsOf(session: Session, key: string): SessionIds | undefined {
  const id = idOf(session);
  if (id === undefined) return undefined;
  const hashed = shortHash([key, id]);
  const hasLogin = finishedAt(session, key) !== undefined;
  return { id: hashed, root: rootIn(session, key) ?? hashed, hasLogin };
}

function rootIn(session: Session, key: string): string | undefined {
  return rootOf(recordsIn(session, key));
}

function rootOf(records: object): string | undefined {
  const root = ownValue(records, 'root');
  return isString(root) && root.length <= MAX_ROOT ? root : undefined;
}

/** The stored records, unchecked. */
function recordsIn(session: Session, key: string): object {
  return ownValue(session, pendingKey(key)) ?? NO_RECORDS;
}

const NO_RECORDS = {};

const MAX_ROOT = 32;

/** Records the root of a session whose id is about to change. */
export function recordRoot(session: Session, key: string): void {
  const root = sessionIdsOf(session, key)?.root;
  if (root !== undefined) storeLogins(session, key, { ...loginsIn(session, key), root });
}

/** Gives a session another root. The logins that started in it before do not belong to it any more. */
export function renewRoot(session: Session, key: string): void {
  const logins = loginsIn(session, key);
  const root = crypto.randomBytes(MAX_ROOT / 2).toString('hex');
  storeLogins(session, key, { ...logins, root, linkId: undefined });
}

/**
 * The id that binds links to this session: no other session may use such a link. A login under any session
 * key ends the id, and so does a logout under this one: an attacker who planted the session may have a link
 * with data of hers.
 */
export function linkIdOf(session: Session, key: string): string | undefined {
  return linkIdIn(recordsIn(session, key));
}

function linkIdIn(records: object): string | undefined {
  const id = ownValue(records, 'linkId');
  return isString(id) && LINK_ID.test(id) ? id : undefined;
}

const LINK_ID = /^[\w-]{22}$/;

/**
 * As linkIdOf(). May give the session a link id: unless the caller saves the session, its middleware has to
 * do so when the response ends.
 */
export function ensureLinkId(session: Session, key: string): string {
  const logins = loginsIn(session, key);
  const linkId = logins.linkId ?? crypto.randomBytes(16).toString('base64url');
  if (linkId !== logins.linkId) storeLogins(session, key, { ...logins, linkId });
  return linkId;
}

/** When the newest login of this session finished, in ms since 1970; `undefined` if none has finished. */
export function finishedAt(session: Session, key: string): number | undefined {
  return newestAt(recordsIn(session, key));
}

function newestAt(records: object): number | undefined {
  const at = ownValue(records, 'at');
  return typeof at === 'number' ? at : undefined;
}

/** The newest finished login of this session, and its root: what a logout ends. */
export function newestStateAndRoot(session: Session, key: string): string[] {
  const records = recordsIn(session, key);
  const [root, newest] = [rootOf(records), statesOf(records, 'done').at(-1)];
  return [newest, root].filter((each) => each !== undefined);
}

export function pendingKey(sessionKey: string): string {
  const known = PENDING_KEYS.get(sessionKey);
  if (known !== undefined) return known;
  const key = `${sessionKey}:login`;
  PENDING_KEYS.set(sessionKey, key);
  return key;
}

/**
 * Session key → its pendingKey(). V8 looks up a new text slowly, and each request reads this key many times.
 */
const PENDING_KEYS = new Map<string, string>();

/**
 * How often the login of this state was restarted, by its first digit; `undefined` for a text that does not
 * have the form of a state. Anybody can make up a text of that form.
 */
export function restartsOf(state: string): number | undefined {
  const digit = STATE.exec(state)?.[1];
  return digit === undefined ? undefined : Number(digit);
}

export function newState(restarts: number): string {
  if (nextRandom === RANDOM.length) {
    crypto.randomFillSync(RANDOM);
    nextRandom = 0;
  }
  const random = RANDOM.toString('hex', nextRandom, nextRandom + STATE_BYTES);
  RANDOM.fill(0, nextRandom, (nextRandom += STATE_BYTES));
  return `${restarts}${random}`;
}

const STATE_BYTES = 16;
/** Random bytes for the next states: one call for many costs as much as one for a single state. */
const RANDOM = Buffer.alloc(64 * STATE_BYTES);
let nextRandom = RANDOM.length;

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
  const logins = loginsIn(session, key);
  const { pending } = logins;
  for (const [other, record] of Object.entries(pending))
    if (isExpired(record, lifetime)) delete pending[other];
  const replaceable = Object.keys(pending).filter(
    (other) => restartsOf(state) === 0 || restartsOf(other) !== 0,
  );
  pending[state] = login;
  while (isFull(pending)) {
    const oldest = replaceable.shift();
    if (oldest === undefined) return false;
    delete pending[oldest];
  }
  storeLogins(session, key, logins);
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
  const login = logins.pending[state];
  if (!login || !isWanted(login)) return undefined;
  delete logins.pending[state];
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
  return drop(session, key, (login) => isScan(login) || ticketOf(login) !== undefined);
}

/**
 * Called when a user logs out who had logged in under another key. Only this user could have finished these
 * logins, and afterwards nothing would tell who that was.
 */
export function dropBoundByOther(session: Session, key: string): void {
  drop(session, key, (login) => bindingsOf(login).isBoundByOther === true);
}

function drop(session: Session, key: string, isWanted: (login: PendingLogin) => boolean): string[] {
  const logins = loginsIn(session, key);
  const dropped = Object.keys(logins.pending).filter((state) => {
    const login = logins.pending[state];
    return login && isWanted(login);
  });
  for (const state of dropped) delete logins.pending[state];
  if (dropped.length > 0) storeLogins(session, key, logins);
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
  const { pending, done } = loginsIn(session, key);
  // Removed first, so that it becomes the newest entry.
  delete done[state];
  done[state] = appid === undefined ? returnTo : ` ${appid} ${returnTo}`;
  // Without a `linkId`, because the links that this session got before the login must not work after it.
  storeLogins(session, key, { pending, done, root, at: Date.now(), linkId: undefined });
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
  const record = loginsIn(session, key).done[state];
  if (record === undefined) return undefined;
  const [, appid, returnTo = record] = RECORD_WITH_APPID.exec(record) ?? [];
  return { returnTo, appid };
}

/** The states of this browser's pending and finished logins. */
export function knownStates(session: Session, key: string): string[] {
  const { pending, finished } = statesIn(session, key);
  return [...pending, ...finished];
}

/** As knownStates(), each kind by itself. */
export function statesIn(session: Session, key: string): { pending: string[]; finished: string[] } {
  const { pending, done } = loginsIn(session, key);
  return { pending: Object.keys(pending), finished: Object.keys(done) };
}

/**
 * Marks the logins that are pending under this key while somebody logs in, and ends the links that this
 * session got before.
 */
export function bindPending(session: Session, key: string, bindings: ReturnType<typeof bindingsOf>): void {
  const logins = loginsIn(session, key);
  const entries = Object.entries(logins.pending);
  for (const [state, login] of entries) logins.pending[state] = { ...login, ...bindings };
  if (entries.length > 0 || logins.linkId !== undefined)
    storeLogins(session, key, { ...logins, linkId: undefined });
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
 * anybody from logging in. The record of this login is there already.
 */
export function makeRoom(session: Session, key: string, state: string, fits: () => boolean): void {
  if (countRecords(session, key) <= 1) return;
  const logins = loginsIn(session, key);
  for (const records of [logins.done, logins.pending])
    for (const other of Object.keys(records)) {
      if (other === state) continue;
      if (fits()) return;
      delete records[other];
      storeLogins(session, key, logins);
    }
}

/** How many records are stored. */
function countRecords(session: Session, key: string): number {
  const records = recordsIn(session, key);
  return statesOf(records, 'pending').length + statesOf(records, 'done').length;
}

/** The states of the stored records, valid or not. */
function statesOf(records: object, kind: 'pending' | 'done'): string[] {
  return Object.keys(ownValue(records, kind) ?? NO_RECORDS);
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
  /** See {@link linkIdOf}. */
  linkId: string | undefined;
} {
  const records = recordsIn(session, key);
  return {
    pending: newestLogins(ownValue(records, 'pending'), isPendingLogin),
    done: newestLogins(ownValue(records, 'done'), isString),
    root: rootOf(records),
    at: newestAt(records),
    linkId: linkIdIn(records),
  };
}

/**
 * The newest records, at most five: the cost of a request must not grow with the records that an attacker
 * adds. The object has no prototype, so that a state finds no property of `Object.prototype`. V8 keeps such
 * an object as a hash table. Otherwise each state would give it another hidden class, which is slow.
 */
function newestLogins<T>(value: unknown, isRecord: (entry: unknown) => entry is T): Record<string, T> {
  const newest = Object.create(null) as Record<string, T>;
  if (typeof value !== 'object' || value === null) return newest;
  const entries = Object.entries(value).filter(
    (entry): entry is [string, T] => STATE.test(entry[0]) && isRecord(entry[1]),
  );
  for (const [state, record] of entries.slice(-MAX_LOGINS)) newest[state] = record;
  return newest;
}

function isPendingLogin(value: unknown): value is PendingLogin {
  if (typeof value !== 'object' || value === null) return false;
  const [returnTo, scope] = [ownValue(value, 'returnTo'), ownValue(value, 'scope')];
  if (!isString(returnTo) || !isString(scope)) return false;
  if (!isPageFlow(ownValue(value, 'flow')) || typeof ownValue(value, 'at') !== 'number') return false;
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
  { pending, done, root, at, linkId }: ReturnType<typeof loginsIn>,
): void {
  const finished = Object.keys(done);
  const newest = finished.pop();
  if (newest !== undefined) {
    const sizeOfPending = sizeOf(pending);
    const hasRoom = (): boolean => !isFull(done, MAX_BYTES - sizeOfPending);
    for (const oldest of finished) {
      if (hasRoom()) break;
      delete done[oldest];
    }
    // If the newest finished login does not fit, its state stays without its path: a logout has to find it to
    // end its callbacks.
    if (!hasRoom()) done[newest] = withoutPath(done[newest]);
  }
  const isEmpty =
    newest === undefined && root === undefined && linkId === undefined && Object.keys(pending).length === 0;
  if (isEmpty) Reflect.deleteProperty(session, pendingKey(key));
  else {
    const records: Partial<ReturnType<typeof loginsIn>> = { pending, done };
    if (root !== undefined) records.root = root;
    if (linkId !== undefined) records.linkId = linkId;
    if (newest !== undefined && at !== undefined) records.at = at;
    session[pendingKey(key)] = records;
  }
}

function withoutPath(record = ''): string {
  const appid = RECORD_WITH_APPID.exec(record)?.[1];
  return appid === undefined ? '' : ` ${appid} `;
}

function isFull(entries: Record<string, unknown>, maxBytes = MAX_BYTES): boolean {
  return Object.keys(entries).length > MAX_LOGINS || sizeOf(entries) > maxBytes;
}

/** In bytes of JSON. */
function sizeOf(entries: Record<string, unknown>): number {
  return Buffer.byteLength(JSON.stringify(entries));
}
