import { requireWechatUser, wechatAuth, type WechatAuthOptions } from '../../lib/index';
import { emulated, sendJSON, type TestRequest } from '../support/app';
import { emulator, useEmulator } from '../support/emulator';
import type { Host } from '../support/hosts';
import { SESSION_NAMES } from '../support/sessions';
import { Corpus, expectHonestLogin, type Attack } from './support/corpus';
import { textOf, valueOf } from '../support/raw-http';
import { RawBrowser } from '../support/raw-browser';
import { defectOf, matrix, nameOf, startSite, wasExchanged, type Site } from './support/site';

useEmulator();

const official = (): string => emulator.apps.official.appId;
const website = (): string => emulator.apps.website.appId;
const idOf = (user: string): string => emulator.openid(user, official());

/** Mallory, with a login of her own under way: her browser, her state, her code that nobody has opened yet. */
async function mallory(site: Site): Promise<{ browser: RawBrowser; state: string; code: string }> {
  const browser = new RawBrowser(site);
  const { state } = await browser.startLogin();
  return { browser, state, code: browser.issueCode('emoji') };
}

async function loggedIn(site: Site, user: string): Promise<RawBrowser> {
  const browser = new RawBrowser(site);
  await browser.logIn(user);
  if ((await browser.loggedInAs()) !== idOf(user)) throw new Error(`${user} could not log in`);
  return browser;
}

/** What was found out, against what must be; the first difference got through. */
async function is(what: string, found: Promise<unknown>, expected: unknown): Promise<string | undefined> {
  const value = await found;
  return value === expected ? undefined : `${what}: ${JSON.stringify(value)}`;
}

const CROSS_SITE = [
  ['Sec-Fetch-Site', 'cross-site'],
  ['Sec-Fetch-Mode', 'navigate'],
  ['Referer', 'https://evil.example/'],
] as const;

/** Mallory's code and state in the victim's browser: whoever logs in as her hands over what they then enter. */
const LOGIN_CSRF: readonly Attack[] = [
  {
    name: "mallory's callback in a fresh browser",
    run: async (site) => {
      const { state, code } = await mallory(site);
      const victim = new RawBrowser(site);
      const wrong = defectOf(
        await victim.send(victim.at(`/callback?code=${code}&state=${state}`), { headers: CROSS_SITE }),
      );
      if (wasExchanged(emulator, code)) return 'her code was exchanged';
      return wrong ?? is('the victim', victim.loggedInAs(), undefined);
    },
  },
  {
    name: "mallory's callback in a browser with a login under way",
    run: async (site) => {
      const { state, code } = await mallory(site);
      const victim = new RawBrowser(site);
      const own = await victim.startLogin();
      await victim.openCallback(state, code);
      if (wasExchanged(emulator, code)) return 'her code was exchanged';
      const meanwhile = await is('the victim', victim.loggedInAs(), undefined);
      await victim.openCallback(own.state, victim.issueCode('ming'));
      return meanwhile ?? is('the victim, at last', victim.loggedInAs(), idOf('ming'));
    },
  },
  {
    name: "mallory's callback in a browser that is logged in",
    run: async (site) => {
      const { state, code } = await mallory(site);
      const victim = await loggedIn(site, 'ming');
      await victim.openCallback(state, code);
      return is('the victim', victim.loggedInAs(), idOf('ming'));
    },
  },
  {
    name: "mallory's callback without a state, and with an empty one",
    run: async (site) => {
      const victim = await loggedIn(site, 'ming');
      for (const query of ['', '&state=', '&state']) {
        const code = victim.issueCode('emoji');
        await victim.send(victim.at(`/callback?code=${code}${query}`));
        if (wasExchanged(emulator, code)) return 'her code was exchanged';
      }
      return is('the victim', victim.loggedInAs(), idOf('ming'));
    },
  },
  {
    name: "mallory's callback, ten times over, and then the victim's own",
    run: async (site) => {
      const victim = new RawBrowser(site);
      const own = await victim.startLogin();
      for (let round = 0; round < 10; round++) {
        const { state, code } = await mallory(site);
        await victim.openCallback(state, code);
      }
      const meanwhile = await is('the victim', victim.loggedInAs(), undefined);
      await victim.openCallback(own.state, victim.issueCode('ming'));
      return meanwhile ?? is('the victim, at last', victim.loggedInAs(), idOf('ming'));
    },
  },
  {
    name: "mallory's finished login, opened again in the victim's browser",
    run: async (site) => {
      const { browser, state, code } = await mallory(site);
      await browser.openCallback(state, code);
      const victim = new RawBrowser(site);
      await victim.openCallback(state, code);
      return is('the victim', victim.loggedInAs(), undefined);
    },
  },
  {
    name: 'the restart that her callback brings about, and her next code',
    run: async (site) => {
      const { state, code } = await mallory(site);
      const victim = new RawBrowser(site);
      const answer = await victim.openCallback(state, code);
      const restarted = new URL(valueOf(answer, 'location')).searchParams.get('state') ?? '';
      if (restarted === state) return 'her own state was kept';
      // She does not know the new one, and guesses that only the digit changed.
      const next = victim.issueCode('emoji');
      await victim.openCallback(`1${state.slice(1)}`, next);
      if (wasExchanged(emulator, next)) return 'her next code was exchanged';
      return is('the victim', victim.loggedInAs(), undefined);
    },
  },
];

/** The victim's callback, stolen on its way: by a log, a Referer, a shoulder. */
const CODE_THEFT: readonly Attack[] = [
  {
    name: "the victim's callback in mallory's fresh browser",
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      const code = victim.issueCode('ming');
      const thief = new RawBrowser(site);
      await thief.openCallback(state, code);
      if (wasExchanged(emulator, code)) return "the victim's code was spent";
      const stolen = await is('the thief', thief.loggedInAs(), undefined);
      await victim.openCallback(state, code);
      return stolen ?? is('the victim', victim.loggedInAs(), idOf('ming'));
    },
  },
  {
    name: "the victim's callback in mallory's browser, with a login of her own under way",
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      const code = victim.issueCode('ming');
      const { browser: thief } = await mallory(site);
      await thief.openCallback(state, code);
      if (wasExchanged(emulator, code)) return "the victim's code was spent";
      return is('the thief', thief.loggedInAs(), undefined);
    },
  },
  {
    name: "the victim's callback in mallory's browser, logged in as herself",
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      const thief = await loggedIn(site, 'emoji');
      await thief.openCallback(state, victim.issueCode('ming'));
      return is('the thief', thief.loggedInAs(), idOf('emoji'));
    },
  },
  {
    name: "the victim's callback, after the victim has used it",
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      const code = victim.issueCode('ming');
      await victim.openCallback(state, code);
      const thief = new RawBrowser(site);
      await thief.openCallback(state, code);
      return is('the thief', thief.loggedInAs(), undefined);
    },
  },
  {
    name: "the victim's used code, with a state of mallory's own",
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      const code = victim.issueCode('ming');
      await victim.openCallback(state, code);
      const { browser: thief, state: own } = await mallory(site);
      await thief.openCallback(own, code);
      return is('the thief', thief.loggedInAs(), undefined);
    },
  },
  {
    name: "the victim's callback with the victim's cookies of before the login",
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      const before = victim.copy();
      await victim.openCallback(state, victim.issueCode('ming'));
      const thief = before.copy();
      for (const code of [thief.issueCode('emoji'), 'guessed', '', 'authdeny'])
        await thief.openCallback(state, code);
      const who = await thief.loggedInAs();
      // A cookie that holds the whole session is that session: she may log in as herself with it, never as the victim.
      return who === undefined || who === idOf('emoji') ? undefined : `the thief is ${who}`;
    },
  },
];

/** Sessions that mallory has made, planted in the victim's browser before the victim logs in. */
const FIXATION: readonly Attack[] = [
  {
    name: 'the cookies of a login under way',
    run: async (site) => {
      const { browser } = await mallory(site);
      const victim = browser.copy();
      await victim.logIn('ming');
      return (
        (await is('mallory', browser.loggedInAs(), undefined)) ??
        (await is('the victim', victim.loggedInAs(), idOf('ming')))
      );
    },
  },
  {
    name: 'the cookies of a login under way, which the victim finishes',
    run: async (site) => {
      const { browser, state } = await mallory(site);
      const victim = browser.copy();
      const code = victim.issueCode('ming');
      await victim.openCallback(state, code);
      const victimNow = await is('the victim', victim.loggedInAs(), idOf('ming'));
      // She knows cookies and state; what she does not know is the code.
      for (const guess of [
        browser.issueCode('emoji'),
        'guessed',
        '',
        `${code.slice(0, -1)}x`,
        code.toUpperCase(),
      ]) {
        const thief = browser.copy();
        await thief.openCallback(state, guess);
        if ((await thief.loggedInAs()) === idOf('ming')) return `mallory is the victim, by the code ${guess}`;
      }
      return victimNow ?? is('mallory', browser.loggedInAs(), undefined);
    },
  },
  {
    name: "mallory's own logged-in session",
    run: async (site) => {
      const browser = await loggedIn(site, 'emoji');
      const victim = browser.copy();
      await victim.logIn('ming');
      const who = await browser.loggedInAs();
      // Her session may be gone; the victim's it must not be.
      return who === idOf('ming')
        ? 'mallory is the victim'
        : is('the victim', victim.loggedInAs(), idOf('ming'));
    },
  },
  {
    name: "mallory's session, and what she left in it",
    run: async (site) => {
      const browser = await loggedIn(site, 'emoji');
      await browser.send(browser.at('/note'));
      const victim = browser.copy();
      await victim.logIn('ming');
      const session = JSON.parse(textOf(await victim.send(victim.at('/session')))) as Record<string, unknown>;
      return session['note'] === undefined ? undefined : "the victim's session holds mallory's data";
    },
  },
  {
    name: 'a session of before a logout',
    run: async (site) => {
      const victim = await loggedIn(site, 'ming');
      const { browser } = await mallory(site);
      const old = victim.cookies();
      await victim.send(victim.at('/logout'));
      if (victim.cookies() === old) return 'the logout kept the cookies';
      await victim.logIn('follower');
      return is('mallory', browser.loggedInAs(), undefined);
    },
  },
  {
    name: 'an id that mallory has thought up',
    run: async (site) => {
      const victim = new RawBrowser(site);
      victim.jar.set('connect.sid', 's%3Amallory.c2lnbmF0dXJl');
      victim.jar.set('session', 'eyJtYWxsb3J5Ijp0cnVlfQ==');
      victim.jar.set('session.sig', 'mallory');
      const planted = victim.copy();
      await victim.logIn('ming');
      return (
        (await is('mallory', planted.loggedInAs(), undefined)) ??
        (await is('the victim', victim.loggedInAs(), idOf('ming')))
      );
    },
  },
  {
    name: 'a second cookie of the same name, before and after the own one',
    run: async (site) => {
      const victim = await loggedIn(site, 'ming');
      const { browser } = await mallory(site);
      for (const cookie of [
        `${victim.cookies()}; ${browser.cookies()}`,
        `${browser.cookies()}; ${victim.cookies()}`,
      ]) {
        const answer = await victim.copy().send(victim.at('/me'), { cookie });
        if (defectOf(answer) !== undefined) return defectOf(answer);
        if (answer.status === 200 && !textOf(answer).includes(idOf('ming'))) return textOf(answer);
      }
      return undefined;
    },
  },
];

/** A fixed id is an id that stays: with a session store, login and logout must both change it. */
const IDS: readonly Attack[] = [
  {
    name: 'the id stays at the login',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      const before = victim.jar.get('connect.sid');
      const old = victim.copy();
      await victim.openCallback(state, victim.issueCode('ming'));
      if (before === undefined || victim.jar.get('connect.sid') === before) return 'it does';
      return is('who holds the old one', old.loggedInAs(), undefined);
    },
  },
  {
    name: 'the id stays at the logout',
    run: async (site) => {
      const victim = await loggedIn(site, 'ming');
      const old = victim.copy();
      await victim.send(victim.at('/logout'));
      if (victim.jar.get('connect.sid') === old.jar.get('connect.sid')) return 'it does';
      return is('who holds the old one', old.loggedInAs(), undefined);
    },
  },
  {
    name: 'the id stays when another person logs in',
    run: async (site) => {
      const first = await loggedIn(site, 'emoji');
      const old = first.copy();
      await first.logIn('ming');
      if (first.jar.get('connect.sid') === old.jar.get('connect.sid')) return 'it does';
      return is('who holds the old one', old.loggedInAs(), undefined);
    },
  },
  {
    name: 'the id stays when the same person logs in again',
    run: async (site) => {
      const victim = await loggedIn(site, 'ming');
      const old = victim.copy();
      await victim.logIn('ming');
      return victim.jar.get('connect.sid') === old.jar.get('connect.sid') ? 'it does' : undefined;
    },
  },
];

/** A second account in the same app, which must not take the first one's logins for its own. */
function withStaff(options: WechatAuthOptions): (app: Host) => void {
  return (app) => {
    app.use('/staff', wechatAuth({ ...emulated(emulator), ...options }));
    app.use('/staff/me', requireWechatUser());
    app.use('/staff/me', (req, res) => {
      sendJSON(res, (req as TestRequest).wechat.user);
    });
    app.use('/note', (req, res) => {
      (req as TestRequest).session['note'] = "mallory's";
      res.end();
    });
  };
}

async function atStaff(browser: RawBrowser): Promise<string | undefined> {
  const answer = await browser.send('/staff/me');
  return answer.status === 200 ? (JSON.parse(textOf(answer)) as { openid: string }).openid : undefined;
}

const ACCOUNTS: readonly Attack[] = [
  {
    name: "a state of the one at the other's callback",
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      const code = victim.issueCode('ming');
      await victim.send(`/staff/callback?code=${code}&state=${state}`);
      if (wasExchanged(emulator, code)) return 'the code was exchanged';
      return (
        (await is('staff', atStaff(victim), undefined)) ?? is('the victim', victim.loggedInAs(), undefined)
      );
    },
  },
  {
    name: "a state of the other at the one's callback",
    run: async (site) => {
      const victim = new RawBrowser(site);
      const sent = await victim.send('/staff/login');
      const state = new URL(valueOf(sent, 'location')).searchParams.get('state') ?? '';
      const code = victim.issueCode('ming');
      await victim.openCallback(state, code);
      if (wasExchanged(emulator, code)) return 'the code was exchanged';
      return (
        (await is('staff', atStaff(victim), undefined)) ?? is('the victim', victim.loggedInAs(), undefined)
      );
    },
  },
  {
    name: 'a login at the one counts at the other',
    run: async (site) => {
      const victim = await loggedIn(site, 'ming');
      return is('staff', atStaff(victim), undefined);
    },
  },
  {
    name: 'a logout from the one, seen from the other',
    run: async (site) => {
      const victim = await loggedIn(site, 'ming');
      await victim.send('/staff/logout');
      return is('the victim', victim.loggedInAs(), idOf('ming'));
    },
  },
  {
    name: 'a code of the website app in a login of the official account',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.openCallback(state, victim.issueCode('emoji', website()));
      return is('the victim', victim.loggedInAs(), undefined);
    },
  },
  {
    name: 'a code of the official account in a login of the website app',
    run: async (site) => {
      const victim = new RawBrowser(site, 'Mozilla/5.0 (Windows NT 10.0) Chrome/140.0.0.0');
      const { state, page } = await victim.startLogin();
      if (page.pathname !== '/connect/qrconnect') return `not the QR login: ${page.pathname}`;
      await victim.openCallback(state, victim.issueCode('emoji', official()));
      return is('the victim', victim.loggedInAs(), undefined);
    },
  },
  {
    name: 'a code of an app of another owner',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.openCallback(state, victim.issueCode('emoji', emulator.apps.unbound.appId));
      return is('the victim', victim.loggedInAs(), undefined);
    },
  },
  {
    name: 'a code of a mini program',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.openCallback(state, victim.issueCode('emoji', emulator.apps.miniProgram.appId));
      return is('the victim', victim.loggedInAs(), undefined);
    },
  },
];

const corpus = new Corpus();
const GROUPS: Readonly<Record<string, readonly Attack[]>> = {
  "anybody in as mallory by mallory's callback": LOGIN_CSRF,
  "mallory in by the victim's callback": CODE_THEFT,
  'mallory in by a session she planted': FIXATION,
  'anybody in by a login of another account': ACCOUNTS,
};

describe.each(matrix(SESSION_NAMES).map((options) => [nameOf(options), options] as const))(
  'the login on %s',
  (_name, options) => {
    let site: Site;
    beforeAll(async () => {
      site = await startSite(emulator, {
        ...options,
        routes: (app) => {
          withStaff({ sessionKey: 'staff' })(app);
          app.use(`${options.mount ?? ''}/note`, (req, res) => {
            (req as TestRequest).session['note'] = "mallory's";
            res.end();
          });
        },
      });
    });
    afterAll(() => site.close());
    beforeEach(() => {
      emulator.requests.length = 0;
    });

    it.each(Object.keys(GROUPS))('never lets %s', async (group) => {
      expect(await corpus.run(site, GROUPS[group] ?? [])).toEqual([]);
      expect(site.errors).toEqual([]);
      await expectHonestLogin(site);
    });

    if (options.session === 'express-session')
      it('keeps no id over a login or a logout', async () => {
        expect(await corpus.run(site, IDS)).toEqual([]);
        await expectHonestLogin(site);
      });
  },
);

corpus.expectAll(120);
