// Several apps, or several wechatAuth() of one app, with one AppSecret and one shared store. Each admits its own
// users: a login at one of them is no login at another.
import { MemoryTokenStore, wechatAuth, type TokenStore } from '../../lib';
import { LocalCache } from '../../lib/stores/local-cache';
import type { SharedCache } from '../../lib/stores/shared-cache';
import { Results } from '../../lib/middleware/scan/tickets/results';
import { TicketRecords } from '../../lib/middleware/scan/tickets/ticket-records';
import { cookies, emulated, startApp, type OwnOptions, type TestApp, type TestRequest } from '../support/app';
import { agree, Browser } from '../support/browser';
import { codeAccounts, CodeClient, codeRoutes, newCode } from '../support/browsers/code-clients';
import { devices, scanOptions, showCode } from '../support/browsers/scan-login';
import { emulator, useEmulator } from '../support/emulator';
import { useWarnings } from '../support/warnings';

useEmulator();
useWarnings();
const apps: TestApp[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

function sharedStore(): TokenStore & SharedCache {
  const tokens = new MemoryTokenStore();
  const cache = new LocalCache(1_000);
  return {
    get: (key) => tokens.get(key),
    set: (key, token, ttl) => tokens.set(key, token, ttl),
    delete: (key) => tokens.delete(key),
    lock: (key, work) => cache.lock(key, work),
    readCache: (key) => cache.readCache(key),
    writeCache: (key, entry, ttl) => cache.writeCache(key, entry, ttl),
    deleteCache: (key) => cache.deleteCache(key),
  };
}

async function start(auth: OwnOptions, options: Parameters<typeof startApp>[1] = {}): Promise<TestApp> {
  const app = await startApp(emulator, { auth, ...options });
  apps.push(app);
  return app;
}

const admit = (): object => ({ id: 7 });
/** An `onLogin` that admits nobody, and the number of its calls. */
function refusing(): { onLogin: () => never; calls: () => number } {
  let calls = 0;
  return {
    onLogin: () => {
      calls += 1;
      throw Object.assign(new Error('not one of us'), { refuse: true });
    },
    calls: () => calls,
  };
}

/** Logs in at the first app. Returns the query of the callback, and the cookies that the browser sent with it. */
async function loginAt({ url }: TestApp, path = '/login'): Promise<{ search: string; cookie: string }> {
  const browser = Browser.inWechat(url);
  const { location } = await browser.follow(path);
  const { search } = new URL(await agree(emulator, location));
  const cookie = browser.cookies();
  expect((await browser.get(`/callback${search}`)).location).toMatch(/#$/);
  return { search, cookie };
}

describe('a login', () => {
  it.each<[string, OwnOptions, OwnOptions]>([
    ['with addresses of their own', { baseURL: 'http://localhost:1' }, { baseURL: 'http://localhost:2' }],
    ['that differ only in onLogin', {}, {}],
  ])('at one of two apps %s is not served by the other one', async (_what, first, second) => {
    const tokenStore = sharedStore();
    const { onLogin, calls } = refusing();
    const lax = await start({ ...first, tokenStore, onLogin: admit });
    const strict = await start(
      { ...second, tokenStore, onLogin },
      { session: cookies({ keys: ['another'] }) },
    );
    const { search, cookie } = await loginAt(lax);
    const attacker = Browser.inWechat(strict.url);
    const response = await attacker.get(`/callback${search}`, { cookie });
    // The login starts again: the code is spent, and this app does not know the state.
    expect(response.location).toContain('/connect/oauth2/authorize');
    expect((await attacker.get('/me')).status).toBe(302);
    expect(calls()).toBe(0);
  });

  it('at one of two wechatAuth() of an app is not served by the other one', async () => {
    const tokenStore = sharedStore();
    const { onLogin, calls } = refusing();
    const app = await start(
      { tokenStore, sessionKey: 'shop', onLogin: admit },
      {
        routes: (host) => {
          host.use('/staff', wechatAuth({ ...emulated(emulator), tokenStore, sessionKey: 'staff', onLogin }));
        },
      },
    );
    const { search, cookie } = await loginAt(app);
    const response = await Browser.inWechat(app.url).get(`/staff/callback${search}`, { cookie });
    expect(response.location).toContain('/connect/oauth2/authorize');
    expect(calls()).toBe(0);
  });

  it.each<[string, OwnOptions, OwnOptions]>([
    ['of one app', { onLogin: admit }, { onLogin: admit }],
    [
      'whose baseURL is spelled in two ways',
      { baseURL: 'http://LocalHost:80', onLogin: admit },
      { baseURL: 'http://localhost/', onLogin: admit },
    ],
    [
      'of two releases of an app that has a session key of its own',
      { sessionKey: 'shop', onLogin: admit },
      { sessionKey: 'shop', onLogin: () => ({ id: 8 }) },
    ],
  ])('is still shared by two processes %s', async (_what, first, second) => {
    const tokenStore = sharedStore();
    const processes = await Promise.all([first, second].map((auth) => start({ ...auth, tokenStore })));
    const [one, two] = processes as [TestApp, TestApp];
    const { search, cookie } = await loginAt(one, '/login?returnTo=/public');
    const response = await Browser.inWechat(two.url).get(`/callback${search}`, { cookie });
    expect(response.location).toBe('/public#');
  });

  it('in progress at one app is not ended by a logout at another app of the same host', async () => {
    const tokenStore = sharedStore();
    const shop = await start({ baseURL: 'http://localhost:1', tokenStore });
    const staff = await start(
      { baseURL: 'http://localhost:2', tokenStore },
      { session: cookies({ name: 'staff' }) },
    );
    const browser = Browser.inWechat(shop.url);
    const { location } = await browser.follow('/login');
    const { search } = new URL(await agree(emulator, location));
    // Browsers send the cookies of a host to every app on it.
    const cookie = browser.cookies();
    emulator.fail('userinfo', { delay: 300 });
    const callback = browser.get(`/callback${search}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await Browser.inWechat(staff.url).get('/logout', { cookie });
    expect((await callback).location).toBe('/#');
    expect((await browser.get('/me')).status).toBe(200);
  });

  it('with a posted code at one app is not that of another app', async () => {
    const tokenStore = sharedStore();
    const { onLogin } = refusing();
    const accounts = { ...codeAccounts(), tokenStore };
    const options = { routes: codeRoutes };
    const lax = await start({ ...accounts, sessionKey: 'shop', onLogin: admit }, options);
    const strict = await start({ ...accounts, sessionKey: 'staff', onLogin }, options);
    const code = newCode('miniProgram');
    const [first, second] = await Promise.all(
      [lax, strict].map(({ url }) => new CodeClient(url).logIn('miniProgram', code, { session: false })),
    );
    // WeChat accepts the code once, at whichever of the two asks first.
    expect(second?.user).toEqual({});
    expect(second?.kind).toMatch(/^(?:code_used|login_refused)$/);
    expect(first?.kind ?? 'logged in').toMatch(/^(?:logged in|code_used)$/);
  });
});

describe('the data in a login link', () => {
  it('is that of the wechatAuth() which signed it, and of no other one', async () => {
    const given: unknown[] = [];
    const onLogin = (_req: unknown, { data }: { readonly data: unknown }): object => {
      given.push(data);
      return { id: 1 };
    };
    const app = await start(
      { sessionKey: 'shop', onLogin },
      {
        routes: (host) => {
          host.use('/link', (req, res) =>
            res.end((req as TestRequest).wechat.loginURL({ data: { as: 'director' } })),
          );
          host.use('/staff', wechatAuth({ ...emulated(emulator), sessionKey: 'staff', onLogin }));
        },
      },
    );
    const { body: link } = await Browser.inWechat(app.url).get('/link');
    for (const path of [link, `/staff${link}`]) await Browser.inWechat(app.url).logIn(emulator, path);
    expect(given).toEqual([{ as: 'director' }, undefined]);
  });
});

describe('a scan login', () => {
  it("that asks for a PIN has no ticket that an app without one accepts, and takes none of that app's results", async () => {
    const tokenStore = sharedStore();
    const strict = await start({ ...scanOptions({ confirm: 'pin' }), tokenStore });
    const lax = await start({ ...scanOptions(), tokenStore });
    const { ticket } = await showCode(devices(strict).pc);
    expect((await devices(lax).phone.get(`/scan/${ticket}`)).status).toBe(410);
    expect((await devices(strict).phone.get(`/scan/${ticket}`)).status).toBe(200);
  });

  it('with a PIN has three wrong tries for each code, however often the phone calls back', async () => {
    const cache = new LocalCache(10);
    const results = new Results(cache, new TicketRecords(cache), true);
    const result = { openid: 'o', scope: 'snsapi_base', user: { openid: 'o' } } as never;
    await results.keep('ticket', result);
    const pin = await results.pinOf('ticket');
    for (let tries = 0; tries < 3; tries++) {
      await results.keep('ticket', result);
      expect(await results.pinOf('ticket')).toBe(pin);
      expect(await results.collect('ticket', 'wrong')).toBe('wrong pin');
    }
    await results.keep('ticket', result);
    expect(await results.collect('ticket', pin)).toBe('none');
  });

  it('with a PIN accepts no result that was kept without one', async () => {
    const cache = new LocalCache(10);
    const [withPin, without] = [true, false].map(
      (hasPin) => new Results(cache, new TicketRecords(cache), hasPin),
    ) as [Results, Results];
    const result = { openid: 'o', scope: 'snsapi_base', user: { openid: 'o' } } as never;
    await without.keep('ticket', result);
    for (const pin of [undefined, '', 'nonsense'])
      expect(await withPin.collect('ticket', pin)).toBe(pin === undefined ? 'none' : 'wrong pin');
    expect(await without.collect('ticket', undefined)).toMatchObject({ openid: 'o' });
  });
});
