// Responses of WeChat, or of a server in its place.
import fc from 'fast-check';
import type { OAuth, TokenData } from '../../../lib/index';
import { readJSON } from '../../../lib/oauth/transport/read-json';
import { OAuthFixture, failure } from '../oauth-fixture';
import { anyString } from '../../support/random/any-string';

const utf8 = (text: string): Buffer => Buffer.from(text);
const BOM = '\ufeff';

describe('reading a response', () => {
  const strings = fc.oneof(
    anyString(),
    fc.constantFrom(
      '小明',
      '👩‍👩‍👧‍👦',
      'https://thirdwx.qlogo.cn/mmopen/vi_32/Q0/132',
      '"\\/\b\f\n\r\t',
      '\u2028',
      '{"a":[1]}',
    ),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      strings,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(strings, tie('value'), { maxKeys: 4 }),
    ),
  }));

  /** JSON as WeChat writes it: `/` is escaped, other characters are not. */
  const writtenByWechat = (json: unknown): string => JSON.stringify(json).replaceAll('/', '\\/');

  function isJSON(text: string): boolean {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  }

  it('never changes valid JSON', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2, '\t'), fc.boolean(), (json, space, mark) => {
        const text = JSON.stringify(json, null, space).replaceAll('/', '\\/');
        expect(readJSON(utf8((mark ? BOM : '') + text))).toEqual(JSON.parse(text));
      }),
      { numRuns: 400 },
    );
  });

  it('ignores control characters in the strings of any JSON', () => {
    const stray = fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom(...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)), '\u007f'),
      ),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(value, stray, (json, places) => {
        const clean = writtenByWechat([json, 'at least one']);
        // Every position inside a string, including those inside an escape and before the closing quote.
        const units = Array.from(clean);
        const inside: number[] = [];
        let open = false;
        let escaped = false;
        units.forEach((unit, at) => {
          if (open) inside.push(at);
          if (escaped) escaped = false;
          else if (unit === '\\') escaped = true;
          else if (unit === '"') open = !open;
        });
        for (const [seed, char] of places) {
          const at = inside[seed % inside.length] ?? 0;
          units[at] = char + (units[at] ?? '');
        }
        const text = units.join('');
        // DEL is allowed in JSON, except inside an escape.
        const without = isJSON(text) ? text : clean.replaceAll('\u007f', '');
        expect(isJSON(text) && places.some(([, char]) => char !== '\u007f')).toBe(false);
        expect(readJSON(utf8(text))).toEqual(JSON.parse(without));
      }),
      { numRuns: 600 },
    );
  });

  it.each<[string, string, unknown]>([
    ['raw control characters', '{"n":"脏\u0014昵\b称\n"}', { n: '脏昵称' }],
    ['escaped control characters, which stay', '{"n":"a\\u0014\\b\\n"}', { n: 'a\u0014\b\n' }],
    ['both', '{"n":"a\\n\u0000\\\\\u0007\\""}', { n: 'a\n\\"' }],
    ['one between a backslash and the character that it escapes', '{"n":"\\\u0014n"}', { n: '\n' }],
    ['DEL between a backslash and the character that it escapes', '{"n":"\\\u007fn"}', { n: '\n' }],
    ['one inside \\u', '{"n":"\\u4e\u000000"}', { n: '一' }],
    ['one in the name of a field', '{"na\u0001me":1}', { name: 1 }],
    ['white space between the tokens', '{\r\n\t"n" :\n"a\u0014"}', { n: 'a' }],
    ['DEL, which JSON allows', '{"n":"a\u007fb"}', { n: 'a\u007fb' }],
    ['\\/', '{"n":"https:\\/\\/h\\/132"}', { n: 'https://h/132' }],
    ['emoji, raw and escaped', '{"n":"🎉\\ud83c\\udf89"}', { n: '🎉🎉' }],
    ['private use characters of old clients', '{"n":"\ue415"}', { n: '\ue415' }],
    ['a byte order mark', '\ufeff{"n":"a\u0001"}', { n: 'a' }],
    [
      'a name that would reach a prototype',
      '{"__proto__":{"polluted":1}}',
      JSON.parse('{"__proto__":{"polluted":1}}'),
    ],
  ])('reads %s', (_what, text, json) => {
    expect(readJSON(utf8(text))).toEqual(json);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('reads invalid UTF-8 as replacement characters', () => {
    const body = Buffer.concat([
      utf8('{"n":"a'),
      Buffer.of(0xe5, 0xb0),
      utf8('b","m":"'),
      Buffer.of(0xff),
      utf8('"}'),
    ]);
    expect(readJSON(body)).toEqual({ n: 'a\ufffdb', m: '\ufffd' });
  });

  it.each([
    '',
    ' ',
    '{',
    '{"a":"b',
    '<html>',
    "{'a':1}",
    '\u0014{}',
    '{"a":\u00141}',
    '{"a":1}{"b":2}',
    'undefined',
  ])('refuses %j', (text) => {
    expect(() => readJSON(utf8(text))).toThrow('JSON');
  });

  it('reads a megabyte of control characters in linear time', () => {
    const started = performance.now();
    readJSON(utf8(`{"n":"${'a\u0001'.repeat(500_000)}"}`));
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

let fixture: OAuthFixture;
let oauth: OAuth;
let record: TokenData;
beforeAll(async () => {
  fixture = await OAuthFixture.start();
});
afterAll(() => fixture.close());
beforeEach(async () => {
  oauth = fixture.createOAuth();
  record = (await oauth.getAccessToken(fixture.issueCode())).data;
  fixture.emulator.requests.length = 0;
});

const CALLS: Readonly<Record<string, () => Promise<unknown>>> = {
  access_token: () => oauth.getAccessToken(fixture.issueCode()),
  refresh_token: () => oauth.refreshAccessToken(record.refresh_token),
  userinfo: () => oauth.getUser(record.openid),
  auth: () => oauth.verifyToken(record.openid, record.access_token),
  jscode2session: () =>
    fixture
      .createOAuth({ kind: 'miniProgram' })
      .getSessionKey(fixture.emulator.issueCode({ app: fixture.emulator.apps.miniProgram.appId })),
};
const ENDPOINTS = Object.keys(CALLS);
const call = (endpoint: string): Promise<unknown> =>
  CALLS[endpoint]?.() ?? Promise.reject(new Error(endpoint));

describe.each(ENDPOINTS)('a response to %s', (endpoint) => {
  it.each<[string, Parameters<OAuthFixture['emulator']['fail']>[1]]>([
    ['an HTML page', { html: true }],
    [
      'an HTML page with the content type of JSON',
      { body: '<html></html>', contentType: 'application/json' },
    ],
    ['nothing', 'empty'],
    ['truncated', 'truncated'],
    ['null', { body: 'null' }],
    ['a number', { body: '0' }],
    ['a string', { body: '"ok"' }],
    ['an array', { body: '[]' }],
    [
      'an array with a valid response in it',
      { body: '[{"openid":"o","access_token":"a","expires_in":7200}]' },
    ],
    ['an empty object', { body: '{}' }],
    ['a redirect', { redirect: 'http://127.0.0.1:1/' }],
    ['a gateway page', { status: 502, body: '<h1>Bad Gateway</h1>' }],
    ['an empty 204', { status: 204 }],
  ])('that is %s is a bad_answer', async (_what, fault) => {
    fixture.emulator.fail(endpoint, fault);
    const error = await failure(call(endpoint));
    expect(error).toMatchObject({ kind: 'bad_answer', code: 'ERR_WECHAT_BAD_ANSWER', status: 502 });
    expect(error.message).toContain(`/${endpoint}`);
    expect(error.message).toMatch(/Check `endpoints`, and the gateway or proxy in between\.$/);
  });

  it.each(['text/plain', 'text/html; charset=gbk', 'application/octet-stream', 'image/png', ''])(
    'is read whatever its content type says: %s',
    async (contentType) => {
      const responses: Record<string, unknown> = {
        access_token: { ...record },
        refresh_token: { ...record },
        userinfo: { openid: record.openid, nickname: '小明' },
        auth: { errcode: 0, errmsg: 'ok' },
        jscode2session: { session_key: 'a', openid: 'o' },
      };
      fixture.emulator.fail(endpoint, { body: JSON.stringify(responses[endpoint]), contentType });
      await expect(call(endpoint)).resolves.toBeDefined();
    },
  );

  it('with errcode 0 in addition to its fields is a success', async () => {
    fixture.emulator.fail(endpoint, { patch: (fields) => ({ errcode: 0, errmsg: 'ok', ...fields }) });
    await expect(call(endpoint)).resolves.toBeDefined();
  });

  it('with an errcode in a string is that error', async () => {
    fixture.emulator.fail(endpoint, { body: '{"errcode":"48001","errmsg":"api unauthorized"}' });
    expect(await failure(call(endpoint))).toMatchObject({ code: 48001, kind: 'scope' });
  });

  it('with an errcode in addition to its fields is that error', async () => {
    fixture.emulator.fail(endpoint, {
      patch: (fields) => ({ ...fields, errcode: 48001, errmsg: 'api unauthorized' }),
    });
    expect(await failure(call(endpoint))).toMatchObject({ code: 48001 });
  });

  it('with an errcode and another HTTP status is that error', async () => {
    fixture.emulator.fail(endpoint, { status: 500, body: '{"errcode":48001,"errmsg":"api unauthorized"}' });
    expect(await failure(call(endpoint))).toMatchObject({ code: 48001 });
  });

  it('with an errcode but no errmsg has a message', async () => {
    fixture.emulator.fail(endpoint, { body: '{"errcode":48001}' });
    expect((await failure(call(endpoint))).message).toMatch(
      /^WeChat gave no reason \(errcode 48001\)\. Request scope/,
    );
  });

  it('keeps fields that WeChat may add', async () => {
    fixture.emulator.fail(endpoint, { patch: (fields) => ({ ...fields, added_later: { a: ['b'] } }) });
    expect(JSON.stringify(await call(endpoint))).toContain('"added_later":{"a":["b"]}');
  });
});

describe('a field', () => {
  it.each<[string, Record<string, unknown>]>([
    ['access_token', { access_token: undefined }],
    ['access_token', { access_token: '' }],
    ['access_token', { access_token: 5 }],
    ['access_token', { expires_in: undefined }],
    ['access_token', { expires_in: 'soon' }],
    ['access_token', { expires_in: -1 }],
    ['access_token', { openid: undefined }],
    ['access_token', { openid: '' }],
    ['access_token', { openid: 5 }],
    ['access_token', { scope: ['snsapi_base'] }],
    ['access_token', { refresh_token: 5 }],
    ['access_token', { unionid: {} }],
    ['access_token', { is_snapshotuser: 'yes' }],
    ['refresh_token', { access_token: undefined }],
    ['refresh_token', { openid: undefined }],
    ['userinfo', { openid: undefined }],
    ['userinfo', { openid: 5 }],
    ['userinfo', { nickname: 5 }],
    ['userinfo', { headimgurl: {} }],
    ['userinfo', { privilege: 'chinaunicom' }],
    ['userinfo', { unionid: 5 }],
    ['userinfo', { openid: 'oSomebodyElse' }],
    ['auth', { errcode: undefined }],
    ['auth', { errmsg: undefined }],
    ['jscode2session', { session_key: undefined }],
    ['jscode2session', { session_key: '' }],
    ['jscode2session', { openid: 5 }],
  ])(
    'of %s that is missing or of another type (%j) is a bad_answer that names it',
    async (endpoint, patch) => {
      fixture.emulator.fail(endpoint, { patch });
      const error = await failure(call(endpoint));
      expect(error.kind).toBe('bad_answer');
      expect(error.message).toContain(Object.keys(patch)[0]);
      expect(error.message).not.toContain('SomebodyElse');
    },
  );

  it.each<[string, Record<string, unknown>]>([
    ['access_token', { refresh_token: undefined, scope: undefined, unionid: null }],
    ['access_token', { refresh_token: null, scope: null }],
    ['userinfo', { nickname: undefined, headimgurl: undefined, sex: undefined, privilege: undefined }],
    ['userinfo', { nickname: '', headimgurl: '', privilege: null, unionid: null }],
  ])('of %s may be missing if WeChat may leave it out: %j', async (endpoint, patch) => {
    fixture.emulator.fail(endpoint, { patch });
    await expect(call(endpoint)).resolves.toBeDefined();
  });

  it('that is a number in a string is read as a number', async () => {
    fixture.emulator.fail('access_token', { patch: { expires_in: '7200', is_snapshotuser: '0' } });
    fixture.emulator.fail('userinfo', { patch: { sex: '1' } });
    const { data } = await oauth.getAccessToken(fixture.issueCode());
    expect([data.expires_in, data.is_snapshotuser]).toEqual([7200, 0]);
    expect((await oauth.getUser(record.openid)).sex).toBe(1);
  });
});

describe('a nickname', () => {
  it.each([
    ['dirty', '脏昵称'],
    ['emoji', '👩‍👩‍👧‍👦 Emoji 🎉'],
    ['gone', '用户已经注销'],
  ])('of the user "%s" is read as %s', async (user, nickname) => {
    expect(
      (await fixture.createOAuth().getUserByCode(fixture.issueCode('snsapi_userinfo', user))).nickname,
    ).toBe(nickname);
  });

  it('in invalid UTF-8 does not make a login fail', async () => {
    const body = Buffer.concat([
      utf8(`{"openid":"${record.openid}","nickname":"a`),
      Buffer.of(0xf0, 0x9f, 0x98),
      utf8('\u0007b"}'),
    ]);
    fixture.emulator.fail('userinfo', { body });
    expect((await oauth.getUser(record.openid)).nickname).toBe('a\ufffdb');
  });

  it('comes with the address of a picture, whose slashes are escaped', async () => {
    expect((await oauth.getUser(record.openid)).headimgurl).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/mmopen\/vi_32\//,
    );
  });
});

describe('the order of the fields', () => {
  it('is that of WeChat, whichever comes first', async () => {
    fixture.emulator.fail('access_token', {
      patch: (fields) => ({ added_later: 1, openid: 'o', ...fields }),
    });
    expect(Object.keys((await oauth.getAccessToken(fixture.issueCode())).data)).toEqual(
      'added_later openid access_token expires_in refresh_token scope unionid create_at'.split(' '),
    );
  });
});
