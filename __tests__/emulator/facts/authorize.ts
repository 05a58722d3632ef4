// The authorize page of an official account.
import { CALLBACK, IN_WECHAT, codeIn, type Lab, type Parameters } from '../support/lab';
import type { Fact } from './fact';

const DOMAINS = ['h5.example.com'];
const official = {
  type: 'official',
  appId: 'wx00000000000000aa',
  appSecret: 'a'.repeat(32),
  domains: DOMAINS,
} as const;

/** The page shows this text and this number, and never calls back. */
const shows =
  (text: string, changes: Parameters): Fact['check'] =>
  async (lab) => {
    const page = await lab.authorizePage(changes);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.text).toContain(`<h4 class="weui_msg_title">${text}</h4>`);
    await expect(lab.wechat.authorize(lab.authorizeURL(changes))).rejects.toThrow(text);
  };

const callsBack =
  (changes: Parameters, expected: RegExp): Fact['check'] =>
  async (lab) => {
    expect(await lab.wechat.authorize(lab.authorizeURL(changes))).toMatch(expected);
  };

const denied = async (lab: Lab): Promise<string | undefined> =>
  lab.wechat.authorize(lab.authorizeURL(), { allow: false });

export const authorizeFacts: readonly Fact[] = [
  {
    mark: 'OBS',
    says: 'outside WeChat: 200, 请在微信客户端打开链接, no redirect',
    check: async (lab) => {
      const page = await lab.get('/connect/oauth2/authorize', lab.authorizeParameters());
      expect(page.status).toBe(200);
      expect(page.text).toContain('<title>抱歉，出错了</title>');
      expect(page.text).toContain('weui_icon_info');
      expect(page.text).toContain('<h4 class="weui_msg_title">请在微信客户端打开链接</h4>');
    },
  },
  {
    mark: 'OBS',
    says: 'the client opens the page once more with keys of its own, and these count as WeChat',
    check: async (lab) => {
      const keys = { connect_redirect: '1', uin: 'u', key: 'k', pass_ticket: 'p' };
      const page = await lab.get('/connect/oauth2/authorize', { ...lab.authorizeParameters(), ...keys });
      expect(page.text).toContain('允许');
    },
  },
  {
    mark: 'DOC',
    says: '10012 appid不能为空',
    check: shows('appid不能为空，错误码:10012', { appid: undefined }),
  },
  {
    mark: 'DOC',
    says: '10011 redirect_uri不能为空',
    check: shows('redirect_uri不能为空，错误码:10011', { redirect_uri: '' }),
  },
  {
    mark: 'DOC',
    says: '10010 scope不能为空',
    check: shows('scope不能为空，错误码:10010', { scope: undefined }),
  },
  {
    mark: 'DOC',
    says: '10013 state不能为空, where a state is insisted on',
    options: { switches: { missingState: 'refuse' } },
    check: shows('state不能为空，错误码:10013', { state: '' }),
  },
  {
    mark: 'DOC',
    says: '10016 for the appid of a website app',
    check: (lab) =>
      shows('不支持微信开放平台的Appid，请使用公众号Appid，错误码:10016', {
        appid: lab.wechat.apps.website.appId,
      })(lab),
  },
  {
    mark: 'DOC',
    says: '10004 此公众号被封禁',
    options: { apps: [{ ...official, banned: true }] },
    check: shows('此公众号被封禁，错误码:10004', {}),
  },
  {
    mark: 'DOC',
    says: '10015 for a platform that the account did not authorise',
    check: shows('公众号未授权第三方平台，请检查授权状态，错误码:10015', {
      component_appid: 'wx00000000000000cc',
    }),
  },
  {
    mark: 'DOC',
    says: '10005 for a scope that the account lacks',
    options: { apps: [{ ...official, scopes: ['snsapi_base'] }] },
    check: shows('此公众号并没有这些scope的权限，错误码:10005', {}),
  },
  {
    mark: 'OBS',
    says: '10005 for snsapi_login',
    check: shows('此公众号并没有这些scope的权限，错误码:10005', {
      scope: 'snsapi_login',
    }),
  },
  {
    mark: 'DOC',
    says: '10003 for a sub domain of the configured one',
    options: { apps: [official] },
    check: shows('redirect_uri域名与后台配置不一致，错误码:10003', {
      redirect_uri: 'https://a.h5.example.com/',
    }),
  },
  {
    mark: 'DOC',
    says: '10003 for its parent domain',
    options: { apps: [official] },
    check: shows('redirect_uri域名与后台配置不一致，错误码:10003', { redirect_uri: 'https://example.com/' }),
  },
  {
    mark: 'DOC',
    says: '10003 for any port',
    options: { apps: [official] },
    check: shows('redirect_uri域名与后台配置不一致，错误码:10003', {
      redirect_uri: 'https://h5.example.com:8443/',
    }),
  },
  {
    mark: 'DOC',
    says: 'http or https makes no difference to the domain',
    options: { apps: [official] },
    check: callsBack({ redirect_uri: 'http://h5.example.com/' }, /^http:\/\/h5\.example\.com\/\?code=/),
  },
  {
    mark: 'DOC',
    says: 'a configured path covers what lies below it, and nothing beside it',
    options: { apps: [{ ...official, domains: ['h5.example.com/shop'] }] },
    check: async (lab) => {
      const at = (path: string) =>
        lab.wechat.authorize(lab.authorizeURL({ redirect_uri: `https://h5.example.com${path}` }));
      await expect(at('/shop/callback')).resolves.toContain('code=');
      await expect(at('/shopping')).rejects.toMatchObject({ code: 10003 });
    },
  },
  {
    mark: 'OBS',
    says: 'a sandbox account takes host:port once it is configured so',
    options: { apps: [{ ...official, domains: ['127.0.0.1:3000'] }] },
    check: callsBack({ redirect_uri: 'http://127.0.0.1:3000/cb' }, /^http:\/\/127\.0\.0\.1:3000\/cb\?code=/),
  },
  {
    mark: 'OBS',
    says: '10006 必须关注此测试号 for a sandbox account and a stranger; a follower passes',
    options: { apps: [{ ...official, followersOnly: true }] },
    check: async (lab) => {
      await shows('必须关注此测试号，错误码:10006', {})(lab);
      expect(await lab.wechat.authorize(lab.authorizeURL(), { user: 'follower' })).toContain('code=');
    },
  },
  {
    mark: 'DOC',
    says: '10009 操作太频繁了，请稍后重试',
    check: async (lab) => {
      lab.wechat.fail('authorize', { errcode: 10009 }, { times: 2 });
      await shows('操作太频繁了，请稍后重试，错误码:10009', {})(lab);
    },
  },
  {
    mark: 'DOC',
    says: 'a state of 128 bytes comes back',
    check: callsBack({ state: 'a'.repeat(128) }, new RegExp(`&state=${'a'.repeat(128)}$`)),
  },
  {
    mark: 'OBS',
    says: 'a state of 235 characters is refused: state参数过长',
    check: shows('state参数过长', { state: 'a'.repeat(235) }),
  },
  {
    mark: 'DOC',
    says: 'a link in another than the documented order is inaccessible, in strict mode',
    options: { switches: { parameterOrder: 'strict' } },
    check: async (lab) => {
      const { response_type: type, ...rest } = lab.authorizeParameters();
      const page = await lab.get('/connect/oauth2/authorize', { response_type: type, ...rest }, IN_WECHAT);
      expect(page.text).toContain('该链接无法访问');
    },
  },
  {
    mark: 'OBS',
    says: 'response_type in the first place works, in lenient mode',
    check: async (lab) => {
      const { response_type: type, ...rest } = lab.authorizeParameters({ scope: 'snsapi_base' });
      const page = await lab.get('/connect/oauth2/authorize', { response_type: type, ...rest }, IN_WECHAT);
      expect(page.location).toContain('code=');
      expect(lab.wechat.requests.at(-1)?.warning).toContain('documents appid, redirect_uri');
    },
  },
  {
    mark: 'DOC',
    says: '#wechat_redirect belongs at the end',
    options: { switches: { parameterOrder: 'strict' } },
    check: async (lab) => {
      await expect(lab.wechat.authorize(lab.authorizeURL().replace('#wechat_redirect', ''))).rejects.toThrow(
        '#wechat_redirect',
      );
    },
  },
  {
    mark: 'DOC',
    says: 'snsapi_base is silent',
    check: async (lab) => {
      expect((await lab.authorizePage({ scope: 'snsapi_base' })).location).toMatch(
        /^https:\/\/h5\.example\.com\/callback\?code=/,
      );
    },
  },
  {
    mark: 'DOC',
    says: 'snsapi_userinfo is silent for a follower, with forcePopup too',
    options: { users: [{ id: 'fan', nickname: 'Fan', follower: true }] },
    check: async (lab) => {
      expect((await lab.authorizePage()).location).toContain('code=');
      expect((await lab.authorizePage({ forcePopup: 'true' })).location).toContain('code=');
    },
  },
  {
    mark: 'DOC',
    says: 'other snsapi_userinfo asks: 允许 or 拒绝',
    check: async (lab) => {
      const page = await lab.authorizePage();
      expect(page.status).toBe(200);
      expect(page.text).toMatch(/拒绝[\s\S]*允许/);
    },
  },
  {
    mark: 'DOC',
    says: 'a recent login is silent, with forceSnapShot too; forcePopup asks all the same',
    options: { switches: { recentLogin: 'silent' } },
    check: async (lab) => {
      const asks = async (changes: Parameters = {}): Promise<boolean> =>
        (await lab.authorizePage(changes)).text.includes('允许');
      expect(await asks()).toBe(true);
      await lab.wechat.authorize(lab.authorizeURL());
      expect((await lab.authorizePage()).location).toContain('code=');
      expect((await lab.authorizePage({ forceSnapShot: 'true' })).location).toContain('code=');
      expect(await asks({ forcePopup: 'true' })).toBe(true);
      lab.wechat.switches.recentLogin = 'ask';
      expect(await asks()).toBe(true);
    },
  },
  {
    mark: 'DOC',
    says: 'scope may be a comma list, which the token repeats',
    check: async (lab) => {
      const scope = 'snsapi_base,snsapi_userinfo';
      const code = codeIn(await lab.wechat.authorize(lab.authorizeURL({ scope })));
      expect((await lab.redeem(code)).json['scope']).toBe(scope);
    },
  },
  {
    mark: 'DOC',
    says: 'forceSnapShot shows the snapshot page, but not where it would be silent',
    check: async (lab) => {
      expect((await lab.authorizePage({ forceSnapShot: 'true' })).text).toContain('使用完整服务');
      expect((await lab.authorizePage({ forceSnapShot: 'true', scope: 'snsapi_base' })).status).toBe(302);
    },
  },
  {
    mark: 'DOC',
    says: 'the callback carries code, then state',
    check: callsBack({}, /\/callback\?code=\w{32}&state=abc$/),
  },
  {
    mark: 'OBS',
    says: 'a bare host becomes /?',
    check: callsBack({ redirect_uri: 'https://h5.example.com' }, /^https:\/\/h5\.example\.com\/\?code=/),
  },
  {
    mark: 'OBS',
    says: 'a query is kept and added to',
    check: callsBack({ redirect_uri: `${CALLBACK}?a=1` }, /\/callback\?a=1&code=\w+&state=abc$/),
  },
  {
    mark: 'OBS',
    says: 'the query goes before a fragment',
    check: callsBack(
      { redirect_uri: 'https://h5.example.com/#/path' },
      /^https:\/\/h5\.example\.com\/\?code=\w+&state=abc#\/path$/,
    ),
  },
  {
    mark: 'OBS',
    says: 'forbidden characters of a state are mangled, not refused',
    check: callsBack({ state: '{"a": 1}' }, /&state=\{a:\+1\}$/),
  },
  {
    mark: 'DOC',
    says: 'a platform is called back with the appid as well',
    options: { apps: [{ ...official, components: ['wx00000000000000cc'] }] },
    check: callsBack(
      { component_appid: 'wx00000000000000cc' },
      /\?code=\w+&state=abc&appid=wx00000000000000aa$/,
    ),
  },
  {
    mark: 'DOC',
    says: 'every authorization brings another code',
    check: async (lab) => {
      const codes = await Promise.all(
        [1, 2, 3].map(() => lab.wechat.authorize(lab.authorizeURL()).then(codeIn)),
      );
      expect(new Set(codes).size).toBe(3);
    },
  },
  {
    mark: 'DOC',
    says: 'a code lives five minutes',
    check: async (lab) => {
      const [young, old] = [1, 2].map(() => lab.wechat.issueCode({ app: lab.wechat.apps.official.appId }));
      lab.wechat.clock.advance(5 * 60_000 - 2_000);
      expect((await lab.redeem(young ?? '')).json).toHaveProperty('openid');
      lab.wechat.clock.advance(2_000);
      expect((await lab.redeem(old ?? '')).json['errcode']).toBe(40029);
    },
  },
  {
    mark: 'OBS',
    says: 'a refusal brings no redirect',
    check: async (lab) => expect(await denied(lab)).toBeUndefined(),
  },
  {
    mark: 'DOC',
    says: 'a refusal brings state alone, as documented',
    options: { switches: { denial: 'state-only' } },
    check: async (lab) => expect(await denied(lab)).toBe(`${CALLBACK}?state=abc`),
  },
  {
    mark: 'OBS',
    says: 'a refusal brings code=authdeny, as from old clients',
    options: { switches: { denial: 'authdeny' } },
    check: async (lab) => expect(await denied(lab)).toBe(`${CALLBACK}?code=authdeny&state=abc`),
  },
  {
    mark: 'OBS',
    says: 'two callbacks with the same code, or with different codes and the same state that both redeem',
    check: async (lab) => {
      lab.wechat.switches.doubleCallback = 'same-code';
      const [first, again] = await lab.wechat.authorizeTwice(lab.authorizeURL());
      expect(again).toBe(first);
      lab.wechat.switches.doubleCallback = 'different-codes';
      const codes = (await lab.wechat.authorizeTwice(lab.authorizeURL())).map(codeIn);
      expect(new Set(codes).size).toBe(2);
      for (const code of codes) expect((await lab.redeem(code)).json).toHaveProperty('openid');
    },
  },
  {
    mark: 'DOC',
    says: 'the snapshot page opens the app as a virtual user; 使用完整服务 brings the real one',
    check: async (lab) => {
      const real = lab.wechat.openid('snapshot', lab.wechat.apps.official.appId);
      const virtual = await lab.redeem(
        codeIn(await lab.wechat.authorize(lab.authorizeURL(), { user: 'snapshot' })),
      );
      expect(virtual.json).toMatchObject({ is_snapshotuser: 1 });
      expect(virtual.json['openid']).not.toBe(real);
      const full = await lab.redeem(
        codeIn(await lab.wechat.authorize(lab.authorizeURL(), { user: 'snapshot', fullService: true })),
      );
      expect(full.json).toMatchObject({ openid: real });
      expect(full.json).not.toHaveProperty('is_snapshotuser');
    },
  },
  {
    mark: 'DOC',
    says: 'is_snapshotuser is never in userinfo',
    check: async (lab) => {
      const profile = await lab.userinfo(await lab.login({ virtual: true }));
      expect(profile.json['nickname']).toBe('微信用户');
      expect(profile.json).not.toHaveProperty('is_snapshotuser');
    },
  },
  {
    mark: 'OBS',
    says: 'the virtual unionid is not the real one, and is shared among users',
    check: async (lab) => {
      const one = (await lab.login({ user: 'ming', virtual: true })).json['unionid'];
      expect((await lab.login({ user: 'emoji', virtual: true })).json['unionid']).toBe(one);
      expect(lab.wechat.unionid('ming', lab.wechat.apps.official.appId)).not.toBe(one);
    },
  },
  {
    mark: 'OBS',
    says: 'the flag has been seen missing, and userinfo refused with 48001',
    options: { switches: { snapshotFlag: false, snapshotUserinfo: 'unauthorized' } },
    check: async (lab) => {
      const token = await lab.login({ virtual: true });
      expect(token.json).not.toHaveProperty('is_snapshotuser');
      expect((await lab.userinfo(token)).json['errcode']).toBe(48001);
    },
  },
];
