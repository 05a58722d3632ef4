// A minimal browser of WeChat on a phone: cookies, redirects over http and https, and the buttons of a WeChat page.
import http from 'node:http';
import https from 'node:https';
import { CookieJar } from 'tough-cookie';
import { IPHONE_WECHAT } from '../../support/user-agents';

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

interface Sent {
  readonly method?: string;
  readonly body?: string;
}

export class PhoneBrowser {
  readonly #jar = new CookieJar();
  /** Every address that was requested, without queries. */
  readonly trail: string[] = [];

  /** Requests an address and follows redirects to the first page. */
  async open(address: string, sent: Sent = {}): Promise<Page> {
    const { protocol, host, pathname } = new URL(address);
    this.trail.push(`${protocol}//${host}${pathname}`);
    const response = await this.#send(address, sent);
    for (const cookie of response.headers['set-cookie'] ?? []) this.#jar.setCookieSync(cookie, address);
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
    const { location } = response.headers;
    if (location !== undefined) return this.open(new URL(location, address).href);
    return { url: address, status: response.statusCode ?? 0, text };
  }

  /** Presses a button of the form that a page shows. */
  async press(page: Page, reply: 'allow' | 'deny', person = 'ming'): Promise<Page> {
    expect(page.text).toContain(`name="reply" value="${reply}"`);
    return this.open(page.url, { method: 'POST', body: new URLSearchParams({ reply, person }).toString() });
  }

  #send(address: string, { method = 'GET', body }: Sent): Promise<http.IncomingMessage> {
    const { protocol, hostname } = new URL(address);
    const headers = {
      'User-Agent': IPHONE_WECHAT,
      Host: new URL(address).host,
      Cookie: this.#jar.getCookieStringSync(address),
      ...(body !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }),
    };
    const options = { method, headers, hostname };
    return new Promise((resolve, reject) => {
      const { request } = protocol === 'https:' ? https : http;
      request(address, options, resolve).on('error', reject).end(body);
    });
  }
}
