// The doctor's walk through real apps: each as somebody has built it who then asks why nobody gets in.
import type http from 'node:http';
import express from 'express';
import { startApp, cookies, type AppOptions, type TestApp } from '../../../support/app';
import { emulator, useEmulator } from '../../../support/emulator';
import { HOSTS, listen, type Host, type Middleware, type Running } from '../../../support/hosts';
import { SESSIONS, SESSION_NAMES, serverSessions } from '../../../support/sessions';
import {
  doctor,
  environmentOf,
  examine,
  officialOf,
  startProxy,
  websiteOf,
  type Env,
  type Examined,
} from '../lab';

useEmulator();

// What the middleware says on the console is another test's matter.
beforeEach(() => jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined));

const running: Running[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(running.splice(0).map((each) => each.close()));
});

async function start(options: AppOptions = {}): Promise<TestApp> {
  const app = await startApp(emulator, options);
  running.push(app);
  return app;
}

async function serve(...args: Parameters<typeof startProxy>): Promise<Running> {
  const proxy = await startProxy(...args);
  running.push(proxy);
  return proxy;
}

async function walk(options: AppOptions, args: readonly string[] = [], env: Env = {}): Promise<Examined> {
  const { url } = await start(options);
  return examine(['--url', url, ...args], { ...environmentOf(emulator), ...env });
}

const BASE = 'https://h5.example.com';
const AT_BASE = { WECHAT_BASE_URL: BASE };
/** For a proxy that rewrites where an answer leads. */
const relocate =
  (what: string | RegExp, to: string) =>
  ({ headers }: http.IncomingMessage): void => {
    if (headers.location !== undefined) headers.location = headers.location.replace(what, to);
  };

const trust = (app: Host): unknown => (app as unknown as express.Express).set('trust proxy', 1);
const noWebsite = { appId: undefined, appSecret: undefined } as const;

describe('the doctor, on a running app', () => {
  describe.each(HOSTS)('on %s', (host) => {
    it.each(SESSION_NAMES)('finds nothing wrong with one that keeps %s', async (session) => {
      const { exit, bad, statuses } = await walk({ host, session: SESSIONS[session]() });
      expect({ exit, bad }).toEqual({ exit: 0, bad: [] });
      expect(statuses).toMatchObject({
        'app-reachable': 'ok',
        'login-in-wechat': 'ok',
        'login-on-desktop': 'ok',
        'redirect-uri': 'ok',
        state: 'ok',
        'no-store': 'ok',
        'session-cookie': 'ok',
        'cookie-http-only': 'ok',
        callback: 'ok',
      });
    });

    it('misses a session', async () => {
      const { check, statuses } = await walk({ host, session: null });
      expect(check('login-in-wechat').detail).toBe('the app responds with session_missing (HTTP 500)');
      expect(check('login-in-wechat').remedy).toMatch(/cookie-session or express-session before wechatAuth/);
      expect(statuses).toMatchObject({ 'login-on-desktop': 'skipped' });
      expect(statuses).not.toHaveProperty('callback');
    });

    it.each(SESSION_NAMES)('sees that a strict cookie of %s does not come back from WeChat', async (name) => {
      const session =
        name === 'cookie-session'
          ? cookies({ sameSite: 'strict' })
          : serverSessions(undefined, { cookie: { sameSite: 'strict' } });
      const { bad, check } = await walk({ host, session });
      expect(bad).toEqual(['cookie-same-site', 'callback']);
      expect(check('cookie-same-site').remedy).toBe("Use sameSite: 'lax'.");
      expect(check('callback').detail).toMatch(/login_loop/);
    });

    it('sees that a secure cookie is not set over http', async () => {
      const { bad, check } = await walk({
        host,
        session: serverSessions(undefined, { cookie: { secure: true } }),
      });
      expect(bad).toEqual(['session-cookie', 'callback']);
      expect(check('session-cookie').remedy).toMatch(/`secure`, which is not set over http/);
    });

    it('walks an app below a mount, with routes of its own', async () => {
      const options = { host, mount: '/auth', auth: { routes: { login: '/in', callback: '/back' } } };
      const { bad, check } = await walk(options, [
        '--mount',
        '/auth/',
        '--login',
        '/in',
        '--callback',
        '/back',
      ]);
      expect(bad).toEqual([]);
      expect(check('redirect-uri').detail).toMatch(/\/auth\/back$/);
    });
  });

  it('says that the routes are others than it was told', async () => {
    const elsewhere = await walk({ mount: '/auth', host: 'Connect' });
    expect(elsewhere.exit).toBe(1);
    expect(elsewhere.check('login-in-wechat').remedy).toMatch(/--mount \/auth, --login \/wx/);
    const other = await walk({ auth: { routes: { callback: '/back' } } });
    expect(other.bad).toEqual(['redirect-uri']);
    expect(other.check('redirect-uri').remedy).toMatch(/The path differs.*--callback/);
    expect(other.statuses).toMatchObject({ callback: 'skipped' });
  });

  it('sees the secret of the app, which may be another than its own', async () => {
    const { bad, check } = await walk({ auth: { appSecret: 'deadbeefdeadbeefdeadbeefdeadbeef' } });
    expect(bad).toEqual(['callback']);
    expect(check('callback').detail).toMatch(
      /knew its login, but WeChat refused the app's own AppID or AppSecret/,
    );
  });

  it('sees an AppID that is not the one it was given', async () => {
    const { appId, appSecret } = emulator.apps.unbound;
    const { bad, check } = await walk({ auth: { appId, appSecret } });
    expect(bad).toEqual(['login-in-wechat']);
    expect(check('login-in-wechat').detail).toBe(
      `the app uses AppID ${appId}, and not ${emulator.apps.official.appId}`,
    );
  });

  it('sees an app that asks another WeChat', async () => {
    const { bad, check } = await walk({
      auth: { endpoints: { open: 'https://open.weixin.qq.com', api: emulator.url } },
    });
    expect(bad).toEqual(['login-in-wechat']);
    expect(check('login-on-desktop').detail).toBe('the same');
    expect(check('login-in-wechat').detail).toContain(
      'redirects to https://open.weixin.qq.com, and not to http://127.0.0.1',
    );
  });

  it('sees an app that does not reach WeChat from where it runs', async () => {
    const { bad, check } = await walk({
      auth: { endpoints: { open: emulator.url, api: 'http://127.0.0.1:1' } },
    });
    expect(bad).toEqual(['callback']);
    expect(check('callback').detail).toMatch(/did not reach WeChat from its own machine \(network\)/);
  });

  it.each<[string, number, 'warning' | 'failed']>([
    ['busy', -1, 'warning'],
    ['tired', 45011, 'warning'],
    ['sure that there is no such app', 40013, 'failed'],
  ])('knows that the state was kept although WeChat is %s', async (_, errcode, status) => {
    const { url } = await start();
    // Its own two exchanges come before those of the app.
    const undo = emulator.fail('access_token', { errcode }, { times: Infinity, after: 2 });
    const { check } = await examine(['--url', url], environmentOf(emulator));
    undo();
    expect(check('callback').status).toBe(status);
    expect(check('callback').detail).toMatch(/^the app knew its login, but /);
  });

  it('is content with an account alone, and with a website app alone', async () => {
    const account = await start({ auth: { website: undefined } });
    const official = await examine(['--url', account.url], officialOf(emulator));
    expect(official.bad).toEqual([]);
    expect(official.check('login-on-desktop').detail).toMatch(/asks to open WeChat/);
    const site = await start({ auth: noWebsite });
    const website = await examine(['--url', site.url], websiteOf(emulator));
    expect(website.bad).toEqual([]);
    expect(website.check('login-in-wechat').detail).toMatch(/asks to use a computer/);
  });

  it('misses the app that it was given and the running one does not know', async () => {
    const { bad, check } = await walk({ auth: { website: undefined } });
    expect(bad).toEqual(['login-on-desktop']);
    expect(check('login-on-desktop').remedy).toMatch(/same environment/);
    expect((await walk({ auth: noWebsite })).bad).toEqual(['login-in-wechat']);
  });

  it('warns where it cannot compare, or where one login serves all browsers', async () => {
    const { url } = await start();
    const { statuses } = await examine(['--url', url], {
      WECHAT_OPEN_URL: emulator.url,
      WECHAT_API_URL: emulator.url,
    });
    expect(statuses).toMatchObject({
      'app-id': 'skipped',
      'login-in-wechat': 'warning',
      'login-on-desktop': 'warning',
      callback: 'ok',
    });
    expect((await walk({ auth: { flow: 'official' } })).bad).toEqual(['login-on-desktop']);
    const website = await walk({ auth: { flow: 'website' } });
    expect(website.check('login-in-wechat').detail).toMatch(/a phone cannot scan on its own screen/);
  });

  it('says that no app is running, and nothing else of it', async () => {
    const gone = await listen(() => undefined);
    await gone.close();
    const { exit, check, statuses } = await examine(['--url', gone.url], environmentOf(emulator));
    expect(exit).toBe(1);
    expect(check('app-reachable').detail).toMatch(/TCP.*ECONNREFUSED/);
    expect(check('app-reachable').remedy).toMatch(/^Start the app, and compare its address with --url/);
    expect(Object.keys(statuses)).not.toContain('login-in-wechat');
  });

  it.each<[string, (app: express.Express) => void, RegExp]>([
    [
      'knows no such page',
      () => undefined,
      /responds with HTTP 404, and is not a login route of this package/,
    ],
    [
      'has a page for everything',
      (app) => app.use((_req, res) => void res.send('<!doctype html><div id="app"></div>')),
      /responds with HTTP 200, and is not a login route/,
    ],
    [
      'has a login of its own',
      (app) => app.get('/login', (_req, res) => res.redirect('/signin')),
      /redirects to http:\/\/127\.0\.0\.1:\d+\/signin, not to WeChat/,
    ],
    [
      'speaks JSON of its own',
      (app) => app.use((_req, res) => void res.status(401).json({ error: 'no_session' })),
      /responds with HTTP 401/,
    ],
  ])('says of an app that %s that it is not ours', async (_, build, detail) => {
    const app = express();
    build(app);
    const site = await listen(app);
    running.push(site);
    const { exit, check, statuses } = await examine(['--url', site.url], environmentOf(emulator));
    expect(exit).toBe(1);
    expect(check('login-in-wechat').detail).toMatch(detail);
    expect(statuses).toMatchObject({ 'app-reachable': 'ok', 'login-on-desktop': 'skipped' });
    expect(statuses).not.toHaveProperty('callback');
  });

  it('cannot tell where the app answers for itself, and does not call that a failure', async () => {
    const { exit, check } = await walk({ auth: { onError: (_error, _req, res) => res.end('ours') } });
    expect(exit).toBe(0);
    expect(check('callback')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('onError') as string,
    });
  });

  it('sees a callback that another handler takes', async () => {
    const before = (app: Host): unknown => app.use('/callback', (_req, res) => res.end('<html>'));
    const { bad, check } = await walk({ before });
    expect(bad).toEqual(['callback']);
    expect(check('callback').detail).toBe(
      '/callback responds with HTTP 200, and is not a callback route of this package',
    );
  });

  it('sees a session that forgets between two requests', async () => {
    // Two processes, each with sessions of its own memory: every request meets the other one.
    let turn = 0;
    const processes = [serverSessions(), serverSessions()];
    const session: Middleware = (req, res, next) =>
      (processes[turn++ % 2] as (...args: unknown[]) => void)(req, res, next);
    const { url } = await start({ session, auth: { website: undefined } });
    const { check } = await examine(['--url', url], officialOf(emulator));
    expect(check('session-cookie').status).toBe('ok');
    expect(check('callback')).toMatchObject({
      status: 'failed',
      remedy: expect.stringContaining('one session store') as string,
    });
  });
});

describe('the doctor, on session cookies', () => {
  const MINUTE = 60_000;

  it.each<[string, Parameters<typeof cookies>[0], string[], RegExp]>([
    [
      'of another domain',
      { domain: 'example.org' },
      ['session-cookie', 'callback'],
      /its Domain is another one/,
    ],
    [
      'that are over at once',
      { maxAge: 0, expires: new Date(0) },
      ['session-cookie', 'callback'],
      /it had expired before it arrived/,
    ],
    ['that live for a minute', { maxAge: MINUTE }, ['session-cookie'], /lives for 60 s|lives for 59 s/],
    ['that scripts can read', { httpOnly: false }, ['cookie-http-only'], /./],
    [
      'with a __Host- name but no Secure',
      { name: '__Host-session' },
      ['session-cookie', 'callback'],
      /__Host-/,
    ],
    [
      'that every site may send',
      { sameSite: 'none' },
      ['session-cookie', 'cookie-same-site', 'callback'],
      /SameSite=None without Secure/,
    ],
  ])('says what is wrong with those %s', async (_, options, bad, detail) => {
    const found = await walk({ session: cookies(options) });
    expect(found.bad).toEqual(bad);
    expect(found.check('session-cookie').detail).toMatch(detail);
  });

  it('sees one that is too large for a browser', async () => {
    const before = (app: Host): unknown =>
      app.use((_req, res, next) => {
        res.setHeader('Set-Cookie', `session=${'x'.repeat(5000)}; HttpOnly`);
        next();
      });
    const { check } = await walk({ session: serverSessions(), before });
    expect(check('session-cookie').detail).toBe('a browser drops session: it is larger than 4096 bytes');
  });

  it.each<[string, Parameters<typeof cookies>[0], readonly string[], string, string]>([
    ['the login route alone', { path: '/login' }, [], '/callback', '/login'],
    ['other pages', { path: '/shop' }, [], '/callback', '/shop'],
    ['another mount', { path: '/au' }, ['--mount', '/auth'], '/auth/callback', '/au'],
  ])(
    'sees that the Path is that of %s, which leaves the callback out',
    async (_, options, args, to, path) => {
      const mount = args.length > 0 ? { mount: '/auth' } : {};
      const { exit, bad, check } = await walk({ session: cookies(options), ...mount }, args);
      expect(exit).toBe(1);
      expect(bad).toEqual(['session-cookie', 'callback']);
      expect(check('session-cookie').status).toBe('failed');
      expect(check('session-cookie').detail).toBe(
        `browsers do not send session to ${to}: its Path is ${path}`,
      );
      expect(check('session-cookie').remedy).toMatch(/`path` to '\/', its default/);
      expect(check('callback').remedy).toBe('First fix the cookie: see above.');
    },
  );

  it.each([
    ['/', []],
    ['/auth', ['--mount', '/auth']],
    ['/auth/', ['--mount', '/auth']],
    ['/auth/callback', ['--mount', '/auth']],
  ] as const)('is content with the Path %s where it covers the callback', async (path, args) => {
    const mount = args.length > 0 ? { mount: '/auth' } : {};
    expect((await walk({ session: cookies({ path }), ...mount }, args)).bad).toEqual([]);
  });

  it('takes no cookie of a counter for that of the session', async () => {
    const before = (app: Host): unknown =>
      app.use((_req, res, next) => {
        res.setHeader('Set-Cookie', '_ga=1; SameSite=Strict');
        next();
      });
    expect((await walk({ before })).bad).toEqual([]);
  });

  it('wants Secure over https', async () => {
    const { bad } = await walk({ auth: { baseURL: BASE } }, [], AT_BASE);
    expect(bad).toEqual(['cookie-secure']);
  });
});

describe('the doctor, on an app behind a proxy', () => {
  const secure = { cookie: { secure: true, sameSite: 'lax' } } as const;

  it.each(HOSTS)('finds nothing wrong where %s believes the proxy', async (host) => {
    const session = serverSessions(undefined, host === 'Connect' ? { ...secure, proxy: true } : secure);
    const before = host === 'Connect' ? {} : { before: trust };
    const { bad, check, statuses } = await walk(
      { host, session, auth: { baseURL: BASE }, ...before },
      [],
      AT_BASE,
    );
    expect(bad).toEqual([]);
    expect(statuses).toMatchObject({ 'trust-proxy': 'ok', 'cookie-secure': 'ok', callback: 'ok' });
    expect(check('app-reachable').detail).toMatch(
      /requested the way its proxy at https:\/\/h5\.example\.com does$/,
    );
  });

  it.each(HOSTS)('sees that %s does not believe the proxy, by the cookie that is not there', async (host) => {
    const { bad, check } = await walk(
      { host, session: serverSessions(undefined, secure), auth: { baseURL: BASE } },
      [],
      AT_BASE,
    );
    expect(bad).toEqual(['session-cookie', 'trust-proxy', 'callback']);
    expect(check('trust-proxy').remedy).toMatch(/app\.set\('trust proxy', 1\).*proxy: true/);
  });

  it('sees it by the address of the callback too', async () => {
    const { bad, check } = await walk({}, [], AT_BASE);
    expect(bad).toEqual(['redirect-uri', 'cookie-secure', 'trust-proxy']);
    expect(check('redirect-uri').detail).toBe(
      'is http://h5.example.com/callback, and not https://h5.example.com/callback',
    );
    expect(check('redirect-uri').remedy).toMatch(/baseURL, or let it trust the proxy/);
  });

  it.each([true, false])('asks a real proxy, which the app trusts: %s', async (isTrusted) => {
    const session = serverSessions(undefined, secure);
    const app = await start({ session, auth: { baseURL: BASE }, ...(isTrusted && { before: trust }) });
    const proxy = await serve(app.url, { 'x-forwarded-proto': 'https' });
    const { bad } = await examine(['--url', proxy.url], { ...environmentOf(emulator), ...AT_BASE });
    expect(bad).toEqual(isTrusted ? [] : ['session-cookie', 'trust-proxy', 'callback']);
  });

  it('sees that the app has another public address', async () => {
    const { bad, check } = await walk({ auth: { baseURL: 'https://www.example.com' } }, [], AT_BASE);
    expect(bad).toContain('redirect-uri');
    expect(check('redirect-uri').remedy).toMatch(/same WECHAT_BASE_URL/);
  });

  it('learns the public address from the app, where nobody gives it', async () => {
    const { bad, check } = await walk({
      session: serverSessions(undefined, secure),
      before: trust,
      auth: { baseURL: `${BASE}/shop` },
    });
    expect(bad).toEqual([]);
    expect(check('redirect-uri').detail).toBe(`${BASE}/shop/callback`);
    expect(check('app-reachable').detail).toContain(`requested the way its proxy at ${BASE} does`);
  });

  it('leaves out the path that a proxy strips', async () => {
    const env = { WECHAT_BASE_URL: `${BASE}/shop/` };
    const { bad, check } = await walk(
      { auth: { baseURL: `${BASE}/shop` }, mount: '/auth', session: cookies({ path: '/shop' }) },
      ['--mount', '/auth'],
      env,
    );
    expect(bad).toEqual(['cookie-secure']);
    expect(check('redirect-uri').detail).toBe(`${BASE}/shop/auth/callback`);
  });

  it('sees a cookie for a path that the proxy strips', async () => {
    // The app sits at /, browsers see /shop: a cookie of /auth is never sent there.
    const env = { WECHAT_BASE_URL: `${BASE}/shop` };
    const { check } = await walk(
      { auth: { baseURL: `${BASE}/shop` }, mount: '/auth', session: cookies({ path: '/auth' }) },
      ['--mount', '/auth'],
      env,
    );
    expect(check('callback').status).toBe('failed');
  });

  it('sees what a proxy takes away or rewrites', async () => {
    const app = await start();
    const caching = await serve(
      app.url,
      {},
      ({ headers }) => (headers['cache-control'] = 'public, max-age=60'),
    );
    // The app takes its address from the Host header, which this proxy passes on.
    const cached = await examine(['--url', caching.url], environmentOf(emulator));
    expect(cached.bad).toEqual(['no-store']);
    const rewriting = await serve(app.url, {}, relocate('#wechat_redirect', ''));
    const rewritten = await examine(['--url', rewriting.url], environmentOf(emulator));
    expect(rewritten.bad).toEqual(['login-in-wechat']);
    expect(rewritten.check('login-in-wechat').remedy).toMatch(/rewrites the Location header/);
    const stateless = await serve(app.url, {}, relocate(/state=\w+/, 'state=same'));
    const same = await examine(['--url', stateless.url], environmentOf(emulator));
    expect(same.bad).toContain('state');
  });

  it('sees that the query of the callback gets lost', async () => {
    const app = await start();
    const site = await listen((req, res) => {
      if (req.url?.startsWith('/callback')) req.url = '/callback';
      res.statusCode = 404;
      void fetch(new URL(req.url ?? '/', app.url), {
        redirect: 'manual',
        headers: { ...(req.headers as Record<string, string>) },
      }).then(async (answer) => {
        res.writeHead(
          answer.status,
          [...answer.headers].filter(([name]) => name !== 'content-length').flat(),
        );
        res.end(await answer.text());
      });
    });
    running.push(site);
    const { check } = await examine(['--url', site.url], environmentOf(emulator));
    expect(check('callback').remedy).toBe('Let the proxy pass the query on unchanged.');
  });

  it('says where browsers are sent on, before a login can begin', async () => {
    const site = await listen((req, res) => {
      res.writeHead(301, { Location: `https://www.example.com${req.url ?? ''}` });
      res.end();
    });
    running.push(site);
    const { check, statuses } = await examine(['--url', site.url], environmentOf(emulator));
    expect(check('app-reachable').remedy).toMatch(
      /Run the doctor again with --url https:\/\/www\.example\.com/,
    );
    expect(statuses).not.toHaveProperty('login-in-wechat');
  });
});

describe('the doctor, on the verification file', () => {
  const NAME = 'MP_verify_Ab12Cd34Ef56Gh78.txt';
  const fileOf = (content: string): AppOptions => ({ auth: { verificationFiles: { [NAME]: content } } });

  it('finds it served, with the text of its name', async () => {
    const { bad, statuses } = await walk(fileOf('Ab12Cd34Ef56Gh78'), ['--verification-file', NAME]);
    expect(bad).toEqual([]);
    expect(statuses).toMatchObject({ 'verification-file': 'ok' });
  });

  it.each<[string, AppOptions, string, 'failed' | 'warning', RegExp]>([
    [
      'is not there',
      {
        before: (app) =>
          app.use('/MP_verify_Ab12Cd34Ef56Gh78.txt', (_req, res) => ((res.statusCode = 404), res.end())),
      },
      NAME,
      'failed',
      /responds with HTTP 404/,
    ],
    [
      'is the page that the app shows for everything',
      {
        before: (app) =>
          app.use(`/${NAME}`, (_req, res) => (res.setHeader('Content-Type', 'text/html'), res.end('<html>'))),
      },
      NAME,
      'failed',
      /is an HTML page/,
    ],
    [
      'holds something else',
      fileOf('Zz12Cd34Ef56Gh78'),
      NAME,
      'failed',
      /characters of .* are not those of its name/,
    ],
    ['was saved by an editor', fileOf('Ab12Cd34Ef56Gh78\n'), NAME, 'warning', /line break/],
    [
      'comes as a download',
      {
        before: (app) =>
          app.use(
            `/${NAME}`,
            (_req, res) => (
              res.setHeader('Content-Type', 'application/octet-stream'),
              res.end('Ab12Cd34Ef56Gh78')
            ),
          ),
      },
      NAME,
      'warning',
      /the type of .* is application\/octet-stream/,
    ],
  ])('says that it %s', async (_, options, name, status, detail) => {
    const { check } = await walk(options, ['--verification-file', name]);
    expect(check('verification-file').status).toBe(status);
    expect(check('verification-file').detail).toMatch(detail);
  });

  it('asks below a path where the console names one, and at the public address where there is no other', async () => {
    const mounted = await walk({ mount: '/h5', ...fileOf('Ab12Cd34Ef56Gh78') }, [
      '--mount',
      '/h5',
      '--verification-file',
      `h5/${NAME}`,
    ]);
    expect(mounted.statuses).toMatchObject({ 'verification-file': 'ok' });
    const { url } = await start(fileOf('Ab12Cd34Ef56Gh78'));
    const { statuses } = await examine(['--verification-file', NAME], {
      ...environmentOf(emulator),
      WECHAT_BASE_URL: url,
    });
    expect(statuses).toMatchObject({ 'verification-file': 'ok', 'app-reachable': 'skipped' });
    expect((await examine(['--verification-file', NAME], environmentOf(emulator))).statuses).toMatchObject({
      'verification-file': 'skipped',
    });
  });
});

describe('what the doctor does to an app', () => {
  it('logs nobody in, and tells no state and no cookie', async () => {
    const { url } = await start({ session: serverSessions(undefined, { cookie: { sameSite: 'strict' } }) });
    emulator.requests.length = 0;
    const texts = [
      await doctor(['--url', url], environmentOf(emulator)),
      await doctor(['--url', url, '--json'], environmentOf(emulator)),
    ];
    expect(emulator.requests.some(({ path }) => path === '/sns/userinfo')).toBe(false);
    for (const { out } of texts) {
      expect(out).not.toMatch(/\d[\da-f]{32}/);
      expect(out).not.toMatch(/connect\.sid=|s%3A/);
    }
  });
});
