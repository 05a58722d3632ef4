// Runs the doctor on apps. Most of them have a fault that users of the package ask about.
import http from 'node:http';
import express from 'express';
import { startApp, cookies, type AppOptions, type TestApp } from '../../../support/app';
import { environmentOf, emulator, useEmulator } from '../../../support/emulator';
import { HOSTS, listen, type Host, type Middleware, type Running, trustProxy } from '../../../support/hosts';
import { FaultySessionStore, SESSIONS, SESSION_NAMES, serverSessions } from '../../../support/sessions';
import { doctor, examine, officialOf, startProxy, websiteOf, type Env, type Report } from '../run-doctor';

useEmulator();

// Other tests cover the warnings of the middleware.
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

async function examineApp(options: AppOptions, args: readonly string[] = [], env: Env = {}): Promise<Report> {
  const { url } = await start(options);
  return examine(['--url', url, ...args], { ...environmentOf(emulator), ...env });
}

const BASE = 'https://h5.example.com';
const AT_BASE = { WECHAT_BASE_URL: BASE };
/** For a proxy that rewrites the Location header. */
const relocate =
  (what: string | RegExp, to: string) =>
  ({ headers }: http.IncomingMessage): void => {
    if (headers.location !== undefined) headers.location = headers.location.replace(what, to);
  };

const noWebsite = { appId: undefined, appSecret: undefined } as const;

describe('the doctor, on a running app', () => {
  describe.each(HOSTS)('on %s', (host) => {
    it.each(SESSION_NAMES)('finds nothing wrong with an app on %s', async (session) => {
      const { exit, bad, statuses } = await examineApp({ host, session: SESSIONS[session]() });
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

    it('reports that there is no session middleware', async () => {
      const { check, statuses } = await examineApp({ host, session: null });
      expect(check('login-in-wechat').detail).toBe('the app responds with session_missing (HTTP 500)');
      expect(check('login-in-wechat').remedy).toMatch(/cookie-session or express-session before wechatAuth/);
      // Also for a production app, whose response holds no message.
      expect(check('login-in-wechat').remedy).toMatch(/ The message is on the console of the app\.$/);
      expect(statuses).toMatchObject({ 'login-on-desktop': 'skipped' });
      expect(statuses).not.toHaveProperty('callback');
    });

    it.each(SESSION_NAMES)(
      'reports that browsers do not send a SameSite=Strict cookie of %s when WeChat redirects back',
      async (name) => {
        const session =
          name === 'cookie-session'
            ? cookies({ sameSite: 'strict' })
            : serverSessions(undefined, { cookie: { sameSite: 'strict' } });
        const { bad, check } = await examineApp({ host, session });
        expect(bad).toEqual(['cookie-same-site', 'callback']);
        expect(check('cookie-same-site').remedy).toBe("Use sameSite: 'lax'.");
        expect(check('callback').detail).toMatch(/login_loop/);
      },
    );

    it('reports that a secure cookie is not set over http', async () => {
      const { bad, check } = await examineApp({
        host,
        session: serverSessions(undefined, { cookie: { secure: true } }),
      });
      expect(bad).toEqual(['session-cookie', 'callback']);
      expect(check('session-cookie').remedy).toMatch(
        /`secure`, and session middleware does not set it over http/,
      );
    });

    it('checks an app below a mount, with its own routes', async () => {
      const options = { host, mount: '/auth', auth: { routes: { login: '/in', callback: '/back' } } };
      const { bad, check } = await examineApp(options, [
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

  it('reports that the app has other routes than the flags say', async () => {
    const elsewhere = await examineApp({ mount: '/auth', host: 'Connect' });
    expect(elsewhere.exit).toBe(1);
    expect(elsewhere.check('login-in-wechat').remedy).toMatch(/--mount \/auth, --login \/wx/);
    const other = await examineApp({ auth: { routes: { callback: '/back' } } });
    expect(other.bad).toEqual(['redirect-uri']);
    expect(other.check('redirect-uri').remedy).toMatch(/The path differs.*--callback/);
    expect(other.statuses).toMatchObject({ callback: 'skipped' });
  });

  it('reports that the app has another AppSecret', async () => {
    const { bad, check } = await examineApp({ auth: { appSecret: 'deadbeefdeadbeefdeadbeefdeadbeef' } });
    expect(bad).toEqual(['callback']);
    expect(check('callback').detail).toMatch(
      /knew its login, but WeChat refused the app's own AppID or AppSecret/,
    );
  });

  it('reports an AppID other than the given one', async () => {
    const { appId, appSecret } = emulator.apps.unbound;
    const { bad, check } = await examineApp({ auth: { appId, appSecret } });
    expect(bad).toEqual(['login-in-wechat']);
    expect(check('login-in-wechat').detail).toBe(
      `the app uses AppID ${appId}, and not ${emulator.apps.official.appId}`,
    );
  });

  it('reports an app that sends its logins to another WeChat', async () => {
    const { bad, check } = await examineApp({
      auth: { endpoints: { open: 'https://open.weixin.qq.com', api: emulator.url } },
    });
    expect(bad).toEqual(['login-in-wechat']);
    expect(check('login-on-desktop').detail).toBe('the same as above');
    expect(check('login-in-wechat').detail).toContain(
      'redirects to https://open.weixin.qq.com, and not to http://127.0.0.1',
    );
  });

  it('reports an app that does not reach WeChat from its own machine', async () => {
    const { bad, check } = await examineApp({
      auth: { endpoints: { open: emulator.url, api: 'http://127.0.0.1:1' } },
    });
    expect(bad).toEqual(['callback']);
    expect(check('callback').detail).toMatch(/did not reach WeChat from its own machine \(network\)/);
  });

  it.each<[string, number, 'warning' | 'failed']>([
    ['that it is busy', -1, 'warning'],
    ['that the quota is used up', 45011, 'warning'],
    ['that the AppID is unknown', 40013, 'failed'],
  ])('recognizes that the app knew its login if WeChat responds %s', async (_, errcode, status) => {
    const { url } = await start();
    // The doctor exchanges two codes itself, before the app does.
    const undo = emulator.fail('access_token', { errcode }, { times: Infinity, after: 2 });
    const { check } = await examine(['--url', url], environmentOf(emulator));
    undo();
    expect(check('callback').status).toBe(status);
    expect(check('callback').detail).toMatch(/^the app knew its login, but /);
  });

  it('accepts an account without a website app, and a website app without an account', async () => {
    const account = await start({ auth: { website: undefined } });
    const official = await examine(['--url', account.url], officialOf(emulator));
    expect(official.bad).toEqual([]);
    expect(official.check('login-on-desktop').detail).toMatch(/^the app asks to open WeChat: .*scanLogin/);
    const site = await start({ auth: noWebsite });
    const website = await examine(['--url', site.url], websiteOf(emulator));
    expect(website.bad).toEqual([]);
    expect(website.check('login-in-wechat').detail).toMatch(/^the app asks to use a computer/);
  });

  it('knows a scan login: the code must lead to the public address, and the app has no website app', async () => {
    const auth = { website: undefined, scanLogin: true };
    const app = await start({ auth });
    const scan = await examine(['--url', app.url], officialOf(emulator));
    expect(scan.bad).toEqual([]);
    expect(scan.check('login-on-desktop').detail).toBe(
      `scan login: a QR code that a phone opens at ${app.url}`,
    );
    expect((await examineApp({ auth })).bad).toEqual(['login-on-desktop']);
    // As a proxy that forwards only the other routes.
    const before = (host: Host): unknown => host.use('/scan', (_req, res) => res.writeHead(404).end('{}'));
    const notForwarded = await start({ before, auth });
    const half = await examine(['--url', notForwarded.url], officialOf(emulator));
    expect(half.bad).toEqual(['login-on-desktop']);
    expect(half.check('login-on-desktop').detail).toMatch(/asks \/scan for its status, .* \(HTTP 404\)/);
    expect(half.check('login-on-desktop').remedy).toMatch(/forward \/scan and the paths below it/);

    const everywhere = await start({ auth: { ...auth, flow: 'scan' } });
    const inWechat = await examine(['--url', everywhere.url], officialOf(emulator));
    expect(inWechat.check('login-in-wechat').status).toBe('warning');
    const elsewhere = await start({ auth: { ...auth, baseURL: BASE } });
    const other = await examine(['--url', elsewhere.url, '--base-url', 'https://www.example.com'], {
      ...officialOf(emulator),
    });
    expect(other.check('login-on-desktop').status).toBe('failed');
  });

  it.each([
    ['a page of its own', '/sign-in.html?returnTo=%2Fme', 'warning', 0],
    ['the login route again', '/login?again=1', 'failed', 1],
    ['a page of another host', 'https://www.example.com/sign-in', 'failed', 1],
  ])('does not fail only because PCs are sent to %s', async (_, to, status, exit) => {
    const before = (app: Host): unknown =>
      app.use('/login', (req, res, next) => {
        const isInWechat = req.headers['user-agent']?.includes('MicroMessenger');
        if (!isInWechat) res.writeHead(302, { Location: to }).end();
        else next();
      });
    const { url } = await start({ before, auth: { website: undefined, scanLogin: true } });
    const found = await examine(['--url', url], officialOf(emulator));
    expect([found.exit, found.bad]).toEqual([exit, ['login-on-desktop']]);
    expect(found.check('login-on-desktop').status).toBe(status);
    if (exit === 0)
      expect(found.check('login-on-desktop').detail).toBe(
        `not checked: /login sends PCs to a page of your own, ${url}/sign-in.html`,
      );
  });

  it('reports an account that was given to the doctor, but that the app does not use', async () => {
    const { bad, check } = await examineApp({ auth: { website: undefined } });
    expect(bad).toEqual(['login-on-desktop']);
    expect(check('login-on-desktop').remedy).toMatch(/same environment/);
    expect((await examineApp({ auth: noWebsite })).bad).toEqual(['login-in-wechat']);
  });

  it('warns if it has no AppID to compare, or if one flow serves all browsers', async () => {
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
    expect((await examineApp({ auth: { flow: 'official' } })).bad).toEqual(['login-on-desktop']);
    const website = await examineApp({ auth: { flow: 'website' } });
    expect(website.check('login-in-wechat').detail).toMatch(/a phone cannot scan on its own screen/);
  });

  it('reports that no app is running, and makes no further check of the app', async () => {
    const gone = await listen(() => undefined);
    await gone.close();
    const { exit, check, statuses } = await examine(['--url', gone.url], environmentOf(emulator));
    expect(exit).toBe(1);
    expect(check('app-reachable').detail).toMatch(/TCP.*ECONNREFUSED/);
    expect(check('app-reachable').remedy).toMatch(/^Start the app, and compare its address with --url/);
    expect(Object.keys(statuses)).not.toContain('login-in-wechat');
  });

  it.each([502, 503, 504])('reports a proxy that responds %d in place of the app', async (status) => {
    const proxy = await listen((_req, res) => {
      res.writeHead(status, { 'Content-Type': 'text/html' }).end('<center>nginx/1.22.1</center>');
    });
    running.push(proxy);
    const { exit, bad, check, statuses } = await examine(['--url', proxy.url], environmentOf(emulator));
    expect([exit, bad]).toEqual([1, ['app-reachable']]);
    expect(check('app-reachable').detail).toMatch(
      new RegExp(`: a proxy responds in place of the app: HTTP ${status}$`),
    );
    expect(check('app-reachable').remedy).toMatch(/^Start the app, .*--url http:\/\/127.*proxy_buffer_size/);
    expect(check('app-reachable').remedy).not.toContain('--mount');
    expect(statuses).not.toHaveProperty('login-in-wechat');
  });

  it('reports a proxy that responds 502 to the callback alone, whose headers are too large for it', async () => {
    const app = await start();
    const proxy = await serve(app.url, {}, (response) => {
      const { req } = response as unknown as { readonly req: http.ClientRequest };
      if (req.path.startsWith('/callback')) Object.assign(response, { statusCode: 502, headers: {} });
    });
    const { bad, check } = await examine(['--url', proxy.url], environmentOf(emulator));
    expect(bad).toEqual(['callback']);
    expect(check('callback').detail).toBe('a proxy responds in place of the app: HTTP 502');
    expect(check('callback').remedy).toContain('proxy_buffer_size');
  });

  it('does not take the responses of an app for those of a proxy: neither ours, nor those of its onError', async () => {
    const store = new FaultySessionStore();
    store.behaviour.set = 'broken';
    const ours = await examineApp({ session: serverSessions(store) });
    expect(ours.statuses).toMatchObject({ 'app-reachable': 'ok', 'login-in-wechat': 'failed' });
    expect(ours.check('login-in-wechat').detail).toBe('the app responds with session_missing (HTTP 503)');
    expect(ours.check('login-in-wechat').remedy).toBe(
      'Check the session store, then try again. The message is on the console of the app.',
    );
    const own = await examineApp({
      session: serverSessions(store),
      auth: {
        onError: (error, _req, res) => {
          res.statusCode = error.status;
          res.end('a page of the app');
        },
      },
    });
    expect(own.statuses).toMatchObject({ 'app-reachable': 'ok', 'login-in-wechat': 'failed' });
    expect(own.check('login-in-wechat').detail).toMatch(/responds with HTTP 503, and is not a login route/);
  });

  it('does not ask to start an app that responds, but without TLS', async () => {
    const { url } = await start();
    const { check } = await examine(['--url', url.replace('http:', 'https:')], environmentOf(emulator));
    expect(check('app-reachable').remedy).toMatch(/^Check --url\. Check the certificate/);
  });

  it.each<[string, (app: express.Express) => void, RegExp]>([
    ['has no such page', () => undefined, /responds with HTTP 404, and is not a login route of this package/],
    [
      'sends the same page for every path',
      (app) => app.use((_req, res) => void res.send('<!doctype html><div id="app"></div>')),
      /responds with HTTP 200, and is not a login route/,
    ],
    [
      'has its own login route',
      (app) => app.get('/login', (_req, res) => res.redirect('/signin')),
      /redirects to http:\/\/127\.0\.0\.1:\d+\/signin, not to WeChat/,
    ],
    [
      'responds with its own JSON',
      (app) => app.use((_req, res) => void res.status(401).json({ error: 'no_session' })),
      /responds with HTTP 401/,
    ],
  ])('does not take an app that %s for one of this package', async (_, build, detail) => {
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

  it('only warns if the app handles failed logins itself, so that the callback cannot be checked', async () => {
    const { exit, check } = await examineApp({ auth: { onError: (_error, _req, res) => res.end('ours') } });
    expect(exit).toBe(0);
    expect(check('callback')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('onError') as string,
    });
  });

  it('reports that another handler responds at the callback route', async () => {
    const before = (app: Host): unknown => app.use('/callback', (_req, res) => res.end('<html>'));
    const { bad, check } = await examineApp({ before });
    expect(bad).toEqual(['callback']);
    expect(check('callback').detail).toBe(
      '/callback responds with HTTP 200, and is not a callback route of this package',
    );
  });

  it.each(['/login', '/callback'])(
    'reports an error of this package at %s with the status that it has',
    async (at) => {
      const before = (app: Host): unknown =>
        app.use(at, (_req, res) => {
          res.statusCode = 503;
          res.end('{"error":"session_missing"}');
        });
      const { check } = await examineApp({ before });
      const id = at === '/login' ? 'login-in-wechat' : 'callback';
      expect(check(id).detail).toBe('the app responds with session_missing (HTTP 503)');
    },
  );

  it('reports a session that is lost between two requests', async () => {
    // Two processes, each with its own sessions in memory: every request reaches the other one.
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
      /its Domain does not match the host of the app/,
    ],
    [
      'that expire at once',
      { maxAge: 0, expires: new Date(0) },
      ['session-cookie', 'callback'],
      /it had expired before it arrived/,
    ],
    ['that live for a minute', { maxAge: MINUTE }, ['session-cookie'], /lives for 60 s|lives for 59 s/],
    [
      'whose 30 days are in seconds',
      { maxAge: 30 * 24 * 60 * 60 },
      ['session-cookie'],
      /^session lives for 43 min: .* is 30 days in seconds$/,
    ],
    ['whose week is in seconds', { maxAge: 7 * 24 * 60 * 60 }, ['session-cookie'], /is 7 days in seconds/],
    ['that scripts can read', { httpOnly: false }, ['cookie-http-only'], /./],
    [
      'with a __Host- name but no Secure',
      { name: '__Host-session' },
      ['session-cookie', 'callback'],
      /__Host-/,
    ],
    [
      'with SameSite=None',
      { sameSite: 'none' },
      ['session-cookie', 'cookie-same-site', 'callback'],
      /SameSite=None without Secure/,
    ],
  ])('reports what is wrong with cookies %s', async (_, options, bad, detail) => {
    const found = await examineApp({ session: cookies(options) });
    expect(found.bad).toEqual(bad);
    expect(found.check('session-cookie').detail).toMatch(detail);
  });

  it.each([10, 20, 30, 43, 45, 60, 120])('accepts a cookie of %s minutes', async (minutes) => {
    const { bad } = await examineApp({ session: cookies({ maxAge: minutes * MINUTE }) });
    expect(bad).toEqual([]);
  });

  it('reports a cookie that is too large for a browser', async () => {
    const before = (app: Host): unknown =>
      app.use((_req, res, next) => {
        res.setHeader('Set-Cookie', `session=${'x'.repeat(5000)}; HttpOnly`);
        next();
      });
    const { check } = await examineApp({ session: serverSessions(), before });
    expect(check('session-cookie').detail).toBe('a browser drops session: it is larger than 4096 bytes');
  });

  it.each<[string, Parameters<typeof cookies>[0], readonly string[], string, string]>([
    ['the login route alone', { path: '/login' }, [], '/callback', '/login'],
    ['other pages', { path: '/shop' }, [], '/callback', '/shop'],
    ['another mount', { path: '/au' }, ['--mount', '/auth'], '/auth/callback', '/au'],
  ])('reports a Path that covers %s, but not the callback', async (_, options, args, to, path) => {
    const mount = args.length > 0 ? { mount: '/auth' } : {};
    const { exit, bad, check } = await examineApp({ session: cookies(options), ...mount }, args);
    expect(exit).toBe(1);
    expect(bad).toEqual(['session-cookie', 'callback']);
    expect(check('session-cookie').status).toBe('failed');
    expect(check('session-cookie').detail).toBe(`browsers do not send session to ${to}: its Path is ${path}`);
    expect(check('session-cookie').remedy).toMatch(/`path` to '\/', its default/);
    expect(check('callback').remedy).toBe('First fix the cookie: see above.');
  });

  it.each([
    ['/', []],
    ['/auth', ['--mount', '/auth']],
    ['/auth/', ['--mount', '/auth']],
    ['/auth/callback', ['--mount', '/auth']],
  ] as const)('accepts the Path %s, which covers the callback', async (path, args) => {
    const mount = args.length > 0 ? { mount: '/auth' } : {};
    expect((await examineApp({ session: cookies({ path }), ...mount }, args)).bad).toEqual([]);
  });

  it('does not mistake an analytics cookie for the session cookie', async () => {
    const before = (app: Host): unknown =>
      app.use((_req, res, next) => {
        res.setHeader('Set-Cookie', '_ga=1; SameSite=Strict');
        next();
      });
    expect((await examineApp({ before })).bad).toEqual([]);
  });

  it('warns of a cookie without Secure over https', async () => {
    const { bad } = await examineApp({ auth: { baseURL: BASE } }, [], AT_BASE);
    expect(bad).toEqual(['cookie-secure']);
  });
});

describe('the doctor, on an app behind a proxy', () => {
  const secure = { cookie: { secure: true, sameSite: 'lax' } } as const;

  it.each(HOSTS)('finds nothing wrong if %s trusts the proxy', async (host) => {
    const session = serverSessions(undefined, host === 'Connect' ? { ...secure, proxy: true } : secure);
    const before = host === 'Connect' ? {} : { before: trustProxy };
    const { bad, check, statuses } = await examineApp(
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

  it.each(HOSTS)('reports that %s does not trust the proxy, because the cookie is missing', async (host) => {
    const { bad, check } = await examineApp(
      { host, session: serverSessions(undefined, secure), auth: { baseURL: BASE } },
      [],
      AT_BASE,
    );
    expect(bad).toEqual(['session-cookie', 'trust-proxy', 'callback']);
    expect(check('trust-proxy').remedy).toMatch(/app\.set\('trust proxy', 1\).*proxy: true/);
  });

  it('also recognizes that from an http: redirect URI', async () => {
    const { bad, check } = await examineApp({}, [], AT_BASE);
    expect(bad).toEqual(['redirect-uri', 'cookie-secure', 'trust-proxy']);
    expect(check('redirect-uri').detail).toBe(
      'is http://h5.example.com/callback, and not https://h5.example.com/callback',
    );
    expect(check('redirect-uri').remedy).toMatch(/baseURL, or let it trust the proxy/);
  });

  it.each([true, false])(
    'checks an app behind a real proxy (does the app trust it: %s)',
    async (isTrusted) => {
      const session = serverSessions(undefined, secure);
      const app = await start({ session, auth: { baseURL: BASE }, ...(isTrusted && { before: trustProxy }) });
      const proxy = await serve(app.url, { 'x-forwarded-proto': 'https' });
      const { bad } = await examine(['--url', proxy.url], { ...environmentOf(emulator), ...AT_BASE });
      expect(bad).toEqual(isTrusted ? [] : ['session-cookie', 'trust-proxy', 'callback']);
    },
  );

  it('reports that the app has another public address', async () => {
    const { bad, check } = await examineApp({ auth: { baseURL: 'https://www.example.com' } }, [], AT_BASE);
    expect(bad).toContain('redirect-uri');
    expect(check('redirect-uri').remedy).toMatch(/same WECHAT_BASE_URL/);
  });

  it('derives the public address from the app if it is not given', async () => {
    const { bad, check } = await examineApp({
      session: serverSessions(undefined, secure),
      before: trustProxy,
      auth: { baseURL: `${BASE}/shop` },
    });
    expect(bad).toEqual([]);
    expect(check('redirect-uri').detail).toBe(`${BASE}/shop/callback`);
    expect(check('app-reachable').detail).toContain(`requested the way its proxy at ${BASE} does`);
  });

  it('warns if the public address is a port of this machine at which nothing listens', async () => {
    const gone = await listen((_req, res) => res.end());
    const baseURL = gone.url;
    const answered = await examineApp({ auth: { baseURL } }, [], { WECHAT_BASE_URL: baseURL });
    expect(answered.bad).toEqual([]);
    await gone.close();
    for (const env of [{}, { WECHAT_BASE_URL: baseURL }]) {
      const { exit, bad, check } = await examineApp({ auth: { baseURL } }, [], env);
      expect([exit, bad]).toEqual([0, ['app-reachable']]);
      expect(check('app-reachable').detail).toMatch(
        `responds, but nothing listens at the public address ${baseURL}`,
      );
    }
  });

  it('requests the app without the path that its proxy strips', async () => {
    const env = { WECHAT_BASE_URL: `${BASE}/shop/` };
    const { bad, check } = await examineApp(
      { auth: { baseURL: `${BASE}/shop` }, mount: '/auth', session: cookies({ path: '/shop' }) },
      ['--mount', '/auth'],
      env,
    );
    expect(bad).toEqual(['cookie-secure']);
    expect(check('redirect-uri').detail).toBe(`${BASE}/shop/auth/callback`);
  });

  it('reports a cookie Path that does not exist for browsers, because the proxy strips a path', async () => {
    // The app is at /, and browsers see /shop: they never send a cookie of /auth there.
    const env = { WECHAT_BASE_URL: `${BASE}/shop` };
    const { check } = await examineApp(
      { auth: { baseURL: `${BASE}/shop` }, mount: '/auth', session: cookies({ path: '/auth' }) },
      ['--mount', '/auth'],
      env,
    );
    expect(check('callback').status).toBe('failed');
  });

  it('reports what a proxy removes or rewrites', async () => {
    const app = await start();
    const caching = await serve(
      app.url,
      {},
      ({ headers }) => (headers['cache-control'] = 'public, max-age=60'),
    );
    // The app derives its address from the Host header, which this proxy passes on.
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

  it('reports that the query of the callback gets lost', async () => {
    const app = await start();
    const site = await listen((req, res) => {
      if (req.url?.startsWith('/callback')) req.url = '/callback';
      // Not by fetch(), which would make a script's request of it.
      const { headers, url = '/' } = req;
      http.get(new URL(url, app.url), { headers }, (response) => {
        res.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(res);
      });
    });
    running.push(site);
    const { check } = await examine(['--url', site.url], environmentOf(emulator));
    expect(check('callback').remedy).toBe('Let the proxy pass the query on unchanged.');
  });

  it('reports that the app redirects browsers to another host before the login', async () => {
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

  it('accepts a file whose content is the code in its name', async () => {
    const { bad, statuses } = await examineApp(fileOf('Ab12Cd34Ef56Gh78'), ['--verification-file', NAME]);
    expect(bad).toEqual([]);
    expect(statuses).toMatchObject({ 'verification-file': 'ok' });
  });

  it.each<[string, AppOptions, string, 'failed' | 'warning', RegExp]>([
    [
      'is missing',
      {
        before: (app) =>
          app.use('/MP_verify_Ab12Cd34Ef56Gh78.txt', (_req, res) => ((res.statusCode = 404), res.end())),
      },
      NAME,
      'failed',
      /responds with HTTP 404/,
    ],
    [
      'is an HTML page',
      {
        before: (app) =>
          app.use(`/${NAME}`, (_req, res) => (res.setHeader('Content-Type', 'text/html'), res.end('<html>'))),
      },
      NAME,
      'failed',
      /is an HTML page/,
    ],
    [
      'has other content',
      fileOf('Zz12Cd34Ef56Gh78'),
      NAME,
      'failed',
      /content of .* is not the code in its name/,
    ],
    ['was saved by an editor', fileOf('Ab12Cd34Ef56Gh78\n'), NAME, 'warning', /line break/],
    [
      'has the type of a download',
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
  ])('reports that the file %s', async (_, options, name, status, detail) => {
    const { check } = await examineApp(options, ['--verification-file', name]);
    expect(check('verification-file').status).toBe(status);
    expect(check('verification-file').detail).toMatch(detail);
  });

  it('requests the file below the path that the console names, or at the public address if --url is not given', async () => {
    const mounted = await examineApp({ mount: '/h5', ...fileOf('Ab12Cd34Ef56Gh78') }, [
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

describe('the doctor, after its requests to an app', () => {
  it('has logged nobody in, and has printed no state and no cookie', async () => {
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
