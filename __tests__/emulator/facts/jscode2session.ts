// /sns/jscode2session
import { createDecipheriv, createHash } from 'node:crypto';
import { refusal, type EmulatorClient, type Parameters } from '../support/emulator-client';
import type { Fact } from './fact';

function returns(expected: string, changes: Parameters): Fact['check'] {
  return async (client) => {
    expect(refusal(await client.jscode2session(client.miniProgramCode(), changes))).toBe(expected);
  };
}

async function sessionKey(client: EmulatorClient): Promise<string> {
  return String((await client.jscode2session(client.miniProgramCode())).json['session_key']);
}

export const JSCODE2SESSION_FACTS: readonly Fact[] = [
  {
    source: 'OBS',
    title:
      'the response has session_key (16 bytes, base64), openid, and unionid if the app is bound to an Open Platform account',
    check: async (client) => {
      const { json } = await client.jscode2session(client.miniProgramCode());
      expect(Object.keys(json)).toEqual(['session_key', 'openid', 'unionid']);
      expect(json['session_key']).toMatch(/^[\w+/]{22}==$/);
    },
  },
  {
    source: 'DOC',
    title: 'an example of the documentation has errcode 0 in a successful response',
    options: { switches: { errcodeZero: true } },
    check: async (client) =>
      expect((await client.jscode2session(client.miniProgramCode())).json).toMatchObject({
        errcode: 0,
        errmsg: 'ok',
      }),
  },
  {
    source: 'OBS',
    title: '41002 appid missing',
    check: returns('41002 appid missing', { appid: undefined }),
  },
  { source: 'OBS', title: '40013 invalid appid', check: returns('40013 invalid appid', { appid: 'wx0' }) },
  {
    source: 'OBS',
    title: '41004 appsecret missing',
    check: returns('41004 appsecret missing', { secret: undefined }),
  },
  {
    source: 'OBS',
    title: '41008 missing code',
    check: returns('41008 missing code', { js_code: undefined }),
  },
  {
    source: 'OBS',
    title: '40125 invalid appsecret',
    check: returns('40125 invalid appsecret', { secret: 'x' }),
  },
  { source: 'DOC', title: '40029 invalid code', check: returns('40029 invalid code', { js_code: 'x' }) },
  {
    source: 'OBS',
    title: '40163 for a code that was used',
    check: async (client) => {
      const code = client.miniProgramCode();
      await client.jscode2session(code);
      expect(refusal(await client.jscode2session(code))).toBe('40163 code been used');
    },
  },
  {
    source: 'DOC',
    title: 'a js_code lives five minutes',
    check: async (client) => {
      const code = client.miniProgramCode();
      client.wechat.clock.advance(5 * 60_000);
      expect(refusal(await client.jscode2session(code))).toBe('40029 invalid code');
    },
  },
  {
    source: 'DOC',
    title: '40226 code blocked for a risky user',
    options: { users: [{ id: 'crook', nickname: 'C', risky: true }] },
    check: returns('40226 code blocked', {}),
  },
  {
    source: 'DOC',
    title: '45011 for the calls of one user beyond 100 a minute',
    check: async (client) => {
      for (let call = 0; call < 99; call += 1) await client.jscode2session(client.miniProgramCode());
      expect((await client.jscode2session(client.miniProgramCode())).json).toHaveProperty('openid');
      const text = '45011 api minute-quota reach limit, must slower, retry next minute';
      expect(refusal(await client.jscode2session(client.miniProgramCode()))).toBe(text);
      expect((await client.jscode2session(client.miniProgramCode('emoji'))).json).toHaveProperty('openid');
      client.wechat.clock.advance(60_000);
      expect((await client.jscode2session(client.miniProgramCode())).json).toHaveProperty('openid');
    },
  },
  {
    source: 'OBS',
    title: '45009 and -1, if fail() plans them',
    check: async (client) => {
      client.wechat.fail('jscode2session', { errcode: 45009 });
      client.wechat.fail('jscode2session', { errcode: -1 });
      expect(refusal(await client.jscode2session('x'))).toBe('45009 reach max api daily quota limit');
      expect(refusal(await client.jscode2session('x'))).toBe('-1 system error');
    },
  },
  {
    source: 'DOC',
    title: 'encryptedData is AES-128-CBC with a watermark of the appid',
    check: async (client) => {
      const app = client.wechat.apps.miniProgram.appId;
      const key = await sessionKey(client);
      const { encryptedData, iv } = client.wechat.encryptUser({ app, sessionKey: key });
      const decipher = createDecipheriv('aes-128-cbc', Buffer.from(key, 'base64'), Buffer.from(iv, 'base64'));
      const text = decipher.update(encryptedData, 'base64', 'utf8') + decipher.final('utf8');
      expect(JSON.parse(text)).toMatchObject({
        openId: client.wechat.openid('ming', app),
        nickName: '小明',
        watermark: { appid: app },
      });
    },
  },
  {
    source: 'DOC',
    title: 'signature is the SHA-1 of rawData followed by session_key, in hex',
    check: async (client) => {
      const key = await sessionKey(client);
      const { rawData, signature } = client.wechat.encryptUser({
        app: client.wechat.apps.miniProgram.appId,
        sessionKey: key,
      });
      expect(signature).toBe(
        createHash('sha1')
          .update(rawData + key)
          .digest('hex'),
      );
    },
  },
];
