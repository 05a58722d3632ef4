// The guides for who comes from elsewhere: what they show before and after runs as it stands there.
import { createEmulator, selfSignedCertificate, type Emulator } from '../../lib/emulator';
import { routeWechatHosts, WECHAT_HOSTS } from '../emulator/support/route-wechat-hosts';
import { Browser, agree, type BrowserResponse } from '../support/browser';
import type { OAuth } from '../../lib';
import { cookies } from '../support/app';
import { createHost, listen, type Middleware, type Running } from '../support/hosts';
import { codeOf, run, type RunningGuide } from './guide';

const PUBLIC = 'https://h5.example.com';

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

const env = (): Record<string, string> => {
  const { official, website } = wechat.apps;
  return {
    SESSION_KEY: 'test key',
    WECHAT_APP_ID: official.appId,
    WECHAT_APP_SECRET: official.appSecret,
    WECHAT_WEBSITE_APP_ID: website.appId,
    WECHAT_WEBSITE_APP_SECRET: website.appSecret,
  };
};
const openid = (user = 'ming', kind: 'official' | 'website' = 'official'): string =>
  wechat.openid(user, wechat.apps[kind].appId);
/** WeChat knows the app by its public name; here it is at a port of this machine. */
const toEmulator = (address: string): string => address.replace('https://open.weixin.qq.com', wechat.url);
const here = (address: string): string => address.replace(PUBLIC, '');
const asked = (path: string): number => wechat.requests.filter((request) => request.path === path).length;

/** Behind a proxy that passes the host on. */
const PROXIED = { headers: { Host: new URL(PUBLIC).host } };
const open = (browser: Browser, path: string): Promise<BrowserResponse> => browser.follow(path, PROXIED);

/** From a page of the app to WeChat and back: the callback's path, which nobody has opened yet. */
async function comeBack(browser: Browser, from: string, user?: string): Promise<string> {
  const sent = await open(browser, from);
  return here(await agree(wechat, toEmulator(sent.location), user));
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
    const done = await browser.get(await comeBack(browser, '/login'));
    expect([done.status, done.json()]).toMatchObject([200, { openid: openid(), nickname: '小明' }]);
  });

  it('logs a person in with the middleware, and Back does no harm', async () => {
    app = await run(codeOf('from-wechat-oauth', 'after.ts'), { env: env() });
    const browser = Browser.inWechat(app.url);
    const callback = await comeBack(browser, '/me');
    const done = await open(browser, callback);
    expect([done.status, done.json()]).toMatchObject([200, { openid: openid(), nickname: '小明' }]);
    expect((await open(browser, callback)).status).toBe(200);
    expect(asked('/sns/oauth2/access_token')).toBe(1);
  });

  /** A table as wechat-oauth's users have one: a row for each openid. */
  const aTable = (): { rows: Map<string, object>; table: object } => {
    const rows = new Map<string, object>();
    const find = (id: string): Promise<object | undefined> => Promise.resolve(rows.get(id));
    const save = (id: string, token: object): Promise<void> => Promise.resolve(void rows.set(id, token));
    const remove = (id: string): Promise<void> => Promise.resolve(void rows.delete(id));
    return { rows, table: { find, save, remove } };
  };
  const code = (): string => wechat.issueCode({ app: wechat.apps.official.appId, scope: 'snsapi_userinfo' });

  it('answers with promises', async () => {
    app = await run(codeOf('from-wechat-oauth', 'promises.ts'), { env: env() });
    const { whoIs } = app.exports as { whoIs: (code: string) => Promise<object> };
    expect(await whoIs(code())).toMatchObject({ openid: openid() });
  });

  it('keeps tokens where getToken and saveToken keep them', async () => {
    const { rows, table } = aTable();
    app = await run(codeOf('from-wechat-oauth', 'own-tokens.ts'), { env: env(), given: { tokens: table } });
    const { client } = app.exports as { client: OAuth };
    await client.getUserByCode(code());
    expect([...rows]).toMatchObject([[openid(), { openid: openid(), scope: 'snsapi_userinfo' }]]);
  });

  it('keeps the tokens of the middleware in the table that is there', async () => {
    const { rows, table } = aTable();
    app = await run(codeOf('from-wechat-oauth', 'token-store.ts'), { env: env(), given: { table } });
    const host = createHost('Express 5');
    host.use(cookies());
    host.use(app.exports['auth'] as Middleware);
    site = await listen(host);
    const browser = Browser.inWechat(site.url);
    await open(browser, await comeBack(browser, '/login'));
    expect([...rows.keys()]).toEqual([openid()]);
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
    const done = await open(browser, await comeBack(browser, '/auth/wechat'));
    expect([done.status, done.json()]).toEqual([200, { id: openid(), name: '小明' }]);
  });

  it.each([
    ['before.js', 200],
    ['after.ts', 302],
  ] as const)('%s: a code that another brought from elsewhere: %d', async (file, status) => {
    const browser = await start(file);
    await open(browser, '/auth/wechat');
    const code = wechat.issueCode({
      app: wechat.apps.official.appId,
      user: 'follower',
      scope: 'snsapi_userinfo',
    });
    const done = await open(browser, `/auth/wechat/callback?code=${code}&state=STATE`);
    // Logged in as the attacker; or shown an error page, never a login.
    expect([done.status, (await browser.get('/me')).status]).toEqual(
      status === 200 ? [200, 200] : [400, 302],
    );
  });

  it('sends who refused to the page that says so', async () => {
    wechat.switches.denial = 'authdeny';
    const browser = await start('after.ts');
    const sent = await open(browser, '/auth/wechat');
    const back = (await wechat.authorize(toEmulator(sent.location), { allow: false })) ?? '';
    const done = await browser.get(here(back), PROXIED);
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
    const done = await open(browser, await comeBack(browser, '/me'));
    expect([done.status, done.json()]).toMatchObject([200, { openid: openid(), nickname: '小明' }]);
  });

  /** What the forty lines do, and what is done here, as the table of the guide says. */
  const each = (
    sentence: string,
    before: (browser: Browser) => Promise<void>,
    after: (browser: Browser) => Promise<void>,
  ): void => {
    describe(sentence, () => {
      it('before', async () => before(await start('before.js')));
      it('after', async () => after(await start('after.ts')));
    });
  };
  const isAtWechat = (answer: BrowserResponse): void => {
    expect([answer.status, toEmulator(answer.location).startsWith(wechat.url)]).toEqual([302, true]);
  };

  const spent = async (browser: Browser): Promise<BrowserResponse> => {
    const callback = await comeBack(browser, '/me');
    await open(browser, callback);
    return open(Browser.inWechat(app?.url ?? ''), callback);
  };
  each(
    'a forwarded link with a spent code',
    async (browser) => {
      expect((await spent(browser)).json()).toMatchObject({ errcode: 41001 });
    },
    async (browser) => {
      isAtWechat(await spent(browser));
    },
  );

  const strange = (): string =>
    wechat.issueCode({ app: wechat.apps.official.appId, user: 'follower', scope: 'snsapi_userinfo' });
  each(
    'a link with another’s code',
    async (browser) => {
      const done = await open(browser, `/me?code=${strange()}&state=STATE`);
      expect(done.json()).toMatchObject({ openid: openid('follower') });
    },
    async (browser) => {
      expect((await open(browser, `/callback?code=${strange()}&state=STATE`)).status).toBe(400);
      isAtWechat(await open(browser, '/me'));
    },
  );

  const coupon = async (browser: Browser): Promise<number> => {
    await open(browser, '/buy?code=S80899');
    return asked('/sns/oauth2/access_token');
  };
  each(
    'a coupon link',
    async (browser) => {
      expect(await coupon(browser)).toBe(1);
    },
    async (browser) => {
      expect(await coupon(browser)).toBe(0);
    },
  );

  each(
    'a snapshot of the page',
    async (browser) => {
      const done = await open(browser, await comeBack(browser, '/me', 'snapshot'));
      expect(done.json()).toMatchObject({ nickname: '微信用户' });
    },
    async (browser) => {
      expect((await open(browser, await comeBack(browser, '/me', 'snapshot'))).status).toBe(403);
    },
  );

  const script = { headers: { ...PROXIED.headers, 'Sec-Fetch-Mode': 'cors', Accept: '*/*' } };
  each(
    'an AJAX call without a session',
    async (browser) => {
      isAtWechat(await browser.get('/me', script));
    },
    async (browser) => {
      const answer = await browser.get('/me', script);
      expect([answer.status, answer.json()]).toMatchObject([401, { loginURL: '/login' }]);
    },
  );

  const forged = async (browser: Browser): Promise<string> => {
    const { location } = await browser.follow('/me', { headers: { Host: 'evil.example' } });
    return new URL(new URL(location).searchParams.get('redirect_uri') ?? '').host;
  };
  each(
    'a forged Host header',
    async (browser) => {
      expect(await forged(browser)).toBe('evil.example');
    },
    async (browser) => {
      expect(await forged(browser)).toBe('h5.example.com');
    },
  );

  each(
    'a nickname with a control character',
    async (browser) => {
      const done = await open(browser, await comeBack(browser, '/me', 'dirty'));
      expect(typeof done.json()).toBe('string');
    },
    async (browser) => {
      const done = await open(browser, await comeBack(browser, '/me', 'dirty'));
      expect(done.json()).toMatchObject({ openid: openid('dirty') });
    },
  );

  it('after.ts: has another session id after the login', async () => {
    const browser = await start('after.ts');
    const callback = await comeBack(browser, '/me');
    const before = browser.cookies();
    await open(browser, callback);
    expect([before !== '', browser.cookies() !== before]).toEqual([true, true]);
  });
});
