// /sns/oauth2/refresh_token, /sns/auth and /sns/userinfo
import { refusal } from '../support/lab';
import type { Fact } from './fact';

const DAY = 24 * 3600 * 1000;
const HOUR = 3600 * 1000;

const refreshFacts: readonly Fact[] = [
  {
    mark: 'DOC',
    says: 'a refresh answers five keys in order, and needs no secret',
    check: async (lab) => {
      const reply = await lab.refresh((await lab.login()).json['refresh_token']);
      expect(Object.keys(reply.json)).toEqual([
        'access_token',
        'expires_in',
        'refresh_token',
        'openid',
        'scope',
      ]);
    },
  },
  {
    mark: 'DOC',
    says: 'before expiry both tokens come back the same, and the access token lives on',
    check: async (lab) => {
      const token = await lab.login();
      lab.wechat.clock.advance(HOUR);
      const again = await lab.refresh(token.json['refresh_token']);
      expect(again.json['access_token']).toBe(token.json['access_token']);
      expect(again.json['refresh_token']).toBe(token.json['refresh_token']);
      lab.wechat.clock.advance(1.5 * HOUR);
      expect((await lab.auth(token)).json['errcode']).toBe(0);
    },
  },
  {
    mark: 'DOC',
    says: 'after expiry a new access token comes, and the old one stays expired',
    check: async (lab) => {
      const token = await lab.login();
      lab.wechat.clock.advance(2 * HOUR);
      const again = await lab.refresh(token.json['refresh_token']);
      expect(again.json['access_token']).not.toBe(token.json['access_token']);
      expect(refusal(await lab.auth(token))).toBe('42001 access_token expired');
      expect((await lab.auth(again)).json['errcode']).toBe(0);
    },
  },
  {
    mark: 'OBS',
    says: '41003 refresh_token missing, before the appid is looked at',
    check: async (lab) => {
      expect(refusal(await lab.refresh('', { appid: 'wx0' }))).toBe('41003 refresh_token missing');
    },
  },
  {
    mark: 'OBS',
    says: '41002 appid missing and 40013 invalid appid',
    check: async (lab) => {
      expect(refusal(await lab.refresh('x', { appid: undefined }))).toBe('41002 appid missing');
      expect(refusal(await lab.refresh('x', { appid: 'wx0' }))).toBe('40013 invalid appid');
    },
  },
  {
    mark: 'OBS',
    says: '40002 invalid grant_type',
    check: async (lab) =>
      expect(refusal(await lab.refresh('x', { grant_type: 'x' }))).toBe('40002 invalid grant_type'),
  },
  {
    mark: 'DOC',
    says: '40030 for an unknown refresh token, or another app’s',
    check: async (lab) => {
      expect(refusal(await lab.refresh('x'))).toBe('40030 invalid refresh_token');
      const token = await lab.login();
      const changes = { appid: lab.wechat.apps.unbound.appId };
      expect(refusal(await lab.refresh(token.json['refresh_token'], changes))).toBe(
        '40030 invalid refresh_token',
      );
    },
  },
  {
    mark: 'DOC',
    says: '42002 after 30 days, which refreshing does not extend',
    check: async (lab) => {
      const token = await lab.login();
      lab.wechat.clock.advance(29 * DAY);
      const again = await lab.refresh(token.json['refresh_token']);
      lab.wechat.clock.advance(DAY);
      expect(refusal(await lab.refresh(again.json['refresh_token']))).toBe('42002 refresh_token expired');
    },
  },
  {
    mark: 'DOC',
    says: '42007 after a change of password',
    check: async (lab) => {
      const token = await lab.login();
      lab.wechat.changePassword('ming');
      expect(refusal(await lab.refresh(token.json['refresh_token']))).toBe(
        '42007 access_token and refresh_token exception',
      );
    },
  },
];

const bearerFacts: readonly Fact[] = [
  {
    mark: 'OBS',
    says: '41001 access_token missing, then 41009 missing openid, on auth and userinfo',
    check: async (lab) => {
      const token = await lab.login();
      for (const api of ['auth', 'userinfo'] as const) {
        expect(refusal(await lab[api](token, { access_token: undefined, openid: undefined }))).toBe(
          '41001 access_token missing',
        );
        expect(refusal(await lab[api](token, { openid: '' }))).toBe('41009 missing openid');
      }
    },
  },
  {
    mark: 'OBS',
    says: '40001 for an unknown token',
    check: async (lab) => {
      const text = '40001 invalid credential, access_token is invalid or not latest';
      expect(refusal(await lab.auth(await lab.login(), { access_token: 'x' }))).toBe(text);
    },
  },
  {
    mark: 'OBS',
    says: '40014 for a token of the wrong kind',
    check: async (lab) => {
      const token = await lab.login();
      const wrong = { access_token: String(token.json['refresh_token']) };
      expect(refusal(await lab.auth(token, wrong))).toBe('40014 invalid access_token');
    },
  },
  {
    mark: 'DOC',
    says: '42001 after two hours, not before',
    check: async (lab) => {
      const token = await lab.login();
      lab.wechat.clock.advance(2 * HOUR - 2_000);
      expect((await lab.auth(token)).json['errcode']).toBe(0);
      lab.wechat.clock.advance(2_000);
      expect(refusal(await lab.auth(token))).toBe('42001 access_token expired');
      expect(refusal(await lab.userinfo(token))).toBe('42001 access_token expired');
    },
  },
  {
    mark: 'DOC',
    says: '40003 for somebody else’s openid',
    check: async (lab) =>
      expect(refusal(await lab.auth(await lab.login(), { openid: 'o' }))).toBe('40003 invalid openid'),
  },
];

const profileFacts: readonly Fact[] = [
  {
    mark: 'DOC',
    says: '48001 for a token of snsapi_base',
    check: async (lab) =>
      expect(refusal(await lab.userinfo(await lab.login({ scope: 'snsapi_base' })))).toBe(
        '48001 api unauthorized',
      ),
  },
  {
    mark: 'OBS',
    says: 'the profile’s keys come in WeChat’s order, unionid last',
    check: async (lab) => {
      const { json } = await lab.userinfo(await lab.login());
      const keys = [
        'openid',
        'nickname',
        'sex',
        'language',
        'city',
        'province',
        'country',
        'headimgurl',
        'privilege',
        'unionid',
      ];
      expect(Object.keys(json)).toEqual(keys);
    },
  },
  {
    mark: 'DOC',
    says: 'since October 2021 sex is the number 0, language and places are empty',
    check: async (lab) => {
      const { json } = await lab.userinfo(await lab.login());
      expect(json).toMatchObject({ sex: 0, language: '', city: '', province: '', country: '' });
    },
  },
  {
    mark: 'OBS',
    says: 'headimgurl ends in /132 and is a picture',
    check: async (lab) => {
      const url = String((await lab.userinfo(await lab.login())).json['headimgurl']);
      expect(url).toMatch(/\/mmopen\/vi_32\/[^/]+\/132$/);
      expect((await lab.get(new URL(url).pathname)).headers.get('content-type')).toContain('image/');
    },
  },
  {
    mark: 'DOC',
    says: 'headimgurl is empty without a picture',
    check: async (lab) =>
      expect((await lab.userinfo(await lab.login({ user: 'faceless' }))).json['headimgurl']).toBe(''),
  },
  {
    mark: 'DOC',
    says: 'privilege is an array',
    options: { users: [{ id: 'ming', nickname: 'M', privilege: ['chinaunicom'] }] },
    check: async (lab) =>
      expect((await lab.userinfo(await lab.login())).json['privilege']).toEqual(['chinaunicom']),
  },
  {
    mark: 'OBS',
    says: 'a deregistered user is called 用户已经注销',
    check: async (lab) =>
      expect((await lab.userinfo(await lab.login({ user: 'gone' }))).json['nickname']).toBe('用户已经注销'),
  },
  {
    mark: 'OBS',
    says: 'a nickname may hold raw control characters that JSON.parse refuses',
    check: async (lab) => {
      const { text } = await lab.userinfo(await lab.login({ user: 'dirty' }));
      expect(text).toContain('脏\u0014昵\b称\u0007\n\u007f');
      expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    },
  },
];

export const tokenFacts: readonly Fact[] = [...refreshFacts, ...bearerFacts, ...profileFacts];
