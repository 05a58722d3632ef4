/** A browser that visits an app for the first time. */
import type http from 'node:http';
import { CookieJar, type ReceivedCookie } from './cookie-jar';
import { probe, type ProbeLimits, type ProbeResponse } from './http-probe';
import { isPrivateHost } from '../../../middleware/options/private-host';
import { actsAsProxy, withoutSlash, type Site } from './site';

export interface ProbedPage extends ProbeResponse {
  /** The cookies of its Set-Cookie headers. */
  readonly cookies: readonly ReceivedCookie[];
  /** The address that was requested, as browsers see it. */
  readonly address: URL;
}

/** Sends the headers of a browser that opens a page: the app refuses logins that scripts start. */
export class ProbeBrowser {
  readonly #site: Site;
  readonly #userAgent: string;
  readonly #limits: ProbeLimits;
  readonly #jar = new CookieJar();

  constructor(site: Site, userAgent: string, limits: ProbeLimits) {
    this.#site = site;
    this.#userAgent = userAgent;
    this.#limits = limits;
  }

  /** @throws UnreachableError */
  async get(address: URL, { isFromOtherSite = false } = {}): Promise<ProbedPage> {
    const cookie = this.#jar.header(address, isFromOtherSite);
    const response = await probe(addressBehindProxy(this.#site, address), {
      ...this.#limits,
      isDirect: isPrivateHost(this.#site.url),
      headers: {
        'User-Agent': this.#userAgent,
        Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
        'Sec-Fetch-Mode': 'navigate',
        'Sec-Fetch-Dest': 'document',
        'Sec-Fetch-Site': isFromOtherSite ? 'cross-site' : 'none',
        'Accept-Language': 'zh-CN',
        ...(cookie && { Cookie: cookie }),
        ...forwardedHeaders(this.#site),
      },
    });
    return { ...response, address, cookies: this.#jar.take(response.headers['set-cookie'] ?? [], address) };
  }
}

function addressBehindProxy(site: Site, { pathname, search }: URL): URL {
  const stripped = withoutSlash(site.public.pathname);
  const isBelow = actsAsProxy(site) && pathname.startsWith(`${stripped}/`);
  const path = isBelow ? withoutSlash(site.url.pathname) + pathname.slice(stripped.length) : pathname;
  // Joined as text: relative to the origin, a path that begins with `//` would lead to another host.
  return new URL(site.url.origin + path + search);
}

function forwardedHeaders(site: Site): http.OutgoingHttpHeaders {
  if (!actsAsProxy(site)) return {};
  const { host, protocol } = site.public;
  return {
    Host: host,
    'X-Forwarded-Host': host,
    'X-Forwarded-Proto': protocol.slice(0, -1),
    'X-Forwarded-For': '127.0.0.1',
  };
}
