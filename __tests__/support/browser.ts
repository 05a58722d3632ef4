import http from 'node:http';
import { CookieJar } from 'tough-cookie';
import type { Emulator } from '../../lib/emulator';
import { DESKTOP_CHROME, IPHONE_WECHAT } from './user-agents';

export interface BrowserResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** The Location header, as it came. */
  readonly location: string;
  /** The address that was asked. */
  readonly url: string;
  json(): unknown;
}

interface RequestOptions {
  readonly method?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string;
  /** Instead of the jar's cookies; '' sends none. */
  readonly cookie?: string;
  /** Whether the jar takes what the answer sets. */
  readonly keepCookies?: boolean;
}

const PAGE = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

/** A browser with a cookie jar and no more: it follows a redirect only when told to. */
export class Browser {
  readonly #base: string;
  readonly #userAgent: string;
  jar: CookieJar;

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

  /** Another tab of the same browser, or the same cookies under another name. */
  as(userAgent: string): Browser {
    return new Browser(this.#base, userAgent, this.jar);
  }

  /** The Cookie header it would send now; for who wants to send it later. */
  cookies(path = '/'): string {
    return this.jar.getCookieStringSync(new URL(path, this.#base).href);
  }

  async get(path: string, options: RequestOptions = {}): Promise<BrowserResponse> {
    return this.request(path, options);
  }

  async request(
    path: string,
    { method = 'GET', headers = {}, body, cookie, keepCookies = true }: RequestOptions = {},
  ): Promise<BrowserResponse> {
    const url = new URL(path, this.#base);
    const cookies = cookie ?? this.jar.getCookieStringSync(url.href);
    const answer = await send(url, method, body, {
      'User-Agent': this.#userAgent,
      Accept: PAGE,
      'Accept-Language': 'zh-CN,zh;q=0.9',
      ...(cookies && { Cookie: cookies }),
      ...headers,
    });
    if (keepCookies)
      for (const set of answer.headers['set-cookie'] ?? [])
        this.jar.setCookieSync(set, url.href, { ignoreError: true });
    return answer;
  }

  /** Follows redirects within the app, up to the first answer that leaves it or is none. */
  async follow(path: string, options: RequestOptions = {}): Promise<BrowserResponse> {
    let answer = await this.request(path, options);
    for (
      let hop = 0;
      hop < 10 &&
      answer.location &&
      new URL(answer.location, answer.url).origin === new URL(this.#base).origin;
      hop++
    ) {
      answer = await this.request(new URL(answer.location, answer.url).href, options);
    }
    return answer;
  }

  /** Asks for a page, goes to WeChat where it is sent there, agrees as this person, and comes back: all the way to the end. */
  async logIn(emulator: Emulator, path: string, user?: string): Promise<BrowserResponse> {
    const sent = await this.follow(path);
    return this.follow(await agree(emulator, sent.location, user));
  }
}

/** What WeChat sends the browser back with, once the person has agreed. */
export async function agree(emulator: Emulator, address: string, user?: string): Promise<string> {
  const back = await emulator.authorize(address, user === undefined ? {} : { user });
  if (back === undefined) throw new Error('WeChat did not come back');
  return back;
}

function send(
  url: URL,
  method: string,
  body: string | undefined,
  headers: http.OutgoingHttpHeaders,
): Promise<BrowserResponse> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false }, (response) => {
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
          url: url.href,
          json: () => JSON.parse(text) as unknown,
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
