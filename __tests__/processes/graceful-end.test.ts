// A process ends by itself when its server is closed: the package does not keep it alive, and finishes its
// logins.
import { fork } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { Redis } from 'ioredis';
import type { WechatAuthOptions } from '../../lib/index';
import { runChild } from '../support/processes/child';
import { startConnectProxy } from '../support/processes/connect-proxy';
import { startTcpProxy } from './tcp-proxy';
import { emulated } from '../support/app';
import { agree, Browser, type BrowserResponse } from '../support/browser';
import { emulator, useEmulator } from '../support/emulator';
import { startAndAgree, exchangedCodes, isLoggedIn, stateIn } from '../support/login';
import { describeOnRedis, startRedis } from '../support/redis';

type Message = Readonly<
  Record<'port' | 'requestPath' | 'waiting' | 'ending' | 'activeResources' | 'unhandled', unknown>
>;
type End = 'close' | 'idle' | 'all';

/** The app in a process of its own. */
class App {
  readonly messages: Partial<Message>[] = [];
  readonly #child: ReturnType<typeof fork>;
  readonly #gone: Promise<unknown[]>;
  #printed = '';

  constructor(config: object) {
    this.#child = fork(path.join(__dirname, 'graceful-app.js'), {
      env: { ...process.env, TEST_PROCESS: JSON.stringify(config) },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#gone = once(this.#child, 'close');
    this.#child.on('message', (message) => this.messages.push(message as Partial<Message>));
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#printed += chunk.toString()));
  }

  /** Waits for a message with this key and, if one is given, this value. */
  async waitFor(key: keyof Message, value?: string): Promise<unknown> {
    for (;;) {
      const found = this.messages.find(
        (message) => key in message && (value === undefined || message[key] === value),
      );
      if (found) return found[key];
      await Promise.race([
        once(this.#child, 'message'),
        this.#gone.then(() =>
          Promise.reject(new Error(`the process ended before it sent ${key}: ${this.#printed}`)),
        ),
      ]);
    }
  }

  async url(): Promise<string> {
    return `http://127.0.0.1:${String(await this.waitFor('port'))}`;
  }

  async end(how: End): Promise<void> {
    this.#child.send({ end: how });
    await this.waitFor('ending');
  }

  /** Lets the logins that wait in onLogin continue. */
  releaseLogins(): void {
    this.#child.send({ releaseLogins: true });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** How the process ended, and what it printed. It must end by itself. */
  async ended(): Promise<object> {
    const [code, signal] = await this.#gone;
    const { messages } = this;
    return {
      code,
      signal,
      unhandled: messages.filter((message) => 'unhandled' in message),
      printed: this.#printed,
    };
  }
}

const CLEAN_EXIT = { code: 0, signal: null, unhandled: [], printed: '' };

useEmulator({ users: ['fast', 'slow'].map((id) => ({ id, nickname: id })) });
const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

interface AppOptions {
  readonly auth?: Omit<WechatAuthOptions, 'onLogin'>;
  readonly sessions?: 'memory' | 'cookie';
  readonly redis?: string;
  readonly onSignal?: boolean;
}

async function start({ auth, ...options }: AppOptions = {}): Promise<{ app: App; browser: Browser }> {
  const app = new App({ auth: { ...emulated(emulator), ...auth }, ...options });
  opened.push({
    close: () => {
      app.kill('SIGKILL');
    },
  });
  return { app, browser: Browser.inWechat(await app.url()) };
}

/** Opens a callback, and waits until WeChat has received the code but has not yet responded. */
async function openUntilExchange(
  browser: Browser,
  back: string,
): Promise<{ response: Promise<BrowserResponse> }> {
  const before = exchangedCodes(emulator).length;
  const response = browser.get(back);
  response.catch(() => undefined);
  while (exchangedCodes(emulator).length === before) await new Promise((done) => setTimeout(done, 10));
  return { response };
}

/** Asserts that the same browser can log in at a new process: at once, or after the login has restarted. */
async function expectLoginAtNextProcess(
  browser: Browser,
  back: string,
  options: AppOptions = {},
): Promise<void> {
  const { app, browser: next } = await start(options);
  next.jar = browser.jar;
  const { pathname, search } = new URL(back);
  const response = await next.follow(pathname + search);
  if (response.location.startsWith(emulator.url)) {
    const again = new URL(await agree(emulator, response.location));
    await next.follow(`${again.pathname}${again.search}`);
  }
  expect(await isLoggedIn(next)).toBe(true);
  await app.end('close');
  expect(await app.ended()).toEqual(CLEAN_EXIT);
}

const SESSIONS = ['cookie', 'memory'] as const;

describe.each(SESSIONS)('an app that closes its server (sessions: %s)', (sessions) => {
  it('finishes a login that waits for WeChat', async () => {
    const { app, browser } = await start({ sessions });
    const back = await startAndAgree(browser, emulator);
    emulator.fail('access_token', { delay: 300 });
    const { response } = await openUntilExchange(browser, back);
    await app.end('close');
    const { status, location, headers } = await response;
    expect({ status, location, hasSession: headers['set-cookie'] !== undefined }).toEqual({
      status: 302,
      location: '/me#',
      hasSession: true,
    });
    expect(await app.waitFor('activeResources')).toEqual([]);
    expect(await app.ended()).toEqual(CLEAN_EXIT);
  });

  it('finishes a login that waits for onLogin', async () => {
    const { app, browser } = await start({ sessions });
    const response = browser.get(await startAndAgree(browser, emulator, '/me', 'slow'));
    await app.waitFor('waiting');
    await app.end('close');
    app.releaseLogins();
    expect(await response).toMatchObject({ status: 302, location: '/me#' });
    expect(await app.waitFor('activeResources')).toEqual([]);
    expect(await app.ended()).toEqual(CLEAN_EXIT);
  });

  it('responds to a callback although WeChat never responds to the code exchange', async () => {
    const { app, browser } = await start({ sessions, auth: { http: { timeout: 300 } } });
    const back = await startAndAgree(browser, emulator);
    emulator.fail('access_token', 'silence');
    const { response } = await openUntilExchange(browser, back);
    await app.end('close');
    const { status, location } = await response;
    // The login restarts; the next process can finish it.
    expect([status, location.startsWith(emulator.url)]).toEqual([302, true]);
    expect(await app.waitFor('activeResources')).toEqual([]);
    expect(await app.ended()).toEqual(CLEAN_EXIT);
  });

  it.each<End>(['idle', 'all'])(
    'ends if connections are closed as well (%s), and the user can log in at the next process',
    async (how) => {
      const { app, browser } = await start({ sessions: 'cookie' });
      const back = await startAndAgree(browser, emulator);
      emulator.fail('access_token', { delay: 300 });
      const { response } = await openUntilExchange(browser, back);
      await app.end(how);
      if (how === 'all') await expect(response).rejects.toMatchObject({ code: 'ECONNRESET' });
      else expect((await response).status).toBe(302);
      expect(await app.ended()).toEqual(CLEAN_EXIT);
      await expectLoginAtNextProcess(browser, back);
    },
  );

  it('ends after many logins, although connections to WeChat are kept alive', async () => {
    const { app, browser } = await start({ sessions });
    await browser.logIn(emulator, '/me');
    expect((await browser.get('/token')).status).toBe(200);
    await browser.get('/login');
    await browser.get('/callback?code=none&state=none');
    await browser.get('/me', { headers: { Accept: 'application/json' }, cookie: '' });
    emulator.fail('access_token', 'reset');
    await browser.follow(await startAndAgree(browser, emulator, '/login'));
    emulator.fail('userinfo', 'reset', { times: 2 });
    await browser.follow(await startAndAgree(browser, emulator, '/login'));
    const twice = await startAndAgree(browser, emulator, '/login');
    await Promise.all([
      browser.get(twice, { keepCookies: false }),
      browser.get(twice, { keepCookies: false }),
    ]);
    await browser.get('/logout');
    await app.end('close');
    expect(await app.waitFor('activeResources')).toEqual([]);
    expect(await app.ended()).toEqual(CLEAN_EXIT);
  });
});

describe('an app that reaches WeChat through a proxy', () => {
  it('ends, although the tunnel is kept alive', async () => {
    const tunnels = await startConnectProxy();
    opened.push(tunnels);
    const { port, connections } = tunnels;
    const { app, browser } = await start({ auth: { http: { proxy: { host: '127.0.0.1', port } } } });
    await browser.logIn(emulator, '/me');
    expect([connections(), await isLoggedIn(browser)]).toEqual([1, true]);
    await app.end('close');
    expect(await app.waitFor('activeResources')).toEqual([]);
    expect(await app.ended()).toEqual(CLEAN_EXIT);
  });
});

describeOnRedis('an app that closes its server while a login waits for Redis', () => {
  it('finishes the login, although another process holds the lock and dies', async () => {
    const redis = await startRedis();
    opened.push(redis);
    const { app, browser } = await start({ redis: redis.url });
    const back = await startAndAgree(browser, emulator);
    const hash = crypto
      .createHash('sha256')
      .update(JSON.stringify([stateIn(back)]))
      .digest('hex');
    const client = new Redis(redis.port);
    await client.set(`wechat-token:login:${hash}:lock`, 'a process that has died', 'PX', 1_000);
    const exchangesBefore = exchangedCodes(emulator).length;
    const response = browser.get(back);
    // The first EVAL takes the lock of the code, under which it is exchanged. The second one finds the other lock.
    while (Number(/cmdstat_eval:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0) < 2)
      await new Promise(setImmediate);
    client.disconnect();
    await app.end('close');
    expect(exchangedCodes(emulator)).toHaveLength(exchangesBefore + 1);
    expect(await response).toMatchObject({ status: 302, location: '/me#' });
    expect(await app.waitFor('activeResources')).toEqual([]);
    expect(await app.ended()).toEqual(CLEAN_EXIT);
  });

  it('tells the user to try again if Redis does not respond', async () => {
    const redis = await startRedis();
    const proxy = await startTcpProxy(redis.port);
    opened.push(redis, proxy);
    const { app, browser } = await start({ redis: proxy.url });
    const back = await startAndAgree(browser, emulator);
    proxy.condition = 'silent';
    const response = browser.get(back);
    await app.waitFor('requestPath', '/callback');
    await app.end('close');
    const { status, body } = await response;
    expect([status, body.includes('token_store')]).toEqual([503, true]);
    expect(await app.waitFor('activeResources')).toEqual([]);
    const printed: unknown = expect.stringContaining('[WECHAT_LOGIN_FAILED] WechatAuthWarning: token_store:');
    expect(await app.ended()).toEqual({ ...CLEAN_EXIT, printed });
  });
});

describe('an app that gets a signal to end in the middle of a login', () => {
  it('finishes the login if the app then closes its server', async () => {
    const { app, browser } = await start({ onSignal: true });
    const back = await startAndAgree(browser, emulator);
    emulator.fail('access_token', { delay: 300 });
    const { response } = await openUntilExchange(browser, back);
    app.kill('SIGTERM');
    expect(await response).toMatchObject({ status: 302, location: '/me#' });
    expect(await app.waitFor('activeResources')).toEqual([]);
    expect(await app.ended()).toEqual(CLEAN_EXIT);
  });

  it.each([
    ['before WeChat has seen the code', false],
    ['when the code is used up', true],
  ])(
    'ends at once if the app does not handle the signal (%s), and the user can log in at the next process',
    async (_when, workDone) => {
      const { app, browser } = await start();
      const back = await startAndAgree(browser, emulator);
      emulator.fail('access_token', 'silence', { workDone });
      const { response } = await openUntilExchange(browser, back);
      app.kill('SIGTERM');
      await expect(response).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(await app.ended()).toEqual({ ...CLEAN_EXIT, code: null, signal: 'SIGTERM' });
      await expectLoginAtNextProcess(browser, back);
    },
  );
});

describe('a script that uses only OAuth', () => {
  const SCRIPTS: Readonly<Record<string, string>> = {
    'with promises': `await oauth.getUserByCode(code());`,
    'with callbacks': `await new Promise((done) => oauth.getUserByCode(code(), done));`,
    'whose token was refreshed': `
      const { data } = await oauth.getAccessToken(code());
      await oauth.refreshAccessToken(data.refresh_token);
      await oauth.getUser(data.openid);`,
    'whose call got no response': `
      await oauth.getUserByCode(code()).catch(({ kind }) => kinds.push(kind));`,
    'whose calls were cut off and repeated': `
      await oauth.getUserByCode(code()).catch(({ kind }) => kinds.push(kind));`,
    'whose response came byte by byte': `
      await oauth.getUserByCode(code()).catch(({ kind }) => kinds.push(kind));`,
    'whose store never settles': `
      const stuck = make({ getToken: () => new Promise(() => {}) });
      await stuck.getUser('oUser').catch(({ kind }) => kinds.push(kind));`,
    'that did not reach WeChat': `
      await make({ endpoints: { api: 'http://127.0.0.1:1' } }).getUserByCode(code()).catch(({ kind }) => kinds.push(kind));`,
  };
  const EXPECTED_KINDS: Readonly<Record<string, string>> = {
    'whose call got no response': 'timeout',
    'whose calls were cut off and repeated': 'network',
    'whose response came byte by byte': 'timeout',
    'whose store never settles': 'token_store',
    'that did not reach WeChat': 'network',
  };

  it.each(Object.keys(SCRIPTS))('%s ends right after its last response', async (name) => {
    const { appId: app, appSecret: appsecret } = emulator.apps.official;
    const codes = [emulator.issueCode({ app }), emulator.issueCode({ app })];
    const faults: Readonly<Record<string, () => () => void>> = {
      'whose call got no response': () => emulator.fail('access_token', 'silence'),
      'whose calls were cut off and repeated': () => emulator.fail('userinfo', 'reset', { times: 2 }),
      'whose response came byte by byte': () => emulator.fail('access_token', { drip: 50 }),
    };
    const undo = faults[name]?.();
    const { stdout, stderr, exitCode } = await runChild(`
      const codes = ${JSON.stringify(codes)}, kinds = [];
      const code = () => codes.shift();
      const make = (more) => new core.OAuth({
        appid: '${app}', appsecret: '${appsecret}', endpoints: ${JSON.stringify(emulator.endpoints)}, http: { timeout: 500 }, ...more,
      });
      const oauth = make();
      (async () => {
        ${SCRIPTS[name] ?? ''}
        // A socket that was destroyed needs some turns of the event loop to disappear.
        const report = (turns) => {
          const activeResources = process.getActiveResourcesInfo().filter((each) => each !== 'PipeWrap' && each !== 'Immediate');
          if (activeResources.length === 0 || turns === 0) console.log(JSON.stringify({ kinds, activeResources }));
          else setImmediate(report, turns - 1);
        };
        report(2000);
      })();`);
    undo?.();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      kinds: EXPECTED_KINDS[name] === undefined ? [] : [EXPECTED_KINDS[name]],
      activeResources: [],
    });
  });
});
