import { MemoryTokenStore, type TokenData, type WechatError } from '../../../lib/index';
import { startApp, type TestApp } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';
import { agree, Browser } from '../../support/browser';
import {
  startAndAgree,
  exchangedCodes,
  redirectsToWechat,
  isLoggedIn,
  sessionOf,
  stateIn,
  statesOf,
  withParams,
  withApp,
} from '../../support/login';
import { SESSION_NAMES, SESSIONS } from '../../support/sessions';

const JSON_ONLY = { Accept: 'application/json' };

useEmulator();

describe.each(SESSION_NAMES)('a user who refuses, with %s', (kind) => {
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
  afterEach(() => {
    emulator.switches.denial = 'silent';
  });

  it.each(['state-only', 'authdeny'] as const)(
    'gets a page that offers the login again, after the response %s of WeChat',
    async (denial) => {
      emulator.switches.denial = denial;
      const redirect = await browser.follow('/me?kept');
      const callbackURL = (await emulator.authorize(redirect.location, { allow: false })) ?? '';
      const page = await browser.get(callbackURL);
      expect(page.status).toBe(403);
      expect(page.body).toContain('access_denied');
      expect(page.body).toContain('你已取消登录');
      expect(exchangedCodes(emulator)).toEqual([]);
      expect(await isLoggedIn(browser)).toBe(false);
      // The link starts a login with the same return path.
      const retry = /href="(\/login[^"]*)"/.exec(page.body)?.[1] ?? '';
      expect((await browser.logIn(emulator, retry)).url).toBe(`${app.url}/me?kept`);
    },
  );

  it.each([
    ['an empty code', { code: '' }],
    ['authdeny', { code: 'authdeny' }],
    ['no code', { code: undefined }],
    ['neither code nor state', { code: undefined, state: undefined }],
    ['an unknown state', { code: 'authdeny', state: 'nobody' }],
    ['an empty state', { code: 'authdeny', state: '' }],
  ])('gets access_denied and no loop for a callback with %s', async (_name, params) => {
    const callbackURL = withParams(await startAndAgree(browser, emulator), params);
    const response = await browser.get(callbackURL, { headers: JSON_ONLY });
    expect(response.status).toBe(403);
    expect(response.json()).toMatchObject({ error: 'access_denied' });
    expect(exchangedCodes(emulator)).toEqual([]);
  });

  it('loses only that login: another pending one can finish', async () => {
    const other = await startAndAgree(browser, emulator, '/me?other');
    const mine = await startAndAgree(browser, emulator, '/me?mine');
    await browser.get(withParams(mine, { code: 'authdeny' }));
    expect(await statesOf(browser)).toEqual([stateIn(other)]);
    expect((await browser.get(other)).location).toBe('/me?other#');
  });

  it('stays logged in as before', async () => {
    await browser.logIn(emulator, '/me');
    const callbackURL = await startAndAgree(browser, emulator, '/login');
    await browser.get(withParams(callbackURL, { code: 'authdeny' }));
    expect(await isLoggedIn(browser)).toBe(true);
  });
});

describe.each(SESSION_NAMES)('a virtual user of the snapshot page, with %s', (kind) => {
  class RecordingStore extends MemoryTokenStore {
    readonly saved: string[] = [];
    override set(key: string, token: TokenData, ttlMs: number): Promise<void> {
      this.saved.push(key);
      return super.set(key, token, ttlMs);
    }
  }

  it('is neither logged in nor stored, and a page names the button to tap', async () => {
    const tokenStore = new RecordingStore();
    let logins = 0;
    const auth = {
      tokenStore,
      onLogin: () => {
        logins++;
      },
    };
    await withApp(emulator, { session: SESSIONS[kind](), auth }, async (_app, browser) => {
      const callbackURL = await startAndAgree(browser, emulator, '/me', 'snapshot');
      const page = await browser.get(callbackURL);
      expect(page.status).toBe(403);
      expect(page.body).toContain('使用完整服务');
      expect(page.headers['cache-control']).toBe('no-store');
      expect(tokenStore.saved).toEqual([]);
      expect(logins).toBe(0);
      expect((await sessionOf(browser))['wechat']).toBeUndefined();
      expect(await isLoggedIn(browser)).toBe(false);
      const english = await browser.get(await startAndAgree(browser, emulator, '/me', 'snapshot'), {
        headers: { 'Accept-Language': 'en' },
      });
      expect(english.body).toContain('使用完整服务');
      const json = await browser.get(await startAndAgree(browser, emulator, '/me', 'snapshot'), {
        headers: JSON_ONLY,
      });
      expect(json.json()).toMatchObject({ error: 'snapshot_user' });
    });
  });

  it('can log in with the full service, although the state is spent', async () => {
    await withApp(emulator, { session: SESSIONS[kind]() }, async (_app, browser) => {
      const redirect = await browser.follow('/me?kept');
      await browser.get(await agree(emulator, redirect.location, 'snapshot'));
      const real = await emulator.authorize(redirect.location, { user: 'snapshot', fullService: true });
      const response = await browser.get(real ?? '');
      expect(redirectsToWechat(emulator, response)).toBe(true);
      const newCallbackURL = await emulator.authorize(response.location, {
        user: 'snapshot',
        fullService: true,
      });
      await browser.get(newCallbackURL ?? '');
      expect(await isLoggedIn(browser)).toBe(true);
    });
  });

  it('is logged in if the app allows it, with is_snapshotuser, and its token is not stored', async () => {
    const tokenStore = new RecordingStore();
    const auth = { snapshotUsers: 'allow' as const, tokenStore };
    await withApp(emulator, { session: SESSIONS[kind](), auth }, async (_app, browser) => {
      const me = await browser.logIn(emulator, '/me', 'snapshot');
      expect(me.json()).toMatchObject({ is_snapshotuser: 1 });
      expect(tokenStore.saved).toEqual([]);
    });
  });

  it('is logged in if the app allows it, even if WeChat refuses the profile', async () => {
    emulator.switches.snapshotUserinfo = 'unauthorized';
    const auth = { snapshotUsers: 'allow' as const };
    await withApp(emulator, { session: SESSIONS[kind](), auth }, async (_app, browser) => {
      const me = await browser.logIn(emulator, '/me', 'snapshot');
      expect(me.json()).toMatchObject({ is_snapshotuser: 1, openid: expect.any(String) as string });
    });
    emulator.switches.snapshotUserinfo = 'ok';
  });
});

describe('a response that grants less than requested', () => {
  it('leads to a page instead of a loop', async () => {
    await withApp(emulator, {}, async (_app, browser) => {
      const endFault = emulator.fail(
        'access_token',
        { patch: { scope: 'snsapi_base' } },
        { times: Infinity },
      );
      const page = await browser.follow(await startAndAgree(browser, emulator));
      endFault();
      expect(page.status).toBe(403);
      expect(page.body).toContain('允许');
      expect(page.location).toBe('');
      expect(await isLoggedIn(browser)).toBe(false);
    });
  });

  it.each(['snsapi_userinfo,', 'snsapi_base,snsapi_userinfo', undefined])(
    'is not assumed if the scope is %j',
    async (scope) => {
      await withApp(emulator, {}, async (_app, browser) => {
        emulator.fail('access_token', { patch: { scope } });
        expect((await browser.logIn(emulator, '/me')).status).toBe(200);
      });
    },
  );
});

describe('a login that the app refuses', () => {
  it('ends with a page without the message of the error; onError gets that error as the cause', async () => {
    const seen: unknown[] = [];
    const onLogin = (): never => {
      throw Object.assign(new Error('blacklisted because of 1234'), { refuse: true });
    };
    await withApp(emulator, { auth: { onLogin } }, async (_app, browser) => {
      const page = await browser.get(await startAndAgree(browser, emulator));
      expect(page.status).toBe(403);
      expect(page.body).toContain('login_refused');
      expect(page.body).not.toContain('1234');
      expect(await isLoggedIn(browser)).toBe(false);
    });
    const onError = (error: unknown, _req: unknown, res: { end(): void }): void => {
      seen.push(error);
      res.end();
    };
    await withApp(emulator, { auth: { onLogin, onError } }, async (_app, browser) => {
      await browser.get(await startAndAgree(browser, emulator));
      expect(seen).toEqual([
        expect.objectContaining({ kind: 'login_refused', code: 'ERR_WECHAT_LOGIN_REFUSED' }),
      ]);
      expect((seen[0] as Error).cause).toEqual(new Error('blacklisted because of 1234'));
    });
  });

  it.each([undefined, null, 'route', 'router', 0, ''])(
    'does not log in, either, if onLogin throws %j instead of an error',
    async (thrown) => {
      const onLogin = (): Promise<never> => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- JavaScript allows it
        return Promise.reject(thrown);
      };
      await withApp(emulator, { auth: { onLogin } }, async (_app, browser) => {
        expect((await browser.get(await startAndAgree(browser, emulator))).status).toBe(500);
        expect(await isLoggedIn(browser)).toBe(false);
      });
    },
  );

  it.each([undefined, 'route', null])(
    'never lets a request through to the app if a hook throws %j',
    async (thrown) => {
      const hook = (): never => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- JavaScript allows it
        throw thrown;
      };
      const cases = [
        { auth: { flow: hook }, login: 599, callback: 400 },
        { auth: { flow: hook, onError: hook }, login: 599, callback: 599 },
        { auth: { onError: hook }, login: 302, callback: 599 },
      ];
      for (const { auth, login, callback } of cases) {
        await withApp(emulator, { auth: { authRequired: true, ...auth } }, async (app, browser) => {
          expect((await browser.get('/login')).status).toBe(login);
          expect((await browser.get('/callback?code=abc&state=x')).status).toBe(callback);
          expect(app.errors).toHaveLength([login, callback].filter((status) => status === 599).length);
          for (const error of app.errors) expect(error).toBeInstanceOf(Error);
        });
      }
    },
  );

  it('keeps the other pending logins', async () => {
    const onLogin = (): never => {
      throw Object.assign(new Error('no'), { refuse: true });
    };
    await withApp(emulator, { auth: { onLogin } }, async (_app, browser) => {
      const other = await startAndAgree(browser, emulator, '/me?other');
      expect((await browser.get(await startAndAgree(browser, emulator))).status).toBe(403);
      expect(await statesOf(browser)).toEqual([stateIn(other)]);
    });
  });
});

describe('the error of a callback that is refused', () => {
  const errors: WechatError[] = [];
  const onError = (error: WechatError, _req: unknown, res: { end(): unknown }): void => {
    errors.push(error);
    res.end();
  };
  beforeEach(() => {
    errors.length = 0;
    jest.spyOn(process, 'emitWarning').mockImplementation();
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each([
    ['', 'access_denied', /no authorization code: the user refused, .* Offer the login again\.$/],
    ['code=a&code=b', 'state_unknown', /is repeated, .* WeChat sends code and state once each\. Start/],
    ['code[]=a', 'state_unknown', /has brackets in its name\. WeChat sends code and state once each/],
    [
      `code=${'a'.repeat(513)}`,
      'code_invalid',
      /longer than 512 bytes, or .* WeChat did not send it\. Start/,
    ],
    ['code=%C3%A9', 'code_invalid', /or not printable ASCII: WeChat did not send it\. Start the login/],
    [
      'code=a&state=x',
      'state_unknown',
      /is missing or was not issued by this app\. Start the login again\.$/,
    ],
    ['code=a', 'state_unknown', /is missing or was not issued by this app\. Start the login again\.$/],
  ])('says what is wrong, and what to do (query %#)', async (query, kind, message) => {
    await withApp(emulator, { auth: { onError } }, async (_app, browser) => {
      await browser.get(`/callback?${query}`);
      expect(errors).toMatchObject([{ kind }]);
      expect(errors[0]?.message).toMatch(message);
    });
  });

  it('says how long a login may take', async () => {
    await withApp(emulator, { auth: { onError, loginTimeout: 60_000 } }, async (_app, browser) => {
      const redirect = await browser.follow('/me');
      const start = Date.now();
      const now = jest.spyOn(Date, 'now').mockReturnValue(start + 61_000);
      const late = await browser.get(await agree(emulator, redirect.location));
      now.mockReturnValue(start + 130_000);
      await browser.get(await agree(emulator, late.location));
      now.mockRestore();
      expect(errors).toMatchObject([{ kind: 'state_unknown', status: 400 }]);
      expect(errors[0]?.message).toBe(
        'The login took longer than loginTimeout allows (60000 ms). Start it again.',
      );
    });
  });

  it('says that the session has lost the login twice, and the cause that this request shows', async () => {
    await withApp(emulator, { auth: { onError } }, async (_app, browser) => {
      const lost = `/callback?code=a&state=1${'a'.repeat(32)}`;
      await browser.get(lost);
      await browser.get('/public');
      await browser.get(lost, { cookie: '' });
      for (const { kind, message } of errors) {
        expect(kind).toBe('login_loop');
        expect(message).toMatch(
          /^The browser came back from WeChat a second time, and its session does not hold/,
        );
        expect(message).toMatch(/the login\. (?:The cause: \S|This request does not show why\. \S)/);
      }
      expect(errors).toHaveLength(2);
    });
  });

  it.each([
    ['inWechat', '公众号, and ask for snsapi_userinfo.'],
    ['onDesktop', '网站应用.'],
  ] as const)('says what to bind if WeChat sent no unionid (%s)', async (where, end) => {
    emulator.switches.unionid = false;
    await withApp(emulator, { auth: { onError, identity: 'unionid' } }, async (app) => {
      await Browser[where](app.url).logIn(emulator, '/login');
    });
    emulator.switches.unionid = true;
    expect(errors).toMatchObject([{ kind: 'unionid_missing', status: 500 }]);
    expect(errors[0]?.message).toBe(
      "WeChat sent no unionid, which identity: 'unionid' needs. " +
        `Bind this app at open.weixin.qq.com > 管理中心 > ${end}`,
    );
  });
});
