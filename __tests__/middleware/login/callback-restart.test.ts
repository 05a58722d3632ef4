import type { EmulatorFault } from '../../../lib/emulator/index';
import { cookies, startApp, type TestApp } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
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
import { serverSessions, SESSION_NAMES, SESSIONS } from '../../support/sessions';

useEmulator();

const JSON_ONLY = { Accept: 'application/json' };

describe.each(SESSION_NAMES)('a code that WeChat refuses, with %s', (kind) => {
  let app: TestApp;
  let browser: Browser;
  let mend = (): void => undefined;
  beforeAll(async () => {
    app = await startApp(emulator, { session: SESSIONS[kind]() });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    browser = Browser.inWechat(app.url);
    emulator.requests.length = 0;
  });
  afterEach(() => {
    mend();
  });
  const breakExchange = (fault: EmulatorFault, times = Infinity): void => {
    mend = emulator.fail('access_token', fault, { times });
  };

  it.each<[string, EmulatorFault, string, number]>([
    ['40029, invalid code', { errcode: 40029 }, 'code_invalid', 400],
    ['40163, code been used', { errcode: 40163 }, 'code_used', 400],
    ['42003, code expired', { errcode: 42003 }, 'code_invalid', 400],
    ['-1, busy', { errcode: -1 }, 'busy', 503],
    ['a connection that is cut before the answer', 'reset', 'network', 502],
    ['a connection that is cut inside the answer', 'reset-inside', 'network', 502],
    ['a page in the place of JSON', { html: true }, 'bad_answer', 502],
    ['half of the answer', 'truncated', 'bad_answer', 502],
    ['an empty answer', 'empty', 'bad_answer', 502],
    ['an answer that is a number', { body: '42' }, 'bad_answer', 502],
    ['an answer without openid', { patch: { openid: undefined } }, 'bad_answer', 502],
  ])('starts the login again once, then shows the error page: %s', async (_name, fault, error, status) => {
    breakExchange(fault);
    const callbackURL = await comeBack(browser, emulator, '/me?kept');
    const again = await browser.get(callbackURL);
    expect(goesToWechat(emulator, again)).toBe(true);
    expect(again.body).toBe('');
    expect(stateIn(again.location)).toMatch(/^1[0-9a-f]{32}$/);

    const backAgain = await agree(emulator, again.location);
    const end = await browser.get(backAgain);
    expect(end.status).toBe(status);
    expect(end.body).toContain(error);
    expect(end.location).toBe('');
    // No code is ever sent twice: it may be spent.
    expect(exchanged(emulator)).toEqual([paramIn(callbackURL, 'code'), paramIn(backAgain, 'code')]);
    expect(await isLoggedIn(browser)).toBe(false);

    mend();
    const retry = /href="(\/login[^"]*)"/.exec(end.body)?.[1] ?? '';
    expect((await browser.logIn(emulator, retry)).url).toBe(`${app.url}/me?kept`);
  });

  it('starts the login again once where no answer comes in time', async () => {
    const hasty = await startApp(emulator, { session: SESSIONS[kind](), auth: { http: { timeout: 300 } } });
    const visitor = Browser.inWechat(hasty.url);
    breakExchange('silence');
    const again = await visitor.get(await comeBack(visitor, emulator));
    expect(stateIn(again.location)).toMatch(/^1/);
    const end = await visitor.get(await agree(emulator, again.location));
    expect(end.status).toBe(504);
    expect(end.body).toContain('timeout');
    expect(exchanged(emulator)).toHaveLength(2);
    await hasty.close();
  });

  it('logs in at the second try where WeChat only stumbled, and ends where it was to', async () => {
    breakExchange({ errcode: -1 }, 1);
    const again = await browser.get(await comeBack(browser, emulator, '/me?kept'));
    const end = await browser.get(await agree(emulator, again.location));
    expect([end.status, end.location]).toEqual([302, '/me?kept']);
    expect(await isLoggedIn(browser)).toBe(true);
  });

  it.each([
    ['40125, a wrong secret', 40125, 'credentials', 500],
    ['40013, a wrong app id', 40013, 'credentials', 500],
    ['45011, too many requests', 45011, 'rate_limit', 503],
    ['50002, a restricted user', 50002, 'user_limited', 403],
    ['an errcode that nobody knows', 99999, 'unknown', 502],
  ])('does not start again what that cannot cure: %s', async (_name, errcode, error, status) => {
    breakExchange({ errcode });
    const callbackURL = await comeBack(browser, emulator);
    const end = await browser.get(callbackURL, { headers: JSON_ONLY });
    expect(end.status).toBe(status);
    expect(end.json()).toMatchObject({ error });
    expect(exchanged(emulator)).toEqual([paramIn(callbackURL, 'code')]);
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('starts again too where the profile cannot be read', async () => {
    mend = emulator.fail('userinfo', { html: true }, { times: 1 });
    const again = await browser.get(await comeBack(browser, emulator, '/me?kept'));
    expect(stateIn(again.location)).toMatch(/^1/);
    expect((await browser.get(await agree(emulator, again.location))).location).toBe('/me?kept');
  });
});

describe('a callback that the session knows nothing of', () => {
  /** A browser that does what it is told, for as long as it is told to; how often it went to WeChat. */
  async function wander(browser: Browser, path: string): Promise<{ end: BrowserResponse; visits: number }> {
    let response = await browser.follow(path);
    let visits = 0;
    while (visits < 10 && response.location) {
      visits++;
      response = await browser.follow(await agree(emulator, response.location));
    }
    return { end: response, visits };
  }

  async function withApp(
    options: Parameters<typeof startApp>[1],
    story: (app: TestApp) => Promise<void>,
  ): Promise<void> {
    const app = await startApp(emulator, options);
    try {
      await story(app);
    } finally {
      await app.close();
    }
  }

  it.each(SESSION_NAMES)(
    'never loops where the browser drops every cookie: once more, then a page that names the causes (%s)',
    async (kind) => {
      await withApp({ session: SESSIONS[kind]() }, async (app) => {
        emulator.requests.length = 0;
        const browser = Browser.inWechat(app.url);
        browser.jar.setCookieSync = () => undefined;
        const { end, visits } = await wander(browser, '/me');
        expect(visits).toBe(2);
        expect(end.status).toBe(400);
        expect(end.body).toContain('login_loop');
        for (const cause of [/session|会话/, /secure/, /trust proxy/, /域名|host/])
          expect(end.body).toMatch(cause);
        expect(exchanged(emulator)).toEqual([]);
      });
    },
  );

  it.each([
    ['cookie-session', () => cookies({ secure: true })],
    ['express-session', () => serverSessions(undefined, { cookie: { secure: true } })],
  ])('never loops where the cookie is secure and the page came over http (%s)', async (_kind, session) => {
    await withApp({ session: session() }, async (app) => {
      const browser = Browser.inWechat(app.url);
      const { end, visits } = await wander(browser, '/me');
      expect(visits).toBe(2);
      expect(end.status).toBe(400);
      // What was found stands out among the likely causes.
      expect(end.body).toMatch(/<strong>[^<]*secure/);
    });
  });

  it('heals by itself where the login was started at another host than WeChat comes back to', async () => {
    await withApp({}, async (app) => {
      const browser = Browser.inWechat(app.url.replace('127.0.0.1', 'localhost'));
      const callbackURL = await comeBack(browser, emulator, '/me?kept');
      const here = Browser.inWechat(app.url);
      const again = await here.get(callbackURL.replace('localhost', '127.0.0.1'));
      expect(goesToWechat(emulator, again)).toBe(true);
      expect((await here.get(await agree(emulator, again.location))).location).toBe('/me?kept');
      expect(await isLoggedIn(here)).toBe(true);
    });
  });

  it('ends where it was to, after all, when only the cookie was lost on the first way', async () => {
    await withApp({}, async (app) => {
      const browser = Browser.inWechat(app.url);
      const callbackURL = await comeBack(browser, emulator, '/me?kept');
      const again = await browser.get(callbackURL, { cookie: '' });
      expect((await browser.get(await agree(emulator, again.location))).location).toBe('/me?kept');
    });
  });

  it('tells JSON clients the same', async () => {
    await withApp({}, async (app) => {
      const response = await Browser.inWechat(app.url).get(`/callback?code=abc&state=1${'a'.repeat(32)}`, {
        headers: JSON_ONLY,
      });
      expect(response.status).toBe(400);
      expect(response.json()).toEqual({
        error: 'login_loop',
        message: expect.stringMatching(/cookie/) as string,
      });
    });
  });

  it('shows where to open the page, where this browser cannot log in at all', async () => {
    await withApp({ auth: { website: undefined } }, async (app) => {
      const callbackURL = await comeBack(Browser.inWechat(app.url), emulator);
      const elsewhere = Browser.onDesktop(app.url);
      const response = await elsewhere.get(callbackURL);
      expect(response.status).toBe(200);
      expect(response.body).toContain('<svg');
      expect(response.body).not.toContain(paramIn(callbackURL, 'code'));
      expect(await isLoggedIn(elsewhere)).toBe(false);
    });
  });

  it('leaves somebody who is logged in as they are', async () => {
    await withApp({}, async (app) => {
      const browser = Browser.inWechat(app.url);
      await browser.logIn(emulator, '/me');
      const before = (await sessionOf(browser))['wechat'];
      await browser.get(`/callback?code=abc&state=0${'a'.repeat(32)}`);
      await browser.get(`/callback?code=abc&state=1${'a'.repeat(32)}`);
      await browser.get('/callback?code=abc&state=nonsense');
      expect((await sessionOf(browser))['wechat']).toEqual(before);
    });
  });

  it('never loops where the cookie would be too large to be kept, and says what to do', async () => {
    const onLogin = (): object => ({ openid: 'o', essay: 'x'.repeat(4_000) });
    await withApp({ auth: { onLogin } }, async (app) => {
      const browser = Browser.inWechat(app.url);
      const { end, visits } = await wander(browser, '/me');
      expect(visits).toBe(1);
      expect(end.status).toBe(500);
      expect(end.body).toMatch(/session cookie would have \d+ bytes/);
      expect(await isLoggedIn(browser)).toBe(false);
    });
  });

  it('keeps a session that just fits into its cookie', async () => {
    const onLogin = (): object => ({ openid: 'o', essay: 'x'.repeat(2_500) });
    await withApp({ auth: { onLogin } }, async (app) => {
      const browser = Browser.inWechat(app.url);
      await browser.logIn(emulator, '/me');
      expect(await isLoggedIn(browser)).toBe(true);
    });
  });

  it('starts no third login from the page of an altered state', async () => {
    await withApp({}, async (app) => {
      const browser = Browser.inWechat(app.url);
      const callbackURL = await comeBack(browser, emulator);
      const response = await browser.get(withParams(callbackURL, { state: undefined }));
      expect(response.status).toBe(400);
      expect(response.body).toContain('state_unknown');
    });
  });
});
