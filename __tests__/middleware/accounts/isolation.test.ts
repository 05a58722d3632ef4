// Random requests of one browser to three accounts: no account ever sees a user of another one.
import fc from 'fast-check';
import type { Emulator } from '../../../lib/emulator';
import { exchangedCodes } from '../../support/login';
import { SESSION_NAMES, SESSIONS } from '../../support/sessions';
import { useWarnings } from '../../support/warnings';
import {
  accountOf,
  OFFICIAL,
  SHOPS,
  shopOfHost,
  startEmulator,
  startShops,
  Visitor,
  type ShopName,
} from './shops';

useWarnings();
jest.setTimeout(120_000);
let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());

type Step =
  | { readonly kind: 'start' | 'logout' | 'look'; readonly shop: ShopName }
  /** Opens a callback of an earlier login at a shop, which may be another one. */
  | { readonly kind: 'come back' | 'come back late'; readonly shop: ShopName; readonly login: number };

const shop = fc.constantFrom(...SHOPS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('start' as const), shop }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('come back' as const), shop, login: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('come back late' as const), shop, login: fc.nat(5) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('logout' as const, 'look' as const), shop }) },
);

/** Logs in at each shop. The random requests may leave one out. */
const AT_EVERY_SHOP: Step[] = SHOPS.flatMap((each, login) => [
  { kind: 'start', shop: each },
  { kind: 'come back', shop: each, login },
]);

interface StartedLogin {
  readonly shop: ShopName;
  readonly callback: string;
  /** The cookies before WeChat called back. */
  readonly cookie: string;
}

describe.each(SESSION_NAMES)('accounts by request with %s', (session) => {
  it('never see each other’s users, whatever a browser requests in whatever order', async () => {
    /** Openid → the shop whose account gave it to the person: each account gives another one. */
    const openids = new Map<string, ShopName>();
    /** Logins at one shop by the account of another. An error in onLogin would only end its login. */
    const byOtherAccounts: string[] = [];
    const shops = await startShops(emulator, (req) => Promise.resolve(accountOf(shopOfHost(req))), {
      session: SESSIONS[session](),
      auth: {
        onLogin: (req, { appid, user }) => {
          const at = shopOfHost(req) as ShopName;
          if (appid !== OFFICIAL[at].appId) byOtherAccounts.push(`${at}: ${appid}`);
          openids.set(user.openid, at);
        },
      },
    });
    const look = async (visitor: Visitor): Promise<void> => {
      for (const at of SHOPS) {
        const { user, isAuthenticated, requireUser, token, appid } = await visitor.who(at);
        expect(appid).toBe(OFFICIAL[at].appId);
        expect(isAuthenticated).toBe(user !== null);
        expect(requireUser).toBe(user?.openid ?? 'unauthenticated');
        if (user) expect(openids.get(user.openid)).toBe(at);
        else expect(token).toBe('unauthenticated');
        const guarded = await visitor.at(at, '/me');
        expect(guarded.status).toBe(user ? 200 : 302);
        if (!user) expect((await visitor.at(at, '/step-up')).status).toBe(401);
      }
    };
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
          const visitor = new Visitor(shops, emulator);
          const logins: StartedLogin[] = [];
          for (const each of steps) {
            if (each.kind === 'start') {
              if ((await visitor.who(each.shop)).user) continue;
              const callback = await visitor.startAndAgree(each.shop);
              logins.push({ shop: each.shop, callback, cookie: visitor.browser.cookies() });
            } else if ('login' in each) {
              const login = logins[each.login % Math.max(1, logins.length)];
              if (!login) continue;
              const before = exchangedCodes(emulator).length;
              const late = each.kind === 'come back late' ? { cookie: login.cookie, keepCookies: false } : {};
              const response = await visitor.at(each.shop, login.callback, late);
              if (each.shop !== login.shop) {
                expect([response.status, exchangedCodes(emulator).length]).toEqual([400, before]);
                expect(response.body).toContain('state_unknown');
              }
            } else if (each.kind === 'logout') await visitor.at(each.shop, '/logout');
            else await look(visitor);
          }
          await look(visitor);
          expect(byOtherAccounts).toEqual([]);
        }),
        { numRuns: 40, examples: [[AT_EVERY_SHOP]] },
      );
      expect([...new Set(openids.values())].sort()).toEqual([...SHOPS]);
    } finally {
      await shops.close();
    }
  });
});
