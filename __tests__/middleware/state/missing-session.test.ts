// Each reason for which a request has no session, and what the response and the console say.
import express from 'express';
import { cookies, startApp, type AppOptions, type TestApp } from '../../support/app';
import { Browser } from '../../support/browser';
import { emulator, useEmulator } from '../../support/emulator';
import { HOSTS, type Middleware } from '../../support/hosts';
import { FaultySessionStore, serverSessions, SESSION_NAMES, SESSIONS } from '../../support/sessions';
import { useWarnings } from '../../support/warnings';

const JSON_ONLY = { Accept: 'application/json' };

useEmulator();
const warnings = useWarnings();
const apps: TestApp[] = [];

afterEach(async () => {
  process.env['NODE_ENV'] = 'test';
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start(options: AppOptions): Promise<TestApp> {
  const auth = { dangerouslyAllowEmulatorInProduction: true, ...options.auth };
  const app = await startApp(emulator, { ...options, auth });
  apps.push(app);
  return app;
}

/** The status and the message of the page that a browser gets. */
async function responseOf(app: TestApp, path = '/login'): Promise<[status: number, message: string]> {
  // Not as a script, which would get 401 from the login route.
  const { status, body } = await Browser.inWechat(app.url).get(path, {
    headers: { 'Accept-Language': 'en' },
  });
  return [
    status,
    /<pre>([\s\S]*?)<\/pre>/.exec(body)?.[1]?.replaceAll('&#39;', "'").replaceAll('&quot;', '"') ?? '',
  ];
}

const ended = (session: Middleware, end: (req: Record<string, unknown>) => void): Middleware => {
  return (req, res, next) => {
    session(req, res, (error) => {
      end(req as unknown as Record<string, unknown>);
      next(error);
    });
  };
};

describe.each(HOSTS)('a request without a session, on %s', (host) => {
  it('is told to mount one, if there is none', async () => {
    const [status, message] = await responseOf(await start({ host, session: null }));
    expect([status, message]).toEqual([
      500,
      expect.stringContaining('Mount cookie-session or express-session'),
    ]);
  });

  // It parses the path as express-session does, and leaves the same trace on the request.
  const files = express.static(__dirname) as unknown as Middleware;

  it('is told to mount one behind express.static(), too', async () => {
    const app = await start({ host, session: null, before: (each) => each.use(files) });
    const [status, message] = await responseOf(app);
    expect([status, message]).toEqual([
      500,
      expect.stringContaining('Mount cookie-session or express-session'),
    ]);
  });

  it('is told that cookie.path leaves the routes out behind express.static(), too', async () => {
    const session = serverSessions(undefined, { cookie: { path: '/app' } });
    const app = await start({ host, session, before: (each) => each.use(files) });
    expect(await responseOf(app)).toEqual([500, expect.stringContaining('`cookie.path` leaves out a route')]);
  });

  it.each(SESSION_NAMES)('is told that the app has set it to null (%s)', async (kind) => {
    const session = ended(SESSIONS[kind](), (req) => {
      req['session'] = null;
    });
    const app = await start({ host, session });
    for (const path of ['/login', '/me', '/logout', '/callback?code=x&state=y']) {
      const [status, message] = await responseOf(app, path);
      expect([status, message]).toEqual([500, expect.stringContaining('req.session to null')]);
      expect(message).not.toContain('Mount');
    }
    expect(warnings.map(({ code }) => code)).toEqual(['WECHAT_NO_SESSION']);
  });

  it('is told that the app has destroyed it', async () => {
    const session = ended(serverSessions(), (req) => {
      (req['session'] as { destroy(done: () => void): void }).destroy(() => undefined);
    });
    expect(await responseOf(await start({ host, session }))).toEqual([
      500,
      expect.stringContaining('has destroyed it'),
    ]);
  });

  it('is told that cookie.path leaves the routes out, at the first request', async () => {
    const app = await start({ host, session: serverSessions(undefined, { cookie: { path: '/app' } }) });
    const [status, message] = await responseOf(app);
    expect([status, message]).toEqual([500, expect.stringContaining('`cookie.path` leaves out a route')]);
    expect(message).not.toContain('Mount cookie-session');
  });

  it('is told the cookie.path, once a session has shown it', async () => {
    const app = await start({ host, session: serverSessions(undefined, { cookie: { path: '/me' } }) });
    expect((await Browser.inWechat(app.url).get('/me')).status).toBe(302);
    expect(await responseOf(app)).toEqual([500, expect.stringContaining('`cookie.path` ("/me") leaves out')]);
  });

  it.each([
    ['at the first request', false],
    ['after a login', true],
  ])('is told that the store is disconnected, %s, with 503 until it is connected', async (_when, isLater) => {
    const store = new FaultySessionStore();
    const app = await start({ host, session: serverSessions(store) });
    if (isLater) await Browser.inWechat(app.url).logIn(emulator, '/me');
    store.emit('disconnect');
    expect(await responseOf(app)).toEqual([
      503,
      expect.stringContaining('The session store is disconnected'),
    ]);
    expect(warnings.map(({ code }) => code)).toEqual(['WECHAT_LOGIN_FAILED']);
    process.env['NODE_ENV'] = 'production';
    const page = await Browser.inWechat(app.url).get('/login');
    expect(page.body).toContain('网站暂时无法保存登录信息');
    expect(page.body).not.toContain('配置有误');
    process.env['NODE_ENV'] = 'test';
    store.emit('connect');
    expect((await Browser.inWechat(app.url).logIn(emulator, '/me')).status).toBe(200);
  });

  it('is not told of a store, if the session is mounted elsewhere, or after wechatAuth()', async () => {
    const elsewhere = await start({
      host,
      session: null,
      before: (app) => app.use('/shop', serverSessions()),
    });
    const after = await start({ host, session: null, routes: (app) => app.use(serverSessions()) });
    for (const app of [elsewhere, after]) {
      const [status, message] = await responseOf(app);
      expect([status, message]).toEqual([500, expect.stringContaining('before wechatAuth()')]);
    }
  });

  it('names each reason once on the console', async () => {
    let isNull = false;
    const inner = cookies();
    const session: Middleware = (req, res, next) => {
      if (!isNull) next();
      else ended(inner, (each) => void (each['session'] = null))(req, res, next);
    };
    const app = await start({ host, session });
    for (const each of [false, true, false, true]) {
      isNull = each;
      await Browser.inWechat(app.url).get('/login', { headers: JSON_ONLY });
      await Browser.inWechat(app.url).get('/login');
    }
    expect(warnings.map(({ message }) => /Mount|null/.exec(message)?.[0])).toEqual(['Mount', 'null']);
  });
});
