'use strict';
// Records which mutants each test file reaches, and ends a test file at its first failure while a mutant is active:
// one failure kills the mutant.
const { writeFileSync } = require('node:fs');
const path = require('node:path');
const { TestEnvironment } = require('jest-environment-node');

/** The file that lists, for each test file, the mutants that it reached in the run without an active mutant. */
const REACHED = path.join(path.dirname(module.filename), 'reached-mutants.json');
const reached = {};

module.exports = class ReachEnvironment extends TestEnvironment {
  static REACHED = REACHED;
  #hasFailed = false;

  constructor(config, context) {
    super(config, context);
    this.testPath = context.testPath;
  }

  handleTestEvent(event) {
    if (process.env.__STRYKER_ACTIVE_MUTANT__ === undefined) return;
    if (event.name === 'test_done' && event.test.errors.length > 0) this.#hasFailed = true;
    if (event.name === 'test_start' && this.#hasFailed) event.test.mode = 'skip';
  }

  async teardown() {
    const coverage = this.global.__stryker__?.mutantCoverage;
    if (coverage && process.env.__STRYKER_ACTIVE_MUTANT__ === undefined) {
      reached[this.testPath] = newlyReached(coverage);
      writeFileSync(REACHED, JSON.stringify(reached));
    }
    await super.teardown();
  }
};

/** How often each mutant was reached until now; Stryker counts for all test files together. */
let before = {};

function newlyReached({ static: outsideOfTests, perTest }) {
  const now = {};
  for (const counts of [outsideOfTests, ...Object.values(perTest)])
    for (const [mutant, count] of Object.entries(counts)) now[mutant] = (now[mutant] ?? 0) + count;
  const found = Object.keys(now).filter((mutant) => now[mutant] > (before[mutant] ?? 0));
  before = now;
  return found;
}
