import { inspect } from 'node:util';
import { Cluster, Redis } from 'ioredis';
import { RESP_TYPES, createClient, createClientPool, createCluster, createSentinel } from 'redis';
import { RedisTokenStore, isWechatError, tokenStoreTests, type RedisClient } from '../../lib';
import type { IORedisClient } from '../../lib/stores/redis-store';
import { hasRedis, startRedis, startSentinel, type RedisServer } from '../support/redis';
import { aToken, keepsTheContract } from './store-tests';

const DAY = 24 * 3_600_000;
const KEY = 'wx1:oUser';
const TOKEN = aToken({ access_token: '91_CANARY_access_token', refresh_token: '91_CANARY_refresh_token' });

interface Servers {
  readonly single: RedisServer;
  readonly cluster: RedisServer;
  readonly sentinel: RedisServer;
}
let servers: Servers;
/** What ends the clients, last one first. */
const endings: (() => unknown)[] = [];

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

/** Remembers how to end it, and keeps its errors to the calls that meet them. */
function own<T extends { on(event: string, listener: () => void): unknown }>(
  client: T,
  end: (client: T) => unknown,
): T {
  client.on('error', () => undefined);
  endings.unshift(() => end(client));
  return client;
}

const destroy = (client: { destroy(): unknown }): unknown => client.destroy();
const disconnect = (client: { disconnect(): unknown }): unknown => client.disconnect();

/** Every kind of client, connected. */
const CLIENTS: Readonly<Record<string, () => Promise<RedisClient>>> = {
  'node-redis': () => own(createClient({ url: servers.single.url }), destroy).connect(),
  'node-redis that speaks RESP 2': () =>
    own(createClient({ url: servers.single.url, RESP: 2 }), destroy).connect(),
  'node-redis that answers bytes': async () =>
    own(await createClient({ url: servers.single.url }).connect(), destroy).withTypeMapping({
      [RESP_TYPES.BLOB_STRING]: Buffer,
    }),
  'a pool of node-redis': async () => {
    const pool = own(createClientPool({ url: servers.single.url }), destroy);
    await pool.connect();
    return pool;
  },
  'node-redis on a Cluster': () =>
    own(createCluster({ rootNodes: [{ url: servers.cluster.url }] }), destroy).connect(),
  'node-redis on Sentinel': () =>
    own(
      createSentinel({
        name: 'main',
        sentinelRootNodes: [{ host: '127.0.0.1', port: servers.sentinel.port }],
      }),
      destroy,
    ).connect(),
  ioredis: () => Promise.resolve(own(new Redis(servers.single.port), disconnect)),
  'ioredis that pipelines by itself': () =>
    Promise.resolve(own(new Redis(servers.single.port, { enableAutoPipelining: true }), disconnect)),
  'ioredis with a prefix of its own': () =>
    Promise.resolve(own(new Redis(servers.single.port, { keyPrefix: 'shop:' }), disconnect)),
  'ioredis on a Cluster': () =>
    Promise.resolve(own(new Cluster([{ host: '127.0.0.1', port: servers.cluster.port }]), disconnect)),
  'ioredis on Sentinel': () =>
    Promise.resolve(
      own(
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

const describeOnRedis = hasRedis() ? describe : describe.skip;

describeOnRedis('RedisTokenStore', () => {
  /** To look into the engine with, past the store. */
  let look: Redis;

  beforeAll(async () => {
    servers = await startServers();
    look = own(new Redis(servers.single.port), disconnect);
  });
  afterAll(async () => {
    for (const end of endings) await end();
    const { single, cluster, sentinel } = servers;
    await Promise.all([single.close(), cluster.close(), sentinel.close()]);
  });

  describe.each(Object.entries(CLIENTS))('with %s', (_, connect) => {
    let client: RedisClient;
    beforeAll(async () => {
      client = await connect();
    });
    keepsTheContract(() => new RedisTokenStore(client, { prefix: 'a:' }));
  });

  it('writes under prefix and key, with its time to live, and gives its lock back', async () => {
    const store = new RedisTokenStore(look, { prefix: 'shop:token:' });
    await store.lock(KEY, async () => {
      await store.set(KEY, TOKEN, 30 * DAY);
      expect((await look.keys('shop:token:*')).sort()).toEqual([
        `shop:token:${KEY}`,
        `shop:token:${KEY}:lock`,
      ]);
    });
    expect(await look.keys('shop:token:*')).toEqual([`shop:token:${KEY}`]);
    expect(JSON.parse((await look.get(`shop:token:${KEY}`)) ?? '')).toEqual(TOKEN);
    expect(await look.pttl(`shop:token:${KEY}`)).toBeGreaterThan(29.9 * DAY);
  });

  it('is shared by all who have the same Redis and prefix, whatever their client', async () => {
    const one = await connected('node-redis');
    const other = await connected('ioredis');
    await new RedisTokenStore(one).set(KEY, TOKEN, DAY);
    expect(await new RedisTokenStore(other).get(KEY)).toEqual(TOKEN);
    expect(await new RedisTokenStore(other, { prefix: 'other:' }).get(KEY)).toBeUndefined();
    expect(await look.exists(`wechat-token:${KEY}`)).toBe(1);
  });

  it('can encrypt what it writes', async () => {
    const encryptionKeys = ['a key to encrypt with, 32 characters'];
    const store = new RedisTokenStore(look, { prefix: 'sealed:', encryptionKeys });
    for (const { run } of tokenStoreTests) await run(store);
    await store.set(KEY, TOKEN, DAY);
    expect(await look.get(`sealed:${KEY}`)).not.toMatch(/CANARY|oUser/);
  });

  it.each([undefined, null, {}, 'redis://127.0.0.1', new Map()])('refuses %p for a client', (client) => {
    expect(() => new RedisTokenStore(client as never)).toThrow(
      expect.objectContaining({ kind: 'config' }) as Error,
    );
  });

  describe('its lock', () => {
    it('is held as long as the work takes, and not longer than 8 s by who has died', async () => {
      const store = new RedisTokenStore(look, { prefix: 'b:' });
      await store.lock(KEY, async () => {
        const left = await look.pttl(`b:${KEY}:lock`);
        expect(left).toBeGreaterThan(5_000);
        expect(left).toBeLessThan(8_000);
        // As if nearly all of it were over: the heartbeat makes it last.
        await look.pexpire(`b:${KEY}:lock`, 3_000);
        while ((await look.pttl(`b:${KEY}:lock`)) < 5_000) await new Promise((done) => setTimeout(done, 50));
      });
      expect(await look.exists(`b:${KEY}:lock`)).toBe(0);
    });

    it('is given back by its owner only', async () => {
      const store = new RedisTokenStore(look, { prefix: 'c:' });
      await store.lock(KEY, async () => {
        await look.set(`c:${KEY}:lock`, 'who came after it had run out');
      });
      expect(await look.get(`c:${KEY}:lock`)).toBe('who came after it had run out');
    });

    it('is waited for, and taken as soon as it is free', async () => {
      const store = new RedisTokenStore(look, { prefix: 'd:' });
      await look.set(`d:${KEY}:lock`, 'who has died', 'PX', 300);
      await expect(store.lock(KEY, () => Promise.resolve('ours'))).resolves.toBe('ours');
    });

    it('is not waited for without end', async () => {
      const store = new RedisTokenStore(look, { prefix: 'e:' });
      await look.set(`e:${KEY}:lock`, 'who never ends');
      const now = jest.spyOn(performance, 'now');
      now.mockReturnValueOnce(0).mockReturnValue(15_001);
      try {
        await expect(store.lock(KEY, () => Promise.resolve())).rejects.toMatchObject({
          kind: 'token_store',
          message: expect.stringContaining('was not free within 15000 ms') as string,
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
      'hold no token, though %s puts the command into its own',
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

    it('say what an engine that does not know the command says, but not what it quotes', async () => {
      const user = own(new Redis(servers.single.port), disconnect);
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

    it('tell of a key of another kind, and of a record that is no token', async () => {
      const store = new RedisTokenStore(look, { prefix: 'g:' });
      await look.lpush('g:wx1:list', 'x');
      await expect(store.get('wx1:list')).rejects.toMatchObject({ kind: 'token_store' });
      for (const record of ['', 'x', '{"a":1}', 'null', '"text"', '{"access_token":"91_CANARY']) {
        await look.set(`g:${KEY}`, record);
        await expect(store.get(KEY)).rejects.toThrow(/What is stored for wx1:oUser is no token/);
      }
    });

    it('tell of a write that was not confirmed', async () => {
      const vague = { get: nothing, psetex: nothing, del: nothing, eval: nothing };
      await expect(new RedisTokenStore(vague).set(KEY, TOKEN, DAY)).rejects.toThrow(/did not say OK/);
    });
  });
});

const nothing = (): Promise<unknown> => Promise.resolve(null);
