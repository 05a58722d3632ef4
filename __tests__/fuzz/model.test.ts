// Plays random sequences of actions of browsers, people and WeChat to an app and to a model of it. README.md
// says how to replay a sequence.
import fc from 'fast-check';
import { emulator, useEmulator } from '../support/emulator';
import type { HostName } from '../support/hosts';
import { FOUND } from './found-seeds';
import { scenario } from './model/actions';
import { Clock, FuzzApp } from './model/fuzz-app';
import { Scenario } from './model/scenario';
import type { Storage } from './model/terms';
import { IS_REPLAY, REPLAY, reportOf, RUNS } from './shared';

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
        ...REPLAY,
      });
      if (details.failed) {
        const where = { file: 'model.test.ts', test: `on ${host} with ${storage}` };
        const keep = `Once it is fixed, keep this in found-seeds.ts: ${JSON.stringify(details.counterexample?.[0])}`;
        throw new Error(await reportOf(details, where, keep));
      }
      // A replay of one sequence may have no login.
      if (!IS_REPLAY) expect(logins).toBeGreaterThan(0);
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
