// Plays random sequences of actions of browsers, people and WeChat to an app and to a model of it. README.md
// says how to replay a sequence.
import fc from 'fast-check';
import { emulator, useEmulator } from '../support/emulator';
import type { HostName } from '../support/hosts';
import { FOUND } from './found-seeds';
import { scenario, type Action } from './model/actions';
import { Clock, FuzzApp } from './model/fuzz-app';
import { Scenario } from './model/scenario';
import type { Storage } from './model/terms';

const RUNS = Number(process.env['WECHAT_FUZZ_RUNS'] ?? 10);
const SEED = process.env['WECHAT_FUZZ_SEED'];
const PATH = process.env['WECHAT_FUZZ_PATH'];

const APPS: readonly { host: HostName; storage: Storage }[] = [
  { host: 'Express 5', storage: 'cookie-session' },
  { host: 'Express 5', storage: 'express-session' },
  { host: 'Express 4', storage: 'express-session' },
  { host: 'Connect', storage: 'cookie-session' },
];

const clock = new Clock();
let warnings: jest.SpyInstance;
useEmulator();
beforeAll(() => {
  jest.spyOn(Date, 'now').mockImplementation(() => clock.now);
  warnings = jest.spyOn(process, 'emitWarning').mockImplementation();
});
afterAll(() => {
  jest.restoreAllMocks();
});

const EXPECTED_WARNINGS = ['WECHAT_LOGIN_FAILED', 'WECHAT_SESSION_GONE', 'WECHAT_COOKIE_NAME'];

/** The counterexample, and how to replay it. */
async function reportOf(details: fc.RunDetails<[Action[]]>, where: string): Promise<string> {
  const { seed, counterexamplePath, counterexample, errorInstance } = details;
  const variables = `WECHAT_FUZZ_SEED=${seed} WECHAT_FUZZ_PATH=${counterexamplePath ?? ''}`;
  return [
    await fc.asyncDefaultReportMessage(details),
    `To replay it: ${variables} npx jest __tests__/fuzz/model.test.ts -t '${where}'`,
    `Once it is fixed, keep this in found-seeds.ts: ${JSON.stringify(counterexample?.[0])}`,
    String(errorInstance),
  ].join('\n\n');
}

describe.each(APPS)('on $host with $storage', ({ host, storage }) => {
  let app: FuzzApp;
  beforeAll(async () => {
    app = await FuzzApp.open(emulator, host, storage);
  });
  afterAll(() => app.close());

  it(
    'logs in each browser as the model says, whatever browsers, people and WeChat do',
    async () => {
      let logins = 0;
      const property = fc.asyncProperty(scenario, async (actions) => {
        logins += await Scenario.play(app, clock, actions);
      });
      const details = await fc.check(property, {
        numRuns: RUNS,
        ...(SEED !== undefined && { seed: Number(SEED) }),
        ...(PATH !== undefined && { path: PATH }),
      });
      if (details.failed) throw new Error(await reportOf(details, `on ${host} with ${storage}`));
      // A replay of one sequence may have no login.
      if (PATH === undefined) expect(logins).toBeGreaterThan(0);
      // WeChat fails now and then, and browsers lose their cookies or send old ones. The library warns of
      // nothing else.
      const codes = (warnings.mock.calls as [string, { code: string }][]).map(([, { code }]) => code);
      expect(codes.filter((code) => !EXPECTED_WARNINGS.includes(code))).toEqual([]);
    },
    120_000 + RUNS * 2_000,
  );
});

describe.each(['cookie-session', 'express-session'] as const)(
  'a sequence found before, with %s',
  (storage) => {
    let app: FuzzApp;
    beforeAll(async () => {
      app = await FuzzApp.open(emulator, 'Express 5', storage);
    });
    afterAll(() => app.close());

    it.each(FOUND.filter((found) => found.storage === storage))('$what', async ({ actions }) => {
      await Scenario.play(app, clock, actions);
    });
  },
);
