// Third-party platforms (第三方平台): web authorization on behalf of an account
import {
  codeIn,
  refusal,
  type EmulatorClient,
  type Parameters,
  type ReceivedResponse,
} from '../support/emulator-client';
import type { Fact } from './fact';

const COMPONENT = 'wxc0ffee0000000001';
const app = {
  type: 'official',
  appId: 'wx1234567890abcdef',
  appSecret: 's',
  domains: ['own.example.com'],
  components: [COMPONENT],
} as const;
const miniProgram = {
  type: 'miniprogram',
  appId: 'wx1234567890fedcba',
  appSecret: 's',
  components: [COMPONENT],
} as const;
const options = { apps: [app, miniProgram] };

function exchange(client: EmulatorClient, code: string, changes: Parameters = {}): Promise<ReceivedResponse> {
  return client.get('/sns/oauth2/component/access_token', {
    appid: app.appId,
    code,
    grant_type: 'authorization_code',
    component_appid: COMPONENT,
    component_access_token: 'component-token',
    ...changes,
  });
}

function refresh(
  client: EmulatorClient,
  token: unknown,
  changes: Parameters = {},
): Promise<ReceivedResponse> {
  return client.get('/sns/oauth2/component/refresh_token', {
    appid: app.appId,
    grant_type: 'refresh_token',
    component_appid: COMPONENT,
    component_access_token: 'component-token',
    refresh_token: String(token),
    ...changes,
  });
}

function newCode(client: EmulatorClient): string {
  return client.wechat.issueCode({ app: app.appId });
}

/** The code of an authorize page that the platform sent the person to. */
async function codeFor(client: EmulatorClient): Promise<string> {
  const url = client.authorizeURL({ appid: app.appId, component_appid: COMPONENT });
  return codeIn(await client.wechat.authorize(url));
}

async function issuedToken(client: EmulatorClient, changes: object = {}): Promise<ReceivedResponse> {
  return client.postJSON('/cgi-bin/component/api_component_token', {
    component_appid: COMPONENT,
    component_appsecret: 'platform secret',
    component_verify_ticket: 'ticket@@@x',
    ...changes,
  });
}

export const COMPONENT_FACTS: readonly Fact[] = [
  {
    source: 'DOC',
    title: 'the callback brings code, state and appid; its domain is the platform’s, not the account’s',
    options,
    check: async (client) => {
      const parameters = { appid: app.appId, component_appid: COMPONENT };
      const callback = await client.wechat.authorize(client.authorizeURL(parameters));
      expect(callback).toMatch(
        /^https:\/\/h5\.example\.com\/callback\?code=\w{32}&state=abc&appid=wx1234567890abcdef$/,
      );
    },
  },
  {
    source: 'DOC',
    title: 'the code is exchanged without the account’s secret, for a response as usual',
    options,
    check: async (client) => {
      const token = await exchange(client, await codeFor(client));
      expect(Object.keys(token.json)).toEqual([
        'access_token',
        'expires_in',
        'refresh_token',
        'openid',
        'scope',
      ]);
      expect((await client.userinfo(token)).json['nickname']).toBe('小明');
    },
  },
  {
    source: 'DOC',
    title: 'the refresh returns five keys; before expiry the same tokens',
    options,
    check: async (client) => {
      const token = await exchange(client, newCode(client));
      const again = await refresh(client, token.json['refresh_token']);
      expect(again.json).toEqual({ ...token.json, openid: token.json['openid'] });
      expect(refusal(await refresh(client, 'x'))).toBe('40030 invalid refresh_token');
      expect(refusal(await refresh(client, '', { appid: '' }))).toBe('41003 refresh_token missing');
      expect(refusal(await refresh(client, 'x', { grant_type: 'x' }))).toBe('40002 invalid grant_type');
    },
  },
  {
    source: 'DOC',
    title: '41018 without component_appid, 61003 for a platform that the account has not authorized',
    options,
    check: async (client) => {
      const code = newCode(client);
      const refuses = async (changes: Parameters): Promise<string> =>
        refusal(await exchange(client, code, changes));
      expect(await refuses({ component_appid: '' })).toBe('41018 missing component_appid');
      expect(await refuses({ component_access_token: '' })).toBe('41001 access_token missing');
      expect(await refuses({ component_appid: 'wxother' })).toBe(
        '61003 component is not authorized by this account',
      );
      expect(await refuses({ appid: 'wx0' })).toBe('40013 invalid appid');
      expect(await refuses({ code: '' })).toBe('41008 missing code');
      expect(await refuses({ grant_type: '' })).toBe('40002 invalid grant_type');
      // None of these attempts spent the code.
      expect((await exchange(client, code)).json).toHaveProperty('openid');
    },
  },
  {
    source: 'OBS',
    title: '40029 and 40163 as without a platform',
    options,
    check: async (client) => {
      const code = newCode(client);
      await exchange(client, code);
      expect(refusal(await exchange(client, code))).toBe('40163 code been used');
      expect(refusal(await exchange(client, 'x'))).toBe('40029 invalid code');
    },
  },
  {
    source: 'DOC',
    title: 'a platform’s token lives two hours; then 42001',
    options: { ...options, switches: { componentToken: 'issued' } },
    check: async (client) => {
      const { json } = await issuedToken(client);
      expect(json).toEqual({ component_access_token: expect.any(String) as unknown, expires_in: 7200 });
      const good = { component_access_token: String(json['component_access_token']) };
      expect(refusal(await exchange(client, newCode(client)))).toMatch(/^40001 invalid credential/);
      expect((await exchange(client, newCode(client), good)).json).toHaveProperty('openid');
      client.wechat.clock.advance(7200_000);
      expect(refusal(await exchange(client, newCode(client), good))).toBe('42001 access_token expired');
      expect((await issuedToken(client, { component_appid: 'wxother' })).json['errcode']).toBe(40013);
      expect((await issuedToken(client, { component_appid: '' })).json['errcode']).toBe(41018);
      expect((await issuedToken(client, { component_appsecret: '' })).json['errcode']).toBe(41004);
      expect((await issuedToken(client, { component_verify_ticket: '' })).json['errcode']).toBe(61006);
    },
  },
  {
    source: 'DOC',
    title: 'a mini program’s code is exchanged at component/jscode2session',
    options,
    check: async (client) => {
      const { appId: appid } = miniProgram;
      const { json } = await client.get('/sns/component/jscode2session', {
        appid,
        js_code: client.wechat.issueCode({ app: appid }),
        grant_type: 'authorization_code',
        component_appid: COMPONENT,
        component_access_token: 'component-token',
      });
      expect(Object.keys(json)).toEqual(['session_key', 'openid']);
    },
  },
];
