import type { HostRequest } from '../../../lib/middleware/http/request';
import { CallbackResults } from '../../../lib/middleware/state/callback-results';
import type { WechatSession } from '../../../lib/middleware/state/wechat-session';
import { startApp, type TestApp } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
import { HOSTS } from '../../support/hosts';
import {
  comeBack,
  exchanged,
  goesToWechat,
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

/** The same browser, of which each copy gets only its own answers. */
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
  let bothAreHere: () => void;
  let whenBothAreHere: Promise<void>;
  let refuse: boolean;

  const look = (req: HostRequest): void => {
    if (req.url?.startsWith('/callback') && ++callbacks === 2) setImmediate(bothAreHere);
  };

  beforeAll(async () => {
    app = await startApp(emulator, {
      host,
      session: withSession(SESSIONS[kind](), look),
      auth: {
        onLogin: async (_req, { user }) => {
          logins.push(user.openid);
          await whenBothAreHere;
          if (refuse) throw new Error('not this one');
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
    refuse = false;
    whenBothAreHere = new Promise((resolve) => (bothAreHere = resolve));
  });
  afterEach(() => {
    emulator.switches.doubleCallback = 'off';
  });

  async function twice(codes: 'same-code' | 'different-codes'): Promise<[string, string]> {
    emulator.switches.doubleCallback = codes;
    const redirect = await browser.follow('/me?where');
    const [first = '', second = ''] = await emulator.authorizeTwice(redirect.location);
    return [first, second];
  }

  it.each(['same-code', 'different-codes'] as const)(
    'share one onLogin, and either response logs the browser in: %s',
    async (codes) => {
      const [first, second] = await twice(codes);
      expect(stateIn(first)).toBe(stateIn(second));
      expect(paramIn(first, 'code') === paramIn(second, 'code')).toBe(codes === 'same-code');

      const sides = [copyOf(browser, app.url), copyOf(browser, app.url)] as const;
      const responses = await Promise.all([sides[0].get(first), sides[1].get(second)]);
      for (const response of responses)
        expect([response.status, response.location]).toEqual([302, '/me?where']);
      // A second code is exchanged by itself: only then is it known whose it is.
      expect(exchanged(emulator)).toHaveLength(codes === 'same-code' ? 1 : 2);
      expect(logins).toHaveLength(1);
      for (const side of sides) {
        const me = await side.get('/me');
        expect(me.status).toBe(200);
        expect(me.json()).toMatchObject({ account: 1, openid: logins[0] });
      }
    },
  );

  it('are both told when the app refuses, and nobody is logged in', async () => {
    const [first, second] = await twice('different-codes');
    refuse = true;
    const sides = [copyOf(browser, app.url), copyOf(browser, app.url)] as const;
    const responses = await Promise.all([sides[0].get(first), sides[1].get(second)]);
    for (const response of responses) {
      expect(response.status).toBe(403);
      expect(response.body).toContain('login_refused');
    }
    expect(logins).toHaveLength(1);
    for (const side of sides) expect(await isLoggedIn(side)).toBe(false);
  });

  it('start the login again together where the code is refused: one new state', async () => {
    const [first, second] = await twice('same-code');
    const late = emulator.fail('access_token', { errcode: 40163 }, { delay: 100 });
    const sides = [copyOf(browser, app.url), copyOf(browser, app.url)] as const;
    const responses = await Promise.all([sides[0].get(first), sides[1].get(second)]);
    late();
    const states = responses.map(({ location }) => stateIn(location));
    expect(states[0]).toMatch(/^1[0-9a-f]{32}$/);
    expect(states[1]).toBe(states[0]);
    expect(exchanged(emulator)).toHaveLength(1);

    emulator.switches.doubleCallback = 'off';
    bothAreHere();
    const end = await sides[1].get(await agree(emulator, responses[1].location));
    expect(end.location).toBe('/me?where');
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

  async function finished(): Promise<{ callbackURL: string; oldCookie: string; response: BrowserResponse }> {
    const callbackURL = await comeBack(browser, emulator, '/me?where#there');
    const oldCookie = browser.cookies();
    return { callbackURL, oldCookie, response: await browser.get(callbackURL) };
  }

  it.each([
    ['the same code', (callbackURL: string) => callbackURL],
    ['another code', (callbackURL: string) => withParams(callbackURL, { code: 'another' })],
    ['no code', (callbackURL: string) => withParams(callbackURL, { code: undefined })],
    ['authdeny', (callbackURL: string) => withParams(callbackURL, { code: 'authdeny' })],
  ])('with the new cookie goes where the login ended, and asks WeChat nothing: %s', async (_name, alter) => {
    const { callbackURL } = await finished();
    const second = await browser.get(alter(callbackURL));
    expect([second.status, second.location, second.body]).toEqual([302, '/me?where', '']);
    expect(exchanged(emulator)).toHaveLength(1);
    expect(logins).toBe(1);
    expect(await isLoggedIn(browser)).toBe(true);
  });

  it('with the old cookie, where the first answer was lost, logs in too, with no second exchange', async () => {
    const { callbackURL, oldCookie } = await finished();
    const lost = Browser.inWechat(app.url);
    const second = await lost.get(callbackURL, { cookie: oldCookie });
    expect([second.status, second.location]).toEqual([302, '/me?where']);
    expect(exchanged(emulator)).toHaveLength(1);
    expect(logins).toBe(1);
    expect(await isLoggedIn(lost)).toBe(true);
  });

  it('with the old cookie and another code never ends in an error', async () => {
    const { callbackURL, oldCookie } = await finished();
    const lost = Browser.inWechat(app.url);
    const second = await lost.get(withParams(callbackURL, { code: 'another' }), { cookie: oldCookie });
    // Who planted the cookie has state and session, but not the code: a settled login is not shared with another code.
    expect(stateIn(second.location)).toMatch(/^1/);
    expect(await isLoggedIn(lost)).toBe(false);
    expect((await lost.get(await agree(emulator, second.location))).location).toBe('/me?where');
    expect(await isLoggedIn(lost)).toBe(true);
  });

  it('shares nothing any more once the user has logged out', async () => {
    const { callbackURL, oldCookie } = await finished();
    await browser.get('/logout');
    const thief = Browser.inWechat(app.url);
    const again = await thief.get(callbackURL, { cookie: oldCookie });
    expect(goesToWechat(emulator, again)).toBe(true);
    expect(await isLoggedIn(thief)).toBe(false);
  });

  it('whose code was refused goes on with the login that replaced it', async () => {
    const undo = emulator.fail('access_token', { errcode: 40163 });
    const callbackURL = await comeBack(browser, emulator, '/me?where');
    const cookie = browser.cookies();
    const first = await browser.get(callbackURL);
    const second = await browser.get(callbackURL, { cookie });
    undo();
    expect(second.location).toBe(first.location);
    expect(exchanged(emulator)).toHaveLength(1);
    expect((await browser.get(await agree(emulator, second.location))).location).toBe('/me?where');
  });

  it('logs nobody in who lacks the cookie, or has the cookie but not the code', async () => {
    const { callbackURL, oldCookie } = await finished();
    const planter = Browser.inWechat(app.url);
    const withoutCookie = await planter.get(callbackURL, { cookie: '' });
    expect(goesToWechat(emulator, withoutCookie)).toBe(true);
    const withoutCode = await planter.get(withParams(callbackURL, { code: 'guessed' }), {
      cookie: oldCookie,
    });
    expect(goesToWechat(emulator, withoutCode)).toBe(true);
    expect(await isLoggedIn(planter)).toBe(false);
  });

  it('long after, with the old cookie, starts the login again once', async () => {
    const { callbackURL, oldCookie } = await finished();
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 120_000);
    const lost = Browser.inWechat(app.url);
    const second = await lost.get(callbackURL, { cookie: oldCookie });
    expect(stateIn(second.location)).toMatch(/^1/);
    await lost.get(await agree(emulator, second.location));
    expect(await isLoggedIn(lost)).toBe(true);
  });

  it('is what Back brings, a day later too', async () => {
    const { callbackURL } = await finished();
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 86_400_000);
    expect((await browser.get(callbackURL)).location).toBe('/me?where');
    expect(exchanged(emulator)).toHaveLength(1);
  });

  it('goes back to the page of its own login, when there were several', async () => {
    const first = await comeBack(browser, emulator, '/me?first');
    const second = await comeBack(browser, emulator, '/me?second');
    await browser.get(second);
    await browser.get(first);
    expect((await browser.get(second)).location).toBe('/me?second');
    expect((await browser.get(first)).location).toBe('/me?first');
  });

  it('after the logout logs nobody in: it goes to WeChat', async () => {
    const { callbackURL } = await finished();
    await browser.get('/logout');
    const again = await browser.get(callbackURL);
    expect(goesToWechat(emulator, again)).toBe(true);
    expect(exchanged(emulator)).toHaveLength(1);
    expect((await sessionOf(browser))['wechat']).toBeUndefined();
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('after a login that was started again goes to WeChat at most once more', async () => {
    const undo = emulator.fail('access_token', { errcode: 40029 });
    const callbackURL = await comeBack(browser, emulator);
    const again = await browser.get(callbackURL);
    await browser.get(await agree(emulator, again.location));
    undo();
    expect(await isLoggedIn(browser)).toBe(true);
    const once = await browser.follow(callbackURL);
    const end = await browser.follow(await agree(emulator, once.location));
    expect(end.status).toBe(200);
    expect(await isLoggedIn(browser)).toBe(true);
  });
});

describe('a logout', () => {
  it('ends the sharing of its login, also where so many logouts follow that they displace its mark', async () => {
    const results = new CallbackResults(undefined, 600_000);
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
    expect(await results.isLoggedOut(callback.state)).toBe(false);
    // The code is exchanged again, and WeChat refuses a code that is spent.
    await results.shareResult(callback, steps);
    expect(steps.exchange).toHaveBeenCalledTimes(2);
  });
});
