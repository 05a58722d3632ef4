// The relay and the app of the guide: WeChat knows only the host of the relay.
import { PRESET_APPS } from '../../lib/emulator/world/apps/apps';
import { follow } from '../relay/relay-site';
import { agree, Browser } from '../support/browser';
import { emulator, useEmulator } from '../support/emulator';
import { codeOf, run, type RunningGuide } from './guide';

const AUTH = 'https://auth.example.com';
const APP = 'http://localhost:3000';

const { official, website } = PRESET_APPS;
useEmulator({ apps: [official, website].map((app) => ({ ...app, domains: ['auth.example.com'] })) });

let relay: RunningGuide;
beforeEach(async () => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  relay = await run(codeOf('one-callback-domain', 'relay.ts'));
});
afterEach(async () => {
  jest.restoreAllMocks();
  await relay.close();
});

describe('one callback domain, many apps', () => {
  it.each(['inWechat', 'onDesktop'] as const)('logs a user in on localhost: %s', async (where) => {
    const app = await run(codeOf('one-callback-domain', 'app.ts'), {
      env: {
        SESSION_KEY: 'test key',
        WECHAT_BASE_URL: APP,
        WECHAT_APP_ID: official.appId,
        WECHAT_APP_SECRET: official.appSecret,
        WECHAT_WEBSITE_APP_ID: website.appId,
        WECHAT_WEBSITE_APP_SECRET: website.appSecret,
        WECHAT_OPEN_URL: emulator.url,
        WECHAT_API_URL: emulator.url,
      },
    });
    try {
      const hosts = { [AUTH]: relay.url, [APP]: app.url };
      const browser = Browser[where](APP);
      const { response } = await follow(hosts, browser, `${APP}/me`);
      const { visited, response: page } = await follow(
        hosts,
        browser,
        await agree(emulator, response.location),
      );
      expect(visited.map((address) => address.replace(/=[^&]*/g, '=…'))).toEqual([
        `${AUTH}/wechat/callback?to=…&code=…&state=…`,
        `${APP}/callback?code=…&state=…`,
        // The last address of an official login has a fragment of its own, in place of #wechat_redirect.
        `${APP}/me${where === 'inWechat' ? '#' : ''}`,
      ]);
      expect(page.json()).toMatchObject({ nickname: '小明' });
    } finally {
      await app.close();
    }
  });

  it('runs beside the production app, which logs users in itself', async () => {
    const env = {
      SESSION_KEY: 'test key',
      WECHAT_APP_ID: official.appId,
      WECHAT_APP_SECRET: official.appSecret,
      WECHAT_OPEN_URL: emulator.url,
      WECHAT_API_URL: emulator.url,
    };
    const STAGING = 'https://staging.example.com';
    const production = await run(codeOf('one-callback-domain', 'production.ts'), { env });
    const staging = await run(codeOf('one-callback-domain', 'app.ts'), {
      env: { ...env, WECHAT_BASE_URL: STAGING },
    });
    try {
      const hosts = { [AUTH]: production.url, [STAGING]: staging.url };
      for (const site of [AUTH, STAGING]) {
        const browser = Browser.inWechat(site);
        const { response } = await follow(hosts, browser, `${site}/me`);
        const page = await follow(hosts, browser, await agree(emulator, response.location));
        expect(page.visited[0]?.replace(/\?.*/, '')).toBe(
          site === AUTH ? `${AUTH}/callback` : `${AUTH}/wechat/callback`,
        );
        expect(page.response.json()).toMatchObject({ nickname: '小明' });
      }
    } finally {
      await production.close();
      await staging.close();
    }
  });

  it('allows what its table says', async () => {
    const browser = Browser.inWechat(relay.url);
    const status = async (to: string): Promise<number> =>
      (await browser.get(`/wechat/callback?to=${encodeURIComponent(to)}&code=a&state=b`)).status;
    for (const to of [
      'https://staging.example.com/callback',
      'https://shop.example.net',
      'https://shop.example.net/a?b',
    ])
      expect([to, await status(to)]).toEqual([to, 302]);
    for (const to of [
      ...[
        'https://staging.example.com/Callback',
        'https://staging.example.com/callback/',
        'https://staging.example.com/',
      ],
      ...['https://staging.example.com/callback?x=1', 'https://a.example.com', 'http://shop.example.net'],
    ])
      expect([to, await status(to)]).toEqual([to, 400]);
  });

  it('serves an app in another language, which gets what WeChat sent', async () => {
    const redirectURI = `${AUTH}/wechat/callback?to=${encodeURIComponent('https://shop.example.net/php/back.php')}`;
    const query = new URLSearchParams({
      appid: official.appId,
      redirect_uri: redirectURI,
      response_type: 'code',
      scope: 'snsapi_base',
      state: 'a1b2',
    });
    const page = `${emulator.url}/connect/oauth2/authorize?${query.toString()}#wechat_redirect`;
    const callback = await agree(emulator, page);
    const { location } = await Browser.inWechat(relay.url).get(callback.replace(AUTH, ''));
    expect(location).toMatch(/^https:\/\/shop\.example\.net\/php\/back\.php\?code=\w+&state=a1b2$/);
  });
});
