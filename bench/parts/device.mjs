// A device with its own cookies, on shared kept-alive connections. It takes as little CPU as possible, because
// it runs beside the apps that are measured. The tests' browser (__tests__/support/browser.ts) is TypeScript
// and opens a connection for each request.
import http from 'node:http';
import { URLSearchParams } from 'node:url';

const agent = new http.Agent({ keepAlive: true });

export const WECHAT_ON_IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.54(0x1800363a) NetType/WIFI Language/zh_CN';

export class Device {
  #userAgent;
  #cookies = new Map();

  constructor(userAgent) {
    this.#userAgent = userAgent;
  }

  get cookie() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Loads a page, or posts a form. */
  open(url, form) {
    return new Promise((resolve, reject) => {
      const headers = { 'User-Agent': this.#userAgent, Accept: 'text/html,*/*;q=0.8' };
      if (this.#cookies.size > 0) headers.Cookie = this.cookie;
      if (form) headers['Content-Type'] = 'application/x-www-form-urlencoded';
      const request = http.request(url, { agent, headers, method: form ? 'POST' : 'GET' }, (response) => {
        for (const cookie of response.headers['set-cookie'] ?? []) this.#keep(cookie);
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
        response.on('error', reject);
      });
      request.on('error', reject);
      request.end(form && String(new URLSearchParams(form)));
    });
  }

  #keep(cookie) {
    const [name, value] = cookie.slice(0, cookie.indexOf(';')).split(/=(.*)/s);
    this.#cookies.set(name, value);
  }
}
