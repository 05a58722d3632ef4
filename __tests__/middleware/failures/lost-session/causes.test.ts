// Configurations that lose every login, each with its cause, and configurations that work: on each framework,
// with cookie-session and with express-session.
import expressSession from 'express-session';
import { WHAT_HAPPENED } from '../../../../lib/middleware/pages/what-happened';
import { cookies, startApp, type AppOptions, type TestApp } from '../../../support/app';
import { PublicBrowser, type PublicBrowserOptions } from '../../../support/browsers/public-browser';
import { Browser, type BrowserResponse } from '../../../support/browser';
import { emulator, useEmulator } from '../../../support/emulator';
import { HOSTS, type Host, type HostName, type Middleware, trustProxy } from '../../../support/hosts';
import { SESSION_NAMES, type SessionName, OpaqueStore } from '../../../support/sessions';
import { useWarnings } from '../../../support/warnings';

const H5 = 'https://h5.example.com';

useEmulator();
const warnings = useWarnings();
const apps: TestApp[] = [];

beforeEach(() => {
  // express-session warns of MemoryStore in production, and of a `maxAge` that is not a number.
  jest.spyOn(console, 'warn').mockImplementation();
});
afterEach(async () => {
  jest.useRealTimers();
  process.env['NODE_ENV'] = 'test';
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

interface CookieOptions {
  readonly path?: string;
  readonly domain?: string;
  readonly secure?: boolean;
  readonly sameSite?: 'strict' | 'lax' | 'none';
  readonly maxAge?: number;
}

const ENVIRONMENTS = ['test', 'production'] as const;
type Environment = (typeof ENVIRONMENTS)[number];

interface Configuration {
  readonly cookie?: CookieOptions;
  readonly name?: string;
  /** Whether the app trusts its proxy: by `trust proxy`, in Connect by express-session's `proxy`. */
  readonly trustsProxy?: boolean;
  readonly app?: Omit<AppOptions, 'host' | 'session'>;
  readonly browser?: Omit<PublicBrowserOptions, 'app'>;
  /** Where the browser opens the login. */
  readonly at?: string;
  /** Called before the browser opens the callback. */
  readonly beforeCallback?: (running: Running) => unknown;
  /** Both, unless they are given. */
  readonly environments?: readonly Environment[];
  /** Two processes, between which requests alternate. */
  readonly processes?: 2;
  readonly session?: (session: Middleware) => Middleware | null;
}

interface Running {
  readonly browser: PublicBrowser;
  readonly stores: readonly OpaqueStore[];
}

let secrets = 0;

function sessionOf(
  kind: SessionName,
  host: HostName,
  { name = 'session', cookie = {}, trustsProxy = false }: Configuration,
  stores: OpaqueStore[],
): Middleware {
  const secret = `secret ${++secrets}`;
  if (kind === 'cookie-session') return cookies({ name, keys: [secret], ...cookie });
  const store = new OpaqueStore();
  stores.push(store);
  return expressSession({
    name,
    secret,
    store,
    cookie,
    resave: false,
    saveUninitialized: false,
    ...(trustsProxy && host === 'Connect' && { proxy: true }),
  }) as unknown as Middleware;
}

function trustProxyOn(app: Host, host: HostName): void {
  if (host !== 'Connect') trustProxy(app);
  // cookie-session on Connect reads `protocol`, which only Express sets.
  else
    app.use((req, _res, next) => {
      Object.assign(req, { protocol: req.headers['x-forwarded-proto'] });
      next();
    });
}

async function logIn(
  kind: SessionName,
  host: HostName,
  given: Configuration,
  environment: Environment = 'test',
): Promise<BrowserResponse> {
  process.env['NODE_ENV'] = environment;
  const stores: OpaqueStore[] = [];
  const { trustsProxy = false } = given;
  for (let process = 0; process < (given.processes ?? 1); process++) {
    const session = sessionOf(kind, host, given, stores);
    const app = await startApp(emulator, {
      ...given.app,
      host,
      session: given.session ? given.session(session) : session,
      auth: { dangerouslyAllowEmulatorInProduction: true, ...given.app?.auth },
      before: (each) => {
        if (trustsProxy) trustProxyOn(each, host);
        given.app?.before?.(each);
      },
    });
    apps.push(app);
  }
  let requests = 0;
  const browser = new PublicBrowser({
    ...given.browser,
    app: () => apps[requests++ % apps.length]?.url ?? '',
  });
  const running = { browser, stores };
  return browser.logIn(emulator, given.at ?? `${H5}/login?returnTo=/me`, () =>
    given.beforeCallback?.(running),
  );
}

const withBase = (baseURL: string = H5): Pick<Configuration, 'app'> => ({ app: { auth: { baseURL } } });
/** A proxy that ends TLS, and passes host and scheme on. */
const NGINX = { proxy: (url: URL) => ({ Host: url.host, 'X-Forwarded-Proto': url.protocol.slice(0, -1) }) };
const behindNginx = { ...withBase(), trustsProxy: true, browser: NGINX } as const;

/** Sets a cookie of another app, under the name of the session cookie. */
const foreignCookie =
  (attributes: string) =>
  async ({ browser }: Running): Promise<void> => {
    await browser.jar.setCookie(`session=s%3Aforeign.signature; ${attributes}`, `${H5}/callback`);
  };

type Broken = readonly [
  what: string,
  code: string,
  text: RegExp,
  configuration: Configuration,
  applies?: Applies,
];

/** Whether a row applies to this framework and session middleware; without it, to all of them. */
type Applies = (host: HostName, kind: SessionName) => boolean;
const cookieSessionOnly: Applies = (_host, kind) => kind === 'cookie-session';
const expressSessionOnly: Applies = (_host, kind) => kind === 'express-session';
const expressOnly: Applies = (host) => host !== 'Connect';

const BROKEN: readonly Broken[] = [
  [
    'sameSite: strict',
    'WECHAT_COOKIE_SAME_SITE',
    /SameSite=Strict.*Use sameSite: 'lax'/,
    { ...behindNginx, cookie: { sameSite: 'strict', secure: true } },
  ],
  [
    'sameSite: none without secure',
    'WECHAT_COOKIE_SAME_SITE',
    /SameSite=None without Secure.*Use sameSite: 'lax'/,
    { ...behindNginx, cookie: { sameSite: 'none', secure: false } },
  ],
  [
    'a secure cookie over http',
    'WECHAT_COOKIE_SECURE',
    /browsers use http for this app\. Serve the app over https, or leave `secure` out/,
    { cookie: { secure: true }, at: 'http://h5.example.com/login' },
  ],
  [
    'a secure cookie behind a proxy that is not trusted',
    'WECHAT_COOKIE_SECURE',
    /does not trust the proxy, which.*app\.set\('trust proxy', 1\).*proxy: true/,
    { ...behindNginx, trustsProxy: false, cookie: { secure: true } },
  ],
  [
    'a secure cookie behind a proxy that is not trusted, without baseURL',
    'WECHAT_COOKIE_SECURE',
    /does not trust the proxy, which/,
    { browser: NGINX, cookie: { secure: true } },
  ],
  [
    'a secure cookie behind a proxy that ends TLS and does not say so',
    'WECHAT_COOKIE_SECURE',
    /baseURL is https:.*Let the proxy that ends TLS set X-Forwarded-Proto: https/,
    { ...withBase(), cookie: { secure: true } },
  ],
  [
    'a secure cookie behind a trusted proxy that does not name the scheme',
    'WECHAT_COOKIE_SECURE',
    /Let the proxy that ends TLS set X-Forwarded-Proto: https/,
    { ...withBase(), trustsProxy: true, cookie: { secure: true } },
  ],
  [
    'a secure cookie behind two proxies, of which the inner one says http',
    'WECHAT_COOKIE_SECURE',
    /Let the proxy that ends TLS set X-Forwarded-Proto: https/,
    {
      ...withBase(),
      trustsProxy: true,
      cookie: { secure: true },
      browser: { proxy: () => ({ 'X-Forwarded-Proto': 'http' }) },
    },
  ],
  [
    'a secure cookie, and a baseURL with http:',
    'WECHAT_COOKIE_SECURE',
    /sends the browser back to an http: address\. Write baseURL with https:/,
    { ...behindNginx, ...withBase('http://h5.example.com'), cookie: { secure: true } },
  ],
  [
    'the domain of another host',
    'WECHAT_COOKIE_DOMAIN',
    /\("www\.example\.com" and "h5\.example\.com"\)/,
    { ...behindNginx, cookie: { domain: 'www.example.com' } },
  ],
  [
    'a top-level domain',
    'WECHAT_COOKIE_DOMAIN',
    /its Domain does not match the host of the app \("com" and "h5\.example\.com"\)/,
    { ...behindNginx, cookie: { domain: 'com' } },
  ],
  [
    'a domain on an IP address',
    'WECHAT_COOKIE_DOMAIN',
    /\("example\.com" and "127\.0\.0\.1"\)/,
    { cookie: { domain: '.example.com' }, at: 'http://127.0.0.1:3000/login' },
  ],
  [
    'the path of the login route',
    'WECHAT_COOKIE_PATH',
    /do not send the session cookie to \/callback: its Path is \/login/,
    { ...behindNginx, cookie: { path: '/login' } },
    cookieSessionOnly,
  ],
  [
    'the path of another part of the app',
    'WECHAT_COOKIE_PATH',
    /to \/auth\/callback: its Path is \/shop/,
    {
      app: { mount: '/auth', auth: { baseURL: H5 } },
      at: `${H5}/auth/login`,
      cookie: { path: '/shop' },
      browser: NGINX,
    },
    cookieSessionOnly,
  ],
  [
    'half of a path segment',
    'WECHAT_COOKIE_PATH',
    /to \/auth\/callback: its Path is \/au/,
    { app: { mount: '/auth' }, at: 'http://h5.example.com/auth/login', cookie: { path: '/au' } },
  ],
  [
    'the path of the login route',
    'WECHAT_NO_SESSION',
    /`cookie\.path` \("\/login"\) leaves out a route.*Set `cookie\.path` to '\/'/,
    { ...behindNginx, cookie: { path: '/login' } },
    expressSessionOnly,
  ],
  [
    'the path of another part of the app',
    'WECHAT_NO_SESSION',
    /`cookie\.path` leaves out a route/,
    { ...behindNginx, cookie: { path: '/shop' } },
    expressSessionOnly,
  ],
  [
    'the prefix __Host- and a domain',
    'WECHAT_COOKIE_PREFIX',
    /__Host-.*without a Domain/,
    { ...behindNginx, name: '__Host-session', cookie: { secure: true, domain: 'h5.example.com' } },
  ],
  [
    'the prefix __Host- and a path',
    'WECHAT_COOKIE_PREFIX',
    /__Host-/,
    {
      app: { mount: '/auth', auth: { baseURL: H5 } },
      at: `${H5}/auth/login`,
      browser: NGINX,
      trustsProxy: true,
      name: '__Host-session',
      cookie: { secure: true, path: '/auth' },
    },
  ],
  [
    'the prefix __Secure- without secure',
    'WECHAT_COOKIE_PREFIX',
    /__Secure-.*Make it Secure/,
    { ...behindNginx, name: '__Secure-session', cookie: { secure: false } },
  ],
  [
    'maxAge in seconds',
    'WECHAT_COOKIE_MAX_AGE',
    /lives for 3\.6 s.*`maxAge` \(in ms\)/,
    {
      ...behindNginx,
      cookie: { maxAge: 3600 },
      beforeCallback: () => jest.setSystemTime(Date.now() + 10_000),
    },
  ],
  [
    'a signature cookie that is lost on the way',
    'WECHAT_COOKIE_SIGNATURE',
    /"session" arrived without its signature, the cookie "session\.sig"/,
    {
      ...behindNginx,
      browser: { ...NGINX, onSetCookie: (line) => (line.startsWith('session.sig') ? undefined : line) },
    },
    cookieSessionOnly,
  ],
  [
    "another app's cookie of the same name, on a longer path",
    'WECHAT_COOKIE_NAME',
    /another cookie has the name of the session cookie, "session"/,
    { ...behindNginx, beforeCallback: foreignCookie('Path=/callback; Secure') },
  ],
  [
    "another app's cookie of the same name, which replaces ours",
    'WECHAT_COOKIE_NAME',
    /another value of the session cookie "session", whose session does not exist.*logged the user out/,
    { ...behindNginx, beforeCallback: foreignCookie('Path=/') },
  ],
  [
    'two processes, each with its own sessions',
    'WECHAT_SESSION_GONE',
    /its session was gone\. Several processes need one session store.*one session key/,
    { ...behindNginx, processes: 2 },
  ],
  [
    'a store that is emptied',
    'WECHAT_SESSION_GONE',
    /its session was gone/,
    {
      ...behindNginx,
      beforeCallback: ({ stores }) => {
        for (const store of stores) store.clear();
      },
    },
    expressSessionOnly,
  ],
  [
    'pages on another host than baseURL',
    'WECHAT_OTHER_HOST',
    /started at "www\.example\.com", but WeChat sent the browser back to "h5\.example\.com"/,
    { ...behindNginx, at: 'https://www.example.com/login' },
  ],
  [
    'localhost and 127.0.0.1',
    'WECHAT_OTHER_HOST',
    /started at "localhost", but WeChat sent the browser back to "127\.0\.0\.1"/,
    {
      ...withBase('http://127.0.0.1:3000'),
      at: 'http://localhost:3000/login',
      // In production, they may be the addresses of a proxy.
      environments: ['test'],
    },
  ],
  [
    'a frame of another site',
    'WECHAT_FRAME',
    /in a frame \(iframe\).*target="_top"/,
    { ...behindNginx, cookie: { sameSite: 'lax', secure: true }, browser: { ...NGINX, isFramed: true } },
  ],
  [
    'a frame of another site, in a browser that refuses third-party cookies',
    'WECHAT_FRAME',
    /in a frame \(iframe\)/,
    {
      ...behindNginx,
      cookie: { sameSite: 'none', secure: true },
      browser: { ...NGINX, isFramed: true, acceptsCookies: false },
    },
  ],
  [
    'no session middleware',
    'WECHAT_NO_SESSION',
    /Mount cookie-session or express-session/,
    { session: () => null },
  ],
  [
    'a session that the app has set to null',
    'WECHAT_NO_SESSION',
    /The session of this request has ended: the app has set req\.session to null/,
    {
      session: (session) => (req, res, next) => {
        session(req, res, (error) => {
          Object.assign(req, { session: null });
          next(error);
        });
      },
    },
  ],
  [
    'a store that is disconnected',
    'WECHAT_LOGIN_FAILED',
    /The session store is disconnected/,
    { ...behindNginx, beforeCallback: ({ stores }) => stores.map((store) => store.emit('disconnect')) },
    expressSessionOnly,
  ],
];

it('a proxy that names the scheme only at the login does not make the console ask for an https: baseURL', async () => {
  const proxy = ({ host, pathname }: URL): Record<string, string> => ({
    Host: host,
    ...(pathname === '/login' && { 'X-Forwarded-Proto': 'https' }),
  });
  await logIn(
    'express-session',
    'Express 5',
    { ...withBase(), cookie: { secure: true }, browser: { proxy } },
    'test',
  );
  expect(warnings.map(({ message }) => message)).toEqual([
    expect.stringMatching(/does not trust the proxy|trust proxy/),
    expect.stringMatching(/baseURL is https:.*Let the proxy that ends TLS set X-Forwarded-Proto: https/),
  ]);
});

const rows = HOSTS.flatMap((host) => SESSION_NAMES.map((kind) => ({ host, kind })));

describe.each(rows)('on $host with $kind, a login that is lost', ({ host, kind }) => {
  beforeEach(useFakeDate);

  const ours = BROKEN.filter(([, , , , applies]) => applies?.(host, kind) ?? true).map(
    ([what, code, text, configuration]) => ({ what, code, text, configuration }),
  );
  it.each(ours)('because of $what names $code and nothing else', async ({ code, text, configuration }) => {
    for (const environment of configuration.environments ?? ENVIRONMENTS) {
      warnings.length = 0;
      await Promise.all(apps.splice(0).map((app) => app.close()));
      const end = await logIn(kind, host, configuration, environment);
      const about = warnings.filter(({ code: each }) => each !== 'WECHAT_NO_BASE_URL');
      expect(about.map((warning) => warning.code)).toEqual([code]);
      expect(about[0]?.message).toMatch(text);
      if (environment === 'production')
        expect(end.body).not.toMatch(/cookie|proxy|session middleware|iframe/);
    }
  });
});

/** Timers stay real. The test sets the clock. */
function useFakeDate(): void {
  jest.useFakeTimers({
    doNotFake: [
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
      'setTimeout',
      'clearTimeout',
    ],
  });
}

let hops = 0;

const HEALTHY: readonly (readonly [what: string, Configuration, applies?: Applies])[] = [
  ['plain http', { at: 'http://h5.example.com/login?returnTo=/me' }],
  ['http on localhost', { at: 'http://localhost:3000/login?returnTo=/me' }],
  ['https behind a trusted proxy', { ...behindNginx, cookie: { secure: true, sameSite: 'lax' } }],
  [
    'https behind a trusted proxy, without baseURL',
    { trustsProxy: true, browser: NGINX, cookie: { secure: true, sameSite: 'lax' } },
    // Connect does not tell us the scheme: without baseURL, the redirect URI is an http: address.
    expressOnly,
  ],
  ['a proxy that is not trusted, and a cookie without secure', { ...behindNginx, trustsProxy: false }],
  [
    'a proxy that sends its own address as Host',
    { ...withBase(), browser: { proxy: () => ({ Host: '127.0.0.1:3000' }) } },
  ],
  [
    'a service of a cluster as Host',
    { ...withBase(), browser: { proxy: () => ({ Host: 'app.default.svc' }) } },
  ],
  [
    'a CDN whose Host changes with each request',
    { ...withBase(), browser: { proxy: () => ({ Host: `edge-${++hops}.cdn.example.net` }) } },
  ],
  [
    'a dev server on another port',
    { ...withBase('http://localhost:3000'), at: 'http://localhost:5173/login?returnTo=/me' },
  ],
  [
    'the cookie of a parent domain, for two hosts',
    { ...behindNginx, at: 'https://www.example.com/login?returnTo=/me', cookie: { domain: '.example.com' } },
  ],
  [
    'the prefix __Host-',
    { ...behindNginx, name: '__Host-session', cookie: { secure: true, sameSite: 'lax' } },
  ],
  ['sameSite: none with secure', { ...behindNginx, cookie: { secure: true, sameSite: 'none' } }],
  [
    'sameSite: none with secure, in a frame of another site',
    { ...behindNginx, cookie: { secure: true, sameSite: 'none' }, browser: { ...NGINX, isFramed: true } },
  ],
  ['maxAge of a month', { ...behindNginx, cookie: { maxAge: 30 * 86_400_000 } }],
  ['a short maxAge, and a user who is quick', { ...behindNginx, cookie: { maxAge: 60_000 } }],
  [
    'a path that the routes begin with',
    {
      app: { mount: '/auth' },
      at: 'http://h5.example.com/auth/login?returnTo=/auth/me',
      cookie: { path: '/auth' },
    },
  ],
  [
    "another app's cookie of the same name, on a path of its own",
    {
      ...behindNginx,
      beforeCallback: async ({ browser }) => {
        await browser.jar.setCookie('session=foreign; Path=/shop', `${H5}/shop`);
      },
    },
  ],
];

describe.each(rows)('on $host with $kind, a login that works', ({ host, kind }) => {
  const ours = HEALTHY.filter(([, , applies]) => applies?.(host, kind) ?? true).map(
    ([what, configuration]) => ({ what, configuration }),
  );
  it.each(ours)('causes no warning: $what', async ({ configuration }) => {
    for (const environment of ENVIRONMENTS) {
      await Promise.all(apps.splice(0).map((app) => app.close()));
      const end = await logIn(kind, host, configuration, environment);
      expect(end.location).toMatch(/\/me#?$/);
      // Without baseURL, production says so, whatever else it does.
      expect(warnings.filter(({ code }) => code !== 'WECHAT_NO_BASE_URL')).toEqual([]);
    }
  });

  it('causes no warning if the browser refuses all cookies', async () => {
    const browser = { ...NGINX, acceptsCookies: false };
    const end = await logIn(kind, host, {
      ...behindNginx,
      cookie: { secure: true, sameSite: 'lax' },
      browser,
    });
    // The page explains the kind of the error, and names no cause.
    const explained = [...end.body.matchAll(/<li><strong>(.*?)<\/strong>/g)].map(([, what]) => what);
    expect([end.status, explained]).toEqual([400, [WHAT_HAPPENED.login_loop]]);
    expect(end.body).toContain('login_loop');
    expect(warnings).toEqual([]);
  });

  it('causes no warning if somebody opens a made-up callback', async () => {
    await logIn(kind, host, { ...behindNginx, cookie: { secure: true } });
    const browser = new PublicBrowser({ app: () => apps[0]?.url ?? '', ...NGINX });
    for (const digit of ['0', '1', '2'])
      await browser.get(`${H5}/callback?code=x&state=${digit}${'a'.repeat(32)}`, true);
    await browser.get(`${H5}/callback?code=x&state=made-up`, true);
    expect(warnings).toEqual([]);
  });
});

describe('a lost login behind a proxy, or at another process', () => {
  /** A login whose cookies the browser refuses. Each request has the headers that the proxy gives it. */
  async function lost(configuration: Configuration, environment: Environment): Promise<readonly string[]> {
    const end = await logIn(
      'cookie-session',
      'Express 5',
      { ...configuration, browser: { ...configuration.browser, acceptsCookies: false } },
      environment,
    );
    expect(end.status).toBe(400);
    return warnings.map(({ code }) => code);
  }

  it('names no cause if the requests of one public host reach the app under internal names', async () => {
    const browser = { proxy: () => ({ Host: `app-${++hops}.default.svc` }) };
    expect(await lost({ ...withBase(), browser }, 'production')).toEqual([]);
  });

  it('names no cause if the cookie belongs to a parent domain of both hosts', async () => {
    const cookie = { domain: '.example.com' };
    expect(await lost({ ...behindNginx, at: 'https://www.example.com/login', cookie }, 'test')).toEqual([]);
  });

  it('names no cause if only the Host header changes: X-Forwarded-Host is the host that the browser sees', async () => {
    const browser = {
      proxy: (url: URL) => ({ Host: `edge-${++hops}.cdn.example.net`, 'X-Forwarded-Host': url.host }),
    };
    expect(await lost({ ...withBase(), browser }, 'production')).toEqual([]);
  });

  it('names the hosts of X-Forwarded-Host, even if the Host header is always the same', async () => {
    const browser = {
      proxy: (url: URL) => ({ Host: 'app.default.svc', 'X-Forwarded-Host': url.host }),
    };
    const at = 'https://www.example.com/login';
    expect(await lost({ ...withBase(), at, browser }, 'production')).toEqual(['WECHAT_OTHER_HOST']);
  });

  it('names two cookies of one name, even if another process started the login', async () => {
    await logIn('cookie-session', 'Express 5', { at: 'http://h5.example.com/public' });
    const page = await new Browser(apps[0]?.url ?? '', 'MicroMessenger').get(
      `/callback?code=x&state=1${'0'.repeat(32)}`,
      { cookie: 'session=foreign; session.sig=foreign; session=ours' },
    );
    expect(page.status).toBe(400);
    expect(warnings.map(({ code }) => code)).toEqual(['WECHAT_COOKIE_NAME']);
  });
});
