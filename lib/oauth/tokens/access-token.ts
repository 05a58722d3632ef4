import { inspect } from 'node:util';
import type { TokenData } from '../../stores/token-store';

/** A token counts as expired 10 s early, so that it is still valid when a request with it reaches WeChat. */
const EARLY_MS = 10_000;

/** A token: WeChat's response in `data`, and when it was requested. */
export class AccessToken {
  /** WeChat's response. The tokens in it are secrets. */
  readonly data: TokenData;

  constructor(data: TokenData) {
    this.data = data;
  }

  /** When the token was requested, in ms since 1970. */
  get create_at(): number {
    return this.data.create_at;
  }

  /** Whether WeChat should still accept the access token. It is false from 10 s before the token expires. */
  isValid(): boolean {
    const { access_token, expires_in } = this.data;
    return Boolean(access_token) && Date.now() < createdAt(this) + asNumber(expires_in) * 1000 - EARLY_MS;
  }

  /**
   * Keeps the tokens out of logs; `data` has them.
   *
   * @internal
   */
  [inspect.custom](): string {
    const { openid, scope = '' } = this.data;
    return `AccessToken { openid: '${openid}', scope: '${scope}', valid: ${String(this.isValid())} }`;
  }
}

/** The app's own store may return numbers as strings. */
function asNumber(value: unknown): number {
  return Number(value);
}

/** When a token was requested, in ms since 1970. */
export function createdAt(token: AccessToken): number {
  return asNumber(token.data.create_at);
}

/** When the user logged in, from which WeChat counts the life of the refresh token, in ms since 1970. */
export function loggedInAt(token: AccessToken): number {
  const created = createdAt(token);
  return Math.min(asNumber(token.data.login_at) || created, created);
}
