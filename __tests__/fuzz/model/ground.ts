/** The app that the browsers visit: two accounts under one key and a staff's account under another, on a frozen clock. */
import { setTimeout as pause } from 'node:timers/promises';
import { requireWechatUser, wechatAuth, type OAuth, type OnLogin } from '../../../lib/index';
import type { Emulator } from '../../../lib/emulator/index';
import { sendJSON, startApp, type TestApp, type TestRequest } from '../../support/app';
import { Browser } from '../../support/browser';
import type { HostName, Middleware } from '../../support/hosts';
import { SESSIONS } from '../../support/sessions';
import type { Mood } from './actions';
import type { Account, Storage } from './words';

/** Holds callbacks back until two are there, each with the session as it was when it came. */
export class Gate {
  #isArmed = false;
  #held: (() => void)[] = [];
  #onFirst: () => void = () => undefined;

  /** @returns when the first of the two is here. */
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

/** Tests live in a frozen time, which they move on by hand. */
export class Clock {
  now = Date.now();

  async advance(ms: number): Promise<void> {
    this.now += ms;
    // lru-cache looks at the clock at most once in a real millisecond.
    await pause(2);
  }
}

/** The openids of onLogin's calls, and what it does: throw, where the app refuses. */
interface Hook {
  readonly calls: string[];
  refuses: boolean;
}

export class Ground {
  readonly gate: Gate;
  readonly storage: Storage;
  readonly #app: TestApp;
  readonly #oauths: readonly OAuth[];
  readonly #hook: Hook;

  private constructor(app: TestApp, oauths: readonly OAuth[], hook: Hook, gate: Gate, storage: Storage) {
    this.#app = app;
    this.#oauths = oauths;
    this.#hook = hook;
    this.gate = gate;
    this.storage = storage;
  }

  static async open(emulator: Emulator, host: HostName, storage: Storage): Promise<Ground> {
    const gate = new Gate();
    const hook: Hook = { calls: [], refuses: false };
    const oauths = new Set<OAuth>();
    const onLogin: OnLogin = (_req, { user }) => {
      hook.calls.push(user.openid);
      if (hook.refuses) throw new Error('not this one');
    };
    const { unbound } = emulator.apps;
    const app = await startApp(emulator, {
      host,
      session: gate.behind(SESSIONS[storage]()),
      auth: { scope: 'snsapi_base', onLogin },
      routes: (it) => {
        it.use('/full', requireWechatUser({ scope: 'snsapi_userinfo' }));
        it.use('/full', (req, res) => sendJSON(res, (req as TestRequest).wechat.user));
        it.use('/cart', (req, res) => {
          (req as TestRequest).session['cart'] = Number(/\d+/.exec(req.url ?? '')?.[0]);
          res.end();
        });
        it.use('/oauth', (req, res) => {
          oauths.add((req as TestRequest).wechat.oauth);
          res.end();
        });
        it.use(
          '/staff',
          wechatAuth({
            appId: unbound.appId,
            appSecret: unbound.appSecret,
            endpoints: emulator.endpoints,
            sessionKey: 'staff',
            onLogin,
          }),
        );
        it.use('/staff/oauth', (req, res) => {
          oauths.add((req as TestRequest).wechat.oauth);
          res.end();
        });
        it.use('/staff/me', requireWechatUser());
        it.use('/staff/me', (req, res) => sendJSON(res, (req as TestRequest).wechat.user));
      },
    });
    return new Ground(app, await coresOf(app, oauths), hook, gate, storage);
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

  /** What reached the app's own error handler. */
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

  /** Does the work while WeChat, or the app, is in this mood. */
  async in<T>(mood: Mood, work: () => Promise<T>): Promise<T> {
    const undo = this.#set(mood);
    try {
      return await work();
    } finally {
      undo();
    }
  }

  /** @returns the way back. */
  #set(mood: Mood): () => void {
    const { emulator } = this;
    const { switches } = emulator;
    const fail = (...fault: Parameters<Emulator['fail']>): (() => void) => emulator.fail(...fault);
    switch (mood) {
      case 'well':
        return () => undefined;
      case 'busy':
        return fail('access_token', { errcode: -1 });
      case 'reset':
        return fail('access_token', 'reset');
      case 'silence': {
        const undo = fail('access_token', 'silence');
        for (const oauth of this.#oauths) oauth.setOpts({ timeout: 50 });
        return () => {
          undo();
          for (const oauth of this.#oauths) oauth.setOpts({ timeout: 15_000 });
        };
      }
      case 'page':
        return fail('access_token', { html: true });
      case '40029':
      case '40163':
      case '40125':
      case '45011':
      case '50002':
        return fail('access_token', { errcode: Number(mood) });
      case 'cut':
        return fail('access_token', 'reset-inside');
      case 'grants less':
        return fail('access_token', { patch: { scope: 'snsapi_base' } });
      case 'no profile':
        return fail('userinfo', { errcode: -1 }, { times: 2 });
      case 'profile late':
        return fail('userinfo', { errcode: -1 });
      case 'no unionid':
        switches.unionid = false;
        return () => (switches.unionid = true);
      case 'dirty':
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

/** The OAuth of every account: that of the website is only seen by who is logged in with it. */
async function coresOf(app: TestApp, seen: ReadonlySet<OAuth>): Promise<OAuth[]> {
  const browser = Browser.onDesktop(app.url);
  await browser.get('/oauth');
  await browser.get('/staff/oauth');
  await browser.logIn(app.emulator, '/me');
  await browser.get('/oauth');
  if (seen.size !== 3) throw new Error(`${seen.size} accounts were seen, not 3`);
  return [...seen];
}
