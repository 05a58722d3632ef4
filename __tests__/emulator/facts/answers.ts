// What every answer of /sns/* has in common.
import type { EmulatorApp } from '../../../lib/emulator';
import type { Fact } from './fact';
import { refusal } from '../support/lab';

const keysOf = (text: string): string[] => [...text.matchAll(/"(\w+)":/g)].map((match) => match[1] ?? '');

export const answerFacts: readonly Fact[] = [
  {
    mark: 'OBS',
    says: 'success and refusal are both HTTP 200',
    check: async (lab) => {
      expect((await lab.login()).status).toBe(200);
      expect((await lab.redeem('nothing')).status).toBe(200);
    },
  },
  {
    mark: 'OBS',
    says: 'the content type is text/plain without a charset, the body UTF-8',
    check: async (lab) => {
      const profile = await lab.userinfo(await lab.login({ user: 'emoji' }));
      expect(profile.headers.get('content-type')).toBe('text/plain');
      expect(profile.json['nickname']).toBe('👩‍👩‍👧‍👦 Emoji 🎉');
    },
  },
  {
    mark: 'OBS',
    says: 'a refused code is exactly 74 bytes of compact JSON',
    check: async (lab) => {
      const reply = await lab.redeem('nothing');
      expect(reply.text).toMatch(
        /^\{"errcode":40029,"errmsg":"invalid code, rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}"\}$/,
      );
      expect(reply.headers.get('content-length')).toBe('74');
    },
  },
  {
    mark: 'OBS',
    says: '/ is escaped inside strings',
    check: async (lab) => {
      expect((await lab.userinfo(await lab.login())).text).toContain('"headimgurl":"http:\\/\\/');
    },
  },
  {
    mark: 'OBS',
    says: 'a refusal holds errcode, a number, then errmsg, and nothing else',
    check: async (lab) => {
      const reply = await lab.redeem('nothing');
      expect(keysOf(reply.text)).toEqual(['errcode', 'errmsg']);
      expect(reply.json['errcode']).toBe(40029);
    },
  },
  {
    mark: 'OBS',
    says: 'the first group of a rid is the Unix time in hex',
    check: async (lab) => {
      const { errmsg } = (await lab.redeem('nothing')).json;
      const seconds = parseInt(/rid: ([0-9a-f]{8})/.exec(String(errmsg))?.[1] ?? '', 16);
      expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(60);
    },
  },
  {
    mark: 'OBS',
    says: 'before 2021 the suffix was hints with a req_id, and earlier there was none',
    check: async (lab) => {
      lab.wechat.switches.suffix = 'hints';
      expect((await lab.redeem('nothing')).json['errmsg']).toMatch(
        /^invalid code, hints: \[ req_id: [0-9A-Za-z]{10} \]$/,
      );
      lab.wechat.switches.suffix = 'none';
      expect((await lab.redeem('nothing')).json['errmsg']).toBe('invalid code');
    },
  },
  {
    mark: 'OBS',
    says: 'a success has no errcode',
    check: async (lab) => {
      const token = await lab.login();
      for (const reply of [
        token,
        await lab.refresh(token.json['refresh_token']),
        await lab.userinfo(token),
      ]) {
        expect(reply.json).not.toHaveProperty('errcode');
      }
    },
  },
  {
    mark: 'DOC',
    says: '/sns/auth answers errcode 0 and errmsg ok, without a rid',
    check: async (lab) => {
      expect((await lab.auth(await lab.login())).text).toBe('{"errcode":0,"errmsg":"ok"}');
    },
  },
  {
    mark: 'DOC',
    says: '-1 is "system error"',
    check: async (lab) => {
      lab.wechat.switches.trouble = 'busy';
      expect(refusal(await lab.redeem('nothing'))).toBe('-1 system error');
    },
  },
  {
    mark: 'OBS',
    says: 'a posted form is read like a query',
    check: async (lab) => {
      const code = lab.wechat.issueCode({ app: lab.wechat.apps.official.appId });
      const reply = await lab.post('/sns/oauth2/access_token', lab.codeParameters(code));
      expect(reply.json).toHaveProperty('access_token');
    },
  },
  {
    mark: 'OBS',
    says: 'a posted JSON body is not read: 41002',
    check: async (lab) => {
      const body = JSON.stringify(lab.codeParameters('code'));
      const headers = { 'Content-Type': 'application/json' };
      const response = await fetch(`${lab.wechat.url}/sns/oauth2/access_token`, {
        method: 'POST',
        headers,
        body,
      });
      expect(await response.json()).toMatchObject({ errcode: 41002 });
    },
  },
  {
    mark: 'DOC',
    says: 'where https is required, http answers 43003 require https',
    check: async (lab) => {
      lab.wechat.switches.requireHttps = true;
      expect(refusal(await lab.redeem('nothing'))).toBe('43003 require https');
    },
  },
  {
    mark: 'DOC',
    says: 'a wrong path answers 40066 invalid url',
    check: async (lab) => {
      expect(refusal(await lab.get('/sns/nothing'))).toBe('40066 invalid url');
    },
  },
  {
    mark: 'OBS',
    says: 'unknown extra parameters are ignored',
    check: async (lab) => {
      const code = lab.wechat.issueCode({ app: lab.wechat.apps.official.appId });
      expect((await lab.redeem(code, { client_id: 'x', redirect_uri: 'y' })).json).toHaveProperty('openid');
    },
  },
  {
    mark: 'OBS',
    says: 'a code has 32 letters and digits and starts with 0, a digit, 1 or 3',
    check: (lab) => {
      expect(lab.wechat.issueCode({ app: lab.wechat.apps.official.appId })).toMatch(
        /^0\d[13][0-9A-Za-z]{29}$/,
      );
      return Promise.resolve();
    },
  },
  {
    mark: 'OBS',
    says: 'a code is case-sensitive',
    check: async (lab) => {
      const code = lab.wechat.issueCode({ app: lab.wechat.apps.official.appId });
      expect(refusal(await lab.redeem(code.toLowerCase()))).toBe('40029 invalid code');
    },
  },
  {
    mark: 'OBS',
    says: 'openid has 28 characters from o on, unionid 28 or 29',
    check: async (lab) => {
      const { openid, unionid } = (await lab.login()).json;
      expect(openid).toMatch(/^o[A-Za-z0-9_-]{27}$/);
      expect(unionid).toMatch(/^o[A-Za-z0-9_-]{27,28}$/);
    },
  },
  {
    mark: 'OBS',
    says: 'access and refresh tokens have 107 to 110 characters, NN_ and base64url',
    check: async (lab) => {
      const { access_token: access, refresh_token: refresh } = (await lab.login()).json;
      for (const token of [access, refresh]) expect(token).toMatch(/^\d\d_[A-Za-z0-9_-]{104,107}$/);
    },
  },
  {
    mark: 'OBS',
    says: 'an appid is wx and 16 hex digits',
    check: (lab) => {
      for (const app of Object.values<EmulatorApp>({ ...lab.wechat.apps }))
        expect(app.appId).toMatch(/^wx[0-9a-f]{16}$/);
      return Promise.resolve();
    },
  },
];
