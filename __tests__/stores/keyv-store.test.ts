import { EventEmitter } from 'node:events';
import { inspect } from 'node:util';
import Keyv from 'keyv';
import { KeyvTokenStore, isWechatError, type KeyvLike } from '../../lib';
import { aToken, testContract } from './store-tests';

const DAY = 24 * 3_600_000;
const TOKEN = aToken({ access_token: '91_CANARY_access_token', refresh_token: '91_CANARY_refresh_token' });

describe('KeyvTokenStore', () => {
  testContract(() => new KeyvTokenStore(new Keyv()));

  it('writes to the key of the token in the namespace of the Keyv, with its time to live', async () => {
    const engine = new Map<string, string>();
    const store = new KeyvTokenStore(new Keyv({ store: engine, namespace: 'shop' }));
    await store.set('wx1:oUser', TOKEN, 30 * DAY);
    expect([...engine.keys()]).toEqual(['shop:wx1:oUser']);
    const { expires } = JSON.parse(engine.get('shop:wx1:oUser') ?? '') as { expires: number };
    expect(Math.abs(expires - Date.now() - 30 * DAY)).toBeLessThan(10_000);
  });

  it('is shared by all stores with the same database', async () => {
    const engine = new Map();
    await new KeyvTokenStore(new Keyv({ store: engine })).set('wx1:oUser', TOKEN, DAY);
    expect(await new KeyvTokenStore(new Keyv({ store: engine })).get('wx1:oUser')).toEqual(TOKEN);
  });

  it('offers no lock, because Keyv has none', () => {
    expect('lock' in new KeyvTokenStore(new Keyv())).toBe(false);
  });

  /** A database that fails, and quotes its arguments in the error. */
  const failing = (): Map<string, unknown> => {
    const engine = new Map<string, unknown>();
    const fail = (...given: unknown[]): never => {
      throw Object.assign(new Error(`disk full: ${given.join(' ')}`), { code: 'ENOSPC', command: { given } });
    };
    return Object.assign(engine, { get: fail, set: fail, delete: fail });
  };
  /** An adapter that reports its failures only by an event, as @keyv/redis does. */
  const onlyEmitting = (): EventEmitter => {
    const fail = async function (this: EventEmitter, ...given: unknown[]): Promise<undefined> {
      await Promise.resolve();
      this.emit('error', new Error(`the server is away: ${given.join(' ')}`));
      return undefined;
    };
    return Object.assign(new EventEmitter(), { get: fail, set: fail, delete: fail, clear: fail, opts: {} });
  };
  /** An object with the methods of a Keyv. It reports a failed write only by `false`. */
  const onlyFalse: KeyvLike = {
    get: () => Promise.reject(new Error('no')),
    set: () => Promise.resolve(false),
    delete: () => Promise.reject(new Error('no')),
  };

  it.each([
    ['Keyv resolves although the database failed', () => new Keyv({ store: failing() }), /disk full/],
    ['Keyv throws', () => new Keyv({ store: failing(), throwOnErrors: true }), /disk full/],
    [
      'Keyv emits no event',
      () => new Keyv({ store: failing(), emitErrors: false }),
      /did not write|disk full/,
    ],
    ['the adapter only emits an event', () => new Keyv({ store: onlyEmitting() }), /the server is away/],
    ['a write only resolves with false', () => onlyFalse, /did not write the token|no\./],
  ])('rejects if %s', async (_, open, words) => {
    const store = new KeyvTokenStore(open());
    const errors = await Promise.all(
      [store.set('wx1:oUser', TOKEN, DAY), store.get('wx1:oUser')].map((work) =>
        work.then(
          () => undefined,
          (error: unknown) => error,
        ),
      ),
    );
    for (const error of errors) {
      expect(isWechatError(error) && error.kind).toBe('token_store');
      expect((error as Error).message).toMatch(words);
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('CANARY');
    }
  });

  it('rejects if a delete fails, but not if there was nothing to delete', async () => {
    await expect(new KeyvTokenStore(new Keyv({ store: failing() })).delete('k')).rejects.toMatchObject({
      kind: 'token_store',
    });
    await expect(new KeyvTokenStore(new Keyv()).delete('k')).resolves.toBeUndefined();
  });

  it.each([
    ['another string', '{"access_token"'],
    ['something else of the app', { name: 'cart' }],
    ['a number', 7],
  ])('says that the record is not a token: %s', async (_, value) => {
    const keyv = new Keyv();
    await keyv.set('wx1:oUser', value);
    await expect(new KeyvTokenStore(keyv).get('wx1:oUser')).rejects.toThrow(
      /record of wx1:oUser is not a token/,
    );
  });

  it('reads a token that an app saved as an object', async () => {
    const keyv = new Keyv();
    await keyv.set('wx1:oUser', TOKEN);
    expect(await new KeyvTokenStore(keyv).get('wx1:oUser')).toEqual(TOKEN);
  });

  it.each([undefined, null, {}, 'redis://', new EventEmitter()])('refuses %p in place of a Keyv', (keyv) => {
    expect(() => new KeyvTokenStore(keyv as never)).toThrow(
      expect.objectContaining({ kind: 'config' }) as Error,
    );
  });

  it('accepts a Map in place of a Keyv', async () => {
    const store = new KeyvTokenStore(new Map() as never);
    await store.set('wx1:oUser', TOKEN, DAY);
    expect(await store.get('wx1:oUser')).toEqual(TOKEN);
  });

  it('shows no token when it is logged', async () => {
    const store = new KeyvTokenStore(new Keyv());
    await store.set('wx1:oUser', TOKEN, DAY);
    expect(inspect(store, { depth: 20 }) + JSON.stringify(store)).not.toContain('CANARY');
  });
});
