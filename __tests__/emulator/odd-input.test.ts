// Malformed and hostile requests: the emulator responds as WeChat would or refuses, and keeps running.
import fc from 'fast-check';
import type { Emulator } from '../../lib/emulator';
import { IN_WECHAT, useEmulatorClient, uuidOf, type EmulatorClient } from './support/emulator-client';
import { sendRaw, type RawResponse } from './support/raw-request';
import { anyString } from '../support/random/any-string';

const startClient = useEmulatorClient();
let client: EmulatorClient;
let wechat: Emulator;
beforeEach(async () => {
  client = await startClient({ switches: { pollHold: 0 } });
  wechat = client.wechat;
});

const ENDPOINTS = [
  '/',
  '/connect/oauth2/authorize',
  '/connect/qrconnect',
  '/connect/l/qrconnect',
  '/connect/confirm',
  '/connect/qrcode/x',
  '/sns/oauth2/access_token',
  '/sns/oauth2/refresh_token',
  '/sns/auth',
  '/sns/userinfo',
  '/sns/jscode2session',
  '/sns/nothing',
  '/mmopen/vi_32/ming/132',
  '/emulator/style.css',
  '/nowhere',
];
const FORM = 'application/x-www-form-urlencoded';

/** Sends a request of WeChat's browser, with a Content-Type and another header line if they are given. */
function raw(target: string, { method = 'GET', type = '', body = '', head = '' } = {}): Promise<RawResponse> {
  const contentType = type === '' ? '' : `Content-Type: ${type}`;
  const headers = [`User-Agent: ${IN_WECHAT['User-Agent']}`, contentType, head].filter((line) => line !== '');
  return sendRaw(wechat.url, target, { method, headers, body });
}

function hasEmulatorHeader(response: RawResponse): boolean {
  return response.head.includes('\r\nX-Emulated-WeChat: express-wechat-auth');
}

const { official, website } = { official: 'wx0f1c1a10e0000001', website: 'wxeb517e0000000002' };
const NAMES = [
  'appid',
  'secret',
  'code',
  'js_code',
  'grant_type',
  'access_token',
  'openid',
  'refresh_token',
  'redirect_uri',
  'response_type',
  'scope',
  'state',
  'component_appid',
  'uuid',
  'last',
  'f',
  'lang',
  'href',
  'style',
  'stylelite',
  'login_type',
  'self_redirect',
  'forcePopup',
  'forceSnapShot',
  'action',
  'person',
  'minutes',
  'reply',
  'full',
  '__proto__',
  'constructor',
  'a[b]',
  'a[]',
  '',
];
const VALUES = [
  official,
  website,
  'authorization_code',
  'refresh_token',
  'snsapi_base',
  'snsapi_base,snsapi_userinfo',
  'snsapi_login',
  'code',
  'allow',
  'deny',
  'virtual',
  'full',
  'switches',
  'advance',
  'clear',
  '1e308',
  '-1',
  'NaN',
  'xml',
  'json',
  'true',
  '1',
  'http://127.0.0.1/cb',
  'https://[::1]:80/?a=1#b',
  'http://',
  'javascript:alert(1)',
  'ming',
  '%',
  '%zz',
  '%00',
  '%ff%fe',
  '%ed%a0%80',
  '%0d%0aX-Injected:%201',
  '\u{1f600}',
  '"><script>',
  'undefined',
  '',
];
const pair = fc.tuple(fc.constantFrom(...NAMES), fc.oneof(fc.constantFrom(...VALUES), anyString()));
/** Percent-encodes only what a request line cannot hold. */
function requestLineSafe(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[^\u0021-\u007e]|#/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
const query = fc
  .array(pair, { maxLength: 8 })
  .map((pairs) => pairs.map(([name, value]) => requestLineSafe(`${name}=${value}`)).join('&'));

describe('a malformed or hostile request', () => {
  it('gets a response that is not a 500, whatever it is', async () => {
    const request = fc.record({
      path: fc.constantFrom(...ENDPOINTS),
      query,
      form: query,
      method: fc.constantFrom('GET', 'POST', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'),
      type: fc.constantFrom('', FORM, `${FORM}; charset=gbk`, 'application/json', 'multipart/form-data', 'x'),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ path, query: search, form, method, type }) => {
        const response = await raw(`${path}?${search}`, { method, type, body: form });
        expect([200, 301, 302, 303, 400, 404]).toContain(response.status);
        expect(response.head.toLowerCase()).not.toContain('x-injected');
        expect(hasEmulatorHeader(response)).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it.each(['/sns/oauth2/access_token', '/connect/oauth2/authorize', '/connect/qrconnect', '/'])(
    'to %s may repeat a parameter, and may have parameters of 100,000 characters',
    async (path) => {
      const long = 'a'.repeat(100_000);
      const repeated = await raw(`${path}?appid=${official}&appid=x&state=1&state=2&scope[]=a&scope[]=b`);
      expect(repeated.status).toBe(200);
      const posted = await raw(path, {
        method: 'POST',
        type: FORM,
        body: `appid=${long}&code=${long}&state=${long}`,
      });
      expect(posted.status).toBe(200);
      // Node refuses a request line of that length.
      expect((await raw(`${path}?appid=${long}`)).status).toBe(431);
    },
  );

  it('counts as if it had only the first value of a repeated parameter', async () => {
    const token = '/sns/oauth2/access_token';
    expect((await raw(`${token}?appid=${official}&appid=x`)).body).toContain('41004');
    expect((await raw(`${token}?appid=x&appid=${official}`)).body).toContain('40013');
    const url = client.authorizeURL({ scope: 'snsapi_base', state: '1' });
    expect(await wechat.authorize(url.replace('state=1', 'state=1&state=2'))).toMatch(/[?&]state=1$/);
  });

  it('with a body of 2 MB is refused, and the next request is served', async () => {
    const response = await raw('/sns/auth', { method: 'POST', type: FORM, body: 'a'.repeat(2_000_000) });
    expect([response.status, response.body]).toEqual([
      413,
      'The body has 2000000 bytes. Send at most 1048576.\n',
    ]);
    expect((await raw('/sns/auth')).status).toBe(200);
  });

  it.each<[string, string]>([
    ['a target that is not a path', 'http://elsewhere.example.com/sns/auth'],
    ['an asterisk', '*'],
    ['two slashes', '//sns/auth'],
    ['dots', '/sns/../../etc/passwd'],
    ['bytes above ASCII', '/sns/\u00ff\u00fe'],
    ['bad percent-encoding', '/%zz/%'],
  ])('gets no 500 if its target is malformed: %s', async (_, target) => {
    expect((await raw(target, { method: target === '*' ? 'OPTIONS' : 'GET' })).status).toBeLessThan(500);
  });

  it('is served if its cookies, languages or forwarded host are malformed', async () => {
    for (const head of [
      'Cookie: wechat_emulator_person=%zz; ;;=; wechat_emulator_person=ming',
      'Accept-Language: ,;q=,*,en;q=zh',
      'X-Forwarded-Host: "><script>',
      'Upgrade: websocket',
      'Expect: 100-continue',
    ]) {
      const response = await raw('/', { head });
      expect(response.head + response.body).toMatch(/HTTP\/1\.1 200 OK/);
    }
  });

  it('cannot skip more time than the home page offers', async () => {
    const before = wechat.clock.now();
    for (const minutes of ['1e308', 'Infinity', '-5', '6', 'toString'])
      await client.post('/', { action: 'advance', minutes });
    expect(wechat.clock.now() - before).toBeLessThan(60_000);
    expect((await client.get('/')).status).toBe(200);
    expect(() => wechat.clock.advance(1e300)).toThrow(/would come within a year of the last date/);
  });
});

describe('several emulators', () => {
  it('close independently while polls are open on both', async () => {
    const [one, other] = [await startClient(), await startClient()];
    const waiting = async (each: EmulatorClient): Promise<Promise<unknown>[]> => {
      const uuid = uuidOf(await each.qrPage());
      const polls = Array.from({ length: 20 }, () => each.poll(uuid).catch((error: unknown) => error));
      while (each.wechat.requests.length < 21) await new Promise(setImmediate);
      return polls;
    };
    const [polls, others] = [await waiting(one), await waiting(other)];
    await one.wechat.close();
    for (const end of await Promise.all(polls)) expect(end).toMatchObject({ name: 'TypeError' });
    expect((await other.get('/sns/auth')).json['errcode']).toBe(41001);
    await Promise.all([one.wechat.close(), other.wechat.close()]);
    for (const end of await Promise.all(others)) expect(end).toMatchObject({ name: 'TypeError' });
  });
});

it('refuses an AppID in JSON that is an object or a list, whatever it holds', async () => {
  const ids: readonly unknown[] = [{ toString: 1 }, { toString: null, valueOf: null }, [[]], {}];
  for (const appid of ids) {
    const body = { grant_type: 'client_credential', appid, secret: 'x' };
    expect((await client.postJSON('/cgi-bin/stable_token', body)).json).toMatchObject({ errcode: 40013 });
  }
});
