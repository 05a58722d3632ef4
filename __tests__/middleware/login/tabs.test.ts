// Several tabs of one browser log in at once. Their requests overwrite each other's session, and each response may
// replace the cookie of another.
import type { Middleware } from '../../support/hosts';
import { cookies, sendJSON, startApp, type TestApp } from '../../support/app';
import { agree, Browser, type BrowserResponse } from '../../support/browser';
import { emulator, useEmulator } from '../../support/emulator';
import { redirectsToWechat } from '../../support/login';
import { serverSessions, SlowSessionStore } from '../../support/sessions';

useEmulator();

interface Row {
  readonly name: string;
  readonly session: () => Middleware;
}

const LATENCIES = [20, 50, 80] as const;
const ROWS: readonly Row[] = [
  ...LATENCIES.map((ms) => ({
    name: `express-session, ${ms} ms away`,
    session: () => serverSessions(new SlowSessionStore(ms)),
  })),
  {
    name: 'express-session, 50 ms away, saved for everybody',
    session: () => serverSessions(new SlowSessionStore(50), { saveUninitialized: true, resave: true }),
  },
  {
    name: 'express-session, 50 ms away, with a maxAge',
    session: () => serverSessions(new SlowSessionStore(50), { cookie: { maxAge: 3_600_000 } }),
  },
  { name: 'cookie-session', session: () => cookies() },
];

/** One tab: follows redirects, and agrees at WeChat, until a page appears. */
async function openTab(browser: Browser, path: string): Promise<BrowserResponse> {
  let end = await browser.follow(path);
  for (let round = 0; redirectsToWechat(emulator, end) && round < 10; round++)
    end = await browser.follow(await agree(emulator, end.location));
  return end;
}

describe.each(ROWS)('tabs at once, with $name', ({ session }) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp(emulator, {
      session: session(),
      auth: { scope: 'snsapi_base' },
      routes: (it) => {
        it.use('/touch', (req, res) => {
          (req as unknown as { session: Record<string, unknown> }).session['touched'] = true;
          sendJSON(res, null);
        });
      },
    });
  });
  afterAll(() => app.close());

  it.each(
    [2, 4, 7].flatMap((tabs) =>
      ['a new browser', 'a browser with a session'].map((who) => [tabs, who] as const),
    ),
  )('log in all of %i tabs of %s, each at its own page', async (tabs, who) => {
    const browser = Browser.inWechat(app.url);
    if (who !== 'a new browser') await browser.get('/touch');
    const results = await Promise.all(
      Array.from({ length: tabs }, (_, tab) => openTab(browser, `/me?tab=${tab}`)),
    );
    for (const [tab, end] of results.entries())
      expect([end.status, end.url, end.body.slice(0, 200)]).toEqual([
        200,
        `${app.url}/me?tab=${tab}`,
        expect.stringContaining('openid'),
      ]);
    expect((await browser.get('/me')).status).toBe(200);
  });
});
