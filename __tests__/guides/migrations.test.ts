// Runs the code of the migration guides, before and after the migration.
import { credentialsOf } from '../support/emulator';
import { createEmulator, selfSignedCertificate, type Emulator } from '../../lib/emulator';
import { routeWechatHosts, WECHAT_HOSTS } from '../emulator/support/route-wechat-hosts';
import { Browser, agree, type BrowserResponse } from '../support/browser';
import { tokenStoreTests, type OAuth, type TokenStore } from '../../lib';
import { cookies, startApp, type TestRequest } from '../support/app';
import { createHost, listen, type Middleware, type Running } from '../support/hosts';
import { read } from '../docs/pages';
import { codeOf, run, type RunningGuide } from './guide';

const PUBLIC = 'https://h5.example.com';

/** The columns of the table that wechat-oauth's README suggests. */
const COLUMNS = ['access_token', 'expires_in', 'refresh_token', 'openid', 'scope', 'create_at'];

let wechat: Emulator;
let undo: () => void;
let app: RunningGuide | undefined;
let site: Running | undefined;
beforeEach(async () => {
  const pair = selfSignedCertificate(WECHAT_HOSTS);
  wechat = await createEmulator({ https: pair });
  undo = routeWechatHosts(wechat.url, pair);
});
afterEach(async () => {
  undo();
  await site?.close();
  site = undefined;
  await app?.close();
  app = undefined;
  await wechat.close();
});

const env = (): Record<string, string> => ({ SESSION_KEY: 'test key', ...credentialsOf(wechat) });
const openid = (user = 'ming', kind: 'official' | 'website' = 'official'): string =>
  wechat.openid(user, wechat.apps[kind].appId);
/** An address of WeChat's login page, at the emulator. */
const toEmulator = (address: string): string => address.replace('https://open.weixin.qq.com', wechat.url);
/** The path in the app, which is public at PUBLIC, and listens at a port of this machine. */
const pathInApp = (address: string): string => address.replace(PUBLIC, '');
const requestsTo = (path: string): number =>
  wechat.requests.filter((request) => request.path === path).length;

/** A request as the app's proxy would pass it on, with the public host. */
const PROXIED = { headers: { Host: new URL(PUBLIC).host } };
const openPage = (browser: Browser, path: string): Promise<BrowserResponse> => browser.follow(path, PROXIED);

/** Opens a page, and agrees at WeChat. Returns the path of the callback, which is not requested yet. */
async function agreeFrom(browser: Browser, from: string, user?: string): Promise<string> {
  const sent = await openPage(browser, from);
  return pathInApp(await agree(wechat, toEmulator(sent.location), user));
}

describe('from wechat-oauth', () => {
  const before = codeOf('from-wechat-oauth', 'before.js');
  const oneLine = [
    ["const OAuth = require('wechat-oauth');", "const { OAuth } = require('express-wechat-auth');"],
  ] as const;

  it.each([
    ['wechat-oauth', []],
    ['the one line that changes', oneLine],
  ] as const)('the app logs a person in with %s', async (_, replace) => {
    app = await run(before, { replace, env: env() });
    const browser = Browser.inWechat(app.url);
    const done = await browser.get(await agreeFrom(browser, '/login'));
    expect([done.status, done.json()]).toMatchObject([200, { openid: openid(), nickname: '小明' }]);
  });

  it('logs a person in with the middleware, and accepts the callback again after the Back button', async () => {
    app = await run(codeOf('from-wechat-oauth', 'after.js'), { env: env() });
    const browser = Browser.inWechat(app.url);
    const callback = await agreeFrom(browser, '/me');
    const done = await openPage(browser, callback);
    expect([done.status, done.json()]).toMatchObject([200, { openid: openid(), nickname: '小明' }]);
    expect((await openPage(browser, callback)).status).toBe(200);
    expect(requestsTo('/sns/oauth2/access_token')).toBe(1);
  });

  /** A database table with a row for each openid, as users of wechat-oauth have it. */
  const createTable = (): { rows: Map<string, object>; table: object } => {
    const rows = new Map<string, object>();
    const find = (id: string): Promise<object | undefined> => Promise.resolve(rows.get(id));
    const save = (id: string, token: object): Promise<void> => Promise.resolve(void rows.set(id, token));
    const remove = (id: string): Promise<void> => Promise.resolve(void rows.delete(id));
    return { rows, table: { find, save, remove } };
  };
  const code = (): string => wechat.issueCode({ app: wechat.apps.official.appId, scope: 'snsapi_userinfo' });

  it('returns promises', async () => {
    app = await run(codeOf('from-wechat-oauth', 'promises.ts'), { env: env() });
    const { whoIs } = app.exports as { whoIs: (code: string) => Promise<object> };
    expect(await whoIs(code())).toMatchObject({ openid: openid() });
  });

  it('stores tokens through getToken and saveToken', async () => {
    const { rows, table } = createTable();
    app = await run(codeOf('from-wechat-oauth', 'own-tokens.ts'), { env: env(), given: { tokens: table } });
    const { client } = app.exports as { client: OAuth };
    await client.getUserByCode(code());
    expect([...rows]).toMatchObject([[openid(), { openid: openid(), scope: 'snsapi_userinfo' }]]);
  });

  it('stores the tokens of the middleware in the existing table', async () => {
    const { rows, table } = createTable();
    app = await run(codeOf('from-wechat-oauth', 'token-store.ts'), { env: env(), given: { table } });
    const host = createHost('Express 5');
    host.use(cookies());
    host.use(app.exports['auth'] as Middleware);
    site = await listen(host);
    const browser = Browser.inWechat(site.url);
    await openPage(browser, await agreeFrom(browser, '/login'));
    expect([...rows.keys()]).toEqual([openid()]);
  });

  it('says which rules of a token store the table of wechat-oauth breaks, in both languages', async () => {
    const rows = new Map<string, Record<string, unknown>>();
    const table = {
      find: (key: string) => Promise.resolve(rows.get(key) ?? null),
      // As a database with these columns: what is not given is NULL, and numbers come back as texts.
      save: (key: string, token: Readonly<Record<string, string | number | undefined>>) => {
        const values = COLUMNS.map((column) => [
          column,
          token[column] == null ? null : String(token[column]),
        ]);
        return Promise.resolve(void rows.set(key, Object.fromEntries(values) as Record<string, unknown>));
      },
      remove: (key: string) => Promise.resolve(void rows.delete(key)),
    };
    app = await run(codeOf('from-wechat-oauth', 'token-store.ts'), { env: env(), given: { table } });
    const { tokenStore } = app.exports as { tokenStore: TokenStore };
    const broken: string[] = [];
    for (const { name, run: check } of tokenStoreTests)
      await check(tokenStore).catch(() => broken.push(name));
    for (const page of ['docs/guides/from-wechat-oauth.md', 'docs/zh-CN/guides/from-wechat-oauth.md']) {
      const cells = [...read(page).matchAll(/^\| (`[^|]*`) +\|/gm)].map(([, cell = '']) => cell);
      const named = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
      const names = tokenStoreTests.map(({ name }) => name);
      expect(named.filter((name) => names.includes(name)).sort()).toEqual([...broken].sort());
      for (const column of COLUMNS) expect(read(page)).toContain(`\`${column}\``);
    }
  });

  describe.each([
    ['wechat-oauth', '', 'openid', '{ openid }', (id: string) => ({ openid: id })],
    [
      'a hand-written login',
      '.user ?? {}',
      'user',
      'req.session.user',
      (id: string) => ({ user: { openid: id, nickname: '小明' } }),
    ],
    [
      'passport-wechat',
      '.passport?.user ?? {}',
      'passport',
      'req.session.passport.user',
      (id: string) => ({ passport: { user: { openid: id, id: 7, name: '小明' } } }),
    ],
  ] as const)('the users of old sessions of %s', (_, from, key, user, oldSession) => {
    /** The changes that the guide of this login names. */
    const replace = [
      ['const { openid } = req.session;', `const { openid } = req.session${from};`],
      ['user: { openid }', `user: ${user}`],
      ['delete req.session.openid;', `delete req.session.${key};`],
    ] as const;
    /** An app whose page /old writes a session as the old login did. */
    const start = async (session = oldSession(openid()) as object): Promise<Browser> => {
      app = await run(codeOf('from-wechat-oauth', 'keep-logins.js'), { replace, env: env() });
      const keepLogins = app.exports['keepLogins'] as Middleware;
      site = await startApp(wechat, {
        routes: (host) => {
          host.use('/old', (req, res) => {
            Object.assign((req as TestRequest).session, session);
            res.end();
          });
        },
        session: (req, res, next) => {
          cookies()(req, res, () => {
            keepLogins(req, res, next);
          });
        },
      });
      return Browser.inWechat(site.url);
    };

    it('are logged in as the same user', async () => {
      const browser = await start();
      await browser.get('/old');
      const { status, body } = await browser.get('/me');
      const {
        openid: id = openid(),
        user: profile,
        passport,
      } = oldSession(openid()) as Record<string, unknown>;
      const account = profile ?? (passport as { user: object } | undefined)?.user ?? { openid: id };
      expect([status, JSON.parse(body)]).toEqual([200, account]);
    });

    it('are logged in as the user of a later login with the old version', async () => {
      const browser = await start();
      await browser.logIn(wechat, '/me', 'emoji');
      await browser.get('/old');
      const { body } = await browser.get('/me');
      expect(body).not.toContain(wechat.openid('emoji', wechat.apps.official.appId));
      expect(JSON.parse(body)).toMatchObject({ openid: openid() });
    });

    it('can log out', async () => {
      const browser = await start();
      await browser.get('/old');
      await browser.get('/me');
      await browser.get('/logout');
      expect((await browser.get('/me')).status).toBe(302);
    });

    it('are left to wechatAuth(), which says what is wrong, if there is no session', async () => {
      app = await run(codeOf('from-wechat-oauth', 'keep-logins.js'), { replace, env: env() });
      const next = jest.fn();
      (app.exports['keepLogins'] as (req: object, res: object, next: () => void) => void)({}, {}, next);
      expect(next).toHaveBeenCalledTimes(1);
    });

    it('need the AppID, without which their sessions would count for nothing', async () => {
      const started = run(codeOf('from-wechat-oauth', 'keep-logins.js'), {
        replace,
        env: { ...env(), WECHAT_APP_ID: '' },
      });
      await expect(started).rejects.toThrow('keepLogins needs the AppID');
      await start();
    });

    it('must log in if the session holds no openid', async () => {
      expect((await (await start()).get('/me')).status).toBe(302);
    });

    it('must log in if the session holds an error of WeChat as the user', async () => {
      const browser = await start({ user: { errcode: 40029, errmsg: 'invalid code' } });
      await browser.get('/old');
      expect((await browser.get('/me')).status).toBe(302);
    });
  });

  it.each([
    ['from-hand-written', 'user', '.user ?? {}'],
    ['from-passport-wechat', 'passport', '.passport?.user ?? {}'],
  ])('%s names what to change in keep-logins.js, in both languages', (guide, key, from) => {
    for (const folder of ['docs', 'docs/zh-CN']) {
      const page = read(`${folder}/guides/${guide}.md`);
      expect(page).toContain(`\`const { openid } = req.session${from};\``);
      expect(page).toContain(`\`req.session.${key}\``);
      expect(page).toContain(`\`user: req.session${from.replace(/\?(?=\.)| \?\?.*/g, '')}\``);
    }
  });
});

describe('from passport-wechat', () => {
  const accounts: object[] = [];
  const findOrCreate = (profile: { openid: string; nickname: string }): Promise<object> => {
    const account = { id: profile.openid, name: profile.nickname };
    accounts.push(account);
    return Promise.resolve(account);
  };
  const start = async (file: 'before.js' | 'after.ts'): Promise<Browser> => {
    const replace =
      file === 'before.js' ? ([["const { findOrCreate } = require('./accounts');", '']] as const) : [];
    app = await run(codeOf('from-passport-wechat', file), { env: env(), given: { findOrCreate }, replace });
    return Browser.inWechat(app.url);
  };

  it.each(['before.js', 'after.ts'] as const)('%s: the same links lead to the same account', async (file) => {
    const browser = await start(file);
    const done = await openPage(browser, await agreeFrom(browser, '/auth/wechat'));
    expect([done.status, done.json()]).toEqual([200, { id: openid(), name: '小明' }]);
  });

  it.each([
    ['before.js', [200, 200]],
    ['after.ts', [400, 302]],
  ] as const)('%s: responds to a code of an attacker (login CSRF) with %j', async (file, statuses) => {
    const browser = await start(file);
    await openPage(browser, '/auth/wechat');
    const code = wechat.issueCode({
      app: wechat.apps.official.appId,
      user: 'follower',
      scope: 'snsapi_userinfo',
    });
    const done = await openPage(browser, `/auth/wechat/callback?code=${code}&state=STATE`);
    // The statuses of the callback and of /me: before.js logs the victim in as the attacker, and after.ts
    // shows an error page.
    expect([done.status, (await browser.get('/me')).status]).toEqual(statuses);
  });

  it('redirects to /denied if the user refuses', async () => {
    wechat.switches.denial = 'authdeny';
    const browser = await start('after.ts');
    const sent = await openPage(browser, '/auth/wechat');
    const back = (await wechat.authorize(toEmulator(sent.location), { allow: false })) ?? '';
    const done = await browser.get(pathInApp(back), PROXIED);
    expect([done.status, done.location]).toEqual([302, '/denied']);
  });
});

describe('from a hand-written login', () => {
  const start = async (file: 'before.js' | 'after.ts'): Promise<Browser> => {
    app = await run(codeOf('from-hand-written', file), { env: env() });
    return Browser.inWechat(app.url);
  };
  const FILES = ['before.js', 'after.ts'] as const;

  it.each(FILES)('%s: logs a person in', async (file) => {
    const browser = await start(file);
    const done = await openPage(browser, await agreeFrom(browser, '/me'));
    expect([done.status, done.json()]).toMatchObject([200, { openid: openid(), nickname: '小明' }]);
  });

  /** One row of the guide's table: what the hand-written login does before, and the middleware after. */
  const compare = (
    sentence: string,
    before: (browser: Browser) => Promise<void>,
    after: (browser: Browser) => Promise<void>,
  ): void => {
    describe(sentence, () => {
      it('before', async () => before(await start('before.js')));
      it('after', async () => after(await start('after.ts')));
    });
  };
  const expectRedirectToWechat = (response: BrowserResponse): void => {
    expect([response.status, toEmulator(response.location).startsWith(wechat.url)]).toEqual([302, true]);
  };

  const openUsedLink = async (browser: Browser): Promise<BrowserResponse> => {
    const callback = await agreeFrom(browser, '/me');
    await openPage(browser, callback);
    return openPage(Browser.inWechat(app?.url ?? ''), callback);
  };
  compare(
    'a forwarded link with a used code',
    async (browser) => {
      expect((await openUsedLink(browser)).json()).toMatchObject({ errcode: 41001 });
    },
    async (browser) => {
      expectRedirectToWechat(await openUsedLink(browser));
    },
  );

  const attackersCode = (): string =>
    wechat.issueCode({ app: wechat.apps.official.appId, user: 'follower', scope: 'snsapi_userinfo' });
  compare(
    'a link with the code of an attacker',
    async (browser) => {
      const done = await openPage(browser, `/me?code=${attackersCode()}&state=STATE`);
      expect(done.json()).toMatchObject({ openid: openid('follower') });
    },
    async (browser) => {
      expect((await openPage(browser, `/callback?code=${attackersCode()}&state=STATE`)).status).toBe(400);
      expectRedirectToWechat(await openPage(browser, '/me'));
    },
  );

  const callsAfterCoupon = async (browser: Browser): Promise<number> => {
    await openPage(browser, '/buy?code=S80899');
    return requestsTo('/sns/oauth2/access_token');
  };
  compare(
    'a coupon link, whose parameter is named code',
    async (browser) => {
      expect(await callsAfterCoupon(browser)).toBe(1);
    },
    async (browser) => {
      expect(await callsAfterCoupon(browser)).toBe(0);
    },
  );

  compare(
    'a snapshot of the page',
    async (browser) => {
      const done = await openPage(browser, await agreeFrom(browser, '/me', 'snapshot'));
      expect(done.json()).toMatchObject({ nickname: '微信用户' });
    },
    async (browser) => {
      expect((await openPage(browser, await agreeFrom(browser, '/me', 'snapshot'))).status).toBe(403);
    },
  );

  const script = { headers: { ...PROXIED.headers, 'Sec-Fetch-Mode': 'cors', Accept: '*/*' } };
  compare(
    'an AJAX call without a session',
    async (browser) => {
      expectRedirectToWechat(await browser.get('/me', script));
    },
    async (browser) => {
      const response = await browser.get('/me', script);
      expect([response.status, response.json()]).toMatchObject([401, { loginURL: '/login' }]);
    },
  );

  const hostInRedirectURI = async (browser: Browser): Promise<string> => {
    const { location } = await browser.follow('/me', { headers: { Host: 'evil.example' } });
    return new URL(new URL(location).searchParams.get('redirect_uri') ?? '').host;
  };
  compare(
    'a forged Host header',
    async (browser) => {
      expect(await hostInRedirectURI(browser)).toBe('evil.example');
    },
    async (browser) => {
      expect(await hostInRedirectURI(browser)).toBe('h5.example.com');
    },
  );

  compare(
    'a nickname with a control character',
    async (browser) => {
      const done = await openPage(browser, await agreeFrom(browser, '/me', 'dirty'));
      expect(typeof done.json()).toBe('string');
    },
    async (browser) => {
      const done = await openPage(browser, await agreeFrom(browser, '/me', 'dirty'));
      expect(done.json()).toMatchObject({ openid: openid('dirty') });
    },
  );

  describe('after.ts: a logout that ends at /bye', () => {
    /** Logs in, then logs out. Returns the response at the end. */
    const logOut = async (place: 'above' | 'below'): Promise<BrowserResponse> => {
      const bye = "app.get('/bye', (req, res) => { res.send('bye'); });";
      const middleware = "app.use(wechatAuth({ baseURL: 'https://h5.example.com', authRequired: true }));";
      app = await run(codeOf('from-hand-written', 'after.ts'), {
        env: env(),
        replace: [[middleware, place === 'above' ? bye + middleware : middleware + bye]],
      });
      const browser = Browser.inWechat(app.url);
      await openPage(browser, await agreeFrom(browser, '/me'));
      return openPage(browser, '/logout?returnTo=/bye');
    };

    it('logs the user out, if the page is above wechatAuth()', async () => {
      expect((await logOut('above')).body).toBe('bye');
    });

    it('starts the next login, if the page is below', async () => {
      expectRedirectToWechat(await logOut('below'));
    });
  });

  it('after.ts: has another session id after the login', async () => {
    const browser = await start('after.ts');
    const callback = await agreeFrom(browser, '/me');
    const before = browser.cookies();
    await openPage(browser, callback);
    expect([before !== '', browser.cookies() !== before]).toEqual([true, true]);
  });
});
