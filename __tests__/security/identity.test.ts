import { requireWechatUser, wechatAuth } from '../../lib/index';
import { emulated, sendJSON, type TestRequest } from '../support/app';
import { emulator, useEmulator } from '../support/emulator';
import type { Host } from '../support/hosts';
import { stateIn } from '../support/login';
import { SESSION_NAMES } from '../support/sessions';
import { Corpus, expectOrdinaryLogin, type Attack } from './support/corpus';
import { textOf, valueOf } from '../support/browsers/raw-http';
import { RawBrowser } from '../support/browsers/raw-browser';
import {
  defectOf,
  describeSites,
  loggedInBrowser,
  matrix,
  openidOf,
  wasExchanged,
  type Site,
} from './support/site';

useEmulator();

const official = (): string => emulator.apps.official.appId;
const website = (): string => emulator.apps.website.appId;

interface PendingLogin {
  readonly browser: RawBrowser;
  readonly state: string;
  /** A code that no callback has carried yet. */
  readonly code: string;
}

async function pendingLogin(site: Site, user: string): Promise<PendingLogin> {
  const browser = new RawBrowser(site);
  const { state } = await browser.startLogin();
  return { browser, state, code: browser.issueCode(user) };
}

const attackerWithLogin = (site: Site): Promise<PendingLogin> => pendingLogin(site, 'emoji');
const victimWithLogin = (site: Site): Promise<PendingLogin> => pendingLogin(site, 'ming');

/** Reports a browser that is not logged in as the expected user. */
async function checkUser(
  who: string,
  loggedInAs: Promise<unknown>,
  expected: unknown,
): Promise<string | undefined> {
  const openid = await loggedInAs;
  return openid === expected ? undefined : `${who} is logged in as ${JSON.stringify(openid)}`;
}

const CROSS_SITE = [
  ['Sec-Fetch-Site', 'cross-site'],
  ['Sec-Fetch-Mode', 'navigate'],
  ['Referer', 'https://evil.example/'],
] as const;

/**
 * Login CSRF: the attacker's code and state in the victim's browser would log the victim in as the attacker.
 */
const LOGIN_CSRF: readonly Attack[] = [
  {
    name: "the attacker's callback in a browser without cookies",
    run: async (site) => {
      const { state, code } = await attackerWithLogin(site);
      const victim = new RawBrowser(site);
      const defect = defectOf(
        await victim.send(victim.at(`/callback?code=${code}&state=${state}`), { headers: CROSS_SITE }),
      );
      if (wasExchanged(code)) return "the attacker's code was exchanged";
      return defect ?? checkUser('the victim', victim.loggedInAs(), undefined);
    },
  },
  {
    name: "the attacker's callback in a browser with a pending login",
    run: async (site) => {
      const { state, code } = await attackerWithLogin(site);
      const victim = new RawBrowser(site);
      const own = await victim.startLogin();
      await victim.openCallback(state, code);
      if (wasExchanged(code)) return "the attacker's code was exchanged";
      const before = await checkUser('the victim', victim.loggedInAs(), undefined);
      await victim.openCallback(own.state, victim.issueCode('ming'));
      return before ?? checkUser('the victim, at the end', victim.loggedInAs(), openidOf('ming'));
    },
  },
  {
    name: "the attacker's callback in a browser that is logged in",
    run: async (site) => {
      const { state, code } = await attackerWithLogin(site);
      const victim = await loggedInBrowser(site, 'ming');
      await victim.openCallback(state, code);
      return checkUser('the victim', victim.loggedInAs(), openidOf('ming'));
    },
  },
  {
    name: "the attacker's callback without a state and with an empty one",
    run: async (site) => {
      const victim = await loggedInBrowser(site, 'ming');
      for (const query of ['', '&state=', '&state']) {
        const code = victim.issueCode('emoji');
        await victim.send(victim.at(`/callback?code=${code}${query}`));
        if (wasExchanged(code)) return "the attacker's code was exchanged";
      }
      return checkUser('the victim', victim.loggedInAs(), openidOf('ming'));
    },
  },
  {
    name: "ten callbacks of the attacker, then the victim's own",
    run: async (site) => {
      const victim = new RawBrowser(site);
      const own = await victim.startLogin();
      for (let round = 0; round < 10; round++) {
        const { state, code } = await attackerWithLogin(site);
        await victim.openCallback(state, code);
      }
      const before = await checkUser('the victim', victim.loggedInAs(), undefined);
      await victim.openCallback(own.state, victim.issueCode('ming'));
      return before ?? checkUser('the victim, at the end', victim.loggedInAs(), openidOf('ming'));
    },
  },
  {
    name: "a callback that logged in the attacker, opened in the victim's browser",
    run: async (site) => {
      const { browser, state, code } = await attackerWithLogin(site);
      await browser.openCallback(state, code);
      const victim = new RawBrowser(site);
      await victim.openCallback(state, code);
      return checkUser('the victim', victim.loggedInAs(), undefined);
    },
  },
  {
    name: "the restart after the attacker's callback, and another code of the attacker",
    run: async (site) => {
      const { state, code } = await attackerWithLogin(site);
      const victim = new RawBrowser(site);
      const response = await victim.openCallback(state, code);
      const restarted = new URL(valueOf(response, 'location')).searchParams.get('state') ?? '';
      if (restarted === state) return "the attacker's state was reused";
      // The attacker does not know the new state, and guesses that only the digit has changed.
      const next = victim.issueCode('emoji');
      await victim.openCallback(`1${state.slice(1)}`, next);
      if (wasExchanged(next)) return "the attacker's second code was exchanged";
      return checkUser('the victim', victim.loggedInAs(), undefined);
    },
  },
];

/** Code theft: the attacker has read the victim's callback in a log, in a Referer or on the screen. */
const CODE_THEFT: readonly Attack[] = [
  {
    name: "the victim's callback in a browser without cookies",
    run: async (site) => {
      const { browser: victim, state, code } = await victimWithLogin(site);
      const attacker = new RawBrowser(site);
      await attacker.openCallback(state, code);
      if (wasExchanged(code)) return "the victim's code was exchanged";
      const before = await checkUser('the attacker', attacker.loggedInAs(), undefined);
      await victim.openCallback(state, code);
      return before ?? checkUser('the victim', victim.loggedInAs(), openidOf('ming'));
    },
  },
  {
    name: "the victim's callback in the attacker's browser, with a pending login",
    run: async (site) => {
      const { state, code } = await victimWithLogin(site);
      const { browser: attacker } = await attackerWithLogin(site);
      await attacker.openCallback(state, code);
      if (wasExchanged(code)) return "the victim's code was exchanged";
      return checkUser('the attacker', attacker.loggedInAs(), undefined);
    },
  },
  {
    name: "the victim's callback in the attacker's browser, with a current login",
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      const attacker = await loggedInBrowser(site, 'emoji');
      await attacker.openCallback(state, victim.issueCode('ming'));
      return checkUser('the attacker', attacker.loggedInAs(), openidOf('emoji'));
    },
  },
  {
    name: "the victim's callback, after the victim has used it",
    run: async (site) => {
      const { browser: victim, state, code } = await victimWithLogin(site);
      await victim.openCallback(state, code);
      const attacker = new RawBrowser(site);
      await attacker.openCallback(state, code);
      return checkUser('the attacker', attacker.loggedInAs(), undefined);
    },
  },
  {
    name: "the victim's used code, with the attacker's own state",
    run: async (site) => {
      const { browser: victim, state, code } = await victimWithLogin(site);
      await victim.openCallback(state, code);
      const { browser: attacker, state: own } = await attackerWithLogin(site);
      await attacker.openCallback(own, code);
      return checkUser('the attacker', attacker.loggedInAs(), undefined);
    },
  },
  {
    name: "the victim's callback with the victim's cookies from before the login",
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      const before = victim.copy();
      await victim.openCallback(state, victim.issueCode('ming'));
      const attacker = before.copy();
      for (const code of [attacker.issueCode('emoji'), 'guessed', '', 'authdeny'])
        await attacker.openCallback(state, code);
      const openid = await attacker.loggedInAs();
      // A cookie that holds the whole session keeps its pending login: the attacker may finish it with a code
      // of their own, never as the victim.
      return openid === undefined || openid === openidOf('emoji')
        ? undefined
        : `the attacker is logged in as ${openid}`;
    },
  },
];

/** Session fixation: the attacker plants a session in the victim's browser before the victim logs in. */
const FIXATION: readonly Attack[] = [
  {
    name: "the cookies of the attacker's pending login",
    run: async (site) => {
      const { browser } = await attackerWithLogin(site);
      const victim = browser.copy();
      await victim.logIn('ming');
      return (
        (await checkUser('the attacker', browser.loggedInAs(), undefined)) ??
        (await checkUser('the victim', victim.loggedInAs(), openidOf('ming')))
      );
    },
  },
  {
    name: "the cookies of the attacker's pending login, which the victim finishes",
    run: async (site) => {
      const { browser, state } = await attackerWithLogin(site);
      const victim = browser.copy();
      const code = victim.issueCode('ming');
      await victim.openCallback(state, code);
      const victimFirst = await checkUser('the victim', victim.loggedInAs(), openidOf('ming'));
      // The attacker knows the cookies and the state, but not the code.
      for (const guess of [
        browser.issueCode('emoji'),
        'guessed',
        '',
        code.slice(0, -1) + (code.endsWith('x') ? 'y' : 'x'),
        code.toUpperCase(),
      ]) {
        const attacker = browser.copy();
        await attacker.openCallback(state, guess);
        if ((await attacker.loggedInAs()) === openidOf('ming'))
          return `the attacker is logged in as the victim by the code ${guess}`;
      }
      return victimFirst ?? checkUser('the attacker', browser.loggedInAs(), undefined);
    },
  },
  {
    name: "the attacker's session, logged in",
    run: async (site) => {
      const browser = await loggedInBrowser(site, 'emoji');
      const victim = browser.copy();
      await victim.logIn('ming');
      const openid = await browser.loggedInAs();
      // The attacker's session may have ended; it must not be the victim's.
      return openid === openidOf('ming')
        ? 'the attacker is logged in as the victim'
        : checkUser('the victim', victim.loggedInAs(), openidOf('ming'));
    },
  },
  {
    name: "data in the attacker's session",
    run: async (site) => {
      const browser = await loggedInBrowser(site, 'emoji');
      await browser.send(browser.at('/note'));
      const victim = browser.copy();
      await victim.logIn('ming');
      const session = JSON.parse(textOf(await victim.send(victim.at('/session')))) as Record<string, unknown>;
      return session['note'] === undefined ? undefined : "the victim's session holds the attacker's data";
    },
  },
  {
    name: 'a session from before a logout',
    run: async (site) => {
      const victim = await loggedInBrowser(site, 'ming');
      const { browser } = await attackerWithLogin(site);
      const old = victim.cookies();
      await victim.send(victim.at('/logout'));
      if (victim.cookies() === old) return 'the logout did not change the cookies';
      await victim.logIn('follower');
      return checkUser('the attacker', browser.loggedInAs(), undefined);
    },
  },
  {
    name: 'an invented session id',
    run: async (site) => {
      const victim = new RawBrowser(site);
      victim.jar.set('connect.sid', 's%3Aattacker.c2lnbmF0dXJl');
      victim.jar.set('session', 'eyJhdHRhY2tlciI6dHJ1ZX0=');
      victim.jar.set('session.sig', 'attacker');
      const planted = victim.copy();
      await victim.logIn('ming');
      return (
        (await checkUser('the attacker', planted.loggedInAs(), undefined)) ??
        (await checkUser('the victim', victim.loggedInAs(), openidOf('ming')))
      );
    },
  },
  {
    name: "a second cookie of the same name, before and after the victim's own one",
    run: async (site) => {
      const victim = await loggedInBrowser(site, 'ming');
      const { browser } = await attackerWithLogin(site);
      for (const cookie of [
        `${victim.cookies()}; ${browser.cookies()}`,
        `${browser.cookies()}; ${victim.cookies()}`,
      ]) {
        const response = await victim.copy().send(victim.at('/me'), { cookie });
        if (defectOf(response) !== undefined) return defectOf(response);
        if (response.status === 200 && !textOf(response).includes(openidOf('ming'))) return textOf(response);
      }
      return undefined;
    },
  },
];

/** Session fixation with a store: login and logout must both change the session id. */
const IDS: readonly Attack[] = [
  {
    name: 'the id stays at the login',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      const before = victim.jar.get('connect.sid');
      const old = victim.copy();
      await victim.openCallback(state, victim.issueCode('ming'));
      if (before === undefined || victim.jar.get('connect.sid') === before) return 'the id stayed';
      return checkUser('the holder of the old id', old.loggedInAs(), undefined);
    },
  },
  {
    name: 'the id stays at the logout',
    run: async (site) => {
      const victim = await loggedInBrowser(site, 'ming');
      const old = victim.copy();
      await victim.send(victim.at('/logout'));
      if (victim.jar.get('connect.sid') === old.jar.get('connect.sid')) return 'the id stayed';
      return checkUser('the holder of the old id', old.loggedInAs(), undefined);
    },
  },
  {
    name: 'the id stays when another user logs in',
    run: async (site) => {
      const first = await loggedInBrowser(site, 'emoji');
      const old = first.copy();
      await first.logIn('ming');
      if (first.jar.get('connect.sid') === old.jar.get('connect.sid')) return 'the id stayed';
      return checkUser('the holder of the old id', old.loggedInAs(), undefined);
    },
  },
  {
    name: 'the id stays when the same user logs in again',
    run: async (site) => {
      const victim = await loggedInBrowser(site, 'ming');
      const old = victim.copy();
      await victim.logIn('ming');
      return victim.jar.get('connect.sid') === old.jar.get('connect.sid') ? 'the id stayed' : undefined;
    },
  },
];

/** A second account in the same app, which must not accept the first account's logins. */
function mountStaff(app: Host): void {
  app.use('/staff', wechatAuth({ ...emulated(emulator), sessionKey: 'staff' }));
  app.use('/staff/me', requireWechatUser());
  app.use('/staff/me', (req, res) => {
    sendJSON(res, (req as TestRequest).wechat.user);
  });
}

/** A route that puts data of the app into the session. */
function mountNote(app: Host, mount: string): void {
  app.use(`${mount}/note`, (req, res) => {
    (req as TestRequest).session['note'] = "the attacker's";
    res.end();
  });
}

async function atStaff(browser: RawBrowser): Promise<string | undefined> {
  const response = await browser.send('/staff/me');
  return response.status === 200 ? (JSON.parse(textOf(response)) as { openid: string }).openid : undefined;
}

const ACCOUNTS: readonly Attack[] = [
  {
    name: "a state of the first account at the second one's callback",
    run: async (site) => {
      const { browser: victim, state, code } = await victimWithLogin(site);
      await victim.send(`/staff/callback?code=${code}&state=${state}`);
      if (wasExchanged(code)) return 'the code was exchanged';
      return (
        (await checkUser('staff', atStaff(victim), undefined)) ??
        checkUser('the victim', victim.loggedInAs(), undefined)
      );
    },
  },
  {
    name: "a state of the second account at the first one's callback",
    run: async (site) => {
      const victim = new RawBrowser(site);
      const redirect = await victim.send('/staff/login');
      const state = stateIn(valueOf(redirect, 'location'));
      const code = victim.issueCode('ming');
      await victim.openCallback(state, code);
      if (wasExchanged(code)) return 'the code was exchanged';
      return (
        (await checkUser('staff', atStaff(victim), undefined)) ??
        checkUser('the victim', victim.loggedInAs(), undefined)
      );
    },
  },
  {
    name: 'a login by the first account at the second one',
    run: async (site) => {
      const victim = await loggedInBrowser(site, 'ming');
      return checkUser('staff', atStaff(victim), undefined);
    },
  },
  {
    name: 'a logout from the second account of a user who is logged in by the first',
    run: async (site) => {
      const victim = await loggedInBrowser(site, 'ming');
      await victim.send('/staff/logout');
      return checkUser('the victim', victim.loggedInAs(), openidOf('ming'));
    },
  },
  {
    name: 'a code of the website app in a login of the official account',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.openCallback(state, victim.issueCode('emoji', website()));
      return checkUser('the victim', victim.loggedInAs(), undefined);
    },
  },
  {
    name: 'a code of the official account in a login of the website app',
    run: async (site) => {
      const victim = new RawBrowser(site, 'Mozilla/5.0 (Windows NT 10.0) Chrome/140.0.0.0');
      const { state, page } = await victim.startLogin();
      if (page.pathname !== '/connect/qrconnect') return `not the QR login: ${page.pathname}`;
      await victim.openCallback(state, victim.issueCode('emoji', official()));
      return checkUser('the victim', victim.loggedInAs(), undefined);
    },
  },
  {
    name: "a code of another owner's app",
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.openCallback(state, victim.issueCode('emoji', emulator.apps.unbound.appId));
      return checkUser('the victim', victim.loggedInAs(), undefined);
    },
  },
  {
    name: 'a code of a mini program',
    run: async (site) => {
      const victim = new RawBrowser(site);
      const { state } = await victim.startLogin();
      await victim.openCallback(state, victim.issueCode('emoji', emulator.apps.miniProgram.appId));
      return checkUser('the victim', victim.loggedInAs(), undefined);
    },
  },
];

const corpus = new Corpus();
const GROUPS: Readonly<Record<string, readonly Attack[]>> = {
  "the victim in as the attacker by the attacker's callback": LOGIN_CSRF,
  "the attacker in by the victim's callback": CODE_THEFT,
  'the attacker in by a planted session': FIXATION,
  'anybody in by a login of another account': ACCOUNTS,
};

const SITES = matrix(SESSION_NAMES).map((options) => ({
  ...options,
  routes: (app: Host) => {
    mountStaff(app);
    mountNote(app, options.mount ?? '');
  },
}));

describeSites('the login on %s', SITES, (site, options) => {
  beforeEach(() => {
    emulator.requests.length = 0;
  });

  it.each(Object.keys(GROUPS))('never logs %s', async (group) => {
    expect(await corpus.run(site(), GROUPS[group] ?? [])).toEqual([]);
    expect(site().errors).toEqual([]);
    await expectOrdinaryLogin(site());
  });

  if (options.session === 'express-session')
    it('keeps no session id at a login or a logout', async () => {
      expect(await corpus.run(site(), IDS)).toEqual([]);
      await expectOrdinaryLogin(site());
    });
});

corpus.expectAll(120);
