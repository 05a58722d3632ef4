// The limits of a response, because a server in WeChat's place may send anything.
import { inspect } from 'node:util';
import { MemoryTokenStore, type OAuth, type TokenData } from '../../../lib/index';
import { OAuthFixture, failure } from '../oauth-fixture';
import { startHttpServer, useServers } from '../../support/processes/servers';

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
});

const CALLS = {
  access_token: () => oauth.getAccessToken(fixture.issueCode()),
  refresh_token: () => oauth.refreshAccessToken(record.refresh_token),
  userinfo: () => oauth.getUser(record.openid),
  jscode2session: () =>
    fixture
      .createOAuth({ kind: 'miniProgram' })
      .getSessionKey(fixture.emulator.issueCode({ app: fixture.emulator.apps.miniProgram.appId })),
} as const satisfies Record<string, () => Promise<unknown>>;
type Endpoint = keyof typeof CALLS;
const ENDPOINTS = Object.keys(CALLS) as Endpoint[];

/** Calls WeChat, whose response has these fields in addition or in place of its own. */
function call(endpoint: Endpoint, patch: Record<string, unknown>): Promise<unknown> {
  fixture.emulator.fail(endpoint, { patch });
  return CALLS[endpoint]();
}

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe.each(['access_token', 'refresh_token', 'jscode2session'] as const)(
  'an id in the response to %s',
  (endpoint) => {
    it.each([
      ['', 'nothing'],
      ['x:lock', "the name of another user's lock"],
      ['o user', 'a blank'],
      ['o/../x', 'a path'],
      ['微信', 'other letters'],
      ['o'.repeat(65), 'more than 64 characters'],
      ['__proto__.x', 'a dot'],
    ])('is refused if it is %j (%s)', async (id) => {
      expect(await failure(call(endpoint, { openid: id }))).toMatchObject({ kind: 'bad_answer' });
      expect(await failure(call(endpoint, { unionid: id }))).toMatchObject({ kind: 'bad_answer' });
    });

    it.each(['o\n', '\no', 'o\u0000', 'o\u2028'])(
      'is refused if it is %j (an escaped control character)',
      async (id) => {
        const fields = { access_token: 'a', expires_in: 1, session_key: 'k', openid: record.openid };
        for (const name of ['openid', 'unionid']) {
          fixture.emulator.fail(endpoint, { body: JSON.stringify({ ...fields, [name]: id }) });
          expect(await failure(CALLS[endpoint]())).toMatchObject({ kind: 'bad_answer' });
        }
      },
    );

    it.each(['o', 'o'.repeat(64), 'oAZaz09_-'])('may be %s', async (id) => {
      if (endpoint !== 'refresh_token') await expect(call(endpoint, { openid: id })).resolves.toBeDefined();
      await expect(call(endpoint, { unionid: id })).resolves.toBeDefined();
    });
  },
);

it("an openid that would be another user's lock is never saved", async () => {
  const store = new MemoryTokenStore();
  const set = jest.spyOn(store, 'set');
  fixture.emulator.fail('access_token', { patch: { openid: 'x:lock' } });
  await failure(fixture.createOAuth({ tokenStore: store }).getAccessToken(fixture.issueCode()));
  expect(set).not.toHaveBeenCalled();
});

describe('a field', () => {
  it.each<[Endpoint, string, Record<string, unknown>]>([
    ['access_token', 'an access token of 2,049 characters', { access_token: 'a'.repeat(2_049) }],
    ['access_token', 'a refresh token of 2,049 characters', { refresh_token: 'a'.repeat(2_049) }],
    ['access_token', 'a scope of 1,025 characters', { scope: 's'.repeat(1_025) }],
    ['access_token', '21 scopes', { scope: Array.from({ length: 21 }, (_, at) => `s${at}`).join(',') }],
    ['access_token', '400,000 scopes', { scope: 's,'.repeat(400_000) }],
    ['access_token', 'a lifetime of infinite length', { expires_in: '9'.repeat(400) }],
    ['access_token', 'an unknown text of 1,025 characters', { added_later: 'x'.repeat(1_025) }],
    ['access_token', 'an unknown text of a megabyte', { added_later: 'x'.repeat(1_000_000) }],
    ['access_token', 'an unknown list of 1,025 characters', { added_later: ['x'.repeat(1_021)] }],
    ['access_token', 'an unknown list of 100,000 numbers', { added_later: new Array(100_000).fill(1) }],
    ['access_token', 'a name of 65 characters', { ['n'.repeat(65)]: 1 }],
    ['access_token', 'a name of a megabyte', { ['n'.repeat(1_000_000)]: 1 }],
    ['refresh_token', 'an access token of 2,049 characters', { access_token: 'a'.repeat(2_049) }],
    ['userinfo', 'a nickname of 1,025 characters', { nickname: '名'.repeat(1_025) }],
    ['userinfo', 'a picture of 2,049 characters', { headimgurl: 'h'.repeat(2_049) }],
    ['userinfo', 'a city of 1,025 characters', { city: 'c'.repeat(1_025) }],
    ['userinfo', '101 privileges', { privilege: new Array(101).fill('p') }],
    ['userinfo', 'a privilege of 1,025 characters', { privilege: ['p'.repeat(1_025)] }],
    ['userinfo', '100,000 wrong privileges', { privilege: new Array(100_000).fill(1) }],
    ['userinfo', 'an unknown text of 1,025 characters', { added_later: 'x'.repeat(1_025) }],
    ['jscode2session', 'a session key of 2,049 characters', { session_key: 's'.repeat(2_049) }],
  ])('of %s is refused as bad_answer: %s', async (endpoint, _what, patch) => {
    const error = await failure(call(endpoint, patch));
    expect(error).toMatchObject({ kind: 'bad_answer' });
    expect(inspect(error, { maxStringLength: null }).length).toBeLessThan(6_000);
  });

  it.each<[Endpoint, string, Record<string, unknown>]>([
    [
      'access_token',
      'tokens of 2,048 characters',
      { access_token: 'a'.repeat(2_048), refresh_token: 'r'.repeat(2_048) },
    ],
    ['access_token', '20 scopes', { scope: 'snsapi_later,'.repeat(20) }],
    [
      'access_token',
      'unknown values',
      { text: 'x'.repeat(1_024), number: 1.5, flag: true, nothing: null, list: [1, { a: 'b' }] },
    ],
    ['userinfo', 'a long nickname', { nickname: '名'.repeat(1_024) }],
    ['userinfo', '100 privileges', { privilege: new Array(100).fill('p') }],
    [
      'userinfo',
      'unknown values',
      { text: 'x'.repeat(1_024), number: -1, flag: false, nothing: null, object: { a: ['b'] } },
    ],
  ])('of %s is kept: %s', async (endpoint, _what, patch) => {
    const result = (await call(endpoint, patch)) as { data?: unknown };
    expect(result.data ?? result).toMatchObject(patch);
  });
});

it('only names of scopes are kept in a scope: a gateway may echo secrets there', async () => {
  const scope = `snsapi_base,${'0123456789abcdef'.repeat(2)},071ANc0d3,\u001b[2J snsapi_userinfo ,`;
  const token = (await call('access_token', { scope })) as { data: TokenData };
  expect(token.data.scope).toBe('snsapi_base,snsapi_userinfo');
  const none = (await call('access_token', { scope: '91_token,\u0000' })) as { data: TokenData };
  expect(none.data.scope).toBe('');
});

it('a refused response is described without the values of its fields', async () => {
  const patch = {
    access_token: { secret: 'v4lue' },
    scope: 'v4lue,'.repeat(30),
    openid: 'v4lue!',
    unionid: 7,
  };
  const error = await failure(call('access_token', patch));
  expect(error).toMatchObject({ kind: 'bad_answer' });
  expect(error.message).toContain(
    'access_token is not a string; openid is not 1 to 64 characters of A-Z, a-z, 0-9, _ and -; ' +
      'scope is too long; unionid is not 1 to 64 characters of A-Z, a-z, 0-9, _ and -',
  );
  expect(inspect(error)).not.toContain('v4lue');
});

describe.each(ENDPOINTS)('a response to %s', (endpoint) => {
  it('with more than 32 fields is a bad_answer', async () => {
    const fields = (count: number): Record<string, unknown> =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`field${at}`, at]));
    expect(await failure(call(endpoint, fields(33)))).toMatchObject({ kind: 'bad_answer' });
    expect(await failure(call(endpoint, fields(50_000)))).toMatchObject({ kind: 'bad_answer' });
    await expect(call(endpoint, fields(20))).resolves.toBeDefined();
  });

  it.each([8, 9, 1_000, 400_000])(
    'whose unknown field is nested %d levels deep is a bad_answer',
    async (levels) => {
      const gateway = await startHttpServer((_req, res) => {
        const ids = `"openid":"${record.openid}","access_token":"a","expires_in":7200,"session_key":"k"`;
        res.end(`{${ids},"deep":${nested(levels)}}`);
      });
      try {
        const made = fixture.createOAuth({
          endpoints: { api: gateway.url },
          getToken: () => Promise.resolve(record),
          saveToken: () => Promise.resolve(),
        });
        const calls: Record<Endpoint, () => Promise<unknown>> = {
          access_token: () => made.getAccessToken('code'),
          refresh_token: () => made.refreshAccessToken('token'),
          userinfo: () => made.getUser(record.openid),
          jscode2session: () => made.getSessionKey('code'),
        };
        expect(await failure(calls[endpoint]())).toMatchObject({ kind: 'bad_answer' });
      } finally {
        await gateway.close();
      }
    },
  );

  it('is read as usual while a bug elsewhere has written to Object.prototype', async () => {
    const prototype = Object.prototype as { added_elsewhere?: unknown };
    prototype.added_elsewhere = 'x'.repeat(2_000);
    try {
      await expect(CALLS[endpoint]()).resolves.toBeDefined();
    } finally {
      delete prototype.added_elsewhere;
    }
  });

  it('cannot change a prototype', async () => {
    const gateway = await startHttpServer((_req, res) => {
      const ids = `"openid":"${record.openid}","access_token":"a","expires_in":7200,"session_key":"k"`;
      const unsafe =
        '"__proto__":{"is_snapshotuser":1,"polluted":1},"constructor":1,"toString":1,"hasOwnProperty":1,' +
        '"prototype":{"__proto__":{"polluted":1}}';
      res.end(`{${unsafe},${ids},"inner":{"__proto__":{"polluted":1},"prototype":1,"a":1}}`);
    });
    try {
      const made = fixture.createOAuth({
        endpoints: { api: gateway.url },
        getToken: () => Promise.resolve(record),
      });
      const results: Record<Endpoint, () => Promise<unknown>> = {
        access_token: async () => (await made.getAccessToken('code')).data,
        refresh_token: async () => (await made.refreshAccessToken('token')).data,
        userinfo: () => made.getUser(record.openid),
        jscode2session: async () => (await made.getSessionKey('code')).data,
      };
      const result = (await results[endpoint]()) as Record<string, unknown>;
      expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
      expect(Object.keys(result)).not.toEqual(expect.arrayContaining(['__proto__']));
      for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])
        expect(Object.hasOwn(result, name)).toBe(false);
      expect(result['polluted']).toBeUndefined();
      expect(JSON.stringify(result['inner'])).toBe('{"a":1}');
    } finally {
      await gateway.close();
    }
  });
});

describe('text from outside', () => {
  const opened = useServers();
  const CONTROLS = '\u001b[2J\u009b\r\n\u2028\u202e\u2066\u0007';

  async function failureOf(body: string, headers: Record<string, string> = {}): ReturnType<typeof failure> {
    const server = await opened(
      startHttpServer((_req, res) => {
        for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
        res.end(body);
      }),
    );
    return failure(fixture.createOAuth({ endpoints: { api: server.url } }).getAccessToken('code'));
  }

  /** Every text of the error that a log could show. */
  async function textsOf(body: string, headers?: Record<string, string>): Promise<string> {
    const error = await failureOf(body, headers);
    return [error.message, String(error), JSON.stringify(error), String(error.cause)].join('');
  }

  it('has no control characters in a message: errmsg', async () => {
    const shown = await textsOf(JSON.stringify({ errcode: 40029, errmsg: `invalid${CONTROLS}code` }));
    expect(shown).toContain('invalid\ufffd[2J\ufffd   \ufffd\ufffd\ufffdcode');
    expect(shown).not.toMatch(/[\p{Cc}\u2028\u202e\u2066]/u);
  });

  it('has no control characters in a message: the name of a field', async () => {
    const fields = { openid: 'o', access_token: 'a', expires_in: 1, [`x${CONTROLS}`]: 'x'.repeat(2_000) };
    const shown = await textsOf(JSON.stringify(fields));
    expect(shown).toContain('x\ufffd[2J');
    expect(shown).not.toMatch(/[\p{Cc}\u2028\u202e\u2066]/u);
  });

  it('has no control characters in a message: a content type', async () => {
    const shown = await textsOf('<html>', { 'Content-Type': 'text/html; x=\u0085\u009b' });
    expect(shown).toMatch(/text\/html; x=\S*\ufffd/);
    expect(shown).not.toMatch(/\p{Cc}/u);
  });

  it('has no control characters in a message: the error of a store, and an openid of a browser', async () => {
    const failing = fixture.createOAuth({ getToken: () => Promise.reject(new Error(`away${CONTROLS}`)) });
    expect((await failure(failing.getUser('o'))).message).not.toMatch(/[\p{Cc}\u2028\u202e\u2066]/u);
    const unknown = await failure(fixture.createOAuth().getUser(`o${CONTROLS}`));
    expect(unknown.message).toBe(
      'No token for o\ufffd[2J\ufffd   \ufffd\ufffd\ufffd, please authorize first.',
    );
  });

  it('is cut to 1,000 characters in a message', async () => {
    const body = JSON.stringify({ errcode: 40029, errmsg: 'a word '.repeat(100_000) });
    const { message } = await failureOf(body);
    const [quoted = ''] = message.split('…');
    expect(quoted).toMatch(/^(?:a |word )+$/);
    // The text is cut between two words.
    expect(quoted.length).toBeGreaterThan(1_000 - 'a word '.length);
    expect(quoted.length).toBeLessThanOrEqual(1_000);
    expect((await textsOf(body)).length).toBeLessThan(8_000);
  });
});

describe('a secret that WeChat repeats', () => {
  it.each([512, 2_000, 8_000])('is masked if it is a code of %d characters', async (length) => {
    const code = `${'a'.repeat(length - 1)}!`;
    fixture.emulator.fail('access_token', { errcode: 40029, errmsg: `invalid code ${code}` });
    const error = await failure(fixture.createOAuth().getAccessToken(code));
    expect(error).toMatchObject({ kind: 'code_invalid' });
    expect(error.message).not.toContain('aaaaaaaaaa');
  });

  it('is masked if only the response holds it', async () => {
    const token = 'a-token-that-only-this-response-holds';
    fixture.emulator.fail('access_token', {
      body: JSON.stringify({ errcode: 40029, errmsg: `not ${token}`, access_token: token }),
    });
    expect((await failure(CALLS.access_token())).message).toMatch(/^not \*\*\* \(errcode/);
  });
});
