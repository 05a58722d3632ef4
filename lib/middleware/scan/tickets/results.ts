/** Logins that the phone has finished, until the PC collects them: each once, and within a minute. */
import crypto from 'node:crypto';
import type { WechatUser } from '../../../oauth/user';
import type { SharedCache } from '../../../stores/shared-cache';
import type { TokenData } from '../../../stores/token-store';
import type { TicketRecords } from './ticket-records';
import type { PhoneRequest } from './phone-request';

/** What the phone hands over. The user agreed to it by a tap, and WeChat said who the user is. */
export interface ScanResult {
  readonly user: WechatUser;
  readonly token: TokenData;
  readonly openid: string;
  readonly unionid?: string;
  /** What WeChat granted, separated by commas. */
  readonly scope: string;
  readonly phone: PhoneRequest;
}

interface StoredResult extends ScanResult {
  /** Four digits, with `confirm: 'pin'`. */
  readonly pin?: string;
  /** How many wrong PINs the PC has sent. */
  readonly wrongPins: number;
  /** In ms since 1970. */
  readonly until: number;
}

const LIFETIME_MS = 60_000;
const MAX_WRONG_PINS = 3;
/**
 * The memory of one process has room for this many results beside all ticket records. When it is full, a
 * further result is refused: a flood must not displace a login.
 */
export const MAX_RESULTS = 5_000;

export class Results {
  readonly #cache: SharedCache;
  readonly #records: TicketRecords;
  readonly #hasPin: boolean;

  constructor(cache: SharedCache, records: TicketRecords, hasPin: boolean) {
    this.#cache = cache;
    this.#records = records;
    this.#hasPin = hasPin;
  }

  /** A further result for a ticket has the PIN of the first, and its count of wrong ones. */
  async keep(name: string, result: ScanResult): Promise<void> {
    await this.#cache.lock(resultKey(name), async () => {
      const { pin = newPin(), wrongPins = 0 } = (await this.#read(name)) ?? {};
      const withPin = this.#hasPin ? { pin } : {};
      await this.#write(name, { ...result, ...withPin, wrongPins, until: Date.now() + LIFETIME_MS });
    });
  }

  async isKept(name: string): Promise<boolean> {
    return (await this.#read(name)) !== undefined;
  }

  /** The PIN for the page of the phone, until the PC has collected the login. */
  async pinOf(name: string): Promise<string | undefined> {
    return (await this.#read(name))?.pin;
  }

  /**
   * Takes a result out, once: the ticket is first marked as collected, so that not even a copy of the
   * session can collect it a second time. The third wrong PIN ends the ticket.
   */
  async collect(name: string, pin: string | undefined): Promise<ScanResult | 'none' | 'wrong pin'> {
    return this.#cache.lock(resultKey(name), async () => {
      const result = await this.#read(name);
      if (!result || (await this.#records.read(name))?.end !== undefined) return 'none';
      // Where a PIN is needed, a result without one comes from an app that needs none.
      const isRight = result.pin === undefined ? !this.#hasPin : result.pin === pin;
      if (isRight) {
        await this.#records.end(name, 'collected');
        await this.drop(name);
        return result;
      }
      if (pin === undefined) return 'none';
      const wrongPins = result.wrongPins + 1;
      if (wrongPins < MAX_WRONG_PINS) await this.#write(name, { ...result, wrongPins });
      else {
        await this.#records.end(name, 'over');
        await this.drop(name);
      }
      return 'wrong pin';
    });
  }

  async drop(name: string): Promise<void> {
    await this.#cache.deleteCache(resultKey(name));
  }

  async #read(name: string): Promise<StoredResult | undefined> {
    const result = (await this.#cache.readCache(resultKey(name))) as StoredResult | undefined;
    return result && result.until > Date.now() ? result : undefined;
  }

  async #write(name: string, result: StoredResult): Promise<void> {
    await this.#cache.writeCache(resultKey(name), result, result.until - Date.now());
  }
}

function newPin(): string {
  return String(crypto.randomInt(10_000)).padStart(4, '0');
}

function resultKey(name: string): string {
  return `scan-result:${name}`;
}
