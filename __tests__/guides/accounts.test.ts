// Runs the guides about accounts: own users, binding, a second account, revocation, switching.
import { createHash } from 'node:crypto';
import { MemoryTokenStore, OAuth } from '../../lib';
import { cookies, sendJSON, startApp as startTestApp, type TestRequest } from '../support/app';
import { Browser, agree } from '../support/browser';
import { ask, scan, showCode } from '../support/browsers/scan-login';
import { environmentOf, emulator, useEmulator } from '../support/emulator';
import { createHost, listen, type Middleware, type Running } from '../support/hosts';
import { linkOn, paramIn, stateIn } from '../support/login';
import { codeOf, codeOfPage, ownPageHandler, run, type RunningGuide } from './guide';
import { betterSqlite3, describeOnSqlite, pgPool, SqliteDatabase } from './sqlite';

useEmulator();
const running: Running[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const each of running.splice(0)) await each.close();
});

async function start(
  guide: string,
  file: string,
  options: Parameters<typeof run>[1] = {},
): Promise<RunningGuide> {
  const app = await run(codeOf(`accounts/${guide}`, file), {
    ...options,
    env: (url) => ({
      SESSION_KEY: 'test key',
      ...environmentOf(emulator),
      WECHAT_BASE_URL: url,
      ...(options.env as Record<string, string> | undefined),
    }),
  });
  running.push(app);
  return app;
}
const openid = (user = 'ming', appId = emulator.apps.official.appId): string => emulator.openid(user, appId);
const post = (browser: Browser, url: string, body = ''): ReturnType<Browser['request']> =>
  browser.request(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      'Sec-Fetch-Site': 'same-origin',
      'Sec-Fetch-Mode': 'navigate',
    },
    body,
  });

describeOnSqlite('users in your own table', () => {
  let db: SqliteDatabase;
  beforeEach(() => {
    db = SqliteDatabase.ofGuide('accounts/own-users-table');
  });
  afterEach(() => db.remove());

  /** Runs a block that imports users.ts. */
  const withUsers = async (
    file: string,
    env: Record<string, string> = {},
    replace: readonly (readonly [string, string])[] = [],
  ): Promise<RunningGuide> => {
    const users = await start('own-users-table', 'users.ts', { packages: { './db.js': { db } } });
    return start('own-users-table', file, { packages: { './users.js': users.exports }, env, replace });
  };

  it('finds the user again, creates one user for two logins at once, and refuses a banned one', async () => {
    // The middleware of the guide runs in another app.
    const guide = await withUsers('auth.ts', { WECHAT_BASE_URL: '' });
    const host = createHost('Express 5');
    host.use(cookies());
    host.use(guide.exports['auth'] as Middleware);
    host.use((req, res) => sendJSON(res, (req as TestRequest).wechat.user));
    const app = await listen(host);
    running.push(app);
    const logIn = async (): Promise<unknown> =>
      (await Browser.inWechat(app.url).logIn(emulator, '/login')).json();
    const [first, second] = await Promise.all([logIn(), logIn()]);
    expect(first).toEqual({ id: expect.any(String) as string, nickname: '小明' });
    expect(second).toEqual(first);
    expect(db.run('SELECT openid FROM users')).toEqual([{ openid: openid() }]);
    db.run('UPDATE users SET banned = 1');
    const browser = Browser.inWechat(app.url);
    const refused = await browser.follow(await agree(emulator, (await browser.follow('/login')).location));
    expect([refused.status, refused.body]).toEqual([403, 'this user is banned']);
    const json = await browser.follow(await agree(emulator, (await browser.follow('/login')).location), {
      headers: { Accept: 'application/json' },
    });
    expect(json.json()).toEqual({ error: 'login_refused', message: 'this user is banned' });
  });

  const drivers = {
    pg: () => ({ Pool: pgPool(db) }),
    'better-sqlite3': () => betterSqlite3(db),
  };
  it.each(Object.entries(drivers))('finds and creates users with the db for %s', async (driver, make) => {
    const guide = await run(codeOf('accounts/own-users-table', 'db.ts', driver), {
      packages: { [driver]: make() },
    });
    running.push(guide);
    const users = await start('own-users-table', 'users.ts', { packages: { './db.js': guide.exports } });
    const findOrCreate = users.exports['findOrCreate'] as (appid: string, user: object) => Promise<object>;
    const created = await findOrCreate('wx1', { openid: 'a', nickname: '小明' });
    expect(await findOrCreate('wx1', { openid: 'a' })).toEqual(created);
    expect(created).toMatchObject({ nickname: '小明' });
    const { query } = guide.exports['db'] as Pick<SqliteDatabase, 'query'>;
    expect(await query('UPDATE users SET banned = $2 WHERE openid = $1', ['a', 1])).toEqual([]);
    expect(db.run('SELECT banned FROM users')).toEqual([{ banned: 1 }]);
  });

  it('logs in silently, asks for the profile once, and keeps it at the next silent login', async () => {
    const { url } = await withUsers('app.ts');
    const browser = Browser.inWechat(url);
    const nicknameAt = async (page: string): Promise<unknown> => (await browser.logIn(emulator, page)).json();
    const silent = await nicknameAt('/home');
    expect(silent).toEqual({ id: expect.any(String) as string, nickname: '' });
    const known = { ...(silent as object), nickname: '小明' };
    expect(await nicknameAt('/profile')).toEqual(known);
    expect((await browser.get('/home')).json()).toEqual(known);
    await post(browser, '/logout');
    expect(await nicknameAt('/home')).toEqual(known);
    const scopes = emulator.requests.flatMap(({ query: { scope } }) => scope ?? []);
    expect(scopes.slice(-3)).toEqual(['snsapi_base', 'snsapi_userinfo', 'snsapi_base']);
    expect(db.run('SELECT nickname FROM users')).toEqual([{ nickname: '小明' }]);
  });

  it('needs two scans on a PC for the profile, if the official account alone serves it (scanLogin)', async () => {
    const { url } = await withUsers('app.ts', { WECHAT_WEBSITE_APP_ID: '', WECHAT_WEBSITE_APP_SECRET: '' }, [
      ["scope: 'snsapi_base', ", "scope: 'snsapi_base', scanLogin: true, "],
    ]);
    const pc = Browser.onDesktop(url);
    const nicknameAt = async (page: string): Promise<unknown> => {
      const code = await showCode(pc, page);
      await scan(Browser.inWechat(url), emulator, code.url);
      const { location = '' } = await ask(pc, code.statusURL);
      return ((await pc.follow(location)).json() as { nickname: unknown }).nickname;
    };
    expect([await nicknameAt('/home'), await nicknameAt('/profile')]).toEqual(['', '小明']);
    const scopes = emulator.requests.flatMap(({ query: { scope } }) => scope ?? []);
    expect(scopes.slice(-2)).toEqual(['snsapi_base', 'snsapi_userinfo']);
  });
});

describe('binding WeChat to a password account', () => {
  const rows = new Map<string, string>();
  beforeEach(() => {
    rows.clear();
  });
  const links = {
    find: (appid: string, id: string) => Promise.resolve(rows.get(`${appid}:${id}`)),
    /** With both constraints of the table, and ON CONFLICT DO NOTHING. */
    add(appid: string, id: string, userId: string) {
      const isBound = [...rows].some(([key, each]) => key.startsWith(`${appid}:`) && each === userId);
      if (!isBound && !rows.has(`${appid}:${id}`)) rows.set(`${appid}:${id}`, userId);
      return Promise.resolve();
    },
    remove(userId: string) {
      for (const [key, id] of rows) if (id === userId) rows.delete(key);
      return Promise.resolve();
    },
  };
  const checkPassword = (name: string, password: string): Promise<string | undefined> =>
    Promise.resolve(password === 'right' ? `id of ${name}` : undefined);
  const startApp = (env: Record<string, string> = {}): Promise<RunningGuide> =>
    start('bind-wechat', 'app.ts', { given: { links, checkPassword }, env });
  const withPassword = async (
    url: string,
    name: string,
    browser = Browser.inWechat(url),
  ): Promise<Browser> => {
    expect((await post(browser, '/password-login', `name=${name}&password=right`)).status).toBe(303);
    return browser;
  };
  const tryToBind = async (browser: Browser, user?: string): Promise<[status: number, body: string]> => {
    const { location } = await post(browser, '/bind');
    const { status, body } = await browser.follow(await agree(emulator, location, user));
    return [status, body];
  };
  const bind = async (browser: Browser, user?: string): Promise<number> =>
    (await tryToBind(browser, user))[0];
  const settings = async (browser: Browser): Promise<unknown> => (await browser.get('/settings')).json();

  it('binds, logs in with WeChat, and unbinds', async () => {
    const { url } = await startApp();
    const anna = await withPassword(url, 'anna');
    expect(await bind(anna)).toBe(200);
    expect(await settings(anna)).toEqual({ id: 'id of anna' });
    const phone = Browser.inWechat(url);
    await phone.logIn(emulator, '/login?returnTo=/settings');
    expect(await settings(phone)).toEqual({ id: 'id of anna' });
    expect((await post(anna, '/unbind')).status).toBe(303);
    const other = Browser.inWechat(url);
    expect((await other.logIn(emulator, '/login')).status).toBe(403);
  });

  it('refuses a WeChat user who is bound to another account, and a user who has changed meanwhile', async () => {
    const { url } = await startApp();
    expect(await bind(await withPassword(url, 'anna'))).toBe(200);
    const bob = await withPassword(url, 'bob');
    expect(await tryToBind(bob)).toEqual([409, 'this WeChat is bound to another account']);
    expect(await settings(bob)).toEqual({ id: 'id of bob' });
    const shared = await withPassword(url, 'carl');
    const { location } = await post(shared, '/bind');
    await post(shared, '/password-login', 'name=dora&password=right');
    await shared.follow(await agree(emulator, location, 'emoji'));
    expect([...rows.values()]).toEqual(['id of anna']);
  });

  it('binds after the user has cancelled at WeChat and chosen to log in again', async () => {
    const { url } = await startApp();
    const anna = await withPassword(url, 'anna');
    emulator.switches.denial = 'state-only';
    const { location } = await post(anna, '/bind');
    const page = await anna.get((await emulator.authorize(location, { allow: false })) ?? '');
    emulator.switches.denial = 'silent';
    expect(page.status).toBe(403);
    const link = linkOn(page);
    const end = await anna.logIn(emulator, link);
    expect([end.url, end.status, end.json()]).toEqual([`${url}/settings`, 200, { id: 'id of anna' }]);
    expect([...rows.values()]).toEqual(['id of anna']);
    // The link is hers: in another session it binds nothing, also not to the account that is logged in there.
    const bob = await withPassword(url, 'bob');
    expect((await bob.follow(link)).status).toBe(400);
  });

  it('binds nothing if the session has lost the login', async () => {
    const { url } = await startApp();
    const anna = await withPassword(url, 'anna');
    const { location } = await post(anna, '/bind');
    const page = await anna.get(await agree(emulator, location), { cookie: '' });
    expect([page.status, page.location, linkOn(page)]).toEqual([400, '', '']);
    expect(page.body).toContain('href="/settings"');
    expect([...rows.values()]).toEqual([]);
  });

  it('refuses a second WeChat user for an account, with a sentence for the user', async () => {
    const { url } = await startApp();
    const anna = await withPassword(url, 'anna');
    expect(await bind(anna)).toBe(200);
    const before = [...rows];
    const refusal = [409, 'your account is bound to another WeChat: unbind it first'];
    expect(await tryToBind(anna, 'emoji')).toEqual(refusal);
    expect([...rows]).toEqual(before);
    expect(await settings(anna)).toEqual({ id: 'id of anna' });
    expect(await bind(anna)).toBe(200);
    expect((await post(anna, '/unbind')).status).toBe(303);
    expect(await bind(anna, 'emoji')).toBe(200);
  });

  it('binds a mini program by the password, under the same conditions', async () => {
    const { appId, appSecret } = emulator.apps.miniProgram;
    jest.spyOn(console, 'error').mockImplementation(() => undefined); // Express prints the refusal
    const { url } = await startApp({
      WECHAT_MINI_PROGRAM_APP_ID: appId,
      WECHAT_MINI_PROGRAM_APP_SECRET: appSecret,
    });
    const bindAs = async (name: string, password = 'right', user = 'ming'): Promise<[number, string]> => {
      const body = JSON.stringify({ name, password, code: emulator.issueCode({ app: appId, user }) });
      const { status, body: text } = await new Browser(url, 'a mini program').request('/mini/bind', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body,
      });
      return [status, status === 200 ? text : ''];
    };
    expect(await bindAs('anna', 'wrong')).toEqual([403, '']);
    expect(rows.size).toBe(0);
    for (let tries = 1; tries <= 2; tries++)
      expect(await bindAs('anna')).toEqual([200, JSON.stringify({ id: 'id of anna' })]);
    expect(await bindAs('bob')).toEqual([409, '']);
    expect(await bindAs('anna', 'right', 'emoji')).toEqual([409, '']);
    expect([...rows]).toEqual([[`${appId}:${openid('ming', appId)}`, 'id of anna']]);
  });

  it('binds and unbinds also for a user who logged in with WeChat', async () => {
    const { url } = await startApp();
    expect(await bind(await withPassword(url, 'anna'))).toBe(200);
    const phone = Browser.inWechat(url);
    await phone.logIn(emulator, '/login?returnTo=/settings');
    expect(await bind(phone)).toBe(200);
    expect((await tryToBind(phone, 'emoji'))[0]).toBe(409);
    expect(await settings(phone)).toEqual({ id: 'id of anna' });
    expect((await post(phone, '/unbind')).status).toBe(303);
    expect([...rows]).toEqual([]);
  });

  it('binds in each app: a binding on the PC is none on the phone', async () => {
    const { url } = await startApp();
    expect(await bind(await withPassword(url, 'anna', Browser.onDesktop(url)))).toBe(200);
    const phone = Browser.inWechat(url);
    const { location } = await phone.follow('/login');
    const { status, body } = await phone.follow(await agree(emulator, location));
    expect([status, body]).toEqual([403, 'bind WeChat in your settings first']);
    expect(await bind(await withPassword(url, 'anna'))).toBe(200);
    expect([...rows.values()]).toEqual(['id of anna', 'id of anna']);
  });

  describe('with a page of the app for PCs', () => {
    const startWithPage = (): Promise<RunningGuide> =>
      start('bind-wechat', 'app.ts', {
        given: { links, checkPassword },
        replace: [
          ['app.use(\n  wechatAuth({', `${ownPageHandler()}app.use(\n  wechatAuth({`],
          [
            'app.listen(',
            `app.get('/bind-link', (req, res) => {
              const loginURL = req.wechat.loginURL({ returnTo: '/settings', data: { bind: userIdOf(req) } });
              res.json({ loginURL });
            });
            app.listen(`,
          ],
        ],
      });
    const loginURLOf = (response: { json(): unknown }): string =>
      (response.json() as { loginURL: string }).loginURL;

    it.each([
      [
        'of the 401 response',
        (pc: Browser) => pc.request('/bind', { method: 'POST', headers: { 'Sec-Fetch-Mode': 'cors' } }),
      ],
      ['of loginURL()', (pc: Browser) => pc.get('/bind-link')],
    ])('binds by the link %s, because the page leaves a login with data to the route', async (_of, ask) => {
      const { url } = await startWithPage();
      const anna = await withPassword(url, 'anna', Browser.onDesktop(url));
      const ordinary = await anna.get('/login?returnTo=/orders');
      expect(ordinary.location).toBe('/sign-in.html?returnTo=%2Forders');
      const end = await anna.logIn(emulator, loginURLOf(await ask(anna)));
      expect([end.url, end.json()]).toEqual([`${url}/settings`, { id: 'id of anna' }]);
      expect([...rows.values()]).toEqual(['id of anna']);
    });
  });

  it('after silent logins, shows the password form to users who have bound nothing, as the page says', async () => {
    const { url } = await start('bind-wechat', 'app.ts', {
      given: { links, checkPassword },
      replace: [
        ["throw new Refusal(403, 'bind WeChat in your settings first')", 'return { openid: user.openid }'],
        ['wechatAuth({', "wechatAuth({ scope: 'snsapi_base',"],
        [
          'app.listen(',
          `app.get('/guarded', require('express-wechat-auth').requireWechatUser(), (req, res) => res.end());
          app.listen(`,
        ],
      ],
    });
    const anna = Browser.inWechat(url);
    expect((await anna.logIn(emulator, '/login?returnTo=/settings')).status).toBe(401);
    expect((await anna.get('/guarded')).status).toBe(200);
    await withPassword(url, 'anna', anna);
    await anna.logIn(emulator, '/login?returnTo=/settings');
    expect(await settings(anna)).toEqual({ id: 'id of anna' });
    expect(await bind(anna)).toBe(200);
    const phone = Browser.inWechat(url);
    await phone.logIn(emulator, '/login?returnTo=/settings');
    expect(await settings(phone)).toEqual({ id: 'id of anna' });
  });

  it('keeps silent logins if the unionid is stored at the binding, as the page says', async () => {
    const unionids = new Map<string, string>();
    const { url } = await start('bind-wechat', 'app.ts', {
      given: { links, checkPassword, unionids },
      replace: [
        ['wechatAuth({', "wechatAuth({ scope: 'snsapi_base',"],
        ['data: { bind: userId } }', "data: { bind: userId }, scope: 'snsapi_userinfo' }"],
        [
          'await links.add(appid, user.openid, bind);',
          'await links.add(appid, user.openid, bind); unionids.set(user.unionid, bind);',
        ],
        [
          "if (owner === undefined) throw new Refusal(403, 'bind WeChat in your settings first');",
          `if (owner === undefined) {
            const known = unionids.get(user.unionid);
            if (known === undefined) return { openid: user.openid };
            await links.add(appid, user.openid, known);
            return { id: known };
          }`,
        ],
      ],
    });
    expect(await bind(await withPassword(url, 'anna', Browser.onDesktop(url)))).toBe(200);
    const first = Browser.inWechat(url);
    expect((await first.logIn(emulator, '/login?returnTo=/settings')).status).toBe(401);
    await first.logIn(emulator, '/login?scope=snsapi_userinfo&returnTo=/settings');
    expect(await settings(first)).toEqual({ id: 'id of anna' });
    const later = Browser.inWechat(url);
    await later.logIn(emulator, '/login?returnTo=/settings');
    expect(await settings(later)).toEqual({ id: 'id of anna' });
  });

  it('fails silent logins with identity unionid, as the page says', async () => {
    const { url } = await start('bind-wechat', 'app.ts', {
      given: { links, checkPassword },
      replace: [['wechatAuth({', "wechatAuth({ scope: 'snsapi_base', identity: 'unionid',"]],
    });
    const phone = Browser.inWechat(url);
    const { location } = await phone.follow('/login');
    const end = await phone.follow(await agree(emulator, location), {
      headers: { Accept: 'application/json' },
    });
    expect([end.status, end.json()]).toEqual([500, expect.objectContaining({ error: 'unionid_missing' })]);
  });

  it('lets the last login decide who the user is, also after a login with a password in the same browser', async () => {
    const { url } = await startApp();
    expect(await bind(await withPassword(url, 'anna'))).toBe(200);
    const shared = await withPassword(url, 'bob');
    await shared.logIn(emulator, '/login?returnTo=/settings');
    expect(await settings(shared)).toEqual({ id: 'id of anna' });
  });

  it('binds nothing without a password', async () => {
    const { url } = await startApp();
    expect((await post(Browser.inWechat(url), '/bind')).status).toBe(401);
    expect((await post(Browser.inWechat(url), '/password-login', 'name=anna&password=wrong')).status).toBe(
      403,
    );
  });
});

describe('a second account for payment', () => {
  it('gets the openid of the paying account, silently, beside the login', async () => {
    const paying = emulator.apps.unbound;
    const prepay = (order: object): Promise<object> => Promise.resolve(order);
    const app = await start('second-account', 'app.ts', {
      given: { prepay },
      env: { PAY_APP_ID: paying.appId, PAY_APP_SECRET: paying.appSecret },
    });
    const before = process.env['PAY_APP_ID'];
    process.env['PAY_APP_ID'] = paying.appId;
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/login');
    const order = await browser.logIn(emulator, '/pay/order');
    if (before === undefined) delete process.env['PAY_APP_ID'];
    expect([order.status, order.json()]).toEqual([
      200,
      { appid: paying.appId, openid: openid('ming', paying.appId), buyer: openid() },
    ]);
    expect(emulator.requests.filter(({ query }) => query['scope'] === 'snsapi_base')).not.toEqual([]);
  });
});

describe('revocation and deletion events', () => {
  const TOKEN = 'a token of the test';
  const done: string[] = [];
  const removed = new Set<string>();
  const accounts = {
    exists: (appid: string, id: string) => Promise.resolve(!removed.has(appid + id)),
    clearProfile: (appid: string, id: string) => Promise.resolve(void done.push(`clear ${appid} ${id}`)),
    remove: (appid: string, id: string) =>
      Promise.resolve(void (done.push(`remove ${appid} ${id}`), removed.add(appid + id))),
  };
  beforeEach(() => {
    done.length = 0;
    removed.clear();
  });
  const signed = (at = Date.now(), token = TOKEN): string => {
    const [timestamp, nonce] = [String(Math.floor(at / 1000)), '4711'];
    const signature = createHash('sha1').update([token, timestamp, nonce].sort().join('')).digest('hex');
    return `/wechat/events?${new URLSearchParams({ timestamp, nonce, signature, echostr: 'echo' }).toString()}`;
  };
  const xml = (event: string, appid: string): string =>
    `<xml><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[${event}]]></Event>` +
    `<OpenID><![CDATA[${openid('ming', appid)}]]></OpenID>` +
    `<AppID><![CDATA[${appid}]]></AppID><RevokeInfo><![CDATA[301]]></RevokeInfo></xml>`;
  const push = (
    browser: Browser,
    to: string,
    event: string,
    appid: string = emulator.apps.official.appId,
  ): ReturnType<Browser['request']> =>
    browser.request(to, { method: 'POST', headers: { 'Content-Type': 'text/xml' }, body: xml(event, appid) });
  const startGuide = (): Promise<RunningGuide> =>
    start('revocation', 'events.ts', { given: { accounts }, env: { WECHAT_MESSAGE_TOKEN: TOKEN } });

  it('checks signature and account, deletes what the event names with the token, and ends the session', async () => {
    const ignored = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    const deleted = jest.spyOn(OAuth.prototype, 'deleteToken');
    const { url } = await startGuide();
    const browser = Browser.inWechat(url);
    expect((await browser.logIn(emulator, '/me')).status).toBe(200);
    expect((await browser.get(signed())).body).toBe('echo');
    for (const forged of [signed(Date.now(), 'another'), signed(Date.now() - 600_000), '/wechat/events'])
      expect((await push(browser, forged, 'user_authorization_cancellation')).status).toBe(403);
    const { appId } = emulator.apps.unbound;
    await push(browser, signed(), 'user_authorization_cancellation', appId);
    expect([done, deleted.mock.calls]).toEqual([[], []]);
    expect(ignored.mock.calls).toEqual([
      [`user_authorization_cancellation of ${appId}, which is not in OWN_APPS`],
    ]);
    for (const event of [
      'user_info_modified',
      'user_authorization_revoke',
      'user_authorization_cancellation',
      'subscribe',
    ])
      expect((await push(browser, signed(), event)).body).toBe('success');
    const user = `${emulator.apps.official.appId} ${openid()}`;
    expect(done).toEqual([`clear ${user}`, `clear ${user}`, `remove ${user}`]);
    expect(deleted.mock.calls).toEqual([[openid()], [openid()]]);
    await Promise.all(deleted.mock.results.map(({ value }) => value as Promise<void>));
    expect((await browser.get('/me')).status).toBe(403);
  });

  it('deletes a user of the website app, with the stored token', async () => {
    const deleted = jest.spyOn(MemoryTokenStore.prototype, 'delete');
    const { appId } = emulator.apps.website;
    const { url } = await startGuide();
    const pc = Browser.onDesktop(url);
    expect((await pc.logIn(emulator, '/me')).status).toBe(200);
    expect((await push(pc, signed(), 'user_authorization_cancellation', appId)).body).toBe('success');
    expect(done).toEqual([`remove ${appId} ${openid('ming', appId)}`]);
    expect(deleted.mock.calls).toEqual([[`${appId}:${openid('ming', appId)}`]]);
    expect((await pc.get('/me')).status).toBe(403);
  });

  it.each<[string, () => string]>([
    ['the account', () => codeOf('accounts/revocation', 'delete-account.ts')],
    ['nothing but the login', () => codeOfPage('docs/sessions.md', 'sign-out.ts')],
  ])('a route of the app deletes %s with the token, also of a user on a PC', async (_what, code) => {
    const guide = await run(code(), { given: { accounts } });
    running.push(guide);
    const { exports } = guide;
    const route = (exports['deleteAccount'] ?? exports['signOut']) as Middleware;
    const tokenStore = new MemoryTokenStore();
    const { appId, appSecret } = emulator.apps.website;
    const app = await startTestApp(emulator, {
      auth: { tokenStore, website: { appId, appSecret } },
      routes: (host) => host.use('/leave', route),
    });
    running.push(app);
    for (const [browser, id] of [
      [Browser.onDesktop(app.url), appId],
      [Browser.inWechat(app.url), emulator.apps.official.appId],
    ] as const) {
      const key = `${id}:${openid('ming', id)}`;
      expect((await browser.logIn(emulator, '/me')).status).toBe(200);
      expect(await tokenStore.get(key)).toBeDefined();
      expect((await post(browser, '/leave')).location).toBe('/bye');
      expect(await tokenStore.get(key)).toBeUndefined();
      expect((await browser.get('/me')).status).toBe(302);
    }
    const users = done.map((each) => each.split(' ')[1]);
    expect(users).toEqual('deleteAccount' in exports ? [appId, emulator.apps.official.appId] : []);
  });
});

describe('switching accounts', () => {
  it('logs out and asks WeChat to show its consent page', async () => {
    const { url } = await start('switch-account', 'app.ts');
    const browser = Browser.inWechat(url);
    expect((await browser.logIn(emulator, '/me')).json()).toMatchObject({ openid: openid() });
    // The form of another site: with `sameSite: 'lax'`, the browser sends no session cookie.
    const crossSite = await post(Browser.inWechat(url), '/switch-account');
    expect([crossSite.status, crossSite.headers['set-cookie']]).toEqual([401, undefined]);
    const { location } = await post(browser, '/switch-account');
    expect(location).toContain('forcePopup=true');
    const other = await browser.follow(await agree(emulator, location, 'emoji'));
    expect(other.json()).toMatchObject({ openid: openid('emoji') });
  });
});

it('companies outside mainland China: the addresses are options', async () => {
  const guide = await run(codeOf('accounts/outside-mainland-china', 'auth.ts'), {
    env: { WECHAT_APP_ID: emulator.apps.official.appId, WECHAT_APP_SECRET: emulator.apps.official.appSecret },
  });
  running.push(guide);
  const app = createHost('Express 5');
  app.use(cookies());
  app.use(guide.exports['auth'] as Middleware);
  const site = await listen(app);
  running.push(site);
  const browser = Browser.inWechat(site.url);
  const { location } = await browser.get('/login');
  expect(new URL(location).host).toBe('open.weixin.qq.com');
  expect(paramIn(location, 'redirect_uri')).toBe('https://www.example.com/callback');
  // Tests may not connect to that host: the login restarts, and then the page says which host it was.
  const restart = await browser.get(`/callback?code=code&state=${stateIn(location)}`);
  const page = await browser.get(`/callback?code=other&state=${stateIn(restart.location)}`);
  expect(page.body).toContain('hk.api.weixin.qq.com');
});
