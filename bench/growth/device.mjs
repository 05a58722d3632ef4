// A PC or a phone with its own cookies.
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { URLSearchParams } from 'node:url';

const agent = new http.Agent({ keepAlive: true });
const ON_PC =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
const IN_WECHAT =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.54(0x1800363a) NetType/WIFI Language/zh_CN';

class Device {
  #userAgent;
  #cookies = new Map();

  constructor(userAgent) {
    this.#userAgent = userAgent;
  }

  /** Loads a page, or posts a form. */
  async open(url, form) {
    const response = await new Promise((resolve, reject) => {
      const headers = {
        'User-Agent': this.#userAgent,
        Accept: 'text/html,*/*;q=0.8',
        Cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form && { 'Content-Type': 'application/x-www-form-urlencoded' }),
      };
      http
        .request(url, { agent, headers, method: form ? 'POST' : 'GET' }, resolve)
        .on('error', reject)
        .end(form && String(new URLSearchParams(form)));
    });
    for (const cookie of response.headers['set-cookie'] ?? []) {
      const [name, value] = cookie.slice(0, cookie.indexOf(';')).split(/=(.*)/s);
      this.#cookies.set(name, value);
    }
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  }
}

export class PC extends Device {
  #statusURL;

  constructor() {
    super(ON_PC);
  }

  /** Opens the login route. Returns the address in the QR code. */
  async showCode(origin) {
    const { body } = await this.open(`${origin}/login`);
    this.#statusURL = origin + attribute(body, 'data-status');
    return attribute(body, 'data-link');
  }

  /** The status of the login, as the page asks for it. */
  async ask() {
    return JSON.parse((await this.open(this.#statusURL)).body).status;
  }
}

export class Phone extends Device {
  constructor() {
    super(IN_WECHAT);
  }

  /** Opens the scanned address, and confirms. Returns the address of WeChat's authorization page. */
  async confirm(url) {
    const { body } = await this.open(url);
    const [, token] = /name="token" value="([^"]+)"/.exec(body);
    return (await this.open(url, { token, action: 'confirm' })).headers.location;
  }
}

function attribute(html, name) {
  const [, value] = new RegExp(`${name}="([^"]+)"`).exec(html);
  return value.replaceAll('&amp;', '&');
}
