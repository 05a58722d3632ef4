'use strict';
// Stryker lets Jest load every test file for every mutant. This runner loads only the files that reach the mutant,
// first the ones that killed the last mutants, and stops at the first failure.
const { readFileSync } = require('node:fs');
const { default: TestRunner } = require('jest-runner');
const { REACHED } = require('./environment');

/** The files that killed mutants, the latest one first. */
const killers = [];

module.exports = class extends TestRunner {
  async runTests(tests, watcher, options) {
    const mutant = process.env.__STRYKER_ACTIVE_MUTANT__;
    if (mutant === undefined) return super.runTests(tests, watcher, options);
    let hasFailed = false;
    this.on('test-file-success', ([, result]) => {
      hasFailed ||= result.numFailingTests > 0 || Boolean(result.testExecError);
    });
    this.on('test-file-failure', () => {
      hasFailed = true;
    });
    const reached = JSON.parse(readFileSync(REACHED, 'utf8'));
    for (const test of inOrder(tests.filter(({ path }) => reached[path]?.includes(mutant)))) {
      await super.runTests([test], watcher, options);
      if (!hasFailed) continue;
      if (killers.includes(test.path)) killers.splice(killers.indexOf(test.path), 1);
      killers.unshift(test.path);
      return;
    }
  }
};

function inOrder(tests) {
  // Jest puts the slowest file first.
  const rank = ({ path }) => (killers.includes(path) ? killers.indexOf(path) : killers.length);
  return [...tests].reverse().sort((one, other) => rank(one) - rank(other));
}
