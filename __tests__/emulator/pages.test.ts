import vm from 'node:vm';
import {
  CALLBACK,
  IN_WECHAT,
  useEmulatorClient,
  uuidOf,
  type EmulatorClient,
} from './support/emulator-client';

const startClient = useEmulatorClient();
let client: EmulatorClient;
beforeEach(async () => {
  client = await startClient();
});

const EVIL = `"'><script>alert(1)</script>`;

describe('pages', () => {
  it('escape every request parameter', async () => {
    client.wechat.requests.length = 0;
    const pages = [
      await client.authorizePage({ redirect_uri: EVIL }),
      await client.authorizePage({ appid: EVIL }),
      await client.authorizePage({ state: EVIL }),
      await client.get('/connect/oauth2/authorize', { appid: EVIL, state: EVIL }),
      await client.qrPage({
        state: EVIL,
        redirect_uri: `${CALLBACK}?${EVIL}`,
        self_redirect: EVIL,
        href: `https://${EVIL}`,
        style: EVIL,
      }),
      await client.qrPage({ scope: EVIL }),
      await client.get('/connect/oauth2/authorize', { [EVIL]: EVIL }, { 'User-Agent': EVIL }),
      await client.get('/'),
    ];
    for (const page of pages) {
      expect(page.text).not.toContain('<script>alert');
      expect(page.text).not.toContain('"&#39;&gt;');
    }
  });

  it('run only the emulator’s own scripts and load nothing from other hosts', async () => {
    for (const page of [await client.authorizePage(), await client.qrPage(), await client.get('/')]) {
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'; script-src 'self'");
      expect(page.text).not.toMatch(/(src|href)="https?:/);
      for (const [, path] of page.text.matchAll(/(?:src|href)="(\/[^"]*)"/g)) {
        expect((await client.get(path ?? '')).status).toBe(200);
      }
    }
  });

  it('use the style sheet of the embedding site, but not at a javascript: address', async () => {
    const styled = await client.qrPage({ href: 'data:text/css;base64,aGVsbG8=' });
    expect(styled.text).toContain('<link rel="stylesheet" href="data:text/css;base64,aGVsbG8=">');
    for (const scheme of ['https:', 'http:']) {
      const { text, headers } = await client.qrPage({ href: `${scheme}//a.example.com/x.css` });
      expect(text).toContain(`href="${scheme}//a.example.com/x.css"`);
      expect(headers.get('content-security-policy')).toMatch(new RegExp(`style-src [^;]*${scheme}`));
    }
    expect((await client.qrPage({ href: 'javascript:alert(1)' })).text).not.toContain('javascript:');
    expect((await client.qrPage({ href: 'https://a.example.com/x.css', stylelite: '1' })).text).not.toContain(
      'x.css',
    );
  });

  it('are in English if the browser prefers English', async () => {
    const page = await client.get('/connect/oauth2/authorize', client.authorizeParameters(), {
      ...IN_WECHAT,
      'Accept-Language': 'en-GB,zh;q=0.5',
    });
    expect(page.text).toMatch(/<html lang="en">[\s\S]*Reject[\s\S]*Allow/);
  });

  it('explain an error in the browser’s language, below WeChat’s own text', async () => {
    const { official } = client.wechat.apps;
    const explanations = async (language: string): Promise<string[]> => {
      const headers = { ...IN_WECHAT, 'Accept-Language': language };
      const pages = [
        await client.get(
          '/connect/oauth2/authorize',
          client.authorizeParameters({ scope: 'snsapi_login' }),
          headers,
        ),
        await client.get('/connect/qrconnect', client.qrParameters({ redirect_uri: 'nothing' }), headers),
        await client.get('/connect/qrconnect', client.qrParameters({ appid: official.appId }), headers),
      ];
      return pages.map((page) => {
        const [, text = '', advice = ''] = /msg_title">(.*?)<[\s\S]*"advice">(.*?)</.exec(page.text) ?? [];
        return `${text} | ${advice.replaceAll('&quot;', '"')}`;
      });
    };
    expect(await explanations('zh-CN')).toEqual([
      '此公众号并没有这些scope的权限，错误码:10005 | wx0f1c1a10e0000001（服务号）不能申请 snsapi_login',
      'redirect_uri 参数错误 | redirect_uri "nothing" 不是 http(s) 地址',
      'Scope 参数错误或没有 Scope 权限 | wx0f1c1a10e0000001 是服务号，不能在这里申请 "snsapi_login"',
    ]);
    expect(await explanations('en-US')).toEqual([
      '此公众号并没有这些scope的权限，错误码:10005 | wx0f1c1a10e0000001 (official account) may not ask for snsapi_login',
      'redirect_uri 参数错误 | redirect_uri "nothing" is not an http: or https: address',
      'Scope 参数错误或没有 Scope 权限 | ' +
        'wx0f1c1a10e0000001 (official account) may not ask for "snsapi_login" here',
    ]);
  });

  it('have no title in the plain style of the widget', async () => {
    expect((await client.qrPage({ login_type: 'jssdk' })).text).toContain('<h1');
    expect((await client.qrPage({ login_type: 'jssdk', stylelite: '1' })).text).not.toContain('<h1');
  });

  it('put no line break into the Location header', async () => {
    const page = await client.authorizePage({
      scope: 'snsapi_base',
      state: 'a\r\nSet-Cookie: x=1',
      redirect_uri: `${CALLBACK}/路径`,
    });
    expect(page.location).toMatch(
      /^https:\/\/h5\.example\.com\/callback\/%E8%B7%AF%E5%BE%84\?code=\w+&state=a%0D%0ASet-Cookie:\+x%3D1$/,
    );
    expect(page.headers.get('set-cookie')).toContain('wechat_emulator_person=ming');
  });
});

describe('consent', () => {
  const press = (form: Record<string, string>) =>
    client.post('/connect/oauth2/authorize', form, client.authorizeParameters(), IN_WECHAT);

  it('允许 leads to the callback of the picked person, whom the browser remembers', async () => {
    const response = await press({ reply: 'allow', person: 'emoji' });
    expect(response.status).toBe(303);
    expect(response.location).toMatch(/\/callback\?code=\w{32}&state=abc$/);
    expect(response.headers.get('set-cookie')).toBe(
      'wechat_emulator_person=emoji; Path=/; HttpOnly; SameSite=Lax',
    );
  });

  it('拒绝 ends the login', async () => {
    const response = await press({ reply: 'deny', person: 'ming' });
    expect(response.status).toBe(200);
    expect(response.text).toContain('应用不会收到回调');
  });

  it('a picked person with `snapshot: true` sees the snapshot page before the login', async () => {
    expect((await press({ reply: 'allow', person: 'snapshot' })).text).toContain('使用完整服务');
    expect((await press({ reply: 'virtual', person: 'snapshot' })).status).toBe(303);
    expect((await press({ reply: 'full', person: 'snapshot' })).text).toContain('允许');
    expect((await press({ reply: 'allow', person: 'snapshot', full: '1' })).status).toBe(303);
  });
});

describe('the confirm page', () => {
  it('asks the person, and says that the QR code has expired if it was confirmed before or is unknown', async () => {
    const uuid = uuidOf(await client.qrPage());
    expect((await client.get('/connect/confirm', { uuid })).text).toContain('使用你的微信身份登录');
    expect((await client.post('/connect/confirm', { reply: 'allow' }, { uuid })).text).toContain('登录成功');
    expect((await client.post('/connect/confirm', { reply: 'allow' }, { uuid })).text).toContain(
      '二维码已过期',
    );
    expect((await client.get('/connect/confirm', { uuid: 'unknown' })).text).toContain('二维码已过期');
  });
});

describe('the home page', () => {
  it('lists apps, people, switches, requests and the environment variables of an app', async () => {
    await client.redeem('some-code');
    const { text } = await client.get('/');
    const { official, website } = client.wechat.apps;
    for (const part of [
      official.appId,
      official.appSecret,
      website.appId,
      '小明',
      'doubleCallback',
      'code=some-code',
      '<td>example-company</td>',
      '<td>未绑定</td>',
      '<td>任意</td>',
      `WECHAT_OPEN_URL=${client.wechat.url}`,
    ]) {
      expect(text).toContain(part);
    }
  });

  it('changes switches', async () => {
    const response = await client.post('/', {
      action: 'switches',
      denial: 'authdeny',
      unionid: 'false',
      pollHold: '1234',
    });
    expect([response.status, response.location]).toEqual([303, '/']);
    expect(client.wechat.switches).toMatchObject({
      denial: 'authdeny',
      unionid: false,
      pollHold: 1234,
    });
  });

  it('skips time and clears the request log', async () => {
    const before = client.wechat.clock.now();
    await client.redeem('x');
    await client.post('/', { action: 'advance', minutes: '120' });
    await client.post('/', { action: 'clear' });
    expect(client.wechat.clock.now() - before).toBeGreaterThanOrEqual(7200_000);
    expect(client.wechat.requests).toHaveLength(0);
  });

  it('refuses changes by other sites', async () => {
    const response = await client.post(
      '/',
      { action: 'switches', denial: 'authdeny' },
      {},
      { 'Sec-Fetch-Site': 'cross-site' },
    );
    expect(response.status).toBe(403);
    expect(client.wechat.switches.denial).toBe('silent');
  });
});

describe('a form value that no page offers', () => {
  it.each([
    [
      { action: 'explode' },
      'The form field action is "explode". Send one of switches, person, advance, clear, withdraw, reset, qr.',
    ],
    [
      { action: 'switches', denial: 'authdeny', consent: 'nonsense' },
      'switches.consent is "nonsense". Give one of "ask", "allow", "deny".',
    ],
    [
      { action: 'switches', denial: 'authdeny', pollHold: '-1' },
      'switches.pollHold is "-1". Give a number of',
    ],
    [
      { action: 'switches', denial: 'authdeny', __proto__x: '1' },
      '"__proto__x" is not a switch. The switches are',
    ],
    [
      { action: 'person', person: 'nobody' },
      'The form field person is "nobody". Send one of ming, follower,',
    ],
    [{ action: 'advance', minutes: '7' }, 'The form field minutes is "7". Send one of 5, 120, 43200.'],
    [{ action: 'advance' }, 'The form field minutes is missing. Send one of 5, 120, 43200.'],
    [{ action: 'a\u001bb' }, 'The form field action is "a\\u001bb".'],
    [{ action: 'a\u009bb' }, 'The form field action is "a\ufffdb".'],
  ])('on the home page: %j is refused with 400, and nothing changes', async (form, message) => {
    const before = client.wechat.clock.now();
    const response = await client.post('/', form);
    expect(response.status).toBe(400);
    expect(response.text).toContain(message);
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(client.wechat.switches.denial).toBe('silent');
    expect(client.wechat.clock.now() - before).toBeLessThan(60_000);
  });

  it.each([
    [{ reply: 'yes' }, 'The form field reply is "yes". Send one of allow, deny, full, virtual.'],
    [{ reply: 'allow', person: 'nobody' }, 'The form field person is "nobody". Send one of ming, follower,'],
  ])('on the consent page: %j is refused with 400', async (form, message) => {
    const response = await client.post(
      '/connect/oauth2/authorize',
      form,
      client.authorizeParameters(),
      IN_WECHAT,
    );
    expect([response.status, response.location]).toEqual([400, '']);
    expect(response.text).toContain(message);
  });

  it.each([
    [{ reply: 'yes' }, 'The form field reply is "yes". Send one of allow, deny.'],
    [{}, 'The form field reply is missing. Send one of allow, deny.'],
    [{ reply: 'allow', person: 'nobody' }, 'The form field person is "nobody". Send one of ming, follower,'],
  ])('on the confirm page: %j is refused with 400, and the login is still open', async (form, message) => {
    const uuid = uuidOf(await client.qrPage());
    const response = await client.post('/connect/confirm', form, { uuid });
    expect(response.status).toBe(400);
    expect(response.text).toContain(message);
    expect((await client.post('/connect/confirm', { reply: 'allow' }, { uuid })).text).toContain('登录成功');
  });
});

describe('wxLogin.js', () => {
  /** The address of the frame that the script makes if it comes from this address. */
  async function frameFor(source: string): Promise<URL> {
    const script = await client.get('/connect/zh_CN/htmledition/js/wxLogin.js');
    const frame: { src?: string } = {};
    const document = {
      currentScript: { src: source },
      createElement: () => frame,
      getElementById: () => ({ appendChild: () => undefined }),
    };
    const window: { WxLogin?: new (options: object) => unknown; addEventListener(): void } = {
      addEventListener: () => undefined,
    };
    vm.runInNewContext(script.text, { window, document, URL });
    if (window.WxLogin) Reflect.construct(window.WxLogin, [{ id: 'login', appid: 'wx' }]);
    return new URL(frame.src ?? '');
  }

  it.each([
    ['https://res.wx.qq.com/connect/zh_CN/htmledition/js/wxLogin.js', 'https://open.weixin.qq.com'],
    ['http://localhost:8917/connect/zh_CN/htmledition/js/wxLogin.js', 'http://localhost:8917'],
    ['https://open.weixin.qq.com/connect/en_US/htmledition/js/wxLogin.js', 'https://open.weixin.qq.com'],
  ])('from %s frames the QR code page of %s', async (source, origin) => {
    const { origin: framed, pathname } = await frameFor(source);
    expect([framed, pathname]).toEqual([origin, '/connect/qrconnect']);
  });
});
