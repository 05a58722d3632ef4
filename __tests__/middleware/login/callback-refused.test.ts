import { MemoryTokenStore, type TokenData } from '../../../lib/index';
import { startApp, type TestApp } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';
import { agree, Browser } from '../../support/browser';
import {
  comeBack,
  exchanged,
  goesToWechat,
  isLoggedIn,
  sessionOf,
  stateIn,
  statesOf,
  withParams,
} from '../../support/login';
import { SESSION_NAMES, SESSIONS } from '../../support/sessions';

const JSON_ONLY = { Accept: 'application/json' };

useEmulator();

async function withApp(
  options: Parameters<typeof startApp>[1],
  story: (app: TestApp, browser: Browser) => Promise<void>,
): Promise<void> {
  const app = await startApp(emulator, options);
  emulator.requests.length = 0;
  try {
    await story(app, Browser.inWechat(app.url));
  } finally {
    await app.close();
  }
}

describe.each(SESSION_NAMES)('somebody who refuses, with %s', (kind) => {
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

  it.each(['state-only', 'authdeny'] as const)('comes back as WeChat sends them, %s', async (denial) => {
    emulator.switches.denial = denial;
    const redirect = await browser.follow('/me?kept');
    const callbackURL = (await emulator.authorize(redirect.location, { allow: false })) ?? '';
    const page = await browser.get(callbackURL);
    expect(page.status).toBe(403);
    expect(page.body).toContain('access_denied');
    expect(page.body).toContain('你已取消登录');
    expect(exchanged(emulator)).toEqual([]);
    expect(await isLoggedIn(browser)).toBe(false);
    // The offer to try again leads to the page that was asked for.
    const retry = /href="(\/login[^"]*)"/.exec(page.body)?.[1] ?? '';
    expect((await browser.logIn(emulator, retry)).url).toBe(`${app.url}/me?kept`);
  });

  it.each([
    ['an empty code', { code: '' }],
    ['authdeny', { code: 'authdeny' }],
    ['no code', { code: undefined }],
    ['neither code nor state', { code: undefined, state: undefined }],
    ['a state of nobody', { code: 'authdeny', state: 'nobody' }],
    ['an empty state', { code: 'authdeny', state: '' }],
  ])('is told so, not sent in circles: %s', async (_name, params) => {
    const callbackURL = withParams(await comeBack(browser, emulator), params);
    const response = await browser.get(callbackURL, { headers: JSON_ONLY });
    expect(response.status).toBe(403);
    expect(response.json()).toMatchObject({ error: 'access_denied' });
    expect(exchanged(emulator)).toEqual([]);
  });

  it('loses only that login: another one under way goes on', async () => {
    const other = await comeBack(browser, emulator, '/me?other');
    const mine = await comeBack(browser, emulator, '/me?mine');
    await browser.get(withParams(mine, { code: 'authdeny' }));
    expect(await statesOf(browser)).toEqual([stateIn(other)]);
    expect((await browser.get(other)).location).toBe('/me?other');
  });

  it('stays logged in, if they were', async () => {
    await browser.logIn(emulator, '/me');
    const callbackURL = await comeBack(browser, emulator, '/login');
    await browser.get(withParams(callbackURL, { code: 'authdeny' }));
    expect(await isLoggedIn(browser)).toBe(true);
  });
});

describe.each(SESSION_NAMES)('a virtual account of the snapshot page, with %s', (kind) => {
  class Recorder extends MemoryTokenStore {
    readonly saved: string[] = [];
    override set(key: string, token: TokenData, ttlMs: number): Promise<void> {
      this.saved.push(key);
      return super.set(key, token, ttlMs);
    }
  }

  it('is not logged in, nor kept anywhere; a page says what to tap', async () => {
    const tokenStore = new Recorder();
    let logins = 0;
    const auth = {
      tokenStore,
      onLogin: () => {
        logins++;
      },
    };
    await withApp({ session: SESSIONS[kind](), auth }, async (_app, browser) => {
      const callbackURL = await comeBack(browser, emulator, '/me', 'snapshot');
      const page = await browser.get(callbackURL);
      expect(page.status).toBe(403);
      expect(page.body).toContain('使用完整服务');
      expect(page.headers['cache-control']).toBe('no-store');
      expect(tokenStore.saved).toEqual([]);
      expect(logins).toBe(0);
      expect((await sessionOf(browser))['wechat']).toBeUndefined();
      expect(await isLoggedIn(browser)).toBe(false);
      const english = await browser.get(await comeBack(browser, emulator, '/me', 'snapshot'), {
        headers: { 'Accept-Language': 'en' },
      });
      expect(english.body).toContain('使用完整服务');
      const json = await browser.get(await comeBack(browser, emulator, '/me', 'snapshot'), {
        headers: JSON_ONLY,
      });
      expect(json.json()).toMatchObject({ error: 'snapshot_user' });
    });
  });

  it('becomes a real one once the person uses the full service, with the same state or a new one', async () => {
    await withApp({ session: SESSIONS[kind]() }, async (_app, browser) => {
      const redirect = await browser.follow('/me?kept');
      await browser.get(await agree(emulator, redirect.location, 'snapshot'));
      const real = await emulator.authorize(redirect.location, { user: 'snapshot', fullService: true });
      const response = await browser.get(real ?? '');
      expect(goesToWechat(emulator, response)).toBe(true);
      const again = await emulator.authorize(response.location, { user: 'snapshot', fullService: true });
      await browser.get(again ?? '');
      expect(await isLoggedIn(browser)).toBe(true);
    });
  });

  it('is logged in where the app allows it, marked as what it is, and its token not kept', async () => {
    const tokenStore = new Recorder();
    const auth = { snapshotUsers: 'allow' as const, tokenStore };
    await withApp({ session: SESSIONS[kind](), auth }, async (_app, browser) => {
      const me = await browser.logIn(emulator, '/me', 'snapshot');
      expect(me.json()).toMatchObject({ is_snapshotuser: 1 });
      expect(tokenStore.saved).toEqual([]);
    });
  });

  it('is logged in where the app allows it, though WeChat refuses its profile', async () => {
    emulator.switches.snapshotUserinfo = 'unauthorized';
    const auth = { snapshotUsers: 'allow' as const };
    await withApp({ session: SESSIONS[kind](), auth }, async (_app, browser) => {
      const me = await browser.logIn(emulator, '/me', 'snapshot');
      expect(me.json()).toMatchObject({ is_snapshotuser: 1, openid: expect.any(String) as string });
    });
    emulator.switches.snapshotUserinfo = 'ok';
  });
});

describe('WeChat grants less than was asked', () => {
  it('is said on a page, and does not loop', async () => {
    await withApp({}, async (_app, browser) => {
      const undo = emulator.fail('access_token', { patch: { scope: 'snsapi_base' } }, { times: Infinity });
      const page = await browser.follow(await comeBack(browser, emulator));
      undo();
      expect(page.status).toBe(403);
      expect(page.body).toContain('允许');
      expect(page.location).toBe('');
      expect(await isLoggedIn(browser)).toBe(false);
    });
  });

  it.each(['snsapi_userinfo,', 'snsapi_base,snsapi_userinfo', undefined])(
    'is not meant by a scope of %j',
    async (scope) => {
      await withApp({}, async (_app, browser) => {
        emulator.fail('access_token', { patch: { scope } });
        expect((await browser.logIn(emulator, '/me')).status).toBe(200);
      });
    },
  );
});

describe('a login that the app refuses', () => {
  it('is a page without the words of the error, which is the cause', async () => {
    const seen: unknown[] = [];
    const onLogin = (): never => {
      throw new Error('blacklisted because of 1234');
    };
    await withApp({ auth: { onLogin } }, async (_app, browser) => {
      const page = await browser.get(await comeBack(browser, emulator));
      expect(page.status).toBe(403);
      expect(page.body).toContain('login_refused');
      expect(page.body).not.toContain('1234');
      expect(await isLoggedIn(browser)).toBe(false);
    });
    const onError = (error: unknown, _req: unknown, res: { end(): void }): void => {
      seen.push(error);
      res.end();
    };
    await withApp({ auth: { onLogin, onError } }, async (_app, browser) => {
      await browser.get(await comeBack(browser, emulator));
      expect(seen).toEqual([
        expect.objectContaining({ kind: 'login_refused', code: 'ERR_WECHAT_LOGIN_REFUSED' }),
      ]);
      expect((seen[0] as Error).cause).toEqual(new Error('blacklisted because of 1234'));
    });
  });

  it.each([undefined, null, 'route', 'router', 0, ''])(
    'is refused whatever was thrown: %j',
    async (thrown) => {
      const onLogin = (): Promise<never> => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what JavaScript allows
        return Promise.reject(thrown);
      };
      await withApp({ auth: { onLogin } }, async (_app, browser) => {
        expect((await browser.get(await comeBack(browser, emulator))).status).toBe(403);
        expect(await isLoggedIn(browser)).toBe(false);
      });
    },
  );

  it.each([undefined, 'route', null])('lets nobody past a hook that throws %j', async (thrown) => {
    const hook = (): never => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what JavaScript allows
      throw thrown;
    };
    for (const auth of [{ flow: hook }, { flow: hook, onError: hook }, { onError: hook }]) {
      await withApp({ auth: { authRequired: true, ...auth } }, async (app, browser) => {
        for (const path of ['/login', '/callback?code=abc&state=x']) {
          const response = await browser.get(path);
          if (response.status === 302 || response.status === 400) continue;
          expect(response.status).toBe(599);
        }
        expect(app.errors.every((error) => error instanceof Error)).toBe(true);
      });
    }
  });

  it('drops nothing of the session', async () => {
    const onLogin = (): never => {
      throw new Error('no');
    };
    await withApp({ auth: { onLogin } }, async (_app, browser) => {
      const other = await comeBack(browser, emulator, '/me?other');
      await browser.get(await comeBack(browser, emulator));
      expect(await statesOf(browser)).toEqual([stateIn(other)]);
    });
  });
});
