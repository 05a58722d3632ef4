// /sns/oauth2/refresh_token, /sns/auth and /sns/userinfo
import { refusal } from '../support/emulator-client';
import type { Fact } from './fact';

const DAY = 24 * 3600 * 1000;
const HOUR = 3600 * 1000;

const REFRESH_FACTS: readonly Fact[] = [
  {
    source: 'DOC',
    title: 'a refresh returns five keys in this order, and needs no secret',
    check: async (client) => {
      const response = await client.refresh((await client.login()).json['refresh_token']);
      expect(Object.keys(response.json)).toEqual([
        'access_token',
        'expires_in',
        'refresh_token',
        'openid',
        'scope',
      ]);
    },
  },
  {
    source: 'DOC',
    title: 'a refresh before expiry returns the same tokens and extends the access token',
    check: async (client) => {
      const token = await client.login();
      client.wechat.clock.advance(HOUR);
      const again = await client.refresh(token.json['refresh_token']);
      expect(again.json['access_token']).toBe(token.json['access_token']);
      expect(again.json['refresh_token']).toBe(token.json['refresh_token']);
      client.wechat.clock.advance(1.5 * HOUR);
      expect((await client.auth(token)).json['errcode']).toBe(0);
    },
  },
  {
    source: 'DOC',
    title: 'a refresh after expiry returns a new access token; the old one stays expired',
    check: async (client) => {
      const token = await client.login();
      client.wechat.clock.advance(2 * HOUR);
      const again = await client.refresh(token.json['refresh_token']);
      expect(again.json['access_token']).not.toBe(token.json['access_token']);
      expect(refusal(await client.auth(token))).toBe('42001 access_token expired');
      expect((await client.auth(again)).json['errcode']).toBe(0);
    },
  },
  {
    source: 'OBS',
    title: '41003 refresh_token missing is checked before the appid',
    check: async (client) => {
      expect(refusal(await client.refresh('', { appid: 'wx0' }))).toBe('41003 refresh_token missing');
    },
  },
  {
    source: 'OBS',
    title: '41002 appid missing and 40013 invalid appid',
    check: async (client) => {
      expect(refusal(await client.refresh('x', { appid: undefined }))).toBe('41002 appid missing');
      expect(refusal(await client.refresh('x', { appid: 'wx0' }))).toBe('40013 invalid appid');
    },
  },
  {
    source: 'OBS',
    title: '40002 invalid grant_type',
    check: async (client) =>
      expect(refusal(await client.refresh('x', { grant_type: 'x' }))).toBe('40002 invalid grant_type'),
  },
  {
    source: 'DOC',
    title: '40030 for an unknown refresh token, or that of another app',
    check: async (client) => {
      expect(refusal(await client.refresh('x'))).toBe('40030 invalid refresh_token');
      const token = await client.login();
      const changes = { appid: client.wechat.apps.unbound.appId };
      expect(refusal(await client.refresh(token.json['refresh_token'], changes))).toBe(
        '40030 invalid refresh_token',
      );
    },
  },
  {
    source: 'DOC',
    title: '42002 after 30 days, which refreshing does not extend',
    check: async (client) => {
      const token = await client.login();
      client.wechat.clock.advance(29 * DAY);
      const again = await client.refresh(token.json['refresh_token']);
      client.wechat.clock.advance(DAY);
      expect(refusal(await client.refresh(again.json['refresh_token']))).toBe('42002 refresh_token expired');
    },
  },
  {
    source: 'DOC',
    title: '42007 after a change of password',
    check: async (client) => {
      const token = await client.login();
      client.wechat.changePassword('ming');
      expect(refusal(await client.refresh(token.json['refresh_token']))).toBe(
        '42007 access_token and refresh_token exception',
      );
    },
  },
];

const BEARER_FACTS: readonly Fact[] = [
  {
    source: 'OBS',
    title: '41001 access_token missing, then 41009 missing openid, on auth and userinfo',
    check: async (client) => {
      const token = await client.login();
      for (const api of ['auth', 'userinfo'] as const) {
        expect(refusal(await client[api](token, { access_token: undefined, openid: undefined }))).toBe(
          '41001 access_token missing',
        );
        expect(refusal(await client[api](token, { openid: '' }))).toBe('41009 missing openid');
      }
    },
  },
  {
    source: 'OBS',
    title: '40001 for an unknown token',
    check: async (client) => {
      const text = '40001 invalid credential, access_token is invalid or not latest';
      expect(refusal(await client.auth(await client.login(), { access_token: 'x' }))).toBe(text);
    },
  },
  {
    source: 'OBS',
    title: '40014 for a token of the wrong kind',
    check: async (client) => {
      const token = await client.login();
      const wrong = { access_token: String(token.json['refresh_token']) };
      expect(refusal(await client.auth(token, wrong))).toBe('40014 invalid access_token');
    },
  },
  {
    source: 'DOC',
    title: '42001 after two hours, not before',
    check: async (client) => {
      const token = await client.login();
      client.wechat.clock.advance(2 * HOUR - 2_000);
      expect((await client.auth(token)).json['errcode']).toBe(0);
      client.wechat.clock.advance(2_000);
      expect(refusal(await client.auth(token))).toBe('42001 access_token expired');
      expect(refusal(await client.userinfo(token))).toBe('42001 access_token expired');
    },
  },
  {
    source: 'DOC',
    title: '40003 for another user’s openid',
    check: async (client) => {
      const openid = client.wechat.openid('emoji', client.wechat.apps.official.appId);
      expect(refusal(await client.auth(await client.login(), { openid }))).toBe('40003 invalid openid');
    },
  },
];

const PROFILE_FACTS: readonly Fact[] = [
  {
    source: 'DOC',
    title: '48001 for a token of snsapi_base',
    check: async (client) =>
      expect(refusal(await client.userinfo(await client.login({ scope: 'snsapi_base' })))).toBe(
        '48001 api unauthorized',
      ),
  },
  {
    source: 'OBS',
    title: 'the profile’s keys are in WeChat’s order, unionid last',
    check: async (client) => {
      const { json } = await client.userinfo(await client.login());
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
    source: 'DOC',
    title: 'since October 2021 sex is the number 0, and language and places are empty',
    check: async (client) => {
      const { json } = await client.userinfo(await client.login());
      expect(json).toMatchObject({ sex: 0, language: '', city: '', province: '', country: '' });
    },
  },
  {
    source: 'OBS',
    title: 'headimgurl ends in /132 and leads to a picture',
    check: async (client) => {
      const url = String((await client.userinfo(await client.login())).json['headimgurl']);
      expect(url).toMatch(/\/mmopen\/vi_32\/[^/]+\/132$/);
      expect((await client.get(new URL(url).pathname)).headers.get('content-type')).toContain('image/');
    },
  },
  {
    source: 'DOC',
    title: 'headimgurl is empty for a user without a picture',
    check: async (client) =>
      expect((await client.userinfo(await client.login({ user: 'faceless' }))).json['headimgurl']).toBe(''),
  },
  {
    source: 'DOC',
    title: 'privilege is an array',
    options: { users: [{ id: 'ming', nickname: 'M', privilege: ['chinaunicom'] }] },
    check: async (client) =>
      expect((await client.userinfo(await client.login())).json['privilege']).toEqual(['chinaunicom']),
  },
  {
    source: 'OBS',
    title: 'a deregistered user is called 用户已经注销',
    check: async (client) =>
      expect((await client.userinfo(await client.login({ user: 'gone' }))).json['nickname']).toBe(
        '用户已经注销',
      ),
  },
  {
    source: 'OBS',
    title: 'a nickname may have unescaped control characters, which JSON.parse refuses',
    check: async (client) => {
      const { text } = await client.userinfo(await client.login({ user: 'dirty' }));
      expect(text).toContain('脏\u0014昵\b称\u0007\n\u007f');
      expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    },
  },
];

export const TOKEN_FACTS: readonly Fact[] = [...REFRESH_FACTS, ...BEARER_FACTS, ...PROFILE_FACTS];
