// The authorize page of an official account.
import {
  CALLBACK,
  IN_WECHAT,
  codeIn,
  type EmulatorClient,
  type Parameters,
} from '../support/emulator-client';
import type { Fact } from './fact';

const DOMAINS = ['h5.example.com'];
const OFFICIAL = {
  type: 'official',
  appId: 'wx00000000000000aa',
  appSecret: 'a'.repeat(32),
  domains: DOMAINS,
} as const;

/** Checks that the page shows this text and does not call the app back. */
function shows(text: string, changes: Parameters): Fact['check'] {
  return async (client) => {
    const page = await client.authorizePage(changes);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.text).toContain(`<h4 class="weui_msg_title">${text}</h4>`);
    await expect(client.wechat.authorize(client.authorizeURL(changes))).rejects.toThrow(text);
  };
}

function callsBack(changes: Parameters, expected: RegExp): Fact['check'] {
  return async (client) => {
    expect(await client.wechat.authorize(client.authorizeURL(changes))).toMatch(expected);
  };
}

async function denied(client: EmulatorClient): Promise<string | undefined> {
  return client.wechat.authorize(client.authorizeURL(), { allow: false });
}

export const AUTHORIZE_FACTS: readonly Fact[] = [
  {
    source: 'OBS',
    title: 'outside WeChat: status 200, 请在微信客户端打开链接, no redirect',
    check: async (client) => {
      const page = await client.get('/connect/oauth2/authorize', client.authorizeParameters());
      expect(page.status).toBe(200);
      expect(page.text).toContain('<title>抱歉，出错了</title>');
      expect(page.text).toContain('weui_icon_info');
      expect(page.text).toContain('<h4 class="weui_msg_title">请在微信客户端打开链接</h4>');
    },
  },
  {
    source: 'OBS',
    title:
      'WeChat’s client opens the page a second time with parameters of its own, which show that it is WeChat',
    check: async (client) => {
      const parameters = { connect_redirect: '1', uin: 'u', key: 'k', pass_ticket: 'p' };
      const page = await client.get('/connect/oauth2/authorize', {
        ...client.authorizeParameters(),
        ...parameters,
      });
      expect(page.text).toContain('允许');
    },
  },
  {
    source: 'DOC',
    title: '10012 appid不能为空',
    check: shows('appid不能为空，错误码:10012', { appid: undefined }),
  },
  {
    source: 'DOC',
    title: '10011 redirect_uri不能为空',
    check: shows('redirect_uri不能为空，错误码:10011', { redirect_uri: '' }),
  },
  {
    source: 'DOC',
    title: '10010 scope不能为空',
    check: shows('scope不能为空，错误码:10010', { scope: undefined }),
  },
  {
    source: 'DOC',
    title: '10013 state不能为空, if the switch missingState is refuse',
    options: { switches: { missingState: 'refuse' } },
    check: shows('state不能为空，错误码:10013', { state: '' }),
  },
  {
    source: 'DOC',
    title: '10016 for the appid of a website app',
    check: (client) =>
      shows('不支持微信开放平台的Appid，请使用公众号Appid，错误码:10016', {
        appid: client.wechat.apps.website.appId,
      })(client),
  },
  {
    source: 'DOC',
    title: '10004 此公众号被封禁',
    options: { apps: [{ ...OFFICIAL, banned: true }] },
    check: shows('此公众号被封禁，错误码:10004', {}),
  },
  {
    source: 'DOC',
    title: '10015 for a third-party platform that the account has not authorized',
    check: shows('公众号未授权第三方平台，请检查授权状态，错误码:10015', {
      component_appid: 'wx00000000000000cc',
    }),
  },
  {
    source: 'DOC',
    title: '10005 for a scope that the account does not have',
    options: { apps: [{ ...OFFICIAL, scopes: ['snsapi_base'] }] },
    check: shows('此公众号并没有这些scope的权限，错误码:10005', {}),
  },
  {
    source: 'OBS',
    title: '10005 for snsapi_login',
    check: shows('此公众号并没有这些scope的权限，错误码:10005', {
      scope: 'snsapi_login',
    }),
  },
  {
    source: 'DOC',
    title: '10003 for a subdomain of the configured domain',
    options: { apps: [OFFICIAL] },
    check: shows('redirect_uri域名与后台配置不一致，错误码:10003', {
      redirect_uri: 'https://a.h5.example.com/',
    }),
  },
  {
    source: 'DOC',
    title: '10003 for the parent domain of the configured domain',
    options: { apps: [OFFICIAL] },
    check: shows('redirect_uri域名与后台配置不一致，错误码:10003', { redirect_uri: 'https://example.com/' }),
  },
  {
    source: 'DOC',
    title: '10003 for the configured domain with a port',
    options: { apps: [OFFICIAL] },
    check: shows('redirect_uri域名与后台配置不一致，错误码:10003', {
      redirect_uri: 'https://h5.example.com:8443/',
    }),
  },
  {
    source: 'DOC',
    title: 'the configured domain covers both http and https',
    options: { apps: [OFFICIAL] },
    check: callsBack({ redirect_uri: 'http://h5.example.com/' }, /^http:\/\/h5\.example\.com\/\?code=/),
  },
  {
    source: 'DOC',
    title: 'a configured path covers the paths below it, and no others',
    options: { apps: [{ ...OFFICIAL, domains: ['H5.example.com/Shop'] }] },
    check: async (client) => {
      const at = (path: string) =>
        client.wechat.authorize(client.authorizeURL({ redirect_uri: `https://h5.example.com${path}` }));
      await expect(at('/Shop/callback')).resolves.toContain('code=');
      await expect(at('/Shopping')).rejects.toMatchObject({ code: 10003 });
      await expect(at('/shop/callback')).rejects.toMatchObject({ code: 10003 });
    },
  },
  {
    source: 'OBS',
    title: 'a test account accepts host:port if it is configured so',
    options: { apps: [{ ...OFFICIAL, domains: ['127.0.0.1:3000'] }] },
    check: callsBack({ redirect_uri: 'http://127.0.0.1:3000/cb' }, /^http:\/\/127\.0\.0\.1:3000\/cb\?code=/),
  },
  {
    source: 'OBS',
    title: '10006 必须关注此测试号 at a test account for a person who does not follow it; followers pass',
    options: { apps: [{ ...OFFICIAL, followersOnly: true }] },
    check: async (client) => {
      await shows('必须关注此测试号，错误码:10006', {})(client);
      expect(await client.wechat.authorize(client.authorizeURL(), { user: 'follower' })).toContain('code=');
    },
  },
  {
    source: 'DOC',
    title: '10009 操作太频繁了，请稍后重试',
    check: async (client) => {
      client.wechat.fail('authorize', { errcode: 10009 }, { times: 2 });
      await shows('操作太频繁了，请稍后重试，错误码:10009', {})(client);
    },
  },
  {
    source: 'DOC',
    title: 'a state of 128 bytes is returned',
    check: callsBack({ state: 'a'.repeat(128) }, new RegExp(`&state=${'a'.repeat(128)}$`)),
  },
  {
    source: 'OBS',
    title: 'a state of 235 characters is refused: state参数过长',
    check: shows('state参数过长', { state: 'a'.repeat(235) }),
  },
  {
    source: 'DOC',
    title: 'in strict mode, parameters in an undocumented order are refused',
    options: { switches: { parameterOrder: 'strict' } },
    check: async (client) => {
      const { response_type: type, ...rest } = client.authorizeParameters();
      const page = await client.get('/connect/oauth2/authorize', { response_type: type, ...rest }, IN_WECHAT);
      expect(page.text).toContain('该链接无法访问');
    },
  },
  {
    source: 'OBS',
    title: 'in lenient mode, response_type as the first parameter is accepted with a warning',
    check: async (client) => {
      const { response_type: type, ...rest } = client.authorizeParameters({ scope: 'snsapi_base' });
      const page = await client.get('/connect/oauth2/authorize', { response_type: type, ...rest }, IN_WECHAT);
      expect(page.location).toContain('code=');
      expect(client.wechat.requests.at(-1)?.warning).toContain('documents appid, redirect_uri');
    },
  },
  {
    source: 'DOC',
    title: 'in strict mode, an address that does not end in #wechat_redirect is refused',
    options: { switches: { parameterOrder: 'strict' } },
    check: async (client) => {
      await expect(
        client.wechat.authorize(client.authorizeURL().replace('#wechat_redirect', '')),
      ).rejects.toThrow('#wechat_redirect');
    },
  },
  {
    source: 'DOC',
    title: 'snsapi_base is silent',
    check: async (client) => {
      expect((await client.authorizePage({ scope: 'snsapi_base' })).location).toMatch(
        /^https:\/\/h5\.example\.com\/callback\?code=/,
      );
    },
  },
  {
    source: 'DOC',
    title: 'snsapi_userinfo is silent for a follower, with forcePopup too',
    options: { users: [{ id: 'fan', nickname: 'Fan', follower: true }] },
    check: async (client) => {
      expect((await client.authorizePage()).location).toContain('code=');
      expect((await client.authorizePage({ forcePopup: 'true' })).location).toContain('code=');
    },
  },
  {
    source: 'DOC',
    title: 'for snsapi_userinfo, WeChat asks everybody who is not a follower: 允许 or 拒绝',
    check: async (client) => {
      const page = await client.authorizePage();
      expect(page.status).toBe(200);
      expect(page.text).toMatch(/拒绝[\s\S]*允许/);
    },
  },
  {
    source: 'DOC',
    title: 'a login soon after another is silent, with forceSnapShot too; with forcePopup, WeChat asks again',
    options: { switches: { recentLogin: 'silent' } },
    check: async (client) => {
      const asks = async (changes: Parameters = {}): Promise<boolean> =>
        (await client.authorizePage(changes)).text.includes('允许');
      expect(await asks()).toBe(true);
      await client.wechat.authorize(client.authorizeURL());
      expect((await client.authorizePage()).location).toContain('code=');
      expect((await client.authorizePage({ forceSnapShot: 'true' })).location).toContain('code=');
      expect(await asks({ forcePopup: 'true' })).toBe(true);
      client.wechat.switches.recentLogin = 'ask';
      expect(await asks()).toBe(true);
    },
  },
  {
    source: 'DOC',
    title: 'scope may be a list with commas, which the token response repeats',
    check: async (client) => {
      const scope = 'snsapi_base,snsapi_userinfo';
      const code = codeIn(await client.wechat.authorize(client.authorizeURL({ scope })));
      expect((await client.redeem(code)).json['scope']).toBe(scope);
    },
  },
  {
    source: 'DOC',
    title: 'forceSnapShot shows the snapshot page, but not for a silent login',
    check: async (client) => {
      expect((await client.authorizePage({ forceSnapShot: 'true' })).text).toContain('使用完整服务');
      expect((await client.authorizePage({ forceSnapShot: 'true', scope: 'snsapi_base' })).status).toBe(302);
    },
  },
  {
    source: 'DOC',
    title: 'the callback has code, then state',
    check: callsBack({}, /\/callback\?code=\w{32}&state=abc$/),
  },
  {
    source: 'OBS',
    title: 'a redirect_uri without a path gets the path /',
    check: callsBack({ redirect_uri: 'https://h5.example.com' }, /^https:\/\/h5\.example\.com\/\?code=/),
  },
  {
    source: 'OBS',
    title: 'the parameters are added to the query of redirect_uri',
    check: callsBack({ redirect_uri: `${CALLBACK}?a=1` }, /\/callback\?a=1&code=\w+&state=abc$/),
  },
  {
    source: 'OBS',
    title: 'the parameters go before the fragment of redirect_uri',
    check: callsBack(
      { redirect_uri: 'https://h5.example.com/#/path' },
      /^https:\/\/h5\.example\.com\/\?code=\w+&state=abc#\/path$/,
    ),
  },
  {
    source: 'OBS',
    title: 'forbidden characters of a state are mangled, not refused',
    check: callsBack({ state: '{"a": 1}' }, /&state=\{a:\+1\}$/),
  },
  {
    source: 'DOC',
    title: 'the callback for a third-party platform also has the appid',
    options: { apps: [{ ...OFFICIAL, components: ['wx00000000000000cc'] }] },
    check: callsBack(
      { component_appid: 'wx00000000000000cc' },
      /\?code=\w+&state=abc&appid=wx00000000000000aa$/,
    ),
  },
  {
    source: 'DOC',
    title: 'every authorization returns another code',
    check: async (client) => {
      const codes = await Promise.all(
        [1, 2, 3].map(() => client.wechat.authorize(client.authorizeURL()).then(codeIn)),
      );
      expect(new Set(codes).size).toBe(3);
    },
  },
  {
    source: 'DOC',
    title: 'a code lives five minutes',
    check: async (client) => {
      const [valid, expired] = [1, 2].map(() =>
        client.wechat.issueCode({ app: client.wechat.apps.official.appId }),
      );
      client.wechat.clock.advance(5 * 60_000 - 2_000);
      expect((await client.redeem(valid ?? '')).json).toHaveProperty('openid');
      client.wechat.clock.advance(2_000);
      expect((await client.redeem(expired ?? '')).json['errcode']).toBe(40029);
    },
  },
  {
    source: 'OBS',
    title: 'after a denial there is no redirect',
    check: async (client) => expect(await denied(client)).toBeUndefined(),
  },
  {
    source: 'DOC',
    title: 'after a denial the callback has only state, as documented',
    options: { switches: { denial: 'state-only' } },
    check: async (client) => expect(await denied(client)).toBe(`${CALLBACK}?state=abc`),
  },
  {
    source: 'OBS',
    title: 'after a denial the callback has code=authdeny, as from old clients',
    options: { switches: { denial: 'authdeny' } },
    check: async (client) => expect(await denied(client)).toBe(`${CALLBACK}?code=authdeny&state=abc`),
  },
  {
    source: 'OBS',
    title: 'WeChat may call back twice: with the same code, or with two valid codes and the same state',
    check: async (client) => {
      client.wechat.switches.doubleCallback = 'same-code';
      const [first, again] = await client.wechat.authorizeTwice(client.authorizeURL());
      expect(again).toBe(first);
      client.wechat.switches.doubleCallback = 'different-codes';
      const codes = (await client.wechat.authorizeTwice(client.authorizeURL())).map(codeIn);
      expect(new Set(codes).size).toBe(2);
      for (const code of codes) expect((await client.redeem(code)).json).toHaveProperty('openid');
    },
  },
  {
    source: 'DOC',
    title: 'the snapshot page logs in a virtual user; 使用完整服务 logs in the real one',
    check: async (client) => {
      const real = client.wechat.openid('snapshot', client.wechat.apps.official.appId);
      const virtual = await client.redeem(
        codeIn(await client.wechat.authorize(client.authorizeURL(), { user: 'snapshot' })),
      );
      expect(virtual.json).toMatchObject({ is_snapshotuser: 1 });
      expect(virtual.json['openid']).not.toBe(real);
      const full = await client.redeem(
        codeIn(await client.wechat.authorize(client.authorizeURL(), { user: 'snapshot', fullService: true })),
      );
      expect(full.json).toMatchObject({ openid: real });
      expect(full.json).not.toHaveProperty('is_snapshotuser');
    },
  },
  {
    source: 'DOC',
    title: 'is_snapshotuser is not a field of userinfo',
    check: async (client) => {
      const profile = await client.userinfo(await client.login({ virtual: true }));
      expect(profile.json['nickname']).toBe('微信用户');
      expect(profile.json).not.toHaveProperty('is_snapshotuser');
    },
  },
  {
    source: 'OBS',
    title: 'the virtual unionid differs from the real one, and all virtual users share it',
    check: async (client) => {
      const one = (await client.login({ user: 'ming', virtual: true })).json['unionid'];
      expect((await client.login({ user: 'emoji', virtual: true })).json['unionid']).toBe(one);
      expect(client.wechat.unionid('ming', client.wechat.apps.official.appId)).not.toBe(one);
    },
  },
  {
    source: 'OBS',
    title: 'is_snapshotuser may be missing, and userinfo may fail with 48001',
    options: { switches: { snapshotFlag: false, snapshotUserinfo: 'unauthorized' } },
    check: async (client) => {
      const token = await client.login({ virtual: true });
      expect(token.json).not.toHaveProperty('is_snapshotuser');
      expect((await client.userinfo(token)).json['errcode']).toBe(48001);
    },
  },
];
