// What the phone may do with a ticket: who takes it, whose form counts, and what follows at WeChat.
import express from 'express';
import express4 from 'express4';
import { startApp, type AppOptions, type TestApp } from '../../support/app';
import { Browser, agree } from '../../support/browser';
import { ANDROID_WECHAT, DESKTOP_CHROME, PHONE_SAFARI, WECOM } from '../../support/browsers/user-agents';
import { emulator, useEmulator } from '../../support/emulator';
import { exchangedCodes, isLoggedIn, linkOn, sessionOf } from '../../support/login';
import {
  SAME_ORIGIN,
  ask,
  codeOn,
  confirm,
  devices,
  formToken,
  pinOn,
  scan,
  scanOptions,
  sendPin,
  showCode,
  tap,
} from '../../support/browsers/scan-login';
import { HOSTS, type Middleware } from '../../support/hosts';
import { SESSIONS } from '../../support/sessions';

useEmulator({ switches: { recentLogin: 'ask', denial: 'authdeny' } });

const apps: TestApp[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  emulator.switches.consent = 'ask';
  emulator.switches.snapshot = 'by-user';
  emulator.switches.doubleCallback = 'off';
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start({ auth, ...options }: AppOptions = {}): Promise<TestApp> {
  const app = await startApp(emulator, { ...options, auth: { ...scanOptions(), ...auth } });
  apps.push(app);
  return app;
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

describe('a ticket on a phone', () => {
  it('is taken by the first phone, which may open it again; a second phone gets a page that says so', async () => {
    const app = await start();
    const { pc, phone } = devices(app);
    const code = await showCode(pc);
    expect((await phone.get(code.url)).status).toBe(200);
    const second = await Browser.inWechat(app.url).get(code.url);
    expect([second.status, second.body.includes('二维码已被使用')]).toEqual([409, true]);
    expect(formToken(second)).toBe('');
    const again = await phone.get(code.url);
    expect([again.status, formToken(again) !== '']).toEqual([200, true]);
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'scanned' });
  });

  it('is not taken by HEAD, by a prefetch, or by a browser outside WeChat', async () => {
    const app = await start();
    const { pc, phone } = devices(app);
    const code = await showCode(pc);
    for (const [browser, options] of [
      [phone, { method: 'HEAD' }],
      [phone, { headers: { 'Sec-Purpose': 'prefetch' } }],
    ] as const) {
      const response = await browser.request(code.url, options);
      expect([response.status, response.headers['set-cookie']]).toEqual([204, undefined]);
    }
    for (const userAgent of [DESKTOP_CHROME, PHONE_SAFARI, WECOM]) {
      const page = await new Browser(app.url, userAgent).get(code.url);
      expect([page.status, page.body.includes('请在微信中打开')]).toEqual([200, true]);
      expect(page.body).toContain(code.url);
      expect(page.headers['set-cookie']).toBeUndefined();
    }
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'waiting' });
    await scan(phone, emulator, code.url);
    expect(await ask(pc, code.statusURL)).toMatchObject({ status: 'confirmed' });
  });

  it('is over when ten other phones have opened it: it was passed on', async () => {
    const app = await start();
    const { pc, phone } = devices(app);
    const code = await showCode(pc);
    const question = await phone.get(code.url);
    for (let opened = 0; opened < 10; opened++) await Browser.inWechat(app.url).get(code.url);
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'expired' });
    expect((await tap(phone, question, 'confirm')).status).toBe(410);
  });

  it.each(['a forged one', 'one that has expired', 'a part of one'])(
    'is shown as expired if it is %s',
    async (kind) => {
      const { pc, phone } = devices(await start());
      const { url } = await showCode(pc);
      const wrong = {
        'a forged one': url.slice(0, -1) + (url.endsWith('A') ? 'B' : 'A'),
        'one that has expired': url,
        'a part of one': url.slice(0, -20),
      }[kind];
      if (kind === 'one that has expired')
        jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 5 * 60_000 + 1_000);
      const page = await phone.get(wrong ?? '');
      expect([page.status, page.body.includes('二维码已失效')]).toEqual([410, true]);
      expect(page.headers['set-cookie']).toBeUndefined();
    },
  );

  it('asks somebody who is logged in on the phone, too', async () => {
    const app = await start();
    const { pc, phone } = devices(app);
    await phone.logIn(emulator, '/me');
    expect(await isLoggedIn(phone)).toBe(true);
    const code = await showCode(pc);
    await phone.get(code.url);
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'scanned' });
    await scan(phone, emulator, code.url);
    expect(await ask(pc, code.statusURL)).toMatchObject({ status: 'confirmed' });
    expect(await isLoggedIn(phone)).toBe(true);
  });

  it('needs a session on the phone', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation();
    const app = await start();
    const { url } = await showCode(devices(app).pc);
    const without = await start({ session: null });
    const page = await Browser.inWechat(without.url).get(new URL(url).pathname);
    expect([page.status, page.body.includes('session_missing')]).toEqual([500, true]);
  });
});

// Each row: the device that started the login, and what the phone says when it has confirmed.
describe('a phone that has confirmed sends its user back', () => {
  const IPAD = PHONE_SAFARI.replace('iPhone', 'iPad');
  const ENGLISH = { 'Accept-Language': 'en' };
  it.each([
    [DESKTOP_CHROME, '请回到电脑继续', 'Go back to your computer', '请在电脑上输入这四位数字'],
    [PHONE_SAFARI, '请回到刚才的浏览器继续', 'Go back to your browser', '请在浏览器中输入这四位数字'],
    [IPAD, '请回到刚才的浏览器继续', 'Go back to your browser', '请在浏览器中输入这四位数字'],
    ['unknown', '请回到刚才的浏览器继续', 'Go back to your browser', '请在浏览器中输入这四位数字'],
  ])('to %s', async (userAgent, zh, en, typePin) => {
    for (const scanLogin of [true, { confirm: 'pin' }] as const) {
      const app = await start({ auth: scanOptions(scanLogin) });
      const code = await showCode(new Browser(app.url, userAgent));
      const { phone } = devices(app);
      const done = await scan(phone, emulator, code.url);
      expect(done.body).toContain(`<h1>${zh}</h1>`);
      expect(done.body.includes(typePin)).toBe(scanLogin !== true);
      const again = await phone.get(code.url, { headers: ENGLISH });
      expect(again.body).toContain(`<h1>${en}</h1>`);
    }
  });

  it('tells the browser that started the login where the code was opened', async () => {
    for (const [userAgent, scanLogin, text] of [
      [PHONE_SAFARI, true, '已在微信中打开，请核对数字并确认'],
      [PHONE_SAFARI, { confirm: 'pin' }, '已在微信中打开：请先确认，再输入微信中显示的四位数字'],
      [DESKTOP_CHROME, true, '已扫描，请在手机上核对数字并确认'],
      [DESKTOP_CHROME, { confirm: 'pin' }, '已扫描：请在手机上确认，再输入手机上显示的四位数字'],
    ] as const) {
      const app = await start({ auth: scanOptions(scanLogin) });
      const browser = new Browser(app.url, userAgent);
      const page = await browser.follow('/me');
      expect(page.body).toContain(`data-scanned="${text}"`);
      const code = codeOn(page);
      await devices(app).phone.get(code.url);
      expect((await browser.get(`${code.statusURL}&page=1`)).body).toContain(`<p>${text}</p>`);
    }
  });

  // An attacker chooses the device that starts her login, so the warning is the same for all.
  it.each([DESKTOP_CHROME, PHONE_SAFARI])(
    'and asks before, of a code and of a link: %s',
    async (userAgent) => {
      const app = await start();
      const code = await showCode(new Browser(app.url, userAgent));
      const { phone } = devices(app);
      const question = await phone.get(code.url);
      expect(question.body).toContain('如果二维码或链接是别人发给你的，请点「取消」');
      expect((await phone.get(code.url, { headers: ENGLISH })).body).toContain(
        'the QR code or the link, cancel',
      );
      const second = await Browser.inWechat(app.url).get(code.url);
      expect((await tap(phone, question, 'cancel')).body).toContain('该设备不会登录你的账号。');
      const pages = [second, await phone.get(`${code.url.slice(0, -1)}!`)];
      expect(
        pages.map(({ status, body }) => [status, body.includes('请在发起登录的页面换一个二维码')]),
      ).toEqual([
        [409, true],
        [410, true],
      ]);
    },
  );
});

describe('the form of the question', () => {
  const ORIGIN = 'https://shop.example';
  it.each<[string, (page: { url: string }) => Record<string, string>, boolean]>([
    ['Sec-Fetch-Site: same-origin', () => SAME_ORIGIN, true],
    ['Sec-Fetch-Site: same-site', () => ({ 'Sec-Fetch-Site': 'same-site' }), false],
    ['Sec-Fetch-Site: cross-site', () => ({ 'Sec-Fetch-Site': 'cross-site' }), false],
    [
      'Sec-Fetch-Site: cross-site with our Origin',
      ({ url }) => ({ 'Sec-Fetch-Site': 'cross-site', Origin: new URL(url).origin }),
      false,
    ],
    ['our Origin', ({ url }) => ({ Origin: new URL(url).origin }), true],
    ['another Origin', () => ({ Origin: ORIGIN }), false],
    ['Origin: null', () => ({ Origin: 'null' }), true],
    ['neither', () => ({}), true],
  ])(
    'with its own token, is refused if the browser names another origin: %s',
    async (_name, headers, isAccepted) => {
      const { pc, phone } = devices(await start());
      const code = await showCode(pc);
      const page = await phone.get(code.url);
      const response = await tap(phone, page, 'confirm', headers(page));
      expect(response.status).toBe(isAccepted ? 303 : 403);
      const cancelled = await tap(phone, page, 'cancel', headers(page));
      expect(cancelled.status).toBe(isAccepted ? 200 : 403);
      expect(await ask(pc, code.statusURL)).toEqual({ status: isAccepted ? 'cancelled' : 'scanned' });
    },
  );

  it.each([
    ['Origin: null', { Origin: 'null' }, 403],
    ['neither', {}, 403],
    ['Sec-Fetch-Site: same-origin', SAME_ORIGIN, 303],
  ])(
    'with the token of another phone, is refused unless the browser names its own origin: %s',
    async (_name, headers, status) => {
      const app = await start();
      const { pc, phone } = devices(app);
      const code = await showCode(pc);
      await phone.get(code.url);
      const other = Browser.inWechat(app.url);
      const token = formToken(await other.get((await showCode(pc)).url));
      const response = await phone.request(code.url, {
        method: 'POST',
        headers: { ...FORM, ...headers },
        body: new URLSearchParams({ action: 'confirm', token }).toString(),
      });
      expect(response.status).toBe(status);
    },
  );

  // Each row: with baseURL or without, whether the form has its token, the Origin, the status.
  const BASE = 'https://shop.example';
  it.each([
    [BASE, false, BASE, 303],
    // An attacker in the network of the phone can forge pages that come by http.
    [BASE, false, 'http://shop.example', 403],
    [BASE, true, 'http://shop.example', 403],
    [BASE, false, 'ftp://shop.example', 403],
    [BASE, false, 'http://HOST', 403],
    [BASE, true, 'http://HOST', 403],
    [undefined, false, 'http://HOST', 303],
    // A proxy ends TLS and does not say so: the token proves that the form is ours.
    [undefined, true, 'https://HOST', 303],
    [undefined, false, 'https://HOST', 403],
    [undefined, true, 'ftp://HOST', 403],
  ] as const)(
    'with baseURL %s, with its token: %s, from %s: %i',
    async (baseURL, hasToken, origin, status) => {
      const app = await start(baseURL === undefined ? {} : { auth: { baseURL } });
      const { pc, phone } = devices(app);
      const { pathname } = new URL((await showCode(pc, '/login')).url);
      // Under baseURL, a proxy passes the Host on, except from pages at the address of the app itself.
      const { host } = new URL(baseURL === undefined || origin.endsWith('HOST') ? app.url : baseURL);
      const token = formToken(await phone.get(pathname));
      const response = await phone.request(pathname, {
        method: 'POST',
        headers: { ...FORM, Host: host, Origin: origin.replace('HOST', host) },
        body: new URLSearchParams({ action: 'confirm', ...(hasToken && { token }) }).toString(),
      });
      expect(response.status).toBe(status);
    },
  );

  it('confirms nothing for a phone that did not take the ticket', async () => {
    const app = await start();
    const { pc, phone } = devices(app);
    const code = await showCode(pc);
    const page = await phone.get(code.url);
    const other = Browser.inWechat(app.url);
    expect((await tap(other, page, 'confirm')).status).toBe(400);
    await other.get(code.url);
    expect((await tap(other, page, 'confirm')).status).toBe(409);
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'scanned' });
  });

  it('of a phone that has logged out since says so, and not that another phone has scanned the code', async () => {
    const { pc, phone } = devices(await start());
    const code = await showCode(pc);
    await phone.logIn(emulator, '/me');
    const page = await phone.get(code.url);
    await phone.get('/logout');
    const texts = {
      zh: ['无法确认登录', '退出了登录'],
      en: ['cannot confirm the login', 'you logged out on this phone'],
    };
    for (const [language, parts] of Object.entries(texts)) {
      const headers = { ...SAME_ORIGIN, 'Accept-Language': language };
      const response = await tap(phone, page, 'confirm', headers);
      expect([response.status, response.body]).toEqual([
        400,
        expect.stringContaining('data-kind="state_unknown"'),
      ]);
      for (const part of parts) expect(response.body).toContain(part);
    }
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'scanned' });
  });

  it('is shown again if it was sent without an answer', async () => {
    const { pc, phone } = devices(await start());
    const code = await showCode(pc);
    const page = await phone.get(code.url);
    const response = await tap(phone, page, 'other' as 'confirm');
    expect([response.status, formToken(response)]).toEqual([200, formToken(page)]);
  });

  it.each<[string, number, NonNullable<AppOptions['before']>]>([
    [
      'is read if the app has parsed it',
      303,
      (host) => host.use((req, _res, next) => parse(req as never, next, fieldsOf)),
    ],
    [
      'is read if the app has read it as text',
      303,
      (host) => host.use((req, _res, next) => parse(req as never, next, (text) => text)),
    ],
    [
      'is shown again if the text is longer than a few kilobytes',
      200,
      (host) => host.use((req, _res, next) => parse(req as never, next, (text) => text.padEnd(4_097, '&'))),
    ],
    [
      'is shown again if the app has read it and kept nothing',
      200,
      (host) =>
        host.use((req, _res, next) => {
          req.resume();
          req.on('end', () => {
            next();
          });
        }),
    ],
  ])('%s', async (_what, status, before) => {
    const { pc, phone } = devices(await start({ before }));
    const code = await showCode(pc);
    const response = await tap(phone, await phone.get(code.url), 'confirm');
    expect([response.status, formToken(response) !== '']).toEqual([status, status === 200]);
  });

  const PARSERS = {
    json: [express.json(), express4.json()],
    urlencoded: [express.urlencoded({ extended: false }), express4.urlencoded({ extended: false })],
    text: [express.text(), express4.text()],
    raw: [express.raw(), express4.raw()],
  } as const;
  it.each(
    HOSTS.flatMap((host) =>
      [['json'], ['text', 'raw'], ['urlencoded'], ['json', 'urlencoded'], ['urlencoded', 'json']].flatMap(
        (names) =>
          ([0, 1] as const).map((version) => ({ host, names: names as (keyof typeof PARSERS)[], version })),
      ),
    ),
  )(
    'is read on $host behind the body parsers $names of Express ($version)',
    async ({ host, names, version }) => {
      const before: AppOptions['before'] = (app) => {
        for (const name of names) app.use(PARSERS[name][version] as unknown as Middleware);
      };
      const { pc, phone } = devices(await start({ host, before, auth: { scanLogin: { confirm: 'pin' } } }));
      const code = await showCode(pc);
      const shown = await scan(phone, emulator, code.url);
      const status = await sendPin(pc, code.statusURL, pinOn(shown));
      expect(status.json()).toMatchObject({ status: 'confirmed' });
    },
  );

  it('is not read beyond a few kilobytes', async () => {
    const { pc, phone } = devices(await start());
    const code = await showCode(pc);
    const page = await phone.get(code.url);
    const response = await phone.request(page.url, {
      method: 'POST',
      headers: { ...FORM, ...SAME_ORIGIN },
      body: `filler=${'x'.repeat(100_000)}&action=confirm`,
    });
    expect(response.status).toBe(200);
    expect(response.body).toContain('name="token"');
  });
});

const fieldsOf = (text: string): unknown => Object.fromEntries(new URLSearchParams(text));

function parse(
  req: { method: string; body?: unknown } & NodeJS.ReadableStream,
  next: () => void,
  bodyOf: (text: string) => unknown,
): void {
  let text = '';
  req.on('data', (chunk: Buffer) => (text += chunk.toString()));
  req.on('end', () => {
    req.body = bodyOf(text);
    next();
  });
}

describe('at WeChat, the phone', () => {
  it('may try again after its user refused, or saw the snapshot page', async () => {
    const { pc, phone } = devices(await start());
    const code = await showCode(pc);
    const question = await phone.get(code.url);
    const first = await tap(phone, question, 'confirm');
    const denied = await phone.get((await emulator.authorize(first.location, { allow: false })) ?? '');
    expect(denied.status).toBe(403);
    expect(denied.body).toContain(`href="/scan/${code.ticket}"`);
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'scanned' });

    emulator.switches.snapshot = 'always';
    const second = await tap(phone, question, 'confirm');
    const snapshot = await phone.get((await emulator.authorize(second.location)) ?? '');
    expect([snapshot.status, snapshot.body.includes('使用完整服务')]).toEqual([403, true]);
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'scanned' });
    emulator.switches.snapshot = 'by-user';

    await scan(phone, emulator, code.url);
    expect(await ask(pc, code.statusURL)).toMatchObject({ status: 'confirmed' });
  });

  it.each(['cookie-session', 'express-session'] as const)(
    'sees the same page if WeChat calls back twice, with its old or its new cookie (%s)',
    async (session) => {
      const onLogin = jest.fn();
      const app = await start({ session: SESSIONS[session](), auth: { onLogin } });
      const { pc, phone } = devices(app);
      const code = await showCode(pc);
      emulator.requests.length = 0;
      const callback = await confirm(phone, emulator, code.url);
      const cookie = phone.cookies();
      const pages = await Promise.all([phone.get(callback, { cookie }), phone.get(callback, { cookie })]);
      const later = [await phone.get(callback), await phone.get(callback, { cookie })];
      for (const page of [...pages, ...later]) {
        expect([page.status, page.location]).toEqual([200, '']);
        expect(page.body).toContain('请回到电脑继续');
      }
      expect(exchangedCodes(emulator)).toHaveLength(1);
      expect(await ask(pc, code.statusURL)).toMatchObject({ status: 'confirmed' });
      expect((await phone.get(callback)).body).toContain('请回到电脑继续');
      expect((await phone.get(code.url)).body).toContain('请回到电脑继续');
      expect(onLogin).toHaveBeenCalledTimes(1);
      expect(Object.keys(await sessionOf(phone))).not.toContain('wechat');
    },
  );

  it('starts once more by itself after a code that WeChat does not accept, and still ends on the PC', async () => {
    const { pc, phone } = devices(await start());
    const code = await showCode(pc);
    const callback = await confirm(phone, emulator, code.url);
    emulator.fail('access_token', { errcode: 40029 });
    const restarted = await phone.get(callback);
    expect(restarted.location).toContain('/connect/oauth2/authorize');
    const done = await phone.get(await agree(emulator, restarted.location));
    expect(done.body).toContain('请回到电脑继续');
    expect(await ask(pc, code.statusURL)).toMatchObject({ status: 'confirmed' });
    expect(await isLoggedIn(phone)).toBe(false);
  });

  it('is not logged in itself if it lost its session on the way', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation();
    const { pc, phone } = devices(await start());
    const code = await showCode(pc);
    const callback = await confirm(phone, emulator, code.url);
    const lost = await phone.get(callback, { cookie: '' });
    expect([lost.status, lost.location]).toEqual([400, '']);
    expect(lost.body).toContain('data-kind="state_unknown"');
    expect(lost.body).toContain('only the phone that confirmed the login of a PC may finish it');
    expect(lost.body).toContain('Get a new QR code on the PC, and scan that one.');
    expect(linkOn(lost)).toBe('');
    expect(await isLoggedIn(phone)).toBe(false);
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'scanned' });
  });

  it('comes too late when the ticket has expired', async () => {
    const { pc, phone } = devices(await start());
    const code = await showCode(pc);
    const callback = await confirm(phone, emulator, code.url);
    emulator.requests.length = 0;
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 5 * 60_000 + 1_000);
    expect((await phone.get(callback)).status).toBe(400);
    expect(exchangedCodes(emulator)).toEqual([]);
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'expired' });
  });

  it('comes too late after loginTimeout, and is not sent to WeChat again', async () => {
    const { pc, phone } = devices(await start({ auth: { loginTimeout: 60_000 } }));
    const code = await showCode(pc);
    const callback = await confirm(phone, emulator, code.url);
    emulator.requests.length = 0;
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
    const late = await phone.get(callback);
    expect([late.status, late.location, exchangedCodes(emulator)]).toEqual([400, '', []]);
  });

  it('asks for the scope that the page on the PC needs', async () => {
    const app = await start({ auth: { scope: 'snsapi_base' }, guard: { scope: 'snsapi_userinfo' } });
    const { pc, phone } = devices(app);
    const silent = await showCode(pc, '/login');
    expect((await tap(phone, await phone.get(silent.url), 'confirm')).location).toContain('snsapi_base');
    const full = await showCode(pc, '/me');
    expect((await tap(phone, await phone.get(full.url), 'confirm')).location).toContain('snsapi_userinfo');
  });

  it('cannot finish for the PC if its user logged in on the phone meanwhile', async () => {
    const { pc, phone } = devices(await start());
    const code = await showCode(pc);
    const callback = await confirm(phone, emulator, code.url);
    await phone.logIn(emulator, '/login');
    const late = await phone.get(callback);
    expect(late.body).not.toContain('请回到电脑继续');
    expect(await ask(pc, code.statusURL)).toEqual({ status: 'scanned' });
  });

  it('may confirm from WeChat on Android, too', async () => {
    const app = await start();
    const { pc } = devices(app);
    const code = await showCode(pc);
    emulator.switches.doubleCallback = 'different-codes';
    const phone = new Browser(app.url, ANDROID_WECHAT);
    await scan(phone, emulator, code.url);
    expect(await ask(pc, code.statusURL)).toMatchObject({ status: 'confirmed' });
  });
});
