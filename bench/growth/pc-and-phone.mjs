// The two devices of a scan login.
import { Device, WECHAT_ON_IPHONE } from '../parts/device.mjs';

const ON_PC =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';

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
    super(WECHAT_ON_IPHONE);
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
