// A logout may reach another process while a login is in progress. For a minute, this process asks the shared cache.
import { cookiesOf } from '../../support/browser';
import { MemoryTokenStore, type TokenStore } from '../../../lib';
import { LocalCache } from '../../../lib/stores/local-cache';
import type { SharedCache } from '../../../lib/stores/shared-cache';
import { sendJSON, startApp, type TestApp, type TestRequest } from '../../support/app';
import { codeAccounts, CodeClient, codeRoutes, newCode } from '../../support/browsers/code-clients';
import { emulator, useEmulator } from '../../support/emulator';

useEmulator();
let app: TestApp | undefined;
afterEach(() => app?.close());

/** A store that counts the reads of its cache and shows its entries. */
function sharedStore(): { store: TokenStore & SharedCache; asked: string[]; held: Set<string> } {
  const tokens = new MemoryTokenStore();
  const cache = new LocalCache(1_000);
  const asked: string[] = [];
  const held = new Set<string>();
  const store: TokenStore & SharedCache = {
    get: (key) => tokens.get(key),
    set: (key, token, ttl) => tokens.set(key, token, ttl),
    delete: (key) => tokens.delete(key),
    lock: (key, work) => cache.lock(key, work),
    readCache: (key) => {
      asked.push(key);
      return cache.readCache(key);
    },
    writeCache: (key, entry, ttl) => {
      held.add(key);
      return cache.writeCache(key, entry, ttl);
    },
    deleteCache: (key) => {
      held.delete(key);
      return cache.deleteCache(key);
    },
  };
  return { store, asked, held };
}

async function start(store: TokenStore): Promise<CodeClient> {
  app = await startApp(emulator, {
    routes: (host) => {
      codeRoutes(host);
      host.use('/often', (req, res) => {
        const { wechat } = req as TestRequest;
        for (let count = 0; count < 50; count++) if (!wechat.isAuthenticated()) throw new Error('nobody');
        sendJSON(res, wechat.user);
      });
    },
    auth: { ...codeAccounts(), tokenStore: store },
  });
  return new CodeClient(app.url);
}

it('a page that reads the user often asks the shared cache once', async () => {
  const { store, asked } = sharedStore();
  const client = await start(store);
  await client.logIn('miniProgram', newCode('miniProgram'));
  asked.length = 0;
  expect((await client.get('/often')).status).toBe(200);
  // The state of the login. A session of cookie-session has no id to ask for.
  expect(asked).toHaveLength(1);
});

it('codes that were made up leave nothing in the shared cache', async () => {
  const { store, held } = sharedStore();
  const client = await start(store);
  for (let count = 0; count < 5; count++) {
    const { kind } = await client.logIn('miniProgram', `made-up-${count}`, {}, { cookie: `a=${count}` });
    expect(kind).toBe('code_invalid');
  }
  expect([...held]).toEqual([]);
});

it('a code that failed leaves the record of a login with the same cookies, which a logout ends', async () => {
  const { store } = sharedStore();
  const client = await start(store);
  const cookie = 'a=1';
  const login = await client.logIn('miniProgram', newCode('miniProgram'), {}, { cookie, keepCookies: false });
  await client.logIn('miniProgram', 'made-up', {}, { cookie, keepCookies: false });
  // The response of the login has not arrived.
  await client.post('/logout-by-app', {}, { cookie, keepCookies: false });
  const late = cookiesOf(login.headers);
  expect((await client.get('/me', { cookie: late })).status).toBe(401);
});
