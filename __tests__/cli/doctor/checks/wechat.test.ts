// Runs the doctor against an emulator that behaves as WeChat, or a gateway in front of it, is known to do.
import net, { type AddressInfo } from 'node:net';
import { startApp } from '../../../support/app';
import { environmentOf } from '../../../support/emulator';
import { once } from 'node:events';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../../../lib/emulator/index';
import { listen } from '../../../support/hosts';
import { clientsOf, doctor, examine, officialOf, websiteOf, type Env, type Report } from '../run-doctor';

const emulators: Emulator[] = [];
afterEach(() => Promise.all(emulators.splice(0).map((emulator) => emulator.close())));

async function startEmulator(options?: EmulatorOptions): Promise<Emulator> {
  const emulator = await createEmulator(options);
  emulators.push(emulator);
  return emulator;
}

async function examineWith(
  env: (emulator: Emulator) => Env,
  prepare: (emulator: Emulator) => void = () => undefined,
  options?: EmulatorOptions,
): Promise<Report> {
  const emulator = await startEmulator(options);
  prepare(emulator);
  return examine([], env(emulator));
}

const SECRET = 'deadbeefdeadbeefdeadbeefdeadbeef';

describe('the doctor, on the credentials', () => {
  it('accepts them if WeChat refuses the made-up code', async () => {
    const { check, bad } = await examineWith(environmentOf);
    expect(bad).toEqual([]);
    expect(check('credentials').detail).toBe('accepted (a made-up code was refused: 40029)');
    expect(check('website-credentials').status).toBe('ok');
  });

  it('does not accept them if the code gets lost on the way: WeChat has not checked the AppSecret', async () => {
    const { check } = await examineWith(officialOf, (emulator) => {
      emulator.fail('access_token', { errcode: 41008 });
    });
    expect(check('credentials').status).toBe('failed');
    expect(check('credentials').remedy).toMatch(/^A part of the request was lost or changed on the way/);
  });

  it('checks only the apps that are given', async () => {
    expect((await examineWith(officialOf)).statuses).not.toHaveProperty('website-credentials');
    const { statuses } = await examineWith(websiteOf);
    expect(statuses).toMatchObject({ 'website-credentials': 'ok' });
    expect(statuses).not.toHaveProperty('credentials');
    expect(statuses).not.toHaveProperty('app-id');
  });

  it('checks a mini program and a mobile app by the exchange of their codes, and no login page', async () => {
    const base = { WECHAT_BASE_URL: 'https://h5.example.com' };
    const { statuses, bad, check } = await examineWith((emulator) => ({ ...clientsOf(emulator), ...base }));
    expect(bad).toEqual([]);
    expect(statuses).toMatchObject({
      'mini-program-app-id': 'ok',
      'mini-program-app-secret': 'ok',
      'mini-program-credentials': 'ok',
      'mobile-app-id': 'ok',
      'mobile-app-secret': 'ok',
      'mobile-app-credentials': 'ok',
    });
    expect(check('mini-program-credentials').detail).toBe('accepted (a made-up code was refused: 40029)');
    expect(Object.keys(statuses).filter((id) => /login-page|^app-id/.test(id))).toEqual([]);
  });

  it.each([
    ['MINI_PROGRAM_APP', 'mini-program', 'mp.weixin.qq.com > 管理 > 开发管理'],
    ['MOBILE_APP', 'mobile-app', 'open.weixin.qq.com > 管理中心 > 移动应用'],
  ])('reports a wrong secret, a missing one and a wrong AppID of WECHAT_%s', async (name, id, menu) => {
    const examineClients = (env: Env): Promise<Report> =>
      examineWith((emulator) => ({ ...clientsOf(emulator), ...env }));
    const secret = await examineClients({ [`WECHAT_${name}_SECRET`]: SECRET });
    expect(secret.bad).toEqual([`${id}-credentials`]);
    expect(secret.check(`${id}-credentials`).remedy).toContain(menu);
    expect(secret.out).not.toContain(SECRET);
    const idFault = await examineClients({ [`WECHAT_${name}_ID`]: 'gh_0123456789ab' });
    expect(idFault.bad).toContain(id === 'mobile-app' ? 'mobile-app-id' : 'mini-program-app-id');
    const missing = await examineClients({ [`WECHAT_${name}_SECRET`]: '' });
    expect(missing.bad).toContain(id === 'mobile-app' ? 'mobile-app-secret' : 'mini-program-app-secret');
  });

  it('checks the verification file and the relay of an app to which only clients with codes log in', async () => {
    const emulator = await startEmulator();
    const app = await startApp(emulator, {
      auth: { verificationFiles: { 'MP_verify_Ab12Cd34Ef56Gh78.txt': 'Ab12Cd34Ef56Gh78' } },
    });
    const { statuses } = await examine(
      ['--url', app.url, '--verification-file', 'MP_verify_Ab12Cd34Ef56Gh78.txt', '--relay', app.url],
      clientsOf(emulator),
    );
    await app.close();
    expect(statuses).toMatchObject({ 'verification-file': 'ok', 'app-reachable': 'skipped' });
    expect(statuses).toHaveProperty('relay-own-app');
  });

  it('does not check the login route of an app to which only clients with codes log in', async () => {
    const emulator = await startEmulator();
    const { bad, check } = await examine(['--url', 'http://127.0.0.1:1'], clientsOf(emulator));
    expect(bad).toEqual([]);
    expect(check('app-reachable')).toMatchObject({
      status: 'skipped',
      detail: expect.stringContaining('only clients log in') as string,
    });
  });

  it('reads them from flags, their secrets from standard input, and reports two apps with one AppID', async () => {
    const emulator = await startEmulator();
    const { miniProgram } = emulator.apps;
    const { out } = await doctor(
      [
        '--mini-program-app-id',
        miniProgram.appId,
        '--mini-program-app-secret',
        '-',
        '--json',
        '--lang',
        'en',
      ],
      { WECHAT_OPEN_URL: emulator.url, WECHAT_API_URL: emulator.url },
      { input: `${miniProgram.appSecret}\n` },
    );
    const { checks } = JSON.parse(out) as { checks: { id: string; status: string }[] };
    expect(checks.find(({ id }) => id === 'mini-program-credentials')?.status).toBe('ok');
    const same = await examineWith((each) => ({
      ...clientsOf(each),
      WECHAT_MOBILE_APP_ID: each.apps.miniProgram.appId,
    }));
    expect(same.check('mobile-app-id')).toMatchObject({
      status: 'failed',
      detail: 'is the same as the AppID of the mini program',
    });
    expect(same.check('mobile-app-id').remedy).toMatch(
      /^Mini program and mobile app are two different apps, so one of the two AppIDs is wrong\./,
    );
  });

  it('reports which of the two apps has wrong credentials', async () => {
    const { bad, check } = await examineWith((emulator) => ({
      ...environmentOf(emulator),
      WECHAT_WEBSITE_APP_SECRET: SECRET,
    }));
    expect(bad).toEqual(['website-credentials']);
    expect(check('website-credentials').remedy).toContain('open.weixin.qq.com > 管理中心 > 网站应用');
  });

  it.each<[string, Env, RegExp, RegExp]>([
    ['a wrong secret', { WECHAT_APP_SECRET: SECRET }, /40125 invalid appsecret$/, /reset it at .*开发密钥/],
    [
      'an unknown AppID',
      { WECHAT_APP_ID: 'wx00000000000000aa' },
      /40013 invalid appid$/,
      /WeChat knows no app with this AppID\. Compare it with developers\.weixin\.qq\.com\/platform > .*基础信息/,
    ],
  ])('says where in the console to correct %s', async (_, env, detail, remedy) => {
    const { exit, check, bad } = await examineWith((emulator) => ({ ...environmentOf(emulator), ...env }));
    expect({ exit, bad }).toEqual({ exit: 1, bad: ['credentials'] });
    expect(check('credentials').detail).toMatch(detail);
    expect(check('credentials').remedy).toMatch(remedy);
  });

  it.each<[number, string, 'failed' | 'warning', RegExp]>([
    [40164, 'invalid ip 203.0.113.7, not in whitelist', 'failed', /whitelist.*API IP 白名单/],
    [40243, 'secret is frozen', 'failed', /Unfreeze it/],
    [40001, 'invalid credential', 'failed', /AppSecret does not belong to this AppID/],
    [41002, 'appid missing', 'failed', /gateway/],
    [41004, 'appsecret missing', 'failed', /gateway/],
    [40002, 'invalid grant_type', 'failed', /gateway/],
    [40066, 'invalid url', 'failed', /gateway/],
    [43003, 'require https', 'failed', /must be https/],
    [48001, 'api unauthorized', 'failed', /服务号/],
    [50002, 'user limited', 'failed', /restricted/],
    [-1, 'system error', 'warning', /try again/],
    [45011, 'api minute-quota reach limit', 'warning', /try again/],
    [99999, 'unknown', 'warning', /global return codes/],
  ])('has a remedy for errcode %d', async (errcode, errmsg, status, remedy) => {
    const { check } = await examineWith(
      officialOf,
      (emulator) => void emulator.fail('access_token', { errcode, errmsg }),
    );
    const found = check('credentials');
    expect(found.status).toBe(status);
    expect(found.detail).toContain(`${errcode} ${errmsg}`);
    expect(found.detail).not.toContain('rid');
    expect(found.remedy).toMatch(remedy);
  });

  it('names the menu of the IP list only for the official account, whose menu WeChat documents', async () => {
    const { check } = await examineWith(
      environmentOf,
      (emulator) => void emulator.fail('access_token', { errcode: 40164 }, { times: 2 }),
    );
    expect(check('credentials').remedy).toMatch(
      /开发密钥 > API IP 白名单\. The change takes some minutes\.$/,
    );
    expect(check('website-credentials').remedy).toMatch(
      /documents the place of the list only for official accounts: look for API IP 白名单 at open\.weixin\.qq\.com/,
    );
  });

  it('also accepts them if WeChat responds that the code was used', async () => {
    const { check } = await examineWith(
      officialOf,
      (emulator) => void emulator.fail('access_token', { errcode: 40163 }),
    );
    expect(check('credentials').status).toBe('ok');
  });

  it.each<[string, Parameters<Emulator['fail']>[1], 'failed' | 'warning', RegExp]>([
    ['a page instead of JSON', { html: true }, 'failed', /is not WeChat/],
    ['half a response', 'truncated', 'failed', /is not WeChat/],
    ['a redirect', { redirect: 'https://elsewhere.example.com/' }, 'failed', /is not WeChat/],
    ['a connection that was reset', 'reset', 'warning', /cannot tell/],
    [
      'a token for the made-up code',
      {
        patch: {
          errcode: 0,
          access_token: 'a',
          refresh_token: 'b',
          openid: 'c',
          expires_in: 7200,
          scope: 'snsapi_base',
        },
      },
      'failed',
      /made-up code was accepted/,
    ],
  ])('does not accept %s as a response of WeChat', async (_, fault, status, detail) => {
    const { check } = await examineWith(officialOf, (emulator) => void emulator.fail('access_token', fault));
    expect(check('credentials').status).toBe(status);
    expect(check('credentials').detail).toMatch(detail);
  });

  it('cannot tell if WeChat does not respond in time', async () => {
    const emulator = await startEmulator();
    emulator.fail('access_token', 'silence');
    const { check } = await examine(['--timeout', '300'], officialOf(emulator));
    expect(check('credentials')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('within 300 ms') as string,
    });
  });

  it('does not send a malformed AppID to WeChat', async () => {
    const emulator = await startEmulator();
    const { statuses } = await examine([], {
      ...officialOf(emulator),
      WECHAT_APP_ID: '"wx0f1c1a10e0000001"',
    });
    expect(statuses).toMatchObject({ 'app-id': 'failed', credentials: 'skipped' });
    expect(emulator.requests.some(({ path }) => path === '/sns/oauth2/access_token')).toBe(false);
  });

  it('only warns if WeChat is busy', async () => {
    const { exit, statuses } = await examineWith(
      environmentOf,
      ({ switches }) => (switches.trouble = 'busy'),
    );
    expect(exit).toBe(0);
    expect(statuses).toMatchObject({
      'api-reachable': 'ok',
      credentials: 'warning',
      'website-credentials': 'warning',
    });
  });

  it('reports that WeChat requires https', async () => {
    const { check } = await examineWith(officialOf, ({ switches }) => (switches.requireHttps = true));
    expect(check('credentials').remedy).toBe('WECHAT_API_URL must be https.');
  });
});

describe('the doctor, on the login pages', () => {
  const BASE = { WECHAT_BASE_URL: 'https://h5.example.com' };
  const withBase = (emulator: Emulator): Env => ({ ...environmentOf(emulator), ...BASE });
  const official = {
    type: 'official',
    appId: 'wx0f1c1a10e0000001',
    appSecret: SECRET,
    openPlatform: 'x',
  } as const;
  const website = {
    type: 'website',
    appId: 'wxeb517e0000000002',
    appSecret: SECRET,
    openPlatform: 'x',
  } as const;

  it('recognizes that both pages accept the callback domain', async () => {
    const { check } = await examineWith(withBase);
    expect(check('login-page').detail).toBe('AppID, scope and callback domain h5.example.com are accepted');
    expect(check('website-login-page').status).toBe('ok');
  });

  it('reports another callback domain, and where to enter the right one', async () => {
    const apps = [
      { ...official, domains: ['www.example.com'] },
      { ...website, domains: ['www.example.com'] },
    ];
    const { check, bad } = await examineWith(withBase, undefined, { apps });
    expect(bad).toEqual(['login-page', 'website-login-page']);
    expect(check('login-page').detail).toMatch(/redirect_uri域名与后台配置不一致，错误码:10003/);
    expect(check('login-page').remedy).toMatch(
      /Enter exactly h5\.example\.com at mp\.weixin\.qq\.com > 设置与开发 > .* > 网页授权域名/,
    );
    expect(check('website-login-page').remedy).toContain('授权回调域');
  });

  it.each([
    ['http://localhost:3812', 'localhost:3812'],
    ['http://127.0.0.1:3812', '127.0.0.1:3812'],
    ['http://shop.internal', 'shop.internal'],
    ['https://h5.example.com:8443', 'h5.example.com:8443'],
    ['https://203.0.113.7', '203.0.113.7'],
  ])('says of the callback domain of %s first that the public address must be set', async (baseURL, host) => {
    const apps = [official, website].map((each) => ({ ...each, domains: ['www.example.com'] }));
    const base = (emulator: Emulator): Env => ({ ...environmentOf(emulator), WECHAT_BASE_URL: baseURL });
    const { check } = await examineWith(base, undefined, { apps });
    expect(check('login-page').detail).toMatch(/错误码:10003/);
    expect(check('login-page').remedy).toMatch(/^Set WECHAT_BASE_URL to the public address, such as https:/);
    expect(check('login-page').remedy).toMatch(
      new RegExp(`Only a test account .*: then enter exactly ${host} at .*网页授权获取用户基本信息`),
    );
    expect(check('website-login-page').remedy).toMatch(/^Set WECHAT_BASE_URL/);
    expect(check('website-login-page').remedy).not.toContain('测试号');
  });

  it.each([
    [{ WECHAT_RELAY: 'http://127.0.0.1:1' }, [], 'WECHAT_RELAY'],
    [{}, ['--account', 'http://a.localhost:3000', '--app-id', official.appId], '--account'],
  ])('names the setting that the callback domain comes from: %j %j', async (env, args, setting) => {
    const emulator = await startEmulator({ apps: [{ ...official, domains: ['www.example.com'] }] });
    const known = { ...officialOf(emulator), WECHAT_BASE_URL: 'https://h5.example.com', ...env };
    const { check } = await examine([...args, ...(args.length > 0 ? ['--app-secret', '-'] : [])], known, {
      input: official.appSecret,
    });
    expect(check('login-page').remedy).toMatch(new RegExp(`^Set ${setting} to the public address`));
  });

  it('takes the callback domain from the running app, if no baseURL is given', async () => {
    const apps = [official, website].map((each) => ({ ...each, domains: ['www.example.com'] }));
    const emulator = await startEmulator({ apps });
    const app = await startApp(emulator);
    const { check, bad, exit } = await examine(['--url', app.url], environmentOf(emulator));
    await app.close();
    expect([exit, bad]).toEqual([1, ['login-page', 'website-login-page']]);
    expect(check('login-page').detail).toMatch(/错误码:10003/);
    expect(check('redirect-uri').status).toBe('ok');
  });

  it.each([[[]], [['--url', 'http://127.0.0.1:1']]])(
    'says that it checks no login page if the callback domain is not known: %p',
    async (args) => {
      const { check } = await examine(args, environmentOf(await startEmulator()));
      for (const id of ['login-page', 'website-login-page'])
        expect(check(id)).toMatchObject({
          status: 'skipped',
          detail: expect.stringMatching(
            /the callback address is not known: .* --url of an app that responds$/,
          ) as string,
        });
    },
  );

  it.each<[string, Partial<EmulatorOptions['apps'] & object>[number] | object, 'failed' | 'warning', RegExp]>(
    [
      ['an account without the permission', { scopes: ['snsapi_base'] }, 'failed', /服务号/],
      ['a banned account', { banned: true }, 'failed', /banned/],
      ['a test account that nobody follows', { followersOnly: true }, 'warning', /Follow it first/],
    ],
  )('reports %s', async (_, more, status, remedy) => {
    const { check } = await examineWith(withBase, undefined, { apps: [{ ...official, ...more }, website] });
    expect(check('login-page').status).toBe(status);
    expect(check('login-page').remedy).toMatch(remedy);
  });

  it('reports that the AppIDs of account and website app are swapped', async () => {
    const { bad, check } = await examineWith((emulator) => ({
      ...withBase(emulator),
      WECHAT_APP_ID: emulator.apps.website.appId,
      WECHAT_APP_SECRET: emulator.apps.website.appSecret,
      WECHAT_WEBSITE_APP_ID: emulator.apps.official.appId,
      WECHAT_WEBSITE_APP_SECRET: emulator.apps.official.appSecret,
    }));
    expect(bad).toEqual(['login-page', 'website-login-page']);
    expect(check('login-page').detail).toContain('10016');
    expect(check('login-page').remedy).toMatch(
      /^This AppID is that of a website app .* the official account: .* WECHAT_WEBSITE_APP_ID/,
    );
    expect(check('website-login-page').remedy).toMatch(/AppID of a website app/);
  });

  it('warns that WeChat got too many requests', async () => {
    const { check } = await examineWith(withBase, (emulator) => {
      // The first request only checks that the page is reachable.
      emulator.fail('authorize', { errcode: 10009 }, { after: 1 });
    });
    expect(check('login-page')).toMatchObject({
      status: 'warning',
      remedy: expect.stringContaining('later') as string,
    });
  });

  it.each<[string, (emulator: Emulator) => void]>([
    ['the snapshot page', ({ switches }) => (switches.snapshot = 'always')],
    ['silent consent', ({ switches }) => (switches.consent = 'allow')],
    [
      'silent consent with a permanent redirect',
      ({ switches }) => ((switches.consent = 'allow'), (switches.redirectStatus = 301)),
    ],
  ])('accepts %s', async (_, prepare) => {
    expect((await examineWith(withBase, prepare)).check('login-page').status).toBe('ok');
  });

  it.each([
    ['https://h5.example.com/callback?code=a', 'ok'],
    ['https://h5.example.com/callbacks?code=a', 'skipped'],
    ['https://h5.example.com.attacker.example/callback', 'skipped'],
    ['/callback', 'skipped'],
  ])('judges a page that redirects to %s: %s', async (location, status) => {
    const emulator = await startEmulator();
    const open = await listen((req, res) => {
      // The first request, without parameters, only checks that this is a page.
      const headers = req.url?.includes('?') ? { Location: location } : { 'Content-Type': 'text/html' };
      res.writeHead('Location' in headers ? 302 : 200, headers).end();
    });
    const { check } = await examine([], { ...officialOf(emulator), ...BASE, WECHAT_OPEN_URL: open.url });
    await open.close();
    expect(check('login-page').status).toBe(status);
  });

  it('reports that WeChat’s own page cannot be checked outside WeChat', async () => {
    // open.weixin.qq.com sends this page to every browser other than WeChat's: a script in it looks for
    // WeChat.
    const emulator = await startEmulator();
    const open = await listen((_req, res) => {
      res.setHeader('Content-Type', 'text/html; charset=utf-8');
      res.end(
        '<title>微信</title><script>if(!/micromessenger/i.test(navigator.userAgent)) document.title="抱歉，出错了";</script>',
      );
    });
    const { check, exit } = await examine([], {
      ...officialOf(emulator),
      ...BASE,
      WECHAT_OPEN_URL: open.url,
    });
    await open.close();
    expect(exit).toBe(0);
    expect(check('login-page')).toMatchObject({
      status: 'skipped',
      detail: expect.stringMatching(/h5\.example\.com must be entered at .*网页授权域名/) as string,
    });
  });
});

describe('the doctor, on the network to WeChat', () => {
  it('reports which server does not respond, and skips the other checks of WeChat', async () => {
    const emulator = await startEmulator();
    const env = officialOf(emulator);
    await emulator.close();
    const { exit, check, statuses } = await examine([], {
      ...env,
      WECHAT_BASE_URL: 'https://h5.example.com',
    });
    expect(exit).toBe(1);
    expect(check('api-reachable').detail).toMatch(/^127\.0\.0\.1:\d+: no connection \(TCP\): ECONNREFUSED$/);
    expect(check('api-reachable').remedy).toMatch(/port.*firewall/);
    expect(statuses).toMatchObject({
      'open-reachable': 'failed',
      clock: 'skipped',
      credentials: 'skipped',
      'login-page': 'skipped',
    });
  });

  it('reports that only one of the two servers responds', async () => {
    const emulator = await startEmulator();
    const { statuses } = await examine([], { ...officialOf(emulator), WECHAT_API_URL: 'http://127.0.0.1:1' });
    expect(statuses).toMatchObject({
      'open-reachable': 'ok',
      'api-reachable': 'failed',
      clock: 'ok',
      credentials: 'skipped',
    });
  });

  it.each<[string, (socket: net.Socket) => void, RegExp]>([
    ['hangs up', (socket) => socket.once('data', () => socket.destroy()), /no valid response \(HTTP\)/],
    [
      'is not a web server',
      (socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n')),
      /no valid response \(HTTP\): HPE_/,
    ],
    ['never responds', () => undefined, /no valid response \(HTTP\): timeout/],
  ])('names the stage that failed with a server that %s', async (_, respond, detail) => {
    const sockets: net.Socket[] = [];
    const server = net.createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      respond(socket);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { check } = await examine(['--timeout', '300'], { WECHAT_OPEN_URL: url, WECHAT_API_URL: url });
    sockets.forEach((socket) => socket.destroy());
    await once(server.close(), 'close');
    expect(check('api-reachable').detail).toMatch(detail);
  });

  it('reports that a server does not speak TLS', async () => {
    const emulator = await startEmulator();
    const url = emulator.url.replace('http:', 'https:');
    const { check } = await examine([], { ...officialOf(emulator), WECHAT_API_URL: url });
    expect(check('api-reachable').detail).toMatch(/the TLS handshake fails \(TLS\)/);
    expect(check('api-reachable').remedy).toContain('NODE_EXTRA_CA_CERTS');
  });

  it.each<[string, Parameters<Emulator['fail']>[1]]>([
    ['a page of a captive portal', { html: true }],
    ['an error of a gateway', { status: 502, body: 'bad gateway' }],
    ['a redirect', { redirect: 'https://portal.example.com/' }],
    ['an empty response', 'empty'],
    ['JSON of something else', { body: '{"message":"no route"}', contentType: 'application/json' }],
  ])('does not accept %s as a response of WeChat', async (_, fault) => {
    const { check, exit } = await examineWith(officialOf, (emulator) => void emulator.fail('auth', fault));
    expect(exit).toBe(1);
    expect(check('api-reachable').detail).toMatch(/the server at 127\.0\.0\.1:\d+ is not WeChat: HTTP \d+/);
  });

  it('does not accept JSON as a login page', async () => {
    const { statuses } = await examineWith(
      officialOf,
      (emulator) => void emulator.fail('authorize', { body: '{}', contentType: 'application/json' }),
    );
    expect(statuses).toMatchObject({ 'open-reachable': 'failed', 'api-reachable': 'ok' });
  });

  it('reports an emulator, and fails if NODE_ENV is production', async () => {
    const emulator = await startEmulator();
    const development = await examine([], officialOf(emulator));
    expect(development.check('api-reachable').detail).toMatch(/\(an emulated WeChat\)$/);
    const production = await examine([], { ...officialOf(emulator), NODE_ENV: 'production' });
    expect(production.statuses).toMatchObject({ 'api-reachable': 'failed', 'open-reachable': 'failed' });
    expect(production.check('api-reachable').remedy).toBe(
      'Remove WECHAT_OPEN_URL and WECHAT_API_URL from the environment. ' +
        'In a closed test system, run the doctor without NODE_ENV=production.',
    );
  });

  it.each<[string, number, 'ok' | 'warning' | 'failed', RegExp]>([
    ['some seconds slow', 20, 'ok', /agrees/],
    ['a minute slow', 60, 'warning', /^(60|59|61) s slow/],
    ['an hour slow', 3600, 'failed', /^(3600|3599|3601) s slow/],
    ['an hour fast', -3600, 'failed', /^(3600|3599|3601) s fast/],
  ])('compares the clock: %s', async (_, seconds, status, detail) => {
    const date = new Date(Date.now() + seconds * 1000).toUTCString();
    const { check } = await examineWith(
      officialOf,
      (emulator) =>
        void emulator.fail('auth', {
          status: 200,
          body: '{"errcode":41001,"errmsg":"x"}',
          headers: { Date: date },
        }),
    );
    expect(check('clock').status).toBe(status);
    expect(check('clock').detail).toMatch(detail);
  });

  it('prints its findings in Chinese', async () => {
    const { out } = await doctor(['--lang', 'zh'], {
      WECHAT_OPEN_URL: 'http://127.0.0.1:1',
      WECHAT_API_URL: 'http://127.0.0.1:1',
      WECHAT_APP_ID: 'wx0f1c1a10e0000001',
    });
    expect(out).toMatch(/✖ API 可达 +127\.0\.0\.1:1：无法建立连接（TCP）：ECONNREFUSED/);
    expect(out).toMatch(/✖ 服务号 AppSecret +缺失\n +→ 请设置 WECHAT_APP_SECRET。/);
  });
});
