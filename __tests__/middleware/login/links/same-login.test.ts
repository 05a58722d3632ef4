// A login that starts again is the same login: its scope, flow and data go along, and the data never leaves its
// session. What an attacker could do with such links: __tests__/security/account-takeover.test.ts.
import { wechatAuth, type WechatLoginOptions } from '../../../../lib';
import { docsPage } from '../../../../lib/errors';
import {
  emulated,
  startApp,
  type AppOptions,
  type OwnOptions,
  type TestApp,
  type TestRequest,
} from '../../../support/app';
import { agree, Browser, type BrowserResponse } from '../../../support/browser';
import { ask, codeOn, confirm, devices, scanOptions } from '../../../support/browsers/scan-login';
import { DESKTOP_CHROME, PHONE_SAFARI } from '../../../support/browsers/user-agents';
import { emulator, useEmulator } from '../../../support/emulator';
import type { Host } from '../../../support/hosts';
import {
  linkOn,
  paramIn,
  redirectsToWechat,
  sessionOf,
  startAndAgree,
  stateIn,
  withParams,
} from '../../../support/login';
import { FaultySessionStore, serverSessions, SESSION_NAMES, SESSIONS } from '../../../support/sessions';
import { useWarnings } from '../../../support/warnings';

useEmulator();
useWarnings();
const apps: TestApp[] = [];
/** What onLogin got, and the scope that was granted. */
let given: unknown[] = [];

beforeEach(() => (given = []));
afterEach(async () => {
  emulator.switches.denial = 'silent';
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

const DATA = { bind: 7 };

/** An app whose `/start` calls req.wechat.login() with these options. */
async function start(
  options: WechatLoginOptions,
  auth: OwnOptions = {},
  more: AppOptions = {},
): Promise<TestApp> {
  const app = await startApp(emulator, {
    ...more,
    routes: (host) => {
      host.use('/start', (req) => void (req as TestRequest).wechat.login(options));
      host.use('/link', (req, res) => res.end((req as TestRequest).wechat.loginURL(options)));
      more.routes?.(host);
    },
    auth: {
      onLogin: (_req, { data, flow, token }) => void given.push({ data, flow, scope: token?.data.scope }),
      ...auth,
    },
  });
  apps.push(app);
  return app;
}

/** Opens the page, and cancels at WeChat. Returns the error page. */
async function cancel(browser: Browser, path = '/start'): Promise<BrowserResponse> {
  emulator.switches.denial = 'state-only';
  const { location } = await browser.follow(path);
  return browser.get((await emulator.authorize(location, { allow: false })) ?? '');
}

/** Opens the page, and agrees at WeChat, which then refuses the code in a way that no restart can help. */
async function fail(browser: Browser): Promise<BrowserResponse> {
  const callback = await startAndAgree(browser, emulator, '/start');
  emulator.fail('access_token', { errcode: 45011 }, { times: 1 });
  return browser.get(callback);
}

describe.each(SESSION_NAMES)('"Log in again" on an error page, with %s', (kind) => {
  it('starts the login with its return path, data and scope', async () => {
    const options = { returnTo: '/public?a=1', data: DATA, scope: 'snsapi_userinfo' } as const;
    const app = await start(options, { scope: 'snsapi_base' }, { session: SESSIONS[kind]() });
    const browser = Browser.inWechat(app.url);
    const page = await cancel(browser);
    expect(page.status).toBe(403);
    expect((await browser.logIn(emulator, linkOn(page))).url).toBe(`${app.url}/public?a=1`);
    expect(given).toEqual([{ data: DATA, flow: 'official', scope: 'snsapi_userinfo' }]);
  });

  it('keeps the data however often the user cancels', async () => {
    const app = await start({ data: DATA }, {}, { session: SESSIONS[kind]() });
    const browser = Browser.inWechat(app.url);
    const again = await cancel(browser, linkOn(await cancel(browser)));
    await browser.logIn(emulator, linkOn(again));
    expect(given).toMatchObject([{ data: DATA, flow: 'official' }]);
  });

  it.each<[string, WechatLoginOptions, OwnOptions, (url: string) => Browser, unknown]>([
    [
      'a scope below the option',
      { scope: 'snsapi_base' },
      {},
      (url) => Browser.inWechat(url),
      { data: undefined, flow: 'official', scope: 'snsapi_base' },
    ],
    [
      'a flow that no link may choose, because the option is fixed',
      { flow: 'website' },
      { flow: 'official' },
      (url) => Browser.onDesktop(url),
      { data: undefined, flow: 'website', scope: 'snsapi_login' },
    ],
    [
      'a flow where the option is a function',
      { flow: 'website' },
      { flow: () => 'official' as const },
      (url) => Browser.onDesktop(url),
      { data: undefined, flow: 'website', scope: 'snsapi_login' },
    ],
  ])('starts it with %s', async (_what, options, auth, open, expected) => {
    const browser = open((await start(options, auth, { session: SESSIONS[kind]() })).url);
    await browser.logIn(emulator, linkOn(await fail(browser)));
    expect(given).toEqual([expected]);
  });

  it('starts it although another response has replaced the cookie of that page', async () => {
    const app = await start({ data: DATA }, {}, { session: SESSIONS[kind]() });
    const browser = Browser.inWechat(app.url);
    const { location } = await browser.get('/start');
    const callback = withParams(await agree(emulator, location), { code: '' });
    const page = await browser.get(callback, { keepCookies: false });
    await browser.logIn(emulator, linkOn(page));
    expect(given).toMatchObject([{ data: DATA, flow: 'official' }]);
  });

  it.each([
    ['is missing for a login with data', { data: DATA }, ''],
    ['is there for a login without data', {}, '/login?returnTo=%2Fpublic'],
  ])('%s if a user has logged in since it started', async (_what, options, link) => {
    const app = await start({ ...options, returnTo: '/public' }, {}, { session: SESSIONS[kind]() });
    const browser = Browser.inWechat(app.url);
    const callback = await startAndAgree(browser, emulator, '/start');
    await browser.logIn(emulator, '/login');
    expect(linkOn(await browser.get(withParams(callback, { code: '' })))).toBe(link);
  });

  it('is refused after a login or a logout, and if it was changed', async () => {
    const app = await start({ returnTo: '/public', data: DATA }, {}, { session: SESSIONS[kind]() });
    for (const path of ['/logout', '/login']) {
      const browser = Browser.inWechat(app.url);
      const link = linkOn(await cancel(browser));
      if (path === '/logout') await browser.get(path);
      else await browser.logIn(emulator, path);
      given = [];
      expect((await browser.get(link)).body).toContain('state_unknown');
    }
    const browser = Browser.inWechat(app.url);
    const link = linkOn(await cancel(browser));
    for (const changed of [
      link.replace('%2Fpublic', '%2Fme'),
      link.replace(/data=[^&]*/, `data=${Buffer.from('{"bind":8}').toString('base64url')}`),
      `${link}x`,
      link.replace(/session=[^&]*/, 'session='),
      `${link}&flow=website`,
      `${link}&scope=snsapi_base`,
    ]) {
      const response = await browser.get(changed);
      expect([changed, response.status, response.location]).toEqual([changed, 400, '']);
      expect(response.body).toContain('state_unknown');
    }
    expect((await browser.get(link)).status).toBe(302);
    expect(given).toEqual([]);
  });

  it('stays valid after a logout under another session key', async () => {
    const staff = wechatAuth({ ...emulated(emulator), sessionKey: 'staff' });
    const routes = (host: Host): void => void host.use('/staff', staff);
    const app = await start({ returnTo: '/public', data: DATA }, {}, { session: SESSIONS[kind](), routes });
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/staff/login');
    const link = linkOn(await cancel(browser));
    expect((await browser.get('/staff/logout')).status).toBe(302);
    const { staff: login, 'wechat:login': records } = await sessionOf(browser);
    expect([login, records]).toEqual([
      undefined,
      expect.objectContaining({ linkId: expect.any(String) as string }),
    ]);
    expect((await browser.logIn(emulator, link)).url).toBe(`${app.url}/public`);
    expect(given).toEqual([{ data: DATA, flow: 'official', scope: 'snsapi_userinfo' }]);
  });
});

describe('"Log in again" of a login without data', () => {
  it.each<[string, WechatLoginOptions, OwnOptions, string, string]>([
    ['names a flow that any link may name', { flow: 'website' }, {}, PHONE_SAFARI, '&flow=website'],
    ['leaves out the flow of this browser', { flow: 'website' }, {}, DESKTOP_CHROME, ''],
    ['leaves out the flow of the option', { flow: 'website' }, { flow: 'website' }, DESKTOP_CHROME, ''],
  ])('%s, and belongs to no session', async (_what, options, auth, userAgent, flow) => {
    const app = await start({ ...options, returnTo: '/public' }, auth);
    const link = linkOn(await fail(new Browser(app.url, userAgent)));
    expect(link).toBe(`/login?returnTo=%2Fpublic${flow}`);
  });

  it('starts a login with the scope of the app in any other session', async () => {
    const app = await start({ returnTo: '/public', scope: 'snsapi_base' });
    const link = linkOn(await fail(Browser.inWechat(app.url)));
    const other = await Browser.inWechat(app.url).get(link);
    expect(paramIn(other.location, 'scope')).toBe('snsapi_userinfo');
  });
});

describe('the page of a login that cannot start because the session store is down', () => {
  it.each([
    [
      'links to the login with its return path and scope',
      {},
      '/login?returnTo=%2Fpublic&scope=snsapi_userinfo',
    ],
    ['has no link to a login without the data', { data: DATA }, ''],
  ])('%s', async (_what, options, link) => {
    const store = new FaultySessionStore();
    const app = await start(
      { returnTo: '/public', scope: 'snsapi_userinfo', ...options },
      { scope: 'snsapi_base' },
      { session: serverSessions(store) },
    );
    store.behaviour.set = 'broken';
    const page = await Browser.inWechat(app.url).get('/start');
    expect([page.status, linkOn(page)]).toEqual([503, link]);
  });
});

describe('a link with data for another account', () => {
  it('is refused in the same session, even if both accounts have one AppSecret', async () => {
    const account = { appSecret: emulator.apps.official.appSecret, website: undefined };
    const [own, other] = await Promise.all(
      ['wx0123456789abcdef', 'wxfedcba9876543210'].map((appId) =>
        start({ data: DATA }, { appId, ...account }),
      ),
    );
    const browser = Browser.inWechat(own?.url ?? '');
    const script = await browser.get('/start', { headers: { Accept: 'application/json' } });
    const { loginURL } = script.json() as { loginURL: string };
    const cookie = browser.cookies();
    expect((await Browser.inWechat(other?.url ?? '').get(loginURL, { cookie })).status).toBe(400);
    expect((await browser.get(loginURL)).status).toBe(302);
  });
});

describe('a link with data in another session', () => {
  it('ends with an error that says why, and a page that leads to the return path', async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown): void => void errors.push(error);
    const app = await start({ returnTo: '/public', data: DATA }, { onError });
    const link = linkOn(await cancel(Browser.inWechat(app.url)));
    errors.length = 0;
    const page = await Browser.inWechat(app.url).get(link);
    expect([page.status, linkOn(page), page.body.includes('href="/public"')]).toEqual([400, '', true]);
    expect(errors).toMatchObject([
      {
        kind: 'state_unknown',
        message:
          'This link repeats a login with `data`, and only the session that started the login may use it. ' +
          'This is another session, the link was changed, or a login or logout came in between. ' +
          'Start the login where it began.',
      },
    ]);
  });
});

describe('an error page of an account without an AppSecret', () => {
  const auth = {
    appSecret: undefined,
    website: undefined,
    component: { appId: 'wx0c0c0c0c0c0c0c0c', accessToken: () => 'token' },
  } as unknown as OwnOptions;
  /** Opens the page, and a callback without a code. */
  const refuse = async (browser: Browser): Promise<BrowserResponse> =>
    browser.get(`/callback?state=${stateIn((await browser.get('/start')).location)}`);

  it('links to the login if it has no data', async () => {
    const app = await start({ returnTo: '/settings', scope: 'snsapi_base' }, auth);
    const link = linkOn(await refuse(Browser.inWechat(app.url)));
    expect(link).toBe('/login?returnTo=%2Fsettings&scope=snsapi_base');
  });

  it('leads back to the page where the login was to end if it has data, which no link can carry', async () => {
    const browser = Browser.inWechat((await start({ returnTo: '/settings', data: DATA }, auth)).url);
    const page = await refuse(browser);
    expect([linkOn(page), page.body.includes('href="/settings"')]).toEqual(['', true]);
    const script = await browser.get('/start', { headers: { Accept: 'application/json' } });
    expect([script.status, 'loginURL' in (script.json() as object)]).toEqual([401, false]);
  });
});

describe('the error of a login with data that its session has lost', () => {
  it.each([
    [
      'what to do if the request does not show why',
      {},
      /^This request does not show why\. Start the login where it began\.$/,
      /请在需要登录的浏览器中重新发起登录/,
    ],
    ['the cause if the request shows it', { secure: true }, /^The cause: .*`secure`.*http/, /请使用 https/],
  ])('says why it does not restart, and %s', async (_what, cookie, more, reason) => {
    const messages: string[] = [];
    const onError = ({ message }: Error): void => void messages.push(message);
    const session = serverSessions(new FaultySessionStore(), { cookie });
    const app = await start({ data: DATA }, { onError }, { session });
    const browser = Browser.inWechat(app.url);
    const page = await browser.get(await startAndAgree(browser, emulator, '/start'), { cookie: '' });
    const why =
      'The session of this callback does not hold the login. It is not restarted, because it started with `data`, ' +
      'which only the session that started it may get. ';
    expect(messages).toEqual([expect.stringContaining(why)]);
    expect(messages[0]?.slice(why.length)).toMatch(more);
    expect(page.body).toMatch(reason);
  });
});

describe('an error page of a login that its session has lost', () => {
  it('has only the link to the home page if the login had data and was to end there', async () => {
    const app = await start({ data: DATA });
    const browser = Browser.inWechat(app.url);
    const page = await browser.get(await startAndAgree(browser, emulator, '/start'), { cookie: '' });
    const links = [...page.body.matchAll(/<a href="([^"]*)"/g)].map(([, href]) => href);
    // The first leads to the documentation, in development only.
    expect(links).toEqual([docsPage(`errors.md#state_unknown`).zh, '/']);
  });
});

describe.each(SESSION_NAMES)('a login that its session has lost, with %s', (kind) => {
  it('restarts with its scope', async () => {
    const options = { scope: 'snsapi_userinfo', returnTo: '/public' } as const;
    const app = await start(options, { scope: 'snsapi_base' }, { session: SESSIONS[kind]() });
    const browser = Browser.inWechat(app.url);
    const again = await browser.get(await startAndAgree(browser, emulator, '/start'), { cookie: '' });
    expect(paramIn(again.location, 'scope')).toBe('snsapi_userinfo');
    // It is lost again.
    const end = await browser.get(await agree(emulator, again.location), { cookie: '' });
    expect(end.body).toContain('login_loop');
    expect(linkOn(end)).toBe('/login?returnTo=%2Fpublic&scope=snsapi_userinfo');
  });

  it('ends with a page that explains it if it had data, and does not restart without them', async () => {
    const app = await start({ returnTo: '/settings', data: DATA }, {}, { session: SESSIONS[kind]() });
    const browser = Browser.inWechat(app.url);
    const callback = await startAndAgree(browser, emulator, '/start');
    const page = await browser.get(callback, { cookie: '' });
    expect([page.status, page.location, linkOn(page)]).toEqual([400, '', '']);
    expect(page.body).toContain('The session of this callback does not hold the login.');
    expect(page.body).toContain('href="/settings"');
    // So does a refusal that comes back to no session.
    const refused = await browser.get(callback.replace(/code=[^&]*/, 'code='), { cookie: '' });
    expect([refused.status, linkOn(refused)]).toEqual([403, '']);
    expect(given).toEqual([]);
  });

  it('restarts without its data at another process, which cannot know them', async () => {
    const options = { returnTo: '/public', data: DATA };
    const [first, second] = [await start(options), await start(options, {}, { session: SESSIONS[kind]() })];
    const callback = await startAndAgree(Browser.inWechat(first.url), emulator, '/start');
    const browser = Browser.inWechat(second.url);
    const again = await browser.get(callback.replace(first.url, second.url));
    expect(redirectsToWechat(emulator, again)).toBe(true);
    await browser.get(await agree(emulator, again.location));
    expect(given).toMatchObject([{ data: undefined, flow: 'official' }]);
  });
});

describe('the page that asks to open WeChat', () => {
  const addressOn = (page: BrowserResponse): string => /class="address">([^<]*)/.exec(page.body)?.[1] ?? '';
  const alone = { website: undefined, scope: 'snsapi_base' } as const;

  it('gives an address with the scope of the login', async () => {
    const options = { scope: 'snsapi_userinfo', returnTo: '/public' } as const;
    const app = await start(options, alone);
    const address = addressOn(await Browser.onDesktop(app.url).get('/start')).replaceAll('&amp;', '&');
    expect(address).toBe(`${app.url}/login?returnTo=%2Fpublic&scope=snsapi_userinfo`);
    await Browser.inWechat(app.url).logIn(emulator, address);
    expect(given).toEqual([{ data: undefined, flow: 'official', scope: 'snsapi_userinfo' }]);
  });

  it('never gives an address with the data of a session: the page of the app starts the login there', async () => {
    const app = await start({ returnTo: '/public', data: DATA }, alone);
    const pc = Browser.onDesktop(app.url);
    expect(addressOn(await pc.get('/start?shelf=3'))).toBe(`${app.url}/start?shelf=3`);
    // A form cannot be opened by its address.
    expect(addressOn(await pc.request('/start', { method: 'POST' }))).toBe(`${app.url}/public`);
    await Browser.inWechat(app.url).logIn(emulator, '/start');
    expect(given).toMatchObject([{ data: DATA, flow: 'official' }]);
  });

  it('also gives the page of the app for a scope that no link may lower', async () => {
    const app = await start({ scope: 'snsapi_base' }, { website: undefined });
    expect(addressOn(await Browser.onDesktop(app.url).get('/start'))).toBe(`${app.url}/start`);
  });

  it('gives an address with the data of a link that any session may use', async () => {
    const app = await start({ returnTo: '/public', data: DATA }, alone);
    const { body: link } = await Browser.inWechat(app.url).get('/link');
    const address = addressOn(await Browser.onDesktop(app.url).get(link)).replaceAll('&amp;', '&');
    expect(address).toBe(app.url + link);
    await Browser.inWechat(app.url).logIn(emulator, address);
    expect(given).toMatchObject([{ data: DATA, flow: 'official' }]);
  });

  it('leaves data that somebody has changed out of the address', async () => {
    const app = await start({}, alone);
    const page = await Browser.onDesktop(app.url).get('/login?returnTo=/public&data=e30.forged');
    expect(addressOn(page)).toBe(`${app.url}/login?returnTo=%2Fpublic`);
  });

  it('gives the login route, with the return path, for a form whose scope no link may lower', async () => {
    const app = await start({ returnTo: '/public', scope: 'snsapi_base' }, { website: undefined });
    const page = await Browser.onDesktop(app.url).request('/start', { method: 'POST' });
    expect(addressOn(page).replaceAll('&amp;', '&')).toMatch(
      /\/login\?returnTo=%2Fpublic&scope=snsapi_base$/,
    );
  });

  it('links on a phone to a QR code login that any session may use, if it was opened by such a link', async () => {
    const app = await start({ returnTo: '/public', data: DATA });
    const { body: link } = await Browser.inWechat(app.url).get('/link');
    const page = await new Browser(app.url, PHONE_SAFARI).get(link);
    await new Browser(app.url, PHONE_SAFARI).logIn(emulator, linkOn(page));
    expect(given).toMatchObject([{ data: DATA, flow: 'website' }]);
  });

  it('links to the QR code login of the same login, on a phone', async () => {
    const app = await start({ returnTo: '/public', data: DATA });
    const phone = new Browser(app.url, PHONE_SAFARI);
    await phone.logIn(emulator, linkOn(await phone.get('/start')));
    expect(given).toMatchObject([{ data: DATA, flow: 'website' }]);
  });
});

describe('a script that would start a login with data', () => {
  it('gets a link that starts it in the session of the script only', async () => {
    const app = await start({ returnTo: '/public', data: DATA });
    const browser = Browser.inWechat(app.url);
    const refused = await browser.get('/start', { headers: { Accept: 'application/json' } });
    const { loginURL } = refused.json() as { loginURL: string };
    expect((await Browser.inWechat(app.url).get(loginURL)).status).toBe(400);
    // A script that follows the link is told the same one.
    const again = await browser.get(loginURL, { headers: { Accept: 'application/json' } });
    expect([again.status, (again.json() as { loginURL: string }).loginURL]).toEqual([401, loginURL]);
    await browser.logIn(emulator, loginURL);
    expect(given).toMatchObject([{ data: DATA, flow: 'official' }]);
  });

  it('keeps its session as it is if there are no data', async () => {
    const app = await start({ scope: 'snsapi_base' });
    const browser = Browser.inWechat(app.url);
    await browser.get('/start', { headers: { Accept: 'application/json' } });
    expect(await sessionOf(browser)).toEqual({});
  });

  it.each([
    ['is told that the session store is down, because the link would not work', { data: DATA }, 503],
    ['needs no session store if there are no data', {}, 401],
  ])('%s', async (_what, options, status) => {
    const store = new FaultySessionStore();
    const app = await start(options, {}, { session: serverSessions(store) });
    store.behaviour.set = 'broken';
    const response = await Browser.inWechat(app.url).get('/start', {
      headers: { Accept: 'application/json' },
    });
    expect(response.status).toBe(status);
  });
});

describe.each(SESSION_NAMES)('the link to a new QR code of a scan login, with %s', (kind) => {
  const options = { returnTo: '/public', data: DATA, flow: 'scan', scope: 'snsapi_userinfo' } as const;
  const auth = { ...scanOptions(), scope: 'snsapi_base', flow: 'official' } as const;

  it.each(['of its page', 'of its status page'])('%s starts the same login', async (where) => {
    const app = await start(options, auth, { session: SESSIONS[kind]() });
    const { pc, phone } = devices(app);
    const page = await pc.get('/start');
    const { statusURL } = codeOn(page);
    const link = linkOn(where === 'of its page' ? page : await pc.get(`${statusURL}&page=1`));
    const next = codeOn(await pc.get(link));
    await phone.get(await confirm(phone, emulator, next.url));
    expect((await ask(pc, next.statusURL)).location).toBe('/public');
    expect(given).toMatchObject([{ data: DATA, flow: 'scan', scope: 'snsapi_userinfo' }]);
  });

  it('is also on the page of a login that failed', async () => {
    let refusals = 1;
    const scanLogin = { check: () => refusals-- <= 0 };
    const app = await start(options, { ...auth, scanLogin }, { session: SESSIONS[kind]() });
    const { pc, phone } = devices(app);
    const first = codeOn(await pc.get('/start'));
    await phone.get(await confirm(phone, emulator, first.url));
    const failed = await pc.get(`${first.statusURL}&page=1`);
    expect(failed.status).toBe(403);
    const next = codeOn(await pc.get(linkOn(failed)));
    await phone.get(await confirm(phone, emulator, next.url));
    expect((await ask(pc, next.statusURL)).location).toBe('/public');
    expect(given).toMatchObject([{ data: DATA, flow: 'scan' }]);
  });
});

describe('the option flow that is a function', () => {
  it.each([
    ['/login', 'auto'],
    ['/login?flow=official', 'auto'],
    ['/login?flow=website', 'auto'],
    ['/login?flow=website', 'official'],
    ['/start', 'auto'],
  ] as const)('is called once for %s if it returns %s', async (path, result) => {
    const flow = jest.fn(() => result);
    const app = await start({}, { flow });
    await new Browser(app.url, DESKTOP_CHROME).get(path);
    expect(flow).toHaveBeenCalledTimes(1);
  });
});
