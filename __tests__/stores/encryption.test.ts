import crypto from 'node:crypto';
import { inspect } from 'node:util';
import Keyv from 'keyv';
import { KeyvTokenStore, RedisTokenStore } from '../../lib';
import type { EncryptionKey } from '../../lib/stores/token-record';
import { aToken, testContract } from './store-tests';

const KEY = 'wx1:oUser';
const HOUR = 3_600_000;
const [current, older, another] = ['current', 'older', 'another'].map((name) =>
  `${name} key: `.padEnd(40, name),
) as [string, string, string];
const TOKEN = aToken({ access_token: '91_CANARY_access', refresh_token: '91_CANARY_refresh' });

describe('encryptionKeys', () => {
  let engine: Map<string, string>;
  beforeEach(() => {
    engine = new Map();
  });
  const storeWith = (...encryptionKeys: EncryptionKey[]): KeyvTokenStore =>
    new KeyvTokenStore(new Keyv({ store: engine }), { encryptionKeys });
  const plain = (): KeyvTokenStore => new KeyvTokenStore(new Keyv({ store: engine }));
  const recordOf = (key: string): string =>
    (JSON.parse(engine.get(`keyv:${key}`) ?? '') as { value: string }).value;
  const put = (key: string, value: string): unknown => engine.set(`keyv:${key}`, JSON.stringify({ value }));

  testContract(() => new KeyvTokenStore(new Keyv(), { encryptionKeys: [current, older] }));

  it('leave no part of a token readable in the record', async () => {
    await storeWith(current).set(KEY, TOKEN, HOUR);
    const record = recordOf(KEY);
    const bytes = Buffer.from(record.split(':').at(-1) ?? '', 'base64url').toString('latin1');
    for (const secret of ['CANARY', 'oUser', 'access_token']) expect(record + bytes).not.toContain(secret);
  });

  it('write the same token differently each time', async () => {
    const records = new Set<string>();
    for (let at = 0; at < 20; at++) {
      await storeWith(current).set(KEY, TOKEN, HOUR);
      records.add(recordOf(KEY));
    }
    expect(records.size).toBe(20);
  });

  it('can be changed: the older key still decrypts, and the next write uses the current key', async () => {
    await storeWith(older).set(KEY, TOKEN, HOUR);
    const both = storeWith(current, older);
    expect(await both.get(KEY)).toEqual(TOKEN);
    await both.set(KEY, TOKEN, HOUR);
    expect(await storeWith(current).get(KEY)).toEqual(TOKEN);
    await expect(storeWith(older).get(KEY)).rejects.toMatchObject({ kind: 'token_store' });
  });

  it('are named as the cause if they are wrong, but not shown', async () => {
    await storeWith(current).set(KEY, TOKEN, HOUR);
    const error: unknown = await storeWith(another, older)
      .get(KEY)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: 'token_store', code: 'ERR_WECHAT_TOKEN_STORE' });
    expect((error as Error).message).toMatch(/a key that is not among encryptionKeys\. Add the older key/);
    expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/key: c|key: a|key: o|CANARY/);
  });

  it('are named in the error if the record is encrypted and the store has no keys', async () => {
    await storeWith(current).set(KEY, TOKEN, HOUR);
    await expect(plain().get(KEY)).rejects.toThrow(/is encrypted, but the store has no encryptionKeys/);
  });

  it('detect a change of any character', async () => {
    await storeWith(current).set(KEY, TOKEN, HOUR);
    const record = recordOf(KEY);
    for (let at = 0; at < record.length; at++) {
      const other = record[at] === 'A' ? 'Q' : 'A';
      put(KEY, record.slice(0, at) + other + record.slice(at + 1));
      const read = await storeWith(current)
        .get(KEY)
        .catch((error: unknown) => error);
      // Without its prefix, the record is not an encrypted one.
      if (at < 'sealed:1:'.length) expect([at, read]).toEqual([at, undefined]);
      else expect([at, read]).toEqual([at, expect.objectContaining({ kind: 'token_store' })]);
    }
  });

  it.each([0, 1, 6, 29, 30, 45, 46, 47, 100])('refuse a record that was cut to %i bytes', async (length) => {
    await storeWith(current).set(KEY, TOKEN, HOUR);
    const bytes = Buffer.from(recordOf(KEY).slice('sealed:1:'.length), 'base64url');
    put(KEY, `sealed:1:${bytes.subarray(0, length).toString('base64url')}`);
    await expect(storeWith(current).get(KEY)).rejects.toMatchObject({ kind: 'token_store' });
  });

  it("do not decrypt one user's record under another user's key", async () => {
    await storeWith(current).set(KEY, TOKEN, HOUR);
    put('wx1:oThief', recordOf(KEY));
    await expect(storeWith(current).get('wx1:oThief')).rejects.toThrow(
      /was changed since it was saved, or moved/,
    );
  });

  it('treat a record that is not encrypted as missing: the next login replaces it', async () => {
    await plain().set(KEY, TOKEN, HOUR);
    expect(await storeWith(current).get(KEY)).toBeUndefined();
  });

  it.each([
    ['32 random bytes', crypto.randomBytes(32)],
    ['more bytes', new Uint8Array(64).fill(7)],
    ['base64', crypto.randomBytes(32).toString('base64')],
    ['hex', crypto.randomBytes(32).toString('hex')],
    ['a long sentence in Chinese', '密'.repeat(32)],
  ])('may be %s', async (_, key) => {
    await storeWith(key).set(KEY, TOKEN, HOUR);
    expect(await storeWith(key).get(KEY)).toEqual(TOKEN);
  });

  it.each([
    ['an empty list', [], /encryptionKeys is empty/],
    ['a string in place of a list', current, /encryptionKeys is not a list/],
    [
      'a short string',
      [current, 'CANARY short'],
      /encryptionKeys\[1\] has 12 characters, but at least 32 are needed/,
    ],
    ['too few bytes', [Buffer.alloc(16)], /encryptionKeys\[0\] has 16 bytes/],
    ['a variable that is missing in the environment', [undefined], /encryptionKeys\[0\] is undefined/],
    ['null', [null], /encryptionKeys\[0\] is null/],
  ])('are refused when the store is made: %s', (_, keys, words) => {
    const stores = [
      () => new KeyvTokenStore(new Keyv(), { encryptionKeys: keys as never }),
      () => new RedisTokenStore(redisLike, { encryptionKeys: keys as never }),
    ];
    for (const make of stores) {
      expect(make).toThrow(words);
      expect(make).toThrow(expect.objectContaining({ kind: 'config' }) as Error);
      expect(make).not.toThrow(/CANARY/);
    }
  });

  it('count as not given if they are undefined', async () => {
    await new KeyvTokenStore(new Keyv({ store: engine }), { encryptionKeys: undefined }).set(
      KEY,
      TOKEN,
      HOUR,
    );
    expect(recordOf(KEY)).toContain('CANARY');
  });

  it('are not shown when the store is logged', () => {
    expect(inspect(storeWith(current), { depth: 20 }) + JSON.stringify(storeWith(current))).not.toContain(
      'current key',
    );
  });
});

const nothing = (): Promise<unknown> => Promise.resolve(null);
const redisLike = { get: nothing, psetex: nothing, del: nothing, eval: nothing };
