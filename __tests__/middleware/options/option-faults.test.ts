import {
  MemoryTokenStore,
  OptionsError,
  wechatAuth,
  type OptionFault,
  type WechatAuthOptions,
} from '../../../lib/index';

const APP = { appId: 'wx0f1c1a10e0000001', appSecret: '0f1c1a10e0000001aaaaaaaaaaaaaaa1' };
const ENVIRONMENT = Object.keys(process.env).filter((name) => name.startsWith('WECHAT_'));

beforeEach(() => {
  for (const name of ENVIRONMENT) Reflect.deleteProperty(process.env, name);
});

/** The error of wechatAuth() for these options. In JavaScript they may be anything. */
function errorOf(options: unknown): OptionsError | undefined {
  try {
    wechatAuth(options as WechatAuthOptions);
  } catch (error) {
    if (error instanceof OptionsError) return error;
    throw error;
  }
  return undefined;
}

function faultsOf(options: unknown): readonly OptionFault[] {
  return errorOf(options)?.faults ?? [];
}

function pathsOf(options: unknown): string[] {
  return faultsOf(options).map(({ path }) => path);
}

/** The faults of these options, added to valid credentials. */
function messageOf(options: Record<string, unknown>): string {
  const faults = faultsOf({ ...APP, ...options });
  return faults.map(({ path, message }) => `${path} ${message}`).join('\n');
}

function throwError(): never {
  throw new Error('read');
}

describe('faults of the options', () => {
  it('are all in one error, each with its path, its value and a remedy', () => {
    const error = errorOf({
      appId: 'wx0f1c1a10e0000001',
      website: { appID: 'wxeb517e0000000002' },
      baseUrl: 'https://h5.example.com',
      baseURL: 'h5.example.com',
      scope: 'snsapi_login',
      routes: { login: 'login', signout: '/bye' },
      loginTimeout: '10 min',
      flow: 'qr',
      returnTo: '//evil.example',
      endpoints: { api: 'api.weixin.qq.com' },
      verificationFiles: { MP_verify_Ab12Cd34Ef56Gh78: 'Ab12Cd34Ef56Gh78' },
    });
    expect(error).toMatchObject({ name: 'WechatAuthError', kind: 'config', code: 'ERR_WECHAT_CONFIG' });
    expect(error?.faults.map(({ path }) => path).sort()).toEqual([
      'appSecret',
      'baseURL',
      'baseUrl',
      'endpoints.api',
      'flow',
      'loginTimeout',
      'returnTo',
      'routes.login',
      'routes.signout',
      'scope',
      'verificationFiles.MP_verify_Ab12Cd34Ef56Gh78',
      'website.appID',
    ]);
    expect(error?.message).toMatchInlineSnapshot(`
     "wechatAuth() has 12 faults in its options:
       - website.appID is not an option. Did you mean appId?
       - routes.login is 'login'. Give a path below the mount point, such as /login, or false to leave the route out.
       - routes.signout is not an option. The options are: login, callback, logout, scan.
       - scope is 'snsapi_login'. Use 'snsapi_userinfo' (the profile) or 'snsapi_base' (only the openid). The website app always requests snsapi_login.
       - flow is 'qr'. Use 'auto', 'official', 'website', 'scan', or a function of the request that returns one of them.
       - loginTimeout is '10 min'. Give a number of milliseconds, such as 600000.
       - verificationFiles.MP_verify_Ab12Cd34Ef56Gh78 is not the name of a verification file. Use the name that WeChat gave it, such as MP_verify_Ab12Cd34Ef56Gh78.txt.
       - endpoints.api is 'api.weixin.qq.com', which is not an http: or https: address. Give an address such as https://api.weixin.qq.com.
       - baseUrl is not an option. Did you mean baseURL?
       - appSecret is missing. Give it, or set WECHAT_APP_SECRET.
       - baseURL is 'h5.example.com', which is not an http: or https: address. Write it as https://h5.example.com.
       - returnTo is '//evil.example'. Give a path of this app that starts with one slash, such as /home, and has at most 512 bytes.
     Help: https://github.com/express-wechat-auth/express-wechat-auth/blob/main/docs/options.md
     中文说明：https://github.com/express-wechat-auth/express-wechat-auth/blob/main/docs/zh-CN/options.md"
    `);
  });

  it.each([
    ['appID', 'appId'],
    ['appid', 'appId'],
    ['apId', 'appId'],
    ['appsecret', 'appSecret'],
    ['app_secret', 'appSecret'],
    ['secret', 'appSecret'],
    ['clientID', 'appId'],
    ['client_secret', 'appSecret'],
    ['baseUrl', 'baseURL'],
    ['callbackURL', 'baseURL'],
    ['redirect_uri', 'baseURL'],
    ['route', 'routes'],
    ['scopes', 'scope'],
    ['language', 'lang'],
    ['authRequire', 'authRequired'],
    ['return_to', 'returnTo'],
    ['timeout', 'loginTimeout'],
    ['snapshotUser', 'snapshotUsers'],
    ['onlogin', 'onLogin'],
    ['onErr', 'onError'],
    ['store', 'tokenStore'],
    ['session_key', 'sessionKey'],
    ['verificationFile', 'verificationFiles'],
    ['endpoint', 'endpoints'],
  ])('suggest for %s the option %s', (name, suggestion) => {
    expect(messageOf({ [name]: 'x' })).toBe(`${name} is not an option. Did you mean ${suggestion}?`);
  });

  it('list the options if none is similar', () => {
    expect(messageOf({ pineapple: 1 })).toMatch(
      /^pineapple is not an option\. The options are: appId, appSecret, website, /,
    );
    expect(messageOf({ endpoints: { region: 'x' } })).toBe(
      'endpoints.region is not an option. The options are: open, api.',
    );
    expect(messageOf({ routes: { logut: '/x' } })).toBe(
      'routes.logut is not an option. Did you mean logout?',
    );
    expect(messageOf({ website: { secret: 'x', appId: 'wx1', appSecret: 's' } })).toBe(
      'website.secret is not an option. Did you mean appSecret?',
    );
    expect(messageOf({ constructor: 1 })).toMatch(/^constructor is not an option/);
  });

  it('name every unknown option, and every fault of a verification file', () => {
    expect(pathsOf({ ...APP, pineapple: 1, mango: 1, constructor: 1, routes: { a: 1, b: 1 } })).toEqual([
      ...['routes.a', 'routes.b', 'pineapple', 'mango', 'constructor'],
    ]);
    expect(messageOf({ verificationFiles: { 'a.txt': '', 'b.html': 1 } })).toMatchInlineSnapshot(`
     "verificationFiles.a.txt is ''. Give the content of the file as a string.
     verificationFiles.b.html is not the name of a verification file. Use the name that WeChat gave it, such as MP_verify_Ab12Cd34Ef56Gh78.txt.
     verificationFiles.b.html is 1. Give the content of the file as a string."
    `);
    expect(pathsOf({ ...APP, verificationFiles: { constructor: 'x' } })).toEqual([
      'verificationFiles.constructor',
    ]);
  });

  it('name a value that holds no options once, and not its characters', () => {
    for (const routes of ['/auth/login', ['/login'], 7, '/'.repeat(5_000_000)])
      expect(pathsOf({ ...APP, routes })).toEqual(['routes']);
  });

  it('name a list of session keys that is too long, without reading it', () => {
    expect(pathsOf({ ...APP, preserveSession: new Array<string>(2 ** 31) })).toEqual(['preserveSession']);
  });

  it.each(['a revoked Proxy', 'a getter that throws'])('name headers that cannot be read: %s', (what) => {
    const getter = Object.defineProperty({}, 'X-A', { enumerable: true, get: throwError });
    const headers = what === 'a revoked Proxy' ? revokedProxy() : getter;
    expect(() => wechatAuth({ ...APP, http: { headers: headers as never } })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('http.headers') as string }) as Error,
    );
  });

  it('name missing credentials', () => {
    const missing =
      /^is missing, and so is website\. Give appId and appSecret .* WECHAT_APP_ID and WECHAT_APP_SECRET\.$/;
    for (const options of [
      undefined,
      {},
      { website: {} },
      { website: { appId: undefined } },
      { appId: undefined },
    ]) {
      expect(faultsOf(options)).toEqual([
        { path: 'appId', message: expect.stringMatching(missing) as string },
      ]);
    }
    expect(faultsOf({ appId: 'wx1' })).toEqual([
      { path: 'appSecret', message: 'is missing. Give it, or set WECHAT_APP_SECRET.' },
    ]);
    expect(faultsOf({ appSecret: 's' })).toEqual([
      { path: 'appId', message: 'is missing. Give it, or set WECHAT_APP_ID.' },
    ]);
    expect(messageOf({ website: { appId: 'wx1' } })).toBe(
      'website.appSecret is missing. Give it, or set WECHAT_WEBSITE_APP_SECRET.',
    );
    expect(messageOf({ website: { appSecret: 's' } })).toBe(
      'website.appId is missing. Give it, or set WECHAT_WEBSITE_APP_ID.',
    );
  });

  it('name a flow without an account', () => {
    expect(messageOf({ flow: 'website' })).toBe(
      "flow is 'website', but there is no website app. Give website: { appId, appSecret }.",
    );
    expect(messageOf({ flow: 'website', website: {} })).toMatch(/^flow is 'website', but/);
    expect(faultsOf({ flow: 'official', website: APP })).toEqual([
      {
        path: 'flow',
        message: expect.stringMatching(/^is 'official', but there is no official account/) as string,
      },
    ]);
  });

  const junk: readonly (readonly [string, unknown])[] = [
    ['null', null],
    ['a number', 42],
    ['NaN', NaN],
    ['a BigInt', 10n],
    ['a boolean', true],
    ['an empty string', ''],
    ['a string', 'no option takes this: \n'],
    ['an array', [1, 2]],
    ['an object', { nonsense: 1 }],
    ['an object without prototype', Object.create(null)],
    ['a date', new Date(0)],
    ['a symbol', Symbol('s')],
    ['a function', () => 'x'],
    [
      'a Proxy that throws',
      new Proxy({}, { get: throwError, ownKeys: throwError, getPrototypeOf: throwError, has: throwError }),
    ],
    ['a revoked Proxy', revokedProxy()],
    [
      'an object whose getters throw',
      {
        get get() {
          return throwError();
        },
        get appId() {
          return throwError();
        },
        get timeout() {
          return throwError();
        },
        get login() {
          return throwError();
        },
      },
    ],
    [
      'an object that cannot become a string',
      { toString: throwError, valueOf: throwError, [Symbol.toPrimitive]: throwError },
    ],
  ];
  const options = [
    'appId',
    'appSecret',
    'website',
    'website.appId',
    'website.appSecret',
    'baseURL',
    'routes',
    'routes.login',
    'routes.callback',
    'routes.logout',
    'scope',
    'lang',
    'flow',
    'authRequired',
    'returnTo',
    'loginTimeout',
    'snapshotUsers',
    'identity',
    'onLogin',
    'onError',
    'tokenStore',
    'preserveSession',
    'preserveSession.0',
    'verificationFiles',
    'verificationFiles.a.txt',
    'sessionKey',
    'endpoints',
    'endpoints.open',
    'endpoints.api',
    'http',
    'http.timeout',
    'dangerouslyAllowEmulatorInProduction',
  ];
  /** Option → the values above that are valid for it. */
  const accepted: Readonly<Record<string, readonly string[]>> = {
    appId: [],
    flow: ['a function'],
    authRequired: ['a boolean'],
    dangerouslyAllowEmulatorInProduction: ['a boolean'],
    loginTimeout: ['a number'],
    onLogin: ['a function'],
    onError: ['a function'],
    preserveSession: ['a boolean'],
    'preserveSession.0': ['a string', 'an empty string'],
    'verificationFiles.a.txt': ['a string'],
    verificationFiles: ['an object without prototype'],
    http: ['an object', 'an object without prototype', 'a date', 'an object that cannot become a string'],
    'http.timeout': ['a number'],
    routes: ['an object without prototype', 'a date'],
    website: ['an object without prototype', 'a date'],
    endpoints: ['an object without prototype', 'a date'],
  };

  describe.each(options)('for %s', (option) => {
    it.each(junk)('are in one OptionsError, and nothing else is thrown: %s', (what, value) => {
      const [first = '', ...rest] = option.split('.');
      const second = rest.join('.');
      const inner = first === 'preserveSession' ? [value] : { [second]: value };
      const given = { ...APP, [first]: second ? inner : value };
      const error = errorOf(given);
      if (accepted[option]?.includes(what)) {
        expect(error).toBeUndefined();
        return;
      }
      expect(error?.kind).toBe('config');
      for (const { path, message } of error?.faults ?? []) {
        expect(path === '' || path === first || path.startsWith(`${first}.`)).toBe(true);
        // The fault, then the remedy.
        expect(message).toMatch(/^(?:is|holds|has|throws) .*[.?]$/);
      }
    });
  });

  it.each(junk)('are in one OptionsError if the argument is %s', (_what, value) => {
    expect(errorOf(value)?.kind).toBe('config');
  });

  it('report an AppID and an AppSecret that are swapped, because an AppID is in addresses', () => {
    const swapped = { appId: APP.appSecret, appSecret: APP.appId };
    const faults = (prefix: string): unknown => [
      {
        path: `${prefix}appId`,
        message: expect.stringMatching(
          /^has the form of an AppSecret: appId and appSecret are swapped\. Give /,
        ) as string,
      },
      {
        path: `${prefix}appSecret`,
        message: expect.stringMatching(/^is an AppID: appId and appSecret are swapped\. Give /) as string,
      },
    ];
    expect(faultsOf(swapped)).toEqual(faults(''));
    expect(faultsOf({ ...APP, website: swapped })).toEqual(faults('website.'));
    expect(faultsOf({ ...APP, appId: APP.appSecret.toUpperCase() })).toHaveLength(1);
    expect(messageOf(swapped)).not.toContain(APP.appSecret);
  });

  it.each(['"wx0f1c1a10e0000001"', "'wx0f1c1a10e0000001'", 'wx0f1c1a10e0000001 ', '“wx0f1c1a10e0000001”'])(
    'report blanks and quotes in an AppID, which come from a file of variables: %s',
    (appId) => {
      expect(messageOf({ ...APP, appId })).toMatch(/^appId is .*, without blanks or quotes\.$/);
    },
  );

  it('report quotes in an AppSecret, and the original id in the place of an AppID', () => {
    expect(messageOf({ ...APP, appSecret: `"${APP.appSecret}"` })).toMatch(
      /^appSecret has a blank, a quote or /,
    );
    expect(messageOf({ ...APP, appId: 'gh_0123456789ab' })).toMatch(
      /^appId is the original id of the account \(原始ID\)\. Give the AppID /,
    );
  });

  it('never contain a secret', () => {
    const secret = 'c0ffee00c0ffee00c0ffee00c0ffee00';
    const wrong: unknown[] = [
      { appId: `${secret} `, appSecret: APP.appSecret },
      { appId: secret, appSecret: APP.appId },
      { ...APP, appId: `"${secret}"` },
      { ...APP, appSecret: `${secret}\n` },
      { ...APP, appSecret: [secret] },
      { ...APP, appSecret: { secret } },
      { ...APP, secret },
      { ...APP, website: secret },
      { ...APP, website: ['wx1', secret] },
      { ...APP, website: { appId: 'wx1', appSecret: ` ${secret}` } },
      { ...APP, website: { appId: 'wx1', secret } },
      { ...APP, baseURL: `https://user:${secret}@h5.example.com` },
      { ...APP, baseURL: `https://user:pass-${secret}@` },
      { ...APP, baseURL: `https://user:pass/${secret.slice(8)}?@h5.example.com` },
      { ...APP, endpoints: { api: `https://user:${secret}@gateway.example` } },
      { ...APP, endpoints: `https://user:${secret}@gateway.example` },
      { ...APP, http: `http://user:${secret}@proxy.example` },
      { ...APP, returnTo: `//user:x${secret}@evil.example` },
      ['wx1', secret],
      secret,
    ];
    for (const options of wrong) {
      const error = errorOf(options);
      expect(error?.faults.length).toBeGreaterThan(0);
      expect(JSON.stringify([error, error?.faults, error?.message, error?.stack])).not.toContain('c0ffee');
    }
  });

  it.each(['0000', '000a', '001b', '007f', '0085', '009b', '2028', '2029', '202e', '2066'])(
    'do not contain U+%s from a value or from the name of an option',
    (code) => {
      const character = String.fromCodePoint(parseInt(code, 16));
      const error = errorOf({ ...APP, scope: `a${character}b`, [`x${character}y`]: 1 });
      expect(error?.faults).toHaveLength(2);
      expect(error?.message.replaceAll(/\n(?: {2}- |Help: |中文说明：)/g, '')).not.toContain(character);
    },
  );

  it('cut long values', () => {
    expect(messageOf({ scope: 'x'.repeat(10_000) }).length).toBeLessThan(300);
  });
});

describe('a baseURL that ends with the callback route', () => {
  it.each([
    [
      'https://h5.example.com/callback',
      {},
      "'https://h5.example.com': wechatAuth() appends /callback itself.",
    ],
    [
      'https://h5.example.com/callback/',
      {},
      "'https://h5.example.com': wechatAuth() appends /callback itself.",
    ],
    [
      'https://h5.example.com/shop/callback',
      {},
      "'https://h5.example.com/shop': wechatAuth() appends /callback itself.",
    ],
    [
      'https://h5.example.com/wx/back',
      { routes: { callback: '/wx/back' } },
      "'https://h5.example.com': wechatAuth() appends /wx/back itself.",
    ],
    ['https://app.example.com/callback', { relay: 'https://h5.example.com' }, "'https://app.example.com': "],
  ])('is a fault: %s %j', (baseURL, others, remedy) => {
    const message = messageOf({ baseURL, ...others });
    expect(message).toContain(
      `baseURL is '${baseURL}', which ends with the callback route. Give the address of the app, ${remedy}`,
    );
  });

  it.each([
    ['https://h5.example.com/my-callback', {}],
    ['https://h5.example.com/callback/app', {}],
    ['https://h5.example.com/callback', { routes: { callback: '/wx/back' } }],
  ])('does not include %s %j', (baseURL, others) => {
    expect(messageOf({ baseURL, ...others })).toBe('');
  });
});

describe("a baseURL that WeChat's console would not accept", () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    [
      'https://h5.example.com:8443',
      /has a port \(8443\)\. WeChat would show 10003 .*网页授权域名.*授权回调域/,
    ],
    ['http://h5.example.com:8080/shop', /has a port \(8080\).*without a port/],
    ['https://203.0.113.7', /is an IP address\. WeChat would show 10003 .*网页授权域名/],
    ['https://[2001:db8::1]', /is an IP address.*网页授权域名/],
    [
      'https://my_app.example.com',
      /has the host my_app\.example\.com, with characters other than letters.*网页授权域名/,
    ],
    ['https://h5.example.com.', /with characters other than letters, digits and "-"/],
    ['http://10.example.com:8080', /has a port \(8080\)/],
    ['https://h5.example.com/#/home', /has a query or a fragment.*网页授权域名/],
    ['https://h5.example.com/?a=1', /has a query or a fragment.*网页授权域名/],
    ['https://h5.example.com?', /has a query or a fragment/],
    ['https://h5.example.com#', /has a query or a fragment/],
    ['https://h5.example.com//shop', /has two slashes in a row/],
    ['https://user:pass@h5.example.com', /has a user name or a password in it/],
    ['h5.example.com', /is not an http: or https: address\. Write it as https:\/\/h5\.example\.com/],
    ['//h5.example.com', /is not an http: or https: address/],
    ['ftp://h5.example.com', /is not an http: or https: address/],
    ['javascript:alert(1)', /is not an http: or https: address/],
    ['https://', /is not an http: or https: address/],
    ['https://h5 .example.com', /is not an http: or https: address/],
  ];
  it.each(wrong)('is a fault: %s', (baseURL, expected) => {
    expect(messageOf({ baseURL })).toMatch(expected);
    expect(messageOf({ baseURL })).toMatch(/^baseURL /);
  });

  it.each([
    'https://h5.example.com',
    'https://h5.example.com/',
    'https://H5.Example.COM/shop/',
    'http://h5.example.com:80',
    'https://h5.example.com:443/shop',
    // A test account (测试号) takes addresses of the local network, with a port.
    'http://localhost:3000',
    'http://127.0.0.1:3000',
    'http://192.168.1.7:8080',
    'http://10.0.0.1',
    'http://[::1]:3000',
    'http://nas.local:8080',
    'http://169.254.7.7:3000',
  ])('does not include %s', (baseURL) => {
    expect(messageOf({ baseURL })).toBe('');
  });

  it('is accepted if the app does not use the real WeChat', () => {
    const endpoints = { open: 'http://127.0.0.1:8917', api: 'http://127.0.0.1:8917' };
    expect(messageOf({ baseURL: 'http://203.0.113.7:3000', endpoints })).toBe('');
    expect(messageOf({ baseURL: 'http://203.0.113.7:3000', endpoints: { api: endpoints.api } })).not.toBe('');
  });
});

describe('routes', () => {
  it.each([
    'login',
    '',
    '/',
    '//',
    '/login/',
    '/log in',
    '/登录',
    '/login?x',
    '/login#x',
    '/:id',
    '/*',
    '/a//b',
    '/..',
    '/./a',
    '/a/../b',
    '/%6c',
  ])('cannot have the path %j', (login) => {
    expect(messageOf({ routes: { login } })).toMatch(
      /^routes\.login is '.*'\. Give a path below the mount point/,
    );
  });

  it.each(['/a', '/auth/wechat/login', '/login.html', '/.well-known/x', '/a-b_c~d', '/Login', false])(
    'can have the path %j',
    (login) => {
      expect(messageOf({ routes: { login } })).toBe('');
    },
  );

  it('need different paths', () => {
    expect(messageOf({ routes: { login: '/wechat', callback: '/wechat' } })).toMatch(
      /^routes\.login is '\/wechat', like routes\.callback\. Give each route a path of its own\.$/,
    );
    expect(messageOf({ routes: { login: '/LOGOUT' } })).toMatch(
      /^routes\.logout is '\/logout', like routes\.login/,
    );
    expect(messageOf({ routes: { login: false, logout: false } })).toBe('');
  });

  it('can have the default path of a route that is not served', () => {
    for (const name of ['login', 'callback', 'logout'])
      expect(messageOf({ routes: { [name]: '/scan' } })).toBe('');
    expect(messageOf({ scanLogin: true, routes: { callback: '/scan' } })).toMatch(
      /^routes\.scan is '\/scan', like routes\.callback/,
    );
    expect(messageOf({ routes: { callback: '/scan', scan: '/scan' } })).toMatch(
      /^routes\.scan is '\/scan', like/,
    );
    // Nobody logs in with a page.
    const miniProgram = { appId: 'wx0123456789abcdef', appSecret: 'a'.repeat(32) };
    const alone = { appId: undefined, appSecret: undefined, miniProgram };
    expect(messageOf({ ...alone, routes: { logout: '/login' } })).toBe('');
    expect(messageOf({ routes: { logout: '/login' } })).toMatch(
      /^routes\.logout is '\/login', like routes\.login/,
    );
  });
});

describe('other options', () => {
  it('have limits', () => {
    expect(messageOf({ loginTimeout: 0 })).toMatch(/above 0/);
    expect(messageOf({ loginTimeout: -1 })).toMatch(/above 0/);
    expect(messageOf({ loginTimeout: 1.5 })).toMatch(/whole number of milliseconds/);
    expect(messageOf({ loginTimeout: Infinity })).toMatch(/^loginTimeout is Infinity\./);
    expect(messageOf({ http: { timeout: -1 } })).toMatch(/^http\.timeout is -1\./);
    expect(messageOf({ http: { timeout: 2 ** 31 } })).toMatch(/^http\.timeout is 2147483648\./);
    expect(messageOf({ http: { timeout: '5s' } })).toMatch(/^http\.timeout is '5s'\./);
    expect(messageOf({ http: { timeout: 0 } })).toBe('');
    for (const proxy of [
      'http://user:CANARY@127.0.0.1:8080',
      true,
      {},
      { host: 'p', port: 'x' },
      { protocol: 'socks5', host: 'p' },
    ]) {
      const message = messageOf({ http: { proxy } });
      expect(message).toMatch(
        /^http\.proxy is (?:a string|true|an object)\. Give an object with host and port/,
      );
      expect(message).not.toContain('CANARY');
    }
    for (const proxy of [false, undefined, { host: 'p', port: 80, protocol: 'https:', auth: {} }])
      expect(messageOf({ http: { proxy } })).toBe('');
  });

  it.each([
    'cookie',
    'id',
    'save',
    'regenerate',
    'isNew',
    '__proto__',
    'constructor',
    'toString',
    'a b',
    'a:b',
    '',
  ])(
    'refuse %j as sessionKey: it is reserved, empty, or has a character that is not allowed',
    (sessionKey) => {
      expect(messageOf({ sessionKey })).toMatch(/^sessionKey is '.*'\. Give a name of/);
    },
  );

  it.each(['../x.txt', 'a/b.txt', '.txt', 'x.html', 'MP_verify_x', 'a b.txt', ''])(
    'refuse %j as the name of a verification file',
    (name) => {
      const verificationFiles = Object.fromEntries([[name, 'x']]);
      expect(messageOf({ verificationFiles })).toMatch(/is not the name of a verification file/);
    },
  );

  it.each(['//evil.example', 'home', 'https://h5.example.com/', '/\\evil', '', '/\n', `/${'x'.repeat(512)}`])(
    'refuse %j as returnTo',
    (returnTo) => {
      expect(messageOf({ returnTo })).toMatch(
        /^returnTo is .* Give a path of this app that starts with one slash/,
      );
    },
  );

  it('count as not given if they are undefined', () => {
    const undefinedOptions = Object.fromEntries(
      [
        'website',
        'baseURL',
        'routes',
        'scope',
        'lang',
        'flow',
        'authRequired',
        'returnTo',
        'loginTimeout',
        'snapshotUsers',
        'identity',
        'onLogin',
        'onError',
        'tokenStore',
        'preserveSession',
        'verificationFiles',
        'sessionKey',
        'endpoints',
        'http',
        'dangerouslyAllowEmulatorInProduction',
      ].map((name) => [name, undefined]),
    );
    expect(messageOf(undefinedOptions)).toBe('');
    expect(
      messageOf({
        routes: { login: undefined },
        endpoints: { open: undefined },
        website: { appId: undefined, appSecret: undefined },
      }),
    ).toBe('');
  });
});

describe('an environment variable', () => {
  const setEnvironment = (values: Record<string, string>): void => {
    Object.assign(process.env, values);
    ENVIRONMENT.push(...Object.keys(values));
  };
  afterEach(() => {
    for (const name of ENVIRONMENT) Reflect.deleteProperty(process.env, name);
  });

  it('counts as not set if it is empty', () => {
    setEnvironment({
      WECHAT_APP_ID: '',
      WECHAT_APP_SECRET: ' ',
      WECHAT_WEBSITE_APP_ID: '',
      WECHAT_BASE_URL: '',
      WECHAT_OPEN_URL: '',
      WECHAT_API_URL: '\t',
    });
    expect(pathsOf({})).toEqual(['appId']);
    expect(pathsOf(APP)).toEqual([]);
  });

  it('is named as the source of its faults', () => {
    setEnvironment({
      WECHAT_APP_ID: 'wx 1',
      WECHAT_APP_SECRET: 's',
      WECHAT_BASE_URL: 'h5.example.com',
      WECHAT_API_URL: 'x',
      WECHAT_WEBSITE_APP_ID: 'wx2',
    });
    const expected = faultsOf({}).map(({ path, message }) => `${path} ${message}`);
    expect(expected.sort()).toEqual([
      expect.stringMatching(/^appId is 'wx 1'\. .* It comes from WECHAT_APP_ID\.$/),
      expect.stringMatching(/^baseURL is 'h5.example.com', .* It comes from WECHAT_BASE_URL\.$/),
      expect.stringMatching(/^endpoints\.api is 'x', .* It comes from WECHAT_API_URL\.$/),
      'website.appSecret is missing. Give it, or set WECHAT_WEBSITE_APP_SECRET.',
    ]);
    expect(messageOf({ baseURL: 'nonsense' })).not.toContain('It comes from WECHAT_BASE_URL');
  });

  it('does not replace an invalid option', () => {
    setEnvironment({ WECHAT_APP_ID: 'wx1', WECHAT_APP_SECRET: 's' });
    expect(pathsOf({ appId: null })).toEqual(['appId']);
    expect(pathsOf({ appId: '', appSecret: 's' })).toEqual(['appId']);
  });
});

describe('the options that were given', () => {
  it('are never modified', () => {
    const options = freeze({
      ...APP,
      website: { appId: 'wxeb517e0000000002', appSecret: 's' },
      baseURL: 'https://h5.example.com/shop/',
      routes: { login: '/a', logout: false },
      preserveSession: ['cart'],
      verificationFiles: { 'a.txt': 'a' },
      endpoints: { open: 'http://127.0.0.1:1' },
      http: { headers: { 'X-A': '1' }, timeout: 100 },
      tokenStore: new MemoryTokenStore(),
    });
    expect(errorOf(options)).toBeUndefined();
    expect(errorOf(freeze({ ...options, scope: 'x', website: { appId: 'wx1' } }))).toBeDefined();
  });
});

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !(value instanceof MemoryTokenStore)) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
