// A process ends by itself when its server is closed: the package does not keep it alive, and finishes its
// logins.
import { fork } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { Redis } from 'ioredis';
import type { WechatAuthOptions } from '../../lib/index';
import { listen, runChild } from '../oauth/oauth-fixture';
import { startTcpProxy } from './tcp-proxy';
import { emulated } from '../support/app';
import { agree, Browser, type BrowserResponse } from '../support/browser';
import { emulator, useEmulator } from '../support/emulator';
import { comeBack, exchanged, isLoggedIn, stateIn } from '../support/login';
import { hasRedis, startRedis } from '../support/redis';

type Word = Readonly<Record<'port' | 'asked' | 'waiting' | 'ending' | 'left' | 'unhandled', unknown>>;
type End = 'close' | 'idle' | 'all';

/** The app in a process of its own. */
class App {
  readonly said: Partial<Word>[] = [];
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
    this.#child.on('message', (word) => this.said.push(word as Partial<Word>));
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#printed += chunk.toString()));
  }

  /** Waits for a message of this name. */
  async word(key: keyof Word, value?: string): Promise<unknown> {
    for (;;) {
      const found = this.said.find((word) => key in word && (value === undefined || word[key] === value));
      if (found) return found[key];
      await Promise.race([
        once(this.#child, 'message'),
        this.#gone.then(() => Promise.reject(new Error(`it ended before: ${this.#printed}`))),
      ]);
    }
  }

  async url(): Promise<string> {
    return `http://127.0.0.1:${String(await this.word('port'))}`;
  }

  async end(how: End): Promise<void> {
    this.#child.send({ end: how });
    await this.word('ending');
  }

  open(): void {
    this.#child.send({ open: true });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** How it ended, and what it printed. It must end by itself. */
  async ended(): Promise<object> {
    const [code, signal] = await this.#gone;
    const { said } = this;
    return { code, signal, unhandled: said.filter((word) => 'unhandled' in word), printed: this.#printed };
  }
}

const IN_PEACE = { code: 0, signal: null, unhandled: [], printed: '' };

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

/** Opens a callback, and continues when WeChat has the request but has not yet responded. */
async function untilWechatIsAsked(
  browser: Browser,
  back: string,
): Promise<{ answer: Promise<BrowserResponse> }> {
  const before = exchanged(emulator).length;
  const answer = browser.get(back);
  answer.catch(() => undefined);
  while (exchanged(emulator).length === before) await new Promise((done) => setTimeout(done, 10));
  return { answer };
}

/** The same user at the next process, which replaced the one that ended: the login succeeds in some way. */
async function getsInElsewhere(browser: Browser, back: string, options: AppOptions = {}): Promise<void> {
  const { app, browser: next } = await start(options);
  next.jar = browser.jar;
  const { pathname, search } = new URL(back);
  const answer = await next.follow(pathname + search);
  if (answer.location.startsWith(emulator.url)) {
    const again = new URL(await agree(emulator, answer.location));
    await next.follow(`${again.pathname}${again.search}`);
  }
  expect(await isLoggedIn(next)).toBe(true);
  await app.end('close');
  expect(await app.ended()).toEqual(IN_PEACE);
}

const SESSIONS = ['cookie', 'memory'] as const;

describe.each(SESSIONS)('an app that closes its server (sessions: %s)', (sessions) => {
  it('finishes a login that waits for WeChat', async () => {
    const { app, browser } = await start({ sessions });
    const back = await comeBack(browser, emulator);
    emulator.fail('access_token', { delay: 300 });
    const { answer } = await untilWechatIsAsked(browser, back);
    await app.end('close');
    const { status, location, headers } = await answer;
    expect({ status, location, hasSession: headers['set-cookie'] !== undefined }).toEqual({
      status: 302,
      location: '/me',
      hasSession: true,
    });
    expect(await app.word('left')).toEqual([]);
    expect(await app.ended()).toEqual(IN_PEACE);
  });

  it('finishes a login that waits for onLogin', async () => {
    const { app, browser } = await start({ sessions });
    const answer = browser.get(await comeBack(browser, emulator, '/me', 'slow'));
    await app.word('waiting');
    await app.end('close');
    app.open();
    expect(await answer).toMatchObject({ status: 302, location: '/me' });
    expect(await app.word('left')).toEqual([]);
    expect(await app.ended()).toEqual(IN_PEACE);
  });

  it('responds to a login whose call WeChat never responds to', async () => {
    const { app, browser } = await start({ sessions, auth: { http: { timeout: 300 } } });
    const back = await comeBack(browser, emulator);
    emulator.fail('access_token', 'silence');
    const { answer } = await untilWechatIsAsked(browser, back);
    await app.end('close');
    const { status, location } = await answer;
    // Again, at the next process.
    expect([status, location.startsWith(emulator.url)]).toEqual([302, true]);
    expect(await app.word('left')).toEqual([]);
    expect(await app.ended()).toEqual(IN_PEACE);
  });

  it.each<End>(['idle', 'all'])(
    'ends if connections are closed as well (%s), and the user can log in at the next process',
    async (how) => {
      const { app, browser } = await start({ sessions: 'cookie' });
      const back = await comeBack(browser, emulator);
      emulator.fail('access_token', { delay: 300 });
      const { answer } = await untilWechatIsAsked(browser, back);
      await app.end(how);
      if (how === 'all') await expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' });
      else expect((await answer).status).toBe(302);
      expect(await app.ended()).toEqual(IN_PEACE);
      await getsInElsewhere(browser, back);
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
    await browser.follow(await comeBack(browser, emulator, '/login'));
    emulator.fail('userinfo', 'reset', { times: 2 });
    await browser.follow(await comeBack(browser, emulator, '/login'));
    const twice = await comeBack(browser, emulator, '/login');
    await Promise.all([
      browser.get(twice, { keepCookies: false }),
      browser.get(twice, { keepCookies: false }),
    ]);
    await browser.get('/logout');
    await app.end('close');
    expect(await app.word('left')).toEqual([]);
    expect(await app.ended()).toEqual(IN_PEACE);
  });
});

describe('an app that reaches WeChat through a proxy', () => {
  it('ends, although the tunnel is kept alive', async () => {
    const proxy = http.createServer();
    proxy.on('connect', ({ url = '' }: http.IncomingMessage, client: net.Socket) => {
      const far = net.connect(Number(new URL(`http://${url}`).port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        client.pipe(far).pipe(client);
      });
      far.on('error', () => client.destroy());
      client.on('error', () => undefined).on('close', () => far.destroy());
    });
    const tunnels = await listen(proxy);
    opened.push(tunnels);
    const { port, connections } = tunnels;
    const { app, browser } = await start({ auth: { http: { proxy: { host: '127.0.0.1', port } } } });
    await browser.logIn(emulator, '/me');
    expect([connections(), await isLoggedIn(browser)]).toEqual([1, true]);
    await app.end('close');
    expect(await app.word('left')).toEqual([]);
    expect(await app.ended()).toEqual(IN_PEACE);
  });
});

const describeOnRedis = hasRedis() ? describe : describe.skip;

describeOnRedis('an app that closes its server while a login waits for Redis', () => {
  it('finishes it, although another process holds the lock and dies', async () => {
    const redis = await startRedis();
    opened.push(redis);
    const { app, browser } = await start({ redis: redis.url });
    const back = await comeBack(browser, emulator);
    const hash = crypto
      .createHash('sha256')
      .update(JSON.stringify([stateIn(back)]))
      .digest('hex');
    const look = new Redis(redis.port);
    await look.set(`wechat-token:login:${hash}:lock`, 'a process that is dead', 'PX', 1_000);
    const asked = exchanged(emulator).length;
    const answer = browser.get(back);
    // It is waiting for the lock.
    while (!(await look.info('commandstats')).includes('cmdstat_eval:')) await new Promise(setImmediate);
    look.disconnect();
    await app.end('close');
    expect(exchanged(emulator)).toHaveLength(asked);
    expect(await answer).toMatchObject({ status: 302, location: '/me' });
    expect(await app.word('left')).toEqual([]);
    expect(await app.ended()).toEqual(IN_PEACE);
  });

  it('tells the user to try again if Redis does not respond', async () => {
    const redis = await startRedis();
    const proxy = await startTcpProxy(redis.port);
    opened.push(redis, proxy);
    const { app, browser } = await start({ redis: proxy.url });
    const back = await comeBack(browser, emulator);
    proxy.condition = 'silent';
    const answer = browser.get(back);
    await app.word('asked', '/callback');
    await app.end('close');
    const { status, body } = await answer;
    expect([status, body.includes('token_store')]).toEqual([503, true]);
    expect(await app.word('left')).toEqual([]);
    expect(await app.ended()).toEqual(IN_PEACE);
  });
});

describe('an app that gets a signal to end in the middle of a login', () => {
  it('finishes the login if the app then closes its server', async () => {
    const { app, browser } = await start({ onSignal: true });
    const back = await comeBack(browser, emulator);
    emulator.fail('access_token', { delay: 300 });
    const { answer } = await untilWechatIsAsked(browser, back);
    app.kill('SIGTERM');
    expect(await answer).toMatchObject({ status: 302, location: '/me' });
    expect(await app.word('left')).toEqual([]);
    expect(await app.ended()).toEqual(IN_PEACE);
  });

  it.each([
    ['before WeChat has seen the code', false],
    ['when the code is used up', true],
  ])(
    'dies at once if the app does not handle it (%s), and the user can log in at the next process',
    async (_when, workDone) => {
      const { app, browser } = await start();
      const back = await comeBack(browser, emulator);
      emulator.fail('access_token', 'silence', { workDone });
      const { answer } = await untilWechatIsAsked(browser, back);
      app.kill('SIGTERM');
      await expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(await app.ended()).toEqual({ ...IN_PEACE, code: null, signal: 'SIGTERM' });
      await getsInElsewhere(browser, back);
    },
  );
});

describe('a script that uses only OAuth', () => {
  const WAYS: Readonly<Record<string, string>> = {
    'with promises': `await oauth.getUserByCode(code());`,
    'with callbacks': `await new Promise((done) => oauth.getUserByCode(code(), done));`,
    'whose token was refreshed': `
      const { data } = await oauth.getAccessToken(code());
      await oauth.refreshAccessToken(data.refresh_token);
      await oauth.getUser(data.openid);`,
    'whose call got no response': `
      await oauth.getUserByCode(code()).catch(({ kind }) => said.push(kind));`,
    'whose calls were cut off and repeated': `
      await oauth.getUserByCode(code()).catch(({ kind }) => said.push(kind));`,
    'whose response came byte by byte': `
      await oauth.getUserByCode(code()).catch(({ kind }) => said.push(kind));`,
    'whose store never settles': `
      const stuck = make({ getToken: () => new Promise(() => {}) });
      await stuck.getUser('oUser').catch(({ kind }) => said.push(kind));`,
    'that did not reach WeChat': `
      await make({ endpoints: { api: 'http://127.0.0.1:1' } }).getUserByCode(code()).catch(({ kind }) => said.push(kind));`,
  };
  const FAILS: Readonly<Record<string, string>> = {
    'whose call got no response': 'timeout',
    'whose calls were cut off and repeated': 'network',
    'whose response came byte by byte': 'timeout',
    'whose store never settles': 'token_store',
    'that did not reach WeChat': 'network',
  };

  it.each(Object.keys(WAYS))('%s ends right after its last response', async (way) => {
    const { appId: app, appSecret: appsecret } = emulator.apps.official;
    const codes = [emulator.issueCode({ app }), emulator.issueCode({ app })];
    const faults: Readonly<Record<string, () => () => void>> = {
      'whose call got no response': () => emulator.fail('access_token', 'silence'),
      'whose calls were cut off and repeated': () => emulator.fail('userinfo', 'reset', { times: 2 }),
      'whose response came byte by byte': () => emulator.fail('access_token', { drip: 50 }),
    };
    const undo = faults[way]?.();
    const { stdout, stderr, exitCode } = await runChild(`
      const codes = ${JSON.stringify(codes)}, said = [];
      const code = () => codes.shift();
      const make = (more) => new core.OAuth({
        appid: '${app}', appsecret: '${appsecret}', endpoints: ${JSON.stringify(emulator.endpoints)}, http: { timeout: 500 }, ...more,
      });
      const oauth = make();
      (async () => {
        ${WAYS[way] ?? ''}
        // A socket that was destroyed needs some turns of the event loop to disappear.
        const tell = (turns) => {
          const left = process.getActiveResourcesInfo().filter((each) => each !== 'PipeWrap' && each !== 'Immediate');
          if (left.length === 0 || turns === 0) console.log(JSON.stringify({ said, left }));
          else setImmediate(tell, turns - 1);
        };
        tell(2000);
      })();`);
    undo?.();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ said: FAILS[way] === undefined ? [] : [FAILS[way]], left: [] });
  });
});
