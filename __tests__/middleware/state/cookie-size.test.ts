// The size of the session cookie after a login, for apps that keep sessions in a cookie.
import { startApp, type AppOptions } from '../../support/app';
import { Browser } from '../../support/browser';
import { emulator, useEmulator } from '../../support/emulator';

/** Nicknames at least as long as WeChat allows. */
const NICKNAMES = ['春江潮水连海平海上明月共潮生滟滟随波千万里何处春江无月明江流宛转', '👨‍👩‍👧‍👦'.repeat(4)];
const users = NICKNAMES.map((nickname, at) => ({ id: `user${at}`, nickname }));

useEmulator({ users });

/** Logs a user in, and returns the size of the session cookie and the warnings. */
async function login(options: AppOptions, user: string): Promise<{ size: number; warnings: unknown[][] }> {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const app = await startApp(emulator, options);
  try {
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me', user);
    expect((await browser.get('/me')).status).toBe(200);
    const cookie =
      browser
        .cookies()
        .split('; ')
        .find((each) => each.startsWith('session=')) ?? '';
    return { size: cookie.length, warnings: warn.mock.calls.map((call) => [...call]) };
  } finally {
    warn.mockRestore();
    await app.close();
  }
}

describe('the cookie of cookie-session', () => {
  it.each(users)('takes less than a third of the size that browsers accept: $nickname', async ({ id }) => {
    const { size, warnings } = await login({}, id);
    expect(size).toBeGreaterThan(300);
    expect(size).toBeLessThan(4_096 / 3);
    expect(warnings).toEqual([]);
  });

  it('causes one warning with its size before browsers would drop it', async () => {
    const onLogin = (): object => ({ openid: 'o', essay: 'x'.repeat(2_300) });
    const { size, warnings } = await login({ auth: { onLogin } }, 'user0');
    expect(size).toBeGreaterThan(3_072);
    expect(size).toBeLessThanOrEqual(4_096);
    expect(warnings).toEqual([
      [
        `The session cookie has grown to ${size} bytes. Browsers drop cookies over 4096 bytes, and the login with them. Keep less in the session (onLogin may return a smaller user), or use express-session. 会话 cookie 已有 ${size} 字节，超过 4096 字节时浏览器会丢弃它。请减少会话内容（onLogin 可返回更小的用户对象），或改用 express-session。`,
        {
          type: 'WechatAuthWarning',
          code: 'WECHAT_COOKIE_SIZE',
          detail: expect.stringContaining('/docs/zh-CN/warnings.md') as string,
        },
      ],
    ]);
  });
});

describe('logins that are pending in other tabs', () => {
  it('make room for the login in the cookie', async () => {
    const onLogin = (): object => ({ openid: 'o', essay: 'x'.repeat(1_500) });
    const app = await startApp(emulator, { auth: { onLogin } });
    const browser = Browser.inWechat(app.url);
    for (const tab of [1, 2, 3]) await browser.get(`/login?returnTo=/${tab}${'y'.repeat(400)}`);
    const end = await browser.logIn(emulator, '/me', 'user0');
    expect(end.status).toBe(200);
    await app.close();
  });
});
