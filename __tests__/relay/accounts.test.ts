// One relay for an app that chooses the account of each request (option `account`): WeChat knows only the host of
// the relay, for the accounts of all shops.
import { createEmulator, type Emulator } from '../../lib/emulator';
import {
  accountOf,
  credentialsOf,
  OFFICIAL,
  SHOPS,
  shopOfHost,
  startShops,
  WEBSITE,
  type ChooseAccount,
  type ShopName,
  type Who,
} from '../middleware/accounts/shops';
import { agree, Browser, type BrowserResponse } from '../support/browser';
import { codeOn, scanOptions, tap } from '../support/browsers/scan-login';
import { HOSTS, type HostName, type Running } from '../support/hosts';
import { paramIn, redirectsToWechat, stateIn, withParams } from '../support/login';
import { useWarnings } from '../support/warnings';
import { follow, open, startRelay, type Hosts } from './relay-site';

const AUTH = 'https://auth.example.com';
const RELAY = `${AUTH}/wechat`;
/** A host that the relay allows, but no shop has. */
const NO_SHOP = 'http://unknown.example.com';
const SHARED = 'https://shops.example.net';

const warnings = useWarnings();
let emulator: Emulator;
beforeAll(async () => {
  const apps = [...Object.values(OFFICIAL), ...Object.values(WEBSITE)];
  emulator = await createEmulator({ apps: apps.map((app) => ({ ...app, domains: ['auth.example.com'] })) });
});
afterAll(() => emulator.close());
const running: Running[] = [];
afterEach(() => Promise.all(running.splice(0).map((each) => each.close())));

const originOf = (shop: string): string => `http://${shop}.example.com`;
const byHost: ChooseAccount = (req) => accountOf(shopOfHost(req));

/** Starts the relay, and the shops behind it, each at a host of its own. */
async function start(
  host: HostName = 'Express 5',
  { to = [...SHOPS.map((shop) => `${originOf(shop)}/callback`), NO_SHOP], account = byHost, auth = {} } = {},
): Promise<Hosts> {
  const relay = await startRelay(host, '/wechat', { to });
  const shops = await startShops(emulator, account, { host, auth: { relay: RELAY, ...auth } });
  running.push(relay, shops);
  const origins = [...SHOPS.map(originOf), NO_SHOP];
  return { [AUTH]: relay.url, ...Object.fromEntries(origins.map((origin) => [origin, shops.url])) };
}

/** Starts a login at a shop, agrees at WeChat, and returns the callback: an address of the relay. */
async function callbackOf(hosts: Hosts, browser: Browser, shop: ShopName): Promise<string> {
  const { response } = await follow(hosts, browser, `${originOf(shop)}/me`);
  return agree(emulator, response.location);
}

async function whoAt(hosts: Hosts, browser: Browser, shop: ShopName): Promise<Who> {
  return (await open(hosts, browser, `${originOf(shop)}/who`)).json() as Who;
}

const pathsOf = (visited: readonly string[]): string[] =>
  visited.map((address) => new URL(address)).map(({ origin, pathname }) => origin + pathname);

/** The codes that were exchanged since the last call, each with the AppID. */
function exchanges(): (readonly [string | undefined, string | undefined])[] {
  const found = emulator.requests
    .filter(({ path }) => path === '/sns/oauth2/access_token')
    .map(({ query }) => [query['appid'], query['code']] as const);
  emulator.requests.length = 0;
  return found;
}
beforeEach(() => void (emulator.requests.length = 0));

describe.each(HOSTS)('a login through a relay of an app with many accounts on %s', (host) => {
  it.each([
    ['in WeChat, with the official account', 'inWechat', OFFICIAL, '#'],
    ['on a PC, with the website app', 'onDesktop', WEBSITE, ''],
  ] as const)('uses the account of the shop: %s', async (_where, where, accounts, fragment) => {
    const hosts = await start(host);
    const openids = new Set<string | undefined>();
    for (const shop of SHOPS) {
      const browser = Browser[where](originOf(shop));
      const { response } = await follow(hosts, browser, `${originOf(shop)}/me`);
      const { appId } = accounts[shop];
      expect([paramIn(response.location, 'appid'), paramIn(response.location, 'redirect_uri')]).toEqual([
        appId,
        `${RELAY}/callback?to=${encodeURIComponent(`${originOf(shop)}/callback`)}`,
      ]);
      const callback = await agree(emulator, response.location);
      const { visited, response: page } = await follow(hosts, browser, callback);
      expect(visited.at(-1)).toBe(`${originOf(shop)}/me${fragment}`);
      expect(pathsOf(visited)).toEqual([
        `${RELAY}/callback`,
        `${originOf(shop)}/callback`,
        `${originOf(shop)}/me`,
      ]);
      expect(page.json()).toMatchObject({ nickname: '小明' });
      expect(exchanges()).toEqual([[appId, paramIn(callback, 'code')]]);
      for (const other of SHOPS)
        expect((await whoAt(hosts, browser, other)).isAuthenticated).toBe(other === shop);
      openids.add((await whoAt(hosts, browser, shop)).user?.openid);
    }
    // Each account knows the user by an openid of its own.
    expect(openids.size).toBe(SHOPS.length);
  });

  it('uses the account of the path, behind one public address', async () => {
    const mount = host === 'Connect' ? '/a' : '/:shop';
    const relay = await startRelay(host, '/wechat', { to: [`${SHARED}/a/callback`, `${SHARED}/b/callback`] });
    const shops = await startShops(
      emulator,
      (req) => accountOf((req.originalUrl ?? req.url ?? '').split('/')[1] ?? ''),
      { host, mount, auth: { relay: RELAY, baseURL: SHARED } },
    );
    running.push(relay, shops);
    const hosts = { [AUTH]: relay.url, [SHARED]: shops.url };
    for (const shop of host === 'Connect' ? (['a'] as const) : (['a', 'b'] as const)) {
      const browser = Browser.inWechat(SHARED);
      const { response } = await follow(hosts, browser, `${SHARED}/${shop}/me`);
      const callback = await agree(emulator, response.location);
      const { visited, response: page } = await follow(hosts, browser, callback);
      expect(pathsOf(visited)).toEqual([
        `${RELAY}/callback`,
        `${SHARED}/${shop}/callback`,
        `${SHARED}/${shop}/me`,
      ]);
      expect(page.json()).toMatchObject({ nickname: '小明' });
      expect(exchanges()).toEqual([[OFFICIAL[shop].appId, paramIn(callback, 'code')]]);
    }
  });
});

describe('an account behind a relay', () => {
  it('starts no login if the app does not know it, and no code that the relay sends to its host is exchanged', async () => {
    const hosts = await start();
    const browser = Browser.inWechat(originOf('a'));
    expect((await open(hosts, browser, `${NO_SHOP}/me`)).status).toBe(500);
    const callback = await callbackOf(hosts, browser, 'a');
    const misled = withParams(callback, { to: `${NO_SHOP}/callback` });
    const { visited, response } = await follow(hosts, browser, misled);
    // Without an account, wechatAuth() has no callback route, and the app's own handlers respond.
    expect(pathsOf(visited)).toEqual([`${RELAY}/callback`, `${NO_SHOP}/callback`]);
    expect([response.status, response.body]).toEqual([200, 'home']);
    expect(exchanges()).toEqual([]);
    // The login of the shop is untouched.
    expect((await follow(hosts, browser, callback)).response.json()).toMatchObject({ nickname: '小明' });
  });

  it('fails while the accounts cannot be read, and finishes its login when they can again', async () => {
    let isAway = false;
    const account: ChooseAccount = (req) =>
      isAway ? Promise.reject(new Error('the database is away')) : byHost(req);
    const hosts = await start('Express 5', { account });
    const browser = Browser.inWechat(originOf('a'));
    const callback = await callbackOf(hosts, browser, 'a');
    isAway = true;
    const { response } = await follow(hosts, browser, callback);
    expect([response.status, exchanges()]).toEqual([500, []]);
    isAway = false;
    expect((await follow(hosts, browser, callback)).response.json()).toMatchObject({ nickname: '小明' });
  });

  it('is refused by the relay if its host is not on the list, although the app knows it', async () => {
    const hosts = await start('Express 5', { to: [`${originOf('a')}/callback`] });
    const browser = Browser.inWechat(originOf('b'));
    const callback = await callbackOf(hosts, browser, 'b');
    const { visited, response } = await follow(hosts, browser, callback);
    expect([pathsOf(visited), response.status]).toEqual([[`${RELAY}/callback`], 400]);
    expect(warnings.map(({ code }) => code)).toContain('WECHAT_RELAY_REFUSED');
    expect(exchanges()).toEqual([]);
    expect((await whoAt(hosts, browser, 'b')).isAuthenticated).toBe(false);
  });
});

describe('a callback that the relay sends to another account', () => {
  const toB = (callback: string): string => withParams(callback, { to: `${originOf('b')}/callback` });

  it('is refused in the browser that started the login, and drops it', async () => {
    const hosts = await start();
    const browser = Browser.inWechat(originOf('a'));
    const callback = await callbackOf(hosts, browser, 'a');
    const { visited, response } = await follow(hosts, browser, toB(callback));
    expect(pathsOf(visited)).toEqual([`${RELAY}/callback`, `${originOf('b')}/callback`]);
    expect(response.status).toBe(400);
    expect(response.body).toContain('state_unknown');
    // The login was dropped, so that its own account starts another one.
    const { response: late } = await follow(hosts, browser, callback);
    expect(redirectsToWechat(emulator, late)).toBe(true);
    expect(paramIn(late.location, 'appid')).toBe(OFFICIAL.a.appId);
    expect(exchanges()).toEqual([]);
    for (const shop of SHOPS) expect((await whoAt(hosts, browser, shop)).isAuthenticated).toBe(false);
  });

  it('is refused in another browser, and leaves the login of the first one alone', async () => {
    const hosts = await start();
    const browser = Browser.inWechat(originOf('a'));
    const other = Browser.inWechat(originOf('b'));
    const callback = await callbackOf(hosts, browser, 'a');
    const { response } = await follow(hosts, other, toB(callback));
    expect([response.status, response.location]).toEqual([400, '']);
    expect(response.body).toContain('state_unknown');
    expect(exchanges()).toEqual([]);
    expect((await whoAt(hosts, other, 'b')).isAuthenticated).toBe(false);
    expect((await follow(hosts, browser, callback)).response.json()).toMatchObject({ nickname: '小明' });
    expect((await whoAt(hosts, browser, 'b')).isAuthenticated).toBe(false);
  });

  it('logs nobody in with the state of a login there, because WeChat knows the code under another AppID', async () => {
    const hosts = await start();
    const browser = Browser.inWechat(originOf('b'));
    const stolen = await callbackOf(hosts, Browser.inWechat(originOf('a')), 'a');
    const own = await callbackOf(hosts, browser, 'b');
    const mixed = withParams(toB(stolen), { state: stateIn(own) });
    const { response } = await follow(hosts, browser, mixed);
    expect(exchanges()).toEqual([[OFFICIAL.b.appId, paramIn(stolen, 'code')]]);
    // A login of this account starts again.
    expect(redirectsToWechat(emulator, response)).toBe(true);
    expect(paramIn(response.location, 'appid')).toBe(OFFICIAL.b.appId);
    for (const shop of SHOPS) expect((await whoAt(hosts, browser, shop)).isAuthenticated).toBe(false);
  });
});

describe('a scan login through a relay of an app with many accounts', () => {
  it('confirms at the account of the shop, and logs in the PC there', async () => {
    const hosts = await start('Express 5', {
      account: (req) => credentialsOf(OFFICIAL[shopOfHost(req) as ShopName]),
      auth: { scanLogin: scanOptions().scanLogin },
    });
    const pc = Browser.onDesktop(originOf('b'));
    const phone = Browser.inWechat(originOf('b'));
    const shown = codeOn((await follow(hosts, pc, `${originOf('b')}/me`)).response);
    expect(new URL(shown.url).origin).toBe(originOf('b'));
    const question = await open(hosts, phone, shown.url);
    const sent = await tap(phone, question, 'confirm', {
      Host: new URL(shown.url).host,
      'Sec-Fetch-Site': 'same-origin',
    });
    expect(paramIn(sent.location, 'appid')).toBe(OFFICIAL.b.appId);
    const callback = await agree(emulator, sent.location);
    const { visited } = await follow(hosts, phone, callback);
    expect(pathsOf(visited).slice(0, 2)).toEqual([`${RELAY}/callback`, `${originOf('b')}/callback`]);
    const status = (address: string): Promise<BrowserResponse> =>
      open(hosts, pc, new URL(address, originOf('b')).href);
    expect((await status(shown.statusURL)).json()).toMatchObject({ status: 'confirmed' });
    expect(exchanges()).toEqual([[OFFICIAL.b.appId, paramIn(callback, 'code')]]);
    for (const shop of SHOPS) expect((await whoAt(hosts, pc, shop)).isAuthenticated).toBe(shop === 'b');
  });
});
