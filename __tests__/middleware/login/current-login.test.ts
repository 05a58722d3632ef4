// The login in a session: which values count as one, and what a login under one session key leaves of the others.
import { MemoryTokenStore, wechatAuth, type TokenStore, type WechatError } from '../../../lib';
import { LocalCache } from '../../../lib/stores/local-cache';
import type { SharedCache } from '../../../lib/stores/shared-cache';
import {
  emulated,
  sendJSON,
  startApp,
  type AppOptions,
  type TestApp,
  type TestRequest,
} from '../../support/app';
import { Browser, cookiesOf } from '../../support/browser';
import { codeAccounts, CodeClient, codeRoutes, newCode } from '../../support/browsers/code-clients';
import { devices, scan, scanOptions, showCode } from '../../support/browsers/scan-login';
import { emulator, useEmulator } from '../../support/emulator';
import {
  isLoggedIn,
  logOutDuringExchange,
  logOutDuringSave,
  sessionOf,
  startAndAgree,
  statesOf,
} from '../../support/login';
import { FaultySessionStore, serverSessions, SESSION_NAMES, SESSIONS } from '../../support/sessions';
import { useWarnings } from '../../support/warnings';

useEmulator();
useWarnings();
const apps: TestApp[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  emulator.switches.unionid = true;
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

/**
 * An app whose `/put?key=JSON` writes to the session, with two more wechatAuth(): under the session key `staff`
 * for the same account, and under `other` for another one.
 */
async function start(options: AppOptions = {}): Promise<TestApp> {
  const app = await startApp(emulator, {
    ...options,
    routes: (host) => {
      host.use('/put', (req, res) => {
        for (const [key, json] of new URL(req.url ?? '', 'http://x').searchParams)
          (req as TestRequest).session[key] = JSON.parse(json);
        res.end();
      });
      host.use('/staff', wechatAuth({ ...emulated(emulator), sessionKey: 'staff' }));
      // WeChat gives this account no unionid.
      const { appId, appSecret } = emulator.apps.unbound;
      const other = { ...emulated(emulator), website: undefined, appId, appSecret };
      host.use('/other', wechatAuth({ ...other, sessionKey: 'other' }));
    },
  });
  apps.push(app);
  return app;
}

const put = (browser: Browser, key: string, value: unknown): Promise<unknown> =>
  browser.get(`/put?${key}=${encodeURIComponent(JSON.stringify(value))}`);

describe('a value in the session', () => {
  let app: TestApp;
  let browser: Browser;
  let login: Record<string, unknown>;
  beforeEach(async () => {
    app = await start();
    browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    login = (await sessionOf(browser))['wechat'] as Record<string, unknown>;
  });

  it('is a login only with a user, three texts and a flow', async () => {
    const others: readonly unknown[] = [
      ...[null, 'a text', 7, true, {}, []],
      ...['user', 'appid', 'openid', 'scope', 'flow'].flatMap((key) => [
        { ...login, [key]: undefined },
        { ...login, [key]: null },
      ]),
      ...['appid', 'openid', 'scope', 'flow'].flatMap((key) => [
        { ...login, [key]: 7 },
        { ...login, [key]: { length: 1 } },
      ]),
      ...['', 0, false].map((user) => ({ ...login, user })),
      ...['', 'toString', 'wechat'].map((flow) => ({ ...login, flow })),
    ];
    for (const value of others) {
      await put(browser, 'wechat', value);
      expect([value, await isLoggedIn(browser)]).toEqual([value, false]);
      await put(browser, 'wechat', login);
      expect(await isLoggedIn(browser)).toBe(true);
    }
  });

  it('is a login with any user that JSON made of an object, such as a text', async () => {
    await put(browser, 'wechat', { ...login, user: 'id-7' });
    expect((await browser.get('/me')).json()).toBe('id-7');
  });

  it('under another session key counts for nobody if it is not a login, whatever unionid it has', async () => {
    const other = Browser.inWechat(app.url);
    for (const value of [{ unionid: 'of nobody' }, { ...login, openid: undefined, unionid: 'of nobody' }]) {
      await put(other, 'staff', value);
      await put(other, 'cart', [1]);
      await other.logIn(emulator, '/login');
      expect(await sessionOf(other)).toMatchObject({ cart: [1], staff: { unionid: 'of nobody' } });
      await other.get('/logout');
    }
  });
});

describe.each(SESSION_NAMES)('logins under two session keys, with %s', (kind) => {
  it('of two accounts count as those of one person until a unionid shows that there are two', async () => {
    const app = await start({ session: SESSIONS[kind]() });
    // A unionid on one side only shows nothing either.
    for (const isFirst of [true, false]) {
      const browser = Browser.inWechat(app.url);
      emulator.switches.unionid = isFirst;
      await browser.logIn(emulator, '/me', 'ming');
      await browser.logIn(emulator, '/other/login', 'emoji');
      expect(Object.keys(await sessionOf(browser))).toEqual(expect.arrayContaining(['wechat', 'other']));
    }
  });

  it('of one account are those of two people if the openids differ, also without a unionid', async () => {
    const app = await start({ session: SESSIONS[kind]() });
    for (const [first, second] of [
      [false, false],
      [true, false],
      [false, true],
    ]) {
      const browser = Browser.inWechat(app.url);
      emulator.switches.unionid = first === true;
      await browser.logIn(emulator, '/me', 'ming');
      emulator.switches.unionid = second === true;
      await browser.logIn(emulator, '/staff/login', 'emoji');
      expect(Object.keys(await sessionOf(browser))).not.toContain('wechat');
    }
  });

  it('of one account: who logs in under the second key cannot be followed by another person under the first', async () => {
    emulator.switches.unionid = false;
    const planted = Browser.inWechat((await start({ session: SESSIONS[kind]() })).url);
    // An attacker has started this login, and put its session into the browser of a victim.
    const attack = await startAndAgree(planted, emulator, '/login?returnTo=/public', 'emoji');
    await planted.logIn(emulator, '/staff/login', 'ming');
    expect((await planted.get(attack)).status).toBe(400);
    expect(await isLoggedIn(planted)).toBe(false);
  });

  it('stay side by side if preserveSession keeps only some data of the app', async () => {
    const auth = { preserveSession: ['cart'] };
    const browser = Browser.inWechat((await start({ session: SESSIONS[kind](), auth })).url);
    await put(browser, 'cart', [1]);
    await put(browser, 'seen', true);
    await browser.logIn(emulator, '/staff/login', 'ming');
    await browser.logIn(emulator, '/me', 'ming');
    const { cart, seen, staff } = await sessionOf(browser);
    expect([cart, seen, staff]).toEqual([[1], undefined, expect.objectContaining({ flow: 'official' })]);
  });

  it('keep the pending logins of each other at a login', async () => {
    const browser = Browser.inWechat((await start({ session: SESSIONS[kind]() })).url);
    const tab = await startAndAgree(browser, emulator, '/staff/login?returnTo=/public');
    await browser.logIn(emulator, '/me');
    expect((await browser.get(tab)).location).toBe('/public#');
    expect((await sessionOf(browser))['staff']).toMatchObject({ flow: 'official' });
  });

  it('keep the logins of each other that start after a login, also at a logout', async () => {
    const browser = Browser.inWechat((await start({ session: SESSIONS[kind]() })).url);
    await browser.logIn(emulator, '/me');
    const tab = await startAndAgree(browser, emulator, '/staff/login?returnTo=/public');
    await browser.get('/logout');
    expect(await statesOf(browser)).toEqual([]);
    expect((await browser.get(tab)).location).toBe('/public#');
  });

  it('end what only the user who logs out could have finished under the other key', async () => {
    const planted = Browser.inWechat((await start({ session: SESSIONS[kind]() })).url);
    // An attacker has started this login, and put its session into the browser of a victim.
    const attack = await startAndAgree(planted, emulator, '/staff/login?returnTo=/public', 'emoji');
    await planted.logIn(emulator, '/me', 'ming');
    await planted.get('/logout');
    expect((await planted.get(attack)).location).not.toBe('/public#');
    expect(await sessionOf(planted)).not.toHaveProperty('staff');
  });

  it('let another person finish a login under the first key if nothing shows who uses the second', async () => {
    const browser = Browser.inWechat((await start({ session: SESSIONS[kind]() })).url);
    await browser.logIn(emulator, '/me', 'ming');
    const tab = await startAndAgree(browser, emulator, '/login?returnTo=/public', 'emoji');
    await browser.logIn(emulator, '/other/login', 'emoji');
    expect((await browser.get(tab)).location).toBe('/public#');
    expect((await browser.get('/me')).json()).not.toMatchObject({ nickname: '小明' });
  });

  it('of two people leave no data of the app to the second one', async () => {
    const browser = Browser.inWechat((await start({ session: SESSIONS[kind]() })).url);
    await browser.logIn(emulator, '/me', 'ming');
    await put(browser, 'cart', [1]);
    await browser.logIn(emulator, '/staff/login', 'emoji');
    const session = await sessionOf(browser);
    expect([session['cart'], session['wechat']]).toEqual([undefined, undefined]);
  });
});

describe.each(SESSION_NAMES)('the next login in a session, with %s', (kind) => {
  it('is of the same user if the openid is the same, although WeChat sent no unionid', async () => {
    emulator.switches.unionid = false;
    const browser = Browser.inWechat((await start({ session: SESSIONS[kind]() })).url);
    await browser.logIn(emulator, '/me', 'ming');
    await put(browser, 'cart', [1]);
    await browser.logIn(emulator, '/login', 'ming');
    expect((await sessionOf(browser))['cart']).toEqual([1]);
    await browser.logIn(emulator, '/login', 'emoji');
    expect((await sessionOf(browser))['cart']).toBeUndefined();
  });

  it('leaves the pending login of another tab, which asked for more', async () => {
    const auth = { scope: 'snsapi_base' } as const;
    const browser = Browser.inWechat((await start({ session: SESSIONS[kind](), auth })).url);
    const tab = await startAndAgree(browser, emulator, '/login?scope=snsapi_userinfo&returnTo=/public');
    await browser.logIn(emulator, '/me');
    expect((await sessionOf(browser))['wechat']).toMatchObject({ scope: 'snsapi_base' });
    expect((await browser.get(tab)).location).toBe('/public#');
    expect((await sessionOf(browser))['wechat']).toMatchObject({ scope: 'snsapi_userinfo' });
  });
});

describe('a login that cannot be saved', () => {
  const HUGE = 'x'.repeat(4_000);

  it('leaves the same user logged in as before, and the browser can log in again', async () => {
    let isHuge = false;
    const onLogin = (): object => ({ openid: 'o1', essay: isHuge ? HUGE : 'short' });
    const browser = Browser.inWechat((await start({ auth: { onLogin } })).url);
    await browser.logIn(emulator, '/me');
    const before = (await sessionOf(browser))['wechat'];
    isHuge = true;
    expect((await browser.get(await startAndAgree(browser, emulator, '/login'))).status).toBe(500);
    const session = await sessionOf(browser);
    expect([session['wechat'], session['wechat:login']]).toEqual([before, undefined]);
    isHuge = false;
    expect((await browser.logIn(emulator, '/login?returnTo=/me')).status).toBe(200);
  });

  it('of another user ends the login of the one before, and logs nobody in', async () => {
    let isHuge = false;
    const onLogin = (): object => ({ openid: 'o1', essay: isHuge ? HUGE : 'short' });
    const browser = Browser.inWechat((await start({ auth: { onLogin } })).url);
    await browser.logIn(emulator, '/me', 'ming');
    isHuge = true;
    expect((await browser.get(await startAndAgree(browser, emulator, '/login', 'emoji'))).status).toBe(500);
    expect('wechat' in (await sessionOf(browser))).toBe(false);
  });
});

describe('the error of a login that is not saved', () => {
  const errors: WechatError[] = [];
  const onError = (error: WechatError, _req: unknown, res: { end(): unknown }): void => {
    errors.push(error);
    res.end();
  };
  beforeEach(() => (errors.length = 0));

  it('says that another user has logged in since it started', async () => {
    const browser = Browser.inWechat((await start({ auth: { onError } })).url);
    const tab = await startAndAgree(browser, emulator, '/login', 'emoji');
    await browser.logIn(emulator, '/me', 'ming');
    await browser.get(tab);
    expect(errors).toMatchObject([{ kind: 'state_unknown', status: 400 }]);
    expect(errors[0]?.message).toMatch(/before another user logged in .* Start the login again\.$/);
  });

  it('says that the user logged out during the code exchange', async () => {
    const browser = Browser.inWechat((await start({ auth: { onError } })).url);
    const tab = await startAndAgree(browser, emulator, '/me');
    await logOutDuringExchange(browser, emulator, tab);
    expectLoggedOut();
  });

  it('says that the user logged out during the exchange, although the session had lost this login', async () => {
    const store = new FaultySessionStore();
    const browser = Browser.inWechat(
      (await start({ session: serverSessions(store), auth: { onError } })).url,
    );
    const tab = await startAndAgree(browser, emulator, '/me');
    // Another request of this browser saves the session as it was before the login started.
    await put(browser, 'wechat:login', {});
    await logOutDuringExchange(browser, emulator, tab);
    expectLoggedOut();
  });

  it('says that the user logged out while the session was saved', async () => {
    const store = new FaultySessionStore();
    const browser = Browser.inWechat(
      (await start({ session: serverSessions(store), auth: { onError } })).url,
    );
    const tab = await startAndAgree(browser, emulator, '/me');
    await logOutDuringSave(browser, store, tab);
    expectLoggedOut();
  });

  const expectLoggedOut = (): void => {
    expect(errors).toMatchObject([{ kind: 'state_unknown', status: 400 }]);
    expect(errors[0]?.message).toMatch(
      /logged out while this login was in progress\. Start the login again\.$/,
    );
  };
});

describe('a logout on a PC that waits for a scan login', () => {
  it('drops what the phone has confirmed for it', async () => {
    const app = await start({ auth: scanOptions() });
    const { pc, phone } = devices(app);
    const code = await showCode(pc);
    const before = pc.cookies();
    await scan(phone, emulator, code.url);
    await pc.get('/logout');
    for (const cookie of [before, pc.cookies()])
      expect((await pc.get(code.statusURL, { cookie, keepCookies: false })).json()).toEqual({
        status: 'expired',
      });
    expect((await phone.get(code.url)).body).not.toContain('请回到电脑继续');
  });
});

// A logout may reach another process while a login is in progress. So for a minute after a login, this process
// asks the shared cache.
describe('a logout at another process', () => {
  /** A store that counts the reads of its cache and shows its entries. */
  function sharedStore(): { store: TokenStore & SharedCache; asked: string[]; held: Set<string> } {
    const tokens = new MemoryTokenStore();
    const cache = new LocalCache(1_000);
    const asked: string[] = [];
    const held = new Set<string>();
    const store: TokenStore & SharedCache = {
      get: (key) => tokens.get(key),
      set: (key, token, ttl) => tokens.set(key, token, ttl),
      delete: (key) => tokens.delete(key),
      lock: (key, work) => cache.lock(key, work),
      readCache: (key) => {
        asked.push(key);
        return cache.readCache(key);
      },
      writeCache: (key, entry, ttl) => {
        held.add(key);
        return cache.writeCache(key, entry, ttl);
      },
      deleteCache: (key) => {
        held.delete(key);
        return cache.deleteCache(key);
      },
    };
    return { store, asked, held };
  }

  async function startWithCodes(store: TokenStore): Promise<CodeClient> {
    const app = await startApp(emulator, {
      routes: (host) => {
        codeRoutes(host);
        host.use('/often', (req, res) => {
          const { wechat } = req as TestRequest;
          for (let count = 0; count < 50; count++) if (!wechat.isAuthenticated()) throw new Error('nobody');
          sendJSON(res, wechat.user);
        });
      },
      auth: { ...codeAccounts(), tokenStore: store },
    });
    apps.push(app);
    return new CodeClient(app.url);
  }

  it('a page that reads the user often asks the shared cache once', async () => {
    const { store, asked } = sharedStore();
    const client = await startWithCodes(store);
    await client.logIn('miniProgram', newCode('miniProgram'));
    asked.length = 0;
    expect((await client.get('/often')).status).toBe(200);
    // The state of the login. A session of cookie-session has no id to ask for.
    expect(asked).toHaveLength(1);
  });

  it('a logout at another process ends the login here, too', async () => {
    const { store, asked } = sharedStore();
    const client = await startWithCodes(store);
    await client.logIn('miniProgram', newCode('miniProgram'));
    asked.length = 0;
    expect((await client.get('/me')).status).toBe(200);
    const [logout = ''] = asked;
    await store.writeCache(logout, true, 60_000);
    expect((await client.get('/me')).status).toBe(401);
  });

  it.each([
    [59_000, 2],
    [61_000, 1],
    [599_000, 1],
    [600_000, 0],
    // The clock of the process that finished the login may be ahead.
    [-59_000, 2],
    [-61_000, 1],
  ])('%i ms after the login, the shared cache is asked for this many of two pages: %i', async (ms, pages) => {
    const { store, asked } = sharedStore();
    const { headers } = await (await startWithCodes(store)).logIn('miniProgram', newCode('miniProgram'));
    const cookie = cookiesOf(headers);
    // Another process.
    const client = await startWithCodes(store);
    asked.length = 0;
    const later = Date.now() + ms;
    jest.spyOn(Date, 'now').mockReturnValue(later);
    const counts: number[] = [];
    for (const page of ['/me', '/me']) {
      expect((await client.get(page, { cookie })).status).toBe(200);
      counts.push(asked.splice(0).length);
    }
    expect(counts.filter((count) => count > 0)).toHaveLength(pages);
  });

  it('is looked for again after the shared cache has failed', async () => {
    const { store, asked } = sharedStore();
    const client = await startWithCodes(store);
    await client.logIn('miniProgram', newCode('miniProgram'));
    await client.get('/me');
    await store.writeCache(asked.at(-1) ?? '', true, 600_000);
    const later = Date.now() + 61_000;
    jest.spyOn(Date, 'now').mockReturnValue(later);
    const broken = jest.spyOn(store, 'readCache').mockRejectedValue(new Error('connection lost'));
    // A cache that is away keeps nobody out.
    expect((await client.get('/me')).status).toBe(200);
    broken.mockRestore();
    expect((await client.get('/me')).status).toBe(401);
  });

  it.each([61_000, 599_000])('ends the login here if the next page comes %i ms later', async (ms) => {
    const { store, asked } = sharedStore();
    const client = await startWithCodes(store);
    await client.logIn('miniProgram', newCode('miniProgram'));
    await client.get('/me');
    const logout = asked.at(-1) ?? '';
    await store.writeCache(logout, true, 600_000);
    const later = Date.now() + ms;
    jest.spyOn(Date, 'now').mockReturnValue(later);
    expect((await client.get('/me')).status).toBe(401);
  });

  it('a page for nobody, or of an app with one process, asks no cache', async () => {
    const { store, asked } = sharedStore();
    expect((await (await startWithCodes(store)).get('/me')).status).toBe(401);
    expect(asked).toEqual([]);
    const alone = await startWithCodes({
      get: (key) => store.get(key),
      set: (key, token, ttl) => store.set(key, token, ttl),
      delete: (key) => store.delete(key),
    });
    await alone.logIn('miniProgram', newCode('miniProgram'));
    expect((await alone.get('/me')).status).toBe(200);
    expect(asked).toEqual([]);
  });

  it('codes that were made up leave nothing in the shared cache', async () => {
    const { store, held } = sharedStore();
    const client = await startWithCodes(store);
    const browser = Browser.inWechat(client.url);
    await browser.get('/login');
    for (const [count, cookie] of ['a=1', 'a=2', browser.cookies(), browser.cookies()].entries()) {
      const { kind } = await client.logIn('miniProgram', `made-up-${count}`, {}, { cookie });
      expect(kind).toBe('code_invalid');
    }
    expect([...held]).toEqual([]);
  });

  it('a code that fails keeps the record of a login with the same cookies: a logout still ends it', async () => {
    const { store } = sharedStore();
    const client = await startWithCodes(store);
    await client.logIn('miniProgram', newCode('miniProgram'));
    const cookie = client.cookies();
    const login = await client.logIn(
      'miniProgram',
      newCode('miniProgram'),
      {},
      { cookie, keepCookies: false },
    );
    await client.logIn('miniProgram', 'made-up', {}, { cookie, keepCookies: false });
    // The response of the login has not arrived.
    await client.post('/logout-by-app', {}, { cookie, keepCookies: false });
    const late = cookiesOf(login.headers);
    expect((await client.get('/me', { cookie: late })).status).toBe(401);
  });
});
