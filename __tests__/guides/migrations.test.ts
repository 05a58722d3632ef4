// Runs the code of the migration guides, before and after the migration.
import { EventEmitter, once } from 'node:events';
import type http from 'node:http';
import https from 'node:https';
import expressSession from 'express-session';
import { credentialsOf } from '../support/emulator';
import { createEmulator, selfSignedCertificate, type Emulator } from '../../lib/emulator';
import { routeWechatHosts, WECHAT_HOSTS } from '../emulator/support/route-wechat-hosts';
import { Browser, agree, type BrowserResponse } from '../support/browser';
import {
  OAuth,
  requireWechatUser,
  tokenStoreTests,
  wechatAuth,
  type TokenStore,
  type WechatSession,
} from '../../lib';
import { cookies, startApp, type TestRequest } from '../support/app';
import { createHost, listen, type Middleware, type Running } from '../support/hosts';
import { read } from '../docs/pages';
import { codeOf, run, type RunningGuide } from './guide';

const PUBLIC = 'https://h5.example.com';

/** The columns of the table that wechat-oauth's README suggests. */
const COLUMNS = ['access_token', 'expires_in', 'refresh_token', 'openid', 'scope', 'create_at'];

/** The part of wechat-oauth's untyped API that an old app uses. */
interface OldOAuth {
  getAuthorizeURL(redirect: string, state: string, scope: string): string;
  getAccessToken(
    code: string,
    callback: (error: Error | null, result: { data: { openid: string } }) => void,
  ): void;
  getUser(openid: string, callback: (error: Error | null) => void): void;
}
type GetToken = (openid: string, callback: (error: null, token: unknown) => void) => void;
const WechatOAuth =
  jest.requireActual<new (appid: string, appsecret: string, getToken?: GetToken) => OldOAuth>('wechat-oauth');

let wechat: Emulator;
let certificate: string;
let undo: () => void;
let app: RunningGuide | undefined;
let site: Running | undefined;
beforeEach(async () => {
  const pair = selfSignedCertificate(WECHAT_HOSTS);
  certificate = pair.cert;
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

/** For an app that asks the emulator at its own address, which its certificate does not name. */
const trusting = (): { httpsAgent: https.Agent } => ({
  httpsAgent: new https.Agent({ ca: certificate, checkServerIdentity: () => undefined }),
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

  it.each([
    ['keeps', { code: 40001 }, { remove: () => Promise.resolve() }],
    ['does not keep', { name: 'NoOAuthTokenError' }, {}],
  ])('%s for an old version the token that has ended, depending on `remove`', async (_, error, own) => {
    const { rows, table } = createTable();
    const given = { table: { ...table, ...own } };
    app = await run(codeOf('from-wechat-oauth', 'token-store.ts'), { env: env(), given });
    const { appId, appSecret } = wechat.apps.official;
    const { tokenStore } = app.exports as { tokenStore: TokenStore };
    const client = new OAuth({ appid: appId, appsecret: appSecret, tokenStore, http: trusting() });
    await client.getUserByCode(code());
    wechat.changePassword('ming');
    await expect(client.getUser(openid())).rejects.toMatchObject({ code: 42007 });
    const old = new WechatOAuth(appId, appSecret, (id, callback) => callback(null, rows.get(id)));
    const failed = await new Promise((resolve) => old.getUser(openid(), resolve));
    expect(failed).toMatchObject(error);
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

  type Replacements = readonly (readonly [string, string])[];
  /** The changes to keep-logins.js that the guide of another login names. */
  const changes = (from: string, user: string, written: string, key: string): Replacements => [
    ['const { openid } = session;', `const { openid } = session${from};`],
    ['user: { openid }', `user: ${user}`],
    ['openid: wechat.openid });', `${written} });`],
    ['delete session.openid;', `delete session.${key};`],
  ];

  describe.each([
    ['wechat-oauth', 'openid', [], (id: string) => ({ openid: id }), (id: string) => ({ openid: id })],
    [
      'a hand-written login',
      'user',
      changes('.user ?? {}', 'session.user', 'user: wechat.user', 'user'),
      (id: string) => ({ user: { openid: id, nickname: '小明' } }),
      (id: string) => ({ openid: id, nickname: '小明' }),
    ],
    [
      'passport-wechat',
      'passport',
      changes(
        '.passport?.user ?? {}',
        'session.passport.user',
        'passport: { user: wechat.user }',
        'passport',
      ),
      (id: string) => ({ passport: { user: { openid: id, id: 7, name: '小明' } } }),
      (id: string) => ({ openid: id, id: 7, name: '小明' }),
    ],
    [
      'wechat-oauth on a PC',
      'openid',
      [
        [
          "const login = { appid, openid, scope: 'snsapi_userinfo', flow: 'official' };",
          "const login = require('./login-of.js').loginOf(session);",
        ],
        ['openid: wechat.openid });', 'openid: wechat.openid, via: wechat.flow });'],
      ],
      (id: string) => ({ openid: id, via: 'website' }),
      (id: string) => ({ openid: id }),
    ],
    [
      'an app with its own user ids',
      'userId',
      [
        ['const { openid } = session;', 'const { userId } = session; const openid = userId?.slice(3);'],
        ['openid ? openid !== session.kept', 'userId ? userId !== session.kept'],
        ['if (openid)', 'if (userId)'],
        ['user: { openid }', 'user: { id: userId }'],
        ['kept: wechat.openid, openid: wechat.openid', 'kept: wechat.user.id, userId: wechat.user.id'],
        ['delete session.openid;', 'delete session.userId;'],
      ],
      (id: string) => ({ userId: `id-${id}` }),
      (id: string) => ({ id: `id-${id}` }),
    ],
  ] as const)('the users of old sessions of %s', (_, key, replace, oldSession, keptUser) => {
    /** An app whose page /old writes a session as the old login did. */
    const start = async (session = oldSession(openid()) as object): Promise<Browser> => {
      const loginOf = await run(codeOf('from-wechat-oauth', 'login-of.js'), { env: env() });
      await loginOf.close();
      const packages = { './login-of.js': loginOf.exports };
      app = await run(codeOf('from-wechat-oauth', 'keep-logins.js'), { replace, env: env(), packages });
      const keepLogins = app.exports['keepLogins'] as Middleware;
      site = await startApp(wechat, {
        auth: { http: trusting() },
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
      expect([status, JSON.parse(body)]).toEqual([200, keptUser(openid())]);
    });

    it('are logged in as the user of a later login with the old version', async () => {
      const browser = await start();
      const done = await browser.logIn(wechat, '/me', 'emoji');
      expect(done.json()).toMatchObject({ openid: openid('emoji') });
      await browser.get('/old');
      const { body } = await browser.get('/me');
      expect(body).not.toContain(wechat.openid('emoji', wechat.apps.official.appId));
      expect(JSON.parse(body)).toEqual(keptUser(openid()));
    });

    it('stay logged in with the old version', async () => {
      const browser = await start();
      await browser.get('/old');
      await browser.get('/me');
      const stored = (await browser.get('/session')).json() as { wechat: WechatSession };
      expect(stored).toMatchObject(oldSession(openid()));
      expect(stored.wechat.openid).toBe(openid());
      expect(stored.wechat.flow).toBe('via' in oldSession('') ? 'website' : 'official');
    });

    it('can log out, in both versions', async () => {
      const browser = await start();
      await browser.get('/old');
      await browser.get('/me');
      await browser.get('/logout');
      expect((await browser.get('/me')).status).toBe(302);
      expect((await browser.get('/session')).json()).not.toHaveProperty(key);
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
    ['from-hand-written', 'user', '.user ?? {}', 'user: wechat.user'],
    ['from-passport-wechat', 'passport', '.passport?.user ?? {}', 'passport: { user: wechat.user }'],
  ])('%s names what to change in keep-logins.js, in both languages', (guide, key, from, writtenBack) => {
    for (const folder of ['docs', 'docs/zh-CN']) {
      const page = read(`${folder}/guides/${guide}.md`);
      expect(page).toContain(`\`const { openid } = session${from};\``);
      expect(page).toContain(`\`user: session${from.replace(/\?(?=\.)| \?\?.*/g, '')}\``);
      expect(page).toContain(`\`${writtenBack}\``);
      expect(page).toContain(`\`delete session.${key};\``);
    }
  });

  describe.each([
    ['wechat-oauth', true],
    ['this package', false],
  ] as const)('what the tables say of %s', (_, isOld) => {
    type Hooks = readonly [getToken: unknown, saveToken: unknown];
    type Callback = (...args: unknown[]) => void;
    type Client = Record<'getAccessToken' | 'getUser', (value: string, callback: Callback) => void>;
    const Client = (isOld ? WechatOAuth : OAuth) as unknown as new (
      id: string,
      secret: string,
      ...hooks: Hooks | []
    ) => Client;
    const create = (...hooks: Hooks | []): Client => {
      const { appId, appSecret } = wechat.apps.official;
      return new Client(appId, appSecret, ...hooks);
    };
    const argumentsOf = (call: (callback: Callback) => void): Promise<unknown[]> =>
      new Promise((resolve) => {
        call((...args) => {
          resolve(args);
        });
      });

    it('the arguments of a callback', async () => {
      const client = create();
      const [error, ...others] = await argumentsOf((done) => {
        client.getAccessToken('stale', done);
      });
      const failed = { errcode: 40029 };
      expect([error, ...others]).toMatchObject([{ code: 40029 }, ...(isOld ? [failed] : [])]);
      const [, { data }] = (await argumentsOf((done) => {
        client.getAccessToken(code(), done);
      })) as [null, { data: { openid: string } }];
      const args = await argumentsOf((done) => {
        client.getUser(data.openid, done);
      });
      expect(args.length).toBe(isOld ? 3 : 2);
    });

    it('an error of getToken', async () => {
      const hook = (_id: string, done: Callback): void => {
        done(Object.assign(new Error('there is no file'), { code: 'ENOENT' }));
      };
      const [error] = await argumentsOf((done) => {
        create(hook, hook).getUser('nobody', done);
      });
      const kept = { code: 'ENOENT', message: 'there is no file' };
      expect(error).toMatchObject(isOld ? kept : { kind: 'token_store', cause: kept });
    });

    it('no token', async () => {
      const hook = (_id: string, done: Callback): void => {
        done(null, null);
      };
      const [error] = await argumentsOf((done) => {
        create(hook, hook).getUser('nobody', done);
      });
      expect((error as Error).name).toBe('NoOAuthTokenError');
    });

    it('a database that returns numbers as strings', async () => {
      let row: Record<string, string> = {};
      const read = (_id: string, done: Callback): void => {
        done(null, row);
      };
      const save = (_id: string, token: object, done: Callback): void => {
        row = Object.fromEntries(Object.entries(token).map(([name, value]) => [name, String(value)]));
        done(null);
      };
      await argumentsOf((done) => {
        create(read, save).getAccessToken(code(), done);
      });
      row['create_at'] = String(Number(row['create_at']) - 3 * 60 * 60 * 1000);
      await argumentsOf((done) => {
        create(read, save).getUser(openid(), done);
      });
      expect(requestsTo('/sns/oauth2/refresh_token')).toBe(isOld ? 0 : 1);
    });

    it('a subclass without `class`', () => {
      const subclass = (): void => {
        (Client as unknown as Callback).call({}, 'wx', 'secret');
      };
      if (isOld) expect(subclass).not.toThrow();
      else expect(subclass).toThrow("cannot be invoked without 'new'");
    });
  });

  it('options of urllib that axios does not know are ignored, throw or cause a warning', () => {
    const warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const set = (options: object): void => {
      new OAuth('wx0123456789abcdef', 'a secret').setOpts(options);
    };
    set({ agent: {}, rejectUnauthorized: false, dataType: 'json', followRedirect: true, gzip: true });
    expect(warnings).not.toHaveBeenCalled();
    set({ method: 'POST' });
    set({ data: {} });
    expect(warnings).toHaveBeenCalledTimes(2);
    warnings.mockRestore();
    for (const options of [{ timeout: [1000, 1000] }, { proxy: 'http://127.0.0.1:1' }])
      expect(() => {
        set(options);
      }).toThrow();
  });

  describe.each(['cookie-session', 'express-session'] as const)('both versions on one %s', (kind) => {
    type Version = 'old' | 'new';
    /** Sends a browser's requests to one of the two versions, as a load balancer or a deployment does. */
    class BothVersions {
      version: Version = 'old';
      browser = Browser.inWechat('http://127.0.0.1');

      async get(version: Version, path: string): Promise<BrowserResponse> {
        this.version = version;
        return this.browser.get(path);
      }

      /** Logs a person in, at `start`; the callback goes to `end`. Returns the callback's response. */
      async logIn(
        start: Version,
        { user = 'ming', path = '/me', end = start } = {},
      ): Promise<BrowserResponse> {
        this.version = start;
        const { location } = await this.browser.follow(path);
        const callback = await agree(wechat, toEmulator(location), user);
        return this.get(end, callback);
      }

      /** Who is logged in, according to a version: `undefined` for nobody. */
      async who(version: Version): Promise<string | undefined> {
        const { status, body } = await this.get(version, '/me');
        return status === 200 ? body : undefined;
      }
    }

    /** Emits `request`, with a function that ends its response, for each request to /slow. */
    const slow = new EventEmitter();

    type Send = (res: http.ServerResponse) => void;
    const redirectTo =
      (location: string): Send =>
      (res) =>
        void res.writeHead(302, { Location: location }).end();

    /** An app with wechat-oauth that has a session, as far as one of the two versions needs it. */
    const oldVersion = (session: Middleware, scope: string, url: () => string): http.RequestListener => {
      const { official } = wechat.apps;
      const client = new WechatOAuth(official.appId, official.appSecret);
      const host = createHost('Express 4');
      host.use(session);
      const on = (path: string, handler: (req: TestRequest, send: (done: Send) => void) => void): void => {
        host.use(path, (req, res) => {
          handler(req as TestRequest, (done) => {
            done(res);
          });
        });
      };
      on('/login', (req, send) => {
        req.session['state'] = 'a state';
        send(redirectTo(client.getAuthorizeURL(`${url()}/callback`, 'a state', scope)));
      });
      on('/callback', (req, send) => {
        const { searchParams } = new URL(req.url ?? '', url());
        if (searchParams.get('state') !== req.session['state']) {
          send((res) => res.writeHead(400).end('unknown state'));
          return;
        }
        client.getAccessToken(searchParams.get('code') ?? '', (error, result) => {
          if (error) throw error;
          delete req.session['state'];
          req.session['openid'] = result.data.openid;
          send(redirectTo('/me'));
        });
      });
      on('/me', ({ session: { openid: id } }, send) => {
        send(id ? (res) => res.end(id) : redirectTo('/login'));
      });
      // The ways in which apps end a login without ending the session.
      on('/logout/empty', (req, send) => {
        req.session['openid'] = null;
        send((res) => res.end());
      });
      on('/logout/delete', (req, send) => {
        delete req.session['openid'];
        send((res) => res.end());
      });
      return host;
    };

    const newVersion = (session: Middleware, keepLogins: Middleware): http.RequestListener => {
      const host = createHost('Express 4');
      host.use(session);
      host.use(keepLogins);
      const { appId, appSecret } = wechat.apps.official;
      host.use(
        wechatAuth({ appId, appSecret, endpoints: wechat.endpoints, http: trusting(), returnTo: '/me' }),
      );
      host.use('/consent', requireWechatUser({ scope: 'snsapi_userinfo' }));
      host.use('/consent', (_req, res) => res.end('consent'));
      host.use('/public', (_req, res) => res.end('public'));
      host.use('/slow', (_req, res) => {
        slow.emit('request', () => res.end('slow'));
      });
      host.use('/me', requireWechatUser());
      host.use('/me', (req, res) => {
        const { wechat: shown, session: stored } = req as TestRequest;
        const { openid: id } = stored['wechat'] as WechatSession;
        // The two ways in which the page says that pages read the openid.
        res.end(shown.requireUser().openid === id ? id : 'two persons');
      });
      return host;
    };

    const start = async (scope = 'snsapi_userinfo'): Promise<BothVersions> => {
      const session =
        kind === 'cookie-session'
          ? cookies()
          : (expressSession({ secret: 'test key', resave: false, saveUninitialized: false }) as Middleware);
      const replace =
        scope === 'snsapi_userinfo' ? [] : ([["scope: 'snsapi_userinfo'", `scope: '${scope}'`]] as const);
      app = await run(codeOf('from-wechat-oauth', 'keep-logins.js'), { env: env(), replace });
      const both = new BothVersions();
      const versions = {
        old: oldVersion(session, scope, () => site?.url ?? ''),
        new: newVersion(session, app.exports['keepLogins'] as Middleware),
      };
      site = await listen((req, res) => {
        versions[both.version](req, res);
      });
      both.browser = Browser.inWechat(site.url);
      return both;
    };

    const VERSIONS = [
      ['old', 'new'],
      ['new', 'old'],
    ] as const;
    const PERSONS = ['ming', 'follower'] as const;

    it.each(VERSIONS)('a login at the %s version is one at the %s version', async (one, other) => {
      const both = await start();
      await both.logIn(one);
      expect(await both.who(one)).toBe(openid());
      for (const version of [other, one, other, one]) expect(await both.who(version)).toBe(openid());
    });

    it.each(
      VERSIONS.flatMap(([first, second]) =>
        [first, second].flatMap((again) => [[first, second, again] as const]),
      ),
    )('logged in at the %s version and seen at the %s one; then another person at %s', async (...order) => {
      const both = await start();
      const [first, second, again] = order;
      await both.logIn(first, { user: PERSONS[0] });
      await both.who(first);
      expect(await both.who(second)).toBe(openid(PERSONS[0]));
      await both.logIn(again, { user: PERSONS[1], path: '/login' });
      for (const version of [again, first, second, first]) {
        expect(await both.who(version)).toBe(openid(PERSONS[1]));
      }
    });

    it.each([
      ['new', '/logout'],
      ['old', '/logout/empty'],
      ['old', '/logout/delete'],
    ] as const)('a logout at the %s version by %s ends the login at both', async (version, path) => {
      const both = await start();
      await both.logIn('old');
      await both.who('new');
      await both.get(version, path);
      for (const each of ['new', 'old', 'new'] as const) expect(await both.who(each)).toBeUndefined();
      await both.logIn('new', { user: 'follower' });
      for (const each of ['new', 'old'] as const) expect(await both.who(each)).toBe(openid('follower'));
    });

    it.each([1, 2, 3, 4, 5])('logins, logouts and visits in any order, series %i', async (series) => {
      const both = await start();
      let seed = series * 7919;
      const choose = <T>(...from: readonly T[]): T => {
        seed = (seed * 48_271) % 2_147_483_647;
        return from[(seed >>> 8) % from.length] as T;
      };
      let expected: string | undefined;
      const steps: string[] = [];
      for (let step = 0; step < 25; step += 1) {
        const version = choose<Version>('old', 'new');
        const action = choose('visit', 'visit', 'log in', 'log in', 'log out');
        const user = choose(...PERSONS);
        steps.push(`${version}: ${action} ${action === 'log in' ? user : ''}`);
        if (action === 'log in') {
          await both.logIn(version, { user, path: '/login' });
          expected = openid(user);
        }
        if (action === 'log out') {
          await both.get(version, version === 'new' ? '/logout' : choose('/logout/empty', '/logout/delete'));
          expected = undefined;
        }
        expect([steps, await both.who(version)]).toEqual([steps, expected]);
      }
      expect(steps.length).toBe(25);
    });

    // The cookies of the slow response undo it with cookie-session, as the page says.
    if (kind === 'express-session') {
      describe('what happens during a slow request to the new version', () => {
        /** Logs ming in, and sends a slow request, the first one to the new version. Returns its end. */
        const startSlow = async (both: BothVersions, version: Version): Promise<() => Promise<void>> => {
          await both.logIn(version);
          const arrived = once(slow, 'request') as Promise<[() => void]>;
          const response = both.get('new', '/slow');
          const [end] = await arrived;
          return async () => {
            end();
            expect((await response).body).toBe('slow');
          };
        };

        it.each([
          ['old', 'old', '/logout/empty'],
          ['old', 'old', '/logout/delete'],
          ['old', 'new', '/logout'],
          ['new', 'old', '/logout/empty'],
          ['new', 'new', '/logout'],
        ] as const)(
          'after a login at %s, a logout at %s by %s is not undone',
          async (first, version, path) => {
            const both = await start();
            const end = await startSlow(both, first);
            await both.get(version, path);
            await end();
            for (const each of ['old', 'new', 'old'] as const) expect(await both.who(each)).toBeUndefined();
          },
        );

        it('a login of another person is not undone', async () => {
          const both = await start();
          const end = await startSlow(both, 'old');
          await both.logIn('old', { user: 'follower', path: '/login' });
          await end();
          for (const each of ['old', 'new', 'old'] as const)
            expect(await both.who(each)).toBe(openid('follower'));
        });
      });
    }

    it('a rollback keeps the login, and the second deployment shows the person of the rollback', async () => {
      const both = await start();
      await both.logIn('old');
      await both.who('new');
      expect(await both.who('old')).toBe(openid());
      await both.logIn('old', { user: 'follower', path: '/login' });
      for (const each of ['new', 'old', 'new'] as const)
        expect(await both.who(each)).toBe(openid('follower'));
    });

    it('a login that an old server has not seen yet is not taken for a logout', async () => {
      const both = await start();
      await both.get('old', '/logout/empty');
      await both.logIn('new');
      expect(await both.who('old')).toBeUndefined();
      expect(await both.who('new')).toBe(openid());
      expect(await both.who('old')).toBe(openid());
    });

    it('a login that ends at the other version fails with a page', async () => {
      const both = await start();
      const atNew = await both.logIn('old', { end: 'new' });
      expect([atNew.status, atNew.body]).toEqual([400, expect.stringContaining('登录没有完成')]);
      expect((await both.logIn('new', { end: 'old' })).body).toBe('unknown state');
    });

    it('a later consent stays', async () => {
      const both = await start('snsapi_base');
      await both.logIn('old');
      await both.who('new');
      await both.logIn('new', { path: '/consent' });
      for (const each of [1, 2])
        expect([each, (await both.get('new', '/consent')).body]).toEqual([each, 'consent']);
      expect(await both.who('old')).toBe(openid());
      expect((await both.get('new', '/consent')).body).toBe('consent');
    });

    it('a visitor who is not logged in gets no cookie', async () => {
      const { headers } = await (await start()).get('new', '/public');
      expect(headers['set-cookie']).toBeUndefined();
    });
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
