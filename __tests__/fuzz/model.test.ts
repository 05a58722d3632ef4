// Random afternoons of browsers, people and WeChat's moods, beside a model that says what must come of them.
import fc from 'fast-check';
import { emulator, useEmulator } from '../support/emulator';
import type { HostName } from '../support/hosts';
import { FOUND } from './found-seeds';
import { afternoon, type Action } from './model/actions';
import { Afternoon } from './model/afternoon';
import { Clock, Ground } from './model/ground';
import type { Storage } from './model/words';

/** More of them: `WECHAT_FUZZ_RUNS=2000 npx jest __tests__/fuzz/model.test.ts` */
const RUNS = Number(process.env['WECHAT_FUZZ_RUNS'] ?? 10);
const SEED = process.env['WECHAT_FUZZ_SEED'];
const PATH = process.env['WECHAT_FUZZ_PATH'];

const GROUNDS: readonly { host: HostName; storage: Storage }[] = [
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

/** What to read, and how to see it again. */
async function reportOf(details: fc.RunDetails<[Action[]]>, where: string): Promise<string> {
  const { seed, counterexamplePath, counterexample, errorInstance } = details;
  const variables = `WECHAT_FUZZ_SEED=${seed} WECHAT_FUZZ_PATH=${counterexamplePath ?? ''}`;
  return [
    await fc.asyncDefaultReportMessage(details),
    `The same again: ${variables} npx jest __tests__/fuzz/model.test.ts -t '${where}'`,
    `Once it is mended, keep this in found-seeds.ts: ${JSON.stringify(counterexample?.[0])}`,
    String(errorInstance),
  ].join('\n\n');
}

describe.each(GROUNDS)('on $host with $storage', ({ host, storage }) => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await Ground.open(emulator, host, storage);
  });
  afterAll(() => ground.close());

  it(
    'whatever browsers, people and WeChat do, everybody is logged in as the model says',
    async () => {
      let logins = 0;
      const property = fc.asyncProperty(afternoon, async (actions) => {
        logins += await Afternoon.live(ground, clock, actions);
      });
      const details = await fc.check(property, {
        numRuns: RUNS,
        ...(SEED !== undefined && { seed: Number(SEED) }),
        ...(PATH !== undefined && { path: PATH }),
      });
      if (details.failed) throw new Error(await reportOf(details, `on ${host} with ${storage}`));
      expect(logins).toBeGreaterThan(0);
      // WeChat says now and then that the app's secret is wrong; nothing else is worth a word.
      const codes = (warnings.mock.calls as [string, { code: string }][]).map(([, { code }]) => code);
      expect(codes.filter((code) => code !== 'WECHAT_LOGIN_FAILED')).toEqual([]);
    },
    120_000 + RUNS * 2_000,
  );
});

describe.each(['cookie-session', 'express-session'] as const)('what was found once, with %s', (storage) => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await Ground.open(emulator, 'Express 5', storage);
  });
  afterAll(() => ground.close());

  it.each(FOUND.filter((found) => found.storage === storage))('$what', async ({ actions }) => {
    await Afternoon.live(ground, clock, actions);
  });
});
