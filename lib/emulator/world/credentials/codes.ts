import { BoundedMap } from '../bounded-map';
import { MINUTE_MS, type EmulatorClock } from '../clock';
import type { Grant } from './grants';
import { randomCode } from '../random';

interface IssuedCode {
  readonly grant: Grant;
  readonly expiresAt: number;
  used: boolean;
}

/** The grant of a code, or why the code cannot be redeemed. */
export type Redemption = { readonly grant: Grant } | 'unknown' | 'expired' | 'used';

/**
 * Authorization codes. A code is single use and lives 5 minutes, or 10 if it comes from the QR code login. A
 * user may have several valid codes.
 */
export class CodeBook {
  readonly #codes = new BoundedMap<IssuedCode>(10_000);

  constructor(readonly clock: EmulatorClock) {}

  issue(grant: Grant): string {
    const code = randomCode();
    const lifetime = (grant.app.type === 'website' ? 10 : 5) * MINUTE_MS;
    this.#codes.set(code, { grant, expiresAt: this.clock.now() + lifetime, used: false });
    return code;
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
    return { grant: issued.grant };
  }

  /** Spends a code without redeeming it: later attempts get `used`. */
  burn(code: string): void {
    const issued = this.#codes.get(code);
    if (issued) issued.used = true;
  }
}
