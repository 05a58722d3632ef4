import crypto from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { LOCK_LIMIT_MS } from '../async/time-limit';
import { timers } from '../async/timers';
import { WechatAuthError } from '../errors';
import type { SharedCache } from './shared-cache';
import { callStore, storeFailure, tokensIn, type StoreFacts } from './call-store';
import { TokenRecords, type EncryptionOptions } from './token-record';
import { wholeTTL, type TokenData, type TokenStore } from './token-store';

/**
 * The methods of a node-redis client (package `redis`, version 4 or later) that the store uses. The client
 * may be a single connection, a pool, Sentinel or a Cluster.
 */
export interface NodeRedisClient {
  /** GET */
  get(key: string): Promise<unknown>;
  /** PSETEX */
  pSetEx(key: string, ms: number, value: string): Promise<unknown>;
  /** DEL */
  del(key: string): Promise<unknown>;
  /** EVAL, for the lock. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/**
 * The methods of an ioredis client that the store uses. The client may be a single connection, Sentinel or a
 * Cluster.
 */
export interface IORedisClient {
  /** GET */
  get(key: string): Promise<unknown>;
  /** PSETEX */
  psetex(key: string, ms: number, value: string): Promise<unknown>;
  /** DEL */
  del(key: string): Promise<unknown>;
  /** EVAL, for the lock. */
  eval(script: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
}

/** A client of node-redis or ioredis, connected by the app. */
export type RedisClient = NodeRedisClient | IORedisClient;

/** Options of `new RedisTokenStore()`. */
export interface RedisTokenStoreOptions extends EncryptionOptions {
  /**
   * The beginning of every key.
   *
   * @default 'wechat-token:'
   */
  readonly prefix?: string | undefined;
}

/** Shorter than STORE_LIMIT_MS, the limit of any call to a store, so that the error names Redis. */
const COMMAND_LIMIT_MS = 4_000;
/** How long a lock stays at most after its holder has died. */
const LEASE_MS = 7_000;
const RENEWAL_MS = 2_000;
/** How long to wait for a lock. Shorter than LOCK_LIMIT_MS, so that the error names the lock. */
const WAIT_LIMIT_MS = LOCK_LIMIT_MS - 2_000;
const PAUSE_MS = { least: 20, most: 80 };

/** Each script uses one key, as a Cluster requires. */
const SCRIPTS = {
  take: "return redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0",
  renew: "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('pexpire', KEYS[1], ARGV[2]) or 0",
  release: "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0",
} as const;

/**
 * Tokens in Redis, for all processes that share it. A lock makes refreshes single-flight across these
 * processes. The app creates the client, with node-redis or ioredis.
 *
 * @example
 * const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
 * const client = await createClient({ url, disableOfflineQueue: true }).connect();
 * app.use(wechatAuth({ tokenStore: new RedisTokenStore(client, { prefix: 'shop:token:' }) }));
 */
export class RedisTokenStore implements TokenStore, SharedCache {
  readonly #commands: Commands;
  readonly #prefix: string;
  readonly #records: TokenRecords;

  /**
   * @param client connected by the app, which also closes it
   * @param options the prefix of the keys, and the encryption
   * @throws WechatAuthError of kind `config` if `client` is not a Redis client, or an encryption key is too
   * short.
   */
  constructor(client: RedisClient, { prefix = 'wechat-token:', ...encryption }: RedisTokenStoreOptions = {}) {
    this.#commands = commandsOf(client);
    this.#prefix = prefix;
    this.#records = new TokenRecords('RedisTokenStore', encryption);
  }

  /**
   * The token that was last saved under this key, or `undefined`.
   *
   * @throws WechatAuthError of kind `token_store` if Redis failed or did not respond within 4 s, or if the
   * record is not a token.
   */
  async get(key: string): Promise<TokenData | undefined> {
    const record = await sendCommand('get', () => this.#commands.get(this.#prefix + key));
    return record === null || record === undefined ? undefined : this.#records.read(key, record);
  }

  /**
   * Saves a token for `ttlMs` milliseconds.
   *
   * @throws WechatAuthError of kind `token_store` if Redis failed or did not respond within 4 s.
   */
  async set(key: string, token: TokenData, ttlMs: number): Promise<void> {
    const record = this.#records.write(key, token);
    const ms = wholeTTL(ttlMs);
    const reply = await sendCommand('set', () => this.#commands.set(this.#prefix + key, ms, record), token);
    if (String(reply) !== 'OK')
      throw storeFailure(
        REDIS,
        { call: 'set' },
        'its reply was not OK, so the token may not have been written',
      );
  }

  /**
   * Deletes the token under this key, if there is one.
   *
   * @throws WechatAuthError of kind `token_store` if Redis failed or did not respond within 4 s.
   */
  async delete(key: string): Promise<void> {
    await sendCommand('delete', () => this.#commands.delete(this.#prefix + key));
  }

  /** @internal */
  async readCache(key: string): Promise<unknown> {
    return (await this.get(key))?.['entry'];
  }

  /**
   * Stored as a token record, so that it is encrypted and expires in the same way.
   *
   * @internal
   */
  async writeCache(key: string, entry: unknown, ttlMs: number): Promise<void> {
    await this.set(
      key,
      { access_token: 'none', expires_in: 0, openid: key, create_at: Date.now(), entry },
      ttlMs,
    );
  }

  /** @internal */
  async deleteCache(key: string): Promise<void> {
    await this.delete(key);
  }

  /**
   * Runs `fn` while no other process that shares this Redis runs under the same key.
   *
   * @throws WechatAuthError of kind `token_store` if the lock was not free within 28 s, or Redis failed
   * before `fn` ran.
   */
  async lock<T>(key: string, fn: () => Promise<T>): Promise<T> {
    const lock = new Lock(this.#commands, `${this.#prefix}${key}:lock`);
    await lock.take(key);
    try {
      return await fn();
    } finally {
      await lock.release();
    }
  }
}

/**
 * One holder of one lock. A random id identifies the holder, so that it cannot release a lock that another
 * one holds.
 */
class Lock {
  readonly #commands: Commands;
  readonly #name: string;
  readonly #owner = crypto.randomUUID();
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(commands: Commands, name: string) {
    this.#commands = commands;
    this.#name = name;
  }

  async take(key: string): Promise<void> {
    const started = performance.now();
    while (!(await this.#tryToTake())) {
      if (performance.now() - started > WAIT_LIMIT_MS) {
        throw new WechatAuthError(
          'token_store',
          `The lock of ${key} was not free within ${WAIT_LIMIT_MS} ms: ` +
            'another request, here or at another process, still holds it. Try again.',
        );
      }
      await timers.sleep(PAUSE_MS.least + Math.random() * (PAUSE_MS.most - PAUSE_MS.least));
    }
    this.#heartbeat = timers
      .setInterval(() => void this.#run('renew').catch(() => undefined), RENEWAL_MS)
      .unref();
  }

  async #tryToTake(): Promise<boolean> {
    try {
      return Number(await sendCommand('lock', () => this.#run('take'))) === 1;
    } catch (error) {
      // A client that queues commands may still take the lock later, when this call has already failed.
      void this.#run('release').catch(() => undefined);
      throw error;
    }
  }

  /** A failure is ignored: the work under the lock is done, and the lock expires by itself. */
  async release(): Promise<void> {
    timers.clearInterval(this.#heartbeat);
    await sendCommand('unlock', () => this.#run('release'), undefined, 1_000).catch(() => undefined);
  }

  async #run(script: keyof typeof SCRIPTS): Promise<unknown> {
    const values = script === 'release' ? [this.#owner] : [this.#owner, String(LEASE_MS)];
    return await this.#commands.run(SCRIPTS[script], this.#name, values);
  }
}

/** One name for each command, for both kinds of clients. */
interface Commands {
  get(key: string): Promise<unknown>;
  set(key: string, ms: number, value: string): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  run(script: string, key: string, values: string[]): Promise<unknown>;
}

function commandsOf(client: RedisClient): Commands {
  const { eval: run, get } = (client as Partial<RedisClient> | null | undefined) ?? {};
  if (typeof run === 'function' && typeof get === 'function') {
    const shared = {
      get: (key: string) => client.get(key),
      delete: (key: string) => client.del(key),
    };
    if ('pSetEx' in client)
      return {
        ...shared,
        set: (key, ms, value) => client.pSetEx(key, ms, value),
        run: (script, key, values) => client.eval(script, { keys: [key], arguments: values }),
      };
    if ('psetex' in client)
      return {
        ...shared,
        set: (key, ms, value) => client.psetex(key, ms, value),
        run: (script, key, values) => client.eval(script, 1, key, ...values),
      };
  }
  throw new WechatAuthError(
    'config',
    'RedisTokenStore was not given a client of node-redis (4 or later) or ioredis. ' +
      'Give the result of createClient(), createCluster(), createSentinel() or new Redis().',
  );
}

const REDIS: StoreFacts = {
  name: 'Redis',
  kind: 'token_store',
  whenLate: '; its client may be queueing while the server is away',
};

function sendCommand(
  call: string,
  command: () => Promise<unknown>,
  token?: TokenData,
  limitMs = COMMAND_LIMIT_MS,
): Promise<unknown> {
  return callStore(REDIS, { call, secrets: () => tokensIn(token), limitMs }, async () => command());
}
