// What the PC may do: which session collects a login, that it does so once, and what ends the login before.
import { WechatAuthError } from '../../../lib';
import { startApp, type AppOptions, type TestApp, type OwnOptions } from '../../support/app';
import { Browser, type BrowserResponse } from '../../support/browser';
import { DESKTOP_CHROME, IPHONE_WECHAT } from '../../support/browsers/user-agents';
import { emulator, useEmulator } from '../../support/emulator';
import { exchangedCodes, isLoggedIn, statesOf } from '../../support/login';
import {
  ask,
  codeOn,
  confirm,
  devices,
  pinOn,
  scan,
  scanOptions,
  sendPin,
  showCode,
  type ScanStatus,
} from '../../support/browsers/scan-login';
import { SESSIONS, SESSION_NAMES, serverSessions } from '../../support/sessions';
import { fakeTimeLimits } from '../../support/clock/time-limits';
import { useWarnings } from '../../support/warnings';

useEmulator();
const warnings = useWarnings();

const apps: TestApp[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start({ auth, ...options }: AppOptions = {}): Promise<TestApp> {
  const app = await startApp(emulator, { ...options, auth: { ...scanOptions(), ...auth } });
  apps.push(app);
  return app;
}

const MINUTE_MS = 60_000;

describe.each(SESSION_NAMES)('the result of a scan login, with %s', (session) => {
  const run = (auth: OwnOptions = {}) => start({ session: SESSIONS[session](), auth });

  it('goes to one of many polls, and onLogin runs once', async () => {
    const onLogin = jest.fn();
    const { pc, phone } = devices(await run({ onLogin }));
    const code = await showCode(pc);
    await scan(phone, emulator, code.url);
    const cookie = pc.cookies();
    const polls = await Promise.all(
      Array.from({ length: 8 }, async () => (await pc.get(code.statusURL, { cookie })).json() as ScanStatus),
    );
    expect(polls.map(({ status }) => status).sort()).toEqual([
      'confirmed',
      ...Array<string>(7).fill('expired'),
    ]);
    expect(onLogin).toHaveBeenCalledTimes(1);
    // A copy of the session from before the login, and the new session.
    expect((await pc.get(code.statusURL, { cookie })).json()).toEqual({ status: 'expired' });
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'expired' });
    expect(await ask(pc, '/scan')).toEqual({ status: 'expired' });
  });

  it('is not collected without the session, whatever else is known', async () => {
    const app = await run();
    const { pc, phone } = devices(app);
    const code = await showCode(pc);
    await scan(phone, emulator, code.url);
    const attacker = Browser.onDesktop(app.url);
    for (const path of [code.statusURL, '/scan', `${code.statusURL}&page=1`]) {
      const response = await attacker.get(path);
      expect(response.location).toBe('');
      expect(response.headers['set-cookie']).toBeUndefined();
      if (!path.includes('page')) expect(response.json()).toEqual({ status: 'expired' });
    }
    const own = await showCode(attacker);
    expect(await ask(attacker, code.statusURL)).toEqual({ status: 'expired' });
    expect(await ask(attacker, own.statusURL)).toEqual({ status: 'waiting' });
    expect(await ask(phone, code.statusURL)).toEqual({ status: 'expired' });
    expect(await ask(pc, code.statusURL)).toMatchObject({ status: 'confirmed' });
  });

  it('changes the session id, and drops the other codes of the session', async () => {
    const { pc, phone } = devices(await run());
    const first = await showCode(pc);
    const second = await showCode(pc, '/me?second');
    const before = pc.cookies();
    await scan(phone, emulator, first.url);
    await scan(phone, emulator, second.url);
    expect(await ask(pc, first.statusURL)).toEqual({ status: 'confirmed', location: '/me' });
    expect(pc.cookies()).not.toBe(before);
    expect(await ask(pc, second.statusURL)).toEqual({ status: 'expired' });
    expect((await pc.get(second.statusURL, { cookie: before })).json()).toEqual({ status: 'expired' });
  });

  it('is dropped by a logout, even while onLogin is running', async () => {
    let finish: (() => void) | undefined;
    const running = new Promise<void>((resolve) => (finish = resolve));
    let started: (() => void) | undefined;
    const isRunning = new Promise<void>((resolve) => (started = resolve));
    const { pc, phone } = devices(
      await run({
        onLogin: async () => {
          started?.();
          await running;
        },
      }),
    );
    const waiting = await showCode(pc);
    await scan(phone, emulator, waiting.url);
    const cookie = pc.cookies();
    await pc.get('/logout');
    expect(await ask(pc, waiting.statusURL)).toEqual({ status: 'expired' });
    expect((await pc.get(waiting.statusURL, { cookie })).json()).toEqual({ status: 'expired' });

    const code = await showCode(pc);
    await scan(phone, emulator, code.url);
    const poll = pc.get(code.statusURL, { keepCookies: false });
    await isRunning;
    await pc.get('/logout');
    finish?.();
    expect((await poll).json()).toEqual({ status: 'expired' });
    expect(await isLoggedIn(pc)).toBe(false);
  });

  it('sets no cookie until a poll collects it', async () => {
    const { pc, phone } = devices(await run());
    const code = await showCode(pc);
    const cookiesOf = async () => (await pc.get(code.statusURL)).headers['set-cookie'];
    expect(await cookiesOf()).toBeUndefined();
    await phone.get(code.url);
    expect(await cookiesOf()).toBeUndefined();
    await scan(phone, emulator, code.url);
    expect(await cookiesOf()).toBeDefined();
  });

  it('ends with a status and JSON if onLogin throws, and then the code is over', async () => {
    const { pc, phone } = devices(
      await run({
        onLogin: () => {
          throw new Error('not in our list');
        },
      }),
    );
    jest.spyOn(process, 'emitWarning').mockImplementation();
    jest.spyOn(console, 'error').mockImplementation();
    const code = await showCode(pc);
    await scan(phone, emulator, code.url);
    const { status, ...response } = await pc.get(code.statusURL);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(Object.keys(response.json() as object)).toEqual(['error', 'message']);
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'expired' });
    expect(await isLoggedIn(pc)).toBe(false);
  });
});

describe('a code on a PC', () => {
  it('is one of at most five of its session; the oldest one is dropped, though a phone may still open it', async () => {
    const { pc, phone } = devices(await start());
    const codes = [];
    for (let at = 0; at < 6; at++) codes.push(await showCode(pc, `/me?${at}`));
    expect(new Set(codes.map(({ ticket }) => ticket)).size).toBe(6);
    const statuses = await Promise.all(codes.map(({ statusURL }) => ask(pc, statusURL)));
    expect(statuses.map(({ status }) => status)).toEqual(['expired', ...Array<string>(5).fill('waiting')]);
    expect((await scan(phone, emulator, codes[0]?.url ?? '')).body).toContain('请回到电脑继续');
    expect(await ask(pc, codes[0]?.statusURL ?? '')).toEqual({ status: 'expired' });
    await scan(phone, emulator, codes[3]?.url ?? '');
    expect(await ask(pc, codes[3]?.statusURL ?? '')).toEqual({ status: 'confirmed', location: '/me?3' });
  });

  it('is the one that a poll without a name asks for, if it is the newest of its session', async () => {
    const { pc, phone } = devices(await start());
    await showCode(pc);
    const newest = await showCode(pc);
    await phone.get(newest.url);
    expect(await ask(pc, '/scan')).toEqual({ status: 'scanned' });
    await showCode(pc);
    expect(await ask(pc, '/scan')).toEqual({ status: 'waiting' });
  });

  it('does not show the ticket in the address of its poll', async () => {
    const { pc } = devices(await start());
    const code = await showCode(pc);
    expect(code.statusURL).not.toContain(code.ticket.slice(0, 8));
    expect(code.statusURL.length).toBeLessThan(40);
  });

  it('is over after five minutes, and its result a minute after the phone has finished', async () => {
    const app = await start();
    const { pc, phone } = devices(app);
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now');
    clock.mockReturnValue(now);
    const [late, never] = [await showCode(pc), await showCode(pc)];
    clock.mockReturnValue(now + 5 * MINUTE_MS - 2_000);
    expect(await ask(pc, never.statusURL)).toEqual({ status: 'waiting' });
    await scan(phone, emulator, late.url);
    clock.mockReturnValue(now + 5 * MINUTE_MS + 1_000);
    expect(await ask(pc, never.statusURL)).toEqual({ status: 'expired' });
    expect(await ask(pc, late.statusURL)).toMatchObject({ status: 'confirmed' });

    const other = Browser.onDesktop(app.url);
    const code = await showCode(other);
    await scan(phone, emulator, code.url);
    clock.mockReturnValue(now + 6 * MINUTE_MS + 2_000);
    expect((await ask(other, code.statusURL)).status).not.toBe('confirmed');
  });

  it.each(['cross-site', 'same-site'])('is not finished by a request that is %s', async (site) => {
    const { pc, phone } = devices(await start());
    const code = await showCode(pc);
    await scan(phone, emulator, code.url);
    const response = await pc.get(code.statusURL, { headers: { 'Sec-Fetch-Site': site } });
    expect(response.json()).toEqual({ status: 'expired' });
    expect(await ask(pc, code.statusURL)).toMatchObject({ status: 'confirmed' });
  });

  it('is not finished by HEAD or a prefetch', async () => {
    const { pc, phone } = devices(await start());
    const code = await showCode(pc);
    await scan(phone, emulator, code.url);
    expect((await pc.request(code.statusURL, { method: 'HEAD' })).status).toBe(204);
    expect((await pc.get(code.statusURL, { headers: { 'Sec-Purpose': 'prefetch' } })).status).toBe(204);
    expect(await ask(pc, code.statusURL)).toMatchObject({ status: 'confirmed' });
  });

  it('ends when somebody logs in to its session in another way', async () => {
    const app = await start();
    const { pc, phone } = devices(app);
    const code = await showCode(pc);
    const cookie = pc.cookies();
    await pc.as(IPHONE_WECHAT).logIn(emulator, '/login');
    expect(await isLoggedIn(pc)).toBe(true);
    await scan(phone, emulator, code.url, 'emoji');
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'expired' });
    expect((await pc.get(code.statusURL, { cookie })).json()).toEqual({ status: 'expired' });
    expect(((await pc.get('/me')).json() as { nickname: string }).nickname).toBe('小明');
  });

  it('has no callback of its own: its state is unknown there, and stays for the PC', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation();
    const { pc, phone } = devices(await start({ session: serverSessions() }));
    const code = await showCode(pc);
    const [state = ''] = await statesOf(pc);
    const stolen = emulator.issueCode({ app: emulator.apps.official.appId, user: 'emoji' });
    // As with any unknown state, the login starts again, once: here with another QR code.
    const again = codeOn(await pc.get(`/callback?code=${stolen}&state=${state}`));
    expect(again.ticket).not.toBe(code.ticket);
    const restarted = (await statesOf(pc)).filter((each) => each !== state);
    expect(restarted).toEqual([expect.stringMatching(/^1/)]);
    const response = await pc.get(`/callback?code=${stolen}&state=${String(restarted[0])}`);
    expect([response.status, response.body]).toEqual([400, expect.stringContaining('login_loop')]);
    expect(exchangedCodes(emulator)).not.toContain(stolen);
    expect(await isLoggedIn(pc)).toBe(false);
    await scan(phone, emulator, code.url);
    expect(await ask(pc, code.statusURL)).toMatchObject({ status: 'confirmed' });
  });

  it('redirects only to a safe path, and never to the scan routes', async () => {
    const { pc, phone } = devices(await start());
    for (const returnTo of [
      '//evil.example',
      '/scan',
      '/scan/x',
      '/SCAN/',
      '/a/../scan/abc?x',
      '/%73can/x',
    ]) {
      const code = codeOn(await pc.get(`/login?returnTo=${encodeURIComponent(returnTo)}`));
      await scan(phone, emulator, code.url);
      expect(await ask(pc, code.statusURL)).toEqual({ status: 'confirmed', location: '/' });
      await pc.get('/logout');
    }
    const code = codeOn(await pc.get(`/login?returnTo=${encodeURIComponent('/scanner?a=1#b')}`));
    await scan(phone, emulator, code.url);
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'confirmed', location: '/scanner?a=1#b' });
  });

  it('is shown by the guarded page itself if there is no login route', async () => {
    const app = await start({ auth: { routes: { login: false } } });
    const { pc, phone } = devices(app);
    const page = await pc.get('/me');
    const code = codeOn(page);
    expect(page.body).toContain('id="again" href=""');
    await scan(phone, emulator, code.url);
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'confirmed', location: '/me' });
  });

  it('needs a session', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation();
    const app = await start({ session: null });
    const pc = Browser.onDesktop(app.url);
    expect((await pc.get('/login')).status).toBe(500);
    expect(await ask(pc, '/scan')).toEqual({ status: 'expired' });
  });
});

describe('without scripts, the PC', () => {
  it('goes on by a link that it finds on its page', async () => {
    const { pc, phone } = devices(await start());
    const page = await pc.follow('/me');
    const link = /<noscript><a [^>]*href="([^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const waiting = await pc.get(link);
    expect([waiting.status, waiting.body.includes('还没有收到手机上的确认')]).toEqual([200, true]);
    expect(waiting.body).toContain(`href="${link.replaceAll('&', '&amp;')}"`);
    await scan(phone, emulator, codeOn(page).url);
    const confirmed = await pc.get(link);
    expect([confirmed.status, confirmed.location]).toEqual([302, '/me']);
    expect(await isLoggedIn(pc)).toBe(true);
    const over = await pc.get(link);
    expect([over.status, over.body.includes('二维码已失效')]).toEqual([200, true]);
  });
});

describe('with a PIN, the PC', () => {
  const other = (pin: string): string => String((Number(pin) + 1) % 10_000).padStart(4, '0');

  it('is logged in with the four digits that the phone shows after the tap', async () => {
    const { pc, phone } = devices(await start({ auth: scanOptions({ confirm: 'pin' }) }));
    const code = await showCode(pc);
    const callback = await confirm(phone, emulator, code.url);
    const pin = pinOn(await phone.get(callback));
    expect(pin).toMatch(/^\d{4}$/);
    expect(pinOn(await phone.get(callback))).toBe(pin);
    expect(pinOn(await phone.get(code.url))).toBe(pin);
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'scanned' });
    const wrong = (await sendPin(pc, code.statusURL, other(pin))).json();
    expect(wrong).toEqual({ status: 'scanned', message: '数字不正确，请重新输入' });
    expect((await sendPin(pc, code.statusURL, pin)).json()).toEqual({ status: 'confirmed', location: '/me' });
    expect(await isLoggedIn(pc)).toBe(true);
    expect(pinOn(await phone.get(callback))).toBe('');
  });

  it('has three tries', async () => {
    const { pc, phone } = devices(await start({ auth: scanOptions({ confirm: 'pin' }) }));
    const code = await showCode(pc);
    const pin = pinOn(await scan(phone, emulator, code.url));
    for (const status of ['scanned', 'scanned', 'expired'])
      expect((await sendPin(pc, code.statusURL, other(pin))).json()).toMatchObject({ status });
    expect((await sendPin(pc, code.statusURL, pin)).json()).toEqual({ status: 'expired' });
    expect(await isLoggedIn(pc)).toBe(false);
  });

  it('cannot be tried from another session or another site', async () => {
    const app = await start({ auth: scanOptions({ confirm: 'pin' }) });
    const { pc, phone } = devices(app);
    const code = await showCode(pc);
    const pin = pinOn(await scan(phone, emulator, code.url));
    const attacker = Browser.onDesktop(app.url);
    expect((await sendPin(attacker, code.statusURL, pin)).json()).toEqual({ status: 'expired' });
    expect((await sendPin(pc, code.statusURL, pin, { Origin: 'https://evil.example' })).status).toBe(403);
    expect((await sendPin(pc, code.statusURL, pin)).json()).toMatchObject({ status: 'confirmed' });
  });

  it('sends a form if it runs no scripts', async () => {
    const { pc, phone } = devices(await start({ auth: scanOptions({ confirm: 'pin' }) }));
    const code = await showCode(pc);
    const pin = pinOn(await scan(phone, emulator, code.url));
    const page = await pc.get(`${code.statusURL}&page=1`);
    // The button of the form is the only green one.
    expect(page.body.match(/class="main"/g)).toHaveLength(1);
    expect(/<form [^]*?<\/form>/.exec(page.body)?.[0]).toContain('class="main"');
    const action = /<form [^>]*action="([^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const wrong = (await sendPin(pc, action, other(pin))).body;
    expect(wrong).toContain('name="pin"');
    expect(wrong).toContain('数字不正确，请重新输入');
    const confirmed = await sendPin(pc, action, pin);
    expect([confirmed.status, confirmed.location]).toEqual([303, '/me']);
  });
});

describe('check(pc, phone)', () => {
  it('compares both devices before onLogin runs', async () => {
    const seen: unknown[] = [];
    const onLogin = jest.fn();
    const app = await start({
      auth: {
        onLogin,
        ...scanOptions({
          check: async (pc, phone) => {
            seen.push([pc.headers['user-agent'], phone.headers['user-agent'], phone.ip]);
            seen.push(phone.socket.remoteAddress === pc.socket.remoteAddress, Object.keys(phone.headers));
            await Promise.resolve();
            return onLogin.mock.calls.length === 0;
          },
        }),
      },
    });
    const { pc, phone } = devices(app);
    const code = await showCode(pc);
    await scan(phone, emulator, code.url);
    expect(await ask(pc, code.statusURL)).toMatchObject({ status: 'confirmed' });
    expect(seen[0]).toEqual([
      DESKTOP_CHROME,
      expect.stringContaining('MicroMessenger'),
      expect.stringContaining('127.0.0.1'),
    ]);
    expect(seen[1]).toBe(true);
    expect(seen[2]).not.toContain('cookie');
    expect(onLogin).toHaveBeenCalledTimes(1);
  });

  it.each<[string, () => unknown]>([
    ['returns false', () => false],
    ['returns something truthy', () => 'false'],
    ['returns nothing', () => undefined],
    ['rejects', () => Promise.reject(new Error('no database'))],
    [
      'throws',
      () => {
        throw new WechatAuthError('token_store', 'away');
      },
    ],
  ])('refuses the login if it %s', async (_what, check) => {
    const onLogin = jest.fn();
    const { pc, phone } = devices(
      await start({ auth: { onLogin, ...scanOptions({ check: check as () => boolean }) } }),
    );
    const code = await showCode(pc);
    await scan(phone, emulator, code.url);
    const response = await pc.get(code.statusURL);
    const { error, message } = response.json() as { error: string; message: string };
    expect([response.status, error]).toEqual([403, 'login_refused']);
    expect(message).toMatch(
      /^onLogin 或 scanLogin\.check 拒绝了该用户（login_refused）。The `check` of scanLogin .*\. https:\/\/\S+\/zh-CN\/errors\.md#login_refused$/,
    );
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'expired' });
    expect(onLogin).not.toHaveBeenCalled();
    expect(await isLoggedIn(pc)).toBe(false);
  });

  it.each([
    [
      'en',
      undefined,
      /^The `check` of .* this phone\. \(login_refused\) https:\S+\/docs\/errors\.md#login_refused$/,
    ],
    ['en', 'production', /^You cannot log in\. This account cannot log in to this site\.$/],
    ['zh', 'production', /^无法登录。该账号不能登录本站。$/],
  ])('tells the page of the PC why, in its language: %s, NODE_ENV %s', async (language, mode, message) => {
    const before = process.env['NODE_ENV'];
    const { pc, phone } = devices(await start({ auth: scanOptions({ check: () => false }) }));
    const code = await showCode(pc);
    await scan(phone, emulator, code.url);
    process.env['NODE_ENV'] = mode ?? before;
    try {
      const response = await pc.get(code.statusURL, { headers: { 'Accept-Language': language } });
      expect((response.json() as { message: string }).message).toMatch(message);
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  /** Makes this many scan logins with `check`. Returns the last response that the PC got. */
  async function poll(check: () => unknown, times = 1): Promise<BrowserResponse> {
    const app = await start({ auth: scanOptions({ check: check as () => boolean }) });
    let response: BrowserResponse | undefined;
    for (let time = 0; time < times; time++) {
      const { pc, phone } = devices(app);
      const code = await showCode(pc);
      await scan(phone, emulator, code.url);
      response = await pc.get(`${code.statusURL}&page=1`);
    }
    if (!response) throw new Error('no login');
    return response;
  }

  it('that has a bug is on the console, once for each bug, with its stack', async () => {
    let runs = 0;
    const page = await poll(() => {
      runs += 1;
      // A message that differs each time, and that an attacker may have chosen.
      if (runs < 3) throw new TypeError(`user ${runs} is undefined\n    at attacker:${runs}`);
      return Promise.reject(new RangeError('another bug'));
    }, 4);
    expect(page.status).toBe(403);
    // In development, the page shows the stack, too.
    expect(page.body).toContain('another bug');
    expect(warnings).toMatchObject([
      {
        code: 'WECHAT_LOGIN_FAILED',
        message: expect.stringMatching(/^login_refused: The `check` of scanLogin threw an error/) as string,
        detail: expect.stringMatching(/^TypeError: user 1 is undefined[^]*pc\.test\.ts/) as string,
      },
      { code: 'WECHAT_LOGIN_FAILED', detail: expect.stringMatching(/^RangeError: another bug/) as string },
    ]);
    expect(warnings[0]?.message).not.toContain('user 1');
    for (const { message } of warnings)
      expect(message).toContain('应用传入的函数出错，或没有及时结束：请修复它。');
  });

  it.each<[string, () => unknown]>([
    ['returns false', () => false],
    ['throws an error with refuse: true', () => Promise.reject(Object.assign(new Error(), { refuse: true }))],
    ['throws an error with status 403', () => Promise.reject(Object.assign(new Error(), { status: 403 }))],
  ])('that refuses a login is not on the console: it %s', async (_how, check) => {
    expect((await poll(check)).status).toBe(403);
    expect(warnings).toEqual([]);
  });

  it('that does not settle in time refuses the login, and the console says so once', async () => {
    let onStart = (): void => undefined;
    const running = new Promise<void>((resolve) => (onStart = resolve));
    const check = (): Promise<boolean> => {
      onStart();
      return new Promise(() => undefined);
    };
    const { pc, phone } = devices(await start({ auth: scanOptions({ check }) }));
    const code = await showCode(pc);
    await scan(phone, emulator, code.url);
    fakeTimeLimits('performance', 'Date');
    const polled = pc.get(`${code.statusURL}&page=1`);
    await running;
    await jest.advanceTimersByTimeAsync(20_000);
    const page = await polled;
    jest.useRealTimers();
    expect([page.status, page.body.includes('threw')]).toEqual([403, false]);
    expect(page.body).toContain('did not settle within 20000 ms');
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^login_refused: The `check` of scanLogin did not settle within 20000 ms.*应用传入的函数出错，或没有及时结束/,
      ),
    ]);
  });
});
