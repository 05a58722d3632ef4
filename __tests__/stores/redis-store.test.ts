import { inspect } from 'node:util';
import { Cluster, Redis } from 'ioredis';
import { RESP_TYPES, createClient, createClientPool, createCluster, createSentinel } from 'redis';
import { HOOK_LIMIT_MS, LOCK_LIMIT_MS } from '../../lib/async/time-limit';
import { RedisTokenStore, isWechatError, tokenStoreTests, type RedisClient } from '../../lib';
import type { IORedisClient } from '../../lib/stores/redis-store';
import { describeOnRedis, startRedis, startSentinel, type RedisServer } from '../support/redis';
import { aToken, testContract } from './store-tests';

const DAY = 24 * 3_600_000;
const KEY = 'wx1:oUser';
const TOKEN = aToken({ access_token: '91_CANARY_access_token', refresh_token: '91_CANARY_refresh_token' });

interface Servers {
  readonly single: RedisServer;
  readonly cluster: RedisServer;
  readonly sentinel: RedisServer;
}
let servers: Servers;
/** Functions that close the clients, the last client first. */
const cleanups: (() => unknown)[] = [];

async function startServers(): Promise<Servers> {
  const single = await startRedis();
  const [cluster, sentinel] = await Promise.all([
    startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'] }),
    startSentinel(single),
  ]);
  const node = new Redis(cluster.port);
  await node.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  while (!String(await node.call('CLUSTER', 'INFO')).includes('cluster_state:ok'));
  node.disconnect();
  return { single, cluster, sentinel };
}

/** Closes a client after the tests. Its error event is ignored, since the failed calls reject, too. */
function closeLater<T extends { on(event: string, listener: () => void): unknown }>(
  client: T,
  close: (client: T) => unknown,
): T {
  client.on('error', () => undefined);
  cleanups.unshift(() => close(client));
  return client;
}

const destroy = (client: { destroy(): unknown }): unknown => client.destroy();
const disconnect = (client: { disconnect(): unknown }): unknown => client.disconnect();

/** Every kind of client, connected. */
const CLIENTS: Readonly<Record<string, () => Promise<RedisClient>>> = {
  'node-redis': () => closeLater(createClient({ url: servers.single.url }), destroy).connect(),
  'node-redis with RESP 2': () =>
    closeLater(createClient({ url: servers.single.url, RESP: 2 }), destroy).connect(),
  'node-redis that returns buffers': async () =>
    closeLater(await createClient({ url: servers.single.url }).connect(), destroy).withTypeMapping({
      [RESP_TYPES.BLOB_STRING]: Buffer,
    }),
  'a pool of node-redis': async () => {
    const pool = closeLater(createClientPool({ url: servers.single.url }), destroy);
    await pool.connect();
    return pool;
  },
  'node-redis on a Cluster': () =>
    closeLater(createCluster({ rootNodes: [{ url: servers.cluster.url }] }), destroy).connect(),
  'node-redis on Sentinel': () =>
    closeLater(
      createSentinel({
        name: 'main',
        sentinelRootNodes: [{ host: '127.0.0.1', port: servers.sentinel.port }],
      }),
      destroy,
    ).connect(),
  ioredis: () => Promise.resolve(closeLater(new Redis(servers.single.port), disconnect)),
  'ioredis with automatic pipelining': () =>
    Promise.resolve(closeLater(new Redis(servers.single.port, { enableAutoPipelining: true }), disconnect)),
  'ioredis with its own key prefix': () =>
    Promise.resolve(closeLater(new Redis(servers.single.port, { keyPrefix: 'shop:' }), disconnect)),
  'ioredis on a Cluster': () =>
    Promise.resolve(closeLater(new Cluster([{ host: '127.0.0.1', port: servers.cluster.port }]), disconnect)),
  'ioredis on Sentinel': () =>
    Promise.resolve(
      closeLater(
        new Redis({ name: 'main', sentinels: [{ host: '127.0.0.1', port: servers.sentinel.port }] }),
        disconnect,
      ),
    ),
};

async function connected(name: string): Promise<RedisClient> {
  const connect = CLIENTS[name];
  if (!connect) throw new Error(`no such client: ${name}`);
  return connect();
}

describeOnRedis('RedisTokenStore', () => {
  /** Reads and writes in Redis, without the store. */
  let direct: Redis;

  beforeAll(async () => {
    servers = await startServers();
    direct = closeLater(new Redis(servers.single.port), disconnect);
  });
  afterAll(async () => {
    for (const close of cleanups) await close();
    const { single, cluster, sentinel } = servers;
    await Promise.all([single.close(), cluster.close(), sentinel.close()]);
  });

  describe.each(Object.entries(CLIENTS))('with %s', (_, connect) => {
    let client: RedisClient;
    beforeAll(async () => {
      client = await connect();
    });
    testContract(() => new RedisTokenStore(client, { prefix: 'a:' }));
  });

  it('writes to prefix and key with its time to live, and releases its lock', async () => {
    const store = new RedisTokenStore(direct, { prefix: 'shop:token:' });
    await store.lock(KEY, async () => {
      await store.set(KEY, TOKEN, 30 * DAY);
      expect((await direct.keys('shop:token:*')).sort()).toEqual([
        `shop:token:${KEY}`,
        `shop:token:${KEY}:lock`,
      ]);
    });
    expect(await direct.keys('shop:token:*')).toEqual([`shop:token:${KEY}`]);
    expect(JSON.parse((await direct.get(`shop:token:${KEY}`)) ?? '')).toEqual(TOKEN);
    expect(await direct.pttl(`shop:token:${KEY}`)).toBeGreaterThan(29.9 * DAY);
  });

  it('is shared by all stores with the same Redis and prefix, whatever their client', async () => {
    const one = await connected('node-redis');
    const other = await connected('ioredis');
    await new RedisTokenStore(one).set(KEY, TOKEN, DAY);
    expect(await new RedisTokenStore(other).get(KEY)).toEqual(TOKEN);
    expect(await new RedisTokenStore(other, { prefix: 'other:' }).get(KEY)).toBeUndefined();
    expect(await direct.exists(`wechat-token:${KEY}`)).toBe(1);
  });

  it('can encrypt its records', async () => {
    const encryptionKeys = ['a key to encrypt with, 32 characters'];
    const store = new RedisTokenStore(direct, { prefix: 'sealed:', encryptionKeys });
    for (const { run } of tokenStoreTests) await run(store);
    await store.set(KEY, TOKEN, DAY);
    expect(await direct.get(`sealed:${KEY}`)).not.toMatch(/CANARY|oUser/);
  });

  it.each([undefined, null, {}, 'redis://127.0.0.1', new Map()])(
    'refuses %p in place of a client',
    (client) => {
      expect(() => new RedisTokenStore(client as never)).toThrow(
        expect.objectContaining({ kind: 'config' }) as Error,
      );
    },
  );

  describe('its lock', () => {
    it('is held as long as the work takes, and at most 8 s after its holder died', async () => {
      const store = new RedisTokenStore(direct, { prefix: 'b:' });
      await store.lock(KEY, async () => {
        const left = await direct.pttl(`b:${KEY}:lock`);
        expect(left).toBeGreaterThan(5_000);
        expect(left).toBeLessThan(8_000);
        // The lock is now about to expire, so the heartbeat must extend it.
        await direct.pexpire(`b:${KEY}:lock`, 3_000);
        while ((await direct.pttl(`b:${KEY}:lock`)) < 5_000)
          await new Promise((done) => setTimeout(done, 50));
      });
      expect(await direct.exists(`b:${KEY}:lock`)).toBe(0);
    });

    it('is released only by its holder', async () => {
      const store = new RedisTokenStore(direct, { prefix: 'c:' });
      await store.lock(KEY, async () => {
        await direct.set(`c:${KEY}:lock`, 'a later holder');
      });
      expect(await direct.get(`c:${KEY}:lock`)).toBe('a later holder');
    });

    it('is waited for, and taken when it is free', async () => {
      const store = new RedisTokenStore(direct, { prefix: 'd:' });
      await direct.set(`d:${KEY}:lock`, 'a holder that died', 'PX', 300);
      await expect(store.lock(KEY, () => Promise.resolve('ours'))).resolves.toBe('ours');
    });

    // A second process would otherwise run onLogin for the same login.
    it('is waited for while its holder waits for WeChat (5 s), for onLogin, and for Redis', async () => {
      const store = new RedisTokenStore(direct, { prefix: 'w:' });
      await direct.set(`w:${KEY}:lock`, 'a holder that runs onLogin');
      const now = jest.spyOn(performance, 'now');
      now.mockReturnValueOnce(0).mockReturnValue(5_000 + HOOK_LIMIT_MS + 2_000);
      try {
        const work = store.lock(KEY, () => Promise.resolve('ours'));
        await Promise.race([work, new Promise((done) => setTimeout(done, 200))]);
        await direct.del(`w:${KEY}:lock`);
        await expect(work).resolves.toBe('ours');
      } finally {
        now.mockRestore();
      }
    });

    it('is waited for at most 28 s, which is less than the caller waits', async () => {
      expect(LOCK_LIMIT_MS).toBeGreaterThan(28_000);
      const store = new RedisTokenStore(direct, { prefix: 'e:' });
      await direct.set(`e:${KEY}:lock`, 'a holder that never releases it');
      const now = jest.spyOn(performance, 'now');
      now.mockReturnValueOnce(0).mockReturnValue(28_001);
      try {
        await expect(store.lock(KEY, () => Promise.resolve())).rejects.toMatchObject({
          kind: 'token_store',
          message: expect.stringContaining('was not free within 28000 ms') as string,
          retryable: true,
        });
      } finally {
        now.mockRestore();
      }
    });
  });

  describe('its errors', () => {
    const failing = async (client: RedisClient): Promise<unknown[]> => {
      const store = new RedisTokenStore(client, { prefix: 'f:' });
      const work = [
        store.get(KEY),
        store.set(KEY, TOKEN, DAY),
        store.delete(KEY),
        store.lock(KEY, () => Promise.resolve()),
      ];
      const errors = await Promise.all(
        work.map((call) =>
          call.then(
            () => undefined,
            (error: unknown) => error,
          ),
        ),
      );
      for (const error of errors.filter((each) => each !== undefined)) {
        expect(isWechatError(error) && error.kind).toBe('token_store');
        expect(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)).not.toContain(
          'CANARY',
        );
      }
      return errors;
    };

    it.each(['node-redis', 'ioredis', 'node-redis on a Cluster', 'ioredis on a Cluster'])(
      'hold no token, although %s puts the command into the errors that it throws',
      async (name) => {
        const client = await connected(name);
        const admin = new Redis(name.endsWith('Cluster') ? servers.cluster.port : servers.single.port);
        try {
          await admin.config('SET', 'maxmemory', '1');
          const errors = await failing(client);
          expect(errors[1]).toMatchObject({
            message: expect.stringMatching(/failed \(set\): .*OOM/) as string,
          });
          expect(errors[3]).toMatchObject({
            message: expect.stringMatching(/failed \(lock\): .*OOM/) as string,
          });
        } finally {
          await admin.config('SET', 'maxmemory', '0');
          admin.disconnect();
        }
      },
    );

    it('say that Redis does not know a command, but not which arguments Redis quotes', async () => {
      const user = closeLater(new Redis(servers.single.port), disconnect);
      const old: IORedisClient = {
        get: (key) => user.get(key),
        del: (key) => user.del(key),
        eval: (script, keys, ...rest) => user.eval(script, keys, ...rest),
        psetex: (key, ms, value) => user.call('OLDSET', value.slice(0, 60), key, ms),
      };
      const store = new RedisTokenStore(old);
      const error: unknown = await store.set(KEY, TOKEN, DAY).catch((reason: unknown) => reason);
      expect((error as Error).message).toMatch(/unknown command 'OLDSET'\. Check it/);
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('CANARY');
    });

    it('report a key of another type, and a record that is not a token', async () => {
      const store = new RedisTokenStore(direct, { prefix: 'g:' });
      await direct.lpush('g:wx1:list', 'x');
      await expect(store.get('wx1:list')).rejects.toMatchObject({ kind: 'token_store' });
      for (const record of ['', 'x', '{"a":1}', 'null', '"text"', '{"access_token":"91_CANARY']) {
        await direct.set(`g:${KEY}`, record);
        await expect(store.get(KEY)).rejects.toThrow(/The record of wx1:oUser is not a token/);
      }
    });

    it('report a write that Redis did not confirm', async () => {
      const silent = { get: nothing, psetex: nothing, del: nothing, eval: nothing };
      await expect(new RedisTokenStore(silent).set(KEY, TOKEN, DAY)).rejects.toThrow(/reply was not OK/);
    });
  });
});

const nothing = (): Promise<unknown> => Promise.resolve(null);
