// One app, and a WeChat that can be made to fail. The cases of a fixture run one after another; fixtures
// share nothing, and run in parallel.
import assert from 'node:assert/strict';
import expressSession from 'express-session';
import type { CookieJar } from 'tough-cookie';
import { OAuth, isWechatError, type TokenData } from '../../lib/index';
import type { Emulator } from '../../lib/emulator/index';
import {
  cookies,
  emulated,
  sendJSON,
  startApp,
  type TestApp,
  type TestRequest,
  type OwnOptions,
} from '../support/app';
import { agree, Browser, type BrowserResponse } from '../support/browser';
import type { Call } from '../support/contract';
import type { HostName } from '../support/hosts';
import { InspectableStore } from './inspectable-store';
import { serverSessions, type SessionName } from '../support/sessions';
import { FaultyWechat, type Transport } from './faulty-wechat';
import type { Fault } from './faults';
import type { CallContext, LoggedIn, LoginStep, PageStep } from './steps';

/** No healthy call takes this long, even on a busy machine. */
const LONG_TIMEOUT_MS = 60_000;
/** The timeout of all calls while a fault is to make one of them time out. */
const SHORT_TIMEOUT_MS = 40;

export const RETURN_TO = '/me?kept';
export const USER = 'ming';
const OTHER = 'follower';

type Session = Readonly<Record<string, unknown>>;
export type Client = 'browser' | 'XHR';
const HEADERS: Readonly<Record<Client, Record<string, string>>> = {
  browser: {},
  XHR: { Accept: 'application/json', 'X-Requested-With': 'XMLHttpRequest' },
};

export interface FixtureOptions {
  readonly step: LoginStep | PageStep;
  readonly session: SessionName;
  readonly transport: Transport;
  readonly host: HostName;
}

export class FaultFixture {
  /**
   * The result of each call of onLogin: 'success', the kind of the library's error, or another error's text.
   */
  readonly onLoginResults: string[] = [];
  readonly #since = Date.now();
  readonly #options: FixtureOptions;
  readonly #wechat: FaultyWechat;
  readonly #store = new InspectableStore();
  readonly #sessions = new expressSession.MemoryStore();
  readonly #oauths: OAuth[] = [];
  #app!: TestApp;
  #template: { readonly jar: CookieJar; readonly session: Session } | undefined;
  #returning: Browser | undefined;

  private constructor(options: FixtureOptions, wechat: FaultyWechat) {
    this.#options = options;
    this.#wechat = wechat;
  }

  static async open(options: FixtureOptions): Promise<FaultFixture> {
    const fixture = new FaultFixture(options, await FaultyWechat.open(options.transport));
    await fixture.#start();
    return fixture;
  }

  async #start(): Promise<void> {
    const { session, host } = this.#options;
    const { website, ...official } = emulated(this.emulator);
    this.#app = await startApp(this.emulator, {
      host,
      session: session === 'cookie-session' ? cookies() : serverSessions(this.#sessions),
      auth: {
        ...(this.#flow === 'website' ? { appId: undefined, appSecret: undefined, website } : official),
        ...(this.#flow === 'official' && { website: undefined }),
        ...this.#wechat.options,
        scope: 'flow' in this.#options.step ? this.#options.step.scope : 'snsapi_userinfo',
        tokenStore: this.#store,
        onLogin: (req, { token }) => token && this.#onLogin(req as TestRequest, token.data),
      } satisfies OwnOptions,
      routes: (app) => {
        app.use('/cart', (req, res) => {
          (req as TestRequest).session['cart'] = ['one thing'];
          res.end();
        });
        app.use('/oauth', (req, res) => {
          this.#oauths.push((req as TestRequest).wechat.oauth);
          res.end();
        });
        app.use('/call', (req, res) => {
          this.#call((req as TestRequest).wechat).then(
            () => sendJSON(res, 'done'),
            (error: unknown) => {
              res.statusCode = isWechatError(error) ? error.status : 500;
              sendJSON(res, { error: isWechatError(error) ? error.kind : String(error) });
            },
          );
        });
      },
    });
    const { appId: appid, appSecret: appsecret } = this.emulator.apps.miniProgram;
    this.#oauths.push(new OAuth({ appid, appsecret, ...this.#wechat.options }));
    await new Browser(this.#app.url, '').get('/oauth');
    this.#setTimeout(LONG_TIMEOUT_MS);
    // Another user's token is stored too, and must stay as it is.
    await this.logIn(this.#browser(), OTHER);
  }

  async close(): Promise<void> {
    await this.#app.close();
    await this.#wechat.close();
  }

  get emulator(): Emulator {
    return this.#wechat.emulator;
  }

  get #flow(): LoginStep['flow'] {
    return 'flow' in this.#options.step ? this.#options.step.flow : 'official';
  }

  #browser(): Browser {
    return this.#flow === 'website' ? Browser.onDesktop(this.#app.url) : Browser.inWechat(this.#app.url);
  }

  openid(user = USER): string {
    return this.emulator.openid(user, this.emulator.apps[this.#flow].appId);
  }

  // —— browsers and users

  /**
   * A browser whose session holds a cart and, if wanted, a login. Requests prepare the first one; the later
   * ones get a copy of its cookies and session.
   */
  async newBrowser(loggedIn: LoggedIn): Promise<Browser> {
    const browser = this.#browser();
    if (!this.#template) {
      await browser.get('/cart');
      if (loggedIn !== 'nobody') await this.logIn(browser, loggedIn === 'the same user' ? USER : OTHER);
      this.#template = { jar: browser.jar, session: await this.session(browser) };
    }
    const { jar, session } = this.#template;
    browser.jar = jar.cloneSync() ?? jar;
    const { id, ...kept } = session;
    if (typeof id === 'string') await this.#restore(id, kept);
    return browser;
  }

  #restore(id: string, session: Session): Promise<void> {
    const cookie = new expressSession.Cookie();
    return new Promise((resolve, reject) =>
      this.#sessions.set(id, { cookie, ...session }, (error: unknown) =>
        error instanceof Error ? reject(error) : resolve(),
      ),
    );
  }

  /** A browser whose user logged in before, and whose stored access token is valid or expired. */
  async returningUser(isExpired: boolean): Promise<Browser> {
    const token = this.tokens().get(USER);
    const remainingMs = token ? token.create_at + token.expires_in * 1000 - 10_000 - Date.now() : 0;
    if (this.#returning && token?.refresh_token && remainingMs <= 0 === isExpired) return this.#returning;
    this.#returning ??= this.#browser();
    // The login finds the first token expired and refreshes it, so the second one must expire soon too.
    if (isExpired)
      for (const call of ['access_token', 'refresh_token'])
        this.emulator.fail(call, { patch: { expires_in: 5 } });
    await this.logIn(this.#returning, USER);
    if (isExpired) this.emulator.expireToken(this.tokens().get(USER)?.access_token ?? '');
    return this.#returning;
  }

  /**
   * Opens the step's page once more. If the step needs an expired token, the page gets one that expires too,
   * so that the next case needs no login.
   */
  async openPageAgain(isExpired: boolean): Promise<BrowserResponse> {
    const browser = await this.returningUser(isExpired);
    if (!isExpired) return browser.get('/call');
    const undo = this.emulator.fail('refresh_token', { patch: { expires_in: 5 } });
    const response = await browser.get('/call');
    undo();
    this.emulator.expireToken(this.tokens().get(USER)?.access_token ?? '');
    return response;
  }

  /**
   * Starts a login and agrees at WeChat: returns the callback's address, which the browser has not opened
   * yet.
   */
  async startAndAgree(browser: Browser, user = USER, asks?: string): Promise<string> {
    const scope = asks === undefined ? '' : `&scope=${asks}`;
    const redirect = await browser.get(`/login?returnTo=${encodeURIComponent(RETURN_TO)}${scope}`);
    return this.agree(redirect, user);
  }

  async agree(redirect: BrowserResponse, user = USER): Promise<string> {
    assert.equal(
      redirect.status,
      302,
      `the response is not a redirect to WeChat: ${redirect.body.slice(0, 400)}`,
    );
    return agree(this.emulator, redirect.location, user);
  }

  async logIn(browser: Browser, user = USER, asks?: string): Promise<void> {
    this.expectLoggedIn(await browser.get(await this.startAndAgree(browser, user, asks)));
  }

  request(browser: Browser, address: string, client: Client): Promise<BrowserResponse> {
    return browser.get(address, { headers: HEADERS[client] });
  }

  expectLoggedIn({ status, location, body }: BrowserResponse): void {
    const error = /<small>.*<\/small>/.exec(body)?.[0] ?? body.slice(0, 200);
    // The end of an official login has an explicit fragment, so that no browser carries #wechat_redirect on.
    const end = this.#flow === 'official' ? `${RETURN_TO}#` : RETURN_TO;
    assert.deepEqual({ status, location, error }, { status: 302, location: end, error: '' });
  }

  // —— what is stored

  /** The app's session of this browser. */
  async session(browser: Browser): Promise<Session> {
    const values = new Map(
      browser
        .cookies()
        .split('; ')
        .map((pair) => pair.split('=', 2) as [string, string]),
    );
    if (this.#options.session === 'cookie-session') {
      return JSON.parse(Buffer.from(values.get('session') ?? '', 'base64').toString()) as Session;
    }
    const id = /^s:(.*)\.[^.]*$/.exec(decodeURIComponent(values.get('connect.sid') ?? ''))?.[1] ?? '';
    const stored = await new Promise<unknown>((resolve, reject) =>
      this.#sessions.get(id, (error: unknown, session) =>
        error instanceof Error ? reject(error) : resolve(session),
      ),
    );
    const session = { id, ...(stored as Session) };
    Reflect.deleteProperty(session, 'cookie');
    return session;
  }

  /** The stored tokens by user. */
  tokens(): Map<string, TokenData> {
    const users = new Map([USER, OTHER].map((user) => [this.openid(user), user]));
    return new Map(
      [...this.#store.tokens].map(([key, token]) => {
        const openid = key.slice(key.indexOf(':') + 1);
        return [users.get(openid) ?? openid, structuredClone(token)];
      }),
    );
  }

  /** Asserts that the token has every field, belongs to the user, and is accepted by WeChat. */
  async expectValidToken(token: TokenData | undefined): Promise<void> {
    assert.ok(token, 'a token is stored');
    assert.equal(typeof token.expires_in, 'number');
    assert.ok(
      token.create_at >= this.#since && token.create_at <= Date.now(),
      'create_at is within this test',
    );
    assert.equal(token.openid, this.openid());
    const query = `access_token=${token.access_token}&openid=${token.openid}`;
    const response = await new Browser(this.emulator.url, '').get(`/sns/auth?${query}`);
    assert.deepEqual(response.json(), { errcode: 0, errmsg: 'ok' });
  }

  // —— the app's own code

  #context(
    wechat: TestRequest['wechat'],
    { access_token, refresh_token = '', openid }: TokenData,
  ): CallContext {
    const [miniProgram] = this.#oauths;
    assert.ok(miniProgram);
    const tokens = { access: access_token, refresh: refresh_token };
    return { wechat, emulator: this.emulator, miniProgram, openid, tokens };
  }

  async #onLogin(req: TestRequest, token: TokenData): Promise<undefined> {
    const { step } = this.#options;
    try {
      if ('onLogin' in step) await step.onLogin(this.#context(req.wechat, token));
      this.onLoginResults.push('success');
    } catch (error) {
      this.onLoginResults.push(isWechatError(error) ? error.kind : String(error));
      throw error;
    }
  }

  async #call(wechat: TestRequest['wechat']): Promise<void> {
    const { step } = this.#options;
    const token = this.tokens().get(USER);
    assert.ok(token && 'call' in step);
    await step.call(this.#context(wechat, token));
  }

  // —— the fault

  /** Makes a call fail from now on. */
  inject(fault: Fault, call: Call): void {
    const { calls } = this.#options.step;
    const onReady = (): void => {
      if (fault.result === 'timeout') this.#setTimeout(SHORT_TIMEOUT_MS);
    };
    this.#wechat.inject({ fault, call, before: calls.slice(0, calls.indexOf(call)), onReady });
  }

  /**
   * Removes the fault, waits until its connections are closed, and returns how many requests of the call
   * WeChat received.
   */
  async removeFault(fault: Fault, call: Call): Promise<number> {
    const requests = this.#wechat.requestsOf(call);
    this.#wechat.removeFault();
    // Each OAuth keeps one connection alive; over TLS, the agent keeps none (faulty-wechat.ts).
    const kept = this.#options.step.calls.includes('jscode2session') ? 2 : 1;
    await this.#wechat.waitForConnections(this.#options.transport === 'tls' ? 0 : kept);
    if (fault.result === 'timeout') {
      this.#setTimeout(LONG_TIMEOUT_MS);
      this.#wechat.closeConnections();
      await this.#wechat.waitForConnections(0);
    }
    return requests;
  }

  #setTimeout(timeout: number): void {
    for (const oauth of this.#oauths) oauth.setOpts({ timeout });
  }
}
