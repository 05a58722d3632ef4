// Jest's fake timers in the tests of an app: a login ends, or fails in time, although no timer of the test runs.
import { MemoryStore } from 'express-session';
import { startApp, type AppOptions, type TestApp, type TestRequest } from '../support/app';
import { agree, Browser } from '../support/browser';
import { emulator, useEmulator } from '../support/emulator';
import { startAndAgree, redirectsToWechat } from '../support/login';
import { FaultySessionStore, serverSessions } from '../support/sessions';

useEmulator();
let app: TestApp | undefined;
afterEach(async () => {
  jest.useRealTimers();
  await app?.close();
});

async function start(options: AppOptions = {}): Promise<TestApp> {
  return (app = await startApp(emulator, options));
}

const FAKES: readonly (readonly [string, () => void])[] = [
  ['all timers and Date faked', () => jest.useFakeTimers()],
  ['the year 2001', () => jest.useFakeTimers({ now: new Date('2001-01-01') })],
  ['legacy fake timers', () => jest.useFakeTimers({ legacyFakeTimers: true })],
];

describe.each(FAKES)('with %s', (_what, fake) => {
  it.each<[string, () => AppOptions]>([
    ['cookie-session', () => ({})],
    ['express-session', () => ({ session: serverSessions(new MemoryStore()) })],
  ])('a login with %s ends on its page', async (_session, options) => {
    const { url } = await start(options());
    fake();
    for (const browser of [Browser.inWechat(url), Browser.onDesktop(url)]) {
      const page = await browser.logIn(emulator, '/me');
      expect(page.status).toBe(200);
      expect((await browser.get('/logout')).status).toBe(302);
    }
  });

  it('a login for which WeChat is silent fails in time', async () => {
    const { url } = await start({ auth: { http: { timeout: 200 } } });
    const browser = Browser.inWechat(url);
    fake();
    const callbackURL = await startAndAgree(browser, emulator);
    emulator.fail('access_token', 'silence', { times: 2 });
    const restarted = await browser.get(callbackURL);
    expect(redirectsToWechat(emulator, restarted)).toBe(true);
    const page = await browser.get(await agree(emulator, restarted.location));
    expect([page.status, page.body.includes('timeout')]).toEqual([504, true]);
  });

  it('a callback of the core is called', async () => {
    const { url, emulator: wechat } = await start({
      routes: (it) => {
        it.use('/token', (req, res) => {
          const { oauth, user } = (req as TestRequest).wechat;
          oauth.getUser(user?.openid ?? '', (error, profile) => res.end(error?.message ?? profile?.openid));
        });
      },
    });
    const browser = Browser.inWechat(url);
    fake();
    const { openid } = (await browser.logIn(wechat, '/me')).json() as { openid: string };
    expect((await browser.get('/token')).body).toBe(openid);
  });
});

it('a login whose session store waits for a faked timer fails in time', async () => {
  const { url } = await start({ session: serverSessions(new FaultySessionStore()) });
  jest.useFakeTimers();
  const page = await Browser.inWechat(url).get('/login');
  expect([page.status, page.body.includes('session_missing')]).toEqual([503, true]);
});
