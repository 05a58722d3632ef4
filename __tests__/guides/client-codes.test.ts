// Runs the servers of the guides on mini programs and mobile apps.
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { wechatAuth } from '../../lib';
import { asFunction } from '../docs/as-function';
import { blocksIn, blocksOf, linesOf } from '../docs/blocks';
import { CodeClient, newCode, openidOf } from '../support/browsers/code-clients';
import { examine, websiteOf } from '../cli/doctor/run-doctor';
import { Browser, type BrowserResponse } from '../support/browser';
import { DESKTOP_CHROME, IPHONE_WECHAT } from '../support/browsers/user-agents';
import { environmentOf, emulator, useEmulator } from '../support/emulator';
import { codeOf, run, type RunningGuide } from './guide';
import { describeOnSqlite, SqliteDatabase } from './sqlite';

useEmulator();
const guides: RunningGuide[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  Reflect.deleteProperty(process.env, 'WECHAT_MINI_PROGRAM_APP_ID');
  await Promise.all(guides.splice(0).map((guide) => guide.close()));
});

async function start(
  guide: string,
  file: string,
  account: Readonly<Record<string, string>> = {},
  options: Parameters<typeof run>[1] = {},
): Promise<RunningGuide> {
  const { miniProgram, website } = emulator.apps;
  const app = await run(codeOf(guide, file), {
    ...options,
    env: {
      ...environmentOf(emulator),
      SESSION_KEY: 'test key',
      WECHAT_MINI_PROGRAM_APP_ID: miniProgram.appId,
      WECHAT_MINI_PROGRAM_APP_SECRET: miniProgram.appSecret,
      WECHAT_MOBILE_APP_ID: website.appId,
      WECHAT_MOBILE_APP_SECRET: website.appSecret,
      ...account,
    },
  });
  guides.push(app);
  return app;
}

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

async function tokenOf(client: CodeClient, path: string, code: string): Promise<string> {
  const response = await client.post(path, { code });
  expect([response.status, response.headers['set-cookie']]).toEqual([200, undefined]);
  return (response.json() as { token: string }).token;
}

/** The changes that comments of the guide name for express-session. */
const WITH_EXPRESS_SESSION = [
  [
    "import cookieSession from 'cookie-session'",
    "import session from 'express-session'; import { promisify } from 'node:util'",
  ],
  [
    "cookieSession({ secret: process.env.SESSION_KEY, maxAge: 30 * 24 * 3600 * 1000, sameSite: 'lax' })",
    "session({ secret: 'test key', resave: false, saveUninitialized: false })",
  ],
  ["app.get('/enter', (req", "app.get('/enter', async (req"],
  ['Object.assign(req, { session', 'void ({ session'],
  ['// await promisify', 'await promisify'],
  ['// Object.assign(req.session', 'Object.assign(req.session'],
] as const;

describe('the server of the guide on mini programs', () => {
  let app: RunningGuide;
  let client: CodeClient;
  let token: string;
  beforeEach(async () => {
    app = await start('mini-programs', 'server.ts');
    // The code of the page reads it at each request.
    process.env['WECHAT_MINI_PROGRAM_APP_ID'] = emulator.apps.miniProgram.appId;
    client = new CodeClient(app.url);
    token = await tokenOf(client, '/mini/login', newCode('miniProgram'));
  });

  const ticket = async (page = 'orders'): Promise<BrowserResponse> =>
    client.post('/mini/ticket', { page }, bearer(token));
  const enterWith = async (): Promise<string> =>
    `/enter?ticket=${((await ticket()).json() as { ticket: string }).ticket}`;
  const webView = (agent = `${IPHONE_WECHAT} miniProgram/${emulator.apps.miniProgram.appId}`): Browser =>
    new Browser(app.url, agent);

  it('issues tokens, accepts them until the logout, and sends the kind of an error', async () => {
    const me = await client.post('/mini/me', undefined, { ...bearer(token), method: 'GET' });
    expect(me.json()).toEqual({ userId: openidOf('miniProgram') });
    for (const wrong of ['', 'Bearer', 'made-up'])
      expect((await client.post('/mini/logout', {}, bearer(wrong))).status).toBe(401);
    const failed = await client.post('/mini/login', { code: 'made-up' });
    expect([failed.status, failed.json()]).toEqual([400, { error: 'code_invalid' }]);
    expect((await client.post('/mini/logout', {}, bearer(token))).status).toBe(200);
    expect((await client.post('/mini/logout', {}, bearer(token))).status).toBe(401);
  });

  it('logs the web-view in with a ticket, once', async () => {
    const browser = webView();
    const enter = await enterWith();
    const response = await browser.get(enter);
    expect([response.status, response.location]).toEqual([303, '/orders']);
    expect(response.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    expect((await browser.get('/orders')).body).toBe(`orders of ${openidOf('miniProgram')}`);
    const copy = await webView().get(enter);
    expect([copy.status, copy.headers['set-cookie']]).toEqual([400, undefined]);
    expect((await webView('x MiniProgramEnv/Windows WindowsWechat/WMPF').get(await enterWith())).status).toBe(
      303,
    );
  });

  it('refuses a ticket outside its web-view, from another site, by HEAD, too late, or for another page', async () => {
    for (const agent of [IPHONE_WECHAT, DESKTOP_CHROME, `${IPHONE_WECHAT} miniProgram/wx0000000000000000`])
      expect((await webView(agent).get(await enterWith())).status).toBe(400);
    for (const site of ['cross-site', 'same-site'])
      expect((await webView().get(await enterWith(), { headers: { 'Sec-Fetch-Site': site } })).status).toBe(
        400,
      );
    const enter = await enterWith();
    expect((await webView().request(enter, { method: 'HEAD' })).status).toBe(400);
    expect((await webView().get(enter)).status).toBe(303);
    const late = await enterWith();
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 61_000);
    expect((await webView().get(late)).status).toBe(400);
    jest.restoreAllMocks();
    expect((await ticket('https://evil.example')).status).toBe(400);
    expect((await webView().get(`/enter?ticket=${token}`)).status).toBe(400);
  });

  it.each(['cookie-session', 'express-session'])(
    'gives a second user of the web-view their own %s',
    async (name) => {
      if (name === 'express-session') {
        app = await start('mini-programs', 'server.ts', {}, { replace: WITH_EXPRESS_SESSION });
        process.env['WECHAT_MINI_PROGRAM_APP_ID'] = emulator.apps.miniProgram.appId;
        client = new CodeClient(app.url);
        token = await tokenOf(client, '/mini/login', newCode('miniProgram'));
      }
      const browser = webView();
      await browser.get(await enterWith());
      token = await tokenOf(client, '/mini/login', newCode('miniProgram', 'emoji'));
      await browser.get(await enterWith());
      expect((await browser.get('/orders')).body).toBe(`orders of ${openidOf('miniProgram', 'emoji')}`);
    },
  );
});

/** WeChat in a mini program: it logs users in with fresh codes, stores values, and keeps no cookies. */
function miniProgram() {
  const storage = new Map<string, unknown>();
  let logins = 0;
  const wx = {
    login: ({ success }: { success: (result: { code: string }) => void }) => {
      logins++;
      success({ code: newCode('miniProgram') });
    },
    getStorageSync: (key: string) => storage.get(key) ?? '',
    setStorageSync: (key: string, value: unknown) => storage.set(key, value),
    request: ({ url, method = 'GET', data, header = {}, success, fail }: WxRequest) => {
      const body = data === undefined ? {} : { body: JSON.stringify(data) };
      fetch(url, { method, headers: { 'Content-Type': 'application/json', ...header }, ...body })
        .then(async (response) => {
          success({
            statusCode: response.status,
            data: await response.json(),
            cookies: response.headers.getSetCookie(),
          });
        })
        .catch(fail);
    },
  };
  return { wx, logins: () => logins };
}

interface WxRequest {
  readonly url: string;
  readonly method?: string;
  readonly data?: unknown;
  readonly header?: Record<string, string>;
  readonly success: (result: { statusCode: number; data: unknown; cookies: string[] }) => void;
  readonly fail: (error: unknown) => void;
}

type Send = (path: unknown, options?: object) => Promise<{ statusCode: number; data: unknown }>;

/** Runs code of the guide as the mini program would. */
function runInMiniProgram(file: string, url: string, given: Record<string, unknown>): { request: Send } {
  const exported = {} as { request: Send };
  const code = codeOf('mini-programs', file).replaceAll(/https:..(?:api|h5).example.com/g, url);
  const names = Object.keys(given);
  asFunction(code, ['exports', ...names])(exported, ...names.map((name) => given[name]));
  return exported;
}

describe('the mini program of the guide', () => {
  it('logs in once for several requests at once, again when its token has expired, and opens the web-view', async () => {
    const { url } = await start('mini-programs', 'server.ts');
    process.env['WECHAT_MINI_PROGRAM_APP_ID'] = emulator.apps.miniProgram.appId;
    const { wx, logins } = miniProgram();
    const api = runInMiniProgram('request.js', url, { wx });
    const first = await Promise.all([api.request('/mini/me'), api.request('/mini/me')]);
    expect(first.map(({ data }) => data)).toEqual(Array(2).fill({ userId: openidOf('miniProgram') }));
    expect([(await api.request('/mini/me')).statusCode, logins()]).toEqual([200, 1]);
    await api.request('/mini/logout', { method: 'POST' });
    expect([(await api.request('/mini/me')).statusCode, logins()]).toEqual([200, 2]);

    let page: { onLoad(): Promise<void> } | undefined;
    runInMiniProgram('orders.js', url, {
      require: () => api,
      Page: (definition: typeof page) => (page = definition),
    });
    const view = { src: '' };
    await page?.onLoad.call({ setData: (data: object) => Object.assign(view, data) } as never);
    const agent = `${IPHONE_WECHAT} miniProgram/${emulator.apps.miniProgram.appId}`;
    const browser = new Browser(url, agent);
    expect((await browser.follow(view.src)).body).toBe(`orders of ${openidOf('miniProgram')}`);
  });

  it('stores the cookies of a session itself, because WeChat does not', async () => {
    const { url } = await start('mini-programs', 'with-session.ts');
    const { wx } = miniProgram();
    const { request } = runInMiniProgram('cookies.js', url, { wx });
    expect((await request({ url: `${url}/mini/me` })).statusCode).toBe(401);
    const code = newCode('miniProgram');
    await request({ url: `${url}/mini/login`, method: 'POST', data: { code } });
    expect((await request({ url: `${url}/mini/me` })).data).toMatchObject({
      openid: openidOf('miniProgram'),
    });
    await request({ url: `${url}/mini/logout`, method: 'POST' });
    expect((await request({ url: `${url}/mini/me` })).statusCode).toBe(401);
  });
});

it('the server with a session logs a mini program in and out by its cookies', async () => {
  const { url } = await start('mini-programs', 'with-session.ts');
  const client = new CodeClient(url);
  expect((await client.get('/mini/me')).status).toBe(401);
  const { status } = await client.post('/mini/login', { code: newCode('miniProgram') });
  expect([status, (await client.get('/mini/me')).json()]).toMatchObject([
    200,
    { openid: openidOf('miniProgram') },
  ]);
  await client.post('/mini/logout', {});
  expect((await client.get('/mini/me')).status).toBe(401);
});

it('the server with a session sends the kind of the error for a wrong code', async () => {
  const { url } = await start('mini-programs', 'with-session.ts');
  const failed = await new CodeClient(url).post('/mini/login', { code: 'made-up' });
  expect([failed.status, failed.json()]).toEqual([400, { error: 'code_invalid' }]);
});

const itWithCurl = spawnSync('curl', ['--version']).status === 0 ? it : it.skip;

itWithCurl.each(
  (
    [
      ['mini-programs', 'MINI_PROGRAM', 'miniProgram', {}],
      ['mobile-apps', 'MOBILE', 'official', { nickname: '小明' }],
    ] as const
  ).flatMap(([guide, flow, app, profile]) =>
    ['docs', 'docs/zh-CN'].map(
      (folder) => [`${folder}/guides/${guide}.md`, guide, flow, app, profile] as const,
    ),
  ),
)(
  'the lines of %s for the emulator name one of its apps, log in, and please the doctor',
  async (page, guide, flow, app, profile) => {
    const { appId, appSecret } = emulator.apps[app];
    const account = { [`WECHAT_${flow}_APP_ID`]: appId, [`WECHAT_${flow}_APP_SECRET`]: appSecret };
    expect(blocksIn(page, 'ini')[0]).toBe(
      Object.entries(account)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    const [shell] = blocksOf(page).filter(({ language }) => language === 'sh');
    const [forCode = '', forLogin = '', ...more] = shell ? linesOf(shell) : [];
    expect(more).toEqual([]);
    const responseTo = async (line: string): Promise<unknown> =>
      JSON.parse((await promisify(execFile)('sh', ['-c', line])).stdout);
    const { code } = (await responseTo(forCode.replace('http://127.0.0.1:8917', emulator.url))) as {
      code: string;
    };
    const { url } = await start(guide, 'server.ts', account);
    const login = forLogin.replace('http://localhost:3000', url).replace('…', code);
    expect(await responseTo(login)).toEqual({ token: expect.any(String) as string, ...profile });
    const twice = await examine([], { ...environmentOf(emulator), ...account });
    expect(twice.bad).toEqual(app === 'official' ? ['mobile-app-id'] : []);
    expect((await examine([], { ...websiteOf(emulator), ...account })).exit).toBe(0);
  },
);

it('the server of the guide on mobile apps issues a token for a code', async () => {
  const { url } = await start('mobile-apps', 'server.ts');
  const client = new CodeClient(url);
  const token = await tokenOf(client, '/app/login', newCode('mobileApp'));
  const browser = new Browser(url, 'okhttp/5.1.0');
  expect((await browser.get('/app/me', bearer(token))).json()).toEqual({ userId: openidOf('mobileApp') });
  expect((await browser.get('/app/me', bearer('x'))).status).toBe(401);
  const foreign = await client.post(
    '/app/login',
    { code: newCode('mobileApp') },
    {
      headers: { Origin: 'capacitor://localhost' },
    },
  );
  expect([foreign.status, foreign.json()]).toEqual([403, { error: 'forbidden' }]);
});

describeOnSqlite(
  'the servers of both guides, with the `auth` of the guide on users in your own table',
  () => {
    let db: SqliteDatabase;
    beforeEach(() => {
      db = SqliteDatabase.ofGuide('accounts/own-users-table');
    });
    afterEach(() => db.remove());

    /** Replaces `wechatAuth()` by the `auth` of the other guide. */
    async function startWithUsers(guide: string): Promise<RunningGuide> {
      const table = 'accounts/own-users-table';
      const users = await start(table, 'users.ts', {}, { packages: { './db.js': { db } } });
      const { exports } = await start(table, 'auth.ts', {}, { packages: { './users.js': users.exports } });
      return start(
        guide,
        'server.ts',
        {},
        { given: exports, replace: [['app.use(wechatAuth());', 'app.use(auth);']] },
      );
    }

    it('give each user of a mini program a token, and a session of the web-view, for the row of the table', async () => {
      const { url } = await startWithUsers('mini-programs');
      process.env['WECHAT_MINI_PROGRAM_APP_ID'] = emulator.apps.miniProgram.appId;
      const client = new CodeClient(url);
      const agent = `${IPHONE_WECHAT} miniProgram/${emulator.apps.miniProgram.appId}`;
      for (const user of ['ming', 'emoji']) {
        const token = await tokenOf(client, '/mini/login', newCode('miniProgram', user));
        const openid = openidOf('miniProgram', user);
        const [row] = db.run('SELECT id FROM users WHERE openid = $1', [openid]);
        const me = await client.post('/mini/me', undefined, { ...bearer(token), method: 'GET' });
        expect([me.json(), typeof row?.['id']]).toEqual([{ userId: row?.['id'] }, 'string']);
        const { ticket } = (await client.post('/mini/ticket', { page: 'orders' }, bearer(token))).json() as {
          ticket: string;
        };
        const page = await new Browser(url, agent).follow(`/enter?ticket=${ticket}`);
        expect([page.status, page.body]).toEqual([200, `orders of ${String(row?.['id'])}`]);
      }
    });

    it('give a user of a mobile app a token for the row of the table', async () => {
      const { url } = await startWithUsers('mobile-apps');
      const token = await tokenOf(new CodeClient(url), '/app/login', newCode('mobileApp'));
      const me = (await new Browser(url, 'okhttp/5.1.0').get('/app/me', bearer(token))).json();
      expect(db.run('SELECT id AS "userId" FROM users')).toEqual([me]);
    });
  },
);

it('the server of the guide on mini programs gives no token for a user without a key', async () => {
  jest.spyOn(console, 'error').mockImplementation();
  const { url } = await start(
    'mini-programs',
    'server.ts',
    {},
    {
      given: { auth: (): unknown => wechatAuth({ onLogin: () => ({ nickname: '小明' }) }) },
      replace: [['app.use(wechatAuth());', 'app.use(auth());']],
    },
  );
  const response = await new CodeClient(url).post('/mini/login', { code: newCode('miniProgram') });
  expect([response.status, response.body.includes('token')]).toEqual([500, false]);
});
