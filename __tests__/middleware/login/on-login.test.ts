// onLogin: refusals and bugs, results that a session cannot hold, promises that never settle, what it is given.
import { createEmulator } from '../../../lib/emulator';
import {
  startApp,
  type AppOptions,
  type TestApp,
  type TestRequest,
  type OwnOptions,
} from '../../support/app';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
import { emulator, useEmulator } from '../../support/emulator';
import { HOSTS } from '../../support/hosts';
import { startAndAgree, redirectsToWechat, isLoggedIn, sessionOf } from '../../support/login';
import { serverSessions } from '../../support/sessions';
import { fakeTimeLimits } from '../../support/clock/time-limits';

useEmulator();
const apps: TestApp[] = [];
let warnings: { message: string; code: string; detail?: string }[] = [];

beforeEach(() => {
  warnings = [];
  jest.spyOn(process, 'emitWarning').mockImplementation(((
    message: string,
    options: { code: string; detail?: string },
  ) => {
    warnings.push({ message, ...options });
  }) as typeof process.emitWarning);
});
afterEach(async () => {
  jest.restoreAllMocks();
  jest.useRealTimers();
  process.env['NODE_ENV'] = 'test';
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start(auth: OwnOptions, options: AppOptions = {}): Promise<TestApp> {
  const app = await startApp(emulator, {
    ...options,
    auth: { dangerouslyAllowEmulatorInProduction: true, ...auth },
  });
  apps.push(app);
  return app;
}

type OnLogin = NonNullable<OwnOptions['onLogin']>;

function throws(thrown: unknown): OnLogin {
  return () => {
    throw thrown as Error;
  };
}

const refusal = (properties: object): Error => Object.assign(new Error('ticket 4711'), properties);

class Forbidden extends Error {
  readonly #status = 423;

  get status(): number {
    return this.#status;
  }
}

describe('an onLogin that refuses the user', () => {
  it.each<[string, unknown, number]>([
    ['refuse: true', refusal({ refuse: true }), 403],
    ['status 403', refusal({ status: 403 }), 403],
    ['status 400', refusal({ status: 400 }), 400],
    ['status 404', refusal({ status: 404 }), 404],
    ['status 499', refusal({ status: 499 }), 499],
    ['refuse: true and status 429', refusal({ refuse: true, status: 429 }), 429],
    ['refuse: true and status 500', refusal({ refuse: true, status: 500 }), 403],
    ['a status that a getter returns', new Forbidden('ticket 4711'), 423],
    ['an object that is not an Error', { refuse: true, message: 'ticket 4711' }, 403],
  ])('by %s ends the login with login_refused, silently', async (_how, thrown, status) => {
    const seen: unknown[] = [];
    for (const onLogin of [throws(thrown), async () => Promise.resolve().then(throws(thrown) as never)]) {
      const app = await start({ onLogin: onLogin });
      const browser = Browser.inWechat(app.url);
      const page = await browser.logIn(emulator, '/me');
      expect([page.status, page.body.includes('login_refused')]).toEqual([status, true]);
      expect(page.body).not.toContain('4711');
      expect(await isLoggedIn(browser)).toBe(false);
      const own = await start({
        onLogin: onLogin,
        onError: (error, _req, res) => {
          seen.push(error);
          res.end();
        },
      });
      await Browser.inWechat(own.url).logIn(emulator, '/me');
    }
    expect(warnings).toEqual([]);
    expect(seen).toHaveLength(2);
    for (const error of seen) {
      expect(error).toMatchObject({ kind: 'login_refused', status, code: 'ERR_WECHAT_LOGIN_REFUSED' });
      expect((error as Error).cause).toBe(thrown);
      expect((error as Error).message).toBe('onLogin refused this login. Its error is the cause.');
    }
  });
});

const HOSTILE = {
  get status(): never {
    throw new Error('no');
  },
};

describe('an onLogin with a bug', () => {
  it.each<[string, unknown]>([
    ['an Error', new TypeError('cannot read 4711 of undefined')],
    ['an error with status 500', refusal({ status: 500 })],
    ['an error with status 399', refusal({ status: 399 })],
    ['an error with status 403.5', refusal({ status: 403.5 })],
    ["an error with the status '403'", refusal({ status: '403' })],
    ["an error with refuse: 'yes'", refusal({ refuse: 'yes' })],
    ['undefined', undefined],
    ['null', null],
    ["'route'", 'route'],
    ['0', 0],
    ['an object whose getter throws', HOSTILE],
  ])(
    'that throws %s ends the login with login_failed, and is on the console each time',
    async (_how, thrown) => {
      const seen: unknown[] = [];
      const app = await start({
        onLogin: throws(thrown),
        onError: (error, _req, res) => {
          seen.push(error);
          res.end();
        },
      });
      for (const times of [1, 2]) {
        await Browser.inWechat(app.url).logIn(emulator, '/me');
        expect(warnings.map(({ code }) => code)).toEqual(Array(times).fill('WECHAT_LOGIN_FAILED'));
      }
      expect(seen).toHaveLength(2);
      for (const error of seen) {
        expect(error).toMatchObject({ kind: 'login_failed', status: 500, code: 'ERR_WECHAT_LOGIN_FAILED' });
        expect('cause' in (error as object)).toBe(true);
        expect((error as Error).cause).toBe(thrown);
        expect((error as Error).message).not.toContain('4711');
        expect((error as Error).message).toMatch(
          /^onLogin threw an error that is not a refusal\. .* `refuse: true`, or with a `status` from 400 to 499\.$/,
        );
      }
      for (const { message } of warnings) expect(message).toMatch(/^login_failed: onLogin threw an error/);
      if (thrown instanceof TypeError) {
        expect(warnings[0]?.detail).toContain('TypeError: cannot read 4711 of undefined\n    at ');
        expect(warnings[0]?.detail).toContain('on-login.test.ts');
      }
    },
  );

  it.each(HOSTS)(
    'shows its stack on the page in development, and never in production, on %s',
    async (host) => {
      const bug = new Error('the table is gone', { cause: new Error('code 4711') });
      const open = async (): Promise<BrowserResponse> => {
        const app = await start({ onLogin: throws(bug), baseURL: undefined }, { host });
        const browser = Browser.inWechat(app.url);
        return browser.get(await startAndAgree(browser, emulator));
      };
      const page = await open();
      expect(page.status).toBe(500);
      for (const text of ['login_failed', 'the table is gone', '4711', 'on-login.test.ts', '请修复 onLogin'])
        expect(page.body).toContain(text);
      process.env['NODE_ENV'] = 'production';
      const inProduction = await open();
      expect([inProduction.status, inProduction.body.includes('login_failed')]).toEqual([500, true]);
      for (const text of ['the table is gone', '4711', 'on-login.test.ts', 'onLogin'])
        expect(inProduction.body).not.toContain(text);
      expect(warnings.filter(({ detail }) => detail?.includes('the table is gone'))).toHaveLength(2);
    },
  );

  it('prints no token, code or AppSecret that its error repeats', async () => {
    const secrets: string[] = [emulator.apps.official.appSecret];
    const app = await start({
      onLogin: (req, { token }) => {
        const code = new URL(req.url ?? '', 'http://localhost').searchParams.get('code') ?? '';
        secrets.push(token?.data.access_token ?? '', token?.data.refresh_token ?? '', code);
        throw new Error(`request failed: ${secrets.join(' ')}`);
      },
    });
    const browser = Browser.inWechat(app.url);
    const page = await browser.get(await startAndAgree(browser, emulator));
    expect(page.body).toContain('request failed: ***');
    expect(warnings[0]?.detail).toContain('request failed: ***');
    expect(secrets).toHaveLength(4);
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(15);
      expect(JSON.stringify([warnings, page.body])).not.toContain(secret);
    }
  });

  it('is run and reported once for two callbacks of one login', async () => {
    let runs = 0;
    const app = await start({
      onLogin: () => {
        runs++;
        throw new Error('bug');
      },
    });
    const browser = Browser.inWechat(app.url);
    const callbackURL = await startAndAgree(browser, emulator);
    const pages = await Promise.all([browser.get(callbackURL), browser.get(callbackURL)]);
    expect(pages.map(({ status }) => status)).toEqual([500, 500]);
    expect([runs, warnings.length]).toEqual([1, 1]);
  });
});

describe('a hook that never settles', () => {
  const never = (): Promise<never> => new Promise(() => undefined);
  const LIMIT = 20_000;

  /** Requests a path, and moves the clock to the time limit of hooks once the hook runs. */
  async function openUntilLate(
    auth: (started: () => Promise<never>) => OwnOptions & { guard?: AppOptions['guard'] },
    path: (browser: Browser) => Promise<string>,
  ): Promise<{ app: TestApp; response: BrowserResponse }> {
    let onStart = (): void => undefined;
    const running = new Promise<void>((resolve) => (onStart = resolve));
    const { guard, ...options } = auth(() => {
      onStart();
      return never();
    });
    const app = await start(options, guard ? { guard } : {});
    const browser = Browser.inWechat(app.url);
    const address = await path(browser);
    fakeTimeLimits('performance', 'Date');
    const response = browser.get(address);
    await running;
    await jest.advanceTimersByTimeAsync(LIMIT - 1);
    const early = await Promise.race([
      response,
      new Promise((resolve) => setImmediate(resolve, 'still waiting')),
    ]);
    expect(early).toBe('still waiting');
    await jest.advanceTimersByTimeAsync(1);
    return { app, response: await response };
  }

  it('ends the login with login_failed if it is onLogin', async () => {
    const { response } = await openUntilLate(
      (onLogin) => ({ onLogin }),
      (browser) => startAndAgree(browser, emulator),
    );
    expect(response.status).toBe(500);
    expect(response.body).toContain('login_failed');
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      [
        'WECHAT_LOGIN_FAILED',
        expect.stringMatching(/^login_failed: onLogin did not settle within 20000 ms/) as string,
      ],
    ]);
  });

  it('is followed by our page if it is onError', async () => {
    const { response } = await openUntilLate(
      (onError) => ({ onError }),
      () => Promise.resolve('/callback?code=a&state=b'),
    );
    expect([response.status, response.body.includes('state_unknown')]).toEqual([400, true]);
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('onError did not settle within 20000 ms'),
    ]);
  });

  it('fails the login if it is the option flow', async () => {
    const { response } = await openUntilLate(
      (flow) => ({ flow }),
      () => Promise.resolve('/login'),
    );
    expect([response.status, response.body.includes('config')]).toEqual([500, true]);
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('The option flow did not settle within 20000 ms'),
    ]);
  });

  it("goes to the app's error handler if it is the check of a guard", async () => {
    const { app, response } = await openUntilLate(
      (check) => ({ guard: { check } }),
      async (browser) => {
        await browser.logIn(emulator, '/login?returnTo=/public');
        return '/me';
      },
    );
    expect(response.status).toBe(599);
    expect(app.errors).toEqual([expect.objectContaining({ kind: 'config', status: 500 })]);
  });
});

describe('a result of onLogin', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
  ])("is WeChat's profile if it returns %s", async (_what, value) => {
    const app = await start({ onLogin: () => value });
    expect((await Browser.inWechat(app.url).logIn(emulator, '/me')).json()).toMatchObject({
      nickname: '小明',
    });
  });

  it.each([
    ['a string', 'x'],
    ['a number', 7],
    ['a boolean', true],
    ['an array', []],
  ])('that is %s fails with kind config, and nobody is logged in', async (what, value) => {
    const app = await start({ onLogin: () => value as never });
    const browser = Browser.inWechat(app.url);
    const response = await browser.logIn(emulator, '/me');
    expect(response.status).toBe(500);
    expect(response.body).toContain(
      `onLogin returned ${what}. Return the object to keep as the user, or nothing.`,
    );
    expect((await sessionOf(browser))['wechat']).toBeUndefined();
  });
});

describe('a result of onLogin that JSON cannot hold', () => {
  const circle: Record<string, unknown> = { id: 1 };
  circle['friends'] = [{ of: circle }];
  let deep: object = {};
  for (let level = 0; level < 20_000; level++) deep = { deep };

  it.each<[string, object, string]>([
    ['a BigInt', { id: 1n }, 'user.id is a BigInt'],
    ['a nested BigInt', { account: { rows: [{ id: 1n }] } }, 'user.account.rows[0].id is a BigInt'],
    ['a circle', circle, 'user.friends[0].of refers back'],
    ['a toJSON that throws', { row: { toJSON: throws(new RangeError('no')) } }, 'the toJSON() of user.row'],
    ['a toJSON that returns undefined', { toJSON: () => undefined }, 'user becomes undefined'],
    ['a toJSON that returns null', { toJSON: () => null }, 'user becomes null'],
    [
      'a getter that throws',
      {
        get name(): never {
          throw new RangeError('no');
        },
      },
      'reading user.name throws RangeError',
    ],
    ['twenty thousand levels', deep, 'has more than 500 levels'],
  ])('%s ends the login with kind config, which names the field', async (_what, user, named) => {
    for (const session of [undefined, serverSessions()]) {
      const seen: unknown[] = [];
      const app = await start(
        {
          onLogin: () => user,
          onError: (error, _req, res) => {
            seen.push(error);
            res.end();
          },
        },
        session ? { session } : {},
      );
      const browser = Browser.inWechat(app.url);
      await browser.logIn(emulator, '/me');
      expect(seen).toEqual([expect.objectContaining({ kind: 'config' })]);
      const { message } = seen[0] as Error;
      expect(message).toContain(named);
      expect(message).toMatch(/^The session cannot hold .* as JSON: .*\. Return from onLogin only what JSON/);
      expect(await isLoggedIn(browser)).toBe(false);
    }
  });

  it('is accepted if only functions and undefined are left out', async () => {
    const shared = { id: 1 };
    const app = await start({
      onLogin: () => ({ openid: 'o1', a: shared, b: shared, greet: () => 'hi', none: undefined }) as never,
    });
    const page = await Browser.inWechat(app.url).logIn(emulator, '/me');
    expect(page.json()).toEqual({ openid: 'o1', a: { id: 1 }, b: { id: 1 } });
  });

  it('names the field that makes the session cookie too large', async () => {
    const seen: Error[] = [];
    const app = await start({
      onLogin: (_req, { user }) => ({ ...user, profile: { name: 'x', photo: 'x'.repeat(9_000) } }) as never,
      onError: (error, _req, res) => {
        seen.push(error);
        res.end();
      },
    });
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    expect(seen).toEqual([expect.objectContaining({ kind: 'config' })]);
    expect(seen[0]?.message).toContain('wechat.user.profile.photo has 9002 bytes');
    expect(await isLoggedIn(browser)).toBe(false);
  });
});

describe('onLogin', () => {
  const given: { appid: string; returnTo: string; data: unknown }[] = [];
  const onLogin: OnLogin = (_req, { appid, returnTo, data }) => void given.push({ appid, returnTo, data });
  beforeEach(() => (given.length = 0));

  it.each(HOSTS)('gets the AppID, the return path and the data of its login on %s', async (host) => {
    const data = { invitedBy: 7, tags: ['a', null, true], 名: '值' };
    const app = await start(
      { onLogin },
      {
        host,
        routes: (it) => {
          it.use('/enter', (req) => void (req as TestRequest).wechat.login({ returnTo: '/me?x=1', data }));
        },
      },
    );
    await Browser.inWechat(app.url).logIn(emulator, '/enter');
    await Browser.inWechat(app.url).logIn(emulator, '/me');
    const { appId } = emulator.apps.official;
    expect(given).toEqual([
      { appid: appId, returnTo: '/me?x=1', data },
      { appid: appId, returnTo: '/me', data: undefined },
    ]);
  });

  it('gets the data after the login was restarted', async () => {
    const app = await start(
      { onLogin },
      { routes: (it) => it.use('/enter', (req) => void (req as TestRequest).wechat.login({ data: [1] })) },
    );
    const browser = Browser.inWechat(app.url);
    const callbackURL = await startAndAgree(browser, emulator, '/enter');
    emulator.fail('access_token', { errcode: -1 });
    const again = await browser.get(callbackURL);
    expect(redirectsToWechat(emulator, again)).toBe(true);
    await browser.get(await agree(emulator, again.location));
    expect(given).toMatchObject([{ data: [1] }]);
  });

  it('gets the data of loginURL(), and none if somebody has changed the link', async () => {
    const app = await start(
      { onLogin },
      {
        routes: (it) => {
          it.use('/link', (req, res) => res.end((req as TestRequest).wechat.loginURL({ data: { team: 1 } })));
        },
      },
    );
    const { body: link } = await Browser.inWechat(app.url).get('/link');
    await Browser.inWechat(app.url).logIn(emulator, link);
    const forged = Buffer.from('{"team":2}').toString('base64url');
    for (const other of [
      link.replace(/data=[^.]*/, `data=${forged}`),
      `${link}x`,
      `${link}.`,
      link.replace(/.$/, ''),
      link.replace(/data=/, 'data=.'),
      '/login?data=a.b.c',
      // As many characters as a signature has, and more bytes.
      `/login?data=a.${'é'.repeat(43)}`,
      '/login?data=.',
    ])
      await Browser.inWechat(app.url).logIn(emulator, other);
    expect(given.map(({ data }) => data)).toEqual([{ team: 1 }, ...Array<undefined>(8)]);
  });

  it('gets the data of a link that another release signed: messages and posters keep such links', async () => {
    const account = { appId: 'wx0123456789abcdef', appSecret: '0123456789abcdef'.repeat(2) };
    const accounts = [account, { ...account, appId: 'wxfedcba9876543210' }];
    const link = '/login?data=eyJ0ZWFtIjoxfQ.wxnDs1rQEuAxfCBvpi_GZ4QKleokFku2XTMhPkZ4_yo';
    const wechat = await createEmulator({ apps: accounts.map((each) => ({ type: 'official', ...each })) });
    for (const each of accounts) {
      const { url } = await start({ ...each, endpoints: wechat.endpoints, onLogin });
      await Browser.inWechat(url).logIn(wechat, link);
    }
    await wechat.close();
    // Two accounts with one AppSecret accept only their own links.
    expect(given.map(({ data }) => data)).toEqual([{ team: 1 }, undefined]);
  });

  it('gets no data by a link of an account that has no AppSecret: nothing could sign it', async () => {
    const thrown: unknown[] = [];
    const app = await start(
      {
        appSecret: undefined,
        website: undefined,
        component: { appId: 'wx0c0c0c0c0c0c0c0c', accessToken: () => 'token' },
      } as unknown as OwnOptions,
      {
        routes: (it) => {
          it.use('/link', (req, res) => {
            const { wechat } = req as TestRequest;
            try {
              wechat.loginURL({ data: { team: 1 } });
            } catch (error) {
              thrown.push(error);
            }
            res.end(wechat.loginURL({ returnTo: '/me' }));
          });
        },
      },
    );
    expect((await Browser.inWechat(app.url).get('/link')).body).toBe('/login?returnTo=%2Fme');
    expect(thrown).toMatchObject([
      {
        kind: 'config',
        message:
          'The AppSecret signs the data in a login link, and an account for which a third-party platform acts has ' +
          'none. Give the data to req.wechat.login() instead.',
      },
    ]);
  });

  it('gets the data of loginParams()', async () => {
    const app = await start(
      { onLogin },
      {
        routes: (it) => {
          it.use('/qr', (req, res) => {
            void (req as TestRequest).wechat
              .loginParams({ data: 'x' })
              .then((params) => res.end(JSON.stringify(params)));
          });
        },
      },
    );
    const browser = Browser.onDesktop(app.url);
    const { state } = (await browser.get('/qr')).json() as { state: string };
    const code = emulator.issueCode({ app: emulator.apps.website.appId });
    await browser.get(`/callback?code=${code}&state=${state}`);
    expect(given).toMatchObject([{ data: 'x' }]);
  });

  it.each<[string, unknown, string]>([
    ['513 bytes of JSON', 'x'.repeat(511), 'data has 513 bytes'],
    ['characters that have more bytes', '值'.repeat(171), 'data has 515 bytes'],
    ['a BigInt', { id: 1n }, 'data.id is a BigInt'],
    ['a function', { f: () => 1 }, 'field "f"'],
    ['NaN', [NaN], 'data (field "0") has the value NaN'],
    ['Infinity', { n: Infinity }, 'data (field "n") has the value Infinity'],
    ['a negative infinity', -Infinity, 'data has the value -Infinity'],
    [
      'two numbers that JSON lacks: the first is named',
      [NaN, Infinity],
      'data (field "0") has the value NaN',
    ],
    ['a nested symbol', { s: Symbol('x') }, 'data (field "s") has the value Symbol(x)'],
    ['a symbol', Symbol('x'), 'data is a symbol'],
    ['a function instead of data', () => 1, 'data is a function'],
  ])(
    'is not called for a login with %s, and the error of kind config says why',
    async (_what, data, named) => {
      const seen: Error[] = [];
      const app = await start(
        {
          onLogin,
          onError: (error, _req, res) => {
            seen.push(error);
            res.end();
          },
        },
        {
          routes: (it) => {
            it.use('/enter', (req) => void (req as TestRequest).wechat.login({ data }));
            it.use('/link', (req) => (req as TestRequest).wechat.loginURL({ data }));
          },
        },
      );
      await Browser.inWechat(app.url).get('/enter');
      expect(seen).toEqual([expect.objectContaining({ kind: 'config' })]);
      expect(seen[0]?.message).toContain(named);
      expect(seen[0]?.message).toMatch(
        /^The data of a login must be JSON of at most 512 bytes: .* give its id\.$/,
      );
      await Browser.inWechat(app.url).get('/link');
      expect(app.errors).toEqual([expect.objectContaining({ kind: 'config' })]);
      expect(given).toEqual([]);
    },
  );

  it('gets 512 bytes of data', async () => {
    const data = 'x'.repeat(510);
    const app = await start(
      { onLogin },
      { routes: (it) => it.use('/enter', (req) => void (req as TestRequest).wechat.login({ data })) },
    );
    await Browser.inWechat(app.url).logIn(emulator, '/enter');
    expect(given).toMatchObject([{ data }]);
  });
});
