import type http from 'node:http';
import { CookieJar } from 'tough-cookie';
import type { Emulator } from '../../../lib/emulator';
import { agree, Browser, type BrowserResponse } from '../browser';
import { IPHONE_WECHAT } from './user-agents';

/** Headers that the proxy in front of the app sets, for the address that the browser requested. */
export type Proxy = (url: URL) => http.OutgoingHttpHeaders;

export interface PublicBrowserOptions {
  /** Where the app listens, for each request. */
  readonly app: () => string;
  /** Without a proxy, the app gets the Host header of the browser. */
  readonly proxy?: Proxy;
  /** Changes a Set-Cookie line on the way to the browser; `undefined` drops it. */
  readonly onSetCookie?: (line: string) => string | undefined;
  /** Whether a page of another site shows the app in a frame. */
  readonly isFramed?: boolean;
  /** Whether the browser sends cookies at all. */
  readonly acceptsCookies?: boolean;
}

/**
 * A browser that knows the app by its public address, and keeps and sends cookies as the standard says:
 * SameSite, Secure, prefixes, Domain and Path. It follows a login until it ends.
 */
export class PublicBrowser {
  readonly jar = new CookieJar(undefined, { prefixSecurity: 'strict', rejectPublicSuffixes: true });
  readonly #options: PublicBrowserOptions;

  constructor(options: PublicBrowserOptions) {
    this.#options = options;
  }

  /** @param isCrossSite whether another site led the browser here */
  async get(address: string, isCrossSite = false): Promise<BrowserResponse> {
    const { app, proxy, isFramed = false, acceptsCookies = true } = this.#options;
    const url = new URL(address);
    // In a frame of another site, and in a frame that another site has navigated, cookies are third-party.
    const sameSiteContext = isFramed ? 'none' : isCrossSite ? 'lax' : 'strict';
    const cookie = acceptsCookies ? await this.jar.getCookieString(address, { sameSiteContext }) : '';
    const response = await new Browser(app(), IPHONE_WECHAT).get(url.pathname + url.search, {
      cookie,
      headers: {
        Host: url.host,
        'Sec-Fetch-Mode': 'navigate',
        'Sec-Fetch-Dest': isFramed ? 'iframe' : 'document',
        'Sec-Fetch-Site': isCrossSite ? 'cross-site' : 'none',
        ...proxy?.(url),
      },
    });
    for (const line of response.headers['set-cookie'] ?? []) await this.#keep(line, url, sameSiteContext);
    return response;
  }

  async #keep(line: string, url: URL, sameSiteContext: 'none' | 'lax' | 'strict'): Promise<void> {
    const { onSetCookie } = this.#options;
    const received = onSetCookie ? onSetCookie(line) : line;
    if (received === undefined || isInsecureNone(received)) return;
    await this.jar.setCookie(received, url.href, { sameSiteContext, ignoreError: true });
  }

  /**
   * Opens the address, agrees at WeChat, and follows the callback and its restart: returns the response that
   * ends the login.
   *
   * @param beforeCallback called each time before the browser opens the callback
   */
  async logIn(
    emulator: Emulator,
    address: string,
    beforeCallback: () => unknown = () => undefined,
  ): Promise<BrowserResponse> {
    let response = await this.get(address);
    while (response.location.startsWith(emulator.url)) {
      const callbackURL = await agree(emulator, response.location);
      await beforeCallback();
      response = await this.get(callbackURL, true);
    }
    return response;
  }
}

/** Browsers drop a SameSite=None cookie without Secure; tough-cookie keeps it. */
function isInsecureNone(line: string): boolean {
  return /;\s*samesite=none/i.test(line) && !/;\s*secure/i.test(line);
}
