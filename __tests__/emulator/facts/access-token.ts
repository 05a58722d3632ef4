// /sns/oauth2/access_token
import { refusal, type EmulatorClient, type Parameters } from '../support/emulator-client';
import type { Fact } from './fact';

function newCode(client: EmulatorClient): string {
  return client.wechat.issueCode({ app: client.wechat.apps.official.appId });
}

function returns(expected: string, changes: (client: EmulatorClient) => Parameters): Fact['check'] {
  return async (client) => {
    expect(refusal(await client.redeem(newCode(client), changes(client)))).toBe(expected);
  };
}

export const ACCESS_TOKEN_FACTS: readonly Fact[] = [
  {
    source: 'OBS',
    title: 'a snsapi_base login returns five keys in this order, without unionid',
    check: async (client) => {
      const { json } = await client.login({ scope: 'snsapi_base' });
      expect(Object.keys(json)).toEqual(['access_token', 'expires_in', 'refresh_token', 'openid', 'scope']);
      expect(json).toMatchObject({ expires_in: 7200, scope: 'snsapi_base' });
    },
  },
  {
    source: 'DOC',
    title: 'a snsapi_userinfo login returns unionid too, last',
    check: async (client) => {
      const { json } = await client.login();
      expect(Object.keys(json)).toEqual([
        'access_token',
        'expires_in',
        'refresh_token',
        'openid',
        'scope',
        'unionid',
      ]);
    },
  },
  {
    source: 'DOC',
    title: 'an account that is not bound to an Open Platform account returns no unionid',
    check: async (client) => {
      const { appId: appid, appSecret: secret } = client.wechat.apps.unbound;
      const response = await client.redeem(client.wechat.issueCode({ app: appid }), { appid, secret });
      expect(response.json).toHaveProperty('openid');
      expect(response.json).not.toHaveProperty('unionid');
    },
  },
  {
    source: 'DOC',
    title: 'several scopes are returned separated by commas',
    check: async (client) => {
      const response = await client.login({ scope: 'snsapi_base,snsapi_userinfo' });
      expect(response.json['scope']).toBe('snsapi_base,snsapi_userinfo');
    },
  },
  {
    source: 'OBS',
    title: 'is_snapshotuser: 1 is the last key, and only virtual users have it',
    check: async (client) => {
      expect((await client.login({ virtual: true })).text).toMatch(/,"is_snapshotuser":1\}$/);
      expect((await client.login()).text).not.toContain('snapshot');
    },
  },
  {
    source: 'OBS',
    title: '41002 appid missing is checked first',
    check: returns('41002 appid missing', () => ({ appid: '', secret: undefined, code: undefined })),
  },
  {
    source: 'OBS',
    title: '40013 invalid appid is checked before 41004',
    check: returns('40013 invalid appid', () => ({ appid: 'wx0', secret: undefined })),
  },
  {
    source: 'OBS',
    title: '41004 appsecret missing is checked before 41008',
    check: returns('41004 appsecret missing', () => ({ secret: undefined, code: undefined })),
  },
  {
    source: 'DOC',
    title: '41008 missing code',
    check: returns('41008 missing code', () => ({ code: undefined })),
  },
  {
    source: 'OBS',
    title: '40002 invalid grant_type',
    check: returns('40002 invalid grant_type', () => ({ grant_type: 'refresh_token' })),
  },
  {
    source: 'DOC',
    title: '40125 invalid appsecret',
    check: returns('40125 invalid appsecret', () => ({ secret: 'wrong' })),
  },
  {
    source: 'DOC',
    title: '40029 for a code that was never issued',
    check: returns('40029 invalid code', () => ({ code: 'code' })),
  },
  {
    source: 'DOC',
    title: '40029 for a code of another app',
    check: returns('40029 invalid code', (client) => {
      const { appId: appid, appSecret: secret } = client.wechat.apps.unbound;
      return { appid, secret };
    }),
  },
  {
    source: 'DOC',
    title: '40029 for an expired code, or 42003, as WeChat’s list of errcodes says',
    check: async (client) => {
      const code = newCode(client);
      client.wechat.clock.advance(5 * 60_000);
      expect(refusal(await client.redeem(code))).toBe('40029 invalid code');
      client.wechat.switches.expiredCode = 42003;
      expect(refusal(await client.redeem(code))).toBe('42003 code expired');
    },
  },
  {
    source: 'DOC',
    title: '40163 for a code that was exchanged before',
    check: async (client) => {
      const code = newCode(client);
      await client.redeem(code);
      expect(refusal(await client.redeem(code))).toBe('40163 code been used');
    },
  },
  {
    source: 'OBS',
    title: 'of two concurrent requests with one code, one succeeds and the other gets 40163',
    check: async (client) => {
      const code = newCode(client);
      const responses = await Promise.all([client.redeem(code), client.redeem(code)]);
      expect(responses.map((response) => response.json['errcode']).sort()).toEqual([40163, undefined]);
    },
  },
  {
    source: 'OBS',
    title: 'another app’s attempt can spend a code: then 40163',
    options: { switches: { burnOnMismatch: true } },
    check: async (client) => {
      const code = newCode(client);
      const { appId: appid, appSecret: secret } = client.wechat.apps.unbound;
      expect(refusal(await client.redeem(code, { appid, secret }))).toBe('40029 invalid code');
      expect(refusal(await client.redeem(code))).toBe('40163 code been used');
    },
  },
  {
    source: 'DOC',
    title: '45011 for calls beyond the quota of a minute, if the switch trouble is quota',
    options: { switches: { trouble: 'quota' } },
    check: returns('45011 api minute-quota reach limit, must slower, retry next minute', () => ({})),
  },
];
