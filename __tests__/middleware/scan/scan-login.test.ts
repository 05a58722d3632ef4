// A scan login from the code on the PC to its session, on every framework and with both session middlewares.
import { wechatAuth, type WechatAuthOptions } from '../../../lib';
import {
  cookies,
  emulated,
  sendJSON,
  startApp,
  type AppOptions,
  type TestApp,
  type TestRequest,
} from '../../support/app';
import { Browser } from '../../support/browser';
import { emulator, useEmulator } from '../../support/emulator';
import { createHost, HOSTS, listen } from '../../support/hosts';
import { isLoggedIn, sessionOf } from '../../support/login';
import { ask, devices, scan, scanOptions, showCode, tap } from '../../support/browsers/scan-login';
import { SESSIONS, SESSION_NAMES } from '../../support/sessions';

useEmulator();

const apps: TestApp[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start({ auth, ...options }: AppOptions = {}): Promise<TestApp> {
  const app = await startApp(emulator, { ...options, auth: { ...scanOptions(), ...auth } });
  apps.push(app);
  return app;
}

const WAYS = HOSTS.flatMap((host) =>
  SESSION_NAMES.flatMap((session) => ['', '/auth'].map((mount) => ({ host, session, mount }))),
);

describe.each(WAYS)(
  'a scan login on $host with $session, mounted at "$mount"',
  ({ host, session, mount }) => {
    it('logs the PC in, and not the phone, after the user confirmed on the phone', async () => {
      const flows: unknown[] = [];
      const app = await start({
        host,
        mount,
        session: SESSIONS[session](),
        auth: {
          onLogin: (req, login) => {
            flows.push([login.flow, req.headers['user-agent']?.includes('Windows')]);
          },
        },
      });
      const { pc, phone } = devices(app);
      const code = await showCode(pc, `${mount}/me?tab=orders`);
      expect(code.url).toMatch(new RegExp(`^${app.url}${mount}/scan/[\\w-]{52}$`));
      expect(code.number).toMatch(/^[1-9]\d$/);
      expect(await ask(pc, code.statusURL)).toEqual({ status: 'waiting' });

      const question = await phone.get(code.url);
      expect(question.status).toBe(200);
      expect(question.body).toContain(`<dd>${code.number}</dd>`);
      expect(question.body).toContain('Windows · Chrome');
      expect(await ask(pc, code.statusURL)).toEqual({ status: 'scanned' });

      const toWechat = await tap(phone, question, 'confirm');
      expect(toWechat.status).toBe(303);
      expect(toWechat.location).toContain(`${emulator.url}/connect/oauth2/authorize?`);
      expect(await ask(pc, code.statusURL)).toEqual({ status: 'scanned' });
      const callback = (await emulator.authorize(toWechat.location)) ?? '';
      const done = await phone.get(callback);
      expect([done.status, done.body.includes('请回到电脑继续')]).toEqual([200, true]);
      expect(flows).toEqual([]);
      expect((await phone.get(`${mount}/me`)).status).toBe(302);

      expect(await ask(pc, code.statusURL)).toEqual({
        status: 'confirmed',
        location: `${mount}/me?tab=orders`,
      });
      expect(flows).toEqual([['scan', true]]);
      expect((await pc.get(`${mount}/me`)).json()).toMatchObject({ nickname: '小明' });
      const { wechat } = (await pc.get(`${mount}/session`)).json() as { wechat: unknown };
      expect(wechat).toMatchObject({
        flow: 'scan',
        appid: emulator.apps.official.appId,
        scope: 'snsapi_userinfo',
      });
      expect(await ask(pc, code.statusURL)).toEqual({ status: 'expired' });
      expect(app.errors).toEqual([]);
    });

    it('tells the PC that the user cancelled on the phone', async () => {
      const { pc, phone } = devices(await start({ host, mount, session: SESSIONS[session]() }));
      const code = await showCode(pc, `${mount}/me`);
      const cancelled = await tap(phone, await phone.get(code.url), 'cancel');
      expect([cancelled.status, cancelled.body.includes('已取消登录')]).toEqual([200, true]);
      expect(await ask(pc, code.statusURL)).toEqual({ status: 'cancelled' });
      expect((await phone.get(code.url)).body).toContain('已取消登录');
    });
  },
);

describe('a scan login', () => {
  it('is the login of a PC without a website app, and never of a browser inside WeChat', async () => {
    const app = await start();
    const { pc, phone } = devices(app);
    expect((await pc.get('/login')).body).toContain('微信扫码登录');
    expect((await phone.get('/login')).location).toContain('/connect/oauth2/authorize');
    const both = await start({ auth: { website: emulated(emulator).website } });
    expect((await devices(both).pc.get('/login')).location).toContain('/connect/qrconnect');
  });

  it.each<[string, WechatAuthOptions, RegExp]>([
    [
      'a request without an account',
      { account: () => undefined, scanLogin: true },
      /^This request belongs to no account: the option account returned undefined or null\./,
    ],
    [
      'an account without an AppSecret',
      {
        account: () => ({ appId: 'wx1', component: { appId: 'wx2', accessToken: () => 'token' } }),
        scanLogin: true,
      },
      /^A scan login was requested, but it is off for this account\. Give scanLogin: true, and appId and appSecret/,
    ],
    [
      'an app without the option',
      { appId: 'wx1', appSecret: 's'.repeat(32) },
      /^A scan login was requested, but it is off for this account\. Give scanLogin: true/,
    ],
  ])('is refused by startScanLogin() with its reason: %s', async (_what, options, message) => {
    const host = createHost('Express 5');
    host.use(cookies());
    host.use(wechatAuth({ ...options, endpoints: emulator.endpoints }));
    host.use((req, res) => {
      (req as TestRequest).wechat.startScanLogin().catch((error: unknown) => {
        sendJSON(res, { ...(error as object), message: (error as Error).message });
      });
    });
    const running = await listen(host);
    const response = await Browser.onDesktop(running.url).get('/own');
    expect(response.json()).toMatchObject({
      kind: 'config',
      message: expect.stringMatching(message) as string,
    });
    await running.close();
  });

  it('lets a login of another tab finish, although the session has lost it and then got a new id', async () => {
    const seen: unknown[] = [];
    const app = await start({
      session: SESSIONS['express-session'](),
      auth: { website: emulated(emulator).website, onLogin: (_req, { data }) => void seen.push(data) },
      routes: (host) => {
        host.use('/tab', (req) => {
          void (req as TestRequest).wechat.login({ returnTo: '/public?tab', data: { tab: 1 } });
        });
        // Another tab, whose request has saved the session without this login.
        host.use('/other', (req, res) => {
          delete (req as TestRequest).session['wechat:login'];
          res.end();
        });
        host.use('/own', (req, res) => {
          void (req as TestRequest).wechat.startScanLogin().then((login) => {
            sendJSON(res, login);
          });
        });
      },
    });
    const { pc, phone } = devices(app);
    const callback = (await emulator.authorize((await pc.get('/tab')).location)) ?? '';
    await pc.get('/other');
    const before = pc.cookies();
    for (let codes = 0; codes < 2; codes++) await pc.get('/own');
    expect(pc.cookies()).not.toBe(before);
    const done = await pc.get(callback);
    expect([done.status, done.location]).toEqual([302, '/public?tab']);
    expect(seen).toEqual([{ tab: 1 }]);
    expect(await isLoggedIn(pc)).toBe(true);
    expect(await isLoggedIn(phone)).toBe(false);
  });

  it('is offered by startScanLogin() for a page of the app', async () => {
    const onLogin = jest.fn();
    const app = await start({
      auth: { onLogin },
      routes: (host) => {
        host.use('/own', (req, res) => {
          void (req as TestRequest).wechat
            .startScanLogin({ returnTo: '/me', data: { from: 'own page' } })
            .then((login) => {
              res.end(JSON.stringify(login));
            });
        });
      },
    });
    const { pc, phone } = devices(app);
    const login = (await pc.get('/own')).json() as Record<string, unknown>;
    expect(Object.keys(login).sort()).toEqual(['expiresAt', 'number', 'statusURL', 'svg', 'url']);
    expect(login['svg']).toMatch(/^<svg [^]*<\/svg>$/);
    expect(login['url']).toMatch(/\/scan\/[\w-]{52}$/);
    expect(login['number']).toMatch(/^\d\d$/);
    expect(login['statusURL']).toMatch(/^\/scan\?login=[\da-f]{16}$/);
    expect(Number(login['expiresAt']) - Date.now()).toBeGreaterThan(290_000);
    await scan(phone, emulator, String(login['url']));
    expect(await ask(pc, '/scan')).toEqual({ status: 'confirmed', location: '/me' });
    expect(await isLoggedIn(pc)).toBe(true);
    expect(onLogin).toHaveBeenCalledWith(
      expect.anything(),
      expect.objectContaining({ flow: 'scan', returnTo: '/me', data: { from: 'own page' } }),
    );
    expect(Object.keys(await sessionOf(phone))).not.toContain('wechat');
  });
});
