import { startApp, type TestApp } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';
import { agree, Browser } from '../../support/browser';
import {
  startAndAgree,
  exchangedCodes,
  redirectsToWechat,
  isLoggedIn,
  paramIn,
  sessionOf,
  stateIn,
  statesOf,
  withParams,
} from '../../support/login';
import { SESSION_NAMES, SESSIONS } from '../../support/sessions';

useEmulator();
afterEach(() => {
  jest.restoreAllMocks();
});

describe.each(SESSION_NAMES)('the state of a login, with %s', (kind) => {
  let app: TestApp;
  let browser: Browser;
  beforeAll(async () => {
    app = await startApp(emulator, { session: SESSIONS[kind]() });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    browser = Browser.inWechat(app.url);
    emulator.requests.length = 0;
  });

  const loginStartedFrom = async (path: string): Promise<string> => (await browser.follow(path)).location;

  it('is a 0 and 32 random hex characters, new for each login', async () => {
    const states = new Set<string>();
    for (let i = 0; i < 20; i++) states.add(stateIn(await loginStartedFrom('/login')));
    expect(states.size).toBe(20);
    for (const state of states) expect(state).toMatch(/^0[0-9a-f]{32}$/);
  });

  it('is in the session with return path, scope, flow and time', async () => {
    const before = Date.now();
    const state = stateIn(await loginStartedFrom('/me?tab=orders'));
    const after = Date.now();
    const session = await sessionOf(browser);
    expect(session['wechat:login']).toEqual({
      pending: {
        [state]: {
          returnTo: '/me?tab=orders',
          scope: 'snsapi_userinfo',
          flow: 'official',
          at: expect.any(Number) as number,
        },
      },
      done: {},
    });
    const { pending } = session['wechat:login'] as { pending: Record<string, { at: number }> };
    expect(pending[state]?.at).toBeGreaterThanOrEqual(before);
    expect(pending[state]?.at).toBeLessThanOrEqual(after);
    expect(session['wechat']).toBeUndefined();
  });

  it('is kept for the newest five of ten tabs, which may finish in any order, each at its own page', async () => {
    const tabs: string[] = [];
    for (let tab = 0; tab < 10; tab++) tabs.push(await loginStartedFrom(`/me?tab=${tab}`));
    expect(await statesOf(browser)).toEqual(tabs.slice(5).map(stateIn));
    for (const tab of [7, 9, 5, 8, 6]) {
      const end = await browser.get(await agree(emulator, tabs[tab] ?? ''));
      expect([end.status, end.location]).toEqual([302, `/me?tab=${tab}#`]);
      expect(await isLoggedIn(browser)).toBe(true);
    }
    expect(await statesOf(browser)).toEqual([]);
  });

  it('that was dropped lets its login restart as soon as there is room, and not before', async () => {
    const first = await loginStartedFrom('/me?tab=first');
    let last = '';
    for (let tab = 0; tab < 5; tab++) last = await loginStartedFrom(`/me?tab=${tab}`);
    const newest = await statesOf(browser);
    const callbackURL = await agree(emulator, first);

    const full = await browser.get(callbackURL);
    expect(full.status).toBe(400);
    expect(full.body).toContain('state_unknown');
    expect(await statesOf(browser)).toEqual(newest);

    await browser.get(withParams(await agree(emulator, last), { code: undefined }));
    const restarted = await browser.get(callbackURL);
    expect(redirectsToWechat(emulator, restarted)).toBe(true);
    expect(stateIn(restarted.location)).toMatch(/^1[0-9a-f]{32}$/);

    const second = await loginStartedFrom('/me?tab=6');
    await browser.get(await agree(emulator, second));
    // Now the browser is logged in: nothing is left to do for the other tabs.
    expect((await browser.get(callbackURL)).location).toBe('/me?tab=first#');
  });

  it("is not dropped for an attacker's links, which only replace each other", async () => {
    const mine = [
      await loginStartedFrom('/me?tab=1'),
      await loginStartedFrom('/me?tab=2'),
      await loginStartedFrom('/me?tab=3'),
    ].map(stateIn);
    for (let link = 0; link < 10; link++) {
      const foreign = `0${link}`.padEnd(33, 'a');
      expect(redirectsToWechat(emulator, await browser.get(`/callback?code=abc&state=${foreign}`))).toBe(
        true,
      );
    }
    const states = await statesOf(browser);
    expect(states).toHaveLength(5);
    expect(states.slice(0, 3)).toEqual(mine);
    expect(states.slice(3).every((state) => state.startsWith('1'))).toBe(true);
  });

  it("is not dropped for an attacker's links, even with a long return path", async () => {
    const long = `/me?q=${'%E4%B8%AD'.repeat(54)}`;
    const mine = [await loginStartedFrom(long), await loginStartedFrom(`${long}2`)].map(stateIn);
    for (let link = 0; link < 10; link++) {
      await browser.get(`/callback?code=abc&state=${`0${link}`.padEnd(33, 'a')}`);
    }
    expect((await statesOf(browser)).slice(0, 2)).toEqual(mine);
  });

  it('fits into a cookie with every return path', async () => {
    for (let tab = 0; tab < 10; tab++)
      await loginStartedFrom(`/me?${tab}${encodeURIComponent('中'.repeat(50))}`);
    for (let tab = 0; tab < 10; tab++)
      await browser.get(`/login?returnTo=${encodeURIComponent(`/me?${tab}${'中'.repeat(160)}`)}`);
    expect(browser.cookies().length).toBeLessThan(3_000);
    const callbackURL = await startAndAgree(browser, emulator, '/me?last');
    expect((await browser.get(callbackURL)).location).toBe('/me?last#');
  });

  it('still finishes its login after a callback with a wrong state', async () => {
    const callbackURL = await startAndAgree(browser, emulator, '/me?right');
    const wrong = await browser.get(withParams(callbackURL, { state: `0${'e'.repeat(32)}` }));
    expect(redirectsToWechat(emulator, wrong)).toBe(true);
    expect(exchangedCodes(emulator)).toEqual([]);
    const right = await browser.get(callbackURL);
    expect([right.status, right.location]).toEqual([302, '/me?right#']);
    expect(await isLoggedIn(browser)).toBe(true);
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'prototype', 'pending', ''])(
    'is refused if it is %j, and no code is exchanged',
    async (state) => {
      const callbackURL = await startAndAgree(browser, emulator);
      for (const url of [`/callback?code=abc&state=${state}`, withParams(callbackURL, { state })]) {
        const response = await browser.get(url);
        expect(response.status).toBe(400);
        expect(response.body).toContain('state_unknown');
      }
      expect(exchangedCodes(emulator)).toEqual([]);
      expect((await browser.get(callbackURL)).location).toBe('/me#');
    },
  );

  it.each([
    // A state of digits only has no upper case: it is cut instead.
    ['in upper case', (state: string) => state.toUpperCase().replace(/^(.)\d{32}$/, '$1')],
    ['with more characters after it', (state: string) => `${state}https://i.maxthon.cn`],
    ['after a blank', (state: string) => ` ${state}`],
    ['cut to 20 characters', (state: string) => state.slice(0, 20)],
    ['with another digit', (state: string) => `9${state.slice(1)}`],
  ])('is not valid %s', async (_name, alter) => {
    const callbackURL = await startAndAgree(browser, emulator);
    const altered = await browser.get(withParams(callbackURL, { state: alter(stateIn(callbackURL)) }));
    expect(altered.status).toBe(400);
    expect(exchangedCodes(emulator)).toEqual([]);
    expect(await isLoggedIn(browser)).toBe(false);
    expect((await browser.get(callbackURL)).location).toBe('/me#');
  });

  it.each([
    'code=a&code=b&state=STATE',
    'code=CODE&state=STATE&state=STATE',
    'code[]=CODE&state=STATE',
    'code=CODE&state[]=STATE',
    'code=CODE&state[a]=STATE',
    'code=CODE&state=STATE&lang=a&lang=b',
    'code=CODE&state=STATE&%63ode=other',
    'code%5B%5D=CODE&state=STATE',
  ])('is not accepted in a query such as ?%s, and stays valid', async (query) => {
    const callbackURL = await startAndAgree(browser, emulator);
    const sentQuery = query
      .replaceAll('CODE', paramIn(callbackURL, 'code'))
      .replaceAll('STATE', stateIn(callbackURL));
    const response = await browser.get(`/callback?${sentQuery}`);
    expect(response.status).toBe(400);
    expect(response.body).toContain('state_unknown');
    expect(exchangedCodes(emulator)).toEqual([]);
    expect((await browser.get(callbackURL)).location).toBe('/me#');
  });

  it.each([
    ['over 512 bytes', 'c'.repeat(513)],
    ['much too long', 'c'.repeat(7_000)],
    ['Chinese', '%E4%B8%AD'],
    ['a control character', 'abc%00def'],
    ['a line break', 'abc%0d%0aX: y'],
    ['a blank', 'abc%20def'],
    ['broken percent-encoding', '%E0%A4%A'],
    ['bytes that are not UTF-8', '%FF%FE'],
    ['DEL', 'abc%7f'],
  ])('stays valid after a code that WeChat never sends: %s', async (_name, code) => {
    const callbackURL = await startAndAgree(browser, emulator);
    const response = await browser.get(`/callback?code=${code}&state=${stateIn(callbackURL)}`);
    expect(response.status).toBe(400);
    expect(response.body).toContain('code_invalid');
    expect(exchangedCodes(emulator)).toEqual([]);
    expect((await browser.get(callbackURL)).location).toBe('/me#');
  });

  it('may come with a code of 512 bytes, and WeChat decides whether it accepts that code', async () => {
    const callbackURL = await startAndAgree(browser, emulator);
    const response = await browser.get(withParams(callbackURL, { code: 'c'.repeat(512) }));
    expect(exchangedCodes(emulator)).toEqual(['c'.repeat(512)]);
    expect(redirectsToWechat(emulator, response)).toBe(true);
  });

  it('is valid for ten minutes: afterwards the login restarts, with the same return path', async () => {
    const redirect = await browser.follow('/me?late');
    const start = Date.now();
    const now = jest.spyOn(Date, 'now').mockReturnValue(start + 601_000);
    const late = await browser.get(await agree(emulator, redirect.location));
    expect(redirectsToWechat(emulator, late)).toBe(true);
    expect(exchangedCodes(emulator)).toEqual([]);
    expect(stateIn(late.location)).toMatch(/^1/);

    now.mockReturnValue(start + 1_200_000);
    const finished = await browser.get(await agree(emulator, late.location));
    expect(finished.location).toBe('/me?late#');
    expect(await isLoggedIn(browser)).toBe(true);
  });

  it('restarts only once: a user who takes too long twice gets a page that says so', async () => {
    const redirect = await browser.follow('/me');
    const start = Date.now();
    const now = jest.spyOn(Date, 'now').mockReturnValue(start + 601_000);
    const late = await browser.get(await agree(emulator, redirect.location));
    now.mockReturnValue(start + 1_300_000);
    const later = await browser.get(await agree(emulator, late.location));
    expect(later.status).toBe(400);
    expect(later.body).toContain('loginTimeout');
    expect(later.body).toContain('/login?returnTo=%2Fme');
    expect(exchangedCodes(emulator)).toEqual([]);
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('is valid just before its end, and if the clock of another process is ahead', async () => {
    const start = Date.now();
    for (const later of [599_000, -3_000]) {
      const another = Browser.inWechat(app.url);
      const now = jest.spyOn(Date, 'now').mockReturnValue(start);
      const redirect = await another.follow('/me?soon');
      now.mockReturnValue(start + later);
      expect((await another.get(await agree(emulator, redirect.location))).location).toBe('/me?soon#');
      now.mockRestore();
    }
  });

  it('is dropped when it has expired, to make room for new logins', async () => {
    for (let tab = 0; tab < 5; tab++) await loginStartedFrom(`/me?tab=${tab}`);
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 601_000);
    const state = stateIn(await loginStartedFrom('/me?new'));
    expect(await statesOf(browser)).toEqual([state]);
  });

  it('belongs to one browser: in another one no code is exchanged and nobody is logged in (CSRF)', async () => {
    const victim = Browser.inWechat(app.url);
    const ownState = stateIn((await victim.follow('/me?mine')).location);
    const callbackURL = await startAndAgree(browser, emulator, '/me?attack');

    const opened = await victim.get(callbackURL);
    expect(redirectsToWechat(emulator, opened)).toBe(true);
    expect(stateIn(opened.location)).not.toBe(stateIn(callbackURL));
    expect(exchangedCodes(emulator)).toEqual([]);
    expect(await isLoggedIn(victim)).toBe(false);
    expect((await statesOf(victim))[0]).toBe(ownState);

    expect((await browser.get(callbackURL)).location).toBe('/me?attack#');
  });

  it('is for single use: no second code is exchanged for it', async () => {
    const callbackURL = await startAndAgree(browser, emulator);
    await browser.get(callbackURL);
    await browser.get(withParams(callbackURL, { code: 'another' }));
    expect(exchangedCodes(emulator)).toEqual([paramIn(callbackURL, 'code')]);
  });

  it('is read only from a GET request, not from a POST', async () => {
    const callbackURL = await startAndAgree(browser, emulator);
    const { pathname, search } = new URL(callbackURL);
    const posted = await browser.request(pathname + search, { method: 'POST' });
    expect(posted.body).toBe('home');
    expect(exchangedCodes(emulator)).toEqual([]);
    expect((await browser.get(callbackURL)).location).toBe('/me#');
  });

  it('is read only on the callback route', async () => {
    const callbackURL = await startAndAgree(browser, emulator);
    for (const path of ['/public', '/me', '/login', '/logout', '/'])
      await browser.get(path + new URL(callbackURL).search);
    expect(exchangedCodes(emulator)).toEqual([]);
  });
});

describe('a tab whose login the session has lost', () => {
  let app: TestApp;
  let browser: Browser;
  let lost: string;
  let kept: string;
  /** The cookies from before the other tab logged in. */
  let before: string;
  beforeAll(async () => {
    app = await startApp(emulator, { auth: { scope: 'snsapi_base' } });
  });
  afterAll(() => app.close());

  /** Two tabs start a login with the same cookies: the later response replaces the cookie of the other one. */
  async function openTabs(path: string, tabs = Browser.inWechat(app.url)): Promise<void> {
    browser = tabs;
    lost = await startAndAgree(browser, emulator, path);
    browser.jar.removeAllCookiesSync();
    kept = await startAndAgree(browser, emulator, '/login?returnTo=/public');
    before = browser.cookies();
    emulator.requests.length = 0;
  }

  it('goes on to its own page once the other tab has logged in', async () => {
    await openTabs('/me?lost');
    await browser.get(kept);
    const response = await browser.get(lost);
    expect([response.status, response.location]).toEqual([302, '/me?lost#']);
    expect(exchangedCodes(emulator)).toHaveLength(1);
    expect(await isLoggedIn(browser)).toBe(true);
  });

  it('keeps no fragment of the page of the QR code', async () => {
    await openTabs('/me?lost', Browser.onDesktop(app.url));
    await browser.get(kept);
    expect((await browser.get(lost)).location).toBe('/me?lost');
  });

  it('goes on to its own page before the response to the other tab has arrived', async () => {
    await openTabs('/me?lost');
    await browser.get(kept, { keepCookies: false });
    expect((await browser.get(lost, { cookie: before })).location).toBe('/me?lost#');
    // Neither does a second callback of it go to WeChat.
    expect((await browser.get(lost, { cookie: before })).location).toBe('/me?lost#');
    expect(exchangedCodes(emulator)).toHaveLength(1);
  });

  it('goes to WeChat if the user has logged out since the other tab logged in', async () => {
    await openTabs('/me?lost');
    await browser.get(kept, { keepCookies: false });
    await browser.get('/logout', { cookie: before });
    expect(redirectsToWechat(emulator, await browser.get(lost, { cookie: before }))).toBe(true);
  });

  it('goes to WeChat if the other tab failed, or if these are not its cookies', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation();
    await openTabs('/me?lost');
    emulator.fail('access_token', { errcode: 40125 });
    await browser.get(kept, { keepCookies: false });
    expect(redirectsToWechat(emulator, await browser.get(lost, { cookie: before }))).toBe(true);
    await openTabs('/me?lost');
    await browser.get(kept);
    expect(redirectsToWechat(emulator, await browser.get(lost, { cookie: '' }))).toBe(true);
  });

  it('goes to WeChat if its page needs more than the other tab was granted', async () => {
    await openTabs('/login?scope=snsapi_userinfo');
    await browser.get(kept);
    expect(redirectsToWechat(emulator, await browser.get(lost))).toBe(true);
    await openTabs('/login?scope=snsapi_userinfo');
    await browser.get(kept, { keepCookies: false });
    expect(redirectsToWechat(emulator, await browser.get(lost, { cookie: before }))).toBe(true);
  });

  it('goes to WeChat if its state was used before', async () => {
    await openTabs('/me?lost');
    await Browser.inWechat(app.url).get(lost);
    await browser.get(kept, { keepCookies: false });
    expect(redirectsToWechat(emulator, await browser.get(lost, { cookie: before }))).toBe(true);
  });

  it('gets an error page if its state is none of ours, although somebody is logged in', async () => {
    await openTabs('/me');
    await browser.get(kept);
    const response = await browser.get(withParams(lost, { state: 'made-up' }));
    expect([response.status, response.body.includes('state_unknown')]).toEqual([400, true]);
    expect(await isLoggedIn(browser)).toBe(true);
  });
});
