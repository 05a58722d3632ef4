// Every fault between the app and WeChat, at every call of a login, in every step, at the first callback and
// after the one restart. expectations.ts has the expected results. Jest reports an unhandled rejection or
// exception, and fails the test that is running.
import { FULL } from '../support/full';
import { faultsOf } from './faults';
import { LOGIN_STEPS } from './steps';
import { appsThatPrint, casesOf, recordWarnings, runStep, sizeOf } from './table';

const warnings = recordWarnings();

describe('a login that meets a fault', () => {
  it.each(LOGIN_STEPS.map((step, index) => [step.name, sizeOf(step), step, index] as const))(
    '%s: ends as the contract says, in each of %d cases',
    async (_name, size, step, index) => {
      const { ran, failures } = await runStep(step, index);
      expect(failures).toEqual([]);
      expect(ran).toBe(size);
      // Each app prints the kinds that only the operator can fix, once per cause, and no others.
      const printed = casesOf(step, index).flatMap(({ printed: kind }) => kind ?? []);
      const expected = printed.map((kind) => `WECHAT_LOGIN_FAILED ${kind}`);
      expect(expected.length).toBeGreaterThan(5);
      expect([...new Set(warnings.ours)].sort()).toEqual([...new Set(expected)].sort());
      const repeated = warnings.texts.filter((text) => {
        const times = warnings.texts.filter((each) => each === text).length;
        return times > appsThatPrint(text.replace(/:.*/s, ''), casesOf(step, index));
      });
      expect(repeated).toEqual([]);
      expect(warnings.ofNode).toEqual([]);
    },
    180_000,
  );

  const all = LOGIN_STEPS.reduce((sum, step) => sum + sizeOf(step), 0);
  const [code, profile] = [faultsOf('access_token').length, faultsOf('userinfo').length];

  it(`runs ${all} cases: every row of each call`, () => {
    // A silent login only exchanges its code, and four rows of that call are about consent. The three other
    // steps ask for the profile too.
    const rows = code - 4 + 3 * (code + profile);
    expect(all).toBe(FULL ? 2 * rows : rows);
  });

  it('meets every fault at both attempts', () => {
    const attempts = new Map<string, Set<string>>();
    for (const { call, fault, attempt } of LOGIN_STEPS.flatMap(casesOf)) {
      const row = `${call}, ${fault}`;
      attempts.set(row, (attempts.get(row) ?? new Set()).add(attempt));
    }
    expect(attempts.size).toBe(code + profile);
    expect([...attempts].filter(([, { size }]) => size !== 2)).toEqual([]);
  });

  it.each(LOGIN_STEPS.map((step, index) => [step.name, step, index] as const))(
    '%s: reaches each end with both kinds of session and both clients',
    (_name, step, index) => {
      const pairs = new Map<string, Set<string>>();
      for (const { attempt, ends, session, client } of casesOf(step, index)) {
        const end = `${attempt}: ${ends}`;
        pairs.set(end, (pairs.get(end) ?? new Set()).add(`${session}, ${client}`));
      }
      expect([...pairs].map(([end, { size }]) => `${end} ${size}`).sort()).toEqual([
        'after the one restart: logged in 4',
        'after the one restart: refused 4',
        'the first callback: logged in 4',
        'the first callback: refused 4',
        'the first callback: restarted 4',
      ]);
    },
  );
});
