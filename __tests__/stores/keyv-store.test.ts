import { EventEmitter } from 'node:events';
import { inspect } from 'node:util';
import Keyv from 'keyv';
import { KeyvTokenStore, isWechatError, type KeyvLike } from '../../lib';
import { aToken, keepsTheContract } from './store-tests';

const DAY = 24 * 3_600_000;
const TOKEN = aToken({ access_token: '91_CANARY_access_token', refresh_token: '91_CANARY_refresh_token' });

describe('KeyvTokenStore', () => {
  keepsTheContract(() => new KeyvTokenStore(new Keyv()));

  it('writes under the key of the token, with its time to live, into the namespace of the Keyv', async () => {
    const engine = new Map<string, string>();
    const store = new KeyvTokenStore(new Keyv({ store: engine, namespace: 'shop' }));
    await store.set('wx1:oUser', TOKEN, 30 * DAY);
    expect([...engine.keys()]).toEqual(['shop:wx1:oUser']);
    const { expires } = JSON.parse(engine.get('shop:wx1:oUser') ?? '') as { expires: number };
    expect(Math.abs(expires - Date.now() - 30 * DAY)).toBeLessThan(10_000);
  });

  it('is shared by all who have the same engine', async () => {
    const engine = new Map();
    await new KeyvTokenStore(new Keyv({ store: engine })).set('wx1:oUser', TOKEN, DAY);
    expect(await new KeyvTokenStore(new Keyv({ store: engine })).get('wx1:oUser')).toEqual(TOKEN);
  });

  it('offers no lock: Keyv has none', () => {
    expect('lock' in new KeyvTokenStore(new Keyv())).toBe(false);
  });

  /** An engine that is out of order, and quotes what it was given. */
  const broken = (): Map<string, unknown> => {
    const engine = new Map<string, unknown>();
    const fail = (...given: unknown[]): never => {
      throw Object.assign(new Error(`disk full: ${given.join(' ')}`), { code: 'ENOSPC', command: { given } });
    };
    return Object.assign(engine, { get: fail, set: fail, delete: fail });
  };
  /** An adapter that only tells of its failures, as @keyv/redis does. */
  const telling = (): EventEmitter => {
    const fail = async function (this: EventEmitter, ...given: unknown[]): Promise<undefined> {
      await Promise.resolve();
      this.emit('error', new Error(`the server is away: ${given.join(' ')}`));
      return undefined;
    };
    return Object.assign(new EventEmitter(), { get: fail, set: fail, delete: fail, clear: fail, opts: {} });
  };
  /** Shaped like a Keyv, and says no more than false. */
  const mute: KeyvLike = {
    get: () => Promise.reject(new Error('no')),
    set: () => Promise.resolve(false),
    delete: () => Promise.reject(new Error('no')),
  };

  it.each([
    ['Keyv swallowed the error of its engine', () => new Keyv({ store: broken() }), /disk full/],
    ['Keyv throws', () => new Keyv({ store: broken(), throwOnErrors: true }), /disk full/],
    ['Keyv tells nobody', () => new Keyv({ store: broken(), emitErrors: false }), /did not write|disk full/],
    ['the adapter only tells', () => new Keyv({ store: telling() }), /the server is away/],
    ['it only says false', () => mute, /did not write the token|no\./],
  ])('makes an error of what failed, where %s', async (_, open, words) => {
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

  it('makes an error of a delete that failed, and none of one that found nothing', async () => {
    await expect(new KeyvTokenStore(new Keyv({ store: broken() })).delete('k')).rejects.toMatchObject({
      kind: 'token_store',
    });
    await expect(new KeyvTokenStore(new Keyv()).delete('k')).resolves.toBeUndefined();
  });

  it.each([
    ['another string', '{"access_token"'],
    ['something else of the app', { name: 'cart' }],
    ['a number', 7],
  ])('says that what is stored is no token: %s', async (_, value) => {
    const keyv = new Keyv();
    await keyv.set('wx1:oUser', value);
    await expect(new KeyvTokenStore(keyv).get('wx1:oUser')).rejects.toThrow(
      /stored for wx1:oUser is no token/,
    );
  });

  it('reads what an app had put there as an object', async () => {
    const keyv = new Keyv();
    await keyv.set('wx1:oUser', TOKEN);
    expect(await new KeyvTokenStore(keyv).get('wx1:oUser')).toEqual(TOKEN);
  });

  it.each([undefined, null, {}, 'redis://', new EventEmitter()])('refuses %p for a Keyv', (keyv) => {
    expect(() => new KeyvTokenStore(keyv as never)).toThrow(
      expect.objectContaining({ kind: 'config' }) as Error,
    );
  });

  it('takes a Map for one', async () => {
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
