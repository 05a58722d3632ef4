// Which token is used for an openid: from the cache, from the store, or a refreshed one.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import createDebug from 'debug';
import Keyv from 'keyv';
import {
  KeyvTokenStore,
  MemoryTokenStore,
  NoOAuthTokenError,
  type OAuth,
  type TokenData,
  type TokenStore,
} from '../../../lib/index';
import { timers } from '../../../lib/async/timers';
import { fakeTimeLimits } from '../../support/clock/time-limits';
import { OAuthFixture, expiredToken, failure } from '../oauth-fixture';

let fixture: OAuthFixture;
beforeEach(async () => {
  fixture = await OAuthFixture.start();
});
afterEach(async () => {
  jest.restoreAllMocks();
  jest.useRealTimers();
  await fixture.close();
});

/** A store that logs its calls. */
class LoggingStore implements TokenStore {
  readonly records = new Map<string, TokenData>();
  readonly log: string[] = [];
  lock?: <T>(key: string, fn: () => Promise<T>) => Promise<T>;

  constructor(...records: TokenData[]) {
    for (const record of records) this.put(record);
  }

  put(record: TokenData): void {
    this.records.set(`${fixture.emulator.apps.official.appId}:${record.openid}`, record);
  }

  get only(): TokenData | undefined {
    return [...this.records.values()][0];
  }

  get(key: string): Promise<TokenData | undefined> {
    this.log.push('get');
    return Promise.resolve(this.records.get(key));
  }

  set(key: string, token: TokenData): Promise<void> {
    this.log.push('set');
    this.records.set(key, token);
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    this.log.push('delete');
    this.records.delete(key);
    return Promise.resolve();
  }
}

const requestsTo = (path: string): Record<string, string>[] =>
  fixture.emulator.requests.filter((request) => request.path.endsWith(path)).map(({ query }) => query);
const clearRequests = (): void => void (fixture.emulator.requests.length = 0);

/** An OAuth whose store holds these records. */
async function oauthWith(...records: TokenData[]): Promise<{ oauth: OAuth; store: LoggingStore }> {
  clearRequests();
  const store = new LoggingStore(...records);
  return Promise.resolve({ oauth: fixture.createOAuth({ tokenStore: store }), store });
}

/** Moves the clocks of the app and of WeChat. */
function twoHoursLater(): void {
  const then = Date.now() + 7_200_000;
  fixture.emulator.clock.advance(7_200_000);
  jest.spyOn(Date, 'now').mockReturnValue(then);
}

describe('a token', () => {
  it('comes from the cache after a login, and not from the store', async () => {
    const { oauth, store } = await oauthWith();
    await oauth.getUserByCode(fixture.issueCode());
    await oauth.getUser(fixture.openid);
    expect(store.log).toEqual(['set']);
  });

  it('comes from the store once, and then from the cache', async () => {
    const { oauth, store } = await oauthWith(await fixture.issueToken());
    await oauth.getUser(fixture.openid);
    await oauth.getUser(fixture.openid);
    expect(store.log).toEqual(['get']);
    expect(fixture.countRequests('refresh_token')).toBe(0);
  });

  it('is refreshed and saved if the one in the store has expired', async () => {
    const old = await fixture.issueToken();
    const { oauth, store } = await oauthWith(expiredToken(old));
    fixture.emulator.expireToken(old.access_token);
    await oauth.getUser(fixture.openid);
    expect(store.log).toEqual(['get', 'set']);
    expect(requestsTo('refresh_token')).toEqual([
      expect.objectContaining({ refresh_token: old.refresh_token }),
    ]);
    expect(requestsTo('userinfo')[0]?.['access_token']).toBe(store.only?.access_token);
    expect(store.only?.access_token).not.toBe(old.access_token);
  });

  it('is refreshed 10 seconds before it expires', async () => {
    const { oauth } = await oauthWith();
    const { data } = await oauth.getAccessToken(fixture.issueCode());
    jest.spyOn(Date, 'now').mockReturnValue(data.create_at + 7_190_000 - 1);
    await oauth.getUser(fixture.openid);
    expect(fixture.countRequests('refresh_token')).toBe(0);
    jest.spyOn(Date, 'now').mockReturnValue(data.create_at + 7_190_000);
    await oauth.getUser(fixture.openid);
    expect(fixture.countRequests('refresh_token')).toBe(1);
  });

  it('dates from before its request was sent, also if the response was slow', async () => {
    fixture.emulator.fail('access_token', { delay: 60 });
    const before = Date.now();
    const { create_at } = await fixture.createOAuth().getAccessToken(fixture.issueCode());
    const responded = Date.now();
    expect(create_at).toBeGreaterThanOrEqual(before);
    // Timers may fire a few milliseconds early.
    expect(create_at).toBeLessThanOrEqual(responded - 50);
  });

  it('that was never saved causes no request to WeChat', async () => {
    const { oauth } = await oauthWith();
    const error = await oauth.getUser('oUnknown\n').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NoOAuthTokenError);
    // The app may have taken the openid from a request: the message shows it without control characters.
    expect((error as Error).message).toMatch(/oUnknown(?!\n)/);
    expect(fixture.emulator.requests).toHaveLength(0);
  });

  it('of a virtual account is not saved', async () => {
    const { oauth, store } = await oauthWith();
    const app = fixture.emulator.apps.official.appId;
    const { data } = await oauth.getAccessToken(
      fixture.emulator.issueCode({ app, scope: 'snsapi_userinfo', virtual: true }),
    );
    expect(data.is_snapshotuser).toBe(1);
    expect(store.log).toEqual([]);
    await expect(oauth.getUser(data.openid)).rejects.toBeInstanceOf(NoOAuthTokenError);
  });

  it('that another process has refreshed is taken from the store', async () => {
    const { oauth, store } = await oauthWith();
    await oauth.getUserByCode(fixture.issueCode());
    const { data: renewed } = await fixture.createOAuth().refreshAccessToken(store.only?.refresh_token);
    twoHoursLater();
    clearRequests();
    store.put({ ...renewed, create_at: Date.now() });
    await oauth.getUser(fixture.openid).catch(() => undefined);
    expect(requestsTo('userinfo')[0]?.['access_token']).toBe(renewed.access_token);
  });

  it('with numbers as strings, as some databases return them, is accepted', async () => {
    const token = await fixture.issueToken();
    const { oauth } = await oauthWith({
      ...token,
      expires_in: '7200' as never,
      create_at: String(token.create_at) as never,
    });
    await oauth.getUser(fixture.openid);
    expect(fixture.countRequests('refresh_token')).toBe(0);
  });

  it('that the app saved as an AccessToken with its `data` is accepted', async () => {
    const data = await fixture.issueToken();
    await expect(
      fixture.createOAuth({ getToken: () => Promise.resolve({ data }) }).getUser(fixture.openid),
    ).resolves.toMatchObject({
      openid: fixture.openid,
    });
  });

  it('is saved under appid and openid, for the life of its refresh token', async () => {
    const set = jest.spyOn(LoggingStore.prototype, 'set');
    const { oauth } = await oauthWith();
    const { data } = await oauth.getAccessToken(fixture.issueCode());
    expect(set).toHaveBeenCalledWith(
      `${fixture.emulator.apps.official.appId}:${fixture.openid}`,
      data,
      30 * 24 * 3_600_000,
    );
  });
});

describe('a refresh', () => {
  it('happens once for 500 calls at the same time', async () => {
    const { oauth, store } = await oauthWith(expiredToken(await fixture.issueToken()));
    // On a busy machine, 500 requests at once take longer than the default limit of 5 s.
    oauth.setOpts({ timeout: 15_000 });
    const users = await Promise.all(Array.from({ length: 500 }, () => oauth.getUser(fixture.openid)));
    expect(users).toHaveLength(500);
    expect(fixture.countRequests('refresh_token')).toBe(1);
    expect(store.log).toEqual(['get', 'set']);
  });

  it('happens once for each of several users', async () => {
    const { oauth } = await oauthWith(
      expiredToken(await fixture.issueToken()),
      expiredToken(await fixture.issueToken(undefined, 'follower')),
    );
    const openids = [
      fixture.openid,
      fixture.emulator.openid('follower', fixture.emulator.apps.official.appId),
    ];
    await Promise.all(Array.from({ length: 20 }, (_, at) => oauth.getUser(openids[at % 2] ?? '')));
    expect(fixture.countRequests('refresh_token')).toBe(2);
  });

  it('happens once for simultaneous calls of refreshAccessToken', async () => {
    const { refresh_token } = await fixture.issueToken();
    const { oauth } = await oauthWith();
    const tokens = await Promise.all([1, 2, 3].map(() => oauth.refreshAccessToken(refresh_token)));
    expect(fixture.countRequests('refresh_token')).toBe(1);
    expect(new Set(tokens.map(({ data }) => data.access_token)).size).toBe(1);
  });

  it('that failed rejects all waiting calls, and the next call tries again', async () => {
    const { oauth } = await oauthWith(expiredToken(await fixture.issueToken()));
    fixture.emulator.fail('refresh_token', { errcode: 45011 });
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => oauth.getUser(fixture.openid)));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(fixture.countRequests('refresh_token')).toBe(1);
    await expect(oauth.getUser(fixture.openid)).resolves.toBeDefined();
  });

  it('without a refresh token is sent to WeChat, which refuses it with errcode 41003', async () => {
    const { oauth } = await oauthWith({
      ...expiredToken(await fixture.issueToken()),
      refresh_token: undefined as never,
    });
    expect(await failure(oauth.getUser(fixture.openid))).toMatchObject({ code: 41003, kind: 'reauthorize' });
  });

  it.each([40030, 42002, 42007])(
    'that WeChat refuses with errcode %d means that the user must log in again',
    async (errcode) => {
      const { oauth, store } = await oauthWith(expiredToken(await fixture.issueToken()));
      fixture.emulator.fail('refresh_token', { errcode }, { times: Infinity });
      expect(await failure(oauth.getUser(fixture.openid))).toMatchObject({
        code: errcode,
        kind: 'reauthorize',
        status: 401,
      });
      expect(fixture.countRequests('refresh_token')).toBe(1);
      expect(store.log).toEqual(['get', 'get', 'delete']);
      await expect(oauth.getUser(fixture.openid)).rejects.toBeInstanceOf(NoOAuthTokenError);
    },
  );

  it('that WeChat refuses results in the token that another process saved meanwhile', async () => {
    const old = await fixture.issueToken();
    const { oauth, store } = await oauthWith(expiredToken(old));
    const other = await fixture.issueToken();
    fixture.emulator.fail('refresh_token', { errcode: 40030 }, { delay: 30 });
    const work = oauth.getUser(fixture.openid);
    store.put(other);
    store.get = () => Promise.resolve(other);
    await expect(work).resolves.toMatchObject({ openid: fixture.openid });
    expect(store.log).not.toContain('delete');
  });

  it('that WeChat refuses rejects with reauthorize even if the record has vanished meanwhile', async () => {
    const { oauth, store } = await oauthWith(expiredToken(await fixture.issueToken()));
    fixture.emulator.fail('refresh_token', { errcode: 40030 }, { delay: 30 });
    const work = failure(oauth.getUser(fixture.openid));
    while (store.log.length === 0) await new Promise((resolve) => setImmediate(resolve));
    store.records.clear();
    expect(await work).toMatchObject({ code: 40030, kind: 'reauthorize' });
    expect(store.log).not.toContain('delete');
  });

  it('that WeChat refuses does not delete the expired token that another process saved meanwhile', async () => {
    const { oauth, store } = await oauthWith(expiredToken(await fixture.issueToken()));
    const other = expiredToken({
      ...(await fixture.issueToken()),
      refresh_token: '91_another_refresh_token',
    });
    fixture.emulator.fail('refresh_token', { errcode: 40030 }, { delay: 30 });
    const work = failure(oauth.getUser(fixture.openid));
    while (store.log.length === 0) await new Promise((resolve) => setImmediate(resolve));
    store.put(other);
    expect(await work).toMatchObject({ code: 40030, kind: 'reauthorize' });
    expect(store.only).toBe(other);
  });

  it('that WeChat refuses rejects with reauthorize even if the expired token cannot be deleted', async () => {
    const { oauth, store } = await oauthWith(expiredToken(await fixture.issueToken()));
    store.delete = () => Promise.reject(new Error('read only'));
    fixture.emulator.fail('refresh_token', { errcode: 42002 });
    expect(await failure(oauth.getUser(fixture.openid))).toMatchObject({ code: 42002, kind: 'reauthorize' });
  });

  it('that results in the token of another user is a bad_answer', async () => {
    const { oauth, store } = await oauthWith(expiredToken(await fixture.issueToken()));
    fixture.emulator.fail('refresh_token', { patch: { openid: 'oAnother' } });
    const error = await failure(oauth.getUser(fixture.openid));
    expect(error).toMatchObject({ kind: 'bad_answer' });
    expect(error.message).toMatch(
      /The refreshed token is missing, or is that of another openid.*Check `endpoints`/,
    );
    expect(fixture.countRequests('userinfo')).toBe(0);
    // It does not replace that user's own token.
    expect(store.log).not.toContain('set');
  });

  it.each([
    ['the token of another user', (token: TokenData) => ({ data: { ...token, openid: 'oAnother' } })],
    ['nothing', () => undefined],
  ])('that the app has replaced, and that results in %s, is a bad_answer', async (_what, result) => {
    const token = await fixture.issueToken();
    const { oauth } = await oauthWith(expiredToken(token));
    Object.assign(oauth, {
      refreshAccessToken: (_refreshToken: string, callback: (error: null, result: unknown) => void) =>
        callback(null, result(token)),
    });
    expect(await failure(oauth.getUser(fixture.openid))).toMatchObject({ kind: 'bad_answer' });
    expect(fixture.countRequests('userinfo')).toBe(0);
  });

  it('ties the refresh token to its user only while it runs', async () => {
    const token = await fixture.issueToken();
    const { oauth } = await oauthWith(expiredToken(token));
    await oauth.getUser(fixture.openid);
    fixture.emulator.fail('refresh_token', { patch: { openid: 'oAnother' } });
    const { data } = await oauth.refreshAccessToken(token.refresh_token);
    expect(data.openid).toBe('oAnother');
  });

  it.each([
    ['in the store, which another process saved', 'stored', {}, {}],
    ['in the cache, which the store failed to save', 'known', { create_at: 2 }, {}],
    ['with more scope in the cache, although it is older', 'known', {}, { scope: 'snsapi_base' }],
    [
      'with more scope in the store, although it is older',
      'stored',
      { scope: 'snsapi_base', create_at: 2 },
      {},
    ],
  ] as const)('uses the refresh token %s', async (_where, used, knownFields, storedFields) => {
    const { oauth, store } = await oauthWith();
    const { data } = await oauth.getAccessToken(fixture.issueCode());
    twoHoursLater();
    const issued = { ...data };
    const record = (refresh_token: string, age: number, fields: Partial<TokenData>): TokenData => ({
      ...issued,
      refresh_token,
      ...fields,
      create_at: issued.create_at + age + (fields.create_at ?? 0),
    });
    Object.assign(data, record('the known one', 0, knownFields));
    store.put(record('the stored one', 1, storedFields));
    clearRequests();
    await oauth.getUser(fixture.openid).catch(() => undefined);
    expect(requestsTo('refresh_token')[0]?.['refresh_token']).toBe(`the ${used} one`);
  });

  it('uses the newer refresh token if the store failed to save it', async () => {
    const store = new LoggingStore(expiredToken(await fixture.issueToken()));
    const oauth = fixture.createOAuth({ tokenStore: store });
    store.set = () => Promise.reject(new Error('full'));
    const code = fixture.issueCode();
    await failure(oauth.getAccessToken(code));
    const { access_token } = await oauth.getValidAccessToken(fixture.openid).then(({ data }) => data);
    twoHoursLater();
    clearRequests();
    await failure(oauth.getValidAccessToken(fixture.openid));
    expect(requestsTo('refresh_token')[0]?.['refresh_token']).not.toBe(store.only?.refresh_token);
    expect(access_token).not.toBe(store.only?.access_token);
  });
});

describe.each([40001, 40014, 42001])(
  'a token that has not expired, but that WeChat refuses with errcode %d',
  (errcode) => {
    const refuse = (times = 1): void => void fixture.emulator.fail('userinfo', { errcode }, { times });

    it('is refreshed once, and the call repeated once', async () => {
      const { oauth, store } = await oauthWith(await fixture.issueToken());
      refuse();
      await expect(oauth.getUser(fixture.openid)).resolves.toMatchObject({ openid: fixture.openid });
      expect([fixture.countRequests('userinfo'), fixture.countRequests('refresh_token')]).toEqual([2, 1]);
      expect(store.log).toEqual(['get', 'get', 'set']);
    });

    it('is replaced by a different valid token in the store', async () => {
      const [first, second] = [await fixture.issueToken(), await fixture.issueToken()];
      const { oauth, store } = await oauthWith(first);
      await oauth.getUser(fixture.openid);
      clearRequests();
      store.put(second);
      refuse();
      await oauth.getUser(fixture.openid);
      expect(requestsTo('userinfo').map(({ access_token }) => access_token)).toEqual([
        first.access_token,
        second.access_token,
      ]);
      expect(fixture.countRequests('refresh_token')).toBe(0);
    });

    it('is replaced for each user by a token of that user, if WeChat refuses the tokens of two', async () => {
      const [one, other] = [await fixture.issueToken(), await fixture.issueToken(undefined, 'follower')];
      const { oauth } = await oauthWith(one, other);
      refuse(2);
      const users = await Promise.all([one, other].map(({ openid }) => oauth.getUser(openid)));
      expect(users.map(({ openid }) => openid)).toEqual([one.openid, other.openid]);
      expect(fixture.countRequests('refresh_token')).toBe(2);
    });

    it('rejects if the repeated call fails, too, without another try', async () => {
      const { oauth } = await oauthWith(await fixture.issueToken());
      refuse(Infinity);
      expect(await failure(oauth.getUser(fixture.openid))).toMatchObject({
        code: errcode,
        kind: 'token_invalid',
      });
      expect([fixture.countRequests('userinfo'), fixture.countRequests('refresh_token')]).toEqual([2, 1]);
    });

    it('means that the user must log in again if WeChat refuses the refresh', async () => {
      const { oauth } = await oauthWith(await fixture.issueToken());
      refuse(Infinity);
      fixture.emulator.fail('refresh_token', { errcode: 42007 });
      expect(await failure(oauth.getUser(fixture.openid))).toMatchObject({
        code: 42007,
        kind: 'reauthorize',
      });
      expect(fixture.countRequests('userinfo')).toBe(1);
    });
  },
);

describe('a token that WeChat revoked early', () => {
  it('is refreshed once for many calls at the same time', async () => {
    const record = await fixture.issueToken();
    const { oauth } = await oauthWith(record);
    fixture.emulator.expireToken(record.access_token);
    const users = await Promise.all(Array.from({ length: 100 }, () => oauth.getUser(fixture.openid)));
    expect(users).toHaveLength(100);
    expect([fixture.countRequests('userinfo'), fixture.countRequests('refresh_token')]).toEqual([200, 1]);
  });

  it('is refreshed if WeChat also revoked the other token that another process saved', async () => {
    const [first, second] = [await fixture.issueToken(), await fixture.issueToken()];
    const { oauth, store } = await oauthWith(first);
    await oauth.getUser(fixture.openid);
    clearRequests();
    store.put(second);
    for (const { access_token } of [first, second]) fixture.emulator.expireToken(access_token);
    await expect(oauth.getUser(fixture.openid)).resolves.toMatchObject({ openid: fixture.openid });
    const used = requestsTo('userinfo').map(({ access_token }) => access_token);
    expect(used.slice(0, 2)).toEqual([first.access_token, second.access_token]);
    expect(used).toHaveLength(3);
    expect(fixture.countRequests('refresh_token')).toBe(1);
  });

  it('is not refreshed again by a slower call, even if the store has lost the new token', async () => {
    const { oauth, store } = await oauthWith();
    const { data } = await oauth.getAccessToken(fixture.issueCode());
    fixture.emulator.expireToken(data.access_token);
    fixture.emulator.fail('userinfo', { delay: 200 });
    const slow = oauth.getUser(fixture.openid);
    while (fixture.countRequests('userinfo') === 0) await new Promise((resolve) => setImmediate(resolve));
    await oauth.getUser(fixture.openid);
    store.records.clear();
    await expect(slow).resolves.toMatchObject({ openid: fixture.openid });
    expect(fixture.countRequests('refresh_token')).toBe(1);
  });
});

describe('other refusals of a profile', () => {
  it.each([
    [48001, 'scope'],
    [40003, 'openid_invalid'],
    [50002, 'user_limited'],
    [45011, 'rate_limit'],
  ])('errcode %d rejects, and does not cause a refresh', async (errcode, kind) => {
    const { oauth } = await oauthWith(await fixture.issueToken());
    fixture.emulator.fail('userinfo', { errcode }, { times: Infinity });
    expect(await failure(oauth.getUser(fixture.openid))).toMatchObject({ code: errcode, kind });
    expect([fixture.countRequests('userinfo'), fixture.countRequests('refresh_token')]).toEqual([1, 0]);
  });
});

describe('a token of a silent login', () => {
  const silently = (oauth: OAuth): Promise<unknown> => oauth.getUserByCode(fixture.issueCode('snsapi_base'));

  it('is saved if there is no token with more scope', async () => {
    const { oauth, store } = await oauthWith();
    await silently(oauth);
    expect(store.only).toMatchObject({ scope: 'snsapi_base' });
  });

  it('never overwrites a token with more scope in the cache', async () => {
    const { oauth, store } = await oauthWith();
    const { data } = await oauth.getAccessToken(fixture.issueCode());
    store.put(data);
    await silently(oauth);
    expect(store.only).toBe(data);
    await expect(oauth.getUser(fixture.openid)).resolves.toMatchObject({ nickname: '小明' });
  });

  it('never overwrites a token with more scope in the store alone', async () => {
    const { oauth, store } = await oauthWith();
    const withMoreScope = await fixture.issueToken();
    store.put(withMoreScope);
    await silently(oauth);
    expect(store.only).toBe(withMoreScope);
    await expect(oauth.getUser(fixture.openid)).resolves.toMatchObject({ nickname: '小明' });
  });

  it('never overwrites a token with more scope in the store, with a silent one in the cache', async () => {
    const { oauth, store } = await oauthWith();
    await silently(oauth);
    const withMoreScope = await fixture.issueToken();
    store.put(withMoreScope);
    await silently(oauth);
    expect(store.only).toBe(withMoreScope);
  });

  it('never overwrites a token with more scope that has expired but can be refreshed', async () => {
    const { oauth, store } = await oauthWith(expiredToken(await fixture.issueToken()));
    await silently(oauth);
    expect(store.only).toMatchObject({ scope: 'snsapi_userinfo' });
    await expect(oauth.getUser(fixture.openid)).resolves.toMatchObject({ nickname: '小明' });
  });

  it('is accepted without the store if a token with more scope is in the cache', async () => {
    const { oauth, store } = await oauthWith();
    await oauth.getUserByCode(fixture.issueCode());
    store.get = () => Promise.reject(new Error('away'));
    await expect(silently(oauth)).resolves.toMatchObject({ openid: fixture.openid });
    await expect(oauth.getUser(fixture.openid)).resolves.toMatchObject({ nickname: '小明' });
  });

  it('overwrites a token with more scope exactly 30 days after its request', async () => {
    const full = { ...(await fixture.issueToken()), create_at: Date.now() - 30 * 24 * 3_600_000 };
    const { oauth, store } = await oauthWith(full);
    jest.spyOn(Date, 'now').mockReturnValue(full.create_at + 30 * 24 * 3_600_000 - 1);
    await silently(oauth);
    expect(store.only).toBe(full);
    jest.spyOn(Date, 'now').mockReturnValue(full.create_at + 30 * 24 * 3_600_000);
    await silently(oauth);
    expect(store.only).toMatchObject({ scope: 'snsapi_base' });
  });

  it.each([
    ['31 days old', { create_at: Date.now() - 31 * 24 * 3_600_000 }],
    ['31 days old, as a string', { create_at: String(Date.now() - 31 * 24 * 3_600_000) as never }],
    ['expired without a refresh token', { create_at: 0, refresh_token: undefined as never }],
  ])('overwrites a token with more scope that can no longer be used: %s', async (_how, fields) => {
    const { oauth, store } = await oauthWith({ ...(await fixture.issueToken()), ...fields });
    await silently(oauth);
    expect(store.only).toMatchObject({ scope: 'snsapi_base' });
  });

  it('overwrites a record that is not a token, such as a session key that wechat-oauth saved', async () => {
    const { oauth, store } = await oauthWith({
      openid: fixture.openid,
      session_key: 'k',
      create_at: 1,
    } as never);
    await expect(silently(oauth)).resolves.toMatchObject({ openid: fixture.openid });
    expect(store.only).toMatchObject({ scope: 'snsapi_base' });
  });

  const KEY = 'the key of the store '.padEnd(40, '-');
  const OLDER_KEY = 'an older key '.padEnd(40, '-');
  it.each<[string, { written?: string; encryptedBy?: string; appended?: string; keys?: string[] }]>([
    ['encrypted with a key that the store no longer has', { encryptedBy: OLDER_KEY, keys: [KEY] }],
    ['encrypted, and changed since', { encryptedBy: KEY, appended: 'AAAA', keys: [KEY] }],
    ['encrypted, although the store has no key', { encryptedBy: KEY }],
    ['JSON of something else', { written: '{"name":"ming"}' }],
    ['not JSON', { written: 'ming' }],
  ])('overwrites a record that cannot be read: %s', async (_what, { written, ...record }) => {
    const { encryptedBy, appended = '', keys } = record;
    const keyv = new Keyv();
    const key = `${fixture.emulator.apps.official.appId}:${fixture.openid}`;
    if (encryptedBy) {
      const full = await fixture.issueToken();
      await new KeyvTokenStore(keyv, { encryptionKeys: [encryptedBy] }).set(key, full, 60_000);
    }
    await keyv.set(key, written ?? `${await keyv.get<string>(key)}${appended}`);
    const tokenStore = new KeyvTokenStore(keyv, { encryptionKeys: keys });
    await expect(tokenStore.get(key)).rejects.toMatchObject({ kind: 'token_store' });
    await expect(silently(fixture.createOAuth({ tokenStore }))).resolves.toMatchObject({
      openid: fixture.openid,
    });
    expect(await tokenStore.get(key)).toMatchObject({ openid: fixture.openid, scope: 'snsapi_base' });
  });

  it('that is refreshed during a login with more scope does not replace the new token', async () => {
    const { oauth, store } = await oauthWith(expiredToken(await fixture.issueToken('snsapi_base')));
    fixture.emulator.fail('refresh_token', { delay: 60 });
    const refreshing = oauth.getValidAccessToken(fixture.openid);
    await oauth.getUserByCode(fixture.issueCode());
    const { data } = await refreshing;
    expect(data.scope).toBe('snsapi_userinfo');
    expect(store.only).toMatchObject({ scope: 'snsapi_userinfo' });
    await expect(oauth.getUser(fixture.openid)).resolves.toMatchObject({ nickname: '小明' });
  });

  it('is overwritten by a token with more scope', async () => {
    const { oauth, store } = await oauthWith();
    await silently(oauth);
    await oauth.getUserByCode(fixture.issueCode());
    expect(store.only).toMatchObject({ scope: 'snsapi_userinfo' });
  });
});

describe('a store that fails', () => {
  it('on saving: the call rejects with the message of the store, and the token stays in the cache', async () => {
    const { oauth, store } = await oauthWith();
    store.set = () => Promise.reject(Object.assign(new Error('OOM command not allowed'), { code: 'OOM' }));
    const error = await failure(oauth.getAccessToken(fixture.issueCode()));
    expect(error).toMatchObject({
      kind: 'token_store',
      status: 503,
      retryable: true,
      code: 'ERR_WECHAT_TOKEN_STORE',
    });
    expect(error.message).toMatch(/^The token store failed \(save\): OOM command not allowed/);
    expect(error.cause).toMatchObject({ message: 'OOM command not allowed', code: 'OOM' });
    await expect(oauth.getUser(fixture.openid)).resolves.toMatchObject({ openid: fixture.openid });
  });

  it('on saving: its message shows neither the app secret nor the password of its address', async () => {
    const { oauth, store } = await oauthWith();
    const { appSecret } = fixture.emulator.apps.official;
    const inBase64 = Buffer.from(appSecret).toString('base64');
    store.set = () => Promise.reject(new Error(`${appSecret} ${inBase64} redis://:hunter2@10.0.0.1:6379`));
    const { message, cause } = await failure(oauth.getAccessToken(fixture.issueCode()));
    for (const text of [message, String(cause)]) {
      expect(text).toContain('redis://:***@10.0.0.1:6379');
      for (const secret of [appSecret, inBase64, 'hunter2']) expect(text).not.toContain(secret);
    }
  });

  it.each(['get', 'set', 'lock'] as const)('on %s: its message shows no token', async (call) => {
    // Tokens that are masked because the store was given them, not by their name or shape.
    const [access_token, refresh_token] = ['access-0f1e2d3c4b5a6978', 'refresh-0f1e2d3c4b5a6978'];
    fixture.emulator.fail('access_token', { patch: { access_token, refresh_token } });
    const store = new LoggingStore();
    const fail = (): Promise<never> =>
      Promise.reject(new Error(`bad command: ${call} key ${access_token} ${refresh_token}`));
    store.lock = fail;
    if (call === 'set') store.set = fail;
    const oauth = fixture.createOAuth({ tokenStore: store });
    const saved = oauth.getAccessToken(fixture.issueCode());
    if (call !== 'set') {
      await saved;
      twoHoursLater();
    }
    if (call === 'get') store.get = fail;
    const { message } = await failure(call === 'set' ? saved : oauth.getUser(fixture.openid));
    expect(message).toContain(`bad command: ${call} key *** ***`);
  });

  it('on saving a refreshed token: the next call uses that token', async () => {
    const { oauth, store } = await oauthWith(expiredToken(await fixture.issueToken()));
    store.set = () => Promise.reject(new Error('full'));
    expect(await failure(oauth.getUser(fixture.openid))).toMatchObject({ kind: 'token_store' });
    await expect(oauth.getUser(fixture.openid)).resolves.toMatchObject({ openid: fixture.openid });
    expect(fixture.countRequests('refresh_token')).toBe(1);
  });

  it('on reading before a silent token is saved: the token stays in the cache', async () => {
    const { oauth, store } = await oauthWith();
    store.get = () => Promise.reject(new Error('away'));
    expect(await failure(oauth.getAccessToken(fixture.issueCode('snsapi_base')))).toMatchObject({
      kind: 'token_store',
    });
    await expect(oauth.getValidAccessToken(fixture.openid)).resolves.toBeDefined();
  });

  it('on reading: the call rejects, and the next call tries again', async () => {
    const { oauth, store } = await oauthWith(await fixture.issueToken());
    const get = store.get.bind(store);
    store.get = () => Promise.reject(new Error('connect ECONNREFUSED'));
    const error = await failure(oauth.getUser(fixture.openid));
    expect(error.kind).toBe('token_store');
    expect(error.message).toMatch(/failed \(get\): connect ECONNREFUSED.*try again/);
    store.get = get;
    await expect(oauth.getUser(fixture.openid)).resolves.toBeDefined();
  });

  it.each<[string, unknown, RegExp]>([
    ['an Error', new Error('words'), /: words\./],
    ['a string', 'words', /: words\./],
    ['nothing', undefined, /without a reason|without a message/],
    ['null', null, /without a reason|without a message/],
    ['a number', 42, /without a message/],
    ['an object', { message: 'words' }, /: words\./],
    ['an object with other things', { message: { a: 1 }, name: 7 }, /without a message/],
    ['an object without a prototype', Object.create(null), /without a message/],
    [
      'several refused connections',
      Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }),
      /: ECONNREFUSED\./,
    ],
    ['a numbered error', Object.assign(new Error('dup'), { code: 11000 }), /: dup\./],
  ])('by rejecting with %s causes an error of kind token_store', async (_what, thrown, words) => {
    const { oauth, store } = await oauthWith();
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    store.get = () => Promise.reject(thrown);
    const error = await failure(oauth.getUser(fixture.openid));
    expect(error.kind).toBe('token_store');
    expect(error.message).toMatch(words);
  });

  it.each<[string, unknown, RegExp]>([
    ['a string', '{"access_token":"a"}', /a string: parse the JSON first/],
    ['a number', 42, /something without an access_token/],
    ['an array', ['a'], /something without an access_token/],
    ['{}', {}, /something without an access_token/],
    ['true', true, /something without an access_token/],
    ['{ data: null }', { data: null }, /something without an access_token/],
    ['an empty access token', { access_token: '', openid: 'o' }, /something without an access_token/],
    ['an access token that is not a string', { access_token: { $: 1 } }, /something without an access_token/],
    ['a session key', { session_key: 'k', openid: 'o' }, /something without an access_token/],
    [
      'the token of another user',
      { access_token: 'a', openid: 'oAnother' },
      /of another openid than o\S+\. It must keep one record for each openid/,
    ],
  ])('by returning %s causes a message that says what to return', async (_what, returned, words) => {
    const oauth = fixture.createOAuth({ getToken: () => Promise.resolve(returned) });
    const error = await failure(oauth.getUser(fixture.openid));
    expect(error.kind).toBe('token_store');
    expect(error.message).toMatch(words);
    expect(fixture.emulator.requests).toHaveLength(0);
  });

  it('by returning an object that contains itself does not hang', async () => {
    const circle: { data?: unknown } = {};
    circle.data = circle;
    const error = await failure(
      fixture.createOAuth({ getToken: () => Promise.resolve(circle) }).getUser(fixture.openid),
    );
    expect(error.kind).toBe('token_store');
  });

  it.each<[string, () => unknown]>([
    ['never settles', () => new Promise(() => undefined)],
    ['neither calls back nor returns a promise', () => fixture.openid],
  ])('because it %s makes the call reject in time', async (_how, getToken) => {
    fakeTimeLimits();
    const work = failure(fixture.createOAuth({ getToken }).getUser(fixture.openid));
    await jest.advanceTimersByTimeAsync(4_999);
    const early = await Promise.race([
      work,
      new Promise((resolve) => setImmediate(resolve, 'still waiting')),
    ]);
    expect(early).toBe('still waiting');
    await jest.advanceTimersByTimeAsync(2);
    const error = await work;
    expect(error.kind).toBe('token_store');
    expect(error.message).toMatch(/no response within 5000 ms: it must call back, or return a promise/);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('because a save never settles: the token is in the cache already', async () => {
    const { oauth, store } = await oauthWith();
    store.set = () => new Promise(() => undefined);
    fakeTimeLimits();
    void oauth.getAccessToken(fixture.issueCode()).catch(() => undefined);
    while (!(await oauth.getValidAccessToken(fixture.openid).catch(() => undefined)))
      await new Promise((resolve) => setImmediate(resolve));
    expect(fixture.countRequests('access_token')).toBe(1);
  });
});

describe('a store that works', () => {
  it('leaves no timer running after a call', async () => {
    const { oauth } = await oauthWith(expiredToken(await fixture.issueToken()));
    const set = jest.spyOn(timers, 'setTimeout');
    const clear = jest.spyOn(timers, 'clearTimeout');
    await oauth.getUser(fixture.openid);
    const limits = set.mock.results.filter((_, at) => set.mock.calls[at]?.[1] === 5_000);
    expect(limits.length).toBeGreaterThan(2);
    for (const { value } of limits) expect(clear.mock.calls.flat()).toContain(value);
  });

  it('may be a plain Map, whose results are not promises', async () => {
    const oauth = fixture.createOAuth({ tokenStore: new Map<string, TokenData>() as never });
    await oauth.getUserByCode(fixture.issueCode());
    await expect(fixture.createOAuth({ tokenStore: new Map() as never }).getUser('o')).rejects.toBeInstanceOf(
      NoOAuthTokenError,
    );
  });
});

describe('a store with a lock', () => {
  /** Locks as Redis does, but in one process. */
  class LockingStore extends LoggingStore {
    held = new Map<string, Promise<unknown>>();

    override lock = async <T>(key: string, fn: () => Promise<T>): Promise<T> => {
      this.log.push(
        `lock ${key === `${fixture.emulator.apps.official.appId}:${fixture.openid}` ? 'our key' : key}`,
      );
      while (this.held.has(key)) await this.held.get(key);
      const work = fn();
      this.held.set(
        key,
        work.catch(() => undefined),
      );
      try {
        return await work;
      } finally {
        this.held.delete(key);
        this.log.push('unlock');
      }
    };
  }

  it('is locked only for a refresh, under the key of the token, and read again under the lock', async () => {
    const store = new LockingStore(expiredToken(await fixture.issueToken()));
    const oauth = fixture.createOAuth({ tokenStore: store });
    await oauth.getUser(fixture.openid);
    expect(store.log).toEqual(['get', 'lock our key', 'get', 'set', 'unlock']);
    store.log.length = 0;
    await oauth.getUserByCode(fixture.issueCode());
    await oauth.getUser(fixture.openid);
    expect(store.log).toEqual(['set']);
  });

  it('lets only one of many processes refresh the token', async () => {
    const store = new LockingStore(expiredToken(await fixture.issueToken()));
    clearRequests();
    const processes = Array.from({ length: 8 }, () => fixture.createOAuth({ tokenStore: store }));
    await Promise.all(processes.map((oauth) => oauth.getUser(fixture.openid)));
    expect(fixture.countRequests('refresh_token')).toBe(1);
    expect(fixture.countRequests('userinfo')).toBe(8);
  });

  it('lets only one of many processes refresh a token that WeChat refused', async () => {
    const store = new LockingStore(await fixture.issueToken());
    clearRequests();
    fixture.emulator.fail('userinfo', { errcode: 42001 }, { times: 4 });
    fixture.emulator.fail('refresh_token', { patch: { access_token: 'a-new-one' } });
    fixture.emulator.fail('userinfo', { patch: {} }, { times: Infinity });
    const processes = Array.from({ length: 4 }, () => fixture.createOAuth({ tokenStore: store }));
    await Promise.allSettled(processes.map((oauth) => oauth.getUser(fixture.openid)));
    expect(fixture.countRequests('refresh_token')).toBe(1);
  });

  it('lets a process refresh with the newer refresh token that another one saved before it got the lock', async () => {
    const record = expiredToken(await fixture.issueToken());
    const { refresh_token = '' } = await fixture.issueToken();
    const store = new LockingStore(record);
    const { lock } = store;
    store.lock = (key, fn) => {
      store.put({ ...record, refresh_token, create_at: record.create_at + 1 });
      return lock(key, fn);
    };
    clearRequests();
    await fixture.createOAuth({ tokenStore: store }).getUser(fixture.openid);
    expect(requestsTo('refresh_token').map((query) => query['refresh_token'])).toEqual([refresh_token]);
  });

  it('passes on the error of a refresh under the lock as it is', async () => {
    const store = new LockingStore(expiredToken(await fixture.issueToken()));
    fixture.emulator.fail('refresh_token', { errcode: 40030 });
    expect(await failure(fixture.createOAuth({ tokenStore: store }).getUser(fixture.openid))).toMatchObject({
      code: 40030,
    });
    expect(store.log.at(-1)).toBe('unlock');
  });

  it('rejects with kind token_store if the lock throws', async () => {
    for (const lock of [
      () => Promise.reject(new Error('no quorum')),
      () => {
        throw new Error('no quorum');
      },
    ]) {
      const store = new LoggingStore(expiredToken(await fixture.issueToken()));
      store.lock = lock;
      const error = await failure(fixture.createOAuth({ tokenStore: store }).getUser(fixture.openid));
      expect(error).toMatchObject({ kind: 'token_store' });
      expect(error.message).toContain('failed (lock): no quorum');
    }
  });

  it('causes a message that says what to do if its lock does not run the function', async () => {
    const store = new LoggingStore(expiredToken(await fixture.issueToken()));
    store.lock = () => Promise.resolve(undefined as never);
    const error = await failure(fixture.createOAuth({ tokenStore: store }).getUser(fixture.openid));
    expect(error).toMatchObject({ kind: 'token_store' });
    expect(error.message).toMatch(/did not run the function that it was given. It must call the function/);
  });

  it('rejects in time if the lock never runs the function, and a late lock then refreshes nothing', async () => {
    const store = new LoggingStore(expiredToken(await fixture.issueToken()));
    clearRequests();
    let run: (() => Promise<unknown>) | undefined;
    store.lock = (_key, fn) => {
      run = fn;
      return new Promise(() => undefined);
    };
    fakeTimeLimits();
    const work = failure(fixture.createOAuth({ tokenStore: store }).getUser(fixture.openid));
    await jest.advanceTimersByTimeAsync(31_000);
    expect(await work).toMatchObject({ kind: 'token_store' });
    await run?.();
    expect(fixture.countRequests('refresh_token')).toBe(0);
  });

  it('keeps the refreshed token if the lock cannot be released', async () => {
    const store = new LoggingStore(expiredToken(await fixture.issueToken()));
    store.lock = async (_key, fn) => {
      await fn();
      throw new Error('the lock was lost');
    };
    await expect(fixture.createOAuth({ tokenStore: store }).getUser(fixture.openid)).resolves.toMatchObject({
      openid: fixture.openid,
    });
  });

  it('refreshes once if the lock runs the function twice', async () => {
    const store = new LoggingStore(expiredToken(await fixture.issueToken()));
    clearRequests();
    store.lock = async (_key, fn) => {
      await fn();
      return fn();
    };
    await fixture.createOAuth({ tokenStore: store }).getUser(fixture.openid);
    expect(fixture.countRequests('refresh_token')).toBe(1);
  });

  it('resolves with the token if the lock does not wait for the function', async () => {
    const store = new LoggingStore(expiredToken(await fixture.issueToken()));
    store.lock = (_key, fn) => (void fn(), Promise.resolve(undefined as never));
    await expect(fixture.createOAuth({ tokenStore: store }).getUser(fixture.openid)).resolves.toMatchObject({
      openid: fixture.openid,
    });
  });
});

describe('the events of a refresh', () => {
  const messages: unknown[] = [];
  const record = (message: unknown, name: string | symbol): void => void messages.push([name, message]);
  const CHANNELS = ['express-wechat-auth:token.refreshed', 'express-wechat-auth:token.failed'];

  beforeEach(() => {
    messages.length = 0;
    for (const channel of CHANNELS) subscribe(channel, record);
  });
  afterEach(() => {
    for (const channel of CHANNELS) unsubscribe(channel, record);
  });

  const facts = (): object => ({
    appid: fixture.emulator.apps.official.appId,
    durationMs: expect.any(Number) as number,
  });
  const durationOf = (index: number): number =>
    (messages[index] as [string, { durationMs: number }])[1].durationMs;

  it('name the app and the duration', async () => {
    const { oauth } = await oauthWith(expiredToken(await fixture.issueToken()));
    const started = performance.now();
    await oauth.getUser(fixture.openid);
    expect(messages).toEqual([['express-wechat-auth:token.refreshed', facts()]]);
    expect(durationOf(0)).toBeGreaterThan(0);
    expect(durationOf(0)).toBeLessThanOrEqual(performance.now() - started);
  });

  it.each([
    ['a refused refresh token', 40030, 'reauthorize'],
    ['another refusal', 45011, 'rate_limit'],
  ])('name the failure: %s', async (_what, errcode, kind) => {
    const { oauth } = await oauthWith(expiredToken(await fixture.issueToken()));
    fixture.emulator.fail('refresh_token', { errcode });
    await failure(oauth.getUser(fixture.openid));
    expect(messages).toEqual([['express-wechat-auth:token.failed', { ...facts(), kind, errcode }]]);
  });

  it('that the app calls itself are published too, once its token is saved', async () => {
    const { oauth, store } = await oauthWith(await fixture.issueToken());
    let published: number | undefined;
    store.set = () => {
      published = messages.length;
      return Promise.resolve();
    };
    const { refresh_token } = await fixture.issueToken();
    await oauth.refreshAccessToken(refresh_token);
    expect(published).toBe(0);
    expect(messages).toEqual([['express-wechat-auth:token.refreshed', facts()]]);
    expect(durationOf(0)).toBeGreaterThan(0);
  });

  it.each([
    ['that WeChat refuses', 40030, 'reauthorize'],
    ['that WeChat refuses for now', 45011, 'rate_limit'],
  ])('name the failure of a refresh that the app calls itself, %s', async (_what, errcode, kind) => {
    const { oauth } = await oauthWith();
    const { refresh_token } = await fixture.issueToken();
    fixture.emulator.fail('refresh_token', { errcode });
    await failure(oauth.refreshAccessToken(refresh_token));
    expect(messages).toEqual([['express-wechat-auth:token.failed', { ...facts(), kind, errcode }]]);
  });

  it('name the failure of a refresh that the app calls itself, if its token is not saved', async () => {
    const { oauth, store } = await oauthWith();
    const { refresh_token } = await fixture.issueToken();
    store.set = () => Promise.reject(new Error('disk full'));
    await failure(oauth.refreshAccessToken(refresh_token));
    expect(messages).toEqual([['express-wechat-auth:token.failed', { ...facts(), kind: 'token_store' }]]);
  });

  it.each([
    ['first', 0],
    ['second', 1],
  ])('are published once if the app refreshes the same token meanwhile, as the %s', async (_which, place) => {
    const expired = expiredToken(await fixture.issueToken());
    const { oauth } = await oauthWith(expired);
    const calls = [() => oauth.getValidAccessToken(fixture.openid)];
    calls.splice(place, 0, () => oauth.refreshAccessToken(expired.refresh_token));
    await Promise.all(calls.map((call) => call()));
    expect(requestsTo('/refresh_token')).toHaveLength(1);
    expect(messages).toEqual([['express-wechat-auth:token.refreshed', facts()]]);
  });
});

describe('the debug output of wechat-auth:token', () => {
  it('names a refresh, and an expired token that stays in the store', async () => {
    const lines: string[] = [];
    jest.spyOn(createDebug, 'log').mockImplementation((...words: unknown[]) => {
      lines.push(words.join(' '));
    });
    createDebug.enable('wechat-auth:token');
    try {
      const first = await oauthWith(expiredToken(await fixture.issueToken()));
      await first.oauth.getUser(fixture.openid);
      const second = await oauthWith(expiredToken(await fixture.issueToken()));
      second.store.delete = () => Promise.reject(new Error('read only'));
      fixture.emulator.fail('refresh_token', { errcode: 40030 });
      await failure(second.oauth.getUser(fixture.openid));
    } finally {
      createDebug.disable();
    }
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/wechat-auth:token.*token refreshed/);
    expect(lines[1]).toMatch(/could not be deleted from the store/);
  });
});

describe('tokens of two apps', () => {
  it('are kept apart in one store', async () => {
    const store = new MemoryTokenStore();
    const { website, official } = fixture.emulator.apps;
    const site = fixture.createOAuth({
      tokenStore: store,
      appid: website.appId,
      appsecret: website.appSecret,
    });
    await site.getUserByCode(fixture.emulator.issueCode({ app: website.appId }));
    await fixture.createOAuth({ tokenStore: store }).getUserByCode(fixture.issueCode());
    const openid = fixture.emulator.openid('ming', website.appId);
    expect(await store.get(`${website.appId}:${openid}`)).toMatchObject({ openid });
    expect(await store.get(`${official.appId}:${openid}`)).toBeUndefined();
  });
});
