// The QR login of a website app.
import { CALLBACK, codeIn, refusal, uuidOf, type Lab, type Parameters, type Reply } from '../support/lab';
import type { Fact } from './fact';

const website = {
  type: 'website',
  appId: 'wx00000000000000bb',
  appSecret: 'b'.repeat(32),
  domains: ['www.example.com'],
} as const;

const shows =
  (text: string, changes: Parameters): Fact['check'] =>
  async (lab) => {
    const page = await lab.qrPage(changes);
    expect(page.status).toBe(200);
    expect(page.text).toContain(`<h4 class="weui_msg_title">${text}</h4>`);
    await expect(lab.wechat.authorize(lab.qrURL(changes))).rejects.toMatchObject({ text, code: undefined });
  };

const press = (lab: Lab, uuid: string, reply: 'allow' | 'deny'): Promise<Reply> =>
  lab.post('/connect/confirm', { reply, person: 'ming' }, { uuid });
const scan = (lab: Lab, uuid: string): Promise<Reply> => lab.get('/connect/confirm', { uuid });
const status = (reply: Reply): string => /wx_errcode=(\d+)/.exec(reply.text)?.[1] ?? '';

const confirmedPoll = async (lab: Lab): Promise<Reply> => {
  const uuid = uuidOf(await lab.qrPage());
  await scan(lab, uuid);
  await press(lab, uuid, 'allow');
  return lab.poll(uuid, { last: '404' });
};

export const qrconnectFacts: readonly Fact[] = [
  {
    mark: 'OBS',
    says: 'AppID 参数错误, before everything else',
    check: shows('AppID 参数错误', { appid: 'wx', scope: 'x', redirect_uri: 'x' }),
  },
  {
    mark: 'OBS',
    says: 'Scope 参数错误 for another scope than snsapi_login',
    check: shows('Scope 参数错误或没有 Scope 权限', { scope: 'snsapi_userinfo' }),
  },
  {
    mark: 'OBS',
    says: 'redirect_uri 参数错误 for another domain, or none',
    options: { apps: [website] },
    check: async (lab) => {
      await shows('redirect_uri 参数错误', { redirect_uri: 'https://other.example.com/' })(lab);
      await shows('redirect_uri 参数错误', { redirect_uri: undefined })(lab);
    },
  },
  {
    mark: 'OBS',
    says: 'response_type may be missing, as from the widget',
    check: async (lab) => expect(uuidOf(await lab.qrPage({ response_type: undefined }))).toHaveLength(16),
  },
  {
    mark: 'OBS',
    says: 'a state of 212 characters that ends in = comes back unchanged',
    check: async (lab) => {
      const state = `${'a'.repeat(211)}=`;
      expect(await lab.wechat.authorize(lab.qrURL({ state }))).toMatch(new RegExp(`&state=${state}$`));
    },
  },
  {
    mark: 'OBS',
    says: 'a state goes into the callback unencoded',
    check: async (lab) =>
      expect(await lab.wechat.authorize(lab.qrURL({ state: '{"a"=%&b}' }))).toMatch(/&state=\{"a"=%&b\}$/),
  },
  {
    mark: 'OBS',
    says: '&amp; in redirect_uri becomes &',
    check: async (lab) =>
      expect(await lab.wechat.authorize(lab.qrURL({ redirect_uri: `${CALLBACK}?a=1&amp;b=2` }))).toMatch(
        /\/callback\?a=1&b=2&code=/,
      ),
  },
  {
    mark: 'OBS',
    says: 'without a state the callback ends in &state=',
    check: async (lab) =>
      expect(await lab.wechat.authorize(lab.qrURL({ state: undefined }))).toMatch(/\?code=\w{32}&state=$/),
  },
  {
    mark: 'OBS',
    says: 'with a hash route the code lands after the fragment',
    check: async (lab) => {
      const callback = await lab.wechat.authorize(
        lab.qrURL({ redirect_uri: 'https://h.example.com/#/login' }),
      );
      expect(callback).toMatch(/^https:\/\/h\.example\.com\/#\/login\?code=\w+&state=abc$/);
    },
  },
  {
    mark: 'OBS',
    says: 'whether ? or & is judged by the whole address',
    check: async (lab) => {
      const callback = await lab.wechat.authorize(
        lab.qrURL({ redirect_uri: 'https://h.example.com/#/a?b=1' }),
      );
      expect(callback).toMatch(/#\/a\?b=1&code=/);
    },
  },
  {
    mark: 'DOC',
    says: 'a code of the QR login lives ten minutes',
    check: async (lab) => {
      const { appId: appid, appSecret: secret } = lab.wechat.apps.website;
      const [young, old] = [1, 2].map(() => lab.wechat.issueCode({ app: appid }));
      lab.wechat.clock.advance(10 * 60_000 - 2_000);
      expect((await lab.redeem(young ?? '', { appid, secret })).json).toMatchObject({
        scope: 'snsapi_login',
      });
      lab.wechat.clock.advance(2_000);
      expect(refusal(await lab.redeem(old ?? '', { appid, secret }))).toBe('40029 invalid code');
    },
  },
  {
    mark: 'DOC',
    says: 'a refusal brings no redirect',
    check: async (lab) => expect(await lab.wechat.authorize(lab.qrURL(), { allow: false })).toBeUndefined(),
  },
  {
    mark: 'DOC',
    says: 'a refusal brings state alone, says the English page',
    options: { switches: { denial: 'state-only' } },
    check: async (lab) =>
      expect(await lab.wechat.authorize(lab.qrURL(), { allow: false })).toBe(`${CALLBACK}?state=abc`),
  },
  {
    mark: 'OBS',
    says: 'the title is 微信登录',
    check: async (lab) => expect((await lab.qrPage()).text).toContain('<title>微信登录</title>'),
  },
  {
    mark: 'DOC',
    says: 'lang=en is English',
    check: async (lab) =>
      expect((await lab.qrPage({ lang: 'en' })).text).toContain('<title>WeChat Login</title>'),
  },
  {
    mark: 'OBS',
    says: 'the picture is at /connect/qrcode/UUID, in an img of WeChat’s classes',
    check: async (lab) => {
      const page = await lab.qrPage();
      expect(page.text).toMatch(
        /<img class="qrcode js_qrcode_img web_qrcode_img"[^>]* src="\/connect\/qrcode\/[\w-]{16}"/,
      );
      const image = await lab.get(`/connect/qrcode/${uuidOf(page)}`);
      expect(image.headers.get('content-type')).toContain('image/svg+xml');
    },
  },
  {
    mark: 'OBS',
    says: 'a poll with nothing to tell answers 408 and an empty code',
    options: { switches: { pollHold: 0 } },
    check: async (lab) => {
      const reply = await lab.poll(uuidOf(await lab.qrPage()));
      expect(reply.text).toBe("window.wx_errcode=408;window.wx_code='';");
    },
  },
  {
    mark: 'OBS',
    says: 'f=json answers an object',
    options: { switches: { pollHold: 0 } },
    check: async (lab) => {
      const reply = await lab.poll(uuidOf(await lab.qrPage()), { f: 'json' });
      expect(reply.text).toBe('{"wx_errcode":408,"wx_code":""}');
    },
  },
  {
    mark: 'OBS',
    says: 'scanned is 404, and last=404 waits for the next news',
    check: async (lab) => {
      const uuid = uuidOf(await lab.qrPage());
      const waiting = lab.poll(uuid);
      await scan(lab, uuid);
      expect(status(await waiting)).toBe('404');
      const next = lab.poll(uuid, { last: '404' });
      await press(lab, uuid, 'allow');
      expect(status(await next)).toBe('405');
    },
  },
  {
    mark: 'OBS',
    says: 'cancelled is 403, and the code can be scanned again',
    check: async (lab) => {
      const uuid = uuidOf(await lab.qrPage());
      await scan(lab, uuid);
      await press(lab, uuid, 'deny');
      expect(status(await lab.poll(uuid, { last: '404' }))).toBe('403');
      await scan(lab, uuid);
      expect(status(await lab.poll(uuid, { last: '403' }))).toBe('404');
    },
  },
  {
    mark: 'OBS',
    says: 'confirmed is 405 with a code that redeems',
    check: async (lab) => {
      const { appId: appid, appSecret: secret } = lab.wechat.apps.website;
      const reply = await confirmedPoll(lab);
      expect(reply.text).toMatch(/^window\.wx_errcode=405;window\.wx_code='\w{32}';$/);
      const code = /wx_code='(\w+)'/.exec(reply.text)?.[1] ?? '';
      expect((await lab.redeem(code, { appid, secret })).json).toMatchObject({
        openid: lab.wechat.openid('ming', appid),
      });
    },
  },
  {
    mark: 'OBS',
    says: 'after five minutes a QR code is expired: 402, for a poll that waits too',
    check: async (lab) => {
      const uuid = uuidOf(await lab.qrPage());
      const waiting = lab.poll(uuid);
      while (lab.wechat.requests.at(-1)?.path !== '/connect/l/qrconnect') await new Promise(setImmediate);
      lab.wechat.clock.advance(5 * 60_000);
      expect(status(await waiting)).toBe('402');
      expect((await scan(lab, uuid)).text).toContain('二维码已过期');
    },
  },
  {
    mark: 'OBS',
    says: 'f=xml on the page’s own address brings a fresh uuid',
    check: async (lab) => {
      const reply = await lab.qrPage({ f: 'xml' });
      expect(reply.headers.get('content-type')).toContain('text/xml');
      expect(reply.text).toMatch(/<uuid>[\w-]{16}<\/uuid>/);
    },
  },
  {
    mark: 'OBS',
    says: 'wxLogin.js defines WxLogin and opens qrconnect with login_type=jssdk',
    check: async (lab) => {
      const reply = await lab.get('/connect/zh_CN/htmledition/js/wxLogin.js');
      expect(reply.headers.get('content-type')).toContain('javascript');
      expect(reply.text).toContain('window.WxLogin');
      expect(reply.text).toContain('&login_type=jssdk&self_redirect=');
    },
  },
  {
    mark: 'OBS',
    says: 'website logins carry the unionid',
    check: async (lab) => {
      const { appId: appid, appSecret: secret } = lab.wechat.apps.website;
      const code = codeIn(await lab.wechat.authorize(lab.qrURL()));
      expect((await lab.redeem(code, { appid, secret })).json['unionid']).toBe(
        lab.wechat.unionid('ming', lab.wechat.apps.official.appId),
      );
    },
  },
];
