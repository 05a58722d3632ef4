/** A running app: where it listens, how browsers call it, and a browser that visits it. */
import type http from 'node:http';
import { probe, type ProbeRequest, type ProbeResponse } from './http-probe';
import { isPrivateHost } from './private-hosts';
import { CookieJar, type ReceivedCookie } from './cookie-jar';

export interface Routes {
  readonly mount: string;
  readonly login: string;
  readonly callback: string;
}

export interface Site {
  /** Where it is asked. */
  readonly url: URL;
  /** What browsers have in their address line, and WeChat calls back to. */
  readonly public: URL;
  readonly routes: Routes;
}

/**
 * An app on an inner address is asked as a proxy before it would ask: in the name of the public address, without the path that the
 * proxy strips. Any other is asked as it is.
 */
export function siteOf(url: URL, baseURL: URL | undefined, routes: Routes): Site {
  const isBehind = baseURL !== undefined && isPrivateHost(url) && baseURL.origin !== url.origin;
  return { url, public: isBehind ? baseURL : url, routes };
}

export function playsProxy({ url, public: seen }: Site): boolean {
  return url.origin !== seen.origin;
}

/** The address of a path of the app, as browsers see it. */
export function publicURL({ public: seen }: Site, path: string): URL {
  return new URL(withoutSlash(seen.pathname) + path, seen.origin);
}

export function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

export interface ProbedPage extends ProbeResponse {
  /** The cookies it set. */
  readonly offered: readonly ReceivedCookie[];
  /** The address that was asked. */
  readonly from: URL;
}

/** A browser that comes for the first time. It asks for JSON, so that a failure names its kind. */
export class ProbeBrowser {
  readonly #site: Site;
  readonly #userAgent: string;
  readonly #question: ProbeRequest;
  readonly #jar = new CookieJar();

  constructor(site: Site, userAgent: string, question: ProbeRequest) {
    this.#site = site;
    this.#userAgent = userAgent;
    this.#question = question;
  }

  /** @throws Unreached */
  async get(address: URL, { isFromElsewhere = false } = {}): Promise<ProbedPage> {
    const cookie = this.#jar.header(address, isFromElsewhere);
    const reply = await probe(innerAddress(this.#site, address), {
      ...this.#question,
      isDirect: isPrivateHost(this.#site.url),
      headers: {
        'User-Agent': this.#userAgent,
        Accept: 'application/json',
        'Accept-Language': 'zh-CN',
        ...(cookie && { Cookie: cookie }),
        ...forwarded(this.#site),
      },
    });
    return { ...reply, from: address, offered: this.#jar.take(reply.headers['set-cookie'] ?? [], address) };
  }
}

function innerAddress(site: Site, { pathname, search }: URL): URL {
  const strip = withoutSlash(site.public.pathname);
  const isUnder = playsProxy(site) && pathname.startsWith(`${strip}/`);
  const path = isUnder ? withoutSlash(site.url.pathname) + pathname.slice(strip.length) : pathname;
  return new URL(path + search, site.url.origin);
}

function forwarded(site: Site): http.OutgoingHttpHeaders {
  if (!playsProxy(site)) return {};
  const { host, protocol } = site.public;
  return {
    Host: host,
    'X-Forwarded-Host': host,
    'X-Forwarded-Proto': protocol.slice(0, -1),
    'X-Forwarded-For': '127.0.0.1',
  };
}
