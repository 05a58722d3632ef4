import { inspect } from 'node:util';
import type { TokenData } from '../../stores/token-store';

/** A token counts as expired this much early: what is asked now must still be valid when it arrives. */
const EARLY_MS = 10_000;

/** A token as WeChat answered it, in `data`, with the time it was asked for. */
export class AccessToken {
  /** What WeChat answered. The tokens in it are secrets. */
  readonly data: TokenData;

  constructor(data: TokenData) {
    this.data = data;
  }

  /** When WeChat was asked, in ms since 1970. */
  get create_at(): number {
    return this.data.create_at;
  }

  /** Whether WeChat would still take the access token: false from 10 s before it expires. */
  isValid(): boolean {
    const { access_token, expires_in } = this.data;
    return Boolean(access_token) && Date.now() < askedAt(this) + asNumber(expires_in) * 1000 - EARLY_MS;
  }

  /**
   * Keeps the tokens out of logs; `data` has them.
   *
   * @internal
   */
  [inspect.custom](): string {
    return `AccessToken { openid: '${this.data.openid}', scope: '${this.data.scope ?? ''}', valid: ${String(this.isValid())} }`;
  }
}

/** A store of the app's own may bring numbers back as strings. */
function asNumber(value: unknown): number {
  return Number(value);
}

/** When WeChat was asked for a token, in ms since 1970. */
export function askedAt(token: AccessToken): number {
  return asNumber(token.data.create_at);
}
