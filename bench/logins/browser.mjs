// A browser that logs in, and measures the callback.
import { Device, WECHAT_ON_IPHONE } from '../parts/device.mjs';

export class Browser extends Device {
  constructor() {
    super(WECHAT_ON_IPHONE);
  }

  /** Logs in from the login route to the callback. Returns how long the callback took, in ms. */
  async logIn({ origin, login, who, authorize, check }) {
    const redirect = await this.open(origin + login);
    const { callback, openid } = await authorize(redirect.headers.location);
    const started = performance.now();
    const response = await this.open(callback);
    const took = performance.now() - started;
    if (response.status !== 302)
      throw new Error(`The callback responded ${response.status}: ${response.body.slice(0, 300)}`);
    if (check) {
      const user = who
        ? JSON.parse((await this.open(origin + who)).body).openid
        : response.headers['x-openid'];
      if (user !== openid) throw new Error(`Logged in as ${user} instead of ${openid}.`);
    }
    return took;
  }
}
