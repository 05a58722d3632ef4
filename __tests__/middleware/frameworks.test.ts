import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';
import type { Emulator } from '../../lib/emulator';
import { cookies, startApp } from '../support/app';
import { agree, Browser } from '../support/browser';
import { HOSTS, type Middleware } from '../support/hosts';
import { exchangedCodes, paramIn } from '../support/login';
import { hasRedis, startRedis, type RedisServer } from '../support/redis';
import { FaultySessionStore, serverSessions } from '../support/sessions';
import { emulator, useEmulator } from '../support/emulator';

const MOUNTS = ['', '/wechat'];
const FLOWS = ['official', 'website'] as const;

const REDIS = 'express-session on Redis';
const SLOW = 'express-session on a store that takes 300 ms to save';
const SESSIONS: Readonly<Record<string, () => Middleware>> = {
  'cookie-session': () => cookies(),
  'express-session': () => serverSessions(),
  [SLOW]: () => serverSessions(Object.assign(new FaultySessionStore(), { delay: 300 })),
  ...(hasRedis() && { [REDIS]: () => serverSessions(new RedisStore({ client })) }),
};

let redis: RedisServer | undefined;
let client: ReturnType<typeof createClient>;

const rows = HOSTS.flatMap((host) =>
  Object.keys(SESSIONS).flatMap((session) =>
    MOUNTS.flatMap((mount) => FLOWS.map((flow) => ({ host, session, mount, flow }))),
  ),
);

describe('a login, from the guarded page to the logout', () => {
  useEmulator();
  /** All rows run at once, so that the tests wait only once for the slow store. */
  const results = new Map<object, Promise<void>>();

  beforeAll(async () => {
    if (REDIS in SESSIONS) {
      redis = await startRedis();
      client = createClient({ url: redis.url });
      await client.connect();
    }
    for (const row of rows) {
      const result = logInAndOut(emulator, row);
      result.catch(() => undefined);
      results.set(row, result);
    }
  });
  afterAll(async () => {
    await Promise.allSettled(results.values());
    if (redis) {
      await client.close();
      await redis.close();
    }
  });

  it.each(rows)('works on $host with $session, mounted at "$mount", for the $flow flow', async (row) => {
    await expect(results.get(row)).resolves.toBeUndefined();
  });
});

async function logInAndOut(
  emulator: Emulator,
  { host, session, mount, flow }: (typeof rows)[number],
): Promise<void> {
  let logins = 0;
  const app = await startApp(emulator, {
    host,
    mount,
    session: SESSIONS[session]?.() ?? null,
    auth: {
      onLogin: () => {
        logins++;
      },
    },
  });
  try {
    const browser = flow === 'official' ? Browser.inWechat(app.url) : Browser.onDesktop(app.url);

    const publicPage = await browser.get(`${mount}/public`);
    expect(publicPage.body).toBe('public');
    expect(publicPage.headers['set-cookie']).toBeUndefined();

    const guarded = await browser.get(`${mount}/me?tab=orders`);
    expect(guarded.status).toBe(302);
    expect(guarded.location).toBe(`${mount}/login?returnTo=${encodeURIComponent(`${mount}/me?tab=orders`)}`);

    const login = await browser.get(guarded.location);
    expect([login.status, login.body]).toEqual([302, '']);
    expect(login.headers['cache-control']).toBe('no-store');
    expect(paramIn(login.location, 'redirect_uri')).toBe(`${app.url}${mount}/callback`);
    const before = browser.cookies();

    const callbackURL = await agree(emulator, login.location);
    const callback = await browser.get(callbackURL);
    expect([callback.status, callback.body]).toEqual([302, '']);
    // The address of WeChat's page in the official flow ends in #wechat_redirect, which this fragment replaces.
    const end = `${mount}/me?tab=orders${flow === 'official' ? '#' : ''}`;
    expect(callback.location).toBe(end);
    expect(callback.headers['cache-control']).toBe('no-store');
    expect(callback.headers['referrer-policy']).toBe('no-referrer');
    expect(browser.cookies()).not.toBe(before);

    const me = await browser.get(callback.location);
    expect(me.status).toBe(200);
    expect(me.json()).toMatchObject({ nickname: emulator.users[0]?.nickname });

    const repeated = await browser.get(callbackURL);
    expect([repeated.status, repeated.location]).toEqual([302, end]);
    expect(exchangedCodes(emulator).filter((code) => code === paramIn(callbackURL, 'code'))).toHaveLength(1);
    expect(logins).toBe(1);

    const logout = await browser.get(`${mount}/logout`);
    expect([logout.status, logout.location, logout.body]).toEqual([302, '/', '']);
    expect((await browser.get(`${mount}/me`)).status).toBe(302);
    expect(app.errors).toEqual([]);
  } finally {
    await app.close();
  }
}
