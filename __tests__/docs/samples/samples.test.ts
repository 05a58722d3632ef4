// Runs the samples of docs/testing.md.
import { PAGES, runSamples, samplesOf } from './samples';

describe.each(PAGES)('the samples of %s', (page) => {
  const { app, inJest, inVitest, rest } = samplesOf(page);

  it('are an app and tests for Jest, Vitest and Playwright', () => {
    expect(inVitest).toContain("'vitest'");
    expect(rest).toEqual([]);
  });

  describe('for Jest', () => {
    runSamples(app, inJest);
  });
});
