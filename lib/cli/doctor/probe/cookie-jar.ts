/** Keeps and sends cookies as browsers do, and says why a browser would drop one. */
import {
  domainMatches,
  isTrustworthy,
  parseSetCookie,
  pathMatches,
  refusalOf,
  type Cookie,
  type CookieRefusal,
} from '../../../middleware/http/browser-cookies';

export interface ReceivedCookie {
  readonly cookie: Cookie;
  /** Why a browser would drop it; undefined for one that it keeps. */
  readonly refusal: CookieRefusal | undefined;
  /** In ms, from the response on. */
  readonly lifetime: number;
}

export class CookieJar {
  /**
   * Keyed by name, domain, host-only flag and path, by which browsers distinguish cookies (RFC 6265bis,
   * Storage Model).
   */
  readonly #cookies = new Map<string, { readonly cookie: Cookie; readonly host: string }>();

  /** Reads the Set-Cookie lines of a response from this address, and keeps what a browser would keep. */
  take(lines: readonly string[], url: URL): ReceivedCookie[] {
    return lines.map((line) => {
      const cookie = parseSetCookie(line, url);
      const refusal = refusalOf(cookie, url);
      const host = url.hostname;
      const isHostOnly = cookie.domain === undefined;
      const key = JSON.stringify([cookie.name, cookie.domain ?? host, isHostOnly, cookie.path]);
      if (!refusal) this.#cookies.set(key, { cookie, host });
      else if (refusal === 'expired') this.#cookies.delete(key);
      return { cookie, refusal, lifetime: (cookie.expires ?? Infinity) - Date.now() };
    });
  }

  /**
   * The Cookie header of a request to this address. If the request comes from another site, browsers do not
   * send SameSite=Strict cookies.
   */
  header(url: URL, isFromOtherSite: boolean): string {
    return [...this.#cookies.values()]
      .filter(({ cookie: { domain }, host }) =>
        domain === undefined ? host === url.hostname : domainMatches(domain, url.hostname),
      )
      .map(({ cookie }) => cookie)
      .filter(({ path }) => pathMatches(url.pathname, path))
      .filter(({ secure }) => !secure || isTrustworthy(url))
      .filter(({ sameSite }) => !isFromOtherSite || sameSite !== 'strict')
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }
}
