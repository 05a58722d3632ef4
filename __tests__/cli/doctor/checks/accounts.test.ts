// One account of an app that serves many (--account), and an account that a third-party platform acts for.
import type { Emulator } from '../../../../lib/emulator';
import {
  OFFICIAL,
  PLATFORM,
  accountOf,
  shopOfHost,
  startEmulator,
  startShops,
  type Shops,
} from '../../../middleware/accounts/shops';
import { listen } from '../../../support/hosts';
import { doctor, examine, type Report } from '../run-doctor';

let emulator: Emulator;
let shops: Shops;
beforeAll(async () => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  emulator = await startEmulator();
  shops = await startShops(emulator, (req) => {
    const shop = shopOfHost(req);
    if (shop !== 'c') return accountOf(shop);
    return { appId: OFFICIAL.c.appId, component: { appId: PLATFORM, accessToken: () => 'a token' } };
  });
});
afterAll(async () => {
  jest.restoreAllMocks();
  await shops.close();
  await emulator.close();
});

const wechat = (): string[] => ['--open-url', emulator.url, '--api-url', emulator.url];

async function withShopsByPath(use: (url: string) => Promise<void>): Promise<void> {
  const byPath = await startShops(emulator, (req) => accountOf((req.originalUrl ?? '').split('/')[1] ?? ''), {
    mount: '/:shop',
  });
  try {
    await use(byPath.url);
  } finally {
    await byPath.close();
  }
}

const SECRET_OF_B = { input: OFFICIAL.b.appSecret };

describe('doctor --account', () => {
  it('checks the account of a host, without the credentials of the environment', async () => {
    const report = await examine(['--account', 'http://b.example.com', '--url', shops.url, ...wechat()], {
      WECHAT_APP_ID: OFFICIAL.a.appId,
      WECHAT_APP_SECRET: OFFICIAL.a.appSecret,
    });
    expect(report.check('login-in-wechat')).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining(OFFICIAL.b.appId) as string,
    });
  });

  // Under development no proxy adds TLS, so https would fail three checks of an app that works.
  describe('with a host that has no scheme', () => {
    let local: Shops;
    beforeAll(async () => {
      local = await startShops(emulator, ({ headers }) =>
        accountOf((headers.host ?? '').split('.')[0] ?? ''),
      );
    });
    afterAll(() => local.close());
    const portOf = ({ url }: Shops): string => new URL(url).port;
    const APP_CHECKS = ['login-in-wechat', 'redirect-uri', 'session-cookie', 'callback', 'login-page'];

    it.each<[string, (port: string) => string]>([
      ['a host of this machine', () => 'b.localhost'],
      ['a host of this machine with a port', (port) => `b.localhost:${port}`],
      ['another host with the port of --url', (port) => `b.example.test:${port}`],
      ['an address', (port) => `http://b.localhost:${port}`],
    ])('checks %s with the scheme and the port of --url', async (_what, hostOf) => {
      const args = ['--account', hostOf(portOf(local)), '--app-id', OFFICIAL.b.appId, '--app-secret', '-'];
      const report = await examine([...args, '--url', local.url, ...wechat()], {}, SECRET_OF_B);
      const { host } = new URL(hostOf(portOf(local)).replace(/^(?!http)/, 'http://'));
      const origin = `http://${host.includes(':') ? host : `${host}:${portOf(local)}`}`;
      expect(report.check('redirect-uri').detail).toBe(`${origin}/callback`);
      expect(report.bad).toEqual([]);
      for (const id of APP_CHECKS) expect([id, report.statuses[id]]).toEqual([id, 'ok']);
    });

    it.each(['b.example.com', 'b.example.com:8443', 'b.localhost.example.com'])(
      'checks %s with https',
      async (host) => {
        const { check } = await examine(['--account', host, '--url', local.url, ...wechat()]);
        expect(check('base-url').detail).toContain(`https://${host}`);
      },
    );

    it('finds a host below localhost on this machine, as browsers do', async () => {
      const url = `http://b.localhost:${portOf(local)}`;
      const args = ['--account', 'b.localhost', '--url', url, '--app-id', OFFICIAL.b.appId];
      const { statuses, check } = await examine([...args, '--app-secret', '-', ...wechat()], {}, SECRET_OF_B);
      expect(check('redirect-uri').detail).toBe(`${url}/callback`);
      for (const id of APP_CHECKS) expect([id, statuses[id]]).toEqual([id, 'ok']);
    });

    it('checks a host of this machine with https if --url has https', async () => {
      const { check } = await examine([
        '--account',
        'b.localhost',
        '--url',
        'https://127.0.0.1:1',
        ...wechat(),
      ]);
      expect(check('base-url').detail).toBe('https://b.localhost:1');
    });
  });

  it.each([
    ['a host', ['--account', 'http://z.example.com'], /account` may return no account for this host or path/],
    [
      'an AppID without the host',
      ['--account', OFFICIAL.a.appId],
      /--app-id, and the host or the path of the/,
    ],
    [
      'an AppID, and a host of no account',
      ['--account', OFFICIAL.a.appId, '--base-url', 'http://z.example.com'],
      /account` may return no account for this host or path/,
    ],
  ])('says why the app has no login route for %s', async (_what, args, remedy) => {
    const { check } = await examine([...args, '--url', shops.url, ...wechat()]);
    expect(check('login-in-wechat')).toMatchObject({
      status: 'failed',
      remedy: expect.stringMatching(remedy) as string,
    });
    expect(check('login-in-wechat').remedy).toContain('--mount');
  });

  it('says so for a path of no account, and not for an app of one account', async () => {
    await withShopsByPath(async (url) => {
      const { check } = await examine(['--account', '/zzz', '--url', url, ...wechat()]);
      expect(check('login-in-wechat').remedy).toMatch(/may return no account for this host or path/);
      const other = await examine(['--app-id', OFFICIAL.a.appId, '--url', url, ...wechat()]);
      expect(other.check('login-in-wechat').remedy).toMatch(/^Check that --url/);
      expect(other.check('login-in-wechat').remedy).toContain(
        'option `account`, name one of its accounts: --account',
      );
    });
  });

  it('asks to remove the baseURL of an app whose accounts have hosts of their own', async () => {
    const fixed = await startShops(emulator, (req) => accountOf(shopOfHost(req)), {
      auth: { baseURL: 'http://a.example.com' },
    });
    try {
      const { check } = await examine(['--account', 'http://b.example.com', '--url', fixed.url, ...wechat()]);
      expect(check('redirect-uri')).toMatchObject({
        status: 'failed',
        remedy: expect.stringContaining('remove the option `baseURL` and WECHAT_BASE_URL') as string,
      });
    } finally {
      await fixed.close();
    }
  });

  it.each([['http://b.example.com'], ['/b']])(
    'says that the running app shows the AppID of %s, without an AppSecret, too',
    async (account) => {
      const { check } = await examine(['--account', account, '--url', shops.url, ...wechat()]);
      expect(check('app-id')).toMatchObject({
        status: 'skipped',
        detail: 'taken from the running app, see below',
      });
      const alone = await examine(['--account', account, ...wechat()]);
      expect(alone.check('app-id')).toMatchObject({
        status: 'failed',
        remedy: expect.stringMatching(/--url .*--app-id/) as string,
      });
    },
  );

  it('fails if the account of the host is another one', async () => {
    const { check } = await examine([
      ...['--account', 'http://b.example.com', '--app-id', OFFICIAL.a.appId],
      ...['--url', shops.url, ...wechat()],
    ]);
    expect(check('login-in-wechat')).toMatchObject({
      status: 'failed',
      detail: `the app uses AppID ${OFFICIAL.b.appId}, and not ${OFFICIAL.a.appId}`,
    });
  });

  it('checks the account of an AppID, and not a secret that was not given', async () => {
    const { statuses } = await examine([
      ...['--account', OFFICIAL.a.appId, '--base-url', 'http://a.example.com'],
      ...['--url', shops.url, ...wechat()],
    ]);
    expect(statuses).toMatchObject({
      'app-id': 'ok',
      'app-secret': 'skipped',
      credentials: 'skipped',
      'login-in-wechat': 'ok',
    });
  });

  it('checks the account of a path', async () => {
    await withShopsByPath(async (url) => {
      const { check } = await examine(['--account', '/c', '--url', url, ...wechat()]);
      expect(check('login-in-wechat').detail).toContain(OFFICIAL.c.appId);
      expect(check('redirect-uri').detail).toContain('/c/callback');
    });
  });

  const withSecret = async (args: readonly string[], input = SECRET_OF_B.input): Promise<Report> =>
    examine([...args, '--app-secret', '-', ...wechat()], {}, { input });

  it('takes the AppID from the running app, to check the AppSecret that was given', async () => {
    const { statuses, check, exit } = await withSecret([
      ...['--account', 'http://b.example.com', '--url', shops.url],
    ]);
    expect(statuses).toMatchObject({
      'app-id': 'skipped',
      'app-secret': 'ok',
      credentials: 'ok',
      'login-page': 'ok',
      'login-in-wechat': 'ok',
    });
    expect(check('login-in-wechat').detail).toContain(OFFICIAL.b.appId);
    expect(exit).toBe(0);
    const exchange = emulator.requests.filter(({ path }) => path === '/sns/oauth2/access_token').at(-1);
    expect(exchange?.query['appid']).toBe(OFFICIAL.b.appId);
  });

  it('refuses the AppSecret of another account', async () => {
    const args = ['--account', 'http://b.example.com', '--url', shops.url];
    const { check } = await withSecret(args, OFFICIAL.a.appSecret);
    expect(check('credentials')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('40125') as string,
    });
  });

  it('takes the AppID from an app by path', async () => {
    await withShopsByPath(async (url) => {
      const { statuses } = await withSecret(['--account', '/b', '--url', url]);
      expect(statuses).toMatchObject({ credentials: 'ok', 'login-in-wechat': 'ok' });
      const other = await withSecret(['--account', '/a', '--url', url]);
      expect(other.check('credentials').status).toBe('failed');
    });
  });

  it('needs the running app or the AppID for an AppSecret', async () => {
    const { check } = await withSecret(['--account', 'http://b.example.com']);
    expect(check('app-id')).toMatchObject({
      status: 'failed',
      remedy: expect.stringMatching(/--url .*--app-id/) as string,
    });
    expect(check('credentials').status).toBe('skipped');
  });

  it.each([
    ['no login', '/nothing'],
    ['an empty AppID', '/connect/oauth2/authorize?appid='],
    ['an AppID with a quote', '/connect/oauth2/authorize?appid=%22wx0000000000000a01%22'],
  ])('sends no AppSecret to WeChat if the running app shows %s', async (_what, location) => {
    const app = await listen((_req, res) => {
      res.writeHead(302, { Location: emulator.url + location }).end();
    });
    const before = emulator.requests.length;
    try {
      const { check } = await withSecret(['--account', '/b', '--url', app.url]);
      expect(check('credentials').status).toBe('skipped');
      expect(check('login-page').status).toBe('skipped');
    } finally {
      await app.close();
    }
    const sent = emulator.requests.slice(before).map(({ query }) => JSON.stringify(query));
    expect(sent.join()).not.toContain(OFFICIAL.b.appSecret);
  });

  it.each([
    ['website', 'website-app-id', '--url'],
    ['mini-program', 'mini-program-app-id', '--mini-program-app-id'],
    ['mobile', 'mobile-app-id', '--mobile-app-id'],
  ])('names the flag that gives the AppID of the %s', async (name, id, flag) => {
    const args = ['--account', 'http://b.example.com', `--${name}-app-secret`, '-', ...wechat()];
    const { check } = await examine(args, { WECHAT_MINI_PROGRAM_APP_ID: OFFICIAL.b.appId }, SECRET_OF_B);
    expect(check(id)).toMatchObject({ status: 'failed', remedy: expect.stringContaining(flag) as string });
  });

  it.each([
    [['--account', 'a b'], '--account is "a b"'],
    [['--account', 'https://a.example.com/x'], '--account is "https://a.example.com/x"'],
    [
      ['--account', 'a.example.com', '--base-url', 'https://b.example.com'],
      '--account already gives the value of --base-url',
    ],
    [
      ['--account', OFFICIAL.a.appId, '--app-id', OFFICIAL.b.appId],
      '--account already gives the value of --app-id',
    ],
  ])('refuses %j', async (args, message) => {
    const { exit, err } = await doctor([...args, '--lang', 'en']);
    expect([exit, err]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('doctor --component-app-id', () => {
  const args = (token: string): string[] => [
    ...['--app-id', OFFICIAL.c.appId, '--component-app-id', PLATFORM, '--component-access-token', token],
    ...['--base-url', 'http://c.example.com', '--url', shops.url, ...wechat()],
  ];

  it('checks the credentials through the platform, and the platform that the app names', async () => {
    const { statuses } = await examine(args('a token of the platform'));
    expect(statuses).toMatchObject({
      'app-secret': 'skipped',
      credentials: 'ok',
      'login-in-wechat': 'ok',
    });
  });

  it('requests WeChat’s page as a login of the platform does', async () => {
    const { check } = await examine(args('a token of the platform'));
    expect(check('login-page').status).toBe('ok');
    const other = ['--component-app-id', 'wx0d0d0d0d0d0d0d0d', '--component-access-token', 'a token'];
    const refused = await examine([
      ...['--app-id', OFFICIAL.c.appId, ...other, '--base-url', 'http://c.example.com', ...wechat()],
    ]);
    expect(refused.check('login-page')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('10015') as string,
      remedy: expect.stringContaining('--component-app-id') as string,
    });
  });

  it.each<[number, string]>([
    [61003, 'has not authorized the third-party platform'],
    [61007, 'has not granted web authorization'],
    [42006, 'component_access_token'],
    [41018, 'component_access_token'],
  ])('reports errcode %d with its remedy', async (errcode, remedy) => {
    emulator.fail('component/access_token', { errcode });
    const { check } = await examine(args('a token of the platform'));
    emulator.clearFaults();
    expect(check('credentials')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining(String(errcode)) as string,
      remedy: expect.stringContaining(remedy) as string,
    });
  });

  it('never prints the token of the platform', async () => {
    const token = 'component-token-9f8e7d6c5b4a39281706';
    emulator.fail('component/access_token', { errcode: 40001, errmsg: `invalid ${token}` });
    const { out, check } = await examine(args(token));
    emulator.clearFaults();
    expect(check('credentials').status).toBe('failed');
    expect(out).not.toContain(token);
  });

  it('fails if the app names no platform', async () => {
    const { check } = await examine([
      ...['--account', 'http://a.example.com', '--app-id', OFFICIAL.a.appId],
      ...['--component-app-id', PLATFORM, '--url', shops.url, ...wechat()],
    ]);
    expect(check('login-in-wechat').detail).toBe('the app names no third-party platform');
  });
});
