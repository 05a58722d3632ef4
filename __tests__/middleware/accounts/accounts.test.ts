// Accounts chosen by the request (option `account`).
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Emulator } from '../../../lib/emulator';
import { wechatAuth, type WechatAuthOptions } from '../../../lib';
import type { HostRequest } from '../../../lib/middleware/http/request';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
import { formToken, SAME_ORIGIN, scanOptions } from '../../support/browsers/scan-login';
import { IPHONE_WECHAT } from '../../support/browsers/user-agents';
import { cookies } from '../../support/app';
import { createHost, HOSTS, listen, type HostName, type Middleware } from '../../support/hosts';
import { exchangedCodes, paramIn, stateIn } from '../../support/login';
import { SESSION_NAMES, SESSIONS } from '../../support/sessions';
import { useWarnings } from '../../support/warnings';
import {
  accountOf,
  credentialsOf,
  OFFICIAL,
  SHOPS,
  shopOfHost,
  startEmulator,
  startShops,
  Visitor,
  WEBSITE,
  type ChooseAccount,
  type Shops,
  type ShopsOptions,
} from './shops';

const warnings = useWarnings();
let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());
const running: Shops[] = [];
afterEach(() => Promise.all(running.splice(0).map((each) => each.close())));

async function visitorOf(account: ChooseAccount, options: ShopsOptions = {}): Promise<Visitor> {
  const shops = await startShops(emulator, account, options);
  running.push(shops);
  return new Visitor(shops, emulator);
}

const byHost: ChooseAccount = (req) => accountOf(shopOfHost(req));
const NOBODY = {
  user: null,
  isAuthenticated: false,
  requireUser: 'unauthenticated',
  token: 'unauthenticated',
};

describe.each(HOSTS)('accounts by request on %s', (host: HostName) => {
  it.each(['at once', 'from a database'])('are chosen by host, %s', async (how) => {
    const visitor = await visitorOf(
      how === 'at once'
        ? byHost
        : (req) => new Promise((resolve) => setTimeout(() => resolve(byHost(req)), 5)),
      { host },
    );
    for (const shop of SHOPS) {
      const sent = await visitor.startAndAgree(shop);
      expect((await visitor.at(shop, sent)).location).toBe('/me#');
      expect(await visitor.who(shop)).toMatchObject({ isAuthenticated: true, appid: OFFICIAL[shop].appId });
      for (const other of SHOPS.filter((each) => each !== shop))
        expect(await visitor.who(other)).toMatchObject({ ...NOBODY, appid: OFFICIAL[other].appId });
    }
  });

  it('are chosen by path', async () => {
    const visitor = await visitorOf(
      (req: HostRequest) => accountOf((req.originalUrl ?? req.url ?? '').split('/')[1] ?? ''),
      // Connect has no patterns.
      { host, mount: host === 'Connect' ? '/a' : '/:shop' },
    );
    const callback = await visitor.startAndAgree('any', '/a/me');
    expect(callback).toMatch(/^\/a\/callback\?/);
    expect((await visitor.at('any', callback)).location).toBe('/a/me#');
    expect((await visitor.at('any', '/a/me')).json()).toMatchObject({ nickname: '小明' });
    if (host === 'Connect') return;
    expect((await visitor.at('any', '/b/me')).location).toMatch(/^\/b\/login/);
    expect((await visitor.at('any', '/unknown/me')).status).toBe(500);
  });
});

describe('accounts by request', () => {
  it('are chosen once for each request, before the next handler', async () => {
    const account = jest.fn(byHost);
    const visitor = await visitorOf(account);
    await visitor.at('a', '/who');
    expect(account).toHaveBeenCalledTimes(1);
    // This page does not read req.wechat.
    await visitor.at('a', '/page');
    expect(account).toHaveBeenCalledTimes(2);
  });

  it('may be added and changed while the app runs', async () => {
    const shops = new Map<string, ReturnType<typeof accountOf>>();
    const visitor = await visitorOf((req) => Promise.resolve(shops.get(shopOfHost(req))));
    expect((await visitor.at('a', '/me')).status).toBe(500);
    shops.set('a', { ...credentialsOf(OFFICIAL.a), appSecret: 'f'.repeat(32) });
    expect((await visitor.logIn('a')).body).toContain('credentials');
    shops.set('a', accountOf('a'));
    expect((await visitor.logIn('a')).location).toBe('/me#');
    shops.delete('a');
    expect(await visitor.who('a')).toMatchObject({
      user: null,
      isAuthenticated: false,
      requireUser: 'config',
    });
  });

  it('log a browser on a PC in with the website app of the shop', async () => {
    const visitor = await visitorOf(byHost);
    const pc = new Visitor(
      visitor.shops,
      emulator,
      visitor.browser.as('Mozilla/5.0 (Windows NT 10.0; Win64; x64)'),
    );
    const sent = await pc.at('b', (await pc.at('b', '/me')).location);
    expect(paramIn(sent.location, 'appid')).toBe(WEBSITE.b.appId);
    expect((await pc.logIn('b')).location).toBe('/me');
    expect((await pc.who('b')).user).not.toBeNull();
    expect(await pc.who('a')).toMatchObject(NOBODY);
  });

  it('do not read the credentials of the environment', async () => {
    process.env['WECHAT_APP_ID'] = OFFICIAL.c.appId;
    process.env['WECHAT_WEBSITE_APP_ID'] = WEBSITE.c.appId;
    try {
      const visitor = await visitorOf(byHost);
      expect((await visitor.who('a')).appid).toBe(OFFICIAL.a.appId);
      expect((await visitor.who('nobody')).appid).toBe('config');
    } finally {
      delete process.env['WECHAT_APP_ID'];
      delete process.env['WECHAT_WEBSITE_APP_ID'];
    }
  });

  it('pass the AppID of the account to onLogin', async () => {
    const seen: string[] = [];
    const visitor = await visitorOf(byHost, {
      auth: { onLogin: (_req, { appid }) => void seen.push(appid) },
    });
    await visitor.logIn('c');
    expect(seen).toEqual([OFFICIAL.c.appId]);
  });

  it('name the account when a login fails', async () => {
    const visitor = await visitorOf((req) => {
      const account = byHost(req) as { appId: string; appSecret: string };
      return { ...account, appSecret: 'f'.repeat(32) };
    });
    for (const shop of ['a', 'b', 'b']) await visitor.logIn(shop);
    const failures = warnings.filter(({ code }) => code === 'WECHAT_LOGIN_FAILED');
    expect(failures.map(({ message }) => /\(account (wx\w+)/.exec(message)?.[1])).toEqual([
      OFFICIAL.a.appId,
      OFFICIAL.b.appId,
    ]);
  });

  it('use the platform’s function that the newest request gave', async () => {
    const tokens: string[] = [];
    let request = 0;
    const visitor = await visitorOf(() => {
      const of = String(++request);
      return {
        appId: OFFICIAL.a.appId,
        component: { appId: 'wx0c0c0c0c0c0c0c0c', accessToken: () => (tokens.push(of), 'token') },
      };
    });
    await visitor.logIn('a');
    expect(tokens).toEqual([String(request)]);
  });
});

describe.each(SESSION_NAMES)('a login of another account in %s', (name) => {
  const start = (): Promise<Visitor> => visitorOf(byHost, { session: SESSIONS[name]() });

  it('is refused at the callback of this account with 400, not exchanged, and dropped', async () => {
    const visitor = await start();
    const callback = await visitor.startAndAgree('a');
    const before = exchangedCodes(emulator).length;
    const refused = await visitor.at('b', callback);
    expect([refused.status, refused.location]).toEqual([400, '']);
    expect(refused.body).toContain('state_unknown');
    expect(refused.body).toContain(
      'This login started with one account, and this request has another one (option account). ' +
        'Its code was not exchanged: start the login again.',
    );
    expect(exchangedCodes(emulator).length).toBe(before);
    const session = (await visitor.at('a', '/session')).json();
    expect(JSON.stringify(session)).not.toContain(stateIn(`http://a.example.com${callback}`));
    // The callback at its own account cannot finish it either: it was dropped, and a new login starts.
    expect((await visitor.at('a', callback)).location).not.toBe('/me#');
    expect(exchangedCodes(emulator).length).toBe(before);
    for (const shop of SHOPS) expect(await visitor.who(shop)).toMatchObject(NOBODY);
  });

  it('finishes at its own account, although the browser visited others meanwhile', async () => {
    const visitor = await start();
    const callback = await visitor.startAndAgree('a');
    await visitor.startAndAgree('b');
    expect((await visitor.at('a', callback)).location).toBe('/me#');
    expect(await visitor.who('b')).toMatchObject(NOBODY);
  });

  it('is refused here even after it has finished at its own account', async () => {
    const visitor = await start();
    const callback = await visitor.startAndAgree('a');
    const cookie = visitor.browser.cookies();
    await visitor.at('a', callback);
    for (const late of [
      await visitor.at('b', callback),
      await visitor.at('b', callback, { cookie, keepCookies: false }),
    ])
      expect([late.status, late.location]).toEqual([400, '']);
    expect((await visitor.at('a', callback)).location).toBe('/me#');
  });

  it('does not count for the guard or for a step-up, and ends at a logout here', async () => {
    const visitor = await start();
    await visitor.logIn('a');
    expect((await visitor.at('b', '/me')).location).toMatch(/^\/login/);
    expect((await visitor.at('b', '/step-up')).json()).toMatchObject({ error: 'unauthenticated' });
    // The session holds one login, and a logout at any account ends it.
    await visitor.at('b', '/logout');
    expect(await visitor.who('a')).toMatchObject(NOBODY);
  });

  it('is replaced by a login here', async () => {
    const visitor = await start();
    await visitor.logIn('a');
    await visitor.logIn('b', 'emoji');
    expect((await visitor.who('b')).isAuthenticated).toBe(true);
    expect(await visitor.who('a')).toMatchObject(NOBODY);
  });

  it('does not sign data for links of another account', async () => {
    const visitor = await start();
    const { links } = await visitor.who('a');
    const query = (links[0] ?? '').replace(/^.*\?/, '?');
    await visitor.at('b', `/login${query}`);
    expect(JSON.stringify((await visitor.at('b', '/session')).json())).not.toContain('of this shop');
    await visitor.at('a', `/login${query}`);
    expect(JSON.stringify((await visitor.at('a', '/session')).json())).toContain('of this shop');
  });
});

describe('a login of another account, at a process that did not start it', () => {
  it('is refused there, too, after it has finished at its own account', async () => {
    const visitor = await visitorOf(byHost);
    const callback = await visitor.startAndAgree('a');
    await visitor.at('a', callback);
    const { shops } = await visitorOf(byHost);
    const again = new Visitor(shops, emulator, new Browser(shops.url, IPHONE_WECHAT, visitor.browser.jar));
    const before = exchangedCodes(emulator).length;
    const late = await again.at('b', callback);
    expect([late.status, late.location]).toEqual([400, '']);
    expect((await again.at('a', callback)).location).toBe('/me#');
    // A callback that no session knows starts a login at this account.
    const unknown = await again.at('b', `/callback?code=a&state=0${'a'.repeat(32)}`);
    expect([unknown.status, paramIn(unknown.location, 'appid')]).toEqual([302, OFFICIAL.b.appId]);
    expect(exchangedCodes(emulator).length).toBe(before);
  });
});

describe('a scan login of another account', () => {
  it('cannot be opened, confirmed or collected here', async () => {
    const onPC = async (): Promise<[Visitor, Visitor]> => {
      const visitor = await visitorOf((req) => credentialsOf(OFFICIAL[shopOfHost(req) as 'a']), {
        auth: { scanLogin: scanOptions().scanLogin },
      });
      const pc = visitor.browser.as('Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120');
      return [new Visitor(visitor.shops, emulator, pc), new Visitor(visitor.shops, emulator)];
    };
    const [pc, phone] = await onPC();
    const page = await pc.at('a', (await pc.at('a', '/me')).location);
    const ticket = /data-link="[^"]*\/scan\/([\w-]+)"/.exec(page.body)?.[1] ?? '';
    expect(ticket).not.toBe('');
    const question = await phone.at('a', `/scan/${ticket}`);
    expect(question.body).toContain('action');
    expect((await phone.at('b', `/scan/${ticket}`)).body).not.toContain('name="token"');
    expect((await pc.at('a', '/scan')).json()).toMatchObject({ status: 'scanned' });
    expect((await pc.at('b', '/scan')).json()).toMatchObject({ status: 'expired' });
    const confirmAt = (shop: string): Promise<BrowserResponse> =>
      phone.at(shop, `/scan/${ticket}`, {
        method: 'POST',
        headers: { ...SAME_ORIGIN, 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ action: 'confirm', token: formToken(question) }).toString(),
      });
    const elsewhere = await confirmAt('b');
    expect([elsewhere.status, elsewhere.location]).toEqual([410, '']);
    const { pathname, search } = new URL(await agree(emulator, (await confirmAt('a')).location));
    await phone.at('a', pathname + search);
    expect((await pc.at('b', '/scan')).json()).toMatchObject({ status: 'expired' });
    expect((await pc.at('a', '/scan')).json()).toMatchObject({ status: 'confirmed' });
  });
});

describe('a request without an account', () => {
  it.each([undefined, null])('falls through to the next handler (%s)', async (none) => {
    const visitor = await visitorOf(() => none);
    for (const path of ['/login', '/callback?code=a&state=b', '/logout', '/page']) {
      const response = await visitor.at('a', path);
      expect([response.status, response.body]).toEqual([200, 'home']);
    }
    expect(await visitor.who('a')).toMatchObject({
      ...{ user: null, isAuthenticated: false, requireUser: 'config', token: 'config', appid: 'config' },
      links: ['config'],
    });
    const guarded = await visitor.at('a', '/me', { headers: { Accept: 'application/json' } });
    expect([guarded.status, guarded.json()]).toMatchObject([500, { error: 'config' }]);
  });

  it('is refused by authRequired', async () => {
    const visitor = await visitorOf(() => undefined, { auth: { authRequired: true } });
    for (const path of ['/page', '/login'])
      expect((await visitor.at('a', path, { headers: { Accept: '*/*' } })).json()).toMatchObject({
        error: 'config',
      });
  });
});

const FAILURES: readonly (readonly [string, () => never])[] = [
  [
    'throws',
    () => {
      throw new Error('the database is away');
    },
  ],
  ['rejects', () => Promise.reject(new Error('the database is away')) as never],
  [
    'throws nothing',
    () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- as a careless app may do
      throw undefined;
    },
  ],
];

describe.each(FAILURES)('an option account that %s', (_how, account) => {
  it('fails our routes and the guard with 500, and serves other pages', async () => {
    const visitor = await visitorOf(account);
    for (const path of ['/login', '/callback?code=a&state=b', '/logout', '/me']) {
      const response = await visitor.at('a', path, { headers: { Accept: 'application/json' } });
      expect([response.status, response.json()]).toMatchObject([500, { error: 'config' }]);
    }
    const callback = await visitor.at('a', '/callback?code=a&state=b', { headers: { Accept: 'text/html' } });
    expect([callback.status, callback.headers['referrer-policy']]).toEqual([500, 'no-referrer']);
    expect((await visitor.at('a', '/page')).body).toBe('home');
    expect(await visitor.who('a')).toMatchObject({ user: null, isAuthenticated: false, token: 'config' });
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('option account failed'),
    ]);
  });
});

describe.each(HOSTS)(
  'a session that throws, at once or when the option account has settled, on %s',
  (name) => {
    type Session = (req: object, res: { headersSent: boolean }, next: () => void) => void;
    const throwing =
      (thrown: unknown): Session =>
      (req, _res, next) => {
        Object.defineProperty(req, 'session', {
          get: () => {
            throw thrown;
          },
        });
        next();
      };

    const credentials = Promise.resolve(accountOf('a'));
    const SETTINGS: readonly WechatAuthOptions[] = [{ account: () => credentials }, { ...accountOf('a') }];

    it.each<[string, Session]>([
      // cookie-session deletes such a cookie, and the app has sent its response already.
      ['because of a cookie with a wrong signature', cookies() as Session],
      ['an error', throwing(new Error('the session is broken'))],
      ['nothing', throwing(undefined)],
      ['what Express takes for success', throwing('route')],
    ])('reaches the error handler, and passes no guard: %s', async (_what, session) => {
      for (const options of SETTINGS) await expectError(session, options);
    });

    async function expectError(session: Session, options: WechatAuthOptions): Promise<void> {
      const app = createHost(name);
      const error = new Promise((resolve) => {
        app.use((_req, res, next) => {
          res.end('too slow');
          next();
        });
        app.use(session as Middleware);
        app.use(wechatAuth({ ...options, authRequired: true, endpoints: emulator.endpoints }));
        app.use(() => {
          resolve('the guard let the request pass');
        });
        app.use(((thrown: unknown, _req: unknown, _res: unknown, _next: unknown) => {
          resolve(thrown);
        }) as unknown as Middleware);
      });
      const server = await listen(app);
      await Browser.inWechat(server.url).get('/me', { cookie: 'session=eyJ4IjoxfQ==; session.sig=wrong' });
      await server.close();
      expect(await error).toHaveProperty('message');
    }
  },
);

describe('a handler of plain node:http that throws', () => {
  it('runs once, behind wechatAuth() and behind a guard, although both had to wait', async () => {
    const script = path.join(__dirname, 'throwing-handler.js');
    const { stdout } = await promisify(execFile)(process.execPath, [script]);
    const { runs, thrown } = JSON.parse(stdout) as { runs: object; thrown: string[] };
    expect([runs, thrown.sort()]).toEqual([{ auth: 1, guard: 1 }, ['auth', 'guard']]);
  });
});

describe('warnings of an app with many accounts', () => {
  it('of a failing option account are not suppressed by an earlier request without an account', async () => {
    let fails = false;
    const visitor = await visitorOf((req) => {
      if (fails) throw new Error('the database is away');
      return byHost(req);
    });
    await visitor.at('stranger', '/me');
    fails = true;
    await visitor.at('a', '/me');
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('belongs to no account'),
      expect.stringContaining('option account failed'),
    ]);
  });

  it('show the stack of what the option account threw, in production, once for each place', async () => {
    process.env['NODE_ENV'] = 'production';
    const visitor = await visitorOf(
      (req) => {
        if (shopOfHost(req) === 'a') throw new TypeError(`the table is gone: ${req.url ?? ''}`);
        if (shopOfHost(req) === 'b') throw new RangeError('no such shop');
        return Promise.reject(
          Object.assign(new Error('away', { cause: new Error('4711') }), { code: 'GONE' }),
        );
      },
      { auth: { scanLogin: true, dangerouslyAllowEmulatorInProduction: true } },
    );
    const secret = `0${'c0de'.repeat(8)}`;
    try {
      await visitor.at('a', `/callback?code=${secret}&state=${secret}`);
      for (const shop of ['b', 'c', 'b', 'c']) expect((await visitor.at(shop, '/me')).status).toBe(500);
    } finally {
      process.env['NODE_ENV'] = 'test';
    }
    const failures = warnings.filter(({ code }) => code === 'WECHAT_LOGIN_FAILED');
    expect(failures.map(({ detail }) => detail?.split('\n')[0])).toEqual([
      'TypeError: the table is gone: /callback?code=***&state=***',
      'RangeError: no such shop',
      'Error: away',
    ]);
    expect(failures[0]?.detail).toContain('accounts.test.ts');
    expect(failures[2]?.detail).toContain('Caused by: Error: 4711');
    for (const { message } of failures) expect(message).toMatch(/^config: The option account failed/);
  });

  it('hold no ticket of a scan login that the error of the option account repeats', async () => {
    const visitor = await visitorOf(
      (req) => {
        throw new Error(`nobody at ${req.url ?? ''}`);
      },
      { auth: { scanLogin: true } },
    );
    await visitor.at('a', `/scan/${'ticket'.repeat(9).slice(0, 52)}`);
    expect(warnings.at(-1)?.detail).toMatch(/^Error: nobody at \/scan\/\*\*\*\n/);
  });

  it('say once, and not once for each account, that WeChat cannot be reached', async () => {
    const visitor = await visitorOf(byHost);
    emulator.fail('access_token', { status: 502 }, { times: 10 });
    try {
      for (const shop of SHOPS) {
        const restarted = await visitor.logIn(shop);
        const { pathname, search } = new URL(await agree(emulator, restarted.location));
        expect((await visitor.at(shop, pathname + search)).status).toBe(502);
      }
      const failed = warnings.filter(({ code }) => code === 'WECHAT_LOGIN_FAILED');
      expect(failed).toHaveLength(1);
      expect(failed[0]?.message).not.toContain('account wx');
    } finally {
      emulator.clearFaults();
    }
  });
});

describe('a baseURL beside accounts that are chosen by host', () => {
  it('brings logins of the other hosts to its own, which the console explains once', async () => {
    const visitor = await visitorOf(byHost, { auth: { baseURL: 'http://a.example.com' } });
    for (let logins = 1; logins <= 2; logins++) {
      const callback = await visitor.startAndAgree('b');
      expect((await visitor.at('a', callback)).status).toBe(400);
    }
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      [
        'WECHAT_OTHER_HOST',
        expect.stringMatching(/"b\.example\.com", but baseURL .* "a\.example\.com".* remove `baseURL`/),
      ],
    ]);
  });
});

describe('what account returns', () => {
  const ID = OFFICIAL.a.appId;
  const SECRET = OFFICIAL.a.appSecret;
  it.each<[string, unknown, string]>([
    ['no secret', { appId: ID }, 'appSecret is missing. Give it.'],
    ['no id', { appSecret: SECRET }, 'appId is missing. Give it.'],
    ['nothing', {}, 'appId is missing, and so is website.'],
    ['a misspelled name', { appid: ID, appSecret: SECRET }, 'appid is not an option. Did you mean appId?'],
    ['half a website app', { website: { appId: ID } }, 'website.appSecret is missing. Give it.'],
    ['an empty secret', { appId: ID, appSecret: '' }, 'appSecret is empty'],
    ['id and secret swapped', { appId: SECRET, appSecret: ID }, 'appId has the form of an AppSecret'],
    ['a number', 7, 'The result is 7. Return { appId, appSecret }'],
    [
      'a secret beside a platform',
      { appId: ID, appSecret: SECRET, component: { appId: 'wx', accessToken: () => '' } },
      'component is given beside appSecret',
    ],
    [
      'a token for a function',
      { appId: ID, component: { appId: 'wx', accessToken: 'a token' } },
      'component.accessToken is a string',
    ],
  ])('has a fault with the words of the options: %s', async (_what, returned, words) => {
    const visitor = await visitorOf(() => returned as never);
    expect((await visitor.at('a', '/page')).body).toBe('home');
    expect((await visitor.at('a', '/me')).status).toBe(500);
    const [warning] = warnings;
    expect(warning?.message).toContain(words);
    expect(warning?.message).not.toContain('WECHAT_APP');
    expect(warning?.message).not.toContain(SECRET);
  });

  it('is named by its AppID in the warning about its faults, which is one line for each account', async () => {
    const { a, b } = OFFICIAL;
    const ids: Readonly<Record<string, string>> = { a: a.appId, b: b.appId, c: SECRET };
    const visitor = await visitorOf(
      (req) => ({ appId: ids[shopOfHost(req)] ?? '', appSecret: '', website: 7 }) as never,
    );
    for (const shop of SHOPS) expect((await visitor.at(shop, '/me')).status).toBe(500);
    const faults = 'has 2 faults: appSecret is empty';
    const secretAsId = 'has 3 faults: appId has the form of an AppSecret';
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining(`The result of the option account (AppID ${a.appId}) ${faults}`),
      expect.stringContaining(`The result of the option account (AppID ${b.appId}) ${faults}`),
      expect.stringContaining(`The result of the option account ${secretAsId}`),
    ]);
    for (const { message } of warnings) expect(message).not.toMatch(/Help:|\s {2}|0{20}/);
  });

  it('may be a row of a database', async () => {
    const visitor = await visitorOf((req) => ({ id: 7, host: 'a', ...accountOf(shopOfHost(req)) }) as never);
    expect((await visitor.logIn('a')).location).toBe('/me#');
  });

  it('counts only by its own properties, not by those of its prototype', async () => {
    const visitor = await visitorOf(() => Object.create(credentialsOf(OFFICIAL.a)) as never);
    expect((await visitor.at('a', '/me')).status).toBe(500);
  });
});

describe('options that do not fit together', () => {
  const component = { appId: 'wx0c0c0c0c0c0c0c0c', accessToken: (): string => 'token' };
  const account: ChooseAccount = () => undefined;
  it.each<[string, unknown, string]>([
    ['account beside appId', { account, appId: 'wx1' }, 'account is given beside appId.'],
    [
      'account beside website',
      { account, website: { appId: 'wx1', appSecret: 's' } },
      'account is given beside website.',
    ],
    ['account beside component', { account, component }, 'account is given beside component.'],
    [
      'component beside appSecret',
      { appId: 'wx1', appSecret: 's', component },
      'component is given beside appSecret.',
    ],
    ['component without appId', { component }, 'appId is missing. Give it, or set WECHAT_APP_ID.'],
    [
      'component and scanLogin',
      { appId: 'wx1', component, scanLogin: true },
      'scanLogin is on, but the AppSecret signs',
    ],
    ['account that is not a function', { account: {} }, 'account is an object. Give a function (req)'],
    [
      'component without a function',
      { appId: 'wx1', component: { appId: 'wx2' } },
      'component.accessToken is undefined.',
    ],
    [
      'component without appId of the platform',
      { appId: 'wx1', component: { accessToken: () => '' } },
      'component.appId is undefined.',
    ],
  ])('are a fault at the start: %s', (_what, options, words) => {
    expect(() => wechatAuth(options as WechatAuthOptions)).toThrow(words);
  });
});
