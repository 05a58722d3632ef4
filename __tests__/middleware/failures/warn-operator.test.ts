// What the console says in production when a login fails: the operator reads it there, and nowhere else.
import type { EmulatorFault } from '../../../lib/emulator';
import { MemoryTokenStore } from '../../../lib';
import { startApp, type AppOptions, type TestApp, type OwnOptions } from '../../support/app';
import { agree, Browser } from '../../support/browser';
import { emulator, useEmulator } from '../../support/emulator';
import { HOSTS } from '../../support/hosts';
import { startAndAgree, redirectsToWechat } from '../../support/login';
import { FaultySessionStore, serverSessions } from '../../support/sessions';
import { useWarnings } from '../../support/warnings';

useEmulator();
const apps: TestApp[] = [];
const warnings = useWarnings();

beforeEach(() => {
  process.env['NODE_ENV'] = 'production';
});
afterEach(async () => {
  process.env['NODE_ENV'] = 'test';
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start(auth: OwnOptions = {}, options: AppOptions = {}): Promise<TestApp> {
  const app = await startApp(emulator, {
    ...options,
    auth: { baseURL: undefined, dangerouslyAllowEmulatorInProduction: true, http: { timeout: 300 }, ...auth },
  });
  apps.push(app);
  return app;
}

/** The lines about failures. Others are about the set-up of these tests, such as a missing baseURL. */
const failures = (): string[] =>
  warnings
    .filter(({ code }) => code === 'WECHAT_LOGIN_FAILED')
    .map(({ code, message }) => `${code} ${message}`);

/** Logs in, and follows the one restart. */
async function logIn(app: TestApp): Promise<number> {
  const browser = Browser.inWechat(app.url);
  const response = await browser.get(await startAndAgree(browser, emulator));
  if (!redirectsToWechat(emulator, response)) return response.status;
  return (await browser.get(await agree(emulator, response.location))).status;
}

const failingStore = (): MemoryTokenStore =>
  Object.assign(new MemoryTokenStore(), { set: () => Promise.reject(new Error('READONLY')) });

describe('a failure that an operator can fix', () => {
  it.each<[string, EmulatorFault, number]>([
    ['network', 'reset', 502],
    ['timeout', 'silence', 504],
    ['rate_limit', { errcode: 45011 }, 503],
    ['credentials', { errcode: 40125 }, 500],
    ['bad_answer', { html: true }, 502],
    ['unknown', { errcode: 99999 }, 502],
    ['scope', { errcode: 48001 }, 403],
  ])('is printed once, with its kind: %s', async (kind, fault, status) => {
    const app = await start();
    const endFault = emulator.fail('access_token', fault, { times: 100 });
    try {
      for (let time = 0; time < 3; time++) expect(await logIn(app)).toBe(status);
    } finally {
      endFault();
    }
    expect(failures()).toEqual([expect.stringMatching(new RegExp(`^WECHAT_LOGIN_FAILED ${kind}: `))]);
    expect(failures().join()).not.toContain(emulator.apps.official.appSecret);
  });

  it.each(HOSTS)('is printed once if the token store fails, on %s', async (host) => {
    const app = await start({ tokenStore: failingStore() }, { host });
    for (let time = 0; time < 2; time++) expect(await logIn(app)).toBe(503);
    expect(failures()).toEqual([
      expect.stringContaining('token_store: The token store failed (save): READONLY'),
    ]);
  });

  it('is printed once for each errcode of a kind', async () => {
    const app = await start();
    for (const errcode of [40125, 40164, 40125, 40164]) {
      const endFault = emulator.fail('access_token', { errcode });
      await logIn(app);
      endFault();
    }
    expect(failures()).toEqual([expect.stringContaining('40125'), expect.stringContaining('40164')]);
  });

  it('is printed if the session store fails', async () => {
    const store = new FaultySessionStore();
    const app = await start({}, { session: serverSessions(store) });
    store.behaviour.set = 'broken';
    for (let time = 0; time < 2; time++)
      expect((await Browser.inWechat(app.url).get('/login')).status).toBe(503);
    expect(failures()).toEqual([
      'WECHAT_LOGIN_FAILED session_missing: The session store failed (save): set is out of order. ' +
        'Check it, then try again. 会话存储出错。请检查会话存储，然后重试。',
    ]);
  });
});

describe('a failure that only its user can end', () => {
  it.each([
    ['access_denied', 403],
    ['state_unknown', 400],
  ])('is not printed: %s', async (_kind, status) => {
    const app = await start();
    const browser = Browser.inWechat(app.url);
    const callback = new URL(await startAndAgree(browser, emulator));
    if (status === 403) callback.searchParams.delete('code');
    else callback.searchParams.append('state', 'again');
    expect((await browser.get(callback.href)).status).toBe(status);
    expect(failures()).toEqual([]);
  });

  it('is not printed for a forged Host header', async () => {
    const app = await start();
    const response = await Browser.inWechat(app.url).get('/login', { headers: { Host: 'a b' } });
    expect(response.status).toBe(400);
    expect(failures()).toEqual([]);
  });
});
