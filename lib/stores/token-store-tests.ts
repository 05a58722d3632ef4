/** The contract of a token store (token-store.ts) as tests, for any store and any test runner. */
import type { strict } from 'node:assert';
import crypto from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TOKEN_TTL_MS, type TokenData, type TokenStore } from './token-store';

/** Loaded by the first check: an app loads this file, but only its tests run the checks. */
let assert: typeof strict;

/** One rule of the contract, and its test. */
export interface TokenStoreCheck {
  /** The rule, as a sentence. */
  readonly name: string;
  /**
   * Rejects with an AssertionError if the store breaks the rule. It uses random keys, and deletes them at the
   * end.
   */
  readonly run: (store: TokenStore) => Promise<void>;
}

/**
 * A copy with the prototypes of this realm. Jest runs tests in a realm of their own, to which the objects of
 * `structuredClone()` do not belong; a strict comparison would say that they differ.
 */
function plain(token: TokenData | undefined): unknown {
  return token && JSON.parse(JSON.stringify(token));
}

/**
 * The contract of a token store as tests, one for each rule.
 *
 * @example
 * for (const { name, run } of tokenStoreTests) test(name, () => run(new MyTokenStore()));
 */
export const tokenStoreTests: readonly TokenStoreCheck[] = [
  check('returns the token that was saved, field by field', async (store, { key }) => {
    const token = aToken({ added: { 名: ['字', '👩‍👩‍👧', 'a\u0000b', null, 1.5, false] }, is_snapshotuser: 1 });
    await store.set(key, token, TOKEN_TTL_MS);
    assert.deepEqual(plain(await store.get(key)), token);
  }),
  check('returns undefined for a key that was never saved', async (store, { key, other }) => {
    assert.equal(await store.get(key), undefined);
    await store.set(key, aToken(), TOKEN_TTL_MS);
    assert.equal(await store.get(other), undefined);
  }),
  check('keeps the last of two tokens', async (store, { key }) => {
    await store.set(key, aToken(), TOKEN_TTL_MS);
    const second: TokenData = { access_token: 'second', expires_in: 7200, openid: 'oUser', create_at: 1 };
    await store.set(key, second, TOKEN_TTL_MS);
    assert.deepEqual(plain(await store.get(key)), second);
  }),
  check('deletes a token, and accepts a delete where there is none', async (store, { key, other }) => {
    await store.set(key, aToken(), TOKEN_TTL_MS);
    await store.set(other, aToken(), TOKEN_TTL_MS);
    await store.delete(key);
    await store.delete(key);
    assert.equal(await store.get(key), undefined);
    assert.ok(await store.get(other));
  }),
  check('keeps the tokens of several users and apps apart', async (store, { keys }) => {
    await Promise.all(keys.map((key) => store.set(key, aToken({ access_token: key }), TOKEN_TTL_MS)));
    const found = await Promise.all(keys.map(async (key) => (await store.get(key))?.access_token));
    assert.deepEqual(found, keys);
  }),
  check('accepts tokens of the length that WeChat may issue', async (store, { key }) => {
    const token = aToken({ access_token: '9'.repeat(512), refresh_token: '8'.repeat(512) });
    await store.set(key, token, TOKEN_TTL_MS);
    assert.deepEqual(plain(await store.get(key)), token);
  }),
  check('drops a token when its time is over', async (store, { key }) => {
    await store.set(key, aToken(), 50);
    await until(async () => (await store.get(key)) === undefined);
  }),
  check('does not keep a token whose time is over already', async (store, { key }) => {
    // A store may refuse it. Many databases read a time of 0 as no limit.
    await store.set(key, aToken(), 0).catch(() => undefined);
    await until(async () => (await store.get(key)) === undefined);
  }),
  check('counts the time from the last write', async (store, { key }) => {
    await store.set(key, aToken(), 50);
    await store.set(key, aToken({ access_token: 'second' }), TOKEN_TTL_MS);
    await sleep(100);
    assert.equal((await store.get(key))?.access_token, 'second');
  }),
  check('lock, if offered, settles as its function does', async (store, { key }) => {
    if (!store.lock) return;
    assert.equal(await store.lock(key, () => Promise.resolve('done')), 'done');
    const failure = new Error('the function under the lock failed');
    await assert.rejects(
      store.lock(key, () => Promise.reject(failure)),
      (error) => error === failure,
    );
    assert.equal(await store.lock(key, () => Promise.resolve('free again')), 'free again');
  }),
  check('lock, if offered, lets one holder run at a time', async (store, { key }) => {
    let running = 0;
    let most = 0;
    let ran = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await sleep(5);
      running -= 1;
      ran += 1;
    };
    await Promise.all(Array.from({ length: 5 }, async () => store.lock?.(key, work)));
    if (store.lock) assert.deepEqual({ most, ran }, { most: 1, ran: 5 });
  }),
  check('lock, if offered, does not block other keys', async (store, { key, other }) => {
    await store.lock?.(key, async () => {
      assert.equal(await store.lock?.(other, () => Promise.resolve('other')), 'other');
    });
  }),
  check('lock, if offered, lets its holder read and write the token', async (store, { key }) => {
    await store.lock?.(key, async () => {
      await store.set(key, aToken(), TOKEN_TTL_MS);
      assert.ok(await store.get(key));
    });
  }),
];

interface Keys {
  readonly key: string;
  readonly other: string;
  /**
   * Keys of several users of two apps. A store that ignores case, or finds keys by prefix, would mix them up.
   */
  readonly keys: readonly string[];
}

function check(name: string, body: (store: TokenStore, keys: Keys) => Promise<void>): TokenStoreCheck {
  return {
    name,
    run: async (store) => {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late: only tests need it
      assert = require('node:assert/strict') as typeof strict;
      const keys = randomKeys();
      try {
        await body(store, keys);
      } finally {
        await Promise.allSettled([keys.key, keys.other, ...keys.keys].map((key) => store.delete(key)));
      }
    },
  };
}

/**
 * Keys in the form that the package uses, `appid:openid`. They are random, so that a store in use can be
 * tested.
 */
function randomKeys(): Keys {
  const random = (bytes: number): string => crypto.randomBytes(bytes).toString('hex');
  const [app, otherApp] = [`wx${random(8)}`, `wx${random(8)}`];
  const user = `o${random(12)}-_x`;
  const keys = [app, otherApp].flatMap((id) =>
    [user, `${user}2`, user.toUpperCase()].map((one) => `${id}:${one}`),
  );
  return { key: `${app}:${user}k`, other: `${app}:${user}`, keys };
}

function aToken(fields: Partial<TokenData> = {}): TokenData {
  return {
    access_token: '91_access',
    expires_in: 7200,
    refresh_token: '91_refresh',
    openid: 'oUser',
    scope: 'snsapi_userinfo',
    unionid: 'oUnion',
    create_at: 1_767_225_600_123,
    ...fields,
  };
}

/** Waits for a condition, because some databases delete expired records only after a while. */
async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await isTrue())) {
    assert.ok(performance.now() - started < 5_000, 'the token is still there after 5 s');
    await sleep(20);
  }
}
