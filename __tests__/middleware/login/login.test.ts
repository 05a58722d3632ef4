import { startApp, type TestApp } from '../../support/app';
import { agree, Browser } from '../../support/browser';
import { emulator, useEmulator } from '../../support/emulator';

describe('a login', () => {
  useEmulator();
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(emulator);
  });
  afterAll(async () => {
    await app.close();
  });

  it('leads a user inside WeChat from a guarded page to WeChat and back to that page', async () => {
    const browser = Browser.inWechat(app.url);
    const guarded = await browser.get('/me?tab=orders');
    expect(guarded.status).toBe(302);
    expect(guarded.location).toBe('/login?returnTo=%2Fme%3Ftab%3Dorders');

    const login = await browser.get(guarded.location);
    expect(login.status).toBe(302);
    expect(login.body).toBe('');
    expect(login.headers['cache-control']).toBe('no-store');
    const { origin, pathname, searchParams, hash } = new URL(login.location);
    expect(origin + pathname + hash).toBe(`${emulator.url}/connect/oauth2/authorize#wechat_redirect`);
    expect([...searchParams.keys()]).toEqual(['appid', 'redirect_uri', 'response_type', 'scope', 'state']);
    expect(searchParams.get('redirect_uri')).toBe(`${app.url}/callback`);
    expect(searchParams.get('scope')).toBe('snsapi_userinfo');
    expect(searchParams.get('state')).toMatch(/^0[0-9a-f]{32}$/);

    const callback = await browser.get(await agree(emulator, login.location));
    expect(callback.status).toBe(302);
    expect(callback.location).toBe('/me?tab=orders#');
    expect(callback.body).toBe('');
    expect(callback.headers['referrer-policy']).toBe('no-referrer');
    expect(callback.headers['cache-control']).toBe('no-store');

    const me = await browser.get(callback.location);
    expect(me.json()).toMatchObject({
      nickname: emulator.users[0]?.nickname,
      openid: expect.stringMatching(/^o/) as string,
    });
  });

  it('leads a user on a PC to the QR code', async () => {
    const browser = Browser.onDesktop(app.url);
    const redirect = await browser.follow('/me');
    expect(redirect.location).toContain(`${emulator.url}/connect/qrconnect?`);
    expect(new URL(redirect.location).searchParams.get('scope')).toBe('snsapi_login');
    const me = await browser.follow(await agree(emulator, redirect.location));
    expect(me.json()).toMatchObject({ nickname: emulator.users[0]?.nickname });
  });

  it('stores the user and the ids in the session, and no token', async () => {
    const browser = Browser.inWechat(app.url);
    await browser.logIn(emulator, '/me');
    const session = (await browser.get('/session')).json() as Record<string, unknown>;
    expect(session['wechat']).toEqual({
      user: expect.objectContaining({ nickname: emulator.users[0]?.nickname }) as unknown,
      appid: emulator.apps.official.appId,
      openid: expect.stringMatching(/^o/) as string,
      unionid: expect.stringMatching(/^o/) as string,
      scope: 'snsapi_userinfo',
      flow: 'official',
    });
    expect(JSON.stringify(session)).not.toContain('token');
  });
});
