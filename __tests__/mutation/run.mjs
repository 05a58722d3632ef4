/**
 * Measures whether the tests notice faults: Stryker puts one small fault at a time (a mutant) into the code that
 * protects users, and runs the tests of that code. See docs/project/mutation.md.
 *
 *   npm run mutation                 all parts
 *   npm run mutation -- tokens http  these parts
 *
 * A noticed mutant is tested again only if its code or its tests have changed since the last run
 * (coverage/mutation/<part>/incremental.json).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Stryker } from '@stryker-mutator/core';
import { PARTS } from './parts.mjs';
import { areHighEnough, scoreOf, withoutSurvivors } from './results.js';

/** At least this share of the mutants must be noticed, in percent. */
const REQUIRED = 90;

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  throw new Error(`${unknown.join(', ')}: there is no such part. Parts: ${Object.keys(PARTS).join(', ')}`);
}

const rows = [];
for (const name of names.length > 0 ? names : Object.keys(PARTS)) {
  const started = performance.now();
  forgetSurvivors(`coverage/mutation/${name}/incremental.json`);
  await new Stryker(optionsOf(name, PARTS[name])).runMutationTest();
  rows.push({ part: name, ...countsOf(name), minutes: ((performance.now() - started) / 60_000).toFixed(1) });
}
const counted = ['killed', 'timedOut', 'survived', 'notCovered'];
const total = Object.fromEntries(
  counted.map((what) => [what, rows.reduce((sum, row) => sum + row[what], 0)]),
);
rows.push({ part: 'all', ...total, score: scoreOf(total), minutes: '' });
console.table(rows);
const scores = rows.map(({ score }) => score);
if (!areHighEnough(scores, REQUIRED)) process.exitCode = 1;

function optionsOf(name, { mutate, tests }) {
  const folder = `coverage/mutation/${name}`;
  return {
    mutate,
    testRunner: 'jest',
    plugins: ['@stryker-mutator/jest-runner'],
    jest: {
      configFile: '__tests__/mutation/jest.config.js',
      config: { testMatch: tests.map((pattern) => `<rootDir>/__tests__/${pattern}`) },
      enableFindRelatedTests: false,
    },
    coverageAnalysis: 'perTest',
    concurrency: Number(process.env.MUTATION_CONCURRENCY ?? 1),
    // Jest keeps some memory of every run: without this, the process grows to gigabytes.
    maxTestRunnerReuse: 40,
    timeoutMS: 30_000,
    incremental: true,
    incrementalFile: `${folder}/incremental.json`,
    tempDirName: `${folder}/sandbox`,
    ignorePatterns: ['bench', 'docs', 'example-app', 'coverage'],
    reporters: ['clear-text', 'html', 'json', 'progress-append-only'],
    clearTextReporter: { logTests: false, reportTests: false, allowColor: false },
    htmlReporter: { fileName: `${folder}/report.html` },
    jsonReporter: { fileName: `${folder}/report.json` },
    warnings: { slow: false },
  };
}

/** Lets Stryker test the survivors of the last run again. */
function forgetSurvivors(file) {
  if (!existsSync(file)) return;
  writeFileSync(file, JSON.stringify(withoutSurvivors(JSON.parse(readFileSync(file, 'utf8')))));
}

function countsOf(name) {
  const { files } = JSON.parse(readFileSync(`coverage/mutation/${name}/report.json`, 'utf8'));
  const mutants = Object.values(files).flatMap((file) => file.mutants);
  const count = (status) => mutants.filter((mutant) => mutant.status === status).length;
  const counts = {
    killed: count('Killed'),
    timedOut: count('Timeout'),
    survived: count('Survived'),
    notCovered: count('NoCoverage'),
  };
  return { ...counts, score: scoreOf(counts) };
}
