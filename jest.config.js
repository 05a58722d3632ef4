'use strict';

/**
 * What takes minutes: every fault, every attack, the tarball in ten projects. CI runs it, and so does who asks for it by CI=true,
 * WECHAT_TESTS=full or the name of a file.
 */
const LONG = [
  '/__tests__/security/',
  '/__tests__/faults/',
  '/__tests__/fuzz/',
  '/__tests__/secrets/',
  '/__tests__/processes/graceful-end',
  '/__tests__/packed/',
  '/__tests__/types/consumers',
  '/__tests__/guides/browser',
];

const asksForAll = process.env.CI === 'true' || process.env.WECHAT_TESTS === 'full';
const asksForFiles = process.argv.slice(2).some((argument) => !argument.startsWith('-'));
const leftOut = asksForAll || asksForFiles ? [] : LONG;

// Jest reads this file in each of its processes, and only the first has no worker's number.
if (leftOut.length > 0 && process.env.JEST_WORKER_ID === undefined) {
  console.warn(`Left to CI: ${leftOut.join(', ')} (CI=true npm test runs them, too)`);
}

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...leftOut],
  globalSetup: '<rootDir>/__tests__/support/build.ts',
  setupFiles: ['<rootDir>/__tests__/support/shut-network.ts'],
  transform: {
    '^.+\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/__tests__/tsconfig.json' }],
  },
  testTimeout: 20_000,
  // Much of a test is waiting; Jest by itself would leave a core of two idle.
  maxWorkers: '100%',
};
