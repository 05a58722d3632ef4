// Facts about all responses of /sns/*.
import type { EmulatorApp } from '../../../lib/emulator';
import type { Fact } from './fact';
import { refusal } from '../support/emulator-client';

function keysOf(text: string): string[] {
  return [...text.matchAll(/"(\w+)":/g)].map((match) => match[1] ?? '');
}

export const RESPONSE_FACTS: readonly Fact[] = [
  {
    source: 'OBS',
    title: 'the HTTP status is 200 for successes and errors',
    check: async (client) => {
      expect((await client.login()).status).toBe(200);
      expect((await client.redeem('nothing')).status).toBe(200);
    },
  },
  {
    source: 'OBS',
    title: 'the content type is text/plain without a charset, the body UTF-8',
    check: async (client) => {
      const profile = await client.userinfo(await client.login({ user: 'emoji' }));
      expect(profile.headers.get('content-type')).toBe('text/plain');
      expect(profile.json['nickname']).toBe('👩‍👩‍👧‍👦 Emoji 🎉');
    },
  },
  {
    source: 'OBS',
    title: 'the error for an invalid code is exactly 74 bytes of compact JSON',
    check: async (client) => {
      const response = await client.redeem('nothing');
      expect(response.text).toMatch(
        /^\{"errcode":40029,"errmsg":"invalid code, rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}"\}$/,
      );
      expect(response.headers.get('content-length')).toBe('74');
    },
  },
  {
    source: 'OBS',
    title: '/ is escaped inside strings',
    check: async (client) => {
      expect((await client.userinfo(await client.login())).text).toContain('"headimgurl":"http:\\/\\/');
    },
  },
  {
    source: 'OBS',
    title: 'an error has two keys in this order: errcode, a number, and errmsg',
    check: async (client) => {
      const response = await client.redeem('nothing');
      expect(keysOf(response.text)).toEqual(['errcode', 'errmsg']);
      expect(response.json['errcode']).toBe(40029);
    },
  },
  {
    source: 'OBS',
    title: 'the first group of a rid is the Unix time in hex',
    check: async (client) => {
      const { errmsg } = (await client.redeem('nothing')).json;
      const seconds = parseInt(/rid: ([0-9a-f]{8})/.exec(String(errmsg))?.[1] ?? '', 16);
      expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(60);
    },
  },
  {
    source: 'OBS',
    title: 'before 2021, an errmsg ended in hints with a req_id; earlier, it had no suffix',
    check: async (client) => {
      client.wechat.switches.suffix = 'hints';
      expect((await client.redeem('nothing')).json['errmsg']).toMatch(
        /^invalid code, hints: \[ req_id: [0-9A-Za-z]{10} \]$/,
      );
      client.wechat.switches.suffix = 'none';
      expect((await client.redeem('nothing')).json['errmsg']).toBe('invalid code');
    },
  },
  {
    source: 'OBS',
    title: 'a success has no errcode',
    check: async (client) => {
      const token = await client.login();
      for (const response of [
        token,
        await client.refresh(token.json['refresh_token']),
        await client.userinfo(token),
      ]) {
        expect(response.json).not.toHaveProperty('errcode');
      }
    },
  },
  {
    source: 'DOC',
    title: '/sns/auth returns errcode 0 and errmsg ok, without a rid',
    check: async (client) => {
      expect((await client.auth(await client.login())).text).toBe('{"errcode":0,"errmsg":"ok"}');
    },
  },
  {
    source: 'DOC',
    title: 'the errmsg of -1 is system error',
    check: async (client) => {
      client.wechat.switches.trouble = 'busy';
      expect(refusal(await client.redeem('nothing'))).toBe('-1 system error');
    },
  },
  {
    source: 'OBS',
    title: 'a posted form works like a query',
    check: async (client) => {
      const code = client.wechat.issueCode({ app: client.wechat.apps.official.appId });
      const response = await client.post('/sns/oauth2/access_token', client.codeParameters(code));
      expect(response.json).toHaveProperty('access_token');
    },
  },
  {
    source: 'OBS',
    title: 'a posted JSON body is ignored: 41002',
    check: async (client) => {
      const body = JSON.stringify(client.codeParameters('code'));
      const headers = { 'Content-Type': 'application/json' };
      const response = await fetch(`${client.wechat.url}/sns/oauth2/access_token`, {
        method: 'POST',
        headers,
        body,
      });
      expect(await response.json()).toMatchObject({ errcode: 41002 });
    },
  },
  {
    source: 'DOC',
    title: '43003 require https for plain http, if the switch requireHttps is on',
    check: async (client) => {
      client.wechat.switches.requireHttps = true;
      expect(refusal(await client.redeem('nothing'))).toBe('43003 require https');
    },
  },
  {
    source: 'DOC',
    title: '40066 invalid url for an unknown path',
    check: async (client) => {
      expect(refusal(await client.get('/sns/nothing'))).toBe('40066 invalid url');
    },
  },
  {
    source: 'OBS',
    title: 'unknown parameters are ignored',
    check: async (client) => {
      const code = client.wechat.issueCode({ app: client.wechat.apps.official.appId });
      expect((await client.redeem(code, { client_id: 'x', redirect_uri: 'y' })).json).toHaveProperty(
        'openid',
      );
    },
  },
  {
    source: 'OBS',
    title: 'a code has 32 letters and digits and starts with 0, a digit, and 1 or 3',
    check: (client) => {
      expect(client.wechat.issueCode({ app: client.wechat.apps.official.appId })).toMatch(
        /^0\d[13][0-9A-Za-z]{29}$/,
      );
      return Promise.resolve();
    },
  },
  {
    source: 'OBS',
    title: 'a code is case-sensitive',
    check: async (client) => {
      const code = client.wechat.issueCode({ app: client.wechat.apps.official.appId });
      expect(refusal(await client.redeem(code.toLowerCase()))).toBe('40029 invalid code');
    },
  },
  {
    source: 'OBS',
    title: 'an openid has 28 characters and a unionid 28 or 29; both start with o',
    check: async (client) => {
      const { openid, unionid } = (await client.login()).json;
      expect(openid).toMatch(/^o[A-Za-z0-9_-]{27}$/);
      expect(unionid).toMatch(/^o[A-Za-z0-9_-]{27,28}$/);
    },
  },
  {
    source: 'OBS',
    title: 'access and refresh tokens have 107 to 110 characters: two digits, _ and base64url',
    check: async (client) => {
      const { access_token: access, refresh_token: refresh } = (await client.login()).json;
      for (const token of [access, refresh]) expect(token).toMatch(/^\d\d_[A-Za-z0-9_-]{104,107}$/);
    },
  },
  {
    source: 'OBS',
    title: 'an AppID is wx and 16 hex digits',
    check: (client) => {
      for (const app of Object.values<EmulatorApp>({ ...client.wechat.apps }))
        expect(app.appId).toMatch(/^wx[0-9a-f]{16}$/);
      return Promise.resolve();
    },
  },
];
