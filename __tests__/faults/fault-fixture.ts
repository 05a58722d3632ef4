// One app, one WeChat with a faulty door, one visitor after the other. Lanes know nothing of each other, and run side by side.
import assert from 'node:assert/strict';
import expressSession from 'express-session';
import type { CookieJar } from 'tough-cookie';
import {
  OAuth,
  isWechatError,
  type TokenData,
  type TokenStore,
  type WechatAuthOptions,
} from '../../lib/index';
import type { Emulator } from '../../lib/emulator/index';
import { cookies, emulated, sendJSON, startApp, type TestApp, type TestRequest } from '../support/app';
import { agree, Browser, type Answer } from '../support/browser';
import type { HostName } from '../support/hosts';
import { serverSessions, type SessionName } from '../support/sessions';
import { FaultyWechat, type Wire } from './faulty-wechat';
import type { Fault } from './faults';
import type { Call } from './rules';
import type { Before, LoginStep, PageStep, There } from './steps';

/** As good as none: a healthy call never meets it, however busy the machine. */
const PATIENT_MS = 60_000;
/** Met by silence alone. */
const HASTY_MS = 40;

export const RETURN_TO = '/me?kept';
export const USER = 'ming';
const OTHER = 'follower';

type Session = Readonly<Record<string, unknown>>;
export type Client = 'browser' | 'XHR';
const ASKING: Readonly<Record<Client, Record<string, string>>> = {
  browser: {},
  XHR: { Accept: 'application/json', 'X-Requested-With': 'XMLHttpRequest' },
};

/** A token store that a test can look into. */
class GlassStore implements TokenStore {
  readonly tokens = new Map<string, TokenData>();

  get(key: string): Promise<TokenData | undefined> {
    return Promise.resolve(this.tokens.get(key));
  }

  set(key: string, token: TokenData): Promise<void> {
    this.tokens.set(key, token);
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    this.tokens.delete(key);
    return Promise.resolve();
  }
}

export interface LaneOptions {
  readonly step: LoginStep | PageStep;
  readonly session: SessionName;
  readonly wire: Wire;
  readonly host: HostName;
}

export class Lane {
  /** What came of each onLogin: 'fine', or the kind of its error. */
  readonly met: string[] = [];
  readonly #since = Date.now();
  readonly #options: LaneOptions;
  readonly #wechat: FaultyWechat;
  readonly #tokens = new GlassStore();
  readonly #sessions = new expressSession.MemoryStore();
  readonly #oauths: OAuth[] = [];
  #app!: TestApp;
  #newcomer: { readonly jar: CookieJar; readonly session: Session } | undefined;
  #regular: Browser | undefined;

  private constructor(options: LaneOptions, wechat: FaultyWechat) {
    this.#options = options;
    this.#wechat = wechat;
  }

  static async open(options: LaneOptions): Promise<Lane> {
    const lane = new Lane(options, await FaultyWechat.open(options.wire));
    await lane.#start();
    return lane;
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
        tokenStore: this.#tokens,
        onLogin: (req, { token }) => this.#onLogin(req as TestRequest, token.data),
      } satisfies WechatAuthOptions,
      routes: (app) => {
        app.use('/cart', (req, res) => {
          (req as TestRequest).session['cart'] = ['one thing'];
          res.end();
        });
        app.use('/core', (req, res) => {
          this.#oauths.push((req as TestRequest).wechat.oauth);
          res.end();
        });
        app.use('/work', (req, res) => {
          this.#work((req as TestRequest).wechat).then(
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
    await new Browser(this.#app.url, '').get('/core');
    this.#wait(PATIENT_MS);
    // Somebody else's token is there too, and must stay as it is.
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

  // —— the visitor

  /** Somebody at the door, with something in the session already. The first one came all the way; those after look just like them. */
  async arrive(before: Before): Promise<Browser> {
    const browser = this.#browser();
    if (!this.#newcomer) {
      await browser.get('/cart');
      if (before !== 'nobody') await this.logIn(browser, before === 'the same user' ? USER : OTHER);
      this.#newcomer = { jar: browser.jar, session: await this.session(browser) };
    }
    const { jar, session } = this.#newcomer;
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

  /** Someone who logged in long ago: with a token of that age, or a good one. */
  async regular(isExpired: boolean): Promise<Browser> {
    const token = this.tokens().get(USER);
    const left = token ? token.create_at + token.expires_in * 1000 - 10_000 - Date.now() : 0;
    if (this.#regular && token?.refresh_token && left <= 0 === isExpired) return this.#regular;
    this.#regular ??= this.#browser();
    // The second one for the login itself, which already finds the first one expired.
    if (isExpired)
      for (const call of ['access_token', 'refresh_token'])
        this.emulator.fail(call, { patch: { expires_in: 5 } });
    await this.logIn(this.#regular, USER);
    if (isExpired) this.emulator.expireToken(this.tokens().get(USER)?.access_token ?? '');
    return this.#regular;
  }

  /** Asks for the page of the step once more. A token that is refreshed for it is an old one again: the next case need not log in. */
  async askAgain(isExpired: boolean): Promise<Answer> {
    const browser = await this.regular(isExpired);
    if (!isExpired) return browser.get('/work');
    const undo = this.emulator.fail('refresh_token', { patch: { expires_in: 5 } });
    const answer = await browser.get('/work');
    undo();
    this.emulator.expireToken(this.tokens().get(USER)?.access_token ?? '');
    return answer;
  }

  /** Goes to WeChat and agrees there: the callback's address, which nobody has opened yet. */
  async leave(browser: Browser, user = USER, asks?: string): Promise<string> {
    const scope = asks === undefined ? '' : `&scope=${asks}`;
    const sent = await browser.get(`/login?returnTo=${encodeURIComponent(RETURN_TO)}${scope}`);
    return this.agree(sent, user);
  }

  async agree(sent: Answer, user = USER): Promise<string> {
    assert.equal(sent.status, 302, `sent to WeChat: ${sent.body.slice(0, 400)}`);
    return agree(this.emulator, sent.location, user);
  }

  async logIn(browser: Browser, user = USER, asks?: string): Promise<void> {
    this.isIn(await browser.get(await this.leave(browser, user, asks)));
  }

  ask(browser: Browser, address: string, client: Client): Promise<Answer> {
    return browser.get(address, { headers: ASKING[client] });
  }

  isIn({ status, location, body }: Answer): void {
    const told = /<small>.*<\/small>/.exec(body)?.[0] ?? body.slice(0, 200);
    assert.deepEqual({ status, location, told }, { status: 302, location: RETURN_TO, told: '' });
  }

  // —— what is kept

  /** What the app's session holds for this browser. */
  async session(browser: Browser): Promise<Session> {
    const cookies = new Map(
      browser
        .cookies()
        .split('; ')
        .map((pair) => pair.split('=', 2) as [string, string]),
    );
    if (this.#options.session === 'cookie-session') {
      return JSON.parse(Buffer.from(cookies.get('session') ?? '', 'base64').toString()) as Session;
    }
    const id = /^s:(.*)\.[^.]*$/.exec(decodeURIComponent(cookies.get('connect.sid') ?? ''))?.[1] ?? '';
    const stored = await new Promise<unknown>((resolve, reject) =>
      this.#sessions.get(id, (error: unknown, session) =>
        error instanceof Error ? reject(error) : resolve(session),
      ),
    );
    const session = { id, ...(stored as Session) };
    Reflect.deleteProperty(session, 'cookie');
    return session;
  }

  /** The tokens that are kept, by user. */
  tokens(): Map<string, TokenData> {
    const users = new Map([USER, OTHER].map((user) => [this.openid(user), user]));
    return new Map(
      [...this.#tokens.tokens].map(([key, token]) => {
        const openid = key.slice(key.indexOf(':') + 1);
        return [users.get(openid) ?? openid, structuredClone(token)];
      }),
    );
  }

  /** Whether it is a token as WeChat gives it, of this user, and WeChat takes it. */
  async isWhole(token: TokenData | undefined): Promise<void> {
    assert.ok(token, 'no token is kept');
    assert.equal(typeof token.expires_in, 'number');
    assert.ok(
      token.create_at >= this.#since && token.create_at <= Date.now(),
      'create_at is a time of these calls',
    );
    assert.equal(token.openid, this.openid());
    const query = `access_token=${token.access_token}&openid=${token.openid}`;
    const answer = await new Browser(this.emulator.url, '').get(`/sns/auth?${query}`);
    assert.deepEqual(answer.json(), { errcode: 0, errmsg: 'ok' });
  }

  // —— the app's own code

  #there(wechat: TestRequest['wechat'], { access_token, refresh_token = '', openid }: TokenData): There {
    const [miniProgram] = this.#oauths;
    assert.ok(miniProgram);
    const tokens = { access: access_token, refresh: refresh_token };
    return { wechat, emulator: this.emulator, miniProgram, openid, tokens };
  }

  async #onLogin(req: TestRequest, token: TokenData): Promise<undefined> {
    const { step } = this.#options;
    try {
      if ('onLogin' in step) await step.onLogin(this.#there(req.wechat, token));
      this.met.push('fine');
    } catch (error) {
      this.met.push(isWechatError(error) ? error.kind : String(error));
      throw error;
    }
  }

  async #work(wechat: TestRequest['wechat']): Promise<void> {
    const { step } = this.#options;
    const token = this.tokens().get(USER);
    assert.ok(token && 'work' in step);
    await step.work(this.#there(wechat, token));
  }

  // —— the trouble

  /** Lets a call fail from now on. */
  meet(fault: Fault, call: Call): void {
    const { calls } = this.#options.step;
    const atHand = (): void => {
      if (fault.means === 'timeout') this.#wait(HASTY_MS);
    };
    this.#wechat.meet({ fault, call, before: calls.slice(0, calls.indexOf(call)), atHand });
  }

  /** Ends the trouble, and tells how often WeChat heard of the call; no connection of it may stay behind. */
  async heal(fault: Fault, call: Call): Promise<number> {
    const asked = this.#wechat.asked(call);
    this.#wechat.heal();
    // One connection is kept for each of the app's accounts, over TLS none.
    const kept = this.#options.step.calls.includes('jscode2session') ? 2 : 1;
    await this.#wechat.settled(this.#options.wire === 'tls' ? 0 : kept);
    if (fault.means === 'timeout') {
      this.#wait(PATIENT_MS);
      this.#wechat.hangUp();
      await this.#wechat.settled(0);
    }
    return asked;
  }

  #wait(timeout: number): void {
    for (const oauth of this.#oauths) oauth.setOpts({ timeout });
  }
}
