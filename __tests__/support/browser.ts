import http from 'node:http';
import https from 'node:https';
import { CookieJar } from 'tough-cookie';
import type { Emulator } from '../../lib/emulator';
import { DESKTOP_CHROME, IPHONE_WECHAT } from './browsers/user-agents';

/** The Cookie header of a browser that keeps only the cookies of this response. */
export function cookiesOf(headers: http.IncomingHttpHeaders): string {
  return (headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ');
}

export interface BrowserResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** The Location header as received; '' if there is none. */
  readonly location: string;
  /** The address of the request, without an empty fragment. */
  readonly url: string;
  json(): unknown;
}

interface RequestOptions {
  readonly method?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string;
  /** Sent instead of the jar's cookies; '' sends no cookies. */
  readonly cookie?: string;
  /** Whether the jar stores the cookies of the response. */
  readonly keepCookies?: boolean;
  /** Used for this request instead of the browser's agent. */
  readonly agent?: http.Agent;
}

const PAGE = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const MAX_REDIRECTS = 10;

/** A browser with a cookie jar: it follows a redirect only when told to. */
export class Browser {
  readonly #base: string;
  readonly #userAgent: string;
  /** Keeps connections for further requests. @default a connection of its own for each request */
  agent: http.Agent | false = false;
  jar: CookieJar;
  /** The addresses of all requests, in order, without their queries. */
  readonly history: string[] = [];

  constructor(base: string, userAgent: string, jar = new CookieJar()) {
    this.#base = base;
    this.#userAgent = userAgent;
    this.jar = jar;
  }

  static inWechat(base: string): Browser {
    return new Browser(base, IPHONE_WECHAT);
  }

  static onDesktop(base: string): Browser {
    return new Browser(base, DESKTOP_CHROME);
  }

  /** A browser that shares these cookies, and sends another User-Agent. */
  as(userAgent: string): Browser {
    const browser = new Browser(this.#base, userAgent, this.jar);
    browser.agent = this.agent;
    return browser;
  }

  /** The Cookie header that the browser would send to this path now. */
  cookies(path = '/'): string {
    return this.jar.getCookieStringSync(new URL(path, this.#base).href);
  }

  async get(path: string, options: RequestOptions = {}): Promise<BrowserResponse> {
    return this.request(path, options);
  }

  async request(
    path: string,
    { method = 'GET', headers = {}, body, cookie, keepCookies = true, agent }: RequestOptions = {},
  ): Promise<BrowserResponse> {
    const url = new URL(path, this.#base);
    this.history.push(url.origin + url.pathname);
    const cookies = cookie ?? this.jar.getCookieStringSync(url.href);
    const all = {
      'User-Agent': this.#userAgent,
      Accept: PAGE,
      'Accept-Language': 'zh-CN,zh;q=0.9',
      ...(cookies && { Cookie: cookies }),
      ...headers,
    };
    const response = await send(url, { method, headers: all, agent: agent ?? this.agent }, body);
    if (keepCookies)
      for (const set of response.headers['set-cookie'] ?? [])
        this.jar.setCookieSync(set, url.href, { ignoreError: true });
    return response;
  }

  /**
   * Follows redirects within the app. Returns the first response that is not a redirect, or that redirects
   * to another origin.
   */
  async follow(path: string, options: RequestOptions = {}): Promise<BrowserResponse> {
    const { origin } = new URL(this.#base);
    return this.#follow(await this.request(path, options), (url) => url.origin === origin, options);
  }

  /** Follows redirects to any origin. Returns the first response that is not a redirect. */
  async followEverywhere(path: string): Promise<BrowserResponse> {
    return this.#follow(await this.request(path), () => true);
  }

  async #follow(
    first: BrowserResponse,
    mayFollow: (url: URL) => boolean,
    options: RequestOptions = {},
  ): Promise<BrowserResponse> {
    let response = first;
    for (let redirects = 0; redirects < MAX_REDIRECTS && response.location; redirects++) {
      const next = new URL(response.location, response.url);
      if (!mayFollow(next)) break;
      response = await this.request(next.href, options);
    }
    return response;
  }

  /**
   * Presses 允许 or 拒绝 on WeChat's page. Returns the redirect to the callback, or WeChat's next page if it
   * does not redirect.
   */
  async press(page: BrowserResponse, reply: 'allow' | 'deny', person = 'ming'): Promise<BrowserResponse> {
    expect(page.body).toContain(`name="reply" value="${reply}"`);
    return this.request(page.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ reply, person }).toString(),
    });
  }

  /** A whole login: opens a page, agrees at WeChat as this user, and follows the callback to its end. */
  async logIn(emulator: Emulator, path: string, user?: string): Promise<BrowserResponse> {
    const redirect = await this.follow(path);
    return this.follow(await agree(emulator, redirect.location, user));
  }
}

/**
 * Agrees at WeChat's page as this user: returns the callback's address, which the browser has not opened yet.
 */
export async function agree(emulator: Emulator, address: string, user?: string): Promise<string> {
  const callback = await emulator.authorize(address, user === undefined ? {} : { user });
  if (callback === undefined) throw new Error('WeChat did not redirect to the callback');
  return callback;
}

function send(url: URL, options: http.RequestOptions, body: string | undefined): Promise<BrowserResponse> {
  const client = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const request = client.request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          location: response.headers.location ?? '',
          url: url.href.replace(/#$/, ''),
          json: () => JSON.parse(text) as unknown,
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
