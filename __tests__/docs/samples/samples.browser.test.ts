// Runs the sample of docs/testing.md for Playwright in Chromium.
import { describeInChromium, launchChromium } from '../../support/browsers/chromium';
import { PAGES, runSamples, samplesOf } from './samples';

// Chromium needs a while on a busy machine.
jest.setTimeout(120_000);

describe.each(PAGES)('the samples of %s', (page) => {
  const { app, inJest, inBrowser } = samplesOf(page);

  // The sample continues the one for Jest, whose tests run here again.
  describeInChromium('for Playwright', () => {
    runSamples(app, inJest + inBrowser, { playwright: { chromium: { launch: launchChromium } } });
  });
});
