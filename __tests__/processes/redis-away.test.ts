import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { RedisTokenStore, type TokenData } from '../../lib';
import { OAuthFixture, expiredToken, failure } from '../oauth/oauth-fixture';
import { startApp, type TestApp } from '../support/app';
import { Browser } from '../support/browser';
import { startAndAgree, isLoggedIn, sessionOf } from '../support/login';
import { describeOnRedis, startRedis, type RedisServer } from '../support/redis';
import { startTcpProxy, type Condition, type TcpProxy } from './tcp-proxy';

const DAY = 24 * 3_600_000;

/**
 * An app with its own proxy to Redis: one for each condition, so that all conditions can be tested at once.
 */
interface Site {
  readonly app: TestApp;
  readonly proxy: TcpProxy;
  readonly store: RedisTokenStore;
  close(): Promise<void>;
}

const CLIENTS = {
  'node-redis': async (url: string) => {
    const client = createClient({ url, socket: { reconnectStrategy: 50 } }).on('error', () => undefined);
    await client.connect();
    return { client, end: () => client.destroy() };
  },
  ioredis: (url: string) => {
    const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null }).on(
      'error',
      () => undefined,
    );
    return Promise.resolve({ client: client, end: () => client.disconnect() });
  },
} as const;
type ClientName = keyof typeof CLIENTS;
const CLIENT_NAMES = Object.keys(CLIENTS) as ClientName[];

describeOnRedis('an app whose Redis', () => {
  let fixture: OAuthFixture;
  let redis: RedisServer;
  let directClient: Redis;

  beforeAll(async () => {
    [fixture, redis] = await Promise.all([OAuthFixture.start(), startRedis()]);
    directClient = new Redis(redis.port, { retryStrategy: () => 50 }).on('error', () => undefined);
  });
  afterAll(async () => {
    directClient.disconnect();
    await Promise.all([redis.close(), fixture.close()]);
  });

  const openSite = async (name: ClientName, prefix: string): Promise<Site> => {
    const proxy = await startTcpProxy(redis.port);
    const { client, end } = await CLIENTS[name](proxy.url);
    const store = new RedisTokenStore(client, { prefix });
    const app = await startApp(fixture.emulator, { auth: { tokenStore: store } });
    const close = async (): Promise<void> => {
      end();
      await Promise.all([app.close(), proxy.close()]);
    };
    return { app, proxy, store, close };
  };

  /** Opens a callback while Redis fails: the page must offer a new login, and nobody may be logged in. */
  const expectRetryPage = async (browser: Browser, back: string): Promise<void> => {
    const page = await browser.get(back);
    expect(page.status).toBe(503);
    expect(page.body).toContain('/login?returnTo=%2Fme');
    expect(await isLoggedIn(browser)).toBe(false);
    expect(Object.keys(await sessionOf(browser))).not.toContain('wechat');
  };
  const expectLogin = async (browser: Browser): Promise<void> => {
    await browser.logIn(fixture.emulator, '/login?returnTo=/me');
    expect(await isLoggedIn(browser)).toBe(true);
  };
  /**
   * Asserts that every call of the store and of OAuth rejects with a `token_store` error that shows no token.
   */
  const expectEveryCallToFail = async (store: RedisTokenStore, token: TokenData): Promise<void> => {
    const oauth = fixture.createOAuth({ tokenStore: store });
    const key = `${oauth.appid}:${token.openid}`;
    const errors = await Promise.all(
      [
        store.get(key),
        store.set(key, token, DAY),
        store.delete(key),
        store.lock(key, () => Promise.resolve()),
        oauth.getValidAccessToken(token.openid),
        oauth.getUser(token.openid),
        oauth.getUserByCode(fixture.issueCode()),
      ].map(failure),
    );
    for (const error of errors) {
      expect(error).toMatchObject({ kind: 'token_store', status: 503, retryable: true });
      const shown = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error);
      for (const secret of [token.access_token, token.refresh_token]) expect(shown).not.toContain(secret);
    }
  };

  /** Asserts that the same app and the same client work, as soon as Redis works again. */
  const expectRecovery = async ({ app, store }: Site, browser: Browser, token: TokenData): Promise<void> => {
    await untilItWorks(() => store.get('wx:any'));
    await expectLogin(browser);
    await expectLogin(Browser.inWechat(app.url));
    const oauth = fixture.createOAuth({ tokenStore: store });
    await store.set(`${oauth.appid}:${token.openid}`, expiredToken(token), DAY);
    await expect(oauth.getUser(token.openid)).resolves.toMatchObject({ openid: token.openid });
  };

  const troubles: Readonly<Record<string, (site: Site) => Promise<void>>> = {
    'is silent': (site) => testCondition(site, 'silent'),
    'replies with garbage': (site) => testCondition(site, 'garbage'),
    'is slow, but not too slow': async (site) => {
      site.proxy.delay = 150;
      await expectRecovery(site, Browser.inWechat(site.app.url), await fixture.issueToken());
    },
  };
  const testCondition = async (site: Site, condition: Condition): Promise<void> => {
    const browser = Browser.inWechat(site.app.url);
    const back = await startAndAgree(browser, fixture.emulator);
    const token = await fixture.issueToken();
    site.proxy.condition = condition;
    await Promise.all([expectRetryPage(browser, back), expectEveryCallToFail(site.store, token)]);
    site.proxy.condition = 'healthy';
    site.proxy.cut();
    await expectRecovery(site, browser, token);
  };
  const rows = Object.keys(troubles).flatMap((trouble) =>
    CLIENT_NAMES.map((client) => ({ trouble, client, outcome: Promise.resolve() })),
  );

  describe('does not respond as it should', () => {
    // All rows run at once, because they mostly wait for time limits.
    beforeAll(async () => {
      for (const row of rows) {
        const { trouble, client } = row;
        const site = await openSite(client, `${trouble}:${client}:`);
        row.outcome = (troubles[trouble]?.(site) ?? Promise.reject(new Error(trouble)))
          .then(() => expect(site.app.errors).toEqual([]))
          .finally(() => site.close());
        row.outcome.catch(() => undefined);
      }
    });

    it.each(rows)(
      '($trouble, $client): every call ends in time, and works again as soon as Redis does',
      async (row) => {
        await expect(row.outcome).resolves.toBeUndefined();
      },
    );
  });

  it.each(CLIENT_NAMES)('is full (%s) reports that, and works again when there is room', async (name) => {
    const site = await openSite(name, `full:${name}:`);
    try {
      const browser = Browser.inWechat(site.app.url);
      const back = await startAndAgree(browser, fixture.emulator);
      const token = await fixture.issueToken();
      await directClient.config('SET', 'maxmemory', '1');
      try {
        await expectRetryPage(browser, back);
        expect(
          await failure(fixture.createOAuth({ tokenStore: site.store }).getUserByCode(fixture.issueCode())),
        ).toMatchObject({
          kind: 'token_store',
          message: expect.stringContaining('maxmemory') as string,
        });
        // Reads still work, so a logged-in user stays logged in.
        expect(await site.store.get('wx:any')).toBeUndefined();
      } finally {
        await directClient.config('SET', 'maxmemory', '0');
      }
      expect(await directClient.keys(`full:${name}:*`)).toEqual([]);
      await expectRecovery(site, browser, token);
    } finally {
      await site.close();
    }
  });

  it('is stopped before a login, during a login and between requests works again when Redis is back', async () => {
    const sites = await Promise.all(CLIENT_NAMES.map((name) => openSite(name, `gone:${name}:`)));
    const logins = await Promise.all(
      sites.map(async (site) => {
        const [before, during, after] = Array.from({ length: 3 }, () => Browser.inWechat(site.app.url)) as [
          Browser,
          Browser,
          Browser,
        ];
        await expectLogin(after);
        return { site, before, during, after, callback: await startAndAgree(during, fixture.emulator) };
      }),
    );
    const token = await fixture.issueToken();
    try {
      await redis.close();
      await Promise.all(
        logins.map(async ({ site, before, during, after, callback }) => {
          // A logged-in user stays logged in, because pages need no token.
          expect(await isLoggedIn(after)).toBe(true);
          await Promise.all([
            expectRetryPage(during, callback),
            startAndAgree(before, fixture.emulator).then((address) => expectRetryPage(before, address)),
            expectEveryCallToFail(site.store, token),
          ]);
        }),
      );
      redis = await startRedis({ port: redis.port });
      await Promise.all(
        logins.map(async ({ site, before, during, after }) => {
          await expectRecovery(site, before, token);
          await expectLogin(during);
          expect(await isLoggedIn(after)).toBe(true);
          expect(site.app.errors).toEqual([]);
        }),
      );
    } finally {
      await Promise.all(sites.map((site) => site.close()));
    }
  });
});

async function untilItWorks(call: () => Promise<unknown>): Promise<void> {
  for (;;) {
    const works = await call().then(
      () => true,
      () => false,
    );
    if (works) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}
