'use strict';

const path = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');
const LONGEST = require('./longest.json');

/** The place of a suite in the list. All others come after it. */
function rank({ path: file, context }) {
  const name = path.relative(path.join(context.config.rootDir, '__tests__'), file).split(path.sep).join('/');
  const index = LONGEST.findIndex((each) => `${each}.test.ts` === name);
  return index < 0 ? LONGEST.length : index;
}

/**
 * Starts the suites that take more than ten seconds, the longest first. Jest orders suites by their durations
 * in its last run. In a fresh clone it knows none and starts with the largest file: a suite of a minute started
 * last, and one core was idle for that long.
 */
class LongestFirst extends Sequencer {
  /** The suites that are not in the list keep Jest's order. */
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
}

module.exports = LongestFirst;
