// A refresh token lives for 30 days from the login, also if it was used since then.
import { Redis } from 'ioredis';
import Keyv from 'keyv';
import {
  KeyvTokenStore,
  MemoryTokenStore,
  RedisTokenStore,
  type OAuth,
  type TokenData,
  type TokenStore,
} from '../../../lib';
import { describeOnRedis, startRedis, type RedisServer } from '../../support/redis';
import { OAuthFixture, failure } from '../oauth-fixture';

const DAY = 24 * 3_600_000;

let fixture: OAuthFixture;
let now: number;
beforeEach(async () => {
  fixture = await OAuthFixture.start();
  now = Date.now();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await fixture.close();
});

/** Moves the clock of this process, from which the emulator reads the time, too. */
function pass(ms: number): void {
  now += ms;
  jest.spyOn(Date, 'now').mockReturnValue(now);
}

const keyOf = (): string => `${fixture.emulator.apps.official.appId}:${fixture.openid}`;
const silently = (oauth: OAuth): Promise<unknown> => oauth.getUserByCode(fixture.issueCode('snsapi_base'));

/** What must hold in every store, for two processes that share it. */
function testStore(createStore: () => TokenStore): void {
  it('a silent login after 30 days replaces a token that was refreshed meanwhile', async () => {
    const tokenStore = createStore();
    const [one, other] = [fixture.createOAuth({ tokenStore }), fixture.createOAuth({ tokenStore })];
    const login = now;
    await one.getUserByCode(fixture.issueCode());
    pass(15 * DAY);
    await one.getValidAccessToken(fixture.openid);
    pass(14 * DAY);
    await other.getValidAccessToken(fixture.openid);
    expect(fixture.countRequests('refresh_token')).toBe(2);
    expect((await tokenStore.get(keyOf()))?.login_at).toBeGreaterThanOrEqual(login);
    expect((await tokenStore.get(keyOf()))?.login_at).toBeLessThan(login + DAY);
    pass(2 * DAY);
    await silently(one);
    await expect(one.getValidAccessToken(fixture.openid)).resolves.toMatchObject({
      data: { scope: 'snsapi_base' },
    });
    pass(DAY);
    await expect(other.getValidAccessToken(fixture.openid)).resolves.toMatchObject({
      data: { scope: 'snsapi_base' },
    });
  });

  it('a silent login within 30 days keeps a token with more scope that was refreshed meanwhile', async () => {
    const tokenStore = createStore();
    const [one, other] = [fixture.createOAuth({ tokenStore }), fixture.createOAuth({ tokenStore })];
    await one.getUserByCode(fixture.issueCode());
    pass(DAY);
    await other.getValidAccessToken(fixture.openid);
    pass(28 * DAY);
    await silently(one);
    await expect(one.getUser(fixture.openid)).resolves.toMatchObject({ nickname: '小明' });
  });
}

describe('in memory', () => {
  testStore(() => new MemoryTokenStore());
});

describe('in Keyv', () => {
  testStore(() => new KeyvTokenStore(new Keyv()));
});

describeOnRedis('in Redis', () => {
  let redis: RedisServer;
  let client: Redis;
  beforeAll(async () => {
    redis = await startRedis();
    client = new Redis(redis.port);
  });
  beforeEach(() => client.flushall());
  afterAll(async () => {
    client.disconnect();
    await redis.close();
  });

  testStore(() => new RedisTokenStore(client));

  describe('with encryption', () => {
    testStore(() => new RedisTokenStore(client, { encryptionKeys: ['a key of at least 32 characters…'] }));
  });
});

describe('the time of the login', () => {
  const stored = (store: TokenStore): Promise<TokenData | undefined> => store.get(keyOf());

  it('is not in the record of a login, which `create_at` dates', async () => {
    const tokenStore = new MemoryTokenStore();
    await fixture.createOAuth({ tokenStore }).getAccessToken(fixture.issueCode());
    expect(await stored(tokenStore)).not.toHaveProperty('login_at');
  });

  it.each([true, false])('is kept if the app refreshes the token itself, cached: %s', async (isCached) => {
    const tokenStore = new MemoryTokenStore();
    const oauth = fixture.createOAuth({ tokenStore });
    const { data } = await oauth.getAccessToken(fixture.issueCode());
    pass(DAY);
    const refreshing = isCached ? oauth : fixture.createOAuth({ tokenStore });
    await refreshing.refreshAccessToken(data.refresh_token);
    expect(await stored(tokenStore)).toMatchObject({ login_at: data.create_at, create_at: now });
  });

  it('is unknown if the app refreshes a token that is not the saved one', async () => {
    const lost = await fixture.issueToken();
    const tokenStore = new MemoryTokenStore();
    const oauth = fixture.createOAuth({ tokenStore });
    await oauth.refreshAccessToken(lost.refresh_token);
    expect(await stored(tokenStore)).not.toHaveProperty('login_at');
  });

  it('is unknown if the saved record cannot be read: the app gets the new token, and it is saved', async () => {
    const tokenStore = new MemoryTokenStore();
    const { data } = await fixture.createOAuth({ tokenStore }).getAccessToken(fixture.issueCode());
    pass(DAY);
    const reads = jest.spyOn(tokenStore, 'get').mockRejectedValue(new Error('away'));
    const refreshed = await fixture.createOAuth({ tokenStore }).refreshAccessToken(data.refresh_token);
    reads.mockRestore();
    expect(refreshed.data).toMatchObject({ openid: fixture.openid, create_at: now });
    expect(refreshed.data).not.toHaveProperty('login_at');
    expect(await stored(tokenStore)).toEqual(refreshed.data);
  });

  it('starts again with a new login', async () => {
    const tokenStore = new MemoryTokenStore();
    const oauth = fixture.createOAuth({ tokenStore });
    await oauth.getAccessToken(fixture.issueCode());
    pass(29 * DAY);
    await oauth.getValidAccessToken(fixture.openid);
    await oauth.getAccessToken(fixture.issueCode());
    expect(await stored(tokenStore)).not.toHaveProperty('login_at');
    pass(2 * DAY);
    await silently(oauth);
    expect(await stored(tokenStore)).toMatchObject({ scope: 'snsapi_userinfo' });
  });

  it.each([
    ['a record without it, as earlier versions saved it', undefined, 'snsapi_userinfo'],
    ['a number as a string', String(Date.now() - 31 * DAY), 'snsapi_base'],
    ['a text that is not a number', 'yesterday', 'snsapi_userinfo'],
    ['null, as databases return it', null, 'snsapi_userinfo'],
    ['a time after the refresh', Date.now() + DAY, 'snsapi_userinfo'],
  ])('may be %s', async (_what, login_at, kept) => {
    const tokenStore = new MemoryTokenStore();
    const record = { ...(await fixture.issueToken()), create_at: now - 2 * DAY, login_at };
    await tokenStore.set(keyOf(), record as TokenData, 30 * DAY);
    await silently(fixture.createOAuth({ tokenStore }));
    expect(await stored(tokenStore)).toMatchObject({ scope: kept });
  });

  it('of an earlier record is that of its request, also after the next refresh', async () => {
    const tokenStore = new MemoryTokenStore();
    const create_at = now - 2 * DAY;
    await tokenStore.set(keyOf(), { ...(await fixture.issueToken()), create_at }, 30 * DAY);
    await fixture.createOAuth({ tokenStore }).getValidAccessToken(fixture.openid);
    expect(await stored(tokenStore)).toMatchObject({ login_at: create_at });
  });

  it('does not hide that WeChat refuses the refresh token after 30 days', async () => {
    const oauth = fixture.createOAuth();
    await oauth.getAccessToken(fixture.issueCode());
    pass(31 * DAY);
    expect(await failure(oauth.getValidAccessToken(fixture.openid))).toMatchObject({ kind: 'reauthorize' });
  });
});
