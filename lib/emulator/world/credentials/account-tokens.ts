import { BoundedMap } from '../bounded-map';
import { MINUTE_MS, type EmulatorClock } from '../clock';
import { randomToken } from '../random';

/** In seconds, like `expires_in` in WeChat's response. */
export const ACCOUNT_TOKEN_LIFETIME = 7200;
/** For how long the previous token still works after a new one was issued. */
const OVERLAP_MS = 5 * MINUTE_MS;

/** A token that stands for an account or a platform, and not for a person. */
export interface AccountToken {
  readonly token: string;
  /** The AppID of the account or platform; for a ticket, the AppID, a space and the type. */
  readonly appId: string;
  expiresAt: number;
}

/** Access tokens of accounts, or of third-party platforms. Each has one current token. */
export class AccountTokens {
  readonly #byToken = new BoundedMap<AccountToken>(1_000);
  readonly #current = new BoundedMap<AccountToken>(1_000);

  constructor(readonly clock: EmulatorClock) {}

  /** Issues a new token. The previous one works for five more minutes. */
  issue(appId: string): AccountToken {
    const now = this.clock.now();
    const previous = this.#current.get(appId);
    if (previous) previous.expiresAt = Math.min(previous.expiresAt, now + OVERLAP_MS);
    const issued = { token: randomToken(), appId, expiresAt: now + ACCOUNT_TOKEN_LIFETIME * 1000 };
    this.#byToken.set(issued.token, issued);
    this.#current.set(appId, issued);
    return issued;
  }

  /** The current token while it is valid, otherwise a new one. */
  currentOrNew(appId: string): AccountToken {
    const current = this.#current.get(appId);
    return current && !this.isExpired(current) ? current : this.issue(appId);
  }

  find(token: string): AccountToken | undefined {
    return this.#byToken.get(token);
  }

  isExpired({ expiresAt }: AccountToken): boolean {
    return this.clock.now() >= expiresAt;
  }

  clear(): void {
    this.#byToken.clear();
    this.#current.clear();
  }
}
