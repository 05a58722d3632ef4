// The apps of the guides on many accounts and on third-party platforms.
import { PRESET_APPS } from '../../lib/emulator/world/apps/apps';
import { agree, Browser } from '../support/browser';
import { emulator, useEmulator } from '../support/emulator';
import { codeOf, run, type RunningGuide } from './guide';

const { official, unbound } = PRESET_APPS;
const PLATFORM = 'wx0c0c0c0c0c0c0c0c';
useEmulator({ apps: [official, unbound].map((app) => ({ ...app, components: [PLATFORM] })) });

const ACCOUNTS = new Map(
  Object.entries({ a: official, b: unbound }).map(([name, { appId, appSecret }]) => [
    name,
    { appId, appSecret },
  ]),
);

let guide: RunningGuide | undefined;
beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await guide?.close();
});

async function start(page: string, file: string, given: Record<string, unknown>): Promise<string> {
  guide = await run(codeOf(page, file), {
    given,
    env: { SESSION_KEY: 'test key', WECHAT_OPEN_URL: emulator.url, WECHAT_API_URL: emulator.url },
    replace: codeOf(page, file).includes('https://h5') ? [["baseURL: 'https://h5.example.com',", '']] : [],
  });
  return guide.url;
}

/** Logs in at a path of a host, and returns the page. */
async function logIn(url: string, path: string, host: string): Promise<unknown> {
  const browser = Browser.inWechat(url);
  const headers = { Host: host };
  let response = await browser.get(path, { headers });
  while (response.location.startsWith('/')) response = await browser.get(response.location, { headers });
  const { pathname, search } = new URL(await agree(emulator, response.location));
  const end = await browser.get(pathname + search, { headers });
  return (await browser.get(end.location, { headers })).json();
}

describe('the guide on many accounts', () => {
  it('logs users in by host', async () => {
    const shops = { byHost: (host: string) => Promise.resolve(ACCOUNTS.get(host.split('.')[0] ?? '')) };
    const url = await start('accounts/many-accounts', 'by-host.ts', { shops });
    expect(await logIn(url, '/me', 'a.example.com')).toMatchObject({ nickname: '小明' });
    expect(await logIn(url, '/me', 'b.example.com')).toMatchObject({ nickname: '小明' });
    expect((await Browser.inWechat(url).get('/me', { headers: { Host: 'c.example.com' } })).status).toBe(500);
  });

  it('logs users in by path', async () => {
    const url = await start('accounts/many-accounts', 'by-path.ts', { shops: ACCOUNTS });
    expect(await logIn(url, '/a/me', 'example.com')).toMatchObject({ nickname: '小明' });
    expect(await logIn(url, '/b/me', 'example.com')).toMatchObject({ nickname: '小明' });
  });
});

describe('the guide on third-party platforms', () => {
  it('logs users in through the platform', async () => {
    const platform = { accessToken: () => Promise.resolve('a token of the platform') };
    const url = await start('accounts/third-party-platforms', 'one-account.ts', { platform });
    expect(await logIn(url, '/me', 'h5.example.com')).toMatchObject({ nickname: '小明' });
    expect(emulator.requests.map(({ path }) => path)).toContain('/sns/oauth2/component/access_token');
  });
});
