// Logins: every fault of WeChat's side, at every call, in every step, at the first callback and after the one restart. What must come of
// it stands in rules.ts. A stray rejection or exception fails the test that runs: Jest sees to that.
import { LOGIN_STEPS } from './steps';
import { FULL } from '../support/full';
import { casesOf, listen, runThrough, sizeOf } from './table';

const said = listen();

describe('a login, whatever comes from WeChat', () => {
  it.each(LOGIN_STEPS.map((step, nth) => [step.name, sizeOf(step), step, nth] as const))(
    '%s: ends as the rules say, in each of %d cases',
    async (_name, size, step, nth) => {
      const { ran, failures } = await runThrough(step, nth);
      expect(failures).toEqual([]);
      expect(ran).toBe(size);
      // One for each app that has met a wrong secret, and no other.
      expect(said).toEqual({ warnings: ['WECHAT_LOGIN_FAILED', 'WECHAT_LOGIN_FAILED'], ofNode: [] });
    },
    180_000,
  );

  const all = LOGIN_STEPS.reduce((sum, step) => sum + sizeOf(step), 0);

  it(`has met ${all} cases`, () => {
    // A row that is lost is noticed here; a new one changes the number.
    expect(all).toBe(FULL ? 2438 : 1219);
  });

  it('has met every fault at both attempts', () => {
    const met = LOGIN_STEPS.flatMap((step, nth) => casesOf(step, nth));
    const attempts = new Map<string, Set<string>>();
    for (const { call, fault, attempt } of met) {
      const what = `${call}, ${fault}`;
      attempts.set(what, (attempts.get(what) ?? new Set()).add(attempt));
    }
    expect(attempts.size).toBe(352);
    expect([...attempts].filter(([, { size }]) => size !== 2)).toEqual([]);
  });

  it.each(LOGIN_STEPS.map((step, nth) => [step.name, step, nth] as const))(
    '%s: meets each way to end with both sessions and both clients',
    (_name, step, nth) => {
      const pairs = new Map<string, Set<string>>();
      for (const { attempt, ends, session, client } of casesOf(step, nth)) {
        const way = `${attempt}: ${ends}`;
        pairs.set(way, (pairs.get(way) ?? new Set()).add(`${session}, ${client}`));
      }
      expect([...pairs].map(([way, { size }]) => `${way} ${size}`).sort()).toEqual([
        'after the one restart: logged in 4',
        'after the one restart: refused 4',
        'the first callback: logged in 4',
        'the first callback: refused 4',
        'the first callback: restarted 4',
      ]);
    },
  );
});
