/**
 * The rules against account takeover hold across processes: an attacker, or a load balancer, may send each
 * callback and each logout to another process than the one before, and the clocks of the processes may
 * differ.
 */
import { Browser, agree, type BrowserResponse } from '../support/browser';
import { exchangedCodes, redirectsToWechat, isLoggedIn, withParams } from '../support/login';
import { describeOnRedis } from '../support/redis';
import { SESSION_NAMES } from '../support/sessions';
import { startTwoApps, type TwoApps } from './two-apps';

const VICTIM = 'ming';
const ATTACKER = 'emoji';
/** WeChat's response takes this long, so that the other process acts in the meantime. */
const LATE_MS = 400;

type Process = 0 | 1;
const ORDERS = [
  [0, 1],
  [1, 0],
] as const;

const rows = SESSION_NAMES.flatMap((sessions) =>
  [0, 180_000, -180_000].map((skewMs) => ({ sessions, skewMs })),
);

describeOnRedis.each(rows)('two processes whose clocks differ by $skewMs ms, with $sessions', (row) => {
  let apps: TwoApps;
  beforeAll(async () => {
    apps = await startTwoApps(row);
    await apps.skewClock(row.skewMs);
  });
  afterAll(() => apps.close());

  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  /** Sends a request to one process. A request with a given cookie does not change the browser's cookies. */
  const send = (
    process: Process,
    address: string,
    { cookie, browser = Browser.inWechat(apps.url) }: { cookie?: string; browser?: Browser },
  ): Promise<BrowserResponse> => {
    const { host } = new URL(apps.url);
    const { pathname, search } = new URL(address, apps.url);
    return browser.get(apps.urls[process] + pathname + search, {
      headers: { Host: host },
      ...(cookie !== undefined && { cookie, keepCookies: false }),
    });
  };

  /** A browser with a pending login, its cookies, and the address of WeChat's page. */
  const startLogin = async (): Promise<{ browser: Browser; cookie: string; page: string }> => {
    const browser = Browser.inWechat(apps.url);
    const { location } = await send(0, '/login?returnTo=/me', { browser });
    return { browser, cookie: browser.cookies(), page: location };
  };

  /** The nickname of the user whom the cookies of this response log in; undefined if they log in nobody. */
  const userOf = async (response: BrowserResponse): Promise<unknown> => {
    const browser = Browser.inWechat(apps.url);
    for (const set of response.headers['set-cookie'] ?? []) browser.jar.setCookieSync(set, apps.url);
    const me = await browser.get('/me');
    return me.status === 200 ? (me.json() as { nickname?: unknown }).nickname : undefined;
  };

  it.each(ORDERS)(
    'a poll with the planted cookie and a made-up code logs nobody in (callback at %d, poll at %d)',
    async (callback, poll) => {
      const { cookie, page } = await startLogin();
      const back = await agree(apps.emulator, page, VICTIM);
      apps.emulator.fail('access_token', { delay: LATE_MS });
      const victim = send(callback, back, { cookie });
      const polls = [20, 100, 200, 2 * LATE_MS].map(async (ms) => {
        await pause(ms);
        return userOf(await send(poll, withParams(back, { code: `made-up-${ms}` }), { cookie }));
      });
      expect(await Promise.all(polls)).toEqual([undefined, undefined, undefined, undefined]);
      const response = await victim;
      expect([response.status, response.location, await userOf(response)]).toEqual([302, '/me#', '小明']);
    },
  );

  it.each(
    ORDERS.flatMap(([first, second]) => ['at once', 'later'].map((when) => [when, first, second] as const)),
  )(
    'the first user whose code is exchanged owns the state; the code of another user is refused (%s, at %d and %d)',
    async (when, first, second) => {
      const { cookie, page } = await startLogin();
      const victimCallback = await agree(apps.emulator, page, VICTIM);
      const attackerCallback = await agree(apps.emulator, page, ATTACKER);
      const loginsBefore = apps.logins();
      const victim = send(first, victimCallback, { cookie });
      if (when === 'later') await victim;
      const responses = await Promise.all([victim, send(second, attackerCallback, { cookie })]);
      expect(responses.filter((response) => redirectsToWechat(apps.emulator, response))).toHaveLength(1);
      expect(apps.logins() - loginsBefore).toBe(1);
      const [ofVictim, ofAttacker] = await Promise.all(responses.map(userOf));
      expect([ofVictim, ofAttacker].filter((user) => user === undefined)).toHaveLength(1);
      expect(ofAttacker).not.toBe('小明');
      if (when === 'later') expect(ofVictim).toBe('小明');
    },
  );

  it.each(ORDERS)(
    'a callback that is repeated after the logout logs nobody in (callback at %d, logout at %d)',
    async (callback, logout) => {
      const { browser, cookie, page } = await startLogin();
      const back = await agree(apps.emulator, page, VICTIM);
      expect((await send(callback, back, { browser })).location).toBe('/me#');
      expect(await isLoggedIn(browser)).toBe(true);
      await send(logout, '/logout', { browser });
      for (const process of [0, 1] as const) {
        const repeated = await send(process, back, { cookie });
        expect(redirectsToWechat(apps.emulator, repeated)).toBe(true);
        expect(await userOf(repeated)).toBeUndefined();
      }
      expect(await isLoggedIn(browser)).toBe(false);
    },
  );

  it.each(ORDERS)(
    'a callback in progress does not log in after the logout (callback at %d, logout at %d)',
    async (callback, logout) => {
      const { browser, cookie, page } = await startLogin();
      const back = await agree(apps.emulator, page, VICTIM);
      const before = exchangedCodes(apps.emulator).length;
      apps.emulator.fail('access_token', { delay: LATE_MS });
      const inProgress = send(callback, back, { cookie });
      while (exchangedCodes(apps.emulator).length === before) await pause(10);
      await send(logout, '/logout', { browser });
      const response = await inProgress;
      expect(response.status).toBe(400);
      expect(response.body).toContain('state_unknown');
      expect(await userOf(response)).toBeUndefined();
      for (const process of [0, 1] as const)
        expect(await userOf(await send(process, back, { cookie }))).toBeUndefined();
      expect(await isLoggedIn(browser)).toBe(false);
    },
  );

  it.each(ORDERS)(
    'a logout after the last check of a callback ends its login at every process (callback at %d, logout at %d)',
    async (callback, logout) => {
      const { browser, cookie, page } = await startLogin();
      const back = await agree(apps.emulator, page, VICTIM);
      // The response to the callback is on its way while the user logs out with the former cookie.
      const inFlight = Browser.inWechat(apps.url);
      inFlight.jar = browser.jar.cloneSync() ?? inFlight.jar;
      expect((await send(callback, back, { browser: inFlight })).location).toBe('/me#');
      expect((await send(callback, '/me', { browser: inFlight })).status).toBe(200);
      await send(logout, '/logout', { cookie });
      for (const process of [0, 1] as const)
        expect((await send(process, '/me', { browser: inFlight })).status).toBe(302);
      // Nothing keeps the user from logging in again.
      const { location } = await send(logout, '/login?returnTo=/me', { browser: inFlight });
      await send(callback, await agree(apps.emulator, location, VICTIM), { browser: inFlight });
      for (const process of [0, 1] as const)
        expect((await send(process, '/me', { browser: inFlight })).status).toBe(200);
    },
  );
});
