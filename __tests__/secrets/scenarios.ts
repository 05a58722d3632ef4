// What happens to logins: faults of WeChat, forged callbacks, broken stores, wrong options. The taps record
// everything; logins.test.ts searches the records.
import net from 'node:net';
import { Redis } from 'ioredis';
import { KeyvTokenStore, OAuth, RedisTokenStore, wechatAuth } from '../../lib/index';
import type { EmulatorFault } from '../../lib/emulator/index';
import { startServer } from '../support/processes/servers';
import { cookies, type AppOptions, type OwnOptions } from '../support/app';
import { everythingIn, ENCODINGS } from '../support/canaries';
import type { HostName } from '../support/hosts';
import { stateIn, withParams } from '../support/login';
import { startRedis } from '../support/redis';
import { serverSessions } from '../support/sessions';
import {
  APPS,
  RecordingBrowser,
  closeLater,
  credentials,
  emulator,
  endpoints,
  openSite,
  type Site,
} from './apps';
import { COOKIE_KEY, FIXED_SECRETS, PROXY_PASSWORD, SECRET, WRONG_SECRET, canaries, record } from './records';
import { RecordingSessions, echo, startProxy } from './taps';

const HOUR = 3_600_000;
/** By how many ms the clock of the test is ahead. */
export const clock = { ahead: 0 };

/** Faults of WeChat, and of what is between it and the app. */
const FAULTS: readonly EmulatorFault[] = [
  ...[-1, 40001, 40003, 40029, 40030, 40125, 40163, 45011, 48001, 50002, 99999].map((errcode) => ({
    errcode,
  })),
  { html: true },
  { status: 502 },
  { body: '["nothing"]' },
  { patch: { openid: 7 } },
  { redirect: 'http://127.0.0.1:1/' },
  { body: 'x'.repeat(2 ** 20 + 1) },
  'reset',
  'reset-inside',
  'silence',
  'truncated',
  'empty',
];

/**
 * A login for each fault of each call. Every second fault happens only once, so that the restarted login can
 * succeed. The other faults last, so that the login fails.
 */
export async function meetFaults(site: Site): Promise<void> {
  const browser = RecordingBrowser.onPhone(site);
  for (const [number, fault] of FAULTS.entries()) {
    for (const call of ['access_token', 'userinfo']) {
      const callback = await browser.startAndAgree();
      const undo = emulator.fail(call, fault, { times: number % 2 === 0 ? 1 : Infinity });
      await browser.finish(callback);
      undo();
    }
  }
}

/** Logins while a proxy in front of WeChat echoes the request, in each encoding. */
export async function meetEchoes(site: Site): Promise<void> {
  const browser = RecordingBrowser.onPhone(site);
  for (const form of Object.values(ENCODINGS)) {
    for (const call of ['access_token', 'userinfo']) {
      const callback = await browser.startAndAgree();
      Object.assign(echo, { call, form });
      await browser.finish(callback);
      await browser.get(callback, { headers: { Accept: 'application/json' } });
      echo.call = undefined;
    }
  }
}

/** Callbacks that WeChat never sent, that were opened before, or that belong to another browser. */
export async function meetForgedCallbacks(site: Site): Promise<void> {
  const [browser, other] = [RecordingBrowser.onPhone(site), RecordingBrowser.onPhone(site)] as const;
  const callback = await browser.startAndAgree();
  const state = stateIn(callback);
  const forged = [
    withParams(callback, { state: `1${'a'.repeat(32)}` }),
    withParams(callback, { state: `${state}x` }),
    withParams(callback, { state: undefined }),
    withParams(callback, { code: undefined }),
    withParams(callback, { code: 'authdeny' }),
    withParams(callback, { code: 'c'.repeat(600) }),
    withParams(callback, { code: '代码' }),
    `${callback}&state=twice`,
    `${callback}&code[]=list`,
    `${callback}&returnTo=//evil.example`,
  ];
  for (const each of forged) {
    await browser.get(each);
    await other.get(each, { headers: { Accept: 'application/json' } });
  }
  await other.finish(callback);
  const own = await browser.startAndAgree();
  await browser.request(own, { method: 'HEAD' });
  await browser.get(own, { headers: { 'Sec-Purpose': 'prefetch' } });
  await browser.request(own, { method: 'POST' });
  await browser.finish(own);
  await browser.finish(own);
  await browser.get('/logout', { headers: { 'Sec-Fetch-Site': 'cross-site' } });
  await browser.get('/logout?returnTo=/public');
  await browser.finish(own);
}

/** The tokens of a login are used, expire, are rejected, refreshed and lost. */
export async function useTokens(site: Site): Promise<void> {
  const browser = RecordingBrowser.onPhone(site);
  await browser.logInFrom();
  const pages = ['/token', '/profile', '/verify', '/unknown', '/inspect', '/session'];
  for (const page of pages) await browser.get(page);
  for (const fault of FAULTS) {
    const token = site.store.lastToken;
    if (token) emulator.expireToken(token.access_token);
    const undo = ['userinfo', 'auth', 'refresh_token'].map((call) =>
      emulator.fail(call, fault, { times: 2 }),
    );
    for (const page of ['/profile', '/verify']) await browser.get(page);
    clock.ahead += 3 * HOUR;
    await browser.get('/token');
    undo.forEach((each) => each());
    await browser.get('/profile');
  }
  await browser.logInFrom();
  for (const form of Object.values(ENCODINGS)) {
    for (const [call, page] of [
      ['userinfo', '/profile'],
      ['auth', '/verify'],
      ['refresh_token', '/token'],
    ] as const) {
      Object.assign(echo, { call, form });
      if (page === '/token') clock.ahead += 3 * HOUR;
      await browser.get(page);
      echo.call = undefined;
      await browser.get('/profile');
    }
  }
  for (const broken of ['get', 'set'] as const) {
    await browser.logInFrom();
    clock.ahead += 3 * HOUR;
    site.store.broken = broken;
    for (const page of ['/token', '/profile']) await browser.get(page);
    await RecordingBrowser.onPhone(site).logInFrom();
    site.store.broken = undefined;
  }
  await browser.get('/logout');
  for (const page of pages) await browser.get(page);
}

/** Logins that the user refuses, logins of unusual users, and logins on a desktop. */
export async function actAtWechat(site: Site): Promise<void> {
  const phone = RecordingBrowser.onPhone(site);
  for (const denial of ['authdeny', 'state-only'] as const) {
    emulator.switches.denial = denial;
    const redirect = await phone.get('/login');
    const callback = await emulator.authorize(redirect.location, { allow: false });
    await phone.get(callback ?? '');
  }
  for (const id of ['snapshot', 'dirty', 'follower']) await phone.logInFrom('/login?returnTo=/me', id);
  const desk = RecordingBrowser.onDesk(site);
  await desk.logInFrom('/me');
  await desk.get('/embedded');
  await desk.get('/token');
  for (const fault of FAULTS) {
    const callback = await desk.startAndAgree();
    const undo = emulator.fail('access_token', fault, { times: 2 });
    await desk.finish(callback);
    undo();
  }
  await desk.get('/me', { headers: { Accept: 'application/json' } });
}

/**
 * The app's own faults: hooks and checks that throw, options that cannot work, sessions that are lost or
 * fail.
 */
export async function failInTheApp(host: HostName, hasOnError: boolean): Promise<void> {
  await failInHooks(host);
  await failInGuards(host, hasOnError);
  await loseSessions(host, hasOnError);
}

async function failInHooks(host: HostName): Promise<void> {
  const hooks: OwnOptions[] = [
    {
      onLogin: (_req, { token }) => {
        // The app puts a token into its own error. Only the cause of the library's error may show it.
        throw Object.assign(new Error('refused'), { toJSON: () => ({ token }), token });
      },
    },
    { onLogin: (_req, { token }) => [token?.data.access_token] as never },
    { onLogin: () => Promise.reject(Object.assign(new Error('everybody is refused'), { refuse: true })) },
    { appSecret: WRONG_SECRET },
    { identity: 'unionid', appId: APPS[0]?.appId },
    { flow: () => 'nonsense' as 'auto' },
    { routes: { login: false } },
    { scope: 'snsapi_base' },
  ];
  for (const auth of hooks) {
    const site = await openSite({ host, auth, hasOnError: true });
    const browser = RecordingBrowser.onPhone(site);
    const redirect = await browser.follow('/me');
    if (redirect.location.startsWith(emulator.url)) {
      emulator.switches.unionid = auth.identity !== 'unionid';
      await browser.finish(await browser.agree(redirect.location));
      emulator.switches.unionid = true;
    }
    await browser.get('/me', { headers: { Accept: 'application/json' } });
  }
}

async function failInGuards(host: HostName, hasOnError: boolean): Promise<void> {
  const checks = [
    () => false,
    () => {
      throw new Error('the check is broken');
    },
  ];
  for (const check of checks) {
    const site = await openSite({ host, hasOnError, guard: { check, scope: 'snsapi_userinfo' } });
    await RecordingBrowser.onPhone(site).logInFrom('/me');
  }
  const site = await openSite({
    host,
    hasOnError,
    auth: { scope: 'snsapi_base' },
    guard: { scope: 'snsapi_userinfo' },
  });
  const browser = RecordingBrowser.onPhone(site);
  await browser.logInFrom('/login');
  await browser.logInFrom('/me');
}

async function loseSessions(host: HostName, hasOnError: boolean): Promise<void> {
  const lost: Partial<AppOptions>[] = [
    { session: null },
    { session: cookies({ keys: [COOKIE_KEY], secure: true, sameSite: 'strict' }) },
    {
      session: serverSessions(new RecordingSessions(), {
        cookie: { sameSite: 'strict' },
        secret: COOKIE_KEY,
      }),
    },
  ];
  for (const options of lost) {
    const site = await openSite({ host, hasOnError, ...options });
    const browser = RecordingBrowser.onPhone(site);
    const redirect = await browser.get('/login');
    if (!redirect.location) continue;
    const callback = await browser.agree(redirect.location);
    const restart = await browser.get(callback, { cookie: '' });
    if (restart.location) await browser.get(await browser.agree(restart.location), { cookie: '' });
  }
  const failing = await openSite({ host, hasOnError });
  const browser = RecordingBrowser.onPhone(failing);
  const callback = await browser.startAndAgree();
  if (failing.sessions) failing.sessions.echoes = true;
  await browser.get(callback);
  await browser.get('/login');
  await browser.get('/logout');
}

/** Proxies that work, refuse or cannot be reached, and the other options of requests to WeChat. */
export async function useOptionsOfRequests(): Promise<void> {
  const proxy = closeLater(await startProxy());
  const refusing = closeLater(
    await startServer(
      net.createServer((socket) =>
        socket.once('data', (data) => socket.end(`HTTP/1.1 407 no\r\n\r\n${data.toString()}`)),
      ),
    ),
  );
  const auth = { username: 'user', password: PROXY_PASSWORD };
  const options: OwnOptions['http'][] = [
    { proxy: { host: '127.0.0.1', port: proxy.port, auth } },
    { proxy: { host: '127.0.0.1', port: refusing.port, auth } },
    { proxy: { host: '127.0.0.1', port: 1, auth } },
    { signal: AbortSignal.abort(new Error(SECRET)) },
    { headers: { 'X-App': 'mine' }, params: { gateway: 'a' } },
    { adapter: (config) => Promise.reject(Object.assign(new Error(String(config.url)), { config })) },
    { maxRedirects: 5 } as OwnOptions['http'],
  ];
  for (const http of options) {
    for (const hasOnError of [true, false]) {
      const site = await openSite({ hasOnError, auth: { http: { timeout: 300, ...http } } });
      await RecordingBrowser.onPhone(site).logInFrom();
    }
  }
}

export async function callAsMiniProgram(): Promise<void> {
  const { appId: app, appSecret: appsecret } = emulator.apps.miniProgram;
  const oauth = new OAuth({
    appid: app,
    appsecret,
    isMiniProgram: true,
    endpoints: endpoints(),
    http: { timeout: 300 },
  });
  const issueCode = (): string => {
    const code = emulator.issueCode({ app });
    canaries.add('code', code);
    return code;
  };
  const attempt = async (call: () => unknown): Promise<void> => {
    await Promise.resolve()
      .then(call)
      .catch((error: unknown) => record('an error', everythingIn(error)));
  };
  const { data } = await oauth.getSessionKey(issueCode());
  canaries.add('session key', data.session_key);
  const encrypted = emulator.encryptUser({ app, sessionKey: data.session_key });
  await attempt(() => oauth.getUserByCode({ code: issueCode(), ...encrypted }));
  await attempt(() => oauth.decryptMiniProgramUser({ ...encrypted, sessionKey: data.session_key, iv: 'no' }));
  await attempt(() =>
    oauth.decryptMiniProgramUser({ ...encrypted, sessionKey: `${data.session_key.slice(0, -4)}AA==` }),
  );
  for (const fault of FAULTS) {
    const undo = emulator.fail('jscode2session', fault);
    await attempt(() => oauth.getUserByCode(issueCode()));
    undo();
  }
  for (const form of Object.values(ENCODINGS)) {
    Object.assign(echo, { call: 'jscode2session', form });
    await attempt(() => oauth.getUserByCode(issueCode()));
    echo.call = undefined;
  }
  oauth.setOpts({ timeout: 200, maxRedirects: 3 } as never);
}

/** Wrong options, each with a secret in the wrong place. */
export function configureWrongly(): void {
  const wrong: object[] = [
    { appSecret: [SECRET] },
    { appSecret: `${SECRET} ` },
    { appSecret: { secret: SECRET } },
    { appsecret: SECRET },
    { website: { appId: 'wx2b00000000000002', appSecret: `\n${SECRET}` } },
    { tokenStore: { get: SECRET } },
    { endpoints: { api: `http://user:${encodeURIComponent(SECRET)}@wechat.test` } },
    { onLogin: { secret: SECRET } },
    { http: { proxy: `http://user:${encodeURIComponent(PROXY_PASSWORD)}@127.0.0.1:1` } },
  ];
  const attempts: (() => unknown)[] = [
    ...wrong.map((options) => () => wechatAuth({ ...credentials(), ...options })),
    () => new RedisTokenStore({} as never, { encryptionKeys: ['short'] }),
    () =>
      new KeyvTokenStore(new Map() as never, {
        encryptionKeys: FIXED_SECRETS['encryption key'][0] as never,
      }),
    () => new KeyvTokenStore(new Map() as never, { encryptionKeys: [{ key: SECRET }] as never }),
  ];
  for (const [number, attempt] of attempts.entries()) {
    expect([number, errorOf(attempt)]).toEqual([number, expect.anything()]);
    record('an error', everythingIn(errorOf(attempt)));
  }
}

function errorOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

/**
 * Stores tokens in a Redis, plain and encrypted: after a login that restarts, and after two callbacks that
 * share one exchange.
 */
export async function storeInRedis(): Promise<void> {
  const redis = closeLater(await startRedis());
  for (const encrypted of [false, true]) {
    const client = new Redis(redis.port);
    closeLater({
      close: () => {
        client.disconnect();
        return Promise.resolve();
      },
    });
    const encryptionKeys = encrypted ? FIXED_SECRETS['encryption key'] : undefined;
    const store = new RedisTokenStore(client, {
      prefix: encrypted ? 'encrypted:' : 'plain:',
      encryptionKeys,
    });
    const site = await openSite({ auth: { tokenStore: store } });
    const browser = RecordingBrowser.onPhone(site);
    emulator.fail('access_token', { errcode: 40029 });
    await browser.finish(await browser.startAndAgree());
    const callback = await browser.startAndAgree();
    await Promise.all([
      browser.get(callback, { keepCookies: false }),
      browser.get(callback, { keepCookies: false }),
    ]);
    clock.ahead += 3 * HOUR;
    await browser.finish(callback);
    await browser.get('/token');
  }
  await recordRedis(redis.port);
}

/** The keys under which processes share the results of callbacks. */
const SHARED_BETWEEN_PROCESSES =
  /^plain:(?:(?:callback|code|login|logout|restart):[0-9a-f]{64}|finish:[0-9a-f]{32}:wechat)$/;

async function recordRedis(port: number): Promise<void> {
  const redis = new Redis(port);
  for (const key of await redis.keys('*')) {
    record('a key of a store', key);
    const value = (await redis.get(key)) ?? '';
    if (key.startsWith('encrypted:')) record('an encrypted record', value);
    else if (SHARED_BETWEEN_PROCESSES.test(key)) record('a login shared between processes', value);
    else record('a record of a token store', value);
  }
  redis.disconnect();
}
