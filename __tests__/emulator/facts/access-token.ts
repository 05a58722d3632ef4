// /sns/oauth2/access_token
import { refusal, type Lab, type Parameters } from '../support/lab';
import type { Fact } from './fact';

const fresh = (lab: Lab): string => lab.wechat.issueCode({ app: lab.wechat.apps.official.appId });

const answers =
  (expected: string, changes: (lab: Lab) => Parameters): Fact['check'] =>
  async (lab) => {
    expect(refusal(await lab.redeem(fresh(lab), changes(lab)))).toBe(expected);
  };

export const accessTokenFacts: readonly Fact[] = [
  {
    mark: 'OBS',
    says: 'a base login answers five keys in order, no unionid',
    check: async (lab) => {
      const { json } = await lab.login({ scope: 'snsapi_base' });
      expect(Object.keys(json)).toEqual(['access_token', 'expires_in', 'refresh_token', 'openid', 'scope']);
      expect(json).toMatchObject({ expires_in: 7200, scope: 'snsapi_base' });
    },
  },
  {
    mark: 'DOC',
    says: 'a userinfo login adds unionid, last',
    check: async (lab) => {
      const { json } = await lab.login();
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
    mark: 'DOC',
    says: 'an account without an Open Platform account gives no unionid',
    check: async (lab) => {
      const { appId: appid, appSecret: secret } = lab.wechat.apps.unbound;
      const reply = await lab.redeem(lab.wechat.issueCode({ app: appid }), { appid, secret });
      expect(reply.json).toHaveProperty('openid');
      expect(reply.json).not.toHaveProperty('unionid');
    },
  },
  {
    mark: 'DOC',
    says: 'several scopes come back separated by commas',
    check: async (lab) => {
      const reply = await lab.login({ scope: 'snsapi_base,snsapi_userinfo' });
      expect(reply.json['scope']).toBe('snsapi_base,snsapi_userinfo');
    },
  },
  {
    mark: 'OBS',
    says: 'is_snapshotuser: 1 comes last, for virtual users alone',
    check: async (lab) => {
      expect((await lab.login({ virtual: true })).text).toMatch(/,"is_snapshotuser":1\}$/);
      expect((await lab.login()).text).not.toContain('snapshot');
    },
  },
  {
    mark: 'OBS',
    says: '41002 appid missing, first',
    check: answers('41002 appid missing', () => ({ appid: '', secret: undefined, code: undefined })),
  },
  {
    mark: 'OBS',
    says: '40013 invalid appid before 41004',
    check: answers('40013 invalid appid', () => ({ appid: 'wx0', secret: undefined })),
  },
  {
    mark: 'OBS',
    says: '41004 appsecret missing before 41008',
    check: answers('41004 appsecret missing', () => ({ secret: undefined, code: undefined })),
  },
  {
    mark: 'DOC',
    says: '41008 missing code',
    check: answers('41008 missing code', () => ({ code: undefined })),
  },
  {
    mark: 'OBS',
    says: '40002 invalid grant_type',
    check: answers('40002 invalid grant_type', () => ({ grant_type: 'refresh_token' })),
  },
  {
    mark: 'DOC',
    says: '40125 invalid appsecret',
    check: answers('40125 invalid appsecret', () => ({ secret: 'wrong' })),
  },
  {
    mark: 'DOC',
    says: '40029 for a code never issued',
    check: answers('40029 invalid code', () => ({ code: 'code' })),
  },
  {
    mark: 'DOC',
    says: '40029 for a code of another app',
    check: answers('40029 invalid code', (lab) => {
      const { appId: appid, appSecret: secret } = lab.wechat.apps.unbound;
      return { appid, secret };
    }),
  },
  {
    mark: 'DOC',
    says: '40029 for an expired code; 42003 exists in the table',
    check: async (lab) => {
      const code = fresh(lab);
      lab.wechat.clock.advance(5 * 60_000);
      expect(refusal(await lab.redeem(code))).toBe('40029 invalid code');
      lab.wechat.switches.expiredCode = 42003;
      expect(refusal(await lab.redeem(code))).toBe('42003 code expired');
    },
  },
  {
    mark: 'DOC',
    says: '40163 for a code that was redeemed',
    check: async (lab) => {
      const code = fresh(lab);
      await lab.redeem(code);
      expect(refusal(await lab.redeem(code))).toBe('40163 code been used');
    },
  },
  {
    mark: 'OBS',
    says: 'of two requests that race with one code one wins, the other gets 40163',
    check: async (lab) => {
      const code = fresh(lab);
      const replies = await Promise.all([lab.redeem(code), lab.redeem(code)]);
      expect(replies.map((reply) => reply.json['errcode']).sort()).toEqual([40163, undefined]);
    },
  },
  {
    mark: 'OBS',
    says: 'another app’s try can burn a code: then 40163',
    options: { switches: { burnOnMismatch: true } },
    check: async (lab) => {
      const code = fresh(lab);
      const { appId: appid, appSecret: secret } = lab.wechat.apps.unbound;
      expect(refusal(await lab.redeem(code, { appid, secret }))).toBe('40029 invalid code');
      expect(refusal(await lab.redeem(code))).toBe('40163 code been used');
    },
  },
  {
    mark: 'DOC',
    says: '45011 over the quota of a minute',
    options: { switches: { trouble: 'quota' } },
    check: answers('45011 api minute-quota reach limit, must slower, retry next minute', () => ({})),
  },
];
