import type { OwnOptions } from '../../support/app';
import type { WechatError, WechatLoginOptions } from '../../../lib';
import { startApp, type AppOptions, type TestApp, type TestRequest } from '../../support/app';
import { agree, Browser } from '../../support/browser';
import { DESKTOP_CHROME, IPHONE_WECHAT, PHONE_SAFARI } from '../../support/browsers/user-agents';
import { emulator, useEmulator } from '../../support/emulator';
import { startAndAgree, exchangedCodes, paramIn } from '../../support/login';
import { FaultySessionStore, serverSessions } from '../../support/sessions';

useEmulator();

describe('a login', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(emulator);
  });
  afterAll(async () => {
    await app.close();
  });

  it('leads a user inside WeChat from a guarded page to WeChat and back to that page', async () => {
    const browser = Browser.inWechat(app.url);
    const guarded = await browser.get('/me?tab=orders');
    expect(guarded.status).toBe(302);
    expect(guarded.location).toBe('/login?returnTo=%2Fme%3Ftab%3Dorders');

    const login = await browser.get(guarded.location);
    expect(login.status).toBe(302);
    expect(login.body).toBe('');
    expect(login.headers['cache-control']).toBe('no-store');
    const { origin, pathname, searchParams, hash } = new URL(login.location);
    expect(origin + pathname + hash).toBe(`${emulator.url}/connect/oauth2/authorize#wechat_redirect`);
    expect([...searchParams.keys()]).toEqual(['appid', 'redirect_uri', 'response_type', 'scope', 'state']);
    expect(searchParams.get('redirect_uri')).toBe(`${app.url}/callback`);
    expect(searchParams.get('scope')).toBe('snsapi_userinfo');
    expect(searchParams.get('state')).toMatch(/^0[0-9a-f]{32}$/);

    const callback = await browser.get(await agree(emulator, login.location));
    expect(callback.status).toBe(302);
    expect(callback.location).toBe('/me?tab=orders#');
    expect(callback.body).toBe('');
    expect(callback.headers['referrer-policy']).toBe('no-referrer');
    expect(callback.headers['cache-control']).toBe('no-store');

    const me = await browser.get(callback.location);
    expect(me.json()).toMatchObject({
      nickname: emulator.users[0]?.nickname,
      openid: expect.stringMatching(/^o/) as string,
    });
  });

  it('leads a user on a PC to the QR code', async () => {
    const browser = Browser.onDesktop(app.url);
    const redirect = await browser.follow('/me');
    expect(redirect.location).toContain(`${emulator.url}/connect/qrconnect?`);
    expect(new URL(redirect.location).searchParams.get('scope')).toBe('snsapi_login');
    const me = await browser.follow(await agree(emulator, redirect.location));
    expect(me.json()).toMatchObject({ nickname: emulator.users[0]?.nickname });
  });

  it('stores the user and the ids in the session, and no token', async () => {
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const session = (await browser.get('/session')).json() as Record<string, unknown>;
    expect(session['wechat']).toEqual({
      user: expect.objectContaining({ nickname: emulator.users[0]?.nickname }) as unknown,
      appid: emulator.apps.official.appId,
      openid: expect.stringMatching(/^o/) as string,
      unionid: expect.stringMatching(/^o/) as string,
      scope: 'snsapi_userinfo',
      flow: 'official',
    });
    expect(JSON.stringify(session)).not.toContain('token');
  });
});

const apps: TestApp[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

/** An app whose `/start` starts a login with these options. */
async function start(
  auth: OwnOptions = {},
  options: AppOptions = {},
  login?: WechatLoginOptions,
): Promise<TestApp> {
  jest.spyOn(process, 'emitWarning').mockImplementation();
  const app = await startApp(emulator, {
    ...options,
    auth,
    routes: (host) => host.use('/start', (req) => void (req as TestRequest).wechat.login(login)),
  });
  apps.push(app);
  return app;
}

describe('the flow of a login', () => {
  /** Where a browser ends that opens this path: WeChat's page, the code of a scan login, or our page. */
  async function endOf(app: TestApp, userAgent: string, path: string): Promise<string> {
    const { location, body } = await new Browser(app.url, userAgent).get(path);
    if (location !== '') return new URL(location).pathname;
    return body.includes('data-link=') ? 'scan' : 'page';
  }

  const OFFICIAL = '/connect/oauth2/authorize';
  const WEBSITE = '/connect/qrconnect';

  it.each<[string, OwnOptions, string, string, string]>([
    ['the one that a link names', {}, DESKTOP_CHROME, '?flow=website', WEBSITE],
    [
      'that of the browser if a link names one that does not work there',
      {},
      IPHONE_WECHAT,
      '?flow=website',
      OFFICIAL,
    ],
    ['that of the browser if a link names none', {}, DESKTOP_CHROME, '?flow=toString', WEBSITE],
    ['that of the option if it is fixed', { flow: 'official' }, DESKTOP_CHROME, '?flow=website', OFFICIAL],
    [
      'that of the option if its function fixes it',
      { flow: () => 'official' },
      DESKTOP_CHROME,
      '?flow=website',
      OFFICIAL,
    ],
    [
      'the one that a link names if the function says auto',
      { flow: () => 'auto' },
      PHONE_SAFARI,
      '?flow=website',
      WEBSITE,
    ],
    [
      'none if a link names one without an account',
      { website: undefined },
      PHONE_SAFARI,
      '?flow=website',
      'page',
    ],
    ['none if a link names scan without the option', {}, PHONE_SAFARI, '?flow=scan', 'page'],
    [
      'scan on a PC without a website app',
      { scanLogin: true, website: undefined },
      DESKTOP_CHROME,
      '',
      'scan',
    ],
    [
      'scan on a phone without a website app',
      { scanLogin: true, website: undefined },
      PHONE_SAFARI,
      '',
      'scan',
    ],
    ['not scan on a phone with a website app', { scanLogin: true }, PHONE_SAFARI, '', 'page'],
    [
      'scan if a link names it, on a PC with a website app',
      { scanLogin: true },
      DESKTOP_CHROME,
      '?flow=scan',
      'scan',
    ],
  ])('is %s', async (_what, auth, userAgent, query, end) => {
    expect(await endOf(await start(auth), userAgent, `/login${query}`)).toBe(end);
  });

  it('stays the one that was chosen if the session is lost, as long as it works in this browser', async () => {
    const app = await start();
    const phone = new Browser(app.url, PHONE_SAFARI);
    const callback = await startAndAgree(phone, emulator, '/login?flow=website');
    expect(await endOf(app, PHONE_SAFARI, callback)).toBe(WEBSITE);
    const another = await startAndAgree(phone, emulator, '/login?flow=website');
    expect(await endOf(app, IPHONE_WECHAT, another)).toBe(OFFICIAL);
  });

  it('is refused if it does not exist, and the error names the ones that do', async () => {
    const errors: WechatError[] = [];
    const onError = (error: WechatError, _req: unknown, res: { end(): unknown }): void => {
      errors.push(error);
      res.end();
    };
    await Browser.inWechat((await start({ onError }, {}, { flow: 'qr' as never })).url).get('/start');
    await Browser.inWechat((await start({ onError, flow: (() => 'qr') as never })).url).get('/start');
    expect(errors.map(({ kind, message }) => [kind, message])).toEqual([
      ['config', "The flow of this login is 'qr'. Use one of 'auto', 'official', 'website', 'scan'."],
      ['config', "The option flow returned 'qr'. Use one of 'auto', 'official', 'website', 'scan'."],
    ]);
  });
});

describe('the page that asks to open WeChat', () => {
  it('links to the QR code login with the data of the login, and without an unsafe return path', async () => {
    const data = { from: 'shelf' };
    for (const [returnTo, named] of [
      ['/me', '/me'],
      ['//evil.example', ''],
    ] as const) {
      const app = await start({}, {}, { returnTo, data });
      const { body } = await new Browser(app.url, PHONE_SAFARI).get('/start');
      const link = (/<a href="([^"]*)"/.exec(body)?.[1] ?? '').replaceAll('&amp;', '&');
      expect([paramIn(app.url + link, 'flow'), paramIn(app.url + link, 'returnTo')]).toEqual([
        'website',
        named,
      ]);
      const signed = paramIn(app.url + link, 'data').split('.')[0] ?? '';
      expect(JSON.parse(Buffer.from(signed, 'base64url').toString())).toEqual(data);
    }
  });

  it('has no link to a login route that the app does not have', async () => {
    const app = await start({ routes: { login: false }, baseURL: 'https://h5.example.com' });
    const response = await new Browser(app.url, PHONE_SAFARI).get('/start');
    expect(response.body).not.toContain('flow=website');
  });
});

describe('a session with five logins in progress', () => {
  it('has no room for a restart, which would displace one of them', async () => {
    const errors: WechatError[] = [];
    const onError = (error: WechatError, _req: unknown, res: { end(): unknown }): void => {
      errors.push(error);
      res.end();
    };
    const browser = Browser.inWechat((await start({ onError })).url);
    const first = await startAndAgree(browser, emulator, '/me?first');
    for (let tab = 0; tab < 4; tab++) await browser.follow('/me');
    await browser.get(`/callback?code=a&state=0${'a'.repeat(32)}`);
    expect(errors).toMatchObject([{ kind: 'state_unknown', status: 400 }]);
    expect(errors[0]?.message).toMatch(
      /^There is no room in the session to restart this login: .* Finish one of them, or start again\.$/,
    );
    expect((await browser.get(first)).location).toBe('/me?first#');
  });

  it('forgets the oldest one for a sixth, in the memory of this process, too', async () => {
    const browser = Browser.inWechat((await start({}, { session: serverSessions() })).url);
    const oldest = await startAndAgree(browser, emulator, '/me?oldest');
    for (let tab = 0; tab < 5; tab++) await browser.follow('/me');
    emulator.requests.length = 0;
    expect((await browser.get(oldest)).status).toBe(400);
    expect(exchangedCodes(emulator)).toEqual([]);
  });
});

describe('a session that a logout has ended', () => {
  it('can hold a new login if a request that was in progress has saved it once more', async () => {
    const store = new FaultySessionStore();
    const browser = Browser.inWechat((await start({}, { session: serverSessions(store) })).url);
    await browser.logIn(emulator, '/me');
    const id = store.saved.at(-1) ?? '';
    const session = await new Promise((resolve) => {
      store.get(id, (_error, found) => {
        resolve(found);
      });
    });
    const cookie = browser.cookies();
    await browser.get('/logout', { keepCookies: false });
    await new Promise<void>((resolve) => {
      store.set(id, session as never, () => {
        resolve();
      });
    });
    expect((await browser.get('/me', { cookie })).status).toBe(302);
    expect((await browser.logIn(emulator, '/me')).status).toBe(200);
  });
});
