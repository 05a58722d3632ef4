import path from 'node:path';
import { Redis } from 'ioredis';
import { RedisTokenStore } from '../../lib';
import { OAuthFixture, expiredToken } from '../oauth/oauth-fixture';
import { describeOnRedis, startRedis, type RedisServer } from '../support/redis';
import { startChild, type Child } from '../support/processes/child';

const DAY = 24 * 3_600_000;
const SCRIPT = path.join(__dirname, 'oauth-process.js');

interface TokenResult {
  readonly token?: string;
  readonly kind?: string;
}

describeOnRedis('four processes that share a Redis', () => {
  let fixture: OAuthFixture;
  let redis: RedisServer;
  let client: Redis;
  let store: RedisTokenStore;
  let processes: Child[];

  beforeAll(async () => {
    [fixture, redis] = await Promise.all([OAuthFixture.start(), startRedis()]);
    client = new Redis(redis.port);
    store = new RedisTokenStore(client);
    const { appId: appid, appSecret: appsecret } = fixture.emulator.apps.official;
    const config = { redis: redis.url, oauth: { appid, appsecret, endpoints: fixture.emulator.endpoints } };
    processes = await Promise.all(Array.from({ length: 4 }, () => startChild(SCRIPT, config)));
  });
  afterAll(async () => {
    await Promise.all(processes.map((each) => each.kill()));
    client.disconnect();
    await Promise.all([redis.close(), fixture.close()]);
  });

  /** Saves a token that must be refreshed. Returns its key and its openid. */
  const saveExpired = async (user: string): Promise<{ key: string; openid: string }> => {
    const token = expiredToken(await fixture.issueToken('snsapi_userinfo', user));
    const key = `${fixture.emulator.apps.official.appId}:${token.openid}`;
    await store.set(key, token, 30 * DAY);
    return { key, openid: token.openid };
  };
  const getTokens = async (children: readonly Child[], openid: string): Promise<TokenResult[]> =>
    (await Promise.all(children.map((each) => each.call({ openid, times: 100 })))).flat() as TokenResult[];

  it('refresh a token once, although each of them needs it a hundred times at once', async () => {
    const { key, openid } = await saveExpired('ming');
    const got = await getTokens(processes, openid);
    expect(fixture.countRequests('refresh_token')).toBe(1);
    expect(got).toHaveLength(400);
    expect(new Set(got.map(({ token, kind }) => kind ?? token))).toEqual(
      new Set([(await store.get(key))?.access_token]),
    );
    expect(await client.keys('*:lock')).toEqual([]);
  });

  it('take over from a process that died in the middle of a refresh', async () => {
    const { key, openid } = await saveExpired('emoji');
    const before = fixture.countRequests('refresh_token');
    fixture.emulator.fail('refresh_token', 'silence');
    const [holder, ...others] = processes as [Child, ...Child[]];
    holder.call({ openid, times: 1 }).catch(() => undefined);
    while (fixture.countRequests('refresh_token') === before)
      await new Promise((done) => setTimeout(done, 20));
    expect(await client.exists(`wechat-token:${key}:lock`)).toBe(1);
    const work = getTokens(others, openid);
    await holder.kill();
    const got = await work;
    expect(got).toHaveLength(300);
    expect(new Set(got.map(({ token, kind }) => kind ?? token))).toEqual(
      new Set([(await store.get(key))?.access_token]),
    );
    // The request of the process that died, and one more.
    expect(fixture.countRequests('refresh_token') - before).toBe(2);
  });
});
