import { setTimeout as sleep } from 'node:timers/promises';
import type { HostRequest } from '../../../lib/middleware/http/request';
import { CallbackResults } from '../../../lib/middleware/state/callback-results';
import { Logouts } from '../../../lib/middleware/state/logouts';
import type { WechatSession } from '../../../lib/middleware/state/wechat-session';
import { startApp, type TestApp, type TestRequest } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
import { HOSTS } from '../../support/hosts';
import {
  startAndAgree,
  exchangedCodes,
  redirectsToWechat,
  isLoggedIn,
  paramIn,
  sessionOf,
  stateIn,
  withParams,
} from '../../support/login';
import { SESSION_NAMES, SESSIONS, withSession, type SessionName } from '../../support/sessions';

useEmulator();
beforeEach(() => {
  emulator.requests.length = 0;
});
afterEach(() => {
  jest.restoreAllMocks();
});

it('logouts are known until the last record of them has expired', async () => {
  const now = Date.now();
  const at = (ms: number): void => void jest.spyOn(Date, 'now').mockReturnValue(now + ms);
  at(0);
  const long = new CallbackResults(undefined, {
    loginTimeout: 600_000,
    site: 'wechat',
    namespace: 'wechat',
  });
  const short = new CallbackResults(undefined, {
    loginTimeout: 60_000,
    site: 'wechat',
    namespace: 'wechat',
  });
  expect(long.knowsLogouts).toBe(false);
  await long.endLogins(['state']);
  await short.endLogins(['another state']);
  for (const ms of [0, 60_001, 600_000]) {
    at(ms);
    expect([ms, short.knowsLogouts, long.isLoggedOutHere(['state'])]).toEqual([ms, true, true]);
  }
  at(600_001);
  expect([short.knowsLogouts, long.knowsLogouts, long.isLoggedOutHere(['state'])]).toEqual([
    ...[false, false, false],
  ]);
  await short.endLogins(['state']);
  expect(long.knowsLogouts).toBe(true);
});

/** A browser with the same cookies, which gets only its own responses. */
function copyOf(browser: Browser, url: string): Browser {
  const copy = Browser.inWechat(url);
  copy.jar = browser.jar.cloneSync() ?? copy.jar;
  return copy;
}

const rows = HOSTS.flatMap((host) => SESSION_NAMES.map((kind) => ({ host, kind })));

describe.each(rows)('two callbacks at once, on $host with $kind', ({ host, kind }) => {
  let app: TestApp;
  let browser: Browser;
  let logins: string[];
  let callbacks: number;
  let resolveArrival: () => void;
  let bothArrived: Promise<void>;
  let refuses: boolean;

  const countCallbacks = (req: HostRequest): void => {
    if (req.url?.startsWith('/callback') && ++callbacks === 2) setImmediate(resolveArrival);
  };

  beforeAll(async () => {
    app = await startApp(emulator, {
      host,
      session: withSession(SESSIONS[kind](), countCallbacks),
      auth: {
        onLogin: async (_req, { user }) => {
          logins.push(user.openid);
          await bothArrived;
          if (refuses) throw Object.assign(new Error('not this one'), { refuse: true });
          return { ...user, account: logins.length };
        },
      },
    });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    browser = Browser.inWechat(app.url);
    logins = [];
    callbacks = 0;
    refuses = false;
    bothArrived = new Promise((resolve) => (resolveArrival = resolve));
  });
  afterEach(() => {
    emulator.switches.doubleCallback = 'off';
  });

  async function callBackTwice(codes: 'same-code' | 'different-codes'): Promise<[string, string]> {
    emulator.switches.doubleCallback = codes;
    const redirect = await browser.follow('/me?where');
    const [first = '', second = ''] = await emulator.authorizeTwice(redirect.location);
    return [first, second];
  }

  it.each(['same-code', 'different-codes'] as const)(
    'share one onLogin, and either response logs the browser in: %s',
    async (codes) => {
      const [first, second] = await callBackTwice(codes);
      expect(stateIn(first)).toBe(stateIn(second));
      expect(paramIn(first, 'code') === paramIn(second, 'code')).toBe(codes === 'same-code');

      const copies = [copyOf(browser, app.url), copyOf(browser, app.url)] as const;
      const responses = await Promise.all([copies[0].get(first), copies[1].get(second)]);
      for (const response of responses)
        expect([response.status, response.location]).toEqual([302, '/me?where#']);
      // A second code is exchanged by itself, because only the exchange shows which user it belongs to.
      expect(exchangedCodes(emulator)).toHaveLength(codes === 'same-code' ? 1 : 2);
      expect(logins).toHaveLength(1);
      for (const copy of copies) {
        const me = await copy.get('/me');
        expect(me.status).toBe(200);
        expect(me.json()).toMatchObject({ account: 1, openid: logins[0] });
      }
    },
  );

  it('both get the error if the app refuses, and nobody is logged in', async () => {
    const [first, second] = await callBackTwice('different-codes');
    refuses = true;
    const copies = [copyOf(browser, app.url), copyOf(browser, app.url)] as const;
    const responses = await Promise.all([copies[0].get(first), copies[1].get(second)]);
    for (const response of responses) {
      expect(response.status).toBe(403);
      expect(response.body).toContain('login_refused');
    }
    expect(logins).toHaveLength(1);
    for (const copy of copies) expect(await isLoggedIn(copy)).toBe(false);
  });

  it('restart the login together if WeChat refuses the code: one new state', async () => {
    const [first, second] = await callBackTwice('same-code');
    const endFault = emulator.fail('access_token', { errcode: 40163 }, { delay: 100 });
    const copies = [copyOf(browser, app.url), copyOf(browser, app.url)] as const;
    const responses = await Promise.all([copies[0].get(first), copies[1].get(second)]);
    endFault();
    const states = responses.map(({ location }) => stateIn(location));
    expect(states[0]).toMatch(/^1[0-9a-f]{32}$/);
    expect(states[1]).toBe(states[0]);
    expect(exchangedCodes(emulator)).toHaveLength(1);

    emulator.switches.doubleCallback = 'off';
    resolveArrival();
    const end = await copies[1].get(await agree(emulator, responses[1].location));
    expect(end.location).toBe('/me?where#');
  });
});

describe.each(SESSION_NAMES)('a second callback, with %s', (kind: SessionName) => {
  let app: TestApp;
  let browser: Browser;
  let logins: number;
  beforeAll(async () => {
    app = await startApp(emulator, {
      session: SESSIONS[kind](),
      auth: {
        onLogin: () => {
          logins++;
        },
      },
    });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    browser = Browser.inWechat(app.url);
    logins = 0;
  });

  async function logInOnce(): Promise<{ callbackURL: string; oldCookie: string; response: BrowserResponse }> {
    const callbackURL = await startAndAgree(browser, emulator, '/me?where#there');
    const oldCookie = browser.cookies();
    return { callbackURL, oldCookie, response: await browser.get(callbackURL) };
  }

  it.each([
    ['the same code', (callbackURL: string) => callbackURL],
    ['another code', (callbackURL: string) => withParams(callbackURL, { code: 'another' })],
    ['no code', (callbackURL: string) => withParams(callbackURL, { code: undefined })],
    ['authdeny', (callbackURL: string) => withParams(callbackURL, { code: 'authdeny' })],
  ])(
    'with the new cookie redirects to the return path, and sends WeChat no request: %s',
    async (_name, alter) => {
      const { callbackURL } = await logInOnce();
      const second = await browser.get(alter(callbackURL));
      expect([second.status, second.location, second.body]).toEqual([302, '/me?where#', '']);
      expect(exchangedCodes(emulator)).toHaveLength(1);
      expect(logins).toBe(1);
      expect(await isLoggedIn(browser)).toBe(true);
    },
  );

  it('with the old cookie, because the first response was lost, logs in too, without a second exchange', async () => {
    const { callbackURL, oldCookie } = await logInOnce();
    const lost = Browser.inWechat(app.url);
    const second = await lost.get(callbackURL, { cookie: oldCookie });
    expect([second.status, second.location]).toEqual([302, '/me?where#']);
    expect(exchangedCodes(emulator)).toHaveLength(1);
    expect(logins).toBe(1);
    expect(await isLoggedIn(lost)).toBe(true);
  });

  /** As logInOnce(), with another address of the callback that has the same state and its own code. */
  async function logInWithTwoCodes(user?: string): Promise<{ second: string; oldCookie: string }> {
    const sent = await browser.follow('/me?where');
    const first = await agree(emulator, sent.location);
    const second = await agree(emulator, sent.location, user);
    const oldCookie = browser.cookies();
    await browser.get(first);
    return { second, oldCookie };
  }

  it('with the old cookie and a second code of the same user logs in too, with one onLogin', async () => {
    const { second, oldCookie } = await logInWithTwoCodes();
    const lost = Browser.inWechat(app.url);
    const response = await lost.get(second, { cookie: oldCookie });
    expect([response.status, response.location]).toEqual([302, '/me?where#']);
    expect([exchangedCodes(emulator).length, logins]).toEqual([2, 1]);
    expect(await isLoggedIn(lost)).toBe(true);
  });

  it('with the old cookie and a code of another user logs nobody in', async () => {
    const { second, oldCookie } = await logInWithTwoCodes('emoji');
    const attacker = Browser.inWechat(app.url);
    const response = await attacker.get(second, { cookie: oldCookie });
    expect(stateIn(response.location)).toMatch(/^1/);
    expect([exchangedCodes(emulator).length, logins]).toEqual([2, 1]);
    expect(await isLoggedIn(attacker)).toBe(false);
  });

  it('with the old cookie and a second code logs nobody in after the logout', async () => {
    const { second, oldCookie } = await logInWithTwoCodes();
    await browser.get('/logout');
    const lost = Browser.inWechat(app.url);
    const response = await lost.get(second, { cookie: oldCookie });
    expect(redirectsToWechat(emulator, response)).toBe(true);
    expect([exchangedCodes(emulator).length, logins]).toEqual([1, 1]);
    expect(await isLoggedIn(lost)).toBe(false);
  });

  it('with the old cookie and another code never ends in an error', async () => {
    const { callbackURL, oldCookie } = await logInOnce();
    const lost = Browser.inWechat(app.url);
    const second = await lost.get(withParams(callbackURL, { code: 'another' }), { cookie: oldCookie });
    // An attacker who planted the cookie has the state, but not the code. So another code does not share the
    // login.
    expect(stateIn(second.location)).toMatch(/^1/);
    expect(await isLoggedIn(lost)).toBe(false);
    expect((await lost.get(await agree(emulator, second.location))).location).toBe('/me?where#');
    expect(await isLoggedIn(lost)).toBe(true);
  });

  it('logs nobody in after the user has logged out', async () => {
    const { callbackURL, oldCookie } = await logInOnce();
    await browser.get('/logout');
    const attacker = Browser.inWechat(app.url);
    const restarted = await attacker.get(callbackURL, { cookie: oldCookie });
    expect(redirectsToWechat(emulator, restarted)).toBe(true);
    expect(await isLoggedIn(attacker)).toBe(false);
  });

  it('whose code WeChat refused continues with the login that replaced it', async () => {
    const endFault = emulator.fail('access_token', { errcode: 40163 });
    const callbackURL = await startAndAgree(browser, emulator, '/me?where');
    const cookie = browser.cookies();
    const first = await browser.get(callbackURL);
    const second = await browser.get(callbackURL, { cookie });
    endFault();
    expect(second.location).toBe(first.location);
    expect(exchangedCodes(emulator)).toHaveLength(1);
    expect((await browser.get(await agree(emulator, second.location))).location).toBe('/me?where#');
  });

  it('logs nobody in without the cookie, or with the cookie and another code', async () => {
    const { callbackURL, oldCookie } = await logInOnce();
    const attacker = Browser.inWechat(app.url);
    const withoutCookie = await attacker.get(callbackURL, { cookie: '' });
    expect(redirectsToWechat(emulator, withoutCookie)).toBe(true);
    const withoutCode = await attacker.get(withParams(callbackURL, { code: 'guessed' }), {
      cookie: oldCookie,
    });
    expect(redirectsToWechat(emulator, withoutCode)).toBe(true);
    expect(await isLoggedIn(attacker)).toBe(false);
  });

  it('with the old cookie two minutes later restarts the login once', async () => {
    const { callbackURL, oldCookie } = await logInOnce();
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 120_000);
    const lost = Browser.inWechat(app.url);
    const second = await lost.get(callbackURL, { cookie: oldCookie });
    expect(stateIn(second.location)).toMatch(/^1/);
    await lost.get(await agree(emulator, second.location));
    expect(await isLoggedIn(lost)).toBe(true);
  });

  it('by the Back button redirects to the return path, even a day later', async () => {
    const { callbackURL } = await logInOnce();
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 86_400_000);
    expect((await browser.get(callbackURL)).location).toBe('/me?where#');
    expect(exchangedCodes(emulator)).toHaveLength(1);
  });

  it('redirects to the return path of its own login if there were several', async () => {
    const first = await startAndAgree(browser, emulator, '/me?first');
    const second = await startAndAgree(browser, emulator, '/me?second');
    await browser.get(second);
    await browser.get(first);
    expect((await browser.get(second)).location).toBe('/me?second#');
    expect((await browser.get(first)).location).toBe('/me?first#');
  });

  it('after the logout goes to WeChat and logs nobody in', async () => {
    const { callbackURL } = await logInOnce();
    await browser.get('/logout');
    const restarted = await browser.get(callbackURL);
    expect(redirectsToWechat(emulator, restarted)).toBe(true);
    expect(exchangedCodes(emulator)).toHaveLength(1);
    expect((await sessionOf(browser))['wechat']).toBeUndefined();
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('of a restarted login redirects to its return path once the browser is logged in', async () => {
    const endFault = emulator.fail('access_token', { errcode: 40029 });
    const callbackURL = await startAndAgree(browser, emulator);
    const restarted = await browser.get(callbackURL);
    await browser.get(await agree(emulator, restarted.location));
    endFault();
    expect(await isLoggedIn(browser)).toBe(true);
    const end = await browser.get(callbackURL);
    expect([end.status, end.location]).toEqual([302, '/me#']);
    expect(await isLoggedIn(browser)).toBe(true);
  });
});

it('a browser that keeps no new cookies after a login is not redirected in a loop', async () => {
  const app = await startApp(emulator, { session: SESSIONS['express-session']() });
  const browser = Browser.inWechat(app.url);
  const callbackURL = await startAndAgree(browser, emulator);
  const cookie = browser.cookies();
  expect((await browser.get(callbackURL, { cookie })).location).toBe('/me#');
  let response = await browser.get('/me', { cookie });
  const states: string[] = [];
  for (let redirects = 0; redirects < 10 && response.status === 302; redirects++) {
    if (redirectsToWechat(emulator, response)) states.push(stateIn(response.location));
    const next = redirectsToWechat(emulator, response)
      ? await agree(emulator, response.location)
      : response.location;
    response = await browser.get(next, { cookie });
  }
  expect([response.status, response.body]).toEqual([400, expect.stringContaining('login_loop')]);
  expect(states.map((state) => state[0])).toEqual(['0', '1', '2']);
  await app.close();
});

describe('a restarted login, in a session that another callback of the same browser replaced', () => {
  let app: TestApp;
  let browser: Browser;
  /** The callback of the restarted login, and the cookies of the browser, which got only that response. */
  let callbackURL: string;
  let cookie: string;
  /** The same browser, as if it had got the response of the other callback. */
  let loggedIn: Browser;
  beforeAll(async () => {
    app = await startApp(emulator, {
      session: SESSIONS['express-session'](),
      routes: (it) => it.use('/enter', (req) => void (req as TestRequest).wechat.login({ data: [1] })),
    });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    browser = Browser.inWechat(app.url);
    const sent = await browser.follow('/me?where');
    const first = await agree(emulator, sent.location);
    const second = await agree(emulator, sent.location);
    loggedIn = copyOf(browser, app.url);
    emulator.fail('access_token', { delay: 200 }, { times: 1 });
    const login = loggedIn.get(first);
    while (exchangedCodes(emulator).length === 0) await sleep(5);
    emulator.fail('access_token', { errcode: 40029 }, { times: 1 });
    const restarted = await browser.get(second);
    expect(stateIn(restarted.location)).toMatch(/^1/);
    expect((await login).location).toBe('/me?where#');
    callbackURL = await agree(emulator, restarted.location);
    cookie = browser.cookies();
  });

  it('restarts once more, and logs the browser in', async () => {
    const again = await browser.get(callbackURL);
    expect(stateIn(again.location)).toMatch(/^2/);
    const end = await browser.get(await agree(emulator, again.location));
    expect([end.status, end.location]).toEqual([302, '/me?where#']);
    expect(await isLoggedIn(browser)).toBe(true);
  });

  /** A restarted login of which this process knows nothing. */
  const ELSEWHERE = { state: `1${'a'.repeat(32)}` };

  it('that another process started ends where the login ended that replaced the session', async () => {
    const again = await browser.get(withParams(callbackURL, ELSEWHERE));
    expect(stateIn(again.location)).toMatch(/^2/);
    const end = await browser.get(await agree(emulator, again.location));
    expect([end.status, end.location]).toEqual([302, '/me?where#']);
  });

  it('that another process started ends with login_loop if that login had data', async () => {
    const visitor = Browser.inWechat(app.url);
    const callback = await agree(emulator, (await visitor.get('/enter')).location);
    const old = visitor.cookies();
    expect((await visitor.get(callback)).status).toBe(302);
    const end = await visitor.get(withParams(callback, ELSEWHERE), { cookie: old });
    expect([end.status, end.body]).toEqual([400, expect.stringContaining('login_loop')]);
  });

  it('ends with login_loop if the browser keeps no cookies, instead of a third restart', async () => {
    const again = await browser.get(callbackURL, { cookie });
    expect(stateIn(again.location)).toMatch(/^2/);
    const end = await browser.get(await agree(emulator, again.location), { cookie });
    expect([end.status, end.body]).toEqual([400, expect.stringContaining('login_loop')]);
  });

  it('ends with login_loop after the logout', async () => {
    await loggedIn.get('/logout');
    const end = await browser.get(callbackURL);
    expect([end.status, end.body]).toEqual([400, expect.stringContaining('login_loop')]);
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('ends with login_loop in a browser that has not logged in', async () => {
    const end = await Browser.inWechat(app.url).get(callbackURL);
    expect([end.status, end.body]).toEqual([400, expect.stringContaining('login_loop')]);
  });
});

describe('a logout', () => {
  it('lets no callback share its login, even after so many logouts that the record of this one was evicted', async () => {
    const results = new CallbackResults(undefined, {
      loginTimeout: 600_000,
      site: 'wechat',
      namespace: 'wechat',
    });
    const callback = { state: 'a state', code: 'a code', cookies: '' };
    const steps = {
      exchange: jest.fn(() => Promise.resolve({ openid: 'openid' })),
      complete: () => Promise.resolve({ openid: 'openid' } as WechatSession),
      decideRestart: (error: unknown) => {
        throw error;
      },
    };
    await results.shareResult(callback, steps);
    await results.shareResult(callback, steps);
    expect(steps.exchange).toHaveBeenCalledTimes(1);
    await results.endLogins([callback.state]);
    await results.endLogins(Array.from({ length: 10_000 }, (_, at) => `another state ${at}`));
    expect(await results.isLoggedOut(callback.state, undefined)).toBe(false);
    // The code is exchanged again, and WeChat refuses a code that is spent.
    await results.shareResult(callback, steps);
    expect(steps.exchange).toHaveBeenCalledTimes(2);
  });
});

describe('a login that several requests finish', () => {
  const LIFETIME = 600_000;
  /** Work that ends when the test says so. */
  function pendingWork(): { work: () => Promise<void>; end: (error?: Error) => void } {
    let end: (error?: Error) => void = () => undefined;
    const ended = new Promise<void>((resolve, reject) => {
      end = (error) => {
        if (error) reject(error);
        else resolve();
      };
    });
    return { work: () => ended, end };
  }
  /** More logouts of users than are remembered. */
  function flood(logouts: Logouts): void {
    for (let at = 0; at <= 10_000; at++) logouts.record(`another state ${at}`, 'user', LIFETIME);
  }

  it('stays ended by a logout until the last of them ends, however many others log out, and after that', async () => {
    const logouts = new Logouts();
    const [first, second] = [pendingWork(), pendingWork()];
    const requests = [first, second].map(({ work }) => logouts.during(['state', 'root'], LIFETIME, work));
    logouts.record('root', 'user', LIFETIME);
    flood(logouts);
    expect([logouts.has('root'), logouts.has('state')]).toEqual([true, false]);
    first.end();
    await requests[0];
    flood(logouts);
    expect(logouts.has('root')).toBe(true);
    second.end(new Error('refused'));
    await expect(requests[1]).rejects.toThrow('refused');
    expect([logouts.has('root'), logouts.has('state')]).toEqual([true, false]);
    // From now on its record is one of many.
    flood(logouts);
    expect(logouts.has('root')).toBe(false);
  });

  it('was ended before if a logout came before the first of them', async () => {
    const logouts = new Logouts();
    logouts.record('state', 'user', LIFETIME);
    const { work, end } = pendingWork();
    const request = logouts.during(['state'], LIFETIME, work);
    flood(logouts);
    expect(logouts.has('state')).toBe(true);
    end();
    await request;
    expect(logouts.has('state')).toBe(true);
  });

  it('is remembered no longer than its work lasts, if no logout has ended it', async () => {
    const logouts = new Logouts();
    expect(await logouts.during(['state'], LIFETIME, () => Promise.resolve('done'))).toBe('done');
    expect([logouts.has('state'), logouts.hasAny]).toEqual([false, false]);
    const { work, end } = pendingWork();
    const request = logouts.during(['state'], LIFETIME, work);
    expect(logouts.has('state')).toBe(false);
    end();
    await request;
    logouts.record('state', 'pending', LIFETIME);
    flood(logouts);
    // Pending logins displace no logout of a user, and the other way round.
    expect(logouts.has('state')).toBe(true);
    for (let at = 0; at <= 10_000; at++) logouts.record(`pending ${at}`, 'pending', LIFETIME);
    expect(logouts.has('state')).toBe(false);
    expect(logouts.has('another state 10000')).toBe(true);
  });
});
