import crypto from 'node:crypto';
import { OAuth, WechatAuthError } from '../../lib';
import { OAuthFixture, failure } from './oauth-fixture';

const KEY = Buffer.from('0123456789abcdef').toString('base64');
const IV = Buffer.from('fedcba9876543210').toString('base64');
const APPID = 'wx4f4bc4dec97d474b';

/** Encrypts as WeChat does: AES-128-CBC, PKCS#7. */
function encrypt(plain: string): { sessionKey: string; encryptedData: string; iv: string } {
  const cipher = crypto.createCipheriv('aes-128-cbc', Buffer.from(KEY, 'base64'), Buffer.from(IV, 'base64'));
  const encryptedData = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]).toString('base64');
  return { sessionKey: KEY, encryptedData, iv: IV };
}

describe('decryptMiniProgramUser', () => {
  const oauth = new OAuth(APPID, 'secret', null, null, true);

  it("decrypts the example of WeChat's documentation", () => {
    // From the official demo of 开放数据校验与解密.
    const user = oauth.decryptMiniProgramUser({
      sessionKey: 'tiihtNczf5v6AKRyjwEUhQ==',
      encryptedData:
        'CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+' +
        '3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6' +
        '/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs' +
        '8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns' +
        '/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG' +
        '20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==',
      iv: 'r7BXXKkLb8qrSNn05n0qiA==',
    });
    expect(user).toMatchObject({ nickName: 'Band', watermark: { appid: APPID } });
  });

  it('keeps Chinese, emoji and every field', () => {
    const plain = {
      openId: 'o',
      nickName: '小明🎉',
      added_later: [1],
      watermark: { appid: APPID, timestamp: 1 },
    };
    expect(oauth.decryptMiniProgramUser(encrypt(JSON.stringify(plain)))).toEqual(plain);
  });

  it.each([
    ['another app', JSON.stringify({ openId: 'o', watermark: { appid: 'wxOther', timestamp: 1 } })],
    ['no watermark', JSON.stringify({ openId: 'o' })],
    ['a watermark that is not an object', JSON.stringify({ watermark: 'wx' })],
    ['null', 'null'],
    ['a string', '"x"'],
  ])('refuses data with %s, and says so', (_what, plain) => {
    expect(() => oauth.decryptMiniProgramUser(encrypt(plain))).toThrow(
      /^Invalid Watermark, Be Sure to Check Again: .* another app than wx4f4bc4dec97d474b/,
    );
  });

  it.each<[string, object]>([
    ['another key', { ...encrypt('{}'), sessionKey: Buffer.alloc(16, 1).toString('base64') }],
    ['a short key', { ...encrypt('{}'), sessionKey: 'AAAA' }],
    ['a short iv', { ...encrypt('{}'), iv: 'AAAA' }],
    ['truncated data', { ...encrypt('{}'), encryptedData: 'AAAA' }],
    ['no data', { sessionKey: KEY, iv: IV }],
    ['nothing', {}],
    ['text that is not JSON', encrypt('openid=CANARY')],
    ['arrays', { sessionKey: [KEY], encryptedData: ['x'], iv: [IV] }],
  ])('refuses %s, and shows no part of it', (_what, data) => {
    let error: unknown;
    try {
      oauth.decryptMiniProgramUser(data as never);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(WechatAuthError);
    expect(error).toMatchObject({ kind: 'decryption', status: 400, code: 'ERR_WECHAT_DECRYPTION' });
    expect((error as Error).message).toMatch(/^Illegal Buffer, Is Your Data Correct\? Use the session key/);
    expect(`${(error as Error).stack ?? ''}${JSON.stringify(error)}`).not.toContain('CANARY');
    expect((error as Error).cause).toBeUndefined();
  });
});

describe('a mini program', () => {
  let fixture: OAuthFixture;
  beforeAll(async () => {
    fixture = await OAuthFixture.start();
  });
  afterAll(() => fixture.close());
  beforeEach(() => (fixture.emulator.requests.length = 0));

  const code = (): string => fixture.emulator.issueCode({ app: fixture.emulator.apps.miniProgram.appId });
  const encrypted = (sessionKey: string): { encryptedData: string; iv: string } => {
    const { encryptedData, iv } = fixture.emulator.encryptUser({
      app: fixture.emulator.apps.miniProgram.appId,
      sessionKey,
    });
    return { encryptedData, iv };
  };

  it('gets a session key, which is never saved as a token', async () => {
    const set = jest.fn();
    const saveToken = jest.fn();
    const tokenStore = { get: jest.fn(), set, delete: jest.fn() };
    const before = Date.now();
    for (const options of [{ tokenStore }, { saveToken }]) {
      const { data } = await fixture.createOAuth({ kind: 'miniProgram', ...options }).getSessionKey(code());
      expect(data).toEqual({
        session_key: expect.stringMatching(/^[\w+/]{22}==$/) as string,
        openid: fixture.emulator.openid('ming', fixture.emulator.apps.miniProgram.appId),
        unionid: expect.any(String) as string,
        create_at: expect.any(Number) as number,
      });
      expect(data.create_at).toBeGreaterThanOrEqual(before);
    }
    expect(set).not.toHaveBeenCalled();
    expect(saveToken).not.toHaveBeenCalled();
  });

  it('sends the code as js_code', async () => {
    await failure(fixture.createOAuth({ kind: 'miniProgram' }).getSessionKey('nonsense'));
    expect(Object.keys(fixture.emulator.requests[0]?.query ?? {})).toEqual([
      'appid',
      'secret',
      'js_code',
      'grant_type',
    ]);
  });

  it.each([undefined, null])(
    'logs in with the code alone, and gets the ids (encryptedData: %p)',
    async (encryptedData) => {
      const oauth = fixture.createOAuth({ kind: 'miniProgram' });
      const user = await oauth.getUserByCode({ code: code(), encryptedData: encryptedData as undefined });
      expect(user).toEqual({
        openid: fixture.emulator.openid('ming', fixture.emulator.apps.miniProgram.appId),
        unionid: expect.any(String) as string,
      });
      expect(await oauth.getUserByCode(code())).toEqual(user);
    },
  );

  it('leaves out the unionid if there is none', async () => {
    fixture.emulator.switches.unionid = false;
    const user = await fixture.createOAuth({ kind: 'miniProgram' }).getUserByCode(code());
    fixture.emulator.switches.unionid = true;
    expect(Object.keys(user)).toEqual(['openid']);
  });

  it('logs in with the data of wx.getUserInfo', async () => {
    fixture.emulator.fail('jscode2session', { patch: { session_key: KEY } });
    const user = await fixture
      .createOAuth({ kind: 'miniProgram' })
      .getUserByCode({ code: code(), ...encrypted(KEY) });
    const { appId } = fixture.emulator.apps.miniProgram;
    const openid = fixture.emulator.openid('ming', appId);
    expect(user).toMatchObject({ openid, openId: openid, nickName: '小明', watermark: { appid: appId } });
    expect(user.unionid).toBe(user['unionId']);
    expect(user.unionid).toMatch(/^o/);
  });

  const DEEP = '['.repeat(100_000) + ']'.repeat(100_000);
  it.each([
    ['100,000 levels', `"extra":${DEEP}`],
    ['a nickname of 60,000 characters', `"nickName":"${'x'.repeat(60_000)}"`],
    ['a list of 1,025 values', `"extra":[${'1,'.repeat(1_024)}1]`],
    ['33 fields', Array.from({ length: 33 }, (_, at) => `"f${at}":1`).join()],
  ])('refuses decrypted data with %s: the user can encrypt anything', async (_what, fields) => {
    fixture.emulator.fail('jscode2session', { patch: { session_key: KEY } });
    const { appId } = fixture.emulator.apps.miniProgram;
    const openId = fixture.emulator.openid('ming', appId);
    const { encryptedData, iv } = encrypt(
      `{"openId":"${openId}","watermark":{"appid":"${appId}"},${fields}}`,
    );
    const oauth = fixture.createOAuth({ kind: 'miniProgram' });
    const error = await failure(oauth.getUserByCode({ code: code(), encryptedData, iv }));
    expect(error).toMatchObject({ kind: 'decryption', status: 400 });
    expect(error.message.length).toBeLessThan(200);
  });

  it('gets the unionid that only the decrypted data has', async () => {
    fixture.emulator.fail('jscode2session', { patch: { session_key: KEY, unionid: undefined } });
    const user = await fixture
      .createOAuth({ kind: 'miniProgram' })
      .getUserByCode({ code: code(), ...encrypted(KEY) });
    expect([typeof user.unionid, user.unionid]).toEqual(['string', user['unionId']]);
  });

  it('gets an error if the decrypted openId is not that of the session, since a changed iv can alter it', async () => {
    fixture.emulator.fail('jscode2session', { patch: { session_key: KEY } }, { times: 3 });
    const oauth = fixture.createOAuth({ kind: 'miniProgram' });
    const { encryptedData, iv } = encrypted(KEY);
    const { openid } = await oauth.getUserByCode(code());
    // CBC: a bit that is flipped in the iv is flipped in the first block, `{"openId":"o1234`.
    const forged = Buffer.from(iv, 'base64');
    forged[15] = (forged[15] ?? 0) ^ 1;
    const error = await failure(
      oauth.getUserByCode({ code: code(), encryptedData, iv: forged.toString('base64') }),
    );
    expect(error).toMatchObject({ kind: 'decryption', status: 400 });
    expect(error.message).not.toContain(openid.slice(5));
    await expect(oauth.getUserByCode({ code: code(), encryptedData, iv })).resolves.toMatchObject({
      openId: openid,
    });
  });

  it('gets an error if the decrypted data names no openId', async () => {
    fixture.emulator.fail('jscode2session', { patch: { session_key: KEY } });
    const oauth = fixture.createOAuth({ kind: 'miniProgram' });
    const plain = JSON.stringify({ nickName: 'n', watermark: { appid: oauth.appid, timestamp: 1 } });
    const { encryptedData, iv } = encrypt(plain);
    expect(await failure(oauth.getUserByCode({ code: code(), encryptedData, iv }))).toMatchObject({
      kind: 'decryption',
    });
  });

  // A user who knows her session key, which apps leak, can encrypt any data of her own.
  describe('a user who forges the decrypted data', () => {
    async function logIn(fields: string, unionid?: string): Promise<object> {
      const oauth = fixture.createOAuth({ kind: 'miniProgram' });
      fixture.emulator.fail('jscode2session', { patch: { session_key: KEY, unionid } });
      const openid = fixture.emulator.openid('ming', oauth.appid);
      const { encryptedData, iv } = encrypt(
        `{"openId":"${openid}",${fields},"watermark":{"appid":"${oauth.appid}","timestamp":1}}`,
      );
      return oauth.getUserByCode({ code: code(), encryptedData, iv });
    }

    it.each([
      ['an object', '"unionId":{"a":1}'],
      ['a list', '"unionId":["oVictim"]'],
      ['a number', '"unionId":7'],
      ['a part of another key', '"unionId":"oVictim:lock"'],
    ])('cannot have %s as the unionid', async (_what, fields) => {
      expect(await failure(logIn(fields))).toMatchObject({ kind: 'decryption', status: 400 });
    });

    it('cannot have another unionid than that of the session, in either spelling', async () => {
      expect(await failure(logIn('"unionId":"oVictim"', 'oMine'))).toMatchObject({ kind: 'decryption' });
      expect(await logIn('"unionid":"oVictim","openid":"oVictim"', 'oMine')).toMatchObject({
        unionid: 'oMine',
      });
    });

    it.each(['', ',"unionId":""', ',"unionId":null'])(
      'has no unionid if neither has one (%s)',
      async (none) => {
        const user = await logIn(`"unionid":"oVictim","openid":"oVictim"${none}`);
        expect(user).not.toHaveProperty('unionid');
        expect(JSON.stringify(user)).not.toContain('oVictim');
      },
    );

    it('cannot change a prototype', async () => {
      const unsafe = '"__proto__":{"a":1},"constructor":{"prototype":{"a":1}},"toString":1,"prototype":1';
      const user = await logIn(`${unsafe},"inner":{"__proto__":{"a":1}}`);
      expect(Object.keys(user)).toEqual(['openId', 'inner', 'watermark', 'openid']);
      expect(JSON.stringify(user)).toContain('"inner":{}');
    });
  });

  it('gets an error if the data was encrypted with an older key', async () => {
    const error = await failure(
      fixture.createOAuth({ kind: 'miniProgram' }).getUserByCode({ code: code(), ...encrypted(KEY) }),
    );
    expect(error).toMatchObject({ kind: 'decryption' });
  });

  it('gets an error if the iv is missing', async () => {
    const { encryptedData } = encrypted(KEY);
    expect(
      await failure(
        fixture.createOAuth({ kind: 'miniProgram' }).getUserByCode({ code: code(), encryptedData }),
      ),
    ).toMatchObject({
      kind: 'decryption',
    });
  });

  it.each([
    [40029, 'code_invalid'],
    [40163, 'code_used'],
    [40226, 'user_limited'],
    [45009, 'rate_limit'],
    [45011, 'rate_limit'],
    [-1, 'busy'],
  ])('gets the kind of errcode %d: %s', async (errcode, kind) => {
    fixture.emulator.fail('jscode2session', { errcode });
    expect(await failure(fixture.createOAuth({ kind: 'miniProgram' }).getSessionKey(code()))).toMatchObject({
      code: errcode,
      kind,
    });
    expect(fixture.countRequests('jscode2session')).toBe(1);
  });

  it('calls the methods that the app replaced on the instance', async () => {
    const oauth = fixture.createOAuth({ kind: 'miniProgram' });
    oauth.getSessionKey = ((_code: string, done: (error: null, session: unknown) => void) =>
      done(null, { data: { openid: 'oMine', session_key: KEY, create_at: 0 } })) as never;
    oauth.decryptMiniProgramUser = (options) => ({
      ...options,
      openId: 'oMine',
      watermark: { appid: 'x', timestamp: 0 },
    });
    expect(await oauth.getUserByCode('c')).toEqual({ openid: 'oMine' });
    expect(await oauth.getUserByCode({ code: 'c', encryptedData: 'e', iv: 'i' })).toMatchObject({
      sessionKey: KEY,
      encryptedData: 'e',
      iv: 'i',
    });
  });
});
