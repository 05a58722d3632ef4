import { OptionsError, wechatAuth, wechatRelay, type WechatRelayOptions } from '../../lib';
import { Browser } from '../support/browser';
import { createHost, listen } from '../support/hosts';

/** What a call says of its options; '' if nothing is wrong. In JavaScript they may be anything. */
function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof OptionsError) return error.message;
    throw error;
  }
  return '';
}

describe('the options of wechatRelay()', () => {
  const relayMessage = (options: unknown): string =>
    messageOf(() => wechatRelay(options as WechatRelayOptions));

  it('have their faults in one error, each with its path, its value and a remedy', () => {
    expect(
      relayMessage({
        to: [
          'https://*.example.com',
          'https://app.example.com/?a=1',
          42,
          'https://a:pw@app.example.com',
          'http://localhost:3000',
        ],

        too: [],
        verificationFiles: { 'MP_verify_x.html': 'x' },
      }),
    ).toMatchInlineSnapshot(`
     "wechatRelay() has 6 faults in its options:
       - to.0 is 'https://*.example.com', which has a wildcard. Give an origin such as https://staging.example.com, or the callback address of an app, such as http://localhost:3000/callback.
       - to.1 is 'https://app.example.com/?a=1', which has a query or a fragment. Give an origin such as https://staging.example.com, or the callback address of an app, such as http://localhost:3000/callback.
       - to.2 is 42. Give an origin such as https://staging.example.com, or the callback address of an app, such as http://localhost:3000/callback.
       - to.3 is 'https://***@app.example.com', which has a user name or a password in it. Give an origin such as https://staging.example.com, or the callback address of an app, such as http://localhost:3000/callback.
       - verificationFiles.MP_verify_x.html is not the name of a verification file. Use the name that WeChat gave it, such as MP_verify_Ab12Cd34Ef56Gh78.txt.
       - too is not an option. Did you mean to?
     Help: https://github.com/express-wechat-auth/express-wechat-auth/blob/main/docs/options.md
     中文说明：https://github.com/express-wechat-auth/express-wechat-auth/blob/main/docs/zh-CN/options.md"
    `);
  });

  it.each([
    [undefined, 'The argument is undefined. Give an object of options'],
    [null, 'The argument is null. Give an object of options'],
    [['https://app.example.com'], 'The argument is an array. Give an object of options'],
    [{}, 'to is undefined. Give a list of the addresses'],
    [{ to: [] }, 'to is an empty list. Give a list of the addresses'],
    [{ to: 'https://app.example.com' }, "to is 'https://app.example.com'. Give a list of the addresses"],
    [{ to: [null] }, 'to.0 is null. Give an origin such as'],
    [
      { list: [], to: ['http://localhost:3000'] },
      'list is not an option. The options are: to, verificationFiles.',
    ],
    [{ to: ['http://localhost:3000'], verificationFile: {} }, 'Did you mean verificationFiles?'],
    [{ to: ['http://localhost:3000'], verificationFiles: { 'a.txt': '' } }, 'verificationFiles.a.txt is'],
  ])('are refused: %j', (options, message) => {
    expect(relayMessage(options)).toContain(message);
  });

  it('are refused if they throw when they are read', () => {
    const options = {
      get to(): never {
        throw new Error('read');
      },
    };
    expect(relayMessage(options)).toContain('throws when it is read');
  });

  it('are not read through a prototype', () => {
    const options = Object.create({ to: ['https://evil.example'] }) as WechatRelayOptions;
    expect(relayMessage(options)).toContain('to is undefined');
  });

  it('are copied: the list may change afterwards, and is never written to', async () => {
    const to = ['https://app.example.com'];
    const relay = wechatRelay(Object.freeze({ to }));
    expect(() => wechatRelay({ to: Object.freeze([...to]) })).not.toThrow();
    to[0] = 'https://evil.example';
    to.push('https://evil.example');
    const app = createHost('Express 5');
    app.use(relay);
    const running = await listen(app);
    jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    try {
      const browser = Browser.inWechat(running.url);
      expect((await browser.get('/callback?to=https://evil.example/')).status).toBe(400);
      expect((await browser.get('/callback?to=https://app.example.com/')).status).toBe(302);
    } finally {
      jest.restoreAllMocks();
      await running.close();
    }
  });
});

describe('the option relay of wechatAuth()', () => {
  const APP = { appId: 'wx0f1c1a10e0000001', appSecret: '0f1c1a10e0000001aaaaaaaaaaaaaaa1' };
  const RELAY = 'https://auth.example.com/wechat';
  const authMessage = (options: unknown): string =>
    messageOf(() => wechatAuth({ ...APP, ...(options as object) }));

  const before = { ...process.env };
  beforeEach(() => {
    for (const name of Object.keys(process.env)) if (name.startsWith('WECHAT_')) delete process.env[name];
  });
  afterEach(() => {
    process.env = { ...before };
  });

  it.each([
    'http://localhost:3000',
    'http://127.0.0.1:3000/shop',
    'http://203.0.113.7:8080',
    'https://app_1.example.com:8443',
  ])('frees baseURL from the rules for callback domains: %s', (baseURL) => {
    expect(authMessage({ baseURL, relay: RELAY })).toBe('');
    expect(authMessage({ baseURL: 'https://h5.example.com:8443' })).toMatch(/has a port/);
  });

  it.each([
    'localhost:3000',
    'http://localhost:3000/?x',
    'http://a:b@localhost:3000',
    'http://localhost:3000//x',
  ])('keeps the rules for the form of baseURL: %s', (baseURL) => {
    expect(authMessage({ baseURL, relay: RELAY })).toMatch(/- baseURL is /);
  });

  it.each([
    ['https://auth.example.com:8443/wechat', 'has a port (8443)'],
    ['https://203.0.113.7/wechat', 'is an IP address'],
    ['https://auth_1.example.com', 'with characters other than letters'],
    ['auth.example.com', 'is not an http: or https: address'],
    ['', 'is not an http: or https: address'],
    ['https://auth.example.com/?to=x', 'has a query or a fragment'],
    ['https://a:b@auth.example.com', 'has a user name or a password in it'],
    ['https://auth.example.com/wechat/callback', 'ends in /callback'],
    ['https://auth.example.com/callback/', 'ends in /callback'],
  ])('has these rules itself: %s', (relay, fault) => {
    expect(authMessage({ relay })).toContain(fault);
    expect(authMessage({ relay })).toMatch(/- relay is '/);
  });

  it('may have a port where an emulator is WeChat', () => {
    const endpoints = { open: 'http://127.0.0.1:8917', api: 'http://127.0.0.1:8917' };
    expect(authMessage({ relay: 'http://203.0.113.7:4000/wechat', endpoints })).toBe('');
    expect(authMessage({ relay: 'http://127.0.0.1:4000/callback', endpoints })).toMatch(/ends in \/callback/);
  });

  it('must be a string', () => {
    expect(authMessage({ relay: true })).toMatch(
      /- relay is true\. Give the address of the relay, such as https:\/\/auth\.example\.com\/wechat\./,
    );
    expect(authMessage({ relay: undefined })).toBe('');
  });

  it('comes from WECHAT_RELAY, which its faults name', () => {
    process.env['WECHAT_RELAY'] = 'https://auth.example.com:8443';
    process.env['WECHAT_BASE_URL'] = 'http://localhost:3000';
    expect(authMessage({})).toMatch(/- relay is .* It comes from WECHAT_RELAY\.\n/);
    process.env['WECHAT_RELAY'] = RELAY;
    process.env['WECHAT_BASE_URL'] = 'http://203.0.113.7:3000';
    expect(authMessage({})).toBe('');
    process.env['WECHAT_RELAY'] = ' ';
    expect(authMessage({})).toMatch(/- baseURL is .*(?:IP address|has a port)/);
  });
});
