// Whole logins of two apps through one relay: WeChat knows only the host of the relay.
import { agree, Browser } from '../support/browser';
import { emulator, useEmulator } from '../support/emulator';
import { HOSTS, type Running } from '../support/hosts';
import { exchangedCodes, paramIn } from '../support/login';
import { PRESET_APPS } from '../../lib/emulator/world/apps/apps';
import { follow, startAppBehind, startRelay, type Hosts } from './relay-site';

const AUTH = 'https://auth.example.com';
/** The addresses of the apps: one with a port, and one over plain http on the default port. */
const APPS = ['http://localhost:3000', 'http://staging.example.com'] as const;

const { official, website } = PRESET_APPS;
useEmulator({
  apps: [official, website].map((app) => ({ ...app, domains: ['auth.example.com'] })),
});

const CASES = HOSTS.flatMap((host) =>
  ['', '/wechat'].flatMap((relayMount) => ['', '/shop'].map((mount) => ({ host, relayMount, mount }))),
);

describe.each(CASES)(
  'a login through a relay at "$relayMount", of an app at "$mount", on $host',
  ({ host, relayMount, mount }) => {
    const running: Running[] = [];
    let hosts: Hosts;
    beforeAll(async () => {
      const callbackOfFirst = `${APPS[0]}${mount}/callback`;
      const relay = await startRelay(host, relayMount, { to: [callbackOfFirst, APPS[1]] });
      const apps = await Promise.all(
        APPS.map((baseURL) => startAppBehind(emulator, host, { mount, baseURL, relay: AUTH + relayMount })),
      );
      running.push(relay, ...apps);
      hosts = Object.fromEntries([AUTH, ...APPS].map((origin, at) => [origin, running[at]?.url ?? '']));
    });
    afterAll(() => Promise.all(running.splice(0).map((each) => each.close())));

    const redirectURIOf = (app: string): string =>
      `${AUTH}${relayMount}/callback?to=${encodeURIComponent(`${app}${mount}/callback`)}`;

    /** From WeChat back to the page of the app. */
    async function openCallback(browser: Browser, app: string, callback: string): Promise<void> {
      const before = exchangedCodes(emulator).length;
      const { visited, response } = await follow(hosts, browser, callback);
      const ended = visited
        .map((address) => new URL(address))
        .map(({ origin, pathname }) => origin + pathname);
      expect(ended).toEqual([
        `${AUTH}${relayMount}/callback`,
        `${app}${mount}/callback`,
        `${app}${mount}/me`,
      ]);
      expect(response.json()).toMatchObject({ nickname: '小明' });
      expect(exchangedCodes(emulator).slice(before)).toEqual([paramIn(callback, 'code')]);
    }

    it.each(APPS)('logs in a user of %s inside WeChat', async (app) => {
      const browser = Browser.inWechat(app);
      const { response } = await follow(hosts, browser, `${app}${mount}/me`);
      expect(paramIn(response.location, 'redirect_uri')).toBe(redirectURIOf(app));
      await openCallback(browser, app, await agree(emulator, response.location));
    });

    it.each(APPS)('logs in a user of %s by QR code', async (app) => {
      const browser = Browser.onDesktop(app);
      const { response } = await follow(hosts, browser, `${app}${mount}/me`);
      expect(new URL(response.location).pathname).toBe('/connect/qrconnect');
      await openCallback(browser, app, await agree(emulator, response.location));
    });

    it.each(APPS)('logs in a user of %s by the QR code that wxLogin.js embeds', async (app) => {
      const browser = Browser.onDesktop(app);
      const { response } = await follow(hosts, browser, `${app}${mount}/qr`);
      const params = response.json() as Record<string, string>;
      expect(params['redirect_uri']).toBe(encodeURIComponent(redirectURIOf(app)));
      // wxLogin.js encodes nothing.
      const query = Object.entries(params).map(([name, value]) => `${name}=${value}`);
      const page = `${emulator.url}/connect/qrconnect?${query.join('&')}&response_type=code&login_type=jssdk`;
      await openCallback(browser, app, await agree(emulator, page));
    });

    it('sends a refusal on without a code', async () => {
      emulator.switches.denial = 'state-only';
      try {
        const browser = Browser.inWechat(APPS[0]);
        const { response } = await follow(hosts, browser, `${APPS[0]}${mount}/me`);
        const refused = await emulator.authorize(response.location, { allow: false });
        const end = await follow(hosts, browser, refused ?? '');
        expect(end.visited[1]).toMatch(/\/callback\?state=\w+$/);
        expect([end.response.status, end.response.body]).toEqual([
          403,
          expect.stringContaining('access_denied'),
        ]);
      } finally {
        emulator.switches.denial = 'silent';
      }
    });

    it('keeps the state with the browser that started the login', async () => {
      const { response } = await follow(hosts, Browser.inWechat(APPS[0]), `${APPS[0]}${mount}/me`);
      const callback = await agree(emulator, response.location);
      const before = exchangedCodes(emulator).length;
      const other = await follow(hosts, Browser.inWechat(APPS[0]), callback);
      expect(other.response.location).toContain(`${emulator.url}/connect/`);
      expect(exchangedCodes(emulator).length).toBe(before);
    });
  },
);

it('is necessary: without the relay, WeChat refuses the callback of both apps', async () => {
  for (const app of APPS) {
    const query = new URLSearchParams({
      appid: official.appId,
      redirect_uri: `${app}/callback`,
      response_type: 'code',
      scope: 'snsapi_base',
      state: 'a',
    });
    const address = `${emulator.url}/connect/oauth2/authorize?${query.toString()}#wechat_redirect`;
    await expect(emulator.authorize(address)).rejects.toMatchObject({ code: 10003 });
  }
});
