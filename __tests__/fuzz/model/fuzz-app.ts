/**
 * The app of the scenarios: the main site has two accounts, the staff site has a third one, under a session
 * key of its own. The clock stands still until a scenario moves it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { requireWechatUser, wechatAuth, type OAuth, type OnLogin } from '../../../lib/index';
import type { Emulator } from '../../../lib/emulator/index';
import { sendJSON, startApp, type TestApp, type TestRequest } from '../../support/app';
import { Browser } from '../../support/browser';
import type { HostName, Middleware } from '../../support/hosts';
import { SESSIONS } from '../../support/sessions';
import type { Condition } from './actions';
import type { Account, Storage } from './terms';

/** Holds two callbacks until both have read the session. */
export class CallbackGate {
  #isArmed = false;
  #held: (() => void)[] = [];
  #onFirst: () => void = () => undefined;

  /** @returns a promise that resolves once the first of the two has arrived */
  arm(): Promise<void> {
    this.#isArmed = true;
    return new Promise((resolve) => (this.#onFirst = resolve));
  }

  behind(session: Middleware): Middleware {
    const before = session as (req: unknown, res: unknown, next: (error?: unknown) => void) => void;
    return (req, res, next) => before(req, res, (error) => this.#pass(() => next(error)));
  }

  #pass(go: () => void): void {
    if (!this.#isArmed) {
      go();
      return;
    }
    this.#held.push(go);
    if (this.#held.length === 1) {
      this.#onFirst();
      return;
    }
    const both = this.#held;
    this.#isArmed = false;
    this.#held = [];
    for (const each of both) each();
  }
}

/** A clock that stands still between two calls of advance(). */
export class Clock {
  now = Date.now();

  async advance(ms: number): Promise<void> {
    this.now += ms;
    // lru-cache reads the clock at most once in a real millisecond.
    await pause(2);
  }
}

/** Long enough for a request to reach WeChat on a busy machine: the model counts it. */
const SILENCE_LIMIT_MS = 500;

/** The fault lasts until the condition ends: two callbacks with two codes must both meet it. */
const ALWAYS = { times: Infinity };

/** The app's onLogin: the openids that it was called with, and whether it throws. */
interface OnLoginHook {
  readonly calls: string[];
  refuses: boolean;
}

export class FuzzApp {
  readonly gate: CallbackGate;
  readonly storage: Storage;
  readonly #app: TestApp;
  readonly #oauths: readonly OAuth[];
  readonly #hook: OnLoginHook;

  private constructor(
    app: TestApp,
    oauths: readonly OAuth[],
    hook: OnLoginHook,
    gate: CallbackGate,
    storage: Storage,
  ) {
    this.#app = app;
    this.#oauths = oauths;
    this.#hook = hook;
    this.gate = gate;
    this.storage = storage;
  }

  static async open(emulator: Emulator, host: HostName, storage: Storage): Promise<FuzzApp> {
    const gate = new CallbackGate();
    const hook: OnLoginHook = { calls: [], refuses: false };
    const oauths = new Set<OAuth>();
    const onLogin: OnLogin = (_req, { user }) => {
      hook.calls.push(user.openid);
      if (hook.refuses) throw Object.assign(new Error('this user is refused'), { refuse: true });
    };
    const { unbound } = emulator.apps;
    const app = await startApp(emulator, {
      host,
      session: gate.behind(SESSIONS[storage]()),
      auth: { scope: 'snsapi_base', onLogin },
      routes: (routes) => {
        routes.use('/full', requireWechatUser({ scope: 'snsapi_userinfo' }));
        routes.use('/full', (req, res) => sendJSON(res, (req as TestRequest).wechat.user));
        routes.use('/cart', (req, res) => {
          (req as TestRequest).session['cart'] = Number(/\d+/.exec(req.url ?? '')?.[0]);
          res.end();
        });
        routes.use('/oauth', (req, res) => {
          oauths.add((req as TestRequest).wechat.oauth);
          res.end();
        });
        routes.use(
          '/staff',
          wechatAuth({
            appId: unbound.appId,
            appSecret: unbound.appSecret,
            endpoints: emulator.endpoints,
            sessionKey: 'staff',
            onLogin,
          }),
        );
        routes.use('/staff/oauth', (req, res) => {
          oauths.add((req as TestRequest).wechat.oauth);
          res.end();
        });
        routes.use('/staff/me', requireWechatUser());
        routes.use('/staff/me', (req, res) => sendJSON(res, (req as TestRequest).wechat.user));
      },
    });
    return new FuzzApp(app, await oauthsOf(app, oauths), hook, gate, storage);
  }

  get url(): string {
    return this.#app.url;
  }

  get emulator(): Emulator {
    return this.#app.emulator;
  }

  /** The openids that onLogin was called with. */
  get logins(): readonly string[] {
    return this.#hook.calls;
  }

  /** The errors that reached the app's error handler. */
  get errors(): readonly unknown[] {
    return this.#app.errors;
  }

  clear(): void {
    this.#hook.calls.length = 0;
    this.emulator.requests.length = 0;
  }

  appIdOf(account: Account): string {
    const { apps } = this.emulator;
    return { official: apps.official, website: apps.website, staff: apps.unbound }[account].appId;
  }

  accountOf(appId: string): Account | undefined {
    return (['official', 'website', 'staff'] as const).find((account) => this.appIdOf(account) === appId);
  }

  /** Runs the work while WeChat, or the app's onLogin, is in this condition. */
  async under<T>(condition: Condition, work: () => Promise<T>): Promise<T> {
    const undo = this.#set(condition);
    try {
      return await work();
    } finally {
      undo();
    }
  }

  /** @returns the function that ends the condition */
  #set(condition: Condition): () => void {
    const { emulator } = this;
    const { switches } = emulator;
    const fail = (...fault: Parameters<Emulator['fail']>): (() => void) => emulator.fail(...fault);
    switch (condition) {
      case 'healthy':
        return () => undefined;
      case 'busy':
        return fail('access_token', { errcode: -1 }, ALWAYS);
      case 'reset':
        return fail('access_token', 'reset', ALWAYS);
      case 'silence': {
        const undo = fail('access_token', 'silence', ALWAYS);
        for (const oauth of this.#oauths) oauth.setOpts({ timeout: SILENCE_LIMIT_MS });
        return () => {
          undo();
          for (const oauth of this.#oauths) oauth.setOpts({ timeout: 15_000 });
        };
      }
      case 'page':
        return fail('access_token', { html: true }, ALWAYS);
      case '40029':
      case '40163':
      case '40125':
      case '45011':
      case '50002':
        return fail('access_token', { errcode: Number(condition) }, ALWAYS);
      case 'cut':
        return fail('access_token', 'reset-inside', ALWAYS);
      case 'grants less':
        return fail('access_token', { patch: { scope: 'snsapi_base' } }, ALWAYS);
      case 'no profile':
        return fail('userinfo', { errcode: -1 }, ALWAYS);
      case 'profile at the second try':
        return fail('userinfo', { errcode: -1 });
      case 'no unionid':
        switches.unionid = false;
        return () => (switches.unionid = true);
      case 'control characters in the nickname':
        switches.dirtyNicknames = true;
        return () => (switches.dirtyNicknames = false);
      case 'app refuses':
        this.#hook.refuses = true;
        return () => (this.#hook.refuses = false);
    }
  }

  close(): Promise<void> {
    return this.#app.close();
  }
}

/**
 * The OAuth of every account. The app gives the OAuth of the website account only to a browser that is logged
 * in with that account.
 */
async function oauthsOf(app: TestApp, seen: ReadonlySet<OAuth>): Promise<OAuth[]> {
  const browser = Browser.onDesktop(app.url);
  await browser.get('/oauth');
  await browser.get('/staff/oauth');
  await browser.logIn(app.emulator, '/me');
  await browser.get('/oauth');
  if (seen.size !== 3) throw new Error(`${seen.size} OAuth objects were found instead of 3`);
  return [...seen];
}
