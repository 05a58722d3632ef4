import { BoundedMap } from '../bounded-map';
import { MINUTE_MS, type OffsetClock } from '../clock';
import { randomUuid } from '../random';
import type { EmulatorApp } from '../apps/apps';
import type { EmulatorUser } from '../people/users';

/** How long a QR code can be scanned and confirmed. */
const QR_LIFETIME_MS = 5 * MINUTE_MS;

/** The status of a QR code, as the number that a poll returns (`wx_errcode`). */
export const QrStatus = { waiting: 408, scanned: 404, denied: 403, expired: 402, confirmed: 405 } as const;
export type QrStatus = (typeof QrStatus)[keyof typeof QrStatus];

/** One QR code and its status, from the moment a page shows it until it is confirmed or expires. */
export class QrLogin {
  readonly uuid = randomUuid();
  readonly expiresAt: number;
  /** The authorization code; empty until the login is confirmed. */
  code = '';
  /** The person who confirmed the login; undefined until then. */
  user: EmulatorUser | undefined;
  #status: QrStatus = QrStatus.waiting;
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly app: EmulatorApp,
    readonly scopes: readonly string[],
    readonly clock: OffsetClock,
  ) {
    this.expiresAt = clock.now() + QR_LIFETIME_MS;
  }

  get status(): QrStatus {
    const canExpire = this.#status !== QrStatus.confirmed;
    return canExpire && this.clock.now() >= this.expiresAt ? QrStatus.expired : this.#status;
  }

  scan(): void {
    if (this.status === QrStatus.waiting || this.status === QrStatus.denied)
      this.#setStatus(QrStatus.scanned);
  }

  deny(): void {
    if (this.isOpen) this.#setStatus(QrStatus.denied);
  }

  /**
   * Confirms the login of a person with a new authorization code. Returns false if the QR code has expired or
   * was confirmed before.
   */
  confirm(user: EmulatorUser, issueCode: () => string): boolean {
    if (!this.isOpen) return false;
    this.user = user;
    this.code = issueCode();
    this.#setStatus(QrStatus.confirmed);
    return true;
  }

  /** Ends the login: the next poll of its page gets the status of an expired QR code. */
  end(): void {
    if (this.isOpen) this.#setStatus(QrStatus.expired);
  }

  /** Whether the QR code can still be scanned, confirmed or cancelled. */
  get isOpen(): boolean {
    return this.status !== QrStatus.expired && this.status !== QrStatus.confirmed;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #setStatus(status: QrStatus): void {
    this.#status = status;
    for (const listener of [...this.#listeners]) listener();
  }
}

const MOST_QR_CODES = 10_000;

/** The QR codes of one emulator. The oldest ones are dropped. */
export class QrLogins {
  readonly #logins: BoundedMap<QrLogin>;

  /** `onForget` is called when a QR code that is still valid is dropped. */
  constructor(
    readonly clock: OffsetClock,
    onForget: (most: number) => void,
  ) {
    this.#logins = new BoundedMap(MOST_QR_CODES, (login) => {
      if (login.isOpen) onForget(MOST_QR_CODES);
      login.end();
    });
  }

  create(app: EmulatorApp, scopes: readonly string[]): QrLogin {
    const login = new QrLogin(app, scopes, this.clock);
    this.#logins.set(login.uuid, login);
    return login;
  }

  find(uuid: string | undefined): QrLogin | undefined {
    return uuid === undefined ? undefined : this.#logins.get(uuid);
  }

  /** The QR codes that can still be scanned, confirmed or cancelled, oldest first. */
  open(): QrLogin[] {
    return [...this.#logins.values()].filter((login) => login.isOpen);
  }

  clear(): void {
    const logins = [...this.#logins.values()];
    this.#logins.clear();
    for (const login of logins) login.end();
  }
}
