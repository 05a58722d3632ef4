import type { EmulatorFault } from '../../../lib/emulator/index';
import { cookies, startApp, type TestApp } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
import {
  startAndAgree,
  exchangedCodes,
  redirectsToWechat,
  isLoggedIn,
  paramIn,
  sessionOf,
  stateIn,
  withParams,
  withApp,
} from '../../support/login';
import { serverSessions, SESSION_NAMES, SESSIONS } from '../../support/sessions';

useEmulator();

const JSON_ONLY = { Accept: 'application/json' };

describe.each(SESSION_NAMES)('a code exchange that fails, with %s', (kind) => {
  let app: TestApp;
  let browser: Browser;
  let endFault = (): void => undefined;
  beforeAll(async () => {
    app = await startApp(emulator, { session: SESSIONS[kind]() });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    browser = Browser.inWechat(app.url);
    emulator.requests.length = 0;
  });
  afterEach(() => {
    endFault();
  });
  const breakExchange = (fault: EmulatorFault, times = Infinity): void => {
    endFault = emulator.fail('access_token', fault, { times });
  };

  it.each<[string, EmulatorFault, string, number]>([
    ['40029, invalid code', { errcode: 40029 }, 'code_invalid', 400],
    ['40163, code been used', { errcode: 40163 }, 'code_used', 400],
    ['42003, code expired', { errcode: 42003 }, 'code_invalid', 400],
    ['-1, busy', { errcode: -1 }, 'busy', 503],
    ['a connection that is reset before the response', 'reset', 'network', 502],
    ['a connection that is reset within the response', 'reset-inside', 'network', 502],
    ['HTML instead of JSON', { html: true }, 'bad_answer', 502],
    ['a truncated response', 'truncated', 'bad_answer', 502],
    ['an empty response', 'empty', 'bad_answer', 502],
    ['a response that is a number', { body: '42' }, 'bad_answer', 502],
    ['a response without an openid', { patch: { openid: undefined } }, 'bad_answer', 502],
  ])('restarts the login once, and then shows the error page: %s', async (_name, fault, error, status) => {
    breakExchange(fault);
    const callbackURL = await startAndAgree(browser, emulator, '/me?kept');
    const restarted = await browser.get(callbackURL);
    expect(redirectsToWechat(emulator, restarted)).toBe(true);
    expect(restarted.body).toBe('');
    expect(stateIn(restarted.location)).toMatch(/^1[0-9a-f]{32}$/);

    const secondCallbackURL = await agree(emulator, restarted.location);
    const end = await browser.get(secondCallbackURL);
    expect(end.status).toBe(status);
    expect(end.body).toContain(error);
    expect(end.location).toBe('');
    // No code is sent twice, because it may be spent.
    expect(exchangedCodes(emulator)).toEqual([
      paramIn(callbackURL, 'code'),
      paramIn(secondCallbackURL, 'code'),
    ]);
    expect(await isLoggedIn(browser)).toBe(false);

    endFault();
    const retry = /href="(\/login[^"]*)"/.exec(end.body)?.[1] ?? '';
    expect((await browser.logIn(emulator, retry)).url).toBe(`${app.url}/me?kept`);
  });

  it('restarts the login once if WeChat does not respond in time', async () => {
    const shortTimeout = await startApp(emulator, {
      session: SESSIONS[kind](),
      auth: { http: { timeout: 300 } },
    });
    const other = Browser.inWechat(shortTimeout.url);
    breakExchange('silence');
    const restarted = await other.get(await startAndAgree(other, emulator));
    expect(stateIn(restarted.location)).toMatch(/^1/);
    const end = await other.get(await agree(emulator, restarted.location));
    expect(end.status).toBe(504);
    expect(end.body).toContain('timeout');
    expect(exchangedCodes(emulator)).toHaveLength(2);
    await shortTimeout.close();
  });

  it('logs the user in after one restart if the fault is over, with the same return path', async () => {
    breakExchange({ errcode: -1 }, 1);
    const restarted = await browser.get(await startAndAgree(browser, emulator, '/me?kept'));
    const end = await browser.get(await agree(emulator, restarted.location));
    expect([end.status, end.location]).toEqual([302, '/me?kept#']);
    expect(await isLoggedIn(browser)).toBe(true);
  });

  it.each([
    ['40125, a wrong secret', 40125, 'credentials', 500],
    ['40013, a wrong AppID', 40013, 'credentials', 500],
    ['45011, too many requests', 45011, 'rate_limit', 503],
    ['50002, a restricted user', 50002, 'user_limited', 403],
    ['an unknown errcode', 99999, 'unknown', 502],
  ])('does not restart if a restart cannot help: %s', async (_name, errcode, error, status) => {
    breakExchange({ errcode });
    const callbackURL = await startAndAgree(browser, emulator);
    const end = await browser.get(callbackURL, { headers: JSON_ONLY });
    expect(end.status).toBe(status);
    expect(end.json()).toMatchObject({ error });
    expect(exchangedCodes(emulator)).toEqual([paramIn(callbackURL, 'code')]);
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('also restarts the login if the profile cannot be read', async () => {
    endFault = emulator.fail('userinfo', { html: true }, { times: 1 });
    const restarted = await browser.get(await startAndAgree(browser, emulator, '/me?kept'));
    expect(stateIn(restarted.location)).toMatch(/^1/);
    expect((await browser.get(await agree(emulator, restarted.location))).location).toBe('/me?kept#');
  });
});

describe('a callback whose login the session does not hold', () => {
  /**
   * Follows every redirect and agrees at WeChat each time. Returns the last response, and how often the browser
   * was at WeChat.
   */
  async function followAll(
    browser: Browser,
    path: string,
    options: Parameters<Browser['follow']>[1] = {},
  ): Promise<{ end: BrowserResponse; rounds: number }> {
    let response = await browser.follow(path, options);
    let rounds = 0;
    while (rounds < 10 && response.location) {
      rounds++;
      response = await browser.follow(await agree(emulator, response.location), options);
    }
    return { end: response, rounds };
  }

  it.each(SESSION_NAMES)(
    'never loops if the browser drops every cookie: one restart, then a page that names the causes (%s)',
    async (kind) => {
      await withApp(emulator, { session: SESSIONS[kind]() }, async (app) => {
        emulator.requests.length = 0;
        const browser = Browser.inWechat(app.url);
        browser.jar.setCookieSync = () => undefined;
        const { end, rounds } = await followAll(browser, '/me');
        expect(rounds).toBe(2);
        expect(end.status).toBe(400);
        expect(end.body).toContain('login_loop');
        for (const cause of [/session|会话/, /secure/, /trust proxy/, /域名|host/])
          expect(end.body).toMatch(cause);
        expect(exchangedCodes(emulator)).toEqual([]);
      });
    },
  );

  it.each([
    ['cookie-session', () => cookies({ secure: true })],
    ['express-session', () => serverSessions(undefined, { cookie: { secure: true } })],
  ])('never loops if the cookie is secure and the page came over http (%s)', async (_kind, session) => {
    await withApp(emulator, { session: session() }, async (app) => {
      const browser = Browser.inWechat(app.url);
      const { end, rounds } = await followAll(browser, '/me');
      expect(rounds).toBe(2);
      expect(end.status).toBe(400);
      // The cause with evidence is emphasized.
      expect(end.body).toMatch(/<strong>[^<]*secure/);
    });
  });

  it('says the cause of a lost login once, in the language of the page', async () => {
    await withApp(emulator, { session: cookies({ secure: true }) }, async (app) => {
      const pageIn = async (language: string): Promise<string> => {
        const headers = { 'Accept-Language': language };
        return (await followAll(Browser.inWechat(app.url), '/me', { headers })).end.body;
      };
      const english = await pageIn('en');
      expect(english.match(/Serve the app over https/g)).toHaveLength(1);
      expect(english).toMatch(/<pre>The browser came back .* does not hold the login\.<\/pre>/);
      const chinese = await pageIn('zh-CN');
      expect(chinese.match(/请使用 https/g)).toHaveLength(1);
      // The message as in the log.
      expect(chinese).toMatch(
        /<pre lang="en">The browser came back .* The cause: .*Serve the app over https/,
      );
    });
  });

  it('restarts on the host of the callback, where it succeeds, if the login started on another host', async () => {
    await withApp(emulator, {}, async (app) => {
      const browser = Browser.inWechat(app.url.replace('127.0.0.1', 'localhost'));
      const callbackURL = await startAndAgree(browser, emulator, '/me?kept');
      const onCallbackHost = Browser.inWechat(app.url);
      const restarted = await onCallbackHost.get(callbackURL.replace('localhost', '127.0.0.1'));
      expect(redirectsToWechat(emulator, restarted)).toBe(true);
      expect((await onCallbackHost.get(await agree(emulator, restarted.location))).location).toBe(
        '/me?kept#',
      );
      expect(await isLoggedIn(onCallbackHost)).toBe(true);
    });
  });

  it('still ends at its return path if the cookie was missing once', async () => {
    await withApp(emulator, {}, async (app) => {
      const browser = Browser.inWechat(app.url);
      const callbackURL = await startAndAgree(browser, emulator, '/me?kept');
      const restarted = await browser.get(callbackURL, { cookie: '' });
      expect((await browser.get(await agree(emulator, restarted.location))).location).toBe('/me?kept#');
    });
  });

  it('gives scripts the same error as JSON', async () => {
    await withApp(emulator, {}, async (app) => {
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

  it('shows where to open the page if this browser cannot log in at all', async () => {
    await withApp(emulator, { auth: { website: undefined } }, async (app) => {
      const callbackURL = await startAndAgree(Browser.inWechat(app.url), emulator);
      const elsewhere = Browser.onDesktop(app.url);
      const response = await elsewhere.get(callbackURL);
      expect(response.status).toBe(200);
      expect(response.body).toContain('<svg');
      expect(response.body).not.toContain(paramIn(callbackURL, 'code'));
      expect(await isLoggedIn(elsewhere)).toBe(false);
    });
  });

  it('does not change the login of a logged-in user', async () => {
    await withApp(emulator, {}, async (app) => {
      const browser = Browser.inWechat(app.url);
      await browser.logIn(emulator, '/me');
      const before = (await sessionOf(browser))['wechat'];
      await browser.get(`/callback?code=abc&state=0${'a'.repeat(32)}`);
      await browser.get(`/callback?code=abc&state=1${'a'.repeat(32)}`);
      await browser.get('/callback?code=abc&state=nonsense');
      expect((await sessionOf(browser))['wechat']).toEqual(before);
    });
  });

  it('never loops if the cookie would be too large, and names the remedy', async () => {
    const onLogin = (): object => ({ openid: 'o', essay: 'x'.repeat(4_000) });
    await withApp(emulator, { auth: { onLogin } }, async (app) => {
      const browser = Browser.inWechat(app.url);
      const { end, rounds } = await followAll(browser, '/me');
      expect(rounds).toBe(1);
      expect(end.status).toBe(500);
      expect(end.body).toMatch(/session cookie would have \d+ bytes/);
      expect(end.body).toMatch(/<strong>配置有误<.strong>。会话 cookie 将有 \d+ 字节，.*请减少会话内容/);
      expect(await isLoggedIn(browser)).toBe(false);
    });
  });

  it('logs in if the session just fits into its cookie', async () => {
    const onLogin = (): object => ({ openid: 'o', essay: 'x'.repeat(2_500) });
    await withApp(emulator, { auth: { onLogin } }, async (app) => {
      const browser = Browser.inWechat(app.url);
      await browser.logIn(emulator, '/me');
      expect(await isLoggedIn(browser)).toBe(true);
    });
  });

  it('starts no login if the state is missing', async () => {
    await withApp(emulator, {}, async (app) => {
      const browser = Browser.inWechat(app.url);
      const callbackURL = await startAndAgree(browser, emulator);
      const response = await browser.get(withParams(callbackURL, { state: undefined }));
      expect(response.status).toBe(400);
      expect(response.body).toContain('state_unknown');
    });
  });
});
