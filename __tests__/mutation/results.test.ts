// What `npm run mutation` makes of Stryker's results.
import path from 'node:path';

interface Results {
  readonly files: Record<string, { readonly mutants: readonly { readonly status: string }[] }>;
}
interface Module {
  readonly scoreOf: (
    counts: Readonly<Record<'killed' | 'timedOut' | 'survived' | 'notCovered', number>>,
  ) => number | undefined;
  readonly areHighEnough: (scores: readonly (number | undefined)[], required: number) => boolean;
  readonly withoutSurvivors: (results: Results) => Results;
}

const { scoreOf, areHighEnough, withoutSurvivors } = jest.requireActual<Module>(
  path.join(__dirname, 'results.js'),
);

describe('the score of a part', () => {
  it.each([
    [{ killed: 8, timedOut: 1, survived: 1, notCovered: 0 }, 90],
    [{ killed: 2, timedOut: 0, survived: 0, notCovered: 1 }, 66.7],
    [{ killed: 0, timedOut: 0, survived: 3, notCovered: 0 }, 0],
  ])('is the share of noticed mutants: %j', (counts, score) => {
    expect(scoreOf(counts)).toBe(score);
  });

  it('is missing if the part has no mutants, and the run then fails', () => {
    const score = scoreOf({ killed: 0, timedOut: 0, survived: 0, notCovered: 0 });
    expect(score).toBeUndefined();
    expect(areHighEnough([95, score], 90)).toBe(false);
  });

  it.each([
    [[90, 100], true],
    [[89.9, 100], false],
    [[NaN], false],
    [[], false],
  ])('must reach 90 %% in every part: %j', (scores, isEnough) => {
    expect(areHighEnough(scores, 90)).toBe(isEnough);
  });
});

describe('the results of the last run', () => {
  it('keep only the noticed mutants, so that the next run tests the others again', () => {
    const statuses = ['Killed', 'Survived', 'Timeout', 'NoCoverage', 'RuntimeError', 'Ignored'];
    const results = {
      schemaVersion: '1',
      files: { 'a.ts': { source: '', mutants: statuses.map((status) => ({ status })) } },
    };
    expect(withoutSurvivors(results)).toEqual({
      schemaVersion: '1',
      files: { 'a.ts': { source: '', mutants: [{ status: 'Killed' }, { status: 'Timeout' }] } },
    });
  });
});
