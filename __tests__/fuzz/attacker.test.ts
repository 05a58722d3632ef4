// Plays random attacks on a victim's account to an app of one process and to one of two. README.md says how to
// run more of them. Without the two rules that stop such attacks, the same sequences find them.
import fc from 'fast-check';
import * as pendingLogins from '../../lib/middleware/state/pending-logins';
import { CallbackResults } from '../../lib/middleware/state/callback-results';
import { startTwoApps, type TwoApps } from '../processes/two-apps';
import { startApp, type TestApp } from '../support/app';
import { emulator, useEmulator } from '../support/emulator';
import { describeOnRedis } from '../support/redis';
import { SESSIONS, SESSION_NAMES, type SessionName } from '../support/sessions';
import { attack, type Action } from './attacker/actions';
import { Attack, type Target } from './attacker/attack';

const RUNS = Number(process.env['WECHAT_FUZZ_RUNS'] ?? 10);
const SEED = process.env['WECHAT_FUZZ_SEED'];
const PATH = process.env['WECHAT_FUZZ_PATH'];
const TIME_LIMIT = 120_000 + RUNS * 2_000;

/** Plays random attacks until one succeeds. By default, a successful attack is made as short as possible. */
async function playAttacks(target: Target, parameters: fc.Parameters<[Action[]]>) {
  let logins = 0;
  const property = fc.asyncProperty(attack, async (actions) => {
    logins += await Attack.play(target, actions);
  });
  const details = await fc.check(property, {
    ...parameters,
    ...(SEED !== undefined && { seed: Number(SEED) }),
    ...(PATH !== undefined && { path: PATH }),
  });
  return { details, logins };
}

/** The attack that succeeded, and how to replay it. */
async function reportOf(details: fc.RunDetails<[Action[]]>, where: string): Promise<string> {
  const { seed, counterexamplePath, errorInstance } = details;
  const variables = `WECHAT_FUZZ_SEED=${seed} WECHAT_FUZZ_PATH=${counterexamplePath ?? ''}`;
  return [
    await fc.asyncDefaultReportMessage(details),
    `To replay it: ${variables} npx jest __tests__/fuzz/attacker.test.ts -t '${where}'`,
    String(errorInstance),
  ].join('\n\n');
}

async function expectNoAttackSucceeds(target: Target, where: string): Promise<void> {
  const { details, logins } = await playAttacks(target, { numRuns: RUNS });
  if (details.failed) throw new Error(await reportOf(details, where));
  expect(logins).toBeGreaterThan(0);
}

function targetOf(app: TestApp): Target {
  return { url: app.url, processes: [app.url], emulator: app.emulator };
}

useEmulator();

describe.each(SESSION_NAMES)('one process, with %s', (sessions: SessionName) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp(emulator, { session: SESSIONS[sessions]() });
  });
  afterAll(() => app.close());
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it(
    'lets no attacker into the victim’s account, and swaps no account',
    () => expectNoAttackSucceeds(targetOf(app), `one process, with ${sessions}`),
    TIME_LIMIT,
  );

  it(
    'would let an attacker in if callbacks of a state shared the result whatever their code',
    async () => {
      const results = CallbackResults.prototype;
      const share = Reflect.get(results, 'shareResult') as (...args: unknown[]) => Promise<never>;
      jest.spyOn(results, 'shareResult').mockImplementation(function (this: CallbackResults, params, steps) {
        return share.call(this, { ...params, code: '' }, steps);
      });
      const { details } = await playAttacks(targetOf(app), { numRuns: 500, endOnFailure: true });
      expect(details.failed).toBe(true);
      expect(String(details.errorInstance)).toMatch(/logged in 小明|logged in as the victim/);
    },
    TIME_LIMIT,
  );

  it(
    'would swap an account if any user could finish a login that was pending before another user’s login',
    async () => {
      jest.spyOn(pendingLogins, 'bindPending').mockImplementation(() => undefined);
      const { details } = await playAttacks(targetOf(app), { numRuns: 500, endOnFailure: true });
      expect(details.failed).toBe(true);
      expect(String(details.errorInstance)).toContain('account was swapped');
    },
    TIME_LIMIT,
  );
});

describeOnRedis.each(SESSION_NAMES)('two processes, with %s', (sessions: SessionName) => {
  let apps: TwoApps;
  beforeAll(async () => {
    apps = await startTwoApps({ sessions });
  });
  afterAll(() => apps.close());

  it(
    'let no attacker into the victim’s account, and swap no account',
    () =>
      expectNoAttackSucceeds(
        { url: apps.url, processes: apps.urls, emulator: apps.emulator },
        `two processes, with ${sessions}`,
      ),
    TIME_LIMIT,
  );
});
