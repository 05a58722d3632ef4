// A third-party platform acts for the official account: whole logins over HTTP against the emulator.
import type { Emulator } from '../../../lib/emulator';
import { MemoryTokenStore, wechatAuth, type TokenStore } from '../../../lib';
import { cookies, sendJSON, type TestRequest } from '../../support/app';
import { Browser } from '../../support/browser';
import { Canaries, everythingIn } from '../../support/canaries';
import { createHost, HOSTS, listen, type HostName, type Running } from '../../support/hosts';
import { paramIn } from '../../support/login';
import { useWarnings } from '../../support/warnings';
import {
  accountOf,
  credentialsOf,
  OFFICIAL,
  PLATFORM,
  shopOfHost,
  startEmulator,
  startShops,
  Visitor,
  WEBSITE,
} from './shops';

const warnings = useWarnings();
let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());
const running: Running[] = [];
afterEach(async () => {
  emulator.clearFaults();
  await Promise.all(running.splice(0).map((each) => each.close()));
});

/** Gets a token of the platform, as an app does with the ticket that WeChat pushes to it. */
async function platformToken(): Promise<string> {
  const response = await fetch(`${emulator.url}/cgi-bin/component/api_component_token`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      component_appid: PLATFORM,
      component_appsecret: 'of the platform',
      component_verify_ticket: 'ticket',
    }),
  });
  return ((await response.json()) as { component_access_token: string }).component_access_token;
}

interface PlatformOptions {
  readonly host?: HostName;
  readonly accessToken?: () => string | Promise<string>;
  readonly tokenStore?: TokenStore;
  readonly errors?: unknown[];
}

async function start({
  host = 'Express 5',
  accessToken = platformToken,
  tokenStore,
  errors = [],
}: PlatformOptions = {}): Promise<Browser> {
  const app = createHost(host);
  app.use(cookies());
  app.use(
    wechatAuth({
      appId: OFFICIAL.a.appId,
      component: { appId: PLATFORM, accessToken },
      website: credentialsOf(WEBSITE.a),
      endpoints: emulator.endpoints,
      tokenStore,
      onError: (error, _req, res) => {
        errors.push(error);
        res.statusCode = error.status;
        sendJSON(res, { kind: error.kind, message: error.message });
      },
    }),
  );
  app.use('/token', (req, res) => {
    void (req as TestRequest).wechat.getAccessToken().then(
      (token) => sendJSON(res, token),
      (error: unknown) => {
        errors.push(error);
        sendJSON(res, (error as { kind: string }).kind);
      },
    );
  });
  app.use('/link', (req, res) => sendJSON(res, (req as TestRequest).wechat.loginURL({ data: 'signed' })));
  app.use((req, res) => sendJSON(res, (req as TestRequest).wechat.user));
  const listening = await listen(app);
  running.push(listening);
  return Browser.inWechat(listening.url);
}

const paths = (): string[] =>
  emulator.requests.filter(({ path }) => path.startsWith('/sns')).map(({ path }) => path);

describe.each(HOSTS)('an account for which a platform acts, on %s', (host) => {
  it('logs users in: authorize, exchange and userinfo', async () => {
    emulator.reset();
    const browser = await start({ host });
    const sent = await browser.get('/login');
    expect(sent.location).toMatch(new RegExp(`&state=\\w{33}&component_appid=${PLATFORM}#wechat_redirect$`));
    expect((await browser.logIn(emulator, '/login')).json()).toMatchObject({ nickname: '小明' });
    expect(paths()).toEqual(['/sns/oauth2/component/access_token', '/sns/userinfo']);
  });
});

describe('an account for which a platform acts', () => {
  it('refreshes tokens through the platform', async () => {
    const tokenStore = new MemoryTokenStore();
    const before = await start({ tokenStore });
    const { openid } = (await before.logIn(emulator, '/login')).json() as { openid: string };
    const key = `${OFFICIAL.a.appId}:${openid}`;
    const token = await tokenStore.get(key);
    if (token) await tokenStore.set(key, { ...token, create_at: Date.now() - 3 * 60 * 60_000 }, 60_000);
    // Another process, whose cache is empty.
    const after = await start({ tokenStore });
    const response = await after.get('/token', { cookie: before.cookies() });
    expect(response.json()).toEqual(expect.any(String));
    expect(paths().at(-1)).toBe('/sns/oauth2/component/refresh_token');
  });

  it('uses the website app without the platform', async () => {
    const browser = await start();
    const pc = browser.as('Mozilla/5.0 (Windows NT 10.0; Win64; x64)');
    const sent = await pc.get('/login');
    expect(paramIn(sent.location, 'appid')).toBe(WEBSITE.a.appId);
    expect(sent.location).not.toContain('component_appid');
    // The AppSecret of the website app signs links.
    expect((await pc.get('/link')).json()).toMatch(/^\/login\?data=/);
  });

  it('asks the app for the token when it needs one, and not before', async () => {
    const accessToken = jest.fn(platformToken);
    const browser = await start({ accessToken });
    const callback = (await browser.get('/login')).location;
    expect(accessToken).not.toHaveBeenCalled();
    await browser.follow((await emulator.authorize(callback)) ?? '');
    expect(accessToken).toHaveBeenCalledTimes(1);
  });

  it('fails with kind config if the app has no token', async () => {
    const browser = await start({ accessToken: () => Promise.reject(new Error('no ticket yet')) });
    const response = await browser.logIn(emulator, '/login');
    expect([response.status, response.json()]).toMatchObject([500, { kind: 'config' }]);
    expect(warnings).toContainEqual({
      code: 'WECHAT_LOGIN_FAILED',
      message: expect.stringContaining('component.accessToken() failed') as string,
      detail: expect.stringMatching(/^Error: no ticket yet[^]*platform\.test\.ts/) as string,
    });
  });

  it.each([61003, 61007, 42006, 41018])('reports errcode %d as kind credentials', async (errcode) => {
    emulator.fail('component/access_token', { errcode });
    const response = await (await start()).logIn(emulator, '/login');
    expect(response.json()).toMatchObject({ kind: 'credentials' });
  });

  it('hides the token of the platform wherever a failure shows', async () => {
    const token = 'component-token-9f8e7d6c5b4a39281706';
    const canaries = new Canaries({ component_access_token: token });
    const errors: unknown[] = [];
    const browser = await start({ accessToken: () => token, errors });
    emulator.fail('component/access_token', { errcode: 40001, errmsg: `invalid token ${token}` });
    const response = await browser.logIn(emulator, '/login');
    const shown = [
      response.body,
      JSON.stringify(response.headers),
      ...errors.map((each) => everythingIn(each)),
    ];
    const printed = warnings.map(({ message }) => message);
    for (const text of [...shown, ...printed]) expect(canaries.search(text)).toEqual([]);
    expect(errors).toHaveLength(1);
  });

  it('may be one of many accounts', async () => {
    const shops = await startShops(emulator, (req) => {
      const shop = shopOfHost(req);
      if (shop !== 'a') return accountOf(shop);
      return { appId: OFFICIAL.a.appId, component: { appId: PLATFORM, accessToken: platformToken } };
    });
    running.push(shops);
    const visitor = new Visitor(shops, emulator);
    expect((await visitor.logIn('a')).location).toBe('/me#');
    expect((await visitor.who('a')).links).toEqual(['config']);
    expect((await visitor.logIn('b')).location).toBe('/me#');
    expect((await visitor.who('a')).user).toBeNull();
  });
});
