// The attacker has a WeChat account, and has planted a session cookie in the victim's browser, for example
// from a sibling subdomain: so the attacker knows the states of its pending logins. The attacker must not get
// into the victim's account, and must not log the victim in to the attacker's.
import { wechatAuth } from '../../lib';
import { emulated, startApp, type TestApp, type TestRequest } from '../support/app';
import { emulator, useEmulator } from '../support/emulator';
import { Browser, agree } from '../support/browser';
import { PHONE_SAFARI } from '../support/browsers/user-agents';
import {
  startAndAgree,
  exchangedCodes,
  redirectsToWechat,
  isLoggedIn,
  linkOn,
  sessionOf,
  stateIn,
  statesOf,
  withParams,
  logOutDuringExchange,
  logOutDuringSave,
} from '../support/login';
import {
  FaultySessionStore,
  serverSessions,
  SESSIONS,
  SESSION_NAMES,
  SlowSessionStore,
} from '../support/sessions';

const VICTIM = 'ming';
const ATTACKER = 'emoji';

useEmulator();

async function nameOf(browser: Browser): Promise<unknown> {
  return ((await browser.get('/me')).json() as { nickname?: unknown }).nickname;
}

describe.each(SESSION_NAMES)('a planted session, with %s', (kind) => {
  let app: TestApp;
  let logins: string[];
  let attacker: Browser;
  let victim: Browser;
  let planted: string;

  beforeAll(async () => {
    app = await startApp(emulator, {
      session: SESSIONS[kind](),
      auth: {
        onLogin: (_req, { user }) => {
          logins.push(user.openid);
        },
      },
    });
  });
  afterAll(() => app.close());

  /** The attacker starts a login and plants its session cookies in the victim's browser. */
  beforeEach(async () => {
    logins = [];
    attacker = Browser.inWechat(app.url);
    await attacker.get('/login');
    planted = attacker.cookies();
    victim = new Browser(app.url, 'MicroMessenger', await attacker.jar.clone());
  });

  it('does not log in an attacker who polls with a made-up code while the victim logs in', async () => {
    const callback = await startAndAgree(victim, emulator, '/login', VICTIM);
    const states = await statesOf(victim);
    expect(states.length).toBeGreaterThan(0);
    for (const state of states) {
      const undo = emulator.fail('access_token', { delay: 150 });
      const poll = withParams(callback, { code: 'made-up', state });
      const finished = victim.get(withParams(callback, { state }), { keepCookies: false });
      const polls = [0, 20, 40].map(async (after) => {
        await new Promise((resolve) => setTimeout(resolve, after));
        const attackerTab = Browser.inWechat(app.url);
        await attackerTab.get(poll, { cookie: planted });
        return isLoggedIn(attackerTab);
      });
      expect(await Promise.all(polls)).toEqual([false, false, false]);
      await finished;
      undo();
    }
  });

  it('lets the victim log in while an attacker polls', async () => {
    const redirect = await victim.follow('/login');
    const callback = await agree(emulator, redirect.location, VICTIM);
    const attackerTab = Browser.inWechat(app.url);
    const polls = [1, 2, 3].map(() =>
      attackerTab.get(withParams(callback, { code: 'made-up' }), {
        cookie: victim.cookies(),
        keepCookies: false,
      }),
    );
    const [response] = await Promise.all([victim.get(callback), ...polls]);
    if (response.status === 302 && response.location.startsWith(emulator.url))
      await victim.follow(await agree(emulator, response.location, VICTIM));
    expect(await nameOf(victim)).toBe('小明');
  });

  it('refuses a code of another user for the same state', async () => {
    const redirect = await victim.follow('/login');
    const callback = await agree(emulator, redirect.location, VICTIM);
    const attackerCallback = await agree(emulator, redirect.location, ATTACKER);
    expect(stateIn(attackerCallback)).toBe(stateIn(callback));
    const cookie = victim.cookies();
    const attackerTab = Browser.inWechat(app.url);
    const [mine, theirs] = await Promise.all([
      victim.get(callback, { cookie }),
      attackerTab.get(attackerCallback, { cookie, keepCookies: true }),
    ]);
    // The state belongs to the first user whose code is exchanged. The code of the other one is refused, and
    // that login restarts.
    const responses = [mine, theirs].map(({ location }) =>
      location.startsWith(emulator.url) ? 'restart' : 'done',
    );
    expect(responses.sort()).toEqual(['done', 'restart']);
    expect(logins).toHaveLength(1);
    if (await isLoggedIn(attackerTab)) expect(await nameOf(attackerTab)).not.toBe('小明');
    if (await isLoggedIn(victim)) expect(await nameOf(victim)).toBe('小明');
  });

  it('does not replace the login of a victim who logged in meanwhile', async () => {
    const attackerCallback = await startAndAgree(attacker, emulator, '/login', ATTACKER);
    // The planted session holds the attacker's pending login; the victim logs in.
    const victimBrowser = new Browser(app.url, 'MicroMessenger', await attacker.jar.clone());
    await victimBrowser.logIn(emulator, '/me', VICTIM);
    expect(await nameOf(victimBrowser)).toBe('小明');
    const before = await sessionOf(victimBrowser);
    const codes = exchangedCodes(emulator).length;

    const response = await victimBrowser.get(attackerCallback);
    expect(response.status).toBe(400);
    expect(response.body).toContain('state_unknown');
    expect(exchangedCodes(emulator).length).toBe(codes + 1);
    expect(await nameOf(victimBrowser)).toBe('小明');
    expect((await sessionOf(victimBrowser))['wechat']).toEqual(before['wechat']);
  });

  it("does not replace the victim's login if the planted login is restarted first", async () => {
    await startAndAgree(attacker, emulator, '/login', ATTACKER);
    const state = (await statesOf(attacker)).at(-1) ?? '';
    const victimBrowser = new Browser(app.url, 'MicroMessenger', await attacker.jar.clone());
    const cookie = attacker.cookies();
    await victimBrowser.logIn(emulator, '/me', VICTIM);
    const before = await sessionOf(victimBrowser);
    // A link to a callback with a made-up code restarts the login in the victim's browser. The attacker
    // learns the new state by the same callback with the planted cookie: all callbacks of a login share one
    // restart.
    const link = `/callback?code=made-up&state=${state}`;
    const restarted = await victimBrowser.get(link);
    const learned = await Browser.inWechat(app.url).get(link, { cookie });
    for (const { location } of [restarted, learned]) {
      const response = await victimBrowser.get(await agree(emulator, location, ATTACKER));
      expect(response.location).not.toBe('/');
      expect(await nameOf(victimBrowser)).toBe('小明');
      expect((await sessionOf(victimBrowser))['wechat']).toEqual(before['wechat']);
    }
  });

  it("does not replace the victim's login if a bug has written a unionid to Object.prototype", async () => {
    // Without a unionid of their own, all users would share the one of the prototype.
    const patch = ({ unionid: _unionid, ...others }: Record<string, unknown>): object => others;
    const undo = ['access_token', 'userinfo'].map((endpoint) =>
      emulator.fail(endpoint, { patch: patch as never }, { times: 2 }),
    );
    const attackerCallback = await startAndAgree(attacker, emulator, '/login', ATTACKER);
    const victimBrowser = new Browser(app.url, 'MicroMessenger', await attacker.jar.clone());
    await victimBrowser.logIn(emulator, '/me', VICTIM);
    Object.defineProperty(Object.prototype, 'unionid', { value: 'everybody', configurable: true });
    const response = await victimBrowser.get(attackerCallback);
    Reflect.deleteProperty(Object.prototype, 'unionid');
    for (const each of undo) each();
    expect(response.status).toBe(400);
    expect(await nameOf(victimBrowser)).toBe('小明');
  });

  it('lets the same user finish a login in a second tab', async () => {
    const tab = await startAndAgree(victim, emulator, '/login?returnTo=/public', VICTIM);
    await victim.logIn(emulator, '/me', VICTIM);
    const response = await victim.get(tab);
    expect([response.status, response.location]).toEqual([302, '/public#']);
    expect(await nameOf(victim)).toBe('小明');
  });

  it('lets a user who is logged in switch accounts by a new login', async () => {
    await victim.logIn(emulator, '/me', VICTIM);
    await victim.logIn(emulator, '/login?returnTo=/me', ATTACKER);
    expect(await nameOf(victim)).toBe('👩‍👩‍👧‍👦 Emoji 🎉');
  });
});

describe.each(SESSION_NAMES)('a logout, with %s', (kind) => {
  it('ends a callback in progress', async () => {
    const app = await startApp(emulator, { session: SESSIONS[kind]() });
    const browser = Browser.inWechat(app.url);
    const callback = await startAndAgree(browser, emulator, '/me');
    const response = await logOutDuringExchange(browser, emulator, callback);
    expect(response.status).toBe(400);
    expect(response.body).toContain('state_unknown');
    const copy = Browser.inWechat(app.url);
    for (const set of response.headers['set-cookie'] ?? []) copy.jar.setCookieSync(set, app.url);
    expect(await isLoggedIn(copy)).toBe(false);
    await app.close();
  });
});

describe.each(SESSION_NAMES)('two wechatAuth() with one session key, with %s', (kind) => {
  it('end a login at the logout of either', async () => {
    const app = await startApp(emulator, {
      session: SESSIONS[kind](),
      routes: (host) => {
        host.use('/again', wechatAuth(emulated(emulator)));
      },
    });
    const browser = Browser.inWechat(app.url);
    const back = await startAndAgree(browser, emulator, '/me');
    const cookie = browser.cookies();
    await browser.get(back);
    expect(await isLoggedIn(browser)).toBe(true);
    await browser.get('/again/logout');
    const copy = Browser.inWechat(app.url);
    expect(redirectsToWechat(emulator, await copy.get(back, { cookie }))).toBe(true);
    expect(await isLoggedIn(copy)).toBe(false);
    await app.close();
  });
});

describe.each(SESSION_NAMES)('a login by a second account in one session, with %s', (kind) => {
  const start = (preserveSession: boolean): Promise<TestApp> =>
    startApp(emulator, {
      session: SESSIONS[kind](),
      routes: (host) => {
        host.use('/staff', wechatAuth({ ...emulated(emulator), sessionKey: 'staff', preserveSession }));
      },
    });

  it.each([true, false])(
    'ends the login of another person (preserveSession: %s)',
    async (preserveSession) => {
      const app = await start(preserveSession);
      const browser = Browser.inWechat(app.url);
      await browser.logIn(emulator, '/me', VICTIM);
      await browser.logIn(emulator, '/staff/login', ATTACKER);
      const { wechat, staff } = await sessionOf(browser);
      expect(wechat).toBeUndefined();
      expect(staff).toMatchObject({ flow: 'official' });
      await app.close();
    },
  );

  it('is refused if a victim has logged in since an attacker planted it', async () => {
    const app = await start(true);
    const attacker = Browser.inWechat(app.url);
    const attackerCallback = await startAndAgree(attacker, emulator, '/staff/login', ATTACKER);
    const victim = new Browser(app.url, 'MicroMessenger', await attacker.jar.clone());
    await victim.logIn(emulator, '/me', VICTIM);
    const response = await victim.get(attackerCallback);
    expect(response.status).toBe(400);
    expect(response.body).toContain('state_unknown');
    expect(await nameOf(victim)).toBe('小明');
    expect((await sessionOf(victim))['staff']).toBeUndefined();
    await app.close();
  });

  it('succeeds for the user who has logged in by the first account in the meantime', async () => {
    const app = await start(true);
    const browser = Browser.inWechat(app.url);
    const tab = await startAndAgree(browser, emulator, '/staff/login', VICTIM);
    await browser.logIn(emulator, '/me', VICTIM);
    expect((await browser.get(tab)).status).toBe(302);
    expect(Object.keys(await sessionOf(browser))).toEqual(expect.arrayContaining(['wechat', 'staff']));
    await app.close();
  });

  it.each([true, false])(
    'keeps the first login of the same person only with preserveSession (%s)',
    async (preserveSession) => {
      const app = await start(preserveSession);
      const browser = Browser.inWechat(app.url);
      await browser.logIn(emulator, '/me', VICTIM);
      await browser.logIn(emulator, '/staff/login', VICTIM);
      expect('wechat' in (await sessionOf(browser))).toBe(preserveSession);
      await app.close();
    },
  );
});

describe.each(SESSION_NAMES)('data of the app in a shared session, with %s', (kind) => {
  it('is not passed on to another person who logs in under another session key', async () => {
    const app = await startApp(emulator, {
      session: SESSIONS[kind](),
      routes: (host) => {
        host.use('/shop', wechatAuth({ ...emulated(emulator), sessionKey: 'shop' }));
        host.use('/cart', (req, res) => {
          (req.session as Record<string, unknown>)['cart'] = ['a book'];
          res.end();
        });
      },
    });
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/shop/login', VICTIM);
    await browser.get('/cart');
    await browser.get('/shop/login');
    await browser.logIn(emulator, '/me', ATTACKER);
    expect(
      Object.keys(await sessionOf(browser))
        .filter((key) => key !== 'cookie')
        .sort(),
    ).toEqual(['wechat', 'wechat:login']);
    await app.close();
  });
});

describe.each(SESSION_NAMES)('a login whose data bind a WeChat user to an account, with %s', (kind) => {
  let app: TestApp;
  /** The data and the user of every login. */
  let bound: [unknown, unknown][];
  beforeAll(async () => {
    app = await startApp(emulator, {
      session: SESSIONS[kind](),
      routes: (host) => {
        host.use('/bind', (req) => {
          void (req as TestRequest).wechat.login({ returnTo: '/me', data: { bind: 'attacker' } });
        });
        host.use('/shop', wechatAuth({ ...emulated(emulator), sessionKey: 'shop' }));
      },
      auth: { onLogin: (_req, { data, user }) => void bound.push([data, user.nickname]) },
    });
    emulator.switches.denial = 'state-only';
  });
  beforeEach(() => (bound = []));
  afterAll(async () => {
    emulator.switches.denial = 'silent';
    await app.close();
  });

  /** Every link to the login that the attacker can get for her login. */
  async function linksOf(attacker: Browser): Promise<string[]> {
    const cancel = async (path: string): Promise<string> => {
      const { location } = await attacker.follow(path);
      return linkOn(await attacker.get((await emulator.authorize(location, { allow: false })) ?? ''));
    };
    const retry = await cancel('/bind');
    const script = await attacker.get('/bind', { headers: { Accept: 'application/json' } });
    const phone = await attacker.as(PHONE_SAFARI).get('/bind');
    const links = [retry, (script.json() as { loginURL: string }).loginURL, linkOn(phone)];
    for (const link of links) expect(link).toContain('data=');
    return links;
  }

  it('cannot be started in the session of a victim by any link of the attacker', async () => {
    const links = await linksOf(Browser.inWechat(app.url));
    const known = Browser.inWechat(app.url);
    await known.logIn(emulator, '/me', VICTIM);
    bound = [];
    // This victim has started a login with data, too: her session has an id for links.
    const binding = Browser.inWechat(app.url);
    await binding.get('/bind');
    for (const victim of [Browser.inWechat(app.url), known, binding])
      for (const link of links) {
        const response = await victim.follow(link);
        expect([response.status, response.location]).toEqual([400, '']);
        expect(response.body).toContain('state_unknown');
      }
    expect(bound).toEqual([]);
  });

  it.each(['/login', '/shop/login'])(
    'cannot be started by a link of a planted session once the victim has logged in (%s)',
    async (path) => {
      const attacker = Browser.inWechat(app.url);
      const links = await linksOf(attacker);
      const victim = new Browser(app.url, 'MicroMessenger', await attacker.jar.clone());
      await victim.logIn(emulator, path, VICTIM);
      for (const link of links) expect((await victim.follow(link)).status).toBe(400);
      expect(bound.map(([data]) => data)).not.toContainEqual({ bind: 'attacker' });
    },
  );

  it('leaves no link with its data to a victim who has logged in since it started', async () => {
    const attacker = Browser.inWechat(app.url);
    const { location } = await attacker.get('/bind');
    const victim = new Browser(app.url, 'MicroMessenger', await attacker.jar.clone());
    await victim.logIn(emulator, '/login', VICTIM);
    bound = [];
    const denied = (await emulator.authorize(location, { allow: false })) ?? '';
    expect(linkOn(await victim.get(denied))).not.toContain('data=');
  });

  it('is not restarted in the session of a victim who opens the callback of the attacker', async () => {
    const attacker = Browser.inWechat(app.url);
    const { location } = await attacker.get('/bind');
    const callback = await agree(emulator, location, ATTACKER);
    const victim = Browser.inWechat(app.url);
    for (const address of [callback, withParams(callback, { code: undefined })]) {
      const page = await victim.get(address);
      expect([page.location, linkOn(page)]).toEqual(['', '']);
    }
    expect(bound).toEqual([]);
  });
});

describe.each(SESSION_NAMES)(
  'the onLogin of an app that binds whoever logs in to who is logged in, with %s',
  (kind) => {
    let app: TestApp;
    /** Each call of onLogin: who is logged in under either session key, and who logs in. */
    let calls: string[] = [];
    let attacker: Browser;

    const nicknameIn = (session: object, key: string): unknown =>
      (session as Record<string, { user?: { nickname?: string } } | undefined>)[key]?.user?.nickname ??
      'nobody';
    beforeAll(async () => {
      app = await startApp(emulator, {
        session: SESSIONS[kind](),
        auth: {
          onLogin: ({ session }, { user }) => {
            const present = ['wechat', 'shop'].map((key) => nicknameIn(session as object, key));
            calls.push(`${present.join(', ')} | ${user.nickname}`);
          },
        },
        routes: (host) => {
          host.use('/shop', wechatAuth({ ...emulated(emulator), sessionKey: 'shop' }));
        },
      });
    });
    afterAll(() => app.close());

    /** The attacker starts a login. Its session is planted in the victim's browser, and the victim logs in. */
    async function plant(path = '/login'): Promise<{ victim: Browser; toWechat: string; trap: string }> {
      attacker = Browser.inWechat(app.url);
      const { location } = await attacker.get('/login?returnTo=/trap');
      const trap = await agree(emulator, location, ATTACKER);
      const victim = new Browser(app.url, 'MicroMessenger', await attacker.jar.clone());
      await victim.logIn(emulator, path, VICTIM);
      calls = [];
      return { victim, toWechat: location, trap };
    }

    /** The victim opens the link of the attacker, again and again, also at once. */
    async function expectRefused(victim: Browser, trap: string): Promise<void> {
      const before = await sessionOf(victim);
      const codes = exchangedCodes(emulator).length;
      const cookie = victim.cookies();
      const open = () => victim.get(trap, { cookie, keepCookies: false });
      for (const response of [...(await Promise.all([open(), open()])), await open()]) {
        expect(response.status).toBe(400);
        expect(response.body).toContain('state_unknown');
      }
      expect(exchangedCodes(emulator).length).toBeLessThanOrEqual(codes + 1);
      const after = await sessionOf(victim);
      expect([after['wechat'], after['shop']]).toEqual([before['wechat'], before['shop']]);
    }

    it.each(['/login', '/shop/login'])(
      'does not see the login of an attacker who planted it (%s)',
      async (path) => {
        const { victim, trap } = await plant(path);
        await expectRefused(victim, trap);
        expect(calls).toEqual([]);
      },
    );

    it('does not see it after a restart either', async () => {
      const { victim, trap } = await plant();
      const restarted = await victim.get(withParams(trap, { code: 'made-up' }));
      await expectRefused(victim, await agree(emulator, restarted.location, ATTACKER));
      expect(calls).toEqual([]);
    });

    // With express-session, the session of the attacker is gone once the victim has logged in.
    if (kind === 'cookie-session')
      it('sees only the session of an attacker who calls back herself first', async () => {
        const { victim, trap } = await plant();
        expect((await attacker.get(trap)).location).toBe('/trap#');
        await expectRefused(victim, trap);
        expect(calls).toEqual(['nobody, nobody | 👩‍👩‍👧‍👦 Emoji 🎉']);
      });

    it('runs for the user who may finish the login, although the code of another one came first', async () => {
      const { victim, toWechat, trap } = await plant();
      const cookie = victim.cookies();
      const own = await agree(emulator, toWechat, VICTIM);
      await victim.get(trap, { cookie, keepCookies: false });
      expect((await victim.get(own, { cookie })).location).toBe('/trap#');
      // In a store, the first callback has removed the pending login: the victim is logged in already.
      expect(calls).toEqual(kind === 'cookie-session' ? ['小明, nobody | 小明'] : []);
    });
  },
);

describe('with sessions in a store', () => {
  let app: TestApp;
  afterEach(() => app.close());

  it('the state of a finished login, with its cookie, logs in nobody but its user, and calls onLogin for nobody', async () => {
    const calls: string[] = [];
    app = await startApp(emulator, {
      session: serverSessions(),
      auth: { onLogin: (_req, { user }) => void calls.push(user.openid) },
    });
    const victim = Browser.inWechat(app.url);
    const toWechat = await victim.follow('/me');
    const callback = await agree(emulator, toWechat.location, VICTIM);
    const planted = victim.cookies();
    await victim.get(callback);
    const attacker = Browser.inWechat(app.url);
    const own = await agree(emulator, toWechat.location, ATTACKER);
    for (const address of [withParams(callback, { code: 'made-up' }), own, own]) {
      const response = await attacker.get(address, { cookie: planted });
      expect(redirectsToWechat(emulator, response)).toBe(true);
      expect(await isLoggedIn(attacker)).toBe(false);
    }
    // The attacker may log in to her own account, in a session of her own.
    expect((await attacker.logIn(emulator, '/me', ATTACKER)).status).toBe(200);
    expect([await nameOf(attacker), await nameOf(victim)]).toEqual(['👩‍👩‍👧‍👦 Emoji 🎉', '小明']);
    expect(calls).toHaveLength(2);
  });

  it('the state of a finished login exchanges no other code without its cookie', async () => {
    app = await startApp(emulator, { session: serverSessions() });
    const victim = Browser.inWechat(app.url);
    const callback = await startAndAgree(victim, emulator, '/me', VICTIM);
    await victim.get(callback);
    const codes = exchangedCodes(emulator).length;
    const attacker = Browser.inWechat(app.url);
    await attacker.get('/login');
    const response = await attacker.get(withParams(callback, { code: 'made-up' }));
    expect(redirectsToWechat(emulator, response)).toBe(true);
    expect(exchangedCodes(emulator)).toHaveLength(codes);
  });

  it('a planted login that its session has lost cannot be finished in another session either', async () => {
    app = await startApp(emulator, { session: serverSessions(new SlowSessionStore(30)) });
    const attacker = Browser.inWechat(app.url);
    await attacker.get('/login');
    // Two logins at once: the later save overwrites the earlier one.
    const redirects = await Promise.all([1, 2].map(() => attacker.get('/login')));
    const known = await statesOf(attacker);
    const lost = redirects.find(({ location }) => !known.includes(stateIn(location)));
    expect(lost).toBeDefined();
    const attackerCallback = await agree(emulator, lost?.location ?? '', ATTACKER);
    const victim = new Browser(app.url, 'MicroMessenger', await attacker.jar.clone());
    await victim.logIn(emulator, '/me', VICTIM);
    const response = await victim.get(attackerCallback);
    expect([response.status, await nameOf(victim)]).toEqual([400, '小明']);
  });

  it('a logout while a callback is in progress stores no login at any time, and starts no session', async () => {
    const store = new FaultySessionStore();
    const set = store.set.bind(store);
    const logins: string[] = [];
    // Looks at the session as it is saved: the middleware changes the same object later.
    jest.spyOn(store, 'set').mockImplementation((id, session, done) => {
      if ('wechat' in session) logins.push(id);
      set(id, session, done);
    });
    let sessions: string[] = [];
    app = await startApp(emulator, {
      session: serverSessions(store),
      auth: {
        // WeChat has confirmed the user, and the callback goes on after the logout.
        onLogin: async () => {
          expect((await browser.get('/logout', { cookie })).status).toBe(302);
          sessions = [...store.saved];
        },
      },
    });
    const browser = Browser.inWechat(app.url);
    const callback = await startAndAgree(browser, emulator, '/me');
    const cookie = browser.cookies();
    const response = await browser.get(callback, { cookie, keepCookies: false });
    expect(response.status).toBe(400);
    expect(response.body).toContain('state_unknown');
    expect(response.headers['set-cookie']).toBeUndefined();
    expect(logins).toEqual([]);
    expect(sessions).not.toEqual([]);
    expect(store.saved.filter((id) => !sessions.includes(id))).toEqual([]);
  });

  it('a logout while the login is saved ends it, and the browser gets an error', async () => {
    const store = new FaultySessionStore();
    app = await startApp(emulator, { session: serverSessions(store) });
    const browser = Browser.inWechat(app.url);
    const callback = await startAndAgree(browser, emulator, '/me');
    const response = await logOutDuringSave(browser, store, callback);
    expect(response.status).toBe(400);
    expect(response.body).toContain('state_unknown');
    const copy = Browser.inWechat(app.url);
    for (const line of response.headers['set-cookie'] ?? []) copy.jar.setCookieSync(line, app.url);
    expect((await sessionOf(copy))['wechat']).toBeUndefined();
  });
});
