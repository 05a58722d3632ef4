// What operators hear on node:diagnostics_channel: each login starts once and ends once, and no message tells a secret.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import {
  MemoryTokenStore,
  type TokenData,
  type WechatAuthEvents,
  type WechatAuthOptions,
} from '../../../lib/index';
import type { HostRequest } from '../../../lib/middleware/http/request';
import { Channel } from '../../../lib/oauth/events';
import type { SharedCache } from '../../../lib/stores/shared-cache';
import { startApp, type AppOptions, type TestApp, type TestRequest } from '../../support/app';
import { Browser, agree } from '../../support/browser';
import { emulator, useEmulator } from '../../support/emulator';
import { HOSTS } from '../../support/hosts';
import { comeBack, paramIn, stateIn, withParams } from '../../support/login';
import { serverSessions, SESSION_NAMES, SESSIONS, withSession } from '../../support/sessions';

const CHANNELS: readonly (keyof WechatAuthEvents)[] = [
  'express-wechat-auth:login.started',
  'express-wechat-auth:login.succeeded',
  'express-wechat-auth:login.restarted',
  'express-wechat-auth:login.failed',
  'express-wechat-auth:logout',
  'express-wechat-auth:token.refreshed',
  'express-wechat-auth:token.failed',
  'express-wechat-auth:call.answered',
  'express-wechat-auth:call.failed',
];

type Heard = readonly [name: string, message: unknown];

const heard: Heard[] = [];
/** All that was ever told, for the search for secrets. */
const everything: string[] = [];
const secrets = new Set<string>();

function listen(message: unknown, name: string | symbol): void {
  heard.push([String(name).replace('express-wechat-auth:', ''), message]);
  everything.push(JSON.stringify(message));
}

/** The names of what was told, in order; the calls to WeChat only where they are asked for. */
function names(withCalls = false): string[] {
  return heard.map(([name]) => name).filter((name) => withCalls || !name.startsWith('call.'));
}

type Named<Channel> = Channel extends `express-wechat-auth:${infer Name}` ? Name : never;
type Name = Named<keyof WechatAuthEvents>;
type MessageOf<Wanted extends Name> = WechatAuthEvents[`express-wechat-auth:${Wanted}`];

function messages<Wanted extends Name>(wanted: Wanted): MessageOf<Wanted>[] {
  return heard.filter(([name]) => name === wanted).map(([, message]) => message as MessageOf<Wanted>);
}

function only<Wanted extends Name>(wanted: Wanted): MessageOf<Wanted> {
  const [message, ...more] = messages(wanted);
  if (message === undefined || more.length > 0)
    throw new Error(`${wanted} was told ${message ? more.length + 1 : 0} times, not once`);
  return message;
}

const MS = expect.any(Number) as number;
const ID = expect.stringMatching(/^[0-9a-f]{16}$/) as string;

const apps: TestApp[] = [];
async function start(auth: WechatAuthOptions = {}, options: AppOptions = {}): Promise<TestApp> {
  const app = await startApp(emulator, { auth, ...options });
  apps.push(app);
  return app;
}

/** Every state, code, token and openid that went through WeChat's hands. */
function noteSecrets(): void {
  for (const { query } of emulator.requests) {
    for (const name of ['code', 'secret', 'access_token', 'refresh_token', 'openid', 'state'])
      if (query[name]) secrets.add(query[name]);
  }
  for (const { id } of emulator.users)
    for (const { appId } of [emulator.apps.official, emulator.apps.website])
      secrets.add(emulator.openid(id, appId));
}

useEmulator();
beforeAll(() => {
  for (const name of CHANNELS) subscribe(name, listen);
});
afterAll(() => {
  for (const name of CHANNELS) unsubscribe(name, listen);
});
beforeEach(() => {
  heard.length = 0;
  emulator.requests.length = 0;
  jest.spyOn(process, 'emitWarning').mockImplementation();
});
afterEach(async () => {
  noteSecrets();
  jest.restoreAllMocks();
  emulator.switches.doubleCallback = 'off';
  emulator.switches.denial = 'silent';
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

describe.each(HOSTS)('a login on %s', (host) => {
  it('inside WeChat is told from its start to its session, the calls to WeChat between', async () => {
    const app = await start({}, { host });
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    const { appId: appid } = emulator.apps.official;
    expect(heard).toEqual([
      ['login.started', { id: ID, flow: 'official', appid, scope: 'snsapi_userinfo' }],
      ['call.answered', { appid, path: '/sns/oauth2/access_token', durationMs: MS }],
      ['call.answered', { appid, path: '/sns/userinfo', durationMs: MS }],
      [
        'login.succeeded',
        { id: ID, flow: 'official', appid, scope: 'snsapi_userinfo', durationMs: MS, loginMs: MS },
      ],
    ]);
    expect(only('login.succeeded').id).toBe(only('login.started').id);
  });

  it('by QR code is told as one of the website app', async () => {
    const app = await start({}, { host });
    await Browser.onDesktop(app.url).logIn(emulator, '/me');
    const { appId: appid } = emulator.apps.website;
    const common = { id: only('login.started').id, flow: 'website', appid };
    expect(only('login.started')).toEqual({ ...common, scope: 'snsapi_login' });
    expect(only('login.succeeded')).toEqual({
      ...common,
      scope: 'snsapi_login',
      durationMs: MS,
      loginMs: MS,
    });
  });
});

describe('a login', () => {
  it('that is silent asks WeChat once', async () => {
    const app = await start({ scope: 'snsapi_base' });
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    expect(names(true)).toEqual(['login.started', 'call.answered', 'login.succeeded']);
    expect(only('login.succeeded').scope).toBe('snsapi_base');
  });

  it("says how long it took: the callback's work, and all since it started", async () => {
    const app = await start({
      onLogin: () => {
        clock += 700;
      },
    });
    const browser = Browser.inWechat(app.url);
    const address = await comeBack(browser, emulator);
    const later = Date.now() + 12_345;
    jest.spyOn(Date, 'now').mockImplementation(() => later);
    let clock = 5_000;
    jest.spyOn(performance, 'now').mockImplementation(() => clock);
    await browser.get(address);
    const { durationMs, loginMs } = only('login.succeeded');
    expect(durationMs).toBe(700);
    expect(loginMs).toBeGreaterThanOrEqual(12_345);
    expect(messages('call.answered').map((call) => call.durationMs)).toEqual([0, 0]);
  });

  it('of an embedded QR code is told when its state is minted', async () => {
    const app = await start(
      {},
      {
        routes: (it) =>
          it.use('/qr', (req, res) => {
            void (req as TestRequest).wechat.loginParams().then(({ scope }) => res.end(scope));
          }),
      },
    );
    await Browser.onDesktop(app.url).get('/qr');
    expect(names()).toEqual(['login.started']);
    expect(only('login.started').flow).toBe('website');
  });

  it('has an id that every process finds from the state, and that does not hold it', async () => {
    const app = await start();
    const redirect = await Browser.inWechat(app.url).follow('/me');
    const state = stateIn(redirect.location);
    const { id } = only('login.started');
    expect(id).toBe(createHash('sha256').update(`event of login ${state}`).digest('hex').slice(0, 16));
    expect(state).not.toContain(id.slice(0, 8));
  });

  it('that the user refuses has failed, once, however often WeChat says so', async () => {
    emulator.switches.denial = 'state-only';
    const app = await start({}, { session: serverSessions() });
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.follow('/me');
    const callbackURL = (await emulator.authorize(redirect.location, { allow: false })) ?? '';
    const cookie = browser.cookies();
    await Promise.all([browser.get(callbackURL, { cookie }), browser.get(callbackURL, { cookie })]);
    await browser.get(callbackURL);
    expect(names()).toEqual(['login.started', 'login.failed']);
    expect(only('login.failed')).toEqual({
      kind: 'access_denied',
      id: only('login.started').id,
      flow: 'official',
      appid: emulator.apps.official.appId,
      scope: 'snsapi_userinfo',
      durationMs: MS,
      loginMs: MS,
    });
  });

  it('that onLogin refuses has failed, and why stays with the app', async () => {
    const app = await start({
      onLogin: () => {
        throw new Error('secret reason');
      },
    });
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    expect(names()).toEqual(['login.started', 'login.failed']);
    expect(only('login.failed').kind).toBe('login_refused');
    expect(everything.join()).not.toContain('secret reason');
  });

  it("fails with WeChat's own number", async () => {
    const undo = emulator.fail('access_token', { errcode: 40125 });
    const app = await start();
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    undo();
    expect(names(true)).toEqual(['login.started', 'call.failed', 'login.failed']);
    expect(only('login.failed')).toMatchObject({ kind: 'credentials', errcode: 40125 });
    expect(only('call.failed')).toEqual({
      appid: emulator.apps.official.appId,
      path: '/sns/oauth2/access_token',
      kind: 'credentials',
      errcode: 40125,
      durationMs: MS,
    });
  });

  it('of a snapshot user has failed', async () => {
    const app = await start();
    emulator.switches.snapshot = 'always';
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    emulator.switches.snapshot = 'by-user';
    expect(only('login.failed').kind).toBe('snapshot_user');
  });

  it('whose session cannot be saved at its end has failed, not succeeded', async () => {
    const app = await start({ onLogin: (_req, { user }) => ({ ...user, much: 'x'.repeat(4_000) }) });
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    expect(names()).toEqual(['login.started', 'login.failed']);
    expect(only('login.failed').kind).toBe('config');
  });

  it('that WeChat refuses is told as restarted, and the next one names it', async () => {
    const undo = emulator.fail('access_token', { errcode: 40163 });
    const app = await start();
    const browser = Browser.inWechat(app.url);
    const again = await browser.logIn(emulator, '/me');
    undo();
    const [first, second] = messages('login.started');
    expect(names()).toEqual(['login.started', 'login.restarted', 'login.started']);
    expect(only('login.restarted')).toMatchObject({ id: first?.id, kind: 'code_used', errcode: 40163 });
    expect(first).not.toHaveProperty('restartOf');
    expect(second?.restartOf).toBe(first?.id);
    expect(second?.id).not.toBe(first?.id);
    await browser.follow(await agree(emulator, again.location));
    expect(only('login.succeeded').id).toBe(second?.id);
  });

  it('that WeChat refuses twice is told as restarted, then as failed', async () => {
    const undo = emulator.fail('access_token', 'reset', { times: 2 });
    const app = await start();
    const browser = Browser.inWechat(app.url);
    const again = await browser.logIn(emulator, '/me');
    await browser.follow(await agree(emulator, again.location));
    undo();
    expect(names()).toEqual(['login.started', 'login.restarted', 'login.started', 'login.failed']);
    expect(only('login.failed')).toMatchObject({
      kind: 'network',
      id: messages('login.started')[1]?.id,
    });
  });

  it('whose session was lost is known by its id all the same, up to the error page', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    const callbackURL = await comeBack(browser, emulator);
    const again = await browser.get(callbackURL, { cookie: '', keepCookies: false });
    const backAgain = await agree(emulator, again.location);
    await browser.get(backAgain, { cookie: '', keepCookies: false });
    const [first, second] = messages('login.started');
    expect(names()).toEqual(['login.started', 'login.restarted', 'login.started', 'login.failed']);
    expect(only('login.restarted')).toEqual({ kind: 'state_unknown', id: first?.id, durationMs: MS });
    expect(second?.restartOf).toBe(first?.id);
    expect(only('login.failed')).toEqual({ kind: 'login_loop', id: second?.id, durationMs: MS });
  });

  it('that took too long is told as restarted', async () => {
    const app = await start({ loginTimeout: 60_000 });
    const browser = Browser.inWechat(app.url);
    const callbackURL = await comeBack(browser, emulator);
    const later = Date.now() + 60_000;
    jest.spyOn(Date, 'now').mockImplementation(() => later);
    await browser.get(callbackURL);
    expect(only('login.restarted')).toMatchObject({
      kind: 'state_unknown',
      flow: 'official',
      loginMs: expect.any(Number) as number,
    });
    expect(only('login.restarted').loginMs).toBeGreaterThan(59_000);
  });

  it('that comes back with a state that is none of ours has failed without an id', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    const callbackURL = await comeBack(browser, emulator);
    heard.length = 0;
    await browser.get(withParams(callbackURL, { state: 'made-up' }));
    await browser.get(`${callbackURL}&code=twice`);
    expect(heard).toEqual([
      ['login.failed', { kind: 'state_unknown', durationMs: MS }],
      ['login.failed', { kind: 'state_unknown', durationMs: MS }],
    ]);
  });

  it('that cannot even start has failed, with what is known of it', async () => {
    const noSession = await start({ flow: 'official' }, { session: null });
    await Browser.inWechat(noSession.url).get('/login?scope=snsapi_base');
    const badHook = await start({
      flow: () => {
        throw new Error('a hook of the app');
      },
    });
    await Browser.inWechat(badHook.url).get('/login');
    const noWebsite = await start(
      { website: undefined },
      {
        routes: (it) =>
          it.use('/qr', (req, res) => {
            (req as TestRequest).wechat.loginParams().catch((error: unknown) => res.end(String(error)));
          }),
      },
    );
    await Browser.onDesktop(noWebsite.url).get('/qr');
    expect(heard).toEqual([
      ['login.failed', { kind: 'session_missing', scope: 'snsapi_base', durationMs: MS }],
      ['login.failed', { kind: 'other', durationMs: MS }],
      ['login.failed', { kind: 'config', flow: 'website', durationMs: MS }],
    ]);
  });

  it('whose callback finds no session at all has failed under its id', async () => {
    const app = await start();
    const callbackURL = await comeBack(Browser.inWechat(app.url), emulator);
    const broken = await start({}, { session: null });
    const { id } = only('login.started');
    heard.length = 0;
    await Browser.inWechat(broken.url).get(callbackURL.replace(app.url, broken.url));
    expect(heard).toEqual([['login.failed', { kind: 'session_missing', id, durationMs: MS }]]);
  });

  it('that never was one is not told: a page, a guard, HEAD, a prefetch, the page that says "open WeChat"', async () => {
    const app = await start({ website: undefined });
    const browser = Browser.inWechat(app.url);
    await browser.get('/public');
    await browser.get('/me', { headers: { Accept: 'application/json' } });
    await browser.request('/login', { method: 'HEAD' });
    await browser.get('/login', { headers: { 'Sec-Purpose': 'prefetch' } });
    const page = await Browser.onDesktop(app.url).get('/login');
    expect(page.body).toContain('微信');
    expect(heard).toEqual([]);
  });
});

describe.each(SESSION_NAMES)('two callbacks of one login, with %s', (kind) => {
  let callbacks = 0;
  let bothAreHere: () => void;
  let whenBothAreHere: Promise<void>;

  async function twice(
    codes: 'same-code' | 'different-codes',
    auth: WechatAuthOptions = {},
  ): Promise<{ app: TestApp; browser: Browser; addresses: readonly [string, string] }> {
    callbacks = 0;
    whenBothAreHere = new Promise((resolve) => (bothAreHere = resolve));
    const look = (req: HostRequest): void => {
      if (req.url?.startsWith('/callback') && ++callbacks === 2) setImmediate(bothAreHere);
    };
    const app = await start(
      { onLogin: () => whenBothAreHere, ...auth },
      { session: withSession(SESSIONS[kind](), look) },
    );
    emulator.switches.doubleCallback = codes;
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.follow('/me');
    const [first = '', second = ''] = await emulator.authorizeTwice(redirect.location);
    return { app, browser, addresses: [first, second] };
  }

  it.each(['same-code', 'different-codes'] as const)('at once have one end: %s', async (codes) => {
    const { browser, addresses } = await twice(codes);
    const cookie = browser.cookies();
    const responses = await Promise.all(
      addresses.map((address) => browser.get(address, { cookie, keepCookies: false })),
    );
    expect(responses.map(({ location }) => location)).toEqual(['/me', '/me']);
    expect(names()).toEqual(['login.started', 'login.succeeded']);
  });

  it('one after the other have one end, and the Back button adds none', async () => {
    const { browser, addresses } = await twice('same-code', { onLogin: () => undefined });
    const cookie = browser.cookies();
    await browser.get(addresses[0]);
    await browser.get(addresses[1], { cookie, keepCookies: false });
    await browser.get(addresses[0]);
    expect(names()).toEqual(['login.started', 'login.succeeded']);
  });

  it('that the app refuses have failed once', async () => {
    const { browser, addresses } = await twice('different-codes', {
      onLogin: async () => {
        await whenBothAreHere;
        throw new Error('no');
      },
    });
    const cookie = browser.cookies();
    await Promise.all(addresses.map((address) => browser.get(address, { cookie, keepCookies: false })));
    expect(names()).toEqual(['login.started', 'login.failed']);
  });

  it('that WeChat refuses restart once, as one new login', async () => {
    const { browser, addresses } = await twice('same-code');
    const undo = emulator.fail('access_token', { errcode: 40163 }, { delay: 100 });
    const cookie = browser.cookies();
    const responses = await Promise.all(
      addresses.map((address) => browser.get(address, { cookie, keepCookies: false })),
    );
    undo();
    expect(new Set(responses.map(({ location }) => stateIn(location))).size).toBe(1);
    expect(names()).toEqual(['login.started', 'login.restarted', 'login.started']);
  });
});

describe('two processes of one app', () => {
  it('tell of a login once: only the one that did the work', async () => {
    const notes = new Map<string, unknown>();
    const turns = new Map<string, Promise<unknown>>();
    const keeps: SharedCache = {
      readCache: (key) => Promise.resolve(notes.get(key)),
      writeCache: (key, note) => Promise.resolve(void notes.set(key, structuredClone(note))),
      deleteCache: (key) => Promise.resolve(void notes.delete(key)),
      lock: (key, fn) => {
        const done = (turns.get(key) ?? Promise.resolve()).then(fn);
        turns.set(
          key,
          done.catch(() => undefined),
        );
        return done;
      },
    };
    const tokenStore = Object.assign(new MemoryTokenStore(), keeps);
    const session = serverSessions();
    const one = await start({ tokenStore }, { session });
    const two = await start({ tokenStore }, { session });
    const browser = Browser.inWechat(one.url);
    const callbackURL = await comeBack(browser, emulator);
    const cookie = browser.cookies();
    const other = Browser.inWechat(two.url);
    await Promise.all([
      browser.get(callbackURL, { cookie }),
      other.get(callbackURL.replace(one.url, two.url), { cookie, keepCookies: false }),
    ]);
    expect(names()).toEqual(['login.started', 'login.succeeded']);
  });
});

describe('a logout', () => {
  it('is told by the route and by req.wechat.logout(), and only where somebody was logged in', async () => {
    const app = await start(
      {},
      {
        routes: (it) =>
          it.use('/out', (req, res) => {
            void (req as TestRequest).wechat.logout().then(() => res.end());
          }),
      },
    );
    const browser = Browser.inWechat(app.url);
    for (const out of ['/logout', '/out']) {
      await browser.logIn(emulator, '/me');
      heard.length = 0;
      await browser.get(out);
      await browser.get(out);
      expect(heard).toEqual([['logout', { flow: 'official', appid: emulator.apps.official.appId }]]);
    }
  });
});

describe('a token', () => {
  const appid = (): string => emulator.apps.official.appId;

  async function loggedIn(): Promise<{ browser: Browser; store: MemoryTokenStore }> {
    const store = new MemoryTokenStore();
    const app = await start(
      { tokenStore: store },
      {
        routes: (it) =>
          it.use('/token', (req, res) => {
            (req as TestRequest).wechat.getAccessToken().then(
              (token) => (secrets.add(token), res.end('ok')),
              (error: unknown) => res.end((error as { kind: string }).kind),
            );
          }),
      },
    );
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const then = Date.now() + 7_200_000;
    emulator.clock.advance(7_200_000);
    jest.spyOn(Date, 'now').mockImplementation(() => then);
    heard.length = 0;
    return { browser, store };
  }

  it('that is refreshed is told, once for all who wait for it', async () => {
    const { browser } = await loggedIn();
    await Promise.all([browser.get('/token'), browser.get('/token')]);
    await browser.get('/token');
    expect(heard).toEqual([
      ['call.answered', { appid: appid(), path: '/sns/oauth2/refresh_token', durationMs: MS }],
      ['token.refreshed', { appid: appid(), durationMs: MS }],
    ]);
  });

  it('that cannot be refreshed is told with its kind', async () => {
    const { browser } = await loggedIn();
    emulator.fail('refresh_token', { errcode: 42002 });
    expect((await browser.get('/token')).body).toBe('reauthorize');
    expect(names()).toEqual(['token.failed']);
    expect(only('token.failed')).toEqual({
      appid: appid(),
      kind: 'reauthorize',
      errcode: 42002,
      durationMs: MS,
    });
  });

  it('whose refresh does not reach WeChat is told as failed', async () => {
    const { browser } = await loggedIn();
    emulator.fail('refresh_token', 'reset', { times: 2 });
    expect((await browser.get('/token')).body).toBe('network');
    expect(only('token.failed')).toEqual({ appid: appid(), kind: 'network', durationMs: MS });
  });

  it('that another process had refreshed meanwhile is no failure', async () => {
    const { browser, store } = await loggedIn();
    const key = `${appid()}:${emulator.openid(emulator.users[0]?.id ?? '', appid())}`;
    const stale = await store.get(key);
    if (!stale) throw new Error('no token was saved');
    const undo = emulator.fail('refresh_token', { errcode: 40030 });
    const fresh: TokenData = { ...stale, access_token: `${stale.access_token}x`, create_at: Date.now() };
    let reads = 0;
    jest.spyOn(store, 'get').mockImplementation(() => Promise.resolve(reads++ === 0 ? stale : fresh));
    expect((await browser.get('/token')).body).toBe('ok');
    undo();
    expect(names(true)).toEqual(['call.failed']);
  });
});

describe('a message', () => {
  it('never holds a secret, a code, a state, a token or an openid', () => {
    expect(everything.length).toBeGreaterThan(100);
    const looked = [...secrets, emulator.apps.official.appSecret, emulator.apps.website.appSecret];
    expect(looked.length).toBeGreaterThan(60);
    const text = everything.join('\n');
    expect(looked.filter((secret) => text.includes(secret))).toEqual([]);
  });

  it('would be caught if it did', async () => {
    const app = await start();
    const redirect = await Browser.inWechat(app.url).follow('/me');
    const state = stateIn(redirect.location);
    const callbackURL = await agree(emulator, redirect.location);
    noteSecrets();
    expect(secrets.has(state)).toBe(true);
    expect(paramIn(callbackURL, 'state')).toBe(state);
  });

  it('that nobody listens to is not even put together', () => {
    const topic = new Channel('nobody.listens');
    const message = jest.fn(() => ({}));
    topic.publish(message);
    expect(topic.hasSubscribers).toBe(false);
    expect(message).not.toHaveBeenCalled();
  });

  it('that nobody listens to changes nothing: the login is the same', async () => {
    for (const name of CHANNELS) unsubscribe(name, listen);
    try {
      const app = await start();
      const response = await Browser.inWechat(app.url).logIn(emulator, '/me');
      expect(response.status).toBe(200);
      expect(heard).toEqual([]);
    } finally {
      for (const name of CHANNELS) subscribe(name, listen);
    }
  });
});

describe('a listener that throws', () => {
  it('does not touch the login: Node raises an uncaught exception beside it', async () => {
    const script = path.join(__dirname, '../../processes/throwing-listener.js');
    const { stdout } = await promisify(execFile)(process.execPath, [script]);
    expect(JSON.parse(stdout)).toEqual({
      status: 302,
      location: '/me',
      callsOfTheNextListener: 2,
      uncaught: ['from login.started', 'from login.succeeded'],
    });
  });
});
