// The QR code login of a website app.
import {
  CALLBACK,
  codeIn,
  refusal,
  uuidOf,
  type EmulatorClient,
  type Parameters,
  type ReceivedResponse,
} from '../support/emulator-client';
import type { Fact } from './fact';

const WEBSITE = {
  type: 'website',
  appId: 'wx00000000000000bb',
  appSecret: 'b'.repeat(32),
  domains: ['www.example.com'],
} as const;

function shows(text: string, changes: Parameters): Fact['check'] {
  return async (client) => {
    const page = await client.qrPage(changes);
    expect(page.status).toBe(200);
    expect(page.text).toContain(`<h4 class="weui_msg_title">${text}</h4>`);
    await expect(client.wechat.authorize(client.qrURL(changes))).rejects.toMatchObject({
      text,
      code: undefined,
    });
  };
}

function press(client: EmulatorClient, uuid: string, reply: 'allow' | 'deny'): Promise<ReceivedResponse> {
  return client.post('/connect/confirm', { reply, person: 'ming' }, { uuid });
}
function scan(client: EmulatorClient, uuid: string): Promise<ReceivedResponse> {
  return client.get('/connect/confirm', { uuid });
}
function statusIn(response: ReceivedResponse): string {
  return /wx_errcode=(\d+)/.exec(response.text)?.[1] ?? '';
}

async function confirmedPoll(client: EmulatorClient): Promise<ReceivedResponse> {
  const uuid = uuidOf(await client.qrPage());
  await scan(client, uuid);
  await press(client, uuid, 'allow');
  return client.poll(uuid, { last: '404' });
}

export const QRCONNECT_FACTS: readonly Fact[] = [
  {
    source: 'OBS',
    title: 'AppID 参数错误 is checked first',
    check: shows('AppID 参数错误', { appid: 'wx', scope: 'x', redirect_uri: 'x' }),
  },
  {
    source: 'OBS',
    title: 'Scope 参数错误 for a scope other than snsapi_login',
    check: shows('Scope 参数错误或没有 Scope 权限', { scope: 'snsapi_userinfo' }),
  },
  {
    source: 'OBS',
    title: 'redirect_uri 参数错误 for another domain, or a missing redirect_uri',
    options: { apps: [WEBSITE] },
    check: async (client) => {
      await shows('redirect_uri 参数错误', { redirect_uri: 'https://other.example.com/' })(client);
      await shows('redirect_uri 参数错误', { redirect_uri: undefined })(client);
    },
  },
  {
    source: 'OBS',
    title: 'response_type may be missing, as in the request of wxLogin.js',
    check: async (client) =>
      expect(uuidOf(await client.qrPage({ response_type: undefined }))).toHaveLength(16),
  },
  {
    source: 'OBS',
    title: 'a state of 212 characters that ends in = is returned unchanged',
    check: async (client) => {
      const state = `${'a'.repeat(211)}=`;
      expect(await client.wechat.authorize(client.qrURL({ state }))).toMatch(new RegExp(`&state=${state}$`));
    },
  },
  {
    source: 'OBS',
    title: 'the state is not encoded in the callback',
    check: async (client) =>
      expect(await client.wechat.authorize(client.qrURL({ state: '{"a"=%&b}' }))).toMatch(
        /&state=\{"a"=%&b\}$/,
      ),
  },
  {
    source: 'OBS',
    title: '&amp; in redirect_uri becomes &',
    check: async (client) =>
      expect(
        await client.wechat.authorize(client.qrURL({ redirect_uri: `${CALLBACK}?a=1&amp;b=2` })),
      ).toMatch(/\/callback\?a=1&b=2&code=/),
  },
  {
    source: 'OBS',
    title: 'without state the callback ends in &state=',
    check: async (client) =>
      expect(await client.wechat.authorize(client.qrURL({ state: undefined }))).toMatch(
        /\?code=\w{32}&state=$/,
      ),
  },
  {
    source: 'OBS',
    title: 'if redirect_uri has a hash route, the code comes after the fragment',
    check: async (client) => {
      const callback = await client.wechat.authorize(
        client.qrURL({ redirect_uri: 'https://h.example.com/#/login' }),
      );
      expect(callback).toMatch(/^https:\/\/h\.example\.com\/#\/login\?code=\w+&state=abc$/);
    },
  },
  {
    source: 'OBS',
    title: 'the code follows & if there is a ? anywhere in the address, even in the fragment',
    check: async (client) => {
      const callback = await client.wechat.authorize(
        client.qrURL({ redirect_uri: 'https://h.example.com/#/a?b=1' }),
      );
      expect(callback).toMatch(/#\/a\?b=1&code=/);
    },
  },
  {
    source: 'DOC',
    title: 'a code of the QR code login lives ten minutes',
    check: async (client) => {
      const { appId: appid, appSecret: secret } = client.wechat.apps.website;
      const [valid, expired] = [1, 2].map(() => client.wechat.issueCode({ app: appid }));
      client.wechat.clock.advance(10 * 60_000 - 2_000);
      expect((await client.redeem(valid ?? '', { appid, secret })).json).toMatchObject({
        scope: 'snsapi_login',
      });
      client.wechat.clock.advance(2_000);
      expect(refusal(await client.redeem(expired ?? '', { appid, secret }))).toBe('40029 invalid code');
    },
  },
  {
    source: 'DOC',
    title: 'after a denial there is no redirect',
    check: async (client) =>
      expect(await client.wechat.authorize(client.qrURL(), { allow: false })).toBeUndefined(),
  },
  {
    source: 'DOC',
    title: 'after a denial the callback has only state, according to the English documentation',
    options: { switches: { denial: 'state-only' } },
    check: async (client) =>
      expect(await client.wechat.authorize(client.qrURL(), { allow: false })).toBe(`${CALLBACK}?state=abc`),
  },
  {
    source: 'OBS',
    title: 'the title of the page is 微信登录',
    check: async (client) => expect((await client.qrPage()).text).toContain('<title>微信登录</title>'),
  },
  {
    source: 'DOC',
    title: 'lang=en makes the page English',
    check: async (client) =>
      expect((await client.qrPage({ lang: 'en' })).text).toContain('<title>WeChat Login</title>'),
  },
  {
    source: 'OBS',
    title: 'the QR code is at /connect/qrcode/UUID, in an img with WeChat’s classes',
    check: async (client) => {
      const page = await client.qrPage();
      expect(page.text).toMatch(
        /<img class="qrcode js_qrcode_img web_qrcode_img"[^>]* src="\/connect\/qrcode\/[\w-]{16}"/,
      );
      const image = await client.get(`/connect/qrcode/${uuidOf(page)}`);
      expect(image.headers.get('content-type')).toContain('image/svg+xml');
    },
  },
  {
    source: 'OBS',
    title: 'a poll without a change returns 408 and an empty code',
    options: { switches: { pollHold: 0 } },
    check: async (client) => {
      const response = await client.poll(uuidOf(await client.qrPage()));
      expect(response.text).toBe("window.wx_errcode=408;window.wx_code='';");
    },
  },
  {
    source: 'OBS',
    title: 'a poll with f=json returns JSON',
    options: { switches: { pollHold: 0 } },
    check: async (client) => {
      const response = await client.poll(uuidOf(await client.qrPage()), { f: 'json' });
      expect(response.text).toBe('{"wx_errcode":408,"wx_code":""}');
    },
  },
  {
    source: 'OBS',
    title: 'the status after a scan is 404, and a poll with last=404 waits for the next change',
    check: async (client) => {
      const uuid = uuidOf(await client.qrPage());
      const waiting = client.poll(uuid);
      await scan(client, uuid);
      expect(statusIn(await waiting)).toBe('404');
      const next = client.poll(uuid, { last: '404' });
      await press(client, uuid, 'allow');
      expect(statusIn(await next)).toBe('405');
    },
  },
  {
    source: 'OBS',
    title: 'the status after a denial is 403, and the QR code can be scanned again',
    check: async (client) => {
      const uuid = uuidOf(await client.qrPage());
      await scan(client, uuid);
      await press(client, uuid, 'deny');
      expect(statusIn(await client.poll(uuid, { last: '404' }))).toBe('403');
      await scan(client, uuid);
      expect(statusIn(await client.poll(uuid, { last: '403' }))).toBe('404');
    },
  },
  {
    source: 'OBS',
    title: 'the status after 允许 is 405, with a valid code',
    check: async (client) => {
      const { appId: appid, appSecret: secret } = client.wechat.apps.website;
      const response = await confirmedPoll(client);
      expect(response.text).toMatch(/^window\.wx_errcode=405;window\.wx_code='\w{32}';$/);
      const code = /wx_code='(\w+)'/.exec(response.text)?.[1] ?? '';
      expect((await client.redeem(code, { appid, secret })).json).toMatchObject({
        openid: client.wechat.openid('ming', appid),
      });
    },
  },
  {
    source: 'OBS',
    title: 'a QR code expires after five minutes: the status is 402, also for a poll that is waiting',
    check: async (client) => {
      const uuid = uuidOf(await client.qrPage());
      const waiting = client.poll(uuid);
      while (client.wechat.requests.at(-1)?.path !== '/connect/l/qrconnect') await new Promise(setImmediate);
      client.wechat.clock.advance(5 * 60_000);
      expect(statusIn(await waiting)).toBe('402');
      expect((await scan(client, uuid)).text).toContain('二维码已过期');
    },
  },
  {
    source: 'OBS',
    title: 'f=xml at the page’s own address returns a new uuid',
    check: async (client) => {
      const response = await client.qrPage({ f: 'xml' });
      expect(response.headers.get('content-type')).toContain('text/xml');
      expect(response.text).toMatch(/<uuid>[\w-]{16}<\/uuid>/);
    },
  },
  {
    source: 'OBS',
    title: 'wxLogin.js defines WxLogin and opens qrconnect with login_type=jssdk',
    check: async (client) => {
      const response = await client.get('/connect/zh_CN/htmledition/js/wxLogin.js');
      expect(response.headers.get('content-type')).toContain('javascript');
      expect(response.text).toContain('window.WxLogin');
      expect(response.text).toContain('&login_type=jssdk&self_redirect=');
    },
  },
  {
    source: 'OBS',
    title: 'the token response of a website app has the unionid',
    check: async (client) => {
      const { appId: appid, appSecret: secret } = client.wechat.apps.website;
      const code = codeIn(await client.wechat.authorize(client.qrURL()));
      expect((await client.redeem(code, { appid, secret })).json['unionid']).toBe(
        client.wechat.unionid('ming', client.wechat.apps.official.appId),
      );
    },
  },
];
