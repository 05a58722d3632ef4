// A browser that takes as little CPU as possible, because it runs beside the apps that are measured. It keeps
// cookies and connections, and measures the callback. The tests' browser (__tests__/support/browser.ts) is
// TypeScript and opens a connection for each request.
import http from 'node:http';

const agent = new http.Agent({ keepAlive: true });
const WECHAT_ON_IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.54(0x1800363a) NetType/WIFI Language/zh_CN';

export class Browser {
  #cookies = new Map();

  get cookie() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  get(url) {
    return new Promise((resolve, reject) => {
      const headers = { 'User-Agent': WECHAT_ON_IPHONE, Accept: 'text/html,*/*;q=0.8' };
      if (this.#cookies.size > 0) headers.Cookie = this.cookie;
      const request = http.get(url, { agent, headers }, (response) => {
        for (const cookie of response.headers['set-cookie'] ?? []) {
          const [name, value] = cookie.slice(0, cookie.indexOf(';')).split(/=(.*)/s);
          this.#cookies.set(name, value);
        }
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
        response.on('error', reject);
      });
      request.on('error', reject);
    });
  }

  /** Logs in from the login route to the callback. Returns how long the callback took, in ms. */
  async logIn({ origin, login, who, authorize, check }) {
    const redirect = await this.get(origin + login);
    const { callback, openid } = await authorize(redirect.headers.location);
    const started = performance.now();
    const response = await this.get(callback);
    const took = performance.now() - started;
    if (response.status !== 302)
      throw new Error(`The callback responded ${response.status}: ${response.body.slice(0, 300)}`);
    if (check) {
      const user = who
        ? JSON.parse((await this.get(origin + who)).body).openid
        : response.headers['x-openid'];
      if (user !== openid) throw new Error(`Logged in as ${user} instead of ${openid}.`);
    }
    return took;
  }
}
