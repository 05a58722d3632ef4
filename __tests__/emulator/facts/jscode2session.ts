// /sns/jscode2session
import { createDecipheriv, createHash } from 'node:crypto';
import { refusal, type Lab, type Parameters } from '../support/lab';
import type { Fact } from './fact';

const answers =
  (expected: string, changes: Parameters): Fact['check'] =>
  async (lab) => {
    expect(refusal(await lab.jscode2session(lab.miniProgramCode(), changes))).toBe(expected);
  };

const sessionKey = async (lab: Lab): Promise<string> =>
  String((await lab.jscode2session(lab.miniProgramCode())).json['session_key']);

export const jscode2sessionFacts: readonly Fact[] = [
  {
    mark: 'OBS',
    says: 'session_key, openid and, where bound, unionid; the key is 16 bytes of base64',
    check: async (lab) => {
      const { json } = await lab.jscode2session(lab.miniProgramCode());
      expect(Object.keys(json)).toEqual(['session_key', 'openid', 'unionid']);
      expect(json['session_key']).toMatch(/^[\w+/]{22}==$/);
    },
  },
  {
    mark: 'DOC',
    says: 'the documentation’s example shows errcode 0 in a success',
    options: { switches: { errcodeZero: true } },
    check: async (lab) =>
      expect((await lab.jscode2session(lab.miniProgramCode())).json).toMatchObject({
        errcode: 0,
        errmsg: 'ok',
      }),
  },
  { mark: 'OBS', says: '41002 appid missing', check: answers('41002 appid missing', { appid: undefined }) },
  { mark: 'OBS', says: '40013 invalid appid', check: answers('40013 invalid appid', { appid: 'wx0' }) },
  {
    mark: 'OBS',
    says: '41004 appsecret missing',
    check: answers('41004 appsecret missing', { secret: undefined }),
  },
  { mark: 'OBS', says: '41008 missing code', check: answers('41008 missing code', { js_code: undefined }) },
  {
    mark: 'OBS',
    says: '40125 invalid appsecret',
    check: answers('40125 invalid appsecret', { secret: 'x' }),
  },
  { mark: 'DOC', says: '40029 invalid code', check: answers('40029 invalid code', { js_code: 'x' }) },
  {
    mark: 'OBS',
    says: '40163 for a code that was used',
    check: async (lab) => {
      const code = lab.miniProgramCode();
      await lab.jscode2session(code);
      expect(refusal(await lab.jscode2session(code))).toBe('40163 code been used');
    },
  },
  {
    mark: 'DOC',
    says: 'a js_code lives five minutes',
    check: async (lab) => {
      const code = lab.miniProgramCode();
      lab.wechat.clock.advance(5 * 60_000);
      expect(refusal(await lab.jscode2session(code))).toBe('40029 invalid code');
    },
  },
  {
    mark: 'DOC',
    says: '40226 code blocked for a risky user',
    options: { users: [{ id: 'crook', nickname: 'C', risky: true }] },
    check: answers('40226 code blocked', {}),
  },
  {
    mark: 'DOC',
    says: '45011 for more than 100 calls a minute of one user',
    check: async (lab) => {
      for (let call = 0; call < 99; call += 1) await lab.jscode2session(lab.miniProgramCode());
      expect((await lab.jscode2session(lab.miniProgramCode())).json).toHaveProperty('openid');
      const text = '45011 api minute-quota reach limit, must slower, retry next minute';
      expect(refusal(await lab.jscode2session(lab.miniProgramCode()))).toBe(text);
      expect((await lab.jscode2session(lab.miniProgramCode('emoji'))).json).toHaveProperty('openid');
      lab.wechat.clock.advance(60_000);
      expect((await lab.jscode2session(lab.miniProgramCode())).json).toHaveProperty('openid');
    },
  },
  {
    mark: 'OBS',
    says: '45009 and -1 on demand',
    check: async (lab) => {
      lab.wechat.fail('jscode2session', { errcode: 45009 });
      lab.wechat.fail('jscode2session', { errcode: -1 });
      expect(refusal(await lab.jscode2session('x'))).toBe('45009 reach max api daily quota limit');
      expect(refusal(await lab.jscode2session('x'))).toBe('-1 system error');
    },
  },
  {
    mark: 'DOC',
    says: 'encryptedData is AES-128-CBC with a watermark of the appid',
    check: async (lab) => {
      const app = lab.wechat.apps.miniProgram.appId;
      const key = await sessionKey(lab);
      const { encryptedData, iv } = lab.wechat.encryptUser({ app, sessionKey: key });
      const decipher = createDecipheriv('aes-128-cbc', Buffer.from(key, 'base64'), Buffer.from(iv, 'base64'));
      const text = decipher.update(encryptedData, 'base64', 'utf8') + decipher.final('utf8');
      expect(JSON.parse(text)).toMatchObject({
        openId: lab.wechat.openid('ming', app),
        nickName: '小明',
        watermark: { appid: app },
      });
    },
  },
  {
    mark: 'DOC',
    says: 'signature is sha1 of rawData and session_key in hex',
    check: async (lab) => {
      const key = await sessionKey(lab);
      const { rawData, signature } = lab.wechat.encryptUser({
        app: lab.wechat.apps.miniProgram.appId,
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
