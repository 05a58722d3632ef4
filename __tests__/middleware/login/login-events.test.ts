// The events on node:diagnostics_channel: each login starts and ends once, and no message holds a secret.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify, stripVTControlCharacters } from 'node:util';
import createDebug from 'debug';
import { MemoryTokenStore, type TokenData, type WechatAuthEvents } from '../../../lib/index';
import type { HostRequest } from '../../../lib/middleware/http/request';
import { Channel } from '../../../lib/oauth/events';
import type { SharedCache } from '../../../lib/stores/shared-cache';
import {
  startApp,
  type AppOptions,
  type TestApp,
  type TestRequest,
  type OwnOptions,
} from '../../support/app';
import { Browser, agree } from '../../support/browser';
import {
  appIdOf,
  codeAccounts,
  CodeClient,
  codeRoutes,
  CODE_FLOWS,
  newCode,
  openidOf,
} from '../../support/browsers/code-clients';
import { emulator, useEmulator } from '../../support/emulator';
import { HOSTS, type Host } from '../../support/hosts';
import { startAndAgree, paramIn, stateIn, withParams } from '../../support/login';
import {
  FaultySessionStore,
  serverSessions,
  SESSION_NAMES,
  SESSIONS,
  withSession,
} from '../../support/sessions';

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

type Event = readonly [name: string, message: unknown];

const events: Event[] = [];
/** All messages of all tests as JSON, for the search for secrets. */
const allMessages: string[] = [];
const secrets = new Set<string>();

function listen(message: unknown, name: string | symbol): void {
  events.push([String(name).replace('express-wechat-auth:', ''), message]);
  allMessages.push(JSON.stringify(message));
}

/** The names of the events in order. Requests to WeChat are left out by default. */
function eventNames(withCalls = false): string[] {
  return events.map(([name]) => name).filter((name) => withCalls || !name.startsWith('call.'));
}

type Named<Channel> = Channel extends `express-wechat-auth:${infer Name}` ? Name : never;
type Name = Named<keyof WechatAuthEvents>;
type MessageOf<Wanted extends Name> = WechatAuthEvents[`express-wechat-auth:${Wanted}`];

function messages<Wanted extends Name>(wanted: Wanted): MessageOf<Wanted>[] {
  return events.filter(([name]) => name === wanted).map(([, message]) => message as MessageOf<Wanted>);
}

function only<Wanted extends Name>(wanted: Wanted): MessageOf<Wanted> {
  const [message, ...more] = messages(wanted);
  if (message === undefined || more.length > 0)
    throw new Error(`${wanted} was published ${message ? more.length + 1 : 0} times, not once`);
  return message;
}

const MS = expect.any(Number) as number;
const ID = expect.stringMatching(/^[0-9a-f]{16}$/) as string;

const apps: TestApp[] = [];
async function start(auth: OwnOptions = {}, options: AppOptions = {}): Promise<TestApp> {
  const app = await startApp(emulator, { auth, ...options });
  apps.push(app);
  return app;
}

/** Collects every state, code, token and openid that WeChat received. */
function collectSecrets(): void {
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
  events.length = 0;
  emulator.requests.length = 0;
  jest.spyOn(process, 'emitWarning').mockImplementation();
});
afterEach(async () => {
  collectSecrets();
  jest.restoreAllMocks();
  emulator.switches.doubleCallback = 'off';
  emulator.switches.denial = 'silent';
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

describe.each(HOSTS)('a login on %s', (host) => {
  it('inside WeChat publishes its start, the requests to WeChat and its success', async () => {
    const app = await start({}, { host });
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    const { appId: appid } = emulator.apps.official;
    expect(events).toEqual([
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

  it('by QR code names the website app in its events', async () => {
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
  it('that is silent sends one request to WeChat', async () => {
    const app = await start({ scope: 'snsapi_base' });
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    expect(eventNames(true)).toEqual(['login.started', 'call.answered', 'login.succeeded']);
    expect(only('login.succeeded').scope).toBe('snsapi_base');
  });

  it('publishes the duration of its callback, and the time since its start', async () => {
    const app = await start({
      onLogin: () => {
        clock += 700;
      },
    });
    const browser = Browser.inWechat(app.url);
    const address = await startAndAgree(browser, emulator);
    const later = Date.now() + 12_345;
    jest.spyOn(Date, 'now').mockImplementation(() => later);
    let clock = 5_000;
    jest.spyOn(performance, 'now').mockImplementation(() => clock);
    await browser.get(address);
    const { durationMs, loginMs } = only('login.succeeded');
    expect(durationMs).toBe(700);
    expect(loginMs).toBeGreaterThanOrEqual(12_345);
    expect(loginMs).toBeLessThan(60_000);
    expect(messages('call.answered').map((call) => call.durationMs)).toEqual([0, 0]);
  });

  it('of an embedded QR code publishes its start when its state is generated', async () => {
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
    expect(eventNames()).toEqual(['login.started']);
    expect(only('login.started').flow).toBe('website');
  });

  it('has an id that every process computes from the state, and that does not reveal it', async () => {
    const app = await start();
    const redirect = await Browser.inWechat(app.url).follow('/me');
    const state = stateIn(redirect.location);
    const { id } = only('login.started');
    expect(id).toBe(createHash('sha256').update(`event of login ${state}`).digest('hex').slice(0, 16));
    expect(state).not.toContain(id.slice(0, 8));
  });

  it('that the user refuses fails once, however often WeChat calls back', async () => {
    emulator.switches.denial = 'state-only';
    const app = await start({}, { session: serverSessions() });
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.follow('/me');
    const callbackURL = (await emulator.authorize(redirect.location, { allow: false })) ?? '';
    const cookie = browser.cookies();
    await Promise.all([browser.get(callbackURL, { cookie }), browser.get(callbackURL, { cookie })]);
    await browser.get(callbackURL);
    expect(eventNames()).toEqual(['login.started', 'login.failed']);
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

  it('that onLogin refuses fails, and its error is not published', async () => {
    const app = await start({
      onLogin: () => {
        throw Object.assign(new Error('secret reason'), { refuse: true });
      },
    });
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    expect(eventNames()).toEqual(['login.started', 'login.failed']);
    expect(only('login.failed').kind).toBe('login_refused');
    expect(allMessages.join()).not.toContain('secret reason');
  });

  it("fails with WeChat's errcode", async () => {
    const endFault = emulator.fail('access_token', { errcode: 40125 });
    const app = await start();
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    endFault();
    expect(eventNames(true)).toEqual(['login.started', 'call.failed', 'login.failed']);
    expect(only('login.failed')).toMatchObject({ kind: 'credentials', errcode: 40125 });
    expect(only('call.failed')).toEqual({
      appid: emulator.apps.official.appId,
      path: '/sns/oauth2/access_token',
      kind: 'credentials',
      errcode: 40125,
      durationMs: MS,
    });
  });

  it('of a snapshot user fails', async () => {
    const app = await start();
    emulator.switches.snapshot = 'always';
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    emulator.switches.snapshot = 'by-user';
    expect(only('login.failed').kind).toBe('snapshot_user');
  });

  it('whose session cannot be saved fails, and does not succeed', async () => {
    const app = await start({ onLogin: (_req, { user }) => ({ ...user, much: 'x'.repeat(4_000) }) });
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    expect(eventNames()).toEqual(['login.started', 'login.failed']);
    expect(only('login.failed').kind).toBe('config');
  });

  it('that WeChat refuses restarts, and its replacement names its id', async () => {
    const endFault = emulator.fail('access_token', { errcode: 40163 });
    const app = await start();
    const browser = Browser.inWechat(app.url);
    const restarted = await browser.logIn(emulator, '/me');
    endFault();
    const [first, second] = messages('login.started');
    expect(eventNames()).toEqual(['login.started', 'login.restarted', 'login.started']);
    expect(only('login.restarted')).toMatchObject({ id: first?.id, kind: 'code_used', errcode: 40163 });
    expect(first).not.toHaveProperty('restartOf');
    expect(second?.restartOf).toBe(first?.id);
    expect(second?.id).not.toBe(first?.id);
    await browser.follow(await agree(emulator, restarted.location));
    expect(only('login.succeeded').id).toBe(second?.id);
  });

  it('that WeChat refuses twice restarts, and then fails', async () => {
    const endFault = emulator.fail('access_token', 'reset', { times: 2 });
    const app = await start();
    const browser = Browser.inWechat(app.url);
    const restarted = await browser.logIn(emulator, '/me');
    await browser.follow(await agree(emulator, restarted.location));
    endFault();
    expect(eventNames()).toEqual(['login.started', 'login.restarted', 'login.started', 'login.failed']);
    expect(only('login.failed')).toMatchObject({
      kind: 'network',
      id: messages('login.started')[1]?.id,
    });
  });

  it('keeps its id when its session is lost, until the error page', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    const callbackURL = await startAndAgree(browser, emulator);
    const restarted = await browser.get(callbackURL, { cookie: '', keepCookies: false });
    const secondCallbackURL = await agree(emulator, restarted.location);
    await browser.get(secondCallbackURL, { cookie: '', keepCookies: false });
    const [first, second] = messages('login.started');
    expect(eventNames()).toEqual(['login.started', 'login.restarted', 'login.started', 'login.failed']);
    expect(only('login.restarted')).toEqual({ kind: 'state_unknown', id: first?.id, durationMs: MS });
    expect(second?.restartOf).toBe(first?.id);
    expect(only('login.failed')).toEqual({ kind: 'login_loop', id: second?.id, durationMs: MS });
  });

  it('that takes too long restarts', async () => {
    const app = await start({ loginTimeout: 60_000 });
    const browser = Browser.inWechat(app.url);
    const callbackURL = await startAndAgree(browser, emulator);
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

  it('with a state that this app did not issue fails without an id', async () => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    const callbackURL = await startAndAgree(browser, emulator);
    events.length = 0;
    await browser.get(withParams(callbackURL, { state: 'made-up' }));
    await browser.get(`${callbackURL}&code=twice`);
    expect(events).toEqual([
      ['login.failed', { kind: 'state_unknown', durationMs: MS }],
      ['login.failed', { kind: 'state_unknown', durationMs: MS }],
    ]);
  });

  it('that cannot start fails, with the fields that are known', async () => {
    const noSession = await start({ flow: 'official', scope: 'snsapi_base' }, { session: null });
    await Browser.inWechat(noSession.url).get('/login?scope=snsapi_userinfo');
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
    const unknownScope = await start(
      {},
      {
        session: null,
        routes: (it) => it.use('/start', (req) => void (req as TestRequest).wechat.login({ scope: 'all' })),
      },
    );
    await Browser.inWechat(unknownScope.url).get('/start');
    expect(events).toEqual([
      ['login.failed', { kind: 'session_missing', scope: 'snsapi_userinfo', durationMs: MS }],
      ['login.failed', { kind: 'other', durationMs: MS }],
      ['login.failed', { kind: 'config', flow: 'website', durationMs: MS }],
      ['login.failed', { kind: 'session_missing', durationMs: MS }],
    ]);
  });

  it('whose callback finds no session fails under its id', async () => {
    const app = await start();
    const callbackURL = await startAndAgree(Browser.inWechat(app.url), emulator);
    const broken = await start({}, { session: null });
    const { id } = only('login.started');
    events.length = 0;
    await Browser.inWechat(broken.url).get(callbackURL.replace(app.url, broken.url));
    expect(events).toEqual([['login.failed', { kind: 'session_missing', id, durationMs: MS }]]);
  });

  it('is not started by a page, a guard, HEAD, a prefetch or the page that asks to open WeChat', async () => {
    const app = await start({ website: undefined });
    const browser = Browser.inWechat(app.url);
    await browser.get('/public');
    await browser.get('/me', { headers: { Accept: 'application/json' } });
    await browser.request('/login', { method: 'HEAD' });
    await browser.get('/login', { headers: { 'Sec-Purpose': 'prefetch' } });
    const page = await Browser.onDesktop(app.url).get('/login');
    expect(page.body).toContain('微信');
    expect(events).toEqual([]);
  });
});

describe.each(SESSION_NAMES)('two callbacks of one login, with %s', (kind) => {
  let callbacks = 0;
  let resolveArrival: () => void;
  let bothArrived: Promise<void>;

  async function callBackTwice(
    codes: 'same-code' | 'different-codes',
    auth: OwnOptions = {},
  ): Promise<{ app: TestApp; browser: Browser; addresses: readonly [string, string] }> {
    callbacks = 0;
    bothArrived = new Promise((resolve) => (resolveArrival = resolve));
    const countCallbacks = (req: HostRequest): void => {
      if (req.url?.startsWith('/callback') && ++callbacks === 2) setImmediate(resolveArrival);
    };
    const app = await start(
      { onLogin: () => bothArrived, ...auth },
      { session: withSession(SESSIONS[kind](), countCallbacks) },
    );
    emulator.switches.doubleCallback = codes;
    const browser = Browser.inWechat(app.url);
    const redirect = await browser.follow('/me');
    const [first = '', second = ''] = await emulator.authorizeTwice(redirect.location);
    return { app, browser, addresses: [first, second] };
  }

  it.each(['same-code', 'different-codes'] as const)('at once end the login once: %s', async (codes) => {
    const { browser, addresses } = await callBackTwice(codes);
    const cookie = browser.cookies();
    const responses = await Promise.all(
      addresses.map((address) => browser.get(address, { cookie, keepCookies: false })),
    );
    expect(responses.map(({ location }) => location)).toEqual(['/me#', '/me#']);
    expect(eventNames()).toEqual(['login.started', 'login.succeeded']);
  });

  it('one after the other end the login once, and the Back button adds no event', async () => {
    const { browser, addresses } = await callBackTwice('same-code', { onLogin: () => undefined });
    const cookie = browser.cookies();
    await browser.get(addresses[0]);
    await browser.get(addresses[1], { cookie, keepCookies: false });
    await browser.get(addresses[0]);
    expect(eventNames()).toEqual(['login.started', 'login.succeeded']);
  });

  it('that the app refuses fail once', async () => {
    const { browser, addresses } = await callBackTwice('different-codes', {
      onLogin: async () => {
        await bothArrived;
        throw Object.assign(new Error('no'), { refuse: true });
      },
    });
    const cookie = browser.cookies();
    const responses = await Promise.all(
      addresses.map((address) => browser.get(address, { cookie, keepCookies: false })),
    );
    expect(responses.map(({ status }) => status)).toEqual([403, 403]);
    expect(eventNames()).toEqual(['login.started', 'login.failed']);
  });

  it('that WeChat refuses restart once, as one new login', async () => {
    const { browser, addresses } = await callBackTwice('same-code');
    const endFault = emulator.fail('access_token', { errcode: 40163 }, { delay: 100 });
    const cookie = browser.cookies();
    const responses = await Promise.all(
      addresses.map((address) => browser.get(address, { cookie, keepCookies: false })),
    );
    endFault();
    expect(new Set(responses.map(({ location }) => stateIn(location))).size).toBe(1);
    expect(eventNames()).toEqual(['login.started', 'login.restarted', 'login.started']);
  });
});

describe('two processes of one app', () => {
  /** A token store whose shared cache all processes use. */
  function sharedStore(): MemoryTokenStore {
    const entries = new Map<string, unknown>();
    const turns = new Map<string, Promise<unknown>>();
    const sharedCache: SharedCache = {
      readCache: (key) => Promise.resolve(entries.get(key)),
      writeCache: (key, entry) => Promise.resolve(void entries.set(key, structuredClone(entry))),
      deleteCache: (key) => Promise.resolve(void entries.delete(key)),
      lock: (key, fn) => {
        const done = (turns.get(key) ?? Promise.resolve()).then(fn);
        turns.set(
          key,
          done.catch(() => undefined),
        );
        return done;
      },
    };
    return Object.assign(new MemoryTokenStore(), sharedCache);
  }

  it('publish a login once, in the process that exchanged the code', async () => {
    const tokenStore = sharedStore();
    const session = serverSessions();
    const one = await start({ tokenStore }, { session });
    const two = await start({ tokenStore }, { session });
    const browser = Browser.inWechat(one.url);
    const callbackURL = await startAndAgree(browser, emulator);
    const cookie = browser.cookies();
    const other = Browser.inWechat(two.url);
    await Promise.all([
      browser.get(callbackURL, { cookie }),
      other.get(callbackURL.replace(one.url, two.url), { cookie, keepCookies: false }),
    ]);
    expect(eventNames()).toEqual(['login.started', 'login.succeeded']);
  });

  it('publish a login with a posted code once, and a failed save of it under its id', async () => {
    const tokenStore = sharedStore();
    const store = new FaultySessionStore();
    const auth = { ...codeAccounts(), tokenStore };
    const routes = (app: Host): void => {
      codeRoutes(app);
    };
    const one = await start(auth, { routes, session: serverSessions() });
    const two = await start(auth, { routes, session: serverSessions(store) });
    const client = new CodeClient(one.url);
    await client.logIn('miniProgram', newCode('miniProgram'));
    events.length = 0;
    const code = newCode('miniProgram');
    secrets.add(code);
    const cookie = client.cookies();
    const post = ({ url }: TestApp) => new CodeClient(url).logIn('miniProgram', code, {}, { cookie });
    for (const app of [one, two]) expect((await post(app)).status).toBe(200);
    expect(eventNames()).toEqual(['login.started', 'login.succeeded']);
    store.behaviour.set = 'broken';
    expect((await post(two)).status).toBe(503);
    expect(only('login.failed')).toMatchObject({ id: only('login.started').id, kind: 'session_missing' });
  });
});

describe('a logout', () => {
  it('is published by the route and by req.wechat.logout(), and only if a user was logged in', async () => {
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
      events.length = 0;
      await browser.get(out);
      await browser.get(out);
      expect(events).toEqual([['logout', { flow: 'official', appid: emulator.apps.official.appId }]]);
    }
  });
});

describe('a token', () => {
  const appid = (): string => emulator.apps.official.appId;

  async function expiredToken(): Promise<{ browser: Browser; store: MemoryTokenStore }> {
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
    events.length = 0;
    return { browser, store };
  }

  it('that is refreshed is published once for concurrent requests', async () => {
    const { browser } = await expiredToken();
    await Promise.all([browser.get('/token'), browser.get('/token')]);
    await browser.get('/token');
    expect(events).toEqual([
      ['call.answered', { appid: appid(), path: '/sns/oauth2/refresh_token', durationMs: MS }],
      ['token.refreshed', { appid: appid(), durationMs: MS }],
    ]);
  });

  it('that cannot be refreshed is published with its kind', async () => {
    const { browser } = await expiredToken();
    emulator.fail('refresh_token', { errcode: 42002 });
    expect((await browser.get('/token')).body).toBe('reauthorize');
    expect(eventNames()).toEqual(['token.failed']);
    expect(only('token.failed')).toEqual({
      appid: appid(),
      kind: 'reauthorize',
      errcode: 42002,
      durationMs: MS,
    });
  });

  it('whose refresh does not reach WeChat fails', async () => {
    const { browser } = await expiredToken();
    emulator.fail('refresh_token', 'reset', { times: 2 });
    expect((await browser.get('/token')).body).toBe('network');
    expect(only('token.failed')).toEqual({ appid: appid(), kind: 'network', durationMs: MS });
  });

  it('that another process has refreshed meanwhile does not fail', async () => {
    const { browser, store } = await expiredToken();
    const key = `${appid()}:${emulator.openid(emulator.users[0]?.id ?? '', appid())}`;
    const stale = await store.get(key);
    if (!stale) throw new Error('no token was saved');
    const endFault = emulator.fail('refresh_token', { errcode: 40030 });
    const fresh: TokenData = { ...stale, access_token: `${stale.access_token}x`, create_at: Date.now() };
    let reads = 0;
    jest.spyOn(store, 'get').mockImplementation(() => Promise.resolve(reads++ === 0 ? stale : fresh));
    expect((await browser.get('/token')).body).toBe('ok');
    endFault();
    expect(eventNames(true)).toEqual(['call.failed']);
  });
});

describe('a login with a code that a client posted', () => {
  const startWithCodes = (): Promise<TestApp> =>
    start(codeAccounts(), {
      routes: (app) => {
        codeRoutes(app);
      },
    });

  it.each(CODE_FLOWS)(
    'starts when the code goes to WeChat, and succeeds under the same id (%s)',
    async (flow) => {
      const app = await startWithCodes();
      const client = new CodeClient(app.url);
      const code = newCode(flow);
      secrets.add(code).add(openidOf(flow));
      await Promise.all([client.logIn(flow, code), client.logIn(flow, code)]);
      expect(eventNames()).toEqual(['login.started', 'login.succeeded']);
      const { id } = only('login.started');
      const scope = flow === 'miniProgram' ? 'snsapi_base' : 'snsapi_userinfo';
      expect(only('login.started')).toEqual({ id: ID, flow, appid: appIdOf(flow), scope });
      expect(only('login.succeeded')).toEqual({
        ...{ id, flow, appid: appIdOf(flow), scope, durationMs: MS, loginMs: MS },
      });
    },
  );

  it('reports the failure of one client, and the success of another one that posted the same code', async () => {
    const app = await startWithCodes();
    const [one, other] = [new CodeClient(app.url), new CodeClient(app.url)];
    await other.logIn('miniProgram', newCode('miniProgram', 'emoji'));
    events.length = 0;
    const code = newCode('miniProgram');
    emulator.fail('jscode2session', { errcode: -1 }, { delay: 100 });
    const failed = one.logIn('miniProgram', code);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await other.logIn('miniProgram', code);
    await failed;
    expect(messages('login.failed')).toMatchObject([{ kind: 'busy', id: ID }]);
    expect(messages('login.succeeded')).toMatchObject([{ flow: 'miniProgram', id: ID }]);
    expect(only('login.succeeded').id).not.toBe(only('login.failed').id);
  });

  it('reports one failure for two requests with one code, and a failure without an id before the login starts', async () => {
    const app = await startWithCodes();
    const client = new CodeClient(app.url);
    await Promise.all([client.logIn('miniProgram', 'made-up'), client.logIn('miniProgram', 'made-up')]);
    expect(eventNames()).toEqual(['login.started', 'login.failed']);
    const { id } = only('login.started');
    expect(only('login.failed')).toMatchObject({
      id,
      kind: 'code_invalid',
      errcode: 40029,
      flow: 'miniProgram',
    });
    events.length = 0;
    await client.logIn('miniProgram', '');
    await client.logIn('miniProgram', 'x', {}, { headers: { Origin: 'null' } });
    const flow = 'miniProgram';
    expect(messages('login.failed')).toMatchObject([
      { kind: 'code_invalid', flow },
      { kind: 'forbidden', flow },
    ]);
    expect(messages('login.failed').some((message) => 'id' in message)).toBe(false);
    expect(eventNames()).toEqual(['login.failed', 'login.failed']);
  });
});

describe('the debug lines of logins', () => {
  const lines: string[] = [];
  beforeEach(() => {
    lines.length = 0;
    createDebug.enable('wechat-auth:login,wechat-auth:callback');
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      const [, line] = /wechat-auth:(.*?)(?: \+\d+m?s)?$/m.exec(stripVTControlCharacters(String(text))) ?? [];
      return lines.push(line ?? '') > 0;
    });
  });
  afterEach(() => {
    createDebug.disable();
  });

  it('name the flow and the outcome, also without a subscriber', async () => {
    for (const name of CHANNELS) unsubscribe(name, listen);
    try {
      const app = await start();
      const browser = Browser.inWechat(app.url);
      await browser.logIn(emulator, '/me');
      emulator.fail('access_token', { errcode: 40163 });
      await browser.logIn(emulator, '/login');
      const refused = await startAndAgree(Browser.onDesktop(app.url), emulator);
      await browser.get(withParams(refused, { code: 'authdeny', state: 'made-up' }));
    } finally {
      for (const name of CHANNELS) subscribe(name, listen);
    }
    expect(lines).toEqual([
      'login official login started',
      'callback official login finished',
      'login official login started',
      'callback official login restarted (code_used)',
      'login official login started',
      'login website login started',
      'callback unknown login failed (access_denied)',
    ]);
    expect(events).toEqual([]);
  });
});

describe('a message', () => {
  it('never holds a secret, a code, a state, a token or an openid', () => {
    expect(allMessages.length).toBeGreaterThan(100);
    const known = [...secrets, emulator.apps.official.appSecret, emulator.apps.website.appSecret];
    expect(known.length).toBeGreaterThan(60);
    const text = allMessages.join('\n');
    expect(known.filter((secret) => text.includes(secret))).toEqual([]);
  });

  it('is compared with secrets that include the states of these tests', async () => {
    const app = await start();
    const redirect = await Browser.inWechat(app.url).follow('/me');
    const state = stateIn(redirect.location);
    const callbackURL = await agree(emulator, redirect.location);
    collectSecrets();
    expect(secrets.has(state)).toBe(true);
    expect(paramIn(callbackURL, 'state')).toBe(state);
  });

  it('is not created without a subscriber', () => {
    const channel = new Channel('nobody.listens');
    const message = jest.fn(() => ({}));
    channel.publish(message);
    expect(channel.hasSubscribers).toBe(false);
    expect(message).not.toHaveBeenCalled();
  });

  it('without a subscriber does not change the login', async () => {
    for (const name of CHANNELS) unsubscribe(name, listen);
    try {
      const app = await start();
      const response = await Browser.inWechat(app.url).logIn(emulator, '/me');
      expect(response.status).toBe(200);
      expect(events).toEqual([]);
    } finally {
      for (const name of CHANNELS) subscribe(name, listen);
    }
  });
});

describe('a listener that throws', () => {
  it('does not change the login: Node raises an uncaught exception', async () => {
    const script = path.join(__dirname, '../../processes/throwing-listener.js');
    const { stdout } = await promisify(execFile)(process.execPath, [script]);
    expect(JSON.parse(stdout)).toEqual({
      status: 302,
      location: '/me#',
      callsOfTheNextListener: 2,
      uncaught: ['from login.started', 'from login.succeeded'],
    });
  });
});
