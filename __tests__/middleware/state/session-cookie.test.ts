import type { HostRequest } from '../../../lib/middleware/http/request';
import { startApp } from '../../support/app';
import { emulator, useEmulator } from '../../support/emulator';
import { Browser } from '../../support/browser';
import { serverSessions, withSession } from '../../support/sessions';

useEmulator();

const DAY_MS = 86_400_000;

/** "Remember me": the app sets the lifetime of the cookie before the login. */
function rememberMe(req: HostRequest): void {
  if (!req.url?.startsWith('/login?')) return;
  const { cookie } = req.session as { cookie: { maxAge: number; sameSite: string } };
  cookie.maxAge = 30 * DAY_MS;
  cookie.sameSite = 'lax';
}

describe('the cookie of express-session', () => {
  it('keeps what the app set on it before the login', async () => {
    const app = await startApp(emulator, { session: withSession(serverSessions(), rememberMe) });
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/login?returnTo=/me');
    const [cookie] = browser.jar.getCookiesSync(app.url);
    const days = ((cookie?.expires as Date).getTime() - Date.now()) / DAY_MS;
    expect(Math.round(days)).toBe(30);
    expect(cookie?.sameSite).toBe('lax');
    await app.close();
  });

  it('does not keep the settings of another user', async () => {
    const app = await startApp(emulator, { session: withSession(serverSessions(), rememberMe) });
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/login?returnTo=/me', 'ming');
    await browser.logIn(emulator, '/login', 'emoji');
    const [cookie] = browser.jar.getCookiesSync(app.url);
    expect(cookie?.expires).toBe('Infinity');
    await app.close();
  });
});
