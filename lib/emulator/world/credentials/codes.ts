import { BoundedMap } from '../bounded-map';
import { MINUTE_MS, type EmulatorClock } from '../clock';
import type { Grant } from './grants';
import { randomCode } from '../random';
import type { TokenPair } from './tokens';

/** An authorization code, and whether it was used. */
export interface IssuedCode {
  readonly code: string;
  readonly grant: Grant;
  /** In ms since 1970, like `expiresAt`. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  used: boolean;
  /** The tokens that the code was exchanged for; undefined until then, and for mini programs. */
  tokens?: TokenPair;
}

/** A code that can be redeemed, or why it cannot. */
export type Redemption = IssuedCode | 'unknown' | 'expired' | 'used';

const MOST_CODES = 20_000;
const MOST_RECENT = 50;

/**
 * Authorization codes. A code is single use and lives 5 minutes, or 10 if it comes from the QR code login. A
 * user may have several valid codes.
 */
export class IssuedCodes {
  readonly #codes: BoundedMap<IssuedCode>;
  #recent: IssuedCode[] = [];

  /** `onForget` is called when a code that is still valid is dropped. */
  constructor(
    readonly clock: EmulatorClock,
    onForget: (most: number) => void,
  ) {
    this.#codes = new BoundedMap(MOST_CODES, ({ used, expiresAt }) => {
      if (!used && clock.now() < expiresAt) onForget(MOST_CODES);
    });
  }

  issue(grant: Grant): string {
    const code = randomCode();
    const issuedAt = this.clock.now();
    const lifetime = (grant.app.type === 'website' ? 10 : 5) * MINUTE_MS;
    const issued = { code, grant, issuedAt, expiresAt: issuedAt + lifetime, used: false };
    this.#codes.set(code, issued);
    this.#recent.push(issued);
    if (this.#recent.length > MOST_RECENT) this.#recent.shift();
    return code;
  }

  /** The codes that were issued last, oldest first. */
  get recent(): readonly IssuedCode[] {
    return this.#recent;
  }

  /** The grant of a code, whether or not the code can still be redeemed. */
  grantOf(code: string | undefined): Grant | undefined {
    return code === undefined ? undefined : this.#codes.get(code)?.grant;
  }

  redeem(code: string, appId: string): Redemption {
    const issued = this.#codes.get(code);
    if (issued?.grant.app.appId !== appId) return 'unknown';
    if (issued.used) return 'used';
    if (this.clock.now() >= issued.expiresAt) return 'expired';
    issued.used = true;
    return issued;
  }

  /** Marks a code as used without redeeming it: later attempts get `used`. */
  spend(code: string): void {
    const issued = this.#codes.get(code);
    if (issued) issued.used = true;
  }

  clear(): void {
    this.#codes.clear();
    this.#recent = [];
  }
}
