// The app's own calls, in onLogin and in its pages: the other half of the table that fault-table.test.ts begins.
import { ON_LOGIN_STEP, PAGE_STEPS } from './steps';
import { listen, runThrough, sizeOf } from './table';

const said = listen();
const STEPS = [ON_LOGIN_STEP, ...PAGE_STEPS];

describe("the app's own call, whatever comes from WeChat", () => {
  it.each(STEPS.map((step, nth) => [step.name, sizeOf(step), step, nth] as const))(
    '%s: ends as the rules say, in each of %d cases',
    async (_name, size, step, nth) => {
      const { ran, failures } = await runThrough(step, nth);
      expect(failures).toEqual([]);
      expect(ran).toBe(size);
      // What the app calls is the app's to tell of.
      expect(said).toEqual({ warnings: [], ofNode: [] });
    },
    180_000,
  );

  const all = STEPS.reduce((sum, step) => sum + sizeOf(step), 0);

  it(`has met ${all} cases`, () => {
    // A row that is lost is noticed here; a new one changes the number.
    expect(all).toBe(1709);
  });
});
