// Websites that a developer visits must neither read nor change an emulator on the same machine.
import { createEmulator } from '../../lib/emulator';
import { IN_WECHAT, useEmulatorClient, uuidOf, type EmulatorClient } from './support/emulator-client';
import { sendRaw } from './support/raw-request';

const startClient = useEmulatorClient();
let client: EmulatorClient;
beforeEach(async () => {
  client = await startClient();
});

const FORM = 'Content-Type: application/x-www-form-urlencoded';

describe('the host of a request (DNS rebinding)', () => {
  async function statusFor(host: string, target = '/sns/auth'): Promise<number> {
    return (await sendRaw(client.wechat.url, target, { host })).status;
  }

  it.each([
    'localhost',
    'localhost:8917',
    'LOCALHOST:1',
    'localhost.',
    '127.0.0.1:1',
    '192.168.1.20:8917',
    '[::1]:8917',
    '[fe80::1]',
    'open.weixin.qq.com',
    'api.weixin.qq.com:443',
    'api2.weixin.qq.com',
    'mp.weixin.qq.com',
    'res.wx.qq.com',
  ])('%s is served', async (host) => {
    expect(await statusFor(host)).toBe(200);
  });

  it.each([
    'evil.example',
    'evil.example:8917',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'notlocalhost',
    'weixin.qq.com',
    'evil@localhost',
    'localhost/',
    'localhost:99999',
    'local%68ost',
    '[::1',
    '*',
  ])('%s is refused with 421', async (host) => {
    for (const target of ['/', '/sns/auth', '/connect/qrconnect', '/emulator/style.css', '/nowhere']) {
      expect(await statusFor(host, target)).toBe(421);
    }
  });

  it('is checked in an absolute target too, and a request without one is refused', async () => {
    const { url } = client.wechat;
    expect((await sendRaw(url, 'http://evil.example/sns/auth')).status).toBe(421);
    expect((await sendRaw(url, '/sns/auth', { host: '', version: 'HTTP/1.0' })).status).toBe(421);
  });

  it('is checked before the request has any effect, and the error names the remedy', async () => {
    client.wechat.fail('auth', { status: 502 });
    const refused = await sendRaw(client.wechat.url, '/sns/auth', { host: 'wechat.test:80' });
    expect(refused.head).toContain('X-Emulated-WeChat');
    expect(refused.body).toBe(
      '"wechat.test:80" is not a host of this emulator. Use localhost, an IP address or a host of WeChat, ' +
        'or start the emulator with --name wechat.test (in Node: the option names).\n',
    );
    expect(client.wechat.requests).toHaveLength(0);
    expect((await client.get('/sns/auth')).status).toBe(502);
  });

  it('may be listed in the option names', async () => {
    const named = await startClient({ names: ['wechat.test', 'Emulator.Local'] });
    const at = async (host: string) => (await sendRaw(named.wechat.url, '/sns/auth', { host })).status;
    expect([await at('wechat.test'), await at('WECHAT.test:8917'), await at('emulator.local')]).toEqual([
      200, 200, 200,
    ]);
    expect(await at('other.test')).toBe(421);
    const url = named.authorizeURL().replace(named.wechat.url, 'https://wechat.test');
    expect(await named.wechat.authorize(url)).toContain('code=');
  });

  it('may be the name that the emulator listens on', async () => {
    const named = await startClient({ host: 'localhost' });
    expect((await named.get('/sns/auth')).status).toBe(200);
  });

  it.each([['wechat.test'], [['http://wechat.test']], [['wechat.test:80']], [['a b']], [[5]]])(
    'option names: %j is refused',
    async (names) => {
      await expect(createEmulator({ names: names as string[] })).rejects.toThrow(
        /names is .*Give a list of host names/,
      );
    },
  );
});

describe('changes by pages of other sites (CSRF)', () => {
  const FOREIGN = [
    ['Origin: https://evil.example'],
    ['Origin: null'],
    ['Origin: http://localhost:3000'],
    ['Origin: http://127.0.0.1'],
    ['Origin: file://'],
    ['Sec-Fetch-Site: cross-site'],
  ];

  /** Every request that changes something, with the form or the code that it needs. */
  async function changes(): Promise<(readonly [method: string, target: string, body: string])[]> {
    const search = (parameters: object) =>
      new URLSearchParams(parameters as Record<string, string>).toString();
    const uuid = uuidOf(await client.qrPage());
    const code = client.wechat.issueCode({ app: client.wechat.apps.official.appId });
    return [
      ['POST', '/', 'action=switches&denial=authdeny'],
      ['POST', '/', 'action=clear'],
      ['POST', '/', 'action=advance&minutes=120'],
      ['POST', `/connect/oauth2/authorize?${search(client.authorizeParameters())}`, 'reply=allow'],
      ['POST', `/connect/confirm?uuid=${uuid}`, 'reply=allow'],
      ['GET', `/connect/confirm?uuid=${uuid}`, ''],
      ['GET', `/sns/oauth2/access_token?${search(client.codeParameters(code))}`, ''],
      ['POST', '/sns/oauth2/access_token', search(client.codeParameters(code))],
      ['DELETE', '/', ''],
    ];
  }

  it.each(FOREIGN)('%s is refused with 403, and nothing changes', async (header) => {
    const { wechat } = client;
    const before = wechat.clock.now();
    for (const [method, target, body] of await changes()) {
      const headers = [FORM, `User-Agent: ${IN_WECHAT['User-Agent']}`, header];
      expect([target, (await sendRaw(wechat.url, target, { method, body, headers })).status]).toEqual([
        target,
        403,
      ]);
    }
    expect(wechat.switches.denial).toBe('silent');
    expect(wechat.clock.now() - before).toBeLessThan(60_000);
  });

  it('have no effect: the code is not spent, and the QR code is not scanned', async () => {
    const { wechat } = client;
    const uuid = uuidOf(await client.qrPage());
    const code = wechat.issueCode({ app: wechat.apps.official.appId });
    const foreign = { Origin: 'https://evil.example' };
    await client.get('/connect/confirm', { uuid }, foreign);
    await client.get('/sns/oauth2/access_token', client.codeParameters(code), foreign);
    wechat.switches.pollHold = 0;
    expect((await client.poll(uuid)).text).toContain('wx_errcode=408');
    expect((await client.redeem(code)).json).toHaveProperty('openid');
  });

  it.each([
    ['its own origin', (own: string) => [`Origin: ${own}`, 'Sec-Fetch-Site: same-origin']],
    [
      'its own origin behind a proxy that terminates TLS',
      (own: string) => [`Origin: ${own.replace('http', 'https')}`],
    ],
    ['no Origin', () => []],
  ])('a form with %s is accepted', async (_, headersOf) => {
    const headers = [FORM, ...headersOf(client.wechat.url)];
    const body = 'action=switches&denial=authdeny';
    expect((await sendRaw(client.wechat.url, '/', { method: 'POST', body, headers })).status).toBe(303);
    expect(client.wechat.switches.denial).toBe('authdeny');
  });

  it('a form from one of the emulator’s names is refused at another of its names', async () => {
    const post = async (origin: string) => {
      const headers = [FORM, `Origin: ${origin}`];
      const body = 'action=clear';
      return (
        await sendRaw(client.wechat.url, '/', { method: 'POST', host: 'localhost:8917', body, headers })
      ).status;
    };
    expect(await post('http://localhost:8917')).toBe(303);
    expect(await post(client.wechat.url)).toBe(403);
  });

  it('get an error that says why', async () => {
    const refused = await client.post('/', { action: 'clear' }, {}, { Origin: 'null' });
    expect(refused.text).toBe(
      "A page of another site sent this request (Origin: null), and it could change something. Use the emulator's own " +
        'pages, or send the request without a browser. A proxy must pass the Host header on.\n',
    );
  });

  it('an app of another site may send browsers to the login pages, and a phone may scan', async () => {
    const navigation = {
      ...IN_WECHAT,
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-Dest': 'document',
    };
    const authorize = await client.get('/connect/oauth2/authorize', client.authorizeParameters(), navigation);
    expect(authorize.text).toContain('允许');
    const page = await client.get('/connect/qrconnect', client.qrParameters(), navigation);
    const confirm = await client.get('/connect/confirm', { uuid: uuidOf(page) }, navigation);
    expect(confirm.text).toContain('允许');
  });
});

describe('frames (clickjacking)', () => {
  function mayBeFramed({ headers }: { readonly headers: Headers }): boolean {
    return !(headers.get('content-security-policy') ?? '').includes("frame-ancestors 'self'");
  }

  it('other sites may not frame any page except the QR code page', async () => {
    client.wechat.switches.doubleCallback = 'same-code';
    const uuid = uuidOf(await client.qrPage());
    const pages = [
      await client.get('/'),
      await client.authorizePage(),
      await client.authorizePage({ forceSnapShot: 'true' }),
      await client.authorizePage({ appid: undefined }),
      await client.get('/connect/oauth2/authorize', client.authorizeParameters()),
      await client.get('/connect/confirm', { uuid }),
      await client.get('/connect/confirm'),
      await client.get('/nowhere'),
    ];
    expect(pages.map(mayBeFramed)).toEqual(pages.map(() => false));
    // fetch() sets Sec-Fetch-Mode itself.
    const { pathname, search } = new URL(client.authorizeURL({ scope: 'snsapi_base' }));
    const headers = [`User-Agent: ${IN_WECHAT['User-Agent']}`, 'Sec-Fetch-Mode: navigate'];
    const twoCallbacks = await sendRaw(client.wechat.url, pathname + search, { headers });
    expect(twoCallbacks.body).toContain('id="two-callbacks"');
    expect(twoCallbacks.head).toContain("frame-ancestors 'self'");
  });

  it('other sites may frame the QR code page, the widget of wxLogin.js and their error pages', async () => {
    const framed = [
      await client.qrPage(),
      await client.qrPage({ login_type: 'jssdk' }),
      await client.qrPage({ login_type: 'jssdk', appid: undefined }),
    ];
    client.wechat.fail('qrconnect', { errcode: 10009 });
    framed.push(await client.qrPage({ login_type: 'jssdk' }));
    expect(framed.map(mayBeFramed)).toEqual([true, true, true, true]);
  });

  it('pages have the Referrer-Policy same-origin: their forms send an Origin, and other sites get no Referer', async () => {
    for (const page of [await client.get('/'), await client.authorizePage()]) {
      expect(page.headers.get('referrer-policy')).toBe('same-origin');
    }
  });
});

describe('the secrets of the developer’s own apps', () => {
  const SECRET = 'a+real/secret=of 32 characters..';
  const own = { type: 'official', appId: 'wx1234567890abcdef', appSecret: SECRET } as const;

  it('are not on the home page, nor in its list of requests', async () => {
    const mine = await startClient({ apps: [own] });
    await mine.redeem('some-code');
    await mine.get('/sns/auth', { note: `it is ${SECRET}` }, { 'User-Agent': SECRET });
    const { text } = await mine.get('/');
    expect(text).toContain('WECHAT_APP_ID=wx1234567890abcdef\nWECHAT_APP_SECRET=********\n');
    expect(text).toContain('code=some-code');
    expect(text).toContain('secret=********');
    for (const spelling of [
      SECRET,
      encodeURIComponent(SECRET),
      String(new URLSearchParams({ SECRET })).slice(7),
    ]) {
      expect(text).not.toContain(spelling);
    }
    // The secrets of the preset apps are public.
    expect(text).toContain(mine.wechat.apps.website.appSecret);
  });

  it('are hidden even if one secret begins with another', async () => {
    const longer = { ...own, appId: 'wx1234567890abcde0', appSecret: `${SECRET}-longer` };
    const mine = await startClient({ apps: [own, longer] });
    await mine.get('/sns/auth', { secret: longer.appSecret });
    expect((await mine.get('/')).text).not.toContain('-longer');
  });
});

describe('control characters in text from outside', () => {
  const NASTY = 'a\u001b[31m\u0007\r\nb\u0085\u009bc\u2028\u202ed';
  const SHOWN = 'a\ufffd[31m\ufffd\ufffd\ufffdb\ufffd\ufffdc\ufffd\ufffdd';

  it('are replaced in the error about a host', async () => {
    const { body } = await sendRaw(client.wechat.url, '/', { host: 'evil\u0085\u009b.example' });
    expect(body).toContain('"evil\ufffd\ufffd.example" is not a host');
  });

  it('are never in a path, because Node refuses such a request', async () => {
    for (const path of ['/sns/\u001b[31m', '/sns/\u009b31m', '/sns/\u0085']) {
      expect((await sendRaw(client.wechat.url, path)).status).toBe(400);
    }
  });

  it('are replaced in the error about an origin', async () => {
    const headers = ['Origin: http://evil\u009b.example'];
    const { body } = await sendRaw(client.wechat.url, '/', { method: 'POST', headers });
    expect(body).toContain('(Origin: http://evil\ufffd.example)');
  });

  it('are replaced in the request log of the home page', async () => {
    await sendRaw(client.wechat.url, '/sns/auth', { headers: ['User-Agent: x\u009b31m'] });
    await client.get('/sns/auth', { note: NASTY });
    const { text } = await client.get('/');
    expect(text).toContain(`note=${new URLSearchParams([[SHOWN, '']]).toString().slice(0, -1)}`);
    expect(text).toContain('x\ufffd31m');
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('are replaced in nicknames: of people to choose from, of QR codes and of logins', async () => {
    await client.qrPage();
    await client.login({ user: 'dirty' });
    const { text } = await client.get('/');
    for (const [start, end] of [
      ['<span>', '<small>'],
      ['<option value="dirty">', '</option>'],
      ['<strong>', '</strong>'],
    ])
      expect(text).toContain(`${start}脏\ufffd昵\ufffd称\ufffd\ufffd\ufffd${end}`);
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('are replaced on error pages: in redirect_uri, scope, component_appid, appid and an errmsg of fail()', async () => {
    const { wechat } = client;
    for (const changes of [
      { redirect_uri: NASTY },
      { scope: NASTY },
      { component_appid: NASTY },
      { appid: NASTY },
    ]) {
      const error = await wechat
        .authorize(client.authorizeURL(changes))
        .catch((reason: unknown) => reason as Error);
      expect((error as Error).message).not.toMatch(/[\p{Cc}\p{Zl}\u202e]/u);
      expect((error as { advice?: string }).advice).not.toMatch(/[\p{Cc}\p{Zl}\u202e]/u);
      const page = await client.authorizePage(changes);
      expect(page.text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Zl}\u202e]/u);
    }
    wechat.fail('authorize', { errcode: 10009, errmsg: NASTY });
    expect((await client.authorizePage()).text).toContain(`${SHOWN}，错误码:10009`);
  });

  it('stay in the responses of WeChat’s APIs', async () => {
    client.wechat.fail('auth', { errcode: -1, errmsg: NASTY });
    expect((await client.get('/sns/auth')).text).toContain(NASTY);
    const profile = await client.userinfo(await client.login({ user: 'dirty' }));
    expect(profile.text).toContain('脏\u0014昵\b称');
  });
});
