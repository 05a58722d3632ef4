// /sns/oauth2/access_token
import { refusal, type EmulatorClient, type Parameters } from '../support/emulator-client';
import type { Fact } from './fact';

function fresh(client: EmulatorClient): string {
  return client.wechat.issueCode({ app: client.wechat.apps.official.appId });
}

function answers(expected: string, changes: (client: EmulatorClient) => Parameters): Fact['check'] {
  return async (client) => {
    expect(refusal(await client.redeem(fresh(client), changes(client)))).toBe(expected);
  };
}

export const accessTokenFacts: readonly Fact[] = [
  {
    source: 'OBS',
    title: 'a base login answers five keys in order, no unionid',
    check: async (client) => {
      const { json } = await client.login({ scope: 'snsapi_base' });
      expect(Object.keys(json)).toEqual(['access_token', 'expires_in', 'refresh_token', 'openid', 'scope']);
      expect(json).toMatchObject({ expires_in: 7200, scope: 'snsapi_base' });
    },
  },
  {
    source: 'DOC',
    title: 'a userinfo login adds unionid, last',
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
    title: 'an account without an Open Platform account gives no unionid',
    check: async (client) => {
      const { appId: appid, appSecret: secret } = client.wechat.apps.unbound;
      const reply = await client.redeem(client.wechat.issueCode({ app: appid }), { appid, secret });
      expect(reply.json).toHaveProperty('openid');
      expect(reply.json).not.toHaveProperty('unionid');
    },
  },
  {
    source: 'DOC',
    title: 'several scopes come back separated by commas',
    check: async (client) => {
      const reply = await client.login({ scope: 'snsapi_base,snsapi_userinfo' });
      expect(reply.json['scope']).toBe('snsapi_base,snsapi_userinfo');
    },
  },
  {
    source: 'OBS',
    title: 'is_snapshotuser: 1 comes last, for virtual users alone',
    check: async (client) => {
      expect((await client.login({ virtual: true })).text).toMatch(/,"is_snapshotuser":1\}$/);
      expect((await client.login()).text).not.toContain('snapshot');
    },
  },
  {
    source: 'OBS',
    title: '41002 appid missing, first',
    check: answers('41002 appid missing', () => ({ appid: '', secret: undefined, code: undefined })),
  },
  {
    source: 'OBS',
    title: '40013 invalid appid before 41004',
    check: answers('40013 invalid appid', () => ({ appid: 'wx0', secret: undefined })),
  },
  {
    source: 'OBS',
    title: '41004 appsecret missing before 41008',
    check: answers('41004 appsecret missing', () => ({ secret: undefined, code: undefined })),
  },
  {
    source: 'DOC',
    title: '41008 missing code',
    check: answers('41008 missing code', () => ({ code: undefined })),
  },
  {
    source: 'OBS',
    title: '40002 invalid grant_type',
    check: answers('40002 invalid grant_type', () => ({ grant_type: 'refresh_token' })),
  },
  {
    source: 'DOC',
    title: '40125 invalid appsecret',
    check: answers('40125 invalid appsecret', () => ({ secret: 'wrong' })),
  },
  {
    source: 'DOC',
    title: '40029 for a code never issued',
    check: answers('40029 invalid code', () => ({ code: 'code' })),
  },
  {
    source: 'DOC',
    title: '40029 for a code of another app',
    check: answers('40029 invalid code', (client) => {
      const { appId: appid, appSecret: secret } = client.wechat.apps.unbound;
      return { appid, secret };
    }),
  },
  {
    source: 'DOC',
    title: '40029 for an expired code; 42003 exists in the table',
    check: async (client) => {
      const code = fresh(client);
      client.wechat.clock.advance(5 * 60_000);
      expect(refusal(await client.redeem(code))).toBe('40029 invalid code');
      client.wechat.switches.expiredCode = 42003;
      expect(refusal(await client.redeem(code))).toBe('42003 code expired');
    },
  },
  {
    source: 'DOC',
    title: '40163 for a code that was redeemed',
    check: async (client) => {
      const code = fresh(client);
      await client.redeem(code);
      expect(refusal(await client.redeem(code))).toBe('40163 code been used');
    },
  },
  {
    source: 'OBS',
    title: 'of two requests that race with one code one wins, the other gets 40163',
    check: async (client) => {
      const code = fresh(client);
      const replies = await Promise.all([client.redeem(code), client.redeem(code)]);
      expect(replies.map((reply) => reply.json['errcode']).sort()).toEqual([40163, undefined]);
    },
  },
  {
    source: 'OBS',
    title: 'another app’s try can burn a code: then 40163',
    options: { switches: { burnOnMismatch: true } },
    check: async (client) => {
      const code = fresh(client);
      const { appId: appid, appSecret: secret } = client.wechat.apps.unbound;
      expect(refusal(await client.redeem(code, { appid, secret }))).toBe('40029 invalid code');
      expect(refusal(await client.redeem(code))).toBe('40163 code been used');
    },
  },
  {
    source: 'DOC',
    title: '45011 over the quota of a minute',
    options: { switches: { trouble: 'quota' } },
    check: answers('45011 api minute-quota reach limit, must slower, retry next minute', () => ({})),
  },
];
