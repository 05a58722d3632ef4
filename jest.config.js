'use strict';

const { availableParallelism } = require('node:os');
const { buildArgv } = require('jest');

/**
 * Suites that take minutes, such as every fault, every attack, every wrong session cookie, Chromium, several processes,
 * and the packed tarball, and most of those that run another program on the pages: TypeDoc, TypeScript, SQLite, PHP,
 * Java. CI runs them. Elsewhere they run with CI=true or WECHAT_TESTS=full, and if the command names a file.
 */
const LONG = [
  '/__tests__/security/',
  '/__tests__/faults/',
  '/__tests__/fuzz/',
  '/__tests__/secrets/',
  '/__tests__/processes/',
  '/__tests__/packed/',
  '/__tests__/types/consumers',
  '/__tests__/middleware/failures/lost-session/causes',
  '/__tests__/middleware/http/return-to.test',
  '/__tests__/oauth/secrets',
  '/__tests__/relay/hostile',
  '/__tests__/docs/compile.test',
  '/__tests__/docs/proofs/typescript',
  '/__tests__/guides/migrations',
  '/__tests__/guides/one-person',
  '/__tests__/api-reference',
  '/__tests__/emulator/standing-in/languages',
  '/__tests__/guides/browser',
  '/__tests__/emulator/browser',
  '\\.browser\\.test',
];

async function suitesLeftToCI() {
  if (process.env.CI === 'true' || process.env.WECHAT_TESTS === 'full') return [];
  const { _: files } = await buildArgv(process.argv.slice(2));
  return files.length > 0 ? [] : LONG;
}

/** @type {() => Promise<import('jest').Config>} */
module.exports = async () => {
  const skipped = await suitesLeftToCI();
  // Jest loads this file in each of its processes; only the first one has no JEST_WORKER_ID.
  if (skipped.length > 0 && process.env.JEST_WORKER_ID === undefined) {
    console.warn(`Left to CI: ${skipped.join(', ')} (CI=true npm test runs them too)`);
  }
  return config(skipped);
};

/** @returns {import('jest').Config} */
const config = (skipped) => ({
  testEnvironment: 'node',
  runtime: '<rootDir>/__tests__/support/jest/runtime.js',
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...skipped],
  globalSetup: '<rootDir>/__tests__/support/build.ts',
  setupFiles: ['<rootDir>/__tests__/support/shut-network.ts'],
  transform: {
    '^.+\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/__tests__/tsconfig.json' }],
  },
  testTimeout: 20_000,
  testSequencer: '<rootDir>/__tests__/support/jest/longest-first.js',
  // Suites with browsers and processes wait more than they compute: with one worker for each core, a fifth of
  // the cores' time was idle.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  // Jest keeps memory of the suites that ended. After 70 suites a worker had 2.4 GB, and the last suite took
  // 2.7 times the CPU time that it takes in a new worker.
  workerIdleMemoryLimit: '400MB',
});
