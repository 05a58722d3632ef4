import { inspect } from 'node:util';
import { MemoryTokenStore, WechatAuthError, type TokenData } from '../../lib';
import { aToken, testContract } from './store-tests';

const DAY = 24 * 3_600_000;

describe('MemoryTokenStore', () => {
  testContract(() => new MemoryTokenStore());

  afterEach(() => jest.useRealTimers());

  it('drops a token when its time is over', async () => {
    jest.useFakeTimers();
    const store = new MemoryTokenStore();
    await store.set('wx:o', aToken(), 30 * DAY);
    jest.advanceTimersByTime(30 * DAY - 1000);
    expect(await store.get('wx:o')).toBeDefined();
    jest.advanceTimersByTime(2000);
    expect(await store.get('wx:o')).toBeUndefined();
  });

  it.each([0, -1, 0.5])('does not keep a token for ever whose time is %d ms', async (ttl) => {
    jest.useFakeTimers();
    const store = new MemoryTokenStore();
    await store.set('wx:o', aToken(), ttl);
    jest.advanceTimersByTime(2);
    expect(await store.get('wx:o')).toBeUndefined();
  });

  it('counts the time from the last write', async () => {
    jest.useFakeTimers();
    const store = new MemoryTokenStore();
    await store.set('wx:o', aToken(), DAY);
    jest.advanceTimersByTime(DAY / 2);
    await store.set('wx:o', aToken(), DAY);
    jest.advanceTimersByTime((DAY * 3) / 4);
    expect(await store.get('wx:o')).toBeDefined();
  });

  it('is bounded: it drops the token that was not used for the longest time', async () => {
    const store = new MemoryTokenStore({ max: 2 });
    await store.set('a', aToken(), DAY);
    await store.set('b', aToken(), DAY);
    await store.get('a');
    await store.set('c', aToken(), DAY);
    expect(await Promise.all(['a', 'b', 'c'].map((key) => store.get(key)))).toEqual([
      expect.anything(),
      undefined,
      expect.anything(),
    ]);
  });

  it.each([0, -1, 1.5, NaN, Infinity, '100'])('refuses max: %p, and says which values are allowed', (max) => {
    expect(() => new MemoryTokenStore({ max: max as number })).toThrow(WechatAuthError);
    expect(() => new MemoryTokenStore({ max: max as number })).toThrow(/whole number of at least 1/);
  });

  it('treats undefined as not given', () => {
    expect(() => new MemoryTokenStore({ max: undefined })).not.toThrow();
  });

  it('shows no token when it is logged', async () => {
    const store = new MemoryTokenStore();
    await store.set('wx:o', aToken({ access_token: 'CANARY' }), DAY);
    expect(inspect(store, { depth: 20, showHidden: true }) + JSON.stringify(store)).not.toContain('CANARY');
  });
});

describe('a store that copies tokens by structuredClone(), as the documentation shows', () => {
  const records = new Map<string, { token: TokenData; expiresAt: number }>();
  testContract(() => ({
    // In Jest, the copies belong to another realm than the tests.
    get: (key) => {
      const record = records.get(key);
      const isValid = record !== undefined && record.expiresAt > Date.now();
      return Promise.resolve(isValid ? structuredClone(record.token) : undefined);
    },
    set: (key, token, ttlMs) => {
      records.set(key, { token: structuredClone(token), expiresAt: Date.now() + ttlMs });
      return Promise.resolve();
    },
    delete: (key) => {
      records.delete(key);
      return Promise.resolve();
    },
  }));
});
