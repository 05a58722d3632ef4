/** A relay, apps behind it on other hosts, and browsers that find all of them by their public addresses. */
import { wechatRelay, type WechatRelayOptions } from '../../lib';
import type { Emulator } from '../../lib/emulator';
import { sendJSON, startApp, type TestRequest } from '../support/app';
import { type Browser, type BrowserResponse } from '../support/browser';
import { createHost, listen, type HostName, type Running } from '../support/hosts';

/** Starts `wechatRelay()` on this framework; every other request gets `not the relay`. */
export async function startRelay(
  host: HostName,
  mount: string,
  options: WechatRelayOptions,
): Promise<Running> {
  const app = createHost(host);
  if (mount === '') app.use(wechatRelay(options));
  else app.use(mount, wechatRelay(options));
  app.use((_req, res) => res.end('not the relay'));
  return listen(app);
}

/** Starts an app that logs in through a relay; `/qr` gives the parameters for `wxLogin.js`. */
export function startAppBehind(
  emulator: Emulator,
  host: HostName,
  { mount, baseURL, relay }: { readonly mount: string; readonly baseURL: string; readonly relay: string },
): Promise<Running> {
  return startApp(emulator, {
    host,
    mount,
    auth: { baseURL, relay },
    routes: (app) => {
      app.use(`${mount}/qr`, (req, res) => {
        void (req as TestRequest).wechat.loginParams({ returnTo: `${mount}/me` }).then((params) => {
          sendJSON(res, params);
        });
      });
    },
  });
}

/** Public origin → where its server listens. It stands in for DNS and proxies. */
export type Hosts = Readonly<Record<string, string>>;

export async function open(hosts: Hosts, browser: Browser, address: string): Promise<BrowserResponse> {
  const { origin, host, pathname, search } = new URL(address);
  const server = hosts[origin];
  if (server === undefined) throw new Error(`nobody listens at ${origin}`);
  return browser.get(server + pathname + search, { headers: { Host: host } });
}

/** Follows redirects among these hosts; returns the addresses on the way, and the last response. */
export async function follow(
  hosts: Hosts,
  browser: Browser,
  start: string,
): Promise<{ readonly visited: readonly string[]; readonly response: BrowserResponse }> {
  const visited: string[] = [];
  let next = start;
  for (;;) {
    visited.push(next);
    const response = await open(hosts, browser, next);
    if (response.location === '' || visited.length > 10) return { visited, response };
    next = new URL(response.location, next).href;
    if (!(new URL(next).origin in hosts)) return { visited, response };
  }
}
