import { MemoryTokenStore, type TokenStore } from '../../lib';
import { startApp } from '../support/app';
import { Browser } from '../support/browser';
import { emulator, useEmulator } from '../support/emulator';

describe("an app's own token store with a lock", () => {
  useEmulator();

  it('gets only keys of AppID and openid, and only tokens', async () => {
    const memory = new MemoryTokenStore();
    const keys: string[] = [];
    const saved: unknown[] = [];
    const tokenStore: TokenStore = {
      get: (key) => (keys.push(key), memory.get(key)),
      set: (key, token, ttlMs) => (keys.push(key), saved.push(token), memory.set(key, token, ttlMs)),
      delete: (key) => (keys.push(key), memory.delete(key)),
      lock: (key, fn) => (keys.push(key), fn()),
    };
    const app = await startApp(emulator, { auth: { tokenStore } });
    try {
      const browser = Browser.inWechat(app.url);
      expect((await browser.logIn(emulator, '/me')).status).toBe(200);
      await browser.get('/logout');
    } finally {
      await app.close();
    }
    const { appId } = emulator.apps.official;
    const openid = emulator.openid(emulator.users[0]?.id ?? '', appId);
    expect(new Set(keys)).toEqual(new Set([`${appId}:${openid}`]));
    expect(saved).toEqual([expect.objectContaining({ openid, scope: 'snsapi_userinfo' })]);
  });
});
